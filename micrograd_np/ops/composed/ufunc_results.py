"""Results of the methods of binary ufuncs: `accumulate`, and `reduce` along axes.

`accumulate` is the recurrence `out[0] = x[0]`, `out[i] = f(out[i-1], x[i])`. Its derivative is the
same recurrence with the slopes of `f`, so that every ufunc with partials has one. Equal candidates
for a running extremum share evenly, as in `np.max` of the entries so far.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import primitive, reduction
from micrograd_np.core.op import OPS, Array
from micrograd_np.ops.derivatives.elementwise import log_share, safe_divide
from micrograd_np.ops.derivatives.reductions import mask_out, recurrence
from micrograd_np.ops.kernels.axes import Axis

EXTREMA = frozenset((np.maximum, np.minimum, np.fmax, np.fmin))


@dispatching
def accumulated(x: Array, ufunc: Any, axis: int = 0) -> Array:
    """The results so far of a binary `ufunc` along an axis: `ufunc.accumulate(x, axis)`.

    The result has the shape of `x`. Raises ValueError for a ufunc of one input.

    >>> accumulated(np.array([1.0, 3.0, 2.0]), np.maximum)
    array([1., 3., 3.])
    """
    return ufunc.accumulate(x, axis)


@dispatching
def reduced(
    x: Array,
    ufunc: Any,
    axis: Axis = 0,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Array:
    """All entries along `axis` combined by a `ufunc` of `SLOPES`: `ufunc.reduce(x, axis)`.

    The options are NumPy's. Raises KeyError, in the derivative, for a ufunc without a row.

    >>> float(reduced(np.array([3.0, 4.0]), np.hypot))
    5.0
    """
    begun = {} if initial is None else {"initial": initial}
    return ufunc.reduce(x, axis, keepdims=keepdims, where=where, **begun)


# ---------------------------------------------------------------- running results


def slopes(out: Array, x: Array, ufunc: Any) -> tuple[Array, Array]:
    """The slopes of all results but the first in the result before, and in the own entry.

    `out` and `x` have the axis of the recurrence in front.
    """
    if ufunc in EXTREMA:
        return shares_so_far(out, x)
    pair = (out[:-1], x[1:])
    found = OPS[ufunc].vjp((0, 1), np.ones_like(pair[0]), out[1:], pair, {})
    before, own = (np.zeros_like(pair[0]) if slope is None else slope for slope in found)
    return before, own


def shares_so_far(out: Array, x: Array) -> tuple[Array, Array]:
    """The shares in each running extremum of those who attained it before, and of its own entry."""
    hits = is_attained_by(out, x).astype(int)
    unchanged = is_attained_by(out[1:], out[:-1])
    total = np.cumsum(hits, axis=0)
    earlier = np.where(unchanged, 0, (total - hits)[1:])  # those of extrema that are surpassed
    earlier = np.concatenate([np.zeros_like(earlier[:1]), earlier])
    candidates = total - np.maximum.accumulate(earlier, axis=0)
    own = hits[1:] / np.maximum(candidates[1:], 1)
    return (1 - own).astype(out.dtype), own.astype(out.dtype)


def is_attained_by(out: Array, x: Array) -> Array:
    """Whether an entry is the extremum; where the extremum is a NaN, whether the entry is one."""
    both = np.logical_and(np.not_equal(x, x), np.not_equal(out, out))
    return np.logical_or(np.equal(x, out), both)


def accumulate_transpose(g: Array, out: Array, x: Array, ufunc: Any, axis: int = 0) -> Array:
    """`s` times the slope in the own entry: `s[j] = g[j] + s[j+1]` times the slope before."""
    g, out, x = (np.moveaxis(each, axis, 0) for each in (g, out, x))
    if x.shape[0] < 2:
        return np.moveaxis(g, 0, axis)
    before, own = slopes(out, x, ufunc)
    arrived = np.flip(recurrence(np.flip(g, 0), np.flip(before, 0)), 0)
    return np.moveaxis(np.concatenate([arrived[:1], arrived[1:] * own]), 0, axis)


def accumulate_jvp(ts: Sequence[Array], out: Array, x: Array, ufunc: Any, axis: int = 0) -> Array:
    t, out, x = (np.moveaxis(each, axis, 0) for each in (ts[0], out, x))
    if x.shape[0] < 2:
        return np.moveaxis(t, 0, axis)
    before, own = slopes(out, x, ufunc)
    moved = recurrence(np.concatenate([t[:1], t[1:] * own]), before)
    return np.moveaxis(moved, 0, axis)


# ---------------------------------------------------------------- reductions


def even_share(out: Array, x: Array, axis: Axis, initial: Any, where: Any) -> Array:
    """An equal share for every entry that attains the extremum; that of `initial` goes nowhere."""
    hits = mask_out(is_attained_by(out, x).astype(out.dtype), where)
    count = np.sum(hits, axis=axis, keepdims=True)
    if initial is not None:
        count = count + np.equal(out, initial)
    return hits / np.maximum(count, 1)


def weight(exponential: Any) -> Any:
    """The slope of a logarithm of a sum of exponentials: the share of the entry in the sum."""
    return lambda out, x, axis, initial, where: mask_out(exponential(log_share(out, x)), where)


SLOPES = {  # of the entries in what the ufunc makes of them along an axis
    np.logaddexp: weight(np.exp),
    np.logaddexp2: weight(np.exp2),
    np.fmax: even_share,
    np.fmin: even_share,
    np.hypot: lambda out, x, axis, initial, where: mask_out(safe_divide(x, out), where),
}


def reduce_slope(
    out: Array, x: Array, *, axis: Axis, ufunc: Any = None, initial: Any = None, where: Any = True
) -> Array:
    return SLOPES[ufunc](out, x, axis, initial, where)


# ---------------------------------------------------------------- the table
# fmt: off
primitive(accumulated, accumulate_transpose, jvp=accumulate_jvp, accepted=("ufunc", "axis"))
reduction(reduced,    reduce_slope)
# fmt: on
