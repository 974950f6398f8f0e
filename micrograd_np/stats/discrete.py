"""The discrete distributions: a declaration each, by functions of a count and the shapes.

Counts have no derivative: they are rounded down, and gradients in them are 0. Source: Johnson, Kemp
and Kotz, Univariate Discrete Distributions.
"""

from math import ceil, floor, inf, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.errors import NotDifferentiableError
from micrograd_np.stats.arguments import (
    anywhere,
    count,
    not_negative,
    positive,
    positive_probability,
    probability,
    seen,
)
from micrograd_np.stats.distribution import Discrete, Formulas
from micrograd_np.stats.logarithms import (
    exp_below,
    log_beta_tail,
    log_gamma_tail,
    times_log,
    times_log1m,
)

# ---------------------------------------------------------------- probabilities


def log_choices(n: Any, k: Any) -> Any:
    """`log(n! / (k! (n-k)!))`, by the beta function, in which the large logarithms cancel."""
    return -sc.betaln(n - k + 1, k + 1) - np.log1p(n)


def binom_logpmf(k: Any, n: Any, p: Any) -> Any:
    return log_choices(n, k) + times_log(k, p) + times_log1m(n - k, p)


def binom_pmf(k: Any, n: Any, p: Any) -> Any:
    """`exp(binom_logpmf)`; where p is 0 or 1, and its slope is lost so, by powers."""
    plain = value_of(p)
    edge = np.logical_or(np.equal(plain, 0), np.equal(plain, 1))
    if not anywhere(edge):
        return np.exp(binom_logpmf(k, n, p))
    at = np.where(edge, p, 0)
    powers = exp_below(log_choices(n, k)) * np.power(at, k) * np.power(1 - at, n - k)
    return np.where(edge, powers, np.exp(binom_logpmf(k, n, np.where(edge, 0.5, p))))


def poisson_logpmf(k: Any, mu: Any) -> Any:
    return times_log(k, mu) - sc.gammaln(k + 1) - mu


def poisson_pmf(k: Any, mu: Any) -> Any:
    """`exp(poisson_logpmf)`; where mu is 0, and its slope is lost so, by powers."""
    edge = np.equal(value_of(mu), 0)
    if not anywhere(edge):
        return np.exp(poisson_logpmf(k, mu))
    at = np.where(edge, mu, 0)
    powers = np.power(at, k) * np.exp(-at - sc.gammaln(k + 1))
    return np.where(edge, powers, np.exp(poisson_logpmf(k, np.where(edge, 1, mu))))


def log_repeated(k: Any, n: Any) -> Any:
    """`log(gamma(n + k) / (k! gamma(n)))`."""
    return sc.gammaln(n + k) - sc.gammaln(k + 1) - sc.gammaln(n)


def nbinom_logpmf(k: Any, n: Any, p: Any) -> Any:
    return log_repeated(k, n) + n * np.log(p) + times_log1m(k, p)


def nbinom_pmf(k: Any, n: Any, p: Any) -> Any:
    """`exp(nbinom_logpmf)`; where p is 1, and its slope is lost so, by powers."""
    edge = np.equal(value_of(p), 1)
    if not anywhere(edge):
        return np.exp(nbinom_logpmf(k, n, p))
    at, trials = np.where(edge, p, 1), np.where(edge, n, 1)
    powers = exp_below(log_repeated(k, trials)) * np.power(at, trials) * np.power(1 - at, k)
    return np.where(edge, powers, np.exp(nbinom_logpmf(k, n, np.where(edge, 0.5, p))))


# ---------------------------------------------------------------- entropies

MOST = 2_000_000  # terms of a sum
LEFT_OUT = 1e-22  # the probability of what is left out of a sum


def known(x: Any, name: str) -> Any:
    """The values of a parameter, by which the terms of a sum are counted.

    Raises NotDifferentiableError in a batch or a compiled program, where they are not known.
    """
    plain = value_of(x)
    if isinstance(plain, Interpreted):
        raise NotDifferentiableError(
            f"the entropy of micrograd_np.stats.{name} is a sum whose number of terms depends on "
            f"the values of the parameters, which are not known under vmap and mg.compile. Call "
            f"entropy outside of these, or sum over a fixed range of counts with {name}.logpmf."
        )
    plain = np.asarray(plain, dtype=float)
    return plain[np.isfinite(plain)]


def up_to(last: float, first: float = 0) -> Any:
    """The counts from `first` to `last`; raises ValueError for too many of them."""
    if last - first > MOST:
        raise ValueError(
            f"the entropy is a sum over {last - first:,.0f} counts here, and at most {MOST:,} are "
            f"summed. Use the entropy of the normal distribution with the same variance."
        )
    return np.arange(first, last + 1)


def entropy_over(counts: Any, distribution: Discrete, *shapes: Any) -> Any:
    """`-sum(p log p)` over counts, on an axis behind those of the shapes."""
    logarithm = distribution.logpmf(counts, *(np.expand_dims(x, -1) for x in shapes))
    impossible = np.equal(value_of(logarithm), -inf)
    logarithm = np.where(impossible, 0, logarithm)
    return -np.sum(np.where(impossible, 0, np.exp(logarithm) * logarithm), axis=-1)


def certain_at(rare: Any, safe: float, entropy: Any, x: Any) -> Any:
    """An entropy of `x`; where `rare(x)` is 0, and with it the entropy, that of `rare(x)`."""
    certain = seen(np.equal(value_of(rare(x)), 0))
    if certain is None:
        return entropy(x)
    return np.where(certain, sc.entr(rare(x)), entropy(np.where(certain, safe, x)))


def binom_entropy(n: Any, p: Any) -> Any:
    counts = up_to(np.max(known(n, "binom"), initial=0))

    def rarer(p: Any) -> Any:
        """The probability of the rarer outcome, if there is a trial."""
        less = np.where(np.less(value_of(p), 0.5), p, 1 - p)
        return np.where(np.equal(value_of(n), 0), 0, less)

    return certain_at(rarer, 0.5, lambda p: entropy_over(counts, binom, n, p), p)


def poisson_entropy(mu: Any) -> Any:
    """The sum over all counts within 14 standard deviations and 60 (Bennett's inequality)."""
    means = known(mu, "poisson")
    high, low = np.max(means, initial=0), np.min(means, initial=inf if means.size else 0)
    first = max(0, floor(low - 14 * sqrt(low) - 60))
    counts = up_to(ceil(high + 14 * sqrt(high) + 60), first)
    return certain_at(lambda mu: mu, 1, lambda mu: entropy_over(counts, poisson, mu), mu)


def nbinom_entropy(n: Any, p: Any) -> Any:
    """The sum over all counts up to a tail that is too small to matter."""
    known(n, "nbinom"), known(p, "nbinom")
    last = 64.0
    while last <= MOST and np.any(sc.betaincc(value_of(n), last, value_of(p)) > LEFT_OUT):
        last *= 2
    counts = up_to(last)
    return certain_at(lambda p: 1 - p, 0.5, lambda p: entropy_over(counts, nbinom, n, p), p)


# ---------------------------------------------------------------- the table
# fmt: off
bernoulli = Discrete("bernoulli", {"p": probability}, (0, 1), Formulas(
    logpdf=lambda k, p: times_log(k, p) + times_log1m(1 - k, p),
    pdf=lambda k, p: k * p + (1 - k) * (1 - p),
    cdf=lambda k, p: 1 - p + 0 * k, sf=lambda k, p: p + 0 * k,  # NaN for NaN
    entropy=lambda p: sc.entr(p) + sc.entr(1 - p),
), "One trial: `pmf(1) = p` and `pmf(0) = 1 - p`.")

binom = Discrete("binom", {"n": count, "p": probability}, (0, lambda n, p: n), Formulas(
    logpdf=binom_logpmf, pdf=binom_pmf,
    cdf=lambda k, n, p: sc.betaincc(k + 1, n - k, p), sf=lambda k, n, p: sc.betainc(k + 1, n - k, p),
    logcdf=lambda k, n, p: log_beta_tail(n - k, k + 1, 1 - p, p),
    logsf=lambda k, n, p: log_beta_tail(k + 1, n - k, p, 1 - p),
    entropy=binom_entropy,
), "The number of successes in n trials: `pmf(k) = n! / (k! (n-k)!) p^k (1-p)^(n-k)`.")

poisson = Discrete("poisson", {"mu": not_negative}, (0, inf), Formulas(
    logpdf=poisson_logpmf, pdf=poisson_pmf,
    cdf=lambda k, mu: sc.gammaincc(k + 1, mu), sf=lambda k, mu: sc.gammainc(k + 1, mu),
    logcdf=lambda k, mu: log_gamma_tail(k + 1, mu, 1), logsf=lambda k, mu: log_gamma_tail(k + 1, mu, -1),
    entropy=poisson_entropy,
), "Poisson's distribution: `pmf(k) = mu^k exp(-mu) / k!`.")

nbinom = Discrete("nbinom", {"n": positive, "p": positive_probability}, (0, inf), Formulas(
    logpdf=nbinom_logpmf, pdf=nbinom_pmf,
    cdf=lambda k, n, p: sc.betainc(n, k + 1, p), sf=lambda k, n, p: sc.betaincc(n, k + 1, p),
    logcdf=lambda k, n, p: log_beta_tail(n, k + 1, p, 1 - p), logsf=lambda k, n, p: log_beta_tail(k + 1, n, 1 - p, p),
    entropy=nbinom_entropy,
), "Failures before n successes: `pmf(k) = gamma(n+k) / (k! gamma(n)) p^n (1-p)^k`.")
# fmt: on
