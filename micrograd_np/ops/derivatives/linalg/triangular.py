"""Triangular equations, the LU decomposition, and Sylvester's equation, by SciPy.

Right-hand sides are matrices here: `mg.linalg` gives vectors their column.

Sources: M. Giles, An extended collection of matrix derivative results, 2008 (equations); F. de
Hoog, R. Anderssen and M. Lukas, Differentiation of matrix functionals using triangular
factorization, Mathematics of Computation 80, 2011 (LU).
"""

from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import constant, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.libraries import take_along_axis
from micrograd_np.ops.kernels.matrices import strict_lower, transpose
from micrograd_np.ops.kernels.stacks import (
    all_columns,
    for_lapack,
    over_stacks,
    scipy_linalg,
    stacked_again,
)

# ---------------------------------------------------------------- triangular equations


@dispatching
def solve_triangular(a: Array, b: Array, lower: bool = False, unit_diagonal: bool = False) -> Array:
    """`a^-1 b` for a triangle of `a`; the rest of `a` is not read, nor a diagonal of ones."""
    linalg = scipy_linalg("solve_triangular")

    def solve_one(a: Array, b: Array) -> Array:
        zeros = np.flatnonzero(np.diagonal(a) == 0)
        if zeros.size and not unit_diagonal:
            raise np.linalg.LinAlgError(
                f"a triangular matrix with a 0 on its diagonal, here in row {zeros[0]}, is "
                f"singular: its equations have no unique solution. So are the factors of a "
                f"singular matrix. Move the matrix away, as by A + 1e-6 * I."
            )
        return linalg.solve_triangular(
            a, b, lower=lower, unit_diagonal=unit_diagonal, check_finite=False
        )

    if np.ndim(a) == 2 < np.ndim(b):  # one matrix for all: one call for all columns
        columns = over_stacks("solve_triangular", solve_one, a, all_columns(b))
        return stacked_again(columns, np.shape(b))
    return over_stacks("solve_triangular", solve_one, a, b)


def triangle_of(x: Array, lower: bool, unit_diagonal: bool) -> Array:
    """The entries of each matrix that `solve_triangular` reads, with zeros elsewhere."""
    return np.tril(x, -int(unit_diagonal)) if lower else np.triu(x, int(unit_diagonal))


def back_solved(a: Array, g: Array, lower: bool, unit_diagonal: bool) -> Array:
    """`a^-T g`."""
    return solve_triangular(transpose(a), g, lower=not lower, unit_diagonal=unit_diagonal)


def triangular_matrix(
    g: Array, out: Array, a: Array, b: Array, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    """`-(a^-T g) out^T`, of which the triangle that is read."""
    outer = back_solved(a, g, lower, unit_diagonal) @ transpose(out)
    return -triangle_of(outer, lower, unit_diagonal)


def triangular_right(
    g: Array, out: Array, a: Array, b: Array, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    return back_solved(a, g, lower, unit_diagonal)


def triangular_jvp(
    ts: list[Array | None], out: Array, a: Array, b: Array,
    lower: bool = False, unit_diagonal: bool = False,
) -> Array:  # fmt: skip
    """`a^-1 (db - da out)`."""
    da, db = ts
    change: Array = 0 if da is None else -(triangle_of(da, lower, unit_diagonal) @ out)
    change = change if db is None else db + change
    return solve_triangular(a, change, lower=lower, unit_diagonal=unit_diagonal)


primitive(solve_triangular, triangular_matrix, triangular_right, jvp=triangular_jvp, opaque=True)

# ---------------------------------------------------------------- LU


@dispatching
def lu_factor(a: Array) -> tuple[Array, Array]:
    """The factors of square matrices in one array, and the row that each row was exchanged with."""
    factor = scipy_linalg("lu_factor").lu_factor
    (a,) = for_lapack("lu_factor", a)
    lu, pivots = np.zeros_like(a), np.zeros(a.shape[:-1], np.int32)
    for i in np.ndindex(a.shape[:-2] if a.size else (0,)):
        lu[i], pivots[i] = factor(a[i], check_finite=False)
    return lu, pivots


@dispatching
def permutation_of(pivots: Array) -> Array:
    """The row of the matrix that each row of its LU factors is of, from the exchanges of rows."""
    places = np.cumsum(np.ones_like(pivots), axis=-1) - 1
    rows = places
    for i in range(pivots.shape[-1]):
        other = np.equal(places, pivots[..., i, None])
        chosen = np.sum(np.where(other, rows, 0), axis=-1, keepdims=True)
        moved = np.where(np.equal(places, i), chosen, rows)
        rows = np.where(other, rows[..., i, None], moved)
    return rows


def take_rows(x: Array, rows: Array) -> Array:
    """The rows of each matrix in another order."""
    return take_along_axis(x, rows[..., None], axis=-2)


def lu_vjp(g: list[Any], out: Any, a: Array) -> Array:
    """`P L^-T (strict_lower(L^T g_L) + upper(g_U U^T)) U^-T`."""
    lu, g_lu = out[0], g[0]
    g_lower = strict_lower(g_lu)
    left = strict_lower(g_lower + transpose(strict_lower(lu)) @ g_lower)
    inner = left + np.triu(np.triu(g_lu) @ transpose(np.triu(lu)))
    half = transpose(solve_triangular(lu, transpose(inner)))  # inner U^-T
    back = solve_triangular(transpose(lu), half, unit_diagonal=True)  # L^-T half
    return take_rows(back, np.argsort(permutation_of(out[1]), axis=-1))


def lu_jvp(ts: list[Array], out: Any, a: Array) -> tuple[Array, Array]:
    """`dL = L strict_lower(D)` and `dU = upper(D) U`, for `D = L^-1 P^T da U^-1`."""
    lu, pivots = out
    moved = take_rows(ts[0], permutation_of(pivots))
    left = solve_triangular(lu, moved, lower=True, unit_diagonal=True)
    inner = transpose(solve_triangular(transpose(lu), transpose(left), lower=True))
    low = strict_lower(inner)
    change = low + strict_lower(lu) @ low + np.triu(inner) @ np.triu(lu)
    return change, np.zeros_like(pivots)


primitive(lu_factor, lu_vjp, jvp=lu_jvp, opaque=True)
constant(permutation_of, opaque=True)

# ---------------------------------------------------------------- Sylvester's equation


@dispatching
def solve_sylvester(a: Array, b: Array, q: Array) -> Array:
    """The solution `x` of `a x + x b = q`, for square `a` and `b`.

    Raises LinAlgError if an eigenvalue of `a` is one of `-b`, to rounding.
    """
    linalg = scipy_linalg("solve_sylvester")

    def solve_one(a: Array, b: Array, q: Array) -> Array:
        """The algorithm of Bartels and Stewart, as SciPy has it, with an error where it is singular."""
        (r, u), (s, v) = linalg.schur(a), linalg.schur(b)
        core = np.conj(u.T) @ q @ v
        y, scale, info = linalg.get_lapack_funcs("trsyl", (r, s, core))(r, s, core)
        if info:
            raise np.linalg.LinAlgError(
                "a x + x b = q has no unique solution x: an eigenvalue of a is one of -b, to "
                "rounding. In the derivative of sqrtm it means that the root has the eigenvalue "
                "0, where sqrtm has no derivative: move the matrix away, as by A + 1e-6 * I."
            )
        return u @ (y / scale) @ np.conj(v.T)

    return over_stacks("solve_sylvester", solve_one, a, b, q)


def sylvester_right(g: Array, out: Array, a: Array, b: Array, q: Array) -> Array:
    return solve_sylvester(transpose(a), transpose(b), g)


def sylvester_jvp(ts: list[Array | None], out: Array, a: Array, b: Array, q: Array) -> Array:
    """The solution for `dq - da x - x db`."""
    da, db, dq = ts
    change: Array = np.zeros_like(out) if dq is None else dq
    change = change if da is None else change - da @ out
    return solve_sylvester(a, b, change if db is None else change - out @ db)


# fmt: off
primitive(solve_sylvester, lambda g, out, a, b, q: -(sylvester_right(g, out, a, b, q) @ transpose(out)),
                           lambda g, out, a, b, q: -(transpose(out) @ sylvester_right(g, out, a, b, q)),
                           sylvester_right, jvp=sylvester_jvp, opaque=True)
# fmt: on
