"""Derivatives of functions: `grad`, `value_and_grad`, `vjp`, `jvp`.

A transform takes a function of trees (arrays, Tensors, nested containers, modules) and returns
another. It runs the function on *fresh nodes* over the arguments, one set a run, so that nested
derivatives cannot be confused, and walks the graph this leaves. The walk is itself recorded exactly
when something outside the arguments wants a gradient too, which makes derivatives of any order.

Results are trees of Tensors.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from micrograd_np import tree
from micrograd_np.arrays import conjugated, matching, own_array, scalar
from micrograd_np.foreign import one_like
from micrograd_np.graph import Node, history, pull, push, tick
from micrograd_np.mode import BATCH, DIFFERENTIATING, MODE, differentiate_from, enable_grad
from micrograd_np.op import OPS, Array
from micrograd_np.recording import held, record, untracked
from micrograd_np.tensor import Tensor
from micrograd_np.tree import Tree

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns `f`'s value and its gradient.

    `argnums`: the position of the argument to differentiate in, or several, then the gradient is a
    tuple. `has_aux`: `f` returns `(value, aux)`, and the result is `((value, aux), gradient)`.
    The gradient is a tree like the argument, with Tensors of its leaves' shapes and dtypes; it is
    zero for a leaf that the value does not depend on.

    Raises GraphError if the value is not a single real number, TypeError for an integer leaf.

    >>> value, gradient = value_and_grad(lambda p: p["w"] ** 2 + p["b"])({"w": 3.0, "b": 1.0})
    >>> float(value), float(gradient["w"]), float(gradient["b"])
    (10.0, 6.0, 1.0)
    """

    def transformed(*args: Any, **keywords: Any) -> Any:
        function, chosen = at(f, argnums, args, keywords)
        run = Run(function, chosen, has_aux)
        value = scalar(run.out, name_of(f))
        gradients = tree.replace(chosen, run.pull([value], [one_like(value.value)]))
        gradient = gradients[0] if isinstance(argnums, int) else gradients
        result = run.freed(value)
        return ((result, run.freed(run.aux)), gradient) if has_aux else (result, gradient)

    return transformed


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of `f`: `value_and_grad` without the value.

    With `has_aux` it returns `(gradient, aux)`. Applied twice, it gives second derivatives.

    >>> float(grad(grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(f, argnums, has_aux)

    def transformed(*args: Any, **keywords: Any) -> Any:
        value, gradient = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return transformed


def vjp(f: Function, *primals: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f(*primals)` and the function that pulls a cotangent of it back.

    The pullback takes a tree like the value and returns a tuple of trees like `primals`: the
    product of the cotangent with the Jacobian. It may be called any number of times. With `has_aux`
    `f` returns `(value, aux)`, and the result is `(value, pullback, aux)`.

    Raises ShapeError for a cotangent of another shape, ValueError for one of another structure.

    >>> value, pullback = vjp(np.sin, np.array([0.0, np.pi]))
    >>> pullback(np.array([1.0, 1.0]))[0].numpy()
    array([ 1., -1.])
    """
    run = Run(f, primals, has_aux)

    def pullback(cotangents: Tree) -> tuple[Tree, ...]:
        matched = tree.leaves(tree.map(matching, run.out, cotangents))
        found: tuple[Tree, ...] = tree.replace(primals, run.pull(tree.leaves(run.out), matched))
        return found

    pair = run.freed(run.out), pullback
    return (*pair, run.freed(run.aux)) if has_aux else pair


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
    if not all(isinstance(x, list | tuple) for x in (primals, tangents)):
        raise TypeError(
            f"jvp takes the arguments of {name_of(f)} as a list, and their tangents as another: "
            f"jvp(f, [x], [t]). Given: {type(primals).__name__}, {type(tangents).__name__}."
        )
    run = Run(f, tuple(primals), has_aux)
    matched = tree.leaves(tree.map(matching, run.given, tuple(tangents)))
    pushed = run.push(tree.leaves(run.out), matched)
    pair = run.freed(run.out), tree.replace(run.out, pushed)
    return (*pair, run.freed(run.aux)) if has_aux else pair


# ---------------------------------------------------------------- one run of a function


class Run:
    """A function run once on fresh nodes over its arguments, and the graph this left."""

    def __init__(self, f: Function, primals: tuple[Tree, ...], has_aux: bool = False) -> None:
        self.fresh: list[Tensor] = []
        self.given = tree.map(self._renewed, primals)
        since = self.fresh[0].tick if self.fresh else tick()
        token = differentiate_from(since)
        try:
            with enable_grad() if MODE.get() is False else nullcontext():
                out = f(*self.given)
        finally:
            DIFFERENTIATING.reset(token)
        if has_aux and not (isinstance(out, tuple) and len(out) == 2):
            raise TypeError(
                f"with has_aux=True the function returns a pair (value, aux), not {out!r:.80}."
            )
        out, aux = out if has_aux else (out, None)
        self.aux: Tree = aux
        self.out = tree.map(lambda x: x if isinstance(x, Tensor) else Tensor(x), out)
        made = [x for x in tree.leaves((self.out, self.aux)) if isinstance(x, Tensor)]
        self.nodes, leaves = history(made, since)
        self.open = MODE.get() is not False and not set(self.fresh).issuperset(leaves)

    def _renewed(self, leaf: Any) -> Tensor:
        """A node of this run's own over `leaf`, still tied to the graph that `leaf` came from."""
        node: Tensor
        if (batch := BATCH.get()) is not None:
            leaf = batch.lift(leaf if hasattr(leaf, "dtype") else own_array(leaf))
        if isinstance(leaf, Tensor) and leaf.tracked and MODE.get():
            node = record(OPS[np.copy], (leaf,))
        else:
            node = Tensor(held(leaf) if isinstance(leaf, Tensor) else leaf, requires_grad=True)
        node.name = getattr(leaf, "name", None)
        self.fresh.append(node)
        return node

    def pull(self, outputs: list[Tensor], cotangents: list[Array]) -> list[Tensor]:
        """The cotangents of the arguments' leaves, given those of the outputs."""
        recorded, cotangents = self._prepared(cotangents)
        if (batch := BATCH.get()) is not None:
            cotangents = [batch.lift(g) for g in cotangents]
        table: dict[Node, Array] = {}
        for output, g in zip(outputs, map(conjugated, cotangents), strict=True):
            table[output] = table[output] + g if output in table else g
        found = pull(table, self.fresh, recorded=recorded, nodes=self.nodes)
        seen = {x: conjugated(g) for x, g in found.items()}
        return [as_own_tensor(seen.get(x), x) for x in self.fresh]

    def push(self, outputs: list[Tensor], tangents: list[Array]) -> list[Tensor]:
        """The tangents of the outputs, given those of the arguments' leaves."""
        recorded, tangents = self._prepared(tangents)
        found = push(self.nodes, dict(zip(self.fresh, tangents, strict=True)), recorded=recorded)
        return [as_own_tensor(found.get(x), x) for x in outputs]

    def _prepared(self, vectors: list[Array]) -> tuple[bool, list[Array]]:
        """Whether to record the walk, as we must if the graph reaches beyond the arguments."""
        tracked = any(isinstance(v, Node) and v.tracked for v in vectors)
        if self.open or (tracked and MODE.get()):
            return True, vectors
        return False, [held(v) if isinstance(v, Node) else v for v in vectors]

    def freed(self, result: Tree) -> Tree:
        """The result without the history that only leads to this run's own nodes."""
        if self.open:
            return result
        return tree.map(lambda x: released(x) if isinstance(x, Tensor) else x, result)


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


def as_own_tensor(found: Array | None, like: Node) -> Tensor:
    """What a walk found as a Tensor of its own; zeros where it found nothing."""
    found = np.zeros_like(like.value) if found is None else found
    if isinstance(found, Tensor) and found.tracked:
        return found
    out: Tensor = untracked(own_array(found))
    return out


def released(x: Tensor) -> Tensor:
    """`x` without its history in this run; a batch goes on to carry that from around it."""
    out: Tensor = untracked(own_array(x.value))
    if x.name and isinstance(out, Tensor):
        out.name = x.name
    return out


def name_of(f: Function) -> str:
    """What to call a function in messages."""
    return getattr(f, "__name__", None) or type(f).__name__
