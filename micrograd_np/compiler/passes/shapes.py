"""Shapes: moves of axes that undo one another, and the spreading that an operation does anyway.

A transposition of a transposition is one, a reshape of a reshape is one, and each of them is
nothing if the axes or the shape are as before. An element-wise call broadcasts its operands, so
what was broadcast for it need not have been.
"""

from typing import Any

import numpy as np

from micrograd_np.compiler.passes.identities import Found, operand_of
from micrograd_np.compiler.passes.literals import BINARY
from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    is_array,
    is_compact,
    replaced,
    rewritten,
    same_layout,
)
from micrograd_np.compiler.program import Instruction, Program


def simplify_shapes(program: Program) -> Program:
    """Leave out moves of axes that change nothing, and join those that follow one another."""
    return rewritten(program, RULES)


# ---------------------------------------------------------------- transpositions and reshapes


def axes_of_transpose(call: Instruction) -> tuple[int, ...]:
    """The axes in their new order, counted from 0."""
    ndim = len(call.result.shape)
    axes = call.options.get("axes", call.args[1] if len(call.args) > 1 else None)
    return tuple(range(ndim))[::-1] if axes is None else tuple(i % ndim for i in axes)


def transpose_to_itself(call: Instruction, _walk: Walk) -> Found:
    """All axes where they were."""
    axes = axes_of_transpose(call)
    return operand_of(call.args[0]) if axes == tuple(range(len(axes))) else None


def transpose_twice(call: Instruction, walk: Walk) -> Found:
    """A transposition of a transposition."""
    inner = walk.maker(call.args[0], np.transpose)
    if inner is None or not is_array(inner.args[0]):
        return None
    before = axes_of_transpose(inner)
    axes = tuple(before[i] for i in axes_of_transpose(call))
    reversed_ = axes == tuple(range(len(axes)))[::-1]
    return replaced(call, np.transpose, inner.args[:1], {} if reversed_ else {"axes": axes},
                    view=True)  # fmt: skip


def reshape_to_itself(call: Instruction, _walk: Walk) -> Found:
    """A reshape, or a broadcast, to the shape that there is."""
    return operand_of(call.args[0]) if call.options.keys() <= {"shape"} else None


def reshape_twice(call: Instruction, walk: Walk) -> Found:
    """A reshape of a reshape of entries that lie in order."""
    inner = walk.maker(call.args[0], np.reshape)
    if inner is None or call.options or inner.options or not is_array(inner.args[0]):
        return None
    x = inner.args[0]
    return call._replace(args=(x, call.args[1])) if is_compact(x) else None


def broadcast_twice(call: Instruction, walk: Walk) -> Found:
    """A broadcast of a broadcast."""
    inner = walk.maker(call.args[0], np.broadcast_to)
    if inner is None or not is_array(inner.args[0]):
        return None
    return call._replace(args=(inner.args[0], *call.args[1:]))


def of_nothing(call: Instruction, _walk: Walk) -> Found:
    """The extremum or product over axes of length 1: the entries, in another shape."""
    x = call.args[0]
    same = is_array(x) and len(call.args) == 1 and call.options.keys() <= {"axis", "keepdims"}
    if not same or x.size != call.result.size or x.dtype != call.result.dtype or not is_compact(x):
        return None
    return replaced(call, np.reshape, (x, call.result.shape), view=True)


# ---------------------------------------------------------------- broadcasting


def broadcast_by_itself(call: Instruction, walk: Walk) -> Found:
    """An element-wise call of which an operand was broadcast beforehand."""
    if call.options:
        return None
    args = list(call.args)
    for place, x in enumerate(args):
        spread = walk.maker(x, np.broadcast_to)
        if spread is None or not is_array(spread.args[0]):
            continue
        others = args[:place] + args[place + 1 :]
        if any(gives_layout(other, call) for other in others):
            args[place] = spread.args[0]
    return None if args == list(call.args) else call._replace(args=tuple(args))


def gives_layout(x: Any, call: Instruction) -> bool:
    """Whether an operand alone gives the result its shape and its layout."""
    result = call.result
    return (
        is_array(x)
        and x.shape == result.shape
        and x.dtype == result.dtype
        and same_layout(x.shape, x.strides, result.strides)
    )


RULES: Rules = {
    np.transpose: (transpose_to_itself, transpose_twice),
    np.reshape: (reshape_to_itself, reshape_twice),
    np.broadcast_to: (reshape_to_itself, broadcast_twice),
    np.max: (of_nothing,),
    np.min: (of_nothing,),
    np.prod: (of_nothing,),
    np.where: (broadcast_by_itself,),
    **dict.fromkeys(BINARY, (broadcast_by_itself,)),
}
