"""Snapshots: all facts that a function depends on at one time, and the guard that watches them."""

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.facts import (
    GONE,
    Contents,
    Fact,
    state_of,
)
from micrograd_np.compiler.guarding.walk import Walk


class Snapshot:
    """The facts that some functions and objects depend on; equal to a snapshot of equal facts.

    `holds()`: whether all facts still hold, by identity, as printed code. `walk`: the walk that
    found the facts.
    """

    def __init__(self, roots: Sequence[Any], old: "Snapshot | None") -> None:
        walk = Walk(*roots)
        passing = walk.written_only | walk.noted_only
        if any(getattr(fact, "key_", None) in passing for fact in walk.facts):
            walk = Walk(*roots, without=walk.written_only, noted=walk.noted_only)
        self.walk = walk
        self.facts = walk.facts
        if old is not None:
            self._share(old)
        self._key: tuple[Hashable, ...] = tuple(state_of(self.facts))
        self._hash = hash(self._key)
        self._bound: dict[str, Any] = {}
        self.holds: Callable[[], bool] = self._printed()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and other._key == self._key

    def __hash__(self) -> int:
        return self._hash

    def _share(self, old: "Snapshot") -> None:
        """Keep one copy of an array that is as it was."""
        known = old.arrays
        for i, fact in enumerate(self.facts):
            before = known.get(id(fact.owner)) if isinstance(fact, Contents) else None
            if before is not None and before.key() == fact.key():
                self.facts[i] = before

    @property
    def arrays(self) -> dict[int, Contents]:
        """The arrays among the facts, by identity."""
        return {id(fact.owner): fact for fact in self.facts if isinstance(fact, Contents)}

    def kept(self) -> dict[int, np.ndarray[Any, Any]]:
        """Copies of arrays as they were, by the identity of these."""
        return {i: fact.kept for i, fact in self.arrays.items() if fact.kept is not None}

    def _printed(self) -> Callable[[], bool]:
        """The guard."""
        scope: dict[str, Any] = {"GONE": GONE}
        names: dict[int, str] = {}

        def bind(x: Any) -> str:
            name = names.setdefault(id(x), f"k{len(names)}")
            scope[name] = x
            return name

        tests = " and ".join(fact.test(bind) for fact in self.facts) or "True"
        lines = "def holds():", " try:", f"  return {tests}", " except GONE:", "  return False"
        text = "\n".join(lines)
        exec(code_of(text), scope)  # noqa: S102 - its own code
        holds: Callable[[], bool] = scope["holds"]
        return holds

    def renewed(self) -> bool:
        """Whether all is as it was, numbers by value; then `holds` goes by the new objects."""
        try:
            if not all(fact.renewed() for fact in self.facts):
                return False
        except GONE:
            return False
        self.holds = self._printed()
        return True

    def entries(self) -> list[tuple[str, Hashable]]:
        """All that the key consists of, by name."""
        return [entry for fact in self.facts for entry in fact.entries()]

    def changed(self, before: "Snapshot") -> list[str]:
        """The names of what is not as in an earlier snapshot."""
        known = set(before.entries())
        return list(dict.fromkeys(name for name, key in self.entries() if (name, key) not in known))


class Guard:
    """The snapshot that a program goes by; a later one that is equal to it takes its place."""

    __slots__ = ("snapshot",)

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot


@lru_cache(maxsize=256)
def code_of(text: str) -> CodeType:
    """A guard's code, compiled once for all that read the same."""
    return compile(text, "<what a compiled function depends on>", "exec")


class Surroundings:
    """The things that a function depends on beside its arguments, from call to call.

    `objects`: arguments that are no values, whose attributes the function may read.
    """

    def __init__(self, function: Any, objects: Sequence[Any] = ()) -> None:
        self.roots = (function, *objects)
        self._latest: Snapshot | None = None

    def current(self) -> Snapshot:
        """All of it as it is now."""
        latest = self._latest
        if latest is None or not (latest.holds() or latest.renewed()):
            latest = self._latest = Snapshot(self.roots, latest)
        return latest


def changes_since(before: Snapshot, passing: Callable[[Any], bool] | None = None) -> list[str]:
    """The names of what is not as it was.

    `passing`: values that count for nothing where they are new, because nobody can read them later.
    """
    return [
        fact.name
        for fact in before.facts
        if has_changed(fact) and not (passing is not None and fact.differs_by(passing))
    ]


def has_changed(fact: Fact) -> bool:
    """Whether a fact does not hold any more."""
    try:
        return not fact.renewed()
    except GONE:
        return True
