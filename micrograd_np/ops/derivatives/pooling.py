"""Pooling: the sum or the maximum of what each window sees.

Windows and taps are those of `window_slices`, over the last axes of an array; the axes before are
left alone. `windows` stands for `kernel` and for `sliding`: `stride`, `padding` and `dilation`.
Sums and maxima are taken along one axis after another, for a window is a product of intervals.
What lies outside the array is in no sum and is no maximum.

The maximum passes a cotangent on to the largest entry of a window: in equal shares where several
tie, to the NaNs of a window that has some.
"""

import operator
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import linear, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.convolution import SLIDING, sized_as
from micrograd_np.ops.kernels.axes import with_length
from micrograd_np.ops.kernels.windows import (
    Lengths,
    Slices,
    chunks,
    combine_slices,
    concatenate_chunks,
    slices_by_axis,
    window_slices,
)

CHUNK_BYTES = 1 << 20  # of what is pooled at once


@dispatching
def sum_windows(x: Array, size: Lengths, **windows: Lengths) -> Array:
    """The sum of what each window sees: shape (..., *lengths) becomes (..., *size)."""
    lengths = x.shape[-len(size) :]
    return _pooled(np.add, 0, x, size, slices_by_axis(lengths, size=size, **windows))


@dispatching
def add_windows(g: Array, size: Lengths, **windows: Lengths) -> Array:
    """The sum over the windows that see an entry: shape (..., *windows) becomes (..., *size)."""
    meetings = slices_by_axis(size, size=g.shape[-len(size) :], **windows)
    routes = [[(seeing, inside) for inside, seeing in along] for along in meetings]
    return _pooled(np.add, 0, g, size, routes)


@dispatching
def max_windows(x: Array, size: Lengths, **windows: Lengths) -> Array:
    """The largest entry that each window sees: shape (..., *lengths) becomes (..., *size)."""
    if x.dtype.kind == "c":
        raise TypeError(
            f"the largest of complex numbers ({x.dtype}) is not defined; pool np.abs(z)"
        )
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    lengths = x.shape[-len(size) :]
    return _pooled(np.maximum, lowest, x, size, slices_by_axis(lengths, size=size, **windows))


@dispatching
def share_among_maxima(
    g: Array, x: Array, top: Array, kernel: Lengths, **sliding: Lengths
) -> Array:
    """`g`, a number for each window, given in equal shares to the entries of `x` that are `top`."""
    reached = (d * (k - 1) + 1 for k, d in zip(kernel, sliding["dilation"], strict=True))
    if isinstance(g, np.ndarray) and all(map(operator.ge, sliding["stride"], reached)):
        return _share_once(g, x, top, kernel, **sliding)
    outs = []
    for some, seen, highest in _chunks(len(kernel), g, x, top):
        hits, ties = _maxima(seen, highest, kernel, **sliding)
        shares = some / ties
        parts = ((inside, shares[(..., *seeing)] * hit) for inside, seeing, hit in hits)
        outs.append(combine_slices(np.add, 0, parts, seen.shape, shares))
    return concatenate_chunks(outs).reshape(x.shape)


def _share_once(g: Array, x: Array, top: Array, kernel: Lengths, **sliding: Lengths) -> Array:
    """Each maximum's share of the cotangent, if no entry is in two windows: nothing is added up."""
    result = np.zeros(x.shape, g.dtype)
    for some, seen, highest, out in _chunks(len(kernel), g, x, top, result):
        hits, ties = _maxima(seen, highest, kernel, **sliding)
        shares = some / ties
        for inside, seeing, hit in hits:
            np.multiply(shares[(..., *seeing)], hit, out=out[(..., *inside)])
    return result


@dispatching
def mean_of_maxima(t: Array, x: Array, top: Array, kernel: Lengths, **sliding: Lengths) -> Array:
    """The mean of `t` over those entries of each window in which `x` is `top`."""
    outs = []
    for some, seen, highest in _chunks(len(kernel), t, x, top):
        hits, ties = _maxima(seen, highest, kernel, **sliding)
        parts = ((seeing, some[(..., *inside)] * hit) for inside, seeing, hit in hits)
        outs.append(combine_slices(np.add, 0, parts, highest.shape, some) / ties)
    return concatenate_chunks(outs).reshape(top.shape)


# ---------------------------------------------------------------- taps


def _pooled(
    combine: np.ufunc, start: Any, x: Array, size: Lengths, routes: list[list[tuple[slice, slice]]]
) -> Array:
    """Slices of `x`, combined into slices of an array of that `size`, one axis after another."""
    for axis, pairs in enumerate(routes, -len(size)):
        rest = (slice(None),) * (-axis - 1)
        parts = (((target, *rest), x[(..., source, *rest)]) for source, target in pairs)
        x = combine_slices(combine, start, parts, with_length(x.shape, axis, size[axis]), x)
    return x


def _chunks(ndim: int, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Parts of all arrays alike, cut along the axes before the last `ndim`, which become one."""
    flat = [x.reshape(prod(x.shape[: x.ndim - ndim]), *x.shape[x.ndim - ndim :]) for x in arrays]
    count = flat[0].shape[0]
    each = max(prod(x.shape[1:]) * x.dtype.itemsize for x in flat)
    return (tuple(x[part] for x in flat) for part in chunks(count, each, CHUNK_BYTES))


def _maxima(
    x: Array, top: Array, kernel: Lengths, **sliding: Lengths
) -> tuple[list[tuple[Slices, Slices, Array]], Array]:
    """The places where each tap is a maximum, and the number of maxima in each window."""
    lengths, size = x.shape[-len(kernel) :], top.shape[-len(kernel) :]
    meetings = window_slices(lengths, kernel, size, **sliding)
    plain = isinstance(top, np.ndarray)
    counts = np.empty(0, np.min_scalar_type(len(meetings))) if plain else top

    def compared(holds: Callable[[Array, Array], Array]) -> tuple[Any, Array]:
        hits = [
            (inside, seeing, holds(x[(..., *inside)], top[(..., *seeing)]))
            for inside, seeing in meetings
        ]
        seen = ((seeing, hit) for _, seeing, hit in hits)
        return hits, combine_slices(np.add, 0, seen, top.shape, counts)

    if plain:
        # Unlike booleans the numbers are added up as they are.
        hits, ties = compared(lambda seen, top: np.equal(seen, top).view(np.uint8))
        if ties.all():
            return hits, ties.astype(top.dtype)
    # A NaN equals nothing, and is the maximum where it is.
    hits, ties = compared(
        lambda seen, top: np.logical_or(np.equal(seen, top), np.not_equal(seen, seen))
    )
    return hits, np.maximum(ties, 1).astype(top.dtype)  # a window may see nothing at all


# ---------------------------------------------------------------- the table

UNSIZED: Any = {"accepted": ("kernel", *SLIDING), "opaque": True}
SIZED: Any = {"accepted": ("size", "kernel", *SLIDING), "opaque": True}

# fmt: off
linear(sum_windows,           lambda g, out, x, **o: add_windows(g, **sized_as(x, o)), **SIZED)
linear(add_windows,           lambda g, out, x, **o: sum_windows(g, **sized_as(x, o)), **SIZED)
primitive(max_windows,        lambda g, out, x, size=(), **o: share_among_maxima(g, x, out, **o),
          jvp=lambda ts, out, x, size=(), **o: mean_of_maxima(ts[0], x, out, **o),      **SIZED)
linear(share_among_maxima,    lambda g, out, y, x, top, **o: mean_of_maxima(g, x, top, **o), None, None,     **UNSIZED)
linear(mean_of_maxima,        lambda g, out, t, x, top, **o: share_among_maxima(g, x, top, **o), None, None, **UNSIZED)
# fmt: on
