"""Copies of arrays, which know when the original lay in memory in another way.

The orders "A" and "K" of `ravel` and `reshape` follow memory. A Tensor and the array that it was
made of must give the same order. A copy has its axes in the order of the original, but no gaps and
no entry that stands for several. If the original has these, its order cannot be told from the copy.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Repacked(Array):
    """The memory of a copy whose original had gaps, or entries that stand for several."""


def copied(x: Any, dtype: Any = None) -> Array:
    """A copy of `x` as `np.array` makes one, in `Repacked` memory if `x` may have another order."""
    if type(x) is not np.ndarray or x.ndim < 2 or not x.size:
        return np.array(x, dtype)
    if x.flags.forc and not is_repacked(x):
        return np.array(x, dtype)
    like = np.nditer([x, None]).operands[1]  # laid out as results of ufuncs of `x` are
    outermost_first = np.argsort([-step for step in like.strides], kind="stable")
    memory = Repacked([x.shape[i] for i in outermost_first], x.dtype if dtype is None else dtype)
    made = memory.view(np.ndarray).transpose(np.argsort(outermost_first))
    made[...] = x
    return made


def is_repacked(x: Any) -> bool:
    """Whether the entries of an array are in `Repacked` memory."""
    while x is not None and type(x) is not Repacked:
        x = getattr(x, "base", None)
    return x is not None
