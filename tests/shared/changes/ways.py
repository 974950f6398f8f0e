"""The ways in which what a function depends on can change, by name, and what they change."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.testing import assert_allclose

from micrograd_np import Tensor, nn

VECTOR = np.array([0.5, -1.5, 2.0])
BETA = 1.0
Changes = list[Callable[[], Any]]
WAYS: dict[str, Callable[[], tuple[Callable[[Any], Any], Changes]]] = {}


def way(make):
    """One way in which what a function depends on can change: the function, and the changes."""
    WAYS[make.__name__.replace("_", " ")] = make
    return make


def set_item(container, key, value):
    return lambda: container.__setitem__(key, value)


def set_attribute(x, name, value):
    return lambda: setattr(x, name, value)


# ---------------------------------------------------------------- objects


class Plain:
    factor: ClassVar[float] = 2.0

    def __init__(self):
        self.beta = 1.0
        self.parts = [1.0]

    def scaled(self, x):
        return x * self.beta * self.factor

    def __call__(self, x):
        return self.scaled(x) * self.parts[0]

    @property
    def doubled(self):
        return 2 * self.beta

    @classmethod
    def of_class(cls, x):
        return x * cls.factor

    @staticmethod
    def of_nothing(x):
        return x * BETA


# ---------------------------------------------------------------- neural networks


class Gated(nn.Module):
    table: ClassVar[list[float]] = [1.0]

    def __init__(self):
        self.weight = Tensor(VECTOR, requires_grad=True)
        self.rate = 2.0
        self.parts = {"a": nn.Tanh(), "mean": np.zeros(3)}

    def forward(self, x):
        out = self.parts["a"](x * self.weight) * self.rate - self.parts["mean"]
        return out * self.table[0] if self.training else -out


# ---------------------------------------------------------------- all of them


def assert_as_uncompiled(compiled, f, *args, **keywords):
    found, expected = compiled(*args, **keywords), f(*args, **keywords)
    assert_allclose(np.asarray(getattr(found, "data", found)), np.asarray(
        getattr(expected, "data", expected)
    ), rtol=1e-12)  # fmt: skip
    assert getattr(found, "requires_grad", None) == getattr(expected, "requires_grad", None)
