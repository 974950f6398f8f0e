"""Norms of vectors and matrices, of every order, and condition numbers.

A norm's slope is the *dual vector*: of dual norm one, with `Re sum(slope * x) = norm(x)`. Where a
norm has a kink, the slope is the subgradient of least Frobenius norm. That is 0 at the origin; ties
among entries or singular values share it evenly, and singular values that are 0 to rounding get
nothing. A second derivative at the origin is NaN, for a norm curves infinitely there.

Matrix norms that are functions of singular values: A. Lewis, The convex analysis of unitarily
invariant matrix functions, Journal of Convex Analysis 2, 1995.
"""

from typing import Any

import numpy as np

from micrograd_np.core.forms import expression, reduction
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import absolute_slope, safe_divide
from micrograd_np.ops.derivatives.linalg.singular_values import present
from micrograd_np.ops.derivatives.reductions import tie_share
from micrograd_np.ops.kernels.axes import Axis, normalize_axes
from micrograd_np.ops.kernels.matrices import compose, conj


def norm_slope(out: Array, x: Array, *, axis: Axis, ord: Any = None) -> Array:
    """The slope of a matrix norm for two axes and an order, else that of a vector norm."""
    if ord in (None, "fro"):
        return vector_slope(out, x, axis=axis)
    axes = normalize_axes(axis, x.ndim)
    if len(axes) != 2:
        return vector_slope(out, x, axis=axis, ord=ord)
    rows, columns = axes
    if ord in (1, -1):
        return extreme_sum_slope(out, x, rows, columns)
    if ord in (np.inf, -np.inf):
        return extreme_sum_slope(out, x, columns, rows)
    slope = spectral_slope(np.moveaxis(x, axes, (-2, -1)), ord)
    return np.moveaxis(slope, (-2, -1), axes)


def vector_slope(out: Array, x: Array, *, axis: Axis, ord: Any = 2) -> Array:
    """The entries over the norm, to the power `ord - 1`, in the direction of each entry."""
    if ord == 2:
        return safe_divide(conj(x), out, jumps=True)
    if ord == 0:
        return np.zeros_like(x)
    size = np.abs(x)
    if ord == 1:
        return absolute_slope(size, x)
    if abs(ord) == np.inf:
        return absolute_slope(size, x) * tie_share(out, size, axis=axis)
    at_zero = np.inf if ord < 0 else 0  # a norm of negative order stays 0 beside an entry of 0
    slope = absolute_slope(size, x) * safe_divide(size, out, at_zero, jumps=True) ** (ord - 1)
    return slope if ord > 1 else np.where(size == 0, 0, slope)


def extreme_sum_slope(out: Array, x: Array, summed: int, among: int) -> Array:
    """The largest (or smallest) of the sums of absolute values."""
    size = np.abs(x)
    sums = np.sum(size, axis=summed, keepdims=True)
    return absolute_slope(size, x) * tie_share(out, sums, axis=among)


def spectral_slope(x: Array, ord: Any) -> Array:
    """The largest or smallest singular value, or their sum ("nuc")."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    if ord == "nuc" or s.shape[-1] == 0:
        shares = np.ones_like(s)
    else:
        shares = tie_share(s[..., :1] if ord == 2 else s[..., -1:], s, axis=-1)
    return conj(compose(u, shares * present(s, x), vh))


def cond(x: Array, p: Any = None) -> Array:
    """`norm(x) norm(inv(x))`, for the spectral norm by singular values.

    Raises LinAlgError for an empty matrix, and for a singular one where the inverse is taken.
    """
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError(f"cond is not defined on empty arrays. Given: shape {x.shape}.")
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    axes = (-2, -1)
    return np.linalg.norm(x, p, axes) * np.linalg.norm(np.linalg.inv(x), p, axes)


# fmt: off
reduction (np.linalg.norm,        norm_slope)
reduction (np.linalg.vector_norm, vector_slope)
expression(np.linalg.matrix_norm, lambda x, keepdims=False, ord="fro": np.linalg.norm(x, ord, (-2, -1), keepdims))
expression(np.linalg.cond,        cond)
# fmt: on
