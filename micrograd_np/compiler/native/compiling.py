"""Compiling: generated functions made native by Numba, and called from Python.

The signatures are known, so everything is compiled at once, when a function is made.
"""

import linecache
from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import finalize

import numpy as np

from micrograd_np.compiler.native.functions import CHECKED, INTRINSICS, NUMPY, Function
from micrograd_np.compiler.native.printing import VariableNames
from micrograd_np.compiler.native.scalars import KINDS, dtype_of
from micrograd_np.compiler.program import Program, Variable
from micrograd_np.errors import MissingExtraError
from micrograd_np.forking import AwaitedLock

NUMBERS = count(1)
COMPILING = AwaitedLock(patience=60.0)  # Numba holds locks, its own and those of llvmlite


def require_numba() -> None:
    """Raises MissingExtraError if Numba is not installed."""
    try:
        import numba  # noqa: F401 - whether it can be
    except ImportError as error:
        raise MissingExtraError.of("backend='numba'", "numba", "jit") from error


def compiled(function: Function, *, loops: bool, fastmath: bool) -> Callable[..., None]:
    """The function in machine code; it takes the arguments that its source says."""
    require_numba()
    import numba

    from micrograd_np.compiler.native import checked, intrinsics, lanes

    scope = {name: getattr(np, name) for name in NUMPY}
    scope |= {name: getattr(intrinsics, name) for name in INTRINSICS}
    scope |= {name: getattr(checked, name) for name in CHECKED}
    scope |= lanes.INTRINSICS
    scope |= function.constants
    python = defined(function.source, function.name, scope)
    arguments = [numba.types.int64] if loops else []
    arguments += [type_of(numba, x) for x in function.parameters]
    arguments += [array_type(numba, dtype_of(x), len(x.shape)) for x in function.results]
    arguments += [array_type(numba, x.dtype, 1) for x in function.extra.values()]
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    with COMPILING:
        compiled: Callable[..., None] = numba.njit([numba.types.void(*arguments)], **options)(
            python
        )
    return compiled


def type_of(numba: Any, x: Variable) -> Any:
    """Numba's type of an argument."""
    if x.shape:
        return array_type(numba, dtype_of(x), len(x.shape))
    return numba.from_dtype(dtype_of(x))


def array_type(numba: Any, dtype: np.dtype[Any], ndim: int) -> Any:
    """Numba's type of arrays in C order."""
    return numba.types.Array(numba.from_dtype(dtype), ndim, "C")


def defined(source: str, name: str, scope: dict[str, Any]) -> Callable[..., Any]:
    """The function of this name that the source defines; tracebacks show the source."""
    filename = f"<native {name} {next(NUMBERS)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), scope)  # noqa: S102 - generated here
    made: Callable[..., Any] = scope[name]
    finalize(made, linecache.cache.pop, filename, None).atexit = False
    return made


# ---------------------------------------------------------------- calling


def contiguous(x: Any) -> Any:
    """An array as native code takes it: in C order, aligned, and not read-only."""
    return (
        np.require(x, requirements=("C", "A", "W")) if isinstance(x, np.ndarray) and x.ndim else x
    )


class Entrance:
    """The function for Python to call, which makes arrays for results and calls native code.

    `program`: the program that it runs. `source`: its source and the native function's. `function`:
    the function behind a call, to be called without the detour.
    """

    segments = 1

    def __init__(
        self, program: Program, function: Function, *, loops: bool, fastmath: bool
    ) -> None:
        native = compiled(function, loops=loops, fastmath=fastmath)
        name, text, scope = entrance(program, function, loops=loops)
        self.source = f"{function.source}\n\n{text}"
        self.function = defined(text, name, {**scope, function.name: native})
        self.program = program
        self.__name__ = name

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        """The results, from arguments for all parameters of the program."""
        results: tuple[Any, ...] = self.function(*arguments)
        return results


def entrance(
    program: Program, function: Function, *, loops: bool
) -> tuple[str, str, dict[str, Any]]:
    """The Python function around a native one: its name, source, and what names in it mean."""
    scope: dict[str, Any] = {"empty": np.empty, "contiguous": contiguous, **function.extra}
    names = VariableNames([*scope, function.name, "steps", *(dtype.name for dtype in KINDS)])
    name = names.names.new(program.name)
    parameters = [names.of(x) for x in program.parameters]
    outs = [names.names.new(f"{x.hint}_out") for x in function.results]
    made = []
    for out, x in zip(outs, function.results, strict=True):
        scope[dtype_of(x).name] = dtype_of(x)
        made.append(f"    {out} = empty({x.shape}, {dtype_of(x).name})")
    steps = ["steps"] if loops else []
    taken = [names.of(x) + scalar_suffix(x) for x in function.parameters]
    given = ", ".join([*steps, *taken, *outs, *function.extra])
    pairs = zip(outs, function.results, strict=True)
    lines = [
        f"def {name}({', '.join([*steps, *parameters])}):",
        *made,
        "    try:",
        f"        {function.name}({given})",
        "    except TypeError:  # an argument is read-only, or not in C order",
        f"        {function.name}(*map(contiguous, [{given}]))",
        f"    return {''.join(f'{out}{result_suffix(x)}, ' for out, x in pairs) or '()'}".rstrip(),
    ]
    return name, "\n".join(lines) + "\n", scope


def scalar_suffix(x: Variable) -> str:
    """An array of no axes is given as a number."""
    return "[()]" if not x.shape and x.python is None else ""


def result_suffix(x: Variable) -> str:
    """The code that turns an array of no axes into the kind of its result."""
    if x.python is not None:
        return ".item()"
    return "" if x.shape else "[()]"
