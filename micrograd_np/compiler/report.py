"""Reports on programs: what the passes changed, and what a call needs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.source.outputs import is_fused, may_share

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Report(NamedTuple):
    """A report on a program: what the passes did, and what a call needs. `print` shows a table.

    - `name`: the name of the function.
    - `passes`: each pass that changed the program, with the number of calls before and after.
    - `calls`: the number of calls in the end, where a fused group counts as one.
    - `fused`: the number of calls in each fused group.
    - `buffers`, `buffer_bytes`: the arrays that calls of the function use again, and their size.
    - `constants`, `constant_bytes`: the arrays in the program, and their size.
    - `traffic`: the bytes that all calls read and write. This estimates what goes through main
      memory when the arrays do not fit the cache.
    - `peak`: an estimate of the most bytes that are in use at a time, in the buffers and all other
      arrays, without arguments and constants.
    """

    name: str
    passes: tuple[tuple[str, int, int], ...]
    calls: int
    fused: tuple[int, ...]
    buffers: int
    buffer_bytes: int
    constants: int
    constant_bytes: int
    traffic: int
    peak: int

    def __str__(self) -> str:
        groups = ", ".join(f"{n} calls" for n in self.fused)
        rows = [
            ("calls", f"{self.traced} traced, {self.calls} in the end"),
            *((f"  {name}", f"{before} → {after}") for name, before, after in self.passes),
            ("fused groups", f"{len(self.fused)}" + (f", of {groups}" if groups else "")),
            ("buffers", f"{self.buffers}, {in_units(self.buffer_bytes)}"),
            ("constants", f"{self.constants}, {in_units(self.constant_bytes)}"),
            ("memory traffic", f"about {in_units(self.traffic)} a call"),
            ("peak memory", f"about {in_units(self.peak)}"),
        ]
        width = max(len(title) for title, _ in rows)
        return "\n".join([self.name, *(f"  {title:{width}}  {text}" for title, text in rows)])

    @property
    def traced(self) -> int:
        """The number of calls before all passes."""
        return self.passes[0][1] if self.passes else self.calls


def report_of(
    program: Program, executable: Any, passes: Sequence[tuple[str, int, int]] = ()
) -> Report:
    """The report on a program and its executable, after these passes."""
    plan = getattr(executable, "plan", None)
    program = getattr(executable, "program", program)
    groups: list[Any] = [x.function for x in program.instructions if is_fused(x.function)]
    return Report(
        name=program.name,
        passes=tuple((name, before, after) for name, before, after in passes),
        calls=len(program.instructions),
        fused=tuple(len(group.program.instructions) for group in groups),
        buffers=len(set(plan.places.values())) if plan else 0,
        buffer_bytes=plan.nbytes if plan else 0,
        constants=len(program.constants),
        constant_bytes=sum(spanned(x) for x in program.constants),
        traffic=sum(map(traffic, program.instructions)),
        peak=plan.peak if plan else 0,
    )


def traffic(instruction: Instruction) -> int:
    """The bytes that a call reads and writes: of a view none, of a fused group at its ends."""
    if may_share(instruction):
        return 0
    return sum(map(spanned, {*instruction.variables, *instruction.results}))


def spanned(x: Variable) -> int:
    """The bytes of an array, what is repeated along an axis counted once."""
    if x.dtype is None:
        return 0
    count = 1
    for stride, n in zip(x.strides, x.shape, strict=False):
        count *= n if stride or n == 0 else 1
    return count * x.dtype.itemsize


def in_units(nbytes: int) -> str:
    """A number of bytes, to be read.

    >>> in_units(640), in_units(3_500_000)
    ('640 bytes', '3.3 MiB')
    """
    size, unit = float(nbytes), 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f} {UNITS[unit]}" if unit else f"{nbytes} bytes"
