"""`std` and `var` where they have corners: equal entries, one entry, none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import micrograd_np as mg

EQUAL = [np.array([2.0]), np.array([2.0, 2.0]), np.full((2, 2), -1.5)]
# fmt: off
SPREADS = {
    "std":       np.std,
    "std, axis": lambda x: np.sum(np.std(x, axis=0)),
    "std, mask": lambda x: np.std(x, where=np.ones(x.shape, bool)),
    "std, mean": lambda x: np.std(x, mean=np.mean(x, keepdims=True)),
    "nanstd":    np.nanstd,
}
# fmt: on


def along(f: Callable[..., Any], t: Any) -> Callable[..., Any]:
    return lambda x: mg.jvp(f, (x,), (t,))[1]


@pytest.mark.parametrize("x", EQUAL, ids=lambda x: str(x.shape))
@pytest.mark.parametrize("name", SPREADS)
def test_the_second_derivative_is_zero_in_every_nesting(name: str, x: Any) -> None:
    f = SPREADS[name]
    t, s = np.random.default_rng(0).normal(size=(2, *x.shape))
    nestings = {
        "hessian": mg.hessian(f)(x),
        "jacobian of grad": mg.jacobian(mg.grad(f), mode="reverse")(x),
        "forward over reverse": mg.jvp(mg.grad(f), (x,), (t,))[1],
        "reverse over forward": mg.grad(along(f, t))(x),
        "reverse over reverse": mg.grad(lambda x: np.sum(mg.grad(f)(x) * t))(x),
        "forward over forward": along(along(f, t), s)(x),
        "hvp": mg.hvp(f, [x], [t]),
        "linearize": mg.linearize(mg.grad(f), x)[1](t),
        "third": mg.grad(lambda x: np.sum(mg.hvp(f, [x], [t]) * s))(x),
        "vmap": mg.vmap(mg.hessian(f))(np.stack([x, x])),
        "compiled": mg.compile(mg.hessian(f))(x),
    }
    for nesting, found in nestings.items():
        leaves = [np.asarray(leaf) for leaf in mg.tree.leaves(found)]
        assert all(np.all(leaf == 0) for leaf in leaves), nesting


def test_in_a_batch_only_the_examples_that_are_equal_are_flat() -> None:
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]])
    found = np.asarray(mg.vmap(mg.hessian(np.std))(x))
    np.testing.assert_array_equal(found[0], np.zeros((3, 3)))
    np.testing.assert_allclose(found[1], np.asarray(mg.hessian(np.std)(x[1])))
    report = mg.gradcheck(np.std, x[1], order=2)
    assert report, report
