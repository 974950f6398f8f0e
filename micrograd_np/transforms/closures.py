"""Functions that solvers call, with all that they vary with: arguments, and Tensors around them.

A `Parametric` function of a point takes further arguments, any trees; their floating leaves are its
*parameters*. Tracked Tensors that the function finds elsewhere are *captured*. A `Linearized`
function has been run once at a point, and carries cotangents and tangents through that run.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import CONTEXT, entering, no_grad
from micrograd_np.core.graph import Node, describe, pull, push
from micrograd_np.core.op import Array, Interpreted, Op
from micrograd_np.core.record import attach, untracked, value_of
from micrograd_np.errors import BatchedError, GraphError, NotDifferentiableError, listed
from micrograd_np.interpreters.batch.batched import Batch
from micrograd_np.interpreters.substituted import captured_by
from micrograd_np.transforms.checkpoint import is_same
from micrograd_np.transforms.grad import name_of
from micrograd_np.transforms.run import Run

Function = Callable[..., Any]
NUMBERS = (float, complex)


class Parametric:
    """A function `f(x, *args)` as a function of `x` and of the list of its parameters."""

    def __init__(self, function: Function, args: Any) -> None:
        self.function = function
        self.args = args if isinstance(args, tuple) else (args,)
        leaves = tree.leaves(self.args)
        self.places = [i for i, leaf in enumerate(leaves) if is_floating(leaf)]
        self.parameters = [leaves[i] for i in self.places]
        self.__name__ = name_of(function)

    def __call__(self, x: Any, parameters: Sequence[Any]) -> Any:
        """The value, with other numbers in the places of the parameters."""
        return self.function(x, *self.arguments(parameters))

    def arguments(self, parameters: Sequence[Any]) -> tuple[Any, ...]:
        """The further arguments, with other numbers in the places of the parameters."""
        leaves = tree.leaves(self.args)
        for i, parameter in zip(self.places, parameters, strict=True):
            leaves[i] = parameter
        return tuple(tree.replace(self.args, leaves))


def is_floating(leaf: Any) -> bool:
    """Whether a leaf is a floating-point number, or an array of such numbers."""
    return isinstance(leaf, NUMBERS) or getattr(getattr(leaf, "dtype", None), "kind", "") in {
        "f",
        "c",
    }


class Linearized:
    """A function of arrays that has been run once, and the derivatives of that run.

    `captured`: the tracked Tensors beside the arguments that have a part in the derivatives.
    """

    def __init__(self, function: Function, inputs: Sequence[Any], captured: Sequence[Node]) -> None:
        with beside(inputs):
            self.run = Run(lambda given: function(*given), (list(inputs),))
        self.captured = captured
        if len(self.run.outputs) != 1:
            raise NotDifferentiableError(
                f"{name_of(function)} is to return one array here, not {len(self.run.outputs)}."
            )
        self.out = self.run.outputs[0]
        self._check_captured(function, inputs)

    def _check_captured(self, function: Function, inputs: Sequence[Any]) -> None:
        """Raise GraphError if the function used tracked Tensors that it did not use at first."""
        known = {*self.captured, *(x for x in inputs if isinstance(x, Node))}
        used = captured_by(self.run.outputs, self.run.since)
        if found := [x for x in used if x not in known]:
            raise GraphError(
                f"`{name_of(function)}` was run again to differentiate it, and reached Tensors "
                f"that it had not reached at first:{listed(map(describe, found))}\nGive them to it "
                f"in `args`."
            )

    def pull(self, g: Array) -> list[Array]:
        """The cotangents of the arguments, and then of the captured Tensors."""
        nodes = [*self.run.fresh, *self.captured]
        found = pull(
            {self.out: g}, nodes, recorded=self._recorded, nodes=self.run.nodes, beyond=False
        )
        return [found[x] if x in found else np.zeros_like(x.value) for x in nodes]

    def push(self, tangents: Sequence[Array | None]) -> Array:
        """The tangent of the value, given those of the arguments and of the captured Tensors."""
        nodes = [*self.run.fresh, *self.captured]
        given: dict[Node, Array] = {
            x: t for x, t in zip(nodes, tangents, strict=True) if t is not None
        }
        found = push(self.run.nodes, given, recorded=self._recorded)
        return found[self.out] if self.out in found else np.zeros_like(self.out.value)

    @property
    def _recorded(self) -> Any:
        return self.run.beyond if CONTEXT.get().recording else frozenset()


class Probe(NamedTuple):
    """A function's value at one point, and the tracked Tensors that it captures, by age."""

    at: Sequence[Any] = ()
    value: Any = None
    captured: Sequence[Node] = ()


def probed(function: Function, inputs: Sequence[Any]) -> Probe:
    """The probe of a function at plain arrays; an empty one where nothing is recorded."""
    if not CONTEXT.get().recording:
        return Probe()
    with plainly():  # or the arguments would be tied to the graphs they come from
        run = Run(lambda given: function(*given), (list(inputs),))
    return Probe(inputs, value_of(run.outputs[0]), captured_by(run.outputs, run.since))


def check_repeated(function: Function, probe: Probe) -> None:
    """Raise GraphError if a function is no longer the one that was probed."""
    if not probe.at:
        return
    with plainly():
        value = value_of(function(*probe.at))
    if not is_same(np.asarray(value), probe.value):
        raise GraphError(
            f"`{name_of(function)}` was run again to differentiate it, and gave another value. It "
            f"uses something random, or something that has changed since, such as the variable of "
            f"a loop. Give what varies to it in `args`."
        )


def applied(op: Op, inputs: Sequence[Any], captured: Sequence[Node], value: Array, of: Any) -> Any:
    """A node of `op` over its inputs and captured Tensors, with a value computed already."""
    nodes = (*inputs, *captured)
    if not any(isinstance(x, Node) and x.tracked for x in nodes):
        return untracked(value)
    return attach(value, op, nodes, [value_of(x) for x in nodes], {"of": of})


def plain(x: Any, name: str) -> Array:
    """The numbers that a function returned to its solver, in float64.

    Raises BatchedError for a value of a batch, and for one that is recorded.
    """
    value = value_of(x)
    if isinstance(value, Interpreted) or (isinstance(x, Node) and x.tracked):
        raise BatchedError.closed_over(name)
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise NotDifferentiableError(
            f"{name} returned {array.dtype}, where a solver of SciPy takes real numbers. Solve for "
            f"the real and the imaginary part."
        )
    return array.astype(float)


def is_batched(function: Function, inputs: Sequence[Any]) -> bool:
    """Whether an input is an example of a batch.

    Raises NotDifferentiableError inside `mg.compile`, whose programs cannot call a solver.
    """
    if any(not isinstance(x, Batch) for x in CONTEXT.get().interpreters):
        raise NotDifferentiableError(
            f"a solver that calls {name_of(function)} as often as it needs to cannot be traced by "
            f"mg.compile: call the solver outside of the compiled function, and compile what it "
            f"is given, or what comes after."
        )
    return any(isinstance(value_of(x), Interpreted) for x in inputs)


def plainly(recording: bool = False) -> AbstractContextManager[Any]:
    """A context manager for a solver: functions are computed on numbers, by nobody but NumPy.

    `recording`: whether ops keep their recipes, so that `plain` notices what a function captures.
    """
    return entering(
        lambda outer: outer._replace(recording=recording and outer.recording, interpreters=())
    )


def beside(inputs: Sequence[Any]) -> AbstractContextManager[Any]:
    """A context manager outside of all batches, unless one of the inputs belongs to a batch.

    A walk that carries a batch of cotangents meets functions of arrays that are no batches.
    """
    if any(isinstance(value_of(x), Interpreted) for x in inputs):
        return nullcontext()
    return entering(lambda outer: outer._replace(interpreters=()))


def as_seen(values: Sequence[Any]) -> AbstractContextManager[Any]:
    """A context manager for a rule: under it nothing is recorded if the rule sees arrays alone."""
    return nullcontext() if any(map(holds_node, values)) else no_grad()


def holds_node(x: Any) -> bool:
    """Whether a value is a node, or a batch of which one is."""
    while isinstance(x, Interpreted):
        x = x.value
    return isinstance(x, Node)
