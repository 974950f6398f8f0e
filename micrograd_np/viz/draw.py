"""`draw`: the picture of everything a result was made from."""

from collections.abc import Sequence
from typing import Any, Literal

from micrograd_np.core import tree
from micrograd_np.core.graph import Node
from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import counted, listed
from micrograd_np.viz.dot import digraph
from micrograd_np.viz.gradients import computed_gradients
from micrograd_np.viz.labels import Annotations, label_of
from micrograd_np.viz.picture import Picture
from micrograd_np.viz.subgraph import changed_leaves, depth, subgraph_of

Direction = Literal["LR", "TB"]
DEEPEST_ACROSS = 5  # deeper graphs, from left to right, would be wider than a page


def draw(
    outputs: tree.Tree,
    *,
    gradients: bool = False,
    gradient: tree.Tree = None,
    names: tree.Tree = None,
    direction: Direction | None = None,
) -> Picture:
    """Draw how `outputs` (a Tensor, or a list or other tree of them) were computed.

    Parameters (orange) and constants (gray) show name, shape, dtype and value. Small arrays are
    written out; of large ones the smallest, the mean and the largest entry are shown. Ops (blue)
    show their symbol, with plain numbers written into it (`1 ÷ x`), and the shape of the result.
    Outputs (green) show their value. Edges say which operand is `x` and which is `y` where
    exchanging the two would matter. Parameters also show the gradient that `backward` gave them.

    `gradients`: show the gradient at every node instead, computed anew; `.grad` stays as it is.
    `gradient`: the cotangents of the outputs, a tree like `outputs`, for outputs that are no single
    numbers; implies `gradients`. The gradients of several outputs add up.
    `names`: a tree of Tensors, such as a module or a dict, whose paths name them in the picture.
    `direction`: "LR" (left to right) or "TB" (top to bottom); None takes "LR" for shallow graphs.

    Raises TypeError for an output that is no Tensor, ValueError for no output or for another
    direction, GraphError and ShapeError where the gradients asked for are not defined.

    >>> w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> draw((w * w).sum())
    <Picture of 3 nodes and 3 edges; save it with .save('graph.svg')>
    """
    if direction not in {"LR", "TB", None}:
        raise ValueError(f"direction is 'LR', 'TB' or None, not {direction!r}.")
    results = tensors_in(outputs)
    graph = subgraph_of(results)
    if gradients or gradient is not None:
        cotangents = None if gradient is None else tree.leaves(gradient)
        shown: dict[Node, Any] = {**computed_gradients(results, cotangents)}
    else:
        leaves = (x for x in graph.nodes if isinstance(x, Tensor) and x.is_leaf and x.tracked)
        shown = {leaf: leaf.grad for leaf in leaves}
    named = {x: path for path, x in tree.paths(names) if isinstance(x, Node)}
    changed = frozenset(changed_leaves(graph.nodes))
    annotations = Annotations(named, shown, frozenset(results), changed)
    labels = [label_of(node, annotations) for node in graph.nodes]
    size = f"{counted(len(labels), 'node')} and {counted(len(graph.edges), 'edge')}"
    shallow = depth(graph) <= DEEPEST_ACROSS
    return Picture(digraph(labels, graph.edges, direction or ("LR" if shallow else "TB")), size)


def tensors_in(outputs: tree.Tree) -> Sequence[Tensor]:
    """The leaves of `outputs`, each once. Raises TypeError unless all are Tensors."""
    if callable(outputs):
        raise TypeError(
            f"draw takes what a model computes, not the model: draw(model(X)) or a loss of it. "
            f"Given: {outputs!r:.60}"
        )
    found = dict(tree.paths(outputs))
    strangers = {path: x for path, x in found.items() if not isinstance(x, Tensor)}
    if strangers:
        given = (f"{path or 'the output'}: {x!r:.60}" for path, x in strangers.items())
        raise TypeError(
            f"draw takes a Tensor or a list of Tensors, which remember how they were made; these "
            f"do not:{listed(given)}\nCompute it from a Tensor: mg.Tensor(x, requires_grad=True)."
        )
    if not found:
        raise ValueError("draw was given no Tensor: there is nothing to draw. Write draw(loss).")
    return list(dict.fromkeys(found.values()))
