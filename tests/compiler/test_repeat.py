"""`repeat`: many steps of a compiled function in one call."""

# ruff: noqa: PLW0108 - what is compiled in these tables is a function of the user's own

import numpy as np
import pytest
from compiled_functions import FROM_OUTSIDE, VECTOR, X, assert_alike, model_of
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim


def descend(p, x, rate):
    g = mg.grad(lambda p: np.sum((x @ p["w"] + p["b"]) ** 2))(p)
    return {name: p[name] - rate * g[name] for name in p}


@pytest.mark.parametrize("n", [1, 2, 7])
def test_many_steps_are_as_many_calls(n):
    step = mg.compile(descend)
    p = {"w": Tensor(VECTOR), "b": Tensor(0.5)}
    expected = p
    for _ in range(n):
        expected = descend(expected, X, 0.01)
    assert_alike(step.repeat(n)(p, X, 0.01), expected)
    assert_alike(step.repeat(n)(p, X, 0.01), expected)
    assert_array_equal(p["w"].data, VECTOR)


def test_steps_that_return_more_than_they_carry():
    def step(x, count, by):
        return x * by, count + 1, np.sum(x)

    compiled = mg.compile(step)
    x, count, total = compiled.repeat(5)(VECTOR, 3, 2.0)
    assert_array_equal(x, VECTOR * 32)
    assert (count, total) == (8, VECTOR.sum() * 16)
    x, count, total = compiled.repeat(5, carry=1)(VECTOR, 3, 2.0)
    assert_array_equal(x, VECTOR * 32)
    assert (count, total) == (4, VECTOR.sum() * 16)


@pytest.mark.parametrize("value", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_steps_that_carry_on_what_is_from_outside(value):
    compiled = mg.compile(lambda x, y: (x + y, value))
    start = value * 0
    x, y = compiled.repeat(3)(start, start)
    assert_array_equal(np.asarray(x), np.asarray(value) * 2)
    assert_array_equal(np.asarray(y), np.asarray(value))


def test_steps_that_draw():
    def step(x, rng):
        return x + rng.normal(size=3)

    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    found = mg.compile(step).repeat(4)(VECTOR, ours)
    expected = VECTOR
    for _ in range(4):
        expected = step(expected, theirs)
    assert_array_equal(found, expected)


def test_steps_of_a_module_and_an_optimizer():
    rule = optim.adam(0.05)

    def step(model, state, x, y):
        loss, g = mg.value_and_grad(lambda m: nn.mse(m(x), y))(model)
        updates, state = rule.update(g, state, model)
        return optim.apply_updates(model, updates), state, loss

    model, y = model_of(), np.ones((2, 1))
    with mg.no_grad():
        model, state, _ = step(model, rule.init(model), X, y)  # the state is of Tensors from here
        expected = (model, state)
        for _ in range(4):
            *expected, loss = step(*expected, X, y)
        found = mg.compile(step).repeat(4)(model, state, X, y)
    for one, other in zip(found[0].parameters(), expected[0].parameters(), strict=True):
        assert_allclose(one.data, other.data, rtol=1e-12)
    assert_allclose(found[2].data, loss.data, rtol=1e-12)
    assert found[1][0].steps == expected[1][0].steps == 5


STEPS = {
    "gradient descent": (lambda w: w - 0.1 * mg.grad(lambda w: (w - 3.0) ** 2)(w), (1.0,)),
    "several": (lambda w, b: (np.sin(w) - b, np.cos(b) * w, w + b), (1.0, 2.0)),
    "beside an array": (lambda w, b: (w * b, np.cos(b)), (VECTOR, 0.5)),
    "in a dict": (lambda p: {"w": p["w"] * 0.5, "b": np.sin(p["b"])}, ({"w": 1.0, "b": 2.0},)),
    "single precision": (lambda w: w + np.float32(0.1), (0.5,)),
    "whole": (lambda n: np.maximum(n, 2) * 3, (1,)),
    "complex": (lambda z: np.exp(z), (0.5 + 1j,)),
}


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(("step", "args"), STEPS.values(), ids=STEPS)
def test_steps_from_numbers_of_python_are_those_of_the_loop(step, args, n):
    compiled, state = mg.compile(step), args
    for _ in range(n):
        out = compiled(*state)
        new = out if isinstance(out, tuple) else (out,)
        state = (*new[: len(args)], *state[len(new) :])
    assert_alike(compiled.repeat(n, carry=len(args))(*args), out)
    if len(args) == 1:
        assert_alike(compiled.repeat(n)(*args), out)


def test_numbers_of_python_take_the_place_of_no_others_unasked():
    compiled = mg.compile(lambda w, rate: (w - rate * np.sin(w), np.cos(w)))
    with pytest.raises(ValueError, match=r"(?s)carry=1 to carry=2.*float becomes"):
        compiled.repeat(3)(1.0, 0.1)
    w, loss = 1.0, None
    for _ in range(3):
        w, loss = compiled(w, 0.1)
    assert compiled.repeat(3, carry=1)(1.0, 0.1) == (w, loss)


def test_steps_inside_a_transform():
    doubled = mg.compile(lambda x: np.sin(x) * 2).repeat(3)

    def f(x):
        return np.sum(doubled(x))

    def plain(x):
        for _ in range(3):
            x = np.sin(x) * 2
        return np.sum(x)

    assert_allclose(mg.grad(f)(VECTOR), mg.grad(plain)(VECTOR), rtol=1e-14)
    assert_allclose(mg.compile(mg.grad(f))(VECTOR), mg.grad(plain)(VECTOR), rtol=1e-14)


def test_steps_that_do_not_fit():
    for f in (lambda x: x[:2], lambda x: (x > 0, x), lambda x: [x], lambda x: x.astype(np.float32)):
        with pytest.raises(ValueError, match="leading arguments"):
            mg.compile(f).repeat(2)(VECTOR)
    with pytest.raises(ValueError, match="leading arguments"):
        mg.compile(lambda x, y: (x, y[:1])).repeat(2, carry=2)(VECTOR, VECTOR)
    for n in (0, -1, 2.0, None):
        with pytest.raises(ValueError, match="at least 1"):
            mg.compile(np.sin).repeat(n)
    with pytest.raises(ValueError, match="carry"):
        mg.compile(np.sin).repeat(2, carry=0)
