"""Checkpointing: computing a part of a graph twice, so that what lies inside need not be kept.

A *segment* is one call of a checkpointed function, recorded as a single node. The inputs of the
node are the Tensors that the call *reached*: its arguments, and others that the function used, such
as the parameters of a module. The rules of the node run the function again and walk the new graph.

Sources: A. Griewank & A. Walther, Algorithm 799: revolve, 2000; T. Chen et al., Training deep nets
with sublinear memory cost, 2016.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import CONTEXT, replaying
from micrograd_np.core.graph import Node, by_age, descendants, describe, history, pull, push, tick
from micrograd_np.core.op import Array, Op, Options, Wanted
from micrograd_np.core.record import attach, has_parts, parts, value_of
from micrograd_np.core.tree import Tree
from micrograd_np.errors import GraphError, MutationError, listed
from micrograd_np.interpreters.batch.batched import depth_of

Function = Callable[..., Any]
Called = TypeVar("Called", bound=Function)


def checkpoint(f: Called) -> Called:
    """`f` without the memory for its intermediate values, which derivatives compute again.

    A chain of n checkpointed blocks keeps n values between blocks, and the values inside one block
    at a time, for the price of running every block once more. `f` is a function of trees, a method
    or a module. Tensors that `f` uses without getting them as arguments receive gradients too.
    `checkpoint` can be used as a decorator, nested, and differentiated in both modes to any order.
    (A derivative that is itself recorded, as for a second one, keeps its intermediate values.)

    The second run of `f` has to compute what the first one did. A `numpy.random.Generator` or
    `RandomState` among the arguments starts both runs in the same state. Anything else that is
    random or changes makes wrong derivatives, and an error if the second value differs. A name that
    `f` takes from its surroundings, such as the variable of a loop, may mean another object by
    then: pass whatever varies as an argument.

    In a picture a call is one node, `checkpoint`, with the name of `f`.

    Raises, when differentiated, GraphError if the second run gives another value or reaches other
    Tensors than the first, MutationError if a Tensor that `f` reached was changed in between.

    >>> from micrograd_np import Tensor
    >>> @checkpoint
    ... def block(x, w):
    ...     return np.tanh(np.sin(w * x) ** 2)
    >>> w = Tensor(0.5, requires_grad=True)
    >>> out = block(2.0, w)
    >>> out.op, out.inputs
    (<op checkpoint: primitive>, (Tensor(0.5, requires_grad=True),))
    >>> out.backward()
    >>> print(w.grad.round(4))
    1.1431
    """
    if not callable(f):
        raise TypeError(f"checkpoint takes a function. Given: {f!r:.80}. Write checkpoint(f)(x).")

    @wraps(f, updated=())
    def checkpointed(*args: Any, **keywords: Any) -> Any:
        if not CONTEXT.get().recording:
            return f(*args, **keywords)
        segment = Segment(f, args, keywords)
        since = tick()
        return segment.recorded(f(*args, **keywords), since)

    return checkpointed  # type: ignore[return-value] # it is called like `f`


class Segment:
    """One call of a checkpointed function: what is needed to run it again."""

    __slots__ = ("arguments", "function", "reached", "until")

    def __init__(self, function: Function, args: tuple[Any, ...], keywords: Options) -> None:
        self.function = function
        self.arguments = repeatable((args, keywords))  # lists and random states of this moment
        self.reached: tuple[Node, ...] = ()
        self.until = 0  # the tick at which the first run was over

    @property
    def __name__(self) -> str:
        """The function's name, which pictures show."""
        return getattr(self.function, "__name__", None) or type(self.function).__name__

    def recorded(self, out: Tree, since: int) -> Tree:
        """The value of the first run, made since a tick, with one node in place of its graph."""
        results = made(out, since)
        if not results:
            return out
        nodes, leaves = history(results, since)
        self.reached = self._in_order(nodes, leaves, since)
        self.until = tick()
        values = [compact(x.value) for x in results]
        value = values[0] if len(values) == 1 else tuple(values)
        inputs = [x.value for x in self.reached]
        node = attach(value, CHECKPOINT, self.reached, inputs, {"function": self})
        new = dict(zip(results, [node] if len(values) == 1 else parts(node), strict=True))
        for old, named in new.items():
            named.name = old.name
        return tree.map(lambda x: new.get(x, x) if isinstance(x, Node) else x, out)

    def _in_order(self, nodes: list[Node], leaves: list[Node], since: int) -> tuple[Node, ...]:
        """The Tensors that the call reached: those among the arguments first, then others by age.

        Constants are among them, for constants must not change either.
        """
        arguments = [x for x in tree.leaves(self.arguments) if isinstance(x, Node)]
        inputs = {x for node in nodes for x in node.inputs if isinstance(x, Node)}
        constants = {x for x in inputs.union(arguments) if not x.tracked}
        reached = {x for x in constants.union(leaves) if x.tick < since}
        first = dict.fromkeys(x for x in arguments if x in reached)
        return (*first, *sorted(reached - first.keys(), key=by_age))

    def again(self, out: Any, inputs: Sequence[Any]) -> tuple[list[Node], list[Node], set[Node]]:
        """Run the function once more: the nodes of the run, its results, and the recorded nodes.

        The nodes come oldest first. Those are recorded that depend on what a rule sees as nodes
        among its `inputs`. `out` is the value of the first run.
        """
        for x in self.reached:
            if x.tick > self.until:
                raise MutationError.of(describe(x), CHECKPOINT.name)
        args, keywords = repeatable(self.arguments)
        since = tick()
        with replaying():
            results = made(self.function(*args, **keywords), since)
        nodes, leaves = history(results, since)
        others = {x for x in leaves if x.tick < since}.difference(self.reached)
        if others:
            raise GraphError(
                f"`{self.__name__}` was run again to differentiate it, as it is checkpointed, and "
                f"reached Tensors that it had not reached at first:"
                f"{listed(map(describe, others))}\nA name it takes from around it, such as the "
                f"variable of a loop, now means another thing. Pass what varies as an argument."
            )
        firsts = value_of(out) if has_parts(out) else (value_of(out),)
        if len(results) != len(firsts) or not all(
            is_same(x.value, first) for x, first in zip(results, firsts, strict=True)
        ):
            raise GraphError(
                f"`{self.__name__}` was run again to differentiate it, as it is checkpointed, and "
                f"gave another value. It uses something random, or something that has changed "
                f"since. Pass a numpy.random.Generator as an argument, and arrays as they stay."
            )
        pairs = zip(self.reached, inputs, strict=True)
        seen = [x for x, given in pairs if isinstance(given, Node)]
        return nodes, results, descendants(nodes, seen)


def repeatable(arguments: Tree) -> Tree:
    """Arguments with containers of their own, and with copies of random generators."""
    random = (np.random.Generator, np.random.RandomState)
    return tree.map(lambda x: deepcopy(x) if isinstance(x, random) else x, arguments)


def made(out: Tree, since: int) -> list[Node]:
    """The differentiable results that ops have made since a tick, each once.

    In a batch these are results of the inner derivative; others keep the graph they have.
    """
    nodes = [x for x in tree.leaves(out) if isinstance(x, Node) and x.tracked and x.op]
    found = dict.fromkeys(x for x in nodes if x.tick > since)
    depth = max(map(depth_of, found), default=0)
    return [x for x in found if depth_of(x) == depth]


def compact(value: Array) -> Array:
    """A value that does not keep a larger array in memory."""
    view = type(value) is np.ndarray and value.base is not None
    return value.copy() if view else value


def is_same(value: Array, first: Array) -> bool:
    """Whether two runs agree but for rounding. Arrays of other libraries are not compared."""
    if value.shape != first.shape or value.dtype != first.dtype:
        return False
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "fc":
        return True
    finite = np.abs(first[np.isfinite(first)])
    close = float(np.sqrt(np.finfo(value.dtype).eps))
    scale = float(np.max(finite, initial=0.0))
    return bool(np.allclose(value, first, rtol=close, atol=close * scale, equal_nan=True))


# ---------------------------------------------------------------- its op


def pulled(wanted: Wanted, g: Any, out: Any, inputs: Sequence[Any], options: Options) -> list[Any]:
    """The cotangents of the Tensors that the call reached, None where there is none."""
    function: Segment = options["function"]
    nodes, results, recorded = function.again(out, inputs)
    arrived = dict(zip(results, g if has_parts(out) else [g], strict=True))
    reached = [function.reached[i] for i in wanted]
    found = pull(arrived, reached, recorded=recorded, nodes=nodes, beyond=False)
    return [found.get(x) for x in reached]


def pushed(tangents: Sequence[Any], out: Any, *inputs: Any, function: Segment) -> Any:
    """The tangents of the results."""
    nodes, results, recorded = function.again(out, inputs)
    moving = {x: t for x, t in zip(function.reached, tangents, strict=True) if t is not None}
    found = push(nodes, moving, recorded=recorded)
    tangent_of = [found.get(x, np.zeros_like(x.value)) for x in results]
    return tuple(tangent_of) if has_parts(out) else tangent_of[0]


CHECKPOINT = Op(checkpoint, "primitive", pulled, pushed)
