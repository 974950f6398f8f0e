"""Constant folding: what depends on constants alone is computed once, when compiling."""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.rewriting import renamed, used
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.core.errstate import ignoring_float_errors

LARGEST = 1 << 16  # bytes of a result that may always be kept; more only if it was made of more
LITERALS = (int, float, complex, bool)


def fold_constants(program: Program) -> Program:
    """Compute the calls on constants; their results are constants, or numbers in their place."""
    constants = dict(program.constants)
    numbers: dict[Variable, Any] = {}
    results = set(program.results)
    kept = []
    for instruction in program.instructions:
        call = renamed(instruction, numbers) if numbers else instruction
        if not is_foldable(call, constants, results):
            kept.append(call)
            continue
        value = computed(call, constants)
        if call.result.python in LITERALS:
            numbers[call.result] = value
        else:
            constants[call.result] = value
    if len(kept) == len(program.instructions):
        return program
    return program._replace(constants=constants, instructions=tuple(kept))


def is_foldable(call: Instruction, constants: dict[Variable, Any], results: set[Variable]) -> bool:
    """Whether a call can be computed now, and what it makes is not much larger than its origin."""
    if call.effect or call.several:
        return False
    variables = used(call)
    if not all(x in constants for x in variables):
        return False
    result = call.result
    if result.dtype is None:
        return result.python in LITERALS and result not in results
    return result.nbytes <= max(LARGEST, sum(x.nbytes for x in variables))


def computed(call: Instruction, constants: dict[Variable, Any]) -> Any:
    """The value of a call: a Python number, or an array that shares no more memory than it must."""
    call = renamed(call, constants)
    with ignoring_float_errors():
        value = call.function(*call.args, **call.options)
    if call.result.dtype is None:
        return value
    array = np.asarray(value)
    if array.base is None:
        return array
    copied = array.copy(order="K")
    return copied if copied.strides == array.strides else array  # sums depend on the layout
