"""Buffers: where a program's intermediate results lie, so that calls need no new memory.

What is not returned, and comes from a call that can be told where to write, is given a *place* in
an arena that every call uses again. A result is written *over* an operand where that is needed no
longer, in the very same place entry by entry. Arrays that NumPy makes itself and that are large
are *dropped* as soon as nothing needs them.

Results of the program are new arrays; they are *copied* where they would share memory with an
argument, a constant or one another. An array that the caller gives up (*donated*) may be written
over with a result.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.source.arena import Cell, placed
from micrograd_np.compiler.source.liveness import Liveness
from micrograd_np.compiler.source.outputs import (
    is_dense,
    is_fresh,
    is_surely_view,
    overwritable,
    style_of,
)

KINDS = "biufc"  # of the dtypes that are kept in an arena
LARGE = 1 << 16  # bytes: a smaller array is not worth a `del`
DONATED_FROM = 1 << 14  # bytes: a smaller array is not worth the look whether it can be written to


class Place(NamedTuple):
    """An array in the arena."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]


class Plan(NamedTuple):
    """Where results lie.

    `nbytes`: of the arena. `places`: of what lies in it. `over`: the operands and parameters that
    results are written over. `donated`: the parameters among them. `copied`: which results of the
    program are copied. `dropped`: what is no longer needed after an instruction, by its number.
    `peak`: an estimate of the bytes of the arena and all other arrays, at the worst time.
    """

    nbytes: int
    places: dict[Variable, Place]
    over: dict[Variable, Variable]
    donated: tuple[Variable, ...]
    copied: frozenset[int]
    dropped: dict[int, list[Variable]]
    peak: int


def plan(program: Program, donated: frozenset[int] = frozenset()) -> Plan:
    """The plan for a program; `donated` are the positions of the parameters that are given up."""
    return Planner(program, donated).plan()


class Planner:
    """The work on one plan: instruction by instruction, then the arena."""

    def __init__(self, program: Program, donated: frozenset[int]) -> None:
        self.program = program
        self.live = Liveness(program)
        self.copied, self.kept = kept_results(program, self.live)
        self.cells: dict[Variable, Cell] = {}
        self.over: dict[Variable, Variable] = {}
        self.given_up = [
            x
            for i, x in enumerate(program.parameters)
            if i in donated and x.nbytes >= DONATED_FROM and is_dense(x)
        ]
        self.donated: list[Variable] = []

    def plan(self) -> Plan:
        """The plan."""
        for number, instruction in enumerate(self.program.instructions):
            for result in instruction.results:
                if result.dtype is not None and result.shape:
                    self._find_memory(number, instruction, result)
        nbytes = placed(list({id(c): c for c in self.cells.values() if not c.own}.values()))
        places = {
            x: Place(cell.offset, x.shape, x.dtype, x.strides)
            for x, cell in self.cells.items()
            if not cell.own and x not in self.over and x.dtype is not None
        }
        return Plan(
            nbytes, places, self.over, tuple(self.donated), self.copied, self._dropped(),
            nbytes + self._peak(),
        )  # fmt: skip

    def _find_memory(self, number: int, instruction: Instruction, result: Variable) -> None:
        style = style_of(instruction)
        operand = None
        if style:
            operand = self._operand_over(number, instruction, result)
        if operand is not None:
            self.over[result] = operand
            if operand in self.live.given:
                return
            cell = self._cell_of(operand)
            self.cells[result] = cell
            cell.end = max(cell.end, self.live.needed[result])
            return
        kept = result in self.kept
        in_arena = bool(style) and not kept and is_dense(result) and has_numbers(result)
        if in_arena or is_fresh(instruction):
            end = self.live.needed[result]
            self.cells[result] = Cell(number, end, result.nbytes, own=not in_arena)

    def _cell_of(self, x: Variable) -> Cell:
        owner = self.live.owner(x)
        return self.cells[x if owner is None else owner]

    def _operand_over(
        self, number: int, instruction: Instruction, result: Variable
    ) -> Variable | None:
        """The operand that the result can be written over; None if there is none."""
        if result in self.kept:
            parameter = self._parameter_over(number, instruction, result)
            if parameter is not None:
                self.given_up.remove(parameter)
                self.donated.append(parameter)
                return parameter
        for x in overwritable(instruction, result):
            if alike(x, result) and self._ends_with(number, instruction, x, result):
                return x
        return None

    def _ends_with(
        self, number: int, instruction: Instruction, x: Variable, result: Variable
    ) -> bool:
        """Whether the memory of an operand is the program's own, and this call its last use."""
        owner = self.live.owner(x)
        cell = self.cells.get(owner) if owner is not None else None
        if cell is None or cell.end > number or (result in self.kept and not cell.own):
            return False
        if any(self.over.get(y) is x for y in instruction.results):
            return False
        return self._is_last(number, instruction, x)

    def _is_last(self, number: int, instruction: Instruction, x: Variable) -> bool:
        """Whether nothing else reads the memory of `x` in this call, nor anything after it."""
        roots = self.live.roots[x]
        if any(self.live.needed[root] > number for root in roots):
            return False
        return all(y is x or roots.isdisjoint(self.live.roots[y]) for y in instruction.variables)

    def _parameter_over(
        self, number: int, instruction: Instruction, result: Variable
    ) -> Variable | None:
        """A parameter given up that a result of the program can be written over."""
        operands = overwritable(instruction, result)
        fitting = [x for x in self.given_up if alike(x, result)]
        here = [x for x in fitting if x in operands and self._is_last(number, instruction, x)]
        before = [x for x in fitting if self.live.needed.get(x, -1) < number]
        return next(iter(here + before), None)

    def _dropped(self) -> dict[int, list[Variable]]:
        """Which variables to let go of after which instruction, for the memory behind them."""
        returned = set(self.program.results)
        dropped: dict[int, list[Variable]] = defaultdict(list)
        for x, time in self.live.used.items():
            if x in returned or x in self.live.given or time >= self.live.end - 1:
                continue
            if any(self._is_large(root) for root in self.live.roots[x]):
                dropped[time].append(x)
        return dict(dropped)

    def _is_large(self, root: Variable) -> bool:
        """Whether it is an array of its own that is large."""
        maker = self.live.maker(root)
        if maker is None or root.nbytes < LARGE or is_surely_view(maker):
            return False
        cell = self.cells.get(root)
        return cell is None or cell.own

    def _peak(self) -> int:
        """The most bytes that arrays outside the arena take at one time."""
        change = [0] * (self.live.end + 2)
        copies = sum(self.program.results[i].nbytes for i in self.copied)
        own = {id(c): c for c in self.cells.values() if c.own}
        for cell in own.values():
            change[cell.start] += cell.nbytes
            change[cell.end + 1] -= cell.nbytes
        for x, made in self.live.made.items():
            if made >= 0 and x not in self.cells and x not in self.over and self.live.owner(x) is x:
                change[made] += x.nbytes
                change[self.live.needed[x] + 1] -= x.nbytes
        change[self.live.end] += copies
        return int(np.max(np.cumsum(change)))


def kept_results(
    program: Program, live: Liveness
) -> tuple[frozenset[int], dict[Variable, Variable]]:
    """Which results are copied, and the arrays that the others are, or are views of."""
    copied, kept = set(), {}
    for place, result in enumerate(program.results):
        if result.dtype is None:
            continue
        owner = live.owner(result)
        if owner is None or owner in kept:
            copied.add(place)
        else:
            kept[owner] = result
    return frozenset(copied), kept


def alike(x: Variable, y: Variable) -> bool:
    """Whether two arrays have their entries in the same places."""
    return (x.shape, x.dtype, x.strides) == (y.shape, y.dtype, y.strides)


def has_numbers(x: Variable) -> bool:
    """Whether it is an array of numbers."""
    return x.dtype is not None and x.dtype.kind in KINDS and x.dtype.isnative
