"""Compiled is never stale: whatever is changed around a function between calls, it takes effect."""

import argparse
import collections
import contextvars
import copy
import dataclasses
import enum
import functools
import importlib
import inspect
import math
import operator
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim
from micrograd_np.errors import GraphError
from micrograd_np.train import steps

VECTOR = np.array([0.5, -1.5, 2.0])
BETA = 1.0
TABLE: dict[str, Any] = {"v": 1.0, "deep": [1.0, {"w": 2.0}]}
Changes = list[Callable[[], Any]]
WAYS: dict[str, Callable[[], tuple[Callable[[Any], Any], Changes]]] = {}


def way(make):
    """One way in which what a function depends on can change: the function, and the changes."""
    WAYS[make.__name__.replace("_", " ")] = make
    return make


def set_item(container, key, value):
    return lambda: container.__setitem__(key, value)


def set_attribute(x, name, value):
    return lambda: setattr(x, name, value)


# ---------------------------------------------------------------- variables


@way
def a_number_in_a_closure():
    beta = 1.0

    def set_to(value):
        nonlocal beta
        beta = value

    return lambda x: x * beta, [lambda: set_to(3.0), lambda: set_to(1.0), lambda: set_to(-0.0)]


@way
def a_global():
    return lambda x: x * BETA, [set_item(globals(), "BETA", b) for b in (3.0, 1.0, 1)]


@way
def a_global_of_an_inner_function():
    def outer(x):
        def inner():
            return BETA

        return x * inner()

    return outer, [set_item(globals(), "BETA", b) for b in (3.0, 1.0)]


@way
def a_global_by_text():
    return lambda x: x * globals()["BETA"], [set_item(globals(), "BETA", b) for b in (3.0, 1.0)]


@way
def a_global_that_hides_a_builtin():
    module = types.ModuleType("hiding")
    exec("def f(x):\n    return x * abs(-2.0)", vars(module))  # noqa: S102 - a module of its own
    return module.f, [set_attribute(module, "abs", lambda x: x), lambda: delattr(module, "abs")]


@way
def a_function_in_a_closure():
    rule = [np.sin]
    act = np.sin

    def set_to(function):
        nonlocal act
        act = function

    return lambda x: act(x) * len(rule), [lambda: set_to(np.cos), lambda: set_to(np.tanh)]


@way
def a_variable_of_an_inner_function():
    scale = 2.0

    def inner(x):
        return x * scale

    def set_to(value):
        nonlocal scale
        scale = value

    return lambda x: inner(x) + 1, [lambda: set_to(5.0), lambda: set_to(2.0)]


@way
def a_context_variable():
    variable = contextvars.ContextVar("variable", default=2.0)
    return lambda x: x * variable.get(), [lambda: variable.set(3.0), lambda: variable.set(2.0)]


# ---------------------------------------------------------------- containers


@way
def an_item_of_a_dict():
    beta = {"v": 1.0}
    return lambda x: x * beta["v"], [set_item(beta, "v", v) for v in (2.0, 1.0, np.float32(2))]


@way
def a_new_item_of_a_dict():
    beta = {"v": 1.0}
    return lambda x: x * sum(beta.values()), [set_item(beta, "w", 2.0), lambda: beta.pop("v")]


@way
def the_order_of_a_dict():
    powers = {"a": 2.0, "b": 3.0}

    def f(x):
        for power in powers.values():
            x = x * power + 1.0
        return x

    return f, [lambda: powers.update(a=powers.pop("a"))]


@way
def a_list():
    factors = [1.0, 2.0]
    return lambda x: x * sum(factors), [
        set_item(factors, 0, 5.0), lambda: factors.append(1.0), factors.clear,
    ]  # fmt: skip


@way
def a_long_list():
    factors = [1.0] * 30
    return lambda x: x * sum(factors), [set_item(factors, 17, 5.0), factors.pop]


@way
def containers_in_containers():
    inner = TABLE["deep"]
    return lambda x: x * TABLE["deep"][1]["w"] * inner[0], [
        set_item(inner[1], "w", 7.0), set_item(inner, 0, 3.0), set_item(inner, 1, {"w": 1.0}),
        set_item(inner, 0, 1.0), set_item(inner, 1, {"w": 2.0}),
    ]  # fmt: skip


@way
def a_tuple_that_is_replaced():
    holder = types.SimpleNamespace(shape=(1.0, 2.0))
    return lambda x: x * holder.shape[1], [
        set_attribute(holder, "shape", (1.0, 5.0)), set_attribute(holder, "shape", (1.0, 2.0)),
    ]  # fmt: skip


@way
def a_list_in_a_tuple():
    pair = ([1.0], 2.0)
    return lambda x: x * pair[0][0] * pair[1], [set_item(pair[0], 0, 3.0)]


@way
def a_set():
    terms = {1.0, 2.0}
    return lambda x: x * sum(terms), [lambda: terms.add(4.0), lambda: terms.discard(1.0)]


@way
def a_deque():
    terms = collections.deque([1.0, 2.0], maxlen=2)
    return lambda x: x * sum(terms), [lambda: terms.append(4.0), terms.rotate]


@way
def a_defaultdict_a_counter_and_a_view():
    counts, more = collections.Counter(a=1), collections.defaultdict(float, b=1.0)
    seen = types.MappingProxyType(counts)
    return lambda x: x * seen["a"] * more["b"], [set_item(counts, "a", 3), set_item(more, "b", 2.0)]


@way
def a_dict_of_the_users_own_kind():
    table = collections.UserDict(v=1.0)
    return lambda x: x * table["v"], [set_item(table, "v", 3.0), set_item(table, "v", 1.0)]


# ---------------------------------------------------------------- arrays


@way
def an_array_in_place():
    a = np.arange(3.0)
    return lambda x: x * a, [set_item(a, 1, 5.0), lambda: a.sort(), lambda: a.fill(0)]


@way
def an_array_of_which_only_a_number_is_used():
    a = np.arange(3.0)
    return lambda x: x * np.sum(a**2), [set_item(a, 1, 5.0), lambda: a.fill(1)]


@way
def an_array_that_is_no_single_piece():
    base = np.arange(24.0).reshape(4, 6)
    a, b = base[::2, 1::2][0], base.T[:3, 0]
    return lambda x: x * a + b, [set_item(base, (0, 3), 9.0), set_item(base, (0, 1), -9.0)]


@way
def an_array_in_a_dict_in_an_object():
    held = types.SimpleNamespace(parts={"a": [np.ones(3)]})
    return lambda x: x * held.parts["a"][0], [
        set_item(held.parts["a"][0], 0, 4.0), set_item(held.parts, "a", [np.zeros(3)]),
    ]  # fmt: skip


@way
def flags_and_integers_in_arrays():
    mask, steps_ = np.array([True, False, True]), np.array([1, 2, 3])
    return lambda x: np.where(mask, x, 0.0) * steps_, [
        set_item(mask, 1, True), set_item(steps_, 0, 7),
    ]  # fmt: skip


@way
def pieces_of_memory():
    memory = bytearray(b"\x01\x02")
    return lambda x: x * memory[0], [set_item(memory, 0, 9), lambda: memory.insert(0, 3)]


@way
def an_array_of_objects():
    parts = np.array([1.0, "a"], dtype=object)
    return lambda x: x * parts[0], [set_item(parts, 0, 5.0)]


@way
def a_tensors_values_and_freezing():
    w = Tensor(np.ones(3), requires_grad=True)
    return lambda x: x * w, [
        set_attribute(w, "data", np.full(3, 4.0)), set_attribute(w, "requires_grad", False),
    ]  # fmt: skip


# ---------------------------------------------------------------- functions


@way
def a_default():
    def f(x, scale=2.0):
        return x * scale

    return f, [set_attribute(f, "__defaults__", (5.0,))]


@way
def a_default_that_is_a_list():
    def f(x, scales=[2.0]):  # noqa: B006 - it is to be changed
        return x * scales[0]

    return f, [set_item(f.__defaults__[0], 0, 4.0)]


@way
def a_keyword_default():
    def f(x, *, scale=2.0):
        return x * scale

    def replace():
        f.__kwdefaults__ = {"scale": 3.0}

    return f, [set_item(f.__kwdefaults__, "scale", 4.0), replace]


@way
def a_functions_code():
    def f(x):
        return x * 2.0

    def inner(x):
        return x * 3.0

    return lambda x: f(x), [set_attribute(f, "__code__", inner.__code__)]


@way
def an_attribute_of_a_function():
    def f(x):
        return x * f.scale

    f.scale = 2.0
    return f, [set_attribute(f, "scale", 3.0)]


@way
def a_keyword_of_a_partial():
    g = functools.partial(lambda x, by, *, power: x * by[0] ** power, by=[2.0], power=1.0)
    return lambda x: g(x), [set_item(g.keywords, "power", 2.0), set_item(g.keywords["by"], 0, 3.0)]


@way
def a_decorated_function():
    beta = {"v": 1.0}

    def decorator(function):
        @functools.wraps(function)
        def wrapper(x):
            return function(x)

        return wrapper

    @decorator
    def f(x):
        return x * beta["v"]

    return lambda x: f(x), [set_item(beta, "v", 5.0)]


@way
def what_a_transform_was_given():
    beta = {"v": 1.0}
    g = mg.grad(lambda x: np.sum(beta["v"] * x**2))
    return lambda x: g(x), [set_item(beta, "v", 5.0), set_item(beta, "v", 1.0)]


@way
def what_another_compiled_function_reaches():
    beta = {"v": 1.0}
    inner = mg.compile(lambda x: x * beta["v"])
    return lambda x: inner(x) + 1.0, [set_item(beta, "v", 5.0), set_item(beta, "v", 1.0)]


# ---------------------------------------------------------------- objects


class Plain:
    factor: ClassVar[float] = 2.0

    def __init__(self):
        self.beta = 1.0
        self.parts = [1.0]

    def scaled(self, x):
        return x * self.beta * self.factor

    def __call__(self, x):
        return self.scaled(x) * self.parts[0]

    @property
    def doubled(self):
        return 2 * self.beta

    @classmethod
    def of_class(cls, x):
        return x * cls.factor

    @staticmethod
    def of_nothing(x):
        return x * BETA


@way
def an_attribute():
    held = Plain()
    return lambda x: x * held.beta, [set_attribute(held, "beta", b) for b in (3.0, 1.0)]


@way
def an_attribute_that_a_method_reads():
    held = Plain()
    return held.scaled, [set_attribute(held, "beta", b) for b in (3.0, 1.0)]


@way
def an_object_that_is_called():
    held = Plain()
    return held, [set_attribute(held, "beta", 3.0), set_item(held.parts, 0, 4.0)]


@way
def a_property():
    held = Plain()
    return lambda x: x * held.doubled, [set_attribute(held, "beta", 3.0)]


@way
def an_attribute_by_text():
    held = Plain()
    return lambda x: x * getattr(held, "be" + "ta"), [set_attribute(held, "beta", 3.0)]


@way
def attributes_by_a_getter():
    held = types.SimpleNamespace(inner=Plain())
    getter, parts = operator.attrgetter("inner.beta"), operator.attrgetter("inner.parts")
    return lambda x: x * getter(held) * parts(held)[0], [
        set_attribute(held.inner, "beta", 3.0), set_item(held.inner.parts, 0, 5.0),
    ]  # fmt: skip


@way
def descriptors_and_properties_of_classes():
    values = [1.0]

    class Reading:
        def __get__(self, _instance, _owner):
            return values[0]

    class Kind(type):
        @property
        def last(cls):
            return values[-1]

    class Own(metaclass=Kind):
        first = Reading()

    return lambda x: x * Own.first * Own.last, [
        set_item(values, 0, 4.0),
        lambda: values.append(2.0),
    ]


@way
def objects_that_are_all_equal():
    class Equal(Plain):
        def __eq__(self, _other):
            return True

        def __hash__(self):
            return 1

    held = [Equal()]
    other = Equal()
    other.beta = 4.0
    return lambda x: x * held[0].beta, [set_item(held, 0, other)]


@way
def attributes_of_a_class():
    class Own(Plain):
        pass

    held = Own()
    return lambda x: held.scaled(x) + Own.of_class(x), [
        set_attribute(Own, "factor", 5.0), set_attribute(held, "factor", 7.0),
    ]  # fmt: skip


@way
def methods_replaced_in_a_class_and_in_an_object():
    class Own(Plain):
        def scaled(self, x):
            return super().scaled(x) + 1.0

    held = Own()
    return lambda x: held(x), [
        set_attribute(Own, "scaled", lambda _self, x: x * 9.0),
        set_attribute(held, "scaled", lambda x: x * 11.0),
        set_attribute(Own, "__call__", lambda _self, x: x * 13.0),
    ]  # fmt: skip


@way
def the_class_of_an_object():
    class One(Plain):
        def scaled(self, x):
            return x * 5.0

    held = Plain()
    return lambda x: held.scaled(x), [set_attribute(held, "__class__", One)]


@way
def static_methods():
    held = Plain()
    return lambda x: held.of_nothing(x), [set_item(globals(), "BETA", b) for b in (3.0, 1.0)]


@way
def slots():
    class Slotted:
        __slots__ = ("beta", "parts")

    held = Slotted()
    held.beta, held.parts = 1.0, {"a": 1.0}
    return lambda x: x * held.beta * held.parts["a"], [
        set_attribute(held, "beta", 3.0), set_item(held.parts, "a", 2.0),
    ]  # fmt: skip


@way
def data_classes():
    @dataclasses.dataclass
    class Open:
        beta: float = 1.0

    @dataclasses.dataclass(frozen=True)
    class Frozen:
        beta: float
        inner: Open

    frozen = Frozen(1.0, Open())
    return lambda x: x * frozen.beta * frozen.inner.beta, [
        set_attribute(frozen.inner, "beta", 4.0),
        lambda: object.__setattr__(frozen, "beta", 3.0),
    ]  # fmt: skip


@way
def named_tuples_and_enumerations():
    class Pair(NamedTuple):
        beta: list[float]
        kind: Any

    class Kind(enum.Enum):
        DOUBLE = 2.0
        TRIPLE = 3.0

    held = {"pair": Pair([1.0], Kind.DOUBLE)}
    return lambda x: x * held["pair"].beta[0] * held["pair"].kind.value, [
        set_item(held["pair"].beta, 0, 5.0), set_item(held, "pair", Pair([5.0], Kind.TRIPLE)),
    ]  # fmt: skip


@way
def objects_that_look_attributes_up():
    class Proxy:
        def __init__(self):
            self._data = {"beta": 1.0}

        def __getattr__(self, name):
            return self._data[name]

    held = Proxy()
    return lambda x: x * held.beta, [set_item(held._data, "beta", 3.0)]


@way
def objects_in_containers():
    held = [Plain(), Plain()]
    return lambda x: sum((each.scaled(x) for each in held), 0.0), [
        set_attribute(held[1], "beta", 5.0), lambda: held.append(Plain()), lambda: held.pop(0),
    ]  # fmt: skip


@way
def an_operator_of_the_users_class():
    class Scale:
        by = 2.0

        def __matmul__(self, x):
            return x * self.by

    held = Scale()
    return lambda x: held @ x, [set_attribute(held, "by", 3.0)]


@way
def attributes_of_a_module():
    module = types.ModuleType("settings_of_a_user")
    module.beta, module.inner = 1.0, types.SimpleNamespace(gamma=2.0)
    return lambda x: x * module.beta * module.inner.gamma, [
        set_attribute(module, "beta", 3.0), set_attribute(module.inner, "gamma", 5.0),
    ]  # fmt: skip


@way
def a_name_of_pythons_modules():
    before = math.tau
    return lambda x: x * math.tau, [
        set_attribute(math, "tau", 5.0), set_attribute(math, "tau", before),
    ]  # fmt: skip


@way
def a_module_imported_inside():
    module = types.ModuleType("imported_inside")
    module.beta, module.parts = 1.0, [2.0]
    sys.modules["imported_inside"] = module

    def f(x):
        import imported_inside
        from imported_inside import parts

        return x * imported_inside.beta * parts[0]

    return f, [
        set_attribute(module, "beta", 3.0), set_attribute(module, "beta", 1.0),
        set_item(module.parts, 0, 5.0),
    ]  # fmt: skip


# ---------------------------------------------------------------- less common things


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


# ---------------------------------------------------------------- neural networks


class Gated(nn.Module):
    table: ClassVar[list[float]] = [1.0]

    def __init__(self):
        self.weight = Tensor(VECTOR, requires_grad=True)
        self.rate = 2.0
        self.parts = {"a": nn.Tanh(), "mean": np.zeros(3)}

    def forward(self, x):
        out = self.parts["a"](x * self.weight) * self.rate - self.parts["mean"]
        return out * self.table[0] if self.training else -out


@way
def the_mode_of_a_module():
    model = Gated()
    return lambda x: model(x), [model.eval, model.train]


@way
def settings_of_a_module():
    model = Gated()
    return model, [
        set_attribute(model, "rate", 3.0), set_item(model.table, 0, 4.0),
        set_item(model.table, 0, 1.0), set_item(model.parts["mean"], 0, 3.0),
        set_item(model.parts, "a", nn.ReLU()), set_attribute(model, "extra", 1.0),
    ]  # fmt: skip


@way
def parameters_of_a_module():
    model = Gated()
    return model.forward, [
        set_attribute(model.weight, "requires_grad", False),
        set_attribute(model, "weight", Tensor(VECTOR + 1, requires_grad=True)),
        lambda: model.load_state_dict({"weight": VECTOR * 2}),
    ]  # fmt: skip


@way
def layers_in_a_sequence():
    model = nn.Sequential(nn.Tanh(), Gated())
    return lambda x: model(x), [
        set_attribute(model[1], "rate", 5.0),
        set_attribute(model, "forward", lambda x: x * 2.0),
    ]  # fmt: skip


# ---------------------------------------------------------------- all of them


def assert_as_uncompiled(compiled, f, *args, **keywords):
    found, expected = compiled(*args, **keywords), f(*args, **keywords)
    assert_allclose(np.asarray(getattr(found, "data", found)), np.asarray(
        getattr(expected, "data", expected)
    ), rtol=1e-12)  # fmt: skip
    assert getattr(found, "requires_grad", None) == getattr(expected, "requires_grad", None)


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


# ---------------------------------------------------------------- what is kept, and what it costs


def test_an_old_value_finds_its_program_again():
    beta, seen = {"v": 1.0}, []

    def f(x):
        seen.append(beta["v"])
        return x * beta["v"]

    compiled = mg.compile(f)
    for value in (1.0, 2.0, 1.0, 2.0, float("1.0")):
        beta["v"] = value
        assert_as_uncompiled(compiled, lambda x: x * beta["v"], VECTOR)
    assert seen == [1.0, 2.0]


def test_a_number_that_is_computed_again_is_the_same():
    held, seen = Plain(), []

    def f(x):
        seen.append(1)
        return x * held.beta * held.parts[0]

    compiled = mg.compile(f)
    for i in range(5):
        held.beta = float("1234.5")
        held.parts = [float(i * 0 + 2)]
        compiled(VECTOR)
    assert len(seen) == 1


def test_static_arguments_made_anew():
    compiled = mg.compile(lambda x, shape: np.sum(x) * np.ones(shape), static_argnums=1)
    for n in (2, 3, 2, 3):
        assert_as_uncompiled(compiled, compiled.function, VECTOR, (n, int(f"{n}00")))
    assert len(compiled.specializations) == 2
    assert len(compiled.subject._surroundings) == 1


def test_what_is_not_looked_at_may_change():
    held = Plain()
    held.steps, seen = 0, []

    def f(x):
        seen.append(1)
        return x * held.beta

    compiled = mg.compile(f)
    for _ in range(5):
        compiled(VECTOR)
        held.steps += 1
    assert len(seen) == 1


def test_what_changes_at_every_call_is_named_once():
    beta = {"v": 1.0, "w": 1.0}
    compiled = mg.compile(lambda x: x * beta["v"] * beta["w"])

    def anneal():
        for i in range(20):
            beta["v"] = 1.0 + i
            assert_as_uncompiled(compiled, compiled.function, VECTOR)

    with pytest.warns(UserWarning, match=r"(?s)was traced anew 8 times.*- beta\['v'\]\n") as caught:
        anneal()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "['w']" not in str(caught[0].message)


def test_programs_with_old_entries_of_an_array_are_forgotten():
    a, b = np.ones(3), np.ones(3)
    compiled = mg.compile(lambda x: x * a * b)
    for i in range(4):
        a[0] = i
        assert_as_uncompiled(compiled, compiled.function, VECTOR)
        assert len(compiled.specializations) == 1


def test_only_so_many_programs_are_kept():
    beta = {"v": 1.0}
    compiled = mg.compile(lambda x: x * beta["v"], cache_size=2)
    for i in range(5):
        beta["v"] = float(i)
        assert_as_uncompiled(compiled, compiled.function, VECTOR)
        assert len(compiled.specializations) <= 2


def test_a_guard_names_what_is_the_users_and_nothing_else():
    compiled = mg.compile(lambda x: mg.sigmoid(np.sum(x) * BETA) * nn.mse(x, x))
    compiled(VECTOR)
    snapshot = compiled.subject.surroundings().current()
    assert {fact.name for fact in snapshot.facts} == {"<lambda>", "BETA"}


def test_installed_packages_are_not_looked_through():
    scipy_special = pytest.importorskip("scipy.special")
    compiled = mg.compile(lambda x: x * scipy_special.comb(5, 2))
    compiled(VECTOR)
    assert len(compiled.subject.surroundings().current().facts) <= 4


def test_threads_see_changes():
    beta, compiled = {"v": 1.0}, None
    compiled = mg.compile(lambda x: x * beta["v"])

    def work(found):
        for _ in range(50):
            found.append(compiled(VECTOR)[0] / VECTOR[0])

    for value in (1.0, 2.0, 3.0):
        beta["v"] = value
        found = []
        threads = [threading.Thread(target=work, args=(found,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found) == {value}
        assert len(found) == 200


def test_a_gradient_of_what_has_changed_since_is_an_error():
    """The program of the gradient is made when it is needed: then it is too late."""
    beta = {"v": 1.0}
    compiled = mg.compile(lambda x: np.sum(beta["v"] * x**2))
    w = Tensor(VECTOR, requires_grad=True)
    out = compiled(w)
    beta["v"] = 2.0
    with pytest.raises(GraphError, match="something that has changed"):
        out.backward()
    out = compiled(w)
    out.backward()
    assert_allclose(w.grad, 4 * VECTOR)
    out = compiled(w)  # now there is a program for the gradient, which is that of the call
    beta["v"] = 3.0
    w.grad = None
    out.backward()
    assert_allclose(w.grad, 4 * VECTOR)


# ---------------------------------------------------------------- in fit


def network():
    rng = np.random.default_rng(1)
    return nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Linear(3, 1, rng=rng))


DATA = np.random.default_rng(0).normal(size=(8, 2)), np.random.default_rng(1).normal(size=(8, 1))


def by_beta():
    beta = {"v": 1.0}
    return {"loss": lambda out, y: beta["v"] * nn.mse(out, y)}, lambda *_: beta.update(v=0.2)


def to_eval():
    model = nn.Sequential(nn.Linear(2, 3, rng=np.random.default_rng(0)), Doubling())
    return {"model": model}, lambda run: run["model"].eval()


class Doubling(nn.Module):
    def forward(self, x):
        return x[:, :1] * (2.0 if self.training else 1.0)


def other_rate():
    model = network()
    given = {"model": model, "optimizer": optim.Optimizer(model, optim.sgd(0.1))}
    return given, lambda run: setattr(run["optimizer"], "transformation", optim.sgd(0.01))


def rate_of_the_users_rule():
    settings = {"rate": 0.1}

    def update(gradients, state, _parameters):
        return [-settings["rate"] * g for g in gradients], state

    rule = optim.Transformation(lambda _: (), update)
    return {"optimizer": rule}, lambda *_: settings.update(rate=0.01)


def another_layer():
    return {}, lambda run: setattr(run["model"][1], "forward", np.sin)


def an_array_of_weights():
    weights = np.ones((8, 1))

    def loss(out, y):
        return np.mean(weights * (out - y) ** 2)

    return {"loss": loss}, lambda *_: weights.fill(0.5)


IN_FIT = [by_beta, to_eval, other_rate, rate_of_the_users_rule, another_layer, an_array_of_weights]


@pytest.mark.parametrize("make", IN_FIT)
def test_changes_between_steps_take_effect(make):
    losses = []
    for compiled in (False, True):
        given, change = make()
        run = {"model": network(), "loss": nn.mse, "optimizer": optim.sgd(0.1), **given}
        found = []
        others = {name: run[name] for name in ("loss", "optimizer")}
        for record in steps(run["model"], *DATA, **others, epochs=8, compile=compiled):
            found.append(record.loss)
            if record.step == 4:
                change(run)
        losses.append(found)
    assert_allclose(losses[1], losses[0], rtol=1e-12)
    assert len(losses[0]) == 8


class Noisy(nn.Module):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def forward(self, x):
        return x * (self.rng.random() if self.rng else 1.0)


@pytest.mark.parametrize("new", [np.random.default_rng(5), None])
def test_a_generator_that_is_replaced_between_steps(new):
    losses = []
    for compiled in (False, True):
        model = nn.Sequential(nn.Linear(2, 1, rng=np.random.default_rng(0)), Noisy())
        found = []
        given = {"loss": nn.mse, "optimizer": optim.sgd(0.01), "epochs": 5}
        for record in steps(model, *DATA, **given, compile=compiled):
            found.append(record.loss)
            if record.step == 2:
                model[1].rng = copy.deepcopy(new)
        losses.append(found)
    assert_allclose(losses[1], losses[0], rtol=1e-12)
