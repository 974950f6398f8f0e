"""Matrix decompositions: Cholesky, QR, eigenvalues and singular values.

Vectors of a decomposition are determined only up to a *gauge*: the sign of each (its phase, for
complex matrices), and a rotation of those that share a value. The derivative of a loss that does
not depend on the gauge is right. If a loss depends on phases, or on the extra vectors of
`full_matrices=True`, the rules return NaN instead of a wrong number. A real sign is no obstacle,
for signs do not vary. Vectors of repeated values have no derivative: it is infinite or NaN, as in
PyTorch. A loss of the values alone always has a gradient, in which the vectors play no part.

Functions of a Hermitian matrix read one of its triangles. Their gradients are Hermitian: those of
the function of `(x + x^H) / 2`, which can be followed without leaving the Hermitian matrices. These
functions are declared with `hermitian=True`, which tells `gradcheck` to move the matrix
symmetrically.

Sources: M. Giles, An extended collection of matrix derivative results, 2008; M. Seeger et al.,
Auto-differentiating linear algebra, 2017; S. Walter and L. Lehmann, Algorithmic differentiation of
linear algebra functions, 2012 (QR); C. Boeddeker et al., On the computation of complex-valued
gradients, 2017.
"""

from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import expression, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.matrices import (
    adjoint,
    compose,
    diagonal,
    hermitian_part,
    identity,
    of_gradient,
    plus_diagonal,
    scale_columns,
    strict_lower,
    transpose,
)

Parts = list[Any]  # the cotangents of several results, None for one that goes unused

# ---------------------------------------------------------------- Cholesky


def half_lower(x: Array) -> Array:
    """The lower triangle with half the diagonal: its Hermitian part is half of a Hermitian `x`.

    The diagonal is that of a Hermitian matrix: real, which rounding would leave only nearly so.
    """
    return strict_lower(x) + np.real(x) * identity(x) / 2


@of_gradient
def cholesky_vjp(g: Array, out: Array, x: Array, upper: bool = False) -> Array:
    """`L^-H S L^-1`, `S` the Hermitian part of the lower half of `L^H g`."""
    low, g = (adjoint(out), adjoint(g)) if upper else (out, g)
    inverse = np.linalg.inv(low)
    return adjoint(inverse) @ hermitian_part(half_lower(adjoint(low) @ g)) @ inverse


def cholesky_jvp(ts: list[Array], out: Array, x: Array, upper: bool = False) -> Array:
    low = adjoint(out) if upper else out
    inverse = np.linalg.inv(low)
    moved = low @ half_lower(inverse @ hermitian_part(ts[0]) @ adjoint(inverse))
    return adjoint(moved) if upper else moved


primitive(np.linalg.cholesky, cholesky_vjp, jvp=cholesky_jvp, hermitian=True)

# ---------------------------------------------------------------- QR


@dispatching
def qr(x: Array) -> Any:
    """The reduced QR decomposition of a tall or square matrix."""
    return np.linalg.qr(x)


def times_inverse(x: Array, r: Array) -> Array:
    """`x r^-1`."""
    return transpose(np.linalg.solve(transpose(r), transpose(x)))


@of_gradient
def qr_vjp(g: list[Array], out: Any, x: Array) -> Array:
    """`(g_Q + Q C) R^-H`, where `C` is Hermitian with the lower triangle of `R g_R^H - g_Q^H Q`."""
    q, r = out
    low = r @ adjoint(g[1]) - adjoint(g[0]) @ q
    strict = strict_lower(low)
    core = strict + adjoint(strict) + np.real(low) * identity(r)
    return times_inverse(g[0] + q @ core, adjoint(r))


def qr_jvp(ts: list[Array], out: Any, x: Array) -> tuple[Array, Array]:
    """`dR = (N - W) R` and `dQ = dA R^-1 - Q (N - W)`, `W` the skew part that keeps `R` upper."""
    q, r = out
    moved = times_inverse(ts[0], r)
    core = adjoint(q) @ moved
    strict = strict_lower(core)
    upper = core - strict + adjoint(strict)
    if x.dtype.kind == "c":  # the diagonal of R stays real
        upper = upper - 1j * np.imag(core) * identity(r)
    return moved - q @ upper, upper @ r


def qr_in_mode(a: Array, mode: str = "reduced") -> Any:
    """`np.linalg.qr`; of a wide matrix by its first columns, `R` going on with `Q^H` times the rest.

    The rank must be full, in a wide matrix that of the first columns: else LinAlgError in backward.
    """
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r") and not (mode == "complete" and m <= n):
        raise NotImplementedError(
            f"np.linalg.qr with mode={mode!r} of matrices of shape {(m, n)} has no derivative: "
            f"'raw' is LAPACK's own form, and the columns that 'complete' adds are arbitrary. Use "
            f"mode='reduced', or 'r' for R alone."
        )
    factors = qr(a[..., :m])
    if m < n:
        q, r = factors
        factors = type(factors)(q, np.concatenate([r, adjoint(q) @ a[..., m:]], axis=-1))
    return factors[1] if mode == "r" else factors


primitive(qr, qr_vjp, jvp=qr_jvp, opaque=True)
expression(np.linalg.qr, qr_in_mode)

# ---------------------------------------------------------------- what vectors have in common


def gaps(w: Array) -> Array:
    """`1 / (w[j] - w[i])`, 0 on the diagonal; infinite where two values agree."""
    eye = identity(w)
    return 1 / (w[..., None, :] - w[..., :, None] + eye) - eye


def nan_if_turning(inner: Array, has_phase: Any = True) -> Array:
    """0 for each matrix; NaN if the loss changes with the phases of complex vectors.

    `inner` is `V^H g`. Its diagonal is real, to rounding, when they do not matter. `has_phase`:
    which of the vectors have a phase, if not all.
    """
    if inner.dtype.kind != "c":
        return 0.0
    angles = np.sum(np.abs(np.imag(diagonal(inner))) * has_phase, axis=-1)
    return nan_if_large(angles, np.sum(np.abs(inner), axis=(-2, -1)))


def nan_if_large(part: Array, whole: Array) -> Array:
    """0 where a part, which should vanish, does so within rounding; else NaN."""
    rounding = float(np.finfo(whole.dtype).eps) ** 0.5
    large = np.greater(part, rounding + 1e-3 * whole)
    return np.where(large, np.nan, np.zeros_like(whole))[..., None, None]


# ---------------------------------------------------------------- eigenvalues of Hermitian matrices


@of_gradient
def eigh_vjp(g: Parts, out: Any, x: Array, **options: Any) -> Array:
    """`V (diag(g_w) + skew(V^H g_V) / gap) V^H`."""
    (w, v), (g_w, g_v) = out, g
    if g_v is None:
        return compose(v, g_w, adjoint(v))
    inner = adjoint(v) @ g_v
    core = gaps(w) * (inner - adjoint(inner)) / 2 + nan_if_turning(inner)
    return v @ plus_diagonal(core, g_w) @ adjoint(v)


def eigh_jvp(ts: list[Array], out: Any, x: Array, **options: Any) -> tuple[Array, Array]:
    """`dw = diag(V^H dA V)`, and `dV` without a turn of phases."""
    w, v = out
    inner = adjoint(v) @ hermitian_part(ts[0]) @ v
    return np.real(diagonal(inner)), v @ (gaps(w) * inner)


def eigvalsh_vjp(g: Array, out: Array, x: Array, **options: Any) -> Array:
    """The rule of `eigh`: right for repeated values too, whatever basis the vectors have there."""
    return eigh_vjp([g, None], np.linalg.eigh(x, **options), x)


def eigvalsh_jvp(ts: list[Array], out: Array, x: Array, **options: Any) -> Array:
    v = np.linalg.eigh(x, **options)[1]
    return np.real(diagonal(adjoint(v) @ hermitian_part(ts[0]) @ v))


# fmt: off
primitive(np.linalg.eigh,     eigh_vjp,     jvp=eigh_jvp,     accepted=("UPLO",), hermitian=True, sees_unused=True)
primitive(np.linalg.eigvalsh, eigvalsh_vjp, jvp=eigvalsh_jvp, accepted=("UPLO",), hermitian=True)
# fmt: on

# ---------------------------------------------------------------- eigenvalues of any matrix


@of_gradient
def eig_vjp(g: Parts, out: Any, x: Array) -> Array:
    """`V^-H (diag(g_w) + (V^H g_V - V^H V diag(Re V^H g_V)) / gap^*) V^H`.

    The second term keeps the vectors at length one. Raises LinAlgError for a defective matrix,
    whose vectors are no basis. The vector of a real value of a real matrix is real, has no phase,
    and stays real in every direction. From NumPy 2.5 on its dtype is complex nevertheless.
    """
    (w, v), (g_w, g_v) = out, g
    vh = adjoint(v)
    if g_v is None:
        return np.linalg.solve(vh, g_w[..., None] * vh)
    inner = vh @ g_v
    free = inner - scale_columns(vh @ v, np.real(diagonal(inner)))
    has_phase = True if x.dtype.kind == "c" else np.not_equal(np.imag(w), 0)
    core = np.conj(gaps(w)) * free + nan_if_turning(inner, has_phase)
    return np.linalg.solve(vh, plus_diagonal(core, g_w) @ vh)


def eig_jvp(ts: list[Array], out: Any, x: Array) -> tuple[Array, Array]:
    """`dw = diag(V^-1 dA V)`, and `dV` without a change of length."""
    w, v = out
    inner = np.linalg.solve(v, ts[0] @ v)
    moved = v @ (gaps(w) * inner)
    grown = np.real(np.sum(np.conj(v) * moved, axis=-2))
    return diagonal(inner), moved - scale_columns(v, grown)


primitive(np.linalg.eig, eig_vjp, jvp=eig_jvp, sees_unused=True)
expression(np.linalg.eigvals, lambda a: np.linalg.eig(a)[0])
