"""Convolution in any number of dimensions, with stride, padding, dilation and groups.

One trilinear form is behind it, a sum over examples n, windows p, taps k and channels:

    sum  g[n, o, p]  w[o, c, k]  x[n, c, p * stride + k * dilation - padding]

with `x` the input, `w` the weight and `g` a cotangent of the output. Each of the three ops here is
the derivative of that sum in one of `g`, `w` and `x`, of the shape that `size` completes. So each
is bilinear in the other two, and their rules are one another. As in networks everywhere, the kernel
is not reversed. `sliding` stands for `stride`, `padding` and `dilation`, as in `kernels.windows`.

Each is one matrix product with the *columns* of `x`: what its windows see, a column a window. They
are made for a few examples at a time, so that they stay in the processor's cache.

Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document
processing", 2006.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import bilinear
from micrograd_np.core.op import Array, Options
from micrograd_np.ops.kernels.windows import (
    Lengths,
    chunks,
    combine_slices,
    concatenate_chunks,
    place_slice,
    window_slices,
)

COLUMN_BYTES = 1 << 22  # of columns made at once; 1 to 4 MiB were fastest


@dispatching
def convolve_windows(
    x: Array, w: Array, size: Lengths, groups: int = 1, **sliding: Lengths
) -> Array:
    """The output: the weighted sum of what each window sees.

    `x` of shape (..., channels, *lengths), `w` of shape (out_channels, channels / groups, *kernel),
    the result of shape (..., out_channels, *size).
    """
    examples = _examples(x, len(size))
    weights = _matrices(w, groups)
    kernel = w.shape[2:]
    made = _columns(examples, kernel, size, **sliding)
    shape = (*x.shape[: -len(size) - 1], w.shape[0], *size)
    if isinstance(x, np.ndarray) and isinstance(w, np.ndarray):  # each product where it belongs
        out = np.empty(shape, np.result_type(x, w))
        whole = _split_groups(_examples(out, len(size)), groups, prod(size))
        for part, columns in made:
            np.matmul(weights, _split_groups(columns, groups, prod(size)), out=whole[part])
        return out
    outs = [weights @ _split_groups(columns, groups, prod(size)) for _, columns in made]
    return concatenate_chunks(outs).reshape(shape)


@dispatching
def convolve_to_input(
    g: Array, w: Array, size: Lengths, groups: int = 1, **sliding: Lengths
) -> Array:
    """The cotangent of the input: the transposed convolution of `g`.

    `g` of shape (..., out_channels, *windows), `w` as in `convolve_windows`, the result of shape
    (..., channels, *size).
    """
    examples = _examples(g, len(size))
    windows, kernel, channels = g.shape[-len(size) :], w.shape[2:], w.shape[1] * groups
    weights = np.swapaxes(_matrices(w, groups), 1, 2)
    meetings = window_slices(size, kernel, windows, **sliding)
    each = channels * len(meetings) * prod(windows) * g.dtype.itemsize
    outs = []
    for part in chunks(examples.shape[0], each, COLUMN_BYTES):
        columns = weights @ _split_groups(examples[part], groups, prod(windows))
        columns = columns.reshape(-1, channels, len(meetings), *windows)
        parts = (
            (inside, columns[(slice(None), slice(None), tap, *seeing)])
            for tap, (inside, seeing) in enumerate(meetings)
        )
        shape = (columns.shape[0], channels, *size)
        outs.append(combine_slices(np.add, 0, parts, shape, columns))
    return concatenate_chunks(outs).reshape(*g.shape[: -len(size) - 1], channels, *size)


@dispatching
def convolve_to_weight(
    x: Array, g: Array, size: Lengths, groups: int = 1, **sliding: Lengths
) -> Array:
    """The cotangent of the weight: for each tap a sum over all windows of all examples.

    `x` of shape (..., channels, *lengths), `g` of shape (..., out_channels, *windows), the result
    of shape (out_channels, channels / groups, *size).
    """
    windows, outputs = g.shape[-len(size) :], g.shape[-len(size) - 1]
    examples, cotangents = _examples(x, len(size)), _examples(g, len(size))
    made = _columns(examples, size, windows, **sliding)
    terms = []
    for part, columns in made:
        left = _split_groups(columns, groups, prod(windows))
        right = _split_groups(cotangents[part], groups, prod(windows))
        if prod(windows) < outputs:  # one large product costs less than a sum of many
            left, right = _merge_examples(left), _merge_examples(right)
        terms.append(np.sum(left @ np.swapaxes(right, -1, -2), axis=0))
    total = np.swapaxes(sum(terms[1:], terms[0]), -1, -2)
    return total.reshape(outputs, x.shape[-len(size) - 1] // groups, *size)


# ---------------------------------------------------------------- columns


def _columns(
    x: Array, kernel: Lengths, size: Lengths, **sliding: Lengths
) -> Iterator[tuple[slice, Array]]:
    """Some examples, and their columns: axes (example, channel, tap, *window).

    One array is filled anew every time: use the columns before asking for the next.
    """
    channels = x.shape[1]
    meetings = window_slices(x.shape[2:], kernel, size, **sliding)
    each = channels * len(meetings) * prod(size) * x.dtype.itemsize
    columns: Array = None
    for part in chunks(x.shape[0], each, COLUMN_BYTES):
        some = x[part]
        if not isinstance(x, np.ndarray):
            shape = (some.shape[0], channels, *size)
            seen = [
                place_slice(some[(..., *inside)], seeing, shape, 0) for inside, seeing in meetings
            ]
            yield part, np.stack(seen, axis=2)
            continue
        if columns is None:
            columns = np.zeros_like(x, shape=(some.shape[0], channels, len(meetings), *size))
        columns = columns[: some.shape[0]]
        for tap, (inside, seeing) in enumerate(meetings):
            columns[(slice(None), slice(None), tap, *seeing)] = some[(..., *inside)]
        yield part, columns


def _examples(x: Array, ndim: int) -> Array:
    """All axes of examples as one."""
    return x.reshape(prod(x.shape[: -ndim - 1]), *x.shape[-ndim - 1 :])


def _split_groups(x: Array, groups: int, windows: int) -> Array:
    """Axes (example, group, whatever the group has, window)."""
    return x.reshape(x.shape[0], groups, prod(x.shape[1:]) // max(1, groups * windows), windows)


def _matrices(w: Array, groups: int) -> Array:
    """The matrix of each group, which maps a column to its outputs."""
    return w.reshape(groups, w.shape[0] // groups, prod(w.shape[1:]))


def _merge_examples(x: Array) -> Array:
    """Axes (1, group, whatever the group has, example and window)."""
    moved = np.moveaxis(x, 0, -2)
    return moved.reshape(1, *moved.shape[:-2], prod(moved.shape[-2:]))


# ---------------------------------------------------------------- the table


def sized_as(like: Array, options: Options) -> Options:
    """The options for a result that has its last axes from `like`."""
    return options | {"size": like.shape[-len(options["size"]) :]}


SLIDING = ("stride", "padding", "dilation")
OPTIONS: Any = {"accepted": ("size", "groups", *SLIDING), "opaque": True}

# fmt: off
bilinear(convolve_windows,   lambda g, out, x, w, **o: convolve_to_input(g, w, **sized_as(x, o)),
                             lambda g, out, x, w, **o: convolve_to_weight(x, g, **sized_as(w, o)), **OPTIONS)
bilinear(convolve_to_input,  lambda g, out, y, w, **o: convolve_windows(g, w, **sized_as(y, o)),
                             lambda g, out, y, w, **o: convolve_to_weight(g, y, **sized_as(w, o)), **OPTIONS)
bilinear(convolve_to_weight, lambda g, out, x, y, **o: convolve_to_input(y, g, **sized_as(x, o)),
                             lambda g, out, x, y, **o: convolve_windows(x, g, **sized_as(y, o)), **OPTIONS)
# fmt: on
