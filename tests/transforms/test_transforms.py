"""What `grad`, `vjp`, `jvp`, `jacobian`, `hessian` and `hvp` promise, alone and nested.

Forward and reverse mode appear as one-argument derivative operators, `forward` and `reverse`, so
that a test can run over every nesting of them.
"""

import functools
import inspect
import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nesting import MODES, forward, nestings, reverse

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn

modes = pytest.mark.parametrize("derivative", MODES.values(), ids=MODES)


def differences(f, x, step=1e-6):
    """The gradient of a scalar function of an array by central differences."""
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        out[i] = (f(up) - f(down)) / (2 * step)
    return out


def leaf(data, **options):
    return Tensor(data, requires_grad=True, **options)


def number(t):
    assert type(t) in (np.float64, np.ndarray, Tensor)
    assert not getattr(t, "requires_grad", False)
    return float(t)


# ---------------------------------------------------------------- grad, value_and_grad


def test_grad_returns_the_argument_s_shape_and_dtype():
    for x in (2.0, np.float32(2.0), np.ones(3, np.float32), np.ones((2, 1)), Tensor([1.0, 2.0])):
        g = mg.grad(lambda x: np.sum(x) * 2.0)(x)
        assert g.dtype == np.asarray(x).dtype
        np.testing.assert_array_equal(g.data, np.full(np.shape(x), 2.0))
        assert g.shape == np.shape(x)


def test_a_list_is_a_tree_of_numbers():
    g = mg.grad(lambda x: np.sum(mg.tensor(x) ** 2))([1.0, 2.0])
    assert [number(part) for part in g] == [2.0, 4.0]


@modes
def test_results_are_untracked_when_nothing_outside_is_tracked(derivative):
    assert number(derivative(lambda x: x**3)(2.0)) == 12.0
    assert number(derivative(derivative(lambda x: x**3))(2.0)) == 12.0
    value, pullback = mg.vjp(np.exp, 0.0)
    assert number(value) == 1.0
    assert number(pullback(2.0)[0]) == 2.0
    assert number(mg.jvp(np.exp, [0.0], [3.0])[0]) == 1.0
    value, gradient = mg.value_and_grad(lambda x: x * x)(3.0)
    assert (number(value), number(gradient)) == (9.0, 6.0)


def test_argument_numbers():
    def f(x, y, z):
        return x + 10.0 * y + 100.0 * z

    arguments = 1.0, 2.0, 3.0
    assert number(mg.grad(f)(*arguments)) == 1.0
    assert number(mg.grad(f, 1)(*arguments)) == 10.0
    assert number(mg.grad(f, -1)(*arguments)) == 100.0
    assert [number(g) for g in mg.grad(f, (2, 0))(*arguments)] == [100.0, 1.0]
    assert type(mg.grad(f, (1,))(*arguments)) is tuple
    assert [number(g) for g in mg.grad(f, (-1, 1))(*arguments)] == [100.0, 10.0]


@pytest.mark.parametrize("argnums", [1, -2, (0, 1), (5,)])
def test_argument_numbers_out_of_range_raise(argnums):
    with pytest.raises(TypeError, match="1 positional"):
        mg.grad(lambda x: x, argnums)(1.0)


def test_keyword_arguments_pass_through():
    assert number(mg.grad(lambda x, *, power: x**power)(2.0, power=3)) == 12.0


def test_auxiliary_values_come_back_as_they_are():
    def f(x):
        return x * x, {"doubled": 2.0 * x, "note": "text", "count": 3, "none": None}

    gradient, aux = mg.grad(f, has_aux=True)(3.0)
    assert number(gradient) == 6.0
    assert number(aux["doubled"]) == 6.0
    assert (aux["note"], aux["count"], aux["none"]) == ("text", 3, None)
    (value, aux), gradient = mg.value_and_grad(f, has_aux=True)(3.0)
    assert (number(value), number(gradient), number(aux["doubled"])) == (9.0, 6.0, 6.0)


def test_auxiliary_values_do_not_add_to_the_gradient():
    gradient, _ = mg.grad(lambda x: (x, x * 100.0), has_aux=True)(1.0)
    assert number(gradient) == 1.0


class Point(NamedTuple):
    x: float
    y: float


class Line:
    """A module: weight and bias are its tree, its name is not."""

    def __init__(self, weight, bias, name="line"):
        self.weight, self.bias, self.name = weight, bias, name

    def __tree__(self):
        return {"weight": self.weight, "bias": self.bias}

    def __tree_with__(self, children):
        return Line(name=self.name, **children)

    def __call__(self, x):
        return self.weight * x + self.bias


def test_trees_of_every_kind_are_arguments():
    def f(tree):
        return (
            tree["a"] ** 2
            + np.sum(tree["list"][0] * 3.0)
            + tree["list"][1][0] * tree["point"].x
            + tree["line"](2.0)
        )

    tree = {
        "a": 3.0,
        "list": [np.ones(2), (4.0, None)],
        "point": Point(5.0, 6.0),
        "line": Line(7.0, 8.0, "kept"),
        "none": None,
    }
    g = mg.grad(f)(tree)
    assert list(g) == list(tree)
    assert number(g["a"]) == 6.0
    np.testing.assert_array_equal(g["list"][0].data, [3.0, 3.0])
    assert type(g["list"][1]) is tuple
    assert number(g["list"][1][0]) == 5.0
    assert g["list"][1][1] is None
    assert type(g["point"]) is Point
    assert (number(g["point"].x), number(g["point"].y)) == (4.0, 0.0)
    assert type(g["line"]) is Line
    assert g["line"].name == "kept"
    assert (number(g["line"].weight), number(g["line"].bias)) == (2.0, 1.0)
    assert g["none"] is None
    assert type(tree["a"]) is float
    assert type(tree["line"].weight) is float


def test_a_tree_without_leaves_has_a_gradient_without_leaves():
    assert mg.grad(lambda tree: 2.0)({"a": [], "b": None}) == {"a": [], "b": None}


def test_the_same_array_twice_in_a_tree_is_two_leaves():
    x = np.array(3.0)
    g = mg.grad(lambda pair: pair[0] * pair[1] ** 2)([x, x])
    assert [number(part) for part in g] == [9.0, 18.0]


@modes
def test_a_function_that_returns_its_argument(derivative):
    assert number(derivative(lambda x: x)(3.0)) == 1.0


@modes
def test_a_function_that_ignores_its_argument(derivative):
    assert number(derivative(lambda x: np.exp(Tensor(1.0)))(3.0)) == 0.0


@modes
def test_a_function_that_returns_a_constant(derivative):
    for constant in (2.0, np.float64(2.0), np.array(2.0)):
        assert number(derivative(lambda x, c=constant: c)(3.0)) == 0.0


@modes
def test_a_flat_function(derivative):
    assert number(derivative(np.floor)(3.5)) == 0.0


@modes
def test_python_control_flow(derivative):
    def power(x, n):
        out = 1.0
        while n:
            if n % 2:
                out = out * x
            x, n = x * x, n // 2
        return out if out < 1e6 else -out

    assert number(derivative(lambda x: power(x, 5))(2.0)) == 80.0
    assert number(derivative(lambda x: power(x, 5))(100.0)) == -5e8


@modes
def test_stop_gradient_inside_a_function(derivative):
    assert number(derivative(lambda x: x * mg.stop_gradient(x))(3.0)) == 3.0
    assert number(derivative(derivative(lambda x: x * x * mg.stop_gradient(x)))(3.0)) == 6.0


@modes
def test_no_grad_inside_a_function(derivative):
    def f(x):
        with mg.no_grad():
            factor = x * x
        return x * factor

    assert number(derivative(f)(3.0)) == 9.0


@modes
def test_an_argument_used_for_its_value_only(derivative):
    assert number(derivative(lambda x: x * mg.stop_gradient(x).item())(3.0)) == 3.0


@modes
@pytest.mark.parametrize("number_of", [float, int, complex, math.sin])
def test_109_a_number_taken_out_while_differentiating_is_an_error(derivative, number_of):
    with pytest.raises(errors.LeavesGraphError, match=r"np\.sin"):
        derivative(lambda x: x * number_of(x))(3.0)
    assert (leaf(2.0) * 3.0).item() == 6.0  # elsewhere it may leave


@modes
def test_109_filling_an_array_entry_by_entry_while_differentiating_is_an_error(derivative):
    def f(x):
        array = np.zeros(1)
        array[0] = x
        return array[0] * x

    with pytest.raises((TypeError, ValueError)):
        derivative(f)(3.0)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), 2, -3, "x", 1.0, np.ones(2)])
def test_argnums_that_name_no_arguments_or_one_twice_raise(argnums):
    with pytest.raises(TypeError, match="argnums"):
        mg.grad(lambda x, y: x * y, argnums)(3.0, 4.0)


def test_has_aux_without_a_pair_raises():
    with pytest.raises(TypeError, match="pair"):
        mg.grad(lambda x: x * 2.0, has_aux=True)(3.0)


def test_a_function_that_returns_nothing_is_told_so():
    with pytest.raises(errors.GraphError, match="return"):
        mg.grad(lambda x: None)(3.0)


def test_mixed_second_derivative_of_a_power_at_exponent_zero():
    found = mg.hessian(lambda v: v[0] ** v[1])(np.array([2.0, 0.0]))
    np.testing.assert_allclose(found, [[0.0, 0.5], [0.5, np.log(2.0) ** 2]])


def test_cotangents_and_gradients_share_nothing_in_recorded_walks():
    w, cotangent = leaf([1.0, 2.0]), Tensor([1.0, 1.0])
    left, right = mg.vjp(lambda x, y: x + y, w, w)[1](cotangent)
    left[0] = 9.0
    assert right.tolist() == [1.0, 1.0]
    assert cotangent.tolist() == [1.0, 1.0]


# ---------------------------------------------------------------- what transforms refuse


@pytest.mark.parametrize("transform", [mg.grad, mg.value_and_grad, mg.hessian])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * np.ones(2),
        lambda x: [x, x * 1.0],
        lambda x: {"loss": x},
        lambda x: x > 1.0,
        lambda x: Tensor(3),
        lambda x: None,
    ],
    ids=["array", "list", "dict", "boolean", "integer", "None"],
)
def test_output_that_is_not_one_real_number_raises(transform, f):
    def loss_of_mine(x):
        return f(x)

    with pytest.raises(errors.GraphError, match="loss_of_mine") as caught:
        transform(loss_of_mine)(1.0)
    assert "single real number" in str(caught.value)


@pytest.mark.parametrize("x", [3, np.arange(3), True, Tensor(3)])
@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: mg.grad(f)(x),
        lambda f, x: mg.value_and_grad(f)(x),
        mg.vjp,
        lambda f, x: mg.jvp(f, [x], [x]),
        lambda f, x: mg.jacobian(f)(x),
        lambda f, x: mg.hessian(f)(x),
        lambda f, x: mg.hvp(f, [x], [x]),
    ],
    ids=["grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp"],
)
def test_84_arguments_that_do_not_vary_smoothly_raise(transform, x):
    with pytest.raises(TypeError, match="dtype=float"):
        transform(lambda x: np.sum(x * 1.0), x)


def test_an_integer_leaf_of_a_tree_raises_and_others_may_be_integers():
    with pytest.raises(TypeError):
        mg.grad(lambda tree: tree["x"] * 1.0)({"x": 1.0, "n": 2})
    assert number(mg.grad(lambda x, n: x * n)(1.0, 2)) == 2.0


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 2)])
def test_cotangents_and_tangents_of_another_shape_raise(shape):
    x, wrong = np.ones(2), np.ones(shape)
    _, pullback = mg.vjp(np.exp, x)
    with pytest.raises(errors.ShapeError, match=r"\(2,\)"):
        pullback(wrong)
    with pytest.raises(errors.ShapeError, match=r"\(2,\)"):
        mg.jvp(np.exp, [x], [wrong])
    with pytest.raises(errors.ShapeError, match=r"\(2,\)"):
        mg.hvp(lambda x: np.sum(x * x), [x], [wrong])


def test_cotangents_and_tangents_of_another_structure_raise_and_name_the_path():
    def f(p):
        return {"u": p["a"] * 1.0, "v": [p["b"] * 1.0, p["b"] * 2.0]}

    primal = {"a": 1.0, "b": 2.0}
    _, pullback = mg.vjp(f, primal)
    with pytest.raises(ValueError, match="v"):
        pullback({"u": 1.0, "v": [1.0]})
    with pytest.raises(ValueError, match="expected"):
        pullback([1.0, 1.0])
    with pytest.raises(ValueError, match="expected"):
        mg.jvp(f, [primal], [{"a": 1.0}])
    with pytest.raises(ValueError, match="expected"):
        mg.jvp(f, [primal], [])


def test_transforms_do_not_touch_gradients_or_values_of_leaves():
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    for run in (
        lambda: mg.grad(lambda x: np.sum(w * x * x))(x),
        lambda: mg.vjp(lambda x: w * x, x)[1](np.ones(2)),
        lambda: mg.jvp(lambda x: w * x, [x], [np.ones(2)]),
        lambda: mg.hessian(lambda x: np.sum(w * x * x))(x),
    ):
        run()
        assert w.grad is None
        assert x.grad is None
        np.testing.assert_array_equal(w.data, [1.0, 2.0])
        np.testing.assert_array_equal(x.data, [3.0, 4.0])


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


def several_results(x):
    low, high = np.split(np.sin(x) * x, 2)
    return np.sum(low * high * high) + np.sum(np.exp(low))


FUNCTIONS = {
    "sigmoid network": lambda x: np.sum(mg.sigmoid(np.tanh(x * x[::-1]) @ np.ones((4, 2)))),
    "polynomial": lambda x: np.sum(x**3) * x[0] - np.prod(x),
    "division": lambda x: np.sum(x / (1.0 + x * x)),
    "fan-out": lambda x: np.sum((x + x[0]) * (x - x[1]) * x),
    "softmax": lambda x: np.log(np.sum(np.exp(x - np.max(x)))) * x[1],
    "indexing": lambda x: np.sum(x[[0, 0, 3]] ** 2 * x[1:]),
    "norm": lambda x: np.sqrt(np.sum(x * x)),
    "several results": several_results,
    "stack": lambda x: np.sum(np.stack([x, x * x]) ** 2),
    "where": lambda x: np.sum(np.where(x > 0, x**3, x**2)),
    "einsum": lambda x: np.einsum("i,i,j->", x, x, np.sin(x)),
    "power": lambda x: np.sum(np.abs(x) ** x[0]),
}
functions = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
POINT = np.array([0.7, -1.3, 0.4, 2.1])
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


def composed(f, operators):
    for derivative in operators:
        f = derivative(f)
    return f


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


# ---------------------------------------------------------------- jacobian, hessian


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


# ---------------------------------------------------------------- modes, threads, exceptions


def test_an_exception_inside_the_function_leaves_the_mode_as_it_was():
    def failing(x):
        raise ZeroDivisionError

    def attempt():
        for run in (
            lambda: mg.grad(failing)(1.0),
            lambda: mg.vjp(failing, 1.0),
            lambda: mg.jvp(failing, [1.0], [1.0]),
            lambda: mg.hessian(failing)(1.0),
        ):
            with pytest.raises(ZeroDivisionError):
                run()

    attempt()
    assert (leaf(1.0) * 2.0).requires_grad
    with mg.no_grad():
        attempt()
        assert not (leaf(1.0) * 2.0).requires_grad
    assert (leaf(1.0) * 2.0).requires_grad


def test_transforms_inside_threads():
    def work(i):
        return [
            number(composed(lambda x: x**4, operators)(float(i)))
            for _ in range(20)
            for operators in ([forward, reverse], [reverse, forward], [reverse, reverse])
        ]

    with ThreadPoolExecutor(8) as pool:
        for i, found in enumerate(pool.map(work, range(16))):
            assert found == [12.0 * i * i] * 60


def test_threads_share_a_parameter_and_a_pullback():
    w = leaf([1.0, 2.0])
    _, pullback = mg.vjp(lambda x: x**2, np.array([3.0, 4.0]))

    def work(i):
        weighted = mg.grad(lambda x: np.sum(w * x**2))(np.full(2, float(i)))
        np.sum(weighted).backward()
        return pullback(np.full(2, float(i)))[0].tolist()

    with ThreadPoolExecutor(8) as pool:
        for i, found in enumerate(pool.map(work, range(32))):
            assert found == [6.0 * i, 8.0 * i]
    np.testing.assert_array_equal(w.grad, np.full(2, 2.0 * sum(range(32))))


@given(
    st.lists(st.integers(-8, 8), min_size=1, max_size=6),
    st.floats(-2, 2, allow_subnormal=False),
    st.lists(st.sampled_from([forward, reverse]), min_size=1, max_size=3),
)
def test_derivatives_of_polynomials(coefficients, x, operators):
    def polynomial(x):
        out = 0.0
        for coefficient in coefficients:
            out = out * x + coefficient
        return out

    expected = np.polyval(np.polyder(coefficients, len(operators)), x)
    found = float(composed(lambda x: polynomial(x) + 0.0 * x, operators)(x))
    scale = np.polyval(np.polyder(np.abs(coefficients), len(operators)), abs(x))
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13 * (1 + scale))


# ---------------------------------------------------------------- changes while a function runs


def changing_its_argument(x):
    square = x * x
    x.data = x.detach().data + 1
    return square * x


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: mg.grad(f)(3.0),
        lambda f: mg.jvp(f, [3.0], [1.0]),
        lambda f: mg.vjp(f, 3.0)[1](1.0),
        lambda f: mg.grad(mg.grad(f))(3.0),
        lambda f: mg.jvp(mg.grad(f), [3.0], [1.0]),
    ],
)
def test_a_function_that_changes_its_argument_is_an_error(transform):
    with pytest.raises((errors.MutationError, errors.InPlaceError)):
        transform(changing_its_argument)


def test_a_parameter_changed_before_the_walk_is_an_error_in_both_modes():
    w = leaf(2.0)
    _, pullback = mg.vjp(lambda x: np.sin(w * x), 3.0)
    w.data -= 1
    with pytest.raises(errors.MutationError):
        pullback(1.0)

    def f(x):
        out = np.sin(w * x)
        w.data -= 1
        return out

    with pytest.raises(errors.MutationError):
        mg.jvp(f, [3.0], [1.0])


# ---------------------------------------------------------------- names

NAMED = {
    "grad": mg.grad,
    "value_and_grad": mg.value_and_grad,
    "jacobian": mg.jacobian,
    "hessian": mg.hessian,
    "elementwise_grad": mg.elementwise_grad,
    "vmap": mg.vmap,
    "checkpoint": mg.checkpoint,
    "compiled": lambda f: mg.compile(mg.grad(f)),
}


@pytest.mark.parametrize("transform", NAMED.values(), ids=NAMED)
def test_a_derivative_is_named_after_its_function(transform):
    def bowl(x, centre=1.0):
        """A parabola."""
        return (x - centre) ** 2

    found = transform(bowl)
    assert found.__name__ == "bowl"
    assert found.__doc__ == "A parabola."
    assert list(inspect.signature(found).parameters) == ["x", "centre"]


def test_a_derivative_of_what_has_no_name_is_named_after_its_class():
    assert mg.grad(nn.Tanh()).__name__ == "Tanh"
    assert mg.grad(functools.partial(np.power, 2.0)).__name__ == "partial"
    assert "named_bowl" in repr(mg.compile(mg.grad(named_bowl)))
    assert mg.grad(np.sin).__name__ == "sin"


def named_bowl(x):
    return x * x
