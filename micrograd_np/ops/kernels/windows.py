"""Windows, a tap at a time: the geometry that convolution and pooling share.

A *window* is a place where a kernel is laid on an array; a *tap* is one entry of the kernel. Over
all windows at once a tap meets a strided slice of the array. So instead of many small windows, a
few large slices are read or added to: one for each tap. A tap that falls off the array meets
nothing there, which is what padding with zeros means, so no padded copy is ever made.

Along each axis, `length` is that of the array, `kernel` the number of taps and `size` the number of
windows. `stride` leads from one window to the next, `dilation` from tap to tap; `padding` lies
before the array. Window `w` and tap `k` meet at the entry `w * stride + k * dilation - padding`.
The padding after the array follows from `size`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache, reduce
from itertools import product
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.scatter import embed_slices

Lengths = tuple[int, ...]
Slices = tuple[slice, ...]


@lru_cache(maxsize=512)
def window_slices(
    lengths: Lengths, kernel: Lengths, size: Lengths, stride: Lengths, padding: Lengths, dilation: Lengths
) -> list[tuple[Slices, Slices]]:  # fmt: skip
    """The slice of the array that each tap meets, in order, and the windows in which it does.

    Both are keys for the last axes, as many as there are lengths.

    >>> window_slices((4,), (3,), (4,), (1,), (1,), (1,))[0]  # the first of three taps looks one back
    ((slice(0, 3, 1),), (slice(1, 4, None),))
    """
    meetings = product(*slices_by_axis(lengths, kernel, size, stride, padding, dilation))
    return [
        (tuple(inside for inside, _ in tap), tuple(windows for _, windows in tap))
        for tap in meetings
    ]


@lru_cache(maxsize=512)
def slices_by_axis(
    lengths: Lengths, kernel: Lengths, size: Lengths, stride: Lengths, padding: Lengths, dilation: Lengths
) -> list[list[tuple[slice, slice]]]:  # fmt: skip
    """`window_slices` along each axis alone."""
    axes = zip(lengths, kernel, size, stride, padding, dilation, strict=True)
    return [[_meeting(tap, n, *others) for tap in range(taps)] for n, taps, *others in axes]


def _meeting(
    tap: int, length: int, size: int, stride: int, padding: int, dilation: int
) -> tuple[slice, slice]:
    """The slice that one tap meets, and the windows in which it does."""
    offset = tap * dilation - padding  # the entry it meets in window 0, if that is one
    first = max(0, -(offset // stride))
    stop = max(first, min(size, (length - 1 - offset) // stride + 1))
    start = first * stride + offset
    inside = slice(start, start + (stop - first - 1) * stride + 1, stride)
    return inside if stop > first else slice(0, 0), slice(first, stop)


def chunks(count: int, bytes_each: int, limit: int) -> Iterator[slice]:
    """Slices that cut `count` things into chunks of about `limit` bytes, which fit into a cache.

    There is at least one chunk, if of nothing, from which a result learns its shape and dtype.
    """
    step = max(1, limit // max(1, bytes_each))
    return (slice(start, start + step) for start in range(0, max(1, count), step))


def concatenate_chunks(parts: list[Array]) -> Array:
    """The results for all chunks as one array, along the first axis."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


# ---------------------------------------------------------------- slices put together


def combine_slices(
    combine: np.ufunc,
    start: Any,
    parts: Iterable[tuple[Slices, Array]],
    shape: Lengths,
    like: Array,
) -> Array:
    """An array of `shape` that is `start` everywhere, with parts combined into it.

    Each part comes with a key for the last axes, the place it goes to. The array has the dtype and
    the kind of `like`; nothing is written into an array of another library.
    """
    if not isinstance(like, np.ndarray):
        whole = [place_slice(part.astype(like.dtype), key, shape, start) for key, part in parts]
        return reduce(combine, whole) if whole else np.full_like(like, start, shape=shape)
    out: Array = None
    for key, part in parts:
        if out is None and part.shape == shape:  # it covers all, so nothing else is seen
            out = part.astype(like.dtype)
            continue
        out = np.full_like(like, start, shape=shape) if out is None else out
        place = (..., *key)
        combine(out[place], part, out=out[place])
    return np.full_like(like, start, shape=shape) if out is None else out


def place_slice(part: Array, key: Slices, shape: Lengths, fill: Any) -> Array:
    """An array of `shape` that is `part` at `key`, for the last axes, and `fill` elsewhere."""
    return embed_slices(part, (slice(None),) * (part.ndim - len(key)) + key, shape, fill)
