"""Shaping: moving entries about without changing them. All linear, each row with its transpose."""

from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching, viewing
from micrograd_np.core.forms import expression, linear
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.ops.derivatives.indexing import scatter
from micrograd_np.ops.kernels.axes import along
from micrograd_np.ops.kernels.layouts import copy, order_option, resolve_order, shape_option
from micrograd_np.ops.kernels.matrices import transpose

NewShape = int | tuple[int, ...]


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


def bind_reshape(
    a: Array, shape: NewShape, order: str = "C", **options: Any
) -> tuple[Inputs, Options]:
    shape = shape_option(a, shape)
    return (a,), {"shape": shape, **order_option(resolve_order(order, a)), **options}


def undo_tile(g: Array, out: Array, x: Array, reps: NewShape = ()) -> Array:
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


# fmt: off
linear(astype,            lambda g, out, x, dtype=None: g, parameters="x dtype")
linear(np.copy,           lambda g, out, x, order="K", subok=False: g, call=copy, along=lambda t, **options: t)
linear(np.reshape,        lambda g, out, x, shape=(), order="C", copy=None: np.reshape(g, x.shape, **order_option(order)), binder=bind_reshape)
linear(np.ravel,          lambda g, out, x, order="C": np.reshape(g, x.shape, **order_option(order)), binder=lambda a, order="C": ((a,), order_option(resolve_order(order, a))))
linear(np.transpose,      lambda g, out, x, axes=None: np.transpose(g, None if axes is None else tuple(np.argsort([i % x.ndim for i in axes]))), aliases=[np.permute_dims] if np.permute_dims is not np.transpose else [])
linear(np.matrix_transpose, lambda g, out, x: transpose(g), aliases=[np.linalg.matrix_transpose], call=transpose, along=transpose)
linear(np.swapaxes,       lambda g, out, x, axis1=0, axis2=1: np.swapaxes(g, axis1, axis2))
linear(np.moveaxis,       lambda g, out, x, source=0, destination=0: np.moveaxis(g, destination, source))
linear(np.expand_dims,    lambda g, out, x, axis=0: g.reshape(x.shape))
linear(np.squeeze,        lambda g, out, x, axis=None: g.reshape(x.shape), call=viewing(np.squeeze))
linear(np.broadcast_to,   lambda g, out, x, shape=(), subok=False: g)
linear(np.flip,           lambda g, out, x, axis=None: np.flip(g, axis=axis))
linear(np.roll,           lambda g, out, x, shift=0, axis=None: np.roll(g, np.negative(shift), axis=axis))
linear(np.tile,           undo_tile)
linear(np.repeat,         undo_repeat)
linear(np.tril,           lambda g, out, m, k=0: np.tril(g, k))
linear(np.triu,           lambda g, out, m, k=0: np.triu(g, k))

expression(np.astype,     lambda x, dtype, *, copy=True: x if not copy and x.dtype == np.dtype(dtype) else astype(x, dtype))
# fmt: on
