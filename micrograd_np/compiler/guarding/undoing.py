"""Undoing: putting back what a run of a function has changed in the things that it reaches.

Containers are filled by the methods of `list`, `dict` and `set`: those of a subclass may mean
another thing, as `Counter.update` does.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from types import MemberDescriptorType
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.facts import (
    MISSING,
    Attribute,
    Cached,
    Contents,
    Current,
    Item,
    Undefined,
    Unset,
    Variable,
    all_same,
)
from micrograd_np.compiler.guarding.objects import slots_of, vars_of
from micrograd_np.compiler.guarding.origins import file_of_class, is_library
from micrograd_np.compiler.guarding.snapshot import Snapshot, has_changed
from micrograd_np.core.graph import Node

TENSORS = ("value", "grad", "tracked", "name")
KINDS = (Attribute, Cached, Contents, Current, Item, Undefined, Unset, Variable)


class Reached:
    """The things that a function reaches as they are now, to be put back.

    Lists, dicts and sets with what is in them, attributes of objects and of the user's classes,
    variables, arrays, Tensors.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        walk = snapshot.walk
        self.facts = [*walk.stored, *(x for x in snapshot.facts if isinstance(x, KINDS))]
        things = [*walk.seen.values(), *walk.notes]
        self.things = [kept for x in things for kept in kept_of(x)]
        self.things += [class_kept(kind) for kind in users_classes(things)]

    def restore(self) -> None:
        """Put back all that has changed."""
        for put_back in self.things:
            put_back()
        for fact in self.facts:
            if has_changed(fact):
                fact.restore()


def kept_of(x: Any) -> Iterator[Callable[[], None]]:
    """Functions that put a thing back as it is now; none for a thing that cannot change."""
    if isinstance(x, Node):
        yield slots_kept(x, [slot for name, slot in slots_of(type(x)) if name in TENSORS])
        return
    if isinstance(x, list | deque):
        yield sequence_kept(x)
    elif isinstance(x, dict):
        yield dict_kept(x)
    elif isinstance(x, set):
        yield set_kept(x)
    elif isinstance(x, np.ndarray) and x.dtype == object:
        yield objects_kept(x)
    if not isinstance(x, type):
        yield dict_kept(vars_of(x))
        yield slots_kept(x, [slot for _, slot in slots_of(type(x))])


def users_classes(things: list[Any]) -> set[type]:
    """The classes of things, and those among them, that the user has written."""
    kinds = {x if isinstance(x, type) else type(x) for x in things}
    kinds = {each for kind in kinds for each in kind.__mro__}
    return {kind for kind in kinds if not is_library(file_of_class(kind))}


def sequence_kept(x: Any) -> Callable[[], None]:
    """A function that puts back the parts of a list or deque."""
    parts = list(x)

    def put_back() -> None:
        if not all_same(list(x), parts):
            kind: Any = deque if isinstance(x, deque) else list
            kind.clear(x)
            kind.extend(x, parts)

    return put_back


def dict_kept(x: dict[Any, Any]) -> Callable[[], None]:
    """A function that puts back the items of a dict, or an object's attributes, in order."""
    items = list(x.items())
    keys, values = [key for key, _ in items], [value for _, value in items]
    known = {*map(id, keys)}
    kind: Any = OrderedDict if isinstance(x, OrderedDict) else dict

    def put_back() -> None:
        if all_same(list(x), keys) and all_same(list(x.values()), values):
            return
        for key in [key for key in x if id(key) not in known]:
            kind.__delitem__(x, key)
        if not all_same(list(x), keys):
            kind.clear(x)
        for key, value in items:
            kind.__setitem__(x, key, value)

    return put_back


def set_kept(x: set[Any]) -> Callable[[], None]:
    """A function that puts back the members of a set."""
    members = set(x)

    def put_back() -> None:
        set.clear(x)
        set.update(x, members)

    return put_back


def objects_kept(x: np.ndarray[Any, Any]) -> Callable[[], None]:
    """A function that puts back the entries of an array of objects."""
    entries = x.copy()

    def put_back() -> None:
        if x.flags.writeable and not all_same([*x.flat], [*entries.flat]):
            x[...] = entries

    return put_back


def slots_kept(x: Any, slots: list[MemberDescriptorType]) -> Callable[[], None]:
    """A function that puts back the values that an object holds in slots."""

    def value_of(slot: MemberDescriptorType) -> Any:
        try:
            return slot.__get__(x)
        except AttributeError:
            return MISSING

    values = [value_of(slot) for slot in slots]

    def put_back() -> None:
        for slot, value in zip(slots, values, strict=True):
            if value_of(slot) is value:
                continue
            if value is MISSING:
                slot.__delete__(x)
            else:
                slot.__set__(x, value)

    return put_back


def class_kept(kind: type) -> Callable[[], None]:
    """A function that puts back the attributes of a class."""
    attributes = dict(vars(kind))

    def put_back() -> None:
        for name in vars(kind).keys() - attributes.keys():
            type.__delattr__(kind, name)
        for name, value in attributes.items():
            if vars(kind).get(name, MISSING) is not value:
                type.__setattr__(kind, name, value)

    return put_back
