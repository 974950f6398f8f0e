"""`grad` and `value_and_grad`: what they return, what they refuse, and where they may run.

Forward and reverse mode appear as one-argument derivative operators, `forward` and `reverse`.
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
from leaves import leaf
from nesting import forward, reverse
from small_functions import composed, modes, number

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn

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
