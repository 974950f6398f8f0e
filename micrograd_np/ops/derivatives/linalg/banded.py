"""Equations with a matrix of few diagonals, by SciPy.

The matrix is given by its bands, in the layout of LAPACK: row `r` of `ab` is the diagonal with
`j - i = u - r`, and the entry `a[i, j]` is `ab[u + i - j, j]`. So the entries of a column of `a`
stay in that column, and corners of `ab` hold no entry of `a`. Every rule is in this layout, and
costs as much as one product with the bands.
"""

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.stacks import (
    all_columns,
    over_stacks,
    scipy_linalg,
    stacked_again,
)


@dispatching
def solve_banded(ab: Array, b: Array, lower: int) -> Array:
    """`a^-1 b` for the matrix `a` of the bands `ab`, of which `lower` are below the diagonal."""
    linalg = scipy_linalg("solve_banded")
    upper = np.shape(ab)[-2] - 1 - lower

    def solve_one(ab: Array, b: Array) -> Array:
        if lower == upper == 1 < len(b):  # a tridiagonal matrix, for which LAPACK has its own
            (solver,) = linalg.get_lapack_funcs(("gtsv",), (ab, b))
            *_, x, info = solver(ab[2, :-1], ab[1], ab[0, 1:], b)
        else:
            (solver,) = linalg.get_lapack_funcs(("gbsv",), (ab, b))
            room = np.zeros((lower, len(b)), ab.dtype)  # for what exchanges of rows fill in
            *_, x, info = solver(lower, upper, np.concatenate([room, ab]), b)
        if info:
            raise np.linalg.LinAlgError(
                f"mg.linalg.solve_banded met a singular matrix: its elimination has the pivot 0 "
                f"in row {info - 1}, so its equations have no unique solution. Move the matrix "
                f"away: add 1e-6 to its diagonal, ab[{upper}]."
            )
        return x

    if np.ndim(ab) == 2 < np.ndim(b):  # one matrix for all: one call for all columns
        columns = over_stacks("solve_banded", solve_one, ab, all_columns(b))
        return stacked_again(columns, np.shape(b))
    return over_stacks("solve_banded", solve_one, ab, b)


def offsets(ab: Array, lower: int) -> list[int]:
    """`j - i` of each row of `ab`."""
    upper = ab.shape[-2] - 1 - lower
    return [upper - row for row in range(ab.shape[-2])]


def held_entries(ab: Array, lower: int) -> Array:
    """The mask of `ab` that is true where it holds an entry of the matrix."""
    size = ab.shape[-1]
    rows = np.arange(size) - np.reshape(offsets(ab, lower), (-1, 1))  # `i`, for each `j`
    return (rows >= 0) & (rows < size)


def transposed_bands(ab: Array, lower: int) -> Array:
    """The bands of the transpose. What wraps round lands in corners, which are not read."""
    rows = [np.roll(ab[..., r, :], -k, axis=-1) for r, k in enumerate(offsets(ab, lower))]
    return np.stack(rows[::-1], axis=-2)


def bands_of_product(y: Array, x: Array, ab: Array, lower: int) -> Array:
    """The entries of `y x^T` that lie within the bands, and zeros in the corners."""
    rows = [np.sum(np.roll(y, k, axis=-2) * x, axis=-1) for k in offsets(ab, lower)]
    return np.where(held_entries(ab, lower), np.stack(rows, axis=-2), 0)


def banded_product(ab: Array, x: Array, lower: int) -> Array:
    """`a x`."""
    known = np.where(held_entries(ab, lower), ab, 0)
    terms = [
        np.roll(known[..., r, :, None] * x, -k, axis=-2) for r, k in enumerate(offsets(ab, lower))
    ]
    return sum(terms[1:], terms[0])


def banded_right(g: Array, out: Array, ab: Array, b: Array, lower: int) -> Array:
    """`a^-T g`."""
    upper = ab.shape[-2] - 1 - lower
    return solve_banded(transposed_bands(ab, lower), g, lower=upper)


def banded_matrix(g: Array, out: Array, ab: Array, b: Array, lower: int) -> Array:
    """`-(a^-T g) out^T`, of which the bands."""
    return -bands_of_product(banded_right(g, out, ab, b, lower), out, ab, lower)


def banded_jvp(ts: list[Array | None], out: Array, ab: Array, b: Array, lower: int) -> Array:
    """`a^-1 (db - da out)`."""
    dab, db = ts
    change: Array = 0 if dab is None else -banded_product(dab, out, lower)
    return solve_banded(ab, change if db is None else db + change, lower=lower)


primitive(
    solve_banded, banded_matrix, banded_right, jvp=banded_jvp, accepted=("lower",), opaque=True
)
