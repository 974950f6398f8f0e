"""Steps: the calls of a group as they are made in a block, each into an array that is there.

Views are gone: what they are views of is read in their place. `np.where` has become
`blocks.select`, a cast is a copy, reductions are methods of ufuncs.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np

from micrograd_np.compiler.blocks import running as blocks
from micrograd_np.compiler.blocks.blockwise import Role, Shape
from micrograd_np.compiler.blocks.layouts import Layout, spread
from micrograd_np.compiler.program import Instruction, Variable
from micrograd_np.compiler.tracing.functions import ASTYPE

# Ufuncs whose third position is deprecated for `out`: they take it by name.
NAMED_OUT = {np.maximum, np.minimum}


class Step(NamedTuple):
    """A call in a block. `function`: what is called; of a reduction, whose `reduce`.

    `target`: the variable that it computes; `mask`: scratch that it needs besides. `role`: what it
    is in the group. `in_place`: whether it may write over an operand. `note`: the instruction's.
    """

    kind: Literal["call", "named", "copy", "select", "reduction"]
    function: Any
    args: tuple[Any, ...]
    target: Variable
    role: Role
    mask: Variable | None = None
    in_place: bool = False
    note: str = ""

    @property
    def reads(self) -> list[Variable]:
        """The variables whose entries it reads."""
        return [x for x in self.args if isinstance(x, Variable)]


def steps_of(shape: Shape, calls: Sequence[tuple[Instruction, Role]], layout: Layout) -> list[Step]:
    """The steps of a group's calls, in order."""
    roots: dict[Variable, Variable] = {}
    steps = []
    for instruction, role in calls:
        if role.kind == "view":
            (x,) = role.args
            roots[instruction.result] = roots.get(x, x)
            continue
        if role.kind == "reduction":
            steps += materialized(shape, instruction, role, layout, roots)
        args = tuple(roots.get(x, x) if isinstance(x, Variable) else x for x in role.args)
        steps.append(step_of(instruction, role, args))
    return steps


def materialized(
    shape: Shape,
    instruction: Instruction,
    role: Role,
    layout: Layout,
    roots: dict[Variable, Variable],
) -> list[Step]:
    """The copy of what is broadcast and then reduced, where it is: a view cannot be read for it."""
    (x,) = role.args
    root = roots.get(x, x)
    if spread(shape, root.shape, layout.along[root]) == shape:
        return []
    del roots[x]
    copied = Role("each", ASTYPE, (root,))
    return [Step("copy", np.copyto, (root,), x, copied, note=instruction.note)]


def step_of(instruction: Instruction, role: Role, args: tuple[Any, ...]) -> Step:
    """The step of a call, on the roots of its arguments."""
    target, note = instruction.result, instruction.note
    if role.kind == "reduction":
        return Step("reduction", role.function, args, target, role, note=note)
    if role.function is np.where:
        mask = None if is_zero(args[1]) or is_zero(args[2]) else mask_for(target)
        return Step("select", blocks.select, args, target, role, mask, note=note)
    if role.function is ASTYPE:
        return Step("copy", np.copyto, args, target, role, note=note)
    kind: Any = "named" if role.function in NAMED_OUT else "call"
    real = target.dtype is not None and target.dtype.kind != "c"  # complex products round otherwise
    return Step(kind, role.function, args, target, role, in_place=real, note=note)


def is_zero(x: Any) -> bool:
    """Whether it is a literal 0 whose bits are all 0."""
    return blocks.is_zero(x)


def mask_for(target: Variable) -> Variable | None:
    """Scratch for the mask of a choice between two arrays."""
    integer = None if target.dtype is None else blocks.INTEGERS.get(target.dtype.itemsize)
    return None if integer is None else Variable("mask", target.shape, np.dtype(integer))


def count_of(shape: Shape, role: Role) -> int:
    """How many entries a reduction takes into one."""
    return prod(shape[axis] for axis in role.axes)
