"""Blocks: arrays joined as rows, as columns, in depth and from nested lists, and split into these.

Axes are added in front or behind as NumPy adds them; then one `np.concatenate` joins.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expressions
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.core.tree import leaves
from micrograd_np.ops.composed.array_like import at_least
from micrograd_np.ops.kernels.libraries import Cuts

# ---------------------------------------------------------------- joining


def vstack(tup: Sequence[Array], **options: Any) -> Array:
    return np.concatenate([np.atleast_2d(as_input(x)) for x in tup], axis=0, **options)


def hstack(tup: Sequence[Array], **options: Any) -> Array:
    parts = [np.atleast_1d(as_input(x)) for x in tup]
    return np.concatenate(parts, axis=min(parts[0].ndim - 1, 1), **options)


def dstack(tup: Sequence[Array], **options: Any) -> Array:
    return np.concatenate([np.atleast_3d(as_input(x)) for x in tup], axis=2, **options)


def column_stack(tup: Sequence[Array]) -> Array:
    """Vectors and numbers stand upright."""
    parts = [np.reshape(x, (-1, 1)) if np.ndim(x) < 2 else x for x in map(as_input, tup)]
    return np.concatenate(parts, axis=1)


def append(arr: Array, values: Array, axis: int | None = None) -> Array:
    parts = [x if hasattr(x, "dtype") else like(arr, at_least(1, x)) for x in (arr, values)]
    return np.concatenate(parts, axis=axis)


# ---------------------------------------------------------------- nested lists


def block(arrays: Any) -> Array:
    """Innermost lists joined along the last axis, the lists around them along the one before."""
    depth = nesting_depth(arrays)
    ndim = max(depth, *map(np.ndim, leaves(arrays)))
    return join_block(arrays, -depth, ndim)


def nesting_depth(arrays: Any) -> int:
    """The depth of nested lists. Raises ValueError unless all are nested equally deep."""
    if isinstance(arrays, tuple):
        raise TypeError("np.block joins lists, and a tuple was given. Write [...] for (...).")
    if not isinstance(arrays, list):
        return 0
    depths = {nesting_depth(part) for part in arrays}
    if len(depths) != 1:
        what = "lists of different depth" if depths else "an empty list"
        raise ValueError(f"np.block was given {what}. Nest every array in equally many lists.")
    return 1 + depths.pop()


def join_block(arrays: Any, axis: int, ndim: int) -> Array:
    if not isinstance(arrays, list):
        return at_least(ndim, arrays)
    return np.concatenate([join_block(part, axis + 1, ndim) for part in arrays], axis=axis)


# ---------------------------------------------------------------- splitting


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


expressions(np, vstack, hstack, dstack, column_stack, append, block, hsplit, vsplit, dsplit)
