"""Incomplete gamma and beta functions in their shapes: the slopes are means over a tail.

The slope of `log P(a, x)` in `a` is the mean of `log t` over the tail that P is the probability of,
less the mean over the whole. The mean over a tail is a quadrature, in `kernels/tails.py`. Its own
slopes are made of means of products of powers, so there are derivatives of any order. The smaller
of the two tails is taken, in which nothing cancels.

`side` is -1 for the tail below `x`, and 1 for the tail above. Of beta distributions the tail above is
the tail below `y = 1 - x` with exchanged shapes. As `x` or `y` may be tiny, both are given, or the odds
`x / y`.
"""

import numpy as np
import scipy.special as sc

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import elementwise
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import safe_divide
from micrograd_np.ops.derivatives.special.domains import one_less, typed
from micrograd_np.ops.kernels import tails

# ---------------------------------------------------------------- gamma tails


@dispatching
def log_gamma_tail(a: Array, x: Array, side: Array) -> Array:
    """The logarithm of the integral of `t^(a-1) exp(-t)` over a tail, less `a log x - x`."""
    return tails.log_integral(tails.gamma_weight, tails.gamma_scales, a, x, side)


@dispatching
def gamma_tail_mean(a: Array, x: Array, side: Array, order: Array) -> Array:
    """The mean of `abs(log(t / x))^order` over a tail of a gamma distribution."""
    return tails.mean(tails.gamma_power, tails.gamma_weight, tails.gamma_scales, a, x, side, order)


def log_gamma_end(out: Array, a: Array, x: Array, side: Array) -> Array:
    """`1 - (a + side exp(-out)) / x`, and its limit at 0."""
    slope = 1 - safe_divide(a + side * np.exp(-out), x)
    return np.where(x == 0, 1 / (a + 1), slope)


def gamma_mean_shape(out: Array, a: Array, x: Array, side: Array, order: Array) -> Array:
    return side * (gamma_tail_mean(a, x, side, order + 1) - out * gamma_tail_mean(a, x, side, 1))


def gamma_mean_end(out: Array, a: Array, x: Array, side: Array, order: Array) -> Array:
    """The slope in the end, where the density over the probability is `exp(-log_gamma_tail) / x`."""
    moved = order * gamma_tail_mean(a, x, side, one_less(order))
    return side * (out * np.exp(-log_gamma_tail(a, x, side)) * (order != 0) - moved) / x


def gamma_shape_slope(out: Array, a: Array, x: Array, sign: int) -> Array:
    """The slope of `gammainc` in its shape, for `sign` 1; of `gammaincc` for -1."""
    a, x = typed(a, out), typed(x, out)
    undefined = np.less(x, 0)
    end = np.logical_or(np.less_equal(x, 0), np.isinf(x))
    x = np.where(end, 1, x)
    side: Array = np.where(x <= np.maximum(a, 1), typed(-1, out), typed(1, out))
    p = np.where(side < 0, sc.gammainc(a, x), sc.gammaincc(a, x))
    tilt = np.log(x) - sc.psi(a) + side * gamma_tail_mean(a, x, side, 1)
    return np.where(undefined, np.nan, np.where(end, 0, -sign * side * p * tilt))


# ---------------------------------------------------------------- beta tails


@dispatching
def log_beta_tail(a: Array, b: Array, odds: Array) -> Array:
    """The logarithm of the integral of `t^(a-1) (1-t)^(b-1)` below x, less `a log x + (b-1) log y`."""
    return tails.log_integral(tails.beta_weight, tails.beta_scales, a, b, odds)


@dispatching
def beta_tail_mean(a: Array, b: Array, odds: Array, first: Array, second: Array) -> Array:
    """The mean of `log(x/t)^first log((1-t)/y)^second` over t < x of a beta distribution."""
    return tails.mean(
        tails.beta_power, tails.beta_weight, tails.beta_scales, a, b, odds, first, second
    )


def log_beta_end(out: Array, a: Array, b: Array, odds: Array) -> Array:
    """The slope in the odds, and its limit at 0."""
    slope = (safe_divide(np.exp(-out) - a, odds) + b - 1) / (1 + odds)
    return np.where(odds == 0, (b - 1) / (a + 1), slope)


def beta_mean_first(out: Array, a: Array, b: Array, odds: Array, j: Array, k: Array) -> Array:
    return out * beta_tail_mean(a, b, odds, 1, 0) - beta_tail_mean(a, b, odds, j + 1, k)


def beta_mean_second(out: Array, a: Array, b: Array, odds: Array, j: Array, k: Array) -> Array:
    return beta_tail_mean(a, b, odds, j, k + 1) - out * beta_tail_mean(a, b, odds, 0, 1)


def beta_mean_end(out: Array, a: Array, b: Array, odds: Array, j: Array, k: Array) -> Array:
    """The slope in the end, where the density over the probability is `exp(-log_beta_tail) / x`."""
    moved = j * beta_tail_mean(a, b, odds, one_less(j), k)
    lost = out * np.exp(-log_beta_tail(a, b, odds)) * ((j + k) != 0)
    return ((moved - lost) / odds + k * beta_tail_mean(a, b, odds, j, one_less(k))) / (1 + odds)


def beta_shape_slope(out: Array, a: Array, b: Array, x: Array, y: Array, sign: int) -> Array:
    """The slope in `a` of the probability below `x`, for `sign` 1; above it for -1."""
    a, b, x, y = (typed(value, out) for value in (a, b, x, y))
    undefined = np.logical_or(np.less(x, 0), np.less(y, 0))
    end = np.logical_or(np.less_equal(x, 0), np.less_equal(y, 0))
    x, y = np.where(end, 0.5, x), np.where(end, 0.5, y)
    lower = x * b <= a * y
    p = np.where(lower, beta_probability(a, b, x, y), beta_probability(b, a, y, x))
    first, second = np.where(lower, a, b), np.where(lower, b, a)
    odds = np.where(lower, x / y, y / x)
    one, none = typed(1, out), typed(0, out)
    powers = np.where(lower, one, none), np.where(lower, none, one)
    away = beta_tail_mean(first, second, odds, *powers)
    side = np.where(lower, -one, one)
    tilt = np.log(x) + side * away - sc.psi(a) + sc.psi(a + b)
    return np.where(undefined, np.nan, np.where(end, 0, -sign * side * p * tilt))


def beta_probability(a: Array, b: Array, x: Array, y: Array) -> Array:
    """The probability below `x`, by whichever of `x` and `y` is the smaller."""
    low = x <= 0.5
    return np.where(
        low, sc.betainc(a, b, np.where(low, x, 0.5)), sc.betaincc(b, a, np.where(low, 0.5, y))
    )


# ---------------------------------------------------------------- the tables
# fmt: off
elementwise(log_gamma_tail, lambda out, a, x, side: side * gamma_tail_mean(a, x, side, 1), log_gamma_end, None, opaque=True)
elementwise(gamma_tail_mean, gamma_mean_shape, gamma_mean_end, None, None, opaque=True)
elementwise(log_beta_tail, lambda out, a, b, odds: -beta_tail_mean(a, b, odds, 1, 0), lambda out, a, b, odds: beta_tail_mean(a, b, odds, 0, 1), log_beta_end, opaque=True)
elementwise(beta_tail_mean, beta_mean_first, beta_mean_second, beta_mean_end, None, None, opaque=True)
# fmt: on
