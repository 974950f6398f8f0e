"""The results of a compiled function: where a program's results go in the tree it gives back."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.tracing.stand_ins import Traced, TracedGenerator
from micrograd_np.core import tree
from micrograd_np.core.graph import Node
from micrograd_np.core.record import constant_tensor, value_of
from micrograd_np.errors import TracingError


class Kind(NamedTuple):
    """A kind of result: what makes it of what the program returns, and how that is written."""

    make: Callable[[Any], Any]
    code: str


TENSOR = Kind(constant_tensor, "tensor({})")
SINGLE = Kind(lambda value: value[()], "{}[()]")  # a program may have an array of no axes for it,
POINT = Kind(np.asarray, "asarray({})")  # or a number for such an array
AS_IT_IS = Kind(lambda value: value, "{}")


class Returned:
    """A function's result as it was traced: `template`, and which leaves a program computes.

    `results`: the variables of these leaves, in order. `kinds`: what the leaves are when the
    function is not compiled. `nodes`: the Tensors with a history, each once; `histories`: for each
    result, which of these Tensors it is. `passed`: results that are a tracked argument itself, and
    which. All other leaves are the same objects at every call. So are Tensors from outside, and
    `kept` arrays: arrays from outside that a transform hands on as its aux.
    """

    def __init__(
        self, template: Any, given: Sequence[Any], since: int, kept: Container[int] = ()
    ) -> None:
        self.template = template
        self.results: list[Any] = []
        self.kinds: list[Kind] = []
        self.nodes: dict[Node, int] = {}
        self.histories: list[int | None] = []
        self.passed: dict[int, int] = {}
        self.places: list[bool] = []  # for every leaf, whether a program computes it
        arguments = {id(x): i for i, x in enumerate(given)}
        for leaf in tree.leaves(template):
            if isinstance(leaf, TracedGenerator):
                raise TracingError.returned_generator()
            there = leaf.tick <= since if isinstance(leaf, Node) else id(leaf) in kept
            self.places.append(isinstance(leaf, Node | Traced | np.ndarray) and not there)
            if not self.places[-1]:
                continue
            if id(leaf) in arguments and getattr(leaf, "requires_grad", False):
                self.passed[len(self.results)] = arguments[id(leaf)]
            self.histories.append(self._history(leaf))
            value = value_of(leaf)
            self.results.append(np.asarray(value) if isinstance(value, np.generic) else value)
            self.kinds.append(kind_of(leaf))

    def _history(self, leaf: Any) -> int | None:
        """Which of the nodes a result is, if it is one."""
        if not isinstance(leaf, Node) or not leaf.tracked or leaf.op is None:
            return None
        return self.nodes.setdefault(leaf, len(self.nodes))

    @property
    def tracked(self) -> bool:
        """Whether the function, not compiled, gives Tensors with a history."""
        return bool(self.passed) or any(i is not None for i in self.histories)

    def values(self) -> list[Any]:
        """All leaves, of what is computed the values in the traced run."""
        results = iter(self.results)
        pairs = zip(tree.leaves(self.template), self.places, strict=True)
        found = (next(results) if computed else leaf for leaf, computed in pairs)
        return [x.value if isinstance(x, Traced) else x for x in found]

    def freed(self) -> "Returned":
        """Without the values of the traced run, which the template would keep alive."""
        leaves = tree.leaves(self.template)
        kept = [None if c else x for x, c in zip(leaves, self.places, strict=True)]
        self.template = tree.replace(self.template, (Hole(x) for x in kept))
        self.results, self.nodes = [], {}
        return self

    def rebuilt(self, values: Sequence[Any]) -> Any:
        """The tree with a program's results in their places."""
        return self.rebuilt_with(self.wrapped(values))

    def wrapped(self, values: Sequence[Any]) -> Iterator[Any]:
        """A program's results, each of its kind."""
        for value, kind in zip(values, self.kinds, strict=True):
            yield kind.make(value)

    def rebuilt_with(self, leaves: Iterable[Any]) -> Any:
        """The tree with other leaves in the places of the program's results."""
        supply = iter(leaves)
        places = iter(self.places)
        return tree.map(lambda hole: next(supply) if next(places) else hole.fixed, self.template)


def kind_of(leaf: Any) -> Kind:
    """The kind that a leaf of the result has in the function that is traced."""
    if isinstance(leaf, Node) or getattr(leaf, "tensor", False):
        return TENSOR
    value = leaf.value if isinstance(leaf, Traced) else leaf
    if isinstance(value, np.generic):
        return SINGLE
    return POINT if isinstance(value, np.ndarray) and not value.shape else AS_IT_IS


class Hole:
    """A leaf of the template: what it holds if that is the same at every call."""

    __slots__ = ("fixed",)

    def __init__(self, fixed: Any) -> None:
        self.fixed = fixed
