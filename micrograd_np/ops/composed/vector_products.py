"""Products of vectors and matrices that are written in terms of others: cross, kron, chains, powers."""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.foreign import like
from micrograd_np.core.forms import bilinear, expression, expressions
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.ops.composed.array_like import at_least

# ---------------------------------------------------------------- cross


@dispatching
def cross(x: Array, y: Array) -> Array:
    """The cross product of vectors of three entries along the last axis."""
    return np.cross(x, y)


def cross_along(
    a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    """`np.cross`: a vector of two entries lies in the plane; of two such, the third entry alone."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_input(a), axisa, -1), np.moveaxis(as_input(b), axisb, -1)
    lengths = {a.shape[-1], b.shape[-1]}
    if not lengths <= {2, 3}:
        raise ValueError(
            f"a cross product takes vectors of 3 entries (or 2), not {a.shape[-1]} and "
            f"{b.shape[-1]}. Their axes are named by axisa, axisb or axis."
        )
    if lengths == {2}:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.moveaxis(cross(in_space(a), in_space(b)), -1, axisc)


def in_space(x: Array) -> Array:
    """Vectors of two entries with a third, 0."""
    if x.shape[-1] == 3:
        return x
    return np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1)


def cross_in_space(x1: Array, x2: Array, axis: int = -1) -> Array:
    x1, x2 = as_input(x1), as_input(x2)
    if {np.shape(x1)[axis], np.shape(x2)[axis]} != {3}:
        raise ValueError(
            f"np.linalg.cross takes vectors of 3 entries, along axis {axis}. Given: shapes "
            f"{np.shape(x1)} and {np.shape(x2)}."
        )
    return cross_along(x1, x2, axis=axis)


# ---------------------------------------------------------------- kron


def kron(a: Array, b: Array) -> Array:
    """Every product of two entries, blocks of `b` in the places of `a`."""
    a, b = as_input(a), as_input(b)
    ndim = max(np.ndim(a), np.ndim(b))
    a, b = at_least(ndim, a), at_least(ndim, b)
    places = np.expand_dims(a, tuple(range(1, 2 * ndim, 2)))
    blocks = np.expand_dims(b, tuple(range(0, 2 * ndim, 2)))
    return np.reshape(places * blocks, tuple(map(operator.mul, np.shape(a), np.shape(b))))


# ---------------------------------------------------------------- chains and powers


def multi_dot(arrays: Sequence[Array]) -> Array:
    """The product of a chain of matrices in the order that takes the fewest multiplications.

    The first may be a row and the last a column given as vectors. The order is found by dynamic
    programming over the places to cut: Cormen et al., Introduction to Algorithms, section 15.2.
    """
    if len(arrays) < 2:
        raise ValueError(f"multi_dot takes at least two arrays, {len(arrays)} were given")
    if len(arrays) == 2:  # of which NumPy takes any
        return np.dot(*arrays)
    first, last = np.shape(arrays[0]), np.shape(arrays[-1])
    shapes = [(1, *first)[-2:], *map(np.shape, arrays[1:-1]), (*last, 1)[:2]]
    parts = dict(enumerate(arrays))
    for left, right in best_order(shapes):
        parts[left] = np.dot(parts[left], parts.pop(right))
    return parts[0]


def best_order(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """The products to take, in turn: of the parts of the chain that start at two places."""
    count = len(shapes)
    sizes = [shape[0] for shape in shapes] + [shapes[-1][1]]
    best: dict[tuple[int, int], tuple[int, list[tuple[int, int]]]]
    best = {(i, i + 1): (0, []) for i in range(count)}
    for length in range(2, count + 1):
        for start in range(count - length + 1):
            stop = start + length
            best[start, stop] = min(
                (
                    best[start, cut][0] + best[cut, stop][0] + prod((sizes[start], sizes[cut], sizes[stop])),
                    [*best[start, cut][1], *best[cut, stop][1], (start, cut)],
                )
                for cut in range(start + 1, stop)
            )  # fmt: skip
    return best[0, count][1]


def matrix_power(a: Array, n: Any) -> Array:
    """The product of `n` equal matrices by repeated squaring; of inverses for negative `n`."""
    power = operator.index(n)
    if np.ndim(a) < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power takes square matrices, not shape {np.shape(a)}")
    if power == 0:
        return np.where(True, like(a, np.eye(a.shape[-1], dtype=a.dtype)), a)  # noqa: FBT003 - a mask
    square, power = (np.linalg.inv(a), -power) if power < 0 else (a, power)
    product = None
    while True:
        if power % 2:
            product = square if product is None else product @ square
        power //= 2
        if not power:
            return product
        square = square @ square


bilinear(
    cross,
    lambda g, out, x, y: cross(y, g),  # x · (y × g) = y · (g × x) = g · (x × y)
    lambda g, out, x, y: cross(g, x),
)
expression(np.cross, cross_along)
expression(np.linalg.cross, cross_in_space)
expression(np.kron, kron)
expressions(np.linalg, multi_dot, matrix_power)
