"""Functions that call a user's function on parts of an array, and put the results together.

A part is a Tensor, so the user's function may be any expression, and varies with what it closes
over.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.core.forms import expressions
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input, value_of
from micrograd_np.ops.derivatives.indexing import index_update


def piecewise(x: Array, condlist: Any, funclist: Sequence[Any], *args: Any) -> Array:
    """Each function sees only the entries where its condition holds; the last one that holds wins.

    As in NumPy `condlist` may be a single condition, if it is of one dimension or none.
    """
    x, conditions = as_input(x), value_of(condlist)
    single = not isinstance(conditions, list | tuple) and np.ndim(conditions) == 0
    if single or (np.ndim(conditions[0]) == 0 and np.ndim(x) != 0):
        conditions = [conditions]
    masks = [np.asarray(value_of(condition), bool) for condition in conditions]
    if len(funclist) == len(masks) + 1:
        masks.append(~np.any(masks, axis=0))
    if len(funclist) != len(masks):
        raise ValueError(
            f"np.piecewise was given {len(masks)} conditions and {len(funclist)} functions. Give "
            f"as many functions, or one more for everywhere else."
        )
    out = np.where(True, 0, x)  # noqa: FBT003 - zeros that are recorded as depending on x
    for mask, function in zip(masks, funclist, strict=True):
        if not callable(function):
            out = index_update(out, mask, function)
        elif mask.any():
            out = index_update(out, mask, function(x[mask], *args))
    return out


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Array, *args: Any) -> Array:
    """The results of all vectors along `axis`, stacked; axes of the results take its place."""
    axis = normalize_axis_index(axis, arr.ndim)
    moved = np.moveaxis(arr, axis, -1)
    outer = moved.shape[:-1]
    if prod(outer) == 0:
        raise ValueError(
            f"np.apply_along_axis: an array of shape {arr.shape} has no vectors along axis {axis}."
        )
    parts = np.stack([func1d(moved[place], *args) for place in np.ndindex(outer)])
    inner = parts.shape[1:]
    whole = np.reshape(parts, outer + inner)
    added = range(len(outer), len(outer) + len(inner))
    return np.moveaxis(whole, tuple(added), tuple(axis + i for i in range(len(inner))))


def apply_over_axes(func: Callable[..., Any], a: Array, axes: Any) -> Array:
    for axis in normalize_axis_tuple(axes, a.ndim, allow_duplicate=True):
        reduced = func(a, axis)
        a = reduced if reduced.ndim == a.ndim else np.expand_dims(reduced, axis)
    return a


expressions(np, piecewise, apply_along_axis, apply_over_axes)
