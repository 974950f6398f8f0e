"""The part of the graph that is drawn: the nodes behind the outputs, and the edges between them.

`history` of `core.graph` finds the nodes that can be differentiated. A picture shows constant
Tensors and plain arrays too. Plain numbers are no nodes; the symbol of their op shows them.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from micrograd_np.core.graph import Node, by_age
from micrograd_np.core.record import untracked
from micrograd_np.viz.symbols import edge_names, is_number


class Edge(NamedTuple):
    """Node `tail` is an operand of node `head`; `name` says which operand, where that matters."""

    tail: int
    head: int
    name: str


class Subgraph(NamedTuple):
    """Nodes, and edges that name them by position; the edges of an op are in operand order."""

    nodes: list[Node]
    edges: list[Edge]


def subgraph_of(outputs: Iterable[Node]) -> Subgraph:
    """The nodes behind `outputs`, oldest first, each plain array before the op that uses it.

    The order depends on the program alone, so a program gives one picture on every run.
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
    return Subgraph(nodes, edges)


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


def depth(graph: Subgraph) -> int:
    """The number of nodes on the longest path."""
    depths = [1] * len(graph.nodes)
    for edge in sorted(graph.edges, key=lambda edge: graph.nodes[edge.head].tick):
        depths[edge.head] = max(depths[edge.head], depths[edge.tail] + 1)
    return max(depths)


def changed_leaves(nodes: Iterable[Node]) -> set[Node]:
    """The leaves that were given another value after an op had used them."""
    uses = ((x, node) for node in nodes for x in node.inputs if isinstance(x, Node))
    return {leaf for leaf, node in uses if leaf.op is None and leaf.tick > node.tick}
