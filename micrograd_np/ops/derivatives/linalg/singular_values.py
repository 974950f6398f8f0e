"""The singular value decomposition, with every option, and singular values alone.

Gauges and repeated values are as in `decompositions`. A singular value that is 0 to rounding has
slope 0, for it has a kink there, like an absolute value. The vectors that
`full_matrices=True` adds follow the others, by staying orthogonal to them.

Sources: J. Townsend, Differentiating the singular value decomposition, 2016; Z.-Q. Wan and S.-X.
Zhang, Automatic differentiation for complex valued SVD, 2019.
"""

from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import expression, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.linalg.decompositions import Parts, nan_if_large, nan_if_turning
from micrograd_np.ops.kernels.matrices import (
    adjoint,
    compose,
    diagonal,
    identity,
    of_gradient,
    scale_columns,
)


@dispatching
def svd(x: Array, full_matrices: bool = True) -> Any:
    """The decomposition `x = U diag(s) Vh`."""
    return np.linalg.svd(x, full_matrices)


def present(s: Array, x: Array) -> Array:
    """1 for the singular values of `x` that are not 0 to rounding, 0 for those that are."""
    rounding = float(np.finfo(s.dtype).eps) * max(x.shape[-2:])
    return np.greater(s, rounding * s[..., :1]).astype(s.dtype)


def square_gaps(s: Array) -> Array:
    """`1 / (s[j]² - s[i]²)`, 0 on the diagonal; infinite where two values agree."""
    row, column, eye = s[..., None, :], s[..., :, None], identity(s)
    return 1 / ((row - column) * (row + column) + eye) - eye


def phase_rates(s: Array, x: Array) -> Array:
    """`1 / (2 s)`: how far the difference of two vectors' phases turns each, half and half.

    0 for a value that is 0, whose vectors' phases are of no consequence to each other.
    """
    return np.where(present(s, x) == 0, 0, 0.5 / s)


# ---------------------------------------------------------------- reverse mode


@of_gradient
def svd_vjp(g: Parts, out: Any, x: Array, full_matrices: bool = True) -> Array:
    """`U (diag(g_s) + …) V^H`: each side adds what its vectors turn, times those of the other."""
    (u, s, vh), (g_u, g_s, g_vh) = out, g
    v, count = adjoint(vh), s.shape[-1]
    left, right = u[..., :count], v[..., :count]
    terms, inners = [], []
    if g_s is not None:
        terms.append(compose(left, g_s * present(s, x), adjoint(right)))
    if g_u is not None:
        part, inner = vectors_cotangent(u, s, g_u, phase_rates(s, x))
        terms.append(part @ adjoint(right))
        inners.append(inner)
    if g_vh is not None:
        part, inner = vectors_cotangent(v, s, adjoint(g_vh), phase_rates(s, x))
        terms.append(left @ adjoint(part))
        inners.append(inner)
    total = sum(terms[1:], terms[0])
    return total + nan_if_turning(sum(inners[1:], inners[0])) if inners else total


def vectors_cotangent(u: Array, s: Array, g: Array, phases: Array) -> tuple[Array, Array]:
    """The term that the cotangent `g` of one side's vectors `U` adds; and `U^H g`.

    The vectors rotate into each other, which adds `U (skew(U^H g) / gap) s`. Vectors that do not
    span the whole space rotate out of their span too, which adds `(g - U U^H g) / s`.
    """
    count = s.shape[-1]
    mine, g = u[..., :count], without_added(u, count, g)
    inner = adjoint(mine) @ g
    skew = inner - adjoint(inner)
    part = scale_columns(mine @ (square_gaps(s) * skew), s)
    if u.dtype.kind == "c":
        part = part + scale_columns(mine, diagonal(skew) * phases / 2)
    if u.shape[-2] > count:
        part = part + scale_columns(g - mine @ inner, 1 / s)
    return part, inner


def without_added(u: Array, count: int, g: Array) -> Array:
    """The cotangent of the vectors that belong to values, with the share of the added vectors.

    NaN if the loss changes when the added vectors are rotated among themselves.
    """
    if u.shape[-1] == count:
        return g
    mine, added, g_added = u[..., :count], u[..., count:], g[..., count:]
    inner = adjoint(added) @ g_added
    part = np.sum(np.abs(inner - adjoint(inner)), axis=(-2, -1))
    checked = nan_if_large(part, np.sum(np.abs(g_added), axis=(-2, -1)))
    return g[..., :count] - added @ (adjoint(g_added) @ mine) + checked


# ---------------------------------------------------------------- forward mode


def svd_jvp(
    ts: list[Array], out: Any, x: Array, full_matrices: bool = True
) -> tuple[Array, Array, Array]:
    """`dP = U^H dA V`: its real diagonal is `ds`, the rest turns the vectors."""
    u, s, vh = out
    count = s.shape[-1]
    one, two = u[..., :count], adjoint(vh)[..., :count]
    inner = adjoint(one) @ ts[0] @ two
    row, column = scale_columns(inner, s), s[..., None] * inner
    turn_u = square_gaps(s) * (row + adjoint(row))
    turn_v = square_gaps(s) * (column + adjoint(column))
    if x.dtype.kind == "c":
        phases = 1j * np.imag(inner) * identity(s) * phase_rates(s, x)[..., None]
        turn_u, turn_v = turn_u + phases, turn_v - phases
    du = vectors_tangent(u, turn_u, scale_columns(ts[0] @ two, 1 / s))
    dv = vectors_tangent(adjoint(vh), turn_v, scale_columns(adjoint(ts[0]) @ one, 1 / s))
    return du, np.real(diagonal(inner)) * present(s, x), adjoint(dv)


def vectors_tangent(u: Array, turn: Array, across: Array) -> Array:
    """The tangent of one side's vectors: turned among themselves, and out of their space."""
    count = turn.shape[-1]
    mine, added = u[..., :count], u[..., count:]
    tangent = mine @ turn
    if mine.shape[-2] > count:
        tangent = tangent + across - mine @ (adjoint(mine) @ across)
    if not added.shape[-1]:
        return tangent
    return np.concatenate([tangent, -mine @ (adjoint(across) @ added)], axis=-1)


# ---------------------------------------------------------------- values alone, and NumPy's options


def svdvals_gradient(g: Array, out: Array, x: Array) -> Array:
    """`U diag(g) V^H`: right for repeated values too, whatever basis they have."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return compose(u, g * present(s, x), vh)


def svdvals_jvp(ts: list[Array], out: Array, x: Array) -> Array:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.real(diagonal(adjoint(u) @ ts[0] @ adjoint(vh))) * present(s, x)


def svd_with_options(
    a: Array, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """`np.linalg.svd`: for a Hermitian matrix the eigenvalues, their sign moved into `Vh`."""
    if not hermitian:
        return svd(a, full_matrices=full_matrices) if compute_uv else np.linalg.svdvals(a)
    w, v = np.linalg.eigh(a) if compute_uv else (np.linalg.eigvalsh(a), None)
    order = np.flip(np.argsort(np.abs(w), axis=-1), axis=-1)
    w = np.take_along_axis(w, order, axis=-1)
    if v is None:
        return np.abs(w)
    v = np.take_along_axis(v, order[..., None, :], axis=-1)
    result: Any = type(np.linalg.svd(np.empty((0, 0))))
    return result(v, np.abs(w), adjoint(scale_columns(v, np.sign(w))))


primitive(svd, svd_vjp, jvp=svd_jvp, sees_unused=True, opaque=True)
primitive(np.linalg.svdvals, of_gradient(svdvals_gradient), jvp=svdvals_jvp)
expression(np.linalg.svd, svd_with_options)
