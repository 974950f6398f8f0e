"""Changes of objects, their classes and modules."""

import dataclasses
import enum
import math
import operator
import sys
import types
from typing import Any, NamedTuple

from changes.ways import Plain, set_attribute, set_item, way


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
