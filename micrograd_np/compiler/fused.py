"""Fused: a group of calls over one shape as a single call, which runs them block by block.

`Fused` decides how the shape is divided and where every value is kept, and prints two functions:
what happens in a block, one NumPy call a line; and the driver that has it run for all blocks.

- *Operands* are what the group is given, *results* what it returns.
- A result that is reduced over divided axes has a *partial* for each block; others are written a
  part at a time, and what is neither is in scratch.
"""

from collections.abc import Callable
from math import gcd, prod
from typing import Any

from micrograd_np.compiler import blocks
from micrograd_np.compiler.block_source import BlockSource
from micrograd_np.compiler.blockwise import Layout, is_partial, layout_of, divided_axes, operation, role_of, spread
from micrograd_np.compiler.program import Program, Variable
from micrograd_np.compiler.slots import END, Slot, Value, order_of, placed
from micrograd_np.compiler.steps import steps_of

Shape = tuple[int, ...]

CACHE = 1 << 20  # bytes that the arrays of a block take together, about
SHORTEST, LONGEST = 1 << 13, 1 << 16  # entries of a block, about
LINE = 64  # entries, of which blocks are multiples where it may be


class Fused:
    """A function that runs a program over one shape in blocks.

    `program`: element-wise calls over `shape`, with reductions. `entries`: about so many in a block
    instead of what suits the cache. `threads`: at most so many; None for the cores there are.

    Called with values of the program's parameters it returns its results, in a tuple if there are
    several; `out`: an array, or None, for each result to be written to.
    """

    def __init__(
        self,
        program: Program,
        shape: Shape,
        *,
        entries: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.program = program
        self.shape = shape
        self.threads = threads
        self.__name__ = "fused"
        calls = [(x, role) for x in program.instructions if (role := role_of(x)) is not None]
        layout = layout_of(shape, [x for x, _ in calls], [role for _, role in calls])
        if layout is None or len(calls) < len(program.instructions):
            raise ValueError(f"{program!r} is not a group over {shape}")
        self.layout: Layout = layout
        self.steps = steps_of(shape, calls, layout)
        self.reduced = {step.target for step in self.steps if step.kind == "reduction"}
        self.slots = self._slots()
        self.box = self._box(entries or self._entries())
        self._function: Callable[..., Any] | None = None

    def __repr__(self) -> str:
        return f"<fused {', '.join(self.operations)} over {self.shape}>"

    def __call__(self, *args: Any, out: tuple[Any, ...] | None = None) -> Any:
        if self._function is None:
            printed = BlockSource(self, "fused")
            space = dict(printed.names)
            exec(printed.text, space)  # noqa: S102 - what was printed for this purpose
            self._function = space["fused"]
        return self._function(*args) if out is None else self._function(*args, out=out)

    def definition(self, name: str) -> str:
        """The source of the two functions, of which `name` is the driver."""
        return BlockSource(self, name).text

    @property
    def names(self) -> dict[str, Any]:
        """What the definition refers to: functions and classes of NumPy, and those of `blocks`."""
        return BlockSource(self, "fused").names

    # ------------------------------------------------------------ for reports

    @property
    def operations(self) -> list[str]:
        """The names of what it computes, in order."""
        return [operation(step.role) for step in self.steps]

    @property
    def count(self) -> int:
        """The number of blocks."""
        return prod(-(-n // step) for n, step in zip(self.shape, self.box, strict=True))

    @property
    def traffic(self) -> int:
        """The bytes at its ends, read and written once: what goes through main memory, about."""
        return sum(x.nbytes for x in (*self.program.parameters, *self.program.results))

    @property
    def needs(self) -> tuple[Any, ...]:
        """The modules whose source goes with the definition where it is saved."""
        return (blocks,)

    @property
    def overwrites(self) -> frozenset[tuple[int, int]]:
        """Pairs of a result and a parameter whose array may be `out` for it.

        Nothing of a block's part of the parameter is read after the part of the result is begun.
        """
        return frozenset(
            (i, j)
            for i, result in enumerate(self.program.results)
            for j, parameter in enumerate(self.program.parameters)
            if self._may_overwrite(result, parameter)
        )

    def _may_overwrite(self, result: Variable, parameter: Variable) -> bool:
        """Whether they have the same entries, and the one is begun when the other is done with."""
        alike = (result.shape, result.dtype) == (parameter.shape, parameter.dtype)
        if not alike or result.shape != self.shape:
            return False
        first = self.slots[result].first
        last = max(i for i, step in enumerate(self.steps) if parameter in step.reads)
        return last < first or (last == first and self.steps[first].in_place)

    # ------------------------------------------------------------ what is kept where

    def spread(self, x: Variable) -> Shape:
        """The shape of a variable with all axes of the group."""
        return spread(self.shape, x.shape, self.layout.along[x])

    def _slots(self) -> dict[Variable, Slot]:
        used = {x: i for i, step in enumerate(self.steps) for x in step.reads}
        values, results = [], []
        for i, step in enumerate(self.steps):
            x = step.target
            kept = x in self.program.results
            value = Value(
                x, self.spread(x), x.dtype, self._order_of(x), i, END if kept else used.get(x, i)
            )  # fmt: skip
            (results if kept else values).append(value)
            if step.mask is not None:
                mask = value._replace(variable=step.mask, dtype=step.mask.dtype, used=i)
                values.append(mask)
        return placed(values, results, [step.in_place for step in self.steps])

    def _order_of(self, x: Variable) -> Shape:
        """The order in which a variable's axes lay in memory when traced."""
        return order_of(self.spread(x), spread(self.shape, x.strides, self.layout.along[x]))

    @property
    def scratch(self) -> list[Slot]:
        """The slots that are no part of a result, each once."""
        return list(dict.fromkeys(slot for slot in self.slots.values() if slot.result is None))

    # ------------------------------------------------------------ how it is divided

    def _entries(self) -> int:
        """The entries of a block of which all arrays fit the cache."""
        operands = [x.dtype for x in self.program.parameters if x.shape == self.shape]
        slots = [slot.dtype for slot in dict.fromkeys(self.slots.values()) if slot.shape == self.shape]
        each = sum(dtype.itemsize for dtype in (*operands, *slots) if dtype is not None)
        return min(max(CACHE // each, SHORTEST), LONGEST)

    def _box(self, entries: int) -> Shape:
        """The shape of a box: by the first axis in memory that does not make partials large."""
        free = [axis for axis in self._order() if axis not in self.layout.whole]
        boxes = [
            self._divided([first, *(axis for axis in free if axis != first)], entries)
            for first in free
            if self.shape[first] > 1
        ]
        small = [box for box in boxes if self._rows(box) * 4 <= prod(self.shape)]
        return (small or boxes or [self.shape])[0]

    def _order(self) -> list[int]:
        """The axes as they lie in memory, outermost first."""
        full = [
            x.strides
            for x in (*self.program.results, *self.program.parameters)
            if x.shape == self.shape and len(x.strides) == len(self.shape)
        ]
        sizes = [sum(strides[axis] for strides in full) for axis in range(len(self.shape))]
        return sorted(range(len(self.shape)), key=lambda axis: -sizes[axis])

    def _divided(self, axes: list[int], entries: int) -> Shape:
        """The shape cut along axes in turn until a box has about so many entries."""
        box = list(self.shape)
        for axis in axes:
            n, rest = box[axis], prod(box) // box[axis]
            if n * rest <= entries or not self._together(box, axis):
                break
            step = -(-n // -(-n // max(1, entries // rest)))
            line = LINE // gcd(LINE, rest)
            box[axis] = min(n, -(-step // line) * line) if step > line else step
            if step > 1:
                break
        return tuple(box)

    def _together(self, box: list[int], axis: int) -> bool:
        """Whether an axis may be divided too: every reduction takes all divided axes, or none."""
        divided = {axis, *divided_axes(self.shape, box)}
        return all(
            divided <= set(axes) or divided.isdisjoint(axes) for axes in self.layout.reductions
        )

    def _rows(self, box: Shape) -> int:
        """The entries of all partials."""
        count = prod(-(-n // step) for n, step in zip(self.shape, box, strict=True))
        reductions = [step for step in self.steps if is_partial(step.role, self.shape, box)]
        return sum(count * step.target.size for step in reductions)
