"""Rewriting: one walk over a program, in which rules put other calls in place of calls.

A *rule* is kept under the function whose calls it is for. Given a call, it returns a variable that
has the same value, another call for the same result, or None where there is nothing to be gained.
A call that it needs beforehand it emits itself. Rules see calls with all earlier replacements made,
so that chains of them collapse in one walk.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler.program import Instruction, Program, Variable, substituted, variables_in
from micrograd_np.core.op import Options

ATOMS = frozenset((int, float, complex, bool, str, type(None), np.dtype, type(Ellipsis)))
LONGEST = 8  # replacements of one call by the next, in one walk


class Walk:
    """The state on the way through a program. `made`: the call behind each variable.

    `new`: the variable or value in place of each variable that is no longer computed.
    """

    def __init__(self, program: Program) -> None:
        self.constants = dict(program.constants)
        self.made: dict[Variable, Instruction] = {}
        self.new: dict[Variable, Any] = {}
        self.instructions: list[Instruction] = []
        self._program = program
        self._uses: Counter[Variable] | None = None

    @property
    def uses(self) -> Counter[Variable]:
        """How often each variable was used, results included, before the walk."""
        if self._uses is None:
            self._uses = uses_in(self._program)
        return self._uses

    def emit(self, instruction: Instruction) -> None:
        """Add a call to the program."""
        self.instructions.append(instruction)
        for result in instruction.results:
            self.made[result] = instruction

    def call(
        self,
        like: Instruction,
        result: Variable,
        function: Callable[..., Any],
        *args: Any,
        **options: Any,
    ) -> Variable:
        """Add a call that belongs to `like`, and return its result."""
        self.emit(replaced(like, function, args, options, results=(result,), view=False))
        return result

    def constant(self, array: np.ndarray[Any, Any], hint: str = "constant") -> Variable:
        """A variable for an array."""
        variable = Variable.like(hint, array)
        self.constants[variable] = array
        return variable

    def maker(self, x: Any, function: Callable[..., Any]) -> Instruction | None:
        """The call that made `x`, if it was one of `function`."""
        made = self.made.get(x) if type(x) is Variable else None
        return made if made is not None and made.function == function else None

    def program(self) -> Program:
        """The program as it is rewritten."""
        results = tuple(self.new.get(result, result) for result in self._program.results)
        return self._program._replace(
            constants=self.constants, instructions=tuple(self.instructions), results=results
        )


Rule = Callable[[Instruction, Walk], Variable | Instruction | None]
Rules = Mapping[Callable[..., Any], Sequence[Rule]]


def rewritten(program: Program, rules: Rules) -> Program:
    """The program with the rules applied; itself, if none of them finds anything."""
    walk = Walk(program)
    changed = False
    for instruction in program.instructions:
        current = renamed(instruction, walk.new) if walk.new else instruction
        if current.function not in rules or current.effect:
            walk.emit(current)
            continue
        for _ in range(LONGEST):
            found = first_found(current, walk, rules)
            if found is None:
                walk.emit(current)
                break
            changed = True
            if isinstance(found, Variable):
                walk.new[current.result] = found
                break
            current = found
        else:
            walk.emit(current)
    return walk.program() if changed else program


def first_found(
    instruction: Instruction, walk: Walk, rules: Rules
) -> Variable | Instruction | None:
    """The replacement of a call by the first rule that finds one; None if no rule does."""
    for rule in rules.get(instruction.function, ()):
        found = rule(instruction, walk)
        if isinstance(found, Instruction) or (
            found is not None and alike(found, instruction.result)
        ):
            return found
    return None


def replaced(
    instruction: Instruction,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: Options | None = None,
    *,
    results: tuple[Variable, ...] | None = None,
    view: bool = False,
) -> Instruction:
    """Another call for the same result, at the same place in the program."""
    return Instruction(
        function, args, options or {}, results or instruction.results, view=view,
        region=instruction.region, note=instruction.note,
    )  # fmt: skip


# ---------------------------------------------------------------- variables


def used(instruction: Instruction) -> list[Variable]:
    """The variables that a call uses, in order, with repeats."""
    found = []
    for x in instruction.args:
        if type(x) is Variable:
            found.append(x)
        elif type(x) not in ATOMS:
            found.extend(variables_in(x))
    for x in instruction.options.values():
        if type(x) not in ATOMS:
            found.extend(variables_in(x))
    return found


def uses_in(program: Program) -> Counter[Variable]:
    """How often each variable is used; a result of the program is one use more."""
    uses: Counter[Variable] = Counter(program.results)
    for instruction in program.instructions:
        uses.update(used(instruction))
    return uses


def renamed(instruction: Instruction, new: Mapping[Variable, Any]) -> Instruction:
    """The call with what stands for its variables; itself, if nothing does."""
    if new.keys().isdisjoint(used(instruction)):
        return instruction
    args, options = substituted((instruction.args, instruction.options), dict(new))
    return instruction._replace(args=args, options=options)


def alike(x: Variable, y: Variable) -> bool:
    """Whether one can stand for the other: the same type, shape, dtype and layout in memory."""
    return (
        x.python is y.python
        and x.shape == y.shape
        and x.dtype == y.dtype
        and same_layout(x.shape, x.strides, y.strides)
    )


def same_layout(shape: Sequence[int], left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether strides are the same, where there is more than one entry to step to."""
    if left == right or 0 in shape:
        return True
    return len(left) == len(right) and all(
        n == 1 or a == b for n, a, b in zip(shape, left, right, strict=True)
    )


def is_compact(x: Variable) -> bool:
    """Whether the entries lay in order without gaps when it was traced."""
    return same_layout(x.shape, x.strides, tuple(compact_strides(x)))


def compact_strides(x: Variable) -> Iterator[int]:
    """The strides in which entries lie in order without gaps."""
    step = x.nbytes
    for n in x.shape:
        step //= max(n, 1)
        yield step


# ---------------------------------------------------------------- what kind of value


def is_real(x: Any) -> bool:
    """Whether it is a variable of real floating point numbers."""
    return type(x) is Variable and x.dtype is not None and x.dtype.kind == "f"


def is_array(x: Any) -> bool:
    """Whether it is a variable for an array or NumPy scalar."""
    return type(x) is Variable and x.dtype is not None


def is_number(x: Any) -> bool:
    """Whether it is a Python int or float, which leaves arrays their dtype."""
    return type(x) is float or type(x) is int
