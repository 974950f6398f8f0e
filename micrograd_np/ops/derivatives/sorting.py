"""Sorting and partitioning: the entries of an array in another order.

The derivative carries cotangents back to the places that the entries came from. Equal entries keep
their order, as in a stable sort; NaN sorts last.
"""

from typing import Any

import numpy as np

from micrograd_np.core.forms import primitive
from micrograd_np.core.op import Array, Rule


def sources(out: Array, x: Array, axis: int) -> Array:
    """The place in `x` that each entry of the sorted `x` came from."""
    return np.argsort(x, axis=axis, kind="stable")


def sources_by_rank(out: Array, x: Array, axis: int) -> Array:
    """The place in `x` that each entry of `out`, an arrangement of `x`, came from, by its rank."""
    ranks = np.argsort(sources(x, out, axis), axis=axis)
    return np.take_along_axis(sources(out, x, axis), ranks, axis=axis)


def back_to(find: Rule) -> Rule:
    """The vjp rule that carries cotangents to the places that entries came from."""

    def vjp(g: Array, out: Array, x: Array, axis: int | None = -1, **_: Any) -> Array:
        if axis is None:
            return vjp(g, out, x.reshape(-1), 0).reshape(x.shape)
        places = np.argsort(find(out, x, axis), axis=axis)
        return np.take_along_axis(g, places, axis=axis)

    return vjp


def forth_from(find: Rule) -> Rule:
    """The jvp rule that brings tangents from the places that entries came from."""

    def jvp(ts: list[Array], out: Array, x: Array, axis: int | None = -1, **_: Any) -> Array:
        if axis is None:
            return jvp([ts[0].reshape(-1)], out, x.reshape(-1), 0)
        return np.take_along_axis(ts[0], find(out, x, axis), axis=axis)

    return jvp


# fmt: off
primitive(np.sort,      back_to(sources),         jvp=forth_from(sources),         accepted=("axis", "kind", "order", "stable"))
primitive(np.partition, back_to(sources_by_rank), jvp=forth_from(sources_by_rank), accepted=("kth", "axis", "kind", "order"))
# fmt: on
