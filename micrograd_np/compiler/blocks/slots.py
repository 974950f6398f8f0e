"""Slots: where the values of a block are kept while it is worked on, each as briefly as possible.

A *slot* is an array of one box: part of a result, or scratch. It holds one value after another; a
value's *span* is from the call that makes it to the last one that uses it. A call that goes element
by element may write over an operand that nobody needs any more.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.program import Variable

Shape = tuple[int, ...]
END = 1 << 60  # later than any call


class Value(NamedTuple):
    """A value that needs a place: `made` and then `used` by calls, which are numbered.

    `shape`: with all axes of a group. `order`: the axes as they lie in memory, outermost first; ()
    for the usual order.
    """

    variable: Variable
    shape: Shape
    dtype: np.dtype[Any] | None
    order: Shape
    made: int
    used: int


class Slot:
    """A place for values of one kind. `result`: whose part it is, None for scratch."""

    def __init__(self, value: Value, result: Variable | None = None) -> None:
        self.shape = value.shape
        self.dtype = value.dtype
        self.order = value.order
        self.result = result
        self.values = [value]

    @property
    def first(self) -> int:
        """The number of the first call that writes to it."""
        return min(value.made for value in self.values)

    def suits(self, new: Value, in_place: Sequence[bool]) -> bool:
        """Whether it is free for the span of another value, calls in place considered."""
        if (new.shape, new.dtype, new.order) != (self.shape, self.dtype, self.order):
            return False
        return all(apart(new, old, in_place) for old in self.values)


def apart(one: Value, other: Value, in_place: Sequence[bool]) -> bool:
    """Whether two values never need a place at once."""
    first, second = sorted((one, other), key=lambda value: value.made)
    return first.used < second.made or (first.used == second.made and in_place[second.made])


def placed(
    values: Sequence[Value], results: Sequence[Value], in_place: Sequence[bool]
) -> dict[Variable, Slot]:
    """A slot for every value: of the results their own, of others the one in use last, or a new.

    `in_place`: of every call, whether it may write over an operand.
    """
    slots = [Slot(value, value.variable) for value in results]
    found = {slot.result: slot for slot in slots if slot.result is not None}
    for value in values:
        free = [slot for slot in slots if slot.suits(value, in_place)]
        slot = max(free, key=lambda slot: last_use(slot, value.made), default=None)
        if slot is None:
            slots.append(slot := Slot(value))
        else:
            slot.values.append(value)
        found[value.variable] = slot
    return found


def last_use(slot: Slot, before: int) -> int:
    """The number of the last call before another that used a slot."""
    return max((value.used for value in slot.values if value.used <= before), default=-1)


def order_of(shape: Shape, strides: Shape) -> Shape:
    """The axes as they lie in memory, outermost first; () if this is the order they have."""
    lengthy = [axis for axis, n in enumerate(shape) if n > 1]
    ordered = sorted(lengthy, key=lambda axis: -abs(strides[axis]))
    if ordered == lengthy:
        return ()
    return (*(axis for axis, n in enumerate(shape) if n <= 1), *ordered)
