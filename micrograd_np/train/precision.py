"""The precision of examples: that of the parameters, so that a step computes in one precision.

NumPy computes float32 with float64 in float64. So float64 examples from a file or a list would make
a float32 model compute in double precision, silently and at half the speed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.safety.casting import overflows
from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import listed


def dtypes_for(arrays: Mapping[str, Array], parameters: Iterable[Tensor]) -> list[Any]:
    """The dtypes that arrays of examples are cast to; None for one that stays as it is.

    Real numbers are cast to the precision of the parameters, complex numbers to the complex dtype
    of that precision. Integers and booleans stay as they are, because they may be classes or
    indices. All numbers do if the parameters have several precisions.

    Raises ValueError naming the arrays of NumPy's in which a finite number would become infinite.
    """
    precisions = {np.finfo(parameter.dtype).dtype for parameter in parameters}
    if len(precisions) > 1:
        return [None] * len(arrays)
    (real,) = precisions
    wanted = {"f": real, "c": np.result_type(real, np.complex64)}
    dtypes = {name: wanted.get(x.dtype.kind, x.dtype) for name, x in arrays.items()}
    wrong = [
        f"{name} has numbers too large for {dtypes[name]}, the precision of the parameters: scale "
        f"them, or give the model a wider dtype"
        for name, x in arrays.items()
        if dtypes[name] != x.dtype and isinstance(x, np.ndarray) and overflows(x, dtypes[name])
    ]
    if wrong:
        raise ValueError(f"fit cannot start:{listed(wrong)}")
    return [None if dtypes[name] == x.dtype else dtypes[name] for name, x in arrays.items()]


def cast(x: Array, dtype: np.dtype[Any] | None) -> Array:
    """Examples cast to `dtype`; the array itself if `dtype` is None."""
    return x if dtype is None else x.astype(dtype)
