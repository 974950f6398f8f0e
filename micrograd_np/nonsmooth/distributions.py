"""Distributions of `micrograd_np.stats` at the ends of their support, and at parameters of their edge.

An end belongs to the support. The slope of a density there is the limit from inside, and that of a
distribution function is the density.
"""

from micrograd_np.nonsmooth.convention import INF, NAN, row

# fmt: off
TOPIC = "Distributions"
ROWS = [
    row("mg.stats.expon.logpdf(x)", {"x": [-1.0, 0.0]}, [0, -1], "flat outside of the support, to which its end belongs", jax=("jax.scipy.stats.expon.logpdf(x)", [0, -1])),
    row("mg.stats.expon.cdf(x)", {"x": [-1.0, 0.0]}, [0, 1], "the density", jax=("jax.scipy.stats.expon.cdf(x)", [0, 1])),
    row("mg.stats.uniform.cdf(x)", {"x": [0.0, 1.0, 2.0]}, [1, 1, 0], "the density", jax=("jax.scipy.stats.uniform.cdf(x)", [1, 1, 0])),
    row("mg.stats.uniform.logpdf(x, 0, y)", {"x": 2.0, "y": 1.0}, (0, 0), "outside of the support", jax=("jax.scipy.stats.uniform.logpdf(x, 0, y)", (0, 0))),
    row("mg.stats.laplace.logpdf(x)", {"x": 0.0}, 0, "as abs", jax=("jax.scipy.stats.laplace.logpdf(x)", -1)),
    row("mg.stats.laplace.cdf(x)", {"x": 0.0}, 0.5, "the density", jax=("jax.scipy.stats.laplace.cdf(x)", 0.5)),
    row("mg.stats.norm.logpdf(x)", {"x": INF}, 0, "infinite numbers are outside of the support", jax=("jax.scipy.stats.norm.logpdf(x)", -INF)),
    row("mg.stats.norm.cdf(x, 0, y)", {"x": INF, "y": 1.0}, (0, 0), "the limits, as of a truncated distribution without a bound", jax=("jax.scipy.stats.norm.cdf(x, 0, y)", (0, NAN))),
    row("mg.stats.norm.logpdf(x, 0, y)", {"x": 1.0, "y": -1.0}, (NAN, 0), "the value is NaN, whatever the bad scale is", jax=("jax.scipy.stats.norm.logpdf(x, 0, y)", (-1, 0))),
    row("mg.stats.gamma.logpdf(x, 2.0)", {"x": 0.0}, INF, "the limit", jax=("jax.scipy.stats.gamma.logpdf(x, 2.0)", INF)),
    row("mg.stats.gamma.pdf(x, 2.0)", {"x": 0.0}, 1, "the limit", jax=("jax.scipy.stats.gamma.pdf(x, 2.0)", NAN)),
    row("mg.stats.gamma.pdf(x, 1.0)", {"x": 0.0}, -1, "the limit", jax=("jax.scipy.stats.gamma.pdf(x, 1.0)", NAN)),
    row("mg.stats.beta.pdf(x, 2.0, 2.0)", {"x": [0.0, 1.0]}, [6, -6], "the limits", jax=("jax.scipy.stats.beta.pdf(x, 2.0, 2.0)", [NAN, NAN])),
    row("mg.stats.weibull_min.pdf(x, 2.0)", {"x": 0.0}, 2, "the limit"),
    row("mg.stats.lognorm.pdf(x, 1.0)", {"x": 0.0}, 0, "the limit"),
    row("mg.stats.poisson.logpmf(x, y)", {"x": 3.0, "y": 2.0}, (0, 0.5), "counts have no derivative", jax=("jax.scipy.stats.poisson.logpmf(x, y)", (-0.5629704878718554, 0.5))),
    row("mg.stats.poisson.cdf(x, 2.0)", {"x": 3.0}, 0, "a step", jax=("jax.scipy.stats.poisson.cdf(x, 2.0)", 0)),
    row("mg.stats.poisson.pmf(1, x)", {"x": 0.0}, 1, "the limit", jax=("jax.scipy.stats.poisson.pmf(1, x)", NAN)),
    row("mg.stats.poisson.entropy(x)", {"x": 0.0}, INF, "the limit"),
    row("mg.stats.binom.logpmf(1, 3, x)", {"x": 0.0}, INF, "the limit", jax=("jax.scipy.stats.binom.logpmf(1, 3, x)", INF)),
    row("mg.stats.binom.pmf(2, 2, x)", {"x": 1.0}, 2, "the limit", jax=("jax.scipy.stats.binom.pmf(2, 2, x)", NAN)),
    row("mg.stats.binom.entropy(3, x)", {"x": [0.0, 1.0]}, [INF, -INF], "the limits"),
    row("mg.stats.multivariate_normal.logpdf(np.array([1.0, 0.0]), None, x)", {"x": [[2.0, 1.0], [1.0, 2.0]]}, [[-1 / 9, 1 / 18], [1 / 18, -5 / 18]], "as the lower triangle is read, the gradient is symmetric", op="mg.stats.multivariate_normal.logpdf"),
]
# fmt: on
