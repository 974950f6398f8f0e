"""Rows of the op tests: decompositions, inverses, determinants, solutions, matrix norms.

Matrices are drawn with eigenvalues and singular values about one apart. Vectors of complex
decompositions have an arbitrary phase, so that single entries of them have no derivative to compare
with: they are in `test_decompositions`, in losses that do not depend on it.
"""

from itertools import permutations
from typing import Any

import numpy as np

from micrograd_np.ops.composed.vector_products import cross
from micrograd_np.ops.derivatives.elementwise import safe_divide
from micrograd_np.ops.derivatives.linalg.decompositions import qr
from micrograd_np.ops.derivatives.linalg.determinants import cofactors
from micrograd_np.ops.derivatives.linalg.singular_values import svd
from micrograd_np.ops.derivatives.linalg.solving import from_lower
from optable.table import (
    Array,
    also,
    any_real,
    binary,
    case,
    complex_case,
    flat_op,
    mixed_case,
    nonzero,
    row,
)


def spaced(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Near the diagonal matrix of 1, 2, 3, and so on; any numbers, if `shape` is of a vector."""
    entries = rng.uniform(-0.3, 0.3, shape)
    return (
        entries + np.eye(*shape[-2:]) * np.arange(1, shape[-1] + 1) if len(shape) > 1 else entries
    )


def hermitian(x: Any) -> Any:
    return (x + np.conj(x).mT) / 2


def invertible_when_flat(x: Any) -> Any:
    return (x.reshape(4, 4) + 3 * np.eye(4, dtype=x.dtype)).reshape(x.shape) if x.size == 16 else x


def determinant_by_rows(x: Array) -> Array:
    """Laplace's expansion, of one matrix."""
    n = len(x)
    if n == 0:
        return np.ones((), x.dtype)
    minors = [np.delete(x[1:], column, axis=1) for column in range(n)]
    return sum((-1) ** i * x[0, i] * determinant_by_rows(minor) for i, minor in enumerate(minors))


def determinant_along(x: Array, *directions: Array) -> Array:
    """The determinant differentiated along directions: rows replaced by theirs, in every way."""
    total = np.zeros((), x.dtype)
    for rows in permutations(range(len(x)), len(directions)):
        replaced = np.array(x)
        for i, direction in zip(rows, directions, strict=True):
            replaced[i] = direction[i]
        total = total + determinant_by_rows(replaced)
    return total


def cofactors_by_minors(*matrices: Array) -> Array:
    """Signed determinants of what is left without a row and a column."""
    out = np.zeros_like(matrices[0])
    for place in np.ndindex(*out.shape):
        *batch, i, j = place
        rest = [np.delete(np.delete(x[tuple(batch)], i, axis=0), j, axis=1) for x in matrices]
        out[place] = (-1) ** (i + j) * determinant_along(*rest)
    return out


# fmt: off
# ---------------------------------------------------------------- equations

row(np.linalg.solve, (spaced, any_real),
    case((3, 3), (3,)), case((3, 3), (3, 2)), case((4, 3, 3), (3,)), case((4, 3, 3), (3, 2)),
    case((4, 3, 3), (4, 3, 2)), case((3, 3), (4, 3, 2)), case((1, 2, 2), (5, 2, 1)),
    case((1, 1), (1,)), case((0, 0), (0,)), case((0, 2, 2), (2, 3)), case((2, 2), (2, 0)),
    case(np.array([[2.0, 1.0], [1.0, 3.0]]), (2,)), case((2, 2), np.array([1.0, 2.0])),
    complex_case((3, 3), (3, 2)), mixed_case("fc", (3, 3), (3,)), mixed_case("cf", (2, 3, 3), (3, 2)),
    lacks="single")
row(np.linalg.inv, spaced,
    case((3, 3)), case((2, 3, 3)), case((1, 1)), case((0, 0)), case((0, 2, 2)), complex_case((3, 3)),
    lacks="single")
row(from_lower, any_real, case((3, 3)), case((2, 2, 2)), case((0, 0)), complex_case((3, 3)), lacks="single", through=hermitian, reference=lambda x: x)
row(np.linalg.pinv, spaced,
    case((3, 3)), case((4, 2)), case((2, 4)), case((5, 3, 2)), case((0, 3)), case((3, 0)),
    case((3, 2), rcond=1e-10), case((3, 2), rtol=1e-10), complex_case((4, 2)), complex_case((2, 3)),
    lacks="single")
row(np.linalg.lstsq, (spaced, any_real),
    case((4, 2), (4,)), case((4, 2), (4, 3)), case((2, 4), (2,)), case((2, 4), (2, 3)),
    case((3, 3), (3,)), case((3, 3), (3, 2), rcond=1e-10), case((3, 2), (3,), rcond=-1),
    case((3, 2), np.array([1.0, 2.0, 4.0])), case(np.ones((3, 1)), (3,)), case((0, 2), (0,)),
    complex_case((4, 2), (4, 3)), complex_case((2, 3), (2,)),
    lacks="single")
row(np.linalg.tensorsolve, (spaced, any_real),
    case((4, 2, 2), (4,)), case((4, 4), (4,)), case((4, 2, 2), (2, 2), axes=(0,)),
    through=invertible_when_flat, lacks="empty single")
row(np.linalg.tensorinv, spaced, case((4, 2, 2), ind=1), case((4, 4), ind=1),
    through=invertible_when_flat, lacks="empty single")
flat_op(np.linalg.matrix_rank, case((2, 3)), case((4, 2, 3)), case((3, 3), hermitian=True), domain=spaced)

# ---------------------------------------------------------------- determinants

row(np.linalg.det, any_real,
    case((3, 3)), case((2, 4, 4)), case((2, 2)), case((1, 1)), case((0, 0)), case((0, 2, 2)),
    complex_case((3, 3)), lacks="single")
row(np.linalg.slogdet, spaced,
    case((3, 3)), case((2, 3, 3)), case((1, 1)), case((0, 0)), complex_case((3, 3)), complex_case((1, 1)),
    lacks="single")
row(cofactors, any_real,
    case((3, 3)), case((2, 4, 4)), case((1, 1)), case((0, 0)), case((3, 3), (3, 3)),
    case((2, 3, 3), (2, 3, 3)), case((3, 3), (3, 3), (3, 3)), case((4, 4), (4, 4), (4, 4)),
    complex_case((3, 3)), complex_case((3, 3), (3, 3)), complex_case((3, 3), (3, 3), (3, 3)),
    reference=cofactors_by_minors, lacks="single")

# ---------------------------------------------------------------- decompositions

row(np.linalg.cholesky, spaced,
    case((3, 3)), case((2, 3, 3)), case((3, 3), upper=True), case((1, 1)), case((0, 0)),
    complex_case((3, 3)), complex_case((3, 3), upper=True),
    through=lambda x: x @ np.conj(x).mT, lacks="single")
row(np.linalg.eigh, spaced,
    case((3, 3)), case((2, 3, 3)), case((3, 3), UPLO="U"), case((1, 1)), case((0, 0)),
    through=hermitian, lacks="single")
row(np.linalg.eigvalsh, spaced,
    case((3, 3)), case((2, 3, 3)), case((3, 3), UPLO="U"), case((1, 1)), case((0, 0)), complex_case((3, 3)),
    through=hermitian, lacks="single")
row(np.linalg.eig, spaced, case((3, 3)), case((2, 3, 3)), case((1, 1)), case((0, 0)), lacks="single")
row(np.linalg.eigvals, spaced,
    case((3, 3)), case((2, 3, 3)), case((1, 1)), case((0, 0)), complex_case((3, 3)), lacks="single")
SVD = (case((3, 3)), case((4, 2), full_matrices=False), case((2, 4), full_matrices=False),
       case((2, 3, 3)), case((1, 1)), case((0, 0)), case((0, 3), full_matrices=False))
row(svd, spaced, *SVD, lacks="single")
row(np.linalg.svd, spaced,
    *SVD, case((4, 2), compute_uv=False), complex_case((3, 2), compute_uv=False), lacks="single")
row(np.linalg.svdvals, spaced,
    case((3, 3)), case((4, 2)), case((2, 4)), case((5, 3, 2)), case((0, 3)), complex_case((3, 2)), lacks="single")
QR = (case((3, 3)), case((4, 2)), case((2, 4, 3)), case((1, 1)), case((0, 0)), case((3, 0)),
      complex_case((4, 2)), complex_case((3, 3)))
row(qr, spaced, *QR, lacks="single")
row(np.linalg.qr, spaced,
    *QR, case((2, 4)), case((3, 2, 3)), case((4, 2), mode="r"), case((2, 3), mode="r"),
    case((3, 3), mode="complete"), case((2, 3), mode="complete"), complex_case((2, 4)), lacks="single")

# ---------------------------------------------------------------- norms

ORDERS = (None, "fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2)
binary(safe_divide, any_real, nonzero, reference=np.divide)
row(np.linalg.cond, spaced,
    *(case((3, 3), p=p) for p in ORDERS), case((4, 2)), case((2, 3, 3)), case((2, 3, 3), p=1),
    case((0, 2, 2)), complex_case((3, 3)), lacks="single")
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # before, the result was a complex number
    also(np.linalg.cond, complex_case((2, 2), p="fro"))
row(np.linalg.matrix_norm, spaced,
    case((3, 3)), *(case((3, 3), ord=p) for p in ORDERS), case((4, 3, 2), ord="nuc", keepdims=True),
    case((0, 3), ord="nuc"), complex_case((3, 2)), complex_case((3, 2), ord=2), lacks="single")
row(np.linalg.vector_norm, nonzero,
    case((4,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=1, keepdims=True, ord=1),
    case((2, 3, 2), axis=(0, 2)), case((2, 3, 2), axis=(0, 2), ord=3), case(()), case((2, 0)),
    *(case((2, 3), ord=p) for p in (0, 1, 2, 2.5, -1, -2)), *(case((3, 2), axis=0, ord=p, keepdims=True) for p in (1, 3)),
    complex_case((2, 3)), complex_case((4,), ord=3), complex_case((4,), ord=1))

# ---------------------------------------------------------------- products

CROSS = (case((3,), (3,)), case((2, 3), (2, 3)), case((2, 3), (3,)), case((3,), (4, 2, 3)),
         case((0, 3), (0, 3)), complex_case((3,), (2, 3)))
row(cross, (any_real, any_real), *CROSS, lacks="single")
row(np.cross, (any_real, any_real),
    *CROSS, case((3, 2), (3, 2), axis=0), case((3, 4), (5, 4, 3), axisa=0),
    case((3, 4), (4, 3), axisa=0, axisb=1, axisc=0), lacks="single")
row(np.linalg.cross, (any_real, any_real), *CROSS, case((3, 2), (3, 2), axis=0), lacks="single")
row(np.kron, (any_real, any_real),
    case((3,), (2,)), case((2, 2), (3, 2)), case((2,), (3, 2)), case((2, 2), (3,)), case((), (3,)),
    case((2, 3), ()), case((), ()), case((0,), (2,)), case((2, 3, 2), (1, 2)), complex_case((2, 2), (2,)))
row(np.linalg.multi_dot, any_real,
    case((2, 3), (3, 4)), case((2, 3), (3, 4), (4, 2)), case((3,), (3, 4), (4, 2)),
    case((2, 3), (3, 4), (4,)), case((3,), (3, 3), (3,)), case((4, 1), (1, 4), (4, 1), (1, 3)),
    case((2, 0), (0, 3)), complex_case((2, 3), (3, 3), (3,)), spread=False, lacks="single")
row(np.linalg.matrix_power, spaced,
    *(case((3, 3), n) for n in (0, 1, 2, 3, 5, -1, -3)), case((2, 2, 2), 4), case((0, 0), 2),
    complex_case((2, 2), 3))
row(np.linalg.outer, (any_real, any_real), case((3,), (2,)), case((0,), (2,)), complex_case((2,), (3,)), lacks="single")
row(np.linalg.diagonal, any_real, case((3, 4)), case((2, 3, 4), offset=1), case((0, 3)), lacks="single")
row(np.linalg.trace, any_real, case((3, 3)), case((2, 3, 4), offset=-1), case((0, 3)), case((3, 3), dtype=np.float64), lacks="single")
# fmt: on
