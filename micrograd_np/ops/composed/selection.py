"""Selection: entries by a condition or a choice, and entries put in and taken out.

Conditions, choices and positions are constants: no gradient belongs to them. An entry that is not
chosen receives zero, whatever the cotangent of the result is.
"""

from collections.abc import Sequence
from operator import index as as_integer
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.core.foreign import is_foreign, like
from micrograd_np.core.forms import expressions, linear
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.core.record import as_input, value_of
from micrograd_np.errors import ForeignArrayError
from micrograd_np.ops.composed.array_like import at_least
from micrograd_np.ops.kernels.axes import shaped_along, with_length


def decisive(function: str, x: Any) -> Any:
    """The values of `x`, for a function whose result has a shape or dtype that depends on them.

    Raises ForeignArrayError if they are in an array of another library.
    """
    value = value_of(x)
    if is_foreign(value):
        raise ForeignArrayError.of(function, value)
    return value


# ---------------------------------------------------------------- by a condition


def bind_where(condition: Array, *branches: Array) -> tuple[Inputs, Options]:
    """The mask is copied; alone, it makes NumPy's `where` give positions, which are constants."""
    if not branches:
        condition = value_of(condition)
    elif type(condition) is np.ndarray:
        condition = condition.copy()
    return (condition, *branches), {}


def alike(choices: Sequence[Array]) -> list[Array]:
    """The choices with Python's numbers in the dtype that all of them have together."""
    weak = (bool, int, float, complex)
    choices = [x if type(x) in weak else as_input(x) for x in choices]
    dtype = np.result_type(*choices)
    return [dtype.type(x) if type(x) in weak else x for x in choices]


def select(condlist: Sequence[Array], choicelist: Sequence[Array], default: Array = 0) -> Array:
    """The choice of the first condition that holds, for each entry."""
    if len(condlist) != len(choicelist) or len(condlist) == 0:
        raise ValueError(
            f"np.select was given {len(condlist)} conditions and {len(choicelist)} choices. Give "
            f"one choice for each condition, and at least one."
        )
    *choices, out = alike([*choicelist, default])
    for condition, choice in reversed(list(zip(condlist, choices, strict=True))):
        dtype = np.result_type(as_input(condition))
        if dtype.kind != "b":
            raise TypeError(
                f"np.select takes conditions of dtype bool, and one of dtype {dtype} was given. "
                f"Compare, as in `x > 0`."
            )
        out = np.where(condition, choice, out)
    return out


def compress(condition: Array, a: Array, axis: int | None = None) -> Array:
    return np.take(a, np.flatnonzero(condition), axis=axis)


def extract(condition: Array, arr: Array) -> Array:
    return np.take(arr, np.flatnonzero(condition))


# ---------------------------------------------------------------- by a choice


def choose(a: Array, choices: Sequence[Array], *, mode: str = "raise") -> Array:
    """`choices[a[i]][i]` for every place `i`, everything broadcast together."""
    which, shape = in_range(a, len(choices), mode), np.shape(a)
    choices = [as_input(x) for x in choices]
    shape = np.broadcast_shapes(shape, *map(np.shape, choices))
    spread = [np.broadcast_to(x, shape) for x in alike(choices)]
    afar = next((x for x in map(value_of, spread) if is_foreign(x)), None)
    stacked = np.stack([like(afar, x) for x in spread])
    which = np.expand_dims(np.broadcast_to(which, shape), 0)
    try:
        return np.take_along_axis(stacked, which, axis=0)[0]
    except IndexError as error:
        raise ValueError(
            f"np.choose: an entry names none of the {len(choices)} choices; see its option `mode`"
        ) from error


def in_range(a: Array, n: int, mode: str) -> Array:
    """Choices in range: others are read as `mode` says, or replaced by `n`, which is no choice."""
    a = as_input(a)
    dtype = np.result_type(a)
    if dtype.kind not in "iub":
        raise TypeError(
            f"np.choose takes integers that say which choice, and dtype {dtype} was given. To "
            f"choose by a condition write np.where or np.select."
        )
    a = np.add(a, np.int_(0))
    if mode == "wrap":
        return a % n
    return np.clip(a, 0, n - 1) if mode == "clip" else np.where(a < 0, n, a)


# ---------------------------------------------------------------- entries put in and taken out


def flat_if_no_axis(x: Array, axis: int | None) -> tuple[Array, int]:
    if axis is None:
        return np.ravel(x), 0
    return as_input(x), normalize_axis_index(as_integer(axis), np.ndim(x))


def delete(arr: Array, obj: Any, axis: int | None = None) -> Array:
    arr, axis = flat_if_no_axis(arr, axis)
    kept = np.delete(np.arange(arr.shape[axis]), value_of(obj))
    return np.take(arr, kept, axis=axis)


def insert(arr: Array, obj: Any, values: Array, axis: int | None = None) -> Array:
    """The new entries joined to the old ones, and all taken in the order of the result."""
    arr, axis = flat_if_no_axis(arr, axis)
    obj, n = value_of(obj), arr.shape[axis]
    count = np.insert(np.arange(n), obj, 0).size - n  # of the places that `obj` names
    values = of_dimensions(as_input(values), arr.ndim)
    if not isinstance(obj, slice) and np.ndim(obj) == 0:
        values = np.moveaxis(values, 0, axis)
    new = np.shape(values)[axis] if count == 1 else count
    order = np.insert(np.arange(n), obj, n + np.arange(new))
    shape = with_length(arr.shape, axis, new)
    values = np.astype(np.broadcast_to(like(arr, values), shape), arr.dtype)
    return np.take(np.concatenate([arr, values], axis=axis), order, axis=axis)


def of_dimensions(values: Array, ndim: int) -> Array:
    """`values` with axes of length 1 in front, or without such axes, for `ndim` axes in all."""
    shape, extra = np.shape(values), np.ndim(values) - ndim
    if extra <= 0:
        return at_least(ndim, values)
    return np.reshape(values, shape[extra:]) if set(shape[:extra]) == {1} else values


def trim_zeros(filt: Array, trim: str = "fb", axis: Any = None) -> Array:
    if trim.lower() not in ("f", "b", "fb", "bf"):
        raise ValueError(f"np.trim_zeros: trim={trim!r} should hold 'f' for front or 'b' for back")
    axes = range(filt.ndim) if axis is None else normalize_axis_tuple(axis, filt.ndim)
    if not axes:
        return filt
    key = [slice(None)] * filt.ndim
    places, sides = np.nonzero(decisive("np.trim_zeros", filt)), trim.lower()
    for i in axes:
        if not len(places[i]):
            key[i] = slice(0)
            continue
        first = places[i].min() if "f" in sides else None
        key[i] = slice(first, places[i].max() + 1 if "b" in sides else None)
    return filt[tuple(key)]


def ix_(*args: Array) -> tuple[Array, ...]:
    """The arrays, each along an axis of its own; masks as the positions where they hold."""
    out = []
    for i, given in enumerate(args):
        if np.ndim(given) != 1:
            raise ValueError(
                f"np.ix_ takes vectors, and an array of shape {np.shape(given)} was given"
            )
        x = as_input(given) if np.shape(given)[0] else np.zeros(0, int)
        x = np.flatnonzero(x) if x.dtype == bool else x
        out.append(shaped_along(i, x, len(args)))
    return tuple(out)


linear(
    np.where,
    None,
    lambda g, out, condition, x, y: np.where(condition, g, 0),
    lambda g, out, condition, x, y: np.where(condition, 0, g),
    binder=bind_where,
)
expressions(np, select, compress, extract, choose, delete, insert, trim_zeros, ix_)
