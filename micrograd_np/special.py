"""The functions of `scipy.special` that are plain Python, written here for Tensors.

`scipy.special.erf(t)` and SciPy's other ufuncs are recorded as they are. A few of SciPy's functions
are plain Python and begin with `np.asarray`, which is an error for a tracked Tensor. This module
writes these functions in ufuncs, with SciPy's names, arguments and values. They take arrays as
well. SciPy's ufuncs are found here too: `micrograd_np.special` stands in for `scipy.special`.
"""

from math import log, pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives import activations
from micrograd_np.ops.kernels.axes import Axis
from micrograd_np.ops.kernels.exponentials import largest_exponent, log_of_total

__all__ = [
    "comb", "factorial", "log_softmax", "logsumexp", "multigammaln", "perm", "polygamma", "softmax",
    "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn",
]  # fmt: skip


def __getattr__(name: str) -> np.ufunc:  # to type checkers too, which cannot list SciPy's ufuncs
    found = getattr(sc, name, None)
    if isinstance(found, np.ufunc):
        return found
    raise AttributeError(
        f"micrograd_np.special has no {name!r}: it has the ufuncs of scipy.special, and in "
        f"place of its other functions {', '.join(__all__)}"
    )


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name, x in vars(sc).items() if isinstance(x, np.ufunc))})


# ---------------------------------------------------------------- sums of exponentials


def logsumexp(
    a: Array,
    axis: Axis = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """`log(sum(b * exp(a)))` along `axis`, without overflow; `b` holds the weights of the entries.

    A negative sum has the logarithm NaN. With `return_sign`, the result is a pair: the logarithm of
    the absolute sum, and the sign of the sum. The weight 0 takes an entry out of the value; the
    slope in that weight is `exp(a - out)`, as in any other.

    >>> logsumexp(np.array([1000.0, 1000.0]), b=np.array([0.25, 0.75]))
    np.float64(1000.0)
    """
    if b is None and not return_sign:
        return activations.logsumexp(a, axis, keepdims)
    weights = 1.0 if b is None else b
    unheard = np.equal(weights, 0)
    # Rounded down: a power of e that is taken out exactly, and has no slope.
    top = np.floor(largest_exponent(np.where(unheard, -np.inf, a), axis))
    shifted = a - top
    greatest = log(np.finfo(shifted.dtype).max)
    exponents = np.where(unheard, np.minimum(shifted, greatest), shifted)
    total = np.sum(weights * np.exp(exponents), axis=axis, keepdims=keepdims)
    size = np.abs(total) if return_sign else total
    out = log_of_total(size) + (top if keepdims else np.squeeze(top, axis=axis))
    return (out, np.sign(total)) if return_sign else out


def softmax(x: Array, axis: Axis = None) -> Array:
    """`exp(x) / sum(exp(x))` along `axis`, by default of all entries.

    >>> softmax(np.array([[0.0, 0.0], [-np.inf, 0.0]])).round(3)
    array([[0.333, 0.333],
           [0.   , 0.333]])
    """
    return activations.softmax(x, axis)


def log_softmax(x: Array, axis: Axis = None) -> Array:
    """The logarithm of `softmax(x, axis)`, finite where the softmax underflows.

    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    return activations.log_softmax(x, axis)


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
