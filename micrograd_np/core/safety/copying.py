"""Copies of arrays, which know when the original lay in memory in another way.

Orders of entries that follow memory, "A" and "K" of `ravel` and `reshape`, are to give the same for
a Tensor and for the array that it was made of. A copy has the axes in the same order as the
original, but no gaps and no entry that stands for several, so that of an array with these the order
cannot be told from the copy.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Repacked(Array):
    """The memory of a copy whose original had gaps, or entries that stand for several."""


def copied(x: Any, dtype: Any = None) -> Array:
    """What `np.array` makes of `x`; in `Repacked` memory, where an order may follow another."""
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
