"""Tensors that share memory: views that no gradient is wanted for, and what they are views of.

As in NumPy, what is written into a view is written into its base, and the other way round. A write
stamps all Tensors that share the memory, so that a graph that has used an old value says so. If one
of these Tensors is in a graph, the write is an error.

Views with a history need no list: to write into an array in a graph is refused.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import ref

from micrograd_np.core.graph import Node, describe, tick
from micrograd_np.errors import InPlaceError


class Sharers:
    """The Tensors that share one memory, by weak references, which keep none of them alive."""

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
    """The array or object that has the memory of `value`: `value` itself, or its outermost base."""
    while (base := getattr(value, "base", None)) is not None:  # `as_strided` has one of its own
        value = base
    return value


def shares(view: Node, inputs: Sequence[Any]) -> bool:
    """Enter a new view beside those inputs that share its memory; False if none of them does."""
    memory, sharers = owner(view.value), None
    for x in inputs:
        if isinstance(x, Node) and owner(x.value) is memory:
            sharers = getattr(x, "sharers", None) or entered(x, memory)
    if sharers is not None:
        sharers.add(view)
    return sharers is not None


def entered(view: Node, memory: Any) -> Sharers:
    """The sharers of a Tensor's memory, after entering the Tensor and all that it is a view of."""
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
    """Say that a Tensor, and with it all that share its memory, was written into."""
    for other in getattr(node, "sharers", None) or ():
        other.tick = tick()
    node.tick = tick()
