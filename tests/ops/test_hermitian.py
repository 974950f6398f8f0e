"""Functions that read one triangle of a Hermitian matrix: their gradients and their checks."""

from typing import Any

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.core.op import OPS

S = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 3.0]])
H = S + 1j * np.array([[0, 0.1, 0.2], [-0.1, 0, 0.3], [-0.2, -0.3, 0]])
W = np.random.default_rng(0).uniform(1, 2, (3, 3))
EYE = np.eye(3)
# fmt: off
READERS = {
    "cholesky":        np.linalg.cholesky,
    "cholesky, upper": lambda x: np.linalg.cholesky(x, upper=True),
    "eigvalsh":        np.linalg.eigvalsh,
    "eigvalsh, U":     lambda x: np.linalg.eigvalsh(x, UPLO="U"),
    "eigh":            lambda x: np.linalg.eigh(x)[0],
    "eigh, vectors":   lambda x: np.abs(np.linalg.eigh(x)[1]) ** 2,
    "eigh, U":         lambda x: np.abs(np.linalg.eigh(x, UPLO="U")[1]) ** 2,
    "pinv":            lambda x: np.linalg.pinv(x, hermitian=True),
    "svd":             lambda x: np.linalg.svd(x, hermitian=True)[1],
}
FREE = {
    "pinv of any matrix": np.linalg.pinv,
    "of a product":       lambda x: np.linalg.cholesky(x @ np.conj(x.T)),
    "of a sum":           lambda x: np.linalg.cholesky(x + np.conj(x.T)),
}
# fmt: on
matrices = pytest.mark.parametrize("x", [S, H], ids=["real", "complex"])


def moved_symmetrically(report: Any) -> bool:
    return any("moved symmetrically" in note for note in report.notes)


orders = pytest.mark.parametrize("order", [1, pytest.param(2, marks=pytest.mark.thorough)])


@matrices
@orders
@pytest.mark.parametrize("name", READERS)
def test_the_checker_moves_what_is_read_as_hermitian_symmetrically(
    name: str, order: int, x: Any
) -> None:
    report = mg.gradcheck(READERS[name], x, order=order)
    assert report, report
    assert moved_symmetrically(report)
    assert "one triangle" in str(report)
    assert "mirrored" in str(report)


@matrices
@orders
@pytest.mark.parametrize("name", FREE)
def test_what_stays_hermitian_by_itself_is_moved_freely(name: str, order: int, x: Any) -> None:
    report = mg.gradcheck(FREE[name], x, order=order)
    assert report, report
    assert not moved_symmetrically(report)


@matrices
@pytest.mark.parametrize("name", ["cholesky", "eigvalsh", "eigvalsh, U", "pinv"])
def test_the_gradient_is_hermitian_and_that_along_hermitian_matrices(name: str, x: Any) -> None:
    def loss(x: Any) -> Any:
        return np.sum(np.real(READERS[name](x)) * W[0])

    def symmetrised(x: Any) -> Any:
        return loss((x + np.conj(x.T)) / 2)

    found = np.asarray(mg.grad(loss)(x))
    np.testing.assert_allclose(found, np.conj(found.T), atol=1e-14)
    np.testing.assert_allclose(found, np.asarray(mg.grad(symmetrised)(x)), atol=1e-13)
    step = 1e-6 * (W + W.T)
    change = loss(x + step) - loss(x - step)
    np.testing.assert_allclose(np.sum(found * step).real * 2, change, rtol=1e-6)


TRIANGLES = {"cholesky, upper": np.triu, "eigvalsh, U": np.triu, "eigh, U": np.triu}


@matrices
@pytest.mark.parametrize("rest", [0.0, 7.0, np.nan])
@pytest.mark.parametrize("name", READERS)
def test_what_is_in_the_other_triangle_is_of_no_consequence(name: str, rest: float, x: Any) -> None:
    def loss(x: Any) -> Any:
        return np.sum(np.real(READERS[name](x)) * W[0])

    triangle = TRIANGLES.get(name, np.tril)
    given = np.where(triangle(np.ones((3, 3))) > 0, x, rest)
    t = W + W.T + 1j * (W - W.T) if x.dtype.kind == "c" else W + W.T
    assert loss(given) == loss(x)
    for derivative in (
        mg.grad(loss),
        mg.compile(mg.grad(loss)),
        lambda x: mg.vmap(mg.grad(loss))(np.stack([x, x])),
        lambda x: mg.jvp(loss, [x], [t])[1],
        lambda x: mg.hvp(loss, [x], [t]),
    ):
        np.testing.assert_allclose(derivative(given), derivative(x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", READERS)
def test_the_checker_agrees_where_only_one_triangle_is_filled(name: str) -> None:
    report = mg.gradcheck(READERS[name], TRIANGLES.get(name, np.tril)(S))
    assert report, report


def test_numbers_of_a_hermitian_matrix_are_those_of_the_triangle_that_is_read() -> None:
    x = np.tril(H)
    for f in (
        lambda x: np.linalg.matrix_rank(x, hermitian=True),
        lambda x: np.linalg.svd(x, compute_uv=False, hermitian=True),
    ):
        np.testing.assert_allclose(f(mg.Tensor(x)).data, f(x))
        np.testing.assert_allclose(f(mg.Tensor(x)).data, f(H))


@matrices
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.linalg.cholesky(x + 0.1 * EYE),
        lambda x: np.linalg.cholesky(2 * x.T),
        lambda x: np.linalg.inv(np.linalg.cholesky(x)),
        lambda x: np.linalg.eigvalsh(np.stack([x, x + EYE])),
        lambda x: np.linalg.eigvalsh(W[:2] @ x @ W[:2].T),
    ],
)
def test_a_matrix_that_follows_from_the_input(f: Any, x: Any) -> None:
    report = mg.gradcheck(f, x)
    assert report, report
    assert moved_symmetrically(report)


def test_batches_large_matrices_and_other_inputs() -> None:
    report = mg.gradcheck(np.linalg.cholesky, np.stack([S, S + EYE]))
    assert report, report
    large = 40 * np.eye(30) + np.ones((30, 30))
    report = mg.gradcheck(np.linalg.cholesky, large, limit=100)
    assert report, report
    assert "random directions" in report.method
    report = mg.gradcheck(lambda x, y: np.linalg.cholesky(x) @ y, (S, W))
    assert report, report
    assert [note.startswith("input 0 was moved") for note in report.notes] == [True]


def test_an_input_that_other_operations_read_too() -> None:
    report = mg.gradcheck(lambda x: np.linalg.cholesky(x) @ x, S)
    assert report, report
    assert "Other operations read x too" in str(report)
    assert "Other operations" not in str(mg.gradcheck(np.linalg.cholesky, S))


def test_a_matrix_that_no_move_keeps_hermitian() -> None:
    for f, x in (
        (lambda x: np.linalg.cholesky(x * W), S),
        (lambda x: np.linalg.cholesky(np.reshape(x, (3, 3))), S.ravel()),
    ):
        report = mg.gradcheck(f, x)
        assert not report
        assert "differences do not show its derivative" in str(report)
        assert not moved_symmetrically(report)


def test_a_wrong_rule_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPS[np.linalg.cholesky]
    right = op.vjp
    for wrong in (
        lambda *visit: [1.01 * g for g in right(*visit)],
        lambda *visit: [np.tril(g) for g in right(*visit)],
    ):
        monkeypatch.setattr(op, "vjp", wrong)
        report = mg.gradcheck(np.linalg.cholesky, S)
        assert report.verdict == "wrong"
        assert report.inputs[0].counts["wrong"] > 5
