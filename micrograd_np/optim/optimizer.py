"""The optimizer as an object, which holds parameters and a state and updates both in each step."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.foreign import all_to_numpy, is_foreign
from micrograd_np.core.graph import tick
from micrograd_np.core.record import check_change, value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.errors import GraphError, listed
from micrograd_np.optim.transformation import Transformation, apply_updates, check_transformation


class Optimizer:
    """An update rule at work: `step` changes parameters by their `.grad`.

    `parameters`: a module, or any tree or iterable of learnable Tensors; a Tensor that occurs twice
    is taken once. `transformation`: an update rule such as `optim.sgd(0.1)`.

    Fields: `parameters`, the list of Tensors; `paths`, their paths in the tree; `state`, the state
    of the transformation, which may be kept and assigned.

    Raises TypeError that names all leaves that are not learnable Tensors, or if `transformation` is
    no transformation. Raises ValueError if there is no parameter.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> from micrograd_np.optim import sgd
    >>> optimizer = Optimizer([w], sgd(0.25))
    >>> optimizer.zero_grad()
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.5, 1. ])
    """

    __guarded__ = ("parameters", "transformation")  # what a compiled step depends on

    def __init__(self, parameters: Tree, transformation: Transformation) -> None:
        if isinstance(parameters, Transformation):
            raise TypeError(
                "an optimizer takes the parameters first: optim.Optimizer(model, optim.sgd(0.1))."
            )
        check_transformation(transformation)
        if isinstance(parameters, Iterator):
            parameters = list(parameters)
        found = list(tree.paths(parameters))
        wrong = [
            f"{path or 'parameters'}: {x!r:.80}"
            for path, x in found
            if not (isinstance(x, Tensor) and x.requires_grad and x.op is None)
        ]
        if wrong:
            raise TypeError(
                f"an optimizer changes Tensors with requires_grad=True that no op made; these are "
                f"no such Tensors:{listed(wrong)}\nGive a model, or leaves of a graph."
            )
        if not found:
            raise ValueError(
                "an optimizer needs at least one parameter; it was given none. Write "
                "`optim.Optimizer(model, rule)`, or give Tensors with requires_grad=True."
            )
        first: dict[Tensor, str] = {}
        for path, parameter in found:
            first.setdefault(parameter, path)
        self.parameters = list(first)
        self.paths = list(first.values())
        self.transformation = transformation
        self.state: Any = transformation.init([value_of(p) for p in self.parameters])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.parameters)} parameters)"

    def step(self) -> None:
        """Change every parameter once, by its `.grad`: all parameters, or none if a step fails.

        Raises GraphError that names all parameters whose `.grad` is None.
        """
        gradients = self._gradients()
        values = [value_of(p) for p in self.parameters]
        updates, state = self.transformation.update(gradients, self.state, values)
        self.assign(apply_updates(values, updates), state)

    def _gradients(self) -> list[Any]:
        """The gradients; those of NumPy's parameters that another library holds are fetched."""
        afar = []
        for p in self.parameters:
            if p.grad is None:
                raise GraphError(self._without_gradient())
            if type(p.grad) is not np.ndarray and is_foreign(p.grad) and not is_foreign(p.value):
                afar.append(p)
        if afar:
            for p, gradient in zip(afar, all_to_numpy([p.grad for p in afar]), strict=True):
                p.grad = gradient
        return [p.grad for p in self.parameters]

    def zero_grad(self) -> None:
        """Set `.grad` of every parameter to None."""
        for parameter in self.parameters:
            parameter.grad = None

    def snapshot(self) -> tuple[list[Any], Any]:
        """The values of the parameters and the state, for `restore`.

        Nothing is copied, because a step makes new arrays and leaves the old ones as they are.
        """
        return [p.value for p in self.parameters], self.state

    def restore(self, snapshot: tuple[list[Any], Any]) -> None:
        """Assign a snapshot: copies of the values, and the state; all of them, or none."""
        values, state = snapshot
        self.assign([value.copy() for value in values], state)

    def assign(self, values: list[Any], state: Any) -> None:
        """Assign new values to the parameters, and a new state: all of them, or none.

        The values are arrays of the parameters' shapes and dtypes that nothing else holds. They are
        neither checked nor copied.
        """
        for parameter in self.parameters:
            check_change(parameter, "was changed by an optimizer")
        before = [p.value for p in self.parameters]
        try:
            for parameter, value in zip(self.parameters, values, strict=True):
                parameter.value = value
                parameter.tick = tick()
            self.state = state
        except BaseException:  # an interrupt too must not leave half a step
            for parameter, value in zip(self.parameters, before, strict=True):
                parameter.value = value
            raise

    def _without_gradient(self) -> str:
        missing = [
            f"{path or 'parameters'}{f' ({p.name!r})' if p.name not in (None, path) else ''}, "
            f"shape {p.shape}"
            for path, p in zip(self.paths, self.parameters, strict=True)
            if p.grad is None
        ]
        return (
            f"step() needs the gradient of every parameter, but `.grad` is None for:"
            f"{listed(missing)}\n"
            f"Call `loss.backward()` first. If the loss does not depend on a parameter, leave it "
            f"out of the optimizer or freeze it (`requires_grad = False`)."
        )
