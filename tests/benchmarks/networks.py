"""The articles' networks as training loops, one function a contender.

Task A is the neuron of article 002, task B the XOR network of article 001, as `articles` has them,
from the same start. A contender takes a number of iterations and returns the parameters as arrays,
so that all can be compared before they are timed. Peers are imported inside their functions: only
those installed take part.
"""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from articles import (
    NEURON_RATE,
    NEURON_X,
    NEURON_Y,
    XOR_RATE,
    XOR_X,
    XOR_Y,
    Parameters,
    Training,
    neuron_by_hand,
    neuron_start,
    xor_by_hand,
    xor_start,
)

import micrograd_np as mg

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


def torch_eager(
    start: Callable[[], Parameters],
    rate: float,
    wrap: Callable[..., Any] = lambda function: function,
    *,
    two_layers: bool,
) -> Training:
    """`wrap` is what the loss goes through, such as `torch.compile`."""
    import torch

    torch.set_num_threads(1)
    x, y = (XOR_X, XOR_Y) if two_layers else (NEURON_X, NEURON_Y)
    x, y = torch.tensor(x), torch.tensor(y)

    @wrap
    def loss(parameters):
        if two_layers:
            w1, b1, w2, b2 = parameters
            out = torch.sigmoid(torch.sigmoid(x @ w1 + b1) @ w2 + b2)
        else:
            out = torch.sigmoid(x @ parameters[0])
        return 0.5 * ((y - out) ** 2).sum()

    def train(iterations: int) -> Parameters:
        parameters = [torch.tensor(p, requires_grad=True) for p in start()]
        optimizer = torch.optim.SGD(parameters, lr=rate)
        for _ in range(iterations):
            optimizer.zero_grad()
            loss(parameters).backward()
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


def jax_descent(rate: float, *, two_layers: bool) -> Callable[..., list[object]]:
    """One step, not compiled yet."""
    import jax
    import jax.numpy as jnp

    def sigmoid(x):
        return 1 / (1 + jnp.exp(-x))

    def loss(p):
        if two_layers:
            hidden = sigmoid(XOR_X @ p[0] + p[1])
            return 0.5 * jnp.sum((XOR_Y - sigmoid(hidden @ p[2] + p[3])) ** 2)
        return 0.5 * jnp.sum((NEURON_Y - sigmoid(NEURON_X @ p[0])) ** 2)

    return lambda p: [x - rate * g for x, g in zip(p, jax.grad(loss)(p), strict=True)]


def jax_step(start: Callable[[], Parameters], rate: float, *, two_layers: bool) -> Training:
    import jax

    step = jax.jit(jax_descent(rate, two_layers=two_layers))

    def train(iterations: int) -> Parameters:
        with jax.enable_x64(True):
            parameters = [jax.numpy.asarray(p) for p in start()]
            for _ in range(iterations):
                parameters = step(parameters)
            return [np.asarray(p) for p in parameters]

    return train


def jax_loop(start: Callable[[], Parameters], rate: float, *, two_layers: bool) -> Training:
    """All iterations as one compiled loop."""
    import jax

    step = jax_descent(rate, two_layers=two_layers)

    @partial(jax.jit, static_argnums=1)
    def loop(parameters, iterations):
        return jax.lax.fori_loop(0, iterations, lambda _, p: step(p), parameters)

    def train(iterations: int) -> Parameters:
        with jax.enable_x64(True):
            parameters = [jax.numpy.asarray(p) for p in start()]
            return [np.asarray(p) for p in loop(parameters, iterations)]

    return train


PEERS = {
    "torch eager + SGD": ("torch", torch_eager),
    "autograd": ("autograd", autograd_eager),
    "mygrad": ("mygrad", mygrad_eager),
    "jax.jit, one step": ("jax", jax_step),
    "jax fori_loop": ("jax", jax_loop),
}


def peers(*, two_layers: bool) -> Iterator[tuple[str, Training]]:
    """The training loops of the peers that are installed."""
    start, rate = (xor_start, XOR_RATE) if two_layers else (neuron_start, NEURON_RATE)
    for name, (package, make) in PEERS.items():
        if find_spec(package):
            yield name, make(start, rate, two_layers=two_layers)


NEURON: dict[str, Training] = {
    "by hand (article)": neuron_by_hand,
    "micrograd_np": neuron_eager,
    "micrograd_np, data as arrays": neuron_eager_arrays,
}
XOR: dict[str, Training] = {"by hand (article)": xor_by_hand, "micrograd_np": xor_eager}
