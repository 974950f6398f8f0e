"""Statistics, missing values, sampled functions, polynomials, Bessel functions: what rows cannot say.

The op table has their values and derivatives at ordinary points; here are kinks, limits, options,
errors, and other libraries' answers.
"""
# ruff: noqa: E501 - a case stays on one line

import warnings
from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional, jacobian

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import LeavesGraphError, OptionError, ShapeError, UnregisteredFunctionError
from micrograd_np.ops.derivatives.sinc import bessel_i, sinc_derivative

NAN, INF = np.nan, np.inf
MASK = np.array([[True, False, True], [False, True, True]])


def gradient(f: Any, x: Any) -> Any:
    return mg.grad(lambda x: np.sum(f(x)))(np.asarray(x, float))


# ---------------------------------------------------------------- kinks and limits

# fmt: off
CASES = [
    ("39-prod-one-zero",       np.prod,                                  [0, 2, 3],         [6, 0, 0]),
    ("39-nanprod-one-zero",    np.nanprod,                               [0, 2, NAN, 3],    [6, 0, 0, 0]),
    ("40-prod-two-zeros",      np.prod,                                  [0, 2, 0],         [0, 0, 0]),
    ("41-cumprod-a-zero",      np.nancumprod,                            [2, 0, 3, NAN],    [1, 14, 0, 0]),
    ("41-cumulative-prod",     np.cumulative_prod,                       [2, 0, 3],         [1, 8, 0]),
    ("01-nanmax-ties",         np.nanmax,                                [1, 3, NAN, 3],    [0, 0.5, 0, 0.5]),
    ("01-nanmin-ties",         lambda x: np.nanmin(x, axis=1),           [[1, 1, NAN], [2, 3, 2]], [[0.5, 0.5, 0], [0.5, 0, 0.5]]),
    ("01-max-initial-wins",    lambda x: np.max(x, initial=4),           [1, 3],            [0, 0]),
    ("01-max-initial-ties",    lambda x: np.max(x, initial=3),           [1, 3],            [0, 0.5]),
    ("01-max-where",           lambda x: np.max(x, axis=1, where=MASK, initial=-9), [[1, 5, 1], [7, 2, 0]], [[0.5, 0, 0.5], [0, 1, 0]]),
    ("01-ptp-ties",            np.ptp,                                   [1, 3, 3, 1],      [-0.5, 0.5, 0.5, -0.5]),
    ("01-ptp-constant",        np.ptp,                                   [3, 3],            [0, 0]),
    ("20-nanstd-constant",     np.nanstd,                                [2, 2, NAN],       [0, 0, 0]),
    ("20-std-where-constant",  lambda x: np.std(x, axis=1, where=MASK),  [[2, 5, 2], [9, 1, 1]], np.zeros((2, 3))),
    ("21-nanvar",              lambda x: np.nanvar(x, ddof=1),           [1, 2, NAN, 4],    [-4 / 3, -1 / 3, 0, 5 / 3]),
    ("nanmean",                np.nanmean,                               [1, NAN, 3],       [0.5, 0, 0.5]),
    ("nan-to-num",             lambda x: np.nan_to_num(x, posinf=7.0),   [NAN, INF, -INF, 2], [0, 0, 0, 1]),
    ("37-sinc-at-zero",        np.sinc,                                  [0.0, -0.0],       [0, 0]),
    ("i0-at-zero",             np.i0,                                    [0.0, -0.0],       [0, 0]),
    ("unwrap",                 np.unwrap,                                [0, 5, 11, 3],     [1, 1, 1, 1]),
    ("interp-beyond-the-ends", lambda x: np.interp(x, [0, 1], [3, 5]),   [-1, 2],           [0, 0]),
    ("interp-at-its-corners",  lambda x: np.interp(x, [0, 1, 2], [3, 5, 4]), [0, 1, 2],     [2, -1, -1]),
    ("interp-one-point",       lambda x: np.interp(x, [1], [3]),         [0, 1, 2],         [0, 0, 0]),
    ("vander-at-zero",         lambda x: np.vander(x, 3),                [0.0],             [1]),
    ("polyval-at-zero",        lambda x: np.polyval([2.0, 3.0, 5.0], x), [0.0],             [3]),
    ("corrcoef-one-variable",  np.corrcoef,                              [1, 2, 4],         [0, 0, 0]),
]
# fmt: on


@pytest.mark.parametrize(("f", "point", "answer"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_kinks_and_limits(f: Any, point: Any, answer: Any) -> None:
    np.testing.assert_allclose(gradient(f, point), answer, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("f", [np.nansum, np.nanprod, np.nanmax, np.nanmean, np.nanvar, np.nanstd])
@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of empty|Degrees of freedom):RuntimeWarning")
def test_a_line_of_missing_values_has_slope_zero(f: Any) -> None:
    x = [[NAN, NAN, NAN], [1.0, 2.0, 4.0]]
    found = gradient(lambda x: f(x, axis=1), x)
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_allclose(found[1], gradient(f, x[1]))


def test_missing_values_hide_nothing_from_second_derivatives() -> None:
    x = np.array([1.0, NAN, 4.0, 2.0])
    kept = ~np.isnan(x)
    for f, plain in ((np.nanvar, np.var), (np.nanstd, np.std), (np.nanprod, np.prod)):
        found = mg.hessian(f)(x)
        np.testing.assert_allclose(found[np.ix_(kept, kept)], mg.hessian(plain)(x[kept]))
        assert not found[~kept].any()
        assert not found[:, ~kept].any()


def test_nan_to_num_of_complex_numbers_looks_at_either_part() -> None:
    z = Tensor([complex(NAN, 2), complex(1, INF), 1 + 2j], requires_grad=True)
    np.nan_to_num(z, copy=False, posinf=9).backward(np.array([3 + 4j, 3 + 4j, 3 + 4j]))
    np.testing.assert_array_equal(z.grad, [4j, 3, 3 + 4j])
    assert np.isnan(z.data[0])


# ---------------------------------------------------------------- averages and spreads


def test_average_with_its_sum_of_weights() -> None:
    x, w = Tensor([1.0, 2.0, 6.0], requires_grad=True), Tensor([1.0, 1.0, 2.0], requires_grad=True)
    mean, total = np.average(x, weights=w, returned=True)
    assert mean.item() == 3.75
    (mean + total).backward()
    np.testing.assert_allclose(x.grad, [0.25, 0.25, 0.5])
    np.testing.assert_allclose(w.grad, 1 + (np.array([1, 2, 6]) - 3.75) / 4)
    mean, count = np.average(x, returned=True)
    assert (mean.item(), float(count)) == (3, 3)
    assert not count.requires_grad


@pytest.mark.parametrize("f", [np.var, np.std, np.nanvar, np.nanstd])
def test_a_mean_that_is_given_varies(f: Any) -> None:
    """To second order only the dependence on the mean makes the result that without it."""
    x = np.array([[1.0, 2.0, 4.0], [0.0, 5.0, 1.0]])

    def given(x: Any) -> Any:
        return np.sum(f(x, axis=1, mean=np.mean(x, axis=1, keepdims=True), ddof=1))

    def found(x: Any) -> Any:
        return np.sum(f(x, axis=1, ddof=1))

    np.testing.assert_allclose(mg.grad(given)(x), mg.grad(found)(x))
    np.testing.assert_allclose(mg.hessian(given)(x), mg.hessian(found)(x), atol=1e-13)


@pytest.mark.parametrize("f", [np.var, np.std, np.nanvar, np.nanstd])
def test_the_slope_in_the_mean(f: Any) -> None:
    x, mean = np.array([[1.0, 2.0, 4.0], [0.0, 5.0, 1.0]]), np.array([[1.5], [3.0]])

    def at(x: Any, mean: Any) -> Any:
        return f(x, axis=1, mean=mean, where=MASK)

    _, pullback = mg.vjp(at, x, mean)
    for found, expected in zip(pullback(np.ones(2)), jacobian(at, [x, mean]), strict=True):
        assert_close(found.ravel(), np.ones(2) @ expected)
    _, pushed = mg.jvp(at, [x, mean], [x * 0.3, mean * 0.7])
    assert_close(pushed, directional(at, [x, mean], [x * 0.3, mean * 0.7]))


# ---------------------------------------------------------------- sampled functions


def test_interpolation_varies_with_its_points_and_its_values_outside() -> None:
    points = [np.array([0.4, -1.0, 7.0]), np.array([0.0, 1.0, 3.0]), np.array([2.0, 5.0, 4.0]),
              np.array(8.0), np.array(9.0)]  # fmt: skip
    _, pullback = mg.vjp(np.interp, *points)
    g = np.array([1.0, 2.0, 3.0])
    for found, expected in zip(pullback(g), jacobian(np.interp, points), strict=True):
        assert_close(found.ravel(), g @ expected)


def test_periodic_interpolation_varies_with_its_points() -> None:
    points = [np.array([0.4, -1.1, 7.3]), np.array([6.1, 1.0, 3.2]), np.array([2.0, 5.0, 4.0])]

    def f(*points: Any) -> Any:
        return np.interp(*points, period=4)

    _, pullback = mg.vjp(f, *points)
    for found, expected in zip(pullback(np.ones(3)), jacobian(f, points), strict=True):
        assert_close(found.ravel(), np.ones(3) @ expected)


def test_differences_with_ends_that_are_tensors() -> None:
    ends = Tensor([5.0, 7.0], requires_grad=True)
    out = np.diff(np.arange(3.0), prepend=ends[:1], append=ends[1:])
    out.backward(np.array([1.0, 10.0, 100.0, 1000.0]))
    np.testing.assert_array_equal(ends.grad, [-1, 1000])
    out = np.ediff1d([1.0, 2.0], to_end=ends)
    np.testing.assert_array_equal(out.data, [1, 5, 7])


def test_bincount_adds_up_weights() -> None:
    w = Tensor([1.0, 2.0, 4.0], requires_grad=True)
    places = np.array([1, 3, 1])
    out = np.bincount(places, w, minlength=5)
    places[:] = 0  # what is recorded is a copy
    np.testing.assert_array_equal(out.data, [0, 5, 0, 2, 0])
    out.backward(np.arange(5.0))
    np.testing.assert_array_equal(w.grad, [1, 3, 1])
    np.testing.assert_array_equal(np.bincount(Tensor([1, 1, 0])), [1, 2])


# ---------------------------------------------------------------- polynomials


def test_roots_move_as_their_polynomial_says() -> None:
    roots = np.array([1.0, 2.0, 4.0])
    p = np.poly(roots)
    found = np.linalg.inv(mg.jacobian(np.poly)(roots)[1:])  # the inverse function's Jacobian
    order = np.argsort(np.roots(p))
    np.testing.assert_allclose(mg.jacobian(np.roots)(p)[order, 1:], found, rtol=1e-9)


def test_real_polynomials_with_complex_roots() -> None:
    p = np.array([1.0, -2.0, 5.0])

    def modulus(p: Any) -> Any:
        return np.sum(np.abs(np.roots(p)) ** 2)  # |r|² = 5 for either root: twice p[2] / p[0]

    np.testing.assert_allclose(mg.grad(modulus)(p), [-10, 0, 2], atol=1e-13)
    np.testing.assert_allclose(mg.hessian(modulus)(p), [[20, 0, -2], [0, 0, 0], [-2, 0, 0]], atol=1e-12)  # fmt: skip


def test_roots_at_zero_and_zero_coefficients() -> None:
    found = mg.jacobian(np.roots)(np.array([0.0, 1.0, -1.0, 0.0]))
    np.testing.assert_allclose(found, [[-1, -1, -1, -1], [0, 0, 0, 1]], atol=1e-15)


def test_lists_of_tensors_keep_their_history() -> None:
    parts = [Tensor(1.0, requires_grad=True), 2.0, Tensor(4.0, requires_grad=True)]
    np.poly(parts)[-1].backward()
    assert parts[0].grad == -8
    np.sum(np.roots([1.0, Tensor(-3.0, requires_grad=True), parts[0]])).backward()
    np.polyval(parts, Tensor(3.0, requires_grad=True)).backward()
    assert parts[2].grad == -2 + 1


def test_division_of_polynomials() -> None:
    u, v = Tensor([1.0, -3.0, 2.0], requires_grad=True), Tensor([1.0, -1.0], requires_grad=True)
    quotient, remainder = np.polydiv(u, v)
    np.testing.assert_array_equal(quotient.data, [1, -2])
    np.testing.assert_array_equal(remainder.data, [0])
    remainder.backward(np.ones(1))
    np.testing.assert_allclose(u.grad, [1, 1, 1])  # the remainder is u(1)
    short, rest = np.polydiv(v, u)
    np.testing.assert_array_equal(short.data, [0])
    np.testing.assert_array_equal(rest.data, v.data)


def test_products_without_leading_zeros() -> None:
    p = Tensor([0.0, 2.0, 1.0], requires_grad=True)
    out = np.polymul(p, [0.0, 1.0, 3.0])
    np.testing.assert_array_equal(out.data, np.polymul([0, 2, 1], [0, 1, 3]))
    np.sum(out).backward()
    np.testing.assert_array_equal(p.grad, [0, 4, 4])


def test_numpys_polynomial_objects_and_tensors() -> None:
    x = Tensor(3.0, requires_grad=True)
    np.poly1d([2.0, 1.0, 0.0])(x).backward()
    assert x.grad == 13
    np.polynomial.chebyshev.chebval(x, [0.0, 0.0, 1.0]).backward()  # 2 x² - 1
    assert x.grad == 13 + 12
    with pytest.raises(LeavesGraphError):
        np.polynomial.polynomial.polyval(0.5, x)
    with pytest.raises(LeavesGraphError):
        np.polynomial.Polynomial([1.0, 2.0])(x)


def test_a_fit_of_low_rank_is_warned_of() -> None:
    x = Tensor([1.0, 1.0, 1.0], requires_grad=True)
    with pytest.warns(np.exceptions.RankWarning):
        np.polyfit(x, [1.0, 2.0, 3.0], 1)


# ---------------------------------------------------------------- Bessel functions


@pytest.mark.parametrize("x", [0.0, 1e-9, -1e-4, 0.03, 0.31, 0.33, 0.7, 5.0, 40.3])
def test_derivatives_of_sinc_at_and_near_zero(x: float) -> None:
    """Against the series: -π²/3 is the second derivative at 0, π⁴/5 the fourth."""
    mpmath = pytest.importorskip("mpmath")
    f, found = np.sinc, []
    for _ in range(4):
        f = mg.grad(f)
        found.append(float(f(x)))
    with mpmath.workdps(40):
        # ∫ t^n cos(zt + nπ/2) dt over 0..1, the n-th derivative of sin(z)/z
        expected = [
            float(
                mpmath.pi**n
                * mpmath.quad(lambda t, n=n: t**n * mpmath.cos(mpmath.pi * x * t + n * mpmath.pi / 2), mpmath.linspace(0, 1, 40))
            )
            for n in range(1, 5)
        ]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_second_derivative_of_sinc_at_zero() -> None:
    assert_close(mg.grad(mg.grad(np.sinc))(0.0), -(np.pi**2) / 3)
    assert_close(sinc_derivative(np.zeros(1), 4), [np.pi**4 / 5], 1e-14)


@pytest.mark.parametrize("x", [0.0, 1e-8, -1e-3, 2.0, -19.99, 20.01, 300.0])
def test_derivatives_of_i0(x: float) -> None:
    """i0' = i1, i0'' = (i0 + i2) / 2, i0''' = (3 i1 + i3) / 4."""
    special = pytest.importorskip("scipy.special")
    i = [float(special.iv(n, x)) for n in range(4)]
    f, found = np.i0, []
    for _ in range(3):
        f = mg.grad(f)
        found.append(float(f(x)))
    expected = [i[1], (i[0] + i[2]) / 2, (3 * i[1] + i[3]) / 4]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert bessel_i(np.float32([1, 30]), 1).dtype == np.float32


# ---------------------------------------------------------------- what is refused

# fmt: off
REFUSED = [
    (lambda t: np.nansum(t, out=np.zeros(())),                 OptionError,       "out"),
    (lambda t: np.average(t, weights=[1.0, -1.0, 0.0]),        ZeroDivisionError, "sum to zero"),
    (lambda t: np.average(t, weights=[1.0, 1.0]),              TypeError,         "axis"),
    (lambda t: np.average(t, 0, [1.0, 1.0]),                   ShapeError,        r"\(2,\)"),
    (lambda t: np.cov(t[None, None]),                          ShapeError,        "2 dimensions"),
    (lambda t: np.cov(t, ddof=0.5),                            ValueError,        "whole number"),
    (lambda t: np.cov(t, aweights=[1.0, 2.0]),                 ShapeError,        "aweights"),
    (lambda t: np.cov(t, fweights=[1, -2, 0]),                 ValueError,        "negative"),
    (lambda t: np.cumulative_sum(t[None]),                     ValueError,        "axis"),
    (lambda t: np.diff(t, n=-1),                               ValueError,        "n=-1"),
    (lambda t: np.diff(t[0]),                                  ShapeError,        "axis"),
    (lambda t: np.gradient(t, 1.0, 2.0),                       TypeError,         "not 2"),
    (lambda t: np.gradient(t, [1.0, 2.0]),                     ShapeError,        "coordinates"),
    (lambda t: np.gradient(t, edge_order=3),                   ValueError,        "edge_order"),
    (lambda t: np.gradient(t[:2], edge_order=2),               ShapeError,        "at least 3"),
    (lambda t: np.interp(t, [0.0, 1.0], [1.0]),                ShapeError,        r"\(2,\)"),
    (lambda t: np.interp(t, [0.0], [1.0], period=0),           ValueError,        "period"),
    (lambda t: np.polyval(t, np.poly1d([1.0, 2.0])),           TypeError,         "polyval"),
    (lambda t: np.polyfit(t, t, 1, full=True),                 OptionError,       "full"),
    (lambda t: np.polyfit(t, t, -1),                           ValueError,        "degree"),
    (lambda t: np.polyfit(t, t[:2], 1),                        TypeError,         r"\(2,\)"),
    (lambda t: np.polyfit(t, t, 2, cov=True),                  ValueError,        "more than 3"),
    (lambda t: np.polyder(t, -1),                              ValueError,        "m=-1"),
    (lambda t: np.polyint(t, 3, [1.0, 2.0]),                   ValueError,        "2 constants"),
    (lambda t: np.vander(t[None]),                             ShapeError,        "vector"),
    (lambda t: np.poly(t[None]),                               ShapeError,        "square"),
    (lambda t: np.histogram2d(t, t),                           UnregisteredFunctionError, "histogram"),
    (np.vectorize(abs),                                        LeavesGraphError,  "mg.vmap"),
    (np.frompyfunc(abs, 1, 1),                                 UnregisteredFunctionError, "ufunc"),
]
# fmt: on


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_is_refused(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call(Tensor([1.0, 2.0, 4.0], requires_grad=True))


# ---------------------------------------------------------------- batches

# fmt: off
BATCHED = {
    "sort":       lambda x: np.sort(x, axis=0),
    "unique":     np.unique,
    "partition":  lambda x: np.partition(x, 2, axis=None),
    "median":     lambda x: np.median(x, axis=1),
    "quantile":   lambda x: np.quantile(x, [0.2, 0.6], axis=0),
    "nanquantile": lambda x: np.nanquantile(x, 0.3, axis=1),
    "nanmedian":  lambda x: np.nanmedian(x, axis=0),
    "nanstd":     lambda x: np.nanstd(x, axis=1, ddof=1),
    "nanmax":     lambda x: np.nanmax(x, axis=0),
    "average":    lambda x: np.average(x, 1, np.arange(1.0, 7.0)),
    "corrcoef":   np.corrcoef,
    "gradient":   lambda x: np.gradient(x, axis=1),
    "trapezoid":  lambda x: np.trapezoid(x, np.arange(6.0) ** 2),
    "interp":     lambda x: np.interp(x, np.arange(-3.0, 3.0), x[0]),
    "unwrap":     lambda x: np.unwrap(9 * x, axis=0),
    "bincount":   lambda x: np.bincount([0, 2, 1, 0], x[:, 0]),
    "polyval":    lambda x: np.polyval(x[0], x[1]),
    "polyfit":    lambda x: np.polyfit(x[0], x[1], 2),
    "roots":      lambda x: np.abs(np.roots(x[0])),
    "sinc":       np.sinc,
    "i0":         np.i0,
    "var-where":  lambda x: np.var(x, axis=1, where=np.arange(6) < 4),
    "max-initial": lambda x: np.max(x, axis=1, initial=0.3, where=np.arange(6) < 4),
    "var-mean":   lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)),
}
# fmt: on


@pytest.mark.parametrize("f", BATCHED.values(), ids=BATCHED)
def test_a_batch_is_its_examples(f: Any) -> None:
    xs = np.random.default_rng(0).normal(size=(3, 4, 6))
    for g in (f, mg.grad(lambda x: np.sum(f(x) ** 2))):
        expected = np.stack([mg.vjp(g, x)[0] for x in xs])
        np.testing.assert_allclose(mg.vmap(g)(xs), expected, rtol=1e-9)


def test_a_batch_of_places_over_one_line() -> None:
    """Only `q` or `x` is batched, not what it is looked up in."""
    line, places = np.array([1.0, 5.0, 2.0, 9.0]), np.array([0.2, 0.4, 0.7])
    for f in (
        lambda q: np.quantile(line, q),
        lambda q: np.nanquantile(line, q),
        lambda q: np.percentile(line, 100 * q, method="lower"),
        lambda q: np.interp(q, [0, 0.5, 1], line[:3]),
    ):
        for g in (f, mg.grad(f)):
            expected = [g(Tensor(q)).data for q in places]
            np.testing.assert_allclose(mg.vmap(g)(places), expected)


# ---------------------------------------------------------------- arrays of other libraries


def test_expressions_go_over_lazy_arrays() -> None:
    da = pytest.importorskip("dask.array")
    x = np.random.default_rng(3).normal(size=(6, 4))
    for f in (
        lambda x: np.sum(np.nanvar(x, axis=0)),
        np.ptp,
        lambda x: np.sum(np.diff(x, axis=0) ** 2),
        lambda x: np.sum(np.gradient(x, axis=0) ** 2),
        lambda x: np.trapezoid(np.trapezoid(np.sin(x), axis=0)),
        lambda x: np.sum(np.average(x, 0, np.arange(6.0)) ** 2),
        lambda x: np.sum(np.nanmean(np.sinc(x), axis=1)),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Dask's own
            lazy = Tensor(da.from_array(x, chunks=(2, 4)), requires_grad=True)
            out = f(lazy)
            assert type(out.data) is da.Array
            out.backward()
            found = np.asarray(lazy.grad)
        np.testing.assert_allclose(found, mg.grad(f)(x), rtol=1e-10, atol=1e-14)


# ---------------------------------------------------------------- PyTorch and JAX

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(3, 6)), RNG.normal(size=(3, 6))
GAPS = np.where(RNG.random((3, 6)) < 0.2, NAN, X)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("f", "points"),
    [
        (lambda np, x: np.nansum(x, axis=1), [GAPS]),
        (lambda np, x: np.nanmean(x, axis=0), [GAPS]),
        (lambda np, x: np.nanmax(x, axis=1), [GAPS]),
        (lambda np, x: np.nanvar(x, axis=1, ddof=1), [GAPS]),
        (lambda np, x: np.nanprod(x, axis=1), [GAPS]),
        (lambda np, x, w: np.average(x, axis=1, weights=w), [X, Y**2]),
        (lambda np, x: np.cov(x), [X]),
        (lambda np, x, y: np.corrcoef(x, y), [X, Y]),
        (lambda np, x: np.diff(x, n=2, axis=0), [X]),
        (lambda np, x: np.gradient(x, 0.3, axis=1), [X]),
        (lambda np, y, x: np.trapezoid(y, np.cumsum(x**2, axis=1), axis=1), [X, Y]),
        (lambda np, x, fp: np.interp(x, np.arange(-3.0, 3.0), fp), [X, Y[0]]),
        (lambda np, p, x: np.polyval(p, x), [X[0], Y]),
        (lambda np, p, q: np.polymul(p, q), [X[0], Y[0]]),
        (lambda np, x: np.sinc(x), [X]),
        (lambda np, x: np.i0(x), [X]),
        (lambda np, x: np.unwrap(9 * x), [X]),
        (lambda np, x: np.ptp(x, axis=1), [X]),
        (lambda np, x: np.vander(x, 4), [X[0]]),
        (lambda np, x: np.std(x, axis=1, where=abs(x) > 0.3), [X]),
    ],
)
def test_jax_agrees(f: Any, points: Any) -> None:
    jax = pytest.importorskip("jax")
    out, pullback = mg.vjp(lambda *xs: f(np, *xs), *points)
    g = np.cos(np.arange(out.size)).reshape(out.shape)
    with jax.enable_x64(True):
        value, theirs = jax.vjp(lambda *xs: f(jax.numpy, *xs), *map(jax.numpy.asarray, points))
        expected = theirs(jax.numpy.asarray(g))
    np.testing.assert_allclose(out, value, rtol=1e-11, atol=1e-13)
    for found, right in zip(pullback(g), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-11)


@pytest.mark.oracle
def test_torch_agrees() -> None:
    torch = pytest.importorskip("torch")
    for name in ("nansum", "sinc", "i0", "nanmean", "corrcoef", "cov"):
        x = GAPS if name.startswith("nan") else X
        leaf = torch.tensor(x, requires_grad=True)
        torch.sum(torch.sin(getattr(torch, name)(leaf))).backward()
        ours = getattr(np, name)
        found = gradient(lambda x, ours=ours: np.sin(ours(x)), x)
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)
