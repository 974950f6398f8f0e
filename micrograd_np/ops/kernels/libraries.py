"""Functions of NumPy that some array libraries lack, by those that all have.

A rule computes with whatever arrays the user has: those of NumPy, of Dask, of CuPy. Constants that
a rule makes are made in the likeness of these.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core import foreign
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.axes import along
from micrograd_np.ops.kernels.scatter import gather

is_foreign = foreign.is_foreign
like = foreign.like  # the constant of NumPy's as one of the kind that an array is

Cuts = Any  # a number of sections, or the positions at which to cut


def by_slices(split: Callable[..., Any]) -> Callable[..., Any]:
    """`np.split` or `np.array_split`, by slices of arrays of another library."""

    def split_any(x: Array, indices_or_sections: Cuts = 1, axis: int = 0) -> Any:
        if not is_foreign(x):
            return split(x, indices_or_sections, axis=axis)
        positions = split(np.arange(x.shape[axis]), indices_or_sections)
        spans = [slice(p[0], p[-1] + 1) if p.size else slice(0) for p in positions]
        return [x[along(axis, span, x.ndim)] for span in spans]

    return split_any


def unstack(x: Array, axis: int = 0) -> tuple[Array, ...]:
    """`np.unstack`, by indices of arrays of another library."""
    if not is_foreign(x):
        return tuple(np.unstack(x, axis=axis))
    first = np.moveaxis(x, axis, 0)
    return tuple(first[i] for i in range(first.shape[0]))


def take_along_axis(x: Array, indices: Any, axis: int | None = -1) -> Array:
    """`np.take_along_axis`, by an index into arrays of another library."""
    if not is_foreign(x):
        return np.take_along_axis(x, indices, axis)
    return gather(np.ravel(x), indices) if axis is None else gather(x, grid(indices, axis, x))


def grid(indices: Any, axis: int, x: Array) -> tuple[Any, ...]:
    """The key that has indices along one axis, and every position along the others."""
    key = [np.arange(n).reshape((-1,) + (1,) * (x.ndim - i - 1)) for i, n in enumerate(x.shape)]
    key[axis] = indices
    return tuple(key)
