"""The gradients of every node, computed for a picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node, describe, history, pull
from micrograd_np.core.op import Array
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.values import conjugated, matching
from micrograd_np.errors import GraphError, MutationError, ShapeError, listed


def computed_gradients(
    outputs: Sequence[Tensor], cotangents: Sequence[Any] | None
) -> dict[Node, Array]:
    """The gradient of the outputs with respect to every node behind them; no `.grad` changes.

    The gradients of several outputs add up, as in several calls of `backward`.
    """
    nodes, leaves = history(outputs)
    if not nodes and not leaves:
        raise GraphError(
            f"gradients=True: there are no gradients to draw, because nothing here depends on a "
            f"Tensor with requires_grad=True. Given:{listed(map(describe, outputs))}"
        )
    seeds = dict(zip(outputs, cotangents_of(outputs, cotangents), strict=True))
    tracked: dict[Node, Array] = {node: g for node, g in seeds.items() if node.tracked}
    wanted = [node for node in (*nodes, *leaves) if not isinstance(node.value, tuple)]
    try:
        pulled = pull(tracked, wanted)
    except MutationError as error:
        raise MutationError.drawn(error) from None
    found = {node: conjugated(g) for node, g in pulled.items()}
    return {node: found[node] if node in found else np.zeros_like(node.value) for node in wanted}


def cotangents_of(outputs: Sequence[Tensor], given: Sequence[Any] | None) -> list[Array]:
    """The cotangent of each output: the one given, or 1 for a single number."""
    if given is not None:
        if len(given) != len(outputs):
            raise ShapeError(
                f"gradient= takes one cotangent for each output: there are {len(outputs)} outputs, "
                f"{len(given)} cotangents were given."
            )
        return [conjugated(matching(out, g)) for out, g in zip(outputs, given, strict=True)]
    several = [out for out in outputs if out.tracked and out.size != 1]
    if several:
        raise GraphError(
            f"gradients=True: a gradient is defined for a single number, which this is "
            f"not:{listed(map(describe, several))}\nReduce it first (np.sum, np.mean), or pass the "
            f"cotangent as draw(out, gradient=…), of the output's shape."
        )
    return [np.ones(out.shape, out.dtype) for out in outputs]
