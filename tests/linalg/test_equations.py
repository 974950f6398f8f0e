"""Equations with bands, and Sylvester's: SciPy's values, and the gradients of full matrices."""

# ruff: noqa: E501 - a row of a table stays on one line

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from folding import each
from matrix_cases import matrix

import micrograd_np as mg
from micrograd_np import linalg
from micrograd_np.errors import MissingExtraError, ShapeError

RNG = np.random.default_rng(5)
BANDS = [(0, 0), (1, 1), (1, 0), (0, 2), (2, 1), (5, 3)]


def bands(lower: int, upper: int, size: int, kind: str = "f") -> Any:
    ab = RNG.normal(size=(lower + upper + 1, size))
    ab[upper] += 6
    return ab + 1j * RNG.normal(size=ab.shape) if kind == "c" else ab


def full(ab: Any, lower: int) -> Any:
    """The matrix of the bands, as an expression."""
    upper = ab.shape[0] - 1 - lower
    size = ab.shape[1]
    i, j = np.indices((size, size))
    inside = (j - i <= upper) & (i - j <= lower)
    return np.where(inside, ab[np.clip(upper + i - j, 0, ab.shape[0] - 1), j], 0)


@each("counts", BANDS)
@pytest.mark.parametrize("kind", ["f", "c"])
def test_bands_are_those_of_the_full_matrix(counts: tuple[int, int], kind: str) -> None:
    """Values, gradients, and second derivatives, with garbage in the corners."""
    for size, sides in ((4, (4, 2)), (4, (4,)), (1, (1, 1)), (2, (3, 2, 1))):
        ab, b = bands(*counts, size, kind), RNG.normal(size=sides)
        out, pullback = mg.vjp(lambda ab, b: linalg.solve_banded(counts, ab, b), ab, b)
        columns = b[:, None] if b.ndim == 1 else b
        right, expected = mg.vjp(lambda ab, b: np.linalg.solve(full(ab, counts[0]), b), ab, columns)
        g = RNG.normal(size=right.shape)
        np.testing.assert_allclose(np.reshape(out, right.shape), right, 1e-10, 1e-12)
        for found, known in zip(pullback(g.reshape(out.shape)), expected(g), strict=True):
            np.testing.assert_allclose(found, np.reshape(known, found.shape), 1e-9, 1e-11)


@pytest.mark.thorough
@each("counts", BANDS)
def test_second_derivatives_of_bands(counts: tuple[int, int]) -> None:
    def solve(ab: Any, b: Any) -> Any:
        return linalg.solve_banded(counts, ab, b)

    assert mg.gradcheck(solve, (bands(*counts, 4), RNG.normal(size=4)), order=2)
    assert mg.gradcheck(solve, (bands(*counts, 3, "c"), RNG.normal(size=(3, 2))), order=2)


def test_bands_are_scipys() -> None:
    for counts in BANDS:
        ab, b = bands(*counts, 6), RNG.normal(size=6)
        np.testing.assert_allclose(
            linalg.solve_banded(counts, ab, b, overwrite_ab=True).data,
            scipy.linalg.solve_banded(counts, ab, b),
            1e-12,
        )
    single = linalg.solve_banded((1, 1), bands(1, 1, 3).astype(np.float32), np.ones(3, np.float32))
    assert single.dtype == np.float32
    assert linalg.solve_banded((0, 0), [[2, 4]], [2, 2]).tolist() == [1.0, 0.5]


def test_corners_are_not_read() -> None:
    """NaN there changes nothing, in values and in derivatives of both orders."""
    ab = bands(2, 1, 4)
    garbage = ab.copy()
    garbage[0, 0] = garbage[2, -1] = garbage[3, -2:] = np.nan

    def f(ab: Any) -> Any:
        return np.sum(linalg.solve_banded((2, 1), ab, np.arange(4.0)) ** 2)

    for derivative in (mg.grad(f), mg.hessian(f)):
        np.testing.assert_array_equal(derivative(garbage), derivative(ab))
    np.testing.assert_allclose(mg.jvp(f, (garbage,), (garbage,))[1], mg.jvp(f, (ab,), (ab,))[1])


def test_batches_and_programs() -> None:
    stack, b = np.stack([bands(1, 2, 4), bands(1, 2, 4)]), RNG.normal(size=4)

    def solve(ab: Any, b: Any) -> Any:
        return linalg.solve_banded((1, 2), ab, b)

    alone = np.stack([solve(ab, b).data for ab in stack])
    np.testing.assert_allclose(mg.vmap(solve, in_axes=(0, None))(stack, b), alone)
    np.testing.assert_allclose(solve(stack, b).data, alone)
    gradient = mg.grad(lambda ab: np.sum(solve(ab, b) ** 2))
    compiled = mg.compile(gradient)
    for ab in stack:
        np.testing.assert_allclose(compiled(ab), gradient(ab), 1e-12)
    assert "solve_banded(" in compiled.source


def test_sylvester_is_scipys() -> None:
    a, b, q = matrix("real", 3, 3), matrix("complex", 2, 2), RNG.normal(size=(3, 2))
    np.testing.assert_allclose(
        linalg.solve_sylvester(a, b, q).data, scipy.linalg.solve_sylvester(a, b, q), 1e-10
    )
    assert mg.gradcheck(linalg.solve_sylvester, (a, b, q))
    stack = np.stack([a, a + np.eye(3)])
    batch = mg.vmap(linalg.solve_sylvester, in_axes=(0, None, None))(stack, b, q)
    np.testing.assert_allclose(linalg.solve_sylvester(stack, b, q).data, batch, 1e-12)


# fmt: off
MISTAKES: dict[str, tuple[Any, Any, str]] = {
    "rows":       (lambda: linalg.solve_banded((1, 1), np.ones((2, 3)), np.ones(3)), ShapeError, r"\(l, u\) = \(1, 1\), ab of shape \(2, 3\)"),
    "negative":   (lambda: linalg.solve_banded((-1, 1), np.ones((1, 3)), np.ones(3)), ValueError, r"Given: \(-1, 1\)"),
    "fraction":   (lambda: linalg.solve_banded((1.0, 1), np.ones((3, 3)), np.ones(3)), TypeError, "integer"),
    "lengths":    (lambda: linalg.solve_banded((0, 1), np.ones((2, 3)), np.ones(2)), ShapeError, r"b of shape \(2,\)"),
    "singular":   (lambda: linalg.solve_banded((1, 1), np.zeros((3, 3)), np.ones(3)), np.linalg.LinAlgError, r"row 0.*ab\[1\]"),
    "zero":       (lambda: linalg.solve_banded((1, 1), np.zeros((3, 1)), np.ones(1)), np.linalg.LinAlgError, "singular"),
    "option":     (lambda: linalg.solve_banded((0, 0), np.ones((1, 1)), np.ones(1), overwrite_a=True), TypeError, "got overwrite_a"),
    "half":       (lambda: linalg.solve_banded((0, 0), np.ones((1, 1), np.float16), np.ones(1, np.float16)), TypeError, "float16"),
    "no unique":  (lambda: linalg.solve_sylvester(np.eye(2), -np.eye(2), np.eye(2)), np.linalg.LinAlgError, "no unique solution"),
    "no square":  (lambda: linalg.solve_sylvester(np.ones((2, 3)), np.eye(2), np.eye(2)), np.linalg.LinAlgError, "square matrices"),
    "a vector":   (lambda: linalg.solve_sylvester(np.eye(2), np.eye(1), np.ones(2)), ShapeError, r"q\[:, None\]"),
}
# fmt: on


@each("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    call, error, words = MISTAKES[mistake]
    with pytest.raises(error, match=words):
        call()


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r"mg\.linalg\.solve_banded needs scipy"):
        linalg.solve_banded((0, 0), np.ones((1, 2)), np.ones(2))
