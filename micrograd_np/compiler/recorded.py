"""Compiled functions in a graph: where a result would have a history, one node stands for the call.

A compiled function that reaches Tensors whose gradients are wanted gives Tensors that lead back to
them, as it would uncompiled. The call is recorded as a single node, like that of a checkpointed
function. Its value comes from the program. Its gradient comes from a second program, which computes
the value again and pulls the cotangents back. Derivatives of derivatives, forward mode and batches
run the function itself.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler.passes import optimized
from micrograd_np.compiler.returning import Returned
from micrograd_np.compiler.signature import Call
from micrograd_np.compiler.specialization import Specialization
from micrograd_np.compiler.tracing.trace import Trace, trace
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.core.graph import Node, pull, tick
from micrograd_np.core.op import Op, Options, Wanted
from micrograd_np.core.record import PLAIN, attach, parts, value_of
from micrograd_np.transforms.checkpoint import Segment, pulled, pushed, repeatable


class CompiledCall(Segment):
    """One call of a compiled function that is part of a graph."""

    __slots__ = ("call", "made", "values")

    def __init__(
        self, made: Specialization, call: Call, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> None:
        super().__init__(made.subject.function, args, keywords)
        self.made = made
        self.call = call
        self.values = repeatable([leaf.value for leaf in call.leaves])
        found = [leaf.given for leaf in call.leaves if isinstance(leaf.given, Node)]
        self.reached = tuple(dict.fromkeys(x for x in (*found, *made.captured) if x.tracked))
        self.until = tick()

    @property
    def is_outdated(self) -> bool:
        """Whether it is too late to make the program of the gradient: something has changed."""
        return self.made.gradient is None and not self.made.guard.snapshot.holds()

    def gradients(self, cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents of what the call reached, from those of its results."""
        gradient = self.made.gradient
        if gradient is None:
            gradient = self.made.gradient = Gradient(self)
        found = gradient(repeatable(self.values), cotangents)
        total: dict[Node, Any] = {}
        for place, g in zip(gradient.places, found, strict=True):
            x = self.call.leaves[place].given if isinstance(place, int) else place
            total[x] = total[x] + g if x in total else g
        return [total.get(x) for x in self.reached]


class Gradient:
    """The program that pulls cotangents of a compiled function's results back to its inputs.

    `places`: what its results are the cotangents of: arguments by position, captured Tensors.
    """

    def __init__(self, call: CompiledCall) -> None:
        made = call.made
        self.sources: dict[Any, Any] = {}  # parameters by variable: argument, cotangent, Tensor
        self.places: list[Any] = []

        def run(trace: Trace) -> list[Any]:
            out, given = made.subject.on_stand_ins(trace, call.call, *call.arguments)
            nodes = Returned(out, given, trace.start).nodes
            arrived = {}
            for i, node in enumerate(nodes):
                example = np.zeros(np.shape(node.value), node.value.dtype)
                arrived[node] = trace.parameter("g", example)
                self.sources[arrived[node].variable] = ("cotangent", i)
            for i, x in enumerate(given):
                self.sources[value_of(x).variable] = ("value", i)
            wanted: dict[Node, Any] = {x: x for x in trace.captured if x.tracked}
            wanted |= {x: i for i, x in enumerate(given) if isinstance(x, Node) and x.tracked}
            found = pull(arrived, wanted)
            self.places = [wanted[x] for x in found]
            return list(found.values())

        program, found, traced = trace(
            f"gradient_of_{made.subject.name}", run, made.guard.snapshot.kept()
        )
        for node, stand_in in traced.captured.items():
            self.sources[stand_in.variable] = ("captured", node)
        finished, _ = optimized(program(found))
        self.parameters = finished.parameters
        self.executable = made.backend.build(made.backend.prepare(finished), frozenset())

    def __call__(self, values: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, ...]:
        """The gradients, at these values of the arguments."""
        sources = {"value": values, "cotangent": cotangents}
        given = []
        for parameter in self.parameters:
            kind, where = self.sources[parameter]
            given.append(where.value if kind == "captured" else sources[kind][where])
        with ignoring_float_errors():
            found: tuple[Any, ...] = self.executable(*given)
        return found


def with_history(made: Specialization, call: Call, args: Any, keywords: Any) -> Any:
    """The result of a call, with one node behind all of it that is tracked."""
    segment = CompiledCall(made, call, args, keywords)  # before generators are drawn from
    values = made.results(call)
    returned = made.returned
    distinct = {i: v for i, v in zip(returned.histories, values, strict=True) if i is not None}
    whole = tuple(distinct[i] for i in sorted(distinct))
    node = attach(
        whole[0] if len(whole) == 1 else whole, COMPILED, segment.reached,
        [x.value for x in segment.reached], {"function": segment},
    )  # fmt: skip
    nodes = [node] if len(whole) == 1 else parts(node)
    leaves = list(returned.wrapped(values))
    for place, i in enumerate(returned.histories):
        if i is not None:
            leaves[place] = nodes[i]
    for place, i in returned.passed.items():
        leaves[place] = call.leaves[i].given
    return returned.rebuilt_with(leaves)


def compiled(*_: Any) -> Any:
    """The function of the node's op, for its name."""


def pulled_back(
    wanted: Wanted, g: Any, out: Any, inputs: Sequence[Any], options: Options
) -> list[Any]:
    """The cotangents of what the call reached: by a program, if arrays arrive."""
    function: CompiledCall = options["function"]
    cotangents = g if isinstance(g, list) else [g]
    foreign = any(type(x) not in PLAIN for x in (*cotangents, *inputs))
    if isinstance(out, Node) or foreign or function.is_outdated:  # run again, and compared
        return pulled(wanted, g, out, inputs, options)
    found = function.gradients(cotangents)
    return [found[i] for i in wanted]


COMPILED = Op(compiled, "primitive", pulled_back, pushed)
