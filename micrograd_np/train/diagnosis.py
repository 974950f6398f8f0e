"""The diagnosis of a loss, in words: why the loss is not finite, or where its shapes slipped."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign, to_numpy
from micrograd_np.core.graph import history
from micrograd_np.core.record import value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import NonFiniteError, listed
from micrograd_np.optim import Optimizer
from micrograd_np.train.history import Step

DIVERGED = 1e3  # where the loss has grown by more than this factor, the steps are too long


def explained(
    failed: Step, X: Any, y: Any, prediction: Any, losses: Sequence[float], optimizer: Optimizer
) -> NonFiniteError:
    """The error for a step whose loss is not finite, from the parameters and gradients it met.

    `losses`: those of the first step and of the step before; NaN if there was none. Whoever raises
    the error restores the parameters of the step before.
    """
    where = f"the loss is {failed.loss} at step {failed.step} (epoch {failed.epoch})"
    cause = _cause(failed.step, {"X": X, "y": y}, prediction, losses, optimizer)
    kept = (
        f"The parameters are those of step {failed.step - 1}, the last with a finite loss."
        if failed.step > 1
        else "The parameters are unchanged."
    )
    return NonFiniteError(f"{where}. {cause}\n{kept}")


def broken_update(last: Step, optimizer: Optimizer) -> NonFiniteError:
    """The error for a last update that left parameters not finite, with no loss after it."""
    return NonFiniteError(
        f"the update of the last step, {last.step} (epoch {last.epoch}), is not finite. "
        f"{_broken_parameters(last.step, optimizer)}\nThe parameters are those before that update."
    )


def broadcast_slip(loss: Tensor) -> str | None:
    """The warning for a loss that pairs every prediction with every target; None if it does not.

    A column (n, 1) and a row (n,) that meet in an elementwise op broadcast to (n, n).
    """
    nodes, _ = history([loss])
    for node in nodes:
        shapes = [np.shape(value) for value in node.values]
        if node.op.kind == "elementwise" and len(shapes) == 2:
            flat, column = sorted(shapes, key=len)
            if len(flat) == 1 and column == (*flat, 1) and flat[0] > 1:
                return (
                    f"the loss function applies `{node.op.name}` to arrays of shapes {shapes[0]} "
                    f"and {shapes[1]}, which pairs every example with every other: the result has "
                    f"shape {node.value.shape}. Reshape one of them, as in `y.reshape(-1, 1)`."
                )
    return None


def _cause(
    step: int, batch: dict[str, Any], prediction: Any, losses: Sequence[float], optimizer: Optimizer
) -> str:
    broken = [f"{name}: {_first_rows(x)}" for name, x in batch.items() if not is_finite(x)]
    if broken:
        return f"The data of this batch are not finite:{listed(broken)}"
    first, last = losses
    if abs(last) > DIVERGED * abs(first):
        return (
            f"Training diverges: the loss has grown from {first:.4g} at the first step "
            f"to {last:.4g} at the one before this. The learning rate is too high."
        )
    if not all(is_finite(p.value) for p in optimizer.parameters):
        return _broken_parameters(step - 1, optimizer)
    largest = max(float(np.abs(p.value).max()) for p in optimizer.parameters if p.size)
    if not is_finite(prediction):
        return (
            f"Data and parameters are finite, but the prediction of the model is not: something in "
            f"it overflows or is undefined. The largest parameter is {largest:.3g} in size: if it "
            f"started much smaller, lower the learning rate."
        )
    low, high = (to_numpy(f(value_of(prediction))) for f in (np.min, np.max))
    return (
        f"Data, parameters and predictions (from {low:.4g} to {high:.4g}) are finite, so the loss "
        f"function is at fault: a logarithm of 0, a division by 0, or an overflow. If predictions "
        f"are probabilities, compute the loss from logits (nn.binary_cross_entropy_with_logits, "
        f"nn.cross_entropy); if they have grown large, lower the learning rate."
    )


def _broken_parameters(update: int, optimizer: Optimizer) -> str:
    """The parameters that are not finite since `update`, and their gradients if these are not."""
    named = list(zip(optimizer.paths, optimizer.parameters, strict=True))
    parameters = listed(_counts((path or "parameter", p.value) for path, p in named))
    if update == 0:
        return f"Parameters were not finite before training:{parameters}"
    gradients = _counts((path or "parameter", p.grad) for path, p in named if p.grad is not None)
    if gradients:
        return (
            f"The cause is the gradient of step {update}, which is not finite, though the loss "
            f"of that step is:{listed(gradients)}\n"
            f"A function of infinite slope (sqrt, log or a power at 0) does this, or an overflow, "
            f"or a NaN in a branch that `where` did not choose."
        )
    return (
        f"The update of step {update} overflowed, from finite gradients: the learning rate is too "
        f"high, or an earlier update left the optimizer's state enormous. Parameters:{parameters}"
    )


def _counts(named: Iterable[tuple[str, Any]]) -> list[str]:
    """A line for each array that is not finite, with the count of its bad numbers."""
    return [
        f"{name}: {to_numpy(np.sum(~np.isfinite(value)))} of {value.size} numbers"
        for name, value in named
        if not is_finite(value)
    ]


def _first_rows(value: Any) -> str:
    bad = ~np.isfinite(value_of(value))
    rows = np.flatnonzero(to_numpy(np.any(bad.reshape(len(bad), -1), axis=1)))
    shown = ", ".join(map(str, rows[:10]))
    more = ", …" if len(rows) > 10 else ""
    return f"{to_numpy(np.sum(bad))} of {bad.size} numbers, in rows {shown}{more}"


def is_finite(value: Any) -> bool:
    """Whether all numbers are finite; an array that holds no numbers counts as finite."""
    values = value_of(value)
    values = values if is_foreign(values) else np.asarray(values)
    return values.dtype.kind not in "fc" or bool(to_numpy(np.all(np.isfinite(values))))
