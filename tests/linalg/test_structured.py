"""Matrices laid out from smaller arrays: SciPy's values, and gradients that find their way back."""

from typing import Any

import numpy as np
import scipy.linalg
from folding import each
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import micrograd_np as mg
from micrograd_np import linalg

RNG = np.random.default_rng(5)
V, W = RNG.normal(size=3), RNG.normal(size=4)

# fmt: off
BLOCKS: dict[str, tuple[Any, ...]] = {
    "none": (), "a number": (2.0,), "vectors": (V, W), "an empty list": ([], 1.0),
    "a list and numbers": ([[1, 2], [3, 4]], 5, [6, 7]), "no columns": (np.zeros((2, 0)), V),
    "dtypes": (np.ones((1, 2), np.float32), np.ones(2, np.int8)), "complex": (1j, V),
}
COLUMNS: dict[str, tuple[Any, ...]] = {
    "column": (V,), "complex": (V + 1j * V[::-1],), "row too": (V, W), "a number": (2.0,),
    "integers": ([1, 2, 3], [9, 8]), "mixed": (V, 1j * W), "empty": ([],), "one row": (V, [7.0]),
}
# fmt: on


@each("name", BLOCKS)
def test_blocks_lie_where_scipy_has_them(name: str) -> None:
    found, right = linalg.block_diag(*BLOCKS[name]), scipy.linalg.block_diag(*BLOCKS[name])
    np.testing.assert_array_equal(found.data, right)
    assert found.dtype == right.dtype


@each("name", COLUMNS)
def test_diagonals_lie_where_scipy_has_them(name: str) -> None:
    found, right = linalg.toeplitz(*COLUMNS[name]), scipy.linalg.toeplitz(*COLUMNS[name])
    np.testing.assert_array_equal(found.data, right)
    assert found.dtype == right.dtype


def test_the_gradient_is_a_sum_along_diagonals() -> None:
    g = RNG.normal(size=(3, 4))
    column, row = mg.vjp(linalg.toeplitz, V, W)[1](g)
    np.testing.assert_allclose(column, [np.trace(g, -k) for k in range(3)])
    np.testing.assert_allclose(row, [0, *(np.trace(g, k) for k in (1, 2, 3))])


@given(arrays(complex, st.integers(1, 4), elements=st.complex_numbers(max_magnitude=9)))
def test_a_complex_column_is_conjugated_in_the_row(c: Any) -> None:
    """The pullback is the transpose of the map, which is linear over the reals."""
    n = len(c)
    g = RNG.normal(size=(n, n)) + 1j * RNG.normal(size=(n, n))
    pulled = mg.vjp(linalg.toeplitz, c)[1](g)[0]
    t = RNG.normal(size=n) + 1j * RNG.normal(size=n)
    pushed = mg.jvp(linalg.toeplitz, [c], [t])[1]
    np.testing.assert_array_equal(pushed, scipy.linalg.toeplitz(t))
    inner = np.sum(np.real(np.conj(g) * pushed)), np.sum(np.real(np.conj(pulled) * t))
    np.testing.assert_allclose(*inner)


def test_stacks_batches_and_programs() -> None:
    x, y = RNG.normal(size=(2, 1, 2, 3)), RNG.normal(size=(4, 1, 2))
    blocks = linalg.block_diag(x, y)
    assert blocks.shape == (2, 4, 3, 5)
    np.testing.assert_array_equal(blocks[1, 2], scipy.linalg.block_diag(x[1, 0], y[2]))
    stack = linalg.toeplitz(np.stack([V, 2 * V]), W)
    np.testing.assert_array_equal(stack[1], scipy.linalg.toeplitz(2 * V, W))

    def f(c: Any, r: Any) -> Any:
        return np.sum(linalg.block_diag(linalg.toeplitz(c, r), c, r) ** 3)

    columns = np.stack([V, 2 * V])
    each_alone = np.stack([mg.grad(f)(c, W) for c in columns])
    np.testing.assert_allclose(mg.vmap(mg.grad(f), in_axes=(0, None))(columns, W), each_alone)
    np.testing.assert_allclose(mg.compile(mg.grad(f))(V, W), each_alone[0])
    assert mg.gradcheck(f, (V, W), order=2)
