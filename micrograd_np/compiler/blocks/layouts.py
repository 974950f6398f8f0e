"""Layouts: how the arrays of a group lie to each other.

Every array in a group *lies along* some axes of the group's shape. Usually these are the last axes,
as many as the array has. But in a group over (8, 64, 128), `x.mean(-1)` lies along the axes 0 and
1.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.blocks.blockwise import Axes, Role, Shape
from micrograd_np.compiler.blocks.slots import order_of
from micrograd_np.compiler.program import Instruction, Variable

# With an `out` that is not contiguous, NumPy 2.4 computes them wrongly where it has AVX-512.
STRIDED = {np.isfinite, np.isinf, np.isnan, np.signbit}


class Layout(NamedTuple):
    """How the arrays of a group lie in its shape.

    `along`: the axes of the shape that a variable lies along. `whole`: the axes that blocks must
    not divide, as reductions over them are used in the group. `reductions`: the axes of the
    reductions that are not.
    """

    along: dict[Variable, Axes]
    whole: frozenset[int]
    reductions: tuple[Axes, ...]


def layout_of(
    shape: Shape, instructions: Sequence[Instruction], roles: Sequence[Role]
) -> Layout | None:
    """How the arrays of these calls lie in a shape; None if they do not go together so."""
    if not is_even(shape, instructions):
        return None
    lying = Lying(shape, {}, set())
    for instruction, role in zip(instructions, roles, strict=True):
        axes = lying.axes_of(role, instruction.result)
        if axes is None:
            return None
        lying.along[instruction.result] = axes
        lying.made.add(instruction.result)
    used = {x for role in roles for x in role.variables}
    reductions = [
        (role.axes, instruction.result in used)
        for instruction, role in zip(instructions, roles, strict=True)
        if role.kind == "reduction"
    ]
    whole = frozenset(axis for axes, inside in reductions if inside for axis in axes)
    return Layout(lying.along, whole, tuple(axes for axes, inside in reductions if not inside))


def is_even(shape: Shape, instructions: Sequence[Instruction]) -> bool:
    """Whether all arrays lie in memory in one order, if any call is delicate."""
    if not any(map(is_delicate, instructions)):
        return True
    arrays = {x for call in instructions for x in (*call.results, *call.variables)}
    full = [x for x in arrays if x.shape == shape and 0 not in x.strides]
    return len({order_of(x.shape, x.strides) for x in full}) < 2


def is_delicate(call: Instruction) -> bool:
    """Whether a call may give something else where neither operand nor result is contiguous.

    Products of complex numbers are rounded otherwise; and `STRIDED` are plainly wrong.
    """
    numbers = (x.dtype.kind for x in (call.result, *call.variables) if x.dtype is not None)
    return call.function in STRIDED or "c" in numbers


class Lying(NamedTuple):
    """A group so far: the axes along which its arrays lie, and the arrays that it has made."""

    shape: Shape
    along: dict[Variable, Axes]
    made: set[Variable]

    def axes_of(self, role: Role, result: Variable) -> Axes | None:
        """The axes that the result of a call lies along; None if it does not fit in."""
        if role.kind == "reduction":
            return self._of_reduction(role)
        inside = [x for x in role.variables if x in self.made]
        if role.kind == "view":
            return self._of_view(inside, result)
        axes = last(self.shape, result) if result.shape == self.shape else None
        if axes is None and inside:
            axes = self.along[max(inside, key=lambda x: len(x.shape))]
            axes = axes if self._spans(axes, result.shape) else None
        if axes is None or not all(self._lies(x, axes) for x in role.variables):
            return None
        return axes

    def _of_reduction(self, role: Role) -> Axes | None:
        (x,) = role.variables
        every = tuple(range(len(self.shape)))
        if x.shape != self.shape or not self._lies(x, every):
            return None
        return every if role.keepdims else tuple(axis for axis in every if axis not in role.axes)

    def _of_view(self, inside: list[Variable], result: Variable) -> Axes | None:
        """Of a value of the group only: a view of an operand is as good an operand."""
        if not inside or len(result.shape) > len(self.shape):
            return None
        (x,) = inside
        axes = last(self.shape, result)
        wider = result.shape == self.shape and self.along[x] == last(self.shape, x)
        lengths = (spread(self.shape, y.shape, a) for y, a in ((result, axes), (x, self.along[x])))
        return axes if wider or len(set(lengths)) == 1 else None

    def _spans(self, axes: Axes, lengths: Shape) -> bool:
        """Whether an array with these lengths may lie along these axes."""
        return len(axes) == len(lengths) and all(
            n in (1, self.shape[axis]) for n, axis in zip(lengths, axes, strict=True)
        )

    def _lies(self, x: Variable, axes: Axes) -> bool:
        """Whether what broadcasts along these axes lies, or may lie, along the last of them."""
        expected = axes[len(axes) - len(x.shape) :]
        return self.along.setdefault(x, expected) == expected


def last(shape: Shape, x: Variable) -> Axes:
    """The last axes of a shape, as many as the variable has."""
    return tuple(range(len(shape) - len(x.shape), len(shape)))


def spread(shape: Shape, lengths: Shape, axes: Axes) -> Shape:
    """The lengths along all axes of a shape, 1 along those that an array does not lie along."""
    found = dict(zip(axes, lengths, strict=True))
    return tuple(found.get(axis, 1) for axis in range(len(shape)))


def divided_axes(shape: Shape, box: Any) -> set[int]:
    """The axes along which a box is shorter than the shape."""
    return {axis for axis, pair in enumerate(zip(shape, box, strict=True)) if pair[0] != pair[1]}


def is_partial(role: Role, shape: Shape, box: Shape) -> bool:
    """Whether a call is a reduction over divided axes, or all of them."""
    if role.kind != "reduction":
        return False
    return len(role.axes) == len(shape) or not divided_axes(shape, box).isdisjoint(role.axes)
