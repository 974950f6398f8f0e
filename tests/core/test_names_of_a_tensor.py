"""`dir` of a Tensor, and the methods that stand for functions of the package."""

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.coverage.numpy_functions import REFUSED_ATTRIBUTES


class Measured(mg.Tensor):
    """A subclass with names that a Tensor refuses, or has none of."""

    __slots__ = ("scale",)
    unit = "m"

    def fill(self):
        return self


MATRIX = mg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
SVD = np.linalg.svd(MATRIX)


@pytest.mark.parametrize(
    "t",
    [MATRIX, mg.Tensor(1.0), mg.Tensor([1, 2]), 2 * mg.Tensor([1j]), SVD.S.inputs[0], SVD.U],
    ids=["matrix", "number", "integers", "complex", "several results", "one of them"],
)
def test_all_that_is_listed_of_a_tensor_can_be_read(t):
    before = t.tick
    listed = dir(t)
    assert {"sum", "grad", "relu", "detach", "name"} <= set(listed)
    assert ("mT" in listed) == (not isinstance(t.value, tuple) and t.ndim > 1)
    assert REFUSED_ATTRIBUTES.keys().isdisjoint(listed)
    for name in listed:
        getattr(t, name)
    assert t.tick == before


def test_a_subclass_lists_what_it_defines():
    t = Measured([1.0])
    assert {"fill", "unit"} <= set(dir(t))
    assert "scale" not in dir(t)
    t.scale = 2.0
    assert "scale" in dir(t)


def test_names_within_transforms():
    seen = []

    def f(x):
        names = dir(x)
        for name in names:
            getattr(x, name)
        seen.append(names)
        return np.sum(x * x)

    mg.grad(f)(np.ones(2))
    mg.vmap(f)(np.ones((2, 2)))
    np.testing.assert_array_equal(mg.compile(mg.grad(f))(np.ones(2)), [2.0, 2.0])
    assert all("sum" in names and "relu" in names for names in seen)
    assert "data" not in seen[0]  # it may not leave the graph


@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_methods_are_functions_of_the_package(name):
    def by_method(x):
        return getattr(x, name)()

    function, x = getattr(mg, name), np.array([[-1.0, 0.0, 2.0]])
    t = mg.Tensor(x, requires_grad=True)
    assert by_method(t).op is function(t).op
    for transform in (mg.vmap, mg.jacobian, mg.elementwise_grad, mg.compile):
        np.testing.assert_array_equal(transform(by_method)(x), transform(function)(x))


@pytest.mark.parametrize("transform", [mg.grad, lambda f: mg.compile(mg.grad(f))])
def test_detach_is_a_constant_within_transforms(transform):
    x = np.array([1.0, 3.0])
    assert transform(lambda x: np.sum(x * x.detach()))(x).tolist() == [1.0, 3.0]
    assert mg.vmap(transform(lambda x: x * x.detach()))(x).tolist() == [1.0, 3.0]
    kept = mg.Tensor(x, requires_grad=True).detach()
    assert not kept.requires_grad
    assert not np.shares_memory(kept.data, x)
