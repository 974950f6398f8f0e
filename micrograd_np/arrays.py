"""What a Tensor may hold, and whether a gradient can be asked of it."""

from typing import Any

import numpy as np

from micrograd_np import errors
from micrograd_np.graph import Node, describe
from micrograd_np.op import Array


def own_array(data: Any, dtype: Any = None) -> Array:
    """An array nobody else writes to; arrays of other libraries stay as they are."""
    if isinstance(data, Node):
        if data.requires_grad:
            raise errors.LeavesGraphError(describe(data))
        data = data.value
    if not isinstance(data, np.ndarray) and hasattr(data, "__array_function__"):
        return data if dtype is None else data.astype(dtype)
    value = np.array(data, dtype=dtype)
    if value.dtype.kind not in "fiubc":
        raise errors.NotDifferentiableError(
            f"a Tensor holds numbers, not dtype {value.dtype}. Given: {data!r:.80}"
        )
    return value


def check_differentiable(x: Node) -> None:
    if x.value.dtype.kind != "f":
        raise errors.NotDifferentiableError(
            f"{describe(x)} cannot require a gradient: only real floating-point dtypes vary "
            f"smoothly. Write its numbers with a decimal point, or pass dtype=float."
        )
