"""The table of mistakes: code that is wrong on purpose, and what its message has to say.

`python tests/shared/print_mistakes.py` prints all messages; `tests/errors/test_mistakes.py` holds
them to the words of their rows. Each mistake runs in a fresh namespace, in which `PREAMBLE` has
run, with a file name of its own, so that messages can show the line.
"""

import linecache
import traceback
import warnings
from textwrap import dedent
from typing import Any, NamedTuple

PREAMBLE = """
import math
import numpy as np
import micrograd_np as mg
from micrograd_np import Tensor, grad, nn, optim
x = Tensor([1.0, 2.0, 3.0], requires_grad=True, name="x")
W = Tensor(np.ones((3, 2)), requires_grad=True, name="W")
a = np.array([1.0, 2.0, 3.0])
X, y = np.arange(12.0).reshape(4, 3), np.arange(4.0)
model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
"""
FILE = "mistake.py"


class Mistake(NamedTuple):
    """Wrong code, the class of its error or warning, and words that the message has to have."""

    code: str
    kind: type[Exception]
    words: tuple[str, ...]


class Told(NamedTuple):
    """What a mistake led to: an error or a warning, and the user's line that it shows."""

    error: Exception
    line: int | None

    @property
    def text(self) -> str:
        """The message, with the notes below it."""
        return "\n".join([str(self.error), *getattr(self.error, "__notes__", ())])


def mistake(code: str, kind: type[Exception], *words: str) -> Mistake:
    """A row of the table."""
    return Mistake(dedent(code).strip(), kind, words)


def told(row: Mistake) -> Told | None:
    """The first warning or the error of a mistake; None if there is neither."""
    linecache.cache[FILE] = (len(row.code), None, f"{row.code}\n".splitlines(keepends=True), FILE)
    names: dict[str, Any] = {"__name__": "mistake"}
    exec(PREAMBLE, names)  # noqa: S102 - the code of the table
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            exec(compile(row.code, FILE, "exec"), names)  # noqa: S102 - the same
        except Exception as error:  # noqa: BLE001 - whatever it is, it is printed
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == FILE]
            return Told(error, lines[-1] if lines else None)
    for warning in seen:
        return Told(warning.message, warning.lineno if warning.filename == FILE else None)
    return None
