"""The drawing written down as DOT, Graphviz's language.

Boxes are records (boxes with sections), which every Graphviz lays out, the in-process one too.
Every text is escaped, so that whatever a name holds, it stays text.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from micrograd_np.viz.cards import Card
from micrograd_np.viz.drawing import Edge
from micrograd_np.viz.look import EDGE, GRAPH, NODE, OUTPUT, ROLES, SPINE

if TYPE_CHECKING:
    from graphviz import Digraph

RECORD_SIGNS = {ord(sign): f"\\{sign}" for sign in "\\{}|<> "} | {ord("&"): "&amp;"}
TOOLTIP_SIGNS = {ord("\\"): "&#92;", ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


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
    marks = {"output": card.is_output, "named": card.is_named, "gradient": bool(card.gradient)}
    classes = [card.role, *(mark for mark, holds in marks.items() if holds)]
    look = ROLES[card.role] | (OUTPUT if card.is_output else {})
    tooltip = "\\n".join(line.translate(TOOLTIP_SIGNS) for line in card.tooltip)
    return look | {"class": " ".join(classes), "tooltip": tooltip}


def label(card: Card, direction: str) -> str:
    """The sections as the fields of a record; braces turn them, to stand below each other."""
    left, centre = "\\l", "\\n"
    sections = [field(card.head, centre), field(card.value, left), field(card.gradient, left)]
    fields = "|".join(section for section in sections if section)
    return f"{{{fields}}}" if direction == "TB" else fields


def field(lines: Iterable[str], end: str) -> str:
    """Lines of text, each with the escape that ends and justifies it."""
    return "".join(line.translate(RECORD_SIGNS) + end for line in lines)
