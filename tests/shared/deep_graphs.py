"""A program: deep graphs are built, differentiated and freed in a thread with a small stack.

    python tests/shared/deep_graphs.py NODES KIBIBYTES [SHAPE ...]

Every shape of `SHAPES` has about so many nodes; the thread has a stack of so many KiB. A shape is
named when it has come to its end, so that after a crash the one behind the last name is to blame.
`test_depth` runs the program, and looks at its exit status: a crash ends a process, whatever else
runs in it.
"""

import gc
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

import micrograd_np as mg

# ---------------------------------------------------------------- shapes, of about `nodes` nodes


def chain(x: Any, nodes: int) -> Any:
    """Each node made from the one before."""
    for _ in range(nodes):
        x = x * 1.0
    return x


def comb(x: Any, nodes: int) -> Any:
    """A chain in which each node also has a tooth: a node of its own, made from the leaf."""
    y = x
    for _ in range(nodes // 2):
        y = y + x * 1.0
    return y


def diamonds(x: Any, nodes: int) -> Any:
    """Two nodes made from one, and one from the two, again and again."""
    for _ in range(nodes // 3):
        x = x * 0.5 + x * 0.5
    return x


def skips(x: Any, nodes: int) -> Any:
    """Each node made from the one before and from the one ten steps before."""
    last = deque([x] * 10)
    for _ in range(nodes // 3):
        last.append(last[-1] * 0.5 + last.popleft() * 0.5)
    return last[-1]


def joins(x: Any, nodes: int) -> Any:
    """Operations with several results, and operations on lists of arrays."""
    y = x * np.ones(2)
    for _ in range(nodes // 4):
        y = np.concatenate(np.split(y, 2))
    return y.sum()


def closures(x: Any, nodes: int) -> Any:
    """Nodes that hold functions, which hold nodes."""
    y = x
    for _ in range(nodes // 4):  # each takes as long as several others
        y = mg.checkpoint(lambda v, y=y: v + (y - v))(x)
    return y


def batch(x: Any, nodes: int) -> Any:
    """A chain over a batch, differentiated inside the batch and around it."""
    found = mg.vmap(mg.grad(lambda v: chain(v, nodes // 2) ** 2))(x * np.ones(2))
    return np.sum(found)


def second_derivative(x: Any, nodes: int) -> Any:
    """A chain and the recorded derivative of a chain."""
    return mg.grad(lambda v: chain(v, nodes // 2) ** 2)(x)


def exception(x: Any, nodes: int) -> Any:
    """A chain held by the traceback of an exception in flight, in a frame of its own."""

    def fails() -> None:
        y = chain(x, nodes)
        raise ValueError(y.shape)

    try:
        fails()
    except ValueError:
        return x * 1.0


def exception_through_many_frames(x: Any, nodes: int) -> Any:
    """A chain of which every frame that the exception passes holds another node."""

    def fails(y: Any, frames: int) -> None:
        y = chain(y, nodes // 100)
        if frames == 0:
            raise ValueError(y.shape)
        fails(y, frames - 1)

    try:
        fails(x, 99)
    except ValueError:
        return x * 1.0


def cycle(x: Any, nodes: int) -> Any:
    """A chain held by a cycle of references, which the collector finds."""
    held = [chain(x, nodes)]
    held.append(held)
    del held
    gc.collect()
    return x * 1.0


SHAPES: dict[str, Callable[[Any, int], Any]] = {
    function.__name__: function
    for function in (
        chain, comb, diamonds, skips, joins, closures, batch, second_derivative, exception,
        exception_through_many_frames, cycle,
    )
}  # fmt: skip

# ---------------------------------------------------------------- the thread


def work(shapes: list[str], nodes: int) -> None:
    """Build, differentiate and free each of the shapes."""
    for name in shapes:
        x = mg.Tensor(1.0, requires_grad=True)
        y = SHAPES[name](x, nodes)
        if name != "closures":  # what a closure holds is differentiated anew at every level
            y.backward()
        del y
        print(name, flush=True)


def main(nodes: str, kibibytes: str, *shapes: str) -> None:
    threading.stack_size(int(kibibytes) * 1024)
    thread = threading.Thread(target=work, args=(list(shapes or SHAPES), int(nodes)))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
