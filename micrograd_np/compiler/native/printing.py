"""Printing: nests of loops as the Python that Numba compiles.

Arrays are flat: entry (i, j) of a matrix of 3 columns is `x[3 * i + j]`. An array of one entry is a
local variable. Others that are not among the arguments lie in `stack` memory, where the compiler
keeps them in registers if it can, or in `empty` if they are large.
"""

import keyword
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from micrograd_np.compiler.native.definitions import Builder, Operand
from micrograd_np.compiler.native.index import Counter, Place
from micrograd_np.compiler.native.nests import Gathering, Nest, Task, located
from micrograd_np.compiler.native.scalars import entry_code, name_of
from micrograd_np.compiler.program import Variable

STACK_EACH = 8 * 1024  # bytes: arrays up to here lie on the stack,
STACK_ALL = 64 * 1024  # as long as there is room


class Names:
    """Names for variables, each its own."""

    def __init__(self, taken: Sequence[str] = ()) -> None:
        self.taken = {*keyword.kwlist, *taken}
        self.names: dict[Variable, str] = {}

    def new(self, hint: str) -> str:
        """A name that nothing else has, like the hint."""
        base = re.sub(r"\W+", "_", hint).strip("_") or "value"
        base = f"_{base}" if base[0].isdigit() else base
        name, count = base, 1
        while name in self.taken:
            count += 1
            name = f"{base}_{count}"
        self.taken.add(name)
        return name

    def of(self, variable: Variable) -> str:
        """The name of a variable."""
        if variable not in self.names:
            self.names[variable] = self.new(variable.hint)
        return self.names[variable]


class Printer:
    """Lines of Python, for the nests of a program.

    `used`: the constants that the code reads as arrays.
    """

    def __init__(self, builder: Builder, gathering: Gathering, names: Names) -> None:
        self.builder = builder
        self.gathering = gathering
        self.names = names
        self.used: set[Variable] = set()
        self.lines: list[str] = []
        self.indent = 1
        self._entries: dict[Variable, tuple[Any, str]] = {}
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
            f"({max(variable.size, 1)}, {name_of(variable.dtype)})  # {variable.shape}"
        )

    def copy(self, target: str, source: str, size: int) -> None:
        """Copy the entries of a flat array."""
        with self.loop(Counter("i", size)):
            self.line(f"{target}[i] = {source}[i]")

    # ------------------------------------------------------------ nests

    def nest(self, nest: Nest) -> None:
        """A nest of loops."""
        within = {t.variable: level for t in nest.tasks if (level := level_of(t, nest)) is not None}
        for variable in nest.starts:
            if variable not in within:
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
            name = self._entry_name(task)
            self.line(f"{name} = {self.builder.definitions[task.variable].start}")
        if level == len(nest.counters):
            for task in nest.tasks:
                self._task(task, within)
        else:
            with self.loop(nest.counters[level]):
                self._level(nest, level + 1, within)
        for task in totals:
            if task.variable.size != 1:
                self._store(task, self._entry_name(task))

    def _task(self, task: Task, within: dict[Variable, int]) -> None:
        variable, write = task.variable, task.write
        value = write.value(self.read, task.place)
        if write.combine:
            local = variable in within or variable.size == 1
            there = self._entry_name(task) if local else self._place(task)
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
        alone = task.variable.size == 1 or task.variable not in self.gathering.stored
        return name if alone else f"{name}_{''.join(c.name for c in counters_in(task))}"

    def _store(self, task: Task, code: str) -> None:
        self.line(f"{self._place(task)} = {code}")

    def _place(self, task: Task) -> str:
        return f"{self.names.of(task.variable)}[{task.where.code(self.table)}]"

    def table(self, variable: Variable) -> str:
        """The name of an array of places."""
        self.used.add(variable)
        return self.names.of(variable)

    def read(self, x: Operand, place: Place) -> str:
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


def counters_in(task: Task) -> list[Counter]:
    """The loop variables that the place of a task's entry depends on, outermost first."""
    found = set(task.where.counters())
    return [c for index in task.place for c in index.counters() if c in found]


def level_of(task: Task, nest: Nest) -> int | None:
    """How many loops are around a running total that has a local variable; None if there is none.

    There is one if the loops over which entries are combined are the inner ones.
    """
    if not task.write.combine or not task.where.is_distinct():
        return None
    outer = set(task.where.counters())
    level = len(outer)
    return level if set(nest.counters[:level]) == outer else None


def constants_of(
    used: set[Variable], builder: Builder, name: Callable[[Variable], str]
) -> dict[str, np.ndarray[Any, Any]]:
    """The constants that code reads, flat and by name."""
    return {name(x): np.ascontiguousarray(builder.constants[x]).reshape(-1) for x in used}
