"""Definitions, the step from a program to loops: each variable is defined entry by entry.

A variable has one of four definitions. A *view* has some of the entries of another variable. A
`Write` is a nest of loops that puts one entry a round; a variable may have several. A `Sweep`
writes a variable too. A parameter or a constant is given. A `Builder` collects these definitions.

The value of an entry is Python code for one number, which reads other entries. `read(x, place)` is
the code for the entry of `x` at a place, or for `x` itself if `x` is a number.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.native.index import Index, Place, flattened
from micrograd_np.compiler.native.scalars import kind_of, written
from micrograd_np.compiler.program import Variable

SMALL_PRODUCT = 512  # multiplications
IN_ORDER = 8  # numbers up to here are added one after the other, as NumPy does

Bytes = np.ndarray[Any, np.dtype[np.int8]]
Interpreted = Any  # a Variable, a Python number or a NumPy scalar
Read = Callable[[Interpreted, Place], str]
Value = Callable[[Read, Place], str]


class Write(NamedTuple):
    """A nest of loops that puts one entry of its variable in each round.

    `extents`: of the loops, outermost first. `where`: the number of the entry, in C order. `value`:
    its code. `combine`: the code that joins what is there, `{0}`, and the value, `{1}`; without it
    the value is put in its place.
    """

    extents: tuple[int, ...]
    where: Callable[[Place], Index]
    value: Value
    combine: str = ""


class Sweep(NamedTuple):
    """A function of all entries of `operand` at once, several side by side."""

    function: str
    operand: Variable


class Definition(NamedTuple):
    """How a variable is written. `start`: the code of what all entries are before, if it matters.

    `sweep`: instead of writes.
    """

    writes: tuple[Write, ...]
    start: str = ""
    sweep: Sweep | None = None


class View(NamedTuple):
    """A variable whose entry at a place is the entry of `source` of a number, in C order."""

    source: Variable
    where: Callable[[Place], Index]


def adding(dtype: np.dtype[Any], count: int) -> str:
    """The code that adds one of `count` numbers to a sum, in any order if that is worth it."""
    free = kind_of(dtype) == "f" and count > IN_ORDER
    return "plus({0}, {1})" if free else written(np.add, (dtype, dtype), dtype)


def nothing(dtype: np.dtype[Any], count: int) -> Any:
    """The start of a sum of `count` numbers: -0.0 leaves every number as it is, 0.0 does not."""
    return dtype.type(-0.0 if count and kind_of(dtype) == "f" else 0)


def strides_of(shown: Bytes, base: Bytes) -> Callable[[Place], Index]:
    """The numbers of the entries of `base` that an array shows, both of one byte an entry."""
    offset = shown.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    strides = shown.strides

    def where(place: Place) -> Index:
        terms = (index * step for index, step in zip(place, strides, strict=True))
        return reduce(Index.__add__, terms, Index({}, offset))

    return where


def sum_dtype(x: Variable) -> np.dtype[Any]:
    """The dtype in which NumPy sums numbers of the dtype of `x`."""
    dtype: np.dtype[Any] = np.add.reduce(np.empty(0, x.dtype)).dtype
    return dtype


def ordered(extents: dict[str, int], letters: Sequence[str], kept: str) -> str:
    """The order of a product's loops, by letters: the sums innermost, as a rule.

    In a large one, entries along long rows of the last factor are innermost instead.
    """
    summed = "".join(letter for letter in extents if letter not in kept)
    rows = kept[-1:]
    large = bool(summed) and prod(extents.values()) > SMALL_PRODUCT
    in_rows = rows and letters[-1].endswith(rows) and rows not in letters[0]
    if large and in_rows and extents[rows] >= 8:
        return kept[:-1] + summed + rows
    return kept + summed


def whole(shape: Sequence[int], value: Value) -> Write:
    """All entries, in order, each of its own value."""
    return Write(tuple(shape), lambda place: flattened(place, shape), value)


def shape_of(x: Interpreted) -> tuple[int, ...]:
    """The shape of a variable; a number has none."""
    return x.shape if isinstance(x, Variable) else np.shape(x)
