"""`root` and `fixed_point`: SciPy's solutions, and derivatives known in closed form."""

from typing import Any

import numpy as np
import pytest
from folding import each
from scipy import optimize as scipys

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import (
    BatchedError,
    GraphError,
    MutationError,
    NotDifferentiableError,
    ShapeError,
)
from micrograd_np.optimize import fixed_point, root


def system(x: Any, a: Any, b: Any) -> Any:
    return np.stack([x[0] ** 2 + a * x[1] - b, x[1] ** 3 + x[0] * x[1] - a * b])


CUBE_ROOTS: dict[str, Any] = {  # ways to say what an equation varies with
    "closed over": lambda a: root(lambda x: x**3 - a, 1.0).x[0],
    "argument": lambda a: root(lambda x, a: x**3 - a, 1.0, args=(a,)).x[0],
    "no tuple": lambda a: root(lambda x, a: x**3 - a, 1.0, args=a).x[0],
    "in a tree": lambda a: root(lambda x, p: x**3 - p["a"][0], 1.0, args=({"a": [a, 3]},)).x[0],
    "both": lambda a: root(lambda x, b: x**3 - np.sqrt(a * b), 1.0, args=(a,)).x[0],
    "jac": lambda a: root(lambda x: x**3 - a, 1.0, jac=lambda x: 3 * x**2).x[0],
    "jac too": lambda a: root(lambda x: (x**3 - a, 3 * x**2), 1.0, jac=True).x[0],
    "differences": lambda a: root(lambda x: x**3 - a, 1.0, jac=False).x[0],
    "lm": lambda a: root(lambda x: x**3 - a, 1.0, method="lm").x[0],
    "krylov": lambda a: root(lambda x: x**3 - a, 1.0, method="krylov", tol=1e-12).x[0],
    "fixed point": lambda a: fixed_point(lambda x: x - (x**3 - a) / (3 * x**2), 1.0),
    "iteration": lambda a: fixed_point(
        lambda x: x - (x**3 - a) / (3 * x**2), np.array([1.0]), method="iteration"
    )[0],
}
DERIVATIVES = (2.0, 8 ** (-2 / 3) / 3, -2 / 9 * 8 ** (-5 / 3), 10 / 27 * 8 ** (-8 / 3))


@each("name", CUBE_ROOTS)
def test_derivatives_of_three_orders(name: str) -> None:
    f = CUBE_ROOTS[name]
    np.testing.assert_allclose(f(8.0).data, DERIVATIVES[0], rtol=1e-7)
    for expected in DERIVATIVES[1:]:
        f = mg.grad(f)
        np.testing.assert_allclose(f(8.0), expected, rtol=1e-6)


def test_both_directions_agree_and_mix() -> None:
    for f in (CUBE_ROOTS["argument"], CUBE_ROOTS["closed over"]):
        value, slope = mg.jvp(f, [8.0], [1.0])
        np.testing.assert_allclose([value, slope], DERIVATIVES[:2])
        np.testing.assert_allclose(mg.hvp(f, 8.0, 1.0), DERIVATIVES[2])
        np.testing.assert_allclose(mg.jacobian(mg.jacobian(f, mode="forward"))(8.0), DERIVATIVES[2])


@pytest.mark.thorough
def test_a_system_against_differences() -> None:
    mg.assert_gradcheck(lambda a, b: root(system, [1.0, 1.0], (a, b)).x, [1.2, 2.0], order=2)
    mg.assert_gradcheck(
        lambda a, b: root(lambda x: system(x, a, b), [1.0, 1.0]).x, [1.2, 2.0], order=2
    )


def test_the_result_is_scipys() -> None:
    found = root(system, [1.0, 1.0], (1.2, 2.0))
    theirs = scipys.root(lambda x: system(x, 1.2, 2.0), [1.0, 1.0])
    assert found.success
    assert found.message == theirs.message
    np.testing.assert_allclose(found.x.data, theirs.x)
    grid = root(lambda x: x**3 - 8.0, np.ones((2, 2)))
    np.testing.assert_allclose(grid.x.data, np.full((2, 2), 2.0))
    assert not grid.x.requires_grad


def test_the_start_has_no_derivative() -> None:
    start = Tensor(1.0, requires_grad=True)
    assert not root(lambda x: x**3 - 8.0, start).x.requires_grad


def test_parameters_of_a_model() -> None:
    model = mg.nn.Linear(2, 2, rng=np.random.default_rng(0))
    model.weight.data = 0.3 * model.weight.data

    def settled(weight: Any) -> Any:
        return np.linalg.solve(np.eye(2) - weight, np.ones(2))

    x = fixed_point(lambda x: model(x) + 1.0, np.zeros(2))
    np.sum(x).backward()
    expected = mg.grad(lambda w: np.sum(settled(np.transpose(w))))(model.weight.data)
    other = mg.grad(lambda w: np.sum(settled(w)))(model.weight.data)
    found = model.weight.grad
    assert np.allclose(found, expected) or np.allclose(found, other)


def test_batches_of_arguments() -> None:
    a = np.array([1.0, 8.0, 27.0])
    f = CUBE_ROOTS["argument"]
    slopes = a ** (-2 / 3) / 3
    np.testing.assert_allclose(mg.vmap(f)(a), np.cbrt(a))
    np.testing.assert_allclose(mg.vmap(mg.grad(f))(a), slopes)
    np.testing.assert_allclose(mg.grad(lambda a: np.sum(mg.vmap(f)(a)))(a), slopes)
    t = Tensor(8.0, requires_grad=True)
    for g in (CUBE_ROOTS["closed over"], lambda a: root(lambda x, a: x**3 - a * t, 1.0, (a,)).x[0]):
        with pytest.raises(BatchedError, match="in `args`"):
            mg.vmap(g)(a)


def test_what_is_no_solution_has_no_derivative() -> None:
    t = Tensor(1.0, requires_grad=True)
    with np.errstate(all="ignore"):
        failed = root(lambda x: x**2 + t, 1.0)
    assert not failed.success
    with pytest.raises(GraphError, match="no solution"):
        np.sum(failed.x).backward()
    with pytest.raises(GraphError, match="for an example"):
        mg.vmap(lambda a: root(lambda x, a: x**2 + a, 1.0, (a,)).x)(np.ones(2))
    with pytest.raises(RuntimeError, match="Failed to converge"):
        fixed_point(lambda x: x + t, 1.0, maxiter=5, method="iteration")


def test_a_singular_jacobian_is_an_error() -> None:
    double = lambda a: root(lambda x: (x - a) ** 2, 1.0).x[0]
    line = lambda a: root(lambda x: np.stack([x[0] - a, x[0] - a]), np.ones(2), method="lm").x[0]
    for f in (double, line):
        with pytest.raises(NotDifferentiableError, match="singular"):
            mg.grad(f)(1.0)


def test_what_changes_in_between_is_noticed() -> None:
    t = Tensor(8.0, requires_grad=True)
    solutions = [root(lambda x: x**3 - k * t, 1.0).x for k in (1.0, 2.0)]  # noqa: B023
    solutions[1].backward(np.ones(1))
    with pytest.raises(GraphError, match="gave another value"):
        solutions[0].backward(np.ones(1))
    late = root(lambda x: x**3 - t, 1.0).x
    t.data = 27.0
    with pytest.raises((MutationError, GraphError)):
        late.backward(np.ones(1))


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(ShapeError, match="for 2 unknown"):
        root(lambda x: x[:1], np.ones(2))
    with pytest.raises(NotDifferentiableError, match="complex"):
        root(lambda x: x, 1j)
    with pytest.raises(NotDifferentiableError, match="complex128"):
        root(lambda x: x * 1j, 1.0, jac=False)
    with pytest.raises(NotDifferentiableError, match=r"mg\.compile"):
        mg.compile(CUBE_ROOTS["argument"])(8.0)
