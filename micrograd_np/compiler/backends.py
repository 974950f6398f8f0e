"""Back ends: what makes an executable of a program.

`numpy` prints it as NumPy calls, the large element-wise parts of it in blocks over threads; `numba`
as loops that Numba compiles.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from micrograd_np.compiler import fusion, native, source
from micrograd_np.compiler.program import Program

Executable = Callable[..., tuple[Any, ...]]  # with the attribute `source`


class Backend(NamedTuple):
    """A back end with its settings.

    `prepare`: its own passes. `build`: the executable of a program, which may write results into
    the parameters at the positions given up. `loop`: an executable of n steps, `loop(n, *values)`,
    in which results become parameters by position.
    """

    name: str
    prepare: Callable[[Program], Program]
    build: Callable[[Program, frozenset[int]], Any]
    loop: Callable[[Program, Mapping[int, int]], Callable[..., tuple[Any, ...]]]


def backend_of(name: str, threads: int | None, *, fastmath: bool) -> Backend:
    """The back end of a name.

    Raises ValueError for another name, or settings that are another back end's; MissingExtraError
    if its package is not installed.
    """
    if name == "numba":
        native.require_numba()
        return Backend(
            name,
            lambda program: program,
            lambda program, donated: native.build(program, fastmath=fastmath),
            lambda program, carried: native.build_loop(program, carried, fastmath=fastmath),
        )
    if name != "numpy":
        raise ValueError(f"mg.compile knows the back ends 'numpy' and 'numba', not {name!r}.")
    if fastmath:
        raise ValueError("fastmath is a setting of backend='numba'; NumPy's calls have no such.")
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads is a whole number, at least 1, or None; not {threads!r}.")
    return Backend(
        name,
        lambda program: fusion.fuse(program, threads=threads),
        lambda program, donated: source.build(program, donated=donated),
        loop_of_calls,
    )


def loop_of_calls(program: Program, carried: Mapping[int, int]) -> Callable[..., tuple[Any, ...]]:
    """A loop in Python around the program's executable."""
    step = source.build(program)

    def loop(n: int, *values: Any) -> tuple[Any, ...]:
        values = list(values)
        for _ in range(n):
            results = step(*values)
            for parameter, result in carried.items():
                values[parameter] = results[result]
        return results

    return loop
