"""Exponentials and logarithms of SciPy: logistic, entropies, powers, angles in degrees.

At the edges of the domains: where the factor of `xlogy` or `xlog1py` is 0, the function is flat in
the logarithm's argument. The slope in the factor is the logarithm, -inf for a probability of 0.
"""

from math import log, pi

import numpy as np
import scipy.special as sc

from micrograd_np.core.forms import constant
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import (
    power_base,
    power_exponent,
    safe_divide,
    sigmoid_slope,
)
from micrograd_np.ops.derivatives.special.domains import elementwise, hyp2f1, typed

# ---------------------------------------------------------------- slopes that need a thought


def proportion(x: Array, y: Array) -> Array:
    """`x / y`, with 0 for 0/0; infinite for other numbers over 0."""
    return np.where(x == 0, safe_divide(x, y), x / np.where(x == 0, 1, y))


def pseudo_huber_delta(delta: Array, r: Array) -> Array:
    """`r⁴ / (h (h + delta)²)` with `h = hypot(delta, r)`, which is free of cancellation."""
    h = np.hypot(delta, r)
    return r * safe_divide(r, h) * np.square(safe_divide(r, h + delta))


def exprel_slope(x: Array) -> Array:
    """`(exp(x) - exprel(x)) / x` without cancellation: `1F1(2; 3; x) / 2` (DLMF 13)."""
    return sc.hyp1f1(typed(2, x), typed(3, x), x) / 2


def log1p_ratio_slope(z: Array) -> Array:
    """The slope of `log1p(z) / z` without cancellation: `-2F1(2, 2; 3; -z) / 2` (DLMF 15)."""
    return -hyp2f1(2, 2, 3, -z) / 2


def boxcox_exponent(out: Array, x: Array, y: Array) -> Array:
    """`log(x)² exprel'(y log(x))`, as boxcox is `log(x) exprel(y log(x))`; its limit at x = 0."""
    z = np.log(np.where(x == 0, 1, x))
    return np.where(x == 0, np.square(out), np.square(z) * exprel_slope(y * z))


def boxcox1p_exponent(x: Array, y: Array) -> Array:
    z = np.log1p(x)
    return np.square(z) * exprel_slope(y * z)


# ---------------------------------------------------------------- the tables
# fmt: off
elementwise(sc.expit,         lambda out, x: sigmoid_slope(x))
elementwise(sc.log_expit,     lambda out, x: sc.expit(-x))
elementwise(sc.logit,         lambda out, x: 1 / (x * (1 - x)))
elementwise(sc.expm1,         lambda out, x: np.exp(x))
elementwise(sc.exp2,          lambda out, x: out * log(2))
elementwise(sc.exp10,         lambda out, x: out * log(10))
elementwise(sc.exprel,        lambda out, x: exprel_slope(x))
elementwise(sc.log1p,         lambda out, x: 1 / (1 + x))
elementwise(sc.cbrt,          lambda out, x: 1 / (3 * np.square(out)))
elementwise(sc.cosm1,         lambda out, x: -np.sin(x))
elementwise(sc.sindg,         lambda out, x: sc.cosdg(x) * (pi / 180))
elementwise(sc.cosdg,         lambda out, x: sc.sindg(x) * (-pi / 180))
elementwise(sc.tandg,         lambda out, x: (1 + np.square(out)) * (pi / 180))
elementwise(sc.cotdg,         lambda out, x: (1 + np.square(out)) * (-pi / 180))
elementwise(sc.radian,        lambda out, d, m, s: pi / 180, lambda out, d, m, s: pi / 10_800, lambda out, d, m, s: pi / 648_000)
constant   (sc.round)

elementwise(sc.xlogy,         lambda out, x, y: np.log(y),              lambda out, x, y: proportion(x, y))
elementwise(sc.xlog1py,       lambda out, x, y: np.log1p(y),            lambda out, x, y: proportion(x, 1 + y))
elementwise(sc.entr,          lambda out, x: -np.log(x) - 1)
elementwise(sc.rel_entr,      lambda out, x, y: np.log(x / y) + 1,      lambda out, x, y: -proportion(x, y))
elementwise(sc.kl_div,        lambda out, x, y: np.log(x / y),          lambda out, x, y: np.where(x == 0, 1, proportion(y - x, y)))
elementwise(sc.huber,         lambda out, delta, r: np.maximum(np.abs(r) - delta, 0), lambda out, delta, r: np.where(np.abs(r) <= delta, r, delta * np.sign(r)))
elementwise(sc.pseudo_huber,  lambda out, delta, r: pseudo_huber_delta(delta, r), lambda out, delta, r: delta * safe_divide(r, np.hypot(r, delta)))
elementwise(sc.powm1,         lambda out, x, y: power_base(out + 1, x, y), lambda out, x, y: power_exponent(out + 1, x, y))
elementwise(sc.boxcox,        lambda out, x, y: np.power(x, y - 1),     boxcox_exponent)
elementwise(sc.boxcox1p,      lambda out, x, y: np.power(1 + x, y - 1), lambda out, x, y: boxcox1p_exponent(x, y))
elementwise(sc.inv_boxcox,    lambda out, x, y: out / (1 + x * y),      lambda out, x, y: out * np.square(x) * log1p_ratio_slope(x * y))
elementwise(sc.inv_boxcox1p,  lambda out, x, y: (1 + out) / (1 + x * y), lambda out, x, y: (1 + out) * np.square(x) * log1p_ratio_slope(x * y))
# fmt: on
