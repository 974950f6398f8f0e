"""Indexing and its adjoint: reading entries, adding into them, and replacing them.

`x[key]` is linear, its transpose is `scatter`, which adds (duplicate indices add up), and the
transpose of `scatter` is `x[key]` again. Keys are options. Masks and index arrays are copied when
the op is recorded, so that changing them later cannot change the gradient.
"""

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import linear, primitive
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.ops.kernels.axes import along
from micrograd_np.ops.kernels.index_keys import Key, apply_mode, frozen, is_basic
from micrograd_np.ops.kernels.libraries import grid, like, take_along_axis
from micrograd_np.ops.kernels.scatter import (
    SIMPLE,
    gather,
    place_numbers,
    scatter_last,
    scatter_sum,
)


@dispatching
def getitem(x: Array, key: Key) -> Array:
    """`x[key]`, for any NumPy key."""
    return x[key] if type(key) in SIMPLE else gather(x, key)


@dispatching
def scatter(g: Array, key: Key, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` added at `key`; entries named twice receive both."""
    return scatter_sum(g, key, shape)


@dispatching
def index_update(x: Array, key: Key, value: Array) -> Array:
    """A copy of `x` with `x[key] = value`, differentiable in both.

    The functional form of item assignment. `value` broadcasts to the shape of `x[key]` and is cast
    to the dtype of `x`. Where `key` names an entry twice, the last value stands, as in NumPy, and
    the gradient is that of the entry that stands; `index_add` adds all of them.

    Raises IndexError for an index out of range, ValueError if `value` does not broadcast.

    >>> index_update(np.zeros(3), 1, 5.0)
    array([0., 5., 0.])
    """
    return scatter_last(x, key, value)


def fill_diagonal(x: Array, value: Array, wrap: bool = False) -> Array:
    """A copy of `x` with `value` on its main diagonal, differentiable in both.

    The functional form of `np.fill_diagonal`: of an array of more than two dimensions, which must
    be of equal length, the entries `x[i, i, …, i]`. An array of values is repeated until the
    diagonal is full. `wrap`: a tall matrix has its diagonal begin again below.

    Raises ValueError for an array of fewer than two dimensions, one of more than two whose
    dimensions are not of equal length, and for a value without entries.

    >>> fill_diagonal(np.zeros((2, 3)), [5.0, 6.0])
    array([[5., 0., 0.],
           [0., 6., 0.]])
    """
    shape = np.shape(x)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ValueError(
            f"fill_diagonal: an array of shape {shape} has no main diagonal. Give a matrix, or an "
            f"array of more dimensions that are all of equal length."
        )
    step = 1 + sum(prod(shape[i + 1 :]) for i in range(len(shape) - 1))
    end = None if wrap or len(shape) > 2 else shape[1] * shape[1]
    places = np.unravel_index(np.arange(prod(shape))[:end:step], shape)
    if np.ndim(value):
        count = prod(np.shape(value))
        if count == 0:
            raise ValueError("fill_diagonal: there is no value to fill in, `value` is empty")
        value = np.ravel(value)[np.arange(len(places[0])) % count]
    return index_update(x, places, value)


def update_value(g: Array, out: Array, x: Array, value: Array, key: Key) -> Array:
    """The cotangent at the entries written, without those a later duplicate overwrote."""
    written = getitem(g, key)
    return written if is_basic(key) else written * like(g, survives(key, out.shape))


def survives(key: Key, shape: tuple[int, ...]) -> Array:
    """Whether each entry written at `key` is there in the end, and no later one in its place."""
    places = place_numbers(key, shape)
    numbers = place_numbers(key, getitem(places, key).shape)
    return np.equal(getitem(index_update(places, key, numbers), key), numbers)


def index_update_jvp(ts: list[Array | None], out: Array, x: Array, value: Array, key: Key) -> Array:
    base, new = (np.zeros_like(out) if ts[0] is None else ts[0]), ts[1]
    return index_update(base, key, 0 if new is None else new)


def bind_take(a: Array, indices: Any, *args: Any, **options: Any) -> tuple[Inputs, Options]:
    options |= zip(("axis", "out", "mode"), args, strict=False)
    return (a,), {"indices": frozen(indices), **options}


def take_transpose(
    g: Array, out: Array, x: Array, indices: Any = 0, axis: int | None = None, mode: str = "raise"
) -> Array:
    shape = x.shape if axis is not None and x.ndim else (x.size,)
    indices = apply_mode(indices, shape[axis or 0], mode)
    return scatter(g, along(axis or 0, indices, len(shape)), shape).reshape(x.shape)


def take_along_axis_transpose(
    g: Array, out: Array, x: Array, indices: Any = 0, axis: int | None = -1
) -> Array:
    if axis is None:
        return scatter(g, indices, (x.size,)).reshape(x.shape)
    return scatter(g, grid(indices, axis, x), x.shape)


def by_inputs(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `(x, key, values)` as one of its inputs and the key."""
    return lambda x, values, key: function(x, key, values)


# fmt: off
linear   (getitem,            lambda g, out, x, key=None: scatter(g, key, x.shape),       binder=lambda x, key: ((x,), {"key": frozen(key)}), aliases=[operator.getitem])
linear   (scatter,            lambda g, out, x, key=None, shape=None: getitem(g, key),    binder=lambda g, key, shape: ((g,), {"key": frozen(key), "shape": shape}))
primitive(index_update,       lambda g, out, x, value, key: index_update(g, key, 0), update_value, jvp=index_update_jvp, accepted=("key",), call=by_inputs(index_update), binder=lambda x, key, value: ((x, value), {"key": frozen(key)}))
linear   (np.take,            take_transpose,                                             binder=bind_take)
linear   (np.take_along_axis, take_along_axis_transpose,                                  binder=lambda a, indices, axis=-1: ((a,), {"indices": frozen(indices), "axis": axis}), call=take_along_axis, along=take_along_axis)
# fmt: on
