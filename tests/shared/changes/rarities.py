"""Changes by less common means."""

import argparse
import collections
import enum
import functools
import importlib
import operator
import sys
import threading
import types
import weakref

import numpy as np
import pytest

from changes.ways import Plain, set_attribute, set_item, way
from micrograd_np import Tensor, optim


@way
def views_of_a_dict():
    beta = {"v": 1.0}
    keys, values, items = beta.keys(), beta.values(), beta.items()
    return lambda x: x * sum(values) * len(keys) * len(items), [
        set_item(beta, "v", 3.0), set_item(beta, "w", 2.0),
    ]  # fmt: skip


@way
def polynomials_of_numpy():
    old, new = np.poly1d([1.0, 2.0]), np.polynomial.Polynomial([1.0, 2.0])
    return lambda x: x * old(2.0) * new(3.0), [
        set_item(old.coeffs, 0, 5.0), set_item(new.coef, 1, 7.0),
        set_attribute(new, "coef", np.array([3.0, 4.0])),
    ]  # fmt: skip


@way
def the_flat_form_of_an_array():
    a = np.arange(3.0)
    flat = a.flat
    return lambda x: x * flat[1], [set_item(a, 1, 5.0)]


@way
def a_list_in_an_array_of_objects():
    parts = np.empty(1, dtype=object)
    parts[0] = [1.0]
    return lambda x: x * parts[0][0], [set_item(parts[0], 0, 5.0), set_item(parts, 0, [7.0])]


class Tagged(np.ndarray):
    tag = 1.0


@way
def an_attribute_of_an_array():
    tagged = np.ones(3).view(Tagged)
    tagged.tag = 2.0
    return lambda x: x * tagged.tag, [set_attribute(tagged, "tag", 5.0)]


@way
def what_a_thread_holds():
    local, event = threading.local(), threading.Event()
    local.beta = 1.0
    return lambda x: x * local.beta * (2.0 if event.is_set() else 1.0), [
        set_attribute(local, "beta", 3.0), event.set, event.clear,
    ]  # fmt: skip


@way
def what_a_weak_reference_refers_to():
    held = Plain()
    reference = weakref.ref(held)
    return lambda x: x * reference().beta, [set_attribute(held, "beta", 3.0)]


@way
def the_only_instance_of_a_class():
    class Single:
        instance = None

        def __new__(cls):
            if cls.instance is None:
                cls.instance = super().__new__(cls)
                cls.instance.beta = 1.0
            return cls.instance

    return lambda x: x * Single().beta, [lambda: setattr(Single(), "beta", 3.0)]


@way
def partial_functions_that_are_replaced():
    class Own:
        def scaled(self, x, by):
            return x * by

        doubled = functools.partialmethod(scaled, by=2.0)

    held, part = Own(), functools.partial(operator.mul, 2.0)
    return lambda x: held.doubled(part(x)), [
        set_attribute(Own, "doubled", functools.partialmethod(Own.scaled, by=5.0)),
        lambda: part.__setstate__((operator.mul, (3.0,), {}, {})),
    ]  # fmt: skip


@way
def functions_by_type():
    @functools.singledispatch
    def factor(_):
        return 1.0

    return lambda x: x * factor(1), [lambda: factor.register(int, lambda _: 5.0)]


@way
def attributes_that_come_later():
    class Own(Plain):
        pass

    module, held = types.ModuleType("settings_that_come"), Own()

    def f(x):
        try:
            x = x * Own.late
        except AttributeError:
            x = x * 1.5
        x = x * held.__dict__.get("own", 1.0)
        return x * getattr(module, "late", 1.0) * (held.later if hasattr(held, "later") else 1.0)

    return f, [
        set_attribute(held, "own", 9.0),
        set_attribute(Own, "late", 3.0), set_attribute(module, "late", 5.0),
        set_attribute(Plain, "later", 7.0), lambda: delattr(Plain, "later"),
    ]  # fmt: skip


@way
def a_global_that_comes_later_and_is_found_by_text():
    module = types.ModuleType("looking")
    exec("def f(x):\n    return x * globals().get('late', 1.0)", vars(module))  # noqa: S102 - a module of its own
    return module.f, [set_attribute(module, "late", 3.0)]


@way
def tables_of_the_standard_library():
    inner = {"beta": 1.0}
    chain, given = collections.ChainMap({}, inner), argparse.Namespace(rate=2.0)
    return lambda x: x * chain["beta"] * given.rate, [
        set_item(inner, "beta", 3.0), set_item(chain, "beta", 4.0),
        set_attribute(given, "rate", 5.0),
    ]  # fmt: skip


@way
def an_object_that_numpy_can_make_an_array_of():
    class Table:
        def __init__(self):
            self.__hidden = np.ones(3)
            self.change = self.__hidden.__setitem__

        def __array__(self, dtype=None, copy=None):
            return np.array(self.__hidden, dtype)

    table = Table()
    return lambda x: x * np.asarray(table), [lambda: table.change(0, 5.0)]


@way
def an_object_of_an_installed_package():
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.LinearRegression().fit(np.eye(3), np.ones(3))
    return lambda x: x * model.predict(np.ones((1, 3)))[0], [
        lambda: model.fit(np.eye(3), [1.0, 2.0, 4.0]),
    ]  # fmt: skip


@way
def members_of_an_enumeration():
    gains = {"double": 2.0}

    class Act(enum.Enum):
        DOUBLE = "double"

        @property
        def gain(self):
            return gains[self.value]

        def applied(self, x):
            return x * self.gain * self.weight

    Act.DOUBLE.weight = 1.0
    settings = types.SimpleNamespace(act=Act.DOUBLE)
    return lambda x: settings.act.applied(x), [
        set_item(gains, "double", 3.0), set_attribute(Act.DOUBLE, "weight", 5.0),
    ]  # fmt: skip


@way
def what_a_class_inherits():
    scale = {"v": 2.0}

    class Base:
        weight = 1.0

        @property
        def scale(self):
            return scale["v"]

        @classmethod
        def shifted(cls, x):
            return x + cls.weight

    class Middle(Base):
        pass

    class Own(Middle):
        weight = 3.0

        @property
        def scale(self):
            return super().scale * 2.0

        @classmethod
        def shifted(cls, x):
            return super().shifted(x) * super().weight

    held = Own()
    return lambda x: held.shifted(x) * held.scale, [
        set_item(scale, "v", 3.0), set_attribute(Base, "weight", 4.0),
        set_attribute(Base, "scale", 7.0), set_attribute(Middle, "weight", 5.0),
    ]  # fmt: skip


@way
def what_an_object_hides_of_its_class():
    class Own:
        base = 2.0

        def __init__(self):
            self.base = 3.0

        def __call__(self, x):
            return x * self.base / type(self).base

    return Own(), [set_attribute(Own, "base", 4.0)]


@way
def attributes_that_a_pattern_names():
    class Settings:
        __match_args__ = ("rate",)

        def __init__(self):
            self.rate, self.scale = 2.0, 3.0

    settings = Settings()

    def f(x):
        match settings:
            case Settings(rate, scale=scale):
                return x * rate * scale

    return f, [set_attribute(settings, "rate", 5.0), set_attribute(settings, "scale", 7.0)]


@way
def what_a_cache_keeps():
    scale = {"v": 2.0}

    @functools.cache
    def settings():
        return types.SimpleNamespace(rate=scale["v"])

    class Own:
        @functools.lru_cache(maxsize=2)  # noqa: B019 - as people write it
        def table(self, n):
            return np.ones(n) * scale["v"]

    held = Own()

    def anew():
        settings.cache_clear()
        Own.table.cache_clear()

    return lambda x: x * settings().rate * held.table(3), [
        lambda: setattr(settings(), "rate", 3.0), lambda: held.table(3).fill(4.0), anew,
        set_item(scale, "v", 5.0), anew,
    ]  # fmt: skip


@way
def attributes_that_are_assigned_and_read_by_text():
    class Own:
        def __init__(self):
            self.a, self.b = 1.0, 2.0

        def reset(self):
            self.a = self.b = 0.0

    held = Own()

    def f(x):
        assert isinstance(held, Own)
        return x * sum(vars(held).values())

    return f, [set_attribute(held, "a", 5.0), lambda: held.reset()]


@way
def a_list_that_a_library_reads():
    class Notes(collections.UserList):
        def note(self, x):
            self.data.append(x)

    notes = Notes([1.0])

    def f(x):
        if len(notes) > 5:
            notes.note(0.0)
        return x * len(notes)

    return f, [lambda: notes.note(1.0), lambda: notes.data.append(1.0)]


@way
def a_class_that_is_made_by_exec():
    scope = {}
    exec(  # noqa: S102 - a class of its own
        "class Own:\n"
        "    def __init__(self):\n"
        "        self.rate = 2.0\n"
        "    def scaled(self, x):\n"
        "        return x * self.rate\n"
        "held = Own()",
        scope,
    )
    held = scope["held"]
    return lambda x: held.scaled(x), [
        set_attribute(held, "rate", 3.0), set_attribute(type(held), "scaled", lambda _, x: x + 1.0),
    ]  # fmt: skip


@way
def modules_that_look_attributes_up():
    module, table = types.ModuleType("lazy_settings"), {"rate": 2.0}

    def look_up(name):
        if name not in table:
            raise AttributeError(name)
        return table[name]

    module.__getattr__ = look_up
    sys.modules["lazy_settings"] = module
    module.late = types.SimpleNamespace(beta=1.0)

    def f(x):
        return x * module.rate * importlib.import_module("lazy_settings").late.beta

    return f, [set_item(table, "rate", 3.0), set_attribute(module.late, "beta", 4.0)]


@way
def what_has_no_value_yet():
    class Slotted:
        __slots__ = ("beta",)

    held = Slotted()

    def f(x):
        try:
            x = x * later
        except NameError:
            x = x + 1.0
        return x * getattr(held, "beta", 1.0)

    def set_later():
        nonlocal later
        later = 3.0

    if not held:
        later = 2.0
    return f, [set_attribute(held, "beta", 5.0), set_later]


@way
def a_number_that_a_descriptor_makes():
    class Doubled:
        def __set_name__(self, _owner, name):
            self.name = name

        def __get__(self, instance, _owner):
            return np.asarray(instance.__dict__[self.name] * 2.0)

        def __set__(self, instance, value):
            instance.__dict__[self.name] = value

    class Own:
        rate = Doubled()

    held = Own()
    held.rate = 1.0
    return lambda x: x * held.rate, [set_attribute(held, "rate", 3.0)]


@way
def a_ufunc_of_a_function():
    factors = [2.0]
    scaled = np.frompyfunc(lambda v: v * factors[0], 1, 1)
    return lambda x: x * float(scaled(3.0)), [set_item(factors, 0, 5.0)]


@way
def a_gradient_that_backward_left():
    w, late = Tensor(np.ones(3), requires_grad=True), Tensor(np.ones(3), requires_grad=True)
    w.grad = np.full(3, 2.0)

    def f(x):
        return x * w.grad * (1.0 if late.grad is None else late.grad)

    return f, [
        set_attribute(w, "grad", np.full(3, 3.0)), lambda: w.grad.fill(4.0),
        set_attribute(late, "grad", np.full(3, 5.0)),
    ]  # fmt: skip


class Learned(Tensor):
    __slots__ = ("rate",)


@way
def an_attribute_of_a_tensors_own_class():
    w = Learned(np.ones(3), name="one")
    w.rate = 2.0
    return lambda x: x * w.rate * len(w.name), [
        set_attribute(w, "rate", 3.0), set_attribute(w, "name", "three"),
    ]  # fmt: skip


@way
def what_an_optimizer_holds_beside():
    w = Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.Optimizer([w], optim.adam(0.1))
    w.grad = np.ones(3)

    def f(x):
        return x * optimizer.state[0].steps

    return f, [optimizer.step, optimizer.step]
