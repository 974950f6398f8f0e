"""Discrete Fourier transforms: linear ops along one axis, and their composition along several.

A transform of complex numbers has a symmetric matrix, so the transform is its own transpose, of
equal norm. Transforms between real samples and half a spectrum (`n // 2 + 1` bins, the other half
being their conjugates) come in pairs, `rfft` with `hfft` and `ihfft` with `irfft`. The transpose of
one is the other, up to the *inner* bins: a transform to samples counts them twice, for themselves
and for their conjugates. The first bin, and the last of an even `n`, stand for themselves; their
imaginary part is ignored, and so receives no gradient.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.forms import expression, linear
from micrograd_np.core.op import Array, Options, Rule
from micrograd_np.ops.kernels.axes import along, shaped_along
from micrograd_np.ops.kernels.libraries import like

Transform = Callable[..., Array]

# ---------------------------------------------------------------- along one axis


def cut_or_pad(x: Array, size: int, axis: int) -> Array:
    """The first `size` entries along `axis`, with zeros for those that are missing."""
    missing = size - x.shape[axis]
    axis %= x.ndim
    if missing < 0:
        return x[along(axis, slice(size), x.ndim)]
    widths = [(0, missing if i == axis else 0) for i in range(x.ndim)]
    return np.pad(x, widths) if missing else x


def scale_inner_bins(factor: float, x: Array, n: int, axis: int) -> Array:
    """Half a spectrum of `n` samples with its inner bins multiplied."""
    factors = np.full(n // 2 + 1, factor, np.finfo(x.dtype).dtype)
    factors[0] = 1
    if n % 2 == 0:
        factors[-1] = 1
    return x * like(x, shaped_along(axis, factors, x.ndim))


def norm_option(norm: str | None) -> Options:
    """The norm as an option, unless it is None: transforms of other libraries lack the option."""
    return {} if norm is None else {"norm": norm}


def back_by(partner: Transform, given: float = 1, found: float = 1) -> Rule:
    """The transpose of a transform, by its partner.

    `given` and `found` multiply the inner bins of the half spectrum that the partner takes, or
    makes.
    """

    def transpose(
        g: Array, out: Array, x: Array, n: int | None = None, axis: int = -1, norm: Any = None
    ) -> Array:
        samples: Options = {}
        if given != 1:
            samples["n"] = n or x.shape[axis]
            g = scale_inner_bins(given, g, samples["n"], axis)
        back = partner(g, axis=axis, **samples, **norm_option(norm))
        if found != 1:
            back = scale_inner_bins(found, back, g.shape[axis], axis)
        return cut_or_pad(back, x.shape[axis], axis)

    return transpose


# fmt: off
linear(np.fft.fft,       back_by(np.fft.fft))
linear(np.fft.ifft,      back_by(np.fft.ifft))
linear(np.fft.rfft,      back_by(np.fft.hfft, given=0.5))
linear(np.fft.hfft,      back_by(np.fft.rfft, found=2))
linear(np.fft.ihfft,     back_by(np.fft.irfft, given=0.5))
linear(np.fft.irfft,     back_by(np.fft.ihfft, found=2))
linear(np.fft.fftshift,  lambda g, out, x, axes=None: np.fft.ifftshift(g, axes=axes))
linear(np.fft.ifftshift, lambda g, out, x, axes=None: np.fft.fftshift(g, axes=axes))
# fmt: on

# ---------------------------------------------------------------- along several axes

Sizes = Sequence[int] | None
Axes = Sequence[int] | None


def lengths(a: Array, s: Sizes, axes: Axes, to_samples: bool) -> list[Options]:
    """The options `n` and `axis` of the transform along each axis, in order.

    Without `s` every axis keeps its length; `to_samples` gives the last the even length that its
    half a spectrum stands for.
    """
    if axes is None:
        if s is not None and len(s) != a.ndim:
            raise ValueError(
                f"a transform of an array of shape {a.shape} was given s={s!r} without axes. Name "
                f"the axes that these lengths belong to."
            )
        axes = range(a.ndim)
    sizes = [-1] * len(axes) if s is None else list(s)
    if len(sizes) != len(axes):
        raise ValueError(f"s={s!r} and axes={axes!r} have different lengths: give one of each.")
    if to_samples and s is None:
        sizes[-1] = 2 * (a.shape[axes[-1]] - 1)
    return [
        {"n": a.shape[axis] if n == -1 else n, "axis": axis}
        for n, axis in zip(sizes, axes, strict=True)
    ]


def along_axes(
    others: Transform, last: Transform, axes: Axes = None, to_samples: bool = False
) -> Transform:
    """A transform of the last axis, and another of the others; `axes` are those of the default.

    The last axis comes first, but for a transform to real samples, which comes after the others.
    """

    def written(a: Array, s: Sizes = None, axes: Axes = axes, norm: Any = None) -> Array:
        found = lengths(a, s, axes, to_samples)
        transforms = [others] * len(found)
        if last is not others:
            transforms[-1] = last
        steps = list(zip(transforms, found, strict=True))
        for transform, options in steps if to_samples else reversed(steps):
            a = transform(a, **options, **norm_option(norm))
        return a

    return written


PLANE = (-2, -1)

# fmt: off
expression(np.fft.fftn,   along_axes(np.fft.fft,  np.fft.fft))
expression(np.fft.ifftn,  along_axes(np.fft.ifft, np.fft.ifft))
expression(np.fft.rfftn,  along_axes(np.fft.fft,  np.fft.rfft))
expression(np.fft.irfftn, along_axes(np.fft.ifft, np.fft.irfft, to_samples=True))
expression(np.fft.fft2,   along_axes(np.fft.fft,  np.fft.fft,   PLANE))
expression(np.fft.ifft2,  along_axes(np.fft.ifft, np.fft.ifft,  PLANE))
expression(np.fft.rfft2,  along_axes(np.fft.fft,  np.fft.rfft,  PLANE))
expression(np.fft.irfft2, along_axes(np.fft.ifft, np.fft.irfft, PLANE, to_samples=True))
# fmt: on
