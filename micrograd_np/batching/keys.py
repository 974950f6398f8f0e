"""Indexing a batch as each of its examples would be indexed.

NumPy puts the axes of several index arrays where they stand if they stand side by side, and in
front if a slice stands between them. With a batch axis in front the same key must give the same
axes, one further: `indexed` says which key to use and which axes to move afterwards.
"""

from typing import Any, NamedTuple

import numpy as np

from micrograd_np.errors import BatchedError
from micrograd_np.op import Operand

Axes = tuple[int, ...]


class Each(NamedTuple):
    """An option of which every example has its own, along the first axis."""

    value: Any


class Index(NamedTuple):
    """A key for a batch; the axes of what it reads, as they are found and as they are wanted."""

    key: Any
    found: Axes = ()
    wanted: Axes = ()


def each_among(tree: Any) -> bool:
    """Whether nested options hold an `Each`."""
    if isinstance(tree, dict):
        return any(map(each_among, tree.values()))
    if type(tree) in (list, tuple):
        return any(map(each_among, tree))
    return isinstance(tree, Each)


def indexed(key: Any, ndim: int, size: int, *, mapped: bool) -> Index:
    """How to index a batch with `key`, a key for examples of `ndim` axes.

    `mapped`: whether what is indexed has the batch axis; it may be shared if the key is an `Each`.
    """
    parts = spelled_out(key, ndim)
    places = [i for i, part in enumerate(parts) if isinstance(part, Each | np.ndarray | Operand)]
    if not places:
        return Index((slice(None), *parts))
    places = [i for i, part in enumerate(parts) if not isinstance(part, slice | type(None))]
    width = max(axes_of(parts[i]) for i in places)
    together = places == list(range(places[0], places[0] + len(places)))
    start = places[0] if together else 0  # where an example has the axes of the index arrays
    own = each_among(parts)
    if not own:
        return Index((slice(None), *parts), () if together else (width,), () if together else (0,))
    parts = [aligned(part, width) if isinstance(part, Each) else part for part in parts]
    if not mapped:
        return Index(tuple(parts), (start,), (0,))
    every = np.arange(size).reshape((size,) + (1,) * width)
    if together and start == 0:
        return Index((every, *parts))
    return Index(
        (every, *parts), tuple(range(1, 1 + width)), tuple(range(1 + start, 1 + start + width))
    )


def axes_of(part: Any) -> int:
    """How many axes an index array has for one example."""
    return np.ndim(part.value) - 1 if isinstance(part, Each) else np.ndim(part)


def aligned(part: Each, width: int) -> Any:
    """An index of every example's own, with as many axes as the widest."""
    size, *shape = part.value.shape
    return np.reshape(part.value, (size, *(1,) * (width - len(shape)), *shape))


def spelled_out(key: Any, ndim: int) -> list[Any]:
    """A key as a list with one entry an axis (and `None` for new ones), masks as index arrays."""
    given = [simple(part) for part in (key if type(key) is tuple else (key,))]
    parts: list[Any] = []
    for part in given:
        if isinstance(part, np.ndarray) and part.dtype == bool and part.ndim:
            parts += list(part.nonzero())
        else:
            parts.append(part)
    used = sum(part is not None and part is not Ellipsis for part in parts)
    rest = [slice(None)] * (ndim - used)
    if any(part is Ellipsis for part in parts):
        place = next(i for i, part in enumerate(parts) if part is Ellipsis)
        return [*parts[:place], *rest, *parts[place + 1 :]]
    return [*parts, *rest]


def simple(part: Any) -> Any:
    """One part of a key: what is iterable as an array."""
    if isinstance(part, Each) and part.value.dtype == bool:
        raise BatchedError.mask()
    return np.asarray(part) if isinstance(part, list) else part
