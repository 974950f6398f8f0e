"""Indexing of batches: by one key for all examples, or by a key for each example."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from micrograd_np.interpreters.batch.calls import Call, one_by_one
from micrograd_np.interpreters.batch.keys import Each, indexed
from micrograd_np.interpreters.batch.rules import flat, of_axes, pad_shape, shift_axes
from micrograd_np.ops.derivatives.indexing import getitem, scatter


def read(call: Call) -> Any:
    where = indexed(call.options["key"], call.ndim(), call.size, mapped=call.mapped[0])
    return np.moveaxis(getitem(call.inputs[0], where.key), where.found, where.wanted)


def write_sums(call: Call) -> Any:
    shape = call.options["shape"]
    where = indexed(call.options["key"], len(shape), call.size, mapped=True)
    g = np.moveaxis(call.whole(), where.wanted, where.found)
    return scatter(g, where.key, (call.size, *shape))


def write(call: Call) -> Any:
    """Apply `index_update` or an accumulation, functions of an array, a key and values."""
    x = call.whole(0)
    where = indexed(call.options["key"], x.ndim - 1, call.size, mapped=True)
    entries = np.moveaxis(getitem(np.empty(x.shape, bool), where.key), where.found, where.wanted)
    value = call.whole(1)
    if call.ndim(1) > entries.ndim - 1:  # NumPy drops axes of length 1 in front
        value = np.reshape(value, (call.size, *value.shape[1 + call.ndim(1) - entries.ndim + 1 :]))
    value = pad_shape(value, entries.ndim - value.ndim)
    value = np.moveaxis(np.broadcast_to(value, entries.shape), where.wanted, where.found)
    return call.op.function(x, where.key, value)


@of_axes
def take(call: Call) -> Any:
    axis, mode = call.options.get("axis"), call.options.get("mode", "raise")
    if mode != "raise":
        return one_by_one(call)
    x, mapped = (flat(call), True) if axis is None else (call.inputs[0], call.mapped[0])
    ndim = x.ndim - mapped
    key = (slice(None),) * (normalize_axis_index(axis or 0, ndim)) + (call.options["indices"],)
    return read(call._replace(inputs=[x], mapped=[mapped], options={"key": key}))


def take_each_along_axis(call: Call) -> Any:
    indices, axis = call.options["indices"], call.options.get("axis", -1)
    whole = indices.value if isinstance(indices, Each) else np.expand_dims(indices, 0)
    if axis is None:
        whole = np.broadcast_to(whole, (call.size, *whole.shape[1:]))
        return np.take_along_axis(flat(call), whole, axis=1)
    return np.take_along_axis(call.whole(), whole, axis=shift_axes(axis, call.ndim()))
