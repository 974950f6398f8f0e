"""Side effects that cannot be followed: refused where a result depends on them."""

import collections
import itertools
import queue
import types

import numpy as np
import pytest
from side_effects import VECTOR, Plain

import micrograd_np as mg
from micrograd_np.errors import TracingError

COUNT = 1


def test_iterators_are_refused():
    for numbers in (iter([1.0, 2.0]), itertools.count(1.0), (x for x in (1.0, 2.0))):
        with pytest.raises(TracingError, match=r"(?s)reaches iterators.*- numbers"):
            mg.compile(lambda x: x * next(numbers))(VECTOR)  # noqa: B023 - called here


def counts_in_a_closure():
    n = 0

    def f(x):
        nonlocal n
        n += 1
        return x * n

    return f, lambda: n, "n"


def counts_in_a_dict():
    state = {"n": 0, "seen": []}

    def f(x):
        state["n"] += 1
        state["seen"].append(1)
        state["new"] = x
        return x * state["n"]

    return f, lambda: {**state, "seen": [*state["seen"]]}, "state"


def counts_in_an_object():
    held = Plain()

    def f(x):
        held.beta += 1
        held.latest = x
        return x * held.beta

    return f, lambda: dict(vars(held)), "held.beta"


def takes_from_a_list():
    ahead = [1.0, 2.0]
    return lambda x: x * ahead.pop(), lambda: list(ahead), "ahead"


def counts_in_an_array():
    count = np.zeros(1)

    def f(x):
        count[0] += 1
        return x * count[0]

    return f, lambda: float(count[0]), "count"


def counts_globally():
    global COUNT  # noqa: PLW0603 - as a careless user has it
    COUNT = 1

    def f(x):
        global COUNT  # noqa: PLW0603
        COUNT += 1
        return x * COUNT

    return f, lambda: COUNT, "COUNT"


def grows_a_list():
    log = []

    def f(x):
        log.append(1.0)
        return x * len(log)

    return f, lambda: list(log), "log"


def grows_a_default():
    def f(x, log=[]):  # noqa: B006 - as a careless user has it
        log.append(1.0)
        return x * len(log)

    return f, lambda: list(f.__defaults__[0]), "log"


def grows_a_set_and_a_deque():
    seen, latest = set(), collections.deque(maxlen=3)

    def f(x):
        seen.add(len(seen))
        latest.append(len(seen))
        return x * sum(latest)

    return f, lambda: (set(seen), list(latest)), "seen"


def counts_in_a_counter():
    counter = collections.Counter(b=1)

    def f(x):
        counter["a"] += 1
        return x * counter["a"]

    return f, lambda: dict(counter), "counter"


def counts_what_was_not_there():
    held, table = types.SimpleNamespace(n=None), {}

    def f(x):
        held.n = (held.n or 0) + 1
        table["n"] = table.get("n", 0) + 1
        return x * held.n

    return f, lambda: (held.n, dict(table)), "held.n"


def grows_a_list_of_its_own():
    class History:
        def __init__(self):
            self.values = []

        def __call__(self, x):
            self.values.append(1.0)
            return x * len(self.values)

    history = History()
    return history, lambda: list(history.values), "History.values"


def grows_what_another_function_reads():
    log = []

    def count():
        return len(log)

    def f(x):
        log.append(1.0)
        return x * count()

    return f, lambda: list(log), "log"


def takes_from_a_queue():
    ahead = queue.Queue()
    for i in range(5):
        ahead.put(float(i))
    return lambda x: x * ahead.get(), lambda: list(ahead.queue), "ahead.queue"


def takes_from_a_flat_array():
    flat = np.arange(5.0).flat
    return lambda x: x * next(flat), lambda: None, "flat.index"


COUNTING = [
    counts_in_a_closure, counts_in_a_dict, counts_in_an_object, takes_from_a_list,
    counts_in_an_array, counts_globally, grows_a_list, grows_a_default, grows_a_set_and_a_deque,
    grows_what_another_function_reads, counts_in_a_counter, counts_what_was_not_there,
    grows_a_list_of_its_own, takes_from_a_queue, takes_from_a_flat_array,
]  # fmt: skip


@pytest.mark.parametrize("make", COUNTING)
def test_a_function_that_changes_what_it_depends_on_is_refused_and_nothing_is_changed(make):
    f, state, name = make()
    before = state()
    compiled = mg.compile(f)
    for _ in range(2):
        with pytest.raises(TracingError, match=rf"(?s)changed what it depends on.*- {name}"):
            compiled(VECTOR)
        assert state() == before
    assert not compiled.specializations
