"""The extension `fft` of the standard: Fourier transforms."""

from typing import Any

import numpy as np

from micrograd_np.array_api.wrapping import of_numpy
from micrograd_np.core.record import untracked

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfftn", "rfft", "rfftfreq", "rfftn",
]  # fmt: skip

# fmt: off
fft       = of_numpy("fft.fft")
fftn      = of_numpy("fft.fftn")
fftshift  = of_numpy("fft.fftshift")
hfft      = of_numpy("fft.hfft")
ifft      = of_numpy("fft.ifft")
ifftn     = of_numpy("fft.ifftn")
ifftshift = of_numpy("fft.ifftshift")
ihfft     = of_numpy("fft.ihfft")
irfft     = of_numpy("fft.irfft")
irfftn    = of_numpy("fft.irfftn")
rfft      = of_numpy("fft.rfft")
rfftn     = of_numpy("fft.rfftn")
# fmt: on


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the entries of a transform of length `n`, at a spacing of `d`.

    As `np.fft.fftfreq`, in any floating-point `dtype`.

    >>> fftfreq(4, d=0.25)
    Tensor([ 0.,  1., -2., -1.])
    """
    return untracked(np.fft.fftfreq(n, d, device=device).astype(dtype or float))


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the entries of a transform of `n` real numbers, `rfft`.

    Half of `fftfreq`, without the mirrored half. As `np.fft.rfftfreq`, in any floating-point
    `dtype`.

    >>> rfftfreq(4, d=0.25)
    Tensor([0., 1., 2.])
    """
    return untracked(np.fft.rfftfreq(n, d, device=device).astype(dtype or float))
