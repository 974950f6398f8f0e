"""Distributions of vectors against SciPy: values, derivatives, and what is refused."""

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.stats
from folding import each

import micrograd_np as mg
from micrograd_np import Tensor, stats
from micrograd_np.errors import NotDifferentiableError
from micrograd_np.stats.multivariate import Multivariate

RNG = np.random.default_rng(3)
FACTOR = RNG.normal(size=(3, 3))
COV = FACTOR @ FACTOR.T + np.eye(3)
THIN = RNG.normal(size=(3, 2))  # of which a singular covariance is made
X = RNG.normal(size=(4, 5, 3))
MEAN = RNG.normal(size=3)
ALPHA = np.array([0.7, 1.0, 2.5])
SHARES = RNG.dirichlet(ALPHA, 4).T / 2 + 1 / 6
P = np.array([0.2, 0.3, 0.5])
COUNTS = [[1, 2, 3], [2, 2, 2], [0, 0, 6], [1, 1, 1], [-1, 3, 4], [1.5, 1.5, 3]]

PLACED: dict[str, list[Any]] = {
    "multivariate_normal": [
        (X, MEAN, COV), (X[0], MEAN, COV), (X[0, 0], MEAN, COV), (X[0, 0], MEAN, 2.0),
        (X[0, 0], None, COV), (X[0], MEAN, [1.0, 2.0, 3.0]), (0.3,), (X[0, 0], 1.0, 2.0),
        (0.5, 0.3, 2.0), (X[0, 0], [0.3], [[2.0]]), (X[..., :1], 0.0, 1.0),
        (np.concatenate([X[0, :3, :2] @ THIN.T, X[0, 3:]]), None, THIN @ THIN.T, True),
        (X[0], MEAN, COV, True),
    ],
    "dirichlet": [
        (SHARES, ALPHA), (SHARES[:, 0], ALPHA), (SHARES[:2], ALPHA), (SHARES[:2, 0], ALPHA),
    ],
    "multinomial": [
        (COUNTS, 6, P), (COUNTS[0], 6, P), (COUNTS[0], [6, 7], P), ([0, 0, 0], 0, P),
        (COUNTS[0], 6, [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [1.2, -0.1, -0.1]]), (COUNTS[0], -1, P),
        ([0, 3, 3], 6, [0.0, 0.5, 0.5]), ([1, 3, 2], 6, [0.0, 0.5, 0.5]),
    ],
}  # fmt: skip
EXPECTED = [(name, f) for name in PLACED for f in getattr(stats, name).functions]


def test_every_distribution_has_a_row() -> None:
    there = {name for name, value in vars(stats).items() if isinstance(value, Multivariate)}
    assert there == PLACED.keys()


@each(("name", "function"), EXPECTED)
def test_values_are_scipys(name: str, function: str) -> None:
    ours = getattr(getattr(stats, name), function)
    for args in PLACED[name]:
        given = args if function.startswith(("log", "p")) else args[1:]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if function == "entropy" and given and given[-1] is True:  # which SciPy's does not take
                right = scipy.stats.multivariate_normal(*given).entropy()
            else:
                right = getattr(getattr(scipy.stats, name), function)(*given)
        found = ours(*given)
        np.testing.assert_allclose(found, right, rtol=1e-12, err_msg=f"{given}")
        assert np.shape(found) == np.shape(right)


# ---------------------------------------------------------------- derivatives

NORMAL, DIRICHLET = stats.multivariate_normal, stats.dirichlet
MULTINOMIAL = stats.multinomial
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "normal": (lambda x, m, c: np.sum(NORMAL.logpdf(x, m, c)), [X[0, :2], MEAN, COV]),
    "diagonal": (lambda x, c: np.sum(NORMAL.pdf(x, MEAN, c)), [X[0, :2], MEAN**2 + 1]),
    "singular": (
        lambda b: np.sum(NORMAL.logpdf(X[0, :2, :2] @ b.T, cov=b @ b.T, allow_singular=True)),
        [THIN],
    ),
    "entropy": (lambda c: stats.multivariate_normal.entropy(cov=c), [COV]),
    "dirichlet": (lambda x, a: np.sum(stats.dirichlet.logpdf(x, a)), [SHARES[:2], ALPHA]),
    "dirichlet-rest": (
        lambda a: stats.dirichlet.entropy(a) + np.sum(stats.dirichlet.var(a) * a), [ALPHA],
    ),
    "multinomial": (
        lambda z: (
            MULTINOMIAL.logpmf([1, 2, 3], 6, mg.softmax(z)) + MULTINOMIAL.entropy(6, mg.softmax(z))
        ),
        [P],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["normal", "singular", "multinomial"])
def test_derivatives(name: str) -> None:
    f, inputs = FUNCTIONS[name]
    mg.assert_gradcheck(f, inputs)


@pytest.mark.thorough
@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives(name: str) -> None:
    f, inputs = FUNCTIONS[name]
    mg.assert_gradcheck(f, inputs, order=2)


def test_the_gradient_in_a_covariance_is_symmetric() -> None:
    """That of `-(tr(C⁻¹) - |C⁻¹ x|²)/2` in matrix form (Petersen and Pedersen, section 2)."""
    x, inverse = X[0, 0], np.linalg.inv(COV)
    found = mg.grad(lambda c: stats.multivariate_normal.logpdf(x, cov=c))(COV)
    away = inverse @ x
    np.testing.assert_allclose(found, (np.outer(away, away) - inverse) / 2, rtol=1e-11)


def test_in_batches_and_compiled() -> None:
    def by_rows(c: Any) -> Any:
        return stats.multivariate_normal.logpdf(X[0], MEAN, c)

    several = np.stack([COV, 2 * COV])
    np.testing.assert_allclose(mg.vmap(by_rows)(several), [by_rows(c) for c in several], rtol=1e-13)
    np.testing.assert_allclose(mg.compile(by_rows)(COV), by_rows(COV), rtol=1e-13)
    shares = mg.vmap(lambda x: stats.dirichlet.logpdf(x, ALPHA))(SHARES.T)
    np.testing.assert_allclose(shares, stats.dirichlet.logpdf(SHARES, ALPHA), rtol=1e-13)
    counts = mg.vmap(lambda x: stats.multinomial.logpmf(x, 6, P))(np.array(COUNTS, float))
    np.testing.assert_allclose(counts, stats.multinomial.logpmf(COUNTS, 6, P), rtol=1e-13)


def test_a_bad_entry_in_a_batch_gives_nan() -> None:
    bad = np.array([[0.2, 0.3, 0.5], [0.2, 0.3, 0.4]])
    found = mg.vmap(lambda x: stats.dirichlet.logpdf(x, ALPHA))(bad)
    assert np.isnan(found).tolist() == [False, True]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: NORMAL.logpdf(X, None, THIN @ THIN.T), np.linalg.LinAlgError, "allow_singular"),
        (lambda: NORMAL.logpdf(X, None, -COV), ValueError, "semidefinite"),
        (lambda: NORMAL.logpdf(X, None, COV[:2]), ValueError, "shape"),
        (lambda: NORMAL.logpdf(X[..., :2], None, COV), ValueError, "3 coordinates"),
        (lambda: NORMAL.logpdf(X, np.ones(2), COV), ValueError, "of length"),
        (lambda: DIRICHLET.logpdf([0.5, 0.5], [1.0, -1.0]), ValueError, "greater than 0"),
        (lambda: DIRICHLET.logpdf([0.5, 0.4], [1.0, 1.0]), ValueError, "add up to 1"),
        (lambda: DIRICHLET.logpdf([0.0, 1.0], [0.5, 1.0]), ValueError, "less than one"),
        (lambda: DIRICHLET.logpdf([0.5, 0.5], [1.0, 1.0, 1.0, 1.0]), ValueError, "4 entries"),
        (lambda: MULTINOMIAL.logpmf([1, 2], 3, P), ValueError, "3 counts"),
        (lambda: MULTINOMIAL.pmf([1, 2, 3], p=P), TypeError, r"missing .*'n'"),
        (
            lambda: mg.vmap(lambda c: NORMAL.logpdf(X[0], None, c, True))(COV[None]),
            NotDifferentiableError, "eigenvalues",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_frozen_vectors() -> None:
    cov = Tensor(COV, requires_grad=True)
    frozen = stats.multivariate_normal(MEAN, cov)
    np.testing.assert_allclose(
        frozen.pdf(X).data, scipy.stats.multivariate_normal(MEAN, COV).pdf(X)
    )
    frozen.entropy().backward()
    np.testing.assert_allclose(cov.grad, np.linalg.inv(COV) / 2, rtol=1e-11)


def test_one_coordinate_stands_for_all_beside_a_singular_covariance() -> None:
    x, cov = np.array([[0.5], [-1.0]]), np.ones((2, 2))
    right = scipy.stats.multivariate_normal.logpdf(x, cov=cov, allow_singular=True)
    found = stats.multivariate_normal.logpdf(x, cov=cov, allow_singular=True)
    np.testing.assert_allclose(found, right, rtol=1e-12)
