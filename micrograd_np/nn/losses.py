"""Losses: how far predictions are from targets, as one number to make small.

Each loss takes `(prediction, target)` of **exactly** equal shapes, and raises ShapeError for
others. NumPy would broadcast (4, 1) against (4,) to (4, 4), comparing every prediction with every
target, and a network would train on nonsense without a warning. The target, usually a constant, is
cast to the floating dtype of the prediction, so that a float32 network has a float32 loss.

`reduction`: `"mean"` of all losses (an error for an empty batch), their `"sum"`, or `"none"`, an
array with a loss for each example.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign, like
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.core.values import array_of
from micrograd_np.errors import ShapeError
from micrograd_np.nn.state import described
from micrograd_np.ops.derivatives.activations import log_softmax, logsigmoid

REDUCTIONS: dict[str, Callable[[Array], Array]] = {
    "mean": np.mean,
    "sum": np.sum,
    "none": lambda losses: losses,
}


def mse(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """The squared error `(prediction - target)²`, by default its mean over all entries.

    Raises ShapeError if the shapes differ, TypeError for targets that are not real numbers,
    ValueError for an unknown reduction or the mean of an empty batch.

    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    prediction, target = _paired("mse", prediction, target)
    return _reduced("mse", np.square(prediction - target), reduction)


def binary_cross_entropy(probability: Array, target: Array, reduction: str = "mean") -> Array:
    """`-(target log(probability) + (1 - target) log(1 - probability))`, with `0 log(0) = 0`.

    `probability`, the output of a sigmoid, and `target`, usually 0 or 1, lie in [0, 1]. A
    probability of exactly 0 for target 1 has an infinite loss. The gradient is lost where the
    sigmoid rounds to 0 or 1; `binary_cross_entropy_with_logits` keeps the gradient.

    Raises what `mse` raises, and ValueError for probabilities or targets outside [0, 1].

    >>> round(float(binary_cross_entropy(np.array([0.5]), np.array([1]))), 4)
    0.6931
    """
    name = "binary_cross_entropy"
    probability, target = _paired(name, probability, target)
    advice = "Pass logits to binary_cross_entropy_with_logits."
    _check_unit_interval(name, "probability", probability, advice)
    _check_unit_interval(name, "target", target, "Write classes as 0 and 1.")
    losses = -(_weighted_log(target, probability) + _weighted_log(1 - target, 1 - probability))
    return _reduced(name, losses, reduction)


def binary_cross_entropy_with_logits(
    logits: Array, target: Array, reduction: str = "mean"
) -> Array:
    """The `binary_cross_entropy` of `sigmoid(logits)`, exact where the sigmoid rounds to 0 or 1.

    `-(target log(sigmoid(logits)) + (1 - target) log(sigmoid(-logits)))`, whose gradient is
    `sigmoid(logits) - target`: -1 at logit -800 for target 1, -4.2e-18 at logit 40.

    Raises what `mse` raises, and ValueError for targets outside [0, 1].

    >>> float(binary_cross_entropy_with_logits(np.array([-800.0]), np.array([1])))
    800.0
    """
    name = "binary_cross_entropy_with_logits"
    logits, target = _paired(name, logits, target)
    _check_unit_interval(name, "target", target, "Write classes as 0 and 1.")
    losses = -(target * logsigmoid(logits) + (1 - target) * logsigmoid(-logits))
    return _reduced(name, losses, reduction)


def cross_entropy(logits: Array, target: Array, reduction: str = "mean") -> Array:
    """`-log(softmax(logits))` at the target class, along the last axis.

    `logits` has shape (n, classes), or any axes before `classes`. `target` holds integer classes,
    from 0 up, of shape (n,); or probabilities `p` of shape (n, classes), and the loss is
    `-sum(p log(softmax(logits)))`. The gradient is `softmax(logits) - p` for each example.

    Raises ShapeError for other shapes, and TypeError for classes that are not integers. Raises
    ValueError for a class out of range, for probabilities outside [0, 1], for fewer than two
    classes, for an unknown reduction, and for the mean of an empty batch.

    >>> logits = np.array([[0.0, 0.0], [0.0, 1000.0]])
    >>> cross_entropy(logits, np.array([0, 0]), reduction="none").round(4)
    array([6.931e-01, 1.000e+03])
    """
    name = "cross_entropy"
    logits, target = array_of(logits), array_of(target)
    _check_classes(logits, target)
    if target.ndim < logits.ndim:
        losses = -_at_class(log_softmax(logits, axis=-1), value_of(target)[..., np.newaxis])
    else:
        logits, target = _paired(name, logits, target)
        _check_unit_interval(name, "target", target, "Give probabilities, or integer classes (n,).")
        logarithm = log_softmax(logits, axis=-1)
        masked = (logarithm == -np.inf) & (target == 0)  # 0 log(0) = 0
        losses = -np.sum(target * np.where(masked, 0, logarithm), axis=-1)
    return _reduced(name, losses, reduction)


# ---------------------------------------------------------------- parts


def _at_class(x: Array, chosen: Array) -> Array:
    """The entry of each `chosen` class along the last axis."""
    if is_foreign(chosen) or is_foreign(value_of(x)):  # a sum keeps to the blocks of examples
        chosen = like(x, chosen)
        classes = like(chosen, np.arange(x.shape[-1]))
        return np.sum(np.where(chosen == classes, x, 0), axis=-1)
    found = np.take_along_axis(x, chosen, axis=-1)[..., 0]
    if _can_be_read(value_of(chosen)):
        return found
    return np.where(chosen[..., 0] < 0, np.nan, found)  # unseen, it was not refused; NumPy wraps it


def _weighted_log(weight: Array, x: Array) -> Array:
    """`weight * log(x)`, where `0 log(0)` is 0, with slope 0 in `x`."""
    nothing = (x == 0) & (weight == 0)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer
        return weight * np.log(np.where(nothing, 1, x))


def _reduced(name: str, losses: Array, reduction: str) -> Array:
    if reduction not in REDUCTIONS:
        known = ", ".join(map(repr, REDUCTIONS))
        raise ValueError(f"{name} has no reduction {reduction!r}; there are: {known}.")
    if reduction == "mean" and losses.size == 0:
        raise ValueError(
            f"{name}: the mean over an empty batch (shape {losses.shape}) is undefined. "
            f"Skip empty batches, or use reduction='sum'."
        )
    return REDUCTIONS[reduction](losses)


# ---------------------------------------------------------------- checks


def _can_be_read(values: Array) -> bool:
    """Whether the numbers can be read for a check.

    Arrays of other libraries would have to be computed or fetched. In a batch of `vmap`, and while
    `compile` traces, a decision must not depend on numbers.
    """
    return not is_foreign(values) and not isinstance(values, Interpreted)


def _paired(name: str, prediction: Any, target: Any) -> tuple[Array, Array]:
    """Prediction and target as arrays or Tensors of one shape and the prediction's dtype."""
    prediction, target = array_of(prediction), array_of(target)
    if prediction.shape != target.shape:
        raise ShapeError(_mismatch(name, prediction.shape, target.shape))
    if target.dtype.kind not in "biuf":
        raise TypeError(f"{name}: targets are real numbers, but {described(target)} was given.")
    if prediction.dtype.kind == "f" and target.dtype != prediction.dtype:
        target = target.astype(prediction.dtype)
    return prediction, target


def _mismatch(name: str, prediction: tuple[int, ...], target: tuple[int, ...]) -> str:
    found = f"{name}: the prediction has shape {prediction}, but the target has shape {target}. "
    if np.prod(prediction) == np.prod(target):
        advice = f"Write `target.reshape({prediction})`, or `prediction.reshape({target})`."
    else:
        advice = "Give one target for each prediction: check the network's number of outputs."
    try:
        wide = np.broadcast_shapes(prediction, target)
    except ValueError:
        return found + advice
    return (
        f"{found}NumPy would broadcast both to {wide}, comparing predictions with targets that are "
        f"not theirs. {advice}"
    )


def _check_unit_interval(name: str, what: str, x: Array, advice: str) -> None:
    """Raise ValueError if an entry of `x` that can be read is outside [0, 1]. A NaN passes."""
    values = value_of(x)
    if _can_be_read(values) and values.size and (values.min() < 0 or values.max() > 1):
        raise ValueError(
            f"{name}: every {what} must lie in [0, 1], but they range from {values.min()} to "
            f"{values.max()}. {advice}"
        )


def _check_classes(logits: Array, target: Array) -> None:
    """Raise an error unless the target holds classes or probabilities for these logits."""
    expected = logits.shape[:-1]
    if logits.ndim == 0 or target.shape not in (expected, logits.shape):
        raise ShapeError(
            f"cross_entropy: logits of shape {logits.shape} need integer classes of shape "
            f"{expected} or probabilities of shape {logits.shape}, but the target has shape "
            f"{target.shape}."
            + (f" Write `target.reshape({expected})`." if target.shape == (*expected, 1) else "")
        )
    classes = logits.shape[-1]
    if classes < 2:
        raise ValueError(
            f"cross_entropy: the last axis of logits of shape {logits.shape} holds {classes} "
            f"classes, which leaves nothing to learn. For a single output use "
            f"binary_cross_entropy_with_logits."
        )
    if target.ndim == logits.ndim:
        return
    target = value_of(target)
    if target.dtype.kind not in "iu":
        raise TypeError(
            f"cross_entropy: classes are integers, but {described(target)} was given. Write "
            f"`target.astype(int)`, or give probabilities with one more axis for the classes."
        )
    if _can_be_read(target) and target.size and (target.min() < 0 or target.max() >= classes):
        wrong = sorted({int(c) for c in target.flat if not 0 <= c < classes})
        raise ValueError(
            f"cross_entropy: with {classes} classes the targets are 0 to {classes - 1}, but these "
            f"occur: {', '.join(map(str, wrong[:10]))}{', …' if wrong[10:] else ''}. Are the "
            f"classes counted from 0, and does the network have an output for each?"
        )
