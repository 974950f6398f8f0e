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
from micrograd_np.errors import NotDifferentiableError, listed, uncover
from micrograd_np.interpreters.batch.batched import check_batch
from micrograd_np.transforms.results import Found, Result, is_single

Function = Callable[..., Any]


class Run:
    """A function run once on fresh nodes over its arguments, and the graph of the run.

    `given`: the fresh nodes as the arguments, `fresh`: as a list. `out`: the nodes that the
    function returned, `outputs`: as a list. `aux`: what the function returned besides, if
    anything. `nodes`: the graph, oldest first. `beyond`: the nodes of the graph that depend on
    tracked Tensors outside the arguments, so that a walk of them has to be recorded.
    """

    def __init__(self, f: Function, primals: tuple[Tree, ...], has_aux: bool = False) -> None:
        self.fresh: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.single: dict[Node, bool] = {}  # whether the leaf that a node was made of is a number
        self.since = tick()
        try:
            self.given = tree.map(self._fresh_node, primals)
        except NotDifferentiableError:
            check_leaves(primals)
            raise
        try:
            with differentiating(self.since, self.fresh, recording=True):
                out = f(*self.given)
        except ValueError as error:
            uncover(error)
            raise
        aux: Tree = None
        if has_aux:
            if not (isinstance(out, tuple) and len(out) == 2):
                given = f"a tuple of {len(out)}" if isinstance(out, tuple) else f"{out!r:.80}"
                raise TypeError(
                    f"with has_aux=True the function returns a pair (value, aux), not {given}. "
                    f"Write `return value, aux`."
                )
            out, aux = out
        self.out = tree.map(self._output_node, out)
        made: list[Node] = list(self.outputs)
        if has_aux:
            made += [x for x in tree.leaves(aux) if isinstance(x, Tensor)]
        self.nodes, leaves = history(made, self.since)
        outside = [x for x in leaves if x.options is not ARGUMENT or x.tick < self.since]
        recording = outside and CONTEXT.get().recording
        self.beyond = descendants(self.nodes, outside) if recording else frozenset()
        self.aux = [Result(aux, list(map(self._aux_leaf, tree.leaves(aux))))] if has_aux else []

    def _fresh_node(self, leaf: Any) -> Tensor:
        """A node of this run alone over `leaf`, still tied to the graph that `leaf` came from."""
        context = CONTEXT.get()
        x = leaf
        if context.interpreters:
            x = lifted(leaf if hasattr(leaf, "dtype") else owned(leaf))
        node: Tensor
        if isinstance(x, Tensor) and x.tracked and context.recording:
            node = record(OPS[np.copy], (x,))
        else:
            node = Tensor(value_of(x), requires_grad=True)
            node.options = ARGUMENT
        node.name = getattr(x, "name", None)
        self.fresh.append(node)
        self.single[node] = is_single(leaf)
        return node

    def _output_node(self, x: Any) -> Tensor:
        """A leaf of what the function returned as a node."""
        node = x if isinstance(x, Tensor) else Tensor(x)
        if type(node.value) not in PLAIN:
            check_batch(x)
        if node is not x:
            self.single[node] = is_single(x)
        self.outputs.append(node)
        return node

    def _aux_leaf(self, x: Any) -> Found:
        """A leaf of the aux; an object from outside of the function stays what it is."""
        interpreters = CONTEXT.get().interpreters
        if isinstance(x, Tensor) and x.tick > self.since:
            return self._leaving(x)
        if isinstance(x, Interpreted) and x.tensor and len(interpreters) == 1:
            return Found(x, is_single(x))  # a constant Tensor, as it is seen here
        for interpreter in interpreters:
            interpreter.hand_on(x)
        return Found(x, outside=True)

    # ------------------------------------------------------------ derivatives

    def pull(self, cotangents: list[Array]) -> list[Array]:
        """The cotangents of the arguments' leaves, given those of the outputs."""
        table: dict[Node, Array] = {}
        for output, cotangent in zip(self.outputs, cotangents, strict=True):
            g = conjugated(lifted(cotangent))
            table[output] = table[output] + g if output in table else g
        found = pull(table, self.fresh, recorded=self._recorded, nodes=self.nodes)
        return [conjugated(found[x]) if x in found else np.zeros_like(x.value) for x in self.fresh]

    def push(self, tangents: list[Array]) -> list[Array]:
        """The tangents of the outputs, given those of the arguments' leaves."""
        given: dict[Node, Array] = {}
        given |= zip(self.fresh, tangents, strict=True)
        found = push(self.nodes, given, recorded=self._recorded)
        return [found[x] if x in found else np.zeros_like(x.value) for x in self.outputs]

    @property
    def _recorded(self) -> AbstractSet[Node]:
        """The nodes in which a walk is recorded: those in `beyond`, or none under `no_grad`."""
        return self.beyond if CONTEXT.get().recording else frozenset()

    # ------------------------------------------------------------ results

    def value(self) -> Result:
        """The value that the function returned."""
        return Result(self.out, list(map(self._leaving, self.outputs)))

    def derivative(self, tangents: tuple[Tree, ...]) -> Result:
        """The derivative of the value along tangents of the arguments."""
        pairs = zip(self.push(vectors(self.given, tangents)), self.outputs, strict=True)
        return Result(self.out, [Found(t, self.is_single(x)) for t, x in pairs])

    def like_arguments(self, like: Tree, found: list[Array]) -> Result:
        """Cotangents of the arguments' leaves as a tree, each of the kind of its leaf."""
        pairs = zip(found, self.fresh, strict=True)
        return Result(like, [Found(g, self.single[x]) for g, x in pairs])

    def is_single(self, x: Node) -> bool:
        """Whether a node holds a single number where NumPy would return a scalar."""
        if x in self.single:
            return self.single[x]
        if x.value.shape:
            return False
        points = (not node.value.shape and not self.single[node] for node in self.fresh)
        return is_single(x.value) or not any(points)

    def _leaving(self, x: Node) -> Found:
        """A node without the history that leads to nodes of this run alone."""
        return Found(x if x in self.beyond else value_of(x), self.is_single(x), x.name)


def check_leaves(primals: tuple[Tree, ...]) -> None:
    """Raise NotDifferentiableError that names all leaves of trees that are no such numbers."""
    wrong = [
        f"{path.partition('.')[2] or path}: {leaf!r:.60}"
        for path, leaf in tree.paths(primals)
        if getattr(leaf, "dtype", np.dtype(type(leaf))).kind not in "fc"
    ]
    if not wrong or len(tree.leaves(primals)) == len(primals):  # no argument is a tree
        return
    raise NotDifferentiableError(
        f"a tree is differentiated in all of its leaves, and only floating-point numbers vary "
        f"smoothly; these are none:{listed(wrong)}\nWrite 2.0 for 2. Give what is no parameter as "
        f"an argument of its own, outside of the tree."
    ) from None


def vectors(like: Tree, given: Tree) -> list[Array]:
    """Tangents or cotangents for a tree of nodes: Tensors where a derivative in them is wanted."""
    recording = CONTEXT.get().recording
    matched = tree.leaves(tree.map(matching, like, given))
    return [v if isinstance(v, Node) and v.tracked and recording else value_of(v) for v in matched]
