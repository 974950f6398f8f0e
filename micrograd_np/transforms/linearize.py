"""Linearization: a function's value and its derivative as a linear map, from one run."""

from typing import Any

from micrograd_np.core.tree import Tree
from micrograd_np.transforms.grad import Function, Run, name_of
from micrograd_np.transforms.results import hand_out, holds_tensor


def linearize(f: Function, *primals: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f(*primals)`, and the linear map that pushes tangents of the primals forward.

    The map takes a tangent for each primal, a tree like it, and returns a tree like the value: the
    product of the Jacobian with the tangents. Each call of the map walks the graph of the one run
    of `f`, and costs about as much as `f` did. The Python code of `f` is not run again, so its
    conditions stay as they were decided. `jvp` computes the product for one tangent and keeps
    nothing.

    With `has_aux`, `f` returns `(value, aux)`, and the result is `(value, map, aux)`.

    Raises TypeError for the wrong number of tangents, ShapeError for one of another shape,
    ValueError for one of another structure, MutationError if a Tensor that `f` used was changed
    since.

    >>> value, derivative = linearize(lambda x: x**2, 3.0)
    >>> float(value), float(derivative(1.0)), float(derivative(0.5))
    (9.0, 6.0, 3.0)
    """
    run, tensors = Run(f, primals, has_aux), holds_tensor(primals)

    def derivative(*tangents: Tree) -> Tree:
        if len(tangents) != len(primals):
            raise TypeError(
                f"the derivative of {name_of(f)} takes {len(primals)} tangent(s), one for each "
                f"argument that it was linearized at; {len(tangents)} were given."
            )
        (pushed,) = hand_out(tensors or holds_tensor(tangents), run.derivative(tangents))
        return pushed

    value, *aux = hand_out(tensors, run.value(), *run.aux())
    return value, derivative, *aux
