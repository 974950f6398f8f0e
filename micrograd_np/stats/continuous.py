"""The continuous distributions: a declaration each, by functions of the standardized argument.

The formulas are SciPy's where these keep their digits. Sources: Johnson, Kotz and Balakrishnan,
Continuous Univariate Distributions; the NIST Digital Library of Mathematical Functions (DLMF).
"""

from math import e, inf, log, pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.record import value_of
from micrograd_np.stats.arguments import anywhere, chosen, positive, seen
from micrograd_np.stats.distribution import Continuous, Formulas
from micrograd_np.stats.logarithms import (
    TINY,
    exp_below,
    log_beta_tail,
    log_complement,
    log_gamma_tail,
    log_of,
    times_log,
    times_log1m,
    where_tiny,
)

REAL, POSITIVE, UNIT = (-inf, inf), (0.0, inf), (0.0, 1.0)
HALF_LOG_2PI = log(2 * pi) / 2


def at_edge(edge: Any, at: Any, otherwise: Any, *given: Any) -> Any:
    """`at` where the mask `edge` is true, with its slopes, and `otherwise` elsewhere.

    A density `exp(logpdf)` has no slope at an end of the support, where the logarithm is infinite.
    """
    if not anywhere(edge):
        return otherwise(*given)
    y, *shapes = given
    near = at(np.where(edge, y, 0.5), *(np.where(edge, shape, 1) for shape in shapes))
    return np.where(edge, near, otherwise(np.where(edge, 0.5, y), *shapes))


# ---------------------------------------------------------------- formulas that need a thought


def gamma_logpdf(y: Any, a: Any) -> Any:
    return times_log(a - 1, y) - y - sc.gammaln(a)


def gamma_pdf(y: Any, a: Any) -> Any:
    at_zero = lambda y, a: np.power(y, a - 1) * np.exp(-y - sc.gammaln(a))
    edge = np.equal(value_of(y), 0)
    return at_edge(edge, at_zero, lambda y, a: np.exp(gamma_logpdf(y, a)), y, a)


def gamma_entropy(a: Any) -> Any:
    """`a + log gamma(a) + (1 - a) psi(a)`; for large `a` by the expansions of DLMF 5.11."""
    far = np.greater_equal(value_of(a), 250)
    near, large = np.where(far, 1, a), np.where(far, a, 250)
    regular = near + sc.gammaln(near) + (1 - near) * sc.psi(near)
    r = 1 / large
    series = -r * (1 / 3 + r * (1 / 12 + r * (1 / 90 - r / 120)))
    return np.where(far, (1 + log(2 * pi) + np.log(large)) / 2 + series, regular)


def beta_logpdf(y: Any, a: Any, b: Any) -> Any:
    return times_log(a - 1, y) + times_log1m(b - 1, y) - sc.betaln(a, b)


def beta_pdf(y: Any, a: Any, b: Any) -> Any:
    def at_ends(y: Any, a: Any, b: Any) -> Any:
        return np.power(y, a - 1) * np.power(1 - y, b - 1) * exp_below(-sc.betaln(a, b))

    plain = value_of(y)
    edge = np.logical_or(np.equal(plain, 0), np.equal(plain, 1))
    return at_edge(edge, at_ends, lambda y, a, b: np.exp(beta_logpdf(y, a, b)), y, a, b)


def beta_entropy(a: Any, b: Any) -> Any:
    total = a + b
    return sc.betaln(a, b) - (a - 1) * sc.psi(a) - (b - 1) * sc.psi(b) + (total - 2) * sc.psi(total)


def t_logpdf(y: Any, df: Any) -> Any:
    return t_scale(df) - (df + 1) / 2 * np.log1p(np.square(y) / df)


def or_normal(function: str, of_student: Any) -> Any:
    """A function of Student's distribution; for infinite degrees of freedom that of the normal."""

    def of_both(y: Any, df: Any) -> Any:
        infinite = seen(np.isinf(value_of(df)))
        student = of_student(y, chosen(infinite, 1, df))
        return (
            student if infinite is None else np.where(infinite, norm.formulas[function](y), student)
        )

    return of_both


def t_scale(df: Any) -> Any:
    """`log gamma((df + 1)/2) - log gamma(df/2) - log(π df)/2`, the density's logarithm at 0."""
    return np.log(sc.poch(df / 2, 0.5)) - (np.log(df) + log(pi)) / 2


def t_logcdf(y: Any, df: Any) -> Any:
    """`log(stdtr(df, y))`; far on the left that of `betainc(df/2, 1/2, df/(df + y²)) / 2`."""
    p = sc.stdtr(df, y)
    tiny = seen(np.less(value_of(p), TINY))
    if tiny is None:
        return log_of(p, sc.stdtr(df, -y))
    root = np.where(tiny, -y, 1) / np.sqrt(df)
    far = log_beta_tail(df / 2, 0.5, 1 / (1 + np.square(root)), 1 / (1 + 1 / np.square(root)))
    return where_tiny(tiny, far - log(2), p, sc.stdtr(df, -y))


def t_entropy(df: Any) -> Any:
    """`(df + 1)/2 (psi((df + 1)/2) - psi(df/2)) - t_scale(df)`; its expansion for large `df`."""
    far = np.greater_equal(value_of(df), 100)
    near, r = np.where(far, 1, df), 1 / np.where(far, df, 100)
    upper, half = (near + 1) / 2, near / 2
    regular = upper * (sc.psi(upper) - sc.psi(half)) - t_scale(near)
    series = r * (1 + r * (1 / 4 + r * (-1 / 6 + r * (-1 / 8 + r * (3 / 10 + r / 4)))))
    return np.where(far, HALF_LOG_2PI + 0.5 + series, regular)


def cauchy_logpdf(y: Any) -> Any:
    """`-log(π (1 + y²))`; far out with the square of `1/y`, as `y²` would overflow."""
    size = np.abs(y)
    far = np.greater(value_of(size), 1)
    if not anywhere(far):
        return -log(pi) - np.log1p(np.square(size))
    near, r = np.where(far, 0, size), 1 / np.where(far, size, 1)
    return -log(pi) - np.where(far, np.log1p(np.square(r)) - 2 * np.log(r), np.log1p(near * near))


def flat(y: Any) -> Any:
    """0 for every number, and NaN for NaN: no slope goes back through it."""
    return 0 * np.floor(y)


def falling(y: Any) -> Any:
    """`exp(-|y|) / 2`, with the slope of the left side at 0."""
    return np.exp(np.where(np.greater(value_of(y), 0), -y, y)) / 2


def laplace_cdf(y: Any) -> Any:
    half = falling(y)
    return np.where(np.greater(value_of(y), 0), 1 - half, half)


def laplace_logcdf(y: Any) -> Any:
    right = np.greater(value_of(y), 0)
    upper, lower = np.where(right, y, 0), np.where(right, 0, y)
    return np.where(right, np.log1p(np.exp(-upper) / -2), lower - log(2))


def of_logarithm(function: Any, at_zero: float) -> Any:
    """A function of `log(y)` and a shape as one of `y`, with its limit at 0."""

    def of_log(y: Any, s: Any) -> Any:
        zero = seen(np.equal(value_of(y), 0))
        return chosen(zero, at_zero, function(np.log(chosen(zero, 1, y)), s))

    return of_log


def lognorm_logpdf(logarithm: Any, s: Any) -> Any:
    """`-log(y)²/(2 s²) - log(s y √(2π))`, as a function of `log(y)`."""
    return np.square(logarithm / s) / -2 - (logarithm + (np.log(s) + HALF_LOG_2PI))


def weibull_logpdf(y: Any, c: Any) -> Any:
    return np.log(c) + times_log(c - 1, y) - np.power(y, c)


# ---------------------------------------------------------------- the table
# fmt: off
norm = Continuous("norm", {}, REAL, Formulas(
    logpdf=lambda y: np.square(y) / -2 - HALF_LOG_2PI,
    pdf=lambda y: np.exp(np.square(y) / -2) / sqrt(2 * pi),
    cdf=sc.ndtr, sf=lambda y: sc.ndtr(-y),
    logcdf=sc.log_ndtr, logsf=lambda y: sc.log_ndtr(-y),
    entropy=lambda: log(2 * pi * e) / 2,
), "The normal distribution: `pdf(y) = exp(-y²/2) / √(2π)`.")

t = Continuous("t", {"df": positive}, REAL, Formulas(
    logpdf=or_normal("logpdf", t_logpdf),
    cdf=or_normal("cdf", lambda y, df: sc.stdtr(df, y)), sf=or_normal("sf", lambda y, df: sc.stdtr(df, -y)),
    logcdf=or_normal("logcdf", t_logcdf), logsf=or_normal("logsf", lambda y, df: t_logcdf(-y, df)),
    entropy=t_entropy,
), "Student's distribution: `pdf(y) = (1 + y²/df)^(-(df+1)/2) / (√df beta(1/2, df/2))`.")

gamma = Continuous("gamma", {"a": positive}, POSITIVE, Formulas(
    logpdf=gamma_logpdf, pdf=gamma_pdf,
    cdf=lambda y, a: sc.gammainc(a, y), sf=lambda y, a: sc.gammaincc(a, y),
    logcdf=lambda y, a: log_gamma_tail(a, y, -1), logsf=lambda y, a: log_gamma_tail(a, y, 1),
    entropy=gamma_entropy,
), "The gamma distribution: `pdf(y) = y^(a-1) exp(-y) / gamma(a)`.")

chi2 = Continuous("chi2", {"df": positive}, POSITIVE, Formulas(
    logpdf=lambda y, df: times_log(df / 2 - 1, y) - y / 2 - (sc.gammaln(df / 2) + log(2) / 2 * df),
    pdf=lambda y, df: gamma_pdf(y / 2, df / 2) / 2,
    cdf=lambda y, df: sc.gammainc(df / 2, y / 2), sf=lambda y, df: sc.gammaincc(df / 2, y / 2),
    logcdf=lambda y, df: log_gamma_tail(df / 2, y / 2, -1), logsf=lambda y, df: log_gamma_tail(df / 2, y / 2, 1),
    entropy=lambda df: gamma_entropy(df / 2) + log(2),
), "The chi-square distribution: the gamma distribution with a = df/2 and a scale of 2.")

beta = Continuous("beta", {"a": positive, "b": positive}, UNIT, Formulas(
    logpdf=beta_logpdf, pdf=beta_pdf,
    cdf=lambda y, a, b: sc.betainc(a, b, y), sf=lambda y, a, b: sc.betaincc(a, b, y),
    logcdf=lambda y, a, b: log_beta_tail(a, b, y, 1 - y), logsf=lambda y, a, b: log_beta_tail(b, a, 1 - y, y),
    entropy=beta_entropy,
), "The beta distribution: `pdf(y) = y^(a-1) (1-y)^(b-1) / beta(a, b)`.")

expon = Continuous("expon", {}, POSITIVE, Formulas(
    logpdf=np.negative, pdf=lambda y: np.exp(-y),
    cdf=lambda y: -np.expm1(-y), sf=lambda y: np.exp(-y),
    logcdf=log_complement, logsf=np.negative,
    entropy=lambda: 1.0,
), "The exponential distribution: `pdf(y) = exp(-y)`; `scale` is the mean, one over the rate.")

uniform = Continuous("uniform", {}, UNIT, Formulas(
    logpdf=flat, pdf=lambda y: 1 + flat(y),
    cdf=np.positive, sf=lambda y: 1 - y,
    logcdf=np.log, logsf=lambda y: np.log1p(-y),
    entropy=lambda: 0.0,
), "The uniform distribution from `loc` to `loc + scale`.")

laplace = Continuous("laplace", {}, REAL, Formulas(
    logpdf=lambda y: -np.abs(y) - log(2), pdf=lambda y: np.exp(-np.abs(y)) / 2,
    cdf=laplace_cdf, sf=lambda y: laplace_cdf(-y),
    logcdf=laplace_logcdf, logsf=lambda y: laplace_logcdf(-y),
    entropy=lambda: log(2 * e),
), "Laplace's distribution: `pdf(y) = exp(-|y|) / 2`.")

cauchy = Continuous("cauchy", {}, REAL, Formulas(
    logpdf=cauchy_logpdf, pdf=lambda y: 1 / (pi * (1 + np.square(y))),
    cdf=lambda y: np.arctan2(1, -y) / pi, sf=lambda y: np.arctan2(1, y) / pi,
    entropy=lambda: log(4 * pi),
), "Cauchy's distribution: `pdf(y) = 1 / (π (1 + y²))`.")

lognorm = Continuous("lognorm", {"s": positive}, POSITIVE, Formulas(
    logpdf=of_logarithm(lognorm_logpdf, -inf),
    cdf=of_logarithm(lambda z, s: sc.ndtr(z / s), 0),
    sf=of_logarithm(lambda z, s: sc.ndtr(-z / s), 1),
    logcdf=of_logarithm(lambda z, s: sc.log_ndtr(z / s), -inf),
    logsf=of_logarithm(lambda z, s: sc.log_ndtr(-z / s), 0),
    entropy=lambda s: np.log(s) + log(2 * pi * e) / 2,
), "The distribution of `exp(s z)` for a normal `z`: `pdf(y) = exp(-log(y)²/(2s²)) / (s y √(2π))`.")

weibull_min = Continuous("weibull_min", {"c": positive}, POSITIVE, Formulas(
    logpdf=weibull_logpdf, pdf=lambda y, c: c * np.power(y, c - 1) * np.exp(-np.power(y, c)),
    cdf=lambda y, c: -np.expm1(-np.power(y, c)), sf=lambda y, c: np.exp(-np.power(y, c)),
    logcdf=lambda y, c: log_complement(np.power(y, c)), logsf=lambda y, c: -np.power(y, c),
    entropy=lambda c: np.euler_gamma + 1 - np.euler_gamma / c - np.log(c),
), "Weibull's distribution: `pdf(y) = c y^(c-1) exp(-y^c)`.")
# fmt: on
