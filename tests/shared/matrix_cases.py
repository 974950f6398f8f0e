"""Matrices and losses for the tests of matrix functions."""

from typing import Any

import numpy as np
import pytest
from optable.decomposition_rows import spaced

KINDS = {"real": 0.0, "complex": 1j}
kinds = pytest.mark.parametrize("kind", KINDS)


def matrix(kind: str, *shape: int, seed: int = 0) -> Any:
    """Eigenvalues and singular values about one apart; complex ones have imaginary parts."""
    rng = np.random.default_rng([seed, *shape])
    x = spaced(rng, shape)
    return x + KINDS[kind] * rng.uniform(-0.3, 0.3, shape) if KINDS[kind] else x


def random_like(x: Any, seed: int = 5) -> Any:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=x.shape)
    return drawn + 1j * rng.normal(size=x.shape) if x.dtype.kind == "c" else drawn


# ---------------------------------------------------------------- determinants of singular matrices

RANKS = {
    "rank 3": np.array([[1.0, 2, 3, 1], [2, 4, 6, 2], [0, 1, -1, 2], [1, 0, 2, 5]]),
    "rank 2": np.array([[1.0, 2, 3, 1], [2, 4, 6, 2], [0, 1, -1, 2], [1, 3, 2, 3]]),
    "rank 1": np.outer([1.0, 2, 0, -1], [1.0, 1, 3, 2]),
    "zeros": np.zeros((4, 4)),
    "twice the identity": 2 * np.eye(4),
    "complex rank 2": np.array([[1j, 2, 0, 1], [2j, 4, 0, 2], [1, 1j, 0, 3], [0, 0, 0, 0]]),
}


# ---------------------------------------------------------------- norms

MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
