"""Convolution, and its transpose, in PyTorch's signatures and layouts.

The axes of an input are (examples, channels, *lengths), with any number of axes of examples, or
none. The kernel is not reversed: the result is the cross-correlation.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.values import array_of
from micrograd_np.nn.functional.dimensions import along
from micrograd_np.nn.functional.geometry import Numbers, check, per_axis, reach
from micrograd_np.ops.derivatives.convolution import convolve_to_input, convolve_windows
from micrograd_np.ops.kernels.windows import Lengths


def conv(
    ndim: int,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Array:
    """The cross-correlation of `x` with kernels, differentiable in `x`, `weight` and `bias`.

    `x` has shape `(..., channels, {lengths})`, `weight` has shape
    `(out_channels, channels / groups, *kernel)` and `bias` `(out_channels,)`. The result has shape
    `(..., out_channels, *size)`; its entry for output channel o and window p is

        bias[o] + sum over c, k:  weight[o, c, k] x[c, p * stride + k * dilation - padding]

    Each option is an integer, or a tuple with one integer for each axis. `padding` is the number of
    zeros on either side, `"valid"` for none, or `"same"` for as many as keep the size. With "same",
    `stride` must be 1, and an odd number of zeros has one more at the end. With `groups`, channels
    and output channels are cut into that many parts, each of which sees only its own.
    """
    x, weight = array_of(x), array_of(weight)
    stride, dilation = per_axis("stride", stride, ndim, 1), per_axis("dilation", dilation, ndim, 1)
    (groups,) = per_axis("groups", groups, 1, 1)
    name = f"conv{ndim}d"
    _check_axes(name, x, weight, ndim)
    outputs, channels = weight.shape[0], weight.shape[1] * groups
    reached = reach(weight.shape[2:], dilation)
    before, padded = _paddings(padding, stride, reached, x.shape[-ndim:])
    size = tuple((n - r) // s + 1 for n, r, s in zip(padded, reached, stride, strict=True))
    too_long = [
        f"the kernel reaches over {r} entries on axis {axis}, where the padded input has {n}: pad "
        f"more, or use a smaller kernel or dilation"
        for axis, (n, r) in enumerate(zip(padded, reached, strict=True), -ndim)
        if n < r
    ]
    problems = [*_problems(x, weight, bias, groups, channels, outputs), *too_long]
    check(problems, name, x, weight)
    out = convolve_windows(
        x, weight, size=size, stride=stride, padding=before, dilation=dilation, groups=groups
    )
    return _biased(out, bias, ndim)


def conv_transpose(
    ndim: int,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Array:
    """The transpose of `conv{ndim}d`: each entry of `x` adds a multiple of the kernel.

    Shapes: `x` `(..., channels, {lengths})`, `bias` `(out_channels,)` and `weight`
    `(channels, out_channels / groups, *kernel)`. Along an axis of length n the result has length

        (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1

    of which `output_padding` are at the end. If `x` is the gradient of the output of a convolution
    with this `weight`, the result is the gradient of the input.
    """
    x, weight = array_of(x), array_of(weight)
    stride, dilation = per_axis("stride", stride, ndim, 1), per_axis("dilation", dilation, ndim, 1)
    padding = per_axis("padding", padding, ndim, 0)
    extra = per_axis("output_padding", output_padding, ndim, 0)
    (groups,) = per_axis("groups", groups, 1, 1)
    name = f"conv_transpose{ndim}d"
    _check_axes(name, x, weight, ndim)
    channels, outputs = weight.shape[0], weight.shape[1] * groups
    reached = reach(weight.shape[2:], dilation)
    size = tuple(
        (n - 1) * s - 2 * p + r + e
        for n, s, p, r, e in zip(x.shape[-ndim:], stride, padding, reached, extra, strict=True)
    )
    problems = [*_problems(x, weight, bias, groups, channels, outputs)]
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        problems.append(
            f"output_padding {extra} must be smaller than the stride {stride} or the dilation "
            f"{dilation} of its axis: it chooses among sizes that the stride leaves open"
        )
    if min(size) < 1:
        problems.append(f"the result would have lengths {size}: use less padding")
    check(problems, name, x, weight)
    out = convolve_to_input(
        x, weight, size=size, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    return _biased(out, bias, ndim)


# fmt: off
conv1d = along(1, conv, """
>>> conv1d(np.array([[1.0, 2.0, 4.0]]), np.array([[[-1.0, 1.0]]]))
array([[1., 2.]])
""")
conv2d = along(2, conv, """
>>> image = np.arange(9.0).reshape(1, 3, 3)
>>> conv2d(image, np.ones((1, 1, 2, 2)), stride=(1, 1))
array([[[ 8., 12.],
        [20., 24.]]])
""")
conv3d = along(3, conv, """
>>> conv3d(np.ones((2, 3, 4, 5)), np.ones((7, 2, 2, 2, 2))).shape
(7, 2, 3, 4)
""")
conv_transpose1d = along(1, conv_transpose, """
>>> conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 10.0]]]), stride=2)
array([[ 1., 10.,  2., 20.]])
""")
conv_transpose2d = along(2, conv_transpose, """
>>> conv_transpose2d(np.ones((1, 2, 2)), np.ones((1, 1, 2, 2)))
array([[[1., 2., 1.],
        [2., 4., 2.],
        [1., 2., 1.]]])
""")
conv_transpose3d = along(3, conv_transpose, """
>>> conv_transpose3d(np.ones((2, 3, 4, 5)), np.ones((2, 7, 2, 2, 2)), stride=2).shape
(7, 6, 8, 10)
""")
# fmt: on


def _paddings(
    padding: Numbers | str, stride: Lengths, reached: Lengths, lengths: Lengths
) -> tuple[Lengths, Lengths]:
    """The number of zeros before the input, and the lengths of the input with all zeros."""
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"padding={padding!r}: the words for it are 'same' and 'valid'.")
        if padding == "same" and max(stride) > 1:
            raise ValueError(
                f"padding='same' keeps the size, which stride {stride} cannot. Give the padding as "
                f"a number."
            )
        total = tuple(r - 1 if padding == "same" else 0 for r in reached)
        before = tuple(both // 2 for both in total)
    else:
        before = per_axis("padding", padding, len(lengths), 0)
        total = tuple(2 * both for both in before)
    return before, tuple(n + both for n, both in zip(lengths, total, strict=True))


def _biased(out: Array, bias: Array | None, ndim: int) -> Array:
    return out if bias is None else out + np.reshape(bias, (-1,) + (1,) * ndim)


# ---------------------------------------------------------------- what does not fit


def _check_axes(name: str, x: Array, weight: Array, ndim: int) -> None:
    problems = []
    if x.ndim < ndim + 1:
        problems.append(f"an input has axes (..., channels) and {ndim} more, this one has {x.ndim}")
    if weight.ndim != ndim + 2:
        problems.append(f"a weight has {ndim + 2} axes, this one has {weight.ndim}")
    elif not all(weight.shape[2:]):
        problems.append("the kernel has no entries")
    check(problems, name, x, weight)


def _problems(
    x: Array, weight: Array, bias: Any, groups: int, channels: int, outputs: int
) -> Iterator[str]:
    axis = 1 - weight.ndim
    if x.shape[axis] != channels:
        yield (
            f"the input has {x.shape[axis]} channels on axis {axis}, the weight with "
            f"groups={groups} takes {channels}"
        )
    if weight.shape[0] % groups:
        yield f"groups={groups} does not divide the {weight.shape[0]} of axis 0 of the weight"
    if bias is not None and np.shape(bias) != (outputs,):
        yield f"the bias needs shape ({outputs},), it has {np.shape(bias)}"
