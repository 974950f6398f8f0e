"""Windows of an array, and the convolution of two sequences.

`sliding_window_view` is linear: each entry is repeated for every window that holds it. The
transpose, `overlap_add`, lays the windows back where they were and adds up what overlaps; the
transpose of that is `sliding_window_view` again.

`np.convolve` is bilinear, and its transposes are convolutions with one sequence reversed.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import bilinear, expression, linear
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.axes import normalize_axes
from micrograd_np.ops.kernels.windows import combine_slices

# ---------------------------------------------------------------- windows


@dispatching
def overlap_add(g: Array, axis: tuple[int, ...]) -> Array:
    """Windows put back where `sliding_window_view` took them from; what overlaps adds up.

    The last axes of `g` are within the windows, one for each entry of `axis`, which says along
    which of the others that window slid. They may repeat.
    """
    for along in reversed(axis):
        g = _overlap_add_along(g, along)
    return g


def _overlap_add_along(g: Array, axis: int) -> Array:
    """The windows of the last axis laid along `axis`: one sum of slices for each of their entries.

    Windows and entries may change places, so the fewer of the two are gone through.
    """
    length = g.shape[axis] + g.shape[-1] - 1
    if g.shape[-1] > g.shape[axis]:
        g = np.swapaxes(g, axis, -1)
    count, shape = g.shape[axis], (*g.shape[:axis], length, *g.shape[axis + 1 : -1])
    rest = (slice(None),) * (len(shape) - axis - 1)
    entries = range(g.shape[-1])
    parts = (((slice(entry, entry + count), *rest), g[..., entry]) for entry in entries)
    return combine_slices(np.add, 0, parts, shape, g)


# fmt: off
linear(sliding_window_view, lambda g, out, x, window_shape=(), axis=None: overlap_add(g, normalize_axes(axis, x.ndim)))
linear(overlap_add,         lambda g, out, windows, axis=(): sliding_window_view(g, windows.shape[windows.ndim - len(axis) :], axis), opaque=True)
# fmt: on

# ---------------------------------------------------------------- convolution of sequences


def convolve_left(g: Array, out: Array, a: Array, v: Array, mode: Any = "full") -> Array:
    """The full convolution's cotangent, cut to the mode in the middle, slid along reversed `v`."""
    a, v = np.reshape(a, -1), np.reshape(v, -1)
    dropped = a.size + v.size - 1 - g.size
    whole = np.pad(g, (dropped // 2, dropped - dropped // 2)) if dropped else g
    return np.convolve(whole, np.flip(v), "valid")


def correlate(a: Array, v: Array, mode: Any = "valid") -> Array:
    """A convolution with the second sequence conjugated and reversed.

    NumPy slides the shorter along the longer one and, if that was the first, turns the result.
    """
    if prod(np.shape(a)) >= prod(np.shape(v)):
        return np.convolve(a, np.flip(np.conj(v)), mode)
    return np.flip(np.convolve(np.conj(v), np.flip(a), mode))


bilinear(
    np.convolve,
    convolve_left,
    lambda g, out, a, v, mode="full": convolve_left(g, out, v, a, mode),
    parameters="a v mode",
)
expression(np.correlate, correlate)
