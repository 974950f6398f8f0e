"""`vjp`, `jvp` and `hvp`: products with the Jacobian and the Hessian."""

import numpy as np
import pytest
from leaves import leaf
from small_functions import FUNCTIONS, POINT, differences, number

import micrograd_np as mg
from micrograd_np import Tensor, errors

# ---------------------------------------------------------------- vjp, jvp


def test_pullback_is_reusable():
    value, pullback = mg.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    np.testing.assert_array_equal(value, [3.0, 6.0])
    for weight in (1.0, 10.0, 1.0):
        to_x, to_y = pullback(weight * np.ones(2))
        np.testing.assert_array_equal(to_x, weight * np.array([3.0, 3.0]))
        assert number(to_y) == weight * 3.0


def test_pullback_of_tree_outputs():
    value, pullback = mg.vjp(lambda x: {"twice": 2.0 * x, "pair": (x * x, x, 7.0)}, 3.0)
    assert number(value["twice"]) == 6.0
    assert type(value["pair"]) is tuple
    assert number(value["pair"][2]) == 7.0
    (gradient,) = pullback({"twice": 1.0, "pair": (10.0, 100.0, 1000.0)})
    assert number(gradient) == 2.0 + 60.0 + 100.0


def test_pullback_of_an_output_returned_twice():
    def f(x):
        y = x * x
        return y, y

    _, pullback = mg.vjp(f, 3.0)
    assert number(pullback((1.0, 10.0))[0]) == 66.0


def test_pullback_after_a_step_is_never_silently_wrong():
    for w in (leaf([1.0, 2.0]), Tensor([1.0, 2.0])):
        _, pullback = mg.vjp(lambda w: w * w, w)
        w.data -= 5.0
        try:
            (found,) = pullback(np.ones(2))
        except errors.MutationError:
            continue
        np.testing.assert_array_equal(found.data, [2.0, 4.0])


def test_results_are_not_windows_on_the_arguments():
    w, given = Tensor([1.0, 2.0]), np.ones(2)
    value, pullback = mg.vjp(lambda x: x, w)
    (gradient,) = pullback(given)
    pushed_value, pushed = mg.jvp(lambda x: x, [w], [given])
    for result in (value, gradient, pushed_value, pushed):
        result.data[:] = 99.0
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    np.testing.assert_array_equal(given, [1.0, 1.0])


def test_pushforward_of_tree_outputs():
    value, tangent = mg.jvp(
        lambda p, y: {"product": p["x"] * y, "rest": [p["x"], y, 7.0]},
        [{"x": 3.0}, 4.0],
        [{"x": 1.0}, 10.0],
    )
    assert number(value["product"]) == 12.0
    assert number(tangent["product"]) == 34.0
    assert [number(t) for t in tangent["rest"]] == [1.0, 10.0, 0.0]


def test_dtypes_of_pushed_and_pulled():
    x = np.ones(2, np.float32)
    value, pullback = mg.vjp(np.exp, x)
    assert value.dtype == np.float32
    assert pullback(np.ones(2))[0].dtype == np.float32
    assert [t.dtype for t in mg.jvp(np.exp, [x], [np.array([1, 2])])] == [np.float32] * 2


functions = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
DIRECTION = np.array([1.0, -0.5, 0.25, 2.0])


@functions
def test_forward_and_reverse_agree_and_match_differences(f):
    gradient = mg.grad(f)(POINT)
    np.testing.assert_allclose(
        gradient, differences(lambda x: float(f(Tensor(x))), POINT), rtol=1e-6, atol=1e-7
    )
    pushed = [float(mg.jvp(f, [POINT], [row])[1]) for row in np.eye(4)]
    np.testing.assert_allclose(pushed, gradient, rtol=1e-12, atol=1e-13)


# ---------------------------------------------------------------- Hessian-vector products


def forward_over_reverse(f, x, v):
    return mg.jvp(mg.grad(f), [x], [v])[1]


def reverse_over_forward(f, x, v):
    return mg.grad(lambda x: mg.jvp(f, [x], [v])[1])(x)


def reverse_over_reverse(f, x, v):
    return mg.grad(lambda x: np.sum(mg.grad(f)(x) * v))(x)


def forward_over_forward(f, x, v):
    rows = [mg.jvp(lambda x, e=e: mg.jvp(f, [x], [e])[1], [x], [v])[1] for e in np.eye(x.size)]
    return np.stack(rows)


PRODUCTS = [forward_over_reverse, reverse_over_forward, reverse_over_reverse, forward_over_forward]


@functions
def test_all_nestings_give_one_hessian(f):
    slopes = [differences(lambda x, i=i: mg.grad(f)(x)[i], POINT) for i in range(POINT.size)]
    expected = np.array(slopes)
    hessian = mg.hessian(f)(POINT)
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-11, atol=1e-12)
    for product_of in (*PRODUCTS, lambda f, x, v: mg.hvp(f, [x], [v])):
        found = product_of(f, POINT, DIRECTION)
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, hessian @ DIRECTION, rtol=1e-11, atol=1e-11)


def test_hvp_of_several_arguments_and_trees():
    def f(p, y):
        return p["a"] ** 2 * y + y**3

    product_p, product_y = mg.hvp(f, [{"a": 2.0}, 3.0], [{"a": 1.0}, 10.0])
    assert number(product_p["a"]) == 2 * 3.0 * 1.0 + 2 * 2.0 * 10.0
    assert number(product_y) == 2 * 2.0 * 1.0 + 6 * 3.0 * 10.0
