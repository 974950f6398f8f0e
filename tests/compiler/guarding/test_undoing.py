"""What a trial run changed is put back as it was."""

import array
import collections
import contextvars
import functools
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose
from side_effects import VECTOR, Plain

import micrograd_np as mg
from micrograd_np import nn, optim
from micrograd_np.errors import TracingError
from micrograd_np.train import fit

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
