"""Randomness that a program would freeze: drawn from generators that are no arguments.

A generator among the arguments of a compiled function is drawn from at every call. The function may
find another generator: by a name around it, in a module's attribute, or NumPy's global one. This
generator would be drawn from once, during tracing, and the program would repeat the numbers. So the
states of all generators that can be found are kept, and compared after tracing.
"""

import functools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.guarding.walk import Walk
from micrograd_np.errors import TracingError


class Source(NamedTuple):
    """Something random: what to call it, and its state, which can be read and set."""

    name: str
    state: Callable[[], Any]
    restore: Callable[[Any], None]


@contextmanager
def unchanged(walk: Walk) -> Iterator[None]:
    """Raise TracingError at the end if a generator was drawn from that was met on the way.

    The generator is put back to where it was, unless another thread has run and may have drawn
    from it as well.
    """
    others = running_times()  # of any draw between the states, so read before the first
    before = [(source, source.state()) for source in sources(walk)]
    changed: list[Source] = []
    alone = True
    try:
        yield
    finally:
        pairs = [(source, state, source.state()) for source, state in before]
        alone = not have_run(others)
        for source, state, now in pairs:
            if same(state, now):
                continue
            changed.append(source)
            if alone:
                source.restore(state)
    if changed:
        raise TracingError.frozen_generator([source.name for source in changed], alone=alone)


def sources(walk: Walk) -> Iterator[Source]:
    """The generators that a function reaches; the global ones if it may draw from them."""
    found = {id(x): (name, x) for name, x in walk.generators}
    if walk.draws_unseen:
        draws: dict[str, Any] = {"random, of Python": random.random, "np.random": np.random.random}
        found |= {id(draw.__self__): (name, draw.__self__) for name, draw in draws.items()}
    yield from (source(name, x) for name, x in found.values())


def source(name: str, x: Any) -> Source:
    """A generator of Python's or NumPy's."""
    if isinstance(x, random.Random):
        return Source(name, x.getstate, x.setstate)
    if isinstance(x, np.random.RandomState):
        return Source(name, functools.partial(x.get_state, legacy=False), x.set_state)
    bits = x.bit_generator
    read = functools.partial(getattr, bits, "state")
    return Source(name, read, functools.partial(setattr, bits, "state"))


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal: nested dicts and tuples of numbers and arrays."""
    if isinstance(one, dict):
        return all(same(part, other[key]) for key, part in one.items())
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other


# ---------------------------------------------------------------- other threads


def running_times() -> dict[int | None, int | None]:
    """How long each other thread has run so far, in nanoseconds; None if the system cannot tell."""
    own = threading.get_native_id()
    others = [x.native_id for x in threading.enumerate() if x.native_id != own]
    return {thread: running_time(thread) for thread in others}


def running_time(thread: int | None) -> int | None:
    """How long a thread has run so far."""
    if sys.platform != "linux" or thread is None:
        return None
    clock = ~thread << 3 | 6  # how Linux numbers the clock of a thread, which need not be there
    try:
        return time.clock_gettime_ns(clock)
    except OSError:  # it is over
        return None


def have_run(before: dict[int | None, int | None]) -> bool:
    """Whether a thread may have run since: it has used time, was started, or is over."""
    return None in before.values() or before != running_times()
