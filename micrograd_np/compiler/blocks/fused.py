"""Fused: a group of calls over one shape as a single call, which runs them block by block.

`Fused` decides how the shape is divided and where every value is kept, and prints two functions.
The block function does the work of one block, with one NumPy call a line. The driver runs the block
function for all blocks.

- *Operands* are what the group is given, *results* what it returns.
- A result that is reduced over divided axes has a *partial* for each block; others are written a
  part at a time, and what is neither is in scratch.
"""

from math import prod
from typing import Any, NamedTuple

from micrograd_np.compiler.blocks.blockwise import Shape, operation, role_of
from micrograd_np.compiler.blocks.dividing import Divider, memory_order
from micrograd_np.compiler.blocks.layouts import Layout, layout_of, spread
from micrograd_np.compiler.blocks.printing import BlockSource
from micrograd_np.compiler.blocks.slots import END, Slot, Value, order_of, placed
from micrograd_np.compiler.blocks.steps import steps_of
from micrograd_np.compiler.program import Program, Variable


class Size(NamedTuple):
    """How large blocks are: `shortest` to `longest` entries, all arrays together `cache` bytes."""

    cache: int
    shortest: int
    longest: int


# Measured. Between threads the interpreter's lock is passed on, which costs as much as a few
# thousand entries: with several of them, the calls have to be long.
THREADED = 1 << 19  # entries of a shape from which on several threads are faster than one
ALONE = Size(1 << 20, 1 << 14, 1 << 16)
TOGETHER = Size(1 << 22, 1 << 15, 1 << 17)


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
        alone = entries is None and prod(shape) < THREADED
        self.threads = 1 if alone else threads
        self.__name__ = "fused"
        calls = [(x, role) for x in program.instructions if (role := role_of(x)) is not None]
        layout = layout_of(shape, [x for x, _ in calls], [role for _, role in calls])
        if layout is None or len(calls) < len(program.instructions):
            raise ValueError(f"{program!r} is not a group over {shape}")
        self.layout: Layout = layout
        self.steps = steps_of(shape, calls, layout)
        self.slots = self._slots()
        self.box = self._box(entries or self._entries())
        self._function: Any = None

    def __repr__(self) -> str:
        return f"<fused {', '.join(self.operations)} over {self.shape}>"

    def __call__(self, *args: Any, out: tuple[Any, ...] | None = None) -> Any:
        """The results for values of the program's parameters."""
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
        """The names that the definition uses: functions and classes of NumPy and of `blocks`."""
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
        values: list[Value] = []
        results: list[Value] = []
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
        slots = [x.dtype for x in dict.fromkeys(self.slots.values()) if x.shape == self.shape]
        each = sum(dtype.itemsize for dtype in (*operands, *slots) if dtype is not None)
        size = ALONE if self.threads == 1 and prod(self.shape) < THREADED else TOGETHER
        return min(max(size.cache // each, size.shortest), size.longest)

    def _box(self, entries: int) -> Shape:
        """The shape of a box."""
        reductions = [
            (step.role, step.target.size) for step in self.steps if step.kind == "reduction"
        ]
        order = memory_order(self.shape, (*self.program.results, *self.program.parameters))
        return Divider(self.shape, self.layout, reductions, order).box(entries)
