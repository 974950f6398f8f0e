"""Logarithms of probabilities and of their complements, without cancellation."""

from math import log
from typing import Any

import numpy as np

from micrograd_np.core.record import value_of


def log_of(p: Any, q: Any) -> Any:
    """`log(p)` for a probability and its complement: where `p` is nearly 1, from `q`.

    >>> log_of(np.array([1e-20, 1.0]), np.array([1.0, 1e-20]))
    array([-4.60517019e+01, -1.00000000e-20])
    """
    small = np.less(value_of(p), 0.5)
    return np.where(small, np.log(np.where(small, p, 1)), np.log1p(-np.where(small, 0, q)))


def log_complement(x: Any) -> Any:
    """`log(1 - exp(-x))` for x of at least 0 (Maechler, 2012); -inf at 0.

    >>> log_complement(np.array([1e-20, 50.0])).round(4)
    array([-46.0517,  -0.    ])
    """
    small = np.less(value_of(x), log(2))
    near = np.log(-np.expm1(-np.where(small, x, 1)))
    return np.where(small, near, np.log1p(-np.exp(-np.where(small, 1, x))))
