"""Logarithms of probabilities and of their complements, without cancellation."""

from math import log
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.record import value_of
from micrograd_np.ops.derivatives.special import incomplete
from micrograd_np.stats.arguments import anywhere, seen

LARGE = 80.0  # less than the logarithm of the largest float32
TINY = 1e-100  # a smaller probability may underflow, and so may its powers in derivatives


def log_of(p: Any, q: Any) -> Any:
    """`log(p)` for a probability and its complement: where `p` is nearly 1, from `q`.

    >>> log_of(np.array([1e-20, 1.0]), np.array([1.0, 1e-20]))
    array([-4.60517019e+01, -1.00000000e-20])
    """
    small = np.less(value_of(p), 0.5)
    return np.where(small, np.log(np.where(small, p, 1)), np.log1p(-np.where(small, 0, q)))


def where_tiny(tiny: Any, far: Any, p: Any, q: Any) -> Any:
    """`far`, the logarithm of a probability, where it is tiny, and `log(p)` elsewhere."""
    return np.where(tiny, far, log_of(np.where(tiny, 1, p), np.where(tiny, 0, q)))


def log_gamma_tail(a: Any, x: Any, side: int) -> Any:
    """The logarithm of `gammainc(a, x)`, for `side` -1, or of `gammaincc(a, x)`, for 1."""
    sides = (sc.gammainc, sc.gammaincc)[::-side]
    p, q = (f(a, x) for f in sides)
    tiny = seen(np.less(value_of(p), TINY))
    if tiny is None:
        return log_of(p, q)
    end = np.where(tiny, x, 1)
    far = a * np.log(end) - end - sc.gammaln(a) + incomplete.log_gamma_tail(a, end, side)
    return where_tiny(tiny, far, p, q)


def log_beta_tail(a: Any, b: Any, x: Any, y: Any) -> Any:
    """The logarithm of `betainc(a, b, x)`, where `y = 1 - x`."""
    p, q = probability_below(a, b, x, y), probability_below(b, a, y, x)
    tiny = seen(np.less(value_of(p), TINY))
    if tiny is None:
        return log_of(p, q)
    left, right = np.where(tiny, x, 0.5), np.where(tiny, y, 0.5)
    far = a * np.log(left) + (b - 1) * np.log(right) - sc.betaln(a, b)
    far = far + incomplete.log_beta_tail(a, b, left / right)
    return where_tiny(tiny, far, p, q)


def probability_below(a: Any, b: Any, x: Any, y: Any) -> Any:
    """`betainc(a, b, x)`, where `y = 1 - x`, by whichever of these is the smaller."""
    low = np.less_equal(value_of(x), 0.5)
    if not anywhere(low):
        return sc.betaincc(b, a, y)
    if not anywhere(np.logical_not(low)):
        return sc.betainc(a, b, x)
    above = sc.betaincc(b, a, np.where(low, 0.5, y))
    return np.where(low, sc.betainc(a, b, np.where(low, x, 0.5)), above)


def log_complement(x: Any) -> Any:
    """`log(1 - exp(-x))` for x of at least 0 (Maechler, 2012); -inf at 0.

    >>> log_complement(np.array([1e-20, 50.0])).round(4)
    array([-46.0517,  -0.    ])
    """
    small = np.less(value_of(x), log(2))
    near = np.log(-np.expm1(-np.where(small, x, 1)))
    return np.where(small, near, np.log1p(-np.exp(-np.where(small, 1, x))))


def exp_below(x: Any) -> Any:
    """`exp(x)`, finite for every number: a factor of powers that are 0."""
    return np.exp(np.minimum(x, LARGE))


def times_log(x: Any, y: Any) -> Any:
    """`x log(y)`, and 0 where x is 0; written out, which is quicker, unless y is 0 somewhere."""
    return sc.xlogy(x, y) if anywhere(np.equal(value_of(y), 0)) else x * np.log(y)


def times_log1m(x: Any, y: Any) -> Any:
    """`x log(1 - y)`, and 0 where x is 0; written out unless y is 1 somewhere."""
    return sc.xlog1py(x, -y) if anywhere(np.equal(value_of(y), 1)) else x * np.log1p(-y)
