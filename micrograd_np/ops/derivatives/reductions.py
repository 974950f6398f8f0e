"""Reductions: sums, products, extrema, variances, and cumulative forms.

Most are `out = f(x)` along axes with a local slope: the form `reduction` declares them by the slope
alone. No slope divides by an entry, so zeros do no harm: products are differentiated without
division.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.forms import linear, primitive, reduction, restored
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.ops.kernels.axes import Axis, along, normalize_axes
from micrograd_np.ops.kernels.index_keys import frozen
from micrograd_np.ops.kernels.matrices import conj


def count(x: Array, axis: Axis) -> int:
    """The number of entries of `x` that go into one of the result."""
    return prod(x.shape[i] for i in normalize_axes(axis, x.ndim))


def count_where(x: Array, axis: Axis, where: Any) -> int | Array:
    """The number of entries, of those that a mask leaves in, that go into each entry of the result."""
    if where is True:
        return count(x, axis)
    return np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=True).astype(x.dtype)


def mask_out(x: Array, where: Any, other: float = 0) -> Array:
    """`x` with another number in place of the entries that a mask leaves out."""
    return x if where is True else np.where(where, x, other)


# ---------------------------------------------------------------- sums and means


def mean_transpose(
    g: Array, out: Array, x: Array, axis: Axis = None, keepdims: bool = False, where: Any = True, **_: Any
) -> Array:  # fmt: skip
    whole = restored(g, x, axis, keepdims)
    if where is True:
        return whole * (1 / max(count(x, axis), 1))
    return np.where(where, whole / count_where(x, axis, where), 0)


def cumsum_transpose(g: Array, out: Array, x: Array, axis: Any = None, dtype: Any = None) -> Array:
    """Each entry adds to all that follow it: sum the cotangents from the end."""
    if axis is None:
        return cumsum_transpose(g, out, x.ravel(), axis=0).reshape(x.shape)
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


# ---------------------------------------------------------------- extrema


def attains_extremum(out: Array, x: Array) -> Array:
    """1 for every entry of `x` that is the extremum `out`, 0 for others; a NaN attains it."""
    return np.logical_or(np.equal(x, out), np.not_equal(x, x)).astype(out.dtype)


def tie_share(out: Array, x: Array, *, axis: Axis, initial: Any = None, where: Any = True) -> Array:
    """An equal share for every entry that attains the extremum.

    An `initial` value that attains the extremum has a share too, which goes nowhere.
    """
    hits = attains_extremum(out, x)
    if initial is None and where is True:
        return hits / np.sum(hits, axis=axis, keepdims=True)
    hits = mask_out(hits, where)
    attained = np.sum(hits, axis=axis, keepdims=True)
    if initial is not None:
        attained = attained + np.equal(out, initial)
    return hits / np.maximum(attained, 1)


# ---------------------------------------------------------------- variances


def deviation(x: Array, mean: Array, axis: Axis, where: Any) -> Array:
    """`x - mean`; the conjugate for complex numbers, whose variance is that of their size."""
    if x.size == 0:
        return x
    center = center_of(x, axis, where) if mean is None else mean
    return conj(mask_out(x - center, where))


def center_of(x: Array, axis: Axis, where: Any) -> Array:
    """The mean with its axes kept, 0 where a mask leaves nothing in."""
    if where is True:
        return np.mean(x, axis=axis, keepdims=True)
    entries = np.maximum(count_where(x, axis, where), 1)
    return np.sum(mask_out(x, where), axis=axis, keepdims=True) / entries


def freedom(x: Array, axis: Axis, where: Any, ddof: float) -> float | Array:
    """`n - ddof`, which NumPy divides by; 0 where it is negative."""
    n = count_where(x, axis, where)
    return max(n - ddof, 0) if where is True else np.maximum(n - ddof, 0)


def var_slope(
    out: Array, x: Array, mean: Array = None, *, axis: Axis, ddof: float = 0, dtype: Any = None,
    where: Any = True,
) -> Array:  # fmt: skip
    """`2 (x - mean) / (n - ddof)`."""
    return 2 * deviation(x, mean, axis, where) / freedom(x, axis, where, ddof)


def std_slope(
    out: Array, x: Array, mean: Array = None, *, axis: Axis, ddof: float = 0, dtype: Any = None,
    where: Any = True,
) -> Array:  # fmt: skip
    """`(x - mean) / ((n - ddof) std)`; 0, the minimum-norm subgradient, where all entries agree.

    There the slope is a constant, so that derivatives of every higher order are 0 too.
    """
    flat = np.logical_or(np.equal(out, 0), agree(out, x, mean, axis, where))
    size = freedom(x, axis, where, ddof) * np.where(flat, 1, out)
    return np.where(flat, 0, deviation(x, mean, axis, where)) / size


def agree(out: Array, x: Array, mean: Array, axis: Axis, where: Any) -> Array | bool:
    """Whether all entries are one number, from which their mean differs by rounding at most.

    Then the deviation `out` is 0, or what rounding left of it: of no use as a divisor.
    """
    if x.size == 0:
        return False
    largest = np.max(mask_out(x, where, -np.inf), axis=axis, keepdims=True)
    least = np.min(mask_out(x, where, np.inf), axis=axis, keepdims=True)
    same = np.equal(largest - least, 0)  # not so for infinite ones, which have no deviation
    if mean is None:
        return same
    rounding = count(x, axis) * float(np.finfo(x.dtype).eps)
    return np.logical_and(same, np.less_equal(out, rounding * np.abs(largest)))


def in_mean(slope: Callable[..., Array]) -> Callable[..., Array]:
    """The slope of `var` or `std` in the mean that is given: minus that in `x`."""
    return lambda out, x, mean, **options: -slope(out, x, mean, **options)


def about_mean(function: Callable[..., Any]) -> Callable[..., Any]:
    """`var` or `std` with the mean as its second input, where it is given."""

    def about(x: Array, mean: Array = None, **options: Any) -> Array:
        return function(x, **options) if mean is None else function(x, mean=mean, **options)

    return about


def bind_var(
    a: Array, *args: Any, mean: Any = None, correction: Any = np._NoValue, **options: Any
) -> tuple[Inputs, Options]:
    """The arguments of `var` and `std`: `ddof` has two names, and a mean that is given varies."""
    options |= zip(("axis", "dtype", "out", "ddof", "keepdims"), args, strict=False)
    if correction is not np._NoValue:
        options["ddof"] = correction
    if "where" in options:
        options["where"] = frozen(options["where"])
    return (a,) if mean is None or mean is np._NoValue else (a, mean), options


# ---------------------------------------------------------------- products, without division


def products_before(x: Array, axis: int) -> Array:
    """The product of all earlier entries along `axis`: 1, x0, x0 x1, and so on."""
    first = np.ones_like(x[along(axis, slice(0, 1), x.ndim)])
    rest = x[along(axis, slice(0, -1), x.ndim)]
    return np.cumprod(np.concatenate([first, rest], axis=axis), axis=axis)


def prod_slope(
    out: Array, x: Array, *, axis: Axis, dtype: Any = None, initial: Any = 1, where: Any = True
) -> Array:
    """The product of all other entries: of those before times of those after."""
    axes = normalize_axes(axis, x.ndim)
    x = mask_out(x, where, 1)
    if not axes or x.size == 0:
        return mask_out(np.ones_like(x) * initial, where)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    moved = np.transpose(x, kept + axes)
    flat = moved.reshape((*moved.shape[: len(kept)], count(x, axis)))
    after = np.flip(products_before(np.flip(flat, axis=-1), -1), axis=-1)
    others = (products_before(flat, -1) * after).reshape(moved.shape)
    return mask_out(np.transpose(others, tuple(np.argsort(kept + axes))) * initial, where)


def cumprod_transpose(g: Array, out: Array, x: Array, axis: Any = None, dtype: Any = None) -> Array:
    """Products before, times `s` with the recurrence `s[j] = g[j] + x[j+1] s[j+1]`."""
    if axis is None or x.ndim == 0:
        return cumprod_transpose(g, out, x.ravel(), axis=0).reshape(x.shape)
    after = np.moveaxis(x, axis, 0)[:0:-1]
    back = recurrence(np.flip(np.moveaxis(g, axis, 0), 0), after)
    return products_before(x, axis) * np.moveaxis(np.flip(back, 0), 0, axis)


def cumprod_jvp(
    ts: list[Array], out: Array, x: Array, axis: Any = None, dtype: Any = None
) -> Array:
    """The product rule as a recurrence: `d[i] = d[i-1] x[i] + before[i] t[i]`."""
    if axis is None or x.ndim == 0:
        return cumprod_jvp([ts[0].ravel()], out, x.ravel(), axis=0)
    pushed = np.moveaxis(products_before(x, axis) * ts[0], axis, 0)
    return np.moveaxis(recurrence(pushed, np.moveaxis(x, axis, 0)[1:]), 0, axis)


def recurrence(terms: Array, factors: Array) -> Array:
    """The sequence `d[0] = terms[0]`, `d[i] = d[i-1] factors[i-1] + terms[i]`."""
    if terms.size == 0:
        return terms
    found = [terms[0]]
    for i in range(1, terms.shape[0]):
        found.append(found[-1] * factors[i - 1] + terms[i])
    return np.stack(found)


# ---------------------------------------------------------------- the table
# fmt: off
linear   (np.sum,     lambda g, out, x, axis=None, dtype=None, keepdims=False, initial=0, where=True: mask_out(restored(g, x, axis, keepdims), where), call=lambda x, **options: x.sum(**options), offsets=["initial"])
linear   (np.mean,    mean_transpose,   call=lambda x, **options: x.mean(**options), accepted=("axis", "dtype", "keepdims", "where"))
linear   (np.cumsum,  cumsum_transpose)
primitive(np.cumprod, cumprod_transpose, jvp=cumprod_jvp)
reduction(np.prod,    prod_slope)
reduction(np.max,     tie_share,        aliases=[np.amax])
reduction(np.min,     tie_share,        aliases=[np.amin])
reduction(np.var,     var_slope, in_mean(var_slope), call=about_mean(np.var), binder=bind_var)
reduction(np.std,     std_slope, in_mean(std_slope), call=about_mean(np.std), binder=bind_var)
# fmt: on
