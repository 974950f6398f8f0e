"""The drawing written down as DOT, Graphviz's language.

Boxes are records (boxes with sections), which every Graphviz lays out, the in-process one too.
Every text is escaped, so that whatever a name holds, it stays text.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from micrograd_np.viz.labels import Card
from micrograd_np.viz.style import BARE, EDGE, GRAPH, NODE, OUTPUT, ROLES, SPINE
from micrograd_np.viz.subgraph import Edge

if TYPE_CHECKING:
    from graphviz import Digraph

RECORD_SIGNS = {ord(sign): f"\\{sign}" for sign in "\\{}|<>"} | {ord("&"): "&amp;"}
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"  # the only one that may begin a field
TOOLTIP_SIGNS = {
    ord("\\"): "\\" * 4,  # Graphviz reads the escapes of a tooltip twice
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}


def digraph(cards: Sequence[Card], edges: Iterable[Edge], direction: str) -> "Digraph":
    """The graph in the words of the `graphviz` package; nodes are numbered in their order."""
    from graphviz import Digraph  # only pictures need it

    graph = Digraph("micrograd_np", engine="dot")
    graph.attr("graph", rankdir=direction, **GRAPH)
    graph.attr("node", **NODE)
    graph.attr("edge", **EDGE)
    for position, card in enumerate(cards):
        graph.node(f"n{position}", label(card, direction), **attributes(card))
    for edge in edges:
        name = {"headlabel": edge.name} if edge.name else {}
        spine = SPINE if cards[edge.tail].role == "op" else {}
        graph.edge(f"n{edge.tail}", f"n{edge.head}", **name, **spine)
    return graph


def attributes(card: Card) -> dict[str, str]:
    """The look of a node, its classes for the style sheet, and its tooltip."""
    marks = {
        "output": card.is_output,
        "named": card.is_named,
        "bare": not (card.value or card.gradient),
        "gradient": bool(card.gradient),
    }
    classes = [card.role, *(mark for mark, holds in marks.items() if holds)]
    look = ROLES[card.role] | (OUTPUT if card.is_output else {})
    if card.role == "op" and marks["bare"]:
        look |= BARE
    tooltip = "\\n".join(line.translate(TOOLTIP_SIGNS) for line in card.tooltip)
    return look | {"class": " ".join(classes), "tooltip": tooltip}


def label(card: Card, direction: str) -> str:
    """The sections as the fields of a record; braces turn them, to stand below each other."""
    rows = "\\n" if card.is_single else "\\l"  # numbers in rows start at the left
    sections = [field(card.head, "\\n"), field(card.value, rows), field(card.gradient, rows)]
    fields = "|".join(section for section in sections if section)
    return f"{{{fields}}}" if direction == "TB" else fields


def field(lines: Iterable[str], end: str) -> str:
    """Lines of text, each with the escape that ends and justifies it."""
    return "".join(escaped(line) + end for line in lines)


def escaped(line: str) -> str:
    """A line so that it stands in a record as it is, its spaces too, which records would merge."""
    inner = line.lstrip(" ")
    hard = re.sub(" {2,}", lambda run: "\\ " * len(run[0]), inner.translate(RECORD_SIGNS))
    return NO_BREAK_SPACE * (len(line) - len(inner)) + hard
