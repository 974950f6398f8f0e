"""Powers: small whole exponents as products.

`power` takes tens of times as long as a product. `x ** 3` is `x * x * x`, and so on up to 6;
negative exponents are powers of the reciprocal. Results change in the last bits: each product
rounds.
"""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.lowering import renewed
from micrograd_np.compiler.passes.rewriting import (
    Walk,
    is_array,
    is_number,
    replaced,
    rewritten,
)
from micrograd_np.compiler.program import Instruction, Program, Variable

# Each step rounds once; beyond these the last bits add up.
EXPONENTS = {-4, -3, -2, -1, 3, 4, 5, 6}


def multiply_powers_out(program: Program) -> Program:
    """Write powers with small whole exponents as products."""
    return rewritten(program, {np.power: (as_products,)})


def as_products(call: Instruction, walk: Walk) -> Instruction | None:
    """A power by repeated squaring."""
    x, exponent = call.args
    if call.options or not is_number(exponent) or not is_array(x) or x.dtype != call.result.dtype:
        return None
    if x.dtype.str[1:] not in {"f4", "f8"} or exponent not in EXPONENTS:
        return None
    if exponent < 0:
        x = step(call, walk, np.reciprocal, x)
    return last_step(call, walk, x, abs(int(exponent)))


def last_step(call: Instruction, walk: Walk, x: Variable, exponent: int) -> Instruction | None:
    """The power `x ** exponent`, all steps but the last of which are added to the program."""
    product: Variable | None = None
    while exponent > 1:
        if exponent % 2:
            product = x if product is None else step(call, walk, np.multiply, product, x)
        exponent //= 2
        if exponent == 1 and product is None:
            return replaced(call, np.square, (x,))
        x = step(call, walk, np.square, x)
    if product is None:  # the exponent was 1, and the reciprocal is the last step
        return walk.instructions.pop()._replace(results=call.results)
    return replaced(call, np.multiply, (product, x))


def step(call: Instruction, walk: Walk, function: Any, *args: Any) -> Variable:
    """A call for a result like that of the power."""
    return walk.call(call, renewed("power", call.result), function, *args)
