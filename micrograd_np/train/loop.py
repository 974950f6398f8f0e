"""The training loop: a generator of records, and `fit`, which drives it.

A *step* computes the loss of one *batch* of examples, its gradients, and one update of the
parameters. An *epoch* is a pass over all examples. `steps` yields a record, a `Step`, after each
step. Showing, measuring and saving are done by consumers of these records.
"""

import math
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.values import array_of
from micrograd_np.errors import listed
from micrograd_np.nn.initializers import generator
from micrograd_np.nn.module import Module
from micrograd_np.optim import Optimizer, Transformation
from micrograd_np.optim.transformation import check_transformation
from micrograd_np.train.compiled import CompiledStep, check_backend
from micrograd_np.train.diagnosis import broadcast_slip, broken_update, explained, is_finite
from micrograd_np.train.eager import EagerStep, Loss
from micrograd_np.train.history import History, Step
from micrograd_np.train.precision import cast, dtypes_for
from micrograd_np.train.progress import display


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    optimizer: Transformation | Optimizer,
    epochs: int,
    batch_size: int | None = None,
    rng: "np.random.Generator | None" = None,
    progress: bool = True,
    compile: bool | str = False,  # noqa: A002 - as in mg.compile
) -> History:
    """Train `model` so that `loss(model(X), y)` becomes small; returns the losses on the way.

    - `model`: a module, or a function of inputs with a method `parameters()`. A module is put in
      training mode, and afterwards back in the mode it had.
    - `X`, `y`: arrays whose first axes count the same examples. Model and loss are given them, or
      the rows of a batch. Floating-point arrays are cast, batch by batch, to the precision of
      the parameters, unless the parameters have several precisions. So a float32 model computes in
      float32, whatever the dtype of the data. Integers and booleans, such as class labels, stay as
      they are.
    - `loss`: a function of (prediction, target) whose result is a single number.
    - `optimizer`: a transformation such as `optim.adam()`, or an `Optimizer` to go on with.
    - `epochs`: how many times to go over all examples.
    - `batch_size`: examples in a step. None takes all of them, in order; a number shuffles them
      for every epoch, and the last batch of an epoch may be smaller.
    - `rng`: the generator to shuffle with; None takes a fresh one, so that runs differ.
    - `progress`: a bar on stderr, or a few lines if that is not a terminal.
    - `compile`: True, or the name of a back end, runs the steps as programs; see `mg.compile`.

    Warns if `loss` broadcasts a column (n, 1) against a row (n,), which is hardly ever meant.

    With `compile` the history is the same, to rounding. The Python code of model and loss runs only
    where a program is made. A program is made in the first step of each size of batch, and after
    something has changed that model, loss or optimizer depend on. A `numpy.random.Generator` is
    drawn from in every step if it is an attribute of a module. Gradients stay inside the program:
    `.grad` is None. Where no program can be made, training warns why, and goes on uncompiled.

    An interrupt (Ctrl-C) leaves the parameters as a whole number of steps made them.

    Raises TypeError or ValueError, before anything is run, that lists all wrong arguments. Raises
    NonFiniteError that names step and cause when the loss becomes NaN or infinite; the parameters
    are then those of the last step with a finite loss. Raises GraphError if the loss is not a
    single number recorded from the parameters, or does not depend on all of them.

    >>> from micrograd_np import nn, optim
    >>> model = nn.Linear(1, 1)
    >>> X = np.array([[0.0], [1.0]])
    >>> history = fit(
    ...     model, X, 3 * X + 1, loss=nn.mse, optimizer=optim.sgd(0.5), epochs=200, progress=False
    ... )
    >>> model.weight.data.round(6), model.bias.data.round(6)
    (array([[3.]]), array([1.]))
    """
    X, y = array_of(X), array_of(y)
    options: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "compile": compile}
    run = steps(model, X, y, loss=loss, optimizer=optimizer, rng=rng, **options)
    history = History()
    total = int(epochs) * -(-len(X) // (batch_size or len(X)))
    with closing(run) as records, display(progress, int(epochs), total) as show:
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
    rng: "np.random.Generator | None" = None,
    compile: bool | str = False,  # noqa: A002 - as in mg.compile
) -> Generator[Step, None, None]:
    """The loop behind `fit` as a generator, which makes one step for each record that is asked for.

    The caller may stop at any step. Arguments and errors are those of `fit`; arguments are checked
    at the call. A module stays in training mode until the last step, or until the caller stops.

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
    X, y = array_of(X), array_of(y)
    values = _wrong_data(X, y)
    types = _wrong_types(model, loss, optimizer, rng)
    size = 1 if batch_size is None else batch_size
    counts: dict[str, Any] = {"epochs": epochs, "batch_size": size}
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool):
            types.append(f"{name} is a whole number, not {count!r}")
        elif count < 1:
            values.append(f"{name} is at least 1, not {count}")
    backend: Any = "numpy" if compile is True else compile
    if not isinstance(backend, bool | str):
        types.append(f"compile is True, False or the name of a back end, not {backend!r:.80}")
    elif isinstance(backend, str):
        values += _complaint(check_backend, backend)
    if not types:
        values += _wrong_parameters(model, optimizer)
    if types or values:
        message = f"fit cannot start:{listed(types + values)}"
        raise TypeError(message) if types else ValueError(message)
    dtypes = dtypes_for({"X": X, "y": y}, model.parameters())
    batches = _batches(X, y, dtypes, int(epochs), batch_size, generator(rng))
    if not isinstance(optimizer, Optimizer):
        optimizer = Optimizer(model if isinstance(model, Module) else model.parameters(), optimizer)
    parts = model, loss, optimizer
    return _records(CompiledStep(*parts, backend) if backend else EagerStep(*parts), batches)


def _records(
    step: EagerStep, batches: Iterator[tuple[int, Array, Array]]
) -> Generator[Step, None, None]:
    """Make a step of each batch, and yield its record."""
    optimizer = step.optimizer
    losses = [math.nan, math.nan]  # of the first step, and of the last one
    step.before = optimizer.snapshot()
    with _training(step.model):
        for count, (epoch, X, y) in enumerate(batches, 1):
            loss = step.loss_of(X, y)
            record = Step(epoch, count, loss, len(X))
            if count == 1 and (slip := broadcast_slip(step.value)):
                warnings.warn(slip, stacklevel=3)
            if not math.isfinite(loss):
                step.recall()
                error = explained(record, X, y, step.prediction, losses, optimizer)
                optimizer.restore(step.before)
                raise error
            losses = [loss if count == 1 else losses[0], loss]
            step.update()
            yield record
        if not all(is_finite(parameter.value) for parameter in optimizer.parameters):
            step.recall()
            error = broken_update(record, optimizer)
            optimizer.restore(step.before)
            raise error


def _batches(
    X: Array, y: Array, dtypes: list[Any], epochs: int, size: int | None, rng: Any
) -> Iterator[tuple[int, Array, Array]]:
    """The batches of a run, each with the number of its epoch."""
    if size is None:  # every step needs all examples
        X, y = map(cast, (X, y), dtypes)
    for epoch in range(1, epochs + 1):
        if size is None:
            yield epoch, X, y
            continue
        order = rng.permutation(len(X))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            yield epoch, cast(X[rows], dtypes[0]), cast(y[rows], dtypes[1])


@contextmanager
def _training(model: Any) -> Iterator[None]:
    """Have the modules of `model` in training mode inside the `with`, and then as they were."""
    modules = model.modules() if isinstance(model, Module) else []
    modes = [module.training for module in modules]
    for module in modules:
        module.training = True
    try:
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


# ---------------------------------------------------------------- what can be wrong before a run


def _wrong_data(X: Array, y: Array) -> list[str]:
    lengths = [x.shape[0] if x.ndim else None for x in (X, y)]
    wrong = []
    for name, x in zip("Xy", (X, y), strict=True):
        if x.ndim == 0:
            axis = "a first axis that counts examples"
            wrong.append(f"{name} needs {axis}, but its shape is {x.shape}")
        if np.isnan(x.shape).any():
            advice = "compute it (in Dask, compute_chunk_sizes())"
            wrong.append(f"{name} has an unknown number of examples: {advice}")
    if not wrong and lengths[0] != lengths[1]:
        wrong.append(f"X has {lengths[0]} examples, but y has {lengths[1]}")
    if 0 in lengths:
        wrong.append(f"there are no examples: X has shape {X.shape}, y has shape {y.shape}")
    return wrong


def _wrong_types(model: Any, loss: Any, optimizer: Any, rng: Any) -> list[str]:
    wrong = []
    if not callable(model) or not hasattr(model, "parameters") or isinstance(model, type):
        wrong.append(f"model is a module, or callable with parameters(), not {model!r:.80}")
    if not callable(loss):
        wrong.append(f"loss is a function of (prediction, target), not {loss!r:.80}")
    if not isinstance(optimizer, Optimizer):
        wrong += _complaint(check_transformation, optimizer)
    return wrong + _complaint(generator, rng)


def _complaint(check: Callable[[Any], Any], given: Any) -> list[str]:
    """The complaint of `check` about `given`, if there is one, as a list."""
    try:
        check(given)
    except (TypeError, ValueError) as error:
        return [str(error)]
    return []


def _wrong_parameters(model: Any, optimizer: Transformation | Optimizer) -> list[str]:
    parameters = set(model.parameters())
    if not parameters:
        return ["the model has no parameter to learn (a Tensor with requires_grad=True)"]
    if isinstance(optimizer, Optimizer) and parameters.isdisjoint(optimizer.parameters):
        return ["the optimizer holds no parameter of the model; was it made for another?"]
    return []
