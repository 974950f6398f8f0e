"""Padding: an array with more entries around it, which may depend on those inside.

Modes that only copy entries, or write given numbers, are one op, `pad`. The other modes are
expressions: one axis after the other is extended by a block before and a block after it. As in
NumPy, a block is computed from all that is there by then, edges of earlier axes included.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expression, primitive
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Options
from micrograd_np.ops.derivatives.indexing import scatter
from micrograd_np.ops.kernels.axes import along, with_length

Widths = list[list[int]]  # (before, after) for each axis
Block = Callable[[Array, int, int, int], Array]  # of an array, its axis, the side (0, 1), a width

# ---------------------------------------------------------------- copies and constants: one op


@dispatching
def pad(x: Array, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Array:
    """`np.pad` in a mode that copies entries, or with constants."""
    if mode == "constant":
        return np.pad(x, pad_width, constant_values=constant_values)
    return np.pad(x, pad_width, mode=mode)  # type: ignore[call-overload] # it is one of COPYING


def undo_pad(
    g: Array, out: Array, x: Array, pad_width: Any, mode: str = "constant", **options: Any
) -> Array:
    """Cut off constants; bring copies back to where they came from."""
    if mode == "constant":
        inside = zip(widths_of(pad_width, x.ndim), x.shape, strict=True)
        return g[tuple(slice(before, before + n) for (before, _), n in inside)]
    source = pad(np.arange(x.size).reshape(x.shape), pad_width, mode)
    return scatter(g, source, (x.size,)).reshape(x.shape)


def pad_jvp(
    ts: list[Array], out: Array, x: Array, pad_width: Any, mode: str = "constant", **options: Any
) -> Array:
    return pad(ts[0], pad_width, mode)


def widths_of(pad_width: Any, ndim: int) -> Widths:
    pairs = np.broadcast_to(0 if isinstance(pad_width, dict) else pad_width, (ndim, 2))
    widths: Widths = pairs.tolist()
    if isinstance(pad_width, dict):
        for axis, width in pad_width.items():
            widths[axis] = np.broadcast_to(width, 2).tolist()
    return widths


# ---------------------------------------------------------------- any mode


def pad_any(
    array: Array, pad_width: Any, mode: Any = "constant", *, stat_length: Any = None,
    constant_values: Any = None, end_values: Any = None, reflect_type: Any = None,
) -> Array:  # fmt: skip
    given = {
        "stat_length": stat_length,
        "constant_values": constant_values,
        "end_values": end_values,
        "reflect_type": reflect_type,
    }
    options = {name: value for name, value in given.items() if value is not None}
    check_mode(mode, options)
    option = options.get(MODES[mode] or "")  # the one that the mode takes
    if isinstance(pad_width, dict):  # which older versions of NumPy do not know
        pad_width = widths_of(pad_width, np.ndim(array))
    if mode in STATISTICS:
        return extend(array, pad_width, statistic_block(STATISTICS[mode], option))
    if mode == "linear_ramp":
        return extend(array, pad_width, ramp_block(0 if option is None else option))
    if isinstance(option, Node):
        return extend(array, pad_width, constant_block(option))
    if mode == "constant" and option is not None:
        return pad(array, pad_width, mode, option)
    if option == "odd":
        return pad_oddly(array, widths_of(pad_width, np.ndim(array)), mode)
    return pad(array, pad_width, "constant" if mode == "empty" else mode)


def check_mode(mode: Any, options: Options) -> None:
    if callable(mode):
        raise TypeError(
            "np.pad with a function lets it write into the padded array, which loses the gradient. "
            "Use one of the modes that have a name, or np.concatenate the parts."
        )
    if mode not in MODES:
        raise ValueError(f"np.pad has no mode {mode!r}. Its modes are {', '.join(MODES)}.")
    if unknown := sorted(options.keys() - {MODES[mode]}):
        raise ValueError(f"np.pad with mode={mode!r} does not take {', '.join(unknown)}.")


def extend(x: Array, pad_width: Any, block: Block) -> Array:
    """`x` with a block before and after it along each axis, one axis after the other."""
    for axis, (before, after) in enumerate(widths_of(pad_width, np.ndim(x))):
        if min(before, after) < 0:
            raise ValueError(f"np.pad was given a negative width, ({before}, {after}).")
        parts = [block(x, axis, 0, before)] if before else []
        parts += [x, block(x, axis, 1, after)] if after else [x]
        x = np.concatenate(parts, axis=axis) if len(parts) > 1 else x
    return x


def option_of(values: Any, ndim: int, axis: int, side: int) -> Any:
    """An option's value for one side of one axis, from any of the forms NumPy allows."""
    return np.broadcast_to(values, (ndim, 2))[axis, side]


def check_not_empty(x: Array, axis: int) -> None:
    if x.shape[axis] == 0:
        raise ValueError(
            f"np.pad cannot extend axis {axis} of an array of shape {x.shape}: it is empty. Use "
            f"mode='constant'."
        )


def constant_block(values: Array) -> Block:
    def block(x: Array, axis: int, side: int, width: int) -> Array:
        value = option_of(values, x.ndim, axis, side).astype(x.dtype)
        return np.broadcast_to(value, with_length(x.shape, axis, width))

    return block


def statistic_block(statistic: Callable[..., Array], stat_length: Any) -> Block:
    """One number of the entries next to the edge, `stat_length` of them or all, repeated."""

    def block(x: Array, axis: int, side: int, width: int) -> Array:
        check_not_empty(x, axis)
        length = x.shape[axis]
        if stat_length is not None:
            length = min(length, int(option_of(stat_length, x.ndim, axis, side)))
        start = x.shape[axis] - length if side else 0
        entries = x[along(axis, slice(start, start + length), x.ndim)]
        value = statistic(entries, axis=axis, keepdims=True)
        if x.dtype.kind in "iu":
            value = np.rint(value).astype(x.dtype)
        return np.broadcast_to(value, with_length(x.shape, axis, width))

    return block


def ramp_block(end_values: Any) -> Block:
    """The block that goes from the end value, in equal steps, to just before the edge."""

    def block(x: Array, axis: int, side: int, width: int) -> Array:
        check_not_empty(x, axis)
        dtype = np.result_type(x.dtype, np.float16)
        end = option_of(end_values, x.ndim, axis, side).astype(dtype)
        edge = x[along(axis, slice(-1, None) if side else slice(0, 1), x.ndim)]
        steps = np.arange(width) / width
        steps = (steps[::-1] if side else steps).astype(dtype)
        share = like(x, steps.reshape(with_length((1,) * x.ndim, axis, width)))
        ramp = end + (edge - end) * share
        return np.floor(ramp).astype(x.dtype) if x.dtype.kind in "iu" else ramp

    return block


def pad_oddly(x: Array, widths: Widths, mode: str) -> Array:
    """Reflected through the point at the edge: `2 edge - entry`, as often as the width asks."""
    first = 0 if mode == "symmetric" else 1  # of the entries that are mirrored
    for axis, (before, after) in enumerate(widths):
        if x.shape[axis] == 1:
            x = pad(x, widths_of({axis: (before, after)}, x.ndim), "edge")
            continue
        left, right, period = before, after, x.shape[axis] - first
        while left or right:
            usable = (x.shape[axis] - first) // period * period
            parts = [odd_chunk(x, axis, first, min(left, usable))] if left else []
            parts.append(x)
            if right:
                chunk = odd_chunk(np.flip(x, axis), axis, first, min(right, usable))
                parts.append(np.flip(chunk, axis))
            x = np.concatenate(parts, axis=axis)
            left, right = left - min(left, usable), right - min(right, usable)
    return x


def odd_chunk(x: Array, axis: int, first: int, width: int) -> Array:
    """The entries put before `x` by a pad that is odd about its edge."""
    mirrored = np.flip(x[along(axis, slice(first, first + width), x.ndim)], axis)
    return 2 * x[along(axis, slice(0, 1), x.ndim)] - mirrored


STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max,
    "minimum": np.min,
    "mean": np.mean,
    "median": np.median,
}
MODES = {  # each with the one option that it takes
    "constant": "constant_values",
    "edge": None,
    "empty": None,
    "linear_ramp": "end_values",
    "reflect": "reflect_type",
    "symmetric": "reflect_type",
    "wrap": None,
} | dict.fromkeys(STATISTICS, "stat_length")

primitive(
    pad, undo_pad, jvp=pad_jvp, accepted=("pad_width", "mode", "constant_values"), opaque=True
)
expression(np.pad, pad_any)
