"""Undoing: putting back what a run of a function has changed in the things that it reaches.

Containers are filled by the methods of `list`, `dict` and `set`: those of a subclass may mean
another thing, as `Counter.update` does.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from micrograd_np.compiler.guarding.facts import GONE, Contents, Item, Variable, all_same
from micrograd_np.compiler.guarding.snapshot import Snapshot
from micrograd_np.compiler.guarding.walk import attributes_of, vars_of
from micrograd_np.graph import Node

TENSORS = ("value", "grad", "tracked", "name")


class Reached:
    """The things that a function reaches as they are now, to be put back.

    Lists, dicts and sets with what is in them, attributes of objects, variables, arrays, Tensors.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        walk = snapshot.walk
        self.facts = [*walk.stored, *(x for x in snapshot.facts if isinstance(x, KINDS))]
        self.things = [kept for x in walk.seen.values() for kept in kept_of(x)]

    def restore(self) -> None:
        """Put back all that has changed."""
        for put_back in self.things:
            put_back()
        for fact in self.facts:
            try:
                changed = not fact.renewed()
            except GONE:
                changed = True
            if changed:
                fact.restore()


KINDS = (Contents, Item, Variable)


def kept_of(x: Any) -> list[Callable[[], None]]:
    """What puts back a thing as it is now: nothing for what does not change."""
    if isinstance(x, Node):
        return [attributes_kept(x, [(name, getattr(x, name)) for name in TENSORS])]
    kept = []
    if isinstance(x, list | deque):
        kept.append(sequence_kept(x))
    elif isinstance(x, dict):
        kept.append(dict_kept(x))
    elif isinstance(x, set):
        kept.append(set_kept(x))
    if (held := vars_of(x)) and not isinstance(x, type):
        kept.append(dict_kept(held))
    if slots := [(name, value) for name, value in attributes_of(x) if name not in held]:
        kept.append(attributes_kept(x, slots))
    return kept


def sequence_kept(x: Any) -> Callable[[], None]:
    """What puts back the parts of a list or deque."""
    parts = list(x)

    def put_back() -> None:
        if not all_same(list(x), parts):
            kind: Any = deque if isinstance(x, deque) else list
            kind.clear(x)
            kind.extend(x, parts)

    return put_back


def dict_kept(x: dict[Any, Any]) -> Callable[[], None]:
    """What puts back the items of a dict, or the attributes of an object."""
    keys, values = list(x), list(x.values())

    def put_back() -> None:
        if all_same(list(x), keys) and all_same(list(x.values()), values):
            return
        dict.clear(x)
        dict.update(x, zip(keys, values, strict=True))

    return put_back


def set_kept(x: set[Any]) -> Callable[[], None]:
    """What puts back the members of a set."""
    members = set(x)

    def put_back() -> None:
        set.clear(x)
        set.update(x, members)

    return put_back


def attributes_kept(x: Any, attributes: list[tuple[str, Any]]) -> Callable[[], None]:
    """What puts back attributes that an object has in slots."""

    def put_back() -> None:
        for name, value in attributes:
            if getattr(x, name, None) is not value:
                object.__setattr__(x, name, value)

    return put_back
