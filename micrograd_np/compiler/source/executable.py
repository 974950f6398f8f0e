"""Executables: a printed program as a function that runs.

The source is known to `linecache`, so that tracebacks show its lines and debuggers step through
them, for as long as the function lives.
"""

import linecache
from itertools import count
from types import FunctionType
from typing import Any
from weakref import finalize

import numpy as np

from micrograd_np.compiler.program import Program
from micrograd_np.compiler.source.buffers import Plan
from micrograd_np.compiler.source.printing import Source

Function = Any
NUMBERS = count(1)


class Executable:
    """A program that can be called, with values of its parameters; returns a tuple of its results.

    `source`: its text. `function`: what a call runs, which saves the time of getting there.
    """

    def __init__(self, printed: Source) -> None:
        self.printed = printed
        self.source = printed.text
        self.function = made(self.source, printed.name, printed.given)

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        """The results."""
        results: tuple[Any, ...] = self.function(*arguments)
        return results

    def __repr__(self) -> str:
        return f"<executable of {self.program!r}>"

    @property
    def program(self) -> Program:
        """The program that it runs."""
        return self.printed.program

    @property
    def plan(self) -> Plan:
        """Where its results lie."""
        return self.printed.plan


def made(text: str, name: str, given: dict[str, Any]) -> Function:
    """The function `name` of a module with this text, run with some globals given.

    It has globals of its own, with no more than it uses: so when it is let go of, arrays among them
    are too, at once. The module's other functions refer to one another.
    """
    file = f"<micrograd_np {name} {next(NUMBERS)}>"
    module = {**given, "__name__": file}
    exec(compile(text, file, "exec"), module)  # noqa: S102 - what was printed for this purpose
    whole = module.pop(name)
    used = whole.__code__.co_names
    function = FunctionType(
        whole.__code__,
        {each: module[each] for each in used if each in module}
        | {"__name__": file, "__builtins__": module["__builtins__"]},  # NumPy's errors look for it
        name,
    )
    for each in [*(each for each, x in given.items() if isinstance(x, np.ndarray)), "pool"]:
        module.pop(each, None)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    finalize(function, linecache.cache.pop, file, None).atexit = False
    return function
