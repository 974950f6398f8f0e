"""Sorting and partitioning: the entries of an array in another order.

The derivative carries cotangents back to the places that the entries came from. Equal entries keep
their order, as in a stable sort; NaN sorts last.
"""

from typing import Any

import numpy as np

from micrograd_np.core.forms import primitive
from micrograd_np.core.op import Array


def sources(x: Array, axis: int) -> Array:
    """The place in `x` that each entry of the sorted `x` came from."""
    return np.argsort(x, axis=axis, kind="stable")


def inverse(permutation: Array, axis: int) -> Array:
    return np.argsort(permutation, axis=axis)


def undo_sort(
    g: Array, out: Array, x: Array, axis: int | None = -1, kind: Any = None, order: Any = None,
    stable: bool | None = None,
) -> Array:  # fmt: skip
    if axis is None:
        return undo_sort(g, out, x.reshape(-1), 0).reshape(x.shape)
    return np.take_along_axis(g, inverse(sources(x, axis), axis), axis=axis)


def sort_jvp(
    ts: list[Array], out: Array, x: Array, axis: int | None = -1, kind: Any = None,
    order: Any = None, stable: bool | None = None,
) -> Array:  # fmt: skip
    if axis is None:
        return sort_jvp([ts[0].reshape(-1)], out, x.reshape(-1), 0)
    return np.take_along_axis(ts[0], sources(x, axis), axis=axis)


def partition_sources(out: Array, x: Array, axis: int) -> Array:
    """The place in `x` that each entry of `out`, an arrangement of `x`, came from: that of its rank."""
    return np.take_along_axis(sources(x, axis), inverse(sources(out, axis), axis), axis=axis)


def undo_partition(
    g: Array, out: Array, x: Array, kth: Any = 0, axis: int | None = -1, kind: str = "introselect",
    order: Any = None,
) -> Array:  # fmt: skip
    if axis is None:
        return undo_partition(g, out, x.reshape(-1), axis=0).reshape(x.shape)
    return np.take_along_axis(g, inverse(partition_sources(out, x, axis), axis), axis=axis)


def partition_jvp(
    ts: list[Array], out: Array, x: Array, kth: Any = 0, axis: int | None = -1,
    kind: str = "introselect", order: Any = None,
) -> Array:  # fmt: skip
    if axis is None:
        return partition_jvp([ts[0].reshape(-1)], out, x.reshape(-1), axis=0)
    return np.take_along_axis(ts[0], partition_sources(out, x, axis), axis=axis)


# fmt: off
primitive(np.sort,      undo_sort,      jvp=sort_jvp)
primitive(np.partition, undo_partition, jvp=partition_jvp)
# fmt: on
