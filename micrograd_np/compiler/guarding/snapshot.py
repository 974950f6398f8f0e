"""Snapshots: all facts that a function depends on at one time, and the guard that watches them."""

from collections.abc import Callable, Container, Hashable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.facts import (
    GONE,
    Contents,
    Parts,
    Size,
    Undefined,
    has_keys,
    state_of,
)
from micrograd_np.compiler.guarding.walk import Walk


class Snapshot:
    """What some functions and objects depend on, as it is now; equal to one of equal facts.

    `holds()`: whether all is as it was, by identity; printed code. `walk`: how it was found.
    """

    def __init__(
        self, roots: Sequence[Any], without: Container[int], old: "Snapshot | None"
    ) -> None:
        walk = Walk(*roots)
        if only := walk.written_only:
            walk = Walk(*roots, without=only)
        self.walk = walk
        self.facts = [x for x in self.walk.facts if id(getattr(x, "owner", None)) not in without]
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
    """What a function depends on beside its arguments, from call to call.

    `objects`: arguments that are no values, whose attributes the function may read.
    """

    def __init__(self, function: Any, objects: Sequence[Any] = ()) -> None:
        self.roots = (function, *objects)
        self._filled: dict[int, Any] = {}  # containers that the function itself fills
        self._growing: dict[int, Any] = {}  # dicts that one run has added to
        self._latest: Snapshot | None = None

    def current(self) -> Snapshot:
        """All of it as it is now."""
        latest = self._latest
        if latest is None or not (latest.holds() or latest.renewed()):
            latest = self._latest = Snapshot(self.roots, self._filled, latest)
        return latest

    def changed_by_run(self, before: Snapshot) -> list[str]:
        """The names of what a run of the function has changed since `before`.

        What came to a container is none of it, nor what had no value: notes that are taken, and
        things that are kept for later.
        """
        found: list[str] = []
        for fact in before.facts:
            try:
                if fact.renewed() or isinstance(fact, Size | Undefined):
                    continue
                if isinstance(fact, Parts) and fact.grown():
                    self._note_growth(fact.owner)
                    continue
            except GONE:
                pass
            if fact.value is not None:
                found.append(fact.name)
        return found

    def _note_growth(self, container: Any) -> None:
        """Do not watch a container that grows with every run: a list at once, a dict at its second.

        (One to which something came once may keep what was computed, or a default.)
        """
        if not has_keys(container) or id(container) in self._growing:
            self._filled[id(container)] = container
        self._growing[id(container)] = container
        self._latest = None
