"""Arenas: arrays that are not needed at the same time, in the same stretch of memory.

A *cell* is a number of bytes with a liveness: it is needed from one time to another. `placed` gives
each cell an offset, so that cells that live at the same time do not overlap, and the stretch is
short. The largest cell is placed first, and each cell goes where the least is left over.

Source: Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020.
"""

from collections.abc import Sequence

import numpy as np

LINE = 64  # bytes of a line of cache; each cell begins at one


class Cell:
    """A piece of memory. `own`: an array by itself, that no arena holds.

    `start` and `end` are the first and the last instruction that need it.
    """

    __slots__ = ("end", "nbytes", "offset", "own", "start")

    def __init__(self, start: int, end: int, nbytes: int, *, own: bool = False) -> None:
        self.start = start
        self.end = end
        self.nbytes = -(-nbytes // LINE) * LINE
        self.own = own
        self.offset = 0

    def __repr__(self) -> str:
        return f"<{self.nbytes} bytes at {self.offset}, from {self.start} to {self.end}>"


def placed(cells: Sequence[Cell]) -> int:
    """Give each cell its offset; returns the bytes of all together."""
    order = sorted(cells, key=lambda cell: (-cell.nbytes, cell.start))
    starts = np.array([cell.start for cell in order], int)
    ends = np.array([cell.end for cell in order], int)
    size = 0
    for number, cell in enumerate(order):
        same_time = (starts[:number] <= cell.end) & (ends[:number] >= cell.start)
        cell.offset = best_gap(cell.nbytes, [order[i] for i in np.flatnonzero(same_time)])
        size = max(size, cell.offset + cell.nbytes)
    return size


def best_gap(nbytes: int, others: Sequence[Cell]) -> int:
    """The offset of the smallest gap between other cells that holds so many bytes."""
    best, least = -1, 0
    reached = 0
    for other in sorted(others, key=lambda cell: cell.offset):
        gap = other.offset - reached
        if gap >= nbytes and (best < 0 or gap < least):
            best, least = reached, gap
        reached = max(reached, other.offset + other.nbytes)
    return reached if best < 0 else best
