"""Subclasses of Tensor: they change nobody's results but are Tensors themselves."""

import copy
import pickle

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.core.graph import Node


class Mine(mg.Tensor):
    """A Tensor with a unit."""

    def __init__(self, data, unit="m", **options):
        super().__init__(data, **options)
        self.unit = unit


OPERATIONS = {
    "operator": lambda t: t * 2,
    "reflected": lambda t: 2 - t,
    "ufunc": np.exp,
    "function": np.sum,
    "method": lambda t: t.reshape(-1, 1),
    "index": lambda t: t[0],
    "several": lambda t: np.split(t, 2)[0],
    "detach": lambda t: t.detach(),
    "stop_gradient": mg.stop_gradient,
    "constant": np.sign,
    "comparison": lambda t: t > 1,
    "joined": lambda t: mg.tensor([t, t]),
    "iterated": lambda t: next(iter(t)),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", [mg.Tensor, Mine])
@pytest.mark.parametrize("tracked", [False, True])
def test_what_operations_return_is_a_plain_tensor(name, kind, tracked):
    assert Node.tensor is mg.Tensor
    t = kind([1.0, 2.0], requires_grad=tracked)
    out = OPERATIONS[name](t)
    assert type(out) is mg.Tensor
    expected = OPERATIONS[name](mg.Tensor([1.0, 2.0], requires_grad=tracked))
    np.testing.assert_array_equal(out.data, expected.data)


def test_a_subclass_is_differentiated_as_a_tensor():
    t = Mine([1.0, 2.0], requires_grad=True)
    np.sum(t**2).backward()
    np.testing.assert_array_equal(t.grad, [2, 4])
    np.testing.assert_array_equal(np.asarray(mg.grad(lambda x: np.sum(x**2))(t.detach())), [2, 4])
    f = mg.compile(lambda x: np.sum(x**2))
    for _ in range(2):
        assert f(t.detach()).item() == 5
        assert f(Mine([1.0, 2.0])).item() == 5


def test_a_copy_keeps_the_class_and_what_it_carries():
    t = Mine([1.0, 2.0], unit="s", requires_grad=True, name="t")
    t.grad = np.ones(2)
    for other in (copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t))):  # noqa: S301
        assert type(other) is Mine
        assert (other.unit, other.name, other.requires_grad) == ("s", "t", True)
        np.testing.assert_array_equal(other.data, t.data)
        np.testing.assert_array_equal(other.grad, [1, 1])


class Slotted(mg.Tensor):
    """A Tensor with a unit, kept without a dictionary."""

    __slots__ = ("__scale", "unit")

    def give(self, scale):
        self.__scale = scale
        return self

    def scale(self):
        return self.__scale


class SlottedAndFree(Slotted):
    """One that has both."""


class Said(mg.Tensor):
    """One that says itself what is kept."""

    unit = None

    def __getstate__(self):
        return {"text": f"unit: {self.unit}"}

    def __setstate__(self, state):
        self.unit = state["text"].removeprefix("unit: ")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", [Slotted, SlottedAndFree, Said])
def test_a_copy_keeps_slots_and_what_the_class_says_is_its_state(kind, protocol):
    t = kind([1.0, 2.0], requires_grad=True, name="t")
    t.unit = "s"
    if kind is not Said:
        t.give([3])
    if kind is SlottedAndFree:
        t.note = "free"
    copies = copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t, protocol))  # noqa: S301
    for other in copies:
        assert type(other) is kind
        assert (other.unit, other.name, other.requires_grad) == ("s", "t", True)
        assert getattr(other, "note", None) == getattr(t, "note", None)
        assert kind is Said or other.scale() == [3]
        assert other.tick != t.tick
        np.testing.assert_array_equal(other.data, t.data)
        assert not np.shares_memory(other.data, t.data)
    empty = copy.copy(kind([1.0]))  # nothing is in its slots yet
    assert getattr(empty, "unit", "None") == "None"


def test_a_copy_of_a_view_shares_memory_with_nobody():
    t = mg.Tensor([1.0, 2.0])
    view = t[:1]
    for other in (copy.copy(view), copy.deepcopy(view), pickle.loads(pickle.dumps(view))):  # noqa: S301
        other[0] = 5
        np.testing.assert_array_equal(t.data, [1.0, 2.0])
