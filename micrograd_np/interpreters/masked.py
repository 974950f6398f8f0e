"""Masked cotangents: a choice between branches that sends no gradient into the other branch.

`np.where(x > 0, np.sqrt(x), 0)` has the gradient NaN at 0 and below: the square root receives the
cotangent 0 there, and multiplies it by an infinite or undefined slope. `mg.where(..., masked=True)`
records `taken` instead, which sends a `Masked` cotangent. Its zeros are *hard*: no slope can change
them. Hard zeros stay hard in products with a slope, in sums of hard zeros, and wherever entries are
moved, joined or summed up. In a matrix product a row of nothing but hard zeros stays hard, and the
entries of the other factor that meet the row are left out. Other functions that mix entries (a
Fourier transform, a convolution, an `einsum`) take the array that a `Masked` stands for.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.broadcasting import fit
from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import linear
from micrograd_np.core.op import Array, Inputs, Interpreted, Op, Options
from micrograd_np.core.operators import ArrayMethods
from micrograd_np.core.record import evaluate
from micrograd_np.ops.derivatives.indexing import getitem, scatter
from micrograd_np.ops.derivatives.shaping import astype


@dispatching
def taken(condition: Array, x: Array, y: Array) -> Array:
    """`np.where(condition, x, y)`, with masked cotangents."""
    return np.where(condition, x, y)


def bind_taken(condition: Array, x: Array, y: Array) -> tuple[Inputs, Options]:
    """The inputs with the condition as new truth values, which `Masked` can keep."""
    return (np.not_equal(condition, 0), x, y), {}


def keep(kept: Array, x: Array) -> "Masked":
    """`x` where `kept`, hard zeros elsewhere."""
    if isinstance(x, Masked):
        kept, x = np.logical_and(kept, x.kept), x.value
    return Masked(taken(kept, x, 0), kept)


class Masked(ArrayMethods, Interpreted):
    """A cotangent with hard zeros wherever `kept` is False; `value` is zero there too."""

    __slots__ = ("kept", "value")
    rank = 1
    requires_grad = False

    def __init__(self, value: Array, kept: Array) -> None:
        self.value = value
        self.kept = kept

    def __repr__(self) -> str:
        return f"Masked({self.value!r}, {self.kept!r})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.value, dtype=dtype, copy=copy)

    def __getitem__(self, key: Any) -> Any:
        return getitem(self, key)

    def handles(self, inputs: Inputs) -> bool:  # noqa: ARG002 - whatever they are
        """Always True: a Masked value exists only inside a walk, and there applies every op."""
        return True

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """The result of `op`, with hard zeros where hard zeros of the inputs imply them."""
        if op.function is np.matmul and not options:
            return product(*inputs)
        out = evaluate(op, tuple(map(unmasked, inputs)), options)
        if op.function in MOVED:
            return Masked(out, moved(op, inputs, options))
        mask = MASKS.get(op.function)
        kept = None if mask is None else mask(*inputs)
        return out if kept is None else keep(kept, out)

    def concrete(self) -> Any:
        """The array that this value stands for, with zeros like any others."""
        return self.value

    def compute(self, function: Any, args: Inputs, keywords: Options) -> Any:
        """The result of a function without a rule, on arrays in place of Masked values."""
        return function(*map(unmasked, args), **keywords)


def unmasked(x: Any) -> Any:
    """The array that a `Masked` stands for; anything else as it is."""
    return x.value if isinstance(x, Masked) else x


def mask_of(x: Any) -> Any:
    """The mask of the entries that are not hard zeros; True for an array."""
    return x.kept if isinstance(x, Masked) else True


def whole_mask(x: Any) -> Array:
    """The mask in the shape of the array."""
    return np.broadcast_to(mask_of(x), np.shape(unmasked(x)))


# ---------------------------------------------------------------- where zeros stay hard


def of_product(x: Any, y: Any) -> Array:
    """The mask of a product: a hard zero times anything is a hard zero."""
    if not isinstance(x, Masked):
        return mask_of(y)
    return np.logical_and(x.kept, y.kept) if isinstance(y, Masked) else x.kept


def of_sum(x: Any, y: Any) -> Array | None:
    """The mask of a sum: a sum of two hard zeros is a hard zero."""
    both = isinstance(x, Masked) and isinstance(y, Masked)
    return np.logical_or(x.kept, y.kept) if both else None


def of_choice(condition: Array, x: Any, y: Any) -> Array:
    """The mask of a choice: each entry is as hard as the entry chosen."""
    return np.where(condition, mask_of(x), mask_of(y))


def moved(op: Op, inputs: Inputs, options: Options) -> Array:
    """The mask of moved or summed entries: a sum is hard if all its entries are."""
    return np.not_equal(evaluate(op, tuple(map(whole_mask, inputs)), options), 0)


def product(x: Any, y: Any) -> Any:
    """`x @ y`, where `x` or `y` is Masked.

    A row of hard zeros in `x` makes a row of hard zeros in the product. A row of `y` that meets
    only hard zeros is replaced by zeros, so that NaNs in the row stay out of the sums.
    """
    if isinstance(y, Masked):
        out = product(turned(y), turned(unmasked(x)))
        return turned(out) if x.ndim > 1 and y.ndim > 1 else out
    kept = whole_mask(x)
    rows = np.any(kept, axis=-1, keepdims=y.ndim > 1)
    met = np.any(kept, axis=-2) if x.ndim > 1 else kept
    met = np.expand_dims(met, -1) if y.ndim > 1 else met
    return keep(rows, np.matmul(x.value, taken(np.not_equal(fit(met, y), 0), y, 0)))


def turned(x: Any) -> Any:
    """The transpose of a matrix; a vector as it is."""
    return x.mT if x.ndim > 1 else x


MASKS: dict[Any, Callable[..., Array | None]] = {
    np.multiply: of_product, np.divide: of_product,
    np.add: of_sum, np.subtract: of_sum,
    np.where: of_choice, taken: of_choice,
}  # fmt: skip
# Functions that change entries in their places leave zeros hard.
MASKS |= dict.fromkeys((np.negative, np.positive, np.conjugate, np.real, np.imag), mask_of)
MASKS |= dict.fromkeys((np.copy, astype), mask_of)
MOVED = {
    np.sum, np.mean, np.cumsum, np.trace, np.diagonal, np.concatenate, np.stack, np.reshape,
    np.ravel, np.transpose, np.matrix_transpose, np.swapaxes, np.moveaxis, np.expand_dims,
    np.squeeze, np.broadcast_to, np.tile, np.repeat, np.pad, np.flip, np.roll, np.tril, np.triu,
    np.take, np.take_along_axis, getitem, scatter,
}  # fmt: skip

linear(
    taken,
    None,
    lambda g, out, condition, x, y: keep(condition, g),
    lambda g, out, condition, x, y: keep(np.logical_not(condition), g),
    binder=bind_taken,
)
