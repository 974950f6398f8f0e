"""Gamma and beta functions of SciPy: logarithms, incomplete forms and their inverses, zeta.

The slope of an incomplete function in its last argument is a density. In its shapes `a` and `b` it
is a mean over a tail, of `incomplete.py`.
"""

from math import pi

import numpy as np
import scipy.special as sc
from scipy.special._ufuncs import _zeta  # what `zeta`, which is Python, calls

from micrograd_np.core.forms import constant
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import safe_divide
from micrograd_np.ops.derivatives.special.domains import elementwise, fixed, typed
from micrograd_np.ops.derivatives.special.incomplete import beta_shape_slope, gamma_shape_slope

# ---------------------------------------------------------------- slopes that need a thought


def rgamma_slope(out: Array, x: Array) -> Array:
    """`-out psi(x)`, but where `psi` has its poles by the reflection formula."""
    if np.iscomplexobj(x):
        return -out * sc.psi(x)
    below = x < 0.5
    low, high = np.where(below, x, 0), np.where(below, 1, x)
    return np.where(below, reflected_slope(low), -out * sc.psi(high))


def reflected_slope(x: Array) -> Array:
    """The slope of `1/gamma(x) = sin(pi x) gamma(1-x) / pi` (DLMF 5.5.3), which has no poles."""
    bracket = np.cos(pi * x) - np.sin(pi * x) * (sc.psi(1 - x) / pi)
    return sc.gamma(1 - x) * bracket


def at_pole(x: Array) -> Array:
    """Whether the gamma function has a pole at `x`: 0, -1, -2, and so on."""
    return np.logical_and(np.less_equal(x, 0), np.equal(x, np.floor(x)))


def binom_upper(out: Array, n: Array, k: Array) -> Array:
    """`out (psi(n+1) - psi(n-k+1))`; where `n-k+1` is a pole and the value 0, its limit."""
    pole = at_pole(n - k + 1)
    rest = np.where(pole, 1, n - k + 1)
    slope = out * (sc.psi(n + 1) - sc.psi(rest))
    return np.where(pole, binom_limit(n, k), slope)


def binom_lower(out: Array, n: Array, k: Array) -> Array:
    """`out (psi(n-k+1) - psi(k+1))`; where either is a pole and the value 0, its limit."""
    mirrored = at_pole(k + 1)  # binom(n, k) is binom(n, n - k)
    k = np.where(mirrored, n - k, k)
    pole = at_pole(n - k + 1)
    rest = np.where(pole, 1, n - k + 1)
    slope = out * (sc.psi(rest) - sc.psi(k + 1))
    slope = np.where(pole, -binom_limit(n, k), slope)
    return np.where(mirrored, -slope, slope)


def binom_limit(n: Array, k: Array) -> Array:
    """The slope in `n` of `gamma(n+1) / (gamma(k+1) gamma(n-k+1))` at a pole of the last."""
    pole = at_pole(n - k + 1)
    factor = sc.gamma(n + 1) * sc.rgamma(k + 1)
    return np.where(pole, factor, 0) * reflected_slope(np.where(pole, n - k + 1, 0))


def poch_base(out: Array, a: Array, m: Array) -> Array:
    """`out (psi(a+m) - psi(a))`; where `a` is a pole and the value 0, its limit."""
    pole = np.logical_and(at_pole(a), np.equal(out, 0))
    rest = np.where(pole, 1, a)
    limit = sc.gamma(np.where(pole, a + m, 1)) * reflected_slope(np.where(pole, a, 0))
    return np.where(pole, limit, out * (sc.psi(rest + m) - sc.psi(rest)))


def gamma_density(out: Array, a: Array, x: Array) -> Array:
    """`x^(a-1) exp(-x) / gamma(a)`: the slope of `gammainc` (DLMF 8.8.13)."""
    a = typed(a, out)
    return np.exp(sc.xlogy(a - 1, x) - x - sc.gammaln(a))


def beta_density(out: Array, a: Array, b: Array, x: Array) -> Array:
    """`x^(a-1) (1-x)^(b-1) / beta(a, b)`: the slope of `betainc` (DLMF 8.17)."""
    a, b = typed(a, out), typed(b, out)
    return np.exp(sc.xlogy(a - 1, x) + sc.xlog1py(b - 1, -x) - sc.betaln(a, b))


# ---------------------------------------------------------------- the tables
# fmt: off
elementwise(sc.gamma,         lambda out, x: out * sc.psi(x))
elementwise(sc.gammaln,       lambda out, x: sc.psi(x))
elementwise(sc.loggamma,      lambda out, x: sc.psi(x))
elementwise(sc.rgamma,        rgamma_slope)
elementwise(sc.psi,           lambda out, x: sc.zeta(typed(2, x), x), real=True)
elementwise(_zeta,            fixed("exponent"), lambda out, s, q: -s * sc.zeta(typed(s + 1, q), q))
constant   (sc.gammasgn)

elementwise(sc.beta,          lambda out, x, y: out * (sc.psi(x) - sc.psi(x + y)), lambda out, x, y: out * (sc.psi(y) - sc.psi(x + y)))
elementwise(sc.betaln,        lambda out, x, y: sc.psi(x) - sc.psi(x + y),         lambda out, x, y: sc.psi(y) - sc.psi(x + y))
elementwise(sc.binom,         binom_upper, binom_lower)
elementwise(sc.poch,          poch_base,   lambda out, a, m: out * sc.psi(a + m))

elementwise(sc.gammainc,     lambda out, a, x: gamma_shape_slope(out, a, x, 1),           gamma_density)
elementwise(sc.gammaincc,    lambda out, a, x: gamma_shape_slope(out, a, x, -1),          lambda out, a, x: -gamma_density(out, a, x))
elementwise(sc.gammaincinv,  lambda out, a, y: -safe_divide(gamma_shape_slope(out, a, out, 1), gamma_density(out, a, out)),  lambda out, a, y: 1 / gamma_density(out, a, out))
elementwise(sc.gammainccinv, lambda out, a, y: safe_divide(gamma_shape_slope(out, a, out, -1), gamma_density(out, a, out)),  lambda out, a, y: -1 / gamma_density(out, a, out))
elementwise(sc.betainc,      lambda out, a, b, x: beta_shape_slope(out, a, b, x, 1 - x, 1),  lambda out, a, b, x: beta_shape_slope(out, b, a, 1 - x, x, -1), beta_density)
elementwise(sc.betaincc,     lambda out, a, b, x: beta_shape_slope(out, a, b, x, 1 - x, -1), lambda out, a, b, x: beta_shape_slope(out, b, a, 1 - x, x, 1),  lambda out, a, b, x: -beta_density(out, a, b, x))
elementwise(sc.betaincinv,   lambda out, a, b, y: -safe_divide(beta_shape_slope(out, a, b, out, 1 - out, 1), beta_density(out, a, b, out)),
                             lambda out, a, b, y: -safe_divide(beta_shape_slope(out, b, a, 1 - out, out, -1), beta_density(out, a, b, out)),
                             lambda out, a, b, y: 1 / beta_density(out, a, b, out))
elementwise(sc.betainccinv,  lambda out, a, b, y: safe_divide(beta_shape_slope(out, a, b, out, 1 - out, -1), beta_density(out, a, b, out)),
                             lambda out, a, b, y: safe_divide(beta_shape_slope(out, b, a, 1 - out, out, 1), beta_density(out, a, b, out)),
                             lambda out, a, b, y: -1 / beta_density(out, a, b, out))
# fmt: on
