"""Exponentials and logarithms of large numbers, without overflow and without warnings."""

from collections.abc import Callable

import numpy as np

from micrograd_np.core.errstate import ignoring_float_errors, without_float_errors
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.axes import Axis


def quietly(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of one array, without floating-point warnings."""
    return lambda x: without_float_errors(function, x)


@quietly
def logistic(x: Array) -> Array:
    """`1 / (1 + exp(-x))`; where `exp(-x)` overflows, the infinity rightly gives 0."""
    e = np.exp(np.negative(x))
    out = np.reciprocal(1.0 + e)
    return out if e.dtype.kind != "c" else np.where(np.isinf(e), 0, out)


@quietly
def log_one_plus_exp(x: Array) -> Array:
    """`log(1 + exp(x))`; a NaN passes without a warning."""
    return np.logaddexp(x, 0)


def log_of_total(total: Array) -> Array:
    """`log(total)` of a sum of exponentials: -inf, without a warning, where the sum is 0."""
    with ignoring_float_errors():
        return np.log(total)


def largest_exponent(x: Array, axis: Axis) -> Array:
    """The largest real part along `axis`, to be taken out of exponents; 0 if infinite."""
    top = np.max(np.real(x), axis=axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0)
