"""Matrices that are laid out from smaller arrays, under SciPy's names. They need no SciPy."""

from typing import Any

import numpy as np

from micrograd_np.array_api.wrapping import as_tensors
from micrograd_np.core.op import Array
from micrograd_np.linalg.arguments import as_array


def block_diag(*arrs: Any) -> Array:
    """A matrix with the given matrices along its diagonal, in order, and zeros elsewhere.

    Each has shape (..., M, N), and leading axes broadcast. A vector is a matrix of one row, a
    number one of one entry, and an empty list one of shape (1, 0). The dtype is the arguments'
    common one. Each gradient is the block of the result's.

    >>> block_diag([[1.0, 2.0], [3.0, 4.0]], 5.0)
    Tensor([[1., 2., 0.],
            [3., 4., 0.],
            [0., 0., 5.]])
    """
    blocks = [at_least_matrix(as_array(x)) for x in arrs or ([],)]
    leading = np.broadcast_shapes(*(x.shape[:-2] for x in blocks))
    width, before, rows = sum(x.shape[-1] for x in blocks), 0, []
    for x in blocks:
        height, after = x.shape[-2], width - before - x.shape[-1]
        parts = [
            np.zeros((*leading, height, before), x.dtype),
            np.broadcast_to(x, (*leading, *x.shape[-2:])),
            np.zeros((*leading, height, after), x.dtype),
        ]
        rows.append(np.concatenate(parts, axis=-1))
        before += x.shape[-1]
    return as_tensors(np.concatenate(rows, axis=-2))


def at_least_matrix(x: Array) -> Array:
    """A vector as a row, a number as a matrix of one entry; any other array as it is."""
    return np.reshape(x, (1, -1)) if len(x.shape) < 2 else x


def toeplitz(c: Any, r: Any = None) -> Array:
    """The matrix with one entry along each diagonal: `c[i - j]` below, `r[j - i]` above.

    `c`: the first column, shape (..., M). `r`: the first row, shape (..., N), of which `r[0]` is
    not read; without it the conjugate of `c`. The result has shape (..., M, N), and leading axes
    broadcast. The gradient in an entry is the sum of the result's along that diagonal.

    >>> toeplitz([1.0, 2.0], [0.0, 5.0, 6.0])
    Tensor([[1., 5., 6.],
            [2., 1., 5.]])
    """
    column = np.atleast_1d(as_array(c))
    row = np.conj(column) if r is None else np.atleast_1d(as_array(r))
    height, width = column.shape[-1], row.shape[-1]
    leading = np.broadcast_shapes(column.shape[:-1], row.shape[:-1])
    entries = [
        np.broadcast_to(np.flip(column, axis=-1), (*leading, height)),
        np.broadcast_to(row, (*leading, width))[..., 1:],
    ]
    places = np.arange(height - 1, -1, -1)[:, None] + np.arange(width)
    return as_tensors(np.take(np.concatenate(entries, axis=-1), places, axis=-1))
