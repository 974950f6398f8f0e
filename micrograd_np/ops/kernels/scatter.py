"""Putting entries in their places without writing: scattering for arrays that cannot be written to.

NumPy's own arrays are written into. Arrays of other libraries may be immutable, lazy or elsewhere, so
for them the same results are composed of functions of the protocols. What a slice selects goes back
by padding, block by block. What an index array selects goes back by sorting: entries that belong to
one place come to stand next to each other, in a *run*, are added up there (or combined by another
ufunc), and every place then takes the last of its run.

Source of the sums along runs: Hillis and Steele, "Data parallel algorithms", 1986.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign, like
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.axes import along, with_length

Shape = tuple[int, ...]


def picked(x: Array, key: Any) -> Array:
    """`x[key]`, with several index arrays, or those of several dimensions, as one vector."""
    arrays = [part for part in spelled(key, x.ndim) if is_indices(part)]
    if sum(map(np.ndim, arrays)) < 2 or is_mask(key, x.shape):
        return x[key]
    where, covered = positions(spelled(key, x.ndim), x.shape)
    return flattened(x, x.shape, covered)[np.ravel(where)].reshape(where.shape + x.shape[covered:])


def placed(g: Array, key: Any, shape: Shape) -> Array:
    """Zeros of `shape` with `g` added at `key`."""
    if 0 in g.shape:
        return np.zeros_like(g, shape=shape)
    parts = spelled(key, len(shape))
    if not any(map(is_indices, parts)):
        return padded(g, parts, shape)
    where, covered = positions(parts, shape)
    return summed(g, where, shape, covered)


def replaced(x: Array, key: Any, value: Array) -> Array:
    """`x` with `value` at `key`, broadcast and cast; where places repeat, the last value stands."""
    if is_mask(key, x.shape) and np.ndim(value) == 0:
        out: Array = np.where(like(x, key), value, x)
        return out.astype(x.dtype)
    found, new = arrived(x, key, value)
    return np.where(found, new, x)


def accumulated(ufunc: np.ufunc, x: Array, key: Any, value: Array) -> Array:
    """`x` with `ufunc(x[key], value)` at `key`, repeated places taking one value after the other."""
    if is_mask(key, x.shape) and np.ndim(value) == 0:
        found, new = like(x, key), value
    else:
        found, new = arrived(x, key, value, ufunc)
    out: Array = np.where(found, ufunc(x, new), x)
    return out.astype(x.dtype)


def arrived(x: Array, key: Any, value: Array, ufunc: np.ufunc | None = None) -> tuple[Array, Array]:
    """Whether something comes to each place of `x`, and what: `value`, broadcast and cast.

    Of several values for one place the last comes there, or all of them combined by `ufunc`.
    """
    parts = spelled(key, x.ndim)
    if any(map(is_indices, parts)):
        where, covered = positions(parts, x.shape)
        shape = (*where.shape, *x.shape[covered:])
    else:
        shape = np.broadcast_to(np.empty((), bool), x.shape)[key].shape
    new = spread(value, shape, x)
    if 0 in shape:
        return np.zeros_like(x, dtype=bool), x
    if not any(map(is_indices, parts)):
        kept = padded(np.ones_like(new, dtype=bool), parts, x.shape)
        return kept, padded(new, parts, x.shape)
    return arrived_in_runs(new, where, x.shape, covered, ufunc)


def spread(value: Array, shape: Shape, x: Array) -> Array:
    """A value to be written, in the shape it is written to and the dtype and kind of `x`."""
    value = value if hasattr(value, "dtype") else np.asarray(value)
    extra = max(np.ndim(value) - len(shape), 0)
    value = np.reshape(value, np.shape(value)[extra:]) if extra else value
    return np.broadcast_to(like(x, value).astype(x.dtype), shape)


# ---------------------------------------------------------------- keys


def is_indices(part: Any) -> bool:
    """Whether a part of a key is an array of positions or a mask."""
    return isinstance(part, np.ndarray) or is_foreign(part)


def afar_in(key: Any) -> Any:
    """An index array of another library that is part of a key, None if there is none."""
    parts = key if isinstance(key, tuple) else (key,)
    return next((part for part in parts if is_foreign(part)), None)


def is_mask(key: Any, shape: Shape) -> bool:
    return is_indices(key) and key.dtype == bool and key.shape == shape


def spelled(key: Any, ndim: int) -> list[Any]:
    """The parts of a key, with slices in place of an ellipsis."""
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = [np.asarray(part) if isinstance(part, bool) else part for part in parts]
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    for i in dots:
        others = parts[:i] + parts[i + 1 :]
        parts[i : i + 1] = [slice(None)] * (ndim - sum(map(consumed, others)))
    return parts


def consumed(part: Any) -> int:
    """How many axes of the array a part of a key is about."""
    if part is None:
        return 0
    return part.ndim if is_indices(part) and part.dtype == bool else 1


# ---------------------------------------------------------------- slices


def padded(g: Array, parts: Sequence[Any], shape: Shape) -> Array:
    """What slices and numbers select, put back among zeros."""
    given = [part for part in parts if part is not None]
    given += [slice(None)] * (len(shape) - len(given))
    spans = [span(part, n) for part, n in zip(given, shape, strict=True)]
    g = g.reshape(tuple(len(each) for each in spans))
    for axis, (each, n) in enumerate(zip(spans, shape, strict=True)):
        g = between(g, axis, each, n)
    return g


def span(part: Any, n: int) -> range:
    """The positions that a slice or a number selects on an axis."""
    return range(n)[part] if isinstance(part, slice) else range(n)[part : part + 1 or None]


def between(g: Array, axis: int, span: range, n: int, fill: Any = 0) -> Array:
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
    """Where the entries come from, as positions in the leading axes made flat, and how many those are.

    They are the axes up to the last that the key does not take whole.
    """
    parts = list(parts)
    while isinstance(parts[-1], slice) and parts[-1] == slice(None):
        parts.pop()
    covered = sum(map(consumed, parts))
    numbered = np.arange(prod(shape[:covered])).reshape(shape[:covered])
    where: Array = like(afar_in(tuple(parts)), numbered)[tuple(parts)]
    return where, covered


def summed(g: Array, where: Array, shape: Shape, covered: int) -> Array:
    """Zeros with entries added at positions."""
    found, last = arrived_in_runs(g, where, shape, covered, np.add)
    return np.where(found, last, 0).astype(g.dtype)


def arrived_in_runs(
    new: Array, where: Array, shape: Shape, covered: int, ufunc: np.ufunc | None
) -> tuple[Array, Array]:
    """Whether an entry comes to each place of `shape`, and the last of them, or all combined."""
    order = np.argsort(np.ravel(where), kind="stable")
    places = np.ravel(where)[order]
    values = new.reshape((where.size, *shape[covered:]))[order]
    if ufunc is not None:
        values = combined_so_far(ufunc, values, places)
    found, last = ends_of_runs(places, values, prod(shape[:covered]))
    rest = (1,) * (len(shape) - covered)
    return found.reshape((*shape[:covered], *rest)), last.reshape(shape)


def combined_so_far(ufunc: np.ufunc, values: Array, places: Array) -> Array:
    """Each entry combined with all that stand before it in its run.

    What is outside of the run counts as the ufunc's identity, or, for a ufunc without one, as the
    entry itself: largest and smallest entries stay what they are.
    """
    reach, longest = 1, longest_run(places)
    while reach < longest:  # each pass doubles how far back an entry has looked in its run
        same = alongside(np.equal(places[reach:], places[:-reach]), values)
        here, before = values[reach:], values[:-reach]
        other = here if ufunc.identity is None else ufunc.identity
        joined = ufunc(here, np.where(same, before, other).astype(values.dtype))
        values = np.concatenate([values[:reach], joined])
        reach *= 2
    return values


def flattened(x: Array, shape: Shape, covered: int) -> Array:
    """The axes that are indexed as one, in front of the others."""
    return x.reshape((prod(shape[:covered]), *shape[covered:]))


def longest_run(places: Array) -> int:
    """The length of the longest run, if the places are known here; otherwise that of them all."""
    if not isinstance(places, np.ndarray):
        return int(places.size)
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    return int(np.diff(starts, append=places.size).max(initial=0))


def ends_of_runs(places: Array, values: Array, size: int) -> tuple[Array, Array]:
    """Whether each place has a run, and the last value in it."""
    every = like(places, np.arange(size))
    last = np.searchsorted(places, every, side="right") - 1
    found = np.equal(places[last], every)
    return alongside(found, values), values[last]


def alongside(mask: Array, values: Array) -> Array:
    """A mask over the first axis of `values`, of their kind and to broadcast against them."""
    return like(values, mask.reshape((-1,) + (1,) * (values.ndim - 1)))
