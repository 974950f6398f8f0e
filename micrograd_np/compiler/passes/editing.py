"""Editing: changes to calls far from one another, where one takes over what another did.

A `Draft` is a program whose calls can be replaced in any order. The *inside* of a variable is what
is used for it and for nothing else: the calls behind it, as far as each result is used once. There
a factor or a sign may be moved about without anybody else seeing it.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from micrograd_np.compiler.passes.rewriting import alike, renamed, uses_in
from micrograd_np.compiler.program import Instruction, Program, Variable


class Draft:
    """A program that is being changed: `made` has the call behind a variable, as it is now."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.uses = uses_in(program)
        self.made = {x: call for call in program.instructions for x in call.results}
        self._new: dict[Variable, Variable] = {}
        self._before: dict[Variable, Instruction] = {}
        self._changed = False

    def inside(
        self, x: Any, passable: Callable[[Instruction], Collection[Any]]
    ) -> Iterator[Instruction]:
        """The calls inside `x`, behind the operands that `passable` names of each."""
        open_ = [x]
        while open_:
            x = open_.pop()
            call = self.made.get(x) if type(x) is Variable else None
            if call is not None and self.uses[x] == 1 and not call.effect and not call.several:
                yield call
                open_.extend(passable(call))

    def replace(self, call: Instruction) -> None:
        """Put a call in place of the one with the same result."""
        self.made[call.result] = call
        self._changed = True

    def split(self, first: Instruction, call: Instruction) -> None:
        """The same, with a call of a new result in front of it."""
        self._before[call.result] = first
        self.made[first.result] = first
        self.uses[first.result] = 1
        self.replace(call)

    def leave_out(self, call: Instruction, x: Variable) -> bool:
        """Let `x` stand for what a call made; whether it can, being like it."""
        if not alike(x, call.result):
            return False
        self._new[call.result] = x
        self._changed = True
        return True

    def stands(self, call: Instruction) -> bool:
        """Whether a call is in the program still."""
        return call.result not in self._new

    def finished(self) -> Program:
        """The program with all changes made; itself, if there were none."""
        if not self._changed:
            return self.program
        new: dict[Variable, Variable] = {}
        calls = []
        for call in self.program.instructions:
            result = call.results[0] if call.results else None
            if result in self._new:
                x = self._new[result]
                new[result] = new.get(x, x)
                continue
            if result in self._before:
                calls.append(renamed(self._before[result], new))
            calls.append(renamed(call if call.several else self.made[call.result], new))
        results = tuple(new.get(x, x) for x in self.program.results)
        return self.program._replace(instructions=tuple(calls), results=results)
