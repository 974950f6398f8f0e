"""Arrays in a few lines of text: small ones written out, large ones summarized.

NumPy's print options are not read, so equal numbers always make equal lines.
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


def shape_and_dtype(value: Array) -> str:
    """The shape and dtype of an array: `(2, 3) float64`."""
    return f"{value.shape} {value.dtype}"


def lines(value: Array) -> list[str]:
    """An array as aligned rows, or as a summary where the rows would be too many or too long.

    An array of another library gives no lines: its numbers may be on another device.

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
        cells = [[number(x, digits) for x in row] for row in rows.tolist()]
        columns = map(at_the_point, zip(*cells, strict=True))
        return ["  ".join(row) for row in zip(*columns, strict=True)]
    return summary(np.asarray(value))


def meaningful(dtype: np.dtype[Any], most: int) -> int:
    """The number of digits to show: `most`, unless the dtype has fewer."""
    return min(most, np.finfo(dtype).precision) if dtype.kind in "fc" else most


def number(x: complex, digits: int = 4) -> str:
    """One number, rounded to significant digits; a whole number as it is, and -0.0 as 0."""
    return str(x) if isinstance(x, int) else format(x + 0.0, f".{digits}g")


def at_the_point(column: Iterable[str]) -> list[str]:
    """Numbers filled up with spaces, so that their decimal points have one position."""
    cells = [*column]
    points = [found.end() for cell in cells if (found := WHOLE_PART.match(cell))]
    left = max(points)
    shifted = [" " * (left - point) + cell for cell, point in zip(cells, points, strict=True)]
    width = max(map(len, shifted))
    return [cell.ljust(width) for cell in shifted]


def summary(value: np.ndarray[Any, Any]) -> list[str]:
    """The range and mean of the finite entries, and how many entries are NaN or infinite."""
    if value.dtype.kind == "b":
        return [f"True for {np.count_nonzero(value)} of {value.size}"]
    if value.dtype.kind == "c":
        return [f"{value.size} entries"]
    figures, finite = {}, value[np.isfinite(value)]
    if finite.size:
        mean = finite.mean(dtype=np.float64)
        found = {"min": finite.min(), "mean": mean, "max": finite.max()}
        figures = {name: number(x.item()) for name, x in found.items()}
    counts = {"nan": np.isnan(value), "inf": np.isinf(value)}
    figures |= {name: str(found.sum()) for name, found in counts.items() if found.any()}
    aligned = zip(figures, at_the_point(figures.values()), strict=True)
    return [f"{name:4} {figure}".rstrip() for name, figure in aligned]


def all_digits(value: Array) -> list[str]:
    """One line with every entry and all digits, for a small array; no line for a large one."""
    few = isinstance(value, np.ndarray | np.generic) and value.size <= MOST_IN_FULL
    return [str(value.tolist())] if few else []


def visible(text: object, longest: int = LONGEST_TEXT) -> str:
    r"""The text on one line: characters that cannot be printed are escaped, a long end is cut off.

    >>> print(visible("two\nlines"))
    two\nlines
    """
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text)[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
