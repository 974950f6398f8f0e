"""Logarithms of probabilities and of their complements, without cancellation."""

from math import log
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.record import value_of
from micrograd_np.stats.arguments import anywhere


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


def times_log(x: Any, y: Any) -> Any:
    """`x log(y)`, and 0 where x is 0; written out, which is quicker, unless y is 0 somewhere."""
    return sc.xlogy(x, y) if anywhere(np.equal(value_of(y), 0)) else x * np.log(y)


def times_log1m(x: Any, y: Any) -> Any:
    """`x log(1 - y)`, and 0 where x is 0; written out, which is quicker, unless y is 1 somewhere."""
    return sc.xlog1py(x, -y) if anywhere(np.equal(value_of(y), 1)) else x * np.log1p(-y)
