"""Compiled is never stale: whatever is changed around a function takes effect at its next call."""

import inspect

import numpy as np
import pytest
from changes.ways import VECTOR, WAYS, Gated, Plain, assert_as_uncompiled

import micrograd_np as mg
from micrograd_np import Tensor, nn

# ---------------------------------------------------------------- all of them


def slope_of(f):
    return mg.grad(lambda x: np.sum(f(x) ** 2))


def gradient_behind(f):
    """The gradient through a node of the graph."""

    def backward(x):
        w = Tensor(x, requires_grad=True)
        np.sum(f(w) ** 2).backward()
        return w.grad

    return backward


def test_there_are_enough_ways():
    assert len(WAYS) >= 50


def quarter(f):
    return lambda x: f(x) / 4


def double(f):
    return lambda x: f(x) * 2


def twice(f):
    return lambda x: f(f(x))


def by_keyword(f):
    """A function that is given its argument by name, so that it never goes the short way in."""
    name = next(iter(inspect.signature(f.function).parameters))
    return lambda x: f(**{name if name != "args" else "x": x})


FORMS = {
    "called": (mg.compile, lambda f: f),
    "called by keyword": (lambda f: by_keyword(mg.compile(f)), lambda f: f),
    "repeated": (lambda f: mg.compile(quarter(f)).repeat(2), lambda f: twice(quarter(f))),
    "its gradient": (lambda f: mg.compile(slope_of(f)), slope_of),
    "in a graph": (lambda f: gradient_behind(mg.compile(f)), gradient_behind),
    "in a compiled function": (lambda f: mg.compile(double(mg.compile(f))), double),
}


def chosen():
    """Each way called and in one other form; in all of them where the run is thorough."""
    others = list(FORMS)[1:]
    for i, name in enumerate(WAYS):
        for form in FORMS:
            now = form in ("called", others[i % len(others)])
            marks = () if now else pytest.mark.thorough
            yield pytest.param(name, form, marks=marks, id=f"{name}, {form}")


@pytest.mark.parametrize(("name", "form"), [*chosen()])
def test_changes_take_effect(name, form):
    f, changes = WAYS[name]()
    make, expected_of = FORMS[form]
    if form == "repeated" and "tensor" in name:
        pytest.skip("what is tracked is not repeated")
    compiled, expected = make(f), expected_of(f)
    for change in (lambda: None, *changes):
        change()
        for _ in range(3):  # a trace, the long way in and the short one
            assert_as_uncompiled(compiled, expected, VECTOR)


@pytest.mark.parametrize("name", ["an item of a dict", "an array in place", "settings of a module"])
def test_changes_take_effect_in_native_code(name):
    pytest.importorskip("numba")
    f, changes = WAYS[name]()
    compiled = mg.compile(f, backend="numba")
    for change in (lambda: None, *changes[:2]):
        change()
        assert_as_uncompiled(compiled, f, VECTOR)


# ---------------------------------------------------------------- objects among the arguments

ARGUMENTS = {
    "an object": (lambda held, x: held(x), Plain, lambda held: setattr(held, "beta", 3.0)),
    "a list of an object": (lambda held, x: held(x), Plain, lambda held: held.parts.append(2.0)),
    "a function": (
        lambda f, x: f(x), lambda: by_dict({"v": 1.0}),
        lambda f: f.__closure__[0].cell_contents.update(v=3.0),
    ),
    "a module's array": (lambda m, x: m(x), Gated, lambda m: m.parts["mean"].fill(2.0)),
    "a module's class": (lambda m, x: m(x), type("Own", (Gated,), {"table": [1.0]}),
                         lambda m: m.table.append(2.0) or m.table.reverse()),
    "a module's mode": (lambda m, x: m(x), Gated, lambda m: m.eval()),
    "an object in a module": (
        lambda m, x: m(x) * m.held.beta, lambda: holding(Plain()),
        lambda m: setattr(m.held, "beta", 4.0),
    ),
}  # fmt: skip


def by_dict(beta):
    return lambda x: x * beta["v"]


def holding(held):
    model = Gated()
    model.held = held
    return model


@pytest.mark.parametrize("case", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("static", [(), 0])
def test_what_an_argument_holds(case, static):
    f, make, change = case
    held, compiled = make(), mg.compile(f, static_argnums=static)
    for act in (lambda _: None, change):
        act(held)
        for _ in range(2):
            assert_as_uncompiled(compiled, f, held, VECTOR)


def test_models_of_one_kind_as_arguments_share_a_program():
    compiled = mg.compile(lambda m, x: m(x))
    for _ in range(3):
        model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
        assert_as_uncompiled(compiled, compiled.function, model, VECTOR)
    assert len(compiled.specializations) == 1
