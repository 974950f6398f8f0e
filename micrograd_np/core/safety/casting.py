"""Casting: whether numbers keep their size in another dtype."""

from typing import Any

import numpy as np

BLOCK = 1 << 16  # numbers that are cast at a time


def overflows(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> bool:
    """Whether a finite number would become infinite in another dtype.

    A block of rows is cast at a time, so that data on disk are never in memory as a whole.
    """
    if np.can_cast(array.dtype, dtype):
        return False
    array = np.atleast_1d(array)
    rows = max(1, BLOCK // max(1, array[:1].size))
    with np.errstate(over="raise"):
        try:
            for start in range(0, len(array), rows):
                array[start : start + rows].astype(dtype)
        except FloatingPointError:
            return True
    return False
