"""Conversions of what NumPy calls array_like to arrays of as many axes as asked for."""

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input


def at_least(ndim: int, x: Array) -> Array:
    """`x` with axes of length 1 put in front, up to `ndim` of them."""
    x = as_input(x)
    missing = ndim - np.ndim(x)
    return np.reshape(x, (1,) * missing + np.shape(x)) if missing > 0 else x
