"""Randomness that a program would freeze: drawn from generators that are no arguments.

A generator among the arguments of a compiled function is drawn from at every call. One that the
function finds elsewhere (a name around it, an attribute of a module, NumPy's global one) would be
drawn from once, while the function is traced, and the program would repeat the numbers. So the
states of all that can be found are kept, and compared after the function was traced.
"""

import functools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.tracing.surroundings import reached
from micrograd_np.errors import TracingError

GENERATORS = (np.random.Generator, np.random.RandomState)


class Source(NamedTuple):
    """Something random: what to call it, and its state, which can be read and set."""

    name: str
    state: Callable[[], Any]
    restore: Callable[[Any], None]


@contextmanager
def unchanged(function: Any) -> Iterator[None]:
    """Raise TracingError at the end if a generator that `function` reaches was drawn from.

    It is put back to where it was.
    """
    before = [(source, source.state()) for source in sources(function)]
    changed: list[tuple[Source, Any]] = []
    try:
        yield
    finally:
        changed += [(source, state) for source, state in before if not same(state, source.state())]
        for source, state in changed:
            source.restore(state)
    if changed:
        raise TracingError.frozen_generator([source.name for source, _ in changed])


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
