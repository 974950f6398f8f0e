"""Back ends: what makes an executable of a program.

`numpy` prints it as NumPy calls, the large element-wise parts of it in blocks over threads; `numba`
as loops that Numba compiles.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler import native, source
from micrograd_np.compiler.blocks import fusion
from micrograd_np.compiler.passes import split_invariant
from micrograd_np.compiler.passes.small import speed_up_small_calls
from micrograd_np.compiler.program import Program
from micrograd_np.compiler.signature import check_count

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
            lambda program, _: native.build(program, fastmath=fastmath),
            lambda program, carried: native_loop(program, carried, fastmath=fastmath),
        )
    if name != "numpy":
        raise ValueError(f"mg.compile knows the back ends 'numpy' and 'numba', not {name!r}.")
    if fastmath:
        raise ValueError("fastmath is a setting of backend='numba'; NumPy's calls are as they are.")
    check_count("threads", 1 if threads is None else threads)
    return Backend(
        name,
        lambda program: fusion.fuse(speed_up_small_calls(program), threads=threads),
        lambda program, donated: source.build(program, donated=donated),
        loop_of_calls,
    )


def native_loop(
    program: Program, carried: Mapping[int, int], *, fastmath: bool
) -> Callable[..., tuple[Any, ...]]:
    """A native loop; where some call has no native form, one in Python, with a warning."""
    try:
        return native.build_loop(program, carried, fastmath=fastmath)
    except native.NotNativeError as error:
        warnings.warn(f"the steps are called from Python, one by one. {error}", stacklevel=5)
    return loop_of_calls(program, carried)


def loop_of_calls(program: Program, carried: Mapping[int, int]) -> Callable[..., tuple[Any, ...]]:
    """A loop in Python around the program, with what is the same in all steps in front of it.

    What one step returns and the next one takes is nobody else's: it is overwritten.
    """
    fixed = frozenset(range(len(program.parameters))) - carried.keys()
    before, body = split_invariant(program, fixed)
    prepare = source.build(before).function if before.instructions else None
    step = source.build(body, donated=frozenset(carried)).function
    pairs = tuple(carried.items())

    def loop(n: int, *given: Any) -> tuple[Any, ...]:
        values = [own(x) if i in carried else x for i, x in enumerate(given)]
        values += prepare(*given) if prepare else ()
        for _ in range(n):
            results: tuple[Any, ...] = step(*values)
            for parameter, result in pairs:
                values[parameter] = results[result]
        return results

    return loop


def own(x: Any) -> Any:
    """A copy of an array; anything else as it is."""
    return x.copy() if isinstance(x, np.ndarray) else x
