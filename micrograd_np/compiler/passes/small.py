"""Small arrays: the cheapest calls of NumPy where a call costs more than its arithmetic.

A sum over the rows of a small matrix takes NumPy twice as long as a product with a row of ones. An
operand of one entry costs more to broadcast than one without axes. Only the back end that calls
NumPy gains by this. Sums change in their last bits.
"""

import numpy as np

from micrograd_np.compiler.passes.identities import Found
from micrograd_np.compiler.passes.literals import BINARY
from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    is_array,
    is_compact,
    is_real,
    replaced,
    rewritten,
)
from micrograd_np.compiler.passes.subexpressions import share_subexpressions
from micrograd_np.compiler.program import Instruction, Program, Variable

SMALL = 256  # entries


def speed_up_small_calls(program: Program) -> Program:
    """Write calls on small arrays in the forms that NumPy is quickest at."""
    return share_subexpressions(rewritten(program, RULES))


def sum_as_product(call: Instruction, walk: Walk) -> Found:
    """The sum over the rows, or over the columns, of a small matrix."""
    x = call.args[0]
    if len(call.args) != 1 or not call.options.keys() <= {"axis", "keepdims"} or not is_real(x):
        return None
    axis, keepdims = call.options.get("axis"), call.options.get("keepdims", False)
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    small = len(x.shape) == 2 and 0 < x.size <= SMALL and x.nbytes >= 4 * x.size
    if not small or axis not in (0, 1, -1, -2) or not is_compact(x) or x.dtype != call.result.dtype:
        return None
    over_rows, n = axis in (0, -2), x.shape[axis]
    shape = n if not keepdims else (1, n) if over_rows else (n, 1)
    ones = walk.constant(np.ones(shape, x.dtype), "ones")
    return replaced(call, np.matmul, (ones, x) if over_rows else (x, ones))


def without_axes(call: Instruction, walk: Walk) -> Found:
    """An element-wise call of which one operand has a single entry."""
    if call.options or not is_array(call.result) or not 1 < call.result.size <= SMALL:
        return None
    args = list(call.args)
    for place, x in enumerate(args):
        whole = all(is_array(y) and y.shape == call.result.shape for y in args if y is not x)
        if is_array(x) and x.shape and x.size == 1 and x not in walk.constants and whole:
            scalar = Variable(f"{x.hint}_entry", (), x.dtype)
            walk.emit(replaced(call, np.reshape, (x, ()), results=(scalar,), view=True))
            args[place] = scalar
            break
    return None if args == list(call.args) else call._replace(args=tuple(args))


def numbers_as_array(call: Instruction, _walk: Walk) -> Found:
    """A stack of single numbers, which NumPy takes apart and joins as it does large arrays."""
    parts = call.args[0]
    if (
        len(call.args) != 1
        or call.options.get("axis", 0) not in (0, -1)
        or call.options.keys() - {"axis"}
    ):
        return None
    numbers = all(
        isinstance(x, Variable) and not x.shape and x.dtype == call.result.dtype for x in parts
    )
    return replaced(call, np.array, (list(parts),)) if numbers else None


RULES: Rules = (
    {np.stack: (numbers_as_array,)}
    | {np.sum: (sum_as_product,)}
    | dict.fromkeys(BINARY, (without_axes,))
)
