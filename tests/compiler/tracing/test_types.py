"""What traced values are to `isinstance`: what the function would meet uncompiled."""

import numbers

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor

KINDS = [
    int, float, complex, bool, numbers.Number, numbers.Integral, numbers.Real, np.ndarray,
    np.generic, np.floating, np.float64, np.float32, np.integer, Tensor, str, list, tuple,
]  # fmt: skip
VALUES = [
    3, 3.0, 3j, np.float64(3.0), np.float32(3.0), np.int64(3), np.arange(3.0), np.array(3.0),
    Tensor(3.0), Tensor([1.0, 2.0]), Tensor([1.0], requires_grad=True),
]  # fmt: skip


def kinds_of(x):
    return float(sum(1 << i for i, kind in enumerate(KINDS) if isinstance(x, kind)))


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(
    "through", [lambda x: x, lambda x: x * 2, np.sin, lambda x: -x, np.sum, np.transpose]
)  # fmt: skip
def test_isinstance_says_the_same_as_uncompiled(value, through):
    compiled = mg.compile(lambda x: kinds_of(through(x)) + 0.0 * np.real(np.sum(x)))
    expected = kinds_of(through(value))
    for _ in range(2):
        assert float(np.real(compiled(value).item())) == expected


def test_results_of_comparisons_are_what_they_are():
    compiled = mg.compile(lambda n, x: (kinds_of(n > 2), kinds_of(x > 2), kinds_of(n / 2)))
    assert compiled(3, np.arange(4)) == (kinds_of(True), kinds_of(np.arange(4) > 2), kinds_of(1.5))


def test_a_choice_by_type_is_the_one_that_is_made_uncompiled():
    def f(n, x):
        if isinstance(n, int):
            return x * n
        return x * (n + 0.5) if isinstance(x, np.ndarray) else x

    compiled = mg.compile(f)
    for n in (3, 3.0, np.float32(3)):
        np.testing.assert_array_equal(compiled(n, np.arange(3)), f(n, np.arange(3)))
        assert compiled(n, np.arange(3)).dtype == f(n, np.arange(3)).dtype
