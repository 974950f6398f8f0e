r"""The table of mistakes: code that is wrong on purpose, and what its message has to say.

The text files beside this module hold the rows, one file a topic. A row is some code, and below it
`! Class: words | words`: the class of the error or warning, and words that its message has to have.
In the words, `\n` stands for a new line. Each mistake runs in a fresh namespace, in which
`PREAMBLE` has run, with a file name of its own, so that messages can show the line.
"""

import linecache
import re
import traceback
import warnings
from pathlib import Path
from typing import Any, NamedTuple

PREAMBLE = """\
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
ROW = re.compile(r"^(?P<code>.+?)\n! (?P<kind>\w+): (?P<words>[^\n]*)$", re.DOTALL)


class Mistake(NamedTuple):
    """Wrong code, the class of its error or warning, and words that the message has to have."""

    code: str
    kind: str
    words: tuple[str, ...]


class Told(NamedTuple):
    """What a mistake led to: the error or the warning, its text, and the user's line it shows."""

    error: Warning | Exception
    text: str
    line: int | None


def rows(topic: str) -> list[Mistake]:
    """The mistakes of a topic."""
    found = []
    for block in Path(__file__).with_name(f"{topic}.txt").read_text("utf-8").split("\n\n"):
        row = ROW.match(block.strip("\n"))
        assert row is not None, block
        words = row["words"].replace("\\n", "\n").split(" | ")
        found.append(Mistake(row["code"], row["kind"], tuple(words)))
    return found


TOPICS = {
    topic: rows(topic)
    for topic in ("arrays", "graphs", "transforms", "compiling", "networks", "habits", "scipy")
}


def told(row: Mistake) -> Told | None:
    """The error, or else the first warning, of a mistake; None if there is neither."""
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
            text = [str(error), *getattr(error, "__notes__", ())]
            return Told(error, "\n".join(text), lines[-1] if lines else None)
    return next(map(warned, seen), None)


def warned(warning: warnings.WarningMessage) -> Told:
    """A warning as Python shows it: below the message, the line of code that it is about."""
    own = warning.filename == FILE
    source = linecache.getline(warning.filename, warning.lineno).strip()
    text = str(warning.message) if own else f"{warning.message}\n  {source}"
    return Told(warning.message, text, warning.lineno if own else None)
