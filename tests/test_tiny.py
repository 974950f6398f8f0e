"""The whole package in a few lines a feature: what to expect of each, with numbers."""

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim


def test_an_expression_of_tensors_has_a_gradient():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = np.sum(x**2)
    assert y.item() == 14.0
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


def test_gradients_add_up_until_they_are_cleared():
    x = Tensor(3.0, requires_grad=True)
    (2 * x).backward()
    (5 * x).backward()
    assert x.grad == 7.0


def test_grad_differentiates_a_function_of_arrays():
    gradient = mg.grad(lambda x: np.sum(np.sin(x)))
    assert gradient(np.array([0.0, np.pi])).tolist() == [1.0, -1.0]


def test_grad_of_grad_is_the_second_derivative():
    def cube(x):
        return x**3

    assert mg.grad(cube)(2.0) == 12.0
    assert mg.grad(mg.grad(cube))(2.0) == 12.0
    assert mg.grad(mg.grad(mg.grad(cube)))(2.0) == 6.0


def test_jvp_pushes_a_tangent_and_vjp_pulls_a_cotangent():
    def f(x):
        return np.array([[1.0, 2.0], [3.0, 4.0]]) @ x

    value, pushed = mg.jvp(f, [np.ones(2)], [np.array([1.0, 0.0])])
    assert value.tolist() == [3.0, 7.0]
    assert pushed.tolist() == [1.0, 3.0]
    _, pull = mg.vjp(f, np.ones(2))
    assert pull(np.array([1.0, 0.0]))[0].tolist() == [1.0, 2.0]


def test_vmap_writes_the_loop_over_examples():
    slopes = mg.vmap(mg.grad(lambda x: x**2))
    assert slopes(np.array([1.0, 2.0, 3.0])).tolist() == [2.0, 4.0, 6.0]


def test_no_grad_records_nothing():
    x = Tensor(2.0, requires_grad=True)
    with mg.no_grad():
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_compile_runs_the_same_function_as_a_numpy_program():
    slope = mg.compile(mg.grad(lambda x: x * np.exp(x)))
    assert slope(0.0) == 1.0
    assert slope(1.0) == pytest.approx(2 * np.e)
    assert "exp" in slope.source


def test_a_derivative_of_ones_own_is_checked_against_differences():
    @mg.primitive(vjp=lambda g, out, x: 3 * x**2 * g)
    def cube(x):
        return x**3

    assert mg.gradcheck(cube, np.array([1.0, -2.0]))


def test_a_picture_shows_the_expression():
    x = Tensor(2.0, requires_grad=True, name="x")
    picture = mg.draw(x * x)
    assert "x" in picture.source


def test_fit_trains_a_network():
    X = np.array([[-1.0], [0.0], [1.0]])
    model = nn.Linear(1, 1)
    history = mg.train.fit(
        model, X, 2 * X + 1, loss=nn.mse, optimizer=optim.sgd(0.5), epochs=50, progress=False
    )
    assert history.losses[-1] < 1e-9
    assert model.weight.item() == pytest.approx(2.0)
    assert model.bias.item() == pytest.approx(1.0)
