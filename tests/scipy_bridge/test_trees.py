"""Losses and residuals of trees, handed to the optimizers of SciPy."""

from typing import Any

import numpy as np
import pytest
from differences import assert_close, jacobian
from scipy.optimize import check_grad, least_squares, minimize, root

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import GraphError, NotDifferentiableError, ShapeError
from micrograd_np.scipy_bridge import scipy_objective, scipy_residuals

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.tanh(X @ [0.5, -1.0, 0.3] + 0.2)
TREE = {"w": np.array([0.1, 0.2, 0.3]), "b": 0.0, "count": 3, "name": (np.array([True]), None)}


def loss(p: Any) -> Any:
    return np.mean((np.tanh(X @ p["w"] + p["b"]) - Y) ** 2)


def test_the_vector_holds_the_floating_numbers_in_order() -> None:
    objective = scipy_objective(loss, TREE)
    np.testing.assert_array_equal(objective.x0, [*[0.0, 0.1, 0.2, 0.3][1:], 0.0])
    assert objective.x0.dtype == np.float64
    back = objective.tree(objective.x0 + 1)
    np.testing.assert_array_equal(back["w"], [1.1, 1.2, 1.3])
    assert (back["b"], type(back["b"]), back["count"]) == (1.0, float, 3)
    assert back["name"][0] is TREE["name"][0]


def test_value_gradient_and_hessian_products() -> None:
    objective = scipy_objective(loss, TREE)
    x, p = RNG.normal(size=4), RNG.normal(size=4)
    value, gradient = objective(x)
    assert type(value) is float
    assert_close(value, float(loss(objective.tree(x))))
    assert (gradient.dtype, type(gradient)) == (np.float64, np.ndarray)
    assert_close(gradient, jacobian(lambda x: np.array([objective(x)[0]]), [x])[0][0])
    assert_close(objective.hessp(x, p), jacobian(lambda x: objective(x)[1], [x])[0] @ p)
    assert check_grad(lambda x: objective(x)[0], lambda x: objective(x)[1], x) < 1e-6


@pytest.mark.parametrize(
    ("method", "second"),
    [("BFGS", False), ("L-BFGS-B", False), ("CG", False), ("Newton-CG", True),
     ("trust-ncg", True), ("trust-krylov", True), ("SLSQP", False)],
)  # fmt: skip
def test_minimize_finds_the_parameters(method: str, second: bool) -> None:
    objective = scipy_objective(loss, TREE)
    given = {"hessp": objective.hessp} if second else {}
    options = {"maxiter": 300} | ({"ftol": 1e-15} if method in ("L-BFGS-B", "SLSQP") else {})
    result = minimize(objective, objective.x0, jac=True, method=method, options=options, **given)
    found = objective.tree(result.x)
    np.testing.assert_allclose(found["w"], [0.5, -1.0, 0.3], atol=2e-3)
    np.testing.assert_allclose(found["b"], 0.2, atol=2e-3)


def test_further_arguments_come_from_minimize() -> None:
    objective = scipy_objective(lambda p, a, b: np.sum((p - a) ** 2) * b, np.zeros(2))
    result = minimize(
        objective, objective.x0, args=(np.array([1.0, 2.0]), 3.0), jac=True,
        hessp=objective.hessp, method="Newton-CG",
    )  # fmt: skip
    np.testing.assert_allclose(objective.tree(result.x), [1, 2], atol=1e-6)


def test_a_module_is_a_tree() -> None:
    model = mg.nn.Sequential(
        mg.nn.Linear(3, 4, rng=np.random.default_rng(1)), mg.nn.Tanh(),
        mg.nn.Linear(4, 1, rng=np.random.default_rng(2)),
    )  # fmt: skip
    before = model.state_dict()
    objective = scipy_objective(lambda m: np.mean((m(X)[:, 0] - Y) ** 2), model)
    assert objective.x0.size == sum(p.size for p in model.parameters())
    result = minimize(objective, objective.x0, jac=True, method="L-BFGS-B")
    assert result.fun < 1e-3
    fitted = objective.tree(result.x)
    assert type(fitted) is type(model)
    assert all(p.requires_grad for p in fitted.parameters())
    np.testing.assert_allclose(np.mean((fitted(X).data[:, 0] - Y) ** 2), result.fun)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    model.load_state_dict(fitted.state_dict())
    np.testing.assert_array_equal(model(X).data, fitted(X).data)


def test_leaves_keep_their_kind_dtype_and_name() -> None:
    tree = [
        Tensor(np.float32([1, 2]), requires_grad=True, name="w"),
        np.float32(3),
        np.zeros((2, 0)),
        4.0,
        np.full((1, 2), 5, np.float16),
    ]
    objective = scipy_objective(lambda t: sum(np.sum(x**2) for x in t), tree)
    assert objective.x0.tolist() == [1, 2, 3, 4, 5, 5]
    value, gradient = objective(objective.x0)
    assert (value, gradient.tolist()) == (80.0, [2, 4, 6, 8, 10, 10])
    first, second, third, fourth, fifth = objective.tree(objective.x0)
    assert isinstance(first, Tensor)
    assert (first.dtype, first.name, first.requires_grad) == (np.float32, "w", True)
    assert (type(second), third.shape, type(fourth)) == (np.float32, (2, 0), float)
    assert (fifth.shape, fifth.dtype) == ((1, 2), np.float16)


def test_complex_leaves_are_two_real_numbers() -> None:
    target = np.array([1 + 2j, -0.5j])
    objective = scipy_objective(lambda z: np.sum(np.abs(z**2 - target) ** 2), np.ones(2, complex))
    x, p = RNG.normal(size=4), RNG.normal(size=4)
    assert objective.x0.tolist() == [1, 1, 0, 0]
    assert_close(objective(x)[1], jacobian(lambda x: np.array([objective(x)[0]]), [x])[0][0])
    assert_close(objective.hessp(x, p), jacobian(lambda x: objective(x)[1], [x])[0] @ p)
    result = minimize(objective, objective.x0, jac=True, method="BFGS")
    np.testing.assert_allclose(objective.tree(result.x) ** 2, target, atol=1e-4)


# ---------------------------------------------------------------- residuals

TIMES = np.linspace(0, 3, 12)


def decay(p: Any) -> Any:
    return p["a"] * np.exp(-p["k"] * TIMES) - 2 * np.exp(-0.7 * TIMES)


def test_residuals_and_their_jacobian() -> None:
    residuals = scipy_residuals(decay, {"a": 1.0, "n": 2, "k": np.array([0.1])})
    x = np.array([1.3, 0.4])
    assert residuals(x).shape == (12,)
    assert residuals.jacobian(x).shape == (12, 2)
    assert_close(residuals.jacobian(x), jacobian(residuals, [x])[0])
    result = least_squares(residuals, residuals.x0, jac=residuals.jacobian)
    found = residuals.tree(result.x)
    np.testing.assert_allclose((found["a"], found["k"][0]), (2, 0.7))


def test_root_of_a_system() -> None:
    system = scipy_residuals(
        lambda p: np.stack([p["x"] ** 2 + p["y"] - 3, p["x"] - p["y"] + 1]), {"x": 1.0, "y": 1.0}
    )
    result = root(system, system.x0, jac=system.jacobian)
    found = system.tree(result.x)
    np.testing.assert_allclose((found["x"], found["y"]), (1, 2))


def test_residuals_of_a_module_and_of_single_numbers() -> None:
    model = mg.nn.Linear(3, 1, rng=np.random.default_rng(0))
    residuals = scipy_residuals(lambda m: m(X)[:, 0] - np.arctanh(Y), model)
    result = least_squares(residuals, residuals.x0, jac=residuals.jacobian)
    np.testing.assert_allclose(np.ravel(residuals.tree(result.x).weight.data), [0.5, -1.0, 0.3])
    single = scipy_residuals(lambda x: x**2 - 4, 1.0)
    assert (single(single.x0).shape, single.jacobian(single.x0).tolist()) == ((1,), [[2.0]])


# ---------------------------------------------------------------- errors


def test_errors_teach() -> None:
    objective = scipy_objective(loss, TREE)
    with pytest.raises(ShapeError, match=r"loss is a function of a vector of 4 numbers .*\(3,\)"):
        objective(np.zeros(3))
    with pytest.raises(NotDifferentiableError, match="nothing in the tree given for loss can vary"):
        scipy_objective(loss, {"w": np.arange(3), "b": 0})
    with pytest.raises(NotDifferentiableError, match="no leaves"):
        scipy_objective(loss, [])
    vectorial = scipy_objective(lambda p: p["w"], TREE)
    with pytest.raises(GraphError, match="single real number"):
        vectorial(vectorial.x0)
    with pytest.raises(NotDifferentiableError, match="complex"):
        scipy_residuals(np.abs, 1 + 1j).jacobian(np.ones(2))


# ---------------------------------------------------------------- what it costs

LOSSES = {
    "numbers": (lambda p: (1 - p["x"]) ** 2 + (p["y"] - p["x"] ** 2) ** 2, {"x": -1.0, "y": 2.0}),
    "array": (lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2), np.array([-1.2, 1.0, 0.8])),
}


@pytest.mark.parametrize(("f", "tree"), LOSSES.values(), ids=LOSSES)
def test_a_compiled_objective_calls_little_more_than_the_compiled_gradient(
    f: Any, tree: Any
) -> None:
    objective = scipy_objective(mg.compile(f), tree)
    objective(objective.x0)
    compiled = mg.compile(mg.value_and_grad(f))
    compiled(tree)
    ours, gradients = (
        len(x._latest().program.instructions) for x in (objective._value_and_gradient, compiled)
    )
    assert ours <= gradients + 3
