"""Rows of the op tests: discrete Fourier transforms, of real and of complex numbers."""

from typing import Any

import numpy as np

from optable.table import Case, any_real, case, complex_case, row

# fmt: off
ONE_AXIS: list[tuple[Any, dict[str, Any]]] = [
    ((5,), {}), ((4,), {}), ((1,), {}), ((2, 3), {}), ((2, 3), {"axis": 0}), ((3, 4, 2), {"axis": -2}),
    ((2, 4), {"n": 6}), ((2, 4), {"n": 7}), ((2, 5), {"n": 4}), ((2, 6), {"n": 3}), ((4, 2), {"n": 1, "axis": 0}),
    ((4, 2), {"n": 2, "axis": 0}), ((0, 3), {}), ((2, 4), {"norm": "ortho"}), ((5,), {"norm": "forward"}),
    ((2, 4), {"norm": "backward"}), ((3, 4), {"n": 5, "axis": 0, "norm": "ortho"}),
]
SEVERAL_AXES: list[tuple[Any, dict[str, Any]]] = [
    ((3, 4), {}), ((2, 3, 4), {}), ((2, 3, 4), {"axes": (0, 2)}), ((3, 4), {"axes": (1, 0)}), ((2, 4), {"axes": (-1,)}),
    ((3, 4), {"axes": (0, 0)}), ((2, 4), {"axes": (1, 0, 1)}), ((3, 4), {"s": (2, 5), "axes": (0, 1)}),
    ((3, 4), {"s": (5, 4), "axes": (0, -1)}), ((3, 4), {"s": (-1, 3), "axes": (0, 1)}), ((2, 3, 4), {"s": (6, 2), "axes": (2, 0)}),
    ((0, 3, 4), {"axes": (1, 2)}), ((1, 2), {}), ((3, 4), {"norm": "ortho"}), ((3, 4), {"norm": "forward"}),
    ((3, 4), {"s": (2, 5), "axes": (1, 1)}),
]
# fmt: on


def real(cases: list[Any]) -> list[Case]:
    return [case(shape, **options) for shape, options in cases]


def complex_(cases: list[Any]) -> list[Case]:
    return [complex_case(shape, **options) for shape, options in cases]


def to_samples(cases: list[Any]) -> list[Case]:
    """A single bin is half the spectrum of no samples, unless their number is given."""
    cases = [
        ((*shape[:-1], 2) if shape[-1] == 1 and "n" not in options else shape, options)
        for shape, options in cases
    ]
    return [*complex_(cases), *real(cases[:4])]


for function in (np.fft.fft, np.fft.ifft):
    row(function, any_real, *complex_(ONE_AXIS), *real(ONE_AXIS), lacks="single")
for function in (np.fft.rfft, np.fft.ihfft):
    row(function, any_real, *real(ONE_AXIS), lacks="single")
for function in (np.fft.irfft, np.fft.hfft):
    row(function, any_real, *to_samples(ONE_AXIS), complex_case((3, 1), n=1), lacks="single")

for function in (np.fft.fftn, np.fft.ifftn):
    row(function, any_real, *complex_(SEVERAL_AXES), *real(SEVERAL_AXES[:8]), lacks="single")
for function in (np.fft.fft2, np.fft.ifft2):
    row(function, any_real, *complex_(SEVERAL_AXES), *real(SEVERAL_AXES[:2]), lacks="single")
for function in (np.fft.rfftn, np.fft.rfft2):
    row(function, any_real, *real(SEVERAL_AXES), lacks="single")
for function in (np.fft.irfftn, np.fft.irfft2):
    row(function, any_real, *to_samples(SEVERAL_AXES), lacks="single")

for function in (np.fft.fftshift, np.fft.ifftshift):
    row(
        function, any_real, case((5,)), case((3, 4)), case((3, 4), axes=0), case((3, 4), axes=(1,)),
        case((0, 2)), complex_case((3, 4), axes=(0, -1)), complex_case((5, 2)), lacks="single",
    )  # fmt: skip
