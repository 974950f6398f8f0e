"""The native function of a program: its Python source, and what its names mean.

Its arguments are the parameters that it reads, then the arrays its results are written to. One that
loops takes the number of steps first; in it the carried parameters live in arrays that each step
ends by overwriting with what became of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.elementary import FUNCTIONS
from micrograd_np.compiler.native.forms import lowered
from micrograd_np.compiler.native.index import Counter, Index, flattened
from micrograd_np.compiler.native.nests import LETTERS, gathered, located
from micrograd_np.compiler.native.printing import Printer, VariableNames, constants_of
from micrograd_np.compiler.native.scalars import KINDS, NotNative, dtype_of, name_of
from micrograd_np.compiler.program import Program, Variable
from micrograd_np.compiler.program import name_of as call_name
from micrograd_np.errors import listed

LARGEST_EMBEDDED = 16 * 1024  # bytes of a constant that becomes part of the code

# What generated code may call, beside the intrinsics; reserved as names.
NUMPY = (
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "ceil",
    "copysign", "cos", "deg2rad", "degrees", "empty", "exp2", "float_power", "floor", "fmax",
    "fmin", "fmod", "hypot", "inf", "log10", "log2", "logaddexp2", "nan", "power", "rad2deg",
    "radians", "remainder", "rint", "sign", "signbit", "sin", "sinh", "sqrt", "tan", "trunc",
    *(name_of(dtype) for dtype in KINDS),
)  # fmt: skip
INTRINSICS = ("flat", "lost", "maximum", "minimum", "plus", "select", "stack", "times")
CHECKED = ("quotient", "checked_power")
ELEMENTARY = (*FUNCTIONS, *(f"{name}_each" for name in FUNCTIONS))
RESERVED = (*NUMPY, *INTRINSICS, *CHECKED, *ELEMENTARY, *LETTERS, "steps", "begin")


class Refusal(NamedTuple):
    """A call without a native form, and why."""

    call: str
    reason: str


class NotNativeError(TypeError):
    """A program cannot run as native code as a whole; it lists all calls that stand in the way."""

    refusals: Sequence[Refusal] = ()

    @classmethod
    def of(cls, program: Program, refusals: Sequence[Refusal]) -> "NotNativeError":
        """A program, and its calls that have no native form."""
        lines = listed(f"{call}: {reason}" for call, reason in refusals)
        error = cls(f"{program.name} has calls without a native form:{lines}")
        error.refusals = refusals
        return error


class Function(NamedTuple):
    """Source of a native function.

    `parameters`, `results`: its arguments, in order, by the program's variables. `constants`: the
    arrays that it names. `extra`: those that are arguments too, the last.
    """

    name: str
    source: str
    constants: dict[str, np.ndarray[Any, Any]]
    parameters: tuple[Variable, ...]
    results: tuple[Variable, ...]
    extra: dict[str, np.ndarray[Any, Any]]


def lower(program: Program, largest: int) -> tuple[Builder, list[Variable], dict[int, Refusal]]:
    """The definitions of a program's variables, its results, and what could not be defined.

    The calls without a native form are given by their numbers; their results count as known.
    """
    builder = Builder(program.constants, largest)
    known: dict[Variable, Variable] = {}
    refusals = {}
    for number, instruction in enumerate(program.instructions):
        try:
            made = lowered(builder, instruction.substituted(known))
        except NotNative as error:
            refusals[number] = Refusal(call_name(instruction), str(error))
            continue
        for result, variable in zip(instruction.results, made, strict=True):
            if variable in builder.definitions and len(instruction.results) == 1:
                variable.hint = result.hint
            known[result] = variable
    results = [known.get(x, x) for x in program.results]
    for place, x in enumerate(results):
        try:
            dtype_of(x)
        except NotNative as error:
            refusals[len(program.instructions) + place] = Refusal(f"the result {x!r}", str(error))
    return builder, results, refusals


def owned(builder: Builder, results: Sequence[Variable]) -> list[Variable]:
    """The results, each in an array of its own that is nothing else."""
    own: list[Variable] = []
    for x in results:
        base = unshaped(builder, x)
        shared = base not in builder.definitions or base in own
        own.append(builder.copy(x, x.hint) if shared else base)
    return own


def unshaped(builder: Builder, x: Variable) -> Variable:
    """The variable of which `x` is a view of all entries in order; `x` itself if there is none."""
    place = tuple(Index.of(Counter(f"i{axis}", n)) for axis, n in enumerate(x.shape))
    entry = located(builder, x, place)
    whole = entry.variable.size == x.size and entry.number == flattened(place, x.shape)
    return entry.variable if whole else x


def function_of(
    program: Program, largest: int, carried: Mapping[int, int] | None = None
) -> Function:
    """The native function of a program, or of a loop around it.

    Raises NotNativeError.
    """
    builder, results, refusals = lower(program, largest)
    if refusals:
        raise NotNativeError.of(program, list(refusals.values()))
    return Writer(program, builder, owned(builder, results), carried).written()


class Writer:
    """Writes the function. `carried`: result by parameter, for a loop; else None."""

    def __init__(
        self,
        program: Program,
        builder: Builder,
        results: list[Variable],
        carried: Mapping[int, int] | None,
    ) -> None:
        self.program = program
        self.builder = builder
        self.results = results
        self.carried = carried
        self.gathering = gathered(builder, results)
        self.gathering.stored.update(results)
        self.names = VariableNames(RESERVED)
        self.name = self.names.names.new(f"{program.name}_loops")
        needed = self.gathering.complete.keys() | self.gathering.stored | self.gathering.read
        self.parameters = [
            x for i, x in enumerate(program.parameters) if x in needed or i in (carried or {})
        ]
        self.printer = Printer(builder, self.gathering, self.names)

    def written(self) -> Function:
        """The function."""
        arguments = [self.names.of(x) for x in self.parameters]
        outs = [self.names.names.new(f"{x.hint}_out") for x in self.results]
        for variable in self.gathering.complete:
            if variable in self.gathering.stored and variable not in self.direct():
                self.printer.memory(variable)
        self.opening(outs)
        self.body(outs)
        constants = constants_of(self.printer.used, self.builder, self.names.of)
        extra = {n: a for n, a in constants.items() if a.nbytes > LARGEST_EMBEDDED}
        head = [*(["steps"] if self.carried is not None else []), *arguments, *outs, *extra]
        comments = [
            f"# {name}: {x.size} numbers, {x.dtype}, given" for name, x in constants.items()
        ]
        body = self.printer.lines or ["    pass"]
        lines = [*comments, f"def {self.name}({', '.join(head)}):", *body]
        return Function(
            self.name,
            "\n".join(lines) + "\n",
            {n: a for n, a in constants.items() if n not in extra},
            tuple(self.parameters),
            self.program.results,
            extra,
        )

    def direct(self) -> set[Variable]:
        """The results that are computed right where they are returned."""
        if self.carried is not None:
            return set()
        return {x for x in self.results if x.size != 1}

    def opening(self, outs: Sequence[str]) -> None:
        """Arguments as flat arrays or numbers."""
        line = self.printer.line
        for x in self.parameters:
            name = self.names.of(x)
            if x.size != 1:
                line(f"{name} = flat({name})  # {x.shape}")
            elif x.shape:
                line(f"{name} = flat({name})[0]")
        for x, out in zip(self.results, outs, strict=True):
            name = self.names.of(x) if x in self.direct() else out
            line(f"{name} = flat({out})" + (f"  # {x.shape}" if x.size != 1 else ""))

    def body(self, outs: Sequence[str]) -> None:
        """The nests, in a loop if there is one, and the results where they are returned."""
        if self.carried is None:
            self.nests()
        else:
            self.loop()
        for x, out in zip(self.results, outs, strict=True):
            if x not in self.direct():
                self.assign(out, x)

    def nests(self) -> None:
        """One step."""
        for step in self.gathering.steps:
            self.printer.step(step)

    def loop(self) -> None:
        """All steps."""
        line = self.printer.line
        for parameter in self.carried or ():
            x = self.program.parameters[parameter]
            if x.size != 1:
                start = self.names.of(x)
                self.names.given[x] = self.names.names.new(f"{start}_now")
                self.printer.memory(x)
                self.printer.copy(self.names.of(x), start, x.size)
        line("for _ in range(steps):")
        self.printer.indent += 1
        self.nests()
        for parameter, result in (self.carried or {}).items():
            x = self.program.parameters[parameter]
            if x.size == 1:
                line(f"{self.names.of(x)} = {self.names.of(self.results[result])}")
            else:
                self.printer.copy(self.names.of(x), self.names.of(self.results[result]), x.size)
        self.printer.indent -= 1

    def assign(self, out: str, x: Variable) -> None:
        """Copy a result to where it is returned."""
        if x.size == 1:
            self.printer.line(f"{out}[0] = {self.names.of(x)}")
        else:
            self.printer.copy(out, self.names.of(x), x.size)
