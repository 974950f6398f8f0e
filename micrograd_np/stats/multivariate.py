"""Distributions of vectors: multivariate normal, Dirichlet and multinomial.

What depends on the values of an argument, such as the rank of a covariance, is found in the values
where they can be seen. In a batch or a compiled program they cannot. There SciPy's errors about
single entries become NaN, and a covariance that may be singular is refused.
"""

from collections.abc import Mapping, Sequence
from math import e, inf, log, pi
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array
from micrograd_np.core.record import value_of
from micrograd_np.errors import NotDifferentiableError
from micrograd_np.stats.arguments import SEEN, anywhere, chosen, floats, joined, seen
from micrograd_np.stats.discrete import binom, known, up_to
from micrograd_np.stats.distribution import SILENT, Distribution, single
from micrograd_np.stats.logarithms import times_log


class Multivariate(Distribution):
    """A distribution of vectors, with SciPy's functions, parameters and values."""


# ---------------------------------------------------------------- normal


class MultivariateNormal(Multivariate):
    """The multivariate normal distribution, `multivariate_normal(mean=None, cov=1)`.

    `pdf(x) = exp(-(x - mean)ᵀ cov⁻¹ (x - mean) / 2) / √det(2π cov)`. The last axis of `x` holds the
    coordinates. `mean` is a vector, zero unless given; `cov` a matrix, the diagonal of one, or a
    number. Of a matrix the lower triangle is read, as in SciPy, and its gradient is symmetric:
    that of the matrix moved symmetrically. With `allow_singular=True` the density is that on the
    range of `cov`, and its gradient the one at constant rank.

    Raises LinAlgError for a singular covariance unless `allow_singular`, and ValueError for shapes
    that do not fit and for a covariance that is not positive semidefinite.

    >>> multivariate_normal.logpdf([0.0, 1.0], cov=[[2.0, 0.5], [0.5, 1.0]]).round(4)
    np.float64(-2.6891)
    """

    name = "multivariate_normal"
    names = ("mean", "cov", "allow_singular")
    needed = 0
    functions = ("logpdf", "pdf", "entropy")

    def logpdf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the density at each vector `x[..., :]`."""
        x, mean, cov, singular = self.arguments(x, args, keywords)
        deviation = x if mean is None else x - mean
        if deviation.shape[-1] != cov.shape[-1]:
            deviation = np.broadcast_to(deviation, (*deviation.shape[:-1], cov.shape[-1]))
        spread = Spread(cov, singular)
        distance = spread.distance(deviation)
        out = (distance + (spread.log_det() + spread.rank * log(2 * pi))) / -2
        outside = spread.outside(deviation)
        out = chosen(outside, -inf, out)
        return single(out.reshape(()) if out.size == 1 else out)  # as in SciPy

    def pdf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The density at each vector `x[..., :]`."""
        return np.exp(self.logpdf(x, *args, **keywords))

    def entropy(self, *args: Any, **keywords: Any) -> Any:
        """The entropy `log det(2π e cov) / 2`."""
        _, _, cov, singular = self.arguments(None, args, keywords)
        spread = Spread(cov, singular)
        return (spread.rank * log(2 * pi * e) + spread.log_det()) / 2

    def arguments(self, x: Any, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """The vectors, the mean or None, the covariance, and whether it may be singular."""
        mean, cov, singular = self.parameters(args, keywords)
        x, mean, cov = floats([x, mean, 1 if cov is None else cov], self.name)
        size = mean.size if mean is not None else cov.shape[0] if cov.ndim == 2 else 1
        if mean is not None and mean.ndim == 0:
            mean = mean.reshape(1)
        cov = matrix(cov, size)
        if mean is not None and mean.shape != (size,):
            raise ValueError(f"`mean` is a vector of length {size}; its shape is {mean.shape}.")
        if x is not None and (x.ndim == 0 or (x.ndim == 1 and size == 1)):
            x = x[..., np.newaxis]
        if x is not None and x.shape[-1] not in (1, size):
            raise ValueError(
                f"the last axis of `x` holds the {size} coordinates; its shape is {x.shape}."
            )
        return x, mean, cov, bool(singular)


def matrix(cov: Any, size: int) -> Any:
    """A covariance matrix, from one, from its diagonal, or from a number."""
    if size == 1 and cov.size == 1:
        return cov.reshape(1, 1)
    if cov.ndim == 0:
        return cov * np.eye(size, dtype=cov.dtype)
    if cov.ndim == 1:
        cov = np.diag(cov)
    if cov.shape != (size, size):
        raise ValueError(
            f"`cov` is a matrix of shape {(size, size)}, its diagonal, or a number, for vectors of "
            f"length {size}; its shape is {cov.shape}."
        )
    return cov


class Spread:
    """A covariance as a density needs it: its rank, its logarithmic determinant, its inverse."""

    def __init__(self, cov: Any, singular: bool) -> None:
        self.cov, self.rank, self.null = cov, cov.shape[-1], None
        plain = value_of(cov)
        if isinstance(plain, SEEN):
            self.rank, self.null, self.tolerance = examined(plain, singular)
        elif singular:
            raise NotDifferentiableError(
                "multivariate_normal(allow_singular=True) counts the eigenvalues of the covariance "
                "that are not 0, whose values are not known under vmap and mg.compile. Call it "
                "outside of these, or give a covariance that is not singular."
            )
        self.factor: Any = np.linalg.cholesky(cov) if self.rank == cov.shape[-1] else None

    def log_det(self) -> Any:
        """The logarithm of the determinant, of a singular covariance of the pseudodeterminant."""
        if self.factor is None:
            return self.log_pdet()
        return 2 * np.sum(np.log(np.diagonal(self.factor)))

    def log_pdet(self) -> Any:
        """The logarithm of the product of all eigenvalues but those that are 0."""
        return np.sum(np.log(np.linalg.eigvalsh(self.cov)[-self.rank :])) if self.rank else 0.0

    def distance(self, deviation: Any) -> Any:
        """`dᵀ cov⁻¹ d` for each vector `d`, with the pseudoinverse of a singular covariance."""
        if self.factor is None:
            return np.sum(deviation * (deviation @ self.inverse()), axis=-1)
        rows = deviation.reshape(-1, self.cov.shape[-1])
        white = np.linalg.solve(self.factor, rows.T)
        return np.sum(np.square(white), axis=0).reshape(deviation.shape[:-1])

    def inverse(self) -> Any:
        """The pseudoinverse, of the rank that was found."""
        largest = np.max(np.abs(np.linalg.eigvalsh(value_of(self.cov))))
        return np.linalg.pinv(self.cov, rcond=self.tolerance / (largest or 1), hermitian=True)

    def outside(self, deviation: Any) -> Any:
        """The mask of the vectors that a singular covariance cannot reach, or None."""
        if self.null is None:
            return None
        away = np.linalg.norm(value_of(deviation) @ self.null, axis=-1)
        return seen(np.greater_equal(away, 1000 * self.tolerance))


def examined(cov: Array, singular: bool) -> tuple[int, Any, float]:
    """The rank of a covariance, a basis of its null space or None, and the size counted as 0.

    Eigenvalues count as 0 below a million rounding errors of the largest, as in SciPy.
    """
    values, vectors = np.linalg.eigh(cov)
    factor = 1e3 if values.dtype == np.float32 else 1e6
    tolerance = factor * np.finfo(values.dtype).eps * np.max(np.abs(values))
    if np.min(values) < -tolerance:
        raise ValueError(
            f"the covariance must be positive semidefinite; it has the eigenvalue {values.min():g}."
        )
    small = values <= tolerance
    if np.any(small) and not singular:
        raise np.linalg.LinAlgError(
            f"the covariance is singular: {np.sum(small)} of its {small.size} eigenvalues are 0 up "
            f"to rounding. Give `allow_singular=True` for the density on its range."
        )
    return int(np.sum(~small)), vectors[:, small] if np.any(small) else None, float(tolerance)


# ---------------------------------------------------------------- Dirichlet


class Dirichlet(Multivariate):
    """The Dirichlet distribution, `dirichlet(alpha)`, of probabilities that add up to 1.

    `pdf(x) = gamma(sum(alpha)) prod(x[i]^(alpha[i] - 1) / gamma(alpha[i]))`. The first axis of `x`
    holds the probabilities, as in SciPy; the last of them may be left out. The gradient in `x` is
    that of the formula, in which all given entries vary freely.

    Raises ValueError for concentrations `alpha` that are not positive or no vector, and for entries
    outside of the simplex.

    >>> dirichlet.logpdf([0.2, 0.8], [1.0, 2.0]).round(4)
    np.float64(0.47)
    """

    name = "dirichlet"
    names = ("alpha",)
    needed = 1
    functions = ("logpdf", "pdf", "mean", "var", "entropy")

    def logpdf(self, x: Array, alpha: Array) -> Any:
        """The logarithm of the density at each `x[:, ...]`."""
        x, alpha = floats([x, alpha], self.name)
        alpha = self.checked(alpha)
        x = self.simplex(x, alpha)
        with np.errstate(**SILENT):
            terms = times_log(alpha.reshape(-1, *[1] * (x.ndim - 1)) - 1, x)
            return np.sum(terms, axis=0) - self.log_beta(alpha)

    def pdf(self, x: Array, alpha: Array) -> Any:
        """The density at each `x[:, ...]`."""
        return np.exp(self.logpdf(x, alpha))

    def entropy(self, alpha: Array) -> Any:
        """`log B + (a - K) psi(a) - sum((alpha - 1) psi(alpha))`, where `a` is the sum of all K."""
        alpha = self.checked(*floats([alpha], self.name))
        total = np.sum(alpha)
        terms = np.sum((alpha - 1) * sc.psi(alpha))
        return self.log_beta(alpha) + (total - alpha.shape[0]) * sc.psi(total) - terms

    def mean(self, alpha: Array) -> Any:
        """The mean, `alpha / sum(alpha)`."""
        alpha = self.checked(*floats([alpha], self.name))
        return alpha / np.sum(alpha)

    def var(self, alpha: Array) -> Any:
        """The variance of each entry, `m (1 - m) / (sum(alpha) + 1)` for the mean m."""
        mean = self.mean(alpha)
        return mean * (1 - mean) / (np.sum(joined(alpha)) + 1)

    def log_beta(self, alpha: Any) -> Any:
        """The logarithm of `prod(gamma(alpha)) / gamma(sum(alpha))`."""
        return np.sum(sc.gammaln(alpha)) - sc.gammaln(np.sum(alpha))

    def checked(self, alpha: Any) -> Any:
        """The concentrations; raises ValueError unless they are a vector of positive numbers."""
        if alpha.ndim != 1:
            raise ValueError(f"`alpha` is a vector; its shape is {alpha.shape}.")
        bad = np.less_equal(value_of(alpha), 0)
        if isinstance(bad, SEEN) and np.any(bad):
            raise ValueError(f"all of `alpha` must be greater than 0: {value_of(alpha)!r:.80}.")
        return chosen(seen(bad), np.nan, alpha)

    def simplex(self, x: Any, alpha: Any) -> Any:
        """The entries with the last of them, checked; NaN for bad ones that cannot be seen."""
        size = alpha.shape[0]
        if x.ndim == 0 or x.shape[0] not in (size - 1, size):
            raise ValueError(
                f"`x` has {size} entries along its first axis, as `alpha` has, or one less; its "
                f"shape is {x.shape}."
            )
        if x.shape[0] != size:
            x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
        plain = value_of(x)
        bad = np.logical_or(np.less(plain, 0), np.greater(plain, 1))
        steep = np.less(value_of(alpha), 1).reshape(-1, *[1] * (x.ndim - 1))
        bad = np.logical_or(bad, np.logical_and(np.equal(plain, 0), steep))
        bad = np.logical_or(bad, np.greater(np.abs(np.sum(plain, axis=0) - 1), 1e-9))
        if isinstance(bad, SEEN) and np.any(bad):
            raise ValueError(
                "the entries of `x` must lie between 0 and 1, add up to 1, and be above 0 where "
                f"`alpha` is less than one; given: {plain!r:.80}."
            )
        return chosen(seen(bad), np.nan, x)


# ---------------------------------------------------------------- multinomial


class Multinomial(Multivariate):
    """The multinomial distribution, `multinomial(n, p)`, of counts that add up to n.

    `pmf(x) = n! prod(p[i]^x[i] / x[i]!)`. The last axis of `x` and of `p` holds the categories. If
    the probabilities do not add up to 1, the result is NaN, as in SciPy since 1.18. Counts have no
    derivative. The gradient in `p` is that of the formula, in which all entries vary freely.

    >>> multinomial.logpmf([1, 2], 3, [0.4, 0.6]).round(4)
    np.float64(-0.8393)
    """

    name = "multinomial"
    names = ("n", "p")
    needed = 2
    functions = ("logpmf", "pmf", "entropy")

    def logpmf(self, x: Array, n: Array, p: Array) -> Any:
        """The logarithm of the probability of each `x[..., :]`; -inf if the sum is not n."""
        x, n, p = floats([x, n, p], self.name)
        x, n = value_of(x), value_of(n)
        p, inside = self.checked(n, p)
        if x.ndim == 0 or x.shape[-1] != p.shape[-1]:
            raise ValueError(
                f"the last axis of `x` holds the {p.shape[-1]} counts; its shape is {x.shape}."
            )
        outside = np.any(np.logical_or(np.less(x, 0), np.not_equal(x, np.floor(x))), axis=-1)
        outside = seen(np.logical_or(outside, np.not_equal(np.sum(x, axis=-1), n)))
        mask = outside if outside is None else outside[..., np.newaxis]
        counts = chosen(mask, 0, x)
        with np.errstate(**SILENT):
            terms = times_log(counts, p) - sc.gammaln(counts + 1)
            out = chosen(outside, -inf, sc.gammaln(n + 1) + np.sum(terms, axis=-1))
        return out if inside is None else np.where(inside, out, np.nan)

    def pmf(self, x: Array, n: Array, p: Array) -> Any:
        """The probability of each `x[..., :]`; 0 if the sum is not n."""
        return np.exp(self.logpmf(x, n, p))

    def entropy(self, n: Array, p: Array) -> Any:
        """`-log n! - n sum(p log p) + sum(E log x[i]!)`, the last a sum over counts."""
        n, p = floats([n, p], self.name)
        n = value_of(n)
        p, inside = self.checked(n, p)
        counts = up_to(np.max(known(n, self.name), initial=1), 1)
        pmf = binom.pmf(counts, n[..., np.newaxis, np.newaxis], p[..., np.newaxis])
        rest = np.sum(pmf * sc.gammaln(counts + 1), axis=(-1, -2))
        out = n * np.sum(sc.entr(p), axis=-1) - sc.gammaln(n + 1) + rest
        return out if inside is None else np.where(inside, out, np.nan)

    def checked(self, n: Any, p: Any) -> tuple[Any, Any]:
        """The probabilities, and the mask of parameters in their domains; None if all are."""
        if p.ndim == 0:
            raise ValueError("`p` holds the probabilities along its last axis; it is a number.")
        plain = value_of(p)
        off = np.abs(1 - np.sum(plain, axis=-1))
        bad = np.any(np.logical_or(np.less(plain, 0), np.greater(plain, 1)), axis=-1)
        bad = np.logical_or(bad, np.greater(off, 10 * np.finfo(p.dtype).eps))
        bad = np.logical_or(bad, np.logical_or(np.less(n, 0), np.not_equal(n, np.floor(n))))
        if not anywhere(bad):
            return p, None
        return np.where(bad[..., np.newaxis], 1, p), np.logical_not(bad)


multivariate_normal = MultivariateNormal()
dirichlet = Dirichlet()
multinomial = Multinomial()
