"""Functions for compiled programs where NumPy has no single one: pure NumPy, to be read and saved.

Saved programs carry the source of these functions with them, so they use nothing but NumPy and one
another.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any


def scatter(g: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` put at `key`, which names no entry twice."""
    out = np.zeros(shape, g.dtype)
    out[key] = g
    return out


def scatter_add(g: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` added at `key`; entries named twice receive both."""
    out = np.zeros(shape, g.dtype)
    np.add.at(out, key, g)
    return out


def index_update(x: Array, key: Any, value: Array) -> Array:
    """A copy of `x` with `x[key] = value`."""
    out = np.array(x)
    out[key] = value
    return out


def index_at(ufunc: np.ufunc, x: Array, key: Any, values: Array) -> Array:
    """A copy of `x` after `ufunc.at(x, key, values)`; entries named twice receive both."""
    out = np.array(x)
    if not hasattr(values, "dtype"):
        values = np.asarray(values, out.dtype)  # `at` casts numbers that are too large for it
    if np.ndim(values):  # `at` may read past the end of values that it is to broadcast
        values = np.broadcast_to(values, out[key].shape)
    ufunc.at(out, key, values)
    return out


# ---------------------------------------------------------------- memory


def reusable(
    arrays: Sequence[Array], strides: Sequence[tuple[int, ...]], others: Sequence[Any]
) -> list[Array | None]:
    """The arrays that can be written over; None for one that is read-only or of other strides.

    Also for one that shares memory with another of the arrays, or of `others`.
    """
    given = [x for x in (*arrays, *others) if isinstance(x, np.ndarray)]
    spans = sorted((*np.lib.array_utils.byte_bounds(x), i) for i, x in enumerate(given))
    shared = set()
    reached, last = 0, -1
    for low, high, i in spans:
        if low < reached:
            shared |= {i, last}
        if high > reached:
            reached, last = high, i
    return [
        x if x.flags.writeable and x.strides == each and i not in shared else None
        for i, (x, each) in enumerate(zip(arrays, strides, strict=True))
    ]


# ---------------------------------------------------------------- in saved programs


def is_foreign(x: Any) -> bool:  # noqa: ARG001 - the answer is the same for all
    """Whether `x` is an array of another library: in a program all are NumPy's."""
    return False


def like(x: Any, constant: Array) -> Array:  # noqa: ARG001 - see `is_foreign`
    """An array of the kind that `x` is."""
    return constant
