"""Batches of convolutions.

Convolution takes any axes of examples in front, so a batch of inputs needs no rule. A batch of
weights becomes groups: the channels of all examples lie side by side, and each group has the
kernels of its example.
"""

from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.interpreters.batch.calls import Call, one_by_one


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
