"""Integrals over a tail of a gamma or a beta density, by double-exponential quadrature.

A tail ends at `x`, and `t` in the tail is written as `x exp(-s)` or `x exp(s)` with s > 0. In `s` the
density falls off from s = 0, as `exp(w(s))` with `w(0) = 0`. The substitution `s = c exp(z - exp(-z))`
(Takahasi and Mori, 1974) makes of it a function for which the trapezoidal rule converges exponentially,
on whatever scales the density varies. Both a logarithm and a ratio of such integrals keep their digits
where the integrals themselves underflow.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.libraries import is_foreign, like

NODES = 160
LEFT = -3.7  # from here on the left, s is below the rounding of c
DROP = 45.0  # where the density has fallen by exp(-45), its rest does not count
COUNTS = np.dtype(int)
AT_ONCE = 4096  # entries whose nodes are held at the same time

Weight = Callable[..., Array]


def log_integral(weight: Weight, scales: Callable[..., Any], *given: Array) -> Array:
    """The logarithm of the integral of `exp(w(s))` over s > 0, for every entry."""
    return each_part(lambda *part: np.log(np.sum(nodes(weight, scales, *part)[1], axis=-1)), *given)


def mean(statistic: Weight, weight: Weight, scales: Callable[..., Any], *given: Array) -> Array:
    """The mean of a statistic of `s` under the density `exp(w(s))`, for every entry."""

    def of_part(*part: Array) -> Array:
        s, weights = nodes(weight, scales, *part)
        values = statistic(s, *map(on_nodes, part))
        return np.sum(weights * values, axis=-1) / np.sum(weights, axis=-1)

    return each_part(of_part, *given)


def nodes(weight: Weight, scales: Callable[..., Any], *given: Array) -> tuple[Array, Array]:
    """The nodes `s` of each entry on a last axis, and `exp(w(s))` times the weights of the rule."""
    shortest, longest = map(on_nodes, scales(*given))
    step = (np.log(longest / shortest) - LEFT) / (NODES - 1)
    z = LEFT + step * like(step, np.arange(NODES, dtype=float))
    left = np.exp(-z)
    s = shortest * np.exp(z - left)
    return s, np.exp(weight(s, *map(on_nodes, given))) * s * (1 + left) * step


def on_nodes(x: Array) -> Array:
    """An array with a last axis for the nodes; a single number as it is."""
    return x[..., np.newaxis] if np.ndim(x) else x


def each_part(function: Callable[..., Array], *given: Array) -> Array:
    """A function of entries in double precision, of a few thousand of NumPy's at a time.

    The result has the precision of the given floating-point numbers. NaN gives NaN. Raises
    TypeError for complex numbers.
    """
    if any(map(np.iscomplexobj, given)):
        raise TypeError(
            "tails of gamma and beta distributions are those of real numbers, and complex numbers "
            "were given. Give their real part, np.real(z)."
        )
    kinds = [x.dtype for x in given if getattr(x, "dtype", COUNTS).kind == "f"]
    dtype = np.result_type(*kinds or [float])
    with np.errstate(all="ignore"):
        if any(map(is_foreign, given)):
            doubles = (x.astype(float) if hasattr(x, "dtype") else x for x in given)
            return function(*doubles).astype(dtype)
        arrays = np.broadcast_arrays(*given)
        flat = [np.ravel(x).astype(float) for x in arrays]
        starts = range(0, max(flat[0].size, 1), AT_ONCE)
        parts = [function(*(x[i : i + AT_ONCE] for x in flat)) for i in starts]
        return np.concatenate(parts).reshape(arrays[0].shape).astype(dtype)[()]


# ---------------------------------------------------------------- gamma densities


def gamma_weight(s: Array, a: Array, x: Array, side: Array, *_: Array) -> Array:
    """The logarithm of `t^a exp(-t)` over its value at x, where `log t = log x + side s`."""
    return side * a * s - x * np.expm1(side * s)


def gamma_scales(a: Array, x: Array, side: Array, *_: Array) -> tuple[Array, Array]:
    """The shortest length on which the weight varies, and one on which it has fallen off."""
    x = np.abs(x)  # of -0.0 too
    slope = np.abs(x - a)
    shortest = 1 / (slope + np.sqrt(x) + 1)
    bent = np.where(
        side > 0, np.sqrt(2 * DROP / x), np.maximum(np.sqrt(3 * DROP / x), 3 * DROP / x)
    )
    lower = np.minimum((DROP + x) / a, np.where(x <= a, np.minimum(DROP / slope, bent), np.inf))
    return shortest, np.where(side > 0, np.minimum(DROP / slope, bent), lower)


def gamma_power(s: Array, a: Array, x: Array, side: Array, order: Array) -> Array:
    """A power of the distance of `log t` from `log x`."""
    return np.power(s, order)


# ---------------------------------------------------------------- beta densities


def log_rest(s: Array, odds: Array) -> Array:
    """`log((1 - t) / (1 - x))` for `t = x exp(-s)` and the odds `x / (1 - x)`."""
    return np.log1p(-odds * np.expm1(-s))


def beta_weight(s: Array, a: Array, b: Array, odds: Array, *_: Array) -> Array:
    """The logarithm of `t^a (1 - t)^(b - 1)` over its value at x, where `log t = log x - s`."""
    return (b - 1) * log_rest(s, odds) - a * s


def beta_scales(a: Array, b: Array, odds: Array, *_: Array) -> tuple[Array, Array]:
    """The shortest length on which the weight varies, and one on which it has fallen off."""
    slope = np.abs((b - 1) * odds - a)
    shortest = 1 / (slope + np.sqrt(np.abs(b - 1) * odds * (1 + odds)) + odds + 1)
    above = np.maximum(b - 1, 0)
    falling = np.where((b > 1) & (a >= (b - 1) * odds), DROP / slope, np.inf)
    return shortest, np.minimum((DROP + above * np.log1p(odds)) / a, falling)


def beta_power(s: Array, a: Array, b: Array, odds: Array, first: Array, second: Array) -> Array:
    """The product of powers of `log(x / t)` and `log((1 - t) / (1 - x))`."""
    return np.power(s, first) * np.power(log_rest(s, odds), second)
