"""Convolution, pooling and einsum: gradients by hand and by us, one function a contender.

By hand means what one would write in NumPy for this one shape, in the fastest way we know: columns
made a tap at a time for a few examples at once, and kept for the gradient; matrix products wherever
there are sums of products. A contender does its work that many times and returns what it found.
"""

from collections.abc import Callable
from importlib.util import find_spec
from itertools import product

import numpy as np

import micrograd_np as mg
from micrograd_np.nn import functional

Array = np.ndarray
Work = Callable[[int], list[Array]]

# ---------------------------------------------------------------- convolution, 3x3, padded by 1

CONVOLUTIONS = {
    "64 x 1 x 28 x 28, 16 channels out": (64, 1, 28, 16),
    "64 x 16 x 28 x 28, 32 channels out": (64, 16, 28, 32),
    "32 x 64 x 56 x 56, 64 channels out": (32, 64, 56, 64),
}
PORTION = 1 << 22  # bytes of columns at once
TAPS = list(product(range(3), range(3)))


def convolution_data(count: int, channels: int, length: int, outputs: int) -> list[Array]:
    """Images, weight, bias, and the cotangent of the output, in float32."""
    rng = np.random.default_rng(0)
    shapes = [(count, channels, length, length), (outputs, channels, 3, 3), (outputs,)]
    shapes.append((count, outputs, length, length))
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def convolution_by_hand(x: Array, w: Array, b: Array, g: Array) -> list[Array]:
    count, channels, n, _ = x.shape
    matrix = w.reshape(len(w), -1)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    step = max(1, PORTION // (channels * 9 * n * n * x.itemsize))
    parts = [slice(start, start + step) for start in range(0, count, step)]
    out = np.empty((count, len(w), n * n), x.dtype)
    kept = []
    for part in parts:
        columns = np.empty((len(x[part]), channels, 9, n, n), x.dtype)
        for tap, (i, j) in enumerate(TAPS):
            columns[:, :, tap] = padded[part, :, i : i + n, j : j + n]
        kept.append(columns.reshape(-1, channels * 9, n * n))
        np.matmul(matrix, kept[-1], out=out[part])
    out += b[:, None]
    flat = g.reshape(out.shape)
    to_input, to_weight = np.zeros_like(padded), np.zeros((channels * 9, len(w)), x.dtype)
    for part, columns in zip(parts, kept, strict=True):
        to_weight += np.sum(columns @ flat[part].mT, axis=0)
        seen = (matrix.T @ flat[part]).reshape(-1, channels, 9, n, n)
        for tap, (i, j) in enumerate(TAPS):
            to_input[part, :, i : i + n, j : j + n] += seen[:, :, tap]
    return [to_input[:, :, 1:-1, 1:-1], to_weight.T.reshape(w.shape), g.sum(axis=(0, 2, 3))]


# ---------------------------------------------------------------- maxima of 2x2 windows

POOLINGS = {"64 x 16 x 28 x 28": (64, 16, 28), "32 x 64 x 56 x 56": (32, 64, 56)}


def pooling_data(count: int, channels: int, length: int) -> list[Array]:
    """Images and the cotangent of their maxima."""
    rng = np.random.default_rng(0)
    shape = (count, channels, length, length)
    g = rng.normal(size=(count, channels, length // 2, length // 2)).astype(np.float32)
    return [rng.normal(size=shape).astype(np.float32), g]


def pooling_by_hand(x: Array, g: Array) -> list[Array]:
    quarters = [(..., slice(i, None, 2), slice(j, None, 2)) for i in (0, 1) for j in (0, 1)]
    rows = np.maximum(x[..., ::2, :], x[..., 1::2, :])
    top = np.maximum(rows[..., ::2], rows[..., 1::2])
    gradient = np.empty_like(x)
    for one, cotangent, found, result in zip(x, g, top, gradient, strict=True):
        hits = [one[quarter] == found for quarter in quarters]
        shares = cotangent / np.sum(hits, axis=0, dtype=np.uint8)
        for quarter, hit in zip(quarters, hits, strict=True):
            result[quarter] = shares * hit
    return [gradient]


# ---------------------------------------------------------------- einsum, the gradient alone

EINSUMS = {
    "bij,bjk->bik": [(64, 96, 64), (64, 64, 80)],
    "bthd,bshd->bhts": [(8, 128, 8, 32), (8, 128, 8, 32)],
    "ij,j->i": [(1000, 800), (800,)],
    "abc,cd->abd": [(32, 64, 128), (128, 96)],
    "ij,jk,kl->il": [(128, 130), (130, 132), (132, 134)],
}
BY_HAND: dict[str, Callable[..., list[Array]]] = {
    "bij,bjk->bik": lambda g, x, y: [g @ y.mT, x.mT @ g],
    "bthd,bshd->bhts": lambda g, x, y: [
        (g @ y.swapaxes(1, 2)).swapaxes(1, 2),
        (g.mT @ x.swapaxes(1, 2)).swapaxes(1, 2),
    ],
    "ij,j->i": lambda g, x, y: [g[:, None] * y, x.T @ g],
    "abc,cd->abd": lambda g, x, y: [g @ y.T, np.tensordot(x, g, ((0, 1), (0, 1)))],
    "ij,jk,kl->il": lambda g, x, y, z: [g @ (y @ z).T, x.T @ (g @ z.T), (x @ y).T @ g],
}


def einsum_data(subscripts: str) -> list[Array]:
    """The cotangent and the operands."""
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape).astype(np.float32) for shape in EINSUMS[subscripts]]
    out = np.einsum(subscripts, *operands, optimize=True)
    return [rng.normal(size=out.shape).astype(np.float32), *operands]


# ---------------------------------------------------------------- contenders


def by_hand(function: Callable[..., list[Array]], data: list[Array]) -> Work:
    def work(iterations: int) -> list[Array]:
        return [function(*data) for _ in range(iterations)][-1]

    return work


def ours(function: Callable[..., mg.Tensor], arrays: list[Array], g: Array) -> Work:
    """The function and its gradient at leaves that are there already."""
    leaves = [mg.Tensor(x, requires_grad=True) for x in arrays]

    def work(iterations: int) -> list[Array]:
        for _ in range(iterations):
            for leaf in leaves:
                leaf.grad = None
            function(*leaves).backward(g)
        return [leaf.grad for leaf in leaves]

    return work


def ours_backward(function: Callable[..., mg.Tensor], arrays: list[Array], g: Array) -> Work:
    """The gradient alone, of a graph that is there already."""
    leaves = [mg.Tensor(x, requires_grad=True) for x in arrays]
    out = function(*leaves)

    def work(iterations: int) -> list[Array]:
        for _ in range(iterations):
            for leaf in leaves:
                leaf.grad = None
            out.backward(g)
        return [leaf.grad for leaf in leaves]

    return work


def torchs(name: str, options: dict[str, int], arrays: list[Array], g: Array) -> dict[str, Work]:
    if not find_spec("torch"):
        return {}
    import torch

    leaves = [torch.tensor(x, requires_grad=True) for x in arrays]
    function, cotangent = getattr(torch.nn.functional, name), torch.tensor(g)

    def work(iterations: int) -> list[Array]:
        for _ in range(iterations):
            for leaf in leaves:
                leaf.grad = None
            function(*leaves, **options).backward(cotangent)
        return [leaf.grad.numpy() for leaf in leaves]

    return {"torch": work}


def contenders(kind: str, name: str) -> dict[str, Work]:
    """Who computes this gradient: by hand, we, and PyTorch where it is installed."""
    if kind == "einsum":
        g, *operands = einsum_data(name)
        mine = ours_backward(lambda *xs: np.einsum(name, *xs), operands, g)
        return {"by hand": by_hand(BY_HAND[name], [g, *operands]), "micrograd_np": mine}
    if kind == "pooling":
        x, g = pooling_data(*POOLINGS[name])
        mine = ours(lambda x: functional.max_pool2d(x, 2), [x], g)
        hand = by_hand(pooling_by_hand, [x, g])
        theirs = torchs("max_pool2d", {"kernel_size": 2}, [x], g)
    else:
        *arrays, g = convolution_data(*CONVOLUTIONS[name])
        mine = ours(lambda *xs: functional.conv2d(*xs, padding=1), arrays, g)
        hand = by_hand(convolution_by_hand, [*arrays, g])
        theirs = torchs("conv2d", {"padding": 1}, arrays, g)
    return {"by hand": hand, "micrograd_np": mine} | theirs


TASKS = [
    *(("convolution", name) for name in CONVOLUTIONS),
    *(("pooling", name) for name in POOLINGS),
    *(("einsum", name) for name in EINSUMS),
]
