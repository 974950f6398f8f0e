"""The code on the pages of the documentation."""

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


class Example(NamedTuple):
    """A block of code, where it stands, and what the page says that it prints."""

    code: str
    line: int
    printed: str


def examples(page: Path) -> list[Example]:
    """The `python` blocks of a page, each with the `output` block after it."""
    text = text_of(page)
    fences = list(re.finditer(r"^```(\S*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    found = []
    for fence, following in pairwise([*fences, None]):
        if fence[1] == "python":
            adjacent = following is not None and following[1] == "output"
            line = text.count("\n", 0, fence.start(2))
            found.append(Example(fence[2], line, following[2] if adjacent else ""))
    return found
