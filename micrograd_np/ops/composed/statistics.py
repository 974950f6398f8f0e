"""Statistics: averages, ranges, covariances, weighted counts and running totals."""

import warnings
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expression, expressions, linear
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.core.record import as_input, value_of
from micrograd_np.errors import ShapeError
from micrograd_np.ops.composed.array_like import at_least
from micrograd_np.ops.derivatives.reductions import count
from micrograd_np.ops.kernels.axes import Axis
from micrograd_np.ops.kernels.index_keys import frozen

# ---------------------------------------------------------------- averages


def average(
    a: Array, axis: Axis = None, weights: Array = None, returned: bool = False, *,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The mean, or the sum of the weighted entries over the sum of the weights."""
    a = as_input(a)
    axis = None if axis is None else normalize_axis_tuple(axis, np.ndim(a))
    if weights is None:
        mean = np.mean(a, axis, keepdims=keepdims)
        return (mean, np.full_like(mean, count(a, axis))) if returned else mean
    weights = weights_like(a, as_input(weights), axis)
    total = np.sum(weights, axis, keepdims=keepdims)
    value = value_of(total)
    if isinstance(value, np.ndarray | np.generic) and np.any(value == 0):  # others are not read
        raise ZeroDivisionError("np.average: the weights sum to zero, so the average is undefined")
    mean = np.sum(a * weights, axis, keepdims=keepdims) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


def weights_like(a: Array, weights: Array, axis: Axis) -> Array:
    """The weights laid along the averaged axes of `a`, which they may be given for alone."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(
            f"np.average of shape {a.shape} with weights of shape {weights.shape} needs the axis "
            f"that the weights belong to."
        )
    axes = normalize_axis_tuple(axis, a.ndim)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ShapeError(
            f"np.average along axis {axis} of shape {a.shape} was given weights of shape "
            f"{weights.shape}; give them the shape of the axes that are averaged."
        )
    shape = tuple(n if i in axes else 1 for i, n in enumerate(a.shape))
    return np.reshape(np.transpose(weights, np.argsort(axes).tolist()), shape)


def ptp(a: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    a = as_input(a)
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


# ---------------------------------------------------------------- covariances


def cov(
    m: Array, y: Array = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Array = None, aweights: Array = None, *, dtype: Any = None,
) -> Array:  # fmt: skip
    """`(x - mean) (x - mean)^H / (n - ddof)`, the rows of x being variables."""
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"np.cov takes a whole number as ddof, not {ddof}")
    x = variables(m, y, rowvar, dtype)
    ddof = int(not bias) if ddof is None else ddof
    weights = sample_weights(x.shape[1], fweights, aweights)
    if weights is None:
        mean, weighted, freedom = np.mean(x, axis=1, keepdims=True), 1, x.shape[1] - ddof
    else:
        mean, total = average(x, 1, weights, returned=True, keepdims=True)
        total = np.real(total[0, 0])
        lost = 1 if aweights is None else np.sum(weights * as_input(aweights)) / total
        weighted, freedom = weights, total - ddof * lost
    value = value_of(freedom)
    if isinstance(value, int | float | np.ndarray) and value <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
    deviation = x - mean
    product = np.matmul(deviation, np.conj(np.transpose(deviation * weighted)))
    return np.squeeze(product / np.maximum(freedom, 0))


def variables(m: Array, y: Array, rowvar: bool, dtype: Any) -> Array:
    """The data as one matrix, a row a variable, in double precision unless `dtype` is given."""
    given = [as_input(part) for part in (m, y) if part is not None]
    if any(np.ndim(part) > 2 for part in given):
        raise ShapeError(f"np.cov takes at most 2 dimensions, not {[np.shape(x) for x in given]}")
    dtype = np.result_type(*(part.dtype for part in given), float) if dtype is None else dtype
    rows = [at_least(2, part).astype(dtype) for part in given]
    if not rowvar:
        rows[1:] = [row if row.shape[0] == 1 else np.transpose(row) for row in rows[1:]]
        rows[0] = rows[0] if np.ndim(m) == 1 else np.transpose(rows[0])
    return np.concatenate(rows, axis=0) if y is not None and rows[0].shape[0] else rows[0]


def sample_weights(samples: int, fweights: Array, aweights: Array) -> Array:
    """The weight of each sample: frequencies times weights, or None."""
    given = {"fweights": fweights, "aweights": aweights}
    weights = {name: as_input(w) for name, w in given.items() if w is not None}
    for name, w in weights.items():
        if np.shape(w) != (samples,):
            raise ShapeError(f"np.cov: {name} has shape {np.shape(w)}, the samples ({samples},)")
        value = value_of(w)
        if isinstance(value, np.ndarray) and np.any(value < 0):
            raise ValueError(f"np.cov: {name} are negative: {value}")
    return None if not weights else weights.popitem()[1] * weights.get("fweights", 1)


def corrcoef(x: Array, y: Array = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    """The covariances over both standard deviations, cut off at 1 as NumPy does."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviations = np.sqrt(np.real(np.diagonal(c)))
    c = c / deviations[:, None] / deviations[None, :]
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1)
    return np.clip(c, -1, 1)


# ---------------------------------------------------------------- counts


def bind_bincount(x: Array, weights: Array = None, minlength: int = 0) -> tuple[Inputs, Options]:
    return (like(weights, frozen(x)), weights), {"minlength": minlength} if minlength else {}


# ---------------------------------------------------------------- running totals


def running_total(function: Any, initial: float) -> Any:
    """`np.cumulative_sum` or `np.cumulative_prod`: an axis where one is needed, and a start."""

    def written(
        x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Array:
        x = at_least(1, x)
        if axis is None and x.ndim > 1:
            raise ValueError(f"a running total of shape {x.shape} needs an axis to run along")
        axis = axis or 0
        total = function(x, axis=axis, dtype=dtype)
        if not include_initial:
            return total
        shape = tuple(1 if i == axis % x.ndim else n for i, n in enumerate(total.shape))
        return np.concatenate([np.full_like(total, initial, shape=shape), total], axis=axis)

    return written


expressions(np, average, ptp, cov, corrcoef)
expression(np.cumulative_sum, running_total(np.cumsum, 0))
expression(np.cumulative_prod, running_total(np.cumprod, 1))
linear(np.bincount, None, lambda g, out, x, weights, minlength=0: g[x], binder=bind_bincount)
