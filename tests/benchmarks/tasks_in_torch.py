"""The larger tasks in PyTorch, eager or through `torch.compile`, on as many threads as cores."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tasks import BATCH, CHANNELS, EPSILON, HEADS, HIDDEN, IMAGES, LENGTH, MLP_RATE, data

Work = Callable[[int], list[np.ndarray]]
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def gradient(function: Callable[..., Any], arrays: Sequence[np.ndarray], wrap: Wrap) -> Work:
    """The value of a function of a list of leaves, and its gradient in each."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    leaves = [torch.tensor(x, requires_grad=True) for x in arrays]
    function = wrap(function)

    def work(count: int) -> list[np.ndarray]:
        for _ in range(count):
            for leaf in leaves:
                leaf.grad = None
            value = function(leaves)
            value.backward()
        return [value.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]

    return work


def mlp(wrap: Wrap = unchanged) -> Work:
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(os.cpu_count() or 1)
    x, classes = torch.tensor(data().features), torch.tensor(data().classes)

    @wrap
    def loss(p):
        h = torch.relu(x @ p[0] + p[3])
        h = torch.relu(h @ p[1] + p[4])
        return cross_entropy(h @ p[2] + p[5], classes)

    def work(count: int) -> list[np.ndarray]:
        start = [*data().weights, *data().biases]
        parameters = [torch.tensor(p, requires_grad=True) for p in start]
        optimizer = torch.optim.SGD(parameters, lr=MLP_RATE)
        for _ in range(count):
            optimizer.zero_grad()
            loss(parameters).backward()
            optimizer.step()
        return [p.detach().numpy() for p in parameters]

    return work


def chain(wrap: Wrap = unchanged) -> Work:
    import torch

    def value(leaves):
        return (torch.tanh(2 * torch.sigmoid(leaves[0])) ** 2).sum()

    return gradient(value, [data().chain], wrap)


def conv_net(wrap: Wrap = unchanged) -> Work:
    import torch
    from torch.nn.functional import conv2d, cross_entropy, max_pool2d

    images, labels = torch.tensor(data().images), torch.tensor(data().labels)

    def loss(p):
        h = max_pool2d(torch.relu(conv2d(images, p[0], padding=1)), 2)
        h = max_pool2d(torch.relu(conv2d(h, p[1], padding=1)), 2)
        return cross_entropy(h.reshape(IMAGES, -1) @ p[2], labels)

    return gradient(loss, [*data().kernels, data().readout], wrap)


def transformer(wrap: Wrap = unchanged) -> Work:
    import torch
    from torch.nn.functional import gelu, layer_norm

    tokens = torch.tensor(data().tokens)
    mask = torch.triu(torch.full((LENGTH, LENGTH), HIDDEN), 1)

    def by_head(x):
        return x.reshape(BATCH, LENGTH, HEADS, -1).transpose(1, 2)

    def loss(p):
        inward = layer_norm(tokens, (CHANNELS,), eps=EPSILON) @ p[0]
        query, key, value = map(by_head, inward.split(CHANNELS, -1))
        scores = query @ key.transpose(-1, -2) / (CHANNELS // HEADS) ** 0.5 + mask
        taken = (torch.softmax(scores, -1) @ value).transpose(1, 2)
        h = tokens + taken.reshape(BATCH, LENGTH, CHANNELS) @ p[1]
        up = layer_norm(h, (CHANNELS,), eps=EPSILON) @ p[2]
        h = h + gelu(up, approximate="tanh") @ p[3]
        return (h * h).mean()

    return gradient(loss, data().block, wrap)


def hessian() -> Work:
    import torch

    matrix, point = torch.tensor(data().matrix), torch.tensor(data().point)

    def value(z):
        return torch.logsumexp(matrix @ z, 0)

    def work(count: int) -> list[np.ndarray]:
        for _ in range(count):
            found = torch.autograd.functional.hessian(value, point)
        return [found.numpy()]

    return work


COMPILED = {"MLP": mlp, "chain": chain, "conv net": conv_net, "transformer": transformer}
TASKS = COMPILED | {"Hessian": hessian}
