"""Equations by factors: SciPy's values, whose gradients are those of `np.linalg.solve`."""

# ruff: noqa: E501 - a row of a table stays on one line

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from folding import each
from matrix_cases import matrix
from strict_array import StrictArray

import micrograd_np as mg
from micrograd_np import Tensor, linalg
from micrograd_np.errors import ForeignArrayError, MissingExtraError, ShapeError

RNG = np.random.default_rng(3)
A, B = matrix("real", 3, 3), RNG.normal(size=(3, 2))
C, D = matrix("complex", 3, 3), RNG.normal(size=(3, 2)) + 1j * RNG.normal(size=(3, 2))


def positive(a: Any) -> Any:
    return a @ np.conj(a).mT


def lu(a: Any, b: Any, trans: Any = 0) -> Any:
    return linalg.lu_solve(linalg.lu_factor(np.flip(a, axis=-2)), b, trans)


def cho(a: Any, b: Any, lower: bool = False) -> Any:
    return linalg.cho_solve(linalg.cho_factor(positive(a), lower), b)


# Ours, and the same in terms of `np.linalg.solve`.
# fmt: off
WAYS: dict[str, tuple[Any, Any]] = {
    "upper":      (linalg.solve_triangular, lambda a, b: np.linalg.solve(np.triu(a), b)),
    "lower":      (lambda a, b: linalg.solve_triangular(a, b, lower=True), lambda a, b: np.linalg.solve(np.tril(a), b)),
    "transposed": (lambda a, b: linalg.solve_triangular(a, b, "T"), lambda a, b: np.linalg.solve(np.triu(a).mT, b)),
    "adjoint":    (lambda a, b: linalg.solve_triangular(a, b, "C", lower=True), lambda a, b: np.linalg.solve(np.conj(np.tril(a).mT), b)),
    "unit":       (lambda a, b: linalg.solve_triangular(a, b, unit_diagonal=True), lambda a, b: np.linalg.solve(np.triu(a, 1) + np.eye(3), b)),
    "lu":         (lu, lambda a, b: np.linalg.solve(np.flip(a, axis=-2), b)),
    "lu, T":      (lambda a, b: lu(a, b, 1), lambda a, b: np.linalg.solve(np.flip(a, axis=-2).mT, b)),
    "lu, C":      (lambda a, b: lu(a, b, 2), lambda a, b: np.linalg.solve(np.conj(np.flip(a, axis=-2).mT), b)),
    "cho":        (cho, lambda a, b: np.linalg.solve(positive(a), b)),
    "cho, lower": (lambda a, b: cho(a, b, True), lambda a, b: np.linalg.solve(positive(a), b)),
}
SHAPES = {
    "vector": (A, B[:, 0]), "matrix": (A, B), "complex": (C, D), "mixed": (C, B),
    "stacks": (matrix("real", 2, 3, 3), RNG.normal(size=(2, 3, 2))),
    "a stack of a": (matrix("complex", 2, 3, 3), B), "a stack of b": (A, RNG.normal(size=(2, 3, 2))),
    "a stack of a, a vector": (matrix("real", 2, 3, 3), B[:, 0]),
    "leading axes that broadcast": (matrix("real", 2, 1, 3, 3), RNG.normal(size=(4, 3, 2))),
}
# fmt: on


def as_matrix(b: Any) -> Any:
    return b[:, None] if np.ndim(b) == 1 else b


@pytest.mark.parametrize("way", WAYS)
@each("shapes", SHAPES)
def test_values_and_gradients_are_those_of_solve(way: str, shapes: str) -> None:
    ours, solve = WAYS[way]
    a, b = SHAPES[shapes]
    out, pullback = mg.vjp(ours, a, b)
    right, expected = mg.vjp(lambda a, b: solve(a, as_matrix(b)), a, b)
    g = RNG.normal(size=out.shape)
    wide = g[..., None] if b.ndim == 1 else g
    np.testing.assert_allclose(np.reshape(out, right.shape), right, 1e-10, 1e-12)
    for found, known in zip(pullback(g), expected(wide), strict=True):
        np.testing.assert_allclose(found, known, 1e-9, 1e-11)


@pytest.mark.thorough
@pytest.mark.parametrize("way", WAYS)
def test_second_derivatives(way: str) -> None:
    assert mg.gradcheck(WAYS[way][0], (C, D[:, 0]), order=2)


def test_factors_are_scipys() -> None:
    for a in (A, C, A.astype(np.float32), np.array([[1, 2], [3, 4]])):
        lu, piv = linalg.lu_factor(a)
        for found, right in zip((lu, piv), scipy.linalg.lu_factor(a), strict=True):
            np.testing.assert_array_equal(found.data, right)
            assert found.dtype == right.dtype
        p = a @ np.conj(a.T)
        for lower in (False, True):
            c, kept = linalg.cho_factor(p, lower=lower)
            right = scipy.linalg.cho_factor(p, lower=lower)[0]
            clean = np.tril(right) if lower else np.triu(right)
            np.testing.assert_allclose(c.data, clean, 1e-5 if a.dtype == np.float32 else 1e-12)
            assert (c.dtype, kept) == (right.dtype, lower)


@each("lower", [False, True])
@each("unit_diagonal", [False, True])
@each("trans", [0, "T", 2])
def test_the_gradient_lies_where_the_matrix_is_read(
    lower: bool, unit_diagonal: bool, trans: Any
) -> None:
    """Garbage, or NaN, in the rest of the matrix makes no difference."""
    options = {"lower": lower, "unit_diagonal": unit_diagonal, "trans": trans}
    read = np.tril(np.ones((3, 3), bool)) if lower else np.triu(np.ones((3, 3), bool))
    read &= ~np.eye(3, dtype=bool) if unit_diagonal else True
    garbage = np.where(read, A, np.nan)

    def f(a: Any) -> Any:
        return np.sum(linalg.solve_triangular(a, B, **options) ** 2)

    right = scipy.linalg.solve_triangular(A, B, **options)
    np.testing.assert_allclose(f(garbage).data, np.sum(right**2))
    gradient = mg.grad(f)(garbage)
    np.testing.assert_array_equal(gradient != 0, read)
    np.testing.assert_allclose(gradient, mg.grad(f)(A))


def test_a_factor_serves_many_right_sides() -> None:
    """The likelihood of a Gaussian process, by `cho_solve` and `logdet`, or all by `solve`."""
    x = np.linspace(0, 1, 6)
    y = np.sin(3 * x)

    def kernel(p: Any) -> Any:
        return np.exp(-((x[:, None] - x) ** 2) / p[0]) + p[1] * np.eye(6)

    def by_factor(p: Any) -> Any:
        k = kernel(p)
        c = linalg.cho_factor(k)
        return y @ linalg.cho_solve(c, y) + np.sum(linalg.cho_solve(c, x)) + linalg.logdet(k)

    def by_solve(p: Any) -> Any:
        k = kernel(p)
        sides = y @ np.linalg.solve(k, y) + np.sum(np.linalg.solve(k, x))
        return sides + np.linalg.slogdet(k)[1]

    p = np.array([0.3, 0.1])
    np.testing.assert_allclose(mg.grad(by_factor)(p), mg.grad(by_solve)(p), 1e-9)
    np.testing.assert_allclose(mg.hessian(by_factor)(p), mg.hessian(by_solve)(p), 1e-7)
    compiled = mg.compile(mg.grad(by_factor))
    np.testing.assert_allclose(compiled(p), mg.grad(by_factor)(p), 1e-12)
    assert "solve_triangular(" in compiled.source


@pytest.mark.parametrize("way", ["adjoint", "lu", "lu, C", "cho"])
def test_batches_and_programs(way: str) -> None:
    """`vmap` over either argument, and a compiled gradient, also on other numbers."""
    f, other = WAYS[way][0], matrix("complex", 3, 3, seed=9)
    stack, sides = np.stack([C, other]), np.stack([D, 2 * D])
    for axes in ((0, None), (None, 0), (0, 0)):
        given = [s if axis == 0 else s[0] for s, axis in zip((stack, sides), axes, strict=True)]
        alone = [
            f(*(x if axis is None else x[i] for x, axis in zip(given, axes, strict=True))).data
            for i in range(2)
        ]
        np.testing.assert_allclose(mg.vmap(f, in_axes=axes)(*given), np.stack(alone), 1e-12)

    gradient = mg.grad(lambda a, b: np.sum(np.abs(f(a, b)) ** 2), (0, 1))
    compiled = mg.compile(gradient)
    for a in (C, other):
        for found, right in zip(compiled(a, D), gradient(a, D), strict=True):
            np.testing.assert_allclose(found, right, 1e-10, 1e-12)


def test_pivots_go_with_their_matrix() -> None:
    """A gradient by the factors of a matrix that exchanges rows everywhere, against differences."""
    a = np.array([[0.3, 2.0, 1.0], [1.0, -0.2, 3.0], [4.0, 1.0, 0.1]])
    assert mg.gradcheck(lambda a: linalg.lu_factor(a)[0], a)
    assert mg.gradcheck(lambda a: linalg.lu_factor(a)[0], a + 0.5j * a.T)


def test_logdet() -> None:
    stack = positive(matrix("real", 2, 3, 3))
    np.testing.assert_allclose(linalg.logdet(stack).data, np.linalg.slogdet(stack)[1])
    np.testing.assert_allclose(mg.grad(linalg.logdet)(A), np.linalg.inv(A).T, 1e-12)
    assert linalg.logdet(-np.eye(2)).data == 0
    assert linalg.logdet(np.eye(200) * 1e-5).data == pytest.approx(200 * np.log(1e-5))
    mixed = np.stack([np.eye(3), -np.eye(3)])
    gradient = mg.grad(lambda a: np.sum(linalg.logdet(a)))(mixed)
    np.testing.assert_array_equal(gradient[0], np.eye(3))
    assert np.isnan(gradient[1]).all()
    np.testing.assert_array_equal(linalg.logdet(mixed), [0, np.nan])
    np.testing.assert_allclose(linalg.logdet(C).data, np.log(np.linalg.det(C)))
    assert mg.gradcheck(linalg.logdet, C)
    assert linalg.logdet(np.eye(2, dtype=np.float32)).dtype == np.float32


# fmt: off
MISTAKES: dict[str, tuple[Any, Any, str]] = {
    "a number":       (lambda: linalg.cho_factor(3.0), np.linalg.LinAlgError, r"square matrices.*Given: \(\)"),
    "a wide one":     (lambda: linalg.lu_factor(np.ones((2, 3))), np.linalg.LinAlgError, r"Given: \(2, 3\)"),
    "not positive":   (lambda: linalg.cho_factor(-np.eye(2)), np.linalg.LinAlgError, "1e-8"),
    "zero diagonal":  (lambda: linalg.solve_triangular(np.diag([1.0, 0]), np.ones(2)), np.linalg.LinAlgError, "row 1"),
    "lengths":        (lambda: linalg.lu_solve(linalg.lu_factor(A), np.ones(2)), ShapeError, r"b of shape \(2,\)"),
    "many vectors":   (lambda: linalg.solve_triangular(np.stack([A, A]), np.ones((2, 3))), ShapeError, "b\\[..., None\\]"),
    "trans":          (lambda: linalg.solve_triangular(A, B, trans="X"), ValueError, "Given: 'X'"),
    "unknown option": (lambda: linalg.cho_factor(np.eye(2), clean=True), TypeError, "got clean"),
    "no pair":        (lambda: linalg.cho_solve(np.eye(2), np.ones(2)), TypeError, "the pair"),
    "half precision": (lambda: linalg.lu_factor(np.eye(2, dtype=np.float16)), TypeError, "float16"),
}
# fmt: on


@each("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    call, error, words = MISTAKES[mistake]
    with pytest.raises(error, match=words):
        call()


def test_options_for_speed_change_nothing() -> None:
    a, b = A.copy(), B.copy()
    x = linalg.solve_triangular(a, b, overwrite_b=True, check_finite=False)
    np.testing.assert_array_equal(x.data, linalg.solve_triangular(A, B).data)
    linalg.cho_solve(linalg.cho_factor(positive(a), overwrite_a=True), b, overwrite_b=True)
    np.testing.assert_array_equal(b, B)


def test_a_singular_matrix_has_factors_but_no_derivative() -> None:
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.warns(RuntimeWarning, match=r"[Ss]ingular"):
        _, pullback = mg.vjp(lambda a: linalg.lu_factor(a)[0], singular)
    with pytest.raises(np.linalg.LinAlgError, match="singular matrix"):
        pullback(np.ones((2, 2)))


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r"mg\.linalg\.lu_factor needs scipy"):
        linalg.lu_factor(A)
    for call in (linalg.logdet, linalg.toeplitz, linalg.block_diag, linalg.cho_factor):
        call(np.eye(2))


def test_arrays_of_other_libraries_are_refused() -> None:
    with pytest.raises(ForeignArrayError, match="computed by SciPy"):
        linalg.expm(Tensor(StrictArray(A)))
