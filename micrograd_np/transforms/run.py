"""One run of a function that is differentiated: the graph of the run, and what is made of it.

A `Run` calls the function on *fresh nodes* over the arguments, one set a run, so that nested
derivatives cannot be confused. The walks of the graph are themselves recorded if a Tensor outside
the arguments wants a gradient too, which makes derivatives of any order.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import CONTEXT, differentiating, lifted
from micrograd_np.core.graph import ARGUMENT, Node, descendants, history, pull, push, tick
from micrograd_np.core.op import OPS, Array, Interpreted
from micrograd_np.core.record import PLAIN, record, value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import conjugated, matching, owned
from micrograd_np.errors.covering import uncover
from micrograd_np.interpreters.batch.batched import check_batch
from micrograd_np.transforms.results import Found, Outside, Result, is_single

Function = Callable[..., Any]


class Run:
    """A function run once on fresh nodes over its arguments, and the graph of the run.

    `given`: the fresh nodes as the arguments, `fresh`: as a list. `out`: the nodes that the
    function returned, `outputs`: as a list. `auxiliary`: what the function returned besides.
    `nodes`: the graph, oldest first. `beyond`: the nodes of the graph that depend on tracked
    Tensors outside the arguments, so that a walk of them has to be recorded.
    """

    def __init__(self, f: Function, primals: tuple[Tree, ...], has_aux: bool = False) -> None:
        self.fresh: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.single: set[Node] = set()  # nodes that stand for single numbers
        self.points: set[Node] = set()  # and for arrays of no axes
        self.since = tick()
        self.given = tree.map(self._renewed, primals)
        try:
            with differentiating(self.since, self.fresh, recording=True):
                out = f(*self.given)
        except ValueError as error:
            uncover(error)
            raise
        if has_aux and not (isinstance(out, tuple) and len(out) == 2):
            raise TypeError(
                f"with has_aux=True the function returns a pair (value, aux), not {out!r:.80}."
            )
        self.has_aux = has_aux
        self.auxiliary: Tree
        out, self.auxiliary = out if has_aux else (out, None)
        self.out = tree.map(self._noded, out)
        made = list(self.outputs)
        if has_aux:
            made += [x for x in tree.leaves(self.auxiliary) if isinstance(x, Tensor)]
        self.nodes, leaves = history(made, self.since)
        outside = [x for x in leaves if x.options is not ARGUMENT or x.tick < self.since]
        recording = outside and CONTEXT.get().recording
        self.beyond = descendants(self.nodes, outside) if recording else frozenset()

    def _noded(self, x: Any) -> Tensor:
        """A leaf of what the function returned as a node."""
        node = x if isinstance(x, Tensor) else Tensor(x)
        if type(node.value) not in PLAIN:
            check_batch(x)
        if node is not x:
            self._note_kind(node, x)
        self.outputs.append(node)
        return node

    def _renewed(self, leaf: Any) -> Tensor:
        """A node of this run alone over `leaf`, still tied to the graph that `leaf` came from."""
        node: Tensor
        context = CONTEXT.get()
        x = leaf
        if context.interpreters:
            x = lifted(x if hasattr(x, "dtype") else owned(x))
        if isinstance(x, Tensor) and x.tracked and context.recording:
            node = record(OPS[np.copy], (x,))
        else:
            node = Tensor(value_of(x), requires_grad=True)
            node.options = ARGUMENT
        node.name = getattr(x, "name", None)
        self.fresh.append(node)
        self._note_kind(node, leaf)
        return node

    def _note_kind(self, node: Tensor, leaf: Any) -> None:
        """Note whether the leaf that a node was made of is a single number, or an array."""
        if is_single(leaf):
            self.single.add(node)
        elif not node.value.shape:
            self.points.add(node)

    # ------------------------------------------------------------ derivatives

    def pull(self, cotangents: list[Array]) -> list[Array]:
        """The cotangents of the arguments' leaves, given those of the outputs."""
        table: dict[Node, Array] = {}
        for output, cotangent in zip(self.outputs, cotangents, strict=True):
            g = conjugated(lifted(self._vector(cotangent)))
            table[output] = table[output] + g if output in table else g
        found = pull(table, self.fresh, recorded=self._recorded, nodes=self.nodes)
        return [conjugated(found[x]) if x in found else zeros(x) for x in self.fresh]

    def push(self, tangents: list[Array]) -> list[Array]:
        """The tangents of the outputs, given those of the arguments' leaves."""
        given: dict[Node, Array] = {}
        given |= zip(self.fresh, map(self._vector, tangents), strict=True)
        found = push(self.nodes, given, recorded=self._recorded)
        return [found[x] if x in found else zeros(x) for x in self.outputs]

    @property
    def _recorded(self) -> AbstractSet[Node]:
        """The nodes in which a walk is recorded: those in `beyond`, or none under `no_grad`."""
        return self.beyond if CONTEXT.get().recording else frozenset()

    def _vector(self, v: Array) -> Array:
        """A cotangent or tangent as a Tensor where a derivative in it is wanted, else its value."""
        if isinstance(v, Node) and not (v.tracked and CONTEXT.get().recording):
            return value_of(v)
        return v

    # ------------------------------------------------------------ results

    def value(self) -> Result:
        """The value that the function returned."""
        return Result(self.out, [self._leaving(x) for x in self.outputs])

    def aux(self) -> list[Result]:
        """The aux that the function returned, if any; objects from outside stay what they are."""
        if not self.has_aux:
            return []
        found: list[Found] = []
        interpreters = CONTEXT.get().interpreters
        for x in tree.leaves(self.auxiliary):
            if isinstance(x, Tensor) and x.tick > self.since:
                found.append(self._leaving(x))
            elif isinstance(x, Interpreted) and x.tensor and len(interpreters) == 1:
                found.append(Found(x, is_single(x)))  # a constant Tensor, as it is seen here
            else:
                found.append(Outside(x))
                for interpreter in interpreters:
                    interpreter.hand_on(x)
        return [Result(self.auxiliary, found)]

    def derivative(self, tangents: tuple[Tree, ...]) -> Result:
        """The derivative of the value along tangents of the arguments."""
        matched = tree.leaves(tree.map(matching, self.given, tangents))
        pairs = zip(self.push(matched), self.outputs, strict=True)
        return Result(self.out, [Found(t, self.is_single(x)) for t, x in pairs])

    def like_arguments(self, vectors: list[Array]) -> list[Found]:
        """Cotangents of the arguments' leaves, each of the kind of its leaf."""
        return [Found(g, x in self.single) for g, x in zip(vectors, self.fresh, strict=True)]

    def is_single(self, x: Node) -> bool:
        """Whether a node holds a single number where NumPy would return a scalar."""
        if x in self.single or is_single(x.value):
            return True
        return not x.value.shape and self.points.isdisjoint((x, *self.fresh))

    def _leaving(self, x: Node) -> Found:
        """A node without the history that leads to nodes of this run alone."""
        return Found(x if x in self.beyond else value_of(x), self.is_single(x), x.name)


def zeros(x: Node) -> Array:
    """The derivative in a leaf that nothing depends on."""
    return np.zeros_like(x.value)
