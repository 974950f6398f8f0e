"""Slopes: the derivative of a sigmoid from the sigmoid itself.

With `e = exp(-x)` and `s = 1 / (1 + e)` at hand, the slope `1 / (2 + 2 cosh(x))` is `s * (e * s)`,
which saves a hyperbolic cosine over a large array, and is as accurate in both tails. Where `e` is
infinite `e * s` is no number, and should be 1: `fmin` prefers a number. Results change in the last
bits, and beyond where `e` overflows the slope is 0.
"""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.lowering import renewed
from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    alike,
    is_number,
    replaced,
    rewritten,
)
from micrograd_np.compiler.program import Instruction, Program, Variable

DTYPES = {"f4", "f8"}
LARGE = 1 << 12  # entries: a call on fewer takes as long as any other


def reuse_sigmoids(program: Program) -> Program:
    """Compute slopes of sigmoids from the sigmoids that there are."""
    known: dict[tuple[int, Variable], tuple[Variable, Variable]] = {}

    def note(call: Instruction, walk: Walk) -> None:
        """Keep a sigmoid in mind, by what it is of."""
        exponential = walk.maker(plus_one(call.args[0], walk), np.exp)
        negative = exponential and walk.maker(exponential.args[0], np.negative)
        if exponential and negative and not (call.options or negative.options):
            known[call.region, negative.args[0]] = exponential.result, call.result

    def slope(call: Instruction, walk: Walk) -> Instruction | None:
        """The slope of a sigmoid that is known."""
        cosine = walk.maker(plus_one(call.args[1], walk), np.cosh)
        if cosine is None or cosine.options or call.options or not is_half(call.args[0]):
            return None
        x, result = cosine.args[0], call.result
        if (call.region, x) not in known or result.dtype is None:
            return None
        e, s = known[call.region, x]
        if result.size < LARGE or result.dtype.str[1:] not in DTYPES or not alike(e, result):
            return None
        other = walk.call(call, renewed("other", result), np.multiply, e, s)
        least = walk.call(call, renewed("other", result), np.fmin, other, 1.0)
        return replaced(call, np.multiply, (s, least))

    rules: Rules = {np.reciprocal: (note,), np.divide: (slope,)}
    return rewritten(program, rules)


def plus_one(x: Any, walk: Walk) -> Any:
    """The operand of a sum with 1; None for any other value."""
    made = walk.maker(x, np.add)
    if made is None or made.options:
        return None
    left, right = made.args
    return right if is_number(left) and left == 1 else None


def is_half(x: Any) -> bool:
    """Whether it is the number 0.5."""
    return is_number(x) and bool(x == 0.5)
