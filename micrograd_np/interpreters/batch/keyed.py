"""Indexing of batches: by one key for all examples, or by a key for each example.

If several index arrays stand side by side, NumPy puts their axes where they stand. If a slice, a
new axis or an ellipsis stands between them, even one for no axes, NumPy puts their axes in front.
A key of a batch must make the axes that the key makes of one example, each one place further.
`indexed` says which key to use, and which axes to move afterwards.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from micrograd_np.core.op import Interpreted
from micrograd_np.errors import BatchedError
from micrograd_np.interpreters.batch.calls import Call, Each, each_among, one_by_one
from micrograd_np.interpreters.batch.rules import flat, pad_shape, shift_axes
from micrograd_np.ops.derivatives.indexing import getitem, scatter

BETWEEN = slice | type(None) | type(Ellipsis)  # parts of a key that index arrays stand apart by


class Index(NamedTuple):
    """A key for a batch, and the axes to move in the result: where they are found and wanted."""

    key: Any
    found: tuple[int, ...] = ()
    wanted: tuple[int, ...] = ()


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


def take(call: Call) -> Any:
    axis, mode = call.options.get("axis"), call.options.get("mode", "raise")
    if mode != "raise" or (axis is not None and not call.ndim()):
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


# ---------------------------------------------------------------- keys


def indexed(key: Any, ndim: int, size: int, *, mapped: bool) -> Index:
    """The index of a batch for `key`, a key for examples of `ndim` axes.

    `mapped`: whether the indexed array has the batch axis. It may be shared if the key has an
    `Each`.
    """
    parts = spelled_out(key, ndim)
    if not any(
        isinstance(part, Each | np.ndarray | Interpreted) or is_truth(part) for part in parts
    ):
        return Index((slice(None), *parts))
    places = [i for i, part in enumerate(parts) if not isinstance(part, BETWEEN)]
    width = max(axes_of(parts[i]) for i in places)
    together = places == list(range(places[0], places[0] + len(places)))
    before = sum(part is not Ellipsis for part in parts[: places[0]])
    start = before if together else 0  # where an example has the axes of the index arrays
    if not each_among(parts):
        moves = () if together else ((width,), (0,))
        return Index((slice(None), *parts), *moves)
    parts = [
        pad_shape(part.value, width - axes_of(part)) if isinstance(part, Each) else part
        for part in parts
    ]
    if not mapped:
        return Index(tuple(parts), (start,), (0,))
    every = np.arange(size).reshape((size,) + (1,) * width)
    found, wanted = range(1, 1 + width), range(1 + start, 1 + start + width)
    return Index((every, *parts), tuple(found), tuple(wanted))


def axes_of(part: Any) -> int:
    """The number of axes of an index array for one example; True and False count as one axis."""
    if isinstance(part, Each):
        return int(np.ndim(part.value)) - 1
    return 1 if is_truth(part) else int(np.ndim(part))


def is_truth(part: Any) -> bool:
    """Whether a part of a key is a single True or False, which takes no axis and makes one."""
    return isinstance(part, bool | np.bool_) or (
        isinstance(part, np.ndarray) and part.dtype == bool and not part.ndim
    )


def spelled_out(key: Any, ndim: int) -> list[Any]:
    """A key as a list with one entry for each axis, and with masks as index arrays.

    New axes (`None`), True and False are entries too. So is an ellipsis that stands for no axis,
    because index arrays to its left and to its right do not stand side by side.
    """
    parts: list[Any] = []
    for part in key if type(key) is tuple else (key,):
        if isinstance(part, Each) and part.value.dtype == bool:
            raise BatchedError.mask()
        array = np.asarray(part) if isinstance(part, list) else part
        mask = isinstance(array, np.ndarray) and array.dtype == bool and array.ndim
        parts += array.nonzero() if mask else [array]
    places = [i for i, part in enumerate(parts) if part is Ellipsis]
    used = sum(not (part is None or part is Ellipsis or is_truth(part)) for part in parts)
    rest: list[Any] = [slice(None)] * (ndim - used)
    if len(places) > 1:  # NumPy refuses two of them
        return parts
    if not places:
        return [*parts, *rest]
    return [*parts[: places[0]], *(rest or [Ellipsis]), *parts[places[0] + 1 :]]
