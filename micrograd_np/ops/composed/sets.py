"""Sets: the distinct values of an array, and what two arrays have in common or not.

The places are found by the values alone; the entries at these places vary with the array.
"""

from typing import Any

import numpy as np

from micrograd_np.core.forms import expression, expressions
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import as_input, untracked, value_of

# ---------------------------------------------------------------- sorted


def sort_complex(a: Array) -> Array:
    a = np.sort(as_input(a))
    if a.dtype.kind == "c":
        return a
    dtypes = {"g": np.clongdouble} | dict.fromkeys("bhBH", np.complex64)
    return a.astype(dtypes.get(a.dtype.char, np.complex128))


# ---------------------------------------------------------------- distinct values


def values_of(x: Array) -> Array:
    """The values alone, for NumPy to tell apart.

    Raises within `vmap`, which then takes its examples one by one.
    """
    return np.asarray(x) if isinstance(x, Interpreted) else value_of(x)


def unique(
    ar: Array, return_index: bool = False, return_inverse: bool = False,
    return_counts: bool = False, axis: int | None = None, *, equal_nan: bool = True,
    sorted: bool = True,  # noqa: A002 - NumPy's name; sorted values are right where any order is
) -> Any:  # fmt: skip
    """The entries at the places where each value occurs first."""
    options = {"return_inverse": return_inverse, "return_counts": return_counts, "axis": axis}
    found: Any = np.unique
    _, index, *others = found(values_of(ar), return_index=True, equal_nan=equal_nan, **options)
    values = np.take(np.reshape(ar, -1) if axis is None else ar, index, axis=axis or 0)
    integers = [index, *others] if return_index else others
    return (values, *map(untracked, integers)) if integers else values


def unique_values(x: Array) -> Array:
    return unique(x, equal_nan=False)


def with_varying_values(function: Any) -> Any:
    """A function that returns NumPy's named tuple, with values that vary with the array."""

    def written(x: Array) -> Any:
        found = function(values_of(x))
        integers = {name: untracked(part) for name, part in found._asdict().items()}
        return found._replace(**integers | {"values": unique_values(x)})

    return written


def union1d(ar1: Array, ar2: Array) -> Array:
    return unique(np.concatenate((ar1, ar2), axis=None))


def setdiff1d(ar1: Array, ar2: Array, assume_unique: bool = False) -> Array:
    ar1 = np.reshape(ar1, -1) if assume_unique else unique(ar1)
    return ar1[np.isin(value_of(ar1), value_of(ar2), invert=True)]


def setxor1d(ar1: Array, ar2: Array, assume_unique: bool = False) -> Array:
    sides = [setdiff1d(ar1, ar2, assume_unique), setdiff1d(ar2, ar1, assume_unique)]
    return np.sort(np.concatenate(sides))


expressions(np, sort_complex, unique, unique_values, union1d, setdiff1d, setxor1d)
expression(np.unique_counts, with_varying_values(np.unique_counts))
expression(np.unique_inverse, with_varying_values(np.unique_inverse))
expression(np.unique_all, with_varying_values(np.unique_all))
