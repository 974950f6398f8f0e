"""Compiling: generated functions made native by Numba, and called from Python.

The signatures are known, so everything is compiled at once, when a function is made.
"""

import linecache
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from micrograd_np.compiler.native.functions import INTRINSICS, NUMPY, Function
from micrograd_np.compiler.native.scalars import dtype_of
from micrograd_np.compiler.program import Variable
from micrograd_np.errors import MissingExtraError

NUMBERS = count(1)


def require_numba() -> None:
    """Raises MissingExtraError if Numba is not installed."""
    try:
        import numba  # noqa: F401 - whether it can be
    except ImportError as error:
        raise MissingExtraError("backend='numba'", "numba", "jit") from error


def compiled(function: Function, *, loops: bool, fastmath: bool) -> Callable[..., None]:
    """The function in machine code; it takes the arguments that its source says."""
    require_numba()
    import numba

    from micrograd_np.compiler.native import intrinsics, lanes

    scope = {name: getattr(np, name) for name in NUMPY}
    scope |= {name: getattr(intrinsics, name) for name in INTRINSICS}
    scope |= lanes.INTRINSICS
    scope |= function.constants
    python = defined(function.source, function.name, scope)
    arguments = [numba.types.int64] if loops else []
    arguments += [type_of(numba, x) for x in function.parameters]
    arguments += [array_type(numba, dtype_of(x), len(x.shape)) for x in function.results]
    arguments += [array_type(numba, x.dtype, 1) for x in function.extra.values()]
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    return numba.njit([numba.types.void(*arguments)], **options)(python)


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
    return made


# ---------------------------------------------------------------- calling


def contiguous(x: Any) -> Any:
    """An array as native code takes it: in C order, aligned, and not read-only."""
    return (
        np.require(x, requirements=("C", "A", "W")) if isinstance(x, np.ndarray) and x.ndim else x
    )


class Entrance:
    """What is called from Python: it makes the arrays for results, and calls native code.

    `source`: its own and the native function's. `function`: what a call runs.
    """

    def __init__(
        self, function: Function, parameters: Sequence[Variable], *, loops: bool, fastmath: bool
    ) -> None:
        native = compiled(function, loops=loops, fastmath=fastmath)
        lines, scope = entrance(function, parameters, loops=loops)
        text = "\n".join(lines) + "\n"
        self.source = f"{function.source}\n\n{text}"
        self.function = defined(text, "call", {**scope, function.name: native})
        self.__name__ = function.name

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        """The results, from arguments for all parameters of the program."""
        results: tuple[Any, ...] = self.function(*arguments)
        return results


def entrance(
    function: Function, parameters: Sequence[Variable], *, loops: bool
) -> tuple[list[str], dict[str, Any]]:
    """The source of the Python function around a native one, and what its names mean."""
    names = {x: f"x{i}" for i, x in enumerate(parameters)}
    scope: dict[str, Any] = {"empty": np.empty, "contiguous": contiguous}
    given = ["steps"] if loops else []
    given += [names[x] + scalar_suffix(x) for x in function.parameters]
    body = []
    outs = [f"r{i}" for i in range(len(function.results))]
    for out, x in zip(outs, function.results, strict=True):
        dtype = dtype_of(x)
        scope[dtype.name] = dtype
        body.append(f"{out} = empty({x.shape}, {dtype.name})")
    given += [*outs, *function.extra]
    scope |= function.extra
    listed = ", ".join(given)
    returned = "".join(f"{out}{result_suffix(x)}, " for out, x in zip(
        outs, function.results, strict=True
    ))  # fmt: skip
    head = ", ".join([*(["steps"] if loops else []), *names.values()])
    return [
        f"def call({head}):",
        *(f"    {line}" for line in body),
        "    try:",
        f"        {function.name}({listed})",
        "    except TypeError:  # an argument is read-only, or not in C order",
        f"        {function.name}(*map(contiguous, ({listed},)))",
        f"    return ({returned})",
    ], scope


def scalar_suffix(x: Variable) -> str:
    """An array of no axes is given as a number."""
    return "[()]" if not x.shape and x.python is None else ""


def result_suffix(x: Variable) -> str:
    """What an array of no axes is returned as."""
    if x.python is not None:
        return ".item()"
    return "" if x.shape else "[()]"
