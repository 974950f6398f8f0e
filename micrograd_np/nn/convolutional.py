"""Layers of convolutional networks: convolution, pooling, and the step to features.

Inputs have axes (examples, channels, *lengths), with any number of axes of examples, or none.
Layers call the functions of `functional`. Names and shapes of parameters are PyTorch's.
"""

from math import prod
from typing import Any, ClassVar

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.tensor import Tensor
from micrograd_np.nn.functional.conv import conv, conv_transpose
from micrograd_np.nn.functional.geometry import Numbers, per_axis
from micrograd_np.nn.functional.pool import adaptive_avg_pool, avg_pool, max_pool
from micrograd_np.nn.initializers import glorot_uniform
from micrograd_np.nn.module import Module


class _AlongAxes(Module):
    """A base of layers along the last `ndim` axes, a number that each class says at its head."""

    ndim: ClassVar[int]

    def __init_subclass__(cls, ndim: int | None = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)  # a class beside this one may have its own
        if ndim is not None:
            cls.ndim = ndim


class _Kernels(_AlongAxes):
    """A base of convolution and its transpose: weight and bias."""

    weight: Tensor
    bias: Tensor | None

    def _start(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Numbers,
        groups: int,
        bias: bool,
        rng: "np.random.Generator | None",
        dtype: Any,
        *,
        transposed: bool = False,
    ) -> None:
        """Draw the parameters. Raises TypeError or ValueError for a size that cannot be."""
        (inputs,) = per_axis("in_channels", in_channels, 1, 1)
        (outputs,) = per_axis("out_channels", out_channels, 1, 1)
        (groups,) = per_axis("groups", groups, 1, 1)
        kernel = per_axis("kernel_size", kernel_size, self.ndim, 1)
        if inputs % groups or outputs % groups:
            raise ValueError(
                f"groups={groups} must divide in_channels={inputs} and out_channels={outputs}: "
                f"each group of channels makes its own part of the output."
            )
        first, second = (inputs, outputs) if transposed else (outputs, inputs)
        fans = (inputs // groups * prod(kernel), outputs // groups * prod(kernel))
        weight = glorot_uniform((first, second // groups, *kernel), rng, dtype, fans=fans)
        self.weight = Tensor(weight, requires_grad=True, name="weight")
        zeros = np.zeros(outputs)
        self.bias = Tensor(zeros, requires_grad=True, dtype=dtype, name="bias") if bias else None


class _Convolution(_Kernels):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers | str = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: "np.random.Generator | None" = None,
        dtype: Any = np.float64,
    ) -> None:
        self._start(in_channels, out_channels, kernel_size, groups, bias, rng, dtype)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Array) -> Tensor:
        """The convolution of `x` with the weight, plus the bias."""
        sliding = (self.stride, self.padding, self.dilation, self.groups)
        out: Tensor = conv(self.ndim, x, self.weight, self.bias, *sliding)
        return out


class _Transposed(_Kernels):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Numbers = 1,
        *,
        rng: "np.random.Generator | None" = None,
        dtype: Any = np.float64,
    ) -> None:
        self._start(
            in_channels, out_channels, kernel_size, groups, bias, rng, dtype, transposed=True
        )
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.output_padding, self.groups = output_padding, groups

    def forward(self, x: Array) -> Tensor:
        """The transposed convolution of `x` with the weight, plus the bias."""
        sliding = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        out: Tensor = conv_transpose(self.ndim, x, self.weight, self.bias, *sliding)
        return out


class _MaxPool(_AlongAxes):
    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        dilation: Numbers = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.ceil_mode = dilation, ceil_mode

    def forward(self, x: Array) -> Array:
        """The largest entry of each window of `x`."""
        sliding = (self.stride, self.padding, self.dilation, self.ceil_mode)
        return max_pool(self.ndim, x, self.kernel_size, *sliding)


class _AvgPool(_AlongAxes):
    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x: Array) -> Array:
        """The mean of each window of `x`."""
        sliding = (self.stride, self.padding, self.ceil_mode, self.count_include_pad)
        return avg_pool(self.ndim, x, self.kernel_size, *sliding)


class _AdaptiveAvgPool(_AlongAxes):
    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, x: Array) -> Array:
        """The means of `x` over as many windows as were asked for."""
        return adaptive_avg_pool(self.ndim, x, self.output_size)


class Flatten(Module):
    """All axes from `start_dim` to `end_dim` as one: from images to features for a `Linear`.

    >>> Flatten()(np.ones((5, 2, 3, 4))).shape
    (5, 24)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Array) -> Array:
        """`x` with these axes as one."""
        shape = np.shape(x)
        start, stop = self.start_dim % len(shape), self.end_dim % len(shape) + 1
        return np.reshape(x, (*shape[:start], prod(shape[start:stop]), *shape[stop:]))


# ---------------------------------------------------------------- one, two and three dimensions


class Conv1d(_Convolution, ndim=1):
    """`functional.conv1d` with a weight and a bias of its own: see `Conv2d`.

    >>> Conv1d(2, 3, 5, padding="same")(np.ones((4, 2, 10))).shape
    (4, 3, 10)
    """


class Conv2d(_Convolution, ndim=2):
    """`functional.conv2d` with a weight and a bias of its own.

    `weight` has shape `(out_channels, in_channels / groups, *kernel_size)` and starts as
    `glorot_uniform` drawn from `rng`; `bias` has shape (out_channels,) and starts at zero, or is
    None with `bias=False`. The other options are those of the function.

    Raises ValueError if a number of channels is not positive or not divided by `groups`, and
    TypeError if a size is no integer. A call raises what the function raises.

    >>> Conv2d(3, 8, 3, padding=1)(np.ones((4, 3, 16, 16))).shape
    (4, 8, 16, 16)
    """


class Conv3d(_Convolution, ndim=3):
    """`functional.conv3d` with a weight and a bias of its own: see `Conv2d`.

    >>> Conv3d(1, 2, (1, 2, 3))(np.ones((1, 4, 5, 6))).shape
    (2, 4, 4, 4)
    """


class ConvTranspose1d(_Transposed, ndim=1):
    """`functional.conv_transpose1d` with parameters of its own: see `ConvTranspose2d`.

    >>> ConvTranspose1d(2, 3, 2, stride=2)(np.ones((4, 2, 5))).shape
    (4, 3, 10)
    """


class ConvTranspose2d(_Transposed, ndim=2):
    """`functional.conv_transpose2d` with a weight and a bias of its own.

    As `Conv2d`, but `weight` has shape `(in_channels, out_channels / groups, *kernel_size)`.

    >>> ConvTranspose2d(2, 3, 2, stride=2)(np.ones((4, 2, 5, 5))).shape
    (4, 3, 10, 10)
    """


class ConvTranspose3d(_Transposed, ndim=3):
    """`functional.conv_transpose3d` with parameters of its own: see `ConvTranspose2d`.

    >>> ConvTranspose3d(1, 2, 2, stride=2)(np.ones((1, 4, 5, 6))).shape
    (2, 8, 10, 12)
    """


class MaxPool1d(_MaxPool, ndim=1):
    """`functional.max_pool1d` as a layer.

    >>> MaxPool1d(2)(np.array([3.0, 1.0, 4.0, 1.0]))
    array([3., 4.])
    """


class MaxPool2d(_MaxPool, ndim=2):
    """`functional.max_pool2d` as a layer.

    >>> MaxPool2d(2)(np.ones((3, 8, 6))).shape
    (3, 4, 3)
    """


class MaxPool3d(_MaxPool, ndim=3):
    """`functional.max_pool3d` as a layer."""


class AvgPool1d(_AvgPool, ndim=1):
    """`functional.avg_pool1d` as a layer."""


class AvgPool2d(_AvgPool, ndim=2):
    """`functional.avg_pool2d` as a layer.

    >>> AvgPool2d(2)(np.arange(4.0).reshape(2, 2))
    array([[1.5]])
    """


class AvgPool3d(_AvgPool, ndim=3):
    """`functional.avg_pool3d` as a layer."""


class AdaptiveAvgPool1d(_AdaptiveAvgPool, ndim=1):
    """`functional.adaptive_avg_pool1d` as a layer."""


class AdaptiveAvgPool2d(_AdaptiveAvgPool, ndim=2):
    """`functional.adaptive_avg_pool2d` as a layer.

    >>> AdaptiveAvgPool2d(1)(np.ones((8, 7, 5))).shape
    (8, 1, 1)
    """


class AdaptiveAvgPool3d(_AdaptiveAvgPool, ndim=3):
    """`functional.adaptive_avg_pool3d` as a layer."""
