"""The precision of examples: that of the parameters, so that a step computes in one precision.

NumPy computes float32 with float64 in float64. So float64 examples from a file or a list would make
a float32 model compute in double precision, silently and at half the speed.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.safety.casting import overflows
from micrograd_np.core.tensor import Tensor


def precision_of(parameters: Iterable[Tensor]) -> np.dtype[Any] | None:
    """The real dtype of the precision of all parameters; None if they have several precisions."""
    precisions = {np.finfo(parameter.dtype).dtype for parameter in parameters}
    return precisions.pop() if len(precisions) == 1 else None


def dtype_for(x: Array, precision: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """The dtype that examples are cast to; None if they stay as they are.

    Real numbers are cast to `precision`, complex numbers to the complex dtype of that precision.
    Integers and booleans stay as they are, because they may be classes or indices.
    """
    if precision is None or x.dtype.kind not in "fc":
        return None
    wanted = precision if x.dtype.kind == "f" else np.result_type(precision, np.complex64)
    return None if wanted == x.dtype else wanted


def cast(x: Array, dtype: np.dtype[Any] | None) -> Array:
    """Examples cast to `dtype`; the array itself if `dtype` is None."""
    return x if dtype is None else x.astype(dtype)


def is_too_large(x: Array, dtype: np.dtype[Any] | None) -> bool:
    """Whether the cast makes a finite number infinite; only NumPy's arrays are looked at."""
    return dtype is not None and isinstance(x, np.ndarray) and overflows(x, dtype)
