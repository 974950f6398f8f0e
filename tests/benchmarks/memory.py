"""The most memory that a computation holds at once, as Python and NumPy account for it."""

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np

import micrograd_np as mg

Block = Callable[[mg.Tensor], mg.Tensor]


def peak(computation: Callable[[], object]) -> int:
    """How many bytes more than before were held at the worst moment."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        computation()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def block(x: mg.Tensor) -> mg.Tensor:
    """Eight operations, each of which keeps an array as large as `x`."""
    for _ in range(4):
        x = np.tanh(np.sin(x))
    return x


def chain(blocks: int, size: int, wrap: Callable[[Block], Block]) -> Callable[[], None]:
    """Forward and backward through a chain of blocks, each wrapped."""

    def run() -> None:
        x = mg.Tensor(np.full(size, 0.5), requires_grad=True)
        y = x
        for _ in range(blocks):
            y = wrap(block)(y)
        np.sum(y).backward()

    return run
