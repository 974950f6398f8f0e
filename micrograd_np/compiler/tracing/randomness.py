"""Randomness that a program would freeze: drawn from generators that are no arguments.

A generator among the arguments of a compiled function is drawn from at every call. One that the
function finds elsewhere (a name around it, an attribute of a module, NumPy's global one) would be
drawn from once, while the function is traced, and the program would repeat the numbers. So the
states of all that can be found are kept, and compared after the function was traced.

Another thread may draw from the same generator meanwhile. If one has run, nobody can tell whose
draw it was, and the function is traced again while no other thread is given its turn.
"""

import functools
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.tracing.surroundings import reached
from micrograd_np.errors import TracingError

GENERATORS = (np.random.Generator, np.random.RandomState)
TURNS = (0.05, 0.25, 1.0)  # seconds in which a thread keeps its turn when we try again


class Disturbed(Exception):  # noqa: N818 - it is no error: the function may be run uncompiled
    """A generator was drawn from while a function was traced, by it or by another thread."""

    def warn(self, name: str) -> None:
        """Warn that a call of the function is not compiled."""
        warnings.warn(
            f"`{name}` was run uncompiled: whenever it was traced, another thread was running, and "
            f"random numbers were drawn from {self}, by that thread or by the function, whose "
            f"program would repeat them. Give each a numpy.random.Generator of its own, the "
            f"function as an argument.",
            RuntimeWarning,
            stacklevel=3,
        )


class Source(NamedTuple):
    """Something random: what to call it, and its state, which can be read and set."""

    name: str
    state: Callable[[], Any]
    restore: Callable[[Any], None]


@contextmanager
def unchanged(function: Any) -> Iterator[None]:
    """Raise TracingError at the end if `function` has drawn from a generator that it reaches.

    The generator is put back to where it was. Where another thread may have drawn from it, it is
    left alone, and Disturbed is raised.
    """
    others = running_times()  # of any draw between the states, so read before the first
    before = [(source, source.state()) for source in sources(function)]
    changed: list[tuple[Source, Any]] = []
    alone = True
    try:
        yield
    finally:
        pairs = [(source, state, source.state()) for source, state in before]
        alone = not have_run(others)
        changed += [(source, state) for source, state, now in pairs if not same(state, now)]
        for source, state in changed if alone else []:
            source.restore(state)
    names = [source.name for source, _ in changed]
    if names and not alone:
        raise Disturbed(", ".join(names))
    if names:
        raise TracingError.frozen_generator(names)


def sources(function: Any) -> Iterator[Source]:
    """All that is random and can be found: the global generators, and those in reach."""
    yield Source("random, of Python", random.getstate, random.setstate)
    legacy = np.random.mtrand._rand  # noqa: SLF001 - what np.random's own functions draw from
    yield Source("np.random", functools.partial(legacy.get_state, legacy=False), legacy.set_state)
    for name, generator in reached(function, lambda x: isinstance(x, GENERATORS)):
        if isinstance(generator, np.random.RandomState):
            yield Source(
                name, functools.partial(generator.get_state, legacy=False), generator.set_state
            )
        else:
            bits = generator.bit_generator
            read = functools.partial(getattr, bits, "state")
            yield Source(name, read, functools.partial(setattr, bits, "state"))


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


@contextmanager
def keeping_its_turn(seconds: float) -> Iterator[None]:
    """Within, other threads of Python run only while this one waits, or computes on large arrays.

    That is so for some seconds; then others have theirs. 0 leaves all as it is.
    """
    if not seconds:
        yield
        return
    interval = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    time.sleep(0)  # a thread that waits already has its turn now
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
