"""Facts: one thing each that a compiled function found when it was traced, and how to test it.

A *named* fact says that a name means a certain object: a variable, an attribute, a method. The
others say what a container consists of, which bytes an array holds, whether a Tensor is learnable.
Each fact has a `name` to be called by, a `test`, which is printed as code, and a `key`: two facts
of equal keys are the same to a program. `renewed` looks closer where a test fails: a number that
was computed again is another object, and still the same number.
"""

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from operator import is_
from types import CellType
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.objects import kept_by_cache
from micrograd_np.compiler.keys import Same
from micrograd_np.compiler.keys import key_of as key_of_value
from micrograd_np.core.graph import Node

Bind = Callable[[Any], str]  # a name for an object in printed code

SIMPLE = (bool, int, float, complex, str, bytes, type(None))
CONTAINERS = (list, dict, set)
FEW = 8  # parts that are tested one by one
GONE = (AttributeError, LookupError, TypeError, ValueError)  # raised where a name means nothing
MISSING = object()


def is_number(x: Any) -> bool:
    """Whether it is a number, a text or another value that is told by its type and what it is."""
    return type(x) in SIMPLE or isinstance(x, np.generic)


def key_of(x: Any) -> Hashable:
    """A key for what a name means. Of lists, dicts and arrays the type: more facts say more."""
    if is_number(x):
        return key_of_value(x)
    if type(x) in CONTAINERS or type(x) is np.ndarray:
        return (type(x),)
    if isinstance(x, tuple):
        return (type(x), *map(key_of, x))
    if type(x) is frozenset:
        return (type(x), frozenset(map(key_of, x)))
    return Same(x)


class Fact:
    """A fact about a thing that a program depends on. `value`: the value that was found."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def test(self, bind: Bind) -> str:
        """An expression that is true as long as the fact holds."""
        raise NotImplementedError

    def key(self) -> Hashable:
        """The part of the fact that a program depends on."""
        raise NotImplementedError

    def entries(self) -> list[tuple[str, Hashable]]:
        """The parts of the key, by the names that a user knows them by."""
        return [(self.name, self.key())]

    def renewed(self) -> bool:
        """Whether the fact still holds, by value if not by identity; then `value` is as it is now.

        Raises one of GONE if there is nothing left to compare with.
        """
        raise NotImplementedError

    def differs_by(self, passing: Callable[[Any], bool]) -> bool:  # noqa: ARG002 - of most facts
        """Whether all that is there instead of what was found is `passing`."""
        return False

    def restore(self) -> None:
        """Put back what was found."""


# ---------------------------------------------------------------- names


class Named(Fact):
    """A name means an object."""

    __slots__ = ("key_", "owner")

    def __init__(self, name: str, owner: Any, key: Any, value: Any) -> None:
        super().__init__(name, value)
        self.owner = owner
        self.key_ = key

    def test(self, bind: Bind) -> str:
        return f"{self.spelled(bind)} is {bind(self.value)}"

    def spelled(self, bind: Bind) -> str:
        """An expression for what the name means."""
        raise NotImplementedError

    def now(self) -> Any:
        """The object that the name means now."""
        raise NotImplementedError

    def key(self) -> Hashable:
        return key_of(self.value)

    def renewed(self) -> bool:
        now = self.now()
        if now is not self.value:
            if not (is_number(now) and key_of(now) == self.key()):
                return False
            self.value = now
        return True

    def differs_by(self, passing: Callable[[Any], bool]) -> bool:
        try:
            return passing(self.now())
        except GONE:
            return False


class Variable(Named):
    """A variable of a function around, by its cell."""

    __slots__ = ()

    def spelled(self, bind: Bind) -> str:
        return f"{bind(self.owner)}.cell_contents"

    def now(self) -> Any:
        return self.owner.cell_contents

    def restore(self) -> None:
        self.owner.cell_contents = self.value


class Item(Named):
    """A part of a dict by a text, of a list by its position; a global."""

    __slots__ = ()

    def spelled(self, bind: Bind) -> str:
        return f"{bind(self.owner)}[{self.key_!r}]"

    def now(self) -> Any:
        return self.owner[self.key_]

    def restore(self) -> None:
        self.owner[self.key_] = self.value


class Attribute(Named):
    """An attribute of an object, a module, a class or a function."""

    __slots__ = ()
    SPECIAL = ("__class__", "__code__", "__defaults__", "__kwdefaults__")  # not in a `__dict__`

    def spelled(self, bind: Bind) -> str:
        return f"{bind(self.owner)}.{self.key_}"

    def now(self) -> Any:
        return getattr(self.owner, self.key_)

    def restore(self) -> None:
        if self.key_ in self.SPECIAL:
            setattr(self.owner, self.key_, self.value)


class Method(Named):
    """The function behind a method of an object or a class."""

    __slots__ = ()

    def spelled(self, bind: Bind) -> str:
        return f"{bind(self.owner)}.{self.key_}.__func__"

    def now(self) -> Any:
        return getattr(self.owner, self.key_).__func__


class Current(Named):
    """The value of a context variable."""

    __slots__ = ()

    def spelled(self, bind: Bind) -> str:
        return f"{bind(self.owner)}.get({bind(MISSING) if self.value is MISSING else ''})"

    def now(self) -> Any:
        return self.owner.get(MISSING) if self.value is MISSING else self.owner.get()

    def restore(self) -> None:
        if self.value is not MISSING:
            self.owner.set(self.value)


class Undefined(Fact):
    """A global that is not defined, so that the name means a built-in."""

    __slots__ = ("owner",)

    def __init__(self, name: str, owner: dict[str, Any]) -> None:
        super().__init__(name, None)
        self.owner = owner

    def test(self, bind: Bind) -> str:
        return f"{self.name!r} not in {bind(self.owner)}"

    def key(self) -> Hashable:
        return None

    def renewed(self) -> bool:
        return self.name not in self.owner

    def restore(self) -> None:
        del self.owner[self.name]


# ---------------------------------------------------------------- what things consist of


class Parts(Fact):
    """The parts of a list, a dict or another container, in order, and a dict's keys."""

    __slots__ = ("keys", "owner")

    def __init__(self, name: str, owner: Any) -> None:
        self.owner = owner
        self.keys, value = self.now()
        super().__init__(name, value)

    def now(self) -> tuple[list[Any], list[Any]]:
        """The keys of what has keys, and the parts."""
        return (
            ([*self.owner], [*self.owner.values()]) if has_keys(self.owner) else ([], [*self.owner])
        )

    def test(self, bind: Bind) -> str:
        owner, count = bind(self.owner), len(self.value)
        by_place = type(self.owner) is list or type(self.owner) is dict
        keys = self.keys or range(count)
        if count > FEW or not by_place or not all(type(key) is str for key in self.keys):
            return self.test_of_many(owner, bind)
        whole = f"[*{owner}] == {bind(self.keys)}" if self.keys else f"len({owner}) == {count}"
        parts = (f"{owner}[{k!r}] is {bind(x)}" for k, x in zip(keys, self.value, strict=True))
        return " and ".join([whole, *parts])

    def test_of_many(self, owner: str, bind: Bind) -> str:
        """Without looking at the parts one by one in code."""
        alike = f"len({owner}) == {len(self.value)} and all(map({bind(is_)}, {owner}, {{}}))"
        if not has_keys(self.owner):
            return alike.format(bind(self.value))
        values = f"all(map({bind(is_)}, {owner}.values(), {bind(self.value)}))"
        return f"{alike.format(bind(self.keys))} and {values}"

    def key(self) -> Hashable:
        return (type(self.owner), *map(key_of, self.keys), None, *map(key_of, self.value))

    def entries(self) -> list[tuple[str, Hashable]]:
        keys = self.keys or range(len(self.value))
        parts = zip(keys, self.value, strict=True)
        return [(f"{self.name}[{key!r:.40}]", key_of(x)) for key, x in parts]

    def renewed(self) -> bool:
        keys, now = self.now()
        same = all_same(keys, self.keys) and all_same(now, self.value)
        if same:
            self.keys, self.value = keys, now
        return same

    def differs_by(self, passing: Callable[[Any], bool]) -> bool:
        keys, now = self.now()
        pairs = zip(now, self.value, strict=False)
        return (
            all_same(keys, self.keys)
            and len(now) == len(self.value)
            and all(x is y or passing(x) for x, y in pairs)
        )


def has_keys(x: Any) -> bool:
    """Whether parts of a container go by keys."""
    return hasattr(x, "keys") and hasattr(x, "values")


def all_same(now: list[Any], old: list[Any]) -> bool:
    """Whether parts are the same objects, or the same numbers."""
    return len(now) == len(old) and all(
        x is y or (is_number(x) and is_number(y) and key_of(x) == key_of(y))
        for x, y in zip(now, old, strict=True)
    )


class Cached(Fact):
    """The values that a function with `lru_cache` keeps, in any order."""

    __slots__ = ("owner",)

    def __init__(self, name: str, owner: Any) -> None:
        super().__init__(name, kept_by_cache(owner))
        self.owner = owner

    def test(self, bind: Bind) -> str:
        return f"{bind(identities)}({bind(self.owner)}) == {bind({*map(id, self.value)})}"

    def key(self) -> Hashable:
        return frozenset(map(key_of, self.value))

    def renewed(self) -> bool:
        return identities(self.owner) == {*map(id, self.value)}

    def restore(self) -> None:
        self.owner.cache_clear()  # what was there before is made anew


def identities(cached: Any) -> set[int]:
    """The identities of what a function with `lru_cache` keeps."""
    return {*map(id, kept_by_cache(cached))}


class Unset(Fact):
    """A slot or a variable of a function around that has no value."""

    __slots__ = ("key_", "owner")

    def __init__(self, name: str, owner: Any, key: str) -> None:
        super().__init__(name, None)
        self.owner = owner
        self.key_ = key

    def test(self, bind: Bind) -> str:
        return f"{bind(is_unset)}({bind(self.owner)}, {self.key_!r})"

    def key(self) -> Hashable:
        return None

    def renewed(self) -> bool:
        return is_unset(self.owner, self.key_)

    def restore(self) -> None:
        if isinstance(self.owner, CellType):
            del self.owner.cell_contents


def is_unset(owner: Any, name: str) -> bool:
    """Whether an attribute has no value."""
    try:
        object.__getattribute__(owner, name)
    except (AttributeError, ValueError):
        return True
    return False


class Size(Fact):
    """Which attributes an object has, so that none came to it that is looked up by name.

    `names`: those that code looks up, all if None.
    """

    __slots__ = ("names", "owner")

    def __init__(self, name: str, owner: Any, names: AbstractSet[str] | None) -> None:
        super().__init__(name, frozenset(owner.__dict__))
        self.owner = owner
        self.names = names

    def test(self, bind: Bind) -> str:
        return f"len({bind(self.owner)}.__dict__) == {len(self.value)}"

    def key(self) -> Hashable:
        return self.of_those(self.value)

    def of_those(self, attributes: Iterable[str]) -> frozenset[str]:
        """The attributes that are looked up."""
        found = frozenset(attributes)
        return found if self.names is None else found & self.names

    def renewed(self) -> bool:
        same = self.of_those(self.owner.__dict__) == self.key()
        if same:
            self.value = frozenset(self.owner.__dict__)
        return same


class Flag(Fact):
    """Whether a Tensor is learnable."""

    __slots__ = ("owner",)

    def __init__(self, name: str, owner: Node) -> None:
        super().__init__(name, owner.tracked)
        self.owner = owner

    def test(self, bind: Bind) -> str:
        return f"{bind(self.owner)}.tracked is {self.value}"

    def key(self) -> Hashable:
        return (Same(self.owner), self.value)

    def renewed(self) -> bool:
        return self.owner.tracked is self.value


class Contents(Fact):
    """The bytes of an array.

    `value` is a copy of them; where they lie side by side, `kept` is an array of these, laid out as
    the array is. A bytearray is compared with what lies in memory fastest.
    """

    __slots__ = ("kept", "layout", "owner", "view")

    def __init__(self, name: str, owner: Any) -> None:
        super().__init__(name, None)
        self.owner = owner
        self.kept: np.ndarray[Any, Any] | None = None
        self.view: memoryview | None = None
        self.layout: Any = type(owner)
        if isinstance(owner, np.ndarray):
            self.layout = (owner.shape, owner.dtype, owner.strides)
            if owner.dtype.kind in "biufc" and owner.size and in_one_piece(owner):
                forward: Any = owner if owner.flags.c_contiguous else owner.T
                self.view = memoryview(forward)
        if self.view is None:
            self.value = bytes_of(owner)
        else:
            self.value = bytearray(self.view)
            forward = np.ndarray(self.view.shape or (), owner.dtype, self.value)
            self.kept = forward if owner.flags.c_contiguous else forward.T
            self.kept.flags.writeable = False

    def test(self, bind: Bind) -> str:
        if self.view is not None:
            return f"{bind(self.value)} == {bind(self.view)}"
        return f"{bind(bytes_of)}({bind(self.owner)}) == {bind(self.value)}"

    def key(self) -> Hashable:
        return Bytes(self)

    def renewed(self) -> bool:
        if isinstance(self.owner, np.ndarray) and self.layout != (
            self.owner.shape, self.owner.dtype, self.owner.strides,
        ):  # fmt: skip
            return False
        if self.view is not None:
            return bool(self.value == self.view)
        return bool(bytes_of(self.owner) == self.value)

    def restore(self) -> None:
        if isinstance(self.owner, bytearray):
            self.owner[:] = self.value
        elif isinstance(self.owner, array):
            self.owner[:] = array(self.owner.typecode, bytes(self.value))
        elif isinstance(self.owner, memoryview):
            self.owner.cast("B")[:] = self.value
        elif self.owner.flags.writeable and not self.owner.dtype.hasobject:
            shape, dtype, _ = self.layout
            if self.owner.shape != shape:
                self.owner.resize(shape, refcheck=False)
            old = self.kept
            self.owner[...] = (
                np.frombuffer(self.value, dtype).reshape(shape) if old is None else old
            )


class ArrayLike(Fact):
    """The entries of an object that NumPy can make an array of, as tables of other packages."""

    __slots__ = ("owner",)

    def __init__(self, name: str, owner: Any) -> None:
        super().__init__(name, entries_of(owner))
        self.owner = owner

    def test(self, bind: Bind) -> str:
        return f"{bind(entries_of)}({bind(self.owner)}) == {bind(self.value)}"

    def key(self) -> Hashable:
        return (type(self.owner), self.value)

    def renewed(self) -> bool:
        return bool(entries_of(self.owner) == self.value)


class Bytes:
    """The contents of an array as a key."""

    __slots__ = ("fact",)

    def __init__(self, fact: Contents) -> None:
        self.fact = fact

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bytes):
            return False
        one, two = self.fact, other.fact
        return one is two or (one.layout == two.layout and bool(one.value == two.value))

    def __hash__(self) -> int:
        return hash(self.fact.layout)


def in_one_piece(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array's entries lie side by side in memory."""
    return array.flags.c_contiguous or array.flags.f_contiguous


def bytes_of(x: Any) -> bytes:
    """The entries of an array, or of another piece of memory, as bytes."""
    return x.tobytes() if hasattr(x, "tobytes") else bytes(x)


def entries_of(x: Any) -> Hashable:
    """The entries of an object, as an array of them has them; None if there can be no array."""
    try:
        array = np.asarray(x)
    except (TypeError, ValueError, RuntimeError):  # as of a tensor with a history
        return None
    entries = map(key_of, array.flat) if array.dtype.hasobject else [array.tobytes()]
    return (array.shape, array.dtype, *entries)


def state_of(facts: Iterable[Fact]) -> Iterator[Hashable]:
    """The keys of facts, with the names that they are called by."""
    for fact in facts:
        yield (type(fact), fact.name, fact.key())
