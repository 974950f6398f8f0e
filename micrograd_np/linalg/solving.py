"""Equations that are solved by factors, and determinants, under SciPy's names.

A right-hand side `b` with one axis is a vector; any other holds matrices, `(..., M, N)`. SciPy's
options `overwrite_a`, `overwrite_b` and `check_finite` are taken and change nothing: a graph may
hold what would be overwritten, and a NaN makes the result NaN or a LinAlgError.
"""

from typing import Any

import numpy as np

from micrograd_np.array_api.wrapping import as_tensors
from micrograd_np.core.op import Array
from micrograd_np.linalg.arguments import (
    as_array,
    check_tuning,
    pair,
    right_side,
    square,
    transposed,
)
from micrograd_np.ops.derivatives.linalg import triangular
from micrograd_np.ops.kernels.matrices import adjoint, transpose

TURNED = (lambda a: a, transpose, adjoint)  # by the option `trans`


def solved(
    a: Array, columns: Array, turned: int, *, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    """The solution of `a x = columns`, or of its transpose, for a triangle of `a`."""
    return triangular.solve_triangular(
        TURNED[turned](a), columns, lower=lower != bool(turned), unit_diagonal=unit_diagonal
    )


def solution(x: Array, vector: bool) -> Array:
    """The columns `x` as a Tensor; as vectors, if the right-hand side was one."""
    return as_tensors(x[..., 0] if vector else x)


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    **tuning: Any,
) -> Array:
    """The solution `x` of `a x = b`, for a triangular matrix `a`.

    - `a`: shape (..., M, M). Only the upper triangle is read, or the lower one if `lower`.
    - `b`: shape (M,) or (..., M, N); the result has this shape, with the axes of `a` before it.
    - `trans`: 0 for `a`, 1 for `a^T`, 2 for `a^H`; `lower` tells the triangle of `a` itself.
    - `unit_diagonal`: take the diagonal for ones, without reading it.

    The gradient in `a` is zero wherever `a` is not read: `-(a^-T g) x^T` in its triangle, for the
    cotangent `g` (M. Giles, An extended collection of matrix derivative results, 2008).

    Raises LinAlgError for a zero on the diagonal, ShapeError if the shapes do not go together,
    MissingExtraError without SciPy.

    >>> solve_triangular([[2.0, 1.0], [0.0, 4.0]], [4.0, 8.0])
    Tensor([1., 2.])
    """
    check_tuning("solve_triangular", tuning)
    turned = transposed("solve_triangular", trans)
    a = square("solve_triangular", a)
    columns, vector = right_side("solve_triangular", a, b)
    x = solved(a, columns, turned, lower=lower, unit_diagonal=unit_diagonal)
    return solution(x, vector)


# ---------------------------------------------------------------- Cholesky


def cho_factor(a: Any, lower: bool = False, **tuning: Any) -> tuple[Array, bool]:
    """The Cholesky factor of a positive definite matrix, for `cho_solve`; and `lower` again.

    `a`: shape (..., M, M), Hermitian, of which one triangle is read. The factor is `L` with
    `a = L L^H` if `lower`, else `U` with `a = U^H U`. Its other triangle holds zeros, where
    SciPy's holds what was in `a`. The gradient is Hermitian, as of `np.linalg.cholesky`.

    Raises LinAlgError if `a` is not positive definite.

    >>> c, lower = cho_factor([[4.0, 2.0], [2.0, 5.0]], lower=True)
    >>> c
    Tensor([[2., 0.],
            [1., 2.]])
    """
    check_tuning("cho_factor", tuning)
    a = square("cho_factor", a)
    try:
        factor = np.linalg.cholesky(a, upper=not lower)
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            f"mg.linalg.cho_factor takes a positive definite matrix: {error}. A covariance loses "
            f"that by rounding, and gets it back by a small multiple of the identity: "
            f"a + 1e-8 * np.eye(M)."
        ) from error
    return as_tensors(factor), lower


def cho_solve(c_and_lower: tuple[Any, bool], b: Any, **tuning: Any) -> Array:
    """The solution `x` of `a x = b`, from the factor of `a` that `cho_factor` returned.

    `b`: shape (M,) or (..., M, N), as the result. These are two triangular equations, so gradients
    go through the factor to `a`. Raises what `solve_triangular` raises, and TypeError if the first
    argument is no such pair.

    >>> cho_solve(cho_factor([[4.0, 2.0], [2.0, 5.0]]), [8.0, 8.0])
    Tensor([1.5, 1. ])
    """
    check_tuning("cho_solve", tuning)
    c, lower = pair("cho_solve", c_and_lower, "(c, lower) that cho_factor returned")
    if type(lower) not in (bool, int, np.bool):
        raise TypeError(
            f"mg.linalg.cho_solve takes the pair (c, lower) that cho_factor returned, and `lower` "
            f"is True or False. Given: {type(lower).__name__}."
        )
    c = square("cho_solve", c)
    columns, vector = right_side("cho_solve", c, b)
    first, second = (0, 2) if lower else (2, 0)
    half = solved(c, columns, first, lower=lower)
    return solution(solved(c, half, second, lower=lower), vector)


# ---------------------------------------------------------------- LU


def lu_factor(a: Any, **tuning: Any) -> tuple[Array, Array]:
    """The LU factors of a square matrix, for `lu_solve`, and the exchanges of rows.

    `a`: shape (..., M, M). The first result has this shape: `U` in its upper triangle, and below
    it `L`, without the ones of its diagonal. The second, of integers, has shape (..., M): row `i`
    was exchanged with row `piv[i]`. The exchanges are constants to derivatives (F. de Hoog, R.
    Anderssen and M. Lukas, Differentiation of matrix functionals using triangular factorization,
    2011); where two pivots tie, the derivative is that of the exchanges made.

    A singular matrix has factors, of which SciPy warns, but no derivative: LinAlgError in backward.
    Raises LinAlgError for a matrix that is not square, MissingExtraError without SciPy.

    >>> lu, piv = lu_factor([[1.0, 2.0], [2.0, 2.0]])
    >>> lu
    Tensor([[2. , 2. ],
            [0.5, 1. ]])
    >>> piv
    Tensor([1, 1], dtype=int32)
    """
    check_tuning("lu_factor", tuning)
    lu, piv = triangular.lu_factor(square("lu_factor", a))
    return as_tensors(lu), as_tensors(piv)


def lu_solve(lu_and_piv: tuple[Any, Any], b: Any, trans: Any = 0, **tuning: Any) -> Array:
    """The solution `x` of `a x = b`, from the factors of `a` that `lu_factor` returned.

    `b`: shape (M,) or (..., M, N), as the result. `trans`: 0 for `a`, 1 for `a^T`, 2 for `a^H`.
    Gradients go through the factors to `a`. Raises what `solve_triangular` raises.

    >>> lu_solve(lu_factor([[1.0, 2.0], [2.0, 2.0]]), [5.0, 6.0])
    Tensor([1., 2.])
    """
    check_tuning("lu_solve", tuning)
    turned = transposed("lu_solve", trans)
    lu, piv = pair("lu_solve", lu_and_piv, "(lu, piv) that lu_factor returned")
    lu, piv = square("lu_solve", lu), as_array(piv)
    columns, vector = right_side("lu_solve", lu, b)
    rows = triangular.permutation_of(piv)
    if turned:
        half = solved(lu, columns, turned)
        x = solved(lu, half, turned, lower=True, unit_diagonal=True)
        x = exchanged(x, np.argsort(rows, axis=-1))
    else:
        half = solved(lu, exchanged(columns, rows), 0, lower=True, unit_diagonal=True)
        x = solved(lu, half, 0)
    return solution(x, vector)


def exchanged(x: Array, rows: Array) -> Array:
    """The rows of matrices `x` in the order `rows`, where leading axes broadcast."""
    leading = np.broadcast_shapes(x.shape[:-2], rows.shape[:-1])
    wide = np.broadcast_to(x, (*leading, *x.shape[-2:]))
    return triangular.take_rows(wide, np.broadcast_to(rows, (*leading, *rows.shape[-1:])))


# ---------------------------------------------------------------- determinants


def logdet(a: Any) -> Array:
    """The logarithm of the determinant of each matrix, without overflow; for `det(a) > 0`.

    `a`: shape (..., M, M); the result has the shape of the leading axes. A determinant of 0 gives
    -inf. A negative one gives NaN, for a real matrix; of a complex matrix the result is complex,
    the principal logarithm. The gradient is `a^-T`, and NaN where the result is no number. If the
    sign is not known, use `np.linalg.slogdet`. Of a factor `c` of Cholesky's the logarithm is
    `2 * np.sum(np.log(np.diagonal(c)))`.

    Raises LinAlgError for a matrix that is not square.

    >>> logdet([[2.0, 0.0], [1.0, 3.0]]).round(4)
    Tensor(1.7918)
    """
    sign, size = np.linalg.slogdet(square("logdet", a))
    if sign.dtype.kind == "c":
        known = np.where(np.equal(sign, 0), np.ones_like(sign), sign)
        return as_tensors(np.log(known) + size)
    return as_tensors(size * np.where(np.less(sign, 0), np.nan, np.ones_like(size)))
