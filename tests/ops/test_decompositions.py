"""Matrix functions where the op table cannot reach: gauges, degenerate matrices, peers.

Vectors of a decomposition are determined up to a sign or a phase, so that what is differentiated
here does not depend on them.
"""

# ruff: noqa: E501 - a row of a table stays on one line

from typing import Any

import numpy as np
import pytest
from differences import assert_close, coordinates, directional, jacobian
from leaves import leaf
from matrix_cases import MATRIX_ORDERS, RANKS, kinds, matrix, random_like
from optable.decomposition_rows import hermitian

import micrograd_np as mg


def adjoint(x: Any) -> Any:
    return np.conj(x).mT


def loss_of(f: Any) -> Any:
    """A real number that depends on every entry of `f(x)`."""

    def loss(x: Any) -> Any:
        out = f(x)
        weights = random_like(out)
        return np.sum(np.real(out * weights)) + 0.5 * np.sum(np.abs(out) ** 2)

    return loss


# ---------------------------------------------------------------- losses without a gauge


def through_eigh(x: Any) -> Any:
    w, v = np.linalg.eigh(hermitian(x))
    return (v * np.sin(w)[..., None, :]) @ adjoint(v)


def eigh_of_the_upper_triangle(x: Any) -> Any:
    w, v = np.linalg.eigh(hermitian(x), UPLO="U")
    return v[..., :1] @ adjoint(v[..., :1]) + w[..., :1, None]


def largest_projector(x: Any) -> Any:
    v = np.linalg.eigh(hermitian(x))[1][..., -1:]
    return v @ adjoint(v)


def through_eig(x: Any) -> Any:
    w, v = np.linalg.eig(x)
    return (v * w[..., None, :] ** 2) @ np.linalg.inv(v)


def lengths_of_entries(x: Any) -> Any:
    """Turned by a fixed order of the eigenvalues, for they are sorted in no way."""
    return np.abs(np.linalg.eig(x)[1])


def through_svd(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return (u * np.sin(s)[..., None, :]) @ vh


def left_and_right(x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return np.concatenate(
        [np.ravel(u[..., :1] @ vh[..., :1, :]), np.ravel(adjoint(vh[..., :1, :]) @ vh[..., :1, :])]
    )


def null_spaces(x: Any) -> Any:
    """The projectors on the vectors that `full_matrices` adds, weighted with the others'."""
    u, s, vh = np.linalg.svd(x)
    count = s.shape[-1]
    left, right = u[..., count:], vh[..., count:, :]
    middle = (u[..., :count] * s[..., None, :]) @ vh[..., :count, :]
    return np.concatenate(
        [np.ravel(left @ adjoint(left)), np.ravel(adjoint(right) @ right), np.ravel(middle)]
    )


def hermitian_svd(x: Any) -> Any:
    u, s, vh = np.linalg.svd(hermitian(x) - 2.5 * np.eye(3), hermitian=True)
    values = np.linalg.svd(hermitian(x) - 2.5 * np.eye(3), hermitian=True, compute_uv=False)
    return np.concatenate([np.ravel((u * np.sin(s)[..., None, :]) @ vh), np.ravel(values)])


INVARIANT = [
    (through_eigh, (3, 3)), (through_eigh, (2, 3, 3)), (eigh_of_the_upper_triangle, (3, 3)),
    (largest_projector, (4, 4)), (through_eig, (3, 3)), (through_eig, (2, 2, 2)),
    (lengths_of_entries, (3, 3)), (through_svd, (3, 3)), (through_svd, (4, 2)), (through_svd, (2, 4)),
    (through_svd, (2, 3, 2)), (left_and_right, (3, 3)), (left_and_right, (4, 2)), (left_and_right, (2, 3)),
    (null_spaces, (4, 2)), (null_spaces, (2, 3)), (null_spaces, (3, 3)), (hermitian_svd, (3, 3)),
    (lambda x: np.linalg.pinv(hermitian(x), hermitian=True), (3, 3)),
    (lambda x: np.linalg.matrix_power(x, -2), (3, 3)),
]  # fmt: skip


@kinds
@pytest.mark.parametrize(("f", "shape"), INVARIANT)
def test_losses_that_no_gauge_changes(f: Any, shape: Any, kind: str) -> None:
    """Gradient, tangent and second derivatives, against differences in both parts."""
    x, loss = matrix(kind, *shape), loss_of(f)
    direction = random_like(x, 7)
    gradient = mg.grad(loss)(x)
    assert_close(coordinates(gradient), jacobian(loss, [x])[0][0], 1e-7)
    slope = directional(loss, [x], [direction])[0]
    assert_close(mg.jvp(loss, [x], [direction])[1], slope, 1e-7)
    twice = directional(mg.grad(loss), [x], [direction])
    assert_close(coordinates(mg.hvp(loss, [x], [direction])), twice, 1e-6)
    again = mg.grad(lambda x: np.real(np.sum(np.conj(mg.grad(loss)(x)) * direction)))(x)
    assert_close(coordinates(again), twice, 1e-6)


def test_complex_eigenvalues_inside_a_real_expression() -> None:
    """A rotation and a stretch: the eigenvalues are complex, matrix and loss are real."""
    x = np.array([[1.0, -2.0, 0.5], [2.0, 1.5, 0.0], [0.25, 0.5, -1.0]])

    def loss(x: Any) -> Any:
        return np.sum(np.abs(np.linalg.eigvals(x)) ** 2)

    gradient = mg.grad(loss)(x)
    assert gradient.dtype == np.float64
    assert_close(gradient.ravel(), jacobian(loss, [x])[0][0])
    assert_close(mg.jvp(loss, [x], [np.ones((3, 3))])[1], np.sum(gradient))
    t = leaf(x)
    np.real(np.sum(np.linalg.eig(t).eigenvalues ** 3)).backward()
    assert_close(t.grad, 3 * (x @ x).T)


# ---------------------------------------------------------------- losses that a gauge changes


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: np.sum(np.real(np.linalg.eigh(x)[1])),
        lambda x: np.sum(np.imag(np.linalg.eig(x)[1])),
        lambda x: np.sum(np.real(np.linalg.svd(x)[0])),
        lambda x: np.sum(np.real(np.linalg.svd(x)[2])),
    ],
)
def test_a_loss_of_arbitrary_phases_has_no_gradient(loss: Any) -> None:
    x = hermitian(matrix("complex", 3, 3))
    assert np.isnan(mg.grad(loss)(x)).all()


@kinds
def test_a_loss_of_arbitrary_added_vectors_has_no_gradient(kind: str) -> None:
    weights = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 2.5], [-2.0, 1.5]])

    def loss(x: Any) -> Any:
        return np.sum(np.real(np.linalg.svd(x)[0][:, 2:] * weights))

    assert np.isnan(mg.grad(loss)(matrix(kind, 4, 2))).all()


# ---------------------------------------------------------------- repeated values


@kinds
def test_values_that_repeat_have_gradients(kind: str) -> None:
    """Of a function of the values alone, whatever vectors belong to them."""
    x = 2.0 * np.eye(3) + (0j if kind == "complex" else 0)
    f = {
        "eigvalsh": lambda x: np.sum(np.linalg.eigvalsh(x) ** 3),
        "eigh": lambda x: np.sum(np.linalg.eigh(x)[0] ** 3),
        "eigvals": lambda x: np.sum(np.real(np.linalg.eigvals(x) ** 3)),
        "svdvals": lambda x: np.sum(np.linalg.svdvals(x) ** 3),
        "svd": lambda x: np.sum(np.linalg.svd(x)[1] ** 3),
        "svd values": lambda x: np.sum(np.linalg.svd(x, compute_uv=False) ** 3),
    }
    for name, loss in f.items():
        np.testing.assert_allclose(mg.grad(loss)(x), 12 * np.eye(3), atol=1e-14, err_msg=name)
        _, slope = mg.jvp(loss, [x], [x])
        np.testing.assert_allclose(slope, 72, rtol=1e-14, err_msg=name)


def test_singular_values_of_a_tall_matrix_of_low_rank_have_gradients() -> None:
    x = np.outer([1.0, 2.0, 2.0], [3.0, 4.0])
    for f in (
        np.linalg.svdvals,
        lambda x: np.linalg.svd(x)[1],
        lambda x: np.linalg.svd(x, False)[1],
    ):
        gradient = mg.grad(lambda x, f=f: np.sum(f(x) ** 2))(x)
        np.testing.assert_allclose(gradient, 2 * x, atol=1e-13)


@kinds
def test_the_null_vectors_of_a_square_matrix_have_derivatives(kind: str) -> None:
    """One value that is 0 is as good as any other, if no other is."""
    x = matrix(kind, 3, 3)
    x[2] = x[0] - 2 * x[1]

    def projectors(x: Any) -> Any:
        u, _, vh = np.linalg.svd(x)
        return np.stack([u[:, 2:] @ adjoint(u[:, 2:]), adjoint(vh[2:]) @ vh[2:]])

    loss = loss_of(projectors)
    assert_close(coordinates(mg.grad(loss)(x)), jacobian(loss, [x])[0][0])
    direction = random_like(x)
    slope = directional(loss, [x], [direction])[0]
    assert_close(mg.jvp(loss, [x], [direction])[1], slope)


@pytest.mark.parametrize(
    "f", [through_eigh, through_eig, through_svd, lambda x: np.linalg.svd(x)[0] ** 2]
)
def test_vectors_of_repeated_values_have_no_derivative(f: Any) -> None:
    """Infinite or NaN, never a number that could be taken for a gradient.

    At zero `sin(0)` multiplies the vectors, whose cotangents are zero then: that is no proof that
    they do not matter.
    """
    for x in (np.eye(3), np.zeros((3, 3))):
        assert not np.isfinite(mg.grad(lambda x: np.sum(np.real(f(x))))(x)).any()


def test_a_repeated_value_spoils_only_its_own_matrix() -> None:
    x = np.stack([np.eye(3), hermitian(matrix("real", 3, 3))])
    gradient = mg.grad(lambda x: np.sum(through_eigh(x)))(x)
    assert not np.isfinite(gradient[0]).any()
    assert_close(gradient[1], mg.grad(lambda x: np.sum(through_eigh(x)))(x[1]))


# ---------------------------------------------------------------- batches by vmap

BATCHED = [
    np.linalg.det,
    np.linalg.cond,
    lambda x: np.linalg.norm(x, "nuc"),
    lambda x: np.linalg.vector_norm(x, ord=3),
    lambda x: np.sum(np.abs(np.linalg.eigvals(x)) ** 2),
    lambda x: np.sum(np.linalg.svd(x[:, :2], full_matrices=False)[0] ** 4),
    lambda x: np.sum(np.linalg.qr(x[:2])[1] ** 3),
    lambda x: np.sum(np.linalg.lstsq(x[:, :2], np.arange(3.0))[0]),
    lambda x: np.sum(np.linalg.solve(x, x @ x)),
    lambda x: np.sum(np.cross(x, x[0]) ** 2),
    lambda x: np.sum(np.kron(x, x[:1]) ** 2),
]


@pytest.mark.parametrize("f", BATCHED)
def test_derivatives_of_many_matrices_are_those_of_each(f: Any) -> None:
    xs = matrix("real", 4, 3, 3)
    for transform in (mg.grad, mg.hessian):
        expected = np.stack([transform(f)(x) for x in xs])
        assert_close(mg.vmap(transform(f))(xs), expected, 1e-9)


# ---------------------------------------------------------------- PyTorch


def determinant_in_logs(x: Any) -> Any:
    sign, logarithm = np.linalg.slogdet(x)
    return sign * 1j + logarithm


def their_determinant(torch: Any, x: Any) -> Any:
    sign, logarithm = torch.linalg.slogdet(x)
    return sign * 1j + logarithm


def their_eigh(torch: Any, x: Any) -> Any:
    w, v = torch.linalg.eigh((x + x.mH) / 2)
    return (v * w.sin()[..., None, :]) @ v.mH


def their_eig(torch: Any, x: Any) -> Any:
    w, v = torch.linalg.eig(x)
    return (v * w[..., None, :] ** 2) @ torch.linalg.inv(v)


def their_svd(torch: Any, x: Any) -> Any:
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    return (u * s.sin()[..., None, :]) @ vh


def their_left_and_right(torch: Any, x: Any) -> Any:
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    left, right = u[..., :1], vh[..., :1, :]
    return torch.cat([(left @ right).ravel(), (right.mH @ right).ravel()])


def their_cond(torch: Any, x: Any, p: Any) -> Any:
    """Of their own, that for other norms than the spectral one fails in backward (2.13)."""
    norm = torch.linalg.matrix_norm
    return norm(x, p or 2) * norm(torch.linalg.inv(x), p or 2)


# Each row: a name, ours, PyTorch's, and the shape of the matrix. Both are differentiated as they
# stand: for functions of a Hermitian matrix that includes what happens off the Hermitian ones.
PEERS = [
    ("solve", lambda x: np.linalg.solve(x, np.arange(3.0)), lambda torch, x: torch.linalg.solve(x, torch.arange(3).to(x.dtype)), (3, 3)),
    ("solve batch", lambda x: np.linalg.solve(x, np.ones((3, 2))), lambda torch, x: torch.linalg.solve(x, torch.ones(3, 2).to(x.dtype)), (2, 3, 3)),
    ("inv", np.linalg.inv, lambda torch, x: torch.linalg.inv(x), (2, 3, 3)),
    ("det", np.linalg.det, lambda torch, x: torch.linalg.det(x), (2, 3, 3)),
    ("det of rank 2", lambda x: np.linalg.det(x[:, [0, 1, 0]]), lambda torch, x: torch.linalg.det(x[:, [0, 1, 0]]), (3, 3)),
    ("slogdet", lambda x: np.linalg.slogdet(x)[1], lambda torch, x: torch.linalg.slogdet(x)[1], (2, 3, 3)),
    ("slogdet and sign", determinant_in_logs, their_determinant, (3, 3)),
    ("cholesky", lambda x: np.linalg.cholesky(x @ adjoint(x)), lambda torch, x: torch.linalg.cholesky(x @ x.mH), (2, 3, 3)),
    ("cholesky upper", lambda x: np.linalg.cholesky(x @ adjoint(x), upper=True), lambda torch, x: torch.linalg.cholesky(x @ x.mH, upper=True), (3, 3)),
    ("cholesky as it stands", lambda x: np.linalg.cholesky(np.real(x)), lambda torch, x: torch.linalg.cholesky(x.real), (3, 3)),
    ("eigvalsh", np.linalg.eigvalsh, lambda torch, x: torch.linalg.eigvalsh(x), (2, 3, 3)),
    ("eigvalsh upper", lambda x: np.linalg.eigvalsh(x, "U"), lambda torch, x: torch.linalg.eigvalsh(x, UPLO="U"), (3, 3)),
    ("eigh vectors", lambda x: np.abs(np.linalg.eigh(x)[1]), lambda torch, x: torch.linalg.eigh(x)[1].abs(), (2, 3, 3)),
    ("eigh", through_eigh, their_eigh, (2, 3, 3)),
    ("eig", through_eig, their_eig, (2, 3, 3)),
    ("eig vectors", lambda x: np.sum(np.abs(np.linalg.eig(x)[1]) ** 4), lambda torch, x: (torch.linalg.eig(x)[1].abs() ** 4).sum(), (3, 3)),
    ("eigvals", lambda x: np.sum(np.abs(np.linalg.eigvals(x)) ** 3), lambda torch, x: (torch.linalg.eigvals(x).abs() ** 3).sum(), (3, 3)),
    ("svd", through_svd, their_svd, (2, 4, 3)),
    ("svd wide", left_and_right, their_left_and_right, (2, 4)),
    ("svdvals", np.linalg.svdvals, lambda torch, x: torch.linalg.svdvals(x), (2, 4, 3)),
    ("qr", lambda x: np.concatenate(np.linalg.qr(x), -2), lambda torch, x: torch.cat(torch.linalg.qr(x), -2), (2, 4, 3)),
    ("qr square", lambda x: np.concatenate(np.linalg.qr(x), -2), lambda torch, x: torch.cat(torch.linalg.qr(x), -2), (3, 3)),
    ("qr wide", lambda x: np.concatenate(np.linalg.qr(x), -1), lambda torch, x: torch.cat(torch.linalg.qr(x), -1), (2, 2, 4)),
    ("pinv", np.linalg.pinv, lambda torch, x: torch.linalg.pinv(x), (2, 4, 3)),
    ("pinv wide", np.linalg.pinv, lambda torch, x: torch.linalg.pinv(x), (2, 4)),
    ("lstsq", lambda x: np.linalg.lstsq(x, np.arange(4.0))[0], lambda torch, x: torch.linalg.lstsq(x, torch.arange(4).to(x.dtype)[:, None]).solution[:, 0], (4, 2)),
    ("lstsq wide", lambda x: np.linalg.lstsq(x, np.ones((2, 3)))[0], lambda torch, x: torch.linalg.lstsq(x, torch.ones(2, 3).to(x.dtype)).solution, (2, 4)),
    ("matrix_power", lambda x: np.linalg.matrix_power(x, 5), lambda torch, x: torch.linalg.matrix_power(x, 5), (2, 3, 3)),
    ("matrix_power -3", lambda x: np.linalg.matrix_power(x, -3), lambda torch, x: torch.linalg.matrix_power(x, -3), (3, 3)),
    ("multi_dot", lambda x: np.linalg.multi_dot([x, x, x]), lambda torch, x: torch.linalg.multi_dot([x, x, x]), (3, 3)),
    ("cross", lambda x: np.cross(x, x[..., ::-1]), lambda torch, x: torch.linalg.cross(x, x.flip(-1)), (2, 3)),
    ("kron", lambda x: np.kron(x, x.T), lambda torch, x: torch.kron(x, x.T.contiguous()), (2, 3)),
    ("tensorsolve", lambda x: np.linalg.tensorsolve(x.reshape(2, 2, 4), np.ones((2, 2))), lambda torch, x: torch.linalg.tensorsolve(x.reshape(2, 2, 4), torch.ones(2, 2).to(x.dtype)), (4, 4)),
    ("tensorinv", lambda x: np.linalg.tensorinv(x.reshape(4, 2, 2), ind=1), lambda torch, x: torch.linalg.tensorinv(x.reshape(4, 2, 2), ind=1), (4, 4)),
    ("vecdot", lambda x: np.vecdot(x, x[::-1] * 2), lambda torch, x: torch.linalg.vecdot(x, x.flip(0) * 2), (2, 3)),
    ("vdot", lambda x: np.vdot(x[0], x[1]), lambda torch, x: torch.vdot(x[0], x[1]), (2, 3)),
    *((f"matrix_norm {p}", lambda x, p=p: np.linalg.matrix_norm(x, ord=p), lambda torch, x, p=p: torch.linalg.matrix_norm(x, p), (2, 4, 3)) for p in MATRIX_ORDERS[1:]),
    *((f"norm {p}", lambda x, p=p: np.linalg.norm(x, p), lambda torch, x, p=p: torch.linalg.norm(x, p), (3, 4)) for p in MATRIX_ORDERS),
    *((f"vector_norm {p}", lambda x, p=p: np.linalg.vector_norm(x, ord=p, axis=-1), lambda torch, x, p=p: torch.linalg.vector_norm(x, p, -1), (3, 4)) for p in (0.5, 1, 1.5, 2, 3, -1, np.inf, -np.inf)),
    *((f"cond {p}", lambda x, p=p: np.linalg.cond(x, p), lambda torch, x, p=p: their_cond(torch, x, p), (2, 3, 3)) for p in MATRIX_ORDERS),
]  # fmt: skip


@pytest.mark.oracle
@kinds
@pytest.mark.parametrize(
    ("ours", "theirs", "shape"), [row[1:] for row in PEERS], ids=[row[0] for row in PEERS]
)
def test_torch_agrees(ours: Any, theirs: Any, shape: Any, kind: str) -> None:
    """Value and gradient, which both give as the direction of steepest ascent."""
    torch = pytest.importorskip("torch")
    x, t = matrix(kind, *shape), torch.tensor(matrix(kind, *shape), requires_grad=True)
    value, theirs_value = ours(leaf(x)), theirs(torch, t)
    np.testing.assert_allclose(value.data, theirs_value.detach().numpy(), rtol=1e-9, atol=1e-11)
    weights = random_like(theirs_value.detach().numpy())
    torch.real(torch.sum(theirs_value * torch.tensor(weights))).backward()
    gradient = mg.grad(lambda x: np.sum(np.real(ours(x) * weights)))(x)
    expected = t.grad.numpy()
    np.testing.assert_allclose(
        gradient, expected, rtol=1e-8, atol=1e-9 * max(1, np.abs(expected).max())
    )


@pytest.mark.oracle
def test_torch_agrees_on_hessians_of_determinants() -> None:
    torch = pytest.importorskip("torch")
    for x in (RANKS["rank 3"], RANKS["twice the identity"]):
        ours = mg.hessian(np.linalg.det)(x)
        theirs = torch.autograd.functional.hessian(
            torch.linalg.det, torch.tensor(x + 1e-7 * np.eye(4))
        )
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)
