"""Trainings, compiled and uncompiled."""

import numpy as np

from micrograd_np import Tensor, nn, optim
from micrograd_np.train import fit

SETTINGS = {"loss": nn.mse, "optimizer": optim.sgd(0.1), "epochs": 5, "progress": False}


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def network(*, dtype=float, seed=1):
    rng = np.random.default_rng(seed)
    layers = nn.Linear(2, 3, rng=rng, dtype=dtype), nn.Tanh(), nn.Linear(3, 1, rng=rng, dtype=dtype)
    return nn.Sequential(*layers)


def data(examples=10):
    X = drawn(examples, 2)
    return X, X @ [[1.0], [-2.0]] + 0.5


def trained(compiled, make=network, given=None, optimizer=None, **settings):
    """The model and the losses of a run."""
    model = make()
    settings = SETTINGS | settings
    if optimizer is not None:
        settings["optimizer"] = optimizer(model) if callable(optimizer) else optimizer
    rng = np.random.default_rng(2)
    history = fit(model, *(given or data()), rng=rng, compile=compiled, **settings)
    return model, history.losses


def assert_same(first, second, rtol=1e-12):
    (model, losses), (other, other_losses) = first, second
    assert np.allclose(losses, other_losses, rtol=rtol, atol=rtol)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.dtype == q.dtype
        assert np.allclose(p.data, q.data, rtol=rtol, atol=rtol)


class Callable:
    """No module, but it has what training needs."""

    def __init__(self):
        self.weight = Tensor(drawn(2, 1), requires_grad=True)

    def parameters(self):
        return [self.weight]

    def __call__(self, x):
        return x @ self.weight
