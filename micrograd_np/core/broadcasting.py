"""Undoing broadcasting: fitting a cotangent to the input it belongs to."""

from math import isnan
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
        g = spread(g, like)
    elif g.shape != like.shape:
        g = _reshaped(g, like)
    return g if g.dtype == like.dtype else _cast(g, like.dtype)


def _cast(g: Array, dtype: np.dtype[Any]) -> Array:
    """`g` in another dtype. For a real input only the real part counts: `Re(g dx)`."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = np.real(g)
    return g.astype(dtype)


def _reshaped(g: Array, like: Array) -> Array:
    shape = like.shape
    added = g.ndim - len(shape)
    stretched = [i for i, n in enumerate(shape, added) if i >= 0 and n == 1 and g.shape[i] != 1]
    if added > 0 or stretched:
        g = g.sum(axis=(*range(added), *stretched), keepdims=True)
    if added > 0:
        g = g.reshape(g.shape[added:])
    if g.shape == shape:
        return g
    agrees = len(g.shape) == len(shape) and all(
        n == m or isnan(n)  # a length that Dask does not know yet
        for n, m in zip(g.shape, shape, strict=True)
    )
    return g if agrees else spread(g, like)


def _is_foreign(like: Array) -> bool:
    """Whether it is, or stands for, an array of another library."""
    while hasattr(like, "value"):
        like = like.value
    return not isinstance(like, NUMPY)


def spread(g: Array, like: Array) -> Array:
    """`g` broadcast up. A fresh array is several times faster than a view of few entries."""
    shape = like.shape
    if isinstance(g, NUMPY) and g.shape == () and shape:
        out = np.empty(shape, g.dtype)
        out.fill(g)
        return out
    if _is_foreign(like):  # it may be in blocks, and what is spread along it is in the same
        return np.ones_like(like) * g
    return np.broadcast_to(g, shape=shape) if shape else g
