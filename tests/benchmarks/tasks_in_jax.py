"""The larger tasks in JAX, compiled by XLA with `jax.jit`.

Functions of JAX's arrays, in its own idiom. Only the Hessian is in double precision: elsewhere
integers too are of 32 bits, JAX's default.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from tasks import BATCH, CHANNELS, EPSILON, HEADS, HIDDEN, IMAGES, LENGTH, MLP_RATE, data

Work = Callable[[int], list[np.ndarray]]


def compiled(
    function: Callable[[Any], Any], argument: Any, *, carries: bool = False, double: bool = False
) -> Work:
    """A function of one tree; with `carries` its result is the next call's argument."""
    import jax

    fast = jax.jit(function)
    with jax.enable_x64(double):
        given = jax.tree.map(jax.numpy.asarray, argument)

    def work(count: int) -> list[np.ndarray]:
        x = given
        with jax.enable_x64(double):
            for _ in range(count):
                out = jax.block_until_ready(fast(x))
                x = out if carries else x
        return [np.asarray(part) for part in jax.tree.leaves(out)]

    return work


def cross_entropy(logits: Any, classes: Any) -> Any:
    import jax

    chosen = jax.numpy.take_along_axis(jax.nn.log_softmax(logits), classes[:, None], 1)
    return -chosen.mean()


def mlp() -> Work:
    import jax

    x, classes = jax.numpy.asarray(data().features), jax.numpy.asarray(data().classes)

    def loss(p):
        h = jax.nn.relu(x @ p[0] + p[3])
        h = jax.nn.relu(h @ p[1] + p[4])
        return cross_entropy(h @ p[2] + p[5], classes)

    def step(p):
        return jax.tree.map(lambda x, g: x - MLP_RATE * g, p, jax.grad(loss)(p))

    return compiled(step, [*data().weights, *data().biases], carries=True)


def chain() -> Work:
    import jax
    import jax.numpy as jnp

    def value(x):
        return jnp.sum(jnp.tanh(2 * jax.nn.sigmoid(x)) ** 2)

    return compiled(jax.value_and_grad(value), data().chain)


def conv_net() -> Work:
    import jax

    images, labels = jax.numpy.asarray(data().images), jax.numpy.asarray(data().labels)

    def layer(x, kernel):
        h = jax.nn.relu(jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME"))
        window = (1, 1, 2, 2)
        return jax.lax.reduce_window(h, -np.inf, jax.lax.max, window, window, "VALID")

    def loss(p):
        h = layer(layer(images, p[0]), p[1])
        return cross_entropy(h.reshape(IMAGES, -1) @ p[2], labels)

    return compiled(jax.value_and_grad(loss), [*data().kernels, data().readout])


def transformer() -> Work:
    import jax
    import jax.numpy as jnp

    tokens = jnp.asarray(data().tokens)
    mask = jnp.triu(jnp.full((LENGTH, LENGTH), HIDDEN, jnp.float32), 1)

    def normalized(x):
        spread = x.var(-1, keepdims=True) + EPSILON
        return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(spread)

    def by_head(x):
        return x.reshape(BATCH, LENGTH, HEADS, -1).swapaxes(1, 2)

    def loss(p):
        query, key, value = map(by_head, jnp.split(normalized(tokens) @ p[0], 3, -1))
        scores = query @ key.mT / (CHANNELS // HEADS) ** 0.5 + mask
        taken = (jax.nn.softmax(scores, -1) @ value).swapaxes(1, 2)
        h = tokens + taken.reshape(BATCH, LENGTH, CHANNELS) @ p[1]
        h = h + jax.nn.gelu(normalized(h) @ p[2]) @ p[3]
        return (h * h).mean()

    return compiled(jax.value_and_grad(loss), data().block)


def hessian() -> Work:
    import jax

    def value(z):
        return jax.scipy.special.logsumexp(data().matrix @ z)

    return compiled(jax.hessian(value), data().point, double=True)


TASKS = {
    "MLP": mlp,
    "chain": chain,
    "conv net": conv_net,
    "transformer": transformer,
    "Hessian": hessian,
}
