"""Axes: numbered as NumPy numbers them, and keys and shapes that are about a single one."""

from typing import Any

import numpy as np

from micrograd_np.core.broadcasting import fit
from micrograd_np.core.op import Array

Axis = int | tuple[int, ...] | None
Shape = tuple[int, ...]


def normalize_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes as a tuple of non-negative numbers; None stands for all of them."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, list | tuple) else (axis,)))


def along(axis: int, key: Any, ndim: int) -> tuple[Any, ...]:
    """The index that applies `key` to one axis."""
    return (slice(None),) * (axis % ndim) + (key,)


def shaped_along(axis: int, x: Array, ndim: int) -> Array:
    """A vector laid along one of `ndim` axes."""
    return np.reshape(x, tuple(-1 if i == axis % ndim else 1 for i in range(ndim)))


def with_length(shape: Shape, axis: int, length: int) -> Shape:
    """A shape with another length along one axis."""
    axis %= len(shape)
    return (*shape[:axis], length, *shape[axis + 1 :])


def times_along(axis: int, g: Array, factor: Array, like: Array) -> Array:
    """`g` times a factor that has the summed `axis`, in the shape of `like`.

    The axis goes last meanwhile, for batches broadcast from the right.
    """
    product = np.expand_dims(g, -1) * np.moveaxis(factor, axis, -1)
    return np.moveaxis(fit(product, np.moveaxis(like, axis, -1)), -1, axis)
