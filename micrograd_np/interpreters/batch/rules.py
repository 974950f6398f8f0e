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
from micrograd_np.interpreters.batch.calls import Call, Rule, one_by_one


def entry_by_entry(call: Call) -> Any:
    """Give every batch as many axes as the largest example: NumPy broadcasts from the right."""
    widest = max(call.ndim(i) for i in range(len(call.inputs)))
    return call.evaluated(
        *(
            pad_shape(x, widest - call.ndim(i)) if call.mapped[i] else x
            for i, x in enumerate(call.inputs)
        )
    )


def pad_shape(x: Array, count: int) -> Array:
    """A batch with `count` axes of length 1 after the first."""
    return np.reshape(x, (x.shape[0], *(1,) * count, *x.shape[1:])) if count else x


def unchanged(call: Call) -> Any:
    """Apply an op that works on the last axes, or on all entries alike, and ignores the batch."""
    return call.evaluated(*call.inputs)


def of_matrices(call: Call) -> Any:
    """Apply an op that works on the last two axes, and makes a matrix of a vector."""
    return one_by_one(call) if call.ndim() < 2 else unchanged(call)


def all_mapped(call: Call) -> Any:
    """Apply an op that works on the last axes of several inputs, all with the batch in front."""
    return call.evaluated(*(call.whole(i) for i in range(len(call.inputs))))


# ---------------------------------------------------------------- axes


def shift_axes(axis: Any, ndim: int) -> Any:
    """Axes of one example as axes of the batch."""
    if isinstance(axis, list | tuple):
        return tuple(i + 1 for i in normalize_axis_tuple(axis, ndim, allow_duplicate=True))
    return normalize_axis_index(axis, ndim) + 1


def of_one_input(rule: Rule) -> Rule:
    """A rule for ops of one array; a call with a second (`np.var` with a mean) goes one by one."""
    return lambda call: rule(call) if len(call.inputs) == 1 else one_by_one(call)


def of_axes(rule: Rule) -> Rule:
    """A rule that counts axes; a call on single numbers, with axis 0 or -1, goes one by one."""

    def with_axes_of_arrays(call: Call) -> Any:
        axis = call.options.get("axis")
        return one_by_one(call) if axis is not None and call.ndim() == 0 else rule(call)

    return with_axes_of_arrays


def flat(call: Call, index: int = 0) -> Array:
    """An input with each example flattened to a vector."""
    x = call.whole(index)
    return np.reshape(x, (call.size, prod(x.shape[1:])))


@of_one_input
@of_axes
def over_axes(call: Call) -> Any:
    """Apply an op that works on all axes together if it is given none."""
    axis = call.options.get("axis")
    over = tuple(range(1, call.ndim() + 1)) if axis is None else shift_axes(axis, call.ndim())
    return call.evaluated(call.whole(), axis=over)


@of_one_input
@of_axes
def over_flattened(call: Call) -> Any:
    """Apply an op that works on the flattened array if it is given no axis."""
    axis = call.options.get("axis")
    if axis is not None:
        return call.evaluated(call.whole(), axis=shift_axes(axis, call.ndim()))
    out = call.evaluated(flat(call), axis=1)
    if call.options.get("keepdims"):
        return np.reshape(out, (call.size, *(1,) * call.ndim()))
    return out


def with_axes(**defaults: Any) -> Rule:
    """A rule for ops whose options of these names are axes, with the defaults of the axes."""

    @of_one_input
    def rule(call: Call) -> Any:
        given = {name: call.options.get(name, axis) for name, axis in defaults.items()}
        if None in given.values() or call.ndim() == 0:  # too rare for a rule
            return one_by_one(call)
        axes = {name: shift_axes(axis, call.ndim()) for name, axis in given.items()}
        return call.evaluated(call.whole(), **axes)

    return rule


def roll(call: Call) -> Any:
    if call.options.get("axis") is not None:
        return over_flattened(call)
    rolled = call.evaluated(flat(call), axis=1)
    return np.reshape(rolled, call.whole().shape)


def shift(call: Call) -> Any:
    """Apply a shift, which shifts all axes if it is given none."""
    axes = call.options.get("axes")
    over = tuple(range(call.ndim())) if axes is None else axes
    return call.evaluated(call.whole(), axes=shift_axes(over, call.ndim()))


def norm(call: Call) -> Any:
    """Take a matrix norm over two axes; a norm of all entries is one of the flattened array."""
    given = call.options.get("axis")
    if given is None and call.options.get("ord") is None:
        return over_flattened(call) if call.ndim() != 1 else over_axes(call)
    over = tuple(range(call.ndim())) if given is None else given
    over = over[0] if isinstance(over, tuple) and len(over) == 1 else over
    return call.evaluated(call.whole(), axis=shift_axes(over, call.ndim()))


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


def move_axes(call: Call) -> Any:
    source, destination = (
        shift_axes(call.options[name], call.ndim()) for name in ("source", "destination")
    )
    return call.evaluated(call.whole(), source=source, destination=destination)


def expand_dims(call: Call) -> Any:
    axis = call.options["axis"]
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    return np.expand_dims(call.whole(), shift_axes(axes, call.ndim() + len(axes)))


@of_axes
def squeeze(call: Call) -> Any:
    axis = call.options.get("axis")
    x = call.whole()
    if axis is None:
        axis = tuple(i for i, n in enumerate(x.shape[1:]) if n == 1)
    return np.squeeze(x, shift_axes(axis, call.ndim()))


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
    parts = [call.whole(i) for i in range(len(call.inputs))]
    if axis is None:
        parts = [np.reshape(x, (call.size, prod(x.shape[1:]))) for x in parts]
        return call.evaluated(*parts, axis=1)
    return call.evaluated(*parts, axis=shift_axes(axis, call.ndim()))


def stack(call: Call) -> Any:
    parts = [call.whole(i) for i in range(len(call.inputs))]
    return call.evaluated(*parts, axis=shift_axes(call.options.get("axis", 0), call.ndim() + 1))
