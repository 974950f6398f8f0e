"""Substitution: a function run with other values in place of Tensors that it takes from around it.

A function may use a Tensor that is none of its arguments. `captured` finds such Tensors by running
the function once; within `Substituted` ops take what is given in their place.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import Interpreter
from micrograd_np.core.graph import Node, by_age, history, tick
from micrograd_np.core.op import Inputs, Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.interpreters.batch.batched import Batched


def captured(function: Callable[..., Any], *args: Any) -> list[Node]:
    """The tracked Tensors that a function uses beside its arguments, in the order of their age.

    The function runs on plain numbers: of a batch, on those of the first example.
    """
    since = tick()
    out = function(*tree.map(example, args))
    return captured_by([x for x in tree.leaves(out) if isinstance(x, Node)], since)


def captured_by(outputs: Iterable[Node], since: int) -> list[Node]:
    """The tracked Tensors from before a run, the tick `since`, that its outputs follow from."""
    _, leaves = history(outputs, since)
    return sorted((x for x in leaves if x.tick < since), key=by_age)


def example(x: Any) -> Any:
    """The numbers that a value stands for in this run; of a batch, those of the first example."""
    while isinstance(x, Node | Interpreted):
        if not isinstance(x, Batched) or not x.mapped:
            x = x.value
        elif x.batch.size:
            x = x.value[0]
        else:
            x = np.zeros(x.shape, x.dtype)
    return x


class Substituted(Interpreter):
    """Other values for some Tensors, which every op within takes in their place."""

    __slots__ = ("new",)

    def __init__(self, new: Mapping[Node, Any]) -> None:
        self.new = new

    def prepare(self, op: Any, inputs: Inputs, values: list[Any]) -> tuple[Inputs, list[Any]]:  # noqa: ARG002 - any op
        """The inputs with those that are replaced, and their values."""
        if not any(isinstance(x, Node) and x in self.new for x in inputs):
            return inputs, values
        replaced, values = list(inputs), list(values)
        for i, x in enumerate(inputs):
            if isinstance(x, Node) and x in self.new:
                replaced[i] = self.new[x]
                values[i] = value_of(replaced[i])
        return tuple(replaced), values

    def lift(self, x: Any) -> Any:
        """The argument of a function that is differentiated within."""
        return self.new.get(x, x) if isinstance(x, Node) else x

    def read(self, node: Any, value: Any) -> Any:
        """The value of a Tensor, or of what stands in its place."""
        return value_of(self.new[node]) if node in self.new else value

    def result(self, out: Any) -> Any:
        """The value of a function, in which a replaced Tensor may stand as it was."""
        return tree.map(self.lift, out)
