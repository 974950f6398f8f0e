"""Dividing: the shape of the boxes into which a group's shape is cut.

Boxes are cut along the outermost axes in memory first, so that a box is one stretch of it. Axes of
reductions that are used in the group stay whole. Other reductions take either all divided axes,
and are partial, or none of them.

The results must be those of whole arrays, bit by bit. So a box has a multiple of 64 entries where
possible, and more than one entry, since NumPy computes `np.power` and complex products otherwise
for one. More than one entry lies side by side in memory, and where rows are added to one another, a
box has more than one row.
"""

from collections.abc import Sequence
from math import gcd, prod

from micrograd_np.compiler.blocks.blockwise import Role, Shape
from micrograd_np.compiler.blocks.layouts import Layout, divided_axes, is_partial
from micrograd_np.compiler.program import Variable

LINE = 64  # entries, of which a box has a multiple
FEW = 1 / 4  # of the entries, that partials together have at most where there is a choice


class Divider:
    """A group to be divided: its shape, its reductions, and its axes in memory order.

    `rows`: the entries of each reduction's result.
    """

    def __init__(
        self,
        shape: Shape,
        layout: Layout,
        reductions: Sequence[tuple[Role, int]],
        order: Sequence[int],
    ) -> None:
        self.shape = shape
        self.layout = layout
        self.reductions = reductions
        self.innermost = next((axis for axis in reversed(order) if shape[axis] > 1), None)
        self.free = [axis for axis in order if axis not in layout.whole and shape[axis] > 1]

    def box(self, entries: int) -> Shape:
        """A box of about so many entries, cut along an axis that does not make partials large."""
        boxes = [
            self._divided([first, *(axis for axis in self.free if axis != first)], entries)
            for first in self.free
        ]
        small = [box for box in boxes if self._partial(box) <= FEW * prod(self.shape)]
        return (small or boxes or [self.shape])[0]

    def _divided(self, axes: Sequence[int], entries: int) -> Shape:
        """The shape cut along axes in turn, to single entries and then to more."""
        box = list(self.shape)
        for axis in axes:
            n, rest = box[axis], prod(box) // box[axis]
            if n * rest <= entries or not self._together(box, axis):
                break
            box[axis] = self._step(axis, n, rest, max(1, entries // rest))
            if box[axis] > 1:
                break
        return tuple(box)

    def _step(self, axis: int, n: int, rest: int, most: int) -> int:
        """The length along an axis of parts of equal length, where `most` would be right."""
        step = -(-n // -(-n // most))
        line = LINE // gcd(LINE, rest)
        if 2 * step > line:
            step = min(n, -(-step // line) * line)
        several = rest == 1 or axis == self.innermost or self._across(axis)
        return without_single(n, step) if several else step

    def _together(self, box: Sequence[int], axis: int) -> bool:
        """Whether an axis may be divided too: every reduction takes all divided axes, or none."""
        divided = {axis, *divided_axes(self.shape, box)}
        return all(
            divided <= set(axes) or divided.isdisjoint(axes) for axes in self.layout.reductions
        )

    def _across(self, axis: int) -> bool:
        """Whether rows along an axis are added to one another, for all entries of a row at once.

        NumPy adds them up otherwise if a row has but one entry.
        """
        return any(
            axis not in role.axes and not is_innermost(role.axes, role.variables[0])
            for role, _ in self.reductions
        )

    def _partial(self, box: Shape) -> int:
        """The entries of all partials."""
        count = prod(-(-n // step) for n, step in zip(self.shape, box, strict=True))
        return sum(
            count * size for role, size in self.reductions if is_partial(role, self.shape, box)
        )


def is_innermost(axes: Sequence[int], x: Variable) -> bool:
    """Whether what is reduced along these axes lies in one stretch of memory."""
    if 0 in x.strides:
        return False  # where its entries lie is no matter of the order of its axes
    order = [axis for axis in memory_order(x.shape, [x]) if x.shape[axis] > 1]
    reduced = [axis in axes for axis in order]
    return reduced == sorted(reduced)


def without_single(n: int, step: int) -> int:
    """The least step from this one on by which `n` is divided without a part of length 1."""
    while n > 1 and (step == 1 or n % step == 1):
        step += 1
    return step


def memory_order(shape: Shape, variables: Sequence[Variable]) -> list[int]:
    """The axes of a shape as they lie in the memory of most of these, outermost first."""
    full = [
        x.strides
        for x in variables
        if x.shape == shape and len(x.strides) == len(shape) and 0 not in x.strides
    ]
    sizes = [sum(abs(strides[axis]) for strides in full) for axis in range(len(shape))]
    return sorted(range(len(shape)), key=lambda axis: -sizes[axis])
