"""`reduceat`, `reduce` and `outer` of ufuncs: dtypes and arguments at the edge, as in NumPy."""

from typing import Any

import numpy as np
import pytest
from folding import each

from micrograd_np import Tensor


def same(found: Any, expected: Any) -> None:
    """Check that a Tensor has NumPy's dtype, shape and values."""
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.data, expected, strict=True)


@each("ufunc", [np.add, np.multiply, np.maximum, np.subtract, np.divide])
def test_segments_of_small_integers_do_not_overflow(ufunc: Any) -> None:
    for dtype in (np.int8, np.uint8, np.int64):
        x = np.full(4, 100, dtype)
        same(ufunc.reduceat(Tensor(x), [0, 3]), ufunc.reduceat(x, [0, 3]))


@each("ufunc", [np.add, np.subtract])
def test_keys_of_segments(ufunc: Any) -> None:
    x = np.arange(6.0)
    for starts in ([], [True, False], [5, 0, 3, 3]):
        same(ufunc.reduceat(Tensor(x), starts), ufunc.reduceat(x, starts))
    with pytest.raises(TypeError, match="Cannot cast"):
        ufunc.reduceat(Tensor(x), [1.0])


def test_an_outer_result_of_a_number_has_numpys_dtype() -> None:
    x = np.ones(2, np.float32)
    same(np.add.outer(Tensor(x), 2.0), np.add.outer(x, 2.0))
    same(np.add.outer(2, Tensor(x)), np.add.outer(2, x))


def test_a_reduction_in_order_says_what_it_takes() -> None:
    for axis in (None, (), (0, 1)):
        with pytest.raises(ValueError, match="along one axis"):
            np.subtract.reduce(Tensor(np.ones((2, 2))), axis=axis)
    with pytest.raises(ValueError, match="lie along one axis; given: 2"):
        np.subtract.accumulate(Tensor(np.ones((2, 2))), axis=None)
    with pytest.raises(ValueError, match=r"np\.multiply\.accumulate takes one axis"):
        np.multiply.accumulate(Tensor(np.ones((2, 2))), axis=None)


def test_one_axis_or_none_needs_no_choice() -> None:
    x = Tensor([5.0, 2.0, 1.0])
    assert np.subtract.reduce(x, axis=None).item() == np.subtract.reduce(x.data, axis=None) == 2
    np.testing.assert_array_equal(np.subtract.accumulate(x, axis=None), [5, 3, 2])
    assert np.subtract.reduce(Tensor(5.0)).item() == np.subtract.reduce(np.float64(5.0)) == 5
