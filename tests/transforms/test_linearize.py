"""`mg.linearize`, and what a function returns beside its value: `has_aux` of `vjp` and `jvp`."""

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor, errors

X = np.array([0.3, -0.8, 1.4])
T = np.array([1.0, 0.5, -2.0])


def f(x):
    return np.sin(x) * np.sum(x**2)


def test_the_map_pushes_any_number_of_tangents_and_runs_the_function_once():
    runs = []

    def counted(x):
        runs.append(1)
        return f(x)

    value, derivative = mg.linearize(counted, X)
    np.testing.assert_array_equal(value, f(X))
    for t in (T, 3 * T, np.zeros(3)):
        np.testing.assert_allclose(derivative(t), mg.jvp(f, [X], [t])[1], rtol=1e-15)
    assert runs == [1]
    assert type(value) is np.ndarray


def test_it_is_the_transpose_of_vjp():
    _, derivative = mg.linearize(f, X)
    _, pullback = mg.vjp(f, X)
    g = np.array([0.2, 1.0, -0.7])
    assert np.isclose(np.sum(g * derivative(T)), np.sum(pullback(g)[0] * T))


def test_trees_in_and_out():
    def of_trees(p, y):
        return {"sum": p["w"] + y, "parts": [p["w"] * y, p["b"] ** 2]}

    value, derivative = mg.linearize(of_trees, {"w": 2.0, "b": 3.0}, 5.0)
    assert float(value["parts"][1]) == 9.0
    pushed = derivative({"w": 1.0, "b": 0.5}, 10.0)
    assert float(pushed["sum"]) == 11.0
    assert [float(x) for x in pushed["parts"]] == [25.0, 3.0]


def test_auxiliary_values():
    with_aux = lambda x: (f(x), {"norm": np.sum(x**2), "kind": "sine"})
    value, derivative, aux = mg.linearize(with_aux, X, has_aux=True)
    np.testing.assert_array_equal(value, f(X))
    np.testing.assert_allclose(derivative(T), mg.jvp(f, [X], [T])[1])
    assert aux["kind"] == "sine"
    assert float(aux["norm"]) == np.sum(X**2)
    assert type(aux["norm"]) is np.float64


def test_its_derivatives():
    """The map may be differentiated in the tangent, in the point, and in a Tensor around it."""
    w = Tensor(0.7, requires_grad=True)
    slope = lambda x: mg.linearize(lambda x: np.sin(w * x), x)[1](1.0)
    assert np.isclose(mg.grad(slope)(0.4).item(), -(0.7**2) * np.sin(0.28))
    assert np.isclose(mg.jvp(slope, [0.4], [1.0])[1].item(), -(0.7**2) * np.sin(0.28))
    slope(0.4).backward()
    assert np.isclose(w.grad, np.cos(0.28) - 0.28 * np.sin(0.28))
    _, derivative = mg.linearize(f, X)
    found = mg.grad(lambda t: np.sum(derivative(t)))(T)
    np.testing.assert_allclose(found, mg.grad(lambda x: np.sum(f(x)))(X))


def test_a_batch_of_tangents():
    _, derivative = mg.linearize(f, X)
    found = mg.vmap(derivative)(np.eye(3))
    np.testing.assert_allclose(found, mg.jacobian(f)(X).T)


def test_mistakes():
    _, derivative = mg.linearize(f, X)
    with pytest.raises(TypeError, match=r"derivative of f takes 1 tangent\(s\).*; 2 were given"):
        derivative(T, T)
    with pytest.raises(errors.ShapeError, match=r"shape \(2,\)"):
        derivative(T[:2])
    _, of_tree = mg.linearize(lambda p: p["w"] * 2.0, {"w": 1.0})
    with pytest.raises(ValueError, match="the trees differ"):
        of_tree({"v": 1.0})


def test_a_changed_tensor_is_noticed():
    w = Tensor(2.0, requires_grad=True, name="w")
    _, derivative = mg.linearize(lambda x: w * x, 3.0)
    w.data = 5.0
    with pytest.raises(errors.MutationError, match="'w'"):
        derivative(1.0)


# ---------------------------------------------------------------- has_aux of vjp and jvp


def test_vjp_returns_what_comes_beside_the_value():
    value, pullback, aux = mg.vjp(lambda x: (f(x), [x * 2, "name"]), X, has_aux=True)
    np.testing.assert_array_equal(value, f(X))
    np.testing.assert_allclose(pullback(T)[0], mg.vjp(f, X)[1](T)[0])
    np.testing.assert_array_equal(aux[0], 2 * X)
    assert aux[1] == "name"
    assert type(aux[0]) is np.ndarray


def test_jvp_returns_what_comes_beside_the_value():
    value, derivative, aux = mg.jvp(lambda x: (f(x), x * 2), [X], [T], has_aux=True)
    np.testing.assert_array_equal(value, f(X))
    np.testing.assert_allclose(derivative, mg.jvp(f, [X], [T])[1])
    np.testing.assert_array_equal(aux, 2 * X)


def test_a_function_that_returns_no_pair_is_an_error():
    for call in (
        lambda: mg.vjp(f, X, has_aux=True),
        lambda: mg.jvp(f, [X], [T], has_aux=True),
        lambda: mg.linearize(f, X, has_aux=True),
    ):
        with pytest.raises(TypeError, match=r"pair \(value, aux\)"):
            call()
