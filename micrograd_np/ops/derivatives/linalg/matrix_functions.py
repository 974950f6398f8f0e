"""Functions of square matrices: exponential, logarithm and square root, by SciPy.

The derivative of such a function `f` at `A` along `E` is the upper right block of
`f([[A, E], [0, A]])`. Here `change_along` computes it, and the transpose of the derivative is the
derivative at the transpose of `A`. The block matrix is a matrix like any other, so derivatives of
every order follow. Of the square root the derivative `X` solves `sqrt(A) X + X sqrt(A) = E`.

Sources: R. Mathias, A chain rule for matrix functions and applications, SIAM Journal on Matrix
Analysis and Applications 17, 1996; N. Higham, Functions of Matrices, SIAM, 2008, theorem 3.6 and
section 6.1; A. Al-Mohy and N. Higham, Computing the Fréchet derivative of the matrix exponential,
SIAM Journal on Matrix Analysis and Applications 30, 2009.
"""

from collections.abc import Callable
from types import ModuleType

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.linalg.triangular import solve_sylvester
from micrograd_np.ops.kernels.matrices import transpose
from micrograd_np.ops.kernels.stacks import over_stacks, scipy_linalg


@dispatching
def expm(x: Array) -> Array:
    """The exponential of each square matrix."""
    return over_stacks("expm", scipy_linalg("expm").expm, x)


@dispatching
def logm(x: Array) -> Array:
    """The principal logarithm of each square matrix."""
    linalg = scipy_linalg("logm")

    def log_one(a: Array) -> Array:
        t, z = triangular_form(a.astype(complex), linalg)
        if not np.diagonal(t).all():
            raise np.linalg.LinAlgError(
                "logm was given a singular matrix, which has no logarithm. Move the matrix away, "
                "as by A + 1e-6 * I."
            )
        return as_real(z @ linalg.logm(t) @ np.conj(z.T), a)

    return over_stacks("logm", log_one, x)


def triangular_form(a: Array, linalg: ModuleType) -> tuple[Array, Array]:
    """Schur's `t` and `z`, with `a = z t z^H` and `t` triangular.

    That of `[[b, e], [0, b]]`, or of `[[b, 0], [e, b]]`, is made of that of `b`. So eigenvalues
    that are double by construction stay equal, and on one side of the cut of the logarithm.
    """
    n = len(a) // 2
    b, upper, lower = a[:n, :n], a[:n, n:], a[n:, :n]
    doubled = len(a) == 2 * n and np.array_equal(b, a[n:, n:])
    if doubled and not lower.any():
        t, z = triangular_form(b, linalg)
        core = np.conj(z.T) @ upper @ z
        return np.block([[t, core], [np.zeros_like(t), t]]), linalg.block_diag(z, z)
    if doubled and not upper.any():
        t, z = triangular_form(np.roll(a, (n, n), axis=(0, 1)), linalg)
        return t, np.roll(z, n, axis=0)
    form: tuple[Array, Array] = linalg.schur(a if a.imag.any() else a.real)
    return form if a.imag.any() else linalg.rsf2csf(*form)


@dispatching
def sqrtm(x: Array) -> Array:
    """The principal square root of each square matrix."""
    linalg = scipy_linalg("sqrtm")
    return over_stacks("sqrtm", lambda a: as_real(linalg.sqrtm(a), a), x)


def as_real(out: Array, a: Array) -> Array:
    """A result in the precision of `a`; real if `a` is, and nothing but rounding is imaginary."""
    if a.dtype.kind == "f" and out.dtype.kind == "c":
        rounding = float(np.finfo(out.dtype).eps) ** 0.6 * max(1, np.max(np.abs(out)))
        out = out.real if np.all(np.abs(out.imag) <= rounding) else out
    return out.astype(np.result_type(a.dtype, np.complex64) if out.dtype.kind == "c" else a.dtype)


# ---------------------------------------------------------------- derivatives


def power_above(x: Array) -> Array:
    """The power of 2 next above the largest entry of each matrix; 1 for zeros."""
    size = np.max(np.abs(x), axis=(-2, -1), keepdims=True)
    return np.exp2(np.ceil(np.log2(np.where(np.equal(size, 0), np.ones_like(size), size))))


def change_along(
    function: Callable[[Array], Array], x: Array, e: Array, likewise: bool = False
) -> Array:
    """The derivative of a function of matrices at `x` along `e`.

    The block matrix has `e` at the size 1, or at that of `x` if `likewise`: entries far larger than
    the others would cost digits.
    """
    n = x.shape[-1]
    if not n:
        return np.zeros_like(e)
    scale = power_above(e) / power_above(x) if likewise else power_above(e)
    top = np.concatenate([x, e / scale], axis=-1)
    bottom = np.concatenate([np.zeros_like(x), x], axis=-1)
    return function(np.concatenate([top, bottom], axis=-2))[..., :n, n:] * scale


# fmt: off
primitive(expm,  lambda g, out, x: change_along(expm, transpose(x), g), jvp=lambda ts, out, x: change_along(expm, x, ts[0]), opaque=True)
primitive(logm,  lambda g, out, x: change_along(logm, transpose(x), g, likewise=True), jvp=lambda ts, out, x: change_along(logm, x, ts[0], likewise=True), opaque=True)
primitive(sqrtm, lambda g, out, x: solve_sylvester(transpose(out), transpose(out), g),
                 jvp=lambda ts, out, x: solve_sylvester(out, out, ts[0]), opaque=True)
# fmt: on
