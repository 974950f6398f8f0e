"""Linear algebra: products, contractions and diagonals, right for batches of matrices.

All are bilinear or linear, so that their rules are transposes, without a conjugate; only the
products that conjugate their first argument themselves (`vdot`, `vecdot`, `vecmat`) have one.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import isnan, prod
from typing import Any

import numpy as np

from micrograd_np.core.forms import bilinear, constant, expression, linear, primitive
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.ops.derivatives.indexing import scatter
from micrograd_np.ops.kernels.axes import times_along
from micrograd_np.ops.kernels.einsum import contract
from micrograd_np.ops.kernels.libraries import like
from micrograd_np.ops.kernels.matrices import conj, transpose

# ---------------------------------------------------------------- products


def matmul_left(g: Array, out: Array, x: Array, y: Array) -> Array:
    if y.ndim > 1:
        if x.ndim > 1:
            return g @ transpose(y)
        return y @ g if y.ndim == 2 else (y @ g[..., None])[..., 0]
    return g[..., None] * y if x.ndim > 1 else g * y


def matmul_right(g: Array, out: Array, x: Array, y: Array) -> Array:
    if x.ndim > 2 and y.ndim == 2 and not isnan(rows := prod(x.shape[:-1])):  # Dask's may be
        return transpose(x.reshape((rows, x.shape[-1]))) @ g.reshape((rows, g.shape[-1]))
    if x.ndim > 1:
        if y.ndim > 1 or x.ndim == 2:
            return transpose(x) @ g
        return (transpose(x) @ g[..., None])[..., 0]
    return x[:, None] * g[..., None, :] if y.ndim > 1 else g * x


def vecdot_left(g: Array, out: Array, x: Array, y: Array, axis: int = -1) -> Array:
    return conj(times_along(axis, g, y, x))


def vecdot_right(g: Array, out: Array, x: Array, y: Array, axis: int = -1) -> Array:
    return times_along(axis, g, conj(x), y)


def contracted_axes(x: Array, y: Array, axes: Any) -> tuple[list[int], list[int]]:
    """The axes that `np.tensordot` sums over, as two lists of non-negative numbers."""
    if isinstance(axes, int | np.integer):
        return list(range(np.ndim(x) - axes, np.ndim(x))), list(range(axes))
    left, right = (np.atleast_1d(pair).tolist() for pair in axes)
    return [i % np.ndim(x) for i in left], [i % np.ndim(y) for i in right]


def tensordot_left(g: Array, out: Array, x: Array, y: Array, axes: Any = 2) -> Array:
    """Contract the free axes of `y`, then put the axes back in the order of `x`."""
    left, right = contracted_axes(x, y, axes)
    free_x, free_y = free_axes(x, left), free_axes(y, right)
    product = np.tensordot(g, y, axes=(list(range(len(free_x), g.ndim)), free_y))
    summed = [left[right.index(i)] for i in sorted(right)]
    return np.transpose(product, np.argsort(free_x + summed).tolist())


def tensordot_right(g: Array, out: Array, x: Array, y: Array, axes: Any = 2) -> Array:
    left, right = contracted_axes(x, y, axes)
    free_x, free_y = free_axes(x, left), free_axes(y, right)
    product = np.tensordot(x, g, axes=(free_x, list(range(len(free_x)))))
    summed = [right[left.index(i)] for i in sorted(left)]
    return np.transpose(product, np.argsort(summed + free_y).tolist())


def free_axes(x: Array, summed: list[int]) -> list[int]:
    return [i for i in range(np.ndim(x)) if i not in summed]


def dot_axes(x: Array, y: Array) -> tuple[list[int], list[int]]:
    return [x.ndim - 1], [max(y.ndim - 2, 0)]


def inner_left(g: Array, out: Array, x: Array, y: Array) -> Array:
    single = np.ndim(x) == 0 or np.ndim(y) == 0
    return g * y if single else tensordot_left(g, out, x, y, (-1, -1))


def inner_right(g: Array, out: Array, x: Array, y: Array) -> Array:
    single = np.ndim(x) == 0 or np.ndim(y) == 0
    return g * x if single else tensordot_right(g, out, x, y, (-1, -1))


def dot_left(g: Array, out: Array, x: Array, y: Array) -> Array:
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return g * y
    if x.ndim <= 2 and y.ndim <= 2:
        return matmul_left(g, out, x, y)
    return tensordot_left(g, out, x, y, axes=dot_axes(x, y))


def dot_right(g: Array, out: Array, x: Array, y: Array) -> Array:
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return g * x
    if x.ndim <= 2 and y.ndim <= 2:
        return matmul_right(g, out, x, y)
    return tensordot_right(g, out, x, y, axes=dot_axes(x, y))


def outer_left(g: Array, out: Array, x: Array, y: Array) -> Array:
    return (g @ np.ravel(y)).reshape(x.shape)


def outer_right(g: Array, out: Array, x: Array, y: Array) -> Array:
    return (np.ravel(x) @ g).reshape(y.shape)


# fmt: off
bilinear(np.matmul,    matmul_left,    matmul_right,   aliases=[np.linalg.matmul])
bilinear(np.dot,       dot_left,       dot_right,      parameters="a b out")
bilinear(np.inner,     inner_left,     inner_right,    parameters="a b")
bilinear(np.vdot,      lambda g, out, x, y: conj(g * np.ravel(y)).reshape(x.shape),
                       lambda g, out, x, y: (g * conj(np.ravel(x))).reshape(y.shape),          parameters="a b")
bilinear(np.outer,     outer_left,     outer_right)
bilinear(np.linalg.outer, outer_left,  outer_right)
bilinear(np.vecdot,    vecdot_left,    vecdot_right)
bilinear(np.linalg.vecdot, vecdot_left, vecdot_right)
bilinear(np.matvec,    lambda g, out, x, y: g[..., :, None] * y[..., None, :], lambda g, out, x, y: np.matvec(transpose(x), g))
bilinear(np.vecmat,    lambda g, out, x, y: conj(np.matvec(y, g)),             lambda g, out, x, y: conj(x)[..., :, None] * g[..., None, :])
bilinear(np.tensordot, tensordot_left, tensordot_right, aliases=[np.linalg.tensordot])
# fmt: on


# ---------------------------------------------------------------- einsum

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def bind_einsum(*operands: Any, optimize: Any = False, **options: Any) -> tuple[Inputs, Options]:
    """The operands and subscripts of a call `("ij,j", x, y)` or `(x, [0, 1], y, [1])`."""
    if not isinstance(operands[0], str):
        pairs, output = len(operands) // 2, operands[-1] if len(operands) % 2 else None
        labels = [_term_of(operands[2 * i + 1]) for i in range(pairs)]
        subscripts = ",".join(labels) + ("" if output is None else "->" + _term_of(output))
        operands = (subscripts, *operands[0 : 2 * pairs : 2])
    subscripts, *inputs = operands
    options |= {"subscripts": subscripts.replace(" ", ""), "optimize": optimize}
    return tuple(inputs), options


def _term_of(sublist: Sequence[Any]) -> str:
    return "".join("..." if label is Ellipsis else LETTERS[label] for label in sublist)


def einsum_of(*operands: Array, subscripts: str, optimize: Any = False) -> Array:
    return np.einsum(subscripts, *operands, optimize=optimize)


def labels_of(subscripts: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the output, ellipses spelled out with fresh letters."""
    left, arrow, output = subscripts.partition("->")
    terms = left.split(",")
    fresh = [letter for letter in LETTERS if letter not in subscripts]
    hidden = [n - len(term.replace("...", "")) for term, n in zip(terms, ndims, strict=True)]
    widest = max([n for term, n in zip(terms, hidden, strict=True) if "..." in term], default=0)
    dots = "".join(fresh[:widest])
    spelled = [
        term.replace("...", dots[widest - n :]) for term, n in zip(terms, hidden, strict=True)
    ]
    if not arrow:
        flat = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(label for label in set(flat) if flat.count(label) == 1))
    return spelled, output.replace("...", dots)


@lru_cache(maxsize=512)
def cotangent_labels(
    subscripts: str, ndims: tuple[int, ...], index: int
) -> tuple[list[str], str, list[int], list[int]]:
    """The labels of the contraction that gives the gradient of one operand.

    These are the terms of the cotangent, of the other operands and of factors added to them, and
    the labels of the gradient. If a label is repeated in the operand (a trace), an added identity
    matrix ties a fresh letter to the first. If a label occurs in no other term, an added vector of
    ones spreads the gradient along it. The two lists hold the axes of either kind.
    """
    terms, output = labels_of(subscripts, ndims)
    mine = terms.pop(index)
    others = set(output).union(*terms)
    fresh = (letter for letter in LETTERS if letter not in others.union(mine))
    target, identities = "", []
    spread = [i for i, a in enumerate(mine) if a not in others and mine.count(a) == 1]
    tied = [axis for axis, label in enumerate(mine) if label in mine[:axis]]
    for axis, label in enumerate(mine):
        twin = next(fresh) if axis in tied else label
        target += twin
        if axis in tied:
            identities.append(label + twin)
    return [output, *terms, *identities, *(mine[i] for i in spread)], target, tied, spread


def einsum_vjp(
    g: Array, out: Array, *inputs: Array, index: int, subscripts: str = "", optimize: Any = False
) -> Array:
    """Contract the cotangent with the other operands."""
    ndims = tuple(np.ndim(x) for x in inputs)
    terms, target, tied, spread = cotangent_labels(subscripts, ndims, index)
    x = inputs[index]
    identities = [like(x, np.eye(x.shape[axis], dtype=x.dtype)) for axis in tied]
    ones = [like(x, np.ones(x.shape[axis], dtype=x.dtype)) for axis in spread]
    others = (*inputs[:index], *inputs[index + 1 :])
    return contract(terms, target, (g, *others, *identities, *ones))


def einsum_jvp(
    ts: list[Array | None], out: Array, *inputs: Array, subscripts: str = "", optimize: Any = False
) -> Array:
    """Linear in each operand: the sum over operands with the tangent in their place."""
    labels, output = labels_of(subscripts, [np.ndim(x) for x in inputs])
    terms = [
        contract(labels, output, (*inputs[:i], t, *inputs[i + 1 :]))
        for i, t in enumerate(ts)
        if t is not None
    ]
    return sum(terms[1:], terms[0])


primitive(np.einsum, einsum_vjp, jvp=einsum_jvp, sequence=True, call=einsum_of, binder=bind_einsum)
constant(np.einsum_path, binder=lambda *operands, **options: (operands, options))


# ---------------------------------------------------------------- diagonals


def diagonal_transpose(
    g: Array, out: Array, x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Array:
    """Put the cotangent on the diagonal of zeros."""
    moved = np.moveaxis(np.empty(x.shape, dtype=bool), (axis1, axis2), (-2, -1)).shape
    rows = np.arange(g.shape[-1]) + max(-offset, 0)
    columns = np.arange(g.shape[-1]) + max(offset, 0)
    return np.moveaxis(scatter(g, (..., rows, columns), moved), (-2, -1), (axis1, axis2))


def trace_transpose(
    g: Array, out: Array, x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, **_: Any
) -> Array:
    """The cotangent at every place of the diagonal, and 0 elsewhere."""
    shape = np.diagonal(np.empty(x.shape, dtype=bool), offset, axis1, axis2).shape
    spread = np.broadcast_to(g[..., None], shape)
    return diagonal_transpose(spread, out, x, offset, axis1, axis2)


# fmt: off
linear(np.diagonal, diagonal_transpose)
linear(np.diag,     lambda g, out, v, k=0: np.diag(g, k) if v.ndim == 1 else diagonal_transpose(g, out, v, k))
linear(np.trace,    trace_transpose, accepted=("offset", "axis1", "axis2", "dtype"))
expression(np.linalg.diagonal, lambda x, offset=0: np.diagonal(x, offset, axis1=-2, axis2=-1))
expression(np.linalg.trace, lambda x, offset=0, dtype=None: np.trace(x, offset, axis1=-2, axis2=-1, dtype=dtype))
# fmt: on
