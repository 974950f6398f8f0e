"""Recomputation: the values that groups compute again, instead of reading them from memory.

Derivatives use values that were computed on the way forward: `0.5 * x`, `1 + x * x`. A few cheap
calls may make such a value anew from arrays that are in memory anyway. Then the group that needs
the value makes these calls itself. Their results never leave the cache, and the array is never
there as a whole.

A *part* is the calls of one group. A variable is *kept* if it is in memory anyway: it is given,
returned, small, or made or used by a call in no group.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from micrograd_np.compiler.blocks.blockwise import Shape, role_of
from micrograd_np.compiler.blocks.layouts import layout_of
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.tracing.functions import ASTYPE

LONGEST = 4  # calls that are made again for one variable, at most
SMALL = 1 / 16  # of the entries of the group's shape

CHEAP = {
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.square, np.reciprocal, np.absolute,
    np.maximum, np.minimum, np.greater, np.greater_equal, np.less, np.less_equal, np.equal,
    np.not_equal, np.logical_and, np.logical_or, np.logical_not, np.conjugate, np.clip, ASTYPE,
}  # fmt: skip


class Part(NamedTuple):
    """The calls of a group over a shape, by their numbers in the program."""

    shape: Shape
    calls: dict[int, Instruction]


def recomputed(program: Program, parts: list[Part]) -> list[list[Instruction]]:
    """The calls of each part, with those that it makes again before what needs them."""
    work = Recomputing(program, parts)
    calls = {number: call for part in parts for number, call in part.calls.items()}
    for number in sorted(calls):
        work.decide(calls[number].result)
    return [work.calls_of(i) for i in range(len(parts))]


class Recomputing:
    """The decisions so far: `kept` variables, and which parts make which variables again."""

    def __init__(self, program: Program, parts: list[Part]) -> None:
        self.parts = parts
        inside = {number: i for i, part in enumerate(parts) for number in part.calls}
        self.maker = {
            x: call for part in parts for call in part.calls.values() for x in call.results
        }
        self.home = {x: inside[number] for number, call in enumerate(program.instructions)
                     if number in inside for x in call.results}  # fmt: skip
        self.users: dict[Variable, set[int]] = {}
        self.kept = {*program.parameters, *program.constants, *program.results}
        self.taken: list[set[Variable]] = [set() for _ in parts]  # operands
        for number, call in enumerate(program.instructions):
            if number in inside:
                for x in call.variables:
                    self._use(x, inside[number])
            else:
                self.kept.update(call.results, call.variables)
        self.again: list[set[Variable]] = [set() for _ in parts]

    def _use(self, x: Variable, part: int) -> None:
        if self.home.get(x) != part:
            self.users.setdefault(x, set()).add(part)
            self.taken[part].add(x)

    def decide(self, x: Variable) -> None:
        """Have all parts that use a variable make it again, or keep it."""
        users = self.users.get(x, set())
        if x in self.kept or not users:
            return
        needed = self._needed(x)
        if needed and all(self._may(x, part, needed) for part in users):
            for part in users:
                self.again[part].add(x)
                self.taken[part].discard(x)
                self.taken[part].update(self._ends(needed))
        else:
            self.kept.add(x)

    def _needed(self, x: Variable) -> list[Instruction]:
        """The calls that make a variable of what is kept; none if they cost too much."""
        found: dict[Variable, Instruction] = {}
        waiting = [x]
        while waiting:
            y = waiting.pop()
            call = self.maker.get(y)
            if call is None or call.function not in CHEAP or len(found) == LONGEST:
                return []
            found[y] = call
            waiting += [z for z in call.variables if z not in found and not self._is_kept(z, x)]
        return list(found.values())

    def _is_kept(self, z: Variable, x: Variable) -> bool:
        return z in self.kept or z.size <= SMALL * x.size

    def _ends(self, needed: Iterable[Instruction]) -> set[Variable]:
        """The variables that calls use and do not make."""
        needed = list(needed)
        made = {call.result for call in needed}
        return {x for call in needed for x in call.variables} - made

    def _may(self, x: Variable, part: int, needed: list[Instruction]) -> bool:
        """Whether a part can make a variable again, and has at most one more array to read."""
        shape, calls = self.parts[part]
        (region,) = {call.region for call in calls.values()}
        new = [y for y in self._ends(needed) - self.taken[part] if y.size > SMALL * x.size]
        if len(new) > 1 or any(call.region != region for call in needed):
            return False
        together = self.calls_of(part, x)
        roles = [role for call in together if (role := role_of(call)) is not None]
        return layout_of(shape, together, roles) is not None

    # ------------------------------------------------------------ the calls

    def calls_of(self, part: int, *more: Variable) -> list[Instruction]:
        """The calls of a part, and before their first use those that it makes again."""
        again = self.again[part].union(more)
        new: dict[Variable, Variable] = {}
        calls: list[Instruction] = []
        for call in self.parts[part].calls.values():
            for x in call.variables:
                if x in again and x not in new:
                    self._make(x, new, calls)
            calls.append(call.substituted(new))
        return calls

    def _make(self, x: Variable, new: dict[Variable, Variable], calls: list[Instruction]) -> None:
        """Add the calls for a variable that are not there yet, under new variables."""
        for call in sorted_calls(self._needed(x)):
            y = call.result
            if y not in new:
                copy = Variable(y.hint, y.shape, y.dtype, y.strides)
                calls.append(call.substituted(new)._replace(results=(copy,), note="again"))
                new[y] = copy


def sorted_calls(calls: list[Instruction]) -> list[Instruction]:
    """Calls after those whose results they use."""
    made = {call.result: call for call in calls}
    found: dict[Variable, Instruction] = {}
    waiting = list(made)
    while waiting:
        y = waiting[-1]
        missing = [x for x in made[y].variables if x in made and x not in found]
        if missing and y not in found:
            waiting += missing
        else:
            found[y] = made[y]
            waiting.pop()
    return list(found.values())
