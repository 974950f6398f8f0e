"""Distribution functions of SciPy: their slopes are the densities, and those of their inverses.

Counts `k` are rounded down, as SciPy does, and have no derivative. The slopes in degrees of freedom
and shapes are those of incomplete gamma and beta functions, which `incomplete.py` has.
"""

from math import pi, sqrt

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import safe_divide
from micrograd_np.ops.derivatives.special.domains import elementwise, fixed, typed
from micrograd_np.ops.derivatives.special.gammas import beta_density, gamma_density
from micrograd_np.ops.derivatives.special.incomplete import beta_shape_slope, gamma_shape_slope

# ---------------------------------------------------------------- densities


def binomial(out: Array, k: Array, n: Array, p: Array) -> Array:
    """Minus the slope of the binomial distribution function in the probability `p`."""
    return beta_density(out, k // 1 + 1, n - k // 1, p)


def negative_binomial(out: Array, k: Array, n: Array, p: Array) -> Array:
    return beta_density(out, n, k // 1 + 1, p)


def poisson(out: Array, k: Array, m: Array) -> Array:
    """Minus the slope of the Poisson distribution function in the mean."""
    return gamma_density(out, k // 1 + 1, m)


def chi_square(out: Array, v: Array, x: Array) -> Array:
    return gamma_density(out, v / 2, x / 2) / 2


def noncentral(out: Array, x: Array, df: Array, nc: Array) -> Array:
    """`(x/nc)^(v/2) exp(-(x + nc)/2) I(√(nc x)) / 2`, `v = df/2 - 1` the order of Bessel's `I`.

    The slope of the noncentral chi-square distribution function in `x`; the slope in `nc` is minus
    that of two degrees more. Where `nc x` is small, the Bessel function is a hypergeometric one.
    """
    df, near = typed(df, out), nc * x < 1
    series = sc.hyp0f1(df / 2, np.where(near, nc * x, 0) / 4) * np.exp(-nc / 2)
    p, q = np.sqrt(np.where(near, 1, x)), np.sqrt(np.where(near, 1, nc))
    far = np.power(p / q, df / 2 - 1) * np.exp(-np.square(p - q) / 2) * sc.ive(df / 2 - 1, p * q)
    return np.where(near, chi_square(out, df, x) * series, far / 2)


def fisher(out: Array, n: Array, d: Array, x: Array) -> Array:
    total = d + n * x
    return beta_density(out, n / 2, d / 2, n * x / total) * (n * d) / np.square(total)


def student(out: Array, df: Array, t: Array) -> Array:
    df = typed(df, out)
    exponent = (df + 1) / -2 * np.log1p(np.square(t) / df)
    scale = sc.betaln(df / 2, typed(0.5, out)) + np.log(df) / 2
    return np.exp(exponent - scale)


def student_freedom(out: Array, df: Array, t: Array) -> Array:
    """The slope of `stdtr` in `df`: of `betainc(df/2, 1/2, df/(df + t²)) / 2` at negative `t`."""
    df, square = typed(df, out), np.square(t)
    x, y = df / (df + square), square / (df + square)
    tail = beta_shape_slope(out, df / 2, typed(0.5, out), x, y, 1)
    return -np.sign(t) * tail / 4 - student(out, df, t) * t / (2 * df)


def chi_square_freedom(out: Array, v: Array, x: Array, sign: int) -> Array:
    """The slope of `chdtr` in `v`, for `sign` 1; of `chdtrc` for -1."""
    return gamma_shape_slope(out, v / 2, x / 2, sign) / 2


def fisher_freedom(out: Array, n: Array, d: Array, x: Array) -> tuple[Array, Array]:
    """The slopes of `fdtr` in both degrees of freedom: of `betainc(n/2, d/2, n x / (d + n x))`."""
    total = d + n * x
    low, high = n * x / total, d / total
    moved = fisher(out, n, d, x) * x
    first = beta_shape_slope(out, n / 2, d / 2, low, high, 1) / 2 + moved / n
    return first, beta_shape_slope(out, d / 2, n / 2, high, low, -1) / 2 - moved / d


def quantile_slope(z: Array) -> Array:
    """The slope of `ndtri` where its value is `z`."""
    return np.exp(np.square(z) / 2) * sqrt(2 * pi)


def tukey(out: Array, x: Array, shape: Array) -> Array:
    """The reciprocal of the slope of the quantile function `(p^s - (1-p)^s) / s`."""
    rest = sc.tklmbda(-x, shape)
    inside = np.logical_and(np.greater(out, 0), np.greater(rest, 0))
    p, q = np.where(inside, out, 1), np.where(inside, rest, 1)
    return np.where(inside, 1 / (np.power(p, shape - 1) + np.power(q, shape - 1)), 0)


# ---------------------------------------------------------------- the tables
# fmt: off
elementwise(sc.bdtr,    *[fixed("counts")] * 2,             lambda out, k, n, p: -binomial(out, k, n, p))
elementwise(sc.bdtrc,   *[fixed("counts")] * 2,             binomial)
elementwise(sc.bdtri,   *[fixed("counts")] * 2,             lambda out, k, n, y: -1 / binomial(out, k, n, out))
elementwise(sc.nbdtr,   *[fixed("counts")] * 2,             negative_binomial)
elementwise(sc.nbdtrc,  *[fixed("counts")] * 2,             lambda out, k, n, p: -negative_binomial(out, k, n, p))
elementwise(sc.nbdtri,  *[fixed("counts")] * 2,             lambda out, k, n, y: 1 / negative_binomial(out, k, n, out))
elementwise(sc.pdtr,    fixed("count"),                     lambda out, k, m: -poisson(out, k, m))
elementwise(sc.pdtrc,   fixed("count"),                     poisson)
elementwise(sc.pdtri,   fixed("count"),                     lambda out, k, y: -1 / poisson(out, k, out))
elementwise(sc.chdtr,   lambda out, v, x: chi_square_freedom(out, v, x, 1),  chi_square)
elementwise(sc.chdtrc,  lambda out, v, x: chi_square_freedom(out, v, x, -1), lambda out, v, x: -chi_square(out, v, x))
elementwise(sc.chdtri,  lambda out, v, p: safe_divide(chi_square_freedom(out, v, out, -1), chi_square(out, v, out)), lambda out, v, p: -1 / chi_square(out, v, out))
elementwise(sc.chndtr,  noncentral, fixed("degrees of freedom"), lambda out, x, df, nc: -noncentral(out, x, df + 2, nc))
elementwise(sc.fdtr,    lambda *given: fisher_freedom(*given)[0],  lambda *given: fisher_freedom(*given)[1],  fisher)
elementwise(sc.fdtrc,   lambda *given: -fisher_freedom(*given)[0], lambda *given: -fisher_freedom(*given)[1], lambda out, n, d, x: -fisher(out, n, d, x))
elementwise(sc.fdtri,   lambda out, n, d, p: -safe_divide(fisher_freedom(out, n, d, out)[0], fisher(out, n, d, out)), lambda out, n, d, p: -safe_divide(fisher_freedom(out, n, d, out)[1], fisher(out, n, d, out)), lambda out, n, d, p: 1 / fisher(out, n, d, out))
elementwise(sc.stdtr,   student_freedom, student)
elementwise(sc.stdtrit, lambda out, df, p: -safe_divide(student_freedom(out, df, out), student(out, df, out)), lambda out, df, p: 1 / student(out, df, out))
elementwise(sc.gdtr,     lambda out, a, b, x: x * gamma_density(out, b, a * x),  lambda out, a, b, x: gamma_shape_slope(out, b, a * x, 1),  lambda out, a, b, x: a * gamma_density(out, b, a * x))
elementwise(sc.gdtrc,    lambda out, a, b, x: -x * gamma_density(out, b, a * x), lambda out, a, b, x: gamma_shape_slope(out, b, a * x, -1), lambda out, a, b, x: -a * gamma_density(out, b, a * x))
elementwise(sc.gdtrix,   lambda out, a, b, p: -out / a,                          lambda out, a, b, p: -safe_divide(gamma_shape_slope(out, b, a * out, 1), a * gamma_density(out, b, a * out)), lambda out, a, b, p: 1 / (a * gamma_density(out, b, a * out)))
elementwise(sc.nrdtrimn, lambda out, p, sd, x: -sd * quantile_slope((x - out) / sd), lambda out, p, sd, x: (out - x) / sd, 1)
elementwise(sc.nrdtrisd, lambda out, mn, p, x: -out / (x - mn),  lambda out, mn, p, x: np.square(out) / (mn - x) * quantile_slope((x - mn) / out), lambda out, mn, p, x: out / (x - mn))
elementwise(sc.tklmbda,  tukey, fixed("shape"))
# fmt: on
