"""Nests: the writes of all variables, gathered into nests of loops that run one after the other.

A nest does the writes of as many variables as it can in one sweep: those of the same extents, where
what one reads of another is the entry that was just computed, which is then still at hand in a
local variable. A variable that is read otherwise is complete before the nest that reads it begins.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from micrograd_np.compiler.native.definitions import Builder, Operand, Write
from micrograd_np.compiler.native.index import ZERO, Counter, Index, Place, flattened, unflattened
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

    def read(x: Operand, place: Place) -> str:
        if isinstance(x, Variable):
            entry = located(builder, x, place)
            found.append(entry)
            for table in tables_in(entry.number):
                found.append(Located(*table))
        return "x"

    task.write.value(read, task.place)
    return found


def tables_in(index: Index) -> Iterator[tuple[Variable, Index]]:
    """The arrays of places in an index, with where they are read."""
    for atom in index.terms:
        inner = getattr(atom, "index", None)
        if inner is not None:
            yield from tables_in(inner)
        if hasattr(atom, "table"):
            yield atom.table, atom.index


class Gathering:
    """The nests so far, and from which nest on each variable is complete.

    `stored`: the variables that need memory, since other nests, or other rounds, read them.
    `local`: those that are read as soon as they are computed.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.nests: list[Nest] = []
        self.complete: dict[Variable, int] = {}
        self.stored: set[Variable] = set()
        self.local: set[Variable] = set()

    def gather(self, variable: Variable) -> None:
        """Put the writes of a variable into nests."""
        definition = self.builder.definitions[variable]
        last = -1
        for count, write in enumerate(definition.writes):
            task = task_of(variable, write)
            reads = reads_of(self.builder, task)
            number = self._nest_for(task, reads, last)
            nest = self.nests[number]
            nest.tasks.append(task)
            if definition.start and count == 0:
                nest.starts.append(variable)
            for entry in reads:
                (self.local if self._at_hand(entry, number) else self.stored).add(entry.variable)
            last = number
        self.complete[variable] = last + 1
        if len(definition.writes) != 1:
            self.stored.add(variable)

    def _nest_for(self, task: Task, reads: list[Located], least: int) -> int:
        """The first nest that can do a task, after all that it reads elsewhere is complete."""
        counters = counters_of(task.write.extents)
        start = max([least + 1, *(self._ready(entry) for entry in reads)])
        for number in range(start, len(self.nests)):
            if self.nests[number].counters == counters and all(
                self.complete.get(entry.variable, 0) <= number or self._at_hand(entry, number)
                for entry in reads
            ):
                return number
        self.nests.append(Nest(counters, [], []))
        return len(self.nests) - 1

    def _ready(self, entry: Located) -> int:
        """The first nest that an entry can be read in, perhaps."""
        complete = self.complete.get(entry.variable, 0)
        return complete - 1 if complete and self._at_hand(entry, complete - 1) else complete

    def _at_hand(self, entry: Located, number: int) -> bool:
        """Whether the nest has just computed the entry, all of it, in the same round."""
        tasks = [t for t in self.nests[number].tasks if t.variable is entry.variable]
        return (
            len(tasks) == 1
            and len(self.builder.definitions[entry.variable].writes) == 1
            and not tasks[0].write.combine
            and tasks[0].where == entry.number
        )


def gathered(builder: Builder, results: Iterable[Variable]) -> Gathering:
    """The nests that compute the results, in order."""
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
        if variable not in needed:
            needed.add(variable)
            writes = builder.definitions[variable].writes if variable in builder.definitions else ()
            reads = [e for write in writes for e in reads_of(builder, task_of(variable, write))]
            waiting += [entry.variable for entry in reads]
    return needed
