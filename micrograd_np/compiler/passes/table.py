"""The table of passes, and their running to a fixed point.

A pass takes a program and returns one with the same parameters and the same results, or the program
itself if it finds nothing to do. One that *reorders* arithmetic changes results in their last bits;
all others keep them bit for bit, for arguments laid out in memory as they were when traced.
"""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import NamedTuple

from micrograd_np.compiler.passes.dead_code import drop_dead_code
from micrograd_np.compiler.passes.factors import join_factors
from micrograd_np.compiler.passes.folding import fold_constants
from micrograd_np.compiler.passes.identities import apply_identities
from micrograd_np.compiler.passes.literals import write_literals
from micrograd_np.compiler.passes.lowering import lower_compositions
from micrograd_np.compiler.passes.powers import multiply_powers_out
from micrograd_np.compiler.passes.products import reuse_products
from micrograd_np.compiler.passes.scales import take_scales_back
from micrograd_np.compiler.passes.shapes import simplify_shapes
from micrograd_np.compiler.passes.signs import absorb_signs
from micrograd_np.compiler.passes.slopes import reuse_sigmoids
from micrograd_np.compiler.passes.stacks import join_stacks
from micrograd_np.compiler.passes.strength import reduce_strength
from micrograd_np.compiler.passes.subexpressions import share_subexpressions
from micrograd_np.compiler.passes.zeros import ignore_signs_of_zero
from micrograd_np.compiler.program import Program

ROUNDS = 6  # each undoes what another brought to light; two or three do nearly always


class Pass(NamedTuple):
    """A pass: its name, its function, whether it reorders arithmetic, and what it does."""

    name: str
    apply: Callable[[Program], Program]
    reorders: bool
    does: str


class Change(NamedTuple):
    """The effect of a pass: the number of calls in the program before and after it."""

    name: str
    before: int
    after: int


def exact(name: str, apply: Callable[[Program], Program], does: str) -> Pass:
    """A pass that keeps results bit for bit."""
    return Pass(name, apply, reorders=False, does=does)


def reordering(name: str, apply: Callable[[Program], Program], does: str) -> Pass:
    """A pass that changes results in their last bits."""
    return Pass(name, apply, reorders=True, does=does)


# fmt: off
PASSES = (
    exact("lowering", lower_compositions, "means as sums, moves of axes as transpositions"),
    exact("folding", fold_constants, "what depends on constants alone, computed once"),
    exact("literals", write_literals, "constants of one number, as that number"),
    exact("identities", apply_identities, "x * 1, x / 1, x - 0, copies: left out"),
    exact("shapes", simplify_shapes, "transpositions and reshapes joined or left out"),
    exact("strength", reduce_strength, "x ** 2 as a square, x / 4 as x * 0.25"),
    exact("subexpressions", share_subexpressions, "what was computed already, not again"),
    exact("signs", absorb_signs, "x + (-y) as x - y, and c * (-x) as (-c) * x"),
    reordering("slopes", reuse_sigmoids, "the slope of a large sigmoid from the sigmoid"),
    reordering("powers", multiply_powers_out, "x ** 3 as x * x * x"),
    reordering("products", reuse_products, "x / y as x * (1 / y), where there is 1 / y"),
    reordering("stacks", join_stacks, "a stack of matrices times one, in one product"),
    reordering("zeros", ignore_signs_of_zero, "x + 0 as x and its like, but for signs of zeros"),
    reordering("factors", join_factors, "4 * (0.5 / d) * (2 * x) with one number instead of three"),
    reordering("scales", take_scales_back, "what scales several results, where they come from"),
    exact("dead code", drop_dead_code, "what no result depends on, left out"),
)
# fmt: on


def optimized(
    program: Program, passes: Sequence[Pass] = PASSES, rounds: int = ROUNDS
) -> tuple[Program, list[Change]]:
    """The program after the passes, run in order until none finds anything, and what each did."""
    changes: list[Change] = []
    idle = 0  # passes in a row that found nothing
    for each in islice(cycle(passes), rounds * len(passes)):
        made = each.apply(program)
        idle = idle + 1 if made is program else 0
        if made is not program:
            changes.append(Change(each.name, len(program.instructions), len(made.instructions)))
            program = made
        if idle == len(passes):
            break
    return program, changes


def optimize(program: Program, passes: Sequence[Pass] = PASSES) -> Program:
    """The program after the passes, run in order until none finds anything."""
    return optimized(program, passes)[0]
