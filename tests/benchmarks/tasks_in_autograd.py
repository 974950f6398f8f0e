"""The larger tasks in autograd, those that it can write with NumPy's names."""

from collections.abc import Callable

import numpy as np
from tasks import MLP_BATCH, MLP_RATE, data

Work = Callable[[int], list[np.ndarray]]


def mlp() -> Work:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    x, classes, rows = data().features, data().classes, np.arange(MLP_BATCH)

    def loss(p):
        h = anp.maximum(anp.dot(x, p[0]) + p[3], 0)
        h = anp.maximum(anp.dot(h, p[1]) + p[4], 0)
        h = anp.dot(h, p[2]) + p[5]
        return -anp.mean((h - logsumexp(h, 1, keepdims=True))[rows, classes])

    slopes = autograd.grad(loss)

    def work(count: int) -> list[np.ndarray]:
        p = [*data().weights, *data().biases]
        for _ in range(count):
            p = [x - np.float32(MLP_RATE) * g for x, g in zip(p, slopes(p), strict=True)]
        return p

    return work


def chain() -> Work:
    import autograd
    import autograd.numpy as anp

    def value(x):
        return anp.sum(anp.tanh(2 / (1 + anp.exp(-x))) ** 2)

    both = autograd.value_and_grad(value)
    return lambda count: list([both(data().chain) for _ in range(count)][-1])


def hessian() -> Work:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    found = autograd.hessian(lambda z: logsumexp(anp.dot(data().matrix, z)))
    return lambda count: [[found(data().point) for _ in range(count)][-1]]


TASKS = {"MLP": mlp, "chain": chain, "Hessian": hessian}
