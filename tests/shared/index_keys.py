"""Keys of every kind that index an array."""

from typing import Any

import numpy as np

MASK = np.array([True, False, True, True, False, False])
KEYS = [
    0, -1, slice(None), slice(1, 4), slice(None, None, 2), slice(4, 0, -2), slice(5, None, -3),
    slice(3, 3), ..., None, (..., 1), (slice(1, 3), 2), (None, 1, None, slice(None, None, -1)),
    (2, 3), [0, 2], [1, 1, -1, 1], [[0, 1], [1, 1]], (slice(None), [3, 0, 3]),
    ([0, 2, 0], [1, 1, 1]), ([[0], [3]], [0, 2, 2]), ([1, 4], slice(None, None, 2)), (..., [2, 2]),
    (3, [0, 0, 1]), MASK, (MASK, 1), (MASK, slice(1, 3)), np.zeros(6, bool), True,
    np.zeros((0, 2), int), np.arange(24).reshape(6, 4) % 3 == 0, np.array(3),
    (np.array([1, 1]), None, 2), (MASK, [0, 1, 1]),
]  # fmt: skip


def in_library(key: Any, kind: Any) -> Any:
    """The key with its index arrays in another library."""
    if isinstance(key, tuple):
        return tuple(in_library(part, kind) for part in key)
    return kind(np.asarray(key)) if isinstance(key, list | np.ndarray) else key
