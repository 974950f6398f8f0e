"""The articles' networks as training loops, one function a contender.

Task A is the neuron of article 002 (four rows, three weights), task B the XOR network of article
001 (2-3-1 with biases), both float64, full batch, from the same start. A contender takes a number
of iterations and returns the parameters as arrays, so that all can be compared before they are
timed. Peers are imported inside their functions: only those installed take part.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

import micrograd_np as mg

Parameters = list[np.ndarray]
Training = Callable[[int], Parameters]

NEURON_X = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]], float)
NEURON_Y = np.array([[0, 1, 1, 0]], float).T
XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
XOR_Y = np.array([[0, 1, 1, 0]], float).T
XOR_RATE = 0.1


def neuron_start() -> Parameters:
    return [2 * np.random.RandomState(1).random_sample((3, 1)) - 1]


def xor_start() -> Parameters:
    rng = np.random.RandomState(0)
    return [rng.randn(2, 3), np.zeros((1, 3)), rng.randn(3, 1), np.zeros((1, 1))]


# ---------------------------------------------------------------- by hand, as in the articles


def neuron_by_hand(iterations: int) -> Parameters:
    (weights,) = neuron_start()
    for _ in range(iterations):
        out = 1 / (1 + np.exp(-np.dot(NEURON_X, weights)))
        weights += np.dot(NEURON_X.T, (NEURON_Y - out) * (out * (1 - out)))
    return [weights]


def xor_by_hand(iterations: int) -> Parameters:
    w1, b1, w2, b2 = xor_start()

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    def slope(out: np.ndarray) -> np.ndarray:
        return out * (1 - out)

    for _ in range(iterations):
        hidden = sigmoid(np.dot(XOR_X, w1) + b1)
        out = sigmoid(np.dot(hidden, w2) + b2)
        d_out = (XOR_Y - out) * slope(out)
        d_hidden = d_out.dot(w2.T) * slope(hidden)
        w2 += hidden.T.dot(d_out) * XOR_RATE
        w1 += XOR_X.T.dot(d_hidden) * XOR_RATE
        b2 += np.sum(d_out, axis=0, keepdims=True) * XOR_RATE
        b1 += np.sum(d_hidden, axis=0, keepdims=True) * XOR_RATE
    return [w1, b1, w2, b2]


# ---------------------------------------------------------------- ours


def neuron_eager(iterations: int) -> Parameters:
    """A sum of squares and a plain update; the data are Tensors."""
    weights = mg.Tensor(neuron_start()[0], requires_grad=True)
    x, y = mg.tensor(NEURON_X), mg.tensor(NEURON_Y)
    for _ in range(iterations):
        loss = ((y - mg.sigmoid(x @ weights)) ** 2).sum()
        loss.backward()
        weights.data -= 0.5 * weights.grad
        weights.grad = None
    return [weights.data]


def neuron_eager_arrays(iterations: int) -> Parameters:
    """The same with the data as plain arrays, which call us through NumPy's protocols."""
    weights = mg.Tensor(neuron_start()[0], requires_grad=True)
    for _ in range(iterations):
        loss = ((NEURON_Y - mg.sigmoid(NEURON_X @ weights)) ** 2).sum()
        loss.backward()
        weights.data -= 0.5 * weights.grad
        weights.grad = None
    return [weights.data]


def xor_eager(iterations: int) -> Parameters:
    parameters = [mg.Tensor(p, requires_grad=True) for p in xor_start()]
    w1, b1, w2, b2 = parameters
    x, y = mg.tensor(XOR_X), mg.tensor(XOR_Y)
    for _ in range(iterations):
        hidden = mg.sigmoid(x @ w1 + b1)
        loss = ((y - mg.sigmoid(hidden @ w2 + b2)) ** 2).sum()
        loss.backward()
        for p in parameters:
            p.data -= 0.5 * XOR_RATE * p.grad
            p.grad = None
    return [p.data for p in parameters]


# ---------------------------------------------------------------- peers


def torch_eager(start: Callable[[], Parameters], rate: float, *, two_layers: bool) -> Training:
    import torch

    torch.set_num_threads(1)
    x, y = (XOR_X, XOR_Y) if two_layers else (NEURON_X, NEURON_Y)
    x, y = torch.tensor(x), torch.tensor(y)

    def train(iterations: int) -> Parameters:
        parameters = [torch.tensor(p, requires_grad=True) for p in start()]
        optimizer = torch.optim.SGD(parameters, lr=rate)
        for _ in range(iterations):
            optimizer.zero_grad()
            if two_layers:
                w1, b1, w2, b2 = parameters
                out = torch.sigmoid(torch.sigmoid(x @ w1 + b1) @ w2 + b2)
            else:
                out = torch.sigmoid(x @ parameters[0])
            loss = 0.5 * ((y - out) ** 2).sum()
            loss.backward()
            optimizer.step()
        return [p.detach().numpy() for p in parameters]

    return train


def autograd_eager(start: Callable[[], Parameters], rate: float, *, two_layers: bool) -> Training:
    import autograd
    import autograd.numpy as anp

    def sigmoid(x):
        return 1 / (1 + anp.exp(-x))

    def loss(p):
        if two_layers:
            hidden = sigmoid(anp.dot(XOR_X, p[0]) + p[1])
            return 0.5 * anp.sum((XOR_Y - sigmoid(anp.dot(hidden, p[2]) + p[3])) ** 2)
        return 0.5 * anp.sum((NEURON_Y - sigmoid(anp.dot(NEURON_X, p[0]))) ** 2)

    gradient = autograd.grad(loss)

    def train(iterations: int) -> Parameters:
        parameters = start()
        for _ in range(iterations):
            steps = gradient(parameters)
            parameters = [p - rate * g for p, g in zip(parameters, steps, strict=True)]
        return parameters

    return train


def mygrad_eager(start: Callable[[], Parameters], rate: float, *, two_layers: bool) -> Training:
    import mygrad

    def sigmoid(x):
        return 1 / (1 + mygrad.exp(-x))

    def train(iterations: int) -> Parameters:
        parameters = [mygrad.tensor(p) for p in start()]
        for _ in range(iterations):
            if two_layers:
                w1, b1, w2, b2 = parameters
                hidden = sigmoid(mygrad.matmul(XOR_X, w1) + b1)
                error = XOR_Y - sigmoid(mygrad.matmul(hidden, w2) + b2)
            else:
                error = NEURON_Y - sigmoid(mygrad.matmul(NEURON_X, parameters[0]))
            (0.5 * mygrad.sum(error**2)).backward()
            for p in parameters:
                p.data -= rate * p.grad
        return [p.data for p in parameters]

    return train


def jax_step(start: Callable[[], Parameters], rate: float, *, two_layers: bool) -> Training:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def sigmoid(x):
        return 1 / (1 + jnp.exp(-x))

    def loss(p):
        if two_layers:
            hidden = sigmoid(XOR_X @ p[0] + p[1])
            return 0.5 * jnp.sum((XOR_Y - sigmoid(hidden @ p[2] + p[3])) ** 2)
        return 0.5 * jnp.sum((NEURON_Y - sigmoid(NEURON_X @ p[0])) ** 2)

    @jax.jit
    def step(p):
        return [x - rate * g for x, g in zip(p, jax.grad(loss)(p), strict=True)]

    def train(iterations: int) -> Parameters:
        parameters = [jnp.asarray(p) for p in start()]
        for _ in range(iterations):
            parameters = step(parameters)
        return [np.asarray(p) for p in parameters]

    return train


PEERS = {
    "torch eager + SGD": ("torch", torch_eager),
    "autograd": ("autograd", autograd_eager),
    "mygrad": ("mygrad", mygrad_eager),
    "jax.jit, one step": ("jax", jax_step),
}


def peers(*, two_layers: bool) -> Iterator[tuple[str, Training]]:
    """The training loops of the peers that are installed."""
    start, rate = (xor_start, XOR_RATE) if two_layers else (neuron_start, 1.0)
    for name, (package, make) in PEERS.items():
        if find_spec(package):
            yield name, make(start, rate, two_layers=two_layers)


NEURON: dict[str, Training] = {
    "by hand (article)": neuron_by_hand,
    "micrograd_np": neuron_eager,
    "micrograd_np, data as arrays": neuron_eager_arrays,
}
XOR: dict[str, Training] = {"by hand (article)": xor_by_hand, "micrograd_np": xor_eager}
