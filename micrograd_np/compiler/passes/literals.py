"""Literals: constants all of whose entries are one number, as that number.

The gradient of a sum begins with ones, that of a mean with `1 / n`: full arrays, which an
element-wise call need not read. The number is a Python number, which leaves the other operand its
dtype, and so also stands for NumPy scalars of that dtype.
"""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.rewriting import Rules, Walk, rewritten
from micrograd_np.compiler.program import Instruction, Program, Variable

BINARY = (
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.fmod,
    np.maximum, np.minimum, np.fmax, np.fmin, np.arctan2, np.hypot, np.copysign, np.logaddexp,
    np.logaddexp2, np.power, np.equal, np.not_equal, np.less, np.less_equal, np.greater,
    np.greater_equal,
)  # fmt: skip


def write_literals(program: Program) -> Program:
    """Write constants of one number as that number, where they meet an array of their dtype."""
    return rewritten(program, RULES)


def with_number(call: Instruction, walk: Walk) -> Instruction | None:
    """An element-wise call of two operands, one of which is the same number everywhere."""
    if len(call.args) != 2 or call.options:
        return None
    for place in (0, 1):
        number = number_of(call.args[place], walk)
        if number is None or not is_enough(call, call.args[1 - place], call.args[place]):
            continue
        if call.function is np.power and call.args[place].shape:
            continue  # of an exponent that is a number NumPy makes a square, not of an array
        args = (number, call.args[1]) if place == 0 else (call.args[0], number)
        return call._replace(args=args)
    return None


def is_enough(call: Instruction, other: Any, constant: Any) -> bool:
    """Whether the other operand alone gives the result its shape and dtype."""
    return (
        type(other) is Variable
        and other.dtype == constant.dtype
        and other.shape == call.result.shape
    )


def number_of(x: Any, walk: Walk) -> float | None:
    """The number that a constant has everywhere; None if there is none, or it is no such number."""
    array: Any = walk.constants.get(x) if type(x) is Variable else x
    known = isinstance(array, np.ndarray | np.generic) and array.dtype.str[1:] in NUMBERS
    if not known or array.size == 0:
        return None
    first, last = array[(0,) * array.ndim], array[(-1,) * array.ndim]
    if first != last or not np.all(array == first):
        return None
    if first == 0 and np.any(np.signbit(array) != np.signbit(first)):
        return None
    number: float = first.item()
    return number


NUMBERS = {"f2", "f4", "f8", "i4", "i8"}

RULES: Rules = dict.fromkeys(BINARY, (with_number,))
