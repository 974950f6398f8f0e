"""Undoing broadcasting: fitting a cotangent to the input it belongs to."""

from typing import Any

import numpy as np

Array = Any
NUMPY = (np.ndarray, np.generic)


def fit(g: Array, like: Array) -> Array:
    """`g` with the shape and dtype of `like`: summed over broadcast axes, or spread along them.

    The adjoint of broadcasting `like` up to `g.shape` is the sum over the axes that were added or
    stretched; the adjoint of a sum is the spreading.
    """
    if g.shape == ():
        g = spread(g, like.shape)
    elif g.shape != like.shape:
        g = _reshaped(g, like.shape)
    return g if g.dtype == like.dtype else _cast(g, like.dtype)


def _cast(g: Array, dtype: np.dtype[Any]) -> Array:
    """In another dtype. Of a complex number only the real part reaches what is real: `Re(g dx)`."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = np.real(g)
    return g.astype(dtype)


def _reshaped(g: Array, shape: tuple[int, ...]) -> Array:
    added = g.ndim - len(shape)
    stretched = [i for i, n in enumerate(shape, added) if i >= 0 and n == 1 and g.shape[i] != 1]
    if added > 0 or stretched:
        g = g.sum(axis=(*range(added), *stretched), keepdims=True)
    if added > 0:
        g = g.reshape(g.shape[added:])
    return g if g.shape == shape else spread(g, shape)


def spread(g: Array, shape: tuple[int, ...]) -> Array:
    """Broadcast up. A fresh array is several times faster than a view while arrays are small."""
    if isinstance(g, NUMPY) and g.shape == () and shape:
        out = np.empty(shape, g.dtype)
        out.fill(g)
        return out
    return np.broadcast_to(g, shape) if shape else g
