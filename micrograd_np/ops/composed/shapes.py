"""Shapes in terms of others: more axes, quarter turns, an array repeated to fill a new shape."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.core.forms import expression, expressions
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.core.safety.solvers import taken


def add_axes(axes: dict[int, tuple[int, ...]]) -> Callable[..., Any]:
    """A function that gives each array the new axes that the table has for its dimensions."""

    def written(*arys: Array) -> Any:
        results = tuple(
            np.expand_dims(x, axes[np.ndim(x)]) if np.ndim(x) in axes else as_input(x)
            for x in taken(arys)
        )
        return results[0] if len(results) == 1 else results

    return written


def rollaxis(a: Array, axis: int, start: int = 0) -> Array:
    axis = normalize_axis_index(axis, a.ndim)
    place = start + a.ndim if start < 0 else start
    if not 0 <= place <= a.ndim:
        raise AxisError(f"np.rollaxis: start={start} for an array of {a.ndim} dimensions")
    return np.moveaxis(a, axis, place - 1 if axis < place else place)


def rot90(m: Array, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    """Quarter turns: a transposition and a flip."""
    first, second = normalize_axis_tuple(axes, m.ndim)
    k %= 4
    if k == 0:
        return m
    if k == 2:
        return np.flip(m, (first, second))
    if k == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


def fliplr(m: Array) -> Array:
    return np.flip(m, 1)


def flipud(m: Array) -> Array:
    return np.flip(m, 0)


def resize(a: Array, new_shape: int | tuple[int, ...]) -> Array:
    """The entries again and again, until the new shape is full."""
    shape = (new_shape,) if isinstance(new_shape, int) else tuple(new_shape)
    if min(shape, default=0) < 0:
        raise ValueError(f"np.resize: all dimensions of {shape} must be 0 or more")
    a = as_input(a)
    if a.size == 0:
        return np.broadcast_to(np.sum(a), shape).astype(a.dtype)  # of nothing NumPy makes zeros
    return np.reshape(np.take(a, np.arange(prod(shape)) % a.size), shape)


def diagflat(v: Array, k: int = 0) -> Array:
    return np.diag(np.ravel(v), k)


expression(np.atleast_1d, add_axes({0: (0,)}))
expression(np.atleast_2d, add_axes({0: (0, 1), 1: (0,)}))
expression(np.atleast_3d, add_axes({0: (0, 1, 2), 1: (0, 2), 2: (2,)}))
expressions(np, rollaxis, rot90, fliplr, flipud, resize, diagflat)
