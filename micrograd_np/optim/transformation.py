"""Transformations: pure pairs of functions that turn gradients into updates.

A *transformation* is two functions: `init(parameters) -> state`, and `update(gradients, state,
parameters) -> (updates, state)`. Gradients, parameters, updates and what the state remembers of
each parameter are trees of one structure, of arrays or Tensors. Neither function changes its
arguments, so a state can be kept, compared and saved, and a whole step can be traced. `chain` joins
transformations; `apply_updates` adds the updates to the parameters.

Here is a step on a model as a tree. Under `no_grad` the step is not differentiated.

>>> from micrograd_np import Tensor, grad, no_grad
>>> from micrograd_np.optim import sgd
>>> parameters, rule = {"w": np.array([2.0, 4.0])}, sgd(learning_rate=0.25)
>>> state = rule.init(parameters)
>>> with no_grad():
...     gradients = grad(lambda p: np.sum(p["w"] ** 2))(parameters)
...     updates, state = rule.update(gradients, state, parameters)
...     parameters = apply_updates(parameters, updates)
>>> parameters["w"]
array([1., 2.])
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.record import value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.errors import ShapeError
from micrograd_np.errors.habits import TRANSFORMATION, Missing

State = Any


class Transformation(NamedTuple):
    """A pure pair: `init(parameters)` returns a state, and `update` the updates and a new state.

    `update(gradients, state, parameters)` returns `(updates, state)`.
    """

    init: Callable[[Tree], State]
    update: Callable[[Tree, State, Tree], tuple[Tree, State]]


for name, instead in TRANSFORMATION.items():
    setattr(Transformation, name, Missing("a transformation", name, instead))


def chain(*transformations: Transformation) -> Transformation:
    """The transformation that applies the given ones in order; its state is the tuple of theirs.

    Raises TypeError if an argument is not a transformation.
    """
    for given in transformations:
        check_transformation(given)

    def init(parameters: Tree) -> tuple[State, ...]:
        return tuple(each.init(parameters) for each in transformations)

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        states = []
        for transformation, own in zip(transformations, state, strict=True):
            gradients, new = transformation.update(gradients, own, parameters)
            states.append(new)
        return gradients, tuple(states)

    return Transformation(init, update)


def check_transformation(given: Any) -> None:
    """Raises TypeError if `given` is no transformation."""
    if not isinstance(given, Transformation):
        name = getattr(given, "__name__", None)
        advice = f" Call it first: `{name}(…)`." if name else ""
        raise TypeError(
            f"expected a transformation such as optim.sgd(0.1), not {given!r:.80}.{advice}"
        )


def apply_updates(parameters: Tree, updates: Tree) -> Tree:
    """The tree of `parameter + update`, in the parameters' dtypes.

    Under `no_grad` the result for a learnable Tensor is a learnable Tensor with the name of the
    parameter. Otherwise the sum is recorded as any sum is.

    Raises ShapeError if an update has another shape, ValueError if the structures differ.

    >>> apply_updates([np.float32(1)], [np.float64(0.5)])
    [np.float32(1.5)]
    """
    return leafwise(_moved, parameters, updates)


def _moved(parameter: Any, update: Any) -> Any:
    new = parameter + update
    if not hasattr(parameter, "dtype"):
        return new
    if new.shape != parameter.shape:
        raise ShapeError(
            f"an update of shape {np.asarray(value_of(update)).shape} was given for a parameter of "
            f"shape {parameter.shape}; an update has its parameter's shape."
        )
    if new.dtype != parameter.dtype:
        new = new.astype(parameter.dtype)
    if isinstance(parameter, Tensor) and parameter.requires_grad and not new.requires_grad:
        return Tensor(new, requires_grad=True, name=parameter.name)
    return new


PLAIN = frozenset((np.ndarray, Tensor, np.float64, np.float32))


def leafwise(function: Callable[..., Any], first: Tree, *rest: Tree) -> Tree:
    """`tree.map`, with a short way for flat lists, which every eager step has."""
    if type(first) is list and PLAIN.issuperset(map(type, first)):
        return [function(*leaves) for leaves in zip(first, *rest, strict=True)]
    return tree.map(function, first, *rest)
