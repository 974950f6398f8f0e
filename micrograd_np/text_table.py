"""Tables as text."""

from collections.abc import Sequence


def text_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table whose columns are two spaces apart.

    >>> text_table([("op", "slope"), ("np.sin", "cos(x)")])
    ['op      slope', 'np.sin  cos(x)']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
