"""Products of batches: of matrices, convolutions, and solutions of stacks of equations."""

from math import prod
from typing import Any

import numpy as np

from micrograd_np.core.op import OPS, Array
from micrograd_np.interpreters.batch.calls import Call, one_by_one
from micrograd_np.interpreters.batch.rules import entry_by_entry, flat, pad_inputs
from micrograd_np.ops.derivatives.linalg.products import (
    LETTERS,
    contracted_axes,
    dot_axes,
    labels_of,
)


def tensordot_examples(inputs: list[Any], mapped: list[bool], axes: Any) -> Array:
    """`np.tensordot` of every example, as one product of matrices, or of stacks of them."""
    (x, y), (in_x, in_y), (left, right) = inputs, mapped, axes
    if in_y and not in_x:  # one product serves all examples, if they come first
        out = tensordot_examples([y, x], [True, False], (right, left))
        middle = y.ndim - len(right)
        return np.transpose(out, [0, *range(middle, out.ndim), *range(1, middle)])
    x_free = [i for i in range(x.ndim - in_x) if i not in left]
    y_free = [i for i in range(y.ndim - in_y) if i not in right]
    x_shape = [x.shape[i + in_x] for i in x_free]
    y_shape = [y.shape[i + in_y] for i in y_free]
    length, columns = prod(x.shape[i + in_x] for i in left), prod(y_shape)
    x = np.transpose(x, [*range(in_x), *(i + in_x for i in (*x_free, *left))])
    y = np.transpose(y, [*range(in_y), *(i + in_y for i in (*right, *y_free))])
    batch = x.shape[:1]
    if in_y:
        x = np.reshape(x, (*batch, prod(x_shape), length))
        out = x @ np.reshape(y, (*batch, length, columns))
    else:
        out = np.reshape(x, (batch[0] * prod(x_shape), length)) @ np.reshape(y, (length, columns))
    return np.reshape(out, (*batch, *x_shape, *y_shape))


def tensordot(call: Call) -> Any:
    x, y = call.examples()
    axes = contracted_axes(x, y, call.options.get("axes", 2))
    return tensordot_examples(call.inputs, call.mapped, axes)


def dot_or_inner(call: Call) -> Any:
    x, y = call.examples()
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return entry_by_entry(call._replace(op=OPS[np.multiply]))
    axes = ([x.ndim - 1], [y.ndim - 1]) if call.op.function is np.inner else dot_axes(x, y)
    return tensordot_examples(call.inputs, call.mapped, axes)


def outer(call: Call) -> Any:
    x, y = flat(call, 0), flat(call, 1)
    return x[:, :, None] * y[:, None, :]


# How many axes of each input the products take; the axes before them are those of a loop.
CORES: dict[Any, tuple[int, int]] = {
    np.matvec: (2, 1),
    np.vecmat: (1, 2),
    np.vecdot: (1, 1),
    np.linalg.vecdot: (1, 1),
}


def of_cores(call: Call) -> Any:
    """Multiply vectors or matrices along the last axes; the axes before broadcast."""
    if call.options.get("axis", -1) != -1:
        return one_by_one(call)
    loops = [call.ndim(i) - core for i, core in enumerate(CORES[call.op.function])]
    return call.evaluated(*pad_inputs(call, call.inputs, loops))


def vdot(call: Call) -> Any:
    x, y = flat(call, 0), flat(call, 1)
    return np.sum(np.conj(x) * y, axis=1)


def matmul(call: Call) -> Any:
    """Take a vector as a matrix of one row or column; the stacks of matrices in front broadcast."""
    x_ndim, y_ndim = call.ndim(0), call.ndim(1)
    if x_ndim <= 2 and y_ndim <= 2:
        return tensordot_examples(call.inputs, call.mapped, ([x_ndim - 1], [max(y_ndim - 2, 0)]))
    x, y = call.inputs
    x = np.expand_dims(x, -2) if x_ndim == 1 else x
    y = np.expand_dims(y, -1) if y_ndim == 1 else y
    out = np.matmul(*pad_inputs(call, [x, y], [max(x_ndim, 2), max(y_ndim, 2)]))
    out = np.squeeze(out, -2) if x_ndim == 1 else out
    return np.squeeze(out, -1) if y_ndim == 1 else out


def einsum_with_batch(call: Call) -> Any:
    """Add one letter in front of the terms that have the batch axis, and of the result."""
    terms, output = labels_of(call.options["subscripts"], call.ndims())
    letter = next(c for c in LETTERS if not any(c in t for t in (*terms, output)))
    spelled = ",".join(letter + t if m else t for t, m in zip(terms, call.mapped, strict=True))
    subscripts = f"{spelled}->{letter}{output}"
    return call.evaluated(*call.inputs, subscripts=subscripts, optimize=True)


def solve(call: Call) -> Any:
    """Take a vector on the right as a matrix of one column."""
    a, b = call.inputs
    vector = call.ndim(1) == 1
    b = b[..., None] if vector else b
    ndims = [call.ndim(0), 2 if vector else call.ndim(1)]
    out = np.linalg.solve(*pad_inputs(call, [a, b], ndims))
    return out[..., 0] if vector else out


# ---------------------------------------------------------------- convolutions

# Convolution takes any axes of examples in front, so a batch of inputs needs no rule. A batch of
# weights becomes groups: the channels of all examples lie side by side, and each group has the
# kernels of its example.


def convolve(call: Call) -> Any:
    """Convolve an input, or a cotangent, with a weight."""
    if not call.mapped[1]:
        return call.evaluated(*call.inputs)
    if not call.size:  # there is no convolution of no groups
        return one_by_one(call)
    x = beside(call.whole(0), call)
    w = call.inputs[1]
    w = np.reshape(w, (w.shape[0] * w.shape[1], *w.shape[2:]))
    out = call.evaluated(x, w, groups=call.size * call.options.get("groups", 1))
    channels = out.ndim - len(call.options["size"]) - 1
    parts = (call.size, out.shape[channels] // call.size)
    apart = np.reshape(out, (*out.shape[:channels], *parts, *out.shape[channels + 1 :]))
    return np.moveaxis(apart, channels, 0)


def convolve_to_weights(call: Call) -> Any:
    """Convolve an input with a cotangent, which makes a weight for each example."""
    if not call.size:
        return one_by_one(call)
    x, g = (beside(call.whole(i), call) for i in (0, 1))
    out = call.evaluated(x, g, groups=call.size * call.options.get("groups", 1))
    return np.reshape(out, (call.size, out.shape[0] // call.size, *out.shape[1:]))


def beside(x: Array, call: Call) -> Array:
    """The channels of all examples side by side: the batch axis becomes part of their axis."""
    channels = x.ndim - len(call.options["size"]) - 1
    moved = np.moveaxis(x, 0, channels - 1)
    joined = (moved.shape[channels - 1] * moved.shape[channels],)
    return np.reshape(moved, (*moved.shape[: channels - 1], *joined, *moved.shape[channels + 1 :]))
