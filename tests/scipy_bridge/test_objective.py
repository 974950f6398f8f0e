"""`scipy_objective` with arrays: value, gradient and Hessian."""

from typing import Any

import numpy as np
import pytest
from scipy import optimize

import micrograd_np as mg

TREE = {"a": 1.0, "b": np.array([0.5, -0.5]), "n": 3, "z": np.array([1 + 1j, 2.0])}


def loss(p: Any) -> Any:
    return np.sum(np.cosh(p["b"] * p["a"])) + np.sum(np.abs(p["z"] - p["a"]) ** 4) * p["n"]


@pytest.mark.parametrize("given", [loss, mg.compile(loss)], ids=["plain", "compiled"])
def test_an_objective_has_its_hessian(given: Any) -> None:
    objective = mg.scipy_objective(given, TREE)
    x = objective.x0 + np.linspace(0.1, 0.7, 7)
    matrix = objective.hess(x)
    assert (type(matrix), matrix.shape, matrix.dtype) == (np.ndarray, (7, 7), np.float64)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12, atol=1e-12)
    step = 1e-6 * np.eye(7)
    differences = [(objective(x + h)[1] - objective(x - h)[1]) / 2e-6 for h in step]
    np.testing.assert_allclose(matrix, differences, rtol=1e-6, atol=1e-6)
    for p in np.eye(7):
        np.testing.assert_allclose(objective.hessp(x, p), matrix @ p, rtol=1e-12, atol=1e-12)


def test_a_compiled_objective_is_the_objective() -> None:
    plain, compiled = mg.scipy_objective(loss, TREE), mg.scipy_objective(mg.compile(loss), TREE)
    rng = np.random.default_rng(0)
    for x in plain.x0 + rng.normal(size=(3, 7)):
        value, gradient = compiled(x)
        assert type(value) is float
        assert type(gradient) is np.ndarray
        np.testing.assert_allclose(value, plain(x)[0], rtol=1e-13)
        np.testing.assert_allclose(gradient, plain(x)[1], rtol=1e-12)
    found = optimize.minimize(
        compiled, compiled.x0, jac=True, hess=compiled.hess, method="trust-exact"
    )
    np.testing.assert_allclose(found.jac, 0, atol=1e-4)


def test_compiled_residuals_are_the_residuals() -> None:
    times = np.linspace(0, 3, 12)

    def decay(p: Any) -> Any:
        return p["a"] * np.exp(-p["k"] * times) - 2 * np.exp(-0.7 * times)

    start = {"a": 1.0, "k": np.array([0.1])}
    plain, compiled = mg.scipy_residuals(decay, start), mg.scipy_residuals(mg.compile(decay), start)
    x = np.array([1.3, 0.4])
    np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-14)
    np.testing.assert_allclose(compiled.jacobian(x), plain.jacobian(x), rtol=1e-13)
    found = optimize.least_squares(compiled, compiled.x0, jac=compiled.jacobian)
    np.testing.assert_allclose(found.x, [2, 0.7])


def test_a_loss_may_write_into_its_leaves_without_changing_the_vector() -> None:
    def careless(p: Any) -> Any:
        total = np.sum(p["b"] ** 2)
        if isinstance(p["b"], np.ndarray):
            p["b"][...] = 0
        return np.reshape(total, (1,))

    objective = mg.scipy_residuals(careless, {"b": np.array([1.0, 2.0])})
    x = objective.x0.copy()
    objective(x)
    np.testing.assert_array_equal(x, [1, 2])
