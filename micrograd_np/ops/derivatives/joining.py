"""Joining and splitting: several arrays as one, and one as several.

Joins are linear in the list of their inputs. The spellings for rows, columns, depth and blocks are
written in terms of these ops, in `composed.blocks`.
"""

from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.forms import linear, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.indexing import scatter
from micrograd_np.ops.kernels.axes import along
from micrograd_np.ops.kernels.libraries import Cuts, by_slices, unstack


def undo_concatenate(
    g: Array, out: Array, *inputs: Array, index: int, axis: int | None = 0, **_: Any
) -> Array:
    """The part of the cotangent that came from the input at `index`."""
    if axis is None:
        start = sum(prod(np.shape(x)) for x in inputs[:index])
        return g[start : start + inputs[index].size].reshape(inputs[index].shape)
    axis %= g.ndim
    start = sum(x.shape[axis] for x in inputs[:index])
    return g[along(axis, slice(start, start + inputs[index].shape[axis]), g.ndim)]


def undo_split(
    g: list[Array], out: Any, x: Array, indices_or_sections: Cuts = 1, axis: int = 0
) -> Array:
    """The parts side by side, or added up where cuts that decrease made them overlap."""
    positions = np.arange(x.shape[axis])
    sources = np.concatenate(np.array_split(positions, indices_or_sections))
    whole = np.concatenate(g, axis=axis)
    if np.array_equal(sources, positions):
        return whole
    return scatter(whole, along(axis, sources, x.ndim), x.shape)


SPLIT = by_slices(np.array_split)

# fmt: off
linear   (np.concatenate,  undo_concatenate, sequence=True, parameters="arrays axis out dtype casting", accepted=("axis", "dtype", "casting"))
linear   (np.stack,        lambda g, out, *inputs, index, axis=0, dtype=None, casting="same_kind": g[along(axis, index, g.ndim)], sequence=True)
primitive(np.split,        undo_split, jvp=lambda ts, out, x, **options: SPLIT(ts[0], **options), call=by_slices(np.split))
primitive(np.array_split,  undo_split, jvp=lambda ts, out, x, **options: SPLIT(ts[0], **options), call=SPLIT)
primitive(np.unstack,      lambda g, out, x, axis=0: np.stack(g, axis=axis), call=unstack,
                           jvp=lambda ts, out, x, axis=0: unstack(ts[0], axis))
# fmt: on
