"""Distributions of a number against SciPy: values everywhere, and derivatives inside."""

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.stats
from folding import each
from stat_rows import CONTINUOUS, INF, NAN, ROWS

import micrograd_np as mg
from micrograd_np import Tensor, stats
from micrograd_np.errors import NotDifferentiableError
from micrograd_np.stats.distribution import Univariate

PAIRS = [(name, function) for name in ROWS for function in getattr(stats, name).functions]
PLACED = [pair for pair in PAIRS if pair[1] != "entropy"]

# Where SciPy says NaN or -inf, and the limit or the logarithm is this: computed in 30 digits.
OURS = {
    ("gamma", "logpdf"): {INF: -INF}, ("gamma", "pdf"): {INF: 0},
    ("chi2", "logpdf"): {INF: -INF}, ("chi2", "pdf"): {INF: 0},
    ("weibull_min", "logpdf"): {INF: -INF}, ("weibull_min", "pdf"): {INF: 0},
    ("poisson", "logpmf"): {INF: -INF}, ("poisson", "pmf"): {INF: 0},
    ("nbinom", "logpmf"): {INF: -INF}, ("nbinom", "pmf"): {INF: 0},
    ("laplace", "logpdf"): {-1e3: -1000 - np.log(2)},
    ("laplace", "logcdf"): {-1e3: -1000 - np.log(2)},
}  # fmt: skip


def scipys(name: str, function: str, *args: Any, **keywords: Any) -> Any:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(getattr(scipy.stats, name), function)(*args, **keywords)


def ours(name: str, function: str) -> Any:
    return getattr(getattr(stats, name), function)


def test_every_distribution_has_a_row() -> None:
    there = {name for name, value in vars(stats).items() if isinstance(value, Univariate)}
    assert there == ROWS.keys()


# ---------------------------------------------------------------- values


@each(("name", "function"), PLACED)
def test_values_are_scipys(name: str, function: str) -> None:
    row = ROWS[name]
    x = np.array(row.points, float)
    for shapes in row.shapes:
        right = scipys(name, function, x, *shapes)
        found = ours(name, function)(x, *shapes)
        assert found.dtype == float
        better = OURS.get((name, function), {})
        for i, point in enumerate(row.points):
            if point in better:
                assert np.isnan(right[i]) or np.isinf(right[i]) or right[i] == better[point]
                right[i] = better[point]
        right = np.where((right == -INF) & (found < -700), found, right)  # see the test of tails
        rounded = 3e-16 if function in ("logcdf", "logsf") else 0  # SciPy's logarithm of nearly 1
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=rounded, err_msg=f"{shapes}")


@each(("name", "function"), PAIRS)
def test_parameters_broadcast_and_bad_ones_give_nan(name: str, function: str) -> None:
    row = ROWS[name]
    columns = [
        np.array(each).reshape(-1, 1) for each in zip(*row.shapes[:1], *row.bad, strict=True)
    ]
    places = {"loc": np.array([0.0, 1.0])}
    if name in CONTINUOUS:
        places["scale"] = np.array([2.0, -1.0])
    x = [] if function == "entropy" else [np.array(row.inside[:1] * 2) + 1]
    right = scipys(name, function, *x, *columns, **places)
    if function == "logcdf":  # where SciPy's cdf is NaN, its logarithm may be 0
        right = np.where(np.isnan(scipys(name, "cdf", *x, *columns, **places)), NAN, right)
    found = ours(name, function)(*x, *columns, **places)
    np.testing.assert_allclose(found, right, rtol=1e-9 if function == "entropy" else 1e-12)


@each("name", ROWS)
def test_entropy_is_scipys(name: str) -> None:
    for shapes in ROWS[name].shapes:
        loose = 1e-8 if name in ("poisson", "nbinom") else 1e-12  # SciPy leaves out small terms
        np.testing.assert_allclose(
            ours(name, "entropy")(*shapes), scipys(name, "entropy", *shapes), rtol=loose, atol=1e-15
        )


@pytest.mark.parametrize(
    ("name", "shapes", "expected"),
    [
        ("poisson", (2.5,), 1.8307266079269717),
        ("poisson", (1000.0,), 4.8727327976428506),
        ("nbinom", (3.5, 0.4), 2.5880138948674195),
        ("gamma", (1e6,), 8.326693478853393),
        ("t", (1e4,), 1.4190385357045061),
    ],
)
def test_entropies_have_all_digits(name: str, shapes: Any, expected: float) -> None:
    np.testing.assert_allclose(ours(name, "entropy")(*shapes), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "function", "x", "shapes", "expected"),
    [
        ("norm", "logsf", 50.0, (), -1254.83136113941990),
        ("expon", "logcdf", 50.0, (), -1.9287498479639178e-22),
        ("gamma", "logsf", 2000.0, (2.5,), -1988.8825792749565),
        ("gamma", "logcdf", 1e-150, (2.5,), -864.6703834751141),
        ("chi2", "logsf", 4000.0, (7.0,), -1982.1974672975284),
        ("beta", "logcdf", 1e-20, (40.0, 3.0), -1835.3099798908088),
        ("t", "logcdf", -1e15, (30.0,), -987.773200138598),
        ("poisson", "logsf", 400, (2.5,), -1641.555837702765),
        ("poisson", "logcdf", 3, (900.0,), -881.3812399981886),
        ("poisson", "logcdf", 30, (2.5,), -2.3475600844315997e-23),
        ("binom", "logcdf", 3, (3000, 0.4), -1511.4654222911774),
        ("nbinom", "logsf", 3000, (3.0, 0.4), -1519.4980251524235),
        ("cauchy", "logpdf", 1e200, (), -922.1787670834675),
    ],
)
def test_tails_are_exact_where_scipys_underflow(
    name: str, function: str, x: float, shapes: Any, expected: float
) -> None:
    np.testing.assert_allclose(ours(name, function)(x, *shapes), expected, rtol=1e-12)


# ---------------------------------------------------------------- derivatives


def weighted(name: str, function: str, row: Any, at: int) -> tuple[Any, list[Any]]:
    """A function of the arguments that vary, and these."""
    discrete, shapes = name not in CONTINUOUS, row.shapes[0]
    x = np.array(row.inside, float)
    weights = np.linspace(1, 0.4, x.size)
    varying = [i for i in range(len(shapes)) if row.varying is None or i in row.varying]
    place = [] if discrete else [0.1, 1.2]
    inputs = [np.array(shapes[i]) for i in varying] + [np.array(v) for v in place]
    if not discrete and function != "entropy":
        inputs = [x, *inputs]

    def f(*given: Any) -> Any:
        rest = list(given)
        first = [] if function == "entropy" else [rest.pop(0) if not discrete else x]
        full = [rest.pop(0) if i in varying else shapes[i] for i in range(len(shapes))]
        return np.sum(ours(name, function)(*first, *full, *rest) * (weights if first else 1))

    return f, inputs


SAMPLE = [
    ("norm", "logpdf"), ("gamma", "logsf"), ("beta", "cdf"), ("t", "logcdf"), ("binom", "logpmf"),
    ("nbinom", "sf"), ("lognorm", "pdf"), ("poisson", "entropy"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function"), SAMPLE)
def test_derivatives(name: str, function: str) -> None:
    f, inputs = weighted(name, function, ROWS[name], 0)
    mg.assert_gradcheck(f, inputs)


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "function"), PAIRS)
def test_second_derivatives_of_every_function(name: str, function: str) -> None:
    f, inputs = weighted(name, function, ROWS[name], 0)
    if inputs:
        mg.assert_gradcheck(f, inputs, order=2)


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "function"), PLACED)
def test_compiled_and_in_batches(name: str, function: str) -> None:
    row, f = ROWS[name], ours(name, function)
    x, shapes = np.array(row.inside, float), [np.array(shape, float) for shape in row.shapes[0]]
    right = scipys(name, function, x, *shapes)
    np.testing.assert_allclose(mg.compile(f)(x, *shapes), right, rtol=1e-12)
    np.testing.assert_allclose(mg.vmap(lambda x: f(x, *shapes))(x), right, rtol=1e-12)
    slopes = mg.vmap(mg.grad(lambda x: f(x, *shapes)))(x)
    one = [mg.grad(lambda x: f(x, *shapes))(point) for point in x]
    np.testing.assert_allclose(slopes, one, rtol=1e-12)


def test_a_compiled_gradient_sees_ends_and_bad_parameters_of_later_calls() -> None:
    f = mg.compile(mg.value_and_grad(lambda x, a: np.sum(stats.gamma.logpdf(x, a)), (0, 1)))
    f(np.array([1.0, 2.0]), 2.5)
    value, (slope, shape) = f(np.array([-1.0, 2.0]), 2.5)
    assert value == -INF
    np.testing.assert_allclose(slope, [0, 1.5 / 2 - 1])
    np.testing.assert_allclose(shape, np.log(2) - 0.7031566406452432)
    assert np.isnan(f(np.array([1.0, 2.0]), -1.0)[0])


def test_the_hessian_of_a_log_likelihood() -> None:
    data = np.array([0.3, 1.2, -0.5])
    found = mg.hessian(lambda p: np.sum(stats.norm.logpdf(data, p[0], np.exp(p[1]))))(np.zeros(2))
    expected = [[-3, -2 * data.sum()], [-2 * data.sum(), -2 * np.sum(data**2)]]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


# ---------------------------------------------------------------- kinds of arguments


def test_float32_stays_and_integers_become_float64() -> None:
    x = np.array([0.25, 0.5], np.float32)
    for name, row in ROWS.items():
        shapes = [np.float32(shape) if name in CONTINUOUS else shape for shape in row.shapes[0]]
        for function in ("cdf", "logsf", "logpdf" if name in CONTINUOUS else "logpmf"):
            found = ours(name, function)(x, *shapes)
            assert found.dtype == np.float32, (name, function)
            t = Tensor(x, requires_grad=True)
            assert ours(name, function)(t, *shapes).dtype == np.float32, (name, function)
    assert stats.gamma.logpdf(x, 2).dtype == np.float32
    assert stats.gamma.logpdf(np.array([1, 2], np.int8), 2).dtype == float
    assert stats.poisson.logpmf(3, 2) == scipy.stats.poisson.logpmf(3, 2)
    with pytest.raises(TypeError, match="real numbers"):
        stats.norm.pdf(1j)


def test_lists_and_tensors_in_lists() -> None:
    t = Tensor(0.5, requires_grad=True)
    stats.norm.logpdf([t, 2 * t]).sum().backward()
    np.testing.assert_allclose(t.grad, -0.5 - 2)
    np.testing.assert_allclose(
        stats.expon.logpdf([1, 2], scale=2), [-0.5 - np.log(2), -1 - np.log(2)]
    )


def test_frozen_distributions() -> None:
    scale = Tensor(2.0, requires_grad=True)
    frozen = stats.gamma(2.5, scale=scale)
    np.testing.assert_allclose(
        frozen.sf(3.0).data, scipy.stats.gamma.sf(3, 2.5, scale=2), rtol=1e-14
    )
    np.testing.assert_allclose(frozen.entropy().data, scipy.stats.gamma(2.5, scale=2).entropy())
    frozen.logpdf(3.0).backward()
    np.testing.assert_allclose(scale.grad, (3 / 2 - 2.5) / 2)
    assert repr(stats.norm(1, scale=2)) == "norm(1, scale=2)"


def test_copies_and_pickles() -> None:
    for distribution in (stats.norm, stats.poisson, stats.dirichlet):
        assert copy.deepcopy(distribution) is distribution
        assert pickle.loads(pickle.dumps(distribution)) is distribution  # noqa: S301 - our own
    frozen = pickle.loads(pickle.dumps(stats.norm(1.0, scale=2.0)))  # noqa: S301 - our own
    assert copy.copy(frozen).sf(1.0) == 0.5


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: stats.norm.logpdf(0, 1, 2, 3), TypeError, r"3 parameters .* \(loc=, scale=\)"),
        (lambda: stats.gamma.logpdf(1.0), TypeError, r"a is missing. It takes \(a, loc=, scale=\)"),
        (lambda: stats.gamma(1, a=2), TypeError, "a is unknown or given twice"),
        (lambda: stats.poisson.pmf(1, 2, scale=3), TypeError, "scale is unknown"),
        (lambda: stats.norm.rvs(3), AttributeError, "norm has no rvs; it has logpdf"),
        (lambda: stats.norm(1).ppf(0.5), AttributeError, "norm has no ppf"),
        (lambda: stats.multivariate_normal.cdf([1]), AttributeError, "has no cdf"),
        (lambda: stats.binom.entropy(5_000_000, 0.5), ValueError, "5,000,000 counts"),
    ],
)
def test_what_is_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_an_entropy_that_counts_its_terms_is_refused_in_a_batch() -> None:
    for f in (mg.vmap(stats.poisson.entropy), mg.compile(stats.poisson.entropy)):
        with pytest.raises(NotDifferentiableError, match="under vmap and mg"):
            f(np.array([1.0, 2.0]))


# ---------------------------------------------------------------- ends and corners


@pytest.mark.parametrize("name", sorted(ROWS))
def test_gradients_outside_of_the_support_are_zero(name: str) -> None:
    row = ROWS[name]
    outside = [
        x for x in (-INF, -2.0, 7.5, INF) if scipys(name, "cdf", x, *row.shapes[0]) in (0, 1)
    ]
    for _, function in (pair for pair in PLACED if pair[0] == name):
        x = Tensor(outside, requires_grad=True)
        shapes = [Tensor(float(shape), requires_grad=True) for shape in row.shapes[0]]
        np.sum(ours(name, function)(x, *shapes)).backward()
        for leaf in (x, *shapes):
            assert leaf.grad is None or not np.any(leaf.grad), (function, leaf.grad)


def test_nan_gives_nan_and_its_gradient_is_nan() -> None:
    scale = Tensor(-1.0, requires_grad=True)
    x = Tensor([1.0, NAN], requires_grad=True)
    out = stats.norm.logpdf(x, scale=scale)
    assert np.isnan(out.data).all()
    out.sum().backward()
    assert np.isnan(x.grad).all()
