"""`jacobian` and `hessian`."""

import numpy as np
import pytest
from leaves import leaf
from small_functions import FUNCTIONS, POINT, modes, number

import micrograd_np as mg


def test_jacobian_puts_the_output_s_shape_before_the_input_s():
    x, matrix = np.arange(3.0), np.arange(12.0).reshape(2, 2, 3)
    found = mg.jacobian(lambda x: matrix @ x)(x)
    assert found.shape == (2, 2, 3)
    np.testing.assert_array_equal(found, matrix)


@pytest.mark.parametrize("out_shape", [(), (1,), (2,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("in_shape", [(), (1,), (3,), (2, 2), (0,)])
def test_jacobian_of_every_rank(out_shape, in_shape):
    rng = np.random.default_rng(2)
    weights = rng.normal(size=out_shape + in_shape)

    def f(x):
        return np.sum(weights * x**2, axis=tuple(range(len(out_shape), weights.ndim)))

    x = rng.normal(size=in_shape)
    found = mg.jacobian(f)(x)
    assert found.shape == out_shape + in_shape
    np.testing.assert_allclose(found, weights * 2 * x, rtol=1e-14)


def test_jacobian_of_the_identity_and_of_a_constant():
    np.testing.assert_array_equal(mg.jacobian(lambda x: x)(np.ones(3)), np.eye(3))
    np.testing.assert_array_equal(mg.jacobian(lambda x: np.ones(2))(np.ones(3)), np.zeros((2, 3)))


def test_jacobian_of_trees_and_several_arguments():
    def f(p, y):
        return {"sum": p["a"] + y, "scaled": [y * 2.0]}

    a, y = np.ones(2), np.ones(2)
    to_p = mg.jacobian(f)({"a": a}, y)
    np.testing.assert_array_equal(to_p["sum"]["a"], np.eye(2))
    np.testing.assert_array_equal(to_p["scaled"][0]["a"], np.zeros((2, 2)))
    both = mg.jacobian(f, (0, -1))({"a": a}, y)
    assert type(both["sum"]) is tuple
    np.testing.assert_array_equal(both["sum"][0]["a"], np.eye(2))
    np.testing.assert_array_equal(both["scaled"][0][1], 2 * np.eye(2))


def test_hessian_of_trees():
    found = mg.hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 3.0})
    matrix = [[number(found[i][j]) for j in "ab"] for i in "ab"]
    assert matrix == [[6.0, 4.0], [4.0, 0.0]]


def test_hessian_keeps_the_dtype():
    assert mg.hessian(lambda x: np.sum(x**3))(np.ones(2, np.float32)).dtype == np.float32


def test_jacobian_of_a_gradient_is_the_hessian():
    f = FUNCTIONS["division"]
    found = mg.jacobian(mg.grad(f))(POINT)
    np.testing.assert_allclose(found, mg.hessian(f)(POINT), rtol=1e-12)


@modes
def test_derivative_of_a_jacobian(derivative):
    def f(x):  # the Jacobian of (x y, y²) in y at y = x is (x, 2x): its sum is 3x
        return np.sum(mg.jacobian(lambda y: mg.tensor([x * y, y * y]))(x))

    assert number(derivative(f)(4.0)) == 3.0


def test_jacobian_through_a_parameter_is_tracked():
    w = leaf([1.0, 2.0])
    jacobian = mg.jacobian(lambda x: w * x**2)(np.array([3.0, 4.0]))
    np.sum(jacobian).backward()
    np.testing.assert_array_equal(w.grad, [6.0, 8.0])
