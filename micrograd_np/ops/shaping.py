"""Shaping: moving entries about without changing them. All linear, each row with its transpose."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from micrograd_np.forms import linear, primitive
from micrograd_np.graph import Node
from micrograd_np.op import Array, Inputs, Options
from micrograd_np.ops.dispatch import dispatching, raw_of
from micrograd_np.ops.indexing import scatter

Shape = int | tuple[int, ...]


@dispatching
def astype(x: Array, dtype: Any) -> Array:
    """`x` in another floating-point dtype; the gradient is cast back."""
    return x.astype(dtype)


def undo_transpose(g: Array, out: Array, x: Array, axes: Sequence[int] | None = None) -> Array:
    return np.transpose(g, None if axes is None else tuple(np.argsort([i % x.ndim for i in axes])))


def bind_ravel(a: Array, order: str = "C") -> tuple[Inputs, Options]:
    return (a,), {"order": resolved(order, a)}


def bind_reshape(
    a: Array, shape: Shape, order: str = "C", **options: Any
) -> tuple[Inputs, Options]:
    return (a,), {"shape": shape, "order": resolved(order, a), **options}


def resolved(order: str, x: Array) -> str:
    """Orders that follow memory ("A", "K") as the one they amount to for the layout of `x`.

    Tangents and cotangents have layouts of their own, so it has to be decided here.
    """
    if order not in ("A", "K"):
        return order
    value = x.value if isinstance(x, Node) else np.asarray(x)
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


def undo_order(
    g: Array, out: Array, x: Array, shape: Shape = (), order: Any = "C", copy: bool | None = None
) -> Array:
    return np.reshape(g, x.shape, order=order)


def undo_concatenate(
    g: Array, out: Array, *inputs: Array, index: int, axis: int | None = 0, dtype: Any = None
) -> Array:
    """The part of the cotangent that came from the input at `index`."""
    if axis is None:
        start = sum(np.size(x) for x in inputs[:index])
        return g[start : start + inputs[index].size].reshape(inputs[index].shape)
    axis %= g.ndim
    start = sum(x.shape[axis] for x in inputs[:index])
    return g[(slice(None),) * axis + (slice(start, start + inputs[index].shape[axis]),)]


def undo_stack(
    g: Array, out: Array, *inputs: Array, index: int, axis: int = 0, dtype: Any = None
) -> Array:
    return g[(slice(None),) * (axis % g.ndim) + (index,)]


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
    shape = (x.size,) if axis is None else x.shape
    along = 0 if axis is None else axis % x.ndim
    source = np.repeat(np.arange(shape[along]), repeats)
    return scatter(g, (slice(None),) * along + (source,), shape).reshape(x.shape)


def pad_source(x: Array, pad_width: Any, mode: Any) -> Array:
    """Which entry of the flattened `x` each entry of the padded array copies."""
    return np.pad(np.arange(x.size).reshape(x.shape), pad_width, mode=mode)


def undo_pad(
    g: Array,
    out: Array,
    x: Array,
    pad_width: Any = 0,
    mode: str = "constant",
    constant_values: Any = 0,
) -> Array:
    if mode == "constant":
        widths = np.broadcast_to(_pad_widths(pad_width, x.ndim), (x.ndim, 2))
        return g[
            tuple(
                slice(before, before + n)
                for (before, _), n in zip(widths.tolist(), x.shape, strict=True)
            )
        ]
    return scatter(g, pad_source(x, pad_width, mode), (x.size,)).reshape(x.shape)


def _pad_widths(pad_width: Any, ndim: int) -> Any:
    if isinstance(pad_width, dict):
        pairs: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            pairs[axis] = np.broadcast_to(width, 2)
        return pairs
    return pad_width


COPYING_MODES = ("edge", "reflect", "symmetric", "wrap")


def checked_pad(x: Array, pad_width: Any, mode: Any = "constant", **options: Any) -> Array:
    if mode != "constant" and mode not in COPYING_MODES:
        raise ValueError(
            f"np.pad with mode={mode!r} has no derivative here; the modes that have one are "
            f"'constant', {', '.join(map(repr, COPYING_MODES))}."
        )
    return np.pad(x, pad_width, mode=mode, **options)


def pad_jvp(
    ts: list[Array],
    out: Array,
    x: Array,
    pad_width: Any = 0,
    mode: Any = "constant",
    constant_values: Any = 0,
) -> Array:
    return np.pad(ts[0], pad_width, mode=mode)


def undo_split(
    g: list[Array], out: Any, x: Array, indices_or_sections: Any = 1, axis: int = 0
) -> Array:
    return np.concatenate(g, axis=axis)


def split_jvp(
    ts: list[Array], out: Any, x: Array, indices_or_sections: Any = 1, axis: int = 0
) -> Any:
    """Cut the tangent where `x` was cut."""
    cuts = list(accumulate(part.shape[axis] for part in out))[:-1]
    return np.split(ts[0], cuts, axis=axis)


def bind_where(condition: Array, *branches: Array) -> tuple[Inputs, Options]:
    """The mask is copied; alone, it makes NumPy's `where` give positions, which are constants."""
    if not branches and isinstance(condition, Node):
        condition = condition.value
    elif type(condition) is np.ndarray:
        condition = condition.copy()
    return (condition, *branches), {}


def same_shape(g: Array, out: Array, x: Array, **options: Any) -> Array:
    return g.reshape(x.shape)


# fmt: off
linear(astype,            lambda g, out, x, dtype=None: g, call=raw_of(astype), parameters="x dtype")
linear(np.copy,           lambda g, out, x, order="K", subok=False: g)
linear(np.reshape,        undo_order,                   binder=bind_reshape)
linear(np.ravel,          undo_order,                   binder=bind_ravel)
linear(np.transpose,      undo_transpose, aliases=[np.permute_dims] if np.permute_dims is not np.transpose else [])
linear(np.matrix_transpose, lambda g, out, x: np.matrix_transpose(g), aliases=[np.linalg.matrix_transpose])
linear(np.swapaxes,       lambda g, out, x, axis1=0, axis2=1: np.swapaxes(g, axis1, axis2))
linear(np.moveaxis,       lambda g, out, x, source=0, destination=0: np.moveaxis(g, destination, source))
linear(np.expand_dims,    same_shape,                   accepted=("axis",))
linear(np.squeeze,        same_shape,                   accepted=("axis",))
linear(np.broadcast_to,   lambda g, out, x, shape=(), subok=False: g)
linear(np.flip,           lambda g, out, x, axis=None: np.flip(g, axis=axis))
linear(np.roll,           undo_roll)
linear(np.tile,           undo_tile)
linear(np.repeat,         undo_repeat)
linear(np.where,          None,
                          lambda g, out, condition, x, y: np.where(condition, g, 0),
                          lambda g, out, condition, x, y: np.where(condition, 0, g),
                          binder=bind_where)
linear(np.concatenate,    undo_concatenate,             sequence=True, parameters="arrays axis out dtype casting")
linear(np.stack,          undo_stack,                   sequence=True)
primitive(np.pad,         undo_pad,   jvp=pad_jvp,      call=checked_pad)
primitive(np.split,       undo_split, jvp=split_jvp)
primitive(np.array_split, undo_split, jvp=split_jvp)
# fmt: on
