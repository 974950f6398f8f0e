"""The recorded graph: its nodes, and the two walks that differentiate it.

A *node* holds a value and the recipe that made the value: an op, the inputs of the op and the
options of the call. Inputs stand in order, with repeats, and may be arrays and numbers. A node
without an op is a *leaf*. Every node carries a *tick* of one global clock, so inputs are always
older than the nodes made from them. Sorting by tick is therefore a topological order, and a leaf
younger than an op that used the leaf was changed in between.

`pull` walks from outputs to leaves (reverse mode), `push` from leaves to outputs (forward mode).
Both are iterative and pure: they keep cotangents and tangents in a table of the call and return
the table. Rules see the nodes in `recorded` as nodes instead of values, so that NumPy calls within
the rules are recorded and the derivative can be differentiated again.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np

from micrograd_np.core.broadcasting import fit
from micrograd_np.core.context import CONTEXT
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.core.op import Array, Inputs, Op, Options
from micrograd_np.errors import MutationError

Values = Sequence[Any]

ARGUMENT: Options = {}  # of a leaf that stands for an argument of a function that is differentiated

float64 = np.float64
tick = count().__next__
by_age = attrgetter("tick")


class Node:
    """A value and its recipe, with a gradient and a name."""

    __slots__ = (
        "__weakref__", "grad", "inputs", "name", "op", "options", "sharers", "tick", "tracked",
        "value", "values",
    )  # fmt: skip

    value: Any
    tracked: bool  # whether a gradient is wanted
    op: Any  # an Op, or None for a leaf; whatever `history` finds has one
    inputs: Inputs
    values: Values  # the inputs' values, as the op saw them
    options: Options
    tick: int
    grad: Array | None
    name: str | None
    sharers: Any  # the Tensors that share its memory; not set where nobody has asked
    tensor: ClassVar[type["Node"]]  # the class of the results of ops, set by the module `tensor`


def pick(parts: Any, index: int) -> Any:
    """One of the results of an op with several."""
    return parts[index]


def pick_vjp(*_: Any) -> list[Any]:
    """A placeholder: `pull` gathers the cotangents of all results itself."""
    raise NotImplementedError


PICK = Op(pick, "linear", pick_vjp, None)


def history(outputs: Iterable[Node], since: int = -1) -> tuple[list[Node], list[Node]]:
    """The differentiable nodes behind `outputs`, oldest first, and the leaves they start from.

    Nodes older than `since` count as leaves.
    """
    stack = [node for node in outputs if node.tracked]
    seen = set()
    nodes = []
    leaves = []
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op is None or node.tick < since:
            leaves.append(node)
            continue
        nodes.append(node)
        for x in node.inputs:
            if isinstance(x, Node) and x.tracked:
                stack.append(x)  # noqa: PERF401 - a comprehension costs more than it does
    nodes.sort(key=by_age)
    return nodes, leaves


def describe(node: Node) -> str:
    """A node in a few words for messages: its name, shape and dtype."""
    kind = "Tensor" if node.op is None else f"the result of `{node.op.name}`"
    name = f" {node.name!r}" if node.name else ""
    value = node.value
    what = f"{len(value)} parts" if type(value) is tuple else f"shape {value.shape}, {value.dtype}"
    return f"{kind}{name} of {what}"


def descendants(nodes: Iterable[Node], ancestors: Iterable[Node]) -> set[Node]:
    """The nodes among `nodes` (oldest first) that depend on `ancestors`, and the ancestors."""
    found = set(ancestors)
    for node in nodes:
        for x in node.inputs:
            if isinstance(x, Node) and x in found:
                found.add(node)
                break
    return found


def pull(
    cotangents: dict[Node, Array],
    wrt: Iterable[Node] | None = None,
    *,
    recorded: AbstractSet[Node] = frozenset(),
    nodes: Iterable[Node] | None = None,
    beyond: bool = True,
) -> dict[Node, Array]:
    """Reverse mode: carry the `cotangents` of outputs back through the graph, youngest node first.

    Returns the cotangents that arrive at `wrt`, or at every leaf when `wrt` is None. A node of
    `wrt` that nothing reaches has no entry: its gradient is zero. A cotangent has its node's shape
    and dtype. `nodes`: the `history` of the outputs, for a caller who has it. `beyond`: whether to
    walk on from a node of `wrt` to other nodes of `wrt`. Observers are told of every cotangent.
    Raises MutationError for a value changed after an op had used it.
    """
    table: dict[Node, Any] = dict(cotangents)
    wanted = frozenset(wrt or ())
    active = None if wrt is None else descendants(nodes or history(table)[0], wanted)
    ahead: list[tuple[int, Node]] = []
    for node in table:
        if node.op is not None:
            heappush(ahead, (-node.tick, node))
    kept = {}
    context = CONTEXT.get()
    observers = context.observers if context.recording else ()
    with ignoring_float_errors():  # an infinite derivative is an answer, not an accident
        while ahead:
            node = heappop(ahead)[1]
            g = table.pop(node)
            for observer in observers:
                observer.pulled(node, g)
            if wanted and node in wanted:
                kept[node] = g
                if not beyond:
                    continue
            if node.op is PICK:
                gather(node, g, table, ahead)
            else:
                contribute(node, g, table, ahead, active, recorded)
    for observer in observers:
        for node, g in table.items():
            observer.pulled(node, g)
    return table if wrt is None else kept | {x: g for x, g in table.items() if x in wanted}


def contribute(  # noqa: C901, PLR0912 - written out flat: every node pays for it
    node: Node,
    g: Array,
    table: dict[Node, Any],
    ahead: list[tuple[int, Node]],
    active: set[Node] | None,
    recorded: AbstractSet[Node],
) -> None:
    """Add to the cotangents of a node's inputs what the inputs receive when `g` arrives."""
    op, inputs, age = node.op, node.inputs, node.tick
    out, values = node.value, node.values
    if recorded:
        out, values = seen(node, recorded)
    if type(g) is list and not op.sees_unused:  # of several results some may go unused
        g = [np.zeros_like(v) if p is None else p for p, v in zip(g, node.value, strict=True)]
    wanted = []
    for index, x in enumerate(inputs):
        if isinstance(x, Node):
            if x.tick > age:
                raise MutationError.of(describe(x), op.name)
            if x.tracked and (active is None or x in active):
                wanted.append(index)
    if not wanted:
        return
    cotangents = op.vjp(wanted, g, out, values, node.options)
    arrived = 0
    for index in wanted:  # by counting: `zip` would take longer than most rules
        part = cotangents[arrived]
        arrived += 1  # noqa: SIM113 - `enumerate` would too
        x = inputs[index]
        value = values[index]
        if type(part) is not float64 or type(value) is not float64:  # which fit at a glance
            if part is None:  # flat: the gradient is zero, not absent
                part = np.zeros_like(value)
            elif part.shape != value.shape or part.dtype is not value.dtype:
                part = fit(part, value)
        if x in table:
            table[x] = table[x] + part
        else:
            table[x] = part
            if x.op is not None:
                heappush(ahead, (-x.tick, x))


def seen(node: Node, recorded: AbstractSet[Node]) -> tuple[Any, Values]:
    """The result and the inputs of a node as its rules see them: nodes if they are recorded."""
    if node not in recorded:
        return node.value, node.values
    pairs = zip(node.inputs, node.values, strict=True)
    return node, [x if isinstance(x, Node) and x in recorded else value for x, value in pairs]


def gather(node: Node, g: Array, table: dict[Node, Any], ahead: list[tuple[int, Node]]) -> None:
    """Collect the cotangents of an op with several results into a list, None where nothing came."""
    whole, index = node.inputs[0], node.options["index"]
    if whole not in table:
        table[whole] = [None] * len(whole.value)
        heappush(ahead, (-whole.tick, whole))
    parts = table[whole]
    parts[index] = g if parts[index] is None else parts[index] + g


def push(
    nodes: Sequence[Node],
    tangents: dict[Node, Array],
    *,
    recorded: AbstractSet[Node] = frozenset(),
) -> dict[Node, Array]:
    """Forward mode: carry `tangents` of earlier nodes forward through `nodes` (oldest first).

    Returns the tangents of all nodes reached; a node without an entry has tangent zero. Raises
    MutationError for a value that was changed after an op had used it.
    """
    table: dict[Node, Any] = dict(tangents)
    with ignoring_float_errors():
        for node in nodes:
            incoming = [table.get(x) if isinstance(x, Node) else None for x in node.inputs]
            if node in table or all(t is None for t in incoming):
                continue
            if node.op is PICK:
                table[node] = table[node.inputs[0]][node.options["index"]]
            elif node.op.jvp is not None:
                for x in node.inputs:
                    if isinstance(x, Node) and x.tick > node.tick:
                        raise MutationError.of(describe(x), node.op.name)
                out, values = seen(node, recorded)
                tangent = node.op.jvp(incoming, out, *values, **node.options)
                table[node] = fit_all(tangent, node.value)
    return table


def fit_all(tangent: Any, value: Any) -> Any:
    """`fit`, for each of the results of an op with several."""
    if isinstance(value, tuple):
        return tuple(fit(t, v) for t, v in zip(tangent, value, strict=True))
    return fit(tangent, value)
