"""Rows of the op tests: the ops behind `mg.linalg` that SciPy computes.

References are loops over SciPy's functions of single matrices, or another way to the same numbers.
"""

from collections.abc import Callable

import numpy as np
import scipy.linalg

from micrograd_np.ops.derivatives.linalg.banded import solve_banded
from micrograd_np.ops.derivatives.linalg.matrix_functions import expm, logm, sqrtm
from micrograd_np.ops.derivatives.linalg.triangular import (
    lu_factor,
    permutation_of,
    solve_sylvester,
    solve_triangular,
)
from optable.decomposition_rows import spaced
from optable.table import Array, any_real, case, complex_case, flat_op, mixed_case, row


def of_each(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of single matrices on all of a stack, in the stack's dtype."""

    def on_stack(x: Array) -> Array:
        *leading, _, _ = x.shape
        out = np.empty_like(x)
        for i in np.ndindex(*leading) if x.size else ():
            out[i] = function(x[i])
        return out

    return on_stack


def by_solve(a: Array, b: Array, lower: bool = False, unit_diagonal: bool = False) -> Array:
    """Triangular equations by `np.linalg.solve`, of matrices only."""
    *_, _, _ = b.shape
    triangle = np.tril(a) if lower else np.triu(a)
    if unit_diagonal:
        eye = np.eye(a.shape[-1], dtype=a.dtype)
        triangle = triangle * (1 - eye) + eye
    return np.linalg.solve(triangle, b)


def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Bands with a heavy diagonal, which is in the middle row here or the first of two."""
    bands = rng.uniform(-1, 1, shape)
    if len(shape) > 1:
        bands[..., (shape[-2] - 1) // 2, :] += 4
    return bands


def by_full_matrix(ab: Array, b: Array, lower: int) -> Array:
    """Equations with bands by `np.linalg.solve`, with each entry put in its place."""
    *leading, bands, size = ab.shape
    *_, _, _ = b.shape
    a = np.zeros((*leading, size, size), ab.dtype)
    for band, j in np.ndindex(bands, size):
        i = j + band - (bands - 1 - lower)
        if 0 <= i < size:
            a[..., i, j] = ab[..., band, j]
    return np.linalg.solve(a, b)


def log_of(a: Array) -> Array:
    """In double precision: SciPy warns of the digits that single precision does not have."""
    return scipy.linalg.logm(a.astype(complex if a.dtype.kind == "c" else float))


def by_elimination(a: Array) -> tuple[Array, Array]:
    """The factors that SciPy has, for each matrix."""
    lu, pivots = np.empty_like(a), np.zeros(a.shape[:-1], np.int32)
    for i in np.ndindex(a.shape[:-2] if a.size else (0,)):
        lu[i], pivots[i] = scipy.linalg.lu_factor(a[i])
    return lu, pivots


def exchanges(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """For each row one of the rows from there on."""
    places = np.arange(shape[-1])
    return places + rng.integers(0, shape[-1] - places, shape)


def one_by_one(pivots: Array) -> Array:
    """The rows after each exchange, in a list."""
    out = np.empty(pivots.shape, int)
    for i in np.ndindex(pivots.shape[:-1]):
        rows = list(range(pivots.shape[-1]))
        for k, other in enumerate(pivots[i]):
            rows[k], rows[other] = rows[other], rows[k]
        out[i] = rows
    return out


def by_kronecker(a: Array, b: Array, q: Array) -> Array:
    """Sylvester's equation as one equation of all entries."""
    m, n = q.shape[-2:]
    wide = np.einsum("...ij,kl->...ikjl", a, np.eye(n)) + np.einsum(
        "ij,...lk->...ikjl", np.eye(m), b
    )
    leading = np.broadcast_shapes(wide.shape[:-4], q.shape[:-2])
    wide = np.broadcast_to(wide, leading + wide.shape[-4:]).reshape(*leading, m * n, m * n)
    flat = np.broadcast_to(q, (*leading, m, n)).reshape(*leading, m * n, 1)
    return np.linalg.solve(wide, flat).reshape(*leading, m, n).astype(np.result_type(a, b, q))


# fmt: off
row(solve_triangular, (spaced, any_real),
    case((3, 3), (3, 2)), case((3, 3), (3, 2), lower=True), case((3, 3), (2, 3, 2)),
    case((2, 3, 3), (3, 2), lower=True, unit_diagonal=True), case((1, 1), (1, 1)), case((0, 0), (0, 2)),
    complex_case((3, 3), (3, 2)), mixed_case("cf", (2, 3, 3), (3, 2), lower=True),
    reference=by_solve, lacks="single")
row(solve_banded, (heavy, any_real),
    case((3, 4), (4, 2), lower=1), case((2, 3), (3, 2), lower=1), case((1, 2), (2, 1), lower=0),
    case((5, 4), (2, 4, 2), lower=2), case((2, 3, 3), (3, 2), lower=1), case((3, 1), (1, 2), lower=1),
    case((5, 2), (2, 1), lower=2), case((3, 0), (0, 2), lower=1),
    complex_case((4, 4), (4, 2), lower=2), mixed_case("cf", (2, 3, 3), (3, 2), lower=1),
    reference=by_full_matrix, lacks="single")
row(lu_factor, spaced,
    case((3, 3)), case((2, 3, 3)), case((1, 1)), case((0, 0)), complex_case((3, 3)),
    through=lambda x: np.flip(x, axis=-2), reference=by_elimination, lacks="single")
flat_op(permutation_of, case((4,)), case((2, 3)), domain=exchanges)
row(solve_sylvester, (spaced, spaced, any_real),
    case((3, 3), (2, 2), (3, 2)), case((2, 2, 2), (2, 2), (2, 2)), case((1, 1), (1, 1), (1, 1)),
    case((0, 0), (2, 2), (0, 2)), complex_case((2, 2), (2, 2), (2, 2)), mixed_case("fc", (2, 2), (2, 2), (2, 2)),
    reference=by_kronecker, lacks="single")
row(expm, any_real,
    case((3, 3)), case((2, 2, 2)), case((1, 1)), case((0, 0)), complex_case((3, 3)),
    reference=of_each(scipy.linalg.expm), lacks="single")
row(logm, spaced,
    case((3, 3)), case((2, 2, 2)), case((1, 1)), case((0, 0)), complex_case((2, 2)),
    reference=of_each(log_of), lacks="single")
row(sqrtm, spaced,
    case((3, 3)), case((2, 2, 2)), case((1, 1)), case((0, 0)), complex_case((2, 2)),
    reference=of_each(scipy.linalg.sqrtm), lacks="single")
# fmt: on
