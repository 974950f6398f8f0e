"""The picture as DOT, the language of Graphviz.

Each node is a record, a box with sections, which every Graphviz lays out, the in-process one too.
All text is escaped, so no character of a name is read as DOT.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from micrograd_np.viz.labels import Label
from micrograd_np.viz.style import BARE, EDGE, GRAPH, NODE, OUTPUT, ROLES, SPINE
from micrograd_np.viz.subgraph import Edge

if TYPE_CHECKING:
    from graphviz import Digraph

RECORD_SIGNS = {ord(sign): f"\\{sign}" for sign in "\\{}|<>"} | {ord("&"): "&amp;"}
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"  # the only one that may begin a field
# Graphviz reads the escapes of a tooltip twice.
TOOLTIP_SIGNS = str.maketrans({"\\": "\\" * 4, "&": "&amp;", "<": "&lt;", ">": "&gt;"})


def digraph(labels: Sequence[Label], edges: Iterable[Edge], direction: str) -> "Digraph":
    """The graph as an object of the `graphviz` package, with nodes numbered in the order given."""
    from graphviz import Digraph  # only pictures need it

    graph = Digraph("micrograd_np", engine="dot")
    graph.attr("graph", rankdir=direction, **GRAPH)
    graph.attr("node", **NODE)
    graph.attr("edge", **EDGE)
    for position, label in enumerate(labels):
        graph.node(f"n{position}", record_fields(label, direction), **attributes(label))
    for edge in edges:
        name = {"headlabel": edge.name} if edge.name else {}
        spine = SPINE if labels[edge.tail].role == "op" else {}
        graph.edge(f"n{edge.tail}", f"n{edge.head}", **name, **spine)
    return graph


def attributes(label: Label) -> dict[str, str]:
    """The style of a node, its classes for the style sheet, and its tooltip."""
    style = ROLES[label.role] | (OUTPUT if "output" in label.marks else {})
    if label.role == "op" and "bare" in label.marks:
        style |= BARE
    tooltip = "\\n".join(line.translate(TOOLTIP_SIGNS) for line in label.tooltip)
    return style | {"class": " ".join([label.role, *label.marks]), "tooltip": tooltip}


def record_fields(label: Label, direction: str) -> str:
    """The sections as the fields of a record, one below the other.

    Fields follow the direction of the graph; braces turn them by a right angle.
    """
    rows = "\\n" if label.is_single else "\\l"  # numbers in rows start at the left
    sections = [field(label.head, "\\n"), field(label.value, rows), field(label.gradient, rows)]
    fields = "|".join(section for section in sections if section)
    return f"{{{fields}}}" if direction == "TB" else fields


def field(lines: Iterable[str], end: str) -> str:
    """Lines of text, each with the escape that ends and justifies it."""
    return "".join(escaped(line) + end for line in lines)


def escaped(line: str) -> str:
    """A line for a record, with its special signs escaped and its spaces kept apart."""
    inner = line.lstrip(" ")
    hard = re.sub(" {2,}", lambda run: "\\ " * len(run[0]), inner.translate(RECORD_SIGNS))
    return NO_BREAK_SPACE * (len(line) - len(inner)) + hard
