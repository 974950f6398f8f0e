"""Forms of products of matrices and their kin: entries multiplied, and summed over shared axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted, shape_of
from micrograd_np.compiler.native.forms.table import FORMS, Form, form, joint_dtype
from micrograd_np.compiler.native.scalars import NotNative, kind_of
from micrograd_np.compiler.program import Variable


def multiplied(
    b: Builder, hint: str, operands: Sequence[Interpreted], letters: Sequence[str], kept: str
) -> Variable:
    """A product by letters, in the operands' joint dtype."""
    parts = [b.array(x) for x in operands]
    dtype = joint_dtype(*parts)
    if kind_of(dtype) == "b":
        raise NotNative("products of truth values have no native form")
    return b.product(hint, parts, letters, kept, dtype)


BATCH = "ABCDEFGH"


def batched(hint: str, left: str, right: str, kept: str) -> Form:
    """The form of a product of the last axes, all others broadcast together."""

    def made(b: Builder, x1: Variable, x2: Variable) -> Variable:
        return batch_product(b, hint, (x1, x2), (left, right), kept)

    return made


def batch_product(
    b: Builder, hint: str, operands: Sequence[Variable], last: Sequence[str], kept: str
) -> Variable:
    """A product of the last axes, named by letters, all others broadcast together."""
    batches = [x.shape[: len(x.shape) - len(each)] for x, each in zip(operands, last, strict=True)]
    shape = np.broadcast_shapes(*batches)
    names = BATCH[: len(shape)]
    parts, letters = [], []
    for x, each, batch in zip(operands, last, batches, strict=True):
        if len(batch) and tuple(batch) != shape[len(shape) - len(batch) :]:
            x = b.broadcast_to(x, (*shape, *x.shape[len(batch) :]))  # noqa: PLW2901
            batch = shape  # noqa: PLW2901
        parts.append(x)
        letters.append(names[len(shape) - len(batch) :] + each)
    return multiplied(b, hint, parts, letters, names + kept)


@form(np.matmul)
def matmul(b: Builder, x1: Variable, x2: Variable) -> Variable:
    """The product of matrices, or of a matrix and a vector, or of vectors."""
    left = "k" if len(x1.shape) == 1 else "ik"
    right = "k" if len(x2.shape) == 1 else "kj"
    kept = left.replace("k", "") + right.replace("k", "")
    return batch_product(b, "matmul", (x1, x2), (left, right), kept)


FORMS |= {
    np.matvec: batched("matvec", "ik", "k", "i"),
    np.vecmat: batched("vecmat", "k", "kj", "j"),
    np.vecdot: batched("vecdot", "k", "k", ""),
}


@form(np.dot)
def dot(b: Builder, a: Interpreted, x: Interpreted) -> Variable:
    """Of up to two axes each: `matmul`, or a product with a number."""
    if not shape_of(a) or not shape_of(x):
        return b.map(np.multiply, a, x)
    if max(len(a.shape), len(x.shape)) > 2:
        raise NotNative("of arrays of more than two axes it has no native form")
    return matmul(b, a, x)


@form(np.vdot)
def vdot(b: Builder, a: Variable, x: Variable) -> Variable:
    """Of all entries."""
    return multiplied(b, "vdot", [b.reshape(v, (v.size,)) for v in (a, x)], "kk", "")


@form(np.inner)
def inner(b: Builder, a: Interpreted, x: Interpreted) -> Variable:
    """The sum over the last axis of both."""
    if not shape_of(a) or not shape_of(x):
        return b.map(np.multiply, a, x)
    left, right = "abcdefgh"[: len(a.shape) - 1], "ijlmnopq"[: len(x.shape) - 1]
    return multiplied(b, "inner", (a, x), (f"{left}k", f"{right}k"), left + right)


@form(np.outer)
def outer(b: Builder, a: Variable, x: Variable) -> Variable:
    """Every entry with every entry."""
    columns = b.reshape(b.array(a), (a.size, 1))
    return b.map(np.multiply, columns, b.reshape(b.array(x), (1, x.size)))


@form(np.tensordot)
def tensordot(b: Builder, a: Variable, x: Variable, axes: Any = 2) -> Variable:
    """The sum over some axes of both."""
    if isinstance(axes, int):
        axes = (list(range(-axes, 0)), list(range(axes)))
    first, second = (
        [each % len(v.shape) for each in (axis if isinstance(axis, list | tuple) else [axis])]
        for v, axis in zip((a, x), axes, strict=True)
    )
    names = iter("abcdefghijklmnopqrstuvwxyz")
    left = [next(names) for _ in a.shape]
    right = [next(names) for _ in x.shape]
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    shared = {left[i] for i in first}
    kept = "".join(letter for letter in left + right if letter not in shared)
    return multiplied(b, "tensordot", (a, x), ("".join(left), "".join(right)), kept)


@form(np.einsum)
def einsum(b: Builder, subscripts: str, *operands: Variable, **_: Any) -> Variable:
    """By letters; an ellipsis stands for the same axes everywhere."""
    if not isinstance(subscripts, str):
        raise NotNative("only letters have a native form")
    inputs, arrow, kept = subscripts.replace(" ", "").partition("->")
    letters = inputs.split(",")
    if "..." in subscripts:
        counts = [len(x.shape) - len(each.replace("...", "")) for x, each in zip(
            operands, letters, strict=True
        ) if "..." in each]  # fmt: skip
        free = [c for c in "ZYXWVUTSRQP" if c not in subscripts][: max(counts)]
        if len(set(counts)) > 1:
            raise NotNative("an ellipsis stands for different axes")
        letters = [each.replace("...", "".join(free)) for each in letters]
        kept = kept.replace("...", "".join(free))
        if not arrow:
            raise NotNative("an ellipsis without an arrow has no native form")
    if not arrow:
        joined = "".join(letters)
        kept = "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    extents: dict[str, int] = {}
    for x, each in zip(operands, letters, strict=True):
        for letter, n in zip(each, x.shape, strict=True):
            if extents.setdefault(letter, n) != n:
                raise NotNative("axes of one letter have different extents")
    return multiplied(b, "einsum", operands, letters, kept)
