"""Derivatives of functions: `grad`, `value_and_grad`, `vjp`, `jvp`.

A transform takes a function of trees (arrays, Tensors, nested containers, modules) and returns
another. The transform runs the function on *fresh nodes* over the arguments, one set a run, so that
nested derivatives cannot be confused, and walks the graph of the run. The walk is itself recorded
if a Tensor outside the arguments wants a gradient too, which makes derivatives of any order.

Results are trees of arrays, or of Tensors where a Tensor was given (see `results`).
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import CONTEXT, differentiating, lifted
from micrograd_np.core.foreign import one_like
from micrograd_np.core.graph import ARGUMENT, Node, descendants, history, pull, push, tick
from micrograd_np.core.op import OPS, Array, Interpreted
from micrograd_np.core.record import record, value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import conjugated, matching, owned, scalar
from micrograd_np.errors.covering import uncover
from micrograd_np.interpreters.batch.batched import check_batch
from micrograd_np.transforms.results import (
    Found,
    Result,
    hand_out,
    holds_tensor,
    is_single,
    is_tracked,
)

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns `f`'s value and its gradient.

    `argnums`: the position of the argument to differentiate in, or several, then the gradient is a
    tuple. `has_aux`: `f` returns `(value, aux)`, and the result is `((value, aux), gradient)`.
    The gradient is a tree like the argument, of its leaves' shapes and dtypes; it is zero for a
    leaf that the value does not depend on.

    All results are Tensors if an argument holds a Tensor or a result has a history beyond the call.
    Otherwise they are arrays, and `np.float64` or its like for a single number. This holds for all
    transforms.

    Raises GraphError if the value is not a single real number, TypeError for an integer leaf.

    >>> value, gradient = value_and_grad(lambda p: p["w"] ** 2 + p["b"])({"w": 3.0, "b": 1.0})
    >>> float(value), float(gradient["w"]), float(gradient["b"])
    (10.0, 6.0, 1.0)
    """
    return differentiated(f, argnums, has_aux, with_value=True)


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of `f`: `value_and_grad` without the value.

    With `has_aux` the function returns `(gradient, aux)`. Applying `grad` twice gives second
    derivatives.

    >>> float(grad(grad(lambda x: x**3))(2.0))
    12.0
    """
    return differentiated(f, argnums, has_aux, with_value=False)


def differentiated(f: Function, argnums: Argnums, has_aux: bool, *, with_value: bool) -> Function:
    """`grad` of `f`, or `value_and_grad`."""

    def transformed(*args: Any, **keywords: Any) -> Any:
        function, chosen = at(f, argnums, args, keywords)
        run = Run(function, chosen, has_aux)
        value = scalar(run.out, name_of(f))
        found = run.like_arguments(run.pull([value], [one_like(value.value)]))
        results = [run.value(), *run.aux()] if with_value else run.aux()
        *others, gradient = hand_out(holds_tensor(args, keywords), *results, Result(chosen, found))
        gradient = gradient[0] if isinstance(argnums, int) else gradient
        if not others:
            return gradient
        if not with_value:
            return gradient, others[0]
        return (tuple(others) if has_aux else others[0]), gradient

    return named_after(f, transformed)


def vjp(f: Function, *primals: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f(*primals)` and the function that pulls a cotangent of the value back.

    The pullback takes a tree like the value and returns a tuple of trees like `primals`: the
    product of the cotangent with the Jacobian. The pullback may be called any number of times. With
    `has_aux` `f` returns `(value, aux)`, and the result is `(value, pullback, aux)`.

    Raises ShapeError for a cotangent of another shape, ValueError for one of another structure.

    >>> value, pullback = vjp(np.sin, np.array([0.0, np.pi]))
    >>> pullback(np.array([1.0, 1.0]))[0]
    array([ 1., -1.])
    """
    run, tensors = Run(f, primals, has_aux), holds_tensor(primals)

    def pullback(cotangents: Tree) -> tuple[Tree, ...]:
        matched = tree.leaves(tree.map(matching, run.out, cotangents))
        found = run.like_arguments(run.pull(tree.leaves(run.out), matched))
        (pulled,) = hand_out(tensors or holds_tensor(cotangents), Result(primals, found))
        return tuple(pulled)

    value, *aux = hand_out(tensors, run.value(), *run.aux())
    return value, pullback, *aux


def jvp(
    f: Function, primals: Sequence[Tree], tangents: Sequence[Tree], has_aux: bool = False
) -> tuple[Tree, ...]:
    """The value of `f(*primals)` and its directional derivative along `tangents`.

    `tangents` is a tree like `primals`; the derivative is a tree like the value: the product of the
    Jacobian with the tangents, in one forward walk. With `has_aux` `f` returns `(value, aux)`, and
    the result is `(value, derivative, aux)`.

    Raises ShapeError for a tangent of another shape, ValueError for one of another structure.

    >>> value, derivative = jvp(lambda x: x**2, [3.0], [1.0])
    >>> float(value), float(derivative)
    (9.0, 6.0)
    """
    check_lists(f, "jvp", primals, tangents)
    run = Run(f, tuple(primals), has_aux)
    results = [run.value(), run.derivative(tuple(tangents)), *run.aux()]
    return hand_out(holds_tensor(primals, tangents), *results)


# ---------------------------------------------------------------- one run of a function


class Run:
    """A function run once on fresh nodes over its arguments, and the graph of the run.

    `given`: the fresh nodes as the arguments, `fresh`: as a list. `out`, `auxiliary`: what the
    function returned. `nodes`: the graph, oldest first. `beyond`: the nodes of the graph that
    depend on tracked Tensors outside the arguments, so that a walk of them has to be recorded.
    """

    def __init__(self, f: Function, primals: tuple[Tree, ...], has_aux: bool = False) -> None:
        self.fresh: list[Tensor] = []
        self.single: set[Node] = set()  # those that stand for a single number
        self.points: set[Node] = set()  # and for an array of no axes
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
        made = [x for x in tree.leaves((self.out, self.auxiliary)) if isinstance(x, Tensor)]
        self.nodes, leaves = history(made, self.since)
        outside = [x for x in leaves if x.options is not ARGUMENT or x.tick < self.since]
        recording = outside and CONTEXT.get().recording
        self.beyond = descendants(self.nodes, outside) if recording else frozenset()

    def _noded(self, x: Any) -> Tensor:
        """A leaf of what the function returned as a node."""
        check_batch(x)
        node = x if isinstance(x, Tensor) else Tensor(x)
        if is_single(x):
            self.single.add(node)
        elif node is not x and not node.shape:
            self.points.add(node)
        return node

    def _renewed(self, leaf: Any) -> Tensor:
        """A node of this run alone over `leaf`, still tied to the graph that `leaf` came from."""
        node: Tensor
        single = is_single(leaf)
        context = CONTEXT.get()
        if context.interpreters:
            leaf = lifted(leaf if hasattr(leaf, "dtype") else owned(leaf))
        if is_tracked(leaf) and context.recording:
            node = record(OPS[np.copy], (leaf,))
        else:
            node = Tensor(value_of(leaf) if isinstance(leaf, Tensor) else leaf, requires_grad=True)
            node.options = ARGUMENT
        node.name = getattr(leaf, "name", None)
        self.fresh.append(node)
        if single:
            self.single.add(node)
        elif not node.shape:
            self.points.add(node)
        return node

    # ------------------------------------------------------------ derivatives

    def pull(self, outputs: list[Tensor], cotangents: list[Array]) -> list[Array]:
        """The cotangents of the arguments' leaves, given those of the outputs."""
        cotangents = [lifted(self._vector(g)) for g in cotangents]
        table: dict[Node, Array] = {}
        for output, g in zip(outputs, map(conjugated, cotangents), strict=True):
            table[output] = table[output] + g if output in table else g
        found = pull(table, self.fresh, recorded=self._recorded, nodes=self.nodes)
        return [conjugated(found[x]) if x in found else zeros(x) for x in self.fresh]

    def push(self, outputs: list[Tensor], tangents: list[Array]) -> list[Array]:
        """The tangents of the outputs, given those of the arguments' leaves."""
        given: dict[Node, Array] = {}
        given |= zip(self.fresh, map(self._vector, tangents), strict=True)
        found = push(self.nodes, given, recorded=self._recorded)
        return [found[x] if x in found else zeros(x) for x in outputs]

    @property
    def _recorded(self) -> AbstractSet[Node]:
        """The nodes in which a walk is recorded: those in `beyond`, or none under `no_grad`."""
        return self.beyond if CONTEXT.get().recording else frozenset()

    def _vector(self, v: Array) -> Array:
        """A cotangent or tangent as a Tensor where a derivative in it is wanted, else its value."""
        return v if is_tracked(v) and CONTEXT.get().recording else value_of(v)

    # ------------------------------------------------------------ results

    def value(self) -> Result:
        """The value that the function returned."""
        return Result(self.out, [self._leaving(x) for x in tree.leaves(self.out)])

    def aux(self) -> list[Result]:
        """The aux that the function returned, if any; objects from outside stay what they are."""
        if not self.has_aux:
            return []
        found: list[Any] = []
        interpreters = CONTEXT.get().interpreters
        for x in tree.leaves(self.auxiliary):
            if isinstance(x, Tensor) and x.tick > self.since:
                found.append(self._leaving(x))
            elif isinstance(x, Interpreted) and x.tensor and len(interpreters) == 1:
                found.append(Found(x, is_single(x)))  # a constant Tensor, as it is seen here
            else:
                found.append(x)
                for interpreter in interpreters:
                    interpreter.hand_on(x)
        return [Result(self.auxiliary, found)]

    def derivative(self, tangents: tuple[Tree, ...]) -> Result:
        """The derivative of the value along tangents of the arguments."""
        outputs = tree.leaves(self.out)
        matched = tree.leaves(tree.map(matching, self.given, tangents))
        pairs = zip(self.push(outputs, matched), outputs, strict=True)
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


# ---------------------------------------------------------------- arguments and results


def at(
    f: Function, argnums: Argnums, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Function, tuple[Tree, ...]]:
    """`f` as a function of the arguments at `argnums` alone, and those arguments."""
    positions: tuple[Any, ...] = tuple(argnums) if isinstance(argnums, list | tuple) else (argnums,)
    count = len(args)
    places = {i % count for i in positions if isinstance(i, int) and -count <= i < count}
    if len(places) < len(positions):
        raise TypeError(
            f"argnums={argnums!r:.40} does not name arguments of {name_of(f)}, which was called "
            f"with {count} positional ones: give a position, or several different ones. "
            f"(The gradient is a function: write grad(f)(x), not grad(f, x).)"
        )

    def of_chosen(*chosen: Tree) -> Any:
        placed = list(args)
        for i, argument in zip(positions, chosen, strict=True):
            placed[i] = argument
        return f(*placed, **keywords)

    return of_chosen, tuple(args[i] for i in positions)


def check_lists(f: Function, name: str, *given: Sequence[Tree]) -> None:
    """Raise TypeError unless the arguments of `f` and their tangents are given to `name` as lists.

    Bare arrays would be taken apart as if they were lists.
    """
    if not all(isinstance(x, list | tuple) for x in given):
        raise TypeError(
            f"{name} takes the arguments of {name_of(f)} as a list, and their tangents as another: "
            f"{name}(f, [x], [t]). Given: {', '.join(type(x).__name__ for x in given)}."
        )


def zeros(x: Node) -> Array:
    """The derivative in a leaf that nothing depends on."""
    return np.zeros_like(x.value)


def named_after(f: Function, derivative: Any) -> Function:
    """A derivative of `f`, with its name, documentation and signature.

    Many derivatives are called only once, and `functools.wraps` would take longer.
    """
    derivative.__name__ = derivative.__qualname__ = name_of(f)
    derivative.__doc__ = getattr(f, "__doc__", None)
    derivative.__wrapped__ = f
    made: Function = derivative
    return made


def name_of(f: Function) -> str:
    """The name of a function in messages."""
    return getattr(f, "__name__", None) or type(f).__name__
