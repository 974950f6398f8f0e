"""The program: a straight line of NumPy calls, which tracing makes and everything else rewrites.

A `Program` takes the values of its *parameters*, applies its *instructions* in order, and returns
its *results*. What flows between them are `Variable`s, each assigned once: by being a parameter, a
*constant* (an array known when the program was made), or a result of one instruction.

An `Instruction` is one call, `results = function(*args, **options)`. Arguments and options are what
one would write: variables, plain Python values, and lists, tuples, dicts and slices of both. Its
function is NumPy's wherever there is one; `operator`'s for indexing and for Python's own numbers;
else a helper of ours made of NumPy calls.

Programs are values: a pass makes a new one and leaves the old one as it is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.op import Options


class Variable:
    """A value that a program computes or is given; two are the same only if identical.

    `hint`: what to call it in the source. `shape`, `dtype`: of an array or NumPy scalar. `strides`:
    in bytes, as they were when traced; a call may come with others in parameters, and in views of
    these. `python`: for what is no array (a Python number, a random generator) its type, else None.
    """

    __slots__ = ("dtype", "hint", "python", "shape", "strides")

    def __init__(
        self,
        hint: str,
        shape: tuple[int, ...] = (),
        dtype: np.dtype[Any] | None = None,
        strides: tuple[int, ...] = (),
        python: type | None = None,
    ) -> None:
        self.hint = hint
        self.shape = shape
        self.dtype = dtype
        self.strides = strides
        self.python = python

    @classmethod
    def like(cls, hint: str, value: Any) -> "Variable":
        """A variable for values such as this one."""
        if isinstance(value, np.ndarray):
            return cls(hint, value.shape, value.dtype, value.strides)
        if isinstance(value, np.generic):
            return cls(hint, (), value.dtype)
        return cls(hint, python=type(value))

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """The bytes that the entries take, each once."""
        return 0 if self.dtype is None else self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        kind = self.python.__name__ if self.python else f"{self.shape} {self.dtype}"
        return f"<{self.hint}: {kind}>"


class Instruction(NamedTuple):
    """One call. `several`: the function returns a list or tuple, of which each part is a result.

    `view`: a result may share memory with an argument. `effect`: the call does more than return a
    value (a random generator moves on), so it is neither left out nor done only once for two.
    `region`: which run of a checkpointed function it belongs to, 0 for none: what a second run
    computes again on purpose is not merged with the first. `note`: a few words for the source.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: Options
    results: tuple[Variable, ...]
    several: bool = False
    view: bool = False
    effect: bool = False
    region: int = 0
    note: str = ""

    @property
    def result(self) -> Variable:
        """The result, of a call that has one."""
        (result,) = self.results
        return result

    @property
    def variables(self) -> list[Variable]:
        """The variables it uses, in order, with repeats."""
        return list(variables_in((self.args, self.options)))

    def substituted(self, new: dict[Variable, Any]) -> "Instruction":
        """The call on other variables or values."""
        args, options = substituted((self.args, self.options), new)
        return self._replace(args=args, options=options)

    def __call__(self, args: Sequence[Any], options: Options) -> Any:
        """The call, on values for the variables."""
        return self.function(*args, **options)


class Program(NamedTuple):
    """A straight-line program; `results` are variables, constants and parameters among them."""

    name: str
    parameters: tuple[Variable, ...]
    constants: dict[Variable, np.ndarray[Any, Any]]
    instructions: tuple[Instruction, ...]
    results: tuple[Variable, ...]

    def __repr__(self) -> str:
        calls = len(self.instructions)
        return f"<program {self.name}: {len(self.parameters)} parameters, {calls} instructions>"

    def with_instructions(self, instructions: Iterable[Instruction]) -> "Program":
        """The program with other instructions between its parameters and its results."""
        return self._replace(instructions=tuple(instructions))

    def run(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """Interpret the program, call by call: slow, and right by definition.

        What the executors do is held against this.
        """
        values: dict[Variable, Any] = dict(zip(self.parameters, arguments, strict=True))
        values |= self.constants
        for instruction in self.instructions:
            args, options = substituted((instruction.args, instruction.options), values)
            out = instruction(args, options)
            parts = out if instruction.several else (out,)
            values.update(zip(instruction.results, parts, strict=True))
        return tuple(values[result] for result in self.results)


# ---------------------------------------------------------------- nested arguments


def variables_in(tree: Any) -> Iterator[Variable]:
    """The variables in nested lists, tuples, dicts and slices, in order."""
    if isinstance(tree, Variable):
        yield tree
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from variables_in(part)
    elif isinstance(tree, dict):
        yield from variables_in(list(tree.values()))
    elif isinstance(tree, slice):
        yield from variables_in((tree.start, tree.stop, tree.step))


def substituted(tree: Any, new: dict[Variable, Any]) -> Any:
    """Nested arguments with other values in place of some variables."""
    return mapped(lambda x: new.get(x, x) if isinstance(x, Variable) else x, tree)


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """Nested lists, tuples, dicts and slices with `function` applied to all else."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(function, part) for part in tree))
    if type(tree) in (list, tuple):
        return type(tree)([mapped(function, part) for part in tree])
    if isinstance(tree, dict):
        return {name: mapped(function, part) for name, part in tree.items()}
    if isinstance(tree, slice):
        return slice(*(mapped(function, part) for part in (tree.start, tree.stop, tree.step)))
    return function(tree)


# ---------------------------------------------------------------- the checker


class ProgramError(AssertionError):
    """A program is malformed: a pass has a bug. Never an error of who wrote the function."""


def check(program: Program) -> Program:
    """The program itself, if it is well formed: every variable is assigned once, and before use.

    Raises ProgramError that names all offenders.
    """
    assigned = [*program.parameters, *program.constants]
    wrong = []
    known = set(assigned)
    for number, instruction in enumerate(program.instructions):
        wrong += [
            f"instruction {number} ({name_of(instruction)}) uses {x}, which is not assigned yet"
            for x in instruction.variables
            if x not in known
        ]
        if not instruction.several and len(instruction.results) != 1:
            wrong.append(f"instruction {number} ({name_of(instruction)}) needs one result")
        known.update(instruction.results)
        assigned += instruction.results
    twice = {x for x in assigned if assigned.count(x) > 1} if len(known) < len(assigned) else set()
    wrong += [f"{x} is assigned twice" for x in twice]
    wrong += [f"the result {x} is never assigned" for x in program.results if x not in known]
    wrong += [
        f"the constant {x} is of shape {value.shape}, {value.dtype}"
        for x, value in program.constants.items()
        if (value.shape, value.dtype) != (x.shape, x.dtype)
    ]
    if wrong:
        raise ProgramError(f"{program!r} is malformed:\n  " + "\n  ".join(wrong))
    return program


def name_of(instruction: Instruction) -> str:
    """The name of an instruction's function."""
    return getattr(instruction.function, "__name__", type(instruction.function).__name__)
