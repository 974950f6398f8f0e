"""The words of the project: short sentences, a subject at their head, and one spelling.

A sentence of a docstring has at most thirty words. Code, examples and tables are no sentences, and
a piece of code within a sentence counts as one word.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "micrograd_np"
LATER = PACKAGE / "compiler"  # its prose is rewritten with its code
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if LATER not in path.parents]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

MOST_WORDS = 30

# ---------------------------------------------------------------- sentences

ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s+", re.MULTILINE)
CODE = re.compile(r"``.+?``|`.+?`", re.DOTALL)
END = re.compile(r"(?<=[.!?])[)\"']*\s+(?=[(\"']*[A-Z])")
WORD = re.compile(r"[\w'.-]*\w")
NOT_PROSE = (">>>", "|")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a docstring, with `X` for each piece of code."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        if lines and lines[0].startswith("    "):
            continue
        prose = itertools.takewhile(lambda line: not line.startswith(NOT_PROSE), lines)
        for item in ITEM.split("\n".join(prose)):
            yield from filter(None, END.split(" ".join(CODE.sub("X", item).split())))


@cache
def docstrings(source: Path) -> list[tuple[int, str]]:
    """Every docstring of a file, with the line of the definition."""
    found = []
    waiting: list[Any] = [ast.parse(source.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                found.append((getattr(node, "lineno", 1), text))
        waiting += [part for part in node.body if isinstance(getattr(part, "body", None), list)]
    return sorted(found)


def too_long(source: Path) -> Iterator[str]:
    for line, text in docstrings(source):
        for sentence in sentences(text):
            count = len(WORD.findall(sentence))
            if count > MOST_WORDS:
                yield f"{line}: a sentence of {count} words: {sentence}"


# ---------------------------------------------------------------- heads

HEADLESS = re.compile(
    r"(What|How|Which|Where|Those|That|They|Its?|Both|Such|So|The same|As|By|In|From|To|With)\b"
)


def headless(source: Path) -> Iterator[str]:
    for line, text in docstrings(source):
        if HEADLESS.match(text):
            yield f"{line}: no noun at the head: {text.splitlines()[0]}"


# ---------------------------------------------------------------- spelling

STEMS = """
    diagonal general initial linear maxim minim normal optim organ penal polar real recogn serial
    special standard summar symmetr vector
"""
OTHERS = r"""
    behaviours? colours? coloured favour\w* honours? neighbour\w*
    cent(?:re|res|red|ring) grey towards (?:kilo)?metres
    labell(?:ed|ing) cancell(?:ed|ing) modell(?:ed|ing) travell(?:ed|ing|er)
    analys(?:e|ed|ing) artefacts? catalogues? defence judgement learnt licence programmes?
"""
ENDINGS = "ise ises ised iser isers ising isation isations"
BRITISH = re.compile(
    rf"(?:{'|'.join(STEMS.split())})(?:{'|'.join(ENDINGS.split())})|{'|'.join(OTHERS.split())}"
)
LETTERS = re.compile(r"[a-z]+")


def british(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").lower().splitlines()
    for number, line in enumerate(lines, 1):
        for word in filter(is_british, LETTERS.findall(line)):
            yield f"{number}: British spelling: {word}"


@cache
def is_british(word: str) -> bool:
    return BRITISH.fullmatch(word) is not None


# ---------------------------------------------------------------- the checks


def complaints() -> dict[str, list[str]]:
    """What is to be mended in each file."""
    found = {path: [*too_long(path), *headless(path), *british(path)] for path in SOURCES}
    found |= {path: list(british(path)) for path in [*PAGES, *EXAMPLES]}
    return {path.relative_to(ROOT).as_posix(): lines for path, lines in found.items() if lines}


def test_every_sentence_reads_well():
    found = [f"{file}:{line}" for file, lines in complaints().items() for line in lines]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two (three). `Four` is 4.5. Five", ["One.", "Two (three).", "X is 4.5.", "Five"]),
        ("A list:\n\n- one\n  and more\n- two\n\n>>> f(1)\n1", ["A list:", "one and more", "two"]),
        ("See:\n\n    code is. Not prose.\n\n| a | table |", ["See:"]),
    ],
)
def test_sentences_are_told_apart(text, found):
    assert list(sentences(text)) == found


def test_british_words_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("An optimistic optimizer\njoin_neighbours, Centred", encoding="utf-8")
    assert [line.rpartition(" ")[2] for line in british(page)] == ["neighbours", "centred"]
