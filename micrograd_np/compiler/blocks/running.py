"""Blocks: calls over large arrays, done a block at a time by several threads.

A chain of NumPy calls over a large array reads and writes main memory at every call. Block by
block, with all calls on one block before the next, the intermediate results stay in the processor's
cache. NumPy lets go of the interpreter's lock inside a call, so several threads work at once.

- A *shape* is divided into *boxes* of equal shape, smaller ones at the ends of an axis.
- The *block function* is called once for every box, with the parts of the arrays that lie in it.
  An array of less axes, or of length 1 along some, broadcasts: it is whole along these.
- A *partial* is an array with one row for each box, which the block function fills with a reduction
  of its box; `combined` makes one of them.
- *Scratch* is memory for one box that each thread has to itself, for what is needed in it only.

How a shape is divided does not depend on the number of threads, and so neither do the results.
This module uses nothing but NumPy and Python's own library: saved programs carry its source.
"""

import os
import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import lru_cache
from itertools import product
from math import prod
from queue import SimpleQueue
from typing import Any

import numpy as np

Array = Any
Shape = tuple[int, ...]
Key = tuple[slice, ...]
Scratch = tuple[tuple[Any, ...], ...]  # of each array the shape, the dtype, and perhaps an order

ALL = slice(None)
LINE = 64  # bytes of a line of cache, to which scratch is aligned
MOST = 64  # layouts of scratch that a thread remembers


def run(
    block: Callable[..., None],
    shape: Shape,
    box: Shape,
    operands: Sequence[Array],
    results: Sequence[Array] = (),
    partials: Sequence[Array] = (),
    scratch: Scratch = (),
    threads: int | None = None,
) -> None:
    """Call `block` for every box of `shape`, by `threads` threads.

    `box`: the shape of a box, as long as `shape` along axes that are not divided. The block is
    given, in this order:

    - the parts of the `operands` and `results` that lie in the box;
    - a row of each of the `partials`, which have as many rows as there are boxes;
    - arrays for the `scratch`: their shapes and dtypes, and the order in which their axes lie in
      memory, outermost first, where it is not the usual one.

    `threads`: the largest number of threads, each with two boxes at least; None for as many as
    there are cores. The calling thread is one of them.

    The first exception in a block ends the others after their current box, and is raised.
    """
    if sum(n > 1 for n in shape) > 1:
        operands = [forward(x) for x in operands]
    arrays = (*operands, *results)
    cuts = cuts_of(shape, box, tuple(getattr(x, "shape", ()) for x in arrays))
    sizes = sizes_of(shape, box)
    count = len(sizes)

    def work(next_box: Callable[[], int | None]) -> None:
        memory = Memory.taken()
        try:
            while (number := next_box()) is not None:
                parts = [
                    array if cut is None else array[cut[number]]
                    for array, cut in zip(arrays, cuts, strict=True)
                ]
                rows = [partial[number, ...] for partial in partials]
                block(*parts, *rows, *memory.arrays(scratch, sizes[number]))
        finally:
            memory.give_back()

    helpers = min((cores() if threads is None else threads), count // 2) - 1 if count > 3 else 0
    if helpers > 0:
        Job(work, count).run(helpers)
    else:
        numbers = iter(range(count))
        work(lambda: next(numbers, None))


def forward(x: Array) -> Array:
    """The operand, a copy if it runs backwards in memory along some axis.

    NumPy copies a backward array in stretches, but not a single row of it, and NumPy's loops for
    backward rows round differently.
    """
    return x.copy("K") if min(getattr(x, "strides", ()), default=0) < 0 else x


def combined(ufunc: np.ufunc, partials: Array, out: Array = None, count: int = 1) -> Array:
    """The rows of `partials` combined into one, in pairs: the rounding errors stay small.

    `out`: an array for it, or None. `count`: of a mean, what the sum is divided by.
    """
    while len(partials) > 1:
        even = len(partials) & ~1
        pairs = ufunc(partials[0:even:2], partials[1:even:2])
        partials = np.concatenate([pairs, partials[even:]])
    total = partials[0] if count == 1 else np.divide(partials[0], count)
    if out is None:
        return total
    out[...] = total
    return out


# ---------------------------------------------------------------- choosing

INTEGERS = {1: "int8", 2: "int16", 4: "int32", 8: "int64"}  # by size in bytes


def select(condition: Array, x: Array, y: Array, mask: Array, out: Array) -> None:
    """`out = np.where(condition, x, y)`, several times as fast where the condition is irregular.

    It takes no branches: bits of `x` where the condition holds, and bits of `y` elsewhere. `mask`:
    scratch, integers of the size of `out`; needless if `x` or `y` is a literal 0. `out` must not be
    any other argument.
    """
    integer = INTEGERS.get(out.dtype.itemsize)
    if integer is None or out.ndim == 0:
        np.copyto(out, np.where(condition, x, y))
        return
    given = np.asarray(condition, np.bool_).view(np.int8)
    bits = out.view(integer)
    if is_zero(y):
        np.negative(given, out=bits)
        np.bitwise_and(as_bits(x, out), bits, bits)
    elif is_zero(x):
        np.subtract(given, 1, out=bits)
        np.bitwise_and(as_bits(y, out), bits, bits)
    else:
        np.negative(given, out=mask)
        other = as_bits(y, out)
        np.bitwise_xor(as_bits(x, out), other, bits)
        np.bitwise_and(bits, mask, bits)
        np.bitwise_xor(bits, other, bits)


def as_bits(x: Array, like: Array) -> Array:
    """The bits of numbers as integers, once they are of the dtype of an array."""
    return np.asarray(x, like.dtype).view(INTEGERS[like.dtype.itemsize])


def is_zero(x: Any) -> bool:
    """Whether it is a literal 0 of which no bit is set."""
    return type(x) in (bool, int, float) and x == 0 and str(x) != "-0.0"


# ---------------------------------------------------------------- dividing


@lru_cache(maxsize=256)
def keys_of(shape: Shape, box: Shape) -> tuple[Key, ...]:
    """The boxes that tile a shape, in order, each as one slice for every axis."""
    axes = [
        [slice(start, min(start + step, n)) for start in range(0, n, step)]
        for n, step in zip(shape, box, strict=True)
    ]
    return tuple(product(*axes))


@lru_cache(maxsize=256)
def sizes_of(shape: Shape, box: Shape) -> tuple[Shape, ...]:
    """The shapes of the boxes."""
    return tuple(tuple(part.stop - part.start for part in key) for key in keys_of(shape, box))


@lru_cache(maxsize=256)
def cuts_of(
    shape: Shape, box: Shape, arrays: tuple[Shape, ...]
) -> tuple[tuple[Key, ...] | None, ...]:
    """For each array, by its shape: what it is indexed with for each box; None if it is whole."""
    return tuple(cut_of(shape, box, array) for array in arrays)


def cut_of(shape: Shape, box: Shape, array: Shape) -> tuple[Key, ...] | None:
    """The keys of one array, which lies along the last axes of the shape; None if it is whole."""
    added = len(shape) - len(array)
    varies = [n != 1 and shape[axis] != box[axis] for axis, n in enumerate(array, added)]
    if not any(varies):
        return None
    return tuple(
        tuple(part if each else ALL for part, each in zip(key[added:], varies, strict=True))
        for key in keys_of(shape, box)
    )


# ---------------------------------------------------------------- scratch


class Memory:
    """A stretch of memory that a thread keeps for scratch, and the arrays laid out in it."""

    kept = threading.local()

    def __init__(self) -> None:
        self.stretch: Array = aligned(0)
        self.made: dict[tuple[Scratch, Shape], list[Array]] = {}

    @classmethod
    def taken(cls) -> "Memory":
        """The thread's, which nothing else that the thread may do meanwhile can have."""
        memory: Memory | None = cls.kept.__dict__.pop("memory", None)
        return cls() if memory is None else memory

    def give_back(self) -> None:
        """Keep it for the thread's next run."""
        self.kept.memory = self

    def arrays(self, scratch: Scratch, size: Shape) -> list[Array]:
        """The scratch for a box of a size."""
        if not scratch:
            return []
        made = self.made.get((scratch, size))
        if made is None:
            made = self._laid_out(scratch, size)
            self.made[scratch, size] = made
        return made

    def _laid_out(self, scratch: Scratch, size: Shape) -> list[Array]:
        kinds = [
            (tuple(map(min, shape, size)), np.dtype(name), *order)
            for shape, name, *order in scratch
        ]
        places = [0]
        for shape, dtype, *_ in kinds:
            places.append(places[-1] + -(-prod(shape) * dtype.itemsize // LINE) * LINE)
        if self.stretch.size < places[-1]:
            self.stretch = aligned(places[-1])
            self.made.clear()
        elif len(self.made) >= MOST:
            self.made.clear()
        return [laid(self.stretch, *pair) for pair in zip(places, kinds, strict=False)]


def laid(stretch: Array, place: int, kind: tuple[Any, ...]) -> Array:
    """An array in a stretch of memory: its shape, its dtype, perhaps the order of its axes."""
    shape, dtype, *given = kind
    order = given[0] if given else range(len(shape))
    made = np.ndarray(tuple(shape[axis] for axis in order), dtype, stretch, place)
    return made.transpose(np.argsort(order)) if given else made


def aligned(size: int) -> Array:
    """Bytes that begin at a line of cache."""
    stretch = np.empty(size + LINE, np.uint8)
    start = -stretch.__array_interface__["data"][0] % LINE
    return stretch[start : start + size]


# ---------------------------------------------------------------- threads


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Job:
    """Numbered boxes that threads take one by one until none is left.

    `work` is called in each thread, with what gives the number of the next box. A helper sees the
    context variables of the caller, among them NumPy's error state.
    """

    def __init__(self, work: Callable[[Callable[[], int | None]], None], count: int) -> None:
        self.work = work
        self.count = count
        self.given = 0  # boxes
        self.busy = 0  # helpers
        self.error: BaseException | None = None
        self.context = copy_context()
        self.lock = threading.Lock()
        self.idle = threading.Condition(self.lock)

    def next(self) -> int | None:
        """The number of a box that nobody has been given yet."""
        with self.lock:
            if self.given == self.count:
                return None
            self.given += 1
            return self.given - 1

    def run(self, helpers: int) -> None:
        """All of it in this thread, with the help of others as soon as they are free."""
        POOL.ask(self, helpers)
        try:
            self.work(self.next)
        finally:
            self._close()
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def _close(self) -> None:
        """Give out no more boxes, and wait until nobody works on one, come what may."""
        interrupt = None
        with self.lock:
            self.given = self.count
            while self.busy:
                try:
                    self.idle.wait()
                except KeyboardInterrupt as error:
                    interrupt = error
        if interrupt is not None:
            raise interrupt

    def help(self) -> None:
        """Do the work of a helper, unless the helper comes too late."""
        with self.lock:
            if self.given == self.count:
                return
            self.busy += 1
        try:
            self.context.copy().run(self.work, self.next)
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller
            with self.lock:
                self.error = self.error or error
                self.given = self.count
        finally:
            with self.lock:
                self.busy -= 1
                self.idle.notify()


class Pool:
    """Threads that wait for jobs: as many as were ever asked for at once."""

    def __init__(self) -> None:
        self.empty()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.empty)  # a forked process has none of them

    def empty(self) -> None:
        """Without threads."""
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self.lock = threading.Lock()
        self.size = 0

    def ask(self, job: Job, helpers: int) -> None:
        """Offer a job to so many threads."""
        with self.lock:
            while self.size < helpers and self._start():
                self.size += 1
        for _ in range(min(helpers, self.size)):
            self.jobs.put(job)

    def _start(self) -> bool:
        """Whether another thread could be started; it cannot while Python exits."""
        try:
            threading.Thread(target=serve, args=(self.jobs,), daemon=True).start()
        except RuntimeError:
            return False
        return True


def serve(jobs: "SimpleQueue[Job]") -> None:
    """Help with one job after another, for ever."""
    while True:
        jobs.get().help()


POOL = Pool()
