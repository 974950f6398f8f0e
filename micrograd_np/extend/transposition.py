"""Transposition: the transpose of a linear function that is known only by running it.

A vjp is linear in the cotangent, a jvp in the tangents, and each is the transpose of the other. So
one follows from the other: run the known rule, recorded, on a *dummy* in place of the vector, and
pull back through the record. The numbers in the dummy do not matter.

Sources: J. Townsend, A new trick for calculating Jacobian vector products, 2017; A. Radul et al.,
You only linearize once: tangents transpose to gradients, 2022.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.context import enable_grad, lifted
from micrograd_np.core.graph import Node, descendants, history, pull
from micrograd_np.core.op import Array
from micrograd_np.core.record import untracked, value_of

Arrays = Sequence[Array]


def transposed(
    linear: Callable[[list[Any]], Arrays], arguments: Arrays, vectors: Arrays
) -> list[Any]:
    """The transpose of a linear function applied to `vectors`, one result for each argument.

    `linear` takes vectors like `arguments` and returns vectors like `vectors`. A result whose
    vector is None is left out. Rules that depend on tracked Tensors other than the dummies are
    recorded, because a derivative of the results may be wanted.
    """
    with enable_grad():
        dummies = [dummy(x) for x in arguments]
        images = linear(dummies)
    tracked = [d for d in dummies if is_tracked(d)]
    pairs: dict[Node, Any] = {}
    for image, v in zip(images, vectors, strict=True):
        if v is not None and is_tracked(image):
            pairs[image] = pairs[image] + v if image in pairs else v
    nodes, leaves = history(pairs, since=min((d.tick for d in tracked), default=0))
    recorded = descendants(nodes, set(leaves).difference(tracked))
    found = pull(pairs, tracked, recorded=recorded, nodes=nodes)
    return [
        found[d] if is_tracked(d) and d in found else zeros(x)
        for d, x in zip(dummies, arguments, strict=True)
    ]


def dummy(x: Any) -> Any:
    """A tracked leaf like `x`, of irregular numbers; zeros where `x` does not vary smoothly."""
    if not is_smooth(x):
        return zeros(x)
    like = np.ones_like(value_of(x))
    numbers = np.arange(1, like.size + 1).reshape(like.shape) * 0.618034 % 1 + 0.5
    return tracked_leaf(like * numbers.astype(like.dtype))


def tracked_leaf(vector: Any) -> Any:
    """A tracked leaf with the values of an array, or one for each of several that are smooth."""
    if isinstance(vector, list | tuple):
        return [tracked_leaf(part) for part in vector]
    if not is_smooth(vector):
        return vector
    node = untracked(np.zeros(()))
    node.value = lifted(value_of(vector))
    node.tracked = True
    return node


# ---------------------------------------------------------------- what values are


def zeros(x: Any) -> Any:
    """Zeros like an array or a number; None for any other object."""
    return np.zeros_like(value_of(x)) if hasattr(x, "shape") or is_number(x) else None


def is_number(x: Any) -> bool:
    """Whether `x` is one of Python's numbers."""
    return isinstance(x, int | float | complex)


def is_smooth(x: Any) -> bool:
    """Whether `x` is of floating point, so that derivatives in `x` exist."""
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return kind in {"f", "c"} or isinstance(x, float | complex)


def is_tracked(x: Any) -> bool:
    """Whether a gradient reaches a value, or one of several."""
    if isinstance(x, list | tuple):
        return any(map(is_tracked, x))
    return isinstance(x, Node) and x.tracked
