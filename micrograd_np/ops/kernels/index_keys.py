"""Keys of an index: what stands between the brackets of `x[key]`, read as NumPy reads it."""

from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import as_input, value_of
from micrograd_np.ops.kernels.axes import Shape

Key = Any
BOOL = np.dtype(bool)
INDICES = (np.ndarray, Interpreted)  # a number that stands for that of every call or example is one


def frozen(key: Key) -> Key:
    """A copy of the key that nobody else can change, with arrays in place of Tensors."""
    if isinstance(key, tuple):
        return tuple(frozen(part) for part in key)
    key = value_of(key)
    if isinstance(key, list) and any(isinstance(part, Interpreted) for part in key):
        return np.stack(key)
    if isinstance(key, list):
        array = np.array(key)
        return array if array.size else array.astype(int)  # of an empty list NumPy makes floats
    if is_foreign(key):
        return key.copy()
    return np.array(key) if isinstance(key, np.ndarray) else key


def is_basic(key: Key) -> bool:
    """Whether the key selects each entry at most once, so that plain assignment scatters it."""
    parts = key if isinstance(key, tuple) else (key,)
    return not any(
        (isinstance(part, INDICES) or is_foreign(part)) and getattr(part, "dtype", None) != BOOL
        for part in parts
    )


def apply_mode(indices: Any, n: int, mode: str) -> Array:
    """Indices as `np.take` reads them: cut off at the ends, wrapped around, or as they are."""
    indices = as_input(indices)
    if mode == "clip":
        return np.clip(indices, 0, n - 1)
    return indices % n if mode == "wrap" else indices


# ---------------------------------------------------------------- parts of a key


def is_indices(part: Any) -> bool:
    """Whether a part of a key is an array of positions or a mask."""
    return isinstance(part, np.ndarray) or is_foreign(part)


def foreign_index(key: Any) -> Any:
    """An index array of another library that is part of a key, None if there is none."""
    parts = key if isinstance(key, tuple) else (key,)
    return next((part for part in parts if is_foreign(part)), None)


def is_mask(key: Any, shape: Shape) -> bool:
    return is_indices(key) and key.dtype == bool and key.shape == shape


def parts_of_key(key: Any, ndim: int) -> list[Any]:
    """The parts of a key, with slices in place of an ellipsis."""
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = [np.asarray(part) if isinstance(part, bool) else part for part in parts]
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    for i in dots:
        others = parts[:i] + parts[i + 1 :]
        parts[i : i + 1] = [slice(None)] * (ndim - sum(map(axes_consumed, others)))
    return parts


def axes_consumed(part: Any) -> int:
    """The number of axes of the array that a part of a key indexes."""
    if part is None:
        return 0
    return part.ndim if is_indices(part) and part.dtype == bool else 1
