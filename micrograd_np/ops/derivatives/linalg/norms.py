"""Norms of vectors and matrices, of every order, and condition numbers.

A norm's slope is the *dual vector*: of dual norm one, with `Re sum(slope * x) = norm(x)`. Where a
norm has a kink it is the subgradient of least Frobenius norm: 0 at the origin, shared evenly among
entries or singular values that tie, without singular values that are 0 to rounding. A second
derivative at the origin is NaN: there a norm curves infinitely.

Matrix norms that are functions of singular values: A. Lewis, The convex analysis of unitarily
invariant matrix functions, Journal of Convex Analysis 2, 1995.
"""

from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import elementwise, expression
from micrograd_np.core.op import Array
from micrograd_np.core.values import conj
from micrograd_np.ops.derivatives.elementwise import direction
from micrograd_np.ops.derivatives.linalg.decompositions import recomposed
from micrograd_np.ops.derivatives.linalg.singular_values import present
from micrograd_np.ops.derivatives.reductions import reduction, tied
from micrograd_np.ops.kernels.axes import Axis, axes_of


def norm_slope(out: Array, x: Array, axis: Axis, *, ord: Any = None) -> Array:
    """That of a matrix norm for two axes and an order, else of a vector norm."""
    axes = axes_of(axis, x.ndim)
    if len(axes) != 2 or ord in (None, "fro"):
        return vector_slope(out, x, axis, ord=2 if ord in (None, "fro") else ord)
    rows, columns = axes
    if ord in (1, -1):
        return extreme_sum_slope(out, x, rows, columns)
    if ord in (np.inf, -np.inf):
        return extreme_sum_slope(out, x, columns, rows)
    slope = spectral_slope(np.moveaxis(x, axes, (-2, -1)), ord)
    return np.moveaxis(slope, (-2, -1), axes)


@dispatching
def ratio(x: Array, size: Array) -> Array:
    """`x / size`, and 0 where `size` is 0: there it jumps, and its derivatives are not finite."""
    out: Array = np.where(size == 0, 0, x / size)
    return out


def vector_slope(out: Array, x: Array, axis: Axis, *, ord: Any = 2) -> Array:
    if ord == 2:
        return ratio(conj(x), out)
    if ord == 0:
        return np.zeros_like(x)
    size = np.abs(x)
    if ord == 1:
        return direction(size, x)
    if abs(ord) == np.inf:
        return direction(size, x) * tied(out, size, axis)
    slope = direction(size, x) * ratio(size, out) ** (ord - 1)
    return slope if ord > 1 else np.where(size == 0, 0, slope)


def extreme_sum_slope(out: Array, x: Array, summed: int, among: int) -> Array:
    """The largest (or smallest) of the sums of absolute values."""
    size = np.abs(x)
    sums = np.sum(size, axis=summed, keepdims=True)
    return direction(size, x) * tied(out, sums, among)


def spectral_slope(x: Array, ord: Any) -> Array:
    """The largest or smallest singular value, or their sum ("nuc")."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    if ord == "nuc" or s.shape[-1] == 0:
        shares = np.ones_like(s)
    else:
        shares = tied(s[..., :1] if ord == 2 else s[..., -1:], s, -1)
    return conj(recomposed(u, shares * present(s, x), vh))


def cond(x: Array, p: Any = None) -> Array:
    """`norm(x) norm(inv(x))`, for the spectral norm by singular values.

    Raises LinAlgError for an empty matrix, and, where it takes an inverse, for a singular one.
    """
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError(f"cond is not defined on empty arrays. Given: shape {x.shape}.")
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    axes = (-2, -1)
    return np.linalg.norm(x, p, axes) * np.linalg.norm(np.linalg.inv(x), p, axes)


def matrix_norm(x: Array, keepdims: bool = False, ord: Any = "fro") -> Array:
    return np.linalg.norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)


elementwise(ratio, lambda out, x, size: 1 / size, lambda out, x, size: -out / size)
reduction(np.linalg.norm, norm_slope, ("ord",))
reduction(np.linalg.vector_norm, vector_slope, ("ord",))
expression(np.linalg.matrix_norm, matrix_norm)
expression(np.linalg.cond, cond)
