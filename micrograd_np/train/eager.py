"""A training step as it is written: the loss is recorded, then come `backward` and the optimizer.

A step has two halves: `loss_of` computes the loss of a batch, and `update` changes the parameters.
Between the two, the loop checks that the loss is finite.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import GraphError
from micrograd_np.optim import Optimizer

Loss = Callable[[Any, Any], Any]


class EagerStep:
    """A step of training `model` by `loss` and `optimizer`.

    Between the two halves, `prediction` and `value` hold what `loss_of` computed. `before` is the
    snapshot for `optimizer.restore`, to undo the last update.
    """

    def __init__(self, model: Any, loss: Loss, optimizer: Optimizer) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.learned = dict.fromkeys([*optimizer.parameters, *model.parameters()])
        self.before: Any = None  # set when the first step begins
        self.prediction: Any = None
        self.value: Any = None

    def loss_of(self, X: Any, y: Any) -> float:
        """The loss of a batch. Raises GraphError unless the loss is a Tensor of a single number."""
        self.prediction = self.model(X)
        self.value = value = self.loss(self.prediction, y)
        if isinstance(value, Tensor) and value.value.size == 1 and value.value.dtype.kind == "f":
            return float(value.item())
        given = f"{value!r:.80}, a {type(value).__name__}"
        if isinstance(value, Tensor):
            given = f"a Tensor of shape {value.shape}, {value.dtype}"
        raise GraphError(
            f"the loss function must return a Tensor that holds a single real number, but it "
            f"returned {given}. Reduce it with np.sum or np.mean, and compute it from the "
            f"prediction with NumPy's functions, without leaving the graph (float(), .data)."
        )

    def update(self) -> None:
        """Change the parameters by the gradients of the loss."""
        self.zero_grad()
        self.value.backward()
        self.prediction = self.value = None  # the graph is not needed while the next is recorded
        self.before = self.optimizer.snapshot()
        with np.errstate(all="ignore"):  # the next loss tells, and is explained
            self.optimizer.step()

    def zero_grad(self) -> None:
        """Set `.grad` to None wherever `backward` might add to it."""
        for parameter in self.learned:
            parameter.grad = None

    def recall(self) -> None:
        """Make `.grad` hold the gradients of the last update."""
