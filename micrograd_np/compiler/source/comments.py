"""Comments: other people's text in printed source, where it must never become code.

A comment ends with its line, and Python, editors and `str.splitlines` do not agree on what ends a
line. So text that comes from the user (a line of their code, the name of an op, a `repr`) is
printed with escapes for all but printable characters.
"""

LONGEST = 80  # characters of somebody else's text


def comment(text: str) -> str:
    r"""The text as it is written behind a `#`: on one line, whatever characters are in it.

    >>> comment("x = 1  # π")
    'x = 1  # π'
    >>> print(comment("x = 1\rimport os"))
    x = 1\rimport os
    """
    shown = "".join(c if c.isprintable() else escaped(c) for c in text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def escaped(character: str) -> str:
    """A character as Python writes it in a string."""
    return character.encode("unicode_escape").decode("ascii")
