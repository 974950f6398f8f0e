"""Arrays in a few lines of text: small ones written out, large ones summarised.

Nothing here reads NumPy's print options, so the same numbers always make the same lines.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_np.core.op import Array

MOST_ROWS = 6
MOST_COLUMNS = 6
MOST_IN_FULL = 64  # entries that a tooltip lists
LONGEST_TEXT = 40

WHOLE_PART = re.compile(r"-?\d+|.*")  # of a number; of nan, inf, True and the like, all


def kind(value: Array) -> str:
    """The shape and dtype of an array: `(2, 3) float64`."""
    return f"{value.shape} {value.dtype}"


def lines(value: Array) -> list[str]:
    """An array as aligned rows, or as a summary where the rows would be too many or too long.

    An array of another library gives no lines: its numbers are left where they are.

    >>> lines(np.array([[1.0, -0.25], [10.5, 0.0]]))
    [' 1    -0.25', '10.5   0   ']
    >>> lines(np.arange(100))
    ['min   0', 'mean 49.5', 'max  99']
    """
    if not isinstance(value, np.ndarray | np.generic):
        return []
    if value.size == 0:
        return ["empty"]
    if value.ndim == 0:
        return [number(value.item(), meaningful(value.dtype, 6))]
    rows = np.atleast_2d(value)
    if rows.ndim == 2 and rows.shape[0] <= MOST_ROWS and rows.shape[1] <= MOST_COLUMNS:
        digits = meaningful(value.dtype, 4)
        return table([[number(x, digits) for x in row] for row in rows.tolist()])
    return summary(np.asarray(value))


def meaningful(dtype: np.dtype[Any], most: int) -> int:
    """How many digits to show: `most`, unless the dtype has fewer."""
    return min(most, np.finfo(dtype).precision) if dtype.kind in "fc" else most


def number(x: complex, digits: int = 4) -> str:
    """One number, rounded to significant digits; a whole number as it is, and -0.0 as 0."""
    return str(x) if isinstance(x, int) else format(x + 0.0, f".{digits}g")


def table(rows: list[list[str]]) -> list[str]:
    """Rows of numbers as lines whose decimal points stand below each other."""
    columns = [at_the_point(column) for column in zip(*rows, strict=True)]
    return ["  ".join(row) for row in zip(*columns, strict=True)]


def at_the_point(column: Iterable[str]) -> list[str]:
    """Numbers filled up with spaces so that their decimal points agree."""
    cells = [*column]
    points = [found.end() for cell in cells if (found := WHOLE_PART.match(cell))]
    left = max(points)
    shifted = [" " * (left - point) + cell for cell, point in zip(cells, points, strict=True)]
    width = max(map(len, shifted))
    return [cell.ljust(width) for cell in shifted]


def summary(value: np.ndarray[Any, Any]) -> list[str]:
    """The spread of an array's finite entries, and how many are NaN or infinite."""
    if value.dtype.kind == "b":
        return [f"True for {np.count_nonzero(value)} of {value.size}"]
    if value.dtype.kind == "c":
        return [f"{value.size} entries"]
    facts = [*spread(value[np.isfinite(value)])]
    counts = {"nan": np.isnan(value), "inf": np.isinf(value)}
    facts += [(name, str(found.sum())) for name, found in counts.items() if found.any()]
    figures = at_the_point(figure for _, figure in facts)
    return [f"{name:4} {figure}".rstrip() for (name, _), figure in zip(facts, figures, strict=True)]


def spread(finite: np.ndarray[Any, Any]) -> list[tuple[str, str]]:
    """The smallest, the mean and the largest entry, by name."""
    if finite.size == 0:
        return []
    mean = finite.mean(dtype=np.float64)
    facts = {"min": finite.min(), "mean": mean, "max": finite.max()}
    return [(name, number(x.item())) for name, x in facts.items()]


def in_full(value: Array) -> list[str]:
    """Every entry with all its digits, as one line for an array of few and none for others."""
    few = isinstance(value, np.ndarray | np.generic) and value.size <= MOST_IN_FULL
    return [str(value.tolist())] if few else []


def visible(text: object, longest: int = LONGEST_TEXT) -> str:
    r"""Text from outside on one line: what cannot be printed as its escape, a long end cut off.

    >>> print(visible("two\nlines"))
    two\nlines
    """
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text)[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
