"""What there is to draw: the nodes behind the outputs, and the edges between them.

Unlike `history` of `core.graph`, which finds what can be differentiated, this finds everything a
value was made from: parameters, constant Tensors and plain arrays. Plain numbers are no nodes; they
are written into the symbol of their op.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from micrograd_np.core.graph import Node, by_age
from micrograd_np.core.record import untracked
from micrograd_np.viz.symbols import edge_names, is_number


class Edge(NamedTuple):
    """The use of node `tail` as an operand of node `head`; `name` tells which, if that matters."""

    tail: int
    head: int
    name: str


class Drawing(NamedTuple):
    """What a picture shows; edges refer to positions among the nodes, and keep operand order."""

    nodes: list[Node]
    edges: list[Edge]


def drawing_of(outputs: Iterable[Node]) -> Drawing:
    """The nodes behind `outputs`, oldest first, each plain array before the op that uses it.

    The order follows from the program alone, so the same program gives the same drawing.
    """
    nodes: list[Node] = []
    edges: list[Edge] = []
    position: dict[int, int] = {}  # by identity: equal arrays are different constants

    def place(item: Any) -> int:
        if id(item) not in position:
            position[id(item)] = len(nodes)
            nodes.append(item if isinstance(item, Node) else untracked(item))
        return position[id(item)]

    for node in sorted(ancestors(outputs), key=by_age):
        tails = [place(x) for x in node.inputs if not is_number(x)]
        head = place(node)
        names = edge_names(node)
        edges += [Edge(tail, head, name) for tail, name in zip(tails, names, strict=True)]
    return Drawing(nodes, edges)


def ancestors(outputs: Iterable[Node]) -> set[Node]:
    """Every node behind `outputs`, tracked or not, and the outputs themselves."""
    stack = list(outputs)
    found: set[Node] = set()
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [x for x in node.inputs if isinstance(x, Node)]
    return found


def depth(drawing: Drawing) -> int:
    """How many nodes the longest way through the drawing passes."""
    depths = [1] * len(drawing.nodes)
    for edge in sorted(drawing.edges, key=lambda edge: drawing.nodes[edge.head].tick):
        depths[edge.head] = max(depths[edge.head], depths[edge.tail] + 1)
    return max(depths)


def changed_leaves(nodes: Iterable[Node]) -> set[Node]:
    """The leaves that were given another value after an op had used them."""
    uses = ((x, node) for node in nodes for x in node.inputs if isinstance(x, Node))
    return {leaf for leaf, node in uses if leaf.op is None and leaf.tick > node.tick}
