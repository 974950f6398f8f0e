"""Pooling, in PyTorch's signatures: the maximum or the mean of each window.

Windows slide along the last axes. Axes before these, none or any number, are examples. Padding is
no part of a maximum. Entries that tie for the maximum share its gradient evenly, as in `np.max`;
PyTorch gives all of the gradient to the first.
"""

from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.foreign import like
from micrograd_np.core.op import Array
from micrograd_np.core.values import array_of
from micrograd_np.nn.functional.dimensions import along
from micrograd_np.nn.functional.geometry import Numbers, check, per_axis, reach
from micrograd_np.ops.derivatives.pooling import max_windows, sum_windows
from micrograd_np.ops.kernels.windows import Lengths, window_slices


class Windows(NamedTuple):
    """The places of windows along each axis, as options of the ops that pool windows."""

    size: Lengths
    kernel: Lengths
    stride: Lengths
    padding: Lengths
    dilation: Lengths


def max_pool(
    ndim: int,
    x: Array,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
) -> Array:
    """The largest entry of each window: shape `(..., {lengths})` becomes `(..., *size)`.

    Each option is an integer, or a tuple with one integer for each axis. `stride` is the kernel's
    size unless given. `padding` on either side is at most half of what the kernel reaches over.
    `ceil_mode` adds a last window that reaches beyond the end, if it begins before the end.

    The gradient goes to the largest entry; entries that tie share the gradient evenly.
    """
    x = array_of(x)
    if x.dtype.kind not in "fiu":
        raise TypeError(f"max_pool{ndim}d needs numbers with an order, not dtype {x.dtype}.")
    name = f"max_pool{ndim}d"
    windows = _windows(name, ndim, x, kernel_size, stride, padding, dilation, ceil_mode)
    return max_windows(x, **windows._asdict())


def avg_pool(
    ndim: int,
    x: Array,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window: shape `(..., {lengths})` becomes `(..., *size)`.

    Each option is an integer, or a tuple with one integer for each axis, as in `max_pool{ndim}d`.
    `count_include_pad`: whether the mean counts the zeros of the padding. With `ceil_mode` a window
    may reach beyond the padding; what lies there never counts.
    """
    x = array_of(x)
    if x.dtype.kind in "biu":
        x = x.astype(float)  # a sum of small integers would overflow
    name = f"avg_pool{ndim}d"
    windows = _windows(name, ndim, x, kernel_size, stride, padding, 1, ceil_mode)
    counts = _counts(x.shape[-ndim:], windows, count_include_pad)
    counts = like(x, counts.astype(np.finfo(x.dtype).dtype))
    return sum_windows(x, **windows._asdict()) / counts


def adaptive_avg_pool(ndim: int, x: Array, output_size: Any) -> Array:
    """The mean over `output_size` windows along each axis of `(..., {lengths})`.

    `output_size` is an integer, or a tuple with one for each axis; None keeps an axis as it is.
    Together the windows cover the axis. Along an axis of length n, window i of m is from
    floor(i n / m) up to ceil((i + 1) n / m). Windows overlap where m does not divide n.
    """
    x = array_of(x)
    _check_axes(f"adaptive_avg_pool{ndim}d", x, ndim)
    wanted = output_size if isinstance(output_size, list | tuple) else (output_size,) * ndim
    sizes = [n if m is None else m for m, n in zip(wanted, x.shape[-ndim:], strict=True)]
    for axis, m in enumerate(per_axis("output_size", sizes, ndim, 1), -ndim):
        n = x.shape[axis]
        if m == n:
            continue
        bounds = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        rest = (slice(None),) * (-axis - 1)
        means = [np.mean(x[(..., slice(*pair), *rest)], axis=axis) for pair in bounds]
        x = np.stack(means, axis=axis)
    return x


# fmt: off
max_pool1d = along(1, max_pool, """
>>> max_pool1d(np.array([3.0, 1.0, 4.0, 1.0, 5.0]), 2)
array([3., 4.])
""")
max_pool2d = along(2, max_pool, """
>>> max_pool2d(np.arange(16.0).reshape(4, 4), 2)
array([[ 5.,  7.],
       [13., 15.]])
""")
max_pool3d = along(3, max_pool, """
>>> max_pool3d(np.ones((3, 4, 6, 8)), (2, 3, 4)).shape
(3, 2, 2, 2)
""")
avg_pool1d = along(1, avg_pool, """
>>> avg_pool1d(np.array([1.0, 3.0, 5.0]), 2, stride=1, padding=1, count_include_pad=False)
array([1., 2., 4., 5.])
""")
avg_pool2d = along(2, avg_pool, """
>>> avg_pool2d(np.arange(16.0).reshape(4, 4), 2)
array([[ 2.5,  4.5],
       [10.5, 12.5]])
""")
avg_pool3d = along(3, avg_pool, """
>>> avg_pool3d(np.ones((3, 4, 6, 8)), (2, 3, 4)).shape
(3, 2, 2, 2)
""")
adaptive_avg_pool1d = along(1, adaptive_avg_pool, """
>>> adaptive_avg_pool1d(np.array([1.0, 2.0, 3.0, 4.0]), 3)
array([1.5, 2.5, 3.5])
""")
adaptive_avg_pool2d = along(2, adaptive_avg_pool, """
>>> adaptive_avg_pool2d(np.arange(12.0).reshape(3, 4), (1, 2))
array([[4.5, 6.5]])
""")
adaptive_avg_pool3d = along(3, adaptive_avg_pool, """
>>> adaptive_avg_pool3d(np.ones((3, 4, 6, 8)), 1).shape
(3, 1, 1, 1)
""")
# fmt: on

# ---------------------------------------------------------------- where the windows lie


def _windows(
    name: str,
    ndim: int,
    x: Array,
    kernel_size: Numbers,
    stride: Numbers | None,
    padding: Numbers,
    dilation: Numbers,
    ceil_mode: bool,
) -> Windows:
    """The options as a number for each axis, with the number of windows, if these fit the input."""
    kernel = per_axis("kernel_size", kernel_size, ndim, 1)
    stride = kernel if stride is None else per_axis("stride", stride, ndim, 1)
    padding = per_axis("padding", padding, ndim, 0)
    dilation = per_axis("dilation", dilation, ndim, 1)
    _check_axes(name, x, ndim)
    reached = reach(kernel, dilation)
    problems = [
        f"padding {p} on axis {axis} is more than half of the {r} entries the kernel reaches over"
        if 2 * p > r
        else f"the kernel reaches over {r} entries on axis {axis}, where the padded input has "
        f"{n + 2 * p}: use a smaller kernel or dilation"
        for axis, (n, r, p) in enumerate(zip(x.shape[-ndim:], reached, padding, strict=True), -ndim)
        if 2 * p > r or n + 2 * p < r
    ]
    check(problems, name, x)
    axes = zip(x.shape[-ndim:], reached, stride, padding, strict=True)
    size = tuple(_window_count(*lengths, ceil_mode) for lengths in axes)
    return Windows(size, kernel, stride, padding, dilation)


def _window_count(length: int, reached: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """The number of windows on an axis; with `ceil_mode` also a last one that the end cuts off."""
    free = length + 2 * padding - reached
    if not ceil_mode:
        return free // stride + 1
    count = -(-free // stride) + 1
    return count - 1 if (count - 1) * stride >= length + padding else count


def _counts(lengths: Lengths, windows: Windows, include_padding: bool) -> Array:
    """The number of entries in each window."""
    counts: Array = np.ones(())
    for length, size, kernel, stride, padding, dilation in zip(lengths, *windows, strict=True):
        counted, outside = (length + 2 * padding, 0) if include_padding else (length, padding)
        along = np.zeros(size)
        places = (counted,), (kernel,), (size,), (stride,), (outside,), (dilation,)
        for _, (seeing,) in window_slices(*places):
            along[seeing] += 1
        counts = np.multiply.outer(counts, along)
    return counts


def _check_axes(name: str, x: Array, ndim: int) -> None:
    if x.ndim < ndim:
        check([f"the windows slide along {ndim} axes, it has {x.ndim}"], name, x)
