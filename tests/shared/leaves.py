"""Leaves of a graph, and the smallest questions about one."""

import numpy as np

from micrograd_np import Tensor


def leaf(data, **options):
    return Tensor(data, requires_grad=True, **options)


def recording():
    """Whether an op applied to a parameter here and now is recorded."""
    return (leaf(1.0) * 2.0).requires_grad


def filled_with_objects(*tensors):
    """An array of objects that holds the Tensors, one an entry."""
    out = np.empty(len(tensors), dtype=object)
    for i, t in enumerate(tensors):
        out[i] = t
    return out
