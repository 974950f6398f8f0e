"""Arguments of matrix functions: lists become arrays, and shapes are checked before LAPACK runs."""

from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.errors import ShapeError
from micrograd_np.errors.words import kind_of

# Options of SciPy's for speed. Here nothing is overwritten, as a graph may hold it, and no array is
# searched for NaN.
TUNING = frozenset(("overwrite_a", "overwrite_b", "check_finite"))
BANDED_TUNING = frozenset(("overwrite_ab", "overwrite_b", "check_finite"))


def as_array(x: Any) -> Array:
    """An array or a Tensor as it is; a list, which may hold Tensors, or a number made one."""
    x = as_input(x)
    return x if hasattr(x, "shape") else np.asarray(x)


def square(name: str, a: Any) -> Array:
    """`a` as square matrices, one or a stack of them; LinAlgError if `a` is anything else."""
    a = as_array(a)
    if len(a.shape) < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(
            f"mg.linalg.{name} takes square matrices, of shape (..., M, M). Given: {a.shape}."
        )
    return a


def right_side(name: str, a: Array, b: Any) -> tuple[Array, bool]:
    """`b` as matrices that go with square `a`, and whether it was one vector.

    Raises ShapeError if the lengths differ.
    """
    b = as_array(b)
    vector = len(b.shape) == 1
    columns = b[:, None] if vector else b
    if len(columns.shape) < 2 or columns.shape[-2] != a.shape[-1]:
        raise ShapeError(
            f"mg.linalg.{name} takes b of shape (M,) or (..., M, N) beside matrices of shape "
            f"(..., M, M). Given: a of shape {a.shape}, b of shape {b.shape}. A stack of vectors "
            f"is a stack of columns, b[..., None]."
        )
    return columns, vector


def pair(name: str, given: Any, parts: str) -> tuple[Any, Any]:
    """An argument that is a pair, such as a factor and its triangle; TypeError if it is none."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"mg.linalg.{name} takes the pair {parts}. Given: {kind_of(given)}.")
    first, second = given
    return first, second


def check_tuning(name: str, given: dict[str, Any], known: frozenset[str] = TUNING) -> None:
    """Raise TypeError for an option that is none of SciPy's `known` ones."""
    if unknown := given.keys() - known:
        raise TypeError(
            f"mg.linalg.{name} got {', '.join(sorted(unknown))}. Besides its own parameters it "
            f"takes {', '.join(sorted(known))}, which change nothing here."
        )


def transposed(name: str, trans: Any) -> int:
    """The option `trans` as a number: 0 for the matrix, 1 transposed, 2 conjugated too."""
    known = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}
    if trans not in known:
        raise ValueError(
            f"mg.linalg.{name} takes trans=0 or 'N' for a, 1 or 'T' for a^T, 2 or 'C' for a^H. "
            f"Given: {trans!r}."
        )
    return known[trans]
