"""What a compiled function changes itself: refused where it depends on that, and then put back."""

import array
import collections
import contextvars
import functools
import itertools
import queue
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose

import micrograd_np as mg
from micrograd_np import nn, optim
from micrograd_np.errors import TracingError
from micrograd_np.train import fit

VECTOR = np.array([0.5, -1.5, 2.0])
COUNT = 1


class Plain:
    def __init__(self):
        self.beta = 1.0


# ---------------------------------------------------------------- what cannot be followed


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


# ---------------------------------------------------------------- what a function keeps


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


# ---------------------------------------------------------------- trial runs


DATA = np.random.default_rng(0).normal(size=(8, 2)), np.random.default_rng(1).normal(size=(8, 1))


class Careless(nn.Module):
    """Changes things of all kinds when it is run, and then asks for what a trace has not."""

    def __init__(self, log):
        self.line = nn.Linear(2, 1, rng=np.random.default_rng(0))
        self.rng = np.random.default_rng(3)
        self.log, self.table, self.seen = log, {"n": 0}, set()
        self.held = types.SimpleNamespace(calls=0)
        self.running = np.zeros(2)

    def forward(self, x):
        self.log.append(len(self.log))
        self.table["n"] += 1
        self.seen.add(self.table["n"])
        self.held.calls += 1
        self.held.latest = "now"
        self.running += 1.0
        self.note = self.held.calls
        noise = self.rng.random()
        out = self.line(x)
        return out * noise if np.sum(out).data > -np.inf else out

    def state(self):
        return {
            "log": list(self.log), "table": dict(self.table), "seen": set(self.seen),
            "held": dict(vars(self.held)), "running": self.running.tolist(), "note": self.note,
            "rng": self.rng.bit_generator.state,
        }  # fmt: skip


def test_a_trial_run_that_falls_back_leaves_things_as_they_were():
    found = []
    for compiled in (False, True):
        model, losses = Careless([]), []
        settings = {"rate": 0.1, "calls": 0}

        def loss(out, y, losses=losses):
            losses.append(1)
            return nn.mse(out, y)

        def update(gradients, state, _parameters, settings=settings):
            settings["calls"] += 1
            return [-settings["rate"] * g for g in gradients], state

        rule = optim.Transformation(lambda _: (), update)
        given = {"loss": loss, "optimizer": rule, "epochs": 4, "progress": False}
        if compiled:
            with pytest.warns(UserWarning, match="goes on uncompiled"):
                log = fit(model, *DATA, **given, compile=True).losses
        else:
            log = fit(model, *DATA, **given).losses
        found.append((model.state(), losses, settings, [*map(float, log)]))
    assert found[0] == found[1]


def test_what_an_error_of_tracing_leaves_behind():
    """Compiled directly, it is an error; a later call finds all as before."""
    model = Careless([])
    before = model.table.copy(), model.running.copy(), list(model.log), model.rng.random(0)
    state = model.rng.bit_generator.state
    for _ in range(2):
        with pytest.raises(TracingError):
            mg.compile(model)(DATA[0])
    assert model.table == before[0]
    assert_allclose(model.running, before[1])
    assert model.log == before[2]
    assert model.rng.bit_generator.state == state
    assert not hasattr(model, "note")


def test_an_error_of_the_functions_own_keeps_what_was_done():
    log = []

    def f(x):
        log.append(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        mg.compile(f)(VECTOR)
    assert log == [1]


# ---------------------------------------------------------------- what is put back


class Slotted:
    __slots__ = ("__hidden", "a", "b")

    def hide(self):
        self.__hidden = 1

    def hidden(self):
        return hasattr(self, "_Slotted__hidden")


def refused(x):
    return x if np.sum(x) > 0 else -x


def changes_classes():
    class Base:
        n = 0

    class Own(Base):
        pass

    held = Own()

    def f(x):
        Own.n += 1
        Base.n += 1
        Own.new = 2
        held.mine = 1
        return refused(x)

    return f, lambda: (Own.n, Base.n, hasattr(Own, "new"), "n" in vars(Own), vars(held))


def changes_functions():
    def inner(x):
        return x

    inner.calls = 0

    def f(x):
        inner.calls += 1
        inner.more = f.own = 1
        return refused(inner(x))

    return f, lambda: (vars(inner), vars(f))


def changes_slots():
    held = Slotted()
    held.a = 1

    def f(x):
        held.a = 2
        held.b = 3
        held.hide()
        return refused(x)

    return f, lambda: (held.a, hasattr(held, "b"), held.hidden())


def changes_globals_by_text():
    module = types.ModuleType("changing")
    vars(module).update(refused=refused, known=1)
    text = "def f(x):\n    globals()['new'] = globals()['known'] = 2\n    return refused(x)"
    exec(text, vars(module))  # noqa: S102 - a module of its own
    return module.f, lambda: (hasattr(module, "new"), module.known)


def changes_arrays_of_objects():
    parts = np.array([None, 3], dtype=object)
    parts[0] = [1.0]

    def f(x):
        parts[0].append(2.0)
        parts[1] = 7
        return refused(x)

    return f, lambda: (list(parts[0]), parts[1])


def changes_modules():
    module = types.ModuleType("counting")
    module.n = 0

    def f(x):
        module.n += 1
        module.new = 1
        return refused(x)

    return f, lambda: (module.n, hasattr(module, "new"))


def changes_nested_containers():
    table = {"a": {"b": [1]}, "order": 1}

    def f(x):
        table["a"]["b"].append(1)
        table["a"]["c"] = 2
        del table["a"]["b"]
        table["order"] = table.pop("order")
        table["a"] = table.pop("a")
        return refused(x)

    return f, lambda: repr(table)


def changes_tables_of_other_kinds():
    counter = collections.Counter(a=1, b=2)
    ordered = collections.OrderedDict(a=1, b=2)
    default = collections.defaultdict(list)

    def f(x):
        counter["a"] += 1
        ordered.move_to_end("a")
        default["new"].append(1)
        return refused(x)

    return f, lambda: (repr(counter), repr(ordered), [*reversed(ordered)], repr(default))


def changes_a_context_variable():
    variable = contextvars.ContextVar("variable", default=1)

    def f(x):
        variable.set(variable.get() + 1)
        return refused(x)

    return f, variable.get


def changes_what_functions_are():
    def inner(x, by=1.0):
        return x * by

    def other(x, by=2.0):
        return x - by

    class Own:
        pass

    held = Plain()

    def f(x):
        inner.__defaults__, inner.__code__, held.__class__ = (5.0,), other.__code__, Own
        return refused(inner(x))

    return f, lambda: (inner.__defaults__, inner.__code__, type(held))


def changes_sizes():
    memory, numbers, entries = bytearray(b"ab"), array.array("d", [1.0]), np.arange(3.0)

    def f(x):
        memory.append(3)
        numbers.append(3.0)
        entries.resize(5, refcheck=False)
        memory[0] = 9
        return refused(x * memory[0] * numbers[0] * entries[0])

    return f, lambda: (bytes(memory), numbers.tolist(), entries.tolist())


def changes_a_cache():
    made = []

    @functools.cache
    def settings():
        made.append(1)
        return types.SimpleNamespace(n=0)

    def f(x):
        settings().n += 1
        return refused(x * settings().n)

    return f, lambda: settings.cache_info().currsize


def makes_and_removes_globals():
    module = types.ModuleType("making")
    vars(module).update(refused=refused, known=1)
    text = "def f(x):\n    global new, known\n    new = 1\n    del known\n    return refused(x)"
    exec(text, vars(module))  # noqa: S102 - a module of its own
    return module.f, lambda: (hasattr(module, "new"), hasattr(module, "known"))


def takes_notes():
    log, table, held = [], {}, types.SimpleNamespace(values=[])

    def f(x):
        log.append(1)
        table["a"] = 1
        held.values.append(2)
        held.latest = 1
        return refused(x)

    return f, lambda: (list(log), dict(table), repr(held))


CHANGING = [
    changes_classes, changes_functions, changes_slots, changes_globals_by_text, changes_modules,
    changes_arrays_of_objects, changes_nested_containers, changes_tables_of_other_kinds,
    changes_a_context_variable, changes_what_functions_are, changes_sizes, changes_a_cache,
    makes_and_removes_globals, takes_notes,
]  # fmt: skip


@pytest.mark.parametrize("make", CHANGING)
def test_a_trial_puts_back(make):
    f, state = make()
    before = repr(state())
    with pytest.raises(TracingError):
        mg.compile(f)(VECTOR)
    assert repr(state()) == before
