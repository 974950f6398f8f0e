"""Arrays, keys of any form that NumPy knows, and values for what these select, drawn at random."""

from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import assume

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def index_arrays(draw: Any, length: int, shape: tuple[int, ...]) -> Any:
    """Integers of either sign, often repeated, as an array or (nested) list."""
    entries = draw(hnp.arrays(np.int64, shape, elements=st.integers(-length, length - 1)))
    return entries.tolist() if draw(st.booleans()) else entries


@st.composite
def keys(draw: Any, shape: tuple[int, ...]) -> Any:
    """A key of any form that NumPy knows: each axis is read by a part of one kind."""
    common = draw(hnp.array_shapes(max_dims=2, max_side=3, min_side=0))
    parts: list[Any] = []
    masked = False
    axis = 0
    while axis < len(shape):
        n = shape[axis]
        kind = draw(st.sampled_from(["slice", "int", "array", "array", "mask", "new", "stop"]))
        if kind == "stop":
            break
        if kind == "new":
            parts.append(None)
            continue
        if kind == "int" and n:
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "array" and n:
            parts.append(draw(index_arrays(n, draw(st.sampled_from([common, common[-1:], (1,)])))))
        elif kind == "mask" and not masked:
            width = draw(st.integers(1, min(2, len(shape) - axis)))
            parts.append(draw(hnp.arrays(np.bool_, shape[axis : axis + width])))
            masked, axis = True, axis + width - 1
        else:
            parts.append(draw(st.slices(n)))
        axis += 1
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), ...)
        parts += [draw(st.slices(n)) for n in shape[axis:] if draw(st.booleans())]
    key = parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)
    try:
        np.empty(shape)[key]
    except (IndexError, TypeError, DeprecationWarning):
        # The arrays do not broadcast, there are too many parts, or one is out of bounds where
        # nothing is chosen, of which older versions of NumPy warn.
        assume(False)
    return key


@st.composite
def arrays_with_keys(draw: Any) -> tuple[np.ndarray, Any, int]:
    shape = draw(SHAPES)
    key, seed = draw(keys(shape)), draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).normal(size=shape), key, seed


@st.composite
def updates(draw: Any) -> tuple[np.ndarray, Any, np.ndarray, int]:
    """An array, a key, and a value of a shape that broadcasts to what the key selects."""
    x, key, seed = draw(arrays_with_keys())
    full = x[key].shape
    shape = tuple(draw(st.sampled_from([n, 1])) for n in full)
    shape = shape[draw(st.integers(0, len(shape))) :]
    return x, key, np.random.default_rng(seed + 2).normal(size=shape), seed
