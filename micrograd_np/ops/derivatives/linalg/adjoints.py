"""What the rules of matrix functions share: adjoints, diagonals, and the gradients of the papers.

Formulas for decompositions are published as gradients `G` in the inner product `Re tr(G^H dX)`,
which is what a person sees. The walks carry the conjugate (see `op`); `published` stands between.
"""

from functools import wraps

import numpy as np

from micrograd_np.core.foreign import like
from micrograd_np.core.op import Array, Rule
from micrograd_np.core.values import conj, conjugated


def published(rule: Rule) -> Rule:
    """The vjp rule of a formula for gradients in the inner product `Re tr(G^H dX)`."""

    @wraps(rule)
    def vjp(g: Array, out: Array, *inputs: Array, **options: object) -> Array:
        if type(g) is list:
            seen = [None if part is None else conjugated(part) for part in g]
        else:
            seen = conjugated(g)
        return conjugated(rule(seen, out, *inputs, **options))

    return vjp


def transposed(x: Array) -> Array:
    """The transpose of each matrix."""
    made = getattr(x, "mT", None)
    return np.swapaxes(x, -1, -2) if made is None else made  # not all libraries have it


def adjoint(x: Array) -> Array:
    """The conjugate transpose of each matrix."""
    return conj(transposed(x))


def diagonal(x: Array) -> Array:
    """The diagonal of each matrix."""
    return np.diagonal(x, axis1=-2, axis2=-1)


def identity(x: Array) -> Array:
    """The identity matrix of the size of the square matrices `x`, in the dtype of their real part."""
    return like(x, np.eye(x.shape[-1], dtype=np.finfo(x.dtype).dtype))


def below_diagonal(x: Array) -> Array:
    """Each square matrix with zeros on and above its diagonal."""
    return x * like(x, np.tri(x.shape[-1], k=-1, dtype=np.finfo(x.dtype).dtype))


def hermitian(x: Array) -> Array:
    """The Hermitian part of each matrix, `(x + x^H) / 2`."""
    return (x + adjoint(x)) / 2
