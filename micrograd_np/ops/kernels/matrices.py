"""Matrices in stacks: transposes, adjoints, diagonals, triangles; and the gradients of papers.

Formulas for decompositions are published as gradients `G` in the inner product `Re tr(G^H dX)`,
which is what a person sees. The walks carry the conjugate (see `core.op`); `of_gradient` stands
between the two.
"""

from functools import wraps

import numpy as np

from micrograd_np.core import values
from micrograd_np.core.op import Array, Rule
from micrograd_np.ops.kernels.libraries import like

conj = values.conj  # of real numbers they themselves, without a copy


def of_gradient(rule: Rule) -> Rule:
    """The vjp rule of a formula for the gradient in the inner product `Re tr(G^H dX)`."""

    @wraps(rule)
    def vjp(g: Array, out: Array, *inputs: Array, **options: object) -> Array:
        if type(g) is list:
            seen = [None if part is None else values.conjugated(part) for part in g]
        else:
            seen = values.conjugated(g)
        return values.conjugated(rule(seen, out, *inputs, **options))

    return vjp


def transpose(x: Array) -> Array:
    """The transpose of each matrix."""
    transposed = getattr(x, "mT", None)  # which not all libraries' arrays have
    return np.swapaxes(x, -1, -2) if transposed is None else transposed


def adjoint(x: Array) -> Array:
    """The conjugate transpose of each matrix."""
    return conj(transpose(x))


def diagonal(x: Array) -> Array:
    """The diagonal of each matrix."""
    return np.diagonal(x, axis1=-2, axis2=-1)


def identity(x: Array) -> Array:
    """The identity matrix of the size of the square matrices `x`, in the dtype of their real part."""
    return like(x, np.eye(x.shape[-1], dtype=np.finfo(x.dtype).dtype))


def strict_lower(x: Array) -> Array:
    """Each square matrix with zeros on and above its diagonal."""
    return x * like(x, np.tri(x.shape[-1], k=-1, dtype=np.finfo(x.dtype).dtype))


def hermitian_part(x: Array) -> Array:
    """The Hermitian part of each matrix, `(x + x^H) / 2`."""
    return (x + adjoint(x)) / 2


def scale_columns(x: Array, w: Array) -> Array:
    """`x diag(w)`."""
    return x * w[..., None, :]


def plus_diagonal(x: Array, w: Array | None) -> Array:
    """`x + diag(w)`; None stands for zero."""
    return x if w is None else x + w[..., None] * identity(x)


def compose(u: Array, s: Array, vh: Array) -> Array:
    """`u diag(s) vh`."""
    return scale_columns(u, s) @ vh
