"""Indexing and its adjoint: reading entries, adding into them, and replacing them.

`x[key]` is linear, its transpose is `scatter`, which adds (duplicate indices add up), and the
transpose of `scatter` is `x[key]` again. Keys are options, with masks and index arrays copied when
the op is recorded, so that changing them later cannot change the gradient.
"""

import operator
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.foreign import is_foreign, like
from micrograd_np.core.forms import linear, primitive
from micrograd_np.core.op import Array, Inputs, Interpreted, Options
from micrograd_np.core.record import as_input, value_of
from micrograd_np.ops.kernels.axes import along
from micrograd_np.ops.kernels.scatter import afar_in, picked, placed, replaced

Key = Any
SIMPLE = (int, slice)
BOOL = np.dtype(bool)
INDICES = (np.ndarray, Interpreted)  # a number that stands for that of every call or example is one


def frozen(key: Key) -> Key:
    """The key as plain data of its own: Tensors become arrays, arrays and lists are copied."""
    if isinstance(key, tuple):
        return tuple(frozen(part) for part in key)
    key = value_of(key)
    if isinstance(key, list) and any(isinstance(part, Interpreted) for part in key):
        return np.stack(key)
    if isinstance(key, list):
        array = np.array(key)
        return array if array.size else array.astype(int)  # of an empty list NumPy makes floats
    if is_foreign(key):
        return key.copy()
    return np.array(key) if isinstance(key, np.ndarray) else key


def is_basic(key: Key) -> bool:
    """Whether the key selects each entry at most once, so that plain assignment scatters it."""
    parts = key if isinstance(key, tuple) else (key,)
    return not any(
        (isinstance(part, INDICES) or is_foreign(part)) and getattr(part, "dtype", None) != BOOL
        for part in parts
    )


@dispatching
def getitem(x: Array, key: Key) -> Array:
    """`x[key]`, for any NumPy key."""
    if type(x) is np.ndarray and type(key) not in SIMPLE:  # it would compute or fetch the indices
        x = like(afar_in(key), x)
    return picked(x, key) if is_foreign(x) else x[key]


@dispatching
def scatter(g: Array, key: Key, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` added at `key`; entries named twice receive both."""
    key = frozen(key)
    if is_foreign(g):
        return placed(g, key, shape)
    out = np.zeros(shape, g.dtype)
    if is_basic(key):
        out[key] = g
    else:
        np.add.at(out, key, g)
    return out


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
    if is_foreign(x) or is_foreign(value):
        return replaced(x, frozen(key), value)
    out = np.array(x)
    out[key] = value
    return out


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


def bind_index_update(x: Array, key: Key, value: Array) -> tuple[Inputs, Options]:
    return (x, value), {"key": frozen(key)}


def update_base(g: Array, out: Array, x: Array, value: Array, key: Key) -> Array:
    return index_update(g, key, 0)


def update_value(g: Array, out: Array, x: Array, value: Array, key: Key) -> Array:
    """The cotangent at the entries written, without those a later duplicate overwrote."""
    arrived = getitem(g, key)
    return arrived if is_basic(key) else arrived * like(g, standing(key, out.shape))


def standing(key: Key, shape: tuple[int, ...]) -> Array:
    """Whether each entry written at `key` is there in the end, not one written over it."""
    afar = afar_in(key)
    blank = like(afar, np.zeros(shape, dtype=int))
    chosen = getitem(blank, key).shape
    numbers = like(afar, np.arange(prod(chosen)).reshape(chosen))
    return np.equal(getitem(index_update(blank, key, numbers), key), numbers)


def bind_take(a: Array, indices: Any, *args: Any, **options: Any) -> tuple[Inputs, Options]:
    options |= zip(("axis", "out", "mode"), args, strict=False)
    return (a,), {"indices": frozen(indices), **options}


def take_transpose(
    g: Array, out: Array, x: Array, indices: Any = 0, axis: int | None = None, mode: str = "raise"
) -> Array:
    shape = x.shape if axis is not None and x.ndim else (x.size,)
    indices = _wrapped(indices, shape[axis or 0], mode)
    return scatter(g, along(axis or 0, indices, len(shape)), shape).reshape(x.shape)


def _wrapped(indices: Any, n: int, mode: str) -> Any:
    """Indices as `mode` reads them: cut off at the ends, around the ends, or as they are."""
    indices = as_input(indices)
    if mode == "clip":
        return np.clip(indices, 0, n - 1)
    return indices % n if mode == "wrap" else indices


def bind_take_along_axis(a: Array, indices: Any, axis: Any = -1) -> tuple[Inputs, Options]:
    return (a,), {"indices": frozen(indices), "axis": axis}


def take_along_axis(x: Array, indices: Any, axis: int | None = -1) -> Array:
    """`np.take_along_axis`, by an index where arrays are another library's: not all have it."""
    if not is_foreign(x):
        return np.take_along_axis(x, indices, axis)
    return getitem(np.ravel(x), indices) if axis is None else getitem(x, grid(indices, axis, x))


def take_along_axis_transpose(
    g: Array, out: Array, x: Array, indices: Any = 0, axis: int | None = -1
) -> Array:
    if axis is None:
        return scatter(g, as_input(indices), (x.size,)).reshape(x.shape)
    return scatter(g, grid(as_input(indices), axis, x), x.shape)


def grid(indices: Any, axis: int, x: Array) -> Key:
    """The key that has indices along one axis, and every position along the others."""
    key = [np.arange(n).reshape((-1,) + (1,) * (x.ndim - i - 1)) for i, n in enumerate(x.shape)]
    key[axis] = indices
    return tuple(key)


def index_update_jvp(ts: list[Array | None], out: Array, x: Array, value: Array, key: Key) -> Array:
    base, new = (np.zeros_like(out) if ts[0] is None else ts[0]), ts[1]
    return index_update(base, key, 0 if new is None else new)


linear(
    getitem,
    lambda g, out, x, key=None: scatter(g, key, x.shape),
    binder=lambda x, key: ((x,), {"key": frozen(key)}),
    aliases=[operator.getitem],
)
linear(
    scatter,
    lambda g, out, x, key=None, shape=None: getitem(g, key),
    binder=lambda g, key, shape: ((g,), {"key": frozen(key), "shape": shape}),
)
primitive(
    index_update,
    update_base,
    update_value,
    jvp=index_update_jvp,
    call=lambda x, value, key: index_update(x, key, value),
    binder=bind_index_update,
    accepted=("key",),
)
linear(np.take, take_transpose, binder=bind_take)
linear(
    np.take_along_axis,
    take_along_axis_transpose,
    binder=bind_take_along_axis,
    call=take_along_axis,
    along=take_along_axis,
)
