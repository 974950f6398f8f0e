"""Signs: negatives that another call can take over, bit for bit.

`x + (-y)` is `x - y`, `x - (-y)` is `x + y`, and `c * (-y)` is `(-c) * y`. A product or quotient
changes its sign with each of its operands, exactly, so that the negative may also stand further
inside. `p - rate * (-2 * e)` loses its negatives so.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from micrograd_np.compiler.passes.editing import Draft, reached
from micrograd_np.compiler.passes.rewriting import alike, is_array, is_number, is_real, used
from micrograd_np.compiler.program import Instruction, Program, Variable

Operands = Callable[[Instruction], Collection[Any]]

FACTORS = {np.multiply, np.divide, np.reciprocal}
MOVES = {np.reshape, np.transpose, np.broadcast_to}


def absorb_signs(program: Program) -> Program:
    """Leave out negatives, where sums, differences and numbers can take over their sign."""
    return signs_absorbed(program, operands_with_sign, has_sign, ABSORBING)


def signs_absorbed(
    program: Program,
    operands: Operands,
    source: Callable[[Instruction], bool],
    absorbing: "Mapping[Any, Absorb]",
) -> Program:
    """The program with signs absorbed; `operands` names the operands whose sign a result has.

    `source`: the calls to look for, of which only negations are sure to be found. `absorbing`: what
    is done about them in a call, by its function.
    """
    signed = reached(program, source, operands)
    if not signed:
        return program
    draft = Draft(program)
    signs = Signs(draft, operands)
    for original in reversed(program.instructions):
        absorb = absorbing.get(original.function)
        if not absorb or signed.isdisjoint(used(original)):
            continue
        call = draft.maker(original.result)
        same = call is not None and call.result is original.result and is_signed(call.result)
        if call is not None and same and not call.options.keys() - REDUCING:
            absorb(signs, call)
    return draft.finished()


def is_signed(x: Any) -> bool:
    """Whether a value is of floating point, real or complex: whole numbers may overflow."""
    return is_array(x) and x.dtype.kind in "fc"


def is_negative(call: Instruction | None) -> bool:
    """Whether it is a negation of floating point numbers."""
    return (
        call is not None
        and call.function is np.negative
        and not call.options
        and is_signed(call.args[0])
    )


def has_sign(call: Instruction) -> bool:
    """Whether it is a negation, or a product or quotient with a number."""
    if call.function in FACTORS:
        return any(map(is_number, call.args))
    return call.function is np.negative


def operands_with_sign(call: Instruction) -> Collection[Any]:
    """The operands whose sign is the sign of the result, to the bit."""
    if call.function in FACTORS and not call.options:
        return call.args if is_real(call.result) else ()
    return call.args[:1] if call.function in MOVES else ()


class Signs:
    """Negatives in a draft, and what can be done about them."""

    def __init__(self, draft: Draft, operands: Operands) -> None:
        self.draft = draft
        self.operands = operands

    def negative(self, x: Any) -> Instruction | None:
        """A negation of which `x` changes its sign when it is left out; None if there is none."""
        outer = self.draft.maker(x)
        if is_negative(outer):
            return outer
        for call in self.draft.inside(x, self.operands):
            if is_negative(call) and alike(call.args[0], call.result):
                return call
        return None

    def without(self, negation: Instruction, x: Variable) -> Variable:
        """The variable that is `x` without a negation, which stays for its other users."""
        if negation.result is x:
            inner: Variable = negation.args[0]
            return inner
        self.draft.leave_out(negation, negation.args[0])
        return x

    def number(self, x: Any) -> Instruction | None:
        """A product or quotient with a number inside `x`, that can change its sign."""
        for call in self.draft.inside(x, self.operands):
            if call.function in FACTORS and any(is_number(x) and x for x in call.args):
                return call
        return None


def absorb_in_sum(signs: Signs, call: Instruction) -> None:
    """`x + (-y)` and `(-x) + y`."""
    for x, y in (call.args, call.args[::-1]):
        negation = signs.negative(y)
        if negation is not None and leads(x, call):
            args = (x, signs.without(negation, y))
            signs.draft.replace(call._replace(function=np.subtract, args=args))
            return


def leads(x: Any, call: Instruction) -> bool:
    """Whether the result keeps its layout if `x` is the first operand."""
    same = is_array(x) and x.shape == call.result.shape
    return x is call.args[0] or not same or alike(x, call.result)


def absorb_in_difference(signs: Signs, call: Instruction) -> None:
    """`x - (-y)`, and `x - (-2) * y`."""
    x, y = call.args
    if (negation := signs.negative(y)) is not None:
        y = signs.without(negation, y)
    elif (product := signs.number(y)) is not None and sign_of(product) < 0:
        signs.draft.replace(opposite(product))
    else:
        return
    signs.draft.replace(call._replace(function=np.add, args=(x, y)))


def absorb_in_product(signs: Signs, call: Instruction) -> None:
    """`c * (-x)` and `(-x) * (-y)`, `(-x) / c` and their kin."""
    x, y = call.args
    left, right = signs.negative(x), signs.negative(y)
    if not is_real(call.result) or x is y:
        return
    if left and right:
        args = (signs.without(left, x), signs.without(right, y))
    elif left and is_number(y) and y:
        args = (signs.without(left, x), -y)
    elif right and is_number(x) and x:
        args = (-x, signs.without(right, y))
    else:
        return
    signs.draft.replace(call._replace(args=args))


def absorb_in_negative(signs: Signs, call: Instruction) -> None:
    """`-(c * x)`, and `-((-x) * y)`."""
    (x,) = call.args
    if not alike(x, call.result) or is_negative(signs.draft.maker(x)):
        return
    if (negation := signs.negative(x)) is not None:
        signs.without(negation, x)
    elif (product := signs.number(x)) is not None:
        signs.draft.replace(opposite(product))
    else:
        return
    signs.draft.leave_out(call, x)


def absorb_in_even(signs: Signs, call: Instruction) -> None:
    """The square and the absolute value of `-x`."""
    (x,) = call.args
    if (negation := signs.negative(x)) is not None:
        signs.draft.replace(call._replace(args=(signs.without(negation, x),)))


def sign_of(product: Instruction) -> float:
    """A number as negative as the one in a product."""
    number: float = next(x for x in product.args if is_number(x))
    return number


def opposite(product: Instruction) -> Instruction:
    """The product with a number of the other sign."""
    args = tuple(-x if is_number(x) else x for x in product.args)
    return product._replace(args=args)


REDUCING = {"axis", "keepdims"}
Absorb = Callable[[Signs, Instruction], None]

ABSORBING: dict[Any, Absorb] = {
    np.add: absorb_in_sum,
    np.subtract: absorb_in_difference,
    np.multiply: absorb_in_product,
    np.divide: absorb_in_product,
    np.negative: absorb_in_negative,
    np.square: absorb_in_even,
    np.absolute: absorb_in_even,
}
