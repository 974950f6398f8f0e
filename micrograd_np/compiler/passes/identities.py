"""Identities: calls whose result is an operand, bit for bit, for every operand there is.

`x * 1`, `x / 1`, `x - 0` and `-(-x)` are `x`, also where it is infinite, NaN or minus zero; `x + 0`
is not, which turns minus zero into zero. Complex numbers are left alone: NumPy multiplies and
divides them part by part, and an infinite part spreads.
"""

import operator
from typing import Any

import numpy as np

from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    is_number,
    rewritten,
)
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.tracing.calls import ASTYPE

Found = Variable | Instruction | None


def apply_identities(program: Program) -> Program:
    """Leave out calls that change nothing."""
    return rewritten(program, RULES)


def plain(call: Instruction) -> tuple[Any, ...]:
    """The two operands of a call without options, none of them complex; else nothing."""
    if call.options or len(call.args) != 2 or is_complex(call.result):
        return (None, None)
    return call.args


def is_complex(x: Variable) -> bool:
    """Whether it is a complex number or an array of such."""
    return x.python is complex if x.dtype is None else x.dtype.kind == "c"


def is_one(x: Any) -> bool:
    """Whether it is the number 1."""
    return is_number(x) and bool(x == 1)


def times_one(call: Instruction, _walk: Walk) -> Found:
    """`x * 1` and `1 * x`."""
    x, y = plain(call)
    if is_one(y):
        return operand_of(x)
    return operand_of(y) if is_one(x) else None


def over_one(call: Instruction, _walk: Walk) -> Found:
    """`x / 1` and `x ** 1`."""
    x, y = plain(call)
    return operand_of(x) if is_one(y) else None


def minus_zero(call: Instruction, _walk: Walk) -> Found:
    """`x - 0`; `x - -0.0` is another thing."""
    x, y = plain(call)
    return operand_of(x) if is_number(y) and y == 0 and not np.signbit(y) else None


def plus_nothing(call: Instruction, _walk: Walk) -> Found:
    """`x + -0.0`, and `x + 0` for whole numbers."""
    x, y = plain(call)
    whole = call.result.dtype is not None and call.result.dtype.kind in "iu"
    for number, other in ((x, y), (y, x)):
        if is_number(number) and number == 0 and (whole or np.signbit(number)):
            return operand_of(other)
    return None


def twice_negative(call: Instruction, walk: Walk) -> Found:
    """`-(-x)`."""
    inner = walk.maker(call.args[0], np.negative)
    if inner is None or call.options or inner.options:
        return None
    return operand_of(inner.args[0])


def twice_not(call: Instruction, walk: Walk) -> Found:
    """`not not x`, of truth values."""
    inner = walk.maker(call.args[0], np.logical_not)
    return None if inner is None or call.options or inner.options else operand_of(inner.args[0])


def of_itself(call: Instruction, _walk: Walk) -> Found:
    """`maximum(x, x)` and its kin."""
    x, y = plain(call)
    return operand_of(x) if x is y else None


def where_same(call: Instruction, _walk: Walk) -> Found:
    """`where(mask, x, x)`."""
    same = len(call.args) == 3 and not call.options and call.args[1] is call.args[2]
    return operand_of(call.args[1]) if same else None


def unchanged(call: Instruction, _walk: Walk) -> Found:
    """A copy, and what keeps real numbers as they are; shape, dtype and layout are compared."""
    return operand_of(call.args[0]) if not call.options else None


def of_reals(call: Instruction, _walk: Walk) -> Found:
    """The real part of what is real, and its conjugate."""
    x = operand_of(call.args[0])
    return None if x is None or call.options or is_complex(x) else x


def same_dtype(call: Instruction, _walk: Walk) -> Found:
    """A cast to the dtype that there is."""
    return operand_of(call.args[0]) if call.options.keys() <= {"copy"} else None


def operand_of(x: Any) -> Variable | None:
    """The operand, if it is a variable."""
    return x if type(x) is Variable else None


# Of single numbers, NumPy's and Python's, products and the like are taken by Python's operators.
RULES: Rules = {
    operator.mul: (times_one,),
    operator.truediv: (over_one,),
    operator.pow: (over_one,),
    operator.sub: (minus_zero,),
    operator.add: (plus_nothing,),
    operator.pos: (unchanged,),
    np.multiply: (times_one,),
    np.divide: (over_one,),
    np.power: (over_one,),
    np.subtract: (minus_zero,),
    np.add: (plus_nothing,),
    np.negative: (twice_negative,),
    np.logical_not: (twice_not,),
    np.maximum: (of_itself,),
    np.minimum: (of_itself,),
    np.fmax: (of_itself,),
    np.fmin: (of_itself,),
    np.logical_and: (of_itself,),
    np.logical_or: (of_itself,),
    np.bitwise_and: (of_itself,),
    np.bitwise_or: (of_itself,),
    np.where: (where_same,),
    np.positive: (unchanged,),
    np.copy: (unchanged,),
    np.asarray: (unchanged,),
    np.ascontiguousarray: (unchanged,),
    np.real: (of_reals,),
    np.conjugate: (of_reals,),
    ASTYPE: (same_dtype,),
}
