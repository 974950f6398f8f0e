"""Editing: changes to calls far from one another, where one takes over what another did.

A `Draft` is a program whose calls can be replaced in any order. The *inside* of a variable is what
is used for it and for nothing else: the calls behind it, as far as each result is used once. There
a factor or a sign may be moved about without anybody else seeing it.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from micrograd_np.compiler.passes.rewriting import renamed, used, uses_in
from micrograd_np.compiler.program import Instruction, Program, Variable


class Draft:
    """A program that is being changed; `uses` counts what uses each variable now."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.uses = uses_in(program)
        self._made = {x: call for call in program.instructions for x in call.results}
        self._new: dict[Variable, Variable] = {}
        self._before: dict[Variable, Instruction] = {}
        self._changed = False

    def maker(self, x: Any) -> Instruction | None:
        """The call behind a variable, as it is now; None for what no call with one result makes."""
        call = self._made.get(self._new.get(x, x)) if type(x) is Variable else None
        return None if call is None or call.several else renamed(call, self._new)

    def inside(
        self, x: Any, operands: Callable[[Instruction], Collection[Any]]
    ) -> Iterator[Instruction]:
        """The calls inside `x`: behind it, and behind the chosen operands of each."""
        open_ = [x]
        while open_:
            call = self.maker(open_.pop())
            if call is not None and self.uses[call.result] == 1 and not call.effect:
                yield call
                open_.extend(operands(call))

    def replace(self, call: Instruction) -> None:
        """Put a call in place of the one with the same result."""
        self._count(self._made[call.result], -1)
        self._count(call, 1)
        self._made[call.result] = call
        self._changed = True

    def insert(self, first: Instruction, before: Instruction) -> None:
        """Put a call of a new result in front of another."""
        self._before[before.result] = first
        self._made[first.result] = first
        self._count(first, 1)
        self._changed = True

    def leave_out(self, call: Instruction, x: Variable) -> None:
        """Let `x`, which is like it, stand for what a call made."""
        self._count(call, -1)
        x = self._new.get(x, x)
        self.uses[x] += self.uses[call.result]
        for y in [y for y, stand_in in self._new.items() if stand_in is call.result]:
            self._new[y] = x
        self._new[call.result] = x
        self._changed = True

    def _count(self, call: Instruction, change: int) -> None:
        for x in used(call):
            self.uses[self._new.get(x, x)] += change

    def finished(self) -> Program:
        """The program with all changes made; itself, if there were none."""
        if not self._changed:
            return self.program
        calls = []
        for call in self.program.instructions:
            if len(call.results) != 1 or call.several:
                calls.append(renamed(call, self._new))
            elif call.result not in self._new:
                if call.result in self._before:
                    calls.append(renamed(self._before[call.result], self._new))
                calls.append(renamed(self._made[call.result], self._new))
        results = tuple(self._new.get(x, x) for x in self.program.results)
        return self.program._replace(instructions=tuple(calls), results=results)


def reached(
    program: Program,
    source: Callable[[Instruction], bool],
    operands: Callable[[Instruction], Collection[Any]],
) -> set[Variable]:
    """The results of calls that are a source, or have one behind the operands that are named."""
    found: set[Any] = set()
    for call in program.instructions:
        if len(call.results) == 1 and (
            source(call) or any(type(x) is Variable and x in found for x in operands(call))
        ):
            found.add(call.results[0])
    return found
