"""Conversions of lists, tuples and numbers (array_like) to arrays that keep a history."""

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input


def as_array(x: Array) -> Array:
    """`x` as an array; a list of numbers among which are Tensors keeps their history."""
    if isinstance(x, list | tuple) and any(isinstance(part, Node) for part in x):
        return np.stack(x)
    return as_input(x)


def at_least(ndim: int, x: Array) -> Array:
    """`x` with axes of length 1 put in front, up to `ndim` of them."""
    x = as_array(x)
    missing = ndim - np.ndim(x)
    return np.reshape(x, (1,) * missing + np.shape(x)) if missing > 0 else x
