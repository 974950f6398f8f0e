"""What a function keeps from one call to the next."""

import collections
import functools
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose
from side_effects import VECTOR

import micrograd_np as mg
from micrograd_np import nn
from micrograd_np.errors import TracingError


def test_notes_are_taken_when_a_function_is_traced():
    log, table, last, held = [], {}, {}, types.SimpleNamespace(values=[], seen=set(), calls=0)
    history, times = {"loss": []}, collections.defaultdict(list)

    def f(x, notes=[]):  # noqa: B006 - as a careless user has it
        log.append(1)
        history["loss"].append(1)
        history.setdefault("extra", []).append(2)
        times[f.__name__].append(3)
        held.calls += 1
        local = held.values
        local.append(2)
        notes.extend([1, 2])
        table["calls"] = len(x)
        last.update(shape=x.shape)
        held.values.append(1)
        held.seen.add(1)
        held.latest = 1
        return x * 2.0

    compiled = mg.compile(f)
    for _ in range(4):
        assert_allclose(compiled(VECTOR), 2 * VECTOR)
    assert log == [1]
    assert f.__defaults__[0] == [1, 2]
    assert (table, last) == ({"calls": 3}, {"shape": (3,)})
    assert vars(held) == {"values": [2, 1], "seen": {1}, "latest": 1, "calls": 1}
    assert (history, times) == ({"loss": [1], "extra": [2]}, {"f": [3]})


def keeps_in_a_dict(held, factor):
    if "k" not in held.table:
        held.table["k"] = factor()
    return held.table["k"]


def keeps_in_a_list(held, factor):
    if not held.list:
        held.list.append(factor())
    return held.list[0]


def keeps_in_the_place_of_none(held, factor):
    if held.nothing is None:
        held.nothing = factor()
    return held.nothing


def keeps_in_a_new_attribute(held, factor):
    if not hasattr(held, "new"):
        held.new = factor()
    return held.new


def keeps_in_a_cached_property(held, factor):
    held.factor = factor
    return held.cached


class Keeping:
    def __init__(self):
        self.table, self.list, self.nothing, self.dirty = {}, [], None, True

    @functools.cached_property
    def cached(self):
        return self.factor()


def keeps_by_a_flag(held, factor):
    if held.dirty:
        held.kept, held.dirty = factor(), False
    return held.kept


KEEPING = [
    keeps_in_a_dict, keeps_in_a_list, keeps_in_the_place_of_none, keeps_in_a_new_attribute,
    keeps_in_a_cached_property, keeps_by_a_flag,
]  # fmt: skip


@pytest.mark.parametrize("keep", KEEPING)
@pytest.mark.parametrize("make", [lambda: 3.0, lambda: np.arange(1.0, 4.0)])
def test_what_is_computed_once_and_kept(keep, make):
    held, made = Keeping(), []

    def factor():
        made.append(1)
        return make()

    compiled = mg.compile(lambda x: x * keep(held, factor))
    for _ in range(3):
        assert_allclose(compiled(VECTOR), VECTOR * make())
    assert len(made) == 1
    held.__init__()
    for name in ("new", "cached", "kept"):
        vars(held).pop(name, None)
    assert_allclose(compiled(VECTOR), VECTOR * make())
    assert len(made) == 2


@pytest.mark.parametrize("keep", KEEPING)
def test_what_depends_on_the_arguments_cannot_be_kept(keep):
    held = Keeping()
    compiled = mg.compile(lambda x: x * keep(held, lambda: x * 2.0))
    for _ in range(2):
        with pytest.raises(TracingError, match="stored somewhere outside"):
            compiled(VECTOR)
        assert (held.table, held.list, held.nothing) == ({}, [], None)
        assert not hasattr(held, "new")
        assert vars(held).keys().isdisjoint({"cached", "kept"})


def first_is_another():
    state = {"first": True}

    def f(x):
        if state["first"]:
            state["first"] = False
            return x * 10.0
        return x

    return f, lambda: dict(state)


def last_is_taken():
    ahead = [1.0]
    return lambda x: x * ahead.pop(), lambda: list(ahead)


@pytest.mark.parametrize("make", [first_is_another, last_is_taken])
def test_a_first_call_that_differs_from_all_others_is_refused(make):
    f, state = make()
    before = state()
    with pytest.raises(TracingError, match="changed what it depends on"):
        mg.compile(f)(VECTOR)
    assert state() == before


class Remembering(nn.Module):
    def __init__(self):
        self.line = nn.Linear(3, 3, rng=np.random.default_rng(0))

    def forward(self, x):
        self.hidden = np.tanh(self.line(x))
        return np.sum(self.hidden)


def test_what_a_run_writes_before_it_reads_is_no_dependence():
    model = Remembering()
    compiled = mg.compile(lambda x: model(x).data)
    for _ in range(3):
        assert_allclose(compiled(VECTOR), Remembering()(VECTOR).data)
    assert compiled.traced == 1


def test_what_is_kept_by_shape():
    table, seen = {}, []

    def f(x):
        seen.append(1)
        return x * table.setdefault(x.shape, 2.0)

    compiled = mg.compile(f)
    for x in (VECTOR, VECTOR[:2], VECTOR, VECTOR[:2], VECTOR):
        assert_allclose(compiled(x), 2 * x)
    assert len(seen) == 5  # twice each, and once more for the first shape after the second came


def test_a_value_of_an_earlier_run_is_told():
    table = {}

    def f(x):
        table["k"] = np.exp(x)
        return x

    mg.compile(f)(VECTOR)
    for g in (lambda x: x * table["k"], lambda _: table["k"]):
        with pytest.raises(TracingError, match="stored somewhere outside"):
            mg.compile(g)(VECTOR)


@pytest.mark.parametrize(
    "f",
    [
        lambda w: w * w.grad,
        lambda w: w if w.grad is None else -w,
        lambda w: setattr(w, "grad", None),
    ],
)
def test_the_gradient_of_an_argument_is_refused(f):
    w = mg.Tensor(VECTOR, requires_grad=True)
    for w.grad in (None, np.ones(3)):
        with pytest.raises(TracingError, match="had its gradient read or assigned to"):
            mg.compile(f)(w)


def test_long_chains_of_objects():
    first = node = types.SimpleNamespace(beta=1.0)
    for _ in range(1_000):
        node.next = types.SimpleNamespace(beta=1.0)
        node = node.next
    compiled = mg.compile(lambda x: x * first.next.next.beta)
    assert_allclose(compiled(VECTOR), VECTOR)
    node.beta = first.next.next.beta = 5.0
    assert_allclose(compiled(VECTOR), 5 * VECTOR)


def test_more_than_can_be_watched_is_an_error():
    held = [types.SimpleNamespace(beta=float(i)) for i in range(6_000)]
    with pytest.raises(TracingError, match=r"(?s)reaches more than 10000 things.*held\["):
        mg.compile(lambda x: x * held[0].beta)(VECTOR)
