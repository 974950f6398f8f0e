"""Functions that several tests compile, and comparisons of what they give."""

import copy
import functools
from typing import Any

import numpy as np
from numpy.testing import assert_allclose

import micrograd_np as mg
from micrograd_np import Tensor, nn
from micrograd_np.core import tree

X = np.array([[0.3, -1.2, 0.5], [1.1, 0.4, -0.7]])
VECTOR = np.array([0.5, -1.5, 2.0])


def runs(f: Any) -> tuple[Any, list[int]]:
    """`f`, and a list that grows with every time that its Python code runs."""
    seen: list[int] = []

    @functools.wraps(f)
    def counted(*args: Any, **keywords: Any) -> Any:
        seen.append(1)
        return f(*args, **keywords)

    return counted, seen


def assert_compiled(f: Any, *args: Any, others: tuple[Any, ...] | None = None) -> None:
    """Compiled, `f` returns what it does eagerly, on these arguments and then on others."""
    compiled = mg.compile(f)
    for given in (args, others or args):
        expected = f(*copy.deepcopy(given))
        found = compiled(*given)
        assert_alike(found, expected)
        assert_alike(compiled(*given), expected)


def assert_alike(found: Any, expected: Any) -> None:
    """The same tree, with leaves of the same types, shapes and dtypes; values to rounding."""
    assert type(found) is type(expected)
    for one, other in zip(tree.leaves(found), tree.leaves(expected), strict=True):
        assert type(one) is type(other)
        if isinstance(one, Tensor):
            assert one.requires_grad == other.requires_grad
        if hasattr(one, "dtype"):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            x, y = (value.data if isinstance(value, Tensor) else value for value in (one, other))
            assert_allclose(x, y, rtol=1e-5 if one.dtype.itemsize < 8 else 1e-13, atol=1e-13)
        else:
            assert one == other


# ---------------------------------------------------------------- models


def model_of(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(3, 4, rng=rng, dtype=dtype), nn.Tanh(), nn.Linear(4, 1, rng=rng, dtype=dtype)
    )


# ---------------------------------------------------------------- what is from outside

FROM_OUTSIDE = {"array": np.array([3.0, 4.0, 5.0]), "Tensor": Tensor([3.0, 4.0, 5.0])}
