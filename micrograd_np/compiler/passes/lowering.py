"""Lowering: composed functions as the few calls they consist of, which other passes know.

A mean is a sum and a division, a variance a mean, a difference, a square and another mean; after
this, a layer norm computes its mean once. Whatever only moves axes is a transposition, and whatever
only adds axes of length 1 or takes them away is a reshape. Axes are written in one way. The
arithmetic is what NumPy's function does, bit for bit.
"""

import operator
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.compiler.passes.rewriting import (
    Rules,
    Walk,
    compact_strides,
    is_array,
    is_compact,
    replaced,
    rewritten,
    used,
)
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.core.op import Options

# The counts up to which a dtype holds whole numbers: NumPy divides by them in float64.
COUNTED = {"f4": 1 << 24, "f8": 1 << 53}


def lower_compositions(program: Program) -> Program:
    """Write composed functions as the calls they consist of."""
    return rewritten(program, RULES)


# ---------------------------------------------------------------- means and spread


def divisor_of(call: Instruction) -> float | None:
    """The divisor of the sum in a mean or variance; None if the call is not written out here."""
    (x, *others), options = call.args, call.options
    if others or not is_array(x) or not options.keys() <= {"axis", "keepdims", "ddof"}:
        return None
    count = prod(x.shape[i] for i in axes_of(options.get("axis"), x))
    ddof = options.get("ddof", 0)
    fits = 0 < count <= COUNTED.get(x.dtype.str[1:], 0) and type(ddof) in {int, float}
    return count - ddof if fits and count > ddof else None


def lower_mean(call: Instruction, walk: Walk) -> Instruction | None:
    """The sum, divided by the count."""
    divisor = divisor_of(call)
    if divisor is None:
        return None
    total = walk.call(call, renewed("sum", call.result), np.sum, *call.args, **call.options)
    return replaced(call, np.divide, (total, divisor))


def lower_var(call: Instruction, walk: Walk) -> Instruction | None:
    """The mean of the squared distances from the mean."""
    divisor = divisor_of(call)
    if divisor is None or not is_compact(call.args[0]):
        return None
    (x,) = call.args
    axis = call.options.get("axis")
    axes = axes_of(axis, x)
    count = prod(x.shape[i] for i in axes)
    total = compact("sum", tuple(1 if i in axes else n for i, n in enumerate(x.shape)), x)
    walk.call(call, total, np.sum, x, **reducing(axis, x, keepdims=True))
    mean = walk.call(call, renewed("mean", total), np.divide, total, count)
    distance = walk.call(call, renewed("deviation", x), np.subtract, x, mean)
    square = walk.call(call, renewed("square", x), np.square, distance)
    options = reducing(axis, x, keepdims=call.options.get("keepdims", False))
    spread = walk.call(call, renewed("sum", call.result), np.sum, square, **options)
    return replaced(call, np.divide, (spread, divisor))


def lower_std(call: Instruction, walk: Walk) -> Instruction | None:
    """The root of the variance."""
    made = lower_var(call, walk)
    if made is None:
        return None
    variance = renewed("var", call.result)
    walk.emit(made._replace(results=(variance,)))
    return replaced(call, np.sqrt, (variance,))


def renewed(hint: str, like: Variable) -> Variable:
    """A variable for values like those of another."""
    return Variable(hint, like.shape, like.dtype, like.strides)


def compact(hint: str, shape: tuple[int, ...], like: Variable) -> Variable:
    """A variable of another shape, its entries in order."""
    made = Variable(hint, shape, like.dtype)
    made.strides = tuple(compact_strides(made))
    return made


# ---------------------------------------------------------------- axes


def axes_of(axis: Any, x: Variable) -> tuple[int, ...]:
    """The axes that an axis, several of them, or None for all of them, stands for."""
    ndim = len(x.shape)
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)


def reducing(axis: Any, x: Variable, *, keepdims: Any = False) -> Options:
    """The options of a reduction: no axis for all of them, one alone as a number."""
    axes = sorted(axes_of(axis, x))
    options: Options = {"keepdims": True} if keepdims else {}
    if len(axes) < len(x.shape) or not axes:
        options["axis"] = axes[0] if len(axes) == 1 else tuple(axes)
    return options


def write_axes(call: Instruction, _walk: Walk) -> Instruction | None:
    """A reduction with its axes written in the one way."""
    x, options = call.args[0], call.options
    if len(call.args) > 1 or not is_array(x) or not options.keys() & {"axis", "keepdims"}:
        return None
    rest = {name: value for name, value in options.items() if name not in {"axis", "keepdims"}}
    if not x.shape:  # of a single number there is no axis to speak of
        return None
    new = reducing(options.get("axis"), x, keepdims=options.get("keepdims", False)) | rest
    return None if new == options else call._replace(options=new)


# ---------------------------------------------------------------- moves of axes


def transposed(call: Instruction, axes: tuple[int, ...]) -> Instruction:
    """The call as a transposition, without axes if their order is reversed."""
    reversed_ = axes == tuple(reversed(range(len(axes))))
    options = {} if reversed_ else {"axes": axes}
    return replaced(call, np.transpose, call.args[:1], options, view=True)


def given(call: Instruction, *names: str) -> list[Any] | None:
    """The arguments after the first one, by position or by name; None if any is missing."""
    values = [*call.args[1:], *(call.options[n] for n in names if n in call.options)]
    complete = len(values) == len(names) and len(call.args) > 0 and is_array(call.args[0])
    return values if complete and call.options.keys() <= set(names) else None


def lower_transpose(call: Instruction, _walk: Walk) -> Instruction | None:
    """A transposition with its axes counted from 0."""
    values = given(call, "axes")
    if values is None or values[0] is None:
        return None
    ndim = len(call.args[0].shape)
    made = transposed(call, tuple(normalize_axis_index(i, ndim) for i in values[0]))
    return None if (made.args, made.options) == (call.args, call.options) else made


def lower_swapaxes(call: Instruction, _walk: Walk) -> Instruction | None:
    """An exchange of two axes, as the transposition that it is."""
    values = given(call, "axis1", "axis2")
    if values is None:
        return None
    axes = list(range(len(call.args[0].shape)))
    i, j = (normalize_axis_index(axis, len(axes)) for axis in values)
    axes[i], axes[j] = axes[j], axes[i]
    return transposed(call, tuple(axes))


def lower_moveaxis(call: Instruction, _walk: Walk) -> Instruction | None:
    """Axes moved to other places, as the transposition that it is."""
    values = given(call, "source", "destination")
    if values is None:
        return None
    ndim = len(call.args[0].shape)
    source, destination = (normalize_axis_tuple(axis, ndim) for axis in values)
    axes = [i for i in range(ndim) if i not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        axes.insert(place, axis)
    return transposed(call, tuple(axes))


def lower_matrix_transpose(call: Instruction, _walk: Walk) -> Instruction | None:
    """An exchange of the last two axes, as the transposition that it is."""
    if call.options or not is_array(call.args[0]):
        return None
    axes = list(range(len(call.args[0].shape)))
    return transposed(call, (*axes[:-2], axes[-1], axes[-2]))


# ---------------------------------------------------------------- axes of length 1


def lower_to_reshape(call: Instruction, _walk: Walk) -> Instruction | None:
    """New axes of length 1, or fewer of them: as a reshape."""
    x = call.args[0]
    if not is_array(x) or not call.options.keys() <= {"axis"}:
        return None
    return replaced(call, np.reshape, (x, call.result.shape), view=True)


def lower_ravel(call: Instruction, _walk: Walk) -> Instruction | None:
    """All entries in order, where they lie so already: as a reshape."""
    (x, *others) = call.args
    if others or call.options or not is_array(x) or not is_compact(x):
        return None
    return replaced(call, np.reshape, (x, call.result.shape), view=True)


def lower_reshape(call: Instruction, _walk: Walk) -> Instruction | None:
    """A reshape with its whole shape."""
    values = given(call, "shape")
    if values is None or (not call.options and call.args[1] == call.result.shape):
        return None
    return replaced(call, np.reshape, (call.args[0], call.result.shape), view=True)


def lower_getitem(call: Instruction, _walk: Walk) -> Instruction | None:
    """An index that only takes whole axes and adds new ones: as a reshape."""
    x, key = call.args
    parts = key if isinstance(key, tuple) else (key,)
    plain = all(part is None or part is Ellipsis or isinstance(part, slice) for part in parts)
    if not plain or not is_array(x) or len(used(call)) > 1:
        return None
    place = 0
    for part in parts:
        if part is Ellipsis:
            place = len(x.shape) - sum(isinstance(p, slice) for p in parts[parts.index(part) :])
        elif isinstance(part, slice):
            if part.indices(x.shape[place]) != (0, x.shape[place], 1):
                return None
            place += 1
    return replaced(call, np.reshape, (x, call.result.shape), view=True)


def lower_outer(call: Instruction, walk: Walk) -> Instruction | None:
    """The products of all entries of two vectors: one of them as a column."""
    if call.options or len(call.args) != 2 or not all(map(is_array, call.args)):
        return None
    x, y = call.args
    if len(x.shape) != 1 or len(y.shape) != 1:
        return None
    column = Variable("column", (*x.shape, 1), x.dtype, (*x.strides, 0))
    walk.emit(replaced(call, np.reshape, (x, column.shape), results=(column,), view=True))
    return replaced(call, np.multiply, (column, y))


REDUCTIONS = (np.sum, np.prod, np.max, np.min, np.all, np.any)

RULES: Rules = {
    np.mean: (write_axes, lower_mean),
    np.var: (write_axes, lower_var),
    np.std: (write_axes, lower_std),
    np.transpose: (lower_transpose,),
    np.swapaxes: (lower_swapaxes,),
    np.moveaxis: (lower_moveaxis,),
    np.matrix_transpose: (lower_matrix_transpose,),
    np.linalg.matrix_transpose: (lower_matrix_transpose,),
    np.expand_dims: (lower_to_reshape,),
    np.squeeze: (lower_to_reshape,),
    np.ravel: (lower_ravel,),
    np.reshape: (lower_reshape,),
    operator.getitem: (lower_getitem,),
    np.outer: (lower_outer,),
    **dict.fromkeys(REDUCTIONS, (write_axes,)),
}
