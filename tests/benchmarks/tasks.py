"""The tasks of the compiler's benchmarks, as ordinary expressions ready for `mg.compile`.

Each is a function of arrays, or of a list of them; its data are constants in it. The data are
drawn from one generator in one order, in float32 but for the Hessian's; a step is a function from
parameters to parameters.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import prod, sqrt
from typing import Any, NamedTuple

import numpy as np
from articles import (
    NEURON_RATE,
    NEURON_X,
    NEURON_Y,
    XOR_RATE,
    XOR_X,
    XOR_Y,
    neuron_start,
    xor_start,
)

import micrograd_np as mg
from micrograd_np.nn import cross_entropy
from micrograd_np.nn.functional import conv2d, max_pool2d

Array = Any  # an ndarray, or a Tensor
Parameters = Sequence[Array]


def descended(
    loss: Callable[[Parameters], Array], parameters: Parameters, rate: float
) -> list[Array]:
    """The parameters after one step of gradient descent."""
    slopes = mg.grad(loss)(parameters)
    return [p - rate * g for p, g in zip(parameters, slopes, strict=True)]


# ---------------------------------------------------------------- the articles' networks, float64


def neuron_loss(parameters: Parameters) -> Array:
    (weights,) = parameters
    return 0.5 * np.sum((NEURON_Y - mg.sigmoid(NEURON_X @ weights)) ** 2)


def neuron_step(parameters: Parameters) -> list[Array]:
    return descended(neuron_loss, parameters, NEURON_RATE)


def xor_loss(parameters: Parameters) -> Array:
    w1, b1, w2, b2 = parameters
    hidden = mg.sigmoid(XOR_X @ w1 + b1)
    return 0.5 * np.sum((XOR_Y - mg.sigmoid(hidden @ w2 + b2)) ** 2)


def xor_step(parameters: Parameters) -> list[Array]:
    return descended(xor_loss, parameters, XOR_RATE)


# ---------------------------------------------------------------- data of the larger tasks

CLASSES = 10
WIDTHS = (784, 512, 256, CLASSES)
MLP_BATCH, MLP_RATE = 256, 0.01
IMAGES = 64
BATCH, LENGTH, CHANNELS, HEADS = 8, 64, 128, 4
EPSILON = 1e-5  # added to the variance that a layer normalisation divides by
HIDDEN = -1e9  # added to the attention that later places would get


class Data(NamedTuple):
    """What the larger tasks are about: inputs, targets and starting weights."""

    features: np.ndarray
    classes: np.ndarray
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    chain: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    kernels: list[np.ndarray]
    readout: np.ndarray
    tokens: np.ndarray
    block: list[np.ndarray]
    matrix: np.ndarray
    point: np.ndarray


@cache
def data() -> Data:
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        """In float32, drawn a portion at a time: a large draw would be the peak of memory."""
        out = np.empty(prod(shape), np.float32)
        for start in range(0, out.size, 1 << 16):
            portion = out[start : start + (1 << 16)]
            portion[:] = rng.standard_normal(portion.size) * scale
        return out.reshape(shape)

    layers = list(zip(WIDTHS, WIDTHS[1:], (0.05, 0.06, 0.08), strict=False))
    return Data(
        features=normal(MLP_BATCH, WIDTHS[0]),
        classes=rng.integers(0, CLASSES, MLP_BATCH),
        weights=[normal(n, m, scale=scale) for n, m, scale in layers],
        biases=[np.zeros(m, np.float32) for m in WIDTHS[1:]],
        chain=normal(10_000_000),
        images=normal(IMAGES, 1, 28, 28),
        labels=rng.integers(0, CLASSES, IMAGES),
        kernels=[normal(16, 1, 3, 3, scale=0.3), normal(32, 16, 3, 3, scale=0.08)],
        readout=normal(32 * 7 * 7, CLASSES, scale=0.02),
        tokens=normal(BATCH, LENGTH, CHANNELS),
        block=[
            normal(CHANNELS, 3 * CHANNELS, scale=0.08),
            normal(CHANNELS, CHANNELS, scale=0.08),
            normal(CHANNELS, 4 * CHANNELS, scale=0.08),
            normal(4 * CHANNELS, CHANNELS, scale=0.04),
        ],
        matrix=rng.standard_normal((50, 20)),
        point=rng.standard_normal(20),
    )


# ---------------------------------------------------------------- a perceptron, one step


def mlp_loss(parameters: Parameters) -> Array:
    weights, biases = parameters[:3], parameters[3:]
    h = mg.relu(data().features @ weights[0] + biases[0])
    h = mg.relu(h @ weights[1] + biases[1])
    return cross_entropy(h @ weights[2] + biases[2], data().classes)


def mlp_step(parameters: Parameters) -> list[Array]:
    return descended(mlp_loss, parameters, MLP_RATE)


# ---------------------------------------------------------------- a chain of element-wise calls


def chain(x: Array) -> Array:
    return np.sum(np.tanh(2 * mg.sigmoid(x)) ** 2)


# ---------------------------------------------------------------- a convolutional network


def convolutional(parameters: Parameters) -> Array:
    first, second, readout = parameters
    h = max_pool2d(mg.relu(conv2d(data().images, first, padding=1)), 2)
    h = max_pool2d(mg.relu(conv2d(h, second, padding=1)), 2)
    return cross_entropy(h.reshape(IMAGES, -1) @ readout, data().labels)


# ---------------------------------------------------------------- a transformer's block


def normalized(x: Array) -> Array:
    """Of mean 0 and variance 1 along the last axis."""
    centered = x - np.mean(x, axis=-1, keepdims=True)
    return centered / np.sqrt(np.mean(centered**2, axis=-1, keepdims=True) + EPSILON)


def gelu(x: Array) -> Array:
    """The Gaussian error linear unit, by its usual approximation with a hyperbolic tangent."""
    return 0.5 * x * (1 + np.tanh(sqrt(2 / np.pi) * x * (1 + 0.044715 * x**2)))


def attended(x: Array, inward: Array, outward: Array) -> Array:
    """What each place takes from itself and those before it."""

    def by_head(x: Array) -> Array:
        return x.reshape(BATCH, LENGTH, HEADS, -1).swapaxes(1, 2)

    query, key, value = map(by_head, np.split(x @ inward, 3, axis=-1))
    mask = np.triu(np.full((LENGTH, LENGTH), HIDDEN, np.float32), 1)
    scores = query @ key.mT / sqrt(CHANNELS // HEADS) + mask
    taken = mg.softmax(scores) @ value
    return taken.swapaxes(1, 2).reshape(BATCH, LENGTH, CHANNELS) @ outward


def transformer(parameters: Parameters) -> Array:
    """A pre-norm block, causal, and the mean square of what comes out."""
    inward, outward, up, down = parameters
    h = data().tokens
    h = h + attended(normalized(h), inward, outward)
    h = h + gelu(normalized(h) @ up) @ down
    return np.mean(h**2)


# ---------------------------------------------------------------- a Hessian, float64


def log_sum(z: Array) -> Array:
    return mg.logsumexp(data().matrix @ z)


# ---------------------------------------------------------------- the list


class Task(NamedTuple):
    """What is compiled, and what it is called with."""

    function: Callable[..., Any]
    argument: Callable[[], Any]
    carries: bool = False  # whether the result is the next call's argument


TASKS = {
    "neuron 002": Task(neuron_step, neuron_start, carries=True),
    "XOR 001": Task(xor_step, xor_start, carries=True),
    "MLP": Task(mlp_step, lambda: [*data().weights, *data().biases], carries=True),
    "chain": Task(mg.value_and_grad(chain), lambda: data().chain),
    "conv net": Task(mg.value_and_grad(convolutional), lambda: [*data().kernels, data().readout]),
    "transformer": Task(mg.value_and_grad(transformer), lambda: data().block),
    "Hessian": Task(mg.hessian(log_sum), lambda: data().point),
}
