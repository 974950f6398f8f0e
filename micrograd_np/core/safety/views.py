"""Tensors that share memory: views that no gradient is wanted for, and what they are views of.

As in NumPy, what is written into a view is written into its base, and the other way round. All that
share the memory are stamped then, so that a graph that has used an old value says so. Nothing is
written where one of them is in a graph.

Views with a history need no list: to write into an array in a graph is refused.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import ref

from micrograd_np.core.graph import Node, describe, tick
from micrograd_np.errors import InPlaceError


class Sharers:
    """The Tensors over one memory that are there. It keeps none of them."""

    __slots__ = ("limit", "members")

    def __init__(self) -> None:
        self.members: list[ref[Node]] = []
        self.limit = 8

    def __iter__(self) -> Iterator[Node]:
        for member in self.members:
            node = member()
            if node is not None and node.sharers is self:  # it may hold another array by now
                yield node

    def add(self, node: Node) -> None:
        """Enter a Tensor that is not in yet."""
        if len(self.members) >= self.limit:
            self.members = [ref(member) for member in self]
            self.limit = 2 * len(self.members) + 8
        self.members.append(ref(node))
        node.sharers = self


def owner(value: Any) -> Any:
    """What has the memory of an array: the array itself, or what it is a view of."""
    while (base := getattr(value, "base", None)) is not None:  # `as_strided` has one of its own
        value = base
    return value


def shares(view: Node, inputs: Sequence[Any]) -> bool:
    """Enter a new view with those it shares memory with; False if it does with none of these."""
    memory, sharers = owner(view.value), None
    for x in inputs:
        if isinstance(x, Node) and owner(x.value) is memory:
            sharers = getattr(x, "sharers", None) or entered(x, memory)
    if sharers is not None:
        sharers.add(view)
    return sharers is not None


def entered(view: Node, memory: Any) -> Sharers:
    """Those who share the memory of a Tensor that is entered with all that it is a view of."""
    chain, known = [view], None
    for x in chain:
        known = getattr(x, "sharers", None) or known
        chain.extend(y for y in x.inputs if isinstance(y, Node) and owner(y.value) is memory)
    sharers: Sharers = known or Sharers()
    for x in chain:
        if getattr(x, "sharers", None) is not sharers:
            sharers.add(x)
    return sharers


def check_writable(node: Node) -> None:
    """Raise InPlaceError if the memory of a Tensor is that of one in a graph, too."""
    for other in getattr(node, "sharers", None) or ():
        if other.tracked:
            raise InPlaceError.shared(describe(node), describe(other))


def stamp(node: Node) -> None:
    """Say that a Tensor was written into, and with it all that share its memory."""
    for other in getattr(node, "sharers", None) or ():
        other.tick = tick()
    node.tick = tick()
