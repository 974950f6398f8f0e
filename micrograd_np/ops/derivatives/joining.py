"""Joining and splitting: several arrays as one, and one as several.

Joins are linear in the list of their inputs. The spellings for rows, columns and depth are
expressions of `np.concatenate`, with axes added in front or behind as NumPy adds them.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expression, linear, primitive
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted, Options
from micrograd_np.ops.derivatives.indexing import scatter
from micrograd_np.ops.kernels.axes import along

Cuts = Any  # a number of sections, or the positions at which to cut

# ---------------------------------------------------------------- joining


def undo_concatenate(
    g: Array,
    out: Array,
    *inputs: Array,
    index: int,
    axis: int | None = 0,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Array:
    """The part of the cotangent that came from the input at `index`."""
    if axis is None:
        start = sum(prod(np.shape(x)) for x in inputs[:index])
        return g[start : start + inputs[index].size].reshape(inputs[index].shape)
    axis %= g.ndim
    start = sum(x.shape[axis] for x in inputs[:index])
    return g[along(axis, slice(start, start + inputs[index].shape[axis]), g.ndim)]


def undo_stack(
    g: Array,
    out: Array,
    *inputs: Array,
    index: int,
    axis: int = 0,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Array:
    return g[along(axis, index, g.ndim)]


def cast(dtype: Any, casting: str) -> Options:
    """The options of a join that says how to convert, if it does."""
    return {} if dtype is None else {"dtype": dtype, "casting": casting}


def vstack(tup: Sequence[Array], *, dtype: Any = None, casting: str = "same_kind") -> Array:
    return np.concatenate([np.atleast_2d(x) for x in tup], axis=0, **cast(dtype, casting))


def hstack(tup: Sequence[Array], *, dtype: Any = None, casting: str = "same_kind") -> Array:
    parts = [np.atleast_1d(x) for x in tup]
    return np.concatenate(parts, axis=min(parts[0].ndim - 1, 1), **cast(dtype, casting))


def dstack(tup: Sequence[Array], *, dtype: Any = None, casting: str = "same_kind") -> Array:
    return np.concatenate([np.atleast_3d(x) for x in tup], axis=2, **cast(dtype, casting))


def column_stack(tup: Sequence[Array]) -> Array:
    """Vectors and numbers stand upright."""
    parts = [np.reshape(x, (-1, 1)) if np.ndim(x) < 2 else x for x in tup]
    return np.concatenate(parts, axis=1)


def append(arr: Array, values: Array, axis: int | None = None) -> Array:
    parts = [x if hasattr(x, "dtype") else like(arr, np.asarray(x)) for x in (arr, values)]
    return np.concatenate(parts, axis=axis)


# ---------------------------------------------------------------- blocks


def block(arrays: Any) -> Array:
    """Innermost lists joined along the last axis, the lists around them along the one before."""
    depth = depth_of(arrays)
    ndim = max(depth, *(np.ndim(x) for x in flattened(arrays)))
    return joined_block(arrays, -depth, ndim)


def depth_of(arrays: Any) -> int:
    """How deep lists are nested, which has to be the same everywhere."""
    if isinstance(arrays, tuple):
        raise TypeError("np.block joins lists, and a tuple was given. Write [...] for (...).")
    if not isinstance(arrays, list):
        return 0
    depths = {depth_of(part) for part in arrays}
    if len(depths) != 1:
        what = "lists of different depth" if depths else "an empty list"
        raise ValueError(f"np.block was given {what}. Nest every array in equally many lists.")
    return 1 + depths.pop()


def flattened(arrays: Any) -> list[Array]:
    if not isinstance(arrays, list):
        return [arrays]
    return [x for part in arrays for x in flattened(part)]


def joined_block(arrays: Any, axis: int, ndim: int) -> Array:
    if not isinstance(arrays, list):
        missing = tuple(range(ndim - np.ndim(arrays)))
        return np.expand_dims(arrays, missing) if missing else arrays
    return np.concatenate([joined_block(part, axis + 1, ndim) for part in arrays], axis=axis)


# ---------------------------------------------------------------- splitting


def cut(function: Callable[..., Any]) -> Callable[..., Any]:
    """`np.split` or `np.array_split`, by slices where another library does not have them."""

    def parts(x: Array, indices_or_sections: Cuts = 1, axis: int = 0) -> Any:
        if isinstance(x, np.ndarray | Node | Interpreted):
            return function(x, indices_or_sections, axis=axis)
        positions = function(np.arange(x.shape[axis]), indices_or_sections)
        spans = [slice(p[0], p[-1] + 1) if p.size else slice(0) for p in positions]
        return [x[along(axis, span, x.ndim)] for span in spans]

    return parts


def unstacked(x: Array, axis: int = 0) -> tuple[Array, ...]:
    if isinstance(x, np.ndarray | Node | Interpreted):
        parts: tuple[Array, ...] = np.unstack(x, axis=axis)  # type: ignore[arg-type] # it dispatches
        return parts
    moved = np.moveaxis(x, axis, 0)
    return tuple(moved[i] for i in range(moved.shape[0]))


def undo_split(
    g: list[Array], out: Any, x: Array, indices_or_sections: Cuts = 1, axis: int = 0
) -> Array:
    """The parts side by side, or added up where cuts that decrease made them overlap."""
    positions = np.arange(x.shape[axis])
    sources = np.concatenate(np.array_split(positions, indices_or_sections))
    joined = np.concatenate(g, axis=axis)
    if np.array_equal(sources, positions):
        return joined
    return scatter(joined, along(axis, sources, x.ndim), x.shape)


def split_jvp(
    ts: list[Array], out: Any, x: Array, indices_or_sections: Cuts = 1, axis: int = 0
) -> Any:
    return cut(np.array_split)(ts[0], indices_or_sections, axis)


def hsplit(ary: Array, indices_or_sections: Cuts) -> list[Array]:
    needs_axes(ary, 1, "np.hsplit")
    return np.split(ary, indices_or_sections, axis=min(ary.ndim - 1, 1))


def vsplit(ary: Array, indices_or_sections: Cuts) -> list[Array]:
    needs_axes(ary, 2, "np.vsplit")
    return np.split(ary, indices_or_sections, axis=0)


def dsplit(ary: Array, indices_or_sections: Cuts) -> list[Array]:
    needs_axes(ary, 3, "np.dsplit")
    return np.split(ary, indices_or_sections, axis=2)


def needs_axes(x: Array, count: int, name: str) -> None:
    if x.ndim < count:
        raise ValueError(
            f"{name} works on arrays of {count} or more dimensions, and one of shape {x.shape} was "
            f"given."
        )


# fmt: off
linear    (np.concatenate,  undo_concatenate, sequence=True, parameters="arrays axis out dtype casting")
linear    (np.stack,        undo_stack,       sequence=True)
expression(np.vstack,       vstack)
expression(np.hstack,       hstack)
expression(np.dstack,       dstack)
expression(np.column_stack, column_stack)
expression(np.append,       append)
expression(np.block,        block)

primitive (np.split,        undo_split, jvp=split_jvp, call=cut(np.split))
primitive (np.array_split,  undo_split, jvp=split_jvp, call=cut(np.array_split))
primitive (np.unstack,      lambda g, out, x, axis=0: np.stack(g, axis=axis), call=unstacked,
                            jvp=lambda ts, out, x, axis=0: unstacked(ts[0], axis))
expression(np.hsplit,       hsplit)
expression(np.vsplit,       vsplit)
expression(np.dsplit,       dsplit)
# fmt: on
