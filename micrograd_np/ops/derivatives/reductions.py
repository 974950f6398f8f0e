"""Reductions: sums, products, extrema, spread, and cumulative forms.

Most are `out = f(x)` along axes with a local slope, so `reduction` declares them by the slope alone:
the vjp multiplies the restored cotangent by it, the jvp sums tangent times slope. Zero divisors
never appear: products are differentiated without division.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.forms import linear, primitive
from micrograd_np.core.op import Array, Inputs, Options, without_neutral
from micrograd_np.core.record import value_of
from micrograd_np.core.values import conj
from micrograd_np.ops.derivatives.indexing import frozen
from micrograd_np.ops.kernels.axes import Axis, along, axes_of


def restore(reduced: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """Put the reduced axes of `x` back with length 1, so that it broadcasts against `x`."""
    if axis is None or keepdims:
        return reduced
    axes = axes_of(axis, x.ndim)
    return reduced.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def count(x: Array, axis: Axis) -> int:
    """How many entries of `x` go into one of the result."""
    total = 1
    for i in axes_of(axis, x.ndim):
        total *= x.shape[i]
    return total


def counted(x: Array, axis: Axis, where: Any) -> int | Array:
    """The same with a mask, which makes it differ from place to place."""
    if where is True:
        return count(x, axis)
    return np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=True).astype(x.dtype)


def masked(x: Array, where: Any, other: float = 0) -> Array:
    """`x` with another number in place of the entries that a mask leaves out."""
    return x if where is True else np.where(where, x, other)


def all_counts(change: Array, x: Array) -> Array:
    """A change of `x` as it is."""
    return change


Counting = Callable[[Array, Array], Array]  # the part of a change of `x` that reaches the result


def reduction(
    function: Callable[..., Any],
    slope: Callable[..., Array],
    options: Sequence[str] = (),
    counting: Counting = all_counts,
    **fields: Any,
) -> None:
    """Declare `out = function(x, axis)` by `slope(restored out, x, axis, **options)`."""

    def vjp(
        g: Array, out: Array, x: Array, axis: Axis = None, keepdims: bool = False, **options: Any
    ) -> Array:
        g, out = restore(g, x, axis, keepdims), restore(out, x, axis, keepdims)
        return g * slope(out, x, axis, **options)

    def jvp(
        ts: list[Array],
        out: Array,
        x: Array,
        axis: Axis = None,
        keepdims: bool = False,
        **options: Any,
    ) -> Array:
        weights = slope(restore(out, x, axis, keepdims), x, axis, **options)
        return np.sum(counting(ts[0], x) * weights, axis=axis, keepdims=keepdims)

    primitive(function, vjp, jvp=jvp, accepted=("axis", "keepdims", *options), **fields)


# ---------------------------------------------------------------- sums and means


def sum_transpose(
    g: Array, out: Array, x: Array, axis: Axis = None, dtype: Any = None, keepdims: bool = False,
    initial: Any = 0, where: Any = True,
) -> Array:  # fmt: skip
    return masked(restore(g, x, axis, keepdims), where)


def mean_transpose(
    g: Array, out: Array, x: Array, axis: Axis = None, dtype: Any = None, keepdims: bool = False,
    where: Any = True,
) -> Array:  # fmt: skip
    restored = restore(g, x, axis, keepdims)
    if where is True:
        return restored * (1 / max(count(x, axis), 1))
    return np.where(where, restored / counted(x, axis, where), 0)


def cumsum_transpose(g: Array, out: Array, x: Array, axis: Any = None, dtype: Any = None) -> Array:
    """Each entry adds to all that follow it: sum the cotangents from the end."""
    if axis is None:
        return cumsum_transpose(g, out, x.ravel(), axis=0).reshape(x.shape)
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


linear(np.sum, sum_transpose, offsets=["initial"], call=lambda x, **options: x.sum(**options))
linear(np.mean, mean_transpose, call=lambda x, **options: x.mean(**options))
linear(np.cumsum, cumsum_transpose)


# ---------------------------------------------------------------- extrema


def attaining(out: Array, x: Array) -> Array:
    """1 for every entry of `x` that is the extremum `out`, 0 for others; a NaN attains it."""
    return np.logical_or(np.equal(x, out), np.not_equal(x, x)).astype(out.dtype)


def tied(out: Array, x: Array, axis: Axis, *, initial: Any = None, where: Any = True) -> Array:
    """An equal share for every entry that attains the extremum.

    So does the `initial` value, whose share goes nowhere.
    """
    hits = attaining(out, x)
    if initial is None and where is True:
        return hits / np.sum(hits, axis=axis, keepdims=True)
    hits = masked(hits, where)
    attained = np.sum(hits, axis=axis, keepdims=True)
    if initial is not None:
        attained = attained + np.equal(out, initial)
    return hits / np.maximum(attained, 1)


reduction(np.max, tied, ("initial", "where"), aliases=[np.amax])
reduction(np.min, tied, ("initial", "where"), aliases=[np.amin])


# ---------------------------------------------------------------- spread


def deviation(x: Array, mean: Array, axis: Axis, where: Any) -> Array:
    """`x - mean`, and its conjugate for complex numbers, whose spread is that of their size."""
    if x.size == 0:
        return x
    away = masked(x - (centre(x, axis, where) if mean is None else mean), where)
    return conj(away)


def centre(x: Array, axis: Axis, where: Any) -> Array:
    """The mean with its axes kept, 0 where a mask leaves nothing in."""
    if where is True:
        return np.mean(x, axis=axis, keepdims=True)
    entries = np.maximum(counted(x, axis, where), 1)
    return np.sum(masked(x, where), axis=axis, keepdims=True) / entries


def freedom(x: Array, axis: Axis, where: Any, ddof: float) -> float | Array:
    """`n - ddof`, which NumPy divides by; 0 where it is negative."""
    n = counted(x, axis, where)
    return max(n - ddof, 0) if where is True else np.maximum(n - ddof, 0)


def var_slope(
    out: Array, x: Array, mean: Array, axis: Axis, *, ddof: float = 0, dtype: Any = None,
    where: Any = True,
) -> Array:  # fmt: skip
    return 2 * deviation(x, mean, axis, where) / freedom(x, axis, where, ddof)


def std_slope(
    out: Array, x: Array, mean: Array, axis: Axis, *, ddof: float = 0, dtype: Any = None,
    where: Any = True,
) -> Array:  # fmt: skip
    """`(x - mean) / ((n - ddof) std)`; 0, the minimum-norm subgradient, where all entries agree.

    There it is a constant, so that derivatives of every higher order are 0 too.
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
    out, x = value_of(out), value_of(x)
    largest = np.max(masked(x, where, -np.inf), axis=axis, keepdims=True)
    least = np.min(masked(x, where, np.inf), axis=axis, keepdims=True)
    same = np.equal(largest - least, 0)  # not so for infinite ones, which have no deviation
    if mean is None:
        return same
    rounding = count(x, axis) * float(np.finfo(x.dtype).eps)
    return np.logical_and(same, np.less_equal(out, rounding * np.abs(largest)))


def spread_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """`var` or `std` with the mean as its second input, where it is given."""

    def about(x: Array, mean: Array = None, **options: Any) -> Array:
        options |= {} if mean is None else {"mean": mean}
        return function(x, **options)

    return about


def bind_spread(a: Array, *args: Any, **options: Any) -> tuple[Inputs, Options]:
    """Sort the arguments of `var` and `std`: `ddof` has two names, a mean that is given varies."""
    options |= zip(("axis", "dtype", "out", "ddof", "keepdims"), args, strict=False)
    options = without_neutral(options)
    if "correction" in options:
        options["ddof"] = options.pop("correction")
    if "where" in options:
        options["where"] = frozen(options["where"])
    mean = options.pop("mean", None)
    return (a,) if mean is None else (a, mean), options


def spread(
    function: Callable[..., Any], slope: Callable[..., Array], counting: Counting = all_counts
) -> None:
    """Declare `var` or `std` by its slope in x, which is minus that in the mean."""

    def vjp(
        g: Array, out: Array, x: Array, mean: Array = None, axis: Axis = None,
        keepdims: bool = False, **options: Any,
    ) -> Array:  # fmt: skip
        g, out = restore(g, x, axis, keepdims), restore(out, x, axis, keepdims)
        return g * slope(out, x, mean, axis, **options)

    def jvp(
        ts: list[Array | None], out: Array, x: Array, mean: Array = None, axis: Axis = None,
        keepdims: bool = False, **options: Any,
    ) -> Array:  # fmt: skip
        weights = slope(restore(out, x, axis, keepdims), x, mean, axis, **options)
        parts = zip(ts, (weights, -weights), strict=False)
        moved = [counting(t, x) * w for t, w in parts if t is not None]
        return np.sum(sum(moved[1:], moved[0]), axis=axis, keepdims=keepdims)

    primitive(
        function,
        vjp,
        lambda g, out, x, mean, **options: -vjp(g, out, x, mean, **options),
        jvp=jvp,
        arrays=1,
        call=spread_of(function),
        binder=bind_spread,
        accepted=("axis", "keepdims", "ddof", "dtype", "where"),
    )


spread(np.var, var_slope)
spread(np.std, std_slope)


# ---------------------------------------------------------------- products, without division


def products_before(x: Array, axis: int) -> Array:
    """The product of all earlier entries along `axis`: 1, x0, x0 x1, and so on."""
    first = np.ones_like(x[along(axis, slice(0, 1), x.ndim)])
    rest = x[along(axis, slice(0, -1), x.ndim)]
    return np.cumprod(np.concatenate([first, rest], axis=axis), axis=axis)


def prod_slope(
    out: Array, x: Array, axis: Axis, *, dtype: Any = None, initial: Any = 1, where: Any = True
) -> Array:
    """The product of all other entries: of those before times of those after."""
    axes = axes_of(axis, x.ndim)
    x = masked(x, where, 1)
    if not axes or x.size == 0:
        return masked(np.ones_like(x) * initial, where)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    moved = np.transpose(x, kept + axes)
    flat = moved.reshape((*moved.shape[: len(kept)], count(x, axis)))
    after = np.flip(products_before(np.flip(flat, axis=-1), -1), axis=-1)
    others = (products_before(flat, -1) * after).reshape(moved.shape)
    return masked(np.transpose(others, tuple(np.argsort(kept + axes))) * initial, where)


def cumprod_transpose(g: Array, out: Array, x: Array, axis: Any = None, dtype: Any = None) -> Array:
    """Products before, times `s` with the recurrence `s[j] = g[j] + x[j+1] s[j+1]`."""
    if axis is None or x.ndim == 0:
        return cumprod_transpose(g, out, x.ravel(), axis=0).reshape(x.shape)
    if x.shape[axis] == 0:
        return g
    gs, xs = np.moveaxis(g, axis, 0), np.moveaxis(x, axis, 0)
    s = [gs[-1]]
    for j in range(len(xs) - 2, -1, -1):
        s.append(gs[j] + xs[j + 1] * s[-1])
    return products_before(x, axis) * np.moveaxis(np.stack(s[::-1]), 0, axis)


def cumprod_jvp(
    ts: list[Array], out: Array, x: Array, axis: Any = None, dtype: Any = None
) -> Array:
    """The product rule as a recurrence: `d[i] = d[i-1] x[i] + before[i] t[i]`."""
    if axis is None or x.ndim == 0:
        return cumprod_jvp([ts[0].ravel()], out, x.ravel(), axis=0)
    if x.shape[axis] == 0:
        return ts[0]
    pushed = np.moveaxis(products_before(x, axis) * ts[0], axis, 0)
    xs = np.moveaxis(x, axis, 0)
    d = [pushed[0]]
    for i in range(1, len(xs)):
        d.append(d[-1] * xs[i] + pushed[i])
    return np.moveaxis(np.stack(d), 0, axis)


reduction(np.prod, prod_slope, ("dtype", "initial", "where"))
primitive(np.cumprod, cumprod_transpose, jvp=cumprod_jvp)
