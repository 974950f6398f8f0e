"""Creation: grids and ranges whose ends may vary."""

from typing import Any

import numpy as np

from micrograd_np.core.foreign import array_behind, is_foreign, like
from micrograd_np.core.forms import expressions, linear
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted, Rule
from micrograd_np.core.record import as_input, value_of
from micrograd_np.ops.derivatives.constants import filled_like
from micrograd_np.ops.derivatives.shaping import as_dtype
from micrograd_np.ops.kernels.axes import shaped_along

# ---------------------------------------------------------------- ranges


def share_of(end: int) -> Rule:
    """The transpose of `linspace` in its start (0) or stop (1): the sum weighted by its share."""

    def transpose(g: Array, out: Array, *ends: Array, axis: int = 0, **options: Any) -> Array:
        shares = np.linspace(1 - end, end, **options | {"dtype": g.dtype})
        return np.sum(g * like(g, shaped_along(axis, shares, g.ndim)), axis=axis)

    return transpose


def logspace(
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    base: Array = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`base ** linspace(start, stop)`."""
    if np.ndim(base):
        shape = np.broadcast_shapes(*map(np.shape, (start, stop, base)))
        start, base = np.broadcast_to(start, shape), np.expand_dims(base, axis)
    exponents = np.linspace(start, stop, num, endpoint=endpoint, axis=axis)
    return convert(np.power(base, exponents), dtype)


def geomspace(
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`start (stop / start) ** u` with `u` from 0 to 1."""
    for end in map(value_of, (start, stop)):
        if not (isinstance(end, Interpreted) or is_foreign(end)) and np.any(np.equal(end, 0)):
            raise ValueError("np.geomspace: a geometric sequence cannot include 0")
    start, stop = as_input(start), as_input(stop)
    wide = np.result_type(start, stop, 1.0, np.dtype(dtype or float))  # what NumPy computes in
    start, stop = as_dtype(start, wide), as_dtype(stop, wide)
    ratio = np.expand_dims(np.divide(stop, start), axis)
    exponents = np.linspace(0, np.finfo(wide).dtype.type(1), num, endpoint=endpoint)
    common = np.broadcast_shapes(np.shape(start), np.shape(stop))
    first = np.expand_dims(np.broadcast_to(start, common), axis)
    exponents = like(ratio, shaped_along(axis, exponents, ratio.ndim))
    return convert(like(ratio, first) * np.power(ratio, exponents), dtype)


def convert(x: Array, dtype: Any) -> Array:
    return x if dtype is None else np.astype(x, dtype)


def full_like(a: Array, fill_value: Array, dtype: Any = None, **options: Any) -> Array:
    """A constant, unless it is a Tensor that every entry is to be."""
    fill: Any = as_input(fill_value)
    if not isinstance(fill, Node | Interpreted):
        given = {} if dtype is None else {"dtype": dtype}
        return filled_like(a, fill, **given, **options)
    value: Array = fill
    zeros = np.zeros_like(a, **options)
    if is_foreign(array_behind(value)):
        zeros = like(value, value_of(zeros))
    filled = np.where(True, value, zeros)  # noqa: FBT003 - a Tensor, if `a` is one
    return as_dtype(filled, zeros.dtype if dtype is None else dtype)


# ---------------------------------------------------------------- grids


def broadcast_arrays(*args: Array) -> tuple[Array, ...]:
    arrays = [as_input(x) for x in args]
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return tuple(x if np.shape(x) == shape else np.broadcast_to(x, shape) for x in arrays)


def meshgrid(
    *xi: Array, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Array, ...]:
    """Each vector along an axis of its own, repeated along the others unless `sparse`."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid: indexing={indexing!r} should be 'xy' or 'ij'")
    places = list(range(len(xi)))
    if indexing == "xy":
        places[:2] = places[:2][::-1]
    alone = [shaped_along(place, as_input(x), len(xi)) for place, x in zip(places, xi, strict=True)]
    grid = alone if sparse else broadcast_arrays(*alone)
    return tuple(np.copy(part, order="C") if copy else part for part in grid)


linear(np.linspace, share_of(0), share_of(1), accepted=("num", "endpoint", "dtype", "axis"))
expressions(np, full_like, logspace, geomspace, broadcast_arrays, meshgrid)
