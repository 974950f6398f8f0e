"""Stacks of matrices: SciPy's functions of single matrices, over all leading axes.

SciPy is imported by the function that needs it. It computes in the precision of its arguments, for
which LAPACK has four dtypes.
"""

from collections.abc import Callable
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.op import Array
from micrograd_np.errors import ForeignArrayError, MissingExtraError

LAPACK = "fdFD"


def scipy_linalg(name: str) -> ModuleType:
    """The module `scipy.linalg`, for the function `name`; MissingExtraError without SciPy."""
    try:
        import scipy.linalg
    except ModuleNotFoundError as error:
        if error.name != "scipy":
            raise
        raise MissingExtraError.of(f"mg.linalg.{name}", "scipy", "scipy") from error
    module: ModuleType = scipy.linalg
    return module


def for_lapack(name: str, *arrays: Any) -> list[Array]:
    """Arrays in the one dtype that LAPACK computes with; of integers it is float64.

    Raises ForeignArrayError for an array of another library, TypeError for a precision that LAPACK
    does not have.
    """
    for x in arrays:
        if is_foreign(x):
            raise ForeignArrayError.by_scipy(f"mg.linalg.{name}", x)
    dtype = np.result_type(*arrays)
    if dtype.kind in "iub":
        dtype = np.dtype(float)
    if dtype.char not in LAPACK:
        raise TypeError(
            f"mg.linalg.{name} computes in single or double precision, and was given {dtype}. "
            f"Convert the arguments with x.astype(np.float64), or np.complex128."
        )
    return [np.asarray(x, dtype) for x in arrays]


def over_stacks(name: str, function: Callable[..., Array], *stacks: Any) -> Array:
    """A function of single matrices on stacks of matrices, whose leading axes broadcast.

    The function returns a matrix of the shape of its last argument.
    """
    given = for_lapack(name, *stacks)
    leading = np.broadcast_shapes(*(x.shape[:-2] for x in given))
    shape = (*leading, *given[-1].shape[-2:])
    if 0 in shape:
        return np.zeros(shape, given[-1].dtype)
    wide = [np.broadcast_to(x, (*leading, *x.shape[-2:])) for x in given]
    results = [function(*(x[i] for x in wide)) for i in np.ndindex(leading)]
    return np.stack(results).reshape(shape)


def all_columns(b: Array) -> Array:
    """A stack of matrices as one matrix with all of their columns."""
    *leading, rows, width = b.shape
    return np.moveaxis(b, -2, 0).reshape(rows, prod(leading) * width)


def stacked_again(columns: Array, shape: tuple[int, ...]) -> Array:
    """The columns of `all_columns` as a stack of matrices of this shape."""
    *leading, rows, width = shape
    return np.moveaxis(columns.reshape(rows, *leading, width), 0, -2)
