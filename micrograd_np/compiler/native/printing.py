"""Printing: nests of loops as the Python that Numba compiles.

Arrays are flat: entry (i, j) of a matrix of 3 columns is `x[3 * i + j]`. An array of one entry is a
local variable. Others that are not among the arguments lie in `stack` memory, where the compiler
keeps them in registers if it can, or in `empty` if they are large.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted
from micrograd_np.compiler.native.index import Counter, Place
from micrograd_np.compiler.native.nests import Gathering, Nest, Sweeps, Task, located
from micrograd_np.compiler.native.scalars import dtype_of, entry_code, literal, name_of
from micrograd_np.compiler.program import Variable
from micrograd_np.compiler.source.naming import Names

STACK_EACH = 8 * 1024  # bytes: arrays up to here lie on the stack,
STACK_ALL = 64 * 1024  # as long as there is room
PIECE = 256  # numbers that are added at once in long sums


class VariableNames:
    """Names for variables, each its own."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.names = Names(taken)
        self.given: dict[Variable, str] = {}

    def of(self, variable: Variable) -> str:
        """The name of a variable."""
        if variable not in self.given:
            self.given[variable] = self.names.new(variable.hint or "value")
        return self.given[variable]


class Printer:
    """Lines of Python, for the nests of a program.

    `used`: the constants that the code reads as arrays.
    """

    def __init__(self, builder: Builder, gathering: Gathering, names: VariableNames) -> None:
        self.builder = builder
        self.gathering = gathering
        self.names = names
        self.used: set[Variable] = set()
        self.lines: list[str] = []
        self.indent = 1
        self._entries: dict[Variable, tuple[Any, str]] = {}
        self._locals: dict[Variable, str] = {}
        self._extra: dict[tuple[Variable, str], str] = {}
        self._literals = {x: entry_code(array) for x, array in builder.constants.items()}
        self._stack = STACK_ALL

    # ------------------------------------------------------------ lines

    def line(self, code: str) -> None:
        """One line."""
        self.lines.append("    " * self.indent + code)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """The lines within stand under `head`."""
        self.line(head)
        self.indent += 1
        yield
        self.indent -= 1

    def loop(self, counter: Counter) -> Any:
        """The lines within are repeated."""
        return self.block(f"for {counter.name} in range({counter.extent}):")

    # ------------------------------------------------------------ memory

    def memory(self, variable: Variable) -> None:
        """Memory for the entries of a variable."""
        if variable.size == 1:
            return
        small = variable.nbytes <= min(STACK_EACH, self._stack)
        self._stack -= variable.nbytes if small else 0
        self.line(
            f"{self.names.of(variable)} = {'stack' if small else 'empty'}"
            f"({max(variable.size, 1)}, {name_of(dtype_of(variable))})  # {variable.shape}"
        )

    def copy(self, target: str, source: str, size: int) -> None:
        """Copy the entries of a flat array."""
        with self.loop(Counter("i", size)):
            self.line(f"{target}[i] = {source}[i]")

    # ------------------------------------------------------------ nests

    def step(self, step: Nest | Sweeps) -> None:
        """A nest of loops, or sweeps."""
        if isinstance(step, Nest):
            self.nest(step)
            return
        for variable in step.variables:
            function, operand = self.builder.definitions[variable].sweep or ("", variable)
            names = f"{self.names.of(variable)}, {self.names.of(operand)}"
            self.line(f"{function}_each({names}, {variable.size})")

    def nest(self, nest: Nest) -> None:
        """A nest of loops."""
        begun = [task for task in nest.tasks if task.variable in nest.starts]
        within = {t.variable: level for t in begun if (level := level_of(t, nest)) is not None}
        totals = {t.variable for t in nest.tasks if is_total(t, within.get(t.variable, -1), nest)}
        for variable in nest.starts:
            if variable not in within or variable not in totals:
                self._fill(variable)
        self._entries = {}
        self._level(nest, 0, within)
        self._entries = {}

    def _fill(self, variable: Variable) -> None:
        start = self.builder.definitions[variable].start
        if variable.size == 1:
            self.line(f"{self.names.of(variable)} = {start}")
            return
        with self.loop(Counter("i", variable.size)):
            self.line(f"{self.names.of(variable)}[i] = {start}")

    def _level(self, nest: Nest, level: int, within: dict[Variable, int]) -> None:
        """The loops from `level` inward. `within`: where running totals begin and end."""
        totals = [task for task in nest.tasks if within.get(task.variable) == level]
        for task in totals:
            self.line(f"{self._entry_name(task)} = {self.builder.definitions[task.variable].start}")
            if is_long(task):
                self._begin_long(task)
        if level == len(nest.counters):
            for task in nest.tasks:
                self._task(task, within)
        elif level == len(nest.counters) - 1:
            self._innermost(nest, level, within)
        else:
            with self.loop(nest.counters[level]):
                self._level(nest, level + 1, within)
        for task in totals:
            name = self._entry_name(task)
            if is_long(task):
                self._end_long(task)
            if not is_total(task, level, nest):
                there = (
                    self._place(task) if task.variable.size != 1 else self.names.of(task.variable)
                )
                self.line(f"{there} = {task.write.combine.format(there, name)}")
            elif task.variable.size != 1:
                self._store(task, name)

    # ------------------------------------------------------------ long sums

    def _innermost(self, nest: Nest, level: int, within: dict[Variable, int]) -> None:
        """The innermost loop; for long sums in pieces, each with a sum of its own."""
        counter = nest.counters[level]
        sums = [t for t in nest.tasks if within.get(t.variable, level + 1) <= level and is_long(t)]
        pieces = sums and counter.extent > PIECE
        if pieces:
            self.line(f"for begin in range(0, {counter.extent}, {PIECE}):")
            self.indent += 1
        for task in sums:
            zero = literal(dtype_of(task.variable).type(0))
            self.line(f"{self._piece_name(task)} = {zero}")
        end = f"begin, min(begin + {PIECE}, {counter.extent})" if pieces else counter.extent
        with self.block(f"for {counter.name} in range({end}):"):
            self._level(nest, level + 1, within)
        for task in sums:
            self._add_piece(task)
        self.indent -= 1 if pieces else 0

    def _begin_long(self, task: Task) -> None:
        """A sum of 32 bits is kept in 64, of 64 with what rounding loses beside it."""
        self.line(f"{self._wide_name(task)} = 0.0")
        if task.variable.dtype == np.float64:
            self.line(f"{self._wide_name(task)}_lost = 0.0")

    def _add_piece(self, task: Task) -> None:
        wide, piece = self._wide_name(task), self._piece_name(task)
        if task.variable.dtype == np.float64:
            self.line(f"{wide}_lost += lost({wide}, {piece})")
        self.line(f"{wide} += {piece}")

    def _end_long(self, task: Task) -> None:
        wide = self._wide_name(task)
        if task.variable.dtype == np.float64:  # infinite sums lose NaN
            self.line(f"{wide} += select({wide}_lost == {wide}_lost, {wide}_lost, 0.0)")
            self.line(f"{self._entry_name(task)} = {wide}")
        else:
            self.line(f"{self._entry_name(task)} = {name_of(dtype_of(task.variable))}({wide})")

    def _wide_name(self, task: Task) -> str:
        return self._extra_name(task, "all")

    def _piece_name(self, task: Task) -> str:
        return self._extra_name(task, "piece")

    def _extra_name(self, task: Task, what: str) -> str:
        key = (task.variable, what)
        if key not in self._extra:
            self._extra[key] = self.names.names.new(f"{self.names.of(task.variable)}_{what}")
        return self._extra[key]

    # ------------------------------------------------------------ one round

    def _task(self, task: Task, within: dict[Variable, int]) -> None:
        variable, write = task.variable, task.write
        value = write.value(self.read, task.place)
        if write.combine:
            local = variable in within or variable.size == 1
            there = self._entry_name(task) if local else self._place(task)
            if variable in within and is_long(task):
                there = self._piece_name(task)
            self.line(f"{there} = {write.combine.format(there, value)}")
        elif variable.size == 1 or variable in self.gathering.local:
            name = self._entry_name(task)
            self.line(f"{name} = {value}")
            self._entries[variable] = (task.where, name)
            if variable.size != 1 and variable in self.gathering.stored:
                self._store(task, name)
        else:
            self._store(task, value)

    def _entry_name(self, task: Task) -> str:
        """The local variable of the entry that is being computed."""
        name = self.names.of(task.variable)
        if task.variable.size == 1 or task.variable not in self.gathering.stored:
            return name
        if task.variable not in self._locals:
            letters = "".join(c.name for c in counters_in(task))
            self._locals[task.variable] = self.names.names.new(f"{name}_{letters}")
        return self._locals[task.variable]

    def _store(self, task: Task, code: str) -> None:
        self.line(f"{self._place(task)} = {code}")

    def _place(self, task: Task) -> str:
        return f"{self.names.of(task.variable)}[{task.where.code(self.table)}]"

    def table(self, variable: Variable) -> str:
        """The name of an array of places."""
        self.used.add(variable)
        return self.names.of(variable)

    def read(self, x: Interpreted, place: Place) -> str:
        """The code of an entry."""
        if not isinstance(x, Variable):
            return ""
        entry = located(self.builder, x, place)
        variable = entry.variable
        if literal := self._literals.get(variable):
            return literal
        if variable.size == 1:
            return self.names.of(variable)
        where, name = self._entries.get(variable, (None, ""))
        if where == entry.number:
            return name
        if variable in self.builder.constants:
            self.used.add(variable)
        return f"{self.names.of(variable)}[{entry.number.code(self.table)}]"


def is_long(task: Task) -> bool:
    """Whether a task adds so many numbers that the order matters to the digits."""
    count = prod(task.write.extents) // max(task.variable.size, 1)
    return task.write.combine.startswith("plus") and count > PIECE


def counters_in(task: Task) -> list[Counter]:
    """The loop variables that the place of a task's entry depends on, outermost first."""
    found = set(task.where.counters())
    return [c for index in task.place for c in index.counters() if c in found]


def level_of(task: Task, nest: Nest) -> int | None:
    """How many loops are around a running total that has a local variable; None if there is none.

    The total is over the inner loops, on which the place of the entry does not depend.
    """
    if not task.write.combine:
        return None
    outer = set(task.where.counters())
    level = len(nest.counters)
    while level and nest.counters[level - 1] not in outer:
        level -= 1
    return level if level < len(nest.counters) or is_total(task, level, nest) else None


def is_total(task: Task, level: int, nest: Nest) -> bool:
    """Whether the loops around come to each entry once, so that a total is all of it."""
    outer = nest.counters[:level]
    whole = prod(counter.extent for counter in outer) == task.variable.size
    return whole and task.where.is_distinct() and set(outer) == set(task.where.counters())


def constants_of(
    used: set[Variable], builder: Builder, name: Callable[[Variable], str]
) -> dict[str, np.ndarray[Any, Any]]:
    """The constants that code reads, flat and by name."""
    constants = {x: array for x, array in builder.constants.items() if x in used}
    return {name(x): np.ascontiguousarray(array).reshape(-1) for x, array in constants.items()}
