"""Nests: the writes of all variables, gathered into nests of loops that run one after the other.

A nest does the writes of as many variables as possible in one sweep. The variables of a nest have
the same extents, and read of one another only the entry that was just computed, which is still at
hand in a local variable. A variable that is read otherwise is complete before the nest that reads
it begins.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted, Write
from micrograd_np.compiler.native.index import (
    ZERO,
    Counter,
    Entry,
    Index,
    Place,
    flattened,
    unflattened,
)
from micrograd_np.compiler.program import Variable

LETTERS = "ijklmnpqrstuvwxyz"


class Task(NamedTuple):
    """One write of a variable in a nest. `place`: the counters for each of the write's extents."""

    variable: Variable
    write: Write
    place: Place
    where: Index


class Nest(NamedTuple):
    """Loops and what is done in each round, in order. `starts`: what is filled before."""

    counters: tuple[Counter, ...]
    tasks: list[Task]
    starts: list[Variable]


class Sweeps(NamedTuple):
    """Variables that are computed by sweeps, one after the other."""

    variables: list[Variable]


class Located(NamedTuple):
    """An entry of a variable that is no view."""

    variable: Variable
    number: Index


def located(builder: Builder, x: Variable, place: Place) -> Located:
    """Which entry is shown at a place of `x`, looking through views."""
    if x not in builder.views:
        return Located(x, flattened(place, x.shape))
    view = builder.views[x]
    number = view.where(place)
    while view.source in builder.views:
        source, view = view.source, builder.views[view.source]
        number = view.where(unflattened(number, source.shape))
    return Located(view.source, number)


def counters_of(extents: tuple[int, ...]) -> tuple[Counter, ...]:
    """The loop variables for these extents; an extent of 1 needs none."""
    proper = [n for n in extents if n != 1]
    names = LETTERS if len(proper) <= len(LETTERS) else [f"i{k}" for k in range(len(proper))]
    return tuple(Counter(name, n) for name, n in zip(names, proper, strict=False))


def task_of(variable: Variable, write: Write) -> Task:
    """A write with its loop variables."""
    counters = iter(counters_of(write.extents))
    place = tuple(ZERO if n == 1 else Index.of(next(counters)) for n in write.extents)
    return Task(variable, write, place, write.where(place))


def reads_of(builder: Builder, task: Task) -> list[Located]:
    """The entries that a round of a task reads."""
    found: list[Located] = []

    def read(x: Interpreted, place: Place) -> str:
        if isinstance(x, Variable):
            entry = located(builder, x, place)
            found.append(entry)
            found.extend(Located(*table) for table in tables_in(entry.number))
        return "x"

    task.write.value(read, task.place)
    return found


def tables_in(index: Index) -> Iterator[tuple[Variable, Index]]:
    """The arrays of places in an index, with where they are read."""
    for atom in index.terms:
        if not isinstance(atom, Counter):
            yield from tables_in(atom.index)
        if isinstance(atom, Entry):
            yield atom.table, atom.index


class Gathering:
    """The steps so far, and from which step on each variable is complete.

    `stored`: the variables that need memory, since other nests, or other rounds, read them.
    `local`: those that are read as soon as they are computed. `read`: all that are read.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.steps: list[Nest | Sweeps] = []
        self.complete: dict[Variable, int] = {}
        self.stored: set[Variable] = set()
        self.local: set[Variable] = set()
        self.read: set[Variable] = set()
        self._like: dict[Any, list[int]] = {}  # the steps of the same loops
        self._handy: dict[Variable, tuple[int, Task]] = {}  # what can be read at once

    def gather(self, variable: Variable) -> None:
        """Put what computes a variable into steps."""
        definition = self.builder.definitions[variable]
        last = -1
        if definition.sweep:
            operand = definition.sweep.operand
            last = self._step(None, self.complete.get(operand, 0))
            self.steps[last].variables.append(variable)  # type: ignore[union-attr]
            self.stored |= {variable, operand}
            self.read.add(operand)
        for count, write in enumerate(definition.writes):
            task = task_of(variable, write)
            reads = reads_of(self.builder, task)
            last = self._step_for(task, reads, last)
            nest: Nest = self.steps[last]  # type: ignore[assignment]
            nest.tasks.append(task)
            if definition.start and count == 0:
                nest.starts.append(variable)
            for entry in reads:
                self.read.add(entry.variable)
                (self.local if self._at_hand(entry, last) else self.stored).add(entry.variable)
            if len(definition.writes) == 1 and not write.combine:
                self._handy[variable] = (last, task)
        self.complete[variable] = last + 1
        if len(definition.writes) > 1:
            self.stored.add(variable)

    def _step_for(self, task: Task, reads: list[Located], last: int) -> int:
        """The first nest that can do a task, after all that it reads elsewhere is complete."""
        least = max([last + 1, *(self._ready(entry) for entry in reads)])
        return self._step(counters_of(task.write.extents), least)

    def _step(self, counters: tuple[Counter, ...] | None, least: int) -> int:
        """The first step from `least` on with these loops, or of sweeps (None); else a new one."""
        like = self._like.setdefault(counters, [])
        place = bisect_left(like, least)
        if place == len(like):
            like.append(len(self.steps))
            self.steps.append(Sweeps([]) if counters is None else Nest(counters, [], []))
        return like[place]

    def _ready(self, entry: Located) -> int:
        """The first step in which an entry can be read, perhaps as it is computed."""
        complete = self.complete.get(entry.variable, 0)
        return complete - 1 if complete and self._at_hand(entry, complete - 1) else complete

    def _at_hand(self, entry: Located, number: int) -> bool:
        """Whether the nest computes the entry, all of it, in the same round."""
        step, task = self._handy.get(entry.variable, (-1, None))
        return step == number and task is not None and task.where == entry.number


def gathered(builder: Builder, results: Iterable[Variable]) -> Gathering:
    """The steps that compute the results, in order."""
    gathering = Gathering(builder)
    needed = needed_by(builder, results)
    for variable in builder.definitions:
        if variable in needed:
            gathering.gather(variable)
    return gathering


def needed_by(builder: Builder, results: Iterable[Variable]) -> set[Variable]:
    """The results and what they are computed from."""
    needed: set[Variable] = set()
    waiting = list(results)
    while waiting:
        variable = waiting.pop()
        definition = builder.definitions.get(variable)
        if variable not in needed and definition is not None:
            waiting += [definition.sweep.operand] if definition.sweep else []
            for write in definition.writes:
                reads = reads_of(builder, task_of(variable, write))
                waiting += [entry.variable for entry in reads]
        needed.add(variable)
    return needed
