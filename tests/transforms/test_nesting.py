"""Transforms in transforms: higher derivatives, and tangents that are never confused."""

import math

import numpy as np
import pytest
from leaves import leaf
from nesting import nestings
from small_functions import composed, differences, modes, number

import micrograd_np as mg

# ---------------------------------------------------------------- higher derivatives of one number

SERIES = {
    "x**5": (lambda x: x**5, lambda n, x: math.perm(5, n) * x ** (5 - n)),
    "x*x*x*x": (lambda x: x * x * x * x, lambda n, x: math.perm(4, n) * x ** (4 - n)),
    "exp": (np.exp, lambda n, x: math.exp(x)),
    "sin": (np.sin, lambda n, x: math.sin(x + n * math.pi / 2)),
    "1/x": (lambda x: 1 / x, lambda n, x: (-1) ** n * math.factorial(n) * x ** -(n + 1)),
    "log": (np.log, lambda n, x: (-1) ** (n - 1) * math.factorial(n - 1) * x**-n),
}
series = pytest.mark.parametrize(("f", "nth"), SERIES.values(), ids=SERIES)


@series
@nestings(2)
def test_second_derivatives_in_every_nesting(f, nth, operators):
    assert number(composed(f, operators)(0.7)) == pytest.approx(nth(2, 0.7), rel=1e-12)


@series
@nestings(3)
def test_third_derivatives_in_every_nesting(f, nth, operators):
    assert number(composed(f, operators)(0.7)) == pytest.approx(nth(3, 0.7), rel=1e-12)


@series
@nestings(4)
def test_fourth_derivatives_in_every_nesting(f, nth, operators):
    assert number(composed(f, operators)(0.7)) == pytest.approx(nth(4, 0.7), rel=1e-12)


@nestings(3)
def test_high_derivatives_of_a_low_polynomial_vanish(operators):
    assert number(composed(lambda x: 3.0 * x * x + x, operators)(0.7)) == 0.0


# ---------------------------------------------------------------- perturbation confusion


@nestings(2)
def test_inner_derivative_of_a_sum_does_not_see_the_outer_variable(operators):
    inner, outer = operators
    f = outer(lambda x: x * inner(lambda y: x + y)(1.0))
    assert number(f(1.0)) == 1.0


@nestings(2)
def test_inner_derivative_of_a_product(operators):
    inner, outer = operators  # d/dx x (d/dy x y) = d/dx x² = 2x
    assert number(outer(lambda x: x * inner(lambda y: x * y)(2.0))(5.0)) == 10.0


@nestings(2)
def test_inner_derivative_taken_at_the_outer_variable(operators):
    inner, outer = operators  # d/dx [d/dy x y² at y = x] = d/dx 2x² = 4x
    assert number(outer(lambda x: inner(lambda y: x * y * y)(x))(3.0)) == 12.0


@nestings(2)
def test_inner_derivative_that_does_not_use_its_variable(operators):
    inner, outer = operators
    assert number(outer(lambda x: x * inner(lambda y: x)(x))(3.0)) == 0.0


@nestings(2)
def test_inner_derivative_of_the_identity(operators):
    inner, outer = operators
    assert number(outer(lambda x: x * inner(lambda y: y)(x))(3.0)) == 1.0


@nestings(3)
def test_three_variables_nested(operators):
    innermost, middle, outermost = operators

    def f(x):  # x d/dy [y d/dz (x y z)] = x d/dy (x y²) = 2 x² y; at y = x: 2 x³
        return x * middle(lambda y: y * innermost(lambda z: x * y * z)(y))(x)

    assert number(outermost(f)(2.0)) == 24.0


@nestings(2)
def test_an_inner_function_that_captures_a_result_of_the_outer(operators):
    inner, outer = operators

    def f(x):
        squared = x * x
        return inner(lambda y: y * squared + np.sin(squared) * y * y)(squared)

    x = 0.8  # squared + 2 sin(squared) squared, with squared = x²
    expected = 2 * x + 4 * x**3 * math.cos(x * x) + 4 * x * math.sin(x * x)
    assert number(outer(f)(x)) == pytest.approx(expected, rel=1e-13)


# ---------------------------------------------------------------- closures over tracked Tensors


@modes
def test_a_derivative_that_depends_on_a_parameter_is_tracked(derivative):
    w = leaf(3.0)
    slope = derivative(lambda x: w * x**2)(5.0)  # 2 w x
    assert slope.requires_grad
    assert slope.item() == 30.0
    slope.backward()
    assert w.grad == 10.0


@modes
def test_a_derivative_at_a_tracked_point_is_tracked(derivative):
    x = leaf(2.0)
    slope = derivative(lambda x: x**3)(x)
    slope.backward()
    assert x.grad == 12.0
    x.grad = None
    slope = derivative(lambda y: y**3)(x * x)  # 3 x⁴
    slope.backward()
    assert x.grad == pytest.approx(12 * 2.0**3, rel=1e-14)


@modes
def test_a_tracked_point_that_is_also_in_the_closure(derivative):
    x = leaf(3.0)
    slope = derivative(lambda y: x * y * y)(x)  # 2 x²
    slope.backward()
    assert x.grad == 12.0


def test_the_value_of_a_transform_is_tracked_too():
    w = leaf(3.0)
    value, gradient = mg.value_and_grad(lambda x: w * x**2)(2.0)
    (value + gradient).backward()
    assert w.grad == 4.0 + 4.0
    w.grad = None
    value, tangent = mg.jvp(lambda x: w * x**2, [2.0], [1.0])
    (value + tangent).backward()
    assert w.grad == 4.0 + 4.0
    w.grad = None
    value, pullback = mg.vjp(lambda x: w * x**2, 2.0)
    (value + pullback(1.0)[0]).backward()
    assert w.grad == 4.0 + 4.0


def test_a_tracked_cotangent_or_tangent_keeps_its_history():
    v = leaf(3.0)
    _, pullback = mg.vjp(lambda x: x**2, 2.0)
    pullback(v)[0].backward()
    assert v.grad == 4.0
    v.grad = None
    mg.jvp(lambda x: x**2, [2.0], [v])[1].backward()
    assert v.grad == 4.0


def test_under_no_grad_a_derivative_that_depends_on_a_parameter_is_a_constant():
    w = leaf(3.0)
    with mg.no_grad():
        for slope in (
            mg.grad(lambda x: w * x**2)(5.0),
            mg.jvp(lambda x: w * x**2, [5.0], [1.0])[1],
            mg.vjp(lambda x: w * x**2, 5.0)[1](1.0)[0],
            mg.grad(lambda x: x**2 * 3.0)(leaf(5.0)),
        ):
            assert number(slope) == 30.0


@nestings(2)
def test_transforms_work_under_no_grad(operators):
    inner, outer = operators
    with mg.no_grad():
        assert number(inner(lambda x: x**3)(2.0)) == 12.0
        assert number(outer(inner(lambda x: x**3))(2.0)) == 12.0
        assert number(outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0)) == 1.0
        assert not (leaf(1.0) * 2.0).requires_grad
        np.testing.assert_array_equal(mg.jacobian(np.square)(np.ones(2)).data, 2 * np.eye(2))


def model(parameters, x):
    hidden = np.tanh(x @ parameters["W"] + parameters["b"])
    return np.sum(mg.sigmoid(hidden @ parameters["V"]))


def test_gradient_penalty_through_parameters_equals_differences():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 3))
    arrays = {
        "W": rng.normal(size=(3, 4)),
        "b": rng.normal(size=4),
        "V": rng.normal(size=(4, 1)),
    }

    def penalty(parameters):
        slope = mg.grad(model, 1)(parameters, x)
        return np.sum((np.sqrt(np.sum(slope * slope, axis=1)) - 1.0) ** 2)

    parameters = {name: leaf(array) for name, array in arrays.items()}
    loss = penalty(parameters)
    assert loss.requires_grad
    loss.backward()
    by_transform = mg.grad(penalty)(arrays)
    for name, array in arrays.items():

        def at(changed, name=name):
            return float(penalty(arrays | {name: changed}))

        expected = differences(at, array)
        np.testing.assert_allclose(parameters[name].grad, expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(by_transform[name], parameters[name].grad, rtol=1e-12)


def test_gradient_penalty_in_forward_mode_gives_the_same_gradients():
    rng = np.random.default_rng(1)
    x, direction = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    arrays = {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "V": rng.normal(size=(4, 1))}
    found = []
    for slope_along in (
        lambda p: mg.jvp(lambda x: model(p, x), [x], [direction])[1],
        lambda p: np.sum(mg.grad(model, 1)(p, x) * direction),
    ):
        parameters = {name: leaf(array) for name, array in arrays.items()}
        (slope_along(parameters) ** 2).backward()
        found.append(parameters)
    for name in arrays:
        np.testing.assert_allclose(found[0][name].grad, found[1][name].grad, rtol=1e-10)


def test_a_result_that_needs_no_history_keeps_none():
    x = leaf(2.0)
    constant = mg.grad(lambda y: 3.0 * y)(5.0)
    assert type(constant) is np.float64
    assert number(mg.stop_gradient(mg.grad(lambda y: y * y)(x))) == 4.0
