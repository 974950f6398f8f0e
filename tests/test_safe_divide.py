"""`safe_divide`, the one division of the rules by what may be 0, and the form `reduction`."""

from typing import Any

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import reduction
from micrograd_np.core.op import OPS
from micrograd_np.ops.derivatives.elementwise import safe_divide

ZEROS = np.array([0.0, 3.0, 0.0]), np.array([0.0, 2.0, 2.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("at_zero", [0, 0.5])
def test_the_value_where_the_divisor_is_zero(dtype: Any, at_zero: float) -> None:
    x, y = (part.astype(dtype) for part in ZEROS)
    out = safe_divide(x, y, at_zero)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, np.array([at_zero, 1.5, 0], dtype))


def quotients(x: Any, y: Any, **options: Any) -> Any:
    return np.sum(safe_divide(x, y, **options))


def test_derivatives_of_every_order_are_zero_where_the_divisor_is() -> None:
    x, y = ZEROS
    first = mg.grad(quotients, argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(first, [[0, 0.5, 0.5], [0, -0.75, 0]])
    second = mg.grad(lambda y: np.sum(mg.grad(quotients, argnums=1)(x, y)))(y)
    np.testing.assert_array_equal(second, [0, 0.75, 0])
    each = mg.vmap(mg.grad(quotients, argnums=1))(x, y)
    np.testing.assert_array_equal(each, first[1])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # rules run without warnings, this does not
def test_a_jump_has_no_finite_derivative() -> None:
    x, y = ZEROS
    slopes = mg.grad(lambda x, y: quotients(x, y, jumps=True), argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(slopes, [[np.inf, 0.5, 0.5], [np.nan, -0.75, 0]])


def test_arrays_of_other_libraries_stay_theirs() -> None:
    dask = pytest.importorskip("dask.array")
    x, y = (dask.from_array(part, chunks=2) for part in ZEROS)
    out = safe_divide(x, y, 0.5)
    assert isinstance(out, dask.Array)
    np.testing.assert_array_equal(out.compute(), [0.5, 1.5, 0])


@pytest.fixture
def log_mean() -> Any:
    @dispatching
    def log_mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return np.log(np.mean(x, axis=axis, keepdims=keepdims))

    def slope(out: Any, x: Any, *, axis: Any) -> Any:
        return np.exp(-out) / (x.size if axis is None else x.shape[axis]) * np.ones_like(x)

    reduction(log_mean, slope)
    yield log_mean
    del OPS[log_mean]


@pytest.mark.parametrize("options", [{}, {"axis": 0}, {"axis": -1}, {"axis": 1, "keepdims": True}])
def test_a_reduction_is_declared_by_its_slope_alone(log_mean: Any, options: Any) -> None:
    x = np.random.default_rng(0).uniform(1, 2, (4, 2, 3))

    def loss(f: Any) -> Any:
        return lambda x: np.sum(f(x, **options) ** 2)

    def written(x: Any, **options: Any) -> Any:
        return np.log(np.mean(x, **options))

    for transform in (mg.grad, mg.hessian, lambda f: lambda x: mg.jvp(f, (x,), (x,))[1]):
        for batched in (lambda f: f(x[0]), lambda f: mg.vmap(f)(x)):
            found, expected = batched(transform(loss(log_mean))), batched(transform(loss(written)))
            np.testing.assert_allclose(found, expected, rtol=1e-12)
