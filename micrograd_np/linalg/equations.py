"""Equations with bands, and Sylvester's equation, under SciPy's names."""

from operator import index
from typing import Any

from micrograd_np.array_api.wrapping import as_tensors
from micrograd_np.core.op import Array
from micrograd_np.errors import ShapeError
from micrograd_np.linalg.arguments import (
    BANDED_TUNING,
    as_array,
    check_tuning,
    pair,
    right_side,
    square,
)
from micrograd_np.linalg.solving import solution
from micrograd_np.ops.derivatives.linalg import banded, triangular


def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any, **tuning: Any) -> Array:
    """The solution `x` of `a x = b`, for a matrix `a` of few diagonals, in O(M (l + u)) steps.

    - `l_and_u`: how many diagonals `a` has below the main one, and above it.
    - `ab`: shape (..., l + u + 1, M), a row for each diagonal: `a[i, j]` is `ab[u + i - j, j]`.
    - `b`: shape (M,) or (..., M, N); the result has this shape, with the axes of `ab` before it.

    The gradient is in the layout of `ab`: `-(a^-T g) x^T` within the bands, for the cotangent `g`,
    and zero in the corners of `ab`, which are not read. It costs as much as the solution.

    Raises LinAlgError for a singular matrix, ShapeError if the shapes do not go together, and
    ValueError if `l` or `u` is negative. Raises TypeError for a precision that LAPACK does not
    have, and MissingExtraError without SciPy.

    >>> ab = [[0.0, 1.0, 1.0], [2.0, 2.0, 2.0], [1.0, 1.0, 0.0]]
    >>> solve_banded((1, 1), ab, [4.0, 8.0, 8.0])
    Tensor([1., 2., 3.])
    """
    check_tuning("solve_banded", tuning, BANDED_TUNING)
    numbers = pair("solve_banded", l_and_u, "(l, u), the numbers of diagonals below and above")
    lower, upper = map(index, numbers)
    if lower < 0 or upper < 0:
        raise ValueError(
            f"mg.linalg.solve_banded takes the numbers of diagonals below and above the main one, "
            f"(l, u), of which none is negative. Given: {(lower, upper)}."
        )
    ab = as_array(ab)
    if len(ab.shape) < 2 or ab.shape[-2] != lower + upper + 1:
        raise ShapeError(
            f"mg.linalg.solve_banded takes ab of shape (..., l + u + 1, M), a row for each "
            f"diagonal. Given: (l, u) = {(lower, upper)}, ab of shape {ab.shape}."
        )
    columns, vector = right_side("solve_banded", ab, b)
    return solution(banded.solve_banded(ab, columns, lower=lower), vector)


def solve_sylvester(a: Any, b: Any, q: Any) -> Array:
    """The solution `x` of `a x + x b = q` (R. Bartels and G. Stewart, 1972).

    - `a`: shape (..., M, M). `b`: shape (..., N, N).
    - `q`: shape (..., M, N), as the result. Leading axes broadcast.

    The gradient in `q` is the solution `s` of `a^T s + s b^T = g`, for the cotangent `g`; in `a` it
    is `-s x^T`, in `b` it is `-x^T s`.

    Raises LinAlgError if an eigenvalue of `a` is one of `-b`, to rounding, where SciPy returns the
    solution of another equation. Raises ShapeError if the shapes do not go together, and
    MissingExtraError without SciPy.

    >>> solve_sylvester([[1.0, 0.0], [0.0, 2.0]], [[1.0]], [[4.0], [6.0]])
    Tensor([[2.],
            [2.]])
    """
    a, b, q = square("solve_sylvester", a), square("solve_sylvester", b), as_array(q)
    if q.shape[-2:] != (a.shape[-1], b.shape[-1]):
        raise ShapeError(
            f"mg.linalg.solve_sylvester takes a of shape (..., M, M), b of shape (..., N, N), and "
            f"q of shape (..., M, N). Given: a of shape {a.shape}, b of shape {b.shape}, q of "
            f"shape {q.shape}. A vector is a column, q[:, None]."
        )
    return as_tensors(triangular.solve_sylvester(a, b, q))
