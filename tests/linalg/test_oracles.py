"""PyTorch and JAX as oracles of `mg.linalg`: values, gradients, PyTorch's second derivatives."""

# ruff: noqa: E501 - a row of the table stays on one line

from typing import Any

import numpy as np
import pytest
from matrix_cases import matrix, random_like

import micrograd_np as mg
from micrograd_np import linalg

pytestmark = [pytest.mark.oracle, pytest.mark.thorough]

B = np.random.default_rng(1).normal(size=(3, 2))


def positive(a: Any) -> Any:
    return a @ a.mT


# fmt: off
TORCH: dict[str, tuple[Any, Any]] = {
    "upper":  (lambda a: linalg.solve_triangular(a, B), lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True)),
    "lower":  (lambda a: linalg.solve_triangular(a, B, lower=True), lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False)),
    "unit":   (lambda a: linalg.solve_triangular(a, B, unit_diagonal=True), lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True, unitriangular=True)),
    "expm":   (linalg.expm, lambda t, a, b: t.linalg.matrix_exp(a)),
    "lu":     (lambda a: linalg.lu_factor(a[::-1])[0], lambda t, a, b: t.linalg.lu_factor(a.flip(0))[0]),
    "lu_solve": (lambda a: linalg.lu_solve(linalg.lu_factor(a[::-1]), B), lambda t, a, b: t.linalg.lu_solve(*t.linalg.lu_factor(a.flip(0)), b)),
    "cho":    (lambda a: linalg.cho_solve(linalg.cho_factor(positive(a)), B), lambda t, a, b: t.cholesky_solve(b, t.linalg.cholesky(positive(a)))),
    "logdet": (linalg.logdet, lambda t, a, b: t.logdet(a)),
    "block":  (lambda a: linalg.block_diag(a, a[0]), lambda t, a, b: t.block_diag(a, a[0])),
}
JAX: dict[str, tuple[Any, Any]] = {
    "upper":  (lambda a: linalg.solve_triangular(a, B), lambda j, a: j.solve_triangular(a, B)),
    "adjoint": (lambda a: linalg.solve_triangular(a, B, trans=2), lambda j, a: j.solve_triangular(a, B, trans=2)),
    "expm":   (linalg.expm, lambda j, a: j.expm(a)),
    "lu":     (lambda a: linalg.lu_factor(a[::-1])[0], lambda j, a: j.lu_factor(a[::-1])[0]),
    "lu_solve": (lambda a: linalg.lu_solve(linalg.lu_factor(a[::-1]), B, 1), lambda j, a: j.lu_solve(j.lu_factor(a[::-1]), B, 1)),
    "cho":    (lambda a: linalg.cho_solve(linalg.cho_factor(positive(a)), B), lambda j, a: j.cho_solve(j.cho_factor(positive(a)), B)),
    "toeplitz": (lambda a: linalg.toeplitz(a[0], a[1]), lambda j, a: j.toeplitz(a[0], a[1])),
    "block":  (lambda a: linalg.block_diag(a, a[0]), lambda j, a: j.block_diag(a, a[0])),
}
# fmt: on


def loss(out: Any, weights: Any) -> Any:
    return (weights * out**2).sum()


def ours(f: Any, a: Any, weights: Any) -> tuple[Any, Any, Any]:
    gradient = mg.grad(lambda a: loss(f(a), weights))
    return f(a).data, gradient(a), mg.grad(lambda a: gradient(a).sum())(a)


@pytest.mark.parametrize("name", TORCH)
def test_torch_agrees(name: str) -> None:
    torch = pytest.importorskip("torch")
    f, theirs = TORCH[name]
    a = matrix("real", 3, 3)
    weights = random_like(f(a).data)
    value, gradient, second = ours(f, a, weights)
    t = torch.tensor(a, requires_grad=True)
    out = theirs(torch, t, torch.tensor(B))
    (g,) = torch.autograd.grad(loss(out, torch.tensor(weights)), t, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), t)
    np.testing.assert_allclose(value, out.detach().numpy(), 1e-11, 1e-13)
    np.testing.assert_allclose(gradient, g.detach().numpy(), 1e-9, 1e-11)
    np.testing.assert_allclose(second, h.numpy(), 1e-7, 1e-9)


@pytest.mark.parametrize("name", JAX)
def test_jax_agrees(name: str) -> None:
    jax = pytest.importorskip("jax")
    from jax.scipy import linalg as jax_linalg

    f, theirs = JAX[name]
    a = matrix("real", 3, 3)
    weights = random_like(f(a).data)
    with jax.enable_x64(True):
        gradient = jax.grad(lambda a: loss(theirs(jax_linalg, a), weights))(a)
        value = theirs(jax_linalg, a)
    for found, expected in zip(ours(f, a, weights)[:2], (value, gradient), strict=True):
        np.testing.assert_allclose(found, np.asarray(expected), 1e-9, 1e-11)
