"""The display of how training goes: a bar on a terminal, a few lines anywhere else.

A *display* is a function that consumes the records of a run, one call a step.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from micrograd_np.train.history import Step

Display = Callable[[Step], None]

REFRESH = 0.1  # seconds between two changes of the bar
BAR = "{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
LINES = 10  # about how many lines a run writes where there is no terminal


@contextmanager
def display(shown: bool, epochs: int, steps: int) -> Iterator[Display]:
    """The display, on stderr, of a run of `steps` steps in all; a silent one unless `shown`."""
    stream = sys.stderr
    if not shown or stream is None:
        yield lambda _: None
    elif stream.isatty():
        from tqdm import tqdm

        with tqdm(total=steps, bar_format=BAR, mininterval=0, file=stream) as bar:
            show = Bar(bar, epochs)
            try:
                yield show
            finally:
                show.refresh()
    else:
        yield lines(stream, epochs, steps // epochs)


class Bar:
    """Moves a tqdm bar, at most once every `REFRESH` seconds."""

    def __init__(self, bar: Any, epochs: int) -> None:
        self.bar = bar
        self.epochs = epochs
        self.last: Step | None = None
        self.due = 0.0

    def __call__(self, record: Step) -> None:
        """Keep a record, and show the record if the bar is due."""
        self.last = record
        if perf_counter() >= self.due:
            self.refresh()
            self.due = perf_counter() + REFRESH

    def refresh(self) -> None:
        """Show the latest record now; where each epoch has one step, the bar counts the epochs."""
        if self.last is not None:
            text = described(self.last, self.epochs)
            if self.bar.total == self.epochs:
                text = f"loss {self.last.loss:.4g}"
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(self.last.step - self.bar.n)


def lines(stream: Any, epochs: int, steps_per_epoch: int) -> Display:
    """A display that writes a line after the first epoch, the last, and about ten between."""
    every = -(-epochs // LINES)

    def show(record: Step) -> None:
        epoch, rest = divmod(record.step, steps_per_epoch)
        if not rest and (epoch in (1, epochs) or epoch % every == 0):
            stream.write(described(record, epochs) + "\n")
            stream.flush()

    return show


def described(record: Step, epochs: int) -> str:
    """A record in a few words: `epoch 3/10, loss 0.125`."""
    return f"epoch {record.epoch}/{epochs}, loss {record.loss:.4g}"
