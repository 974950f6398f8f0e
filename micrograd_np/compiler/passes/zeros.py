"""Zeros: identities that hold but for the sign of a zero.

`x + 0` is `x`, the sum of negatives is the negative of the sum, and `clip` is a maximum and a
minimum. The numbers are equal in all cases, though -0 may stand for 0.
"""

import operator
from collections.abc import Collection
from typing import Any

import numpy as np

from micrograd_np.compiler.passes.identities import Found, operand_of, plain
from micrograd_np.compiler.passes.lowering import renewed
from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    is_array,
    is_compact,
    is_number,
    is_real,
    replaced,
    rewritten,
)
from micrograd_np.compiler.passes.signs import (
    ABSORBING,
    Signs,
    is_negative,
    operands_with_sign,
    signs_absorbed,
)
from micrograd_np.compiler.program import Instruction, Program


def ignore_signs_of_zero(program: Program) -> Program:
    """Apply the identities, and let negatives pass through sums."""
    return signs_absorbed(rewritten(program, RULES), operands_of_sums_too, is_negative, DRAWN)


def operands_of_sums_too(call: Instruction) -> Collection[Any]:
    """The operands whose sign is the sign of the result, unless it is zero."""
    if call.function is np.sum and is_real(call.result):
        return call.args[:1] if call.options.keys() <= {"axis", "keepdims"} else ()
    if call.function is np.matmul and is_real(call.result) and not call.options:
        return call.args
    return operands_with_sign(call)


def plus_zero(call: Instruction, _walk: Walk) -> Found:
    """`x + 0` and `0 + x`."""
    for number, x in (plain(call), plain(call)[::-1]):
        if is_number(number) and number == 0 and is_real(x):
            return operand_of(x)
    return None


def zero_minus(call: Instruction, _walk: Walk) -> Found:
    """`0 - x`."""
    number, x = plain(call)
    zero = is_number(number) and number == 0 and is_real(x) and x.dtype == call.result.dtype
    return replaced(call, np.negative, (x,)) if zero else None


def negative_difference(call: Instruction, walk: Walk) -> Found:
    """`-(x - y)`."""
    (x,) = call.args
    inner = walk.maker(x, np.subtract)
    if inner is None or inner.options or call.options or not is_real(x) or walk.uses[x] != 1:
        return None
    return replaced(call, np.subtract, inner.args[::-1])


def draw_out(signs: Signs, call: Instruction) -> None:
    """`sum(-x)` as `-sum(x)`, where that is smaller, and the like for products of matrices."""
    for x in operands_of_sums_too(call):
        negation = signs.negative(x)
        if negation is None or negation.result.size <= call.result.size:
            continue
        inner = signs.without(negation, x)
        args = tuple(inner if y is x else y for y in call.args)
        whole = renewed(call.result.hint, call.result)
        signs.draft.replace(replaced(call, np.negative, (whole,)))
        signs.draft.insert(call._replace(args=args, results=(whole,)), call)
        return


def sum_of_one(call: Instruction, _walk: Walk) -> Found:
    """The sum over axes of length 1: the entries, in another shape."""
    x = call.args[0]
    if len(call.args) > 1 or not is_real(x) or not call.options.keys() <= {"axis", "keepdims"}:
        return None
    if x.size != call.result.size or not x.size or not is_compact(x):
        return None
    return replaced(call, np.reshape, (x, call.result.shape), view=True)


def clip(call: Instruction, walk: Walk) -> Found:
    """A clip to two bounds."""
    if call.options or len(call.args) != 3:
        return None
    x, lower, upper = call.args
    result = call.result
    fits = is_real(x) and x.shape == result.shape and x.dtype == result.dtype
    if not fits or not all(is_bound(bound, x) for bound in (lower, upper)):
        return None
    if lower is not None:
        x = walk.call(call, renewed("clip", result), np.maximum, x, lower)
    return x if upper is None else replaced(call, np.minimum, (x, upper))


def is_bound(bound: Any, x: Any) -> bool:
    """Whether it is no bound, a number, or an array of the same dtype."""
    return bound is None or is_number(bound) or (is_array(bound) and bound.dtype == x.dtype)


RULES: Rules = {
    np.add: (plus_zero,),
    operator.add: (plus_zero,),
    np.subtract: (zero_minus,),
    np.negative: (negative_difference,),
    np.sum: (sum_of_one,),
    np.clip: (clip,),
}

DRAWN = {**ABSORBING, np.sum: draw_out, np.matmul: draw_out}
