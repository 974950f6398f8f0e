"""Changes of variables, containers, arrays and functions."""

import collections
import contextvars
import functools
import types
from typing import Any

import numpy as np

import micrograd_np as mg
from changes.ways import BETA, set_attribute, set_item, way
from micrograd_np import Tensor

TABLE: dict[str, Any] = {"v": 1.0, "deep": [1.0, {"w": 2.0}]}


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
