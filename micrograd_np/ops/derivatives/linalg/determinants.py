"""Determinants, right for singular matrices too, to any order.

The gradient of `det` is the matrix of cofactors, a polynomial in the entries, which exists where
the inverse does not. Here `cofactors(x, e, f, …)` is the matrix of cofactors differentiated along
any number of directions; in other words the gradient of `det` differentiated along them. The
mixed derivatives of `det` are symmetric, so the family is closed: the transpose of the derivative
of `cofactors(x, e)` in `x` takes `g` to `cofactors(x, e, g)`, and in `e` to `cofactors(x, g)`.
"""

from itertools import product
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.kernels.libraries import like
from micrograd_np.ops.kernels.matrices import adjoint, diagonal, identity, transpose

MATRIX = (-2, -1)


@dispatching
def cofactors(x: Array, *directions: Array) -> Array:
    """The cofactors of matrices `x`, differentiated along `directions` of the same shape."""
    if len(directions) > 1:
        return mixed_derivative(x, directions)
    u, s, vh = np.linalg.svd(x)
    if directions:
        core = along_one(u, s, vh, directions[0])
    else:
        mine = like(s, np.eye(s.shape[-1], dtype=bool))
        others = np.prod(np.where(mine, 1, s[..., None, :]), axis=-1)
        core = others[..., None] * identity(s)
    phase = np.linalg.det(u @ vh)[..., None, None]
    return phase * (np.conj(u) @ core @ np.conj(vh))


def along_one(u: Array, s: Array, vh: Array, direction: Array) -> Array:
    """The cofactors of `diag(s)` differentiated along `U^H direction V`.

    Let `p[i, j]` be the product of all of `s` but two. Off the diagonal the derivative is
    `-p[i, j]` times the entry `[j, i]` of the direction. On the diagonal it is the sum of `p` times
    the diagonal.
    """
    mine = like(s, np.eye(s.shape[-1], dtype=bool))
    left_out = np.logical_or(mine[:, None, :], mine[None, :, :])
    pairs = np.prod(np.where(left_out, 1, s[..., None, None, :]), axis=-1) * ~mine
    turned = adjoint(u) @ direction @ adjoint(vh)
    trace = (pairs @ diagonal(turned)[..., None])[..., 0]
    return trace[..., None] * identity(s) - pairs * transpose(turned)


def mixed_derivative(x: Array, directions: tuple[Array, ...]) -> Array:
    """Derivatives of order two and more, from values: the cofactors are a polynomial.

    Along one line `x + t e` the coefficients of the polynomial follow from its values on a circle,
    by a discrete Fourier transform. A derivative along several directions follows from lines along
    their sums and differences (the polarization identity).
    """
    order, n = len(directions), x.shape[-1]
    total = np.zeros_like(x)
    for signs in product((1, -1), repeat=order - 1):
        line = directions[0]
        for sign, direction in zip(signs, directions[1:], strict=True):
            line = line + sign * direction
        total = total + int(np.prod(signs)) * coefficient(x, line, order, n)
    return total / 2 ** (order - 1)


def coefficient(x: Array, line: Array, order: int, n: int) -> Array:
    """The coefficient of `t**order` in the cofactors of `x + t line`, of degree `n - 1` in `t`."""
    if order >= n:
        return np.zeros_like(x + line)
    base, step = (np.linalg.norm(y, axis=MATRIX, keepdims=True) for y in (x, line))
    radius = np.where(base * step == 0, 1, base / np.where(step == 0, 1, step))
    roots = np.exp(2j * np.pi * np.arange(n) / n).reshape((n,) + (1,) * max(x.ndim, line.ndim))
    roots = like(x, roots)
    values = cofactors(x + radius * roots * line)
    out = np.mean(values * roots**-order, axis=0) / radius**order
    return (out if x.dtype.kind == "c" else out.real).astype(x.dtype)


def cofactors_vjp(g: Array, out: Array, *inputs: Array, index: int) -> Array:
    x, *directions = inputs
    if index == 0:
        return cofactors(x, *directions, g)
    directions[index - 1] = g
    return cofactors(x, *directions)


def cofactors_jvp(ts: list[Array | None], out: Array, *inputs: Array) -> Array:
    terms = [
        cofactors_vjp(t, out, *inputs, index=index) for index, t in enumerate(ts) if t is not None
    ]
    return sum(terms[1:], terms[0])


def slogdet_slope(out: Any, x: Array) -> Array:
    """The slope of `log(det(x))`: the transpose inverse; NaN for a singular matrix."""
    singular = np.equal(out[0], 0)[..., None, None]
    regular = np.where(singular, identity(x), x)
    return np.where(singular, np.nan, transpose(np.linalg.inv(regular)))


def slogdet_vjp(g: list[Array], out: Any, x: Array) -> Array:
    """A real sign is constant; a complex one turns with the imaginary part of the logarithm."""
    weight = g[1] + np.imag(g[0] * out[0]) * 1j if x.dtype.kind == "c" else g[1]
    return weight[..., None, None] * slogdet_slope(out, x)


def slogdet_jvp(ts: list[Array], out: Any, x: Array) -> tuple[Array, Array]:
    change = np.sum(slogdet_slope(out, x) * ts[0], axis=MATRIX)
    if x.dtype.kind != "c":
        return np.zeros_like(out[0]), change
    return np.imag(change) * 1j * out[0], np.real(change)


# fmt: off
primitive(cofactors,         cofactors_vjp, jvp=cofactors_jvp, sequence=True, call=cofactors,
                             binder=lambda *inputs: (inputs, {}), opaque=True)
primitive(np.linalg.det,     lambda g, out, x: g[..., None, None] * cofactors(x),
                             jvp=lambda ts, out, x: np.sum(cofactors(x) * ts[0], axis=MATRIX))
primitive(np.linalg.slogdet, slogdet_vjp, jvp=slogdet_jvp)
# fmt: on
