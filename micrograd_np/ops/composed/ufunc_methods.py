"""The methods of ufuncs, `reduce`, `accumulate`, `reduceat` and `outer`, in terms of ops.

Each is declared on the method of the class, which takes the ufunc first: `np.ufunc.accumulate`.
"""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from micrograd_np.core.forms import expression, expressions
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.core.record import as_input, computed, value_of
from micrograd_np.core.values import array_of
from micrograd_np.errors import UnregisteredFunctionError, called
from micrograd_np.ops.composed import ufunc_results
from micrograd_np.ops.derivatives import accumulation
from micrograd_np.ops.kernels.axes import Axis, along

GATHERING = {  # the functions that combine values with the entries at a key
    np.add: accumulation.index_add,
    np.multiply: accumulation.index_multiply,
    np.maximum: accumulation.index_max,
    np.minimum: accumulation.index_min,
}


# Ufuncs whose `reduce` takes one entry after the other, in every version of NumPy; not so `power`
# and `arctan2`, some loops of which take their arguments in another order.
IN_ORDER = (np.subtract, np.divide)


def accumulate(ufunc: Any, array: Array, axis: int | None = 0) -> Array:
    array = as_input(array)
    return ufunc_results.accumulated(
        array, ufunc=ufunc, axis=only_axis(array) if axis is None else axis
    )


def only_axis(array: Array) -> int:
    """The axis of an array with one axis, which None stands for; ValueError for any other array."""
    if np.ndim(array) != 1:
        raise ValueError(f"a ufunc's results so far lie along one axis; given: {np.ndim(array)}")
    return 0


def reduce(ufunc: Any, array: Array, axis: Axis = 0, **options: Any) -> Array:
    """The reduction, or the last of the results so far, where the order of the entries matters."""
    if not is_reducible(ufunc):
        return without_derivative(ufunc, "reduce", (array,), {"axis": axis, **options})
    array = as_input(array)
    if ufunc in ufunc_results.SLOPES:
        return ufunc_results.reduced(array, ufunc=ufunc, axis=axis, **options)
    keepdims = options.pop("keepdims", False)
    if not array.ndim and axis in (0, -1, None, ()) and not options:
        return np.positive(array)
    axis = only_axis(array) if axis is None and array.ndim == 1 else axis
    axes = axis if isinstance(axis, tuple) else (axis,)
    if options or len(axes) != 1 or axes[0] is None or not array.ndim or not array.shape[axes[0]]:
        raise ValueError(
            f"np.{ufunc.__name__}.reduce of a Tensor takes the entries along one axis, one after "
            f"the other, and needs at least one; axis={axis!r} of shape {array.shape} was given, "
            f"with {', '.join(options) or 'no more options'}."
        )
    axis = normalize_axis_index(axes[0], array.ndim)
    last = slice(-1, None) if keepdims else -1
    return accumulate(ufunc, array, axis)[along(axis, last, array.ndim)]


def reduceat(ufunc: Any, array: Array, indices: Any, axis: int = 0) -> Array:
    """The reduction of each segment, from one of `indices` up to the next.

    Raises IndexError for an index out of range.
    """
    if not is_reducible(ufunc):
        return without_derivative(ufunc, "reduceat", (array, indices), {"axis": axis})
    array, starts = as_input(array), np.asarray(value_of(indices))
    starts = starts.astype(np.intp, casting="same_kind" if starts.size else "unsafe")
    if array.dtype.kind in "biu":  # sums of int8, say, are int64
        array = array.astype(ufunc.reduce(np.ones(1, array.dtype)).dtype)
    axis = normalize_axis_index(axis, array.ndim)
    length = array.shape[axis]
    if np.any((starts < 0) | (starts >= length)):
        raise IndexError(
            f"np.{ufunc.__name__}.reduceat: the indices are to lie in an axis of length {length}, "
            f"from 0 to {length - 1}. Given: {starts}"
        )
    ends = np.maximum(np.append(starts[1:], length), starts + 1)
    if ufunc not in GATHERING:
        lines = np.moveaxis(array, axis, 0)
        pairs = zip(starts, ends, strict=True)
        if not starts.size:
            return np.take(array, starts, axis=axis)
        segments = [accumulate(ufunc, lines[start:end])[-1] for start, end in pairs]
        return np.stack(segments, axis=axis)
    lengths = ends - starts - 1  # of what follows the first entries
    segment = np.repeat(np.arange(starts.size), lengths)
    rest = np.arange(segment.size) + np.repeat(starts + 1 - (np.cumsum(lengths) - lengths), lengths)
    key = along(axis, segment, array.ndim)
    first, others = np.take(array, starts, axis=axis), np.take(array, rest, axis=axis)
    return GATHERING[ufunc](first, key, others)


def outer_results(ufunc: Any, x: Array, y: Array, **options: Any) -> Array:
    x, y = as_input(x), array_of(as_input(y))  # a Python number has a dtype there, as in NumPy
    return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y, **options)


def is_reducible(ufunc: Any) -> bool:
    """Whether the reductions of a ufunc have a derivative."""
    return ufunc in IN_ORDER or ufunc in ufunc_results.SLOPES or ufunc in GATHERING


def without_derivative(ufunc: Any, method: str, args: Inputs, options: Options) -> Any:
    """The result of a method on arrays; raises UnregisteredFunctionError for a tracked Tensor."""
    reason = f"it combines entries in an order of NumPy's own; write {called(ufunc)}.accumulate(x)"
    refusal = UnregisteredFunctionError.of(ufunc, f".{method}", reason)
    return computed(getattr(ufunc, method), args, options, refusal)


expressions(np.ufunc, accumulate, reduce, reduceat)
expression(np.ufunc.outer, outer_results)
