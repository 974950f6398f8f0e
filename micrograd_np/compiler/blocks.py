"""Blocks: calls over large arrays, done a block at a time by several threads.

A chain of NumPy calls over a large array reads and writes main memory at every call. Done block by
block, all calls on one block before the next, its intermediate results stay in the processor's
cache; and as NumPy lets go of the interpreter's lock inside a call, several threads work at once.

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
Box = tuple[slice, ...]
Scratch = tuple[Shape, str] | tuple[Shape, str, Shape]

ALL = slice(None)
LINE = 64  # bytes of a line of cache, to which scratch is aligned


def run(
    block: Callable[..., None],
    shape: Shape,
    box: Shape,
    arrays: Sequence[Array],
    partials: Sequence[Array] = (),
    scratch: Sequence[Scratch] = (),
    threads: int | None = None,
) -> None:
    """Call `block(*arrays, *partials, *scratch)` for every box of `shape`, by `threads` threads.

    `box`: the shape of a box, as long as `shape` along what is not divided. `arrays`: operands and
    results, cut to the box. `partials`: arrays of as many rows as there are boxes; the block is
    given a row. `scratch`: shapes and dtypes of arrays of which the block is given one box, and the
    order in which their axes lie in memory, outermost first, where it is not the usual one.
    `threads`: at most so many; None for as many as there are cores. The calling thread is one.

    The first exception in a block ends the others after their current box, and is raised.
    """
    boxes = boxes_of(shape, box)
    cuts = [cut(array, shape, box) for array in arrays]

    def work(job: Job) -> None:
        memory = Memory(scratch)
        try:
            while (number := job.next()) is not None:
                place = boxes[number]
                parts = [part(place) for part in cuts]
                rows = [partial[number, ...] for partial in partials]
                block(*parts, *rows, *memory.views(place))
        finally:
            memory.give_back()

    count = len(boxes)
    helpers = min(cores() if threads is None else threads, count) - 1
    Job(work, count).run(helpers)


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
def boxes_of(shape: Shape, box: Shape) -> tuple[Box, ...]:
    """The boxes that tile a shape, in order, each as one slice for every axis."""
    axes = [
        [slice(start, min(start + step, n)) for start in range(0, n, step)]
        for n, step in zip(shape, box, strict=True)
    ]
    return tuple(product(*axes))


def cut(array: Array, shape: Shape, box: Shape) -> Callable[[Box], Array]:
    """What gives the part of an array that lies in a box."""
    if not isinstance(array, np.ndarray):
        return lambda _: array
    added = len(shape) - array.ndim
    varies = [
        array.shape[axis - added] != 1 and shape[axis] != box[axis]
        for axis in range(added, len(shape))
    ]
    if not any(varies):
        return lambda _: array
    if all(varies):
        return lambda place: array[place[added:]]
    return lambda place: array[
        tuple(part if each else ALL for part, each in zip(place[added:], varies, strict=True))
    ]


# ---------------------------------------------------------------- scratch


class Memory:
    """The scratch of one thread in one run: parts of a stretch of memory that it keeps."""

    kept = threading.local()

    def __init__(self, scratch: Sequence[Scratch]) -> None:
        self.scratch = scratch
        self.made: dict[Shape, list[Array]] = {}
        self.stretch: Array = self.kept.__dict__.pop("stretch", None)

    def views(self, place: Box) -> list[Array]:
        """The scratch arrays for a box."""
        if not self.scratch:
            return []
        lengths = tuple(part.stop - part.start for part in place)
        if lengths not in self.made:
            self.made[lengths] = self._laid_out(lengths)
        return self.made[lengths]

    def _laid_out(self, lengths: Shape) -> list[Array]:
        kinds = [(cut_shape(shape, lengths), np.dtype(name), *order) for shape, name, *order in self.scratch]
        places = [0]
        for shape, dtype, *_ in kinds:
            places.append(places[-1] + -(-prod(shape) * dtype.itemsize // LINE) * LINE)
        if self.stretch is None or self.stretch.size < places[-1]:
            self.stretch = aligned(places[-1])
        return [ordered(self.stretch, place, *kind) for place, kind in zip(places, kinds)]

    def give_back(self) -> None:
        """Keep the memory for the thread's next run."""
        self.kept.stretch = self.stretch


def cut_shape(shape: Shape, lengths: Shape) -> Shape:
    """The shape of a part with these lengths, where the whole is not shorter."""
    return tuple(min(pair) for pair in zip(shape, lengths, strict=True))


def ordered(
    stretch: Array, place: int, shape: Shape, dtype: np.dtype[Any], order: Shape | None = None
) -> Array:
    """An array in a stretch of memory, its axes in an order."""
    if order is None:
        return np.ndarray(shape, dtype, stretch, place)
    made = np.ndarray(tuple(shape[axis] for axis in order), dtype, stretch, place)
    return made.transpose(np.argsort(order))


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
    """Numbered boxes that threads take one by one until none is left."""

    def __init__(self, work: Callable[["Job"], None], count: int) -> None:
        self.work = work
        self.count = count
        self.taken = 0
        self.busy = 0  # helpers at work
        self.lock = threading.Lock()
        self.idle = threading.Condition(self.lock)
        self.error: BaseException | None = None
        self.context = copy_context()

    def next(self) -> int | None:
        """The number of a box that nobody has taken yet."""
        with self.lock:
            if self.taken == self.count:
                return None
            self.taken += 1
            return self.taken - 1

    def run(self, helpers: int) -> None:
        """All of it, with the help of other threads if there are any free."""
        if helpers > 0:
            POOL.ask(self, helpers)
        try:
            self.work(self)
        finally:
            with self.lock:
                self.taken = self.count
                while self.busy:
                    self.idle.wait()
        if self.error is not None:
            raise self.error

    def help(self) -> None:
        """What a helper does; too late, there is nothing to do."""
        with self.lock:
            if self.taken == self.count:
                return
            self.busy += 1
        try:
            self.context.copy().run(self.work, self)
        except BaseException as error:
            with self.lock:
                self.error = self.error or error
                self.taken = self.count
        finally:
            with self.lock:
                self.busy -= 1
                self.idle.notify()


class Pool:
    """Threads that wait for jobs: as many as were ever asked for at once."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self.lock = threading.Lock()
        self.size = 0

    def ask(self, job: Job, helpers: int) -> None:
        if self.size < helpers:
            with self.lock:
                while self.size < helpers:
                    threading.Thread(target=self._serve, daemon=True).start()
                    self.size += 1
        for _ in range(helpers):
            self.jobs.put(job)

    def _serve(self) -> None:
        while True:
            self.jobs.get().help()


POOL = Pool()
