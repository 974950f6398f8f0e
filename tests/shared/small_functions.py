"""Small functions to be differentiated, and their derivatives by differences."""

import numpy as np
import pytest
from nesting import MODES

import micrograd_np as mg
from micrograd_np import Tensor

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


def number(t):
    assert type(t) in (np.float64, np.ndarray, Tensor)
    assert not getattr(t, "requires_grad", False)
    return float(t)


# ---------------------------------------------------------------- vjp, jvp


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
POINT = np.array([0.7, -1.3, 0.4, 2.1])


# ---------------------------------------------------------------- higher derivatives of one number


def composed(f, operators):
    for derivative in operators:
        f = derivative(f)
    return f
