"""A node in words: the lines that stand in its box, and what it says when pointed at.

A *card* has up to three sections, one below the other: what the node is, its value, its gradient.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array
from micrograd_np.viz.symbols import options_text, symbol
from micrograd_np.viz.values import in_full, kind, lines, visible

Role = Literal["parameter", "constant", "op"]


class Card(NamedTuple):
    """The text of a node: lines for each section, empty for a section it does not have."""

    role: Role
    is_output: bool
    is_named: bool
    is_single: bool
    head: list[str]
    value: list[str]
    gradient: list[str]
    tooltip: list[str]


class Facts(NamedTuple):
    """What there is to say of nodes beyond what they know themselves."""

    names: Mapping[Node, str]
    gradients: Mapping[Node, Array | None]  # None: not computed
    outputs: frozenset[Node]
    changed: frozenset[Node]


def card_of(node: Node, facts: Facts) -> Card:
    """What to write about `node`; it has a gradient section if it is in `facts.gradients`."""
    name = facts.names.get(node) or getattr(node, "name", None)
    names = [visible(name)] if name else []
    head, value = op_lines(node, names, facts) if node.op else leaf_lines(node, names, facts)
    role: Role = "op" if node.op else "parameter" if node.tracked else "constant"
    return Card(
        role,
        is_output=node in facts.outputs,
        is_named=bool(names),
        is_single=not isinstance(node.value, tuple) and node.value.ndim == 0,
        head=head,
        value=value,
        gradient=gradient_lines(facts.gradients[node]) if node in facts.gradients else [],
        tooltip=tooltip(node, facts),
    )


def leaf_lines(node: Node, names: list[str], facts: Facts) -> tuple[list[str], list[str]]:
    """Name, shape and dtype, and the value; a constant that is one nameless number is just that."""
    value = lines(node.value)
    if node.value.ndim == 0 and not (node.tracked or names or node in facts.outputs):
        return value, []
    changed = ["changed since it was used"] if node in facts.changed else []
    return [*names, kind(node.value), *changed], value


def op_lines(node: Node, names: list[str], facts: Facts) -> tuple[list[str], list[str]]:
    """Symbol, name, options and the shape of the result; of an output and a number, its value."""
    head = [symbol(node), *names]
    if options := options_text(node.options):
        head.append(", ".join(options))
    if isinstance(node.value, tuple):
        return [*head, f"{len(node.value)} results"], []
    value = lines(node.value)
    if node in facts.outputs:
        return [*head, kind(node.value)], value
    if node.value.ndim == 0 and value:
        return [*head, f"= {value[0]}"], []
    return [*head, kind(node.value) if node.value.dtype.kind == "c" else str(node.value.shape)], []


def gradient_lines(gradient: Array | None) -> list[str]:
    """A gradient under its heading; one that was not computed is not one that is zero."""
    return ["gradient not computed"] if gradient is None else ["gradient", *lines(gradient)]


def tooltip(node: Node, facts: Facts) -> list[str]:
    """The op, its options and its kind, and all digits of a small value and gradient."""
    told = []
    if node.op is not None:
        told = [f"{visible(node.op.name)}, {node.op.kind}", *options_text(node.options)]
    if not isinstance(node.value, tuple):
        told += [kind(node.value), *in_full(node.value)]
    gradient = facts.gradients.get(node)
    return told if gradient is None else [*told, "gradient", *in_full(gradient)]
