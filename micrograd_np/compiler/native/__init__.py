"""The native back end: programs as loops over single numbers, compiled by Numba.

Every variable is defined entry by entry (`definitions`, by the table of `forms`). The definitions
are gathered into `nests` of loops with static bounds. The nests are printed as Python (`printing`,
`functions`) and compiled (`compiling`). If a program is not native as a whole, its native parts
become `segments`, which plain NumPy calls.

Native code rounds as NumPy does, number for number, with two exceptions: sums may be added in
another order, and the last bit of elementary functions may differ. Python's integers have 64 bits
here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from micrograd_np.compiler import source
from micrograd_np.compiler.native.compiling import Entrance
from micrograd_np.compiler.native.compiling import require_numba as require_numba
from micrograd_np.compiler.native.functions import NotNativeError as NotNativeError
from micrograd_np.compiler.native.functions import function_of, lower
from micrograd_np.compiler.native.segments import divided
from micrograd_np.compiler.program import Program

# Multiplications in a product from which on NumPy's BLAS is faster: than loops with a call from
# Python around each, and than loops in one native call.
LARGEST_PRODUCT = 1 << 14
LARGEST_IN_LOOP = 1 << 18


def build(program: Program, *, fastmath: bool = False) -> "Entrance | Divided":
    """The executable of a program: native as a whole, or in the parts that can be.

    `fastmath`: let the compiler reorder arithmetic, and take NaN and infinities as absent.

    Raises MissingExtraError if Numba is not installed.
    """
    require_numba()
    _, _, refusals = lower(program, LARGEST_PRODUCT)
    if refusals:
        return Divided(program, set(refusals), fastmath=fastmath)
    function = function_of(program, LARGEST_PRODUCT)
    return Entrance(program, function, loops=False, fastmath=fastmath)


def build_loop(
    program: Program, carried: Mapping[int, int], *, fastmath: bool = False
) -> Callable[..., tuple[Any, ...]]:
    """`loop(n, *arguments)`: n steps of a program in native code, and the results of the last.

    `carried`: by the position of a parameter, which result of a step it is in the next.

    Raises NotNativeError that lists all calls without a native form, MissingExtraError.
    """
    require_numba()
    function = function_of(program, LARGEST_IN_LOOP, carried)
    return Entrance(program, function, loops=True, fastmath=fastmath)


class Divided:
    """A program of native segments and NumPy calls between them, as one executable.

    `program`: what it runs. `source`: the segments' functions, then what calls them. `segments`:
    how many there are. `function`: what a call runs, which saves the time of getting there.
    """

    def __init__(self, program: Program, refused: set[int], *, fastmath: bool) -> None:
        made: list[Entrance] = []

        def segment(part: Program) -> Entrance:
            named = part._replace(name=f"native_{len(made) + 1}")
            function = function_of(named, LARGEST_PRODUCT)
            made.append(Entrance(named, function, loops=False, fastmath=fastmath))
            return made[-1]

        outer = source.build(divided(program, refused, segment))
        self.program = program
        self.segments = len(made)
        self.function = outer.function
        self.source = "\n\n".join([*(each.source for each in made), outer.source])

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        """The results."""
        results: tuple[Any, ...] = self.function(*arguments)
        return results
