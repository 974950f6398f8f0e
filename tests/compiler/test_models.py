"""Modules and optimizers in compiled functions."""

import functools

import numpy as np
import pytest
from compiled_functions import VECTOR, X, assert_alike, model_of, runs
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim


def test_a_module_is_compiled_as_a_function():
    model = model_of()
    compiled = mg.compile(model)
    for _ in range(3):
        assert_alike(compiled(X), model(X))
        for p in model.parameters():
            p.data = p.data * 1.5
    assert len(compiled.specializations) == 1


def test_a_module_that_is_closed_over():
    model, rate = model_of(), Tensor(0.5)
    compiled = mg.compile(lambda x: model(x) * rate)
    for step in range(3):
        assert_alike(compiled(X), model(X) * rate)
        model.parameters()[0].data -= 0.1
        rate.data = np.array(float(step))
    assert len(compiled.specializations) == 1


def test_a_module_as_an_argument():
    loss = mg.compile(mg.value_and_grad(lambda m, x, y: nn.mse(m(x), y)))
    y = np.ones((2, 1))
    for seed in range(3):
        model = model_of(seed)
        assert_alike(loss(model, X, y), loss.function(model, X, y))
    assert len(loss.specializations) == 1
    assert_alike(loss(model_of(0, np.float32), X, y), loss.function(model_of(0, np.float32), X, y))
    assert len(loss.specializations) == 2


class Switch(nn.Module):
    """Behaves differently in training, and has settings of all kinds."""

    def __init__(self, scale=2.0, function=np.sin):
        self.weight = Tensor(VECTOR, requires_grad=True)
        self.again = self.weight
        self.frozen = Tensor([1.0, 2.0, 3.0])
        self.table = np.arange(3.0)
        self.scale = scale
        self.function = function
        self.parts = [Tensor([0.5, 0.5, 0.5])]

    def forward(self, x):
        out = self.function(x * self.weight) * self.scale + self.frozen + self.table * self.again
        for part in self.parts:
            out = out + part
        return out if self.training else -out

    @mg.compile
    def compiled(self, x):
        return self.forward(x)


@pytest.mark.parametrize("call", ["argument", "function", "closure", "method", "bound"])
@pytest.mark.parametrize("mode", [mg.no_grad, mg.enable_grad])
def test_settings_of_a_module(call, mode):
    """A change is seen at the next call, by the short way in and by the long one."""
    model = Switch()
    f, args = {
        "argument": lambda: (mg.compile(lambda m, x: m(x)), (model, X)),
        "function": lambda: (mg.compile(model), (X,)),
        "closure": lambda: (mg.compile(lambda x: model(x) * 1.0), (X,)),
        "method": lambda: (model.compiled, (X,)),
        "bound": lambda: (mg.compile(model.forward), (X,)),
    }[call]()
    changes = (
        lambda: None, model.eval, lambda: setattr(model, "scale", 3.0),
        lambda: setattr(model, "function", np.cos), model.train,
        lambda: setattr(model, "weight", Tensor(VECTOR + 1, requires_grad=True)),
        lambda: setattr(model, "table", np.ones(3)),
        lambda: setattr(model, "frozen", Tensor(VECTOR)),
        lambda: setattr(model.weight, "requires_grad", False),
        lambda: model.parts.append(Tensor([5.0, 0.0, 0.0])), lambda: model.parts.pop(0),
    )  # fmt: skip
    with mode():
        for change in changes:
            change()
            for _ in range(2):
                assert_alike(f(*args), model(X))


def test_shared_and_frozen_parameters():
    model = Switch()
    step = mg.compile(mg.grad(lambda m, x: np.sum(m(x) ** 2)))
    found, expected = step(model, X), step.function(model, X)
    assert_alike(found, expected)
    assert list(found.named_parameters()) == ["weight"]
    assert found.again is found.weight
    model.frozen.data = VECTOR * 5
    assert_alike(step(model, X), step.function(model, X))


def test_methods_of_objects_and_of_classes():
    class Scale:
        def __init__(self, by):
            self.by = by

        @mg.compile
        def apply(self, x):
            return x * self.by

        @staticmethod
        @mg.compile
        def twice(x):
            return 2 * x

    assert_array_equal(Scale(3.0).apply(VECTOR), VECTOR * 3)
    assert_array_equal(Scale(5.0).apply(VECTOR), VECTOR * 5)
    assert_array_equal(Scale.twice(VECTOR), VECTOR * 2)


def test_a_bound_method_and_a_partial():
    class Line:
        slope = 3.0

        def at(self, x):
            return self.slope * x

    assert_array_equal(mg.compile(Line().at)(VECTOR), 3 * VECTOR)
    assert_array_equal(mg.compile(functools.partial(np.add, 2.0))(VECTOR), VECTOR + 2)


def test_a_training_step():
    model, rule = model_of(), optim.adam(0.05)
    y = np.ones((2, 1))

    def step(model, state, x, y):
        loss, g = mg.value_and_grad(lambda m: nn.mse(m(x), y))(model)
        updates, state = rule.update(g, state, model)
        return optim.apply_updates(model, updates), state, loss

    f, seen = runs(step)
    compiled = mg.compile(f)
    with mg.no_grad():
        a, b = (model, rule.init(model)), (model, rule.init(model))
        for _ in range(5):
            *a, loss = compiled(*a, X, y)
            *b, expected = step(*b, X, y)
            assert_allclose(loss.data, expected.data, rtol=1e-12)
    assert len(seen) == 2  # the first state is of arrays, the later ones are of Tensors
    for one, other in zip(a[0].parameters(), b[0].parameters(), strict=True):
        assert_allclose(one.data, other.data, rtol=1e-12)
