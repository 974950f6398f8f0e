"""The training loop: a generator of records, and `fit`, which drives it.

A *step* computes the loss of one *batch* of examples, its gradients, and one update of the
parameters. An *epoch* is a pass over all examples. `steps` yields a `Step` after each; what is to
happen along the way (showing, measuring, saving) consumes the records.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.errors import GraphError, listed
from micrograd_np.nn.initializers import Generator, generator
from micrograd_np.nn.module import Module
from micrograd_np.op import Array
from micrograd_np.optim import Optimizer, Transformation
from micrograd_np.optim.optimizer import check_transformation
from micrograd_np.tensor import Tensor
from micrograd_np.train.diagnosis import Failure, broken_update, explained, is_finite
from micrograd_np.train.history import History, Step
from micrograd_np.train.progress import display

Loss = Callable[[Any, Any], Any]


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    optimizer: Transformation | Optimizer,
    epochs: int,
    batch_size: int | None = None,
    rng: Generator | None = None,
    progress: bool = True,
) -> History:
    """Train `model` so that `loss(model(X), y)` becomes small; returns the losses on the way.

    - `model`: a module, or a function of inputs with a method `parameters()`. A module is put in
      training mode, and back in its own afterwards.
    - `X`, `y`: arrays whose first axes count the same examples; model and loss are given them as
      they are, or the rows of a batch.
    - `loss`: a function of (prediction, target) whose result is a single number.
    - `optimizer`: a transformation such as `optim.adam()`, or an `Optimizer` to go on with.
    - `epochs`: how many times to go over all examples.
    - `batch_size`: examples in a step. None takes all of them, in order; a number shuffles them
      for every epoch, and the last batch of an epoch may be smaller.
    - `rng`: the generator to shuffle with; None takes a fresh one, so that runs differ.
    - `progress`: a bar on stderr, or a few lines if that is not a terminal.

    An interrupt (Ctrl-C) leaves the parameters as a whole number of steps made them.

    Raises, before anything is run, TypeError or ValueError for arguments that are wrong, all of
    them listed. Raises NonFiniteError naming step and cause when the loss becomes NaN or infinite;
    the parameters are then those of the last step with a finite loss. Raises GraphError if the
    loss is not a single number recorded from the parameters, or misses some of them.

    >>> from micrograd_np import nn, optim
    >>> model = nn.Linear(1, 1)
    >>> X = np.array([[0.0], [1.0]])
    >>> history = fit(
    ...     model, X, 3 * X + 1, loss=nn.mse, optimizer=optim.sgd(0.5), epochs=200, progress=False
    ... )
    >>> model.weight.data.round(6), model.bias.data.round(6)
    (array([[3.]]), array([1.]))
    """
    run = _Run(model, X, y, loss, optimizer, epochs, batch_size, rng)
    history = History()
    with closing(run.steps()) as records, display(progress, run.epochs, run.total) as show:
        for record in records:
            history.append(record)
            show(record)
    return history


def steps(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    optimizer: Transformation | Optimizer,
    epochs: int,
    batch_size: int | None = None,
    rng: Generator | None = None,
) -> Iterator[Step]:
    """The loop behind `fit`, one step each time a record is asked for: to stop when you like.

    Arguments and errors as in `fit`; arguments are checked at the call.

    >>> from micrograd_np import nn, optim
    >>> X = np.array([[0.0], [1.0]])
    >>> model = nn.Linear(1, 1)
    >>> for record in steps(
    ...     model, X, 3 * X + 1, loss=nn.mse, optimizer=optim.sgd(0.5), epochs=1000
    ... ):
    ...     if record.loss < 1e-6:
    ...         break
    >>> record.step < 100
    True
    """
    return _Run(model, X, y, loss, optimizer, epochs, batch_size, rng).steps()


class _Run:
    """A training run whose arguments are right: what its loop needs, made once."""

    def __init__(
        self,
        model: Any,
        X: Any,
        y: Any,
        loss: Loss,
        optimizer: Transformation | Optimizer,
        epochs: int,
        batch_size: int | None,
        rng: Generator | None,
    ) -> None:
        X, y = _array(X), _array(y)
        _check_types(model, loss, optimizer)
        _check_sizes(X, y, epochs, batch_size)
        self.model = model
        self.X, self.y = X, y
        self.loss = loss
        self.optimizer = _optimizer(model, optimizer)
        self.epochs = epochs
        self.batch_size = batch_size
        self.rng = generator(rng)
        self.total = epochs * -(-len(X) // (batch_size or len(X)))

    def steps(self) -> Iterator[Step]:
        model, loss, optimizer = self.model, self.loss, self.optimizer
        learned = dict.fromkeys([*optimizer.parameters, *model.parameters()])
        step = 0
        before = None
        with _training(model):
            for epoch in range(1, self.epochs + 1):
                for X, y in self._batches():
                    step += 1
                    prediction = model(X)
                    value = loss(prediction, y)
                    number = _number(value)
                    if not math.isfinite(number):
                        failure = Failure(epoch, step, number, X, y, prediction)
                        error = explained(failure, optimizer, before is not None)
                        if before is not None:
                            optimizer.restore(before)
                        raise error
                    for parameter in learned:
                        parameter.grad = None
                    value.backward()
                    before = optimizer.snapshot()
                    optimizer.step()
                    yield Step(epoch, step, number, len(X))
            if not all(is_finite(parameter.data) for parameter in optimizer.parameters):
                error = broken_update(self.epochs, step, optimizer)
                optimizer.restore(before)
                raise error

    def _batches(self) -> Iterator[tuple[Array, Array]]:
        """The batches of one epoch."""
        if self.batch_size is None:
            yield self.X, self.y
            return
        order = self.rng.permutation(len(self.X))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            yield self.X[rows], self.y[rows]
