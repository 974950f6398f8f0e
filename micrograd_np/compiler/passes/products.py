"""Products: what can be computed from a product or a reciprocal that there is already.

The derivative of `x / y` needs `g / y` and `g * x / y²`: with `1 / y` and `g * (1 / y)` at hand,
these are products, and a division over the whole array is saved. Results change in the last bits.
"""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    alike,
    is_array,
    is_real,
    replaced,
    rewritten,
)
from micrograd_np.compiler.program import Instruction, Program, Variable


def reuse_products(program: Program) -> Program:
    """Compute quotients and products from those that there are."""
    known = Known()
    return rewritten(program, known.rules())


class Known:
    """The reciprocals and products in a program, as far as it was walked.

    What a checkpoint computes a second time is kept apart, by its region.
    """

    def __init__(self) -> None:
        self.reciprocals: dict[tuple[int, Any], Variable] = {}
        self.products: dict[tuple[int, frozenset[Any]], Variable] = {}

    def rules(self) -> Rules:
        """The rules, which share what is known."""
        return {
            np.reciprocal: (self.note_reciprocal,),
            np.divide: (self.quotient,),
            np.square: (self.note_product,),
            np.multiply: (self.product, self.note_product),
        }

    def note_reciprocal(self, call: Instruction, _walk: Walk) -> None:
        """Keep a reciprocal in mind."""
        if not call.options and is_real(call.result):
            self.reciprocals.setdefault((call.region, call.args[0]), call.result)

    def note_product(self, call: Instruction, _walk: Walk) -> None:
        """Keep a product in mind, or a square, which is one too."""
        if not call.options and is_real(call.result) and all(map(is_array, call.args)):
            self.products.setdefault((call.region, frozenset(call.args)), call.result)

    def quotient(self, call: Instruction, _walk: Walk) -> Instruction | None:
        """`x / y`, where there is `1 / y`."""
        x, y = call.args
        inverse = self.reciprocals.get((call.region, y)) if type(y) is Variable else None
        fits = inverse is not None and not call.options and is_real(x) and x.dtype == y.dtype
        return replaced(call, np.multiply, (x, inverse)) if fits else None

    def product(self, call: Instruction, walk: Walk) -> Instruction | None:
        """`x * (y * z)`, where there is `x * y`."""
        if call.options or not all(map(is_real, call.args)):
            return None
        for x, factor in (call.args, call.args[::-1]):
            inner = walk.maker(factor, np.multiply)
            if inner is None or inner.options or walk.uses[factor] != 1:
                continue
            for y, z in (inner.args, inner.args[::-1]):
                known = self.products.get((call.region, frozenset((x, y))))
                useful = known is not None and walk.uses[known] > 0 and is_real(z)
                if known not in {None, factor} and useful and fitting(known, z, call):
                    walk.uses[known] += 1
                    walk.uses[factor] -= 1
                    return replaced(call, np.multiply, (known, z))
        return None


def fitting(x: Variable, y: Variable, call: Instruction) -> bool:
    """Whether the product of both has the dtype, shape and layout of a result."""
    return x.dtype == y.dtype and alike(x, call.result) and len(y.shape) <= len(x.shape)
