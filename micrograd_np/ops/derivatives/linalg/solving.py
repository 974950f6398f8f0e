"""Inverses and solutions of linear equations, exact and by least squares.

A singular matrix raises LinAlgError, as in NumPy. Pseudo-inverses and least squares have a
derivative along changes that keep the rank of the matrix, and this derivative is returned. Where a
small change can raise the rank, neither function is continuous.

Source of the rule at constant rank: G. Golub and V. Pereyra, The differentiation of pseudo-inverses
and nonlinear least squares problems whose variables separate, SIAM Journal on Numerical Analysis
10, 1973.
"""

from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import constant, expression, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.linalg.decompositions import Parts
from micrograd_np.ops.derivatives.linalg.singular_values import svdvals_gradient, svdvals_jvp
from micrograd_np.ops.kernels.matrices import adjoint, hermitian_part, of_gradient, transpose

# ---------------------------------------------------------------- solve and inv


def solve_like(a: Array, g: Array, b: Array) -> Array:
    """`a^-1 g`, of vectors `g` if the right-hand side `b` is a vector, else of matrices."""
    return np.linalg.solve(a, g[..., None])[..., 0] if b.ndim == 1 else np.linalg.solve(a, g)


def solve_matrix(g: Array, out: Array, a: Array, b: Array) -> Array:
    """`-(a^-T g) out^T`."""
    back = solve_like(transpose(a), g, b)
    return -(back[..., None] * out[..., None, :] if b.ndim == 1 else back @ transpose(out))


def solve_jvp(ts: list[Array | None], out: Array, a: Array, b: Array) -> Array:
    """`a^-1 (db - da out)`."""
    da, db = ts
    change: Array = 0
    if da is not None:
        change = -np.matvec(da, out) if b.ndim == 1 else -(da @ out)
    return solve_like(a, change if db is None else db + change, b)


# fmt: off
primitive(np.linalg.solve, solve_matrix, lambda g, out, a, b: solve_like(transpose(a), g, b), jvp=solve_jvp)
primitive(np.linalg.inv,   lambda g, out, x: -(transpose(out) @ g @ transpose(out)),         jvp=lambda ts, out, x: -(out @ ts[0] @ out))
# fmt: on


def tensorsolve(a: Array, b: Array, axes: Any = None) -> Array:
    """`solve` after flattening: the last axes of `a`, those that `b` lacks, are the unknown's."""
    if axes is not None:
        a = np.transpose(a, [i for i in range(np.ndim(a)) if i not in axes] + list(axes))
    shape = np.shape(a)[-(np.ndim(a) - np.ndim(b)) :]  # all of `a`'s where `b` has as many axes
    size = prod(shape)
    if prod(np.shape(a)) != size**2:
        raise np.linalg.LinAlgError(
            f"tensorsolve takes an array `a` that is square when flattened: "
            f"prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim]). Given: a of shape {np.shape(a)}, "
            f"b of shape {np.shape(b)}."
        )
    return np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)).reshape(shape)


def tensorinv(a: Array, ind: int = 2) -> Array:
    """`inv` after flattening the first `ind` axes, and the rest."""
    if ind <= 0:
        raise ValueError(f"tensorinv takes a positive number of first axes, not ind={ind}")
    shape = np.shape(a)
    flat = np.reshape(a, (prod(shape[:ind]), -1))
    return np.linalg.inv(flat).reshape(shape[ind:] + shape[:ind])


expression(np.linalg.tensorsolve, tensorsolve)
expression(np.linalg.tensorinv, tensorinv)
constant(np.linalg.matrix_rank)

# ---------------------------------------------------------------- pinv and lstsq


def pinv_gradient(g: Array, inverse: Array, a: Array) -> Array:
    """`-X^H G X^H + X^H X G^H (I - X A) + (I - A X) G^H X X^H` for `X` the pseudo-inverse of `A`."""
    h, back = adjoint(inverse), adjoint(g)
    left = back - (back @ inverse) @ a
    right = back - a @ (inverse @ back)
    return -(h @ g @ h) + h @ (inverse @ left) + (right @ inverse) @ h


def pinv_tangent(t: Array, inverse: Array, a: Array) -> Array:
    """`-X dA X + (I - X A) dA^H X^H X + X X^H dA^H (I - A X)`."""
    h, back = adjoint(inverse), adjoint(t)
    left = back - inverse @ (a @ back)
    right = back - (back @ a) @ inverse
    return -(inverse @ t @ inverse) + left @ (h @ inverse) + inverse @ (h @ right)


@dispatching
def from_lower(a: Array) -> Array:
    """The Hermitian matrix of which `a` has the lower triangle; its derivative is Hermitian too."""
    lower, strict = np.tril(a), np.tril(a, -1)  # the rest may be anything, NaN too
    return strict + adjoint(strict) + np.real(lower - strict)


@of_gradient
def pinv_vjp(
    g: Array, out: Array, a: Array, rcond: Any = None, hermitian: bool = False, rtol: Any = None
) -> Array:
    """The gradient; with `hermitian=True` a Hermitian one, as of every op that reads one triangle."""
    if hermitian:  # so is the inverse, which leaves the rest of a cotangent without effect
        return hermitian_part(pinv_gradient(hermitian_part(g), out, from_lower(a)))
    return pinv_gradient(g, out, a)


def pinv_jvp(ts: list[Array], out: Array, a: Array, hermitian: bool = False, **_: Any) -> Array:
    if hermitian:
        return hermitian_part(pinv_tangent(hermitian_part(ts[0]), out, from_lower(a)))
    return pinv_tangent(ts[0], out, a)


def as_columns(x: Array, b: Array) -> Array:
    """`x` as a matrix, if the right-hand side `b` is a vector."""
    return x[:, None] if b.ndim == 1 else x


def inverse_for(a: Array, rcond: float | None) -> Array:
    """The pseudo-inverse with the cut-off that `lstsq` has for singular values."""
    if rcond is None or rcond < 0:
        rcond = float(np.finfo(a.dtype).eps) * (1 if rcond else max(a.shape))
    return np.linalg.pinv(a, rcond)


@of_gradient
def lstsq_matrix(g: Parts, out: Any, a: Array, b: Array, rcond: Any = None) -> Array:
    """The solution is `pinv(a) b`; the sums of squares change with the residuals times `-x`."""
    x, right = as_columns(out[0], b), as_columns(b, b)
    part = np.zeros_like(a)
    if g[0] is not None:
        part = pinv_gradient(as_columns(g[0], b) @ adjoint(right), inverse_for(a, rcond), a)
    if g[1] is not None and out[1].size:
        part = part - 2 * g[1] * (right - a @ x) @ adjoint(x)
    if g[3] is not None:
        part = part + svdvals_gradient(g[3], out[3], a)
    return part


@of_gradient
def lstsq_right(g: Parts, out: Any, a: Array, b: Array, rcond: Any = None) -> Array:
    part = np.zeros_like(b) if g[0] is None else adjoint(inverse_for(a, rcond)) @ g[0]
    return part if g[1] is None or not out[1].size else part + 2 * g[1] * (b - a @ out[0])


def lstsq_jvp(ts: list[Array | None], out: Any, a: Array, b: Array, rcond: Any = None) -> Any:
    da, db = (np.zeros_like(x) if t is None else t for t, x in zip(ts, (a, b), strict=True))
    inverse, change = inverse_for(a, rcond), db - da @ out[0]
    dx = pinv_tangent(da, inverse, a) @ b + inverse @ db
    sums = np.zeros_like(out[1])
    if out[1].size:
        products = np.conj(b - a @ out[0]) * change
        sums = 2 * np.real(np.sum(products, axis=0, keepdims=b.ndim == 1))
    sizes = np.zeros_like(out[3]) if ts[0] is None else svdvals_jvp([da], out[3], a)
    return dx, sums, np.zeros_like(out[2]), sizes


# fmt: off
primitive(from_lower,      lambda g, out, a: hermitian_part(g), jvp=lambda ts, out, a: hermitian_part(ts[0]), hermitian=True)
primitive(np.linalg.pinv,  pinv_vjp, jvp=pinv_jvp, hermitian="hermitian")
primitive(np.linalg.lstsq, lstsq_matrix, lstsq_right, jvp=lstsq_jvp, sees_unused=True)
# fmt: on
