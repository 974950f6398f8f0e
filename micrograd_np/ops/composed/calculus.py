"""Differences, slopes, integrals and interpolation of sampled functions."""

from math import pi
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expressions, primitive
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.errors import ShapeError
from micrograd_np.ops.composed.array_like import at_least
from micrograd_np.ops.derivatives.indexing import getitem
from micrograd_np.ops.derivatives.shaping import as_dtype
from micrograd_np.ops.kernels.axes import along, shaped_along, with_length

# ---------------------------------------------------------------- differences


def diff(
    a: Array, n: int = 1, axis: int = -1, prepend: Array = None, append: Array = None
) -> Array:
    """Each entry minus the one before it, `n` times over."""
    if n < 0:
        raise ValueError(f"np.diff is taken a number of times that is not negative: n={n}")
    a = as_input(a)
    if n == 0:
        return a
    if np.ndim(a) == 0:
        raise ShapeError("np.diff needs an axis to take differences along: a number has none")
    axis = normalize_axis_index(axis, a.ndim)
    pieces = [joinable(part, a, axis) for part in (prepend, a, append) if part is not None]
    a = np.concatenate(pieces, axis=axis) if len(pieces) > 1 else a
    later, earlier = along(axis, slice(1, None), a.ndim), along(axis, slice(-1), a.ndim)
    for _ in range(n):
        a = np.not_equal(a[later], a[earlier]) if a.dtype == bool else a[later] - a[earlier]
    return a


def joinable(x: Array, a: Array, axis: int) -> Array:
    """Entries to join to `a`; a single number is repeated over the other axes."""
    x = as_input(x)
    return x if np.ndim(x) else like(a, np.broadcast_to(x, with_length(a.shape, axis, 1)))


def ediff1d(ary: Array, to_end: Array = None, to_begin: Array = None) -> Array:
    a = np.reshape(ary, -1)
    begin, end = (
        None if x is None else like(a, np.reshape(as_input(x), -1)) for x in (to_begin, to_end)
    )
    parts = [x for x in (begin, a[1:] - a[:-1], end) if x is not None]
    return np.concatenate(parts).astype(a.dtype) if len(parts) > 1 else parts[0]


# ---------------------------------------------------------------- slopes


def gradient(f: Array, *varargs: Array, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside and one-sided ones at the edges, along each axis.

    Spacings are numbers or coordinates, and differentiable.
    """
    f, *given = map(as_input, (f, *varargs))
    f = f if f.dtype.kind in "fc" else f.astype(float)
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"np.gradient takes edge_order 1 or 2, not {edge_order}")
    slopes = [
        slope_along(np.moveaxis(f, i, -1), steps_of(spacing, f.shape[i]), edge_order)
        for i, spacing in zip(axes, spacings(given, len(axes)), strict=True)
    ]
    slopes = [np.moveaxis(slope, -1, i) for i, slope in zip(axes, slopes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def spacings(given: list[Array], count: int) -> list[Array]:
    """One spacing an axis: 1, or the number given for all axes, or one given for each."""
    if len(given) == 0:
        return [1.0] * count
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return [*given] * count
    if len(given) != count:
        raise TypeError(f"np.gradient takes one spacing, or {count}, one an axis; not {len(given)}")
    return list(given)


def steps_of(spacing: Array, n: int) -> Array:
    """The distances between neighbors: a number where they are all equal by construction."""
    spacing = as_input(spacing)
    if np.ndim(spacing) == 0:
        return spacing
    if np.shape(spacing) != (n,):
        raise ShapeError(
            f"np.gradient: coordinates of shape {np.shape(spacing)} were given for an axis of "
            f"length {n}; give one coordinate an entry, or the spacing as a number."
        )
    return diff(spacing if spacing.dtype.kind in "fc" else spacing.astype(float))


def slope_along(f: Array, steps: Array, edge_order: int) -> Array:
    """The slopes along the last axis, in the dtype of `f`."""
    if f.shape[-1] <= edge_order:
        raise ShapeError(
            f"np.gradient along an axis of length {f.shape[-1]} with edge_order={edge_order} needs "
            f"at least {edge_order + 1} entries."
        )
    rises = f[..., 1:] - f[..., :-1]
    if np.ndim(steps) == 0:
        inside = (f[..., 2:] - f[..., :-2]) / (2.0 * steps)
        first = last = steps
    else:
        inside = weighted_slopes(f, steps[:-1], steps[1:])
        first, last = steps[0], steps[-1]
    if edge_order == 1:
        edges = rises[..., :1] / first, rises[..., -1:] / last
    elif np.ndim(steps) == 0:
        edges = edge(f, steps, steps), edge(f[..., ::-1], -steps, -steps)
    else:
        edges = edge(f, first, steps[1]), edge(f[..., ::-1], -last, -steps[-2])
    return np.concatenate([edges[0], inside, edges[1]], axis=-1).astype(f.dtype)


def weighted_slopes(f: Array, before: Array, after: Array) -> Array:
    """The slope of the parabola through an entry and both its neighbors."""
    total = before + after
    left, right = -after / (before * total), before / (after * total)
    middle = (after - before) / (before * after)
    return left * f[..., :-2] + middle * f[..., 1:-1] + right * f[..., 2:]


def edge(f: Array, near: Array, far: Array) -> Array:
    """The slope at the first entry of the parabola through the first three."""
    total = near + far
    parts = (
        -(near + total) / (near * total) * f[..., :1],
        total / (near * far) * f[..., 1:2],
        -near / (far * total) * f[..., 2:3],
    )
    return parts[0] + parts[1] + parts[2]


# ---------------------------------------------------------------- integrals


def trapezoid(y: Array, x: Array = None, dx: Array = 1.0, axis: int = -1) -> Array:
    """The sum of `(y[i] + y[i+1]) / 2` times the distance in x."""
    y = as_input(y)
    steps = dx
    if x is not None:
        x = as_input(x)
        steps = shaped_along(axis, diff(x), y.ndim) if np.ndim(x) == 1 else diff(x, axis=axis)
    later = y[along(axis, slice(1, None), y.ndim)]
    earlier = y[along(axis, slice(-1), y.ndim)]
    return np.sum(steps * (later + earlier) / 2.0, axis=axis)


# ---------------------------------------------------------------- interpolation


def interp(
    x: Array, xp: Array, fp: Array, left: Array = None, right: Array = None, period: Any = None
) -> Array:
    """The polygon through the points (xp, fp), flat beyond its ends.

    At a corner the slope is that of the piece to the right, at the last point of the last piece.
    """
    x, xp, fp = (at_least(ndim, given) for ndim, given in ((0, x), (1, xp), (1, fp)))
    if period is None:  # else NumPy casts them
        for given, dtype in ((x, float), (xp, float), (fp, complex)):
            if not np.can_cast(np.result_type(given), dtype):
                raise TypeError(
                    f"np.interp computes in {np.dtype(dtype)} here, but {np.result_type(given)} "
                    f"was given"
                )
    x, xp, fp = like(fp, as_double(x)), like(fp, as_double(xp)), as_double(fp)
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or xp.shape[0] == 0:
        raise ShapeError(
            f"np.interp takes points as two vectors of one length, at least 1; given xp of shape "
            f"{np.shape(xp)}, fp of shape {np.shape(fp)}."
        )
    if period is not None:
        x, xp, fp = repeat_periodically(x, xp, fp, abs(period))
        left = right = None
    last = xp.shape[0] - 1
    piece = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(last - 1, 0))
    following = np.minimum(piece + 1, last)
    start, value = getitem(xp, piece), getitem(fp, piece)
    run, rise = getitem(xp, following) - start, getitem(fp, following) - value
    out = value + rise / np.where(run == 0, 1, run) * (x - start)
    out = np.where(x < xp[0], fp[0] if left is None else left, out)
    return np.where(x > xp[-1], fp[-1] if right is None else right, out)


def as_double(x: Array) -> Array:
    """`x` in double precision, in which NumPy interpolates."""
    dtype = complex if np.result_type(x).kind == "c" else float
    return x if hasattr(x, "dtype") and x.dtype == dtype else as_dtype(x, dtype)


def repeat_periodically(x: Array, xp: Array, fp: Array, period: Any) -> tuple[Array, Array, Array]:
    """The points within one period, in order, with a neighbor from the period on either side."""
    if period == 0:
        raise ValueError("np.interp takes a period that is not zero")
    xp = xp % period
    order = np.argsort(xp)
    xp, fp = getitem(xp, order), getitem(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x % period, xp, np.concatenate([fp[-1:], fp, fp[:1]])


expressions(np, diff, ediff1d, gradient, trapezoid, interp)
primitive(  # it adds whole numbers of periods, which are flat
    np.unwrap,
    lambda g, out, p, discont=None, axis=-1, period=2 * pi: g,
    jvp=lambda ts, out, p, **options: ts[0],
)
