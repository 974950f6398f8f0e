"""Factors: the numbers that a product is multiplied with, as one number.

A chain of products such as `4 * (0.5 / d) * (2 * x) * 3` has several numbers in it, each of which
costs a call over the whole array. They become one, where the array is smallest or there is a
quotient of a number anyway. Results change in the last bits. Only products that nobody else uses
are changed, of float32 and float64, and only by numbers of moderate size: nothing overflows that
did not come near it before. (In float16, people scale with numbers on purpose.)
"""

from collections.abc import Collection
from math import prod
from typing import Any

import numpy as np

from micrograd_np.compiler.passes.editing import Draft, reached
from micrograd_np.compiler.passes.rewriting import alike, is_number, replaced
from micrograd_np.compiler.program import Instruction, Program, Variable

MODERATE = 2.0**30
DTYPES = {"f4", "f8"}


def join_factors(program: Program) -> Program:
    """Multiply with one number instead of several."""
    with_factor = reached(program, lambda call: factor_of(call) is not None, operands_with_factor)
    if len(with_factor) < 2:
        return program
    draft = Draft(program)
    seen: set[Variable] = set()
    for call in reversed(program.instructions):
        if call.function not in PRODUCTS or call.result in seen or call.result not in with_factor:
            continue
        inside = [call]
        for x in operands_with_factor(call):
            inside += draft.inside(x, operands_with_factor)
        seen.update(inner.result for inner in inside)
        join([inner for inner in inside if factor_of(inner) is not None], draft)
    return draft.finished()


def operands_with_factor(call: Instruction) -> Collection[Any]:
    """The operands with which the result grows in proportion."""
    if call.options or call.result.dtype is None or call.result.dtype.str[1:] not in DTYPES:
        return ()
    if call.function in {np.multiply, np.negative}:
        return call.args
    return call.args[:1] if call.function is np.divide else ()


PRODUCTS = {np.multiply, np.divide, np.negative, np.add}


def factor_of(call: Instruction) -> float | None:
    """The number that a call multiplies an array with, or has on its fraction line."""
    if call.options or call.result.dtype is None or call.result.dtype.str[1:] not in DTYPES:
        return None
    if call.function is np.negative:
        return -1.0
    if call.function not in PRODUCTS:
        return None
    x, y = call.args
    number: float | None = None
    if call.function is np.add:
        number = 2.0 if x is y else None
    elif is_number(x):
        number = float(x)
    elif is_number(y) and y:
        number = 1 / y if call.function is np.divide else float(y)
    return number if number is not None and is_moderate(number) else None


def is_moderate(number: float) -> bool:
    """Whether values scaled by it stay in range, unless they were at its very ends before."""
    return 1 / MODERATE <= abs(number) <= MODERATE


def operand_of(call: Instruction) -> Any:
    """The array that a call multiplies with a number; None for a quotient of a number."""
    if call.function is np.divide and is_number(call.args[0]):
        return None
    return next(x for x in call.args if type(x) is Variable)


def join(calls: list[Instruction], draft: Draft) -> None:
    """Make one of them multiply with all their numbers, and leave out the others."""
    removable = [
        call for call in calls if (x := operand_of(call)) is not None and alike(x, call.result)
    ]
    kept = [call for call in calls if operand_of(call) is None] or sorted(
        removable, key=lambda call: call.result.size
    )
    calls = [call for call in removable if call is not kept[0]] if kept else []
    if not calls:
        return
    factors = [factor_of(call) or 1.0 for call in (kept[0], *calls)]
    factor = prod(factors)
    if not is_moderate(factor):
        return
    for call in calls:
        draft.leave_out(call, operand_of(call))
    multiply(kept[0], factor, draft)


def multiply(call: Instruction, factor: float, draft: Draft) -> None:
    """Let a call multiply with this number."""
    x = operand_of(call)
    if x is None:
        draft.replace(call._replace(args=(factor, call.args[1])))
    elif factor == 1 and alike(x, call.result):
        draft.leave_out(call, x)
    else:
        draft.replace(replaced(call, np.multiply, (factor, x)))
