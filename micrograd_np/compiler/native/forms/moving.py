"""Forms of what shows, moves or repeats entries, and of arrays that are written in several goes."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler import helpers
from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted
from micrograd_np.compiler.native.forms.elementwise import where
from micrograd_np.compiler.native.forms.table import FORMS, Form, form, joint_dtype
from micrograd_np.compiler.native.scalars import NotNative, dtype_of
from micrograd_np.compiler.program import Variable, mapped


def moving(function: Any) -> Form:
    """The form of a function that shows, moves or repeats entries of its first argument."""

    def made(b: Builder, x: Variable, *args: Any, **options: Any) -> Variable:
        args, options = mapped(lambda v: constant_value(b, v), (args, options))
        return b.rearranged(b.array(x), lambda window: function(window, *args, **options))

    return made


def constant_value(b: Builder, x: Any) -> Any:
    """The array of a constant; anything else that is no variable as it is."""
    if isinstance(x, Variable):
        if x not in b.constants:
            raise NotNative("what it moves depends on values")
        return b.constants[x]
    return x


FORMS.update({
    function: moving(function)
    for function in (
        np.ravel, np.transpose, np.matrix_transpose, np.linalg.matrix_transpose, np.swapaxes,
        np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze, np.diagonal, np.linalg.diagonal,
        np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.tile, np.repeat, np.atleast_1d,
        np.atleast_2d, np.atleast_3d, np.take, np.take_along_axis, np.resize,
        np.lib.stride_tricks.sliding_window_view, operator.getitem, np.broadcast_to,
    )
})  # fmt: skip


@form(np.reshape)
def reshape(b: Builder, a: Variable, shape: Any) -> Variable:
    """In another shape, of which one extent may be -1."""
    return b.reshape(b.array(a), np.empty(b.array(a).shape, np.int8).reshape(shape).shape)


@form(np.split, np.array_split)
def split(b: Builder, ary: Variable, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    """Parts along an axis."""
    return parts(b, ary, lambda x: np.array_split(x, indices_or_sections, axis))


@form(np.unstack)
def unstack(b: Builder, x: Variable, axis: int = 0) -> list[Variable]:
    """The slices along an axis."""
    return parts(b, x, lambda y: list(np.moveaxis(y, axis, 0)))


def parts(b: Builder, x: Variable, function: Callable[[Any], list[Any]]) -> list[Variable]:
    """The parts of an array that a function of several results returns as views."""
    count = len(function(np.empty(x.shape, np.int8)))

    def part(number: int) -> Variable:
        return b.rearranged(x, lambda y: function(y)[number])

    return [part(number) for number in range(count)]


@form(np.tril)
def tril(b: Builder, m: Variable, k: int = 0) -> Variable:
    """Zeros above a diagonal."""
    return masked(b, m, np.tril(np.ones(m.shape[-2:], bool), k))


@form(np.triu)
def triu(b: Builder, m: Variable, k: int = 0) -> Variable:
    """Zeros below a diagonal."""
    return masked(b, m, np.triu(np.ones(m.shape[-2:], bool), k))


def masked(b: Builder, x: Variable, mask: np.ndarray[Any, Any]) -> Variable:
    """Zeros where a mask is false."""
    zero = dtype_of(x).type(0)
    return where(b, b.constant(mask, "mask"), x, zero)


# ---------------------------------------------------------------- arrays written in several goes


@form(np.concatenate)
def concatenate(b: Builder, arrays: Sequence[Interpreted], axis: int | None = 0) -> Variable:
    """One array after the other."""
    parts = [b.array(x) for x in arrays]
    if axis is None:
        parts, axis = [b.reshape(x, (x.size,)) for x in parts], 0
    windows = [np.empty(x.shape, np.int8) for x in parts]
    out = np.empty(np.concatenate(windows, axis).shape, np.int8)
    ends = np.cumsum([x.shape[axis] for x in parts])
    places = np.split(out, ends[:-1], axis)
    return b.placed("concatenate", out, joint_dtype(*parts), zip(places, parts, strict=True))


@form(np.stack)
def stack(b: Builder, arrays: Sequence[Interpreted], axis: int = 0) -> Variable:
    """Arrays of one shape along a new axis."""
    parts = [b.array(x) for x in arrays]
    out = np.empty(np.stack([np.empty(x.shape, np.int8) for x in parts], axis).shape, np.int8)
    places = list(np.moveaxis(out, axis, 0)) if parts[0].shape else [
        out[i : i + 1].reshape(()) for i in range(len(parts))
    ]  # fmt: skip
    return b.placed("stack", out, joint_dtype(*parts), zip(places, parts, strict=True))


@form(helpers.scatter, helpers.scatter_add)
def scatter(b: Builder, g: Variable, key: Any, shape: tuple[int, ...]) -> Variable:
    """Zeros with entries added at a key."""
    return b.scattered(g, mapped(lambda x: constant_value(b, x), key), shape)


@form(helpers.index_update)
def index_update(b: Builder, x: Variable, key: Any, value: Interpreted) -> Variable:
    """A copy with other entries at a key."""
    return b.updated(x, mapped(lambda part: constant_value(b, part), key), value)


@form(helpers.index_at)
def index_at(b: Builder, ufunc: np.ufunc, x: Variable, key: Any, values: Interpreted) -> Variable:
    """A copy with values combined with the entries at a key."""
    return b.updated(x, mapped(lambda part: constant_value(b, part), key), values, ufunc)
