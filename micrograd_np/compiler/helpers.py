"""What compiled programs call where NumPy has no single function: pure NumPy, to be read and saved.

Saved programs carry the source of these functions with them, so they use nothing but NumPy and one
another.
"""

from typing import Any

import numpy as np

Array = Any


def scatter(g: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` put at `key`, which names no entry twice."""
    out = np.zeros(shape, g.dtype)
    out[key] = g
    return out


def scatter_add(g: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` added at `key`; entries named twice receive both."""
    out = np.zeros(shape, g.dtype)
    np.add.at(out, key, g)
    return out


def index_update(x: Array, key: Any, value: Array) -> Array:
    """A copy of `x` with `x[key] = value`."""
    out = np.array(x)
    out[key] = value
    return out
