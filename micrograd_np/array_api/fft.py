"""The extension `fft` of the standard: Fourier transforms."""

from typing import Any

import numpy as np

from micrograd_np.array_api.wrapping import as_tensor, of_numpy
from micrograd_np.core.tensor import Tensor

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfftn", "rfft", "rfftfreq", "rfftn",
]  # fmt: skip

fft, ifft, fftn, ifftn = of_numpy("fft ifft fftn ifftn", "fft")
rfft, irfft, rfftn, irfftn = of_numpy("rfft irfft rfftn irfftn", "fft")
hfft, ihfft, fftshift, ifftshift = of_numpy("hfft ihfft fftshift ifftshift", "fft")


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the entries of a transform of length `n`, at a spacing of `d`.

    As `np.fft.fftfreq`, in any floating-point `dtype`.

    >>> fftfreq(4, d=0.25)
    Tensor([ 0.,  1., -2., -1.])
    """
    return as_tensor(np.fft.fftfreq(n, d, device=device).astype(dtype or float))


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the entries of a transform of `n` real numbers, `rfft`.

    Half of `fftfreq`, without the mirrored half. As `np.fft.rfftfreq`, in any floating-point
    `dtype`.

    >>> rfftfreq(4, d=0.25)
    Tensor([0., 1., 2.])
    """
    return as_tensor(np.fft.rfftfreq(n, d, device=device).astype(dtype or float))
