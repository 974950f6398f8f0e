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


def symmetric(transform: Transform) -> Rule:
    """The transpose of a transform of complex numbers."""

    def transpose(
        g: Array, out: Array, x: Array, n: int | None = None, axis: int = -1, norm: Any = None
    ) -> Array:
        return cut_or_pad(transform(g, axis=axis, **norm_option(norm)), x.shape[axis], axis)

    return transpose


def by_half_spectrum(transform: Transform) -> Rule:
    """The transpose of a transform to half a spectrum, by its partner."""

    def transpose(
        g: Array, out: Array, x: Array, n: int | None = None, axis: int = -1, norm: Any = None
    ) -> Array:
        n = n or x.shape[axis]
        samples = transform(scale_inner_bins(0.5, g, n, axis), n=n, axis=axis, **norm_option(norm))
        return cut_or_pad(samples, x.shape[axis], axis)

    return transpose


def by_samples(transform: Transform) -> Rule:
    """The transpose of a transform from half a spectrum, by its partner."""

    def transpose(
        g: Array, out: Array, x: Array, n: int | None = None, axis: int = -1, norm: Any = None
    ) -> Array:
        bins = scale_inner_bins(
            2, transform(g, axis=axis, **norm_option(norm)), g.shape[axis], axis
        )
        return cut_or_pad(bins, x.shape[axis], axis)

    return transpose


# fmt: off
linear(np.fft.fft,       symmetric(np.fft.fft))
linear(np.fft.ifft,      symmetric(np.fft.ifft))
linear(np.fft.rfft,      by_half_spectrum(np.fft.hfft))
linear(np.fft.hfft,      by_samples(np.fft.rfft))
linear(np.fft.ihfft,     by_half_spectrum(np.fft.irfft))
linear(np.fft.irfft,     by_samples(np.fft.ihfft))
linear(np.fft.fftshift,  lambda g, out, x, axes=None: np.fft.ifftshift(g, axes=axes))
linear(np.fft.ifftshift, lambda g, out, x, axes=None: np.fft.fftshift(g, axes=axes))
# fmt: on

# ---------------------------------------------------------------- along several axes

Sizes = Sequence[int] | None
Axes = Sequence[int] | None


def lengths(a: Array, s: Sizes, axes: Axes, half: bool = False) -> list[Options]:
    """The options `n` and `axis` of the transform along each axis, in order.

    Without `s` every axis keeps its length; the last of `half` a spectrum has its even length.
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
    if half and s is None:
        sizes[-1] = 2 * (a.shape[axes[-1]] - 1)
    return [
        {"n": a.shape[axis] if n == -1 else n, "axis": axis}
        for n, axis in zip(sizes, axes, strict=True)
    ]


def from_last(transform: Transform, axes: Axes = None) -> Transform:
    """The transform along several axes, the last one first; `axes` are the ones it has by default."""

    def written(a: Array, s: Sizes = None, axes: Axes = axes, norm: Any = None) -> Array:
        for options in reversed(lengths(a, s, axes)):
            a = transform(a, **options, **norm_option(norm))
        return a

    return written


def to_half(axes: Axes = None) -> Transform:
    """A transform of real samples: the last axis by `rfft`, then the others."""

    def written(a: Array, s: Sizes = None, axes: Axes = axes, norm: Any = None) -> Array:
        found = lengths(a, s, axes)
        a = np.fft.rfft(a, **found[-1], **norm_option(norm))
        for options in reversed(found[:-1]):
            a = np.fft.fft(a, **options, **norm_option(norm))
        return a

    return written


def from_half(axes: Axes = None) -> Transform:
    """A transform to real samples: the last axis by `irfft`, after the others."""

    def written(a: Array, s: Sizes = None, axes: Axes = axes, norm: Any = None) -> Array:
        found = lengths(a, s, axes, half=True)
        for options in found[:-1]:
            a = np.fft.ifft(a, **options, **norm_option(norm))
        return np.fft.irfft(a, **found[-1], **norm_option(norm))

    return written


# fmt: off
expression(np.fft.fftn,   from_last(np.fft.fft))
expression(np.fft.ifftn,  from_last(np.fft.ifft))
expression(np.fft.fft2,   from_last(np.fft.fft, (-2, -1)))
expression(np.fft.ifft2,  from_last(np.fft.ifft, (-2, -1)))
expression(np.fft.rfftn,  to_half())
expression(np.fft.rfft2,  to_half((-2, -1)))
expression(np.fft.irfftn, from_half())
expression(np.fft.irfft2, from_half((-2, -1)))
# fmt: on
