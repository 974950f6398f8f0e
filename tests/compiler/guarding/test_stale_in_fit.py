"""Compiled training is never stale: changes between the steps of `fit` take effect."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose

from micrograd_np import nn, optim
from micrograd_np.train import steps


def network():
    rng = np.random.default_rng(1)
    return nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Linear(3, 1, rng=rng))


DATA = np.random.default_rng(0).normal(size=(8, 2)), np.random.default_rng(1).normal(size=(8, 1))


def by_beta():
    beta = {"v": 1.0}
    return {"loss": lambda out, y: beta["v"] * nn.mse(out, y)}, lambda *_: beta.update(v=0.2)


def to_eval():
    model = nn.Sequential(nn.Linear(2, 3, rng=np.random.default_rng(0)), Doubling())
    return {"model": model}, lambda run: run["model"].eval()


class Doubling(nn.Module):
    def forward(self, x):
        return x[:, :1] * (2.0 if self.training else 1.0)


def other_rate():
    model = network()
    given = {"model": model, "optimizer": optim.Optimizer(model, optim.sgd(0.1))}
    return given, lambda run: setattr(run["optimizer"], "transformation", optim.sgd(0.01))


def rate_of_the_users_rule():
    settings = {"rate": 0.1}

    def update(gradients, state, _parameters):
        return [-settings["rate"] * g for g in gradients], state

    rule = optim.Transformation(lambda _: (), update)
    return {"optimizer": rule}, lambda *_: settings.update(rate=0.01)


def another_layer():
    return {}, lambda run: setattr(run["model"][1], "forward", np.sin)


def an_array_of_weights():
    weights = np.ones((8, 1))

    def loss(out, y):
        return np.mean(weights * (out - y) ** 2)

    return {"loss": loss}, lambda *_: weights.fill(0.5)


IN_FIT = [by_beta, to_eval, other_rate, rate_of_the_users_rule, another_layer, an_array_of_weights]


@pytest.mark.parametrize("make", IN_FIT)
def test_changes_between_steps_take_effect(make):
    losses = []
    for compiled in (False, True):
        given, change = make()
        run = {"model": network(), "loss": nn.mse, "optimizer": optim.sgd(0.1), **given}
        found = []
        others = {name: run[name] for name in ("loss", "optimizer")}
        for record in steps(run["model"], *DATA, **others, epochs=8, compile=compiled):
            found.append(record.loss)
            if record.step == 4:
                change(run)
        losses.append(found)
    assert_allclose(losses[1], losses[0], rtol=1e-12)
    assert len(losses[0]) == 8


class Noisy(nn.Module):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def forward(self, x):
        return x * (self.rng.random() if self.rng else 1.0)


@pytest.mark.parametrize("new", [np.random.default_rng(5), None])
def test_a_generator_that_is_replaced_between_steps(new):
    losses = []
    for compiled in (False, True):
        model = nn.Sequential(nn.Linear(2, 1, rng=np.random.default_rng(0)), Noisy())
        found = []
        given = {"loss": nn.mse, "optimizer": optim.sgd(0.01), "epochs": 5}
        for record in steps(model, *DATA, **given, compile=compiled):
            found.append(record.loss)
            if record.step == 2:
                model[1].rng = copy.deepcopy(new)
        losses.append(found)
    assert_allclose(losses[1], losses[0], rtol=1e-12)
