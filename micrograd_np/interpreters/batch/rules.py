"""Rules for applying an op to a whole batch: one op for all examples, with a leading batch axis.

A *rule* takes a `Call` and returns the result with the batch along its first axis. Elementwise ops
need their inputs aligned; ops along axes need the number of each axis raised by one. Rules evaluate
ops on arrays, on Tensors (which record the ops) and on the interpreted values of an outer batch.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.core.op import Array
from micrograd_np.core.record import evaluate
from micrograd_np.interpreters.batch.calls import Call, Rule, one_by_one


def entry_by_entry(call: Call) -> Any:
    """Give every batch as many axes as the largest example: NumPy broadcasts from the right."""
    return evaluate(call.op, pad_inputs(call, call.inputs, call.ndims()), call.options)


def pad_inputs(call: Call, inputs: list[Any], ndims: list[int]) -> list[Any]:
    """Inputs whose batches have as many axes as the largest of the `ndims` of their examples."""
    inputs, widest = list(inputs), max(ndims)
    for i, ndim in enumerate(ndims):
        if call.mapped[i] and ndim < widest:
            inputs[i] = pad_shape(inputs[i], widest - ndim)
    return inputs


def pad_shape(x: Array, count: int) -> Array:
    """A batch with `count` axes of length 1 after the first."""
    return np.reshape(x, (x.shape[0], *(1,) * count, *x.shape[1:])) if count else x


def unchanged(call: Call) -> Any:
    """Apply an op that works on the last axes, or on all entries alike, and ignores the batch."""
    return call.evaluated(*call.inputs)


def stacks(call: Call) -> Any:
    """Apply an op to several stacks of matrices, whose leading axes broadcast."""
    return call.evaluated(*pad_inputs(call, call.inputs, call.ndims()))


def of_matrices(call: Call) -> Any:
    """Apply an op that works on the last two axes, and makes a matrix of a vector."""
    return one_by_one(call) if call.ndim() < 2 else unchanged(call)


def all_mapped(call: Call) -> Any:
    """Apply an op that works on the last axes of several inputs, all with the batch in front."""
    return call.evaluated(*call.wholes())


# ---------------------------------------------------------------- axes


def shift_axes(axis: Any, ndim: int) -> Any:
    """Axes of one example as axes of the batch."""
    if isinstance(axis, list | tuple) or (isinstance(axis, np.ndarray) and axis.ndim):
        return tuple(i + 1 for i in normalize_axis_tuple(axis, ndim, allow_duplicate=True))
    return normalize_axis_index(axis, ndim) + 1


def flat(call: Call, index: int = 0) -> Array:
    """An input with each example flattened to a vector."""
    x = call.whole(index)
    return np.reshape(x, (call.size, prod(x.shape[1:])))


def with_axes(**defaults: Any) -> Rule:
    """A rule for ops whose options of these names are axes, with the defaults of the axes.

    A default of None means all axes.
    """

    def along(call: Call) -> Any:
        ndim = call.ndim()
        axes = {}
        for name, default in defaults.items():
            axis = call.options.get(name, default)
            if axis is None and default is None:
                axes[name] = tuple(range(1, ndim + 1))
            elif axis is None or not ndim:  # too rare for a rule, as axis 0 of a single number is
                return one_by_one(call)
            else:
                axes[name] = shift_axes(axis, ndim)
        if len(call.inputs) > 1:  # such as the mean that `np.var` is given
            return one_by_one(call)
        return call.evaluated(call.whole(), **axes)

    return along


over_axes = with_axes(axis=None)


def over_flattened(call: Call) -> Any:
    """Apply an op that works on the flattened array if it is given no axis."""
    if call.options.get("axis") is not None:
        return over_axes(call)
    out = call.evaluated(flat(call), axis=1)
    if call.options.get("keepdims"):
        return np.reshape(out, (call.size, *(1,) * call.ndim()))
    return out


def roll(call: Call) -> Any:
    out = over_flattened(call)
    return out if call.options.get("axis") is not None else np.reshape(out, call.whole().shape)


def norm(call: Call) -> Any:
    """Take a matrix norm over two axes; a norm of all entries is one of the flattened array."""
    entries = call.options.get("axis") is None and call.options.get("ord") is None
    return over_flattened(call) if entries and call.ndim() != 1 else over_axes(call)


# ---------------------------------------------------------------- shapes


def reshape(call: Call) -> Any:
    if call.options.get("order", "C") != "C":
        return one_by_one(call)
    shape = call.options.get("shape", -1)
    shape = tuple(shape) if isinstance(shape, list | tuple) else (int(shape),)
    x = call.whole()
    known = prod([n for n in shape if n != -1])
    entries = prod(x.shape[1:])
    shape = tuple(entries // max(known, 1) if n == -1 else n for n in shape)
    return np.reshape(x, (call.size, *shape))


def permute(call: Call) -> Any:
    axes = call.options.get("axes")
    order = range(call.ndim())[::-1] if axes is None else axes
    return np.transpose(call.whole(), (0, *(i % call.ndim() + 1 for i in order)))


def expand_dims(call: Call) -> Any:
    axis = call.options["axis"]
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    return np.expand_dims(call.whole(), shift_axes(axes, call.ndim() + len(axes)))


def squeeze(call: Call) -> Any:
    if call.options.get("axis") is not None:
        return over_axes(call)
    x = call.whole()
    return np.squeeze(x, tuple(i for i, n in enumerate(x.shape) if i > 0 and n == 1))


def broadcast_to(call: Call) -> Any:
    shape = call.options["shape"]
    shape = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    x = pad_shape(call.whole(), len(shape) - call.ndim())
    return np.broadcast_to(x, (call.size, *shape))


def tile(call: Call) -> Any:
    reps = tuple(np.atleast_1d(call.options["reps"]).tolist())
    reps = (1,) * (call.ndim() - len(reps)) + reps
    return np.tile(pad_shape(call.whole(), len(reps) - call.ndim()), (1, *reps))


def pad_examples(call: Call) -> Any:
    widths = call.options["pad_width"]
    if isinstance(widths, dict) or np.size(call.options.get("constant_values", 0)) > 1:
        return one_by_one(call)
    each = np.broadcast_to(widths, (call.ndim(), 2)).tolist()
    return call.evaluated(call.whole(), pad_width=[(0, 0), *each])


def join(call: Call) -> Any:
    axis = call.options.get("axis", 0)
    if axis is None:
        return call.evaluated(*(flat(call, i) for i in range(len(call.inputs))), axis=1)
    return call.evaluated(*call.wholes(), axis=shift_axes(axis, call.ndim()))


def stack(call: Call) -> Any:
    axis = shift_axes(call.options.get("axis", 0), call.ndim() + 1)
    return call.evaluated(*call.wholes(), axis=axis)
