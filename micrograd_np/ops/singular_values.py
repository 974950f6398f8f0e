"""The singular value decomposition, with every option, and singular values alone.

What is said of gauges and repeated values in `decompositions` holds here. A singular value that is
0 to rounding has slope 0: like an absolute value it has a kink there. The vectors that
`full_matrices=True` adds follow the others, by staying orthogonal to them.

Sources: J. Townsend, Differentiating the singular value decomposition, 2016; Z.-Q. Wan and S.-X.
Zhang, Automatic differentiation for complex valued SVD, 2019.
"""

from typing import Any

import numpy as np

from micrograd_np.forms import expression, primitive
from micrograd_np.op import Array
from micrograd_np.ops.decompositions import nan_if_large, nan_if_turning, recomposed, scaled
from micrograd_np.ops.dispatch import dispatching
from micrograd_np.ops.matrices import adjoint, diagonal, identity, published, unused


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


# ---------------------------------------------------------------- reverse mode


@published
def svd_vjp(g: list[Array], out: Any, x: Array, full_matrices: bool = True) -> Array:
    """`U core V^H`, and for each side what turns its vectors out of the space they span."""
    u, s, vh = out
    v, g_v = adjoint(vh), adjoint(g[2])
    g_u = without_added(g[0], u, s)
    g_v = without_added(g_v, v, s)
    u, v = u[..., : s.shape[-1]], v[..., : s.shape[-1]]
    inner_u, inner_v = adjoint(u) @ g_u, adjoint(v) @ g_v
    core = (g[1] * present(s, x))[..., None] * identity(s)
    core = core + scaled(rotated(g_u, inner_u, s), s)
    core = core + s[..., None] * rotated(g_v, inner_v, s)
    if x.dtype.kind == "c":
        phases = 1j * np.imag(inner_u - inner_v) * identity(s)
        idle = np.logical_and(unused(g_u), unused(g_v))
        core = core + np.where(idle, 0, phases / (2 * s[..., None]))
        core = core + nan_if_turning(inner_u + inner_v)
    core = u @ core @ adjoint(v)
    if x.shape[-2] > s.shape[-1]:
        core = core + outward(g_u, u, inner_u, s) @ adjoint(v)
    if x.shape[-1] > s.shape[-1]:
        core = core + u @ adjoint(outward(g_v, v, inner_v, s))
    return core


def without_added(g: Array, u: Array, s: Array) -> Array:
    """The cotangent of the vectors that belong to values, with what the added ones pass on to it.

    NaN if the loss changes when the added vectors are rotated among themselves.
    """
    count = s.shape[-1]
    if u.shape[-1] == count:
        return g
    mine, added, g_added = u[..., :count], u[..., count:], g[..., count:]
    inner = adjoint(added) @ g_added
    part = np.sum(np.abs(inner - adjoint(inner)), axis=(-2, -1))
    checked = nan_if_large(part, np.sum(np.abs(g_added), axis=(-2, -1)))
    return g[..., :count] - added @ (adjoint(g_added) @ mine) + checked


def rotated(g: Array, inner: Array, s: Array) -> Array:
    """The cotangent of a rotation of singular vectors into each other."""
    return np.where(unused(g), 0, square_gaps(s) * (inner - adjoint(inner)))


def outward(g: Array, u: Array, inner: Array, s: Array) -> Array:
    """`(I - U U^H) g / s`."""
    return np.where(unused(g), 0, scaled(g - u @ inner, 1 / s))


# ---------------------------------------------------------------- forward mode


def svd_jvp(
    ts: list[Array], out: Any, x: Array, full_matrices: bool = True
) -> tuple[Array, Array, Array]:
    """`dP = U^H dA V`: its real diagonal is `ds`, the rest turns the vectors."""
    u, s, vh = out
    count = s.shape[-1]
    one, two = u[..., :count], adjoint(vh)[..., :count]
    inner = adjoint(one) @ ts[0] @ two
    row, column = scaled(inner, s), s[..., None] * inner
    turn_u = square_gaps(s) * (row + adjoint(row))
    turn_v = square_gaps(s) * (column + adjoint(column))
    if x.dtype.kind == "c":
        phases = 1j * np.imag(inner) * identity(s) / (2 * s[..., None])
        turn_u, turn_v = turn_u + phases, turn_v - phases
    du = moved(u, turn_u, scaled(ts[0] @ two, 1 / s))
    dv = moved(adjoint(vh), turn_v, scaled(adjoint(ts[0]) @ one, 1 / s))
    return du, np.real(diagonal(inner)) * present(s, x), adjoint(dv)


def moved(u: Array, turn: Array, across: Array) -> Array:
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


@published
def svdvals_vjp(g: Array, out: Array, x: Array) -> Array:
    """`U diag(g) V^H`: right for repeated values too, whatever basis they have."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return recomposed(u, g * present(s, x), vh)


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
    return result(v, np.abs(w), adjoint(scaled(v, np.sign(w))))


primitive(svd, svd_vjp, jvp=svd_jvp)
primitive(np.linalg.svdvals, svdvals_vjp, jvp=svdvals_jvp)
expression(np.linalg.svd, svd_with_options)
