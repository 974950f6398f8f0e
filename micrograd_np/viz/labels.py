"""The text of a node: the lines in its box, and the tooltip shown when a pointer is on the box.

A *label* has up to three sections, one below the other: what the node is, its value, its gradient.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array
from micrograd_np.viz.array_text import all_digits, lines, shape_and_dtype, visible
from micrograd_np.viz.symbols import options_text, symbol

Role = Literal["parameter", "constant", "op"]


class Label(NamedTuple):
    """The text of a node: the lines of each section, none for a section that is missing."""

    role: Role
    marks: list[str]  # "output", "named", "bare" of numbers, "gradient": what else a box is
    is_single: bool
    head: list[str]
    value: list[str]
    gradient: list[str]
    tooltip: list[str]


class Annotations(NamedTuple):
    """Facts about nodes that a picture shows and that the nodes do not hold themselves."""

    names: Mapping[Node, str]
    gradients: Mapping[Node, Array | None]  # None: not computed
    outputs: frozenset[Node]
    changed: frozenset[Node]


def label_of(node: Node, annotations: Annotations) -> Label:
    """The label of `node`, with a gradient section if the node is in `annotations.gradients`."""
    name = annotations.names.get(node) or getattr(node, "name", None)
    names = [visible(name)] if name else []
    write = op_lines if node.op else leaf_lines
    head, value = write(node, names, annotations)
    gradient = []
    if node in annotations.gradients:
        g = annotations.gradients[node]  # None says that it was not computed, which is not zero
        gradient = ["gradient not computed"] if g is None else ["gradient", *lines(g)]
    marks = {
        "output": node in annotations.outputs,
        "named": names,
        "bare": not (value or gradient),
        "gradient": gradient,
    }
    return Label(
        "op" if node.op else "parameter" if node.tracked else "constant",
        [mark for mark, holds in marks.items() if holds],
        not isinstance(node.value, tuple) and node.value.ndim == 0,
        head,
        value,
        gradient,
        tooltip(node, annotations),
    )


def leaf_lines(
    node: Node, names: list[str], annotations: Annotations
) -> tuple[list[str], list[str]]:
    """The head and the value of a leaf; a constant that is one number without a name is all head.

    The head is the name, the shape and the dtype.
    """
    value = lines(node.value)
    if node.value.ndim == 0 and not (node.tracked or names or node in annotations.outputs):
        return value, []
    changed = ["changed since it was used"] if node in annotations.changed else []
    return [*names, shape_and_dtype(node.value), *changed], value


def op_lines(node: Node, names: list[str], annotations: Annotations) -> tuple[list[str], list[str]]:
    """The head and the value of an op's result; only outputs and single numbers show a value.

    The head is the symbol, the name, the options and the shape of the result.
    """
    head = [symbol(node), *names]
    if options := options_text(node.options):
        head.append(", ".join(options))
    if isinstance(node.value, tuple):
        return [*head, f"{len(node.value)} results"], []
    value = lines(node.value)
    if node in annotations.outputs:
        return [*head, shape_and_dtype(node.value)], value
    if node.value.ndim == 0 and value:
        return [*head, f"= {value[0]}"], []
    is_complex = node.value.dtype.kind == "c"
    return [*head, shape_and_dtype(node.value) if is_complex else str(node.value.shape)], []


def tooltip(node: Node, annotations: Annotations) -> list[str]:
    """The op with its options and kind, and all digits of a small value and a small gradient."""
    shown = []
    if node.op is not None:
        shown = [f"{visible(node.op.name)}, {node.op.kind}", *options_text(node.options)]
    if not isinstance(node.value, tuple):
        shown += [shape_and_dtype(node.value), *all_digits(node.value)]
    gradient = annotations.gradients.get(node)
    return shown if gradient is None else [*shown, "gradient", *all_digits(gradient)]
