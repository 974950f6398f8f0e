"""Scales: a number that multiplies several results is taken back to where they all come from.

A gradient step scales every gradient by the learning rate. All of them are linear in one cotangent,
far back and small: scaling that does the same. A number moves back through calls that are linear in
what it scales, as long as all that a value is used for is to be scaled by it. Where it can go no
further it scales an operand there, together with a number that is there anyway if there is one.
Results change in the last bits.
"""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.factors import DTYPES, is_moderate
from micrograd_np.compiler.passes.rewriting import alike, is_number, renamed, replaced, uses_in
from micrograd_np.compiler.program import Instruction, Program, Variable

# Calls that are linear in their first argument; in either of two; in both at once.
IN_FIRST = {
    np.sum, np.mean, np.reshape, np.transpose, np.broadcast_to, np.divide, np.negative, np.cumsum,
    np.expand_dims, np.squeeze, np.ravel, np.flip,
}  # fmt: skip
IN_EITHER = {np.multiply, np.matmul}
IN_BOTH = {np.add, np.subtract}
LINEAR_OPTIONS = {"axis", "axes", "keepdims", "shape"}
CALL = 512  # what a call costs beside writing its result, in bytes written


def take_scales_back(program: Program) -> Program:
    """Scale once what several results that are scaled alike come from."""
    numbers = dict.fromkeys(filter(None, map(scale_of, program.instructions)))
    for number in numbers:
        moved = Move(program, number)
        if moved.gain > 0:
            program = program.with_instructions(moved.instructions)
            program = program._replace(results=tuple(moved.new.get(x, x) for x in program.results))
    return program


def scale_of(call: Instruction) -> float | None:
    """The number by which a call scales an array; None if that is not what it does."""
    if call.function is not np.multiply or call.options or not may_scale(call):
        return None
    x, y = call.args if is_number(call.args[0]) else call.args[::-1]
    if not is_number(x) or type(y) is not Variable or not alike(y, call.result):
        return None
    return float(x) if is_moderate(x) and abs(x) != 1 else None


def may_scale(call: Instruction) -> bool:
    """Whether the result of a call is one that is scaled at all."""
    dtype = None if call.several else call.result.dtype
    return dtype is not None and dtype.str[1:] in DTYPES and not call.effect


def number_in(call: Instruction) -> float | None:
    """The number that a product has as a factor, or a quotient on its fraction line."""
    if call.function not in {np.multiply, np.divide}:
        return None
    factors = call.args[:1] if call.function is np.divide else call.args
    return next((x for x in factors if is_number(x)), None)


def array_of(call: Instruction) -> Variable:
    """The variable that a call scales."""
    (x,) = (x for x in call.args if type(x) is Variable)
    return x


class Move:
    """One number taken back through a program: the `instructions` that this leaves.

    `new`: what stands for the results of calls that are left out. `gain`: what it saves, in bytes
    written.
    """

    def __init__(self, program: Program, number: float) -> None:
        self.number = number
        self.joins: set[Variable] | None = None  # behind which several scaled results come together
        self.joins = self._joins(program, self._scaled(program))
        self.scaled = self._scaled(program)
        self.new: dict[Variable, Variable] = {}
        self.instructions: list[Instruction] = []
        self.gain = 0
        for call in program.instructions:
            self._add(call)

    def operands(self, call: Instruction) -> list[Any]:
        """The operands through which a number goes back: of two factors, the one that joins."""
        variables = [x for x in call.args if type(x) is Variable and x.dtype == call.result.dtype]
        number = number_in(call)
        together = number is None or is_moderate(self.number * number)
        if not together or not call.options.keys() <= LINEAR_OPTIONS:
            return []
        if call.function in IN_BOTH:
            return variables if len(variables) == len(call.args) else []
        if len(set(variables)) < len(variables):
            return []
        if call.function in IN_EITHER:
            if self.joins is None:
                return variables
            return [x for x in variables if x in self.joins][:1] or variables[-1:]
        return variables[:1] if call.function in IN_FIRST and call.args[0] in variables else []

    def _joins(self, program: Program, scaled: set[Variable]) -> set[Variable]:
        """Those of the variables that could be scaled that have a shared one behind them."""
        uses = uses_in(program)
        joins: set[Variable] = set()
        for call in program.instructions:
            if not call.several and (x := call.result) in scaled:
                behind = not joins.isdisjoint(self.operands(call))
                joins.update([x] if uses[x] > 1 or behind else [])
        return joins

    def _scaled(self, program: Program) -> set[Variable]:
        """The variables that are to be larger by the number: all their uses ask for it."""
        waiting = uses_in(program)
        scaled = set()
        for call in reversed(program.instructions):
            asked: list[Variable] = []
            if may_scale(call) and waiting[call.result] == 0:
                scaled.add(call.result)
                asked = self.operands(call)
            elif scale_of(call) == self.number:
                asked = [array_of(call)]
            for x in asked:
                waiting[x] -= 1
        return scaled

    def _add(self, call: Instruction) -> None:
        """Add a call to the program, scaled if it is to be."""
        new = renamed(call, self.new)
        if not call.several and call.result in self.scaled:
            self._add_scaled(call, new)
        elif scale_of(call) == self.number and array_of(call) in self.scaled:
            self.new[call.result] = array_of(new)
            self.gain += call.result.nbytes + CALL
        else:
            self.instructions.append(new)

    def _add_scaled(self, call: Instruction, new: Instruction) -> None:
        """Add a call whose result is to be scaled, by its operands if they are or can be."""
        operands = self.operands(call)
        ends = [x for x in operands if x not in self.scaled]
        number = number_in(call)
        if operands and not ends:
            self.instructions.append(new)
        elif number is not None and is_moderate(self.number * number):
            args = tuple(self.number * x if x is number else x for x in new.args)
            self.instructions.append(new._replace(args=args))
        elif ends and all(x.nbytes <= call.result.nbytes for x in ends):
            scaled = {x: self._scale(self.new.get(x, x), call) for x in dict.fromkeys(ends)}
            self.instructions.append(renamed(call, self.new | scaled))
        else:
            whole = Variable("unscaled", call.result.shape, call.result.dtype, call.result.strides)
            self.instructions.append(new._replace(results=(whole,)))
            self._scale(whole, call, call.result)

    def _scale(self, x: Variable, call: Instruction, result: Variable | None = None) -> Variable:
        """Multiply a variable with the number."""
        scaled = result or Variable("scaled", x.shape, x.dtype, x.strides)
        self.instructions.append(replaced(call, np.multiply, (self.number, x), results=(scaled,)))
        self.gain -= x.nbytes + CALL
        return scaled
