"""Strength reduction: cheaper arithmetic with the same result, bit for bit.

`x ** 2` and `x * x` are `square(x)`, `1 / x` is `reciprocal(x)`, `-1 * x` is `negative(x)`. A
division by a power of two is a multiplication by the inverse, which is a power of two as well.
"""

from math import frexp
from typing import Any

import numpy as np

from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    is_array,
    is_number,
    is_real,
    replaced,
    rewritten,
)
from micrograd_np.compiler.program import Instruction, Program, Variable

LARGEST = 2.0**1000  # of the numbers that are looked at


def reduce_strength(program: Program) -> Program:
    """Write calls as cheaper ones with the same result."""
    return rewritten(program, RULES)


def keeps(x: Any, call: Instruction) -> bool:
    """Whether an operand has the dtype of the result, which is not complex."""
    return is_array(x) and x.dtype == call.result.dtype and x.dtype.kind in "fiu"


def square_power(call: Instruction, _walk: Walk) -> Instruction | None:
    """`x ** 2`."""
    x, y = call.args
    two = is_number(y) and y == 2 and not call.options
    return replaced(call, np.square, (x,)) if two and keeps(x, call) else None


def square_product(call: Instruction, _walk: Walk) -> Instruction | None:
    """`x * x`."""
    x, y = call.args
    return replaced(call, np.square, (x,)) if x is y and keeps(x, call) else None


def negative_product(call: Instruction, _walk: Walk) -> Instruction | None:
    """`-1 * x`."""
    for number, x in (call.args, call.args[::-1]):
        if is_number(number) and number == -1 and is_real(x) and keeps(x, call):
            return replaced(call, np.negative, (x,))
    return None


def negative_quotient(call: Instruction, _walk: Walk) -> Instruction | None:
    """`x / -1`."""
    x, y = call.args
    minus_one = is_number(y) and y == -1
    return replaced(call, np.negative, (x,)) if minus_one and is_real(x) else None


def reciprocal(call: Instruction, _walk: Walk) -> Instruction | None:
    """`1 / x`."""
    x, y = call.args
    one = is_number(x) and x == 1 and is_real(y)
    return replaced(call, np.reciprocal, (y,)) if one and keeps(y, call) else None


def product_with_inverse(call: Instruction, _walk: Walk) -> Instruction | None:
    """`x / 4`."""
    x, y = call.args
    if not is_number(y) or not is_real(x) or not keeps(x, call):
        return None
    if not is_power_of_two(y, x):
        return None
    return replaced(call, np.multiply, (x, 1.0 / y))


def is_power_of_two(number: float, like: Variable) -> bool:
    """Whether a number is a power of two, and it and its inverse are normal in a dtype."""
    if like.dtype is None or not abs(number) < LARGEST:
        return False
    mantissa, exponent = frexp(number)
    limits = np.finfo(like.dtype)
    return bool(
        abs(mantissa) == 0.5
        and max(exponent, 2 - exponent) <= limits.maxexp
        and min(exponent, 2 - exponent) - 1 >= limits.minexp
    )


RULES: Rules = {
    np.power: (square_power,),
    np.multiply: (square_product, negative_product),
    np.divide: (reciprocal, negative_quotient, product_with_inverse),
}
