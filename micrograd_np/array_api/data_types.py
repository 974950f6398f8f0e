"""The dtypes, which are NumPy's, with functions that describe dtypes, and the constants."""

from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.tensor import Tensor

__all__ = [
    "bool", "can_cast", "complex64", "complex128", "e", "finfo", "float32", "float64", "iinfo",
    "inf", "int8", "int16", "int32", "int64", "isdtype", "nan", "newaxis", "pi", "result_type",
    "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip

__array_api_version__ = "2024.12"
__array_namespace_info__ = np.__array_namespace_info__

# fmt: off
bool = np.bool
int8,    int16,  int32,  int64  = np.int8,    np.int16,  np.int32,  np.int64
uint8,   uint16, uint32, uint64 = np.uint8,   np.uint16, np.uint32, np.uint64
float32, float64                = np.float32, np.float64
complex64, complex128           = np.complex64, np.complex128
e, inf, nan, newaxis, pi        = np.e, np.inf, np.nan, np.newaxis, np.pi
# fmt: on

can_cast, isdtype, result_type = np.can_cast, np.isdtype, np.result_type


class FloatInfo(NamedTuple):
    """The limits of a floating-point dtype, or of the parts of a complex dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


class IntegerInfo(NamedTuple):
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def finfo(type: Any, /) -> FloatInfo:  # noqa: A002  # the standard's name
    """The limits of a floating-point dtype, or of the dtype of an array, as Python numbers.

    Raises ValueError for a dtype that is not one of floating-point numbers.

    >>> finfo(np.float32).eps == 2.0**-23
    True
    """
    info = np.finfo(dtype_of(type))
    eps, most, least, normal = map(float, (info.eps, info.max, info.min, info.smallest_normal))
    return FloatInfo(info.bits, eps, most, least, normal, info.dtype)


def iinfo(type: Any, /) -> IntegerInfo:  # noqa: A002  # the standard's name
    """The limits of an integer dtype, or of the dtype of an array.

    Raises ValueError for a dtype that is not one of integers.

    >>> iinfo(np.int8).max
    127
    """
    info = np.iinfo(dtype_of(type))
    return IntegerInfo(info.bits, int(info.max), int(info.min), info.dtype)


def dtype_of(x: Any) -> np.dtype[Any]:
    """A dtype from a dtype or an array."""
    return np.dtype(x.dtype if isinstance(x, Tensor | np.ndarray | np.generic) else x)
