"""The history that a training run leaves behind: the loss of every step."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.errors import MissingExtraError, counted

Numbers = np.ndarray[Any, Any]


class Step(NamedTuple):
    """The record of one step: an update of the parameters from one batch.

    `epoch` and `step` count from 1, `step` through all epochs. `loss` is that of the batch before
    the update; `examples` is the size of the batch.
    """

    epoch: int
    step: int
    loss: float
    examples: int


class History:
    """The records of a training run, oldest first.

    `records`: a list of `Step`. `len(history)` is the number of steps.

    >>> history = History([Step(1, 1, 8.0, 3), Step(1, 2, 4.0, 1), Step(2, 3, 2.0, 3)])
    >>> history
    History(3 steps in 2 epochs, loss 8 → 2)
    >>> history.losses, history.epoch_losses
    (array([8., 4., 2.]), array([7., 2.]))
    """

    def __init__(self, records: Sequence[Step] = ()) -> None:
        self.records = list(records)

    def append(self, record: Step) -> None:
        """Add the record of the next step."""
        self.records.append(record)

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        if not self.records:
            return "History(no steps)"
        length = f"{counted(len(self), 'step')} in {counted(len(self.epochs), 'epoch')}"
        return f"History({length}, loss {self.records[0].loss:.4g} → {self.records[-1].loss:.4g})"

    @property
    def losses(self) -> Numbers:
        """The loss of every step, before its update: float64, shape (steps,)."""
        return np.array([record.loss for record in self.records], dtype=np.float64)

    @property
    def epochs(self) -> Numbers:
        """The numbers of the epochs, in order: int, shape (epochs,)."""
        return np.unique(self._epoch_of_steps())

    @property
    def epoch_losses(self) -> Numbers:
        """The mean loss of every epoch, each step weighted by its examples: shape (epochs,)."""
        _, epoch = np.unique(self._epoch_of_steps(), return_inverse=True)
        examples = np.array([record.examples for record in self.records], dtype=np.float64)
        return np.bincount(epoch, self.losses * examples) / np.bincount(epoch, examples)

    def _epoch_of_steps(self) -> Numbers:
        return np.array([record.epoch for record in self.records], dtype=int)

    def plot(self, ax: Any = None) -> Any:
        """Draw the loss of every epoch, over the losses of the steps where an epoch has several.

        `ax`: the matplotlib axes to draw on; None makes a new figure. Returns the axes. The scale
        is logarithmic where the losses are positive and span more than a factor of 30.

        Raises MissingExtraError if matplotlib is not installed.
        """
        if ax is None:
            try:
                import matplotlib.pyplot as plt
            except ImportError as error:
                raise MissingExtraError.of("History.plot()", "matplotlib", "plot") from error
            _, ax = plt.subplots(figsize=(6, 4), layout="constrained")
        losses, epochs = self.losses, self._epoch_of_steps()
        ends = np.flatnonzero(np.diff(epochs, append=-1)) + 1  # the step at which an epoch ends
        several = len(ends) < len(losses)
        if several:
            ax.plot(np.arange(1, len(losses) + 1), losses, color="0.8", label="each step")
        ax.plot(ends, self.epoch_losses, color="#1f6feb", label="mean of the epoch")
        if several:
            ax.legend(frameon=False)
        if len(losses) and 0 < losses.min() < losses.max() / 30:
            ax.set_yscale("log")
        ax.set(xlabel="step" if several else "epoch", ylabel="loss")
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25)
        return ax
