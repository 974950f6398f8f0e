"""Sums of products by matrix products: `np.einsum` at the speed of hand-written code.

`np.einsum` adds up entry by entry or, with `optimize`, searches a path at every call. `contract`
plans once for labels and shapes, and remembers the plan: *steps*, each of which replaces some
operands by their contraction. Most steps take two operands, whose labels are of four kinds:

- *batch* labels are in both operands and in the result;
- *summed* labels are in both operands and not in the result;
- *rows* are in the left operand and in the result, *columns* in the right one and in the result.

With axes in this order the step is a stack of matrix products; where nothing is summed the step is
a product entry by entry.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from micrograd_np.core.broadcasting import NUMPY
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.ops.kernels.axes import Shape

SMALL = 1 << 13  # products; where there are fewer, one plain sum is fastest


class Step(NamedTuple):
    """The places of the operands that a step takes, and the function that combines them."""

    places: tuple[int, ...]
    combine: Callable[..., Array]


def contract(terms: Sequence[str], target: str, operands: Sequence[Array]) -> Array:
    """The sum of products of operands with these labels, over the labels not in `target`.

    What `np.einsum` returns, added up in whatever order is fastest. Every label of `target` is in
    some term; a length of 1 broadcasts.
    """
    if not all(map(is_numpys, operands)):
        subscripts = f"{','.join(terms)}->{target}"
        return np.einsum(subscripts, *operands, optimize=len(operands) > 2)
    remaining = list(operands)
    for step in plan(tuple(terms), target, tuple(x.shape for x in operands)):
        chosen = [remaining.pop(place) for place in step.places]
        remaining.append(step.combine(*chosen))
    return remaining[0]


@lru_cache(maxsize=512)
def plan(terms: tuple[str, ...], target: str, shapes: tuple[Shape, ...]) -> list[Step]:
    """The steps for operands of these labels and shapes."""
    lengths: dict[str, int] = {}
    axes = list(zip("".join(terms), sum(shapes, ()), strict=True))
    for label, n in axes:
        lengths[label] = max(n, lengths.get(label, 1)) if n else 0
    broadcast = any(n != lengths[label] for label, n in axes)
    everything = tuple(reversed(range(len(terms))))
    if broadcast or len(terms) < 2 or prod(lengths.values()) <= SMALL:
        return [Step(everything, plain_sum(terms[::-1], target))]
    path = [everything]
    if len(terms) > 2:
        operands = [np.broadcast_to(0.0, shape) for shape in shapes]
        found, _ = np.einsum_path(f"{','.join(terms)}->{target}", *operands, optimize="greedy")
        path = [tuple(sorted(places, reverse=True)) for places in found[1:]]
    steps, left = [], list(terms)
    for places in path:
        chosen = tuple(left.pop(place) for place in places)
        wanted = set(target).union(*left)
        kept = "".join(dict.fromkeys(i for i in "".join(chosen) if i in wanted))
        made = kept if left else target
        steps.append(Step(places, combination(chosen, made)))
        left.append(made)
    return steps


def combination(terms: tuple[str, ...], target: str) -> Callable[..., Array]:
    """The function that contracts these terms in one step."""
    labels = "".join(terms)
    regular = len(terms) == 2 and all(len(set(term)) == len(term) for term in terms)
    if not regular or any(labels.count(i) == 1 for i in set(labels) - set(target)):
        return plain_sum(terms, target)
    left, right = terms
    if set(labels) == set(target):
        return entrywise_product(left, right, target)
    return matrix_product(left, right, target)


def is_numpys(x: Array) -> bool:
    """Whether `x` is an array of NumPy, or stands for one in a program that is traced."""
    return isinstance(x, NUMPY) or (isinstance(x, Interpreted) and x.numpys)


def plain_sum(terms: Sequence[str], target: str) -> Callable[..., Array]:
    """A step that calls `np.einsum`."""
    subscripts = f"{','.join(terms)}->{target}"
    return lambda *operands: np.einsum(subscripts, *operands)


def entrywise_product(left: str, right: str, target: str) -> Callable[..., Array]:
    """A step in which nothing is summed."""

    def aligned(x: Array, term: str) -> Array:
        shape = [x.shape[term.index(i)] if i in term else 1 for i in target]
        return np.transpose(x, [term.index(i) for i in target if i in term]).reshape(shape)

    return lambda x, y: aligned(x, left) * aligned(y, right)


def matrix_product(left: str, right: str, target: str) -> Callable[..., Array]:
    """A step that is a stack of matrix products."""
    batch = [i for i in target if i in left and i in right]
    rows = [i for i in target if i not in right]
    columns = [i for i in target if i not in left]
    summed = [i for i in left if i not in target]
    if batch and not (rows and columns):  # products of vectors gain nothing
        return plain_sum((left, right), target)
    left_order = [left.index(i) for i in (*batch, *rows, *summed)]
    right_order = [right.index(i) for i in (*batch, *summed, *columns)]
    order = [(*batch, *rows, *columns).index(i) for i in target]
    above, inner, outer = len(batch), len(batch) + len(rows), len(batch) + len(summed)

    def combine(x: Array, y: Array) -> Array:
        x, y = np.transpose(x, left_order), np.transpose(y, right_order)
        product = as_matrices(x, above, inner) @ as_matrices(y, above, outer)
        shape = (*x.shape[:inner], *y.shape[outer:])
        return np.transpose(product.reshape(shape), order)

    return combine


def as_matrices(x: Array, above: int, inner: int) -> Array:
    """Axes from `above` on as rows, from `inner` on as columns; rows or columns in one piece."""
    shape = x.shape
    matrices = x.reshape(*shape[:above], prod(shape[above:inner]), prod(shape[inner:]))
    fit: bool = x.itemsize in matrices.strides[-2:]
    return matrices if fit else np.ascontiguousarray(matrices)
