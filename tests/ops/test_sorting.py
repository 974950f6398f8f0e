"""Sorting, medians, quantiles, distinct values: ties, missing values, options, and other libraries.

Their values and derivatives at points without ties are rows of the op table.
"""
# ruff: noqa: E501 - a case stays on one line

from typing import Any

import numpy as np
import pytest
from differences import assert_close, jacobian

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import LeavesGraphError, OptionError, UnregisteredFunctionError

NAN, INF = np.nan, np.inf
WEIGHTS = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])


def pulled(f: Any, *points: Any) -> list[Any]:
    """The cotangents of the points where those of the result are 1, 10, 100 and so on."""
    out, pullback = mg.vjp(f, *(np.asarray(x, float) for x in points))
    return list(pullback(WEIGHTS[: out.size].reshape(out.shape)))


def expect(f: Any, point: Any, answer: Any) -> None:
    np.testing.assert_allclose(pulled(f, point)[0], answer, rtol=1e-14)


# ---------------------------------------------------------------- ties and missing values

# fmt: off
CASES = [
    ("sort-ties",              np.sort,                            [2, 1, 2, 1],       [100, 1, 1000, 10]),
    ("sort-nan-last",          np.sort,                            [NAN, 1, NAN, 0],   [100, 10, 1000, 1]),
    ("sort-2d",                np.sort,                            [[2, 1], [0, 3]],   [[10, 1], [100, 1000]]),
    ("sort-2d-axis-0",         lambda x: np.sort(x, axis=0),       [[2, 1], [0, 3]],   [[100, 10], [1, 1000]]),
    ("sort-2d-flat",           lambda x: np.sort(x, axis=None),    [[2, 1], [0, 3]],   [[100, 10], [1, 1000]]),
    ("partition-ties",         lambda x: np.partition(x, 1),       [2, 1, 1],          [100, 1, 10]),
    ("median-even",            np.median,                          [1, 4, 2, 9],       [0, 0.5, 0.5, 0]),
    ("median-odd",             np.median,                          [1, 4, 2],          [0, 0, 1]),
    ("median-ties-even",       np.median,                          [3, 3, 3, 3],       [0, 0.5, 0.5, 0]),
    ("median-ties-odd",        np.median,                          [3, 3, 3],          [0, 1, 0]),
    ("median-nan",             np.median,                          [3, NAN, 1],        [0, 1, 0]),
    ("median-two-axes",        np.median,                          [[1, 4], [2, 9]],   [[0, 0.5], [0.5, 0]]),
    ("nanmedian",              np.nanmedian,                       [3, NAN, 1],        [0.5, 0, 0.5]),
    ("nanmedian-infinite",     np.nanmedian,                       [INF, NAN, 1, INF], [1, 0, 0, 0]),
    ("quantile-between",       lambda x: np.quantile(x, 0.25),     [5, 1, 3],          [0, 0.5, 0.5]),
    ("quantile-at-an-entry",   lambda x: np.quantile(x, 0.5),      [5, 1, 3],          [0, 0, 1]),
    ("quantile-nan",           lambda x: np.quantile(x, 0.5),      [5, NAN, 3],        [0, 1, 0]),
    ("quantile-several",       lambda x: np.quantile(x, [0, 1]),   [5, 1, 3],          [10, 1, 0]),
    ("nanquantile",            lambda x: np.nanquantile(x, 0.5),   [5, NAN, 3],        [0.5, 0, 0.5]),
    ("percentile-lower",       lambda x: np.percentile(x, 40, method="lower"), [5, 1, 3], [0, 1, 0]),
    ("unique-ties",            np.unique,                          [3, 1, 3, 1],       [10, 1, 0, 0]),
    ("unique-rows",            lambda x: np.unique(x, axis=0),     [[2, 0], [2, 0], [1, 1]], [[100, 1000], [0, 0], [1, 10]]),
    ("union-ties",             lambda x: np.union1d(x, [3.0, 0.0]), [3, 1],            [100, 10]),
    ("setxor",                 lambda x: np.setxor1d(x, [3.0, 0.0]), [3, 1],           [0, 10]),
]
# fmt: on


@pytest.mark.parametrize(("f", "point", "answer"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_ties_and_missing_values(f: Any, point: Any, answer: Any) -> None:
    expect(f, point, answer)


def test_a_tangent_follows_the_same_order_as_a_cotangent() -> None:
    for f in (np.sort, np.median, np.nanmedian, lambda x: np.partition(x, 2), np.unique):
        x = np.array([2.0, 1.0, 2.0, 5.0, 1.0])
        out, pullback = mg.vjp(f, x)
        g, t = WEIGHTS[: out.size].reshape(out.shape), np.array([0.3, -1.0, 0.7, 2.0, 0.1])
        _, pushed = mg.jvp(f, [x], [t])
        np.testing.assert_allclose(np.sum(pushed * g), pullback(g)[0] @ t)


def test_the_second_derivative_of_a_sum_of_sorted_squares() -> None:
    x = np.array([2.0, 1.0, 2.0, 0.5])
    weights = np.arange(1.0, 5.0)
    found = mg.hessian(lambda x: np.sum(weights * np.sort(x) ** 2))(x)
    np.testing.assert_allclose(found, np.diag([6.0, 4.0, 8.0, 2.0]))


def test_partition_keeps_the_arrangement_numpy_chose() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, 200) * 1.0
    out, pullback = mg.vjp(lambda x: np.partition(x, [20, 90]), x)
    np.testing.assert_array_equal(out, np.partition(x, [20, 90]))
    places = pullback(np.arange(200.0))[0].astype(int)  # where in the result each entry went
    assert sorted(places) == list(range(200))
    np.testing.assert_array_equal(out[places], x)


# ---------------------------------------------------------------- the derivative in q


@pytest.mark.parametrize("method", ["linear", "hazen", "weibull", "median_unbiased"])
@pytest.mark.parametrize("f", [np.quantile, np.nanquantile])
def test_the_slope_in_q_is_the_gap_between_neighbours(f: Any, method: str) -> None:
    x, q = np.array([5.0, 1.0, 2.0, 9.0]), np.array([0.43, 0.65])

    def at(x: Any, q: Any) -> Any:
        return f(x, q, method=method)

    for found, expected in zip(pulled(at, x, q), jacobian(at, [x, q]), strict=True):
        assert_close(found, WEIGHTS[:2] @ expected)
    slopes = mg.grad(lambda q: np.sum(at(x, q) ** 2))
    _, twice = mg.jvp(slopes, [q], [np.ones(2)])
    gaps = jacobian(lambda q: at(x, q), [q])[0].diagonal()
    assert_close(twice, 2 * gaps**2)


def test_a_quantile_where_only_q_is_a_tensor() -> None:
    q = Tensor(0.5, requires_grad=True)
    np.quantile([1.0, 2.0, 5.0, 9.0], q).backward()
    assert_close(q.grad, 9.0)


# ---------------------------------------------------------------- options and errors


def test_overwriting_is_not_done() -> None:
    x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    for f in (np.median, np.nanmedian):
        assert f(x, overwrite_input=True).item() == 2
    np.testing.assert_array_equal(x.data, [3, 1, 2])


# fmt: off
REFUSED = [
    (lambda t: np.quantile(t, 0.5, weights=[1, 2, 3], method="inverted_cdf"), OptionError, "weights"),
    (lambda t: np.median(t, out=np.zeros(())),      OptionError,              "out"),
    (lambda t: np.sort(t, order="name"),            ValueError,               "order"),
    (lambda t: np.quantile(t, 1.5),                 ValueError,               "between 0 and 1"),
    (lambda t: np.percentile(t, [50, 101]),         ValueError,               "between 0 and 1"),
    (lambda t: np.quantile(t, 0.5, method="best"),  ValueError,               "not a method"),
    (lambda t: np.quantile(t + 1j, 0.5),            TypeError,                "complex"),
    (lambda t: np.median(t, axis=1),                np.exceptions.AxisError,  "axis 1"),
    (lambda t: np.intersect1d(t, t),                UnregisteredFunctionError, "intersect1d"),
    (np.histogram,                                  UnregisteredFunctionError, "histogram"),
    (lambda t: np.sort([t[0], t[1]]),               LeavesGraphError,         "stack"),
]
# fmt: on


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_is_refused(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call(Tensor([1.0, 2.0, 3.0], requires_grad=True))


def test_integers_of_distinct_values_are_constants() -> None:
    x = Tensor([3.0, 1.0, 3.0], requires_grad=True)
    found = np.unique_all(x)
    assert type(found) is type(np.unique_all(x.data))
    assert found.values.requires_grad
    assert not any(part.requires_grad for part in found[1:])
    np.testing.assert_array_equal(found.counts.data, [1, 2])


# ---------------------------------------------------------------- PyTorch and JAX

RNG = np.random.default_rng(7)
POINT = RNG.permutation(24).reshape(4, 6) * 0.5
GAPS = np.where(RNG.random((4, 6)) < 0.2, NAN, POINT)
METHODS = ["linear", "lower", "higher", "midpoint", "nearest"]


def agree(ours: Any, theirs: Any, x: Any) -> None:
    value, gradient = theirs
    out, pullback = mg.vjp(ours, x)
    np.testing.assert_allclose(out, value, rtol=1e-12)
    np.testing.assert_allclose(pullback(np.cos(np.arange(out.size)).reshape(out.shape))[0], gradient, atol=1e-12)  # fmt: skip


def torchs(f: Any, x: Any) -> Any:
    torch = pytest.importorskip("torch")
    leaf = torch.tensor(x, requires_grad=True)
    out = f(torch, leaf)
    out.backward(torch.cos(torch.arange(out.numel(), dtype=torch.float64)).reshape(out.shape))
    return out.detach().numpy(), leaf.grad.numpy()


def jaxs(f: Any, x: Any) -> Any:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        out, pullback = jax.vjp(lambda x: f(jax.numpy, x), jax.numpy.asarray(x))
        weights = jax.numpy.cos(jax.numpy.arange(out.size, dtype=float)).reshape(out.shape)
        return np.asarray(out), np.asarray(pullback(weights)[0])


@pytest.mark.oracle
@pytest.mark.parametrize("method", METHODS)
def test_torch_agrees_on_quantiles(method: str) -> None:
    q = [0.1, 0.45, 0.8]

    def theirs(torch: Any, x: Any, name: str) -> Any:
        return getattr(torch, name)(x, torch.tensor(q, dtype=x.dtype), dim=1, interpolation=method)

    for name, x in (("quantile", POINT), ("nanquantile", GAPS)):
        found = torchs(lambda torch, x, name=name: theirs(torch, x, name), x)
        ours = getattr(np, name)
        agree(lambda x, ours=ours: ours(x, q, axis=1, method=method), found, x)


@pytest.mark.oracle
def test_torch_agrees_on_order() -> None:
    agree(lambda x: np.sort(x, axis=0), torchs(lambda torch, x: torch.sort(x, dim=0).values, POINT), POINT)  # fmt: skip
    agree(lambda x: np.median(x[:, :5], axis=1), torchs(lambda torch, x: torch.median(x[:, :5], dim=1).values, POINT), POINT)  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda np, x: np.sort(x, axis=0), POINT),
        (lambda np, x: np.median(x, axis=1), POINT),
        (lambda np, x: np.median(x, axis=(0, 1), keepdims=True), POINT),
        (lambda np, x: np.nanmedian(x, axis=1), GAPS),
        (lambda np, x: np.quantile(x, np.asarray([0.2, 0.7]), axis=0), POINT),
        (lambda np, x: np.percentile(x, 33.0, axis=1, keepdims=True), POINT),
        (lambda np, x: np.nanquantile(x, 0.3, axis=1), GAPS),
    ],
)
def test_jax_agrees_on_order(f: Any, x: Any) -> None:
    agree(lambda x: f(np, x), jaxs(f, x), x)
