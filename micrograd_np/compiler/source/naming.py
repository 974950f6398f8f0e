"""Naming: words for variables, of which no two are the same and none has a meaning already."""

import builtins
import keyword
import re
import unicodedata
from collections.abc import Container, Iterable

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")
MEANING = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins)))


class Names:
    """The names that are given out so far."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*taken, *MEANING}
        self._counts: dict[str, int] = {}

    def new(self, hint: str) -> str:
        """The hint as an identifier, with a number if it is taken.

        >>> names = Names()
        >>> names.new("layers.0.weight"), names.new("exp"), names.new("exp"), names.new("sum")
        ('layers_0_weight', 'exp', 'exp_1', 'sum_1')
        """
        return self.like(identifier(hint))

    def like(self, word: str, avoided: Container[str] = ()) -> str:
        """An identifier as it is if it is free, else with a number, and not one of the avoided."""
        name, number = word, self._counts.get(word, 0)
        while name in self.taken or (number and name in avoided):
            number += 1
            name = f"{word}_{number}"
        self._counts[word] = number
        self.taken.add(name)
        return name

    def is_free(self, name: str) -> bool:
        """Whether nothing has this name."""
        return name not in self.taken


def is_name(word: str) -> bool:
    r"""Whether Python reads a word as a name, and as this one: it takes ﬁ for fi.

    >>> [word for word in ("fi", "ﬁ", "a.b", "class", "f\nimport os") if is_name(word)]
    ['fi']
    """
    normal = unicodedata.normalize("NFKC", word) == word
    return word.isidentifier() and not keyword.iskeyword(word) and normal


def identifier(hint: str) -> str:
    """A hint with underscores for what cannot be in a name.

    >>> identifier("0.weight"), identifier("σ"), identifier("captured[1]")
    ('x0_weight', 'x', 'captured_1')
    """
    word = NOT_IN_NAMES.sub("_", hint).strip("_")
    return word if word and not word[0].isdigit() else f"x{word}"
