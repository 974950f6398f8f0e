"""Integrals of sampled functions, as expressions: the rules of `scipy.integrate` on points.

`trapezoid` joins neighbors by lines. Simpson's rule joins three by a parabola: with steps `h` and
`k`, the area over the first step is `h (2h + 3k) / (6 (h + k)) y0 + h (h + 3k) / (6k) y1 - h³ /
(6k (h + k)) y2`. Samples and their places are differentiable to any order.

Source: K. Cartwright, Simpson's rule cumulative integration with MS Excel and irregularly-spaced
data, 2017.
"""

from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.errors import ShapeError


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples `y` along `axis`, with lines between them.

    `x`: the places of the samples, a vector or an array of the shape of `y`; by default `dx` apart.
    The result has the shape of `y` without the axis. Raises ShapeError for places of another shape.

    >>> trapezoid(np.array([1.0, 2.0, 4.0]))
    np.float64(4.5)
    """
    y, steps = prepared(y, x, dx, axis)
    return np.sum(lines(y, steps), axis=-1)


def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """The integrals of samples `y` from the first place to each other, with lines between samples.

    Arguments and errors are those of `trapezoid`. The result has one entry less along `axis`, or,
    with `initial=0`, a zero in front. Raises ValueError for another `initial`, as SciPy does.

    >>> cumulative_trapezoid(np.array([1.0, 2.0, 4.0]), initial=0)
    array([0. , 1.5, 4.5])
    """
    if initial is not None and np.ndim(initial) == 0 and initial != 0:
        raise ValueError(f"initial is 0 or None, not {initial!r}: add a constant to the result.")
    y, steps = prepared(y, x, dx, axis)
    return cumulated(lines(y, steps), initial, axis)


def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples `y` along `axis` by Simpson's rule, with parabolas between them.

    For an even number of samples, the last interval lies below the parabola of the last three; two
    samples are joined by a line. Arguments and errors are those of `trapezoid`; no two neighbors
    may have the same place.

    >>> simpson(np.array([0.0, 1.0, 4.0, 9.0]))
    np.float64(9.0)
    """
    y, steps = prepared(y, x, dx, axis)
    return np.sum(lines(y, steps) if y.shape[-1] < 3 else parabolas(y, steps), axis=-1)


def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """The integrals of samples `y` from the first place to each other, by Simpson's rule.

    Each pair of intervals lies below the parabola of its three samples; a last single interval as
    in `simpson`. Arguments and errors are those of `simpson`. The result has one entry less along
    `axis`; with `initial`, a number or an array with one entry along `axis`, that is put in front
    and added to the others.

    >>> cumulative_simpson(np.array([0.0, 1.0, 4.0]), initial=0.0).round(4)
    array([0.    , 0.3333, 2.6667])
    """
    y, steps = prepared(y, x, dx, axis)
    areas = lines(y, steps) if y.shape[-1] < 3 else parabolas(y, steps)
    return cumulated(areas, initial, axis)


# ---------------------------------------------------------------- samples and steps


def prepared(y: Any, x: Any, dx: Any, axis: int) -> tuple[Array, Array]:
    """The samples with their axis last, in floating point, and the steps between them."""
    y = np.moveaxis(as_input(y), axis, -1)
    y = y if y.dtype.kind in "fc" else y.astype(float)
    dx = as_input(dx)
    if x is None:
        return y, dx if np.ndim(dx) == 0 else np.moveaxis(dx, axis, -1)
    x = as_input(x)
    x = x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1)
    if np.ndim(x) not in (1, y.ndim) or x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"the places of samples are a vector with one entry for each sample, or have the shape "
            f"of the samples. Given: x of shape {np.shape(x)}, {y.shape[-1]} samples along axis "
            f"{axis}."
        )
    return y, np.diff(x, axis=-1)


def lines(y: Array, steps: Array) -> Array:
    """The areas of all intervals below lines."""
    return steps * (y[..., 1:] + y[..., :-1]) / 2


def parabolas(y: Array, steps: Array) -> Array:
    """The areas of all intervals below parabolas through three samples."""
    steps = np.broadcast_to(steps, (*y.shape[:-1], y.shape[-1] - 1))
    first, middle, last = y[..., :-2], y[..., 1:-1], y[..., 2:]
    ahead = area(first, middle, last, steps[..., :-1], steps[..., 1:])
    behind = area(last, middle, first, steps[..., 1:], steps[..., :-1])
    pairs = np.stack([ahead[..., ::2], behind[..., ::2]], axis=-1)
    joined = np.reshape(pairs, (*y.shape[:-1], 2 * pairs.shape[-2]))
    if joined.shape[-1] == steps.shape[-1]:
        return joined
    return np.concatenate([joined, behind[..., -1:]], axis=-1)


def area(y0: Array, y1: Array, y2: Array, h: Array, k: Array) -> Array:
    """The area below a parabola over its first interval, of length `h`; the second has `k`."""
    whole = h + k
    outer = (2 * h + 3 * k) / whole * y0 - h * h / (k * whole) * y2
    return h / 6 * (outer + (h + 3 * k) / k * y1)


def cumulated(areas: Array, initial: Any, axis: int) -> Array:
    """The sums so far along the last axis, which goes back to its place; `initial` in front."""
    found = np.cumsum(areas, axis=-1)
    if initial is not None:
        start = as_input(initial)
        start = np.moveaxis(start, axis, -1) if np.ndim(start) else start
        start = np.broadcast_to(start, (*found.shape[:-1], 1))
        found = np.concatenate([start, found + start], axis=-1)
    return np.moveaxis(found, -1, axis)
