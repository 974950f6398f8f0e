"""Stacks: many matrices times one are one long matrix times it.

NumPy multiplies a stack of matrices one by one. If the rows of all matrices lie one after the other
in memory, a single product suffices, in fewer and larger calls of BLAS. These may add up in another
order.
"""

import numpy as np

from micrograd_np.compiler.passes.identities import Found
from micrograd_np.compiler.passes.lowering import compact
from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    is_compact,
    is_real,
    replaced,
    rewritten,
)
from micrograd_np.compiler.program import Instruction, Program


def join_stacks(program: Program) -> Program:
    """Multiply all matrices of a stack by another in one product."""
    return rewritten(program, RULES)


def stack_by_matrix(call: Instruction, walk: Walk) -> Found:
    """`x @ y` with a stack `x` and one matrix `y`."""
    x, y = call.args
    if call.options or not (is_real(x) and is_real(y) and x.dtype == y.dtype):
        return None
    if len(x.shape) < 3 or len(y.shape) != 2 or x.size == 0 or y.size == 0 or not is_compact(x):
        return None
    long = compact("reshape", (x.size // x.shape[-1], x.shape[-1]), x)
    walk.emit(replaced(call, np.reshape, (x, long.shape), results=(long,), view=True))
    product = compact("matmul", (long.shape[0], y.shape[1]), x)
    walk.call(call, product, np.matmul, long, y)
    return replaced(call, np.reshape, (product, call.result.shape), view=True)


RULES: Rules = {np.matmul: (stack_by_matrix,)}
