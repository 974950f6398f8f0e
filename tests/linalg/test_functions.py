"""The exponential, the logarithm and the square root of matrices, where they are hard."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from folding import each
from matrix_cases import matrix, random_like

import micrograd_np as mg
from micrograd_np import linalg
from micrograd_np.errors import TracingError

KINDS = ["real", "complex"]


def exact_frechet(a: Any, e: Any) -> Any:
    """SciPy's derivative of `expm`, by another algorithm."""
    return scipy.linalg.expm_frechet(a, e, compute_expm=False)


HARD = {
    "zero": np.zeros((3, 3)),
    "nilpotent": np.diag([2.0, -3.0], 1),
    "one entry": np.array([[1.5]]),
    "large": -1e3 * np.eye(3) + 1e2 * np.tri(3),
    "rotation": 1e3 * np.array([[0.0, 1.0], [-1.0, 0.0]]),
    "complex": matrix("complex", 4, 4),
    "far apart": np.array([[-2000.0, 1.0], [0.0, 0.0]]),
}


@each("name", HARD)
def test_the_exponential_of_hard_matrices(name: str) -> None:
    """Value and gradient; a cotangent of any size has a gradient of its size."""
    a = HARD[name]
    value, pullback = mg.vjp(linalg.expm, a)
    np.testing.assert_allclose(value.data, scipy.linalg.expm(a), 1e-13, 1e-300)
    e = random_like(a)
    expected = exact_frechet(a.T, e)
    for size in (1e-100, 1.0, 1e100):
        (found,) = pullback(np.conj(e) * size)
        scale = np.max(np.abs(expected))
        np.testing.assert_allclose(np.conj(found) / size, expected, 1e-9, 1e-9 * scale)
    np.testing.assert_allclose(mg.jvp(linalg.expm, [a], [e])[1], exact_frechet(a, e), 1e-9, 1e-9)


def test_matrices_of_no_entries() -> None:
    for f in (linalg.expm, linalg.logm, linalg.sqrtm):
        for shape in ((0, 0), (2, 0, 0), (0, 2, 2)):
            value, pullback = mg.vjp(f, np.zeros(shape, np.float32))
            assert (value.shape, value.dtype) == (shape, np.float32)
            assert pullback(np.zeros(shape, np.float32))[0].shape == shape


@each("kind", KINDS)
@each("inverse", [(linalg.expm, linalg.logm), (linalg.sqrtm, lambda x: x @ x)], ids=["exp", "root"])
def test_what_is_undone_has_the_identity_for_a_derivative(inverse: Any, kind: str) -> None:
    f, back = inverse
    a = matrix(kind, 2, 4, 4)
    e, t = random_like(a, 1), random_like(a, 2)
    value, pullback = mg.vjp(lambda a: back(f(a)), a)
    np.testing.assert_allclose(value.data, a, 1e-11, 1e-11)
    np.testing.assert_allclose(pullback(e)[0], e, 1e-9, 1e-9)
    np.testing.assert_allclose(mg.jvp(lambda a: back(f(a)), [a], [t])[1], t, 1e-9, 1e-9)


@pytest.mark.parametrize("order", [1, pytest.param(2, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("f", [linalg.logm, linalg.sqrtm])
def test_a_real_matrix_with_negative_eigenvalues_has_a_complex_result(f: Any, order: int) -> None:
    """SciPy's dtype, and right derivatives of both orders, though the cut passes by."""
    a = -matrix("real", 3, 3)
    theirs = getattr(scipy.linalg, f.__name__)(a)
    out = f(a)
    assert out.dtype == theirs.dtype == complex
    np.testing.assert_allclose(out.data, theirs, 1e-10, 1e-12)
    assert f(np.stack([a, -a])).dtype == complex

    def loss(a: Any) -> Any:
        out = f(a)
        return np.sum(np.real(out) ** 2 + np.imag(out) ** 3)

    assert mg.gradcheck(loss, a, order=order)
    assert mg.grad(loss)(a).dtype == float


def test_the_precision_is_that_of_the_matrix() -> None:
    for f in (linalg.expm, linalg.logm, linalg.sqrtm):
        for dtype in (np.float32, np.complex64):
            a = matrix("real", 3, 3).astype(dtype)
            assert f(a).dtype == dtype
            assert mg.grad(lambda a, f=f: np.sum(np.real(f(a))))(a).dtype == dtype
        assert f([[2, 0], [0, 3]]).dtype == float


def test_repeated_eigenvalues_and_no_eigenbasis() -> None:
    """A Jordan block: `logm` and `sqrtm` have derivatives there, by the series of `f(1 + x)`."""
    n = np.diag([1.0, 1.0], 1)
    a = np.eye(3) + n
    np.testing.assert_allclose(linalg.logm(a).data, n - n @ n / 2, atol=1e-14)
    np.testing.assert_allclose(linalg.sqrtm(a).data, np.eye(3) + n / 2 - n @ n / 8, atol=1e-14)
    for f in (linalg.logm, linalg.sqrtm):
        assert mg.gradcheck(f, a)


def test_a_covariance_and_its_root() -> None:
    """Of a symmetric matrix, by eigenvalues: first and second derivatives."""
    root = matrix("real", 3, 3)
    a = root @ root.T

    def by_eigenvalues(function: Any) -> Any:
        def f(a: Any) -> Any:
            w, v = np.linalg.eigh((a + a.T) / 2)
            return (v * function(w)) @ v.T

        return f

    pairs = ((linalg.expm, np.exp), (linalg.logm, np.log), (linalg.sqrtm, np.sqrt))
    for f, function in pairs:
        losses = [lambda a, g=g: np.sum(g(a) ** 2) for g in (f, by_eigenvalues(function))]
        directions = [np.eye(3), np.ones((3, 3))]
        np.testing.assert_allclose(*(mg.grad(loss)(a) for loss in losses), 1e-8, 1e-12)
        for t in directions:
            np.testing.assert_allclose(*(mg.hvp(loss, a, t) for loss in losses), 1e-7, 1e-9)


def test_programs() -> None:
    a = matrix("real", 3, 3)
    compiled = mg.compile(mg.grad(lambda a: np.sum(linalg.expm(a) ** 2)))
    for x in (a, 2 * a):
        np.testing.assert_allclose(
            compiled(x), mg.grad(lambda a: np.sum(linalg.expm(a) ** 2))(x), 1e-12
        )
    for f in (linalg.logm, linalg.sqrtm):
        with pytest.raises(TracingError, match=rf"mg\.linalg\.{f.__name__} .*x \+ 0j"):
            mg.compile(f)(a)
        np.testing.assert_allclose(mg.compile(f)(a + 0j), f(a + 0j).data, 1e-12)


def test_a_saved_program_needs_scipy_and_nothing_of_ours(tmp_path: Path) -> None:
    def step(a: Any) -> Any:
        return linalg.lu_solve(linalg.lu_factor(linalg.expm(a)), np.diagonal(a))

    a = matrix("real", 3, 3)
    compiled = mg.compile(step)
    expected = compiled(a)
    compiled.save(tmp_path / "saved.py")
    saved = runpy.run_path(str(tmp_path / "saved.py"))
    np.testing.assert_array_equal(saved["step"](a)[0], expected)
    assert "it needs NumPy and SciPy and nothing else" in saved["__doc__"]


@pytest.mark.filterwarnings("ignore:.*[Ss]ingular")  # by some versions of SciPy
def test_singular_matrices() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="no logarithm"):
        linalg.logm(np.diag([1.0, 0.0]))
    _, pullback = mg.vjp(linalg.sqrtm, np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError, match="sqrtm has no derivative"):
        pullback(np.ones((2, 2)))
