"""Quantiles and medians: weighted sums of one or two entries of the sorted values.

The entries to be reduced are laid out as *lines* along the last axis and sorted. A quantile `q` of
a line of `n` entries lies at a *virtual index*, a real number on the scale of the places 0 … n-1.
From the virtual index the method tells which entry to take, or which two to interpolate between.

Source of the methods: R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, 1996.
"""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expression, expressions
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input, value_of
from micrograd_np.errors import OptionError
from micrograd_np.ops.derivatives.indexing import getitem
from micrograd_np.ops.kernels.axes import Axis

# ---------------------------------------------------------------- lines


def sorted_lines(a: Array, axis: Axis) -> Array:
    """The entries of `a` along `axis`, sorted along a last axis; the other axes keep their order."""
    axes = reduced_axes(a, axis)
    kept = [i for i in range(a.ndim) if i not in axes]
    shape = [a.shape[i] for i in kept]
    length = int(np.prod([a.shape[i] for i in axes], dtype=int))
    return np.sort(np.reshape(np.transpose(a, [*kept, *axes]), (*shape, length)), axis=-1)


def reduced_axes(a: Array, axis: Axis) -> tuple[int, ...]:
    return normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)


def reduced_shape(a: Array, axis: Axis, keepdims: bool) -> tuple[int, ...]:
    axes = reduced_axes(a, axis)
    kept = [i for i in range(a.ndim) if keepdims or i not in axes]
    return tuple(1 if i in axes else a.shape[i] for i in kept)


def valid_counts(lines: Array) -> Array:
    """The number of entries of each line that are no NaN; warns of a line without any, as NumPy."""
    counts = np.sum(np.logical_not(np.isnan(lines)), axis=-1, keepdims=True)
    value = value_of(counts)
    if isinstance(value, np.ndarray) and np.any(value == 0):
        warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=2)
    return counts


# ---------------------------------------------------------------- medians


def median(
    a: Array, axis: Axis = None, *, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    """The middle entry, or the mean of the two; the last one where that is NaN."""
    a = as_input(a)
    lines = sorted_lines(a, axis)
    n = lines.shape[-1]
    middle = np.mean(lines[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    if n > 0:
        last = lines[..., -1]
        middle = np.where(np.isnan(last), last, middle)
    return np.reshape(middle, reduced_shape(a, axis, keepdims))


def nanmedian(
    a: Array, axis: Axis = None, *, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    a = as_input(a)
    lines = sorted_lines(a, axis)
    if lines.shape[-1] == 0:
        return median(a, axis, keepdims=keepdims)
    n = valid_counts(lines)
    left = np.take_along_axis(lines, np.maximum(n - 1, 0) // 2, axis=-1)
    right = np.take_along_axis(lines, n // 2, axis=-1)
    middle = np.where(n % 2 == 1, left, (left + right) / 2)
    return np.reshape(middle, reduced_shape(a, axis, keepdims))


# ---------------------------------------------------------------- methods of quantiles

Position = Callable[[Array, Array], Array]  # of the number of entries and the quantile
Share = Callable[[Array], Array]  # of the virtual index: of the entry after it; the rest is before


def plotting_position(alpha: float, beta: float) -> Position:
    """The virtual index that puts the k-th of n entries at (k - alpha) / (n + 1 - alpha - beta)."""
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def fraction(virtual: Array) -> Array:
    return virtual - np.floor(virtual)


def either(whole: float, between: float) -> Share:
    """One share where the virtual index is whole, another one where it is not."""
    return lambda virtual: np.where(virtual == np.floor(virtual), whole, between)


# fmt: off
METHODS: dict[str, tuple[Position, Share | None]] = {  # None: one entry is taken as it is
    "inverted_cdf":              (lambda n, q: np.ceil(n * q) - 1,    None),
    "closest_observation":       (lambda n, q: np.rint(n * q) - 1,    None),
    "lower":                     (lambda n, q: np.floor((n - 1) * q), None),
    "higher":                    (lambda n, q: np.ceil((n - 1) * q),  None),
    "nearest":                   (lambda n, q: np.rint((n - 1) * q),  None),
    "averaged_inverted_cdf":     (lambda n, q: n * q - 1,             either(0.5, 1.0)),
    "midpoint":                  (lambda n, q: (n - 1) * q,           either(0.0, 0.5)),
    "linear":                    (lambda n, q: (n - 1) * q,           fraction),
    "interpolated_inverted_cdf": (plotting_position(0, 1),            fraction),
    "hazen":                     (plotting_position(0.5, 0.5),        fraction),
    "weibull":                   (plotting_position(0, 0),            fraction),
    "median_unbiased":           (plotting_position(1 / 3, 1 / 3),    fraction),
    "normal_unbiased":           (plotting_position(3 / 8, 3 / 8),    fraction),
}
# fmt: on


def quantiles_of_lines(lines: Array, n: Array, given: Array, method: str) -> Array:
    """The quantiles of each line's first `n` entries, along a last axis."""
    q = like(n, np.reshape(given, -1))
    n = n if isinstance(n, int) else n.astype(q.dtype if q.dtype.kind == "f" else float)
    position, share_of = METHODS[method]
    virtual = position(n, q)
    if share_of is None:
        return entries(lines, virtual, n)
    share = share_of(virtual)
    if type(given) in (int, float) and lines.dtype.kind == "f":  # which is weak beside an array
        share = share.astype(lines.dtype)
    below = entries(lines, np.floor(virtual), n)
    return interpolate(below, entries(lines, np.floor(virtual) + 1, n), share)


def entries(lines: Array, index: Array, n: Array) -> Array:
    """The entries of the lines at `index`, or at the end nearest to it."""
    places = np.maximum(np.minimum(index, n - 1), 0).astype(int)
    if places.ndim == 1:
        return np.moveaxis(getitem(np.moveaxis(lines, -1, 0), places), 0, -1)
    return np.take_along_axis(lines, places, axis=-1)


def interpolate(left: Array, right: Array, share: Array) -> Array:
    """The number between `left` and `right`, from the nearer end, so that rounding stays between."""
    span, share = right - left, like(left, share)
    return np.where(share >= 0.5, right - span * (1 - share), left + span * share)


# ---------------------------------------------------------------- quantiles


def quantile(
    a: Array, q: Array, axis: Axis = None, *, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, weights: Any = None,
) -> Array:  # fmt: skip
    check_quantile("quantile", a, q, method, weights)
    a = as_input(a)
    lines = sorted_lines(a, axis)
    found = quantiles_of_lines(lines, lines.shape[-1], q, method)
    last = lines[..., -1:]
    return arrange(np.where(np.isnan(last), last, found), a, q, axis, keepdims)


def nanquantile(
    a: Array, q: Array, axis: Axis = None, *, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, weights: Any = None,
) -> Array:  # fmt: skip
    check_quantile("nanquantile", a, q, method, weights)
    a = as_input(a)
    if a.size == 0:
        return np.nanmean(a, axis, keepdims=keepdims)
    lines = sorted_lines(a, axis)
    found = quantiles_of_lines(lines, valid_counts(lines), q, method)
    return arrange(found, a, q, axis, keepdims)


def in_percent(function: Callable[..., Array]) -> Callable[..., Array]:
    """`quantile` or `nanquantile` as a function of percentages, with the same parameters."""

    @wraps(function)
    def written(a: Array, q: Array, axis: Axis = None, **options: Any) -> Array:
        return function(a, as_input(q) / 100, axis, **options)

    return written


def check_quantile(name: str, a: Array, q: Array, method: str, weights: Any) -> None:
    """Raise for arguments that NumPy would refuse, and for weights."""
    if weights is not None:
        raise OptionError.unknown(getattr(np, name), ["weights"], ["axis", "method", "keepdims"])
    if method not in METHODS:
        raise ValueError(f"{method!r} is not a method of np.{name}. Use one of: {tuple(METHODS)}")
    if np.iscomplexobj(a):
        raise TypeError(f"np.{name} orders its values, which complex numbers do not allow")
    value = value_of(q)
    if isinstance(value, int | float | list | tuple | np.ndarray) and not np.all(
        np.logical_and(np.greater_equal(value, 0), np.less_equal(value, 1))
    ):
        raise ValueError(f"np.{name} takes quantiles between 0 and 1, not {value}")


def arrange(found: Array, a: Array, q: Array, axis: Axis, keepdims: bool) -> Array:
    """Quantiles with the axes of `q` first, then the remaining axes of `a`."""
    return np.reshape(np.moveaxis(found, -1, 0), (*np.shape(q), *reduced_shape(a, axis, keepdims)))


expressions(np, median, nanmedian, quantile, nanquantile)
expression(np.percentile, in_percent(quantile))
expression(np.nanpercentile, in_percent(nanquantile))
