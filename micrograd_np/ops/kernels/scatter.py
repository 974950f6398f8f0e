"""Reading and writing entries at a key: gather, scatter, and the combinations of repeated places.

NumPy's own arrays are written into. Arrays of other libraries may be immutable, lazy or on a device,
so for them the results are composed of functions of the protocols. What a slice selects is embedded
by padding, block by block. What an index array selects is scattered by sorting: entries that belong
to one place come to stand next to each other, in a *run*. Along a run they are added up (or
combined by another ufunc), and every place then takes the last entry of its run.

Source of the sums along runs: Hillis and Steele, "Data parallel algorithms", 1986.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign, like
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.axes import Shape, along, with_length
from micrograd_np.ops.kernels.index_keys import (
    Key,
    axes_consumed,
    foreign_index,
    frozen,
    is_basic,
    is_indices,
    is_mask,
    parts_of_key,
)

SIMPLE = (int, slice)  # keys that hold no index array


def gather(x: Array, key: Key) -> Array:
    """`x[key]`; arrays of other libraries get several or wide index arrays as one vector."""
    if type(x) is np.ndarray and type(key) not in SIMPLE:  # it would compute or fetch the indices
        x = like(foreign_index(key), x)
    if not is_foreign(x):
        return x[key]
    arrays = [part for part in parts_of_key(key, x.ndim) if is_indices(part)]
    if sum(map(np.ndim, arrays)) < 2 or is_mask(key, x.shape):
        return x[key]
    where, covered = positions(parts_of_key(key, x.ndim), x.shape)
    merged = x.reshape((prod(x.shape[:covered]), *x.shape[covered:]))
    return merged[np.ravel(where)].reshape(where.shape + x.shape[covered:])


def scatter_sum(g: Array, key: Key, shape: Shape) -> Array:
    """Zeros of `shape` with `g` added at `key`; entries named twice receive both."""
    key = frozen(key)
    if is_foreign(g):
        return foreign_scatter_sum(g, key, shape)
    out = np.zeros(shape, g.dtype)
    if is_basic(key):
        out[key] = g
    else:
        np.add.at(out, key, g)
    return out


def scatter_last(x: Array, key: Key, value: Array) -> Array:
    """A copy of `x` with `value` at `key`; where places repeat, the last value stands."""
    if is_foreign(x) or is_foreign(value):
        return foreign_scatter(None, x, frozen(key), value)
    out = np.array(x)
    out[key] = value
    return out


def scatter_with(ufunc: np.ufunc, x: Array, key: Key, values: Array) -> Array:
    """A copy of `x` after `ufunc.at(x, key, values)`."""
    key = frozen(key)
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    check_casting(ufunc, x, values)
    if is_foreign(x) or is_foreign(values):
        return foreign_scatter(ufunc, x, key, values)
    out = np.array(x)
    if np.ndim(values):  # NumPy 2.2 to 2.5 read past the end of values that they are to broadcast
        values = np.broadcast_to(values, out[key].shape)
    ufunc.at(out, key, values)
    return out


def check_casting(ufunc: np.ufunc, x: Array, values: Array) -> None:
    """Raise NumPy's error for `x[key] += values` where the dtypes do not allow it.

    `ufunc.at` itself casts without a word: 0.5 added to an integer adds 0.
    """
    out = np.empty(0, x.dtype)
    if not isinstance(values, bool | int | float | complex):
        values = np.empty(0, getattr(values, "dtype", None) or np.asarray(values).dtype)
    ufunc(out, values, out=out)


def place_numbers(key: Key, shape: Shape) -> Array:
    """The places of an array of `shape`, numbered in order, in the kind of array of the key."""
    return like(foreign_index(key), np.arange(prod(shape)).reshape(shape))


# ---------------------------------------------------------------- arrays of other libraries


def foreign_scatter_sum(g: Array, key: Key, shape: Shape) -> Array:
    """`scatter_sum` without writing."""
    parts = parts_of_key(key, len(shape))
    if 0 in g.shape or not any(map(is_indices, parts)):
        return embed_slices(g, parts, shape)
    where, covered = positions(parts, shape)
    found, last = combine_runs(g, where, shape, covered, np.add)
    return np.where(found, last, 0).astype(g.dtype)


def foreign_scatter(ufunc: np.ufunc | None, x: Array, key: Key, value: Array) -> Array:
    """`scatter_with` or, without a ufunc, `scatter_last`, without writing.

    A place that repeats takes one value after the other.
    """
    if is_mask(key, x.shape) and np.ndim(value) == 0:
        found, new = like(x, key), value
    else:
        found, new = arrivals(x, key, value, ufunc)
    out: Array = np.where(found, new if ufunc is None else ufunc(x, new), x)
    return out.astype(x.dtype)


def arrivals(x: Array, key: Key, value: Array, ufunc: np.ufunc | None) -> tuple[Array, Array]:
    """Whether a value is written to each place of `x`, and which, broadcast and cast.

    Of several values for one place the last is written, or all of them combined by `ufunc`.
    """
    parts = parts_of_key(key, x.ndim)
    indexed = any(map(is_indices, parts))
    if indexed:
        where, covered = positions(parts, x.shape)
        shape = (*where.shape, *x.shape[covered:])
    else:
        shape = np.broadcast_to(np.empty((), bool), x.shape)[key].shape
    new = value_to_write(value, shape, x)
    if indexed and 0 not in shape:
        return combine_runs(new, where, x.shape, covered, ufunc)
    kept = embed_slices(np.ones_like(new, dtype=bool), parts, x.shape)
    return kept, embed_slices(new, parts, x.shape)


def value_to_write(value: Array, shape: Shape, x: Array) -> Array:
    """A value in the shape of the places it is written to, and in the dtype and kind of `x`."""
    value = value if hasattr(value, "dtype") else np.asarray(value)
    extra = max(np.ndim(value) - len(shape), 0)
    value = np.reshape(value, np.shape(value)[extra:]) if extra else value
    return np.broadcast_to(like(x, value).astype(x.dtype), shape)


# ---------------------------------------------------------------- slices


def embed_slices(g: Array, parts: Sequence[Any], shape: Shape, fill: Any = 0) -> Array:
    """An array of `shape` with `g` at the entries that slices and numbers select, else `fill`."""
    if 0 in g.shape:
        return np.full_like(g, fill, shape=shape)
    given = [part for part in parts if part is not None]
    given += [slice(None)] * (len(shape) - len(given))
    spans = [span_of(part, n) for part, n in zip(given, shape, strict=True)]
    g = g.reshape(tuple(len(each) for each in spans))
    for axis, (each, n) in enumerate(zip(spans, shape, strict=True)):
        g = embed(g, axis, each, n, fill)
    return g


def span_of(part: Any, n: int) -> range:
    """The positions that a slice or a number selects on an axis."""
    return range(n)[part] if isinstance(part, slice) else range(n)[part : part + 1 or None]


def embed(g: Array, axis: int, span: range, n: int, fill: Any) -> Array:
    """`g` laid out along an axis of length `n` at the positions of a span, `fill` between them."""
    if span == range(n):
        return g
    if span.step < 0:
        g, span = np.flip(g, axis), span[::-1]
    if span.step > 1 and len(span) > 1:
        apart = np.expand_dims(g, axis + 1)
        gap = with_length(apart.shape, axis + 1, span.step - 1)
        together = np.concatenate([apart, np.full_like(apart, fill, shape=gap)], axis + 1)
        g = together.reshape(with_length(g.shape, axis, span.step * len(span)))
        g = g[along(axis, slice(1 - span.step), g.ndim)]
    before, after = (
        np.full_like(g, fill, shape=with_length(g.shape, axis, width))
        for width in (span[0], n - 1 - span[-1])
    )
    return np.concatenate([before, g, after], axis)


# ---------------------------------------------------------------- index arrays


def positions(parts: Sequence[Any], shape: Shape) -> tuple[Array, int]:
    """The sources of entries, as positions in the merged leading axes, and the number of these.

    The leading axes are those up to the last that the key does not take whole.
    """
    parts = list(parts)
    while isinstance(parts[-1], slice) and parts[-1] == slice(None):
        parts.pop()
    covered = sum(map(axes_consumed, parts))
    numbered = np.arange(prod(shape[:covered])).reshape(shape[:covered])
    where: Array = like(foreign_index(tuple(parts)), numbered)[tuple(parts)]
    return where, covered


def combine_runs(
    new: Array, where: Array, shape: Shape, covered: int, ufunc: np.ufunc | None
) -> tuple[Array, Array]:
    """Whether each place of `shape` has a run, and the last entry of the run, or all combined."""
    order = np.argsort(np.ravel(where), kind="stable")
    places = np.ravel(where)[order]
    values = new.reshape((where.size, *shape[covered:]))[order]
    if ufunc is not None:
        values = scan_runs(ufunc, values, places)
    every = like(places, np.arange(prod(shape[:covered])))
    last = np.searchsorted(places, every, side="right") - 1
    found = align_mask(np.equal(places[last], every), values)
    flags = shape[:covered] + (1,) * (len(shape) - covered)
    return found.reshape(flags), values[last].reshape(shape)


def scan_runs(ufunc: np.ufunc, values: Array, places: Array) -> Array:
    """Each entry combined with all that stand before it in its run.

    What is outside of the run counts as the ufunc's identity, or, for a ufunc without one, as the
    entry itself: largest and smallest entries stay what they are.
    """
    reach, longest = 1, longest_run(places)
    while reach < longest:  # each pass doubles how far back an entry has looked in its run
        same = align_mask(np.equal(places[reach:], places[:-reach]), values)
        here, before = values[reach:], values[:-reach]
        other = here if ufunc.identity is None else ufunc.identity
        combined = ufunc(here, np.where(same, before, other).astype(values.dtype))
        values = np.concatenate([values[:reach], combined])
        reach *= 2
    return values


def longest_run(places: Array) -> int:
    """The length of the longest run, if the places are known here; otherwise that of them all."""
    if not isinstance(places, np.ndarray):
        return int(places.size)
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    return int(np.diff(starts, append=places.size).max(initial=0))


def align_mask(mask: Array, values: Array) -> Array:
    """A mask over the first axis of `values`, of their kind and to broadcast against them."""
    return like(values, mask.reshape((-1,) + (1,) * (values.ndim - 1)))
