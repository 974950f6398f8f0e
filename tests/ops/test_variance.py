"""`std` and `var` where they have corners: equal entries, one entry, none, missing ones."""

import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import micrograd_np as mg

EQUAL = [np.array([2.0]), np.array([2.0, 2.0]), np.full((2, 2), -1.5)]

# Of these the mean is another number than the entries, and std is what rounding left of 0.
ROUNDED = [
    np.full(3, 0.1),
    np.full((3, 2), 1e8 + 0.1),
    np.full(5, 1000.1, np.float32),
    np.full(7, 0.1, np.float16),
    np.full(3, 1e-300 / 3),
    np.full(3, 0.1 + 0.7j),
]
# fmt: off
SPREADS = {
    "std":       np.std,
    "std, axis": lambda x: np.sum(np.std(x, axis=0)),
    "std, mask": lambda x: np.std(x, where=np.ones(x.shape, bool)),
    "std, mean": lambda x: np.std(x, mean=np.mean(x, keepdims=True)),
    "nanstd":    np.nanstd,
    "nanstd, mean": lambda x: np.nanstd(x, mean=np.nanmean(x, keepdims=True)),
}
# fmt: on


def along(f: Callable[..., Any], t: Any) -> Callable[..., Any]:
    return lambda x: mg.jvp(f, (x,), (t,))[1]


@pytest.mark.parametrize("x", EQUAL, ids=lambda x: str(x.shape))
@pytest.mark.parametrize("name", SPREADS)
def test_the_second_derivative_is_zero_in_every_nesting(name: str, x: Any) -> None:
    f = SPREADS[name]
    t, s = np.random.default_rng(0).normal(size=(2, *x.shape))
    nestings = {
        "hessian": mg.hessian(f)(x),
        "jacobian of grad": mg.jacobian(mg.grad(f), mode="reverse")(x),
        "forward over reverse": mg.jvp(mg.grad(f), (x,), (t,))[1],
        "reverse over forward": mg.grad(along(f, t))(x),
        "reverse over reverse": mg.grad(lambda x: np.sum(mg.grad(f)(x) * t))(x),
        "forward over forward": along(along(f, t), s)(x),
        "hvp": mg.hvp(f, [x], [t]),
        "linearize": mg.linearize(mg.grad(f), x)[1](t),
        "third": mg.grad(lambda x: np.sum(mg.hvp(f, [x], [t]) * s))(x),
        "vmap": mg.vmap(mg.hessian(f))(np.stack([x, x])),
        "compiled": mg.compile(mg.hessian(f))(x),
    }
    for nesting, found in nestings.items():
        leaves = [np.asarray(leaf) for leaf in mg.tree.leaves(found)]
        assert all(np.all(leaf == 0) for leaf in leaves), nesting


ROUNDING = {
    "ddof":         lambda x: np.std(x, ddof=1),
    "keepdims":     lambda x: np.sum(np.std(x, axis=0, keepdims=True)),
    "some":         lambda x: np.std(x, where=np.arange(x.size).reshape(x.shape) % 3 > 0),
    "mean, ddof":   lambda x: np.std(x, ddof=1, mean=np.mean(x, keepdims=True)),
    "nanstd, ddof": lambda x: np.nanstd(x, ddof=1),
}  # fmt: skip


def chosen() -> Iterator[Any]:
    """Each way with one array, and each array with some way; all where the run is thorough."""
    for i, name in enumerate([*SPREADS, *ROUNDING]):
        for j, x in enumerate(ROUNDED):
            now = j == i % len(ROUNDED)
            marks = () if now else pytest.mark.thorough
            yield pytest.param(name, x, marks=marks, id=f"{name}, {x.flat[0]}")


@pytest.mark.parametrize(("name", "x"), [*chosen()])
def test_equal_entries_are_flat_where_their_mean_is_rounded(name: str, x: Any) -> None:
    f = (SPREADS | ROUNDING)[name]
    t = np.random.default_rng(0).normal(size=x.shape).astype(x.dtype)
    slopes = {
        "grad": mg.grad(f)(x),
        "jvp": mg.jvp(f, (x,), (t,))[1],
        "vmap": mg.vmap(mg.grad(f))(np.stack([x, x])),
        "compiled": mg.compile(mg.grad(f))(x),
        "hvp": mg.hvp(f, [x], [t]),
        "vmap of hvp": mg.vmap(lambda x: mg.hvp(f, [x], [t]))(np.stack([x, x])),
        "compiled hvp": mg.compile(lambda x: mg.hvp(f, [x], [t]))(x),
    }
    if find_spec("numba") is not None:
        slopes["numba"] = mg.compile(mg.grad(f), backend="numba")(x)
    for mode, found in slopes.items():
        for leaf in mg.tree.leaves(found):
            assert leaf.dtype in {x.dtype, x.real.dtype}
            assert np.all(np.asarray(leaf) == 0), mode


def test_only_the_slices_that_are_equal_are_flat() -> None:
    x = np.array([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1 + 1e-12]])
    found = mg.grad(lambda x: np.sum(np.std(x, axis=1)))(x)
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_allclose(found[1], np.array([-1, -1, 2]) / 18**0.5, rtol=1e-3)


def test_a_mean_that_is_far_from_equal_entries_has_a_slope() -> None:
    for f in (np.std, np.nanstd):
        slope = mg.grad(lambda x, f=f: f(x, mean=np.array([0.0])))(np.full(4, 0.1))
        np.testing.assert_allclose(slope, 0.25)
        slope = mg.grad(lambda x, f=f: f(x, mean=np.array([0.1 - 1e-9])))(np.full(4, 0.1))
        np.testing.assert_allclose(slope, 0.25, rtol=1e-6)


def test_what_has_no_value_has_no_slope() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for x, options in (([2.0], {"ddof": 1}), ([np.inf, np.inf], {}), ([np.nan, 1.0], {})):
            slope = mg.grad(lambda x, options=options: np.std(x, **options))(np.array(x))
            assert np.all(np.isnan(slope))
        for f in (np.nanvar, np.nanstd):
            for ddof in (2, 3):
                slope = mg.grad(lambda x, f=f, ddof=ddof: f(x, ddof=ddof))(
                    np.array([1.0, np.nan, 4])
                )
                np.testing.assert_array_equal(slope, [np.nan, 0, np.nan])


def test_the_second_derivatives_of_what_is_smooth_stay() -> None:
    x = np.full(3, 0.1)
    expected = 2 / 3 * (np.eye(3) - 1 / 3)
    np.testing.assert_allclose(mg.hessian(np.var)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(mg.hessian(np.nanvar)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(mg.hessian(np.cov)(x), 1.5 * expected, rtol=1e-12)


# ---------------------------------------------------------------- missing entries


@pytest.mark.parametrize("f", [np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nansum])
def test_a_missing_entry_lets_no_change_through(f: Any) -> None:
    """Neither a tangent nor a cotangent, be they NaN themselves, as behind the root of -1."""
    x, kept = np.array([4.0, -1.0, 9.0]), np.array([4.0, 9.0])
    with np.errstate(invalid="ignore"):
        _, pushed = mg.jvp(lambda x: f(np.sqrt(x)), [x], [np.ones(3)])
    _, expected = mg.jvp(lambda x: f(np.sqrt(x)), [kept], [np.ones(2)])
    np.testing.assert_allclose(pushed, expected)


# fmt: off
WARNING = {
    "nanmean":     np.nanmean,
    "nanvar":      np.nanvar,
    "nanvar, one": lambda x, **options: np.nanvar(x, ddof=1, **options),
    "nanstd":      np.nanstd,
    "nanstd, one": lambda x, **options: np.nanstd(x, ddof=1, **options),
    "nanmax":      np.nanmax,
    "nanmedian":   np.nanmedian,
    "nanquantile": lambda x, **options: np.nanquantile(x, 0.3, **options),
    "var, one":    lambda x, **options: np.var(x[..., 0], ddof=9, **options),
}
# fmt: on


def told(f: Any, x: Any) -> Any:
    """The value, and the warnings that came with it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = f(x)
    value = value.data if isinstance(value, mg.Tensor) else value
    return {(warning.category, str(warning.message)) for warning in caught}, np.asarray(value)


@pytest.mark.parametrize("name", WARNING)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_numpys_warnings_come_with_its_values(name: str, axis: int | None) -> None:
    nan = np.nan
    for rows in ([[nan, nan], [nan, nan]], [[nan, 1.0], [nan, 4.0]], [[1.0, 2.0], [4.0, nan]]):
        if axis == 1 and name == "var, one":
            continue

        def f(x: Any) -> Any:
            return WARNING[name](x, axis=axis)

        expected = told(f, np.array(rows))
        for tracked in (False, True):
            found = told(f, mg.Tensor(rows, requires_grad=tracked))
            assert found[0] == expected[0]
            np.testing.assert_array_equal(found[1], expected[1])


def test_a_covariance_of_one_sample_warns_as_numpys_does() -> None:
    for x in (np.array([[1.0]]), mg.Tensor([[1.0]]), mg.Tensor([[1.0]], requires_grad=True)):
        with (
            np.errstate(all="ignore"),
            pytest.warns(RuntimeWarning, match="^Degrees of freedom <= 0 for slice$"),
        ):
            np.cov(x)


def test_in_a_batch_only_the_examples_that_are_equal_are_flat() -> None:
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]])
    found = np.asarray(mg.vmap(mg.hessian(np.std))(x))
    np.testing.assert_array_equal(found[0], np.zeros((3, 3)))
    np.testing.assert_allclose(found[1], np.asarray(mg.hessian(np.std)(x[1])))
    report = mg.gradcheck(np.std, x[1], order=2)
    assert report, report
