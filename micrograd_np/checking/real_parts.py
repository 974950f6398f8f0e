"""Complex arrays as two real ones each, so that every check is a check of real numbers."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.safety.copying import copied


def real_parts(arrays: Iterable[Array]) -> list[Array]:
    """The arrays as real ones: of a complex one the real part, then the imaginary part."""
    return [
        part
        for x in arrays
        for part in ((copied(x.real), copied(x.imag)) if x.dtype.kind == "c" else (x,))
    ]


def real_part_names(names: Iterable[str], arrays: Iterable[Array]) -> list[str]:
    """The names of the real parts of arrays that have these names."""
    return [
        ".".join(filter(None, (name, part)))
        for name, x in zip(names, arrays, strict=True)
        for part in (("real", "imag") if x.dtype.kind == "c" else ("",))
    ]


def from_real_parts(parts: Iterable[Array], dtypes: Iterable[np.dtype[Any]]) -> list[Array]:
    """The arrays of these dtypes whose real parts these are."""
    rest = iter(parts)
    found = []
    for dtype in dtypes:
        x = np.array(next(rest), dtype)
        if dtype.kind == "c":
            x.imag = next(rest)
        found.append(x)
    return found
