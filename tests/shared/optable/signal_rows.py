"""Rows of the op tests: windows, convolution and correlation, pooling."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from micrograd_np.ops.derivatives.convolution import (
    convolve_to_input,
    convolve_to_weight,
    convolve_windows,
)
from micrograd_np.ops.derivatives.pooling import (
    add_windows,
    max_windows,
    mean_of_maxima,
    share_among_maxima,
    sum_windows,
)
from micrograd_np.ops.derivatives.signal import overlap_add
from optable.table import (
    Array,
    also,
    any_real,
    case,
    complex_case,
    distinct,
    mixed_case,
    row,
)

# ---------------------------------------------------------------- references, an entry at a time

Place = tuple[int, ...]


def meetings(lengths: Place, kernel: Place, size: Place, **geometry: Place) -> Iterator[Any]:
    """Each window, tap and entry that meet, as indices."""
    stride, padding, dilation = (geometry[name] for name in ("stride", "padding", "dilation"))
    for window, tap in product(np.ndindex(*size), np.ndindex(*kernel)):
        entry = tuple(
            w * s + k * d - p
            for w, k, s, p, d in zip(window, tap, stride, padding, dilation, strict=True)
        )
        if all(0 <= i < n for i, n in zip(entry, lengths, strict=True)):
            yield (..., *window), (..., *tap), (..., *entry)


def channels(groups: int, outputs: int, inputs: int) -> Iterator[tuple[int, int, int]]:
    """Each output channel, the input channels it sees, and their numbers within its group."""
    for o, c in product(range(outputs), range(inputs // groups)):
        yield o, o // (outputs // groups) * (inputs // groups) + c, c


def convolved(x: Array, w: Array, size: Place, groups: int = 1, **geometry: Place) -> Array:
    out = np.zeros((*x.shape[: -len(size) - 1], len(w), *size), np.result_type(x, w))
    xs, outs = np.moveaxis(x, -len(size) - 1, 0), np.moveaxis(out, -len(size) - 1, 0)
    for window, tap, entry in meetings(x.shape[-len(size) :], w.shape[2:], size, **geometry):
        for o, i, c in channels(groups, len(w), len(xs)):
            outs[o][window] += w[o, c][tap] * xs[i][entry]
    return out


def convolved_to_input(
    g: Array, w: Array, size: Place, groups: int = 1, **geometry: Place
) -> Array:
    inputs, windows = w.shape[1] * groups, g.shape[-len(size) :]
    out = np.zeros((*g.shape[: -len(size) - 1], inputs, *size), np.result_type(g, w))
    gs, outs = np.moveaxis(g, -len(size) - 1, 0), np.moveaxis(out, -len(size) - 1, 0)
    for window, tap, entry in meetings(size, w.shape[2:], windows, **geometry):
        for o, i, c in channels(groups, len(w), inputs):
            outs[i][entry] += w[o, c][tap] * gs[o][window]
    return out


def convolved_to_weight(
    x: Array, g: Array, size: Place, groups: int = 1, **geometry: Place
) -> Array:
    xs, gs = np.moveaxis(x, -len(size) - 1, 0), np.moveaxis(g, -len(size) - 1, 0)
    out = np.zeros((len(gs), len(xs) // groups, *size), np.result_type(x, g))
    lengths, windows = x.shape[-len(size) :], g.shape[-len(size) :]
    for window, tap, entry in meetings(lengths, size, windows, **geometry):
        for o, i, c in channels(groups, len(gs), len(xs)):
            out[o, c][tap] += np.sum(xs[i][entry] * gs[o][window])
    return out


def summed(x: Array, size: Place, kernel: Place, **geometry: Place) -> Array:
    out = np.zeros((*x.shape[: x.ndim - len(size)], *size), x.dtype)
    for window, _, entry in meetings(x.shape[x.ndim - len(size) :], kernel, size, **geometry):
        out[window] += x[entry]
    return out


def added(g: Array, size: Place, kernel: Place, **geometry: Place) -> Array:
    out = np.zeros((*g.shape[: g.ndim - len(size)], *size), g.dtype)
    for window, _, entry in meetings(size, kernel, g.shape[g.ndim - len(size) :], **geometry):
        out[entry] += g[window]
    return out


def largest(x: Array, size: Place, kernel: Place, **geometry: Place) -> Array:
    out = np.full((*x.shape[: x.ndim - len(size)], *size), -np.inf, x.dtype)
    for window, _, entry in meetings(x.shape[x.ndim - len(size) :], kernel, size, **geometry):
        out[window] = np.maximum(out[window], x[entry])
    return out


def shared(g: Array, x: Array, top: Array, kernel: Place, **geometry: Place) -> Array:
    """The transposed Jacobian of `averaged`, a column at a time."""
    columns = [
        averaged(unit.reshape(x.shape), x, top, kernel, **geometry).ravel()
        for unit in np.eye(x.size)
    ]
    return (np.reshape(columns, (x.size, top.size)) @ g.ravel()).reshape(x.shape).astype(g.dtype)


def averaged(t: Array, x: Array, top: Array, kernel: Place, **geometry: Place) -> Array:
    total, ties = np.zeros(top.shape, t.dtype), np.zeros(top.shape, t.dtype)
    lengths, size = x.shape[-len(kernel) :], top.shape[-len(kernel) :]
    for window, _, entry in meetings(lengths, kernel, size, **geometry):
        hit = x[entry] == top[window]
        total[window] += t[entry] * hit
        ties[window] += hit
    return total / np.maximum(ties, 1)


def slid_back(g: Array, axis: Place) -> Array:
    """Each window's entries at their places in the array, which are found by sliding over them."""
    shape = list(g.shape[: g.ndim - len(axis)])
    window = g.shape[g.ndim - len(axis) :]
    for i, n in zip(axis, window, strict=True):
        shape[i] += n - 1
    out = np.zeros(shape, g.dtype)
    places = sliding_window_view(np.arange(out.size).reshape(shape), window, axis)
    np.add.at(out.reshape(-1), places, g)
    return out


# fmt: off
# ---------------------------------------------------------------- windows and sequences

row(sliding_window_view, any_real,
    case((3, 4), window_shape=(2, 3)), case((3, 4), window_shape=2, axis=0), case((3, 4), window_shape=(2,), axis=-1),
    case((5,), window_shape=5), case((4,), window_shape=1), case((4, 3), window_shape=(2, 3), axis=(1, 0)),
    case((2, 5), window_shape=(2, 3), axis=(1, 1)), case((2, 3, 4), window_shape=[2, 2], axis=[2, 0]),
    case((0, 3), window_shape=2, axis=1), case((3,), window_shape=0), case((), window_shape=()), complex_case((4,), window_shape=2))
row(overlap_add, any_real,
    case((2, 3, 2), axis=(1,)), case((2, 2, 3, 4), axis=(0, 1)), case((2, 2, 2, 3), axis=(1, 1)), case((3, 2, 4, 2), axis=(1, 0)),
    case((4, 0), axis=(0,)), case((0, 3, 2), axis=(1,)), case((), axis=()), complex_case((3, 2), axis=(0,)), reference=slid_back)

LENGTHS = [((5,), (3,)), ((3,), (5,)), ((4,), (4,)), ((5,), (4,)), ((1,), (3,)), ((4,), (1,)), ((6,), (2,))]
for function in (np.convolve, np.correlate):
    row(function, any_real,
        *(case(*shapes) for shapes in LENGTHS),
        *(case(*shapes, mode=mode) for shapes in LENGTHS for mode in ("full", "same", "valid")),
        case((3,), [1.0, 2.0, -1.0]),
        *(complex_case(*shapes, mode=mode) for shapes in LENGTHS[:4] for mode in ("full", "same", "valid")),
        mixed_case("cf", (4,), (3,)), mixed_case("fc", (3,), (4,), mode="same"),
        lacks="empty single" if function is np.correlate else "empty")
also(np.convolve, case((), (2,)), case((3,), ()), case((), ()))

# ---------------------------------------------------------------- convolution


def along(stride: Any, padding: Any, dilation: Any, **more: Any) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, **more}


PLAIN, WIDE = along((1,), (0,), (1,)), along((2,), (1,), (2,))
FLAT = along((1, 2), (1, 0), (2, 1))
GROUPS = along((2,), (1,), (1,), groups=2)

row(convolve_windows, any_real,
    case((2, 5), (3, 2, 3), size=(3,), **PLAIN), case((2, 2, 6), (2, 2, 2), size=(3,), **WIDE),
    case((2, 1, 4, 5), (2, 1, 2, 2), size=(3, 2), **FLAT), case((2, 4, 4), (2, 2, 3), size=(2,), **GROUPS),
    case((2, 1, 2, 3), (1, 2, 1), size=(5,), **along((1,), (1,), (1,))), case((1, 2, 2, 2), (2, 1, 2, 1, 2), size=(1, 2, 1), **along((1,) * 3, (0,) * 3, (1,) * 3)),
    case((0, 2, 5), (3, 2, 3), size=(3,), **PLAIN), case((2, 3), (0, 2, 2), size=(2,), **PLAIN),
    complex_case((2, 4), (2, 2, 2), size=(3,), **PLAIN), mixed_case("cf", (2, 4), (2, 2, 2), size=(3,), **PLAIN),
    reference=convolved, lacks="single")
row(convolve_to_input, any_real,
    case((3, 3), (3, 2, 3), size=(5,), **PLAIN), case((2, 2, 3), (2, 2, 2), size=(7,), **WIDE),
    case((2, 2, 3, 2), (2, 1, 2, 2), size=(4, 5), **FLAT), case((2, 2, 2), (2, 2, 3), size=(4,), **GROUPS),
    case((0, 3, 3), (3, 2, 3), size=(5,), **PLAIN),
    complex_case((2, 3), (2, 2, 2), size=(4,), **PLAIN), mixed_case("fc", (2, 3), (2, 2, 2), size=(4,), **PLAIN),
    reference=convolved_to_input, lacks="single")
row(convolve_to_weight, any_real,
    case((2, 5), (3, 3), size=(3,), **PLAIN), case((2, 2, 6), (2, 2, 3), size=(2,), **WIDE),
    case((2, 1, 4, 5), (2, 2, 3, 2), size=(2, 2), **FLAT), case((2, 4, 4), (2, 2, 2), size=(3,), **GROUPS),
    case((2, 1, 3), (2, 4, 2), size=(2,), **PLAIN), case((0, 2, 5), (0, 3, 3), size=(3,), **PLAIN),
    complex_case((2, 4), (2, 3), size=(2,), **PLAIN), mixed_case("cf", (2, 4), (2, 3), size=(2,), **PLAIN),
    reference=convolved_to_weight, lacks="single")

# ---------------------------------------------------------------- pooling

HALVES = along((2,), (0,), (1,), kernel=(2,))
OVERLAPS = along((1, 2), (1, 0), (2, 1), kernel=(2, 3))
TOPS = np.array([[1, 3, 3, 2, 2, 2], [0, -1, 4, 4, 5, 5]], np.float32)
TIES = np.array([[3, 3, 2], [0, 4, 5]], np.float32)

row(sum_windows, any_real,
    case((6,), size=(3,), **HALVES), case((2, 5), size=(2,), **HALVES), case((2, 4, 5), size=(4, 2), **OVERLAPS),
    case((0, 4), size=(2,), **HALVES), case((3,), size=(2,), **HALVES), complex_case((4,), size=(2,), **HALVES),
    reference=summed, lacks="single")
row(add_windows, any_real,
    case((3,), size=(6,), **HALVES), case((2, 2), size=(5,), **HALVES), case((2, 4, 2), size=(4, 5), **OVERLAPS),
    case((0, 2), size=(4,), **HALVES), case((2,), size=(3,), **HALVES), complex_case((2,), size=(4,), **HALVES),
    reference=added, lacks="single")
row(max_windows, distinct,
    case((6,), size=(3,), **HALVES), case((2, 5), size=(2,), **HALVES), case((2, 4, 5), size=(4, 2), **OVERLAPS),
    case((0, 4), size=(2,), **HALVES), case((3,), size=(2,), **HALVES), reference=largest, lacks="single")
row(share_among_maxima, any_real,
    case((2, 3), TOPS, largest(TOPS, (3,), **HALVES), **HALVES), case((2, 3), TOPS, TIES, **HALVES),
    case((1, 4), TOPS[:1], largest(TOPS[:1], (4,), (3,), **PLAIN), kernel=(3,), **PLAIN),
    case((0, 3), TOPS[:0], TIES[:0], **HALVES), reference=shared, lacks="single")
row(mean_of_maxima, any_real,
    case((2, 6), TOPS, largest(TOPS, (3,), **HALVES), **HALVES), case((2, 6), TOPS, TIES, **HALVES),
    case((1, 6), TOPS[:1], largest(TOPS[:1], (4,), (3,), **PLAIN), kernel=(3,), **PLAIN),
    case((0, 6), TOPS[:0], TIES[:0], **HALVES), reference=averaged, lacks="single")
# fmt: on
