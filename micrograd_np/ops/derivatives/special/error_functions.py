"""Error functions and integrals of SciPy: the normal distribution, Dawson, Fresnel, exponential.

Slopes that are small differences (`erfcx`, `dawsn`) become asymptotic series far out (DLMF 7.12).
"""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
import scipy.special as sc

from micrograd_np.core.dispatch import dispatching_unary
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.special.domains import (
    elementwise,
    fixed,
    one_less,
    several,
    typed,
)

ROOT_PI = sqrt(pi)
ROOT_2 = sqrt(2)
FAR = 10.0  # from here on the twelve terms of the series below give every digit


# ---------------------------------------------------------------- slopes that need a thought


def odd_factorials(s: Array) -> Array:
    """The asymptotic series `1 + 3 s + 3·5 s² + 3·5·7 s³ + …`."""
    total = 1 + 25 * s
    for odd in range(23, 1, -2):
        total = 1 + odd * s * total
    return total


def or_series(slope: Array, x: Array, far: Array, sign: int, scale: float) -> Array:
    """The slope; where real `x` is `far`, and its terms cancel, their asymptotic series."""
    if np.iscomplexobj(x):
        return slope
    square = np.square(np.where(far, x, FAR))
    return np.where(far, -odd_factorials(sign * 0.5 / square) / (scale * square), slope)


def erfcx_slope(out: Array, x: Array) -> Array:
    return or_series(2 * x * out - 2 / ROOT_PI, x, x > FAR, -1, ROOT_PI)


@dispatching_unary
def inverse_mills(x: Array) -> Array:
    """The normal density over the distribution function, the slope of `log_ndtr`."""
    return sqrt(2 / pi) / sc.erfcx(x / -ROOT_2)


def inverse_mills_slope(out: Array, x: Array) -> Array:
    """`-out (x + out)`; at negative x, where that cancels, by the slope of `erfcx`."""
    positive = np.real(x) > 0
    z = np.where(positive, 0, x) / -ROOT_2
    e = sc.erfcx(z)
    return np.where(positive, -out * (x + out), out * erfcx_slope(e, z) / (ROOT_2 * e))


def normal_density(x: Array) -> Array:
    return np.exp(-np.square(x) / 2) * (1 / sqrt(2 * pi))


def over_argument(f: Callable[[Array], Array], x: Array, sign: int) -> Array:
    """`sin(x) / x` or, for the other sign, `sinh(x) / x`: near 0 as `0F1(; 3/2; ±x²/4)`."""
    near = np.abs(x) < 1
    series = sc.hyp0f1(typed(1.5, x), np.square(np.where(near, x, 0)) * (sign / 4))
    return np.where(near, series, f(x) / np.where(near, 1, x))


def expn_slope(out: Array, n: Array, x: Array) -> Array:
    """`-expn(n - 1, x)`, where `expn(0, x)` is `exp(-x)/x`."""
    return np.where(np.greater(n, 0), -sc.expn(one_less(n), x), -out * (1 + 1 / x))


def voigt_rules(out: Array, x: Array, sigma: Array, gamma: Array) -> tuple[Array, Array, Array]:
    """The slopes in all three: of `Re w(z) / (√(2π) sigma)` at `z = (x + i gamma)/(√2 sigma)`."""
    z = (x + 1j * gamma) / (ROOT_2 * sigma)
    slope = wofz_slope(sc.wofz(z), z) / (2 * ROOT_PI * np.square(sigma))
    return np.real(slope), -out / sigma - np.real(ROOT_2 * z * slope), -np.imag(slope)


def wofz_slope(out: Array, z: Array) -> Array:
    return 2j / ROOT_PI - 2 * z * out


# ---------------------------------------------------------------- the tables
# fmt: off
elementwise(sc.erf,           lambda out, x: np.exp(-np.square(x)) * (2 / ROOT_PI))
elementwise(sc.erfc,          lambda out, x: np.exp(-np.square(x)) * (-2 / ROOT_PI))
elementwise(sc.erfcx,         erfcx_slope)
elementwise(sc.erfi,          lambda out, x: np.exp(np.square(x)) * (2 / ROOT_PI))
elementwise(sc.erfinv,        lambda out, x: np.exp(np.square(out)) * (ROOT_PI / 2))
elementwise(sc.erfcinv,       lambda out, x: np.exp(np.square(out)) * (-ROOT_PI / 2))
elementwise(sc.dawsn,         lambda out, x: or_series(1 - 2 * x * out, x, np.abs(x) > FAR, 1, 2))
elementwise(sc.wofz,          wofz_slope)
elementwise(sc.voigt_profile, lambda *given: voigt_rules(*given)[0], lambda *given: voigt_rules(*given)[1], lambda *given: voigt_rules(*given)[2])

elementwise(sc.ndtr,          lambda out, x: normal_density(x))
elementwise(sc.log_ndtr,      lambda out, x: inverse_mills(x))
elementwise(inverse_mills,    inverse_mills_slope)
elementwise(sc.ndtri,         lambda out, x: np.exp(np.square(out) / 2) * sqrt(2 * pi))
elementwise(sc.ndtri_exp,     lambda out, x: sc.erfcx(out / -ROOT_2) * sqrt(pi / 2))
elementwise(sc.owens_t,       lambda out, h, a: normal_density(h) * sc.erf(a * h / ROOT_2) / -2,
                              lambda out, h, a: np.exp(np.square(h) * (1 + np.square(a)) / -2) / (2 * pi * (1 + np.square(a))))

elementwise(sc.exp1,          lambda out, x: -np.exp(-x) / x)
elementwise(sc.expi,          lambda out, x: np.exp(x) / x)
elementwise(sc.expn,          fixed("order"), expn_slope)
several    (sc.sici,          lambda out, x: (over_argument(np.sin, x, -1), np.cos(x) / x))
several    (sc.shichi,        lambda out, x: (over_argument(np.sinh, x, 1), np.cosh(x) / x))
several    (sc.fresnel,       lambda out, x: (np.sin(np.square(x) * (pi / 2)), np.cos(np.square(x) * (pi / 2))))
several    (sc.modfresnelp,   lambda out, x: (-np.exp(1j * np.square(x)), -2j * x * out[1] - (1 - 1j) / (ROOT_2 * ROOT_PI)))
several    (sc.modfresnelm,   lambda out, x: (-np.exp(-1j * np.square(x)), 2j * x * out[1] - (1 + 1j) / (ROOT_2 * ROOT_PI)))
# fmt: on
