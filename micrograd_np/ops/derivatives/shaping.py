"""Shaping: moving entries about without changing them. All linear, each row with its transpose."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.core.dispatch import dispatching, viewing
from micrograd_np.core.foreign import array_behind, is_foreign
from micrograd_np.core.forms import expression, linear
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Inputs, Interpreted, Options
from micrograd_np.core.record import as_input, value_of
from micrograd_np.core.safety.copying import copied, is_repacked
from micrograd_np.core.safety.solvers import taken
from micrograd_np.ops.derivatives.indexing import scatter
from micrograd_np.ops.derivatives.linalg.adjoints import transposed
from micrograd_np.ops.kernels.axes import along

Shape = int | tuple[int, ...]
FOLLOWING_MEMORY = ("A", "K")  # orders of entries that depend on how an array lies in memory


@dispatching
def astype(x: Array, dtype: Any) -> Array:
    """`x` in another floating-point dtype; the gradient is cast back.

    Raises TypeError from complex to real numbers, which would drop the imaginary part.
    """
    if x.dtype.kind == "c" and np.dtype(dtype).kind not in "cb":
        raise TypeError(
            f"casting {x.dtype} to {np.dtype(dtype)} would drop the imaginary part. Say which real "
            f"number you mean: np.real(t), np.imag(t), np.abs(t) or np.angle(t)."
        )
    return x.astype(dtype)


def as_dtype(x: Any, dtype: Any) -> Any:
    """An array, or a number of Python's, in another dtype."""
    return astype(x, dtype) if hasattr(x, "dtype") else np.dtype(dtype).type(x)


def astype_copied(x: Array, dtype: Any, *, copy: bool = True) -> Array:
    """`np.astype`, with `copy=False` the Tensor itself if it has the dtype."""
    return x if not copy and x.dtype == np.dtype(dtype) else astype(x, dtype)


def undo_transpose(g: Array, out: Array, x: Array, axes: Sequence[int] | None = None) -> Array:
    return np.transpose(g, None if axes is None else tuple(np.argsort([i % x.ndim for i in axes])))


def bind_ravel(a: Array, order: str = "C") -> tuple[Inputs, Options]:
    return (a,), in_order(resolved(order, a))


def bind_reshape(
    a: Array, shape: Shape, order: str = "C", **options: Any
) -> tuple[Inputs, Options]:
    if isinstance(shape, int) and is_foreign(value_of(a)):  # not all libraries take a number
        shape = (shape,)
    return (a,), {"shape": shape, **in_order(resolved(order, a)), **options}


def in_order(order: str) -> Options:
    """An order that is not the usual one, as an option; other array libraries have no other."""
    return {} if order == "C" else {"order": order}


def resolved(order: str | None, x: Array) -> str:
    """Orders that follow memory ("A", "K") as the one they amount to for the layout of `x`.

    Tangents and cotangents have layouts of their own, so it has to be decided here. An array of one
    axis has but one order.
    """
    order = "C" if order is None else str(order).upper()
    if order not in FOLLOWING_MEMORY:
        return order
    if np.ndim(x) < 2:
        return "C"
    refuse_unknown_layout(x, order)
    value = array_behind(x)
    if is_foreign(value) and not hasattr(value, "strides"):  # it has no layout in memory
        return "C"
    value = value if is_foreign(value) else np.asarray(value)
    refuse_repacked(value, order)
    if order == "A":
        return "F" if np.isfortran(value) else "C"
    strides = [abs(s) for s, n in zip(value.strides, value.shape, strict=True) if n > 1]
    if strides == sorted(strides, reverse=True):
        return "C"
    if strides == sorted(strides):
        return "F"
    raise NotImplementedError(
        f"order='K' for an array whose memory is laid out neither by rows nor by columns (shape "
        f"{value.shape}, strides {value.strides}) has no derivative. Write the order of the axes "
        f"out: np.transpose(x, axes).ravel()."
    )


def refuse_unknown_layout(x: Any, order: str) -> None:
    """Raise where `x` stands for an array whose layout in memory cannot be told from its own."""
    while isinstance(x, Node | Interpreted):
        if isinstance(x, Interpreted) and x.layout_error is not None:
            raise x.layout_error(order)
        x = x.value


def refuse_repacked(value: Array, order: str) -> None:
    """Raise for a copy of an array that lay in memory in another way."""
    if is_repacked(value):
        raise NotImplementedError(
            f"order={order!r} follows the layout of an array in memory, and the Tensor of shape "
            f"{value.shape} is a copy of an array with gaps or with repeated entries (a part of "
            f"another, or broadcast), whose layout it does not have. Write order='C' or 'F'."
        )


def copy(x: Array, **options: Any) -> Array:
    """`np.copy`, by the method where arrays are another library's: not all have the function."""
    if options.get("order", "K") in FOLLOWING_MEMORY and is_repacked(x):
        return copied(x)
    return x.copy() if is_foreign(x) else np.copy(x, **options)


def undo_order(
    g: Array, out: Array, x: Array, shape: Shape = (), order: Any = "C", copy: bool | None = None
) -> Array:
    return np.reshape(g, x.shape, **in_order(order))


def undo_roll(g: Array, out: Array, x: Array, shift: Any = 0, axis: Any = None) -> Array:
    return np.roll(g, np.negative(shift), axis=axis)


def undo_tile(g: Array, out: Array, x: Array, reps: Shape = ()) -> Array:
    """Sum over the copies: fold each axis into (copies, length)."""
    copies = np.atleast_1d(reps).tolist()
    ndim = max(len(copies), x.ndim)
    copies = [1] * (ndim - len(copies)) + copies
    shape = (1,) * (ndim - x.ndim) + x.shape
    folded = g.reshape([n for pair in zip(copies, shape, strict=True) for n in pair])
    return folded.sum(axis=tuple(range(0, 2 * ndim, 2))).reshape(x.shape)


def undo_repeat(g: Array, out: Array, x: Array, repeats: Any = 1, axis: int | None = None) -> Array:
    """Sum over the copies of each entry, found by repeating the entries' positions."""
    shape = x.shape if axis is not None and x.ndim else (x.size,)
    source = np.repeat(np.arange(shape[axis or 0]), repeats)
    return scatter(g, along(axis or 0, source, len(shape)), shape).reshape(x.shape)


def same_shape(g: Array, out: Array, x: Array, **options: Any) -> Array:
    return g.reshape(x.shape)


# ---------------------------------------------------------------- more axes, other orders


def at_least(axes: dict[int, tuple[int, ...]]) -> Callable[..., Any]:
    """Each array with the new axes that stand in the table for its number of dimensions."""

    def written(*arys: Array) -> Any:
        results = tuple(
            np.expand_dims(x, axes[np.ndim(x)]) if np.ndim(x) in axes else as_input(x)
            for x in taken(arys)
        )
        return results[0] if len(results) == 1 else results

    return written


def rollaxis(a: Array, axis: int, start: int = 0) -> Array:
    axis = normalize_axis_index(axis, a.ndim)
    start = normalize_axis_index(start, a.ndim + 1) if start >= 0 else start + a.ndim
    if not 0 <= start <= a.ndim:
        raise AxisError(f"np.rollaxis: start={start - a.ndim} for an array of {a.ndim} dimensions")
    return np.moveaxis(a, axis, start - (axis < start))


def rot90(m: Array, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    """Quarter turns: a transposition and a flip."""
    first, second = normalize_axis_tuple(axes, m.ndim)
    k %= 4
    if k == 0:
        return m
    if k == 2:
        return np.flip(m, (first, second))
    if k == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


def fliplr(m: Array) -> Array:
    return np.flip(m, normalize_axis_index(1, m.ndim))


def flipud(m: Array) -> Array:
    return np.flip(m, normalize_axis_index(0, m.ndim))


def resize(a: Array, new_shape: Shape) -> Array:
    """The entries again and again, until the new shape is full."""
    shape = (new_shape,) if isinstance(new_shape, int) else tuple(new_shape)
    if min(shape, default=0) < 0:
        raise ValueError(f"np.resize: all dimensions of {shape} must be 0 or more")
    a = as_input(a)
    if a.size == 0:
        return np.broadcast_to(np.sum(a), shape).astype(a.dtype)  # of nothing NumPy makes zeros
    return np.reshape(np.take(a, np.arange(prod(shape)) % a.size), shape)


# ---------------------------------------------------------------- triangles and diagonals


def undo_diag(g: Array, out: Array, v: Array, k: int = 0) -> Array:
    """The diagonal of a cotangent for a vector; for a matrix, zeros with `g` on the diagonal."""
    if v.ndim == 1:
        return np.diag(g, k)
    places = np.arange(g.shape[0])
    return scatter(g, (places + max(-k, 0), places + max(k, 0)), v.shape)


def diagflat(v: Array, k: int = 0) -> Array:
    return np.diag(np.ravel(v), k)


# fmt: off
linear(astype,            lambda g, out, x, dtype=None: g, parameters="x dtype")
linear(np.copy,           lambda g, out, x, order="K", subok=False: g, call=copy, along=lambda t, **options: t)
linear(np.reshape,        undo_order,                   binder=bind_reshape)
linear(np.ravel,          undo_order,                   binder=bind_ravel)
linear(np.transpose,      undo_transpose, aliases=[np.permute_dims] if np.permute_dims is not np.transpose else [])
linear(np.matrix_transpose, lambda g, out, x: transposed(g), aliases=[np.linalg.matrix_transpose], call=transposed, along=transposed)
linear(np.swapaxes,       lambda g, out, x, axis1=0, axis2=1: np.swapaxes(g, axis1, axis2))
linear(np.moveaxis,       lambda g, out, x, source=0, destination=0: np.moveaxis(g, destination, source))
linear(np.expand_dims,    same_shape,                   accepted=("axis",))
linear(np.squeeze,        same_shape,                   accepted=("axis",), call=viewing(np.squeeze))
linear(np.broadcast_to,   lambda g, out, x, shape=(), subok=False: g)
linear(np.flip,           lambda g, out, x, axis=None: np.flip(g, axis=axis))
linear(np.roll,           undo_roll)
linear(np.tile,           undo_tile)
linear(np.repeat,         undo_repeat)
linear(np.tril,           lambda g, out, m, k=0: np.tril(g, k))
linear(np.triu,           lambda g, out, m, k=0: np.triu(g, k))
linear(np.diag,           undo_diag)

expression(np.atleast_1d, at_least({0: (0,)}))
expression(np.atleast_2d, at_least({0: (0, 1), 1: (0,)}))
expression(np.atleast_3d, at_least({0: (0, 1, 2), 1: (0, 2), 2: (2,)}))
expression(np.rollaxis,   rollaxis)
expression(np.rot90,      rot90)
expression(np.fliplr,     fliplr)
expression(np.flipud,     flipud)
expression(np.resize,     resize)
expression(np.diagflat,   diagflat)
expression(np.astype,     astype_copied)
# fmt: on
