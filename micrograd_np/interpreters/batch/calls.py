"""A call of an op on a batch, and `one_by_one`, which computes any call example by example."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.foreign import like
from micrograd_np.core.op import Array, Inputs, Op, Options
from micrograd_np.core.record import evaluate
from micrograd_np.core.tree import rebuild
from micrograd_np.errors import BatchedError


class Each(NamedTuple):
    """An option that differs between examples; `value` holds one for each along its first axis."""

    value: Any


class Call(NamedTuple):
    """An op on a batch: its inputs, which of them are mapped, its options, and the batch's size."""

    op: Op
    inputs: list[Any]
    mapped: list[bool]
    options: Options
    size: int

    def ndim(self, index: int = 0) -> int:
        """The number of axes that an input has for one example."""
        return int(np.ndim(self.inputs[index])) - self.mapped[index]

    def ndims(self) -> list[int]:
        """The number of axes that each input has for one example."""
        return [np.ndim(x) - m for x, m in zip(self.inputs, self.mapped, strict=True)]

    def whole(self, index: int = 0) -> Array:
        """An input with the batch axis, which a shared input is given."""
        x = self.inputs[index]
        return x if self.mapped[index] else np.broadcast_to(x, (self.size, *np.shape(x)))

    def wholes(self) -> list[Array]:
        """All inputs with the batch axis."""
        return [self.whole(i) for i in range(len(self.inputs))]

    def examples(self) -> list[Array]:
        """For each batch an empty array of the shape and dtype of one example; shared inputs."""
        return [
            like(x, np.empty(x.shape[1:], x.dtype)) if mapped else x
            for x, mapped in zip(self.inputs, self.mapped, strict=True)
        ]

    def evaluated(self, *inputs: Any, **changed: Any) -> Any:
        """The result of the op on other inputs, with some options changed."""
        return evaluate(self.op, inputs, self.options | changed)


def each_among(tree: Any) -> bool:
    """Whether nested options hold an `Each`."""
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    return any(map(each_among, tree)) if type(tree) in (list, tuple) else isinstance(tree, Each)


Rule = Callable[[Call], Any]


def one_by_one(call: Call) -> Any:
    """The results of each example alone, stacked."""
    inputs = [Each(x) if m else x for x, m in zip(call.inputs, call.mapped, strict=True)]
    return compute_each(partial(evaluate, call.op), (inputs, call.options), {}, call.size)


def compute_each(function: Callable[..., Any], args: Inputs, keywords: Options, size: int) -> Any:
    """The results of a function of nested arguments for every example, stacked part by part.

    For an empty batch the function runs on zeros, which tells the shapes of its results.
    """
    indices = range(size) if size else [None]
    results = [function(*at(i, args), **at(i, keywords)) for i in indices]
    return stacked(results, empty=not size)


def at(index: int | None, tree: Any) -> Any:
    """Nested arguments for one example; zeros where the index is None."""
    if isinstance(tree, Each):
        empty = index is None
        return np.zeros_like(tree.value, shape=tree.value.shape[1:]) if empty else tree.value[index]
    if isinstance(tree, dict):
        return {name: at(index, part) for name, part in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(at(index, part) for part in tree)
    return tree


def stacked(results: list[Any], *, empty: bool = False) -> Any:
    """Results of one structure as one result with the batch in front."""
    first = results[0]
    if isinstance(first, list | tuple):
        parts = zip(*results, strict=True)
        return rebuild(first, (stacked(list(part), empty=empty) for part in parts))
    if not hasattr(first, "shape"):
        return first
    if len({part.shape for part in results}) > 1:
        raise BatchedError.ragged([part.shape for part in results])
    out = np.stack(results)
    return out[:0] if empty else out
