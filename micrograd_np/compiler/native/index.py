"""Places in arrays, as whole numbers written with loop variables: `3 * i + j`, `(i + 2) // 5`.

An `Index` is a sum of *atoms*, each times a whole number, and a constant. An atom is a `Counter`
(a loop variable), a `Quotient` or `Remainder` of an index, or an `Entry` of a table of places. All
have bounds, by which quotients and remainders vanish where they can: `(3 * i + j) // 3` is `i` for
`j` below 3.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

Name = Callable[[Any], str]  # what a table is called in code


@dataclass(frozen=True, slots=True)
class Counter:
    """A loop variable that runs from 0 to below `extent`."""

    name: str
    extent: int

    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        return 0, self.extent - 1

    def code(self, name: Name) -> str:  # noqa: ARG002 - the atoms' signature
        """The index as Python code."""
        return self.name

    def counters(self) -> Iterator["Counter"]:
        """The loop variables in it."""
        yield self


@dataclass(frozen=True, slots=True)
class Quotient:
    """The whole part of `index / divisor`."""

    index: "Index"
    divisor: int

    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        low, high = self.index.bounds()
        return low // self.divisor, high // self.divisor

    def code(self, name: Name) -> str:
        """The index as Python code."""
        return f"({self.index.code(name)}) // {self.divisor}"

    def counters(self) -> Iterator[Counter]:
        """The loop variables in it."""
        return self.index.counters()


@dataclass(frozen=True, slots=True)
class Remainder:
    """The remainder of `index` divided by `divisor`."""

    index: "Index"
    divisor: int

    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        return 0, self.divisor - 1

    def code(self, name: Name) -> str:
        """The index as Python code."""
        return f"({self.index.code(name)}) % {self.divisor}"

    def counters(self) -> Iterator[Counter]:
        """The loop variables in it."""
        return self.index.counters()


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry at `index` of a constant array of places, `table`, that lie below `limit`."""

    table: Any
    index: "Index"
    limit: int

    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        return 0, self.limit - 1

    def code(self, name: Name) -> str:
        """The index as Python code."""
        return f"{name(self.table)}[{self.index.code(name)}]"

    def counters(self) -> Iterator[Counter]:
        """The loop variables in it."""
        return self.index.counters()


Atom = Counter | Quotient | Remainder | Entry


class Index:
    """A sum of `terms`, atoms with their factors, and a constant. Equal sums are equal."""

    __slots__ = ("constant", "terms")

    def __init__(self, terms: dict[Atom, int], constant: int = 0) -> None:
        self.terms = terms
        self.constant = constant

    @classmethod
    def of(cls, atom: Atom) -> "Index":
        """The index that is an atom."""
        low, high = atom.bounds()
        return cls({}, low) if low == high else cls({atom: 1})

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Index)
            and self.constant == other.constant
            and self.terms == other.terms
        )

    def __hash__(self) -> int:
        return hash((frozenset(self.terms.items()), self.constant))

    def __repr__(self) -> str:
        return f"<{self.code(str)}>"

    def __add__(self, other: "Index | int") -> "Index":
        if isinstance(other, int):
            return Index(self.terms, self.constant + other)
        terms = dict(self.terms)
        for atom, factor in other.terms.items():
            terms[atom] = terms.get(atom, 0) + factor
        kept = {atom: factor for atom, factor in terms.items() if factor}
        return Index(kept, self.constant + other.constant)._rejoined()

    def _rejoined(self) -> "Index":
        """With `x` for `divisor * (x // divisor) + x % divisor`."""
        for atom, factor in self.terms.items():
            if isinstance(atom, Remainder):
                partner = Quotient(atom.index, atom.divisor)
                if self.terms.get(partner) == factor * atom.divisor:
                    rest = {a: f for a, f in self.terms.items() if a not in (atom, partner)}
                    return Index(rest, self.constant) + atom.index * factor
        return self

    def __mul__(self, factor: int) -> "Index":
        terms = {atom: factor * each for atom, each in self.terms.items()} if factor else {}
        return Index(terms, factor * self.constant)

    def __floordiv__(self, divisor: int) -> "Index":
        whole, rest = self._divided(divisor)
        low, high = rest.bounds()
        if low // divisor == high // divisor:
            return whole + low // divisor
        return whole + Index.of(Quotient(rest, divisor))

    def __mod__(self, divisor: int) -> "Index":
        _, rest = self._divided(divisor)
        low, high = rest.bounds()
        if low // divisor == high // divisor:
            return rest + -divisor * (low // divisor)
        return Index.of(Remainder(rest, divisor))

    def _divided(self, divisor: int) -> tuple["Index", "Index"]:
        """`whole` and `rest` with `divisor * whole + rest` the index, each a part of its terms."""
        whole = {a: factor // divisor for a, factor in self.terms.items() if factor % divisor == 0}
        rest = {a: factor for a, factor in self.terms.items() if factor % divisor}
        quotient, remainder = divmod(self.constant, divisor)
        return Index(whole, quotient), Index(rest, remainder)

    def bounds(self) -> tuple[int, int]:
        """The least and the largest value that it may have."""
        low = high = self.constant
        for atom, factor in self.terms.items():
            ends = sorted(factor * end for end in atom.bounds())
            low, high = low + ends[0], high + ends[1]
        return low, high

    def counters(self) -> Iterator[Counter]:
        """The loop variables in it, with repeats."""
        for atom in self.terms:
            yield from atom.counters()

    def is_distinct(self) -> bool:
        """Whether it has another value in every round of its loops, by the look of it."""
        below = 0
        for atom, factor in sorted(self.terms.items(), key=lambda term: term[1]):
            if factor <= below or not isinstance(atom, Counter):
                return False
            below += factor * (atom.extent - 1)
        return True

    def code(self, name: Name) -> str:
        """The index as Python code."""
        parts = [
            atom.code(name) if factor == 1 else f"{factor} * {grouped(atom, name)}"
            for atom, factor in sorted(self.terms.items(), key=lambda term: -term[1])
        ]
        if self.constant or not parts:
            backward = bool(parts) and parts[0].startswith("-") and self.constant > 0
            parts.insert(0 if backward else len(parts), str(self.constant))
        return " + ".join(parts).replace("+ -1 * ", "- ").replace("+ -", "- ")


def grouped(atom: Atom, name: Name) -> str:
    """An atom as a factor."""
    code = atom.code(name)
    return f"({code})" if isinstance(atom, Quotient | Remainder) else code


ZERO = Index({})
Place = tuple[Index, ...]  # an index for each axis


def steps(shape: Sequence[int]) -> list[int]:
    """By how many entries each axis of an array in C order advances."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def flattened(place: Sequence[Index], shape: Sequence[int]) -> Index:
    """The number of the entry at `place`, in C order."""
    pairs = zip(place, steps(shape), strict=True)
    return reduce(Index.__add__, (index * step for index, step in pairs), ZERO)


def unflattened(number: Index, shape: Sequence[int]) -> Place:
    """The place of the entry of this number, in C order."""
    if 0 in shape:
        return (ZERO,) * len(shape)
    place = []
    for axis, (extent, step) in enumerate(zip(shape, steps(shape), strict=True)):
        whole = number // step
        place.append(whole if axis == 0 else whole % extent)
    return tuple(place)


def broadcast(place: Place, shape: Sequence[int]) -> Place:
    """Where an array of `shape` is read for an entry of what it is broadcast to."""
    last = place[len(place) - len(shape) :]
    return tuple(ZERO if n == 1 else index for index, n in zip(last, shape, strict=True))
