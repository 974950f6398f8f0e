"""Common subexpressions: what was computed already is not computed again.

Two calls are the same if they have the same function, arguments and options. Sums and products of
two real arrays are the same in either order, bit for bit. Draws of random numbers never are, and
what a checkpoint computes a second time on purpose is only compared with the rest of that run.
"""

from collections.abc import Hashable

import numpy as np

from micrograd_np.compiler.keys import key_of, key_of_array
from micrograd_np.compiler.passes.rewriting import alike, renamed
from micrograd_np.compiler.program import Instruction, Program, Variable

# Of two NaNs the result may be either; of complex numbers, products round differently.
COMMUTATIVE = {
    np.add, np.multiply, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor,
}  # fmt: skip


def share_subexpressions(program: Program) -> Program:
    """Compute what is the same once, at its first place."""
    new = same_constants(program)
    known: dict[Hashable, tuple[Variable, ...]] = {}
    kept = []
    for instruction in program.instructions:
        call = renamed(instruction, new) if new else instruction
        earlier = None if call.effect else known.setdefault(key_of_call(call), call.results)
        if earlier in {None, call.results} or not all(map(alike, earlier or (), call.results)):
            kept.append(call)
        else:
            new.update(zip(call.results, earlier or (), strict=True))
    if not new:
        return program
    constants = {x: array for x, array in program.constants.items() if x not in new}
    results = tuple(new.get(x, x) for x in program.results)
    return program._replace(constants=constants, instructions=tuple(kept), results=results)


def same_constants(program: Program) -> dict[Variable, Variable]:
    """Constants with the entries of an earlier one, and that one."""
    known: dict[Hashable, Variable] = {}
    same = {}
    for variable, array in program.constants.items():
        earlier = known.setdefault(key_of_array(array), variable)
        if earlier is not variable:
            same[variable] = earlier
    return same


def key_of_call(call: Instruction) -> Hashable:
    """The key of a call: the same for calls that are sure to have the same results."""
    function, args = key_of(call.function), tuple(map(key_of, call.args))
    if call.function in COMMUTATIVE and len(args) == 2 and is_exchangeable(call):
        args = (frozenset(args), len(set(args)))
    return (function, args, key_of(call.options) if call.options else None, call.region)


def is_exchangeable(call: Instruction) -> bool:
    """Whether its operands may change places: no operand is a complex number or an object."""
    return all(
        type(x) in (int, float, bool)
        or (getattr(x, "dtype", None) is not None and x.dtype.kind in "fiub")
        for x in call.args
    )
