"""`quad`: SciPy's values, and derivatives of integrals that are known in closed form."""

from typing import Any

import numpy as np
import pytest
from folding import each
from scipy import integrate as scipys

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import BatchedError, GraphError, NotDifferentiableError, OptionError
from micrograd_np.integrate import quad

W = np.array([1.0, 2.0, 3.0])


def known(k: Any, b: Any) -> Any:
    return (1 - np.exp(-k * b)) / k


WAYS: dict[str, Any] = {  # ways to say what an integral varies with
    "closed over": lambda k, b: quad(lambda x: np.exp(-k * x), 0.0, b)[0],
    "argument": lambda k, b: quad(lambda x, k: np.exp(-k * x), 0.0, b, args=(k,))[0],
    "in a tree": lambda k, b: quad(lambda x, p: np.exp(-p["k"] * x), 0.0, b, ({"k": k, "n": 2},))[
        0
    ],
    "both": lambda k, b: quad(lambda x, c: np.exp(-(k + c) * x / 2), 0.0, b, (k,))[0],
    "reversed": lambda k, b: -quad(lambda x: np.exp(-k * x), b, 0.0)[0],
}


@each("name", WAYS)
def test_derivatives_in_a_limit_and_in_a_parameter(name: str) -> None:
    f, at = WAYS[name], (2.0, 1.5)
    np.testing.assert_allclose(f(*at).data, known(*at))
    for argnums in (0, 1):
        np.testing.assert_allclose(mg.grad(f, argnums)(*at), mg.grad(known, argnums)(*at))
        for mode in ("forward", "reverse"):
            found = mg.jacobian(f, argnums, mode=mode)(*at)  # type: ignore[arg-type] # literals
            np.testing.assert_allclose(found, mg.grad(known, argnums)(*at))
    np.testing.assert_allclose(
        mg.hessian(f, (0, 1))(*at), mg.hessian(known, (0, 1))(*at), rtol=1e-9
    )


def test_the_third_derivative_on_a_half_line() -> None:
    f: Any = lambda k: quad(lambda x: np.exp(-k * x), 0.0, np.inf)[0]
    for expected in (0.5, -0.25, 0.25, -0.375):
        np.testing.assert_allclose(f(2.0).data if expected == 0.5 else f(2.0), expected)
        f = mg.grad(f)


def test_a_whole_line_and_points() -> None:
    normal = lambda s: quad(lambda x: np.exp(-((x / s) ** 2) / 2), -np.inf, np.inf)[0]
    np.testing.assert_allclose(mg.grad(normal)(2.0), np.sqrt(2 * np.pi))
    kinked = lambda c: quad(lambda x: c * np.abs(x - 0.3), 0.0, 1.0, points=[0.3])[0]
    np.testing.assert_allclose(mg.grad(kinked)(2.0), (0.3**2 + 0.7**2) / 2, rtol=1e-12)


def test_many_parameters_at_once() -> None:
    polynomial = lambda w: quad(lambda x, w: np.sum(w * x ** np.arange(3.0)) ** 2, 0.0, 1.0, (w,))[
        0
    ]
    hilbert = 1 / (np.arange(3)[:, None] + np.arange(3) + 1)
    np.testing.assert_allclose(mg.grad(polynomial)(W), 2 * hilbert @ W)
    np.testing.assert_allclose(mg.hessian(polynomial)(W), 2 * hilbert)
    np.testing.assert_allclose(mg.jvp(polynomial, [W], [W])[1], 2 * W @ hilbert @ W)


@pytest.mark.thorough
def test_limits_that_vary_with_parameters() -> None:
    mg.assert_gradcheck(
        lambda k, b: quad(lambda x: np.sin(k * x) * b * k, b, k * b)[0], [2.0, 1.5], order=2
    )


def test_value_and_estimate_are_scipys() -> None:
    t = Tensor(2.0, requires_grad=True)
    value, error = quad(lambda x: np.exp(-t * x), 0, 1)
    assert (float(value.data), error) == scipys.quad(lambda x: np.exp(-2.0 * x), 0, 1)
    value.backward()
    np.testing.assert_allclose(t.grad, mg.grad(known)(2.0, 1.0))
    assert not quad(np.exp, 0, 1)[0].requires_grad


def test_batches_of_parameters_and_limits() -> None:
    f = WAYS["argument"]
    slopes = mg.vmap(mg.grad(known), in_axes=(0, None))(W, 1.5)
    np.testing.assert_allclose(mg.vmap(lambda k: f(k, 1.5))(W), known(W, 1.5))
    np.testing.assert_allclose(mg.vmap(mg.grad(f), in_axes=(0, None))(W, 1.5), slopes)
    np.testing.assert_allclose(
        mg.grad(lambda w: np.sum(mg.vmap(lambda k: f(k, 1.5))(w)))(W), slopes
    )
    np.testing.assert_allclose(mg.vmap(mg.grad(lambda b: quad(np.cos, 0.0, b)[0]))(W), np.cos(W))
    t = Tensor(2.0, requires_grad=True)
    for g in (
        lambda k: quad(lambda x: np.exp(-k * x), 0.0, 1.0)[0],
        lambda k: quad(lambda x, k: np.exp(-k * t * x), 0.0, 1.0, (k,))[0],
    ):
        with pytest.raises(BatchedError, match="in `args`"):
            mg.vmap(g)(W)


def test_what_changes_in_between_is_noticed() -> None:
    t = Tensor(2.0, requires_grad=True)
    areas = [quad(lambda x: np.exp(-k * t * x), 0, 1)[0] for k in (1.0, 2.0)]  # noqa: B023
    areas[1].backward()
    with pytest.raises(GraphError, match="gave another value"):
        areas[0].backward()


def test_a_change_is_noticed_by_the_slope_in_a_limit() -> None:
    """At 0 it would not be seen."""
    b = Tensor(1.0, requires_grad=True)
    areas = [quad(lambda x: k * x, -b, b)[0] for k in (1.0, 2.0)]  # noqa: B023
    areas[1].backward()
    assert b.grad == 0
    with pytest.raises(GraphError, match="gave another value"):
        areas[0].backward()


def test_an_integrand_may_use_a_tensor_in_a_part_of_the_interval_only() -> None:
    for low in (False, True):
        f = lambda w, v: quad(lambda x: x * w if (x < 0.3) == low else x * v, 0, 1, points=[0.3])[0]  # noqa: B023
        below, above = mg.grad(f, (0, 1))(2.0, 3.0)[:: 1 if low else -1]
        np.testing.assert_allclose([below, above], [0.045, 0.455])
    alone = lambda w: quad(lambda x: x * w if x > 0.9 else x, 0, 1, points=[0.9])[0]
    np.testing.assert_allclose(mg.grad(alone)(2.0), 0.095)


def test_the_middle_of_the_interval_may_be_singular() -> None:
    f = lambda k: quad(lambda x: np.abs(x) ** -k, -1, 1, points=[0])[0]
    np.testing.assert_allclose(mg.grad(f)(0.5), 8.0, rtol=1e-6)


def test_an_integrand_may_return_a_list() -> None:
    np.testing.assert_allclose(mg.grad(lambda w: quad(lambda x: [w * x], 0, 2)[0])(3.0), 2.0)


def test_an_integral_that_is_not_found_warns() -> None:
    with pytest.warns(scipys.IntegrationWarning):
        quad(lambda x: 1 / x, 1e-300, 1.0, limit=2)


def test_what_is_not_taken_is_an_error() -> None:
    with pytest.raises(OptionError, match="weight"):
        quad(np.exp, 0, 1, weight="cos", wvar=1)
    with pytest.raises(NotDifferentiableError, match="single number"):
        quad(lambda x: np.ones(2), 0, 1)
    with pytest.raises(NotDifferentiableError, match="limits"):
        quad(np.exp, 0, W)
    with pytest.raises(NotDifferentiableError, match="complex128"):
        quad(lambda x: x * 1j, 0, 1)
    with pytest.raises(NotDifferentiableError, match=r"mg\.compile"):
        mg.compile(lambda b: quad(np.exp, 0.0, b)[0])(1.0)
