"""Choosing between branches so that the branch not taken sends no gradient at all.

`np.where(x > 0, np.sqrt(x), 0)` has the gradient NaN at 0 and below: the square root receives the
cotangent 0 there, and multiplies it by an infinite or undefined slope. `where(..., masked=True)`
sends a `Masked` cotangent instead: one whose zeros are *hard*, which no slope can change. It passes
through elementwise ops, sums and changes of shape; what mixes entries otherwise (a matrix product)
takes it as the plain array that it stands for.
"""

from typing import Any

import numpy as np

from micrograd_np.array_methods import ArrayMethods
from micrograd_np.forms import linear
from micrograd_np.op import OPS, Array, Inputs, Op, Operand, Options
from micrograd_np.ops.dispatch import dispatching
from micrograd_np.ops.indexing import getitem, scatter
from micrograd_np.ops.choosing import bind_where
from micrograd_np.ops.shaping import astype
from micrograd_np.recording import evaluate


def where(condition: Any, x: Any, y: Any, /, *, masked: bool = False) -> Any:
    """`x` where `condition` holds, elsewhere `y`: `np.where`, for arrays that broadcast together.

    With `masked`, a branch receives no gradient at all from entries that were not taken from it,
    whatever its slope is there: 0, not NaN, at every order of derivative. Without, the gradient
    there is 0 times the slope, as arithmetic has it.

    >>> from micrograd_np import grad
    >>> def f(x):
    ...     return where(x > 0, np.sqrt(x), 0.0, masked=True)
    >>> float(grad(f)(-1.0)), float(grad(f)(4.0))
    (0.0, 0.25)
    """
    return taken(condition, x, y) if masked else np.where(condition, x, y)


@dispatching
def taken(condition: Array, x: Array, y: Array) -> Array:
    """`np.where`, with masked cotangents."""
    return np.where(condition, x, y)


def keep(kept: Array, x: Array) -> "Masked":
    """`x` where `kept`, hard zeros elsewhere."""
    return Masked(taken(kept, x, 0), kept)


class Masked(ArrayMethods, Operand):
    """A cotangent with hard zeros wherever `kept` is False; `value` is zero there too."""

    __slots__ = ("kept", "value")
    __hash__ = object.__hash__
    rank = 1

    def __init__(self, value: Array, kept: Array) -> None:
        self.value = value
        self.kept = kept

    def __repr__(self) -> str:
        return f"Masked({self.value!r}, {self.kept!r})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.value, dtype=dtype, copy=copy)

    def __getitem__(self, key: Any) -> Any:
        return getitem(self, key)

    def outranks(self, inputs: Inputs) -> bool:
        """It is only ever met inside a walk, where it applies everything."""
        return True

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """`op`, with hard zeros in the result where they follow from those of the inputs."""
        values = tuple(x.value if isinstance(x, Masked) else x for x in inputs)
        out = evaluate(op, values, options)
        masks = [x.kept if isinstance(x, Masked) else None for x in inputs]
        kept = None
        if op.function in PRODUCTS:
            kept = common(masks)
        elif op.function in SUMS:
            kept = None if any(mask is None for mask in masks) else common(masks, np.logical_or)
        elif op.function in LINEAR:
            return Masked(out, moved(op, masks[0], inputs[0], options))
        return out if kept is None else keep(kept, out)

    def settled(self) -> Any:
        """The plain array."""
        return self.value

    def compute(self, function: Any, args: Inputs, keywords: Options) -> Any:
        """A function without a rule, of the plain array."""
        return function(*(x.value if isinstance(x, Masked) else x for x in args), **keywords)


def common(masks: list[Any], join: np.ufunc = np.logical_and) -> Any:
    """One mask of several, those that are there."""
    found = [mask for mask in masks if mask is not None]
    kept = found[0]
    for mask in found[1:]:
        kept = join(kept, mask)
    return kept


def moved(op: Op, mask: Array, x: Masked, options: Options) -> Array:
    """The mask of what `op` does to `x`: it goes where the entries go."""
    whole = np.broadcast_to(mask, x.shape)
    if op.function is np.sum:
        known = {name: options[name] for name in ("axis", "keepdims") if name in options}
        return np.any(whole, **known)
    if op.function is scatter:
        return scatter(astype(whole, float), options["key"], options["shape"]) != 0
    return whole if op.function in SAME else evaluate(op, (whole,), options)


# A hard zero times anything is one; a sum of hard zeros is one.
PRODUCTS = frozenset((np.multiply, np.divide))
SUMS = frozenset((np.add, np.subtract))
SAME = frozenset((np.negative, np.positive, np.conjugate, np.real, np.imag, np.copy, astype))
MOVED = frozenset(
    (np.sum, np.reshape, np.ravel, np.transpose, np.matrix_transpose, np.swapaxes, np.moveaxis)
    + (np.expand_dims, np.squeeze, np.broadcast_to, np.flip, np.roll, np.tile, np.repeat)
    + (np.diagonal, getitem, scatter)
)
LINEAR = SAME | MOVED

linear(
    taken,
    None,
    lambda g, out, condition, x, y: keep(condition, g),
    lambda g, out, condition, x, y: keep(np.logical_not(condition), g),
    binder=bind_where,
)
