"""Functions of one example, and loops over the examples."""

from typing import Any

import numpy as np

import micrograd_np as mg
from micrograd_np import Tensor

SIZE = 3
rng = np.random.default_rng(0)


def arrays(result: Any) -> list[np.ndarray[Any, Any]]:
    """The leaves of a result as plain arrays."""
    return [x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in mg.tree.leaves(result)]


def assert_same(found: Any, expected: Any, tolerance: float = 1e-10) -> None:
    found, expected = arrays(found), arrays(expected)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
