"""The speed of log-densities and their gradients, against the expressions written by hand.

`python -m pytest tests/benchmarks/test_stats_speed.py -m benchmark -s` prints the tables.
"""

from math import log, pi
from typing import Any

import numpy as np
import pytest
import scipy.special as sc
import timing

from micrograd_np import Tensor, stats

HALF = log(2 * pi) / 2

# Ours, by hand, the parameters, and whether the argument is a count.
# fmt: off
TASKS: dict[str, tuple[Any, Any, tuple[float, ...], bool]] = {
    "norm": (stats.norm.logpdf, lambda x, m, s: np.square((x - m) / s) / -2 - np.log(s) - HALF, (0.3, 1.2), False),
    "t": (stats.t.logpdf, lambda x, df, m, s: sc.gammaln((df + 1) / 2) - sc.gammaln(df / 2) - np.log(pi * df) / 2 - (df + 1) / 2 * np.log1p(np.square((x - m) / s) / df) - np.log(s), (3.5, 0.2, 1.1), False),
    "gamma": (lambda x, a, s: stats.gamma.logpdf(x, a, scale=s), lambda x, a, s: (a - 1) * np.log(x / s) - x / s - sc.gammaln(a) - np.log(s), (2.3, 1.1), False),
    "beta": (stats.beta.logpdf, lambda x, a, b: (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - sc.betaln(a, b), (2.0, 3.0), False),
    "chi2": (stats.chi2.logpdf, lambda x, d: (d / 2 - 1) * np.log(x) - x / 2 - sc.gammaln(d / 2) - d * (log(2) / 2), (3.0,), False),
    "expon": (lambda x, s: stats.expon.logpdf(x, scale=s), lambda x, s: np.where(x >= 0, -x / s - np.log(s), -np.inf), (1.1,), False),
    "uniform": (lambda x, s: stats.uniform.logpdf(x, scale=s), lambda x, s: np.where((x >= 0) & (x <= s), -np.log(s), -np.inf), (1.5,), False),
    "laplace": (stats.laplace.logpdf, lambda x, m, s: -np.abs((x - m) / s) - np.log(2 * s), (0.3, 1.2), False),
    "cauchy": (stats.cauchy.logpdf, lambda x, m, s: -np.log1p(np.square((x - m) / s)) - np.log(pi * s), (0.3, 1.2), False),
    "lognorm": (lambda x, k, s: stats.lognorm.logpdf(x, k, scale=s), lambda x, k, s: np.square(np.log(x / s) / k) / -2 - np.log(x / s) - np.log(k) - HALF - np.log(s), (0.7, 1.1), False),
    "weibull_min": (lambda x, c, s: stats.weibull_min.logpdf(x, c, scale=s), lambda x, c, s: np.log(c) + (c - 1) * np.log(x / s) - (x / s) ** c - np.log(s), (1.5, 1.2), False),
    "bernoulli": (stats.bernoulli.logpmf, lambda k, p: k * np.log(p) + (1 - k) * np.log1p(-p), (0.3,), True),
    "binom": (lambda k, p: stats.binom.logpmf(k, 20, p), lambda k, p: sc.gammaln(21.0) - sc.gammaln(k + 1) - sc.gammaln(21 - k) + sc.xlogy(k, p) + sc.xlog1py(20 - k, -p), (0.3,), True),
    "poisson": (stats.poisson.logpmf, lambda k, m: k * np.log(m) - m - sc.gammaln(k + 1), (3.2,), True),
    "nbinom": (stats.nbinom.logpmf, lambda k, n, p: sc.gammaln(n + k) - sc.gammaln(n) - sc.gammaln(k + 1) + n * np.log(p) + k * np.log1p(-p), (3.5, 0.4), True),
}
# fmt: on


def gradients(logpdf: Any, x: Any, parameters: tuple[float, ...], count: bool) -> list[Any]:
    """The gradients of the sum of a log-density in its argument and in its parameters."""
    given = [x if count else Tensor(x, requires_grad=True)]
    given += [Tensor(value, requires_grad=True) for value in parameters]
    np.sum(logpdf(*given)).backward()
    return [0 if leaf.grad is None else leaf.grad for leaf in given[count:]]


def points(size: int, count: bool) -> Any:
    rng = np.random.default_rng(0)
    return rng.integers(0, 2, size).astype(float) if count else rng.uniform(0.1, 0.9, size)


@pytest.mark.thorough
@pytest.mark.parametrize("name", TASKS)
def test_both_have_the_same_gradients(name: str) -> None:
    ours, by_hand, parameters, count = TASKS[name]
    x = points(100, count)
    pairs = (gradients(f, x, parameters, count) for f in (ours, by_hand))
    for found, right in zip(*pairs, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)


@pytest.mark.benchmark
@pytest.mark.parametrize("size", [1_000, 100_000])
@pytest.mark.parametrize("name", TASKS)
def test_time_of_a_gradient(name: str, size: int) -> None:
    ours, by_hand, parameters, count = TASKS[name]
    x = points(size, count)

    def contender(logpdf: Any) -> Any:
        return lambda times: [gradients(logpdf, x, parameters, count) for _ in range(times)]

    contenders = {"stats": contender(ours), "by hand": contender(by_hand)}
    times = dict.fromkeys(contenders, 20_000 // size + 1)
    timings = timing.interleaved(contenders, times, rounds=11)
    print(
        f"\n\n{timing.table(f'{name}, {size:,} numbers', 'µs a gradient', 1e6, timings, 'by hand')}"
    )
    print(timing.judged(timing.Goal("stats", 2.0, ["by hand"]), timings))
