"""Networks and data for trainings."""

import numpy as np

from micrograd_np import Tensor, nn, optim
from micrograd_np.train import fit


def line(seed=0, **options):
    """A linear problem of 10 examples, and a model for it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(10, 2))
    return nn.Linear(2, 1, rng=rng, **options), X, X @ [[1.0], [-2.0]] + 0.5


def train(model, X, y, **options):
    options = {
        "loss": nn.mse,
        "optimizer": optim.sgd(0.1),
        "epochs": 3,
        "progress": False,
    } | options
    return fit(model, X, y, **options)


class Recorder:
    """A model that notes the inputs and the mode it is called with."""

    def __init__(self):
        self.weight = Tensor(np.zeros((1, 1)), requires_grad=True)
        self.seen = []

    def parameters(self):
        return [self.weight]

    def __call__(self, x):
        self.seen.append(np.array(x))
        return x @ self.weight
