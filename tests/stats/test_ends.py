"""Distributions at ends of the support, and parameters outside of their domains."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
from folding import each
from stat_rows import CONTINUOUS, INF, NAN, ROWS

import micrograd_np as mg
from micrograd_np import Tensor, stats

FUNCTIONS = [(name, f) for name in ROWS for f in getattr(stats, name).functions if f != "entropy"]


def slopes(f: Any, *inputs: Any) -> list[Any]:
    """The gradients of the sum of a function's entries."""
    leaves = [Tensor(np.array(x, float), requires_grad=True) for x in inputs]
    np.sum(f(*leaves)).backward()
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize(
    ("name", "at_end", "inside"),
    [("chi2", (3.5,), (1.0,)), ("gamma", (2.5,), (0.5,)), ("beta", (1.5, 2.5), (0.5, 0.5))],
)
def test_an_end_spoils_no_gradient_elsewhere(name: str, at_end: Any, inside: Any) -> None:
    def pdf(x: Any, *shapes: Any) -> Any:
        return getattr(stats, name).pdf(x, *shapes)

    x, pairs = np.array([0.0, 0.3]), [np.array(pair) for pair in zip(at_end, inside, strict=True)]
    right = slopes(lambda *given: pdf(0.3, *given), *inside)
    found = slopes(lambda *given: pdf(x, *given), *pairs)
    np.testing.assert_allclose([pair[1] for pair in found], right, rtol=1e-12)
    where = tuple(range(1, len(inside) + 1))
    for transform in (mg.compile, mg.vmap):
        found = transform(mg.grad(lambda *given: np.sum(pdf(*given)), where))(x, *pairs)
        np.testing.assert_allclose([pair[1] for pair in found], right, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "p", "value", "slope"),
    [
        (lambda p: stats.binom.pmf([0, 1, 2], 2, p), 0.0, [1, 0, 0], 0),
        (lambda p: stats.binom.pmf(1, 2, p), 0.0, 0, 2),
        (lambda p: stats.binom.pmf(1500, 3000, p), 0.0, 0, 0),
        (lambda p: stats.nbinom.pmf([0, 1, 2], 3, p), 1.0, [1, 0, 0], 0),
        (lambda p: stats.nbinom.pmf(1, 3, p), 1.0, 0, -3),
        (lambda p: stats.nbinom.pmf(1500, 3000, p), 1.0, 0, 0),
        (lambda mu: stats.poisson.pmf(1, mu), 0.0, 0, 1),
    ],
)
def test_slopes_of_certain_outcomes(f: Any, p: float, value: Any, slope: float) -> None:
    np.testing.assert_array_equal(f(p), value)
    compiled = mg.compile(mg.grad(lambda p: np.sum(f(p))))(p)
    np.testing.assert_allclose([*slopes(f, p), compiled], [slope] * 2, atol=1e-14)


@each(("name", "function"), [pair for pair in FUNCTIONS if pair[0] not in CONTINUOUS])
def test_counts_outside_of_the_support_have_no_slope(name: str, function: str) -> None:
    f = getattr(getattr(stats, name), function)
    first = {"binom": [np.array([0, 3])], "nbinom": [2.0]}.get(name, [])
    counts = np.array([2, -1] if name in ("binom", "bernoulli") else [-2, -1])
    slope = mg.grad(lambda p: np.sum(f(counts, *first, p)))
    for p in (1.0,) if name == "nbinom" else (0.0, 1.0):
        assert slope(p) == mg.compile(slope)(p) == 0


def test_a_negative_zero_is_a_zero() -> None:
    assert stats.gamma.logcdf(-0.0, 2.0) == -INF
    assert stats.gamma.logsf(-0.0, 2.0) == 0


@each(("name", "function"), FUNCTIONS)
def test_parameters_of_no_distribution_give_nan_everywhere(name: str, function: str) -> None:
    f, row = getattr(getattr(stats, name), function), ROWS[name]
    good = row.shapes[0]
    faults = [{"loc": NAN}] + [{"scale": NAN}, {"scale": -1.0}] * (name in CONTINUOUS)
    for x in (-INF, -2.0, 0.0, 0.5, 1.0, 1e3, INF):
        for fault in faults:
            assert np.isnan(f(x, *good, **fault)), (x, fault)
        for i in range(len(good)):
            assert np.isnan(f(x, *good[:i], NAN, *good[i + 1 :])), (x, i)


@each(("name", "function"), FUNCTIONS)
def test_ends_and_bad_parameters_leave_float32(name: str, function: str) -> None:
    x = np.array([-3, 0, 1, 1e9, INF], np.float32)
    shapes = [np.array([-1, *[shape] * 4], np.float32) for shape in ROWS[name].shapes[0]]
    assert getattr(getattr(stats, name), function)(x, *shapes).dtype == np.float32


def test_what_is_infinitely_far_is_outside_by_location_and_scale_too() -> None:
    for x, loc, scale in ((0.0, INF, 1.0), (INF, INF, 1.0), (INF, 0.0, INF), (1e300, 0.0, 1e-300)):
        given = np.array(x), np.array(loc), np.array(scale)
        with np.errstate(invalid="ignore", over="ignore"):
            for f in ("pdf", "cdf", "sf"):
                right = getattr(scipy.stats.norm, f)(*given)
                np.testing.assert_array_equal(getattr(stats.norm, f)(*given), right)


def test_frozen_functions_take_the_argument_alone() -> None:
    assert stats.norm(1.0).pdf(x=1.0) == stats.norm.pdf(0.0)
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        stats.norm(1.0).pdf(0.0, 5.0)
    with pytest.raises(TypeError, match="takes 0 positional arguments"):
        stats.norm(1.0).entropy(5.0)
