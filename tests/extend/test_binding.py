"""How the arguments of users' ops are bound: as Python binds those of the functions themselves."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core.op import OPS

W = Tensor([1.0, 2.0], requires_grad=True)


def only(x: Any, *, scale: float) -> Any:
    return x * scale


def defaulted(x: Any, scale: float = 2.0, *, power: int = 1) -> Any:
    return x**power * scale


def positional(x: Any, /, scale: float = 2.0) -> Any:
    return x * scale


def several(*xs: Any, scale: float = 1.0) -> Any:
    return sum(xs) * scale


def first_and_more(x: Any, *ys: Any) -> Any:
    return x + sum(ys)


def anything(x: Any, **options: Any) -> Any:
    return x * options.get("scale", 1.0)


def two(x: Any, y: Any, scale: float = 1.0) -> Any:
    return x * y * scale


FUNCTIONS = [only, defaulted, positional, several, first_and_more, anything, two]
CALLS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, 2), {}),
    ((1, 2, 3), {}),
    ((1, 2, 3, 4), {}),
    ((), {}),
    ((1,), {"scale": 3.0}),
    ((1, 3), {"scale": 3.0}),
    ((), {"x": 1}),
    ((1,), {"x": 1}),
    ((), {"x": 1, "y": 2}),
    ((1,), {"y": 2, "scale": 2.0}),
    ((1, 2), {"power": 2}),
    ((1,), {"unknown": 1}),
    ((), {"x": 1, "scale": 2.0}),
]


@pytest.fixture(params=FUNCTIONS, ids=lambda f: f.__name__)
def pair(request: Any) -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
    made = mg.primitive(request.param, jvp=lambda ts, out, *xs, **options: out * 0.0)
    yield request.param, made
    del OPS[made]


def outcome(f: Callable[..., Any], args: Any, keywords: Any) -> Any:
    """The result as an array, or that the call is refused."""
    try:
        return np.asarray(getattr(found := f(*args, **keywords), "data", found)).tolist()
    except TypeError:
        return TypeError


@pytest.mark.parametrize(("args", "keywords"), CALLS)
def test_a_call_is_bound_as_python_binds_it(pair: Any, args: Any, keywords: Any) -> None:
    function, made = pair
    arrays = {1: W.data, 2: W.data * 3, 3: W.data + 1, 4: W.data - 1}
    tensors = {i: Tensor(x, requires_grad=True) for i, x in arrays.items()}
    values = {
        n: x if n in {"scale", "power", "unknown"} else arrays[x] for n, x in keywords.items()
    }
    given = {
        n: x if n in {"scale", "power", "unknown"} else tensors[x] for n, x in keywords.items()
    }
    expected = outcome(function, [arrays[i] for i in args], values)
    inputs = {defaulted: 1, positional: 1, two: 2, anything: 1}.get(function, 4)
    if len(args) > inputs or (function is anything and "y" in keywords):
        return  # an option that is an array with a gradient is refused
    assert outcome(made, [tensors[i] for i in args], given) == expected


def test_an_op_with_any_options_takes_them() -> None:
    made = mg.primitive(anything, vjp=lambda g, out, x, **options: g * options["scale"])
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.sum(made(x, scale=5.0)).backward()
    np.testing.assert_array_equal(x.grad, [5.0, 5.0])
    del OPS[made]
