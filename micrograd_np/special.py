"""The functions of `scipy.special` that are plain Python, written here for Tensors.

`scipy.special.erf(t)` and SciPy's other ufuncs are recorded as they are. A few of SciPy's functions
are plain Python and begin with `np.asarray`, which is an error for a tracked Tensor. This module
writes these functions in ufuncs, with SciPy's names, arguments and values. They take arrays as
well. `logsumexp`, `softmax` and `log_softmax` are in `micrograd_np` itself.
"""

from math import log, pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array

# ---------------------------------------------------------------- gamma functions


def polygamma(n: Any, x: Array) -> Array:
    """The derivative of order `n` of `psi`; `n` holds integers of at least 0.

    The formula is `(-1)^(n+1) n! zeta(n+1, x)` (DLMF 25.11.12), and `psi` itself for n = 0.

    >>> polygamma(1, np.array([0.5, 1.0])).round(4)
    array([4.9348, 1.6449])
    """
    n = np.asarray(n, dtype=float)
    sign = np.where(n % 2 == 0, -1, 1)
    higher = sign * sc.gamma(n + 1) * sc.zeta(np.maximum(n, 1) + 1, x)
    return np.where(n == 0, sc.psi(x), higher)


def multigammaln(a: Array, d: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension `d`, for `a > (d - 1) / 2`.

    >>> float(multigammaln(np.float64(1.5), 2).round(4))
    0.4516
    """
    if d != int(d) or d < 1:
        raise ValueError(f"the dimension d is a positive integer; it was given as {d!r}")
    total: Array = d * (d - 1) / 4 * log(pi)
    for j in range(int(d)):
        total = total + sc.gammaln(a - j / 2)
    return total


def factorial(n: Array) -> Array:
    """`gamma(n + 1)`, and 0 for negative numbers, as in SciPy.

    >>> factorial(np.array([0.0, 1.5, 5.0])).round(4)
    array([  1.    ,   1.3293, 120.    ])
    """
    below = np.less(n, 0)
    return np.where(below, 0, sc.gamma(np.where(below, 0, n) + 1))


def comb(N: Array, k: Array, *, repetition: bool = False) -> Array:  # noqa: N803 - SciPy's name
    """The number of ways to choose `k` of `N` things, `binom(N, k)`; 0 for k < 0 and for k > N.

    With `repetition` a thing may be chosen more than once: `comb(N + k - 1, k)`.

    >>> comb(np.array([5.0, 4.5]), 2)
    array([10.   ,  7.875])
    """
    if repetition:
        return comb(N + k - 1, k)
    possible = np.logical_and(np.less_equal(0, k), np.less_equal(k, N))
    return np.where(possible, sc.binom(N, k), 0)


def perm(N: Array, k: Array) -> Array:  # noqa: N803 - SciPy's name
    """The number of ordered choices of `k` of `N` things, `poch(N - k + 1, k)`; 0 for k > N.

    >>> float(perm(np.float64(5), 2))
    20.0
    """
    possible = np.logical_and(np.less_equal(0, k), np.less_equal(k, N))
    return np.where(possible, sc.poch(N - k + 1, k), 0)


# ---------------------------------------------------------------- spherical Bessel functions


def spherical_jn(n: int, z: Array) -> Array:
    """The spherical Bessel function of the first kind of integer order (DLMF 10.47.3, 10.16.9).

    >>> spherical_jn(1, np.array([0.0, 2.0])).round(4)
    array([0.    , 0.4354])
    """
    return _regular(n, z, -1)


def spherical_in(n: int, z: Array) -> Array:
    """The modified spherical Bessel function of the first kind of integer order (DLMF 10.47.7).

    >>> spherical_in(1, np.array([0.0, 2.0])).round(4)
    array([0.    , 0.9744])
    """
    return _regular(n, z, 1)


def _regular(n: int, z: Array, sign: int) -> Array:
    """`√π/2 (z/2)^n / gamma(n + 3/2) 0F1(; n + 3/2; ±z²/4)`, a form without a division by z."""
    factor = sqrt(pi) / 2 * float(sc.rgamma(n + 1.5))
    return factor * (z / 2) ** n * sc.hyp0f1(n + 1.5, sign * np.square(z) / 4)


def spherical_yn(n: int, z: Array) -> Array:
    """The spherical Bessel function of the second kind of integer order, for z > 0.

    >>> float(spherical_yn(1, np.float64(2.0)).round(4))
    -0.3506
    """
    return np.sqrt(pi / 2 / z) * sc.yv(n + 0.5, z)


def spherical_kn(n: int, z: Array) -> Array:
    """The modified spherical Bessel function of the second kind of integer order, for z > 0.

    >>> float(spherical_kn(1, np.float64(2.0)).round(4))
    0.1594
    """
    return np.sqrt(pi / 2 / z) * sc.kv(n + 0.5, z)
