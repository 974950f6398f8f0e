"""What the rows of the op tests are made of.

A row says where to draw inputs from (a *domain* an input), in which *cases* to try the op (shapes
and options), what its value is compared with, and how many derivatives are checked. In a case a
tuple stands for an input of that shape, drawn from its domain and differentiated; anything else
(an integer array, a mask, None) is given to the op as it is. A complex input has its real and its
imaginary part from the domain, or is what a domain of complex numbers draws.
"""

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

import micrograd_np as mg

Array = np.ndarray[Any, Any]
Domain = Callable[[np.random.Generator, tuple[int, ...]], Array]


class Case(NamedTuple):
    """What one call is made with."""

    inputs: tuple[Any, ...]
    options: dict[str, Any]
    kinds: str = ""  # "c" for each input that is complex, "f" for a real one; "" when all are real


class Row(NamedTuple):
    """How one op is tested."""

    function: Callable[..., Any]
    domains: tuple[Domain, ...]
    cases: tuple[Case, ...]
    reference: Callable[..., Any] | None = None  # called as the op is; None means NumPy itself
    order: int = 2  # how many derivatives are checked; 0 for constants
    spread: bool = True  # whether inputs are separate arguments, or one list
    tolerance: float = 1e-7
    lacks: str = ""  # "empty", "single" or both: cases that NumPy or the row has no answer for
    through: Callable[..., Any] | None = None  # makes inputs what the op takes, as symmetric ones

    @property
    def name(self) -> str:
        return name_of(self.function)

    @property
    def telling(self) -> tuple[Case, ...]:
        """One case for each set of options, kinds of numbers, and numbers of axes.

        Of a ufunc, which works entry by entry, for each kind of broadcasting in place of the axes.
        """
        by_entry = isinstance(self.function, np.ufunc) and self.function.signature is None
        found: dict[Any, Case] = {}
        for case in self.cases:
            shapes = [x if type(x) is tuple else None for x in case.inputs]
            options = tuple((name, said(name, case.options[name])) for name in sorted(case.options))
            axes = (len(set(shapes)) > 1, any(shapes)) if by_entry else tuple(map(rank, shapes))
            found.setdefault((options, case.kinds, axes), case)
        return tuple(found.values())

    @property
    def few(self) -> tuple[Case, ...]:
        """Two telling cases at most, which together have the most options, kinds and axes."""
        cases = self.telling
        left = {i: traits(case) for i, case in enumerate(cases)}
        chosen: list[int] = []
        while left and len(chosen) < 2:
            best = max(left, key=lambda i: len(left[i]))  # the first of the best
            met = left.pop(best)
            left = {i: new - met for i, new in left.items()}
            chosen.append(best)
        return tuple(cases[i] for i in sorted(chosen))

    def call(self, inputs: Any, options: dict[str, Any]) -> Any:
        return apply(self, self.function, inputs, options)

    def expect(self, inputs: Any, options: dict[str, Any]) -> Any:
        return apply(self, self.reference or self.function, inputs, options)

    def draw(self, case: Case, seed: int = 0) -> list[Any]:
        """The inputs of a case: the same ones at every run."""
        rng = np.random.default_rng([crc32(self.name.encode()), seed])
        domains = chain(self.domains, repeat(self.domains[-1]))
        kinds = chain(case.kinds, repeat("f"))
        return [
            sample(domain, rng, given, kind) if type(given) is tuple else given
            for given, domain, kind in zip(case.inputs, domains, kinds, strict=False)
        ]


def traits(case: Case) -> set[Any]:
    """What is particular about a case: its options, its kinds of numbers, and its axes."""
    options = {(name, said(name, option)) for name, option in case.options.items()}
    axes = tuple(rank(x) if type(x) is tuple else None for x in case.inputs)
    return options | {("kinds", case.kinds), ("axes", axes)}


def said(name: str, option: Any) -> Any:
    """What an option chooses: a word or a number as it is, an axis or an array by its type."""
    whole = isinstance(option, str | int | float) and name != "axis"
    return option if whole else type(option)


def rank(shape: tuple[int, ...] | None) -> int | None:
    return None if shape is None else len(shape)


def sample(domain: Domain, rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> Array:
    """An array drawn from a domain, with an imaginary part drawn from it too if `kind` is "c"."""
    x = np.asarray(domain(rng, shape))
    return x + 1j * domain(rng, shape) if kind == "c" and x.dtype.kind == "f" else x


KEYED = (mg.index_update, mg.index_add, mg.index_multiply, mg.index_max, mg.index_min)
LISTED = {np.select: "condlist", np.choose: "a"}  # functions of a constant and a list of arrays


def apply(row: Row, function: Callable[..., Any], inputs: Any, options: dict[str, Any]) -> Any:
    if row.through is not None:
        inputs = [row.through(x) for x in inputs]
    if function in KEYED:
        return function(inputs[0], options["key"], inputs[1])
    if function is np.einsum:
        rest = dict(options)
        return np.einsum(rest.pop("subscripts"), *inputs, **rest)
    if function in LISTED:
        rest = dict(options)
        return function(rest.pop(LISTED[function]), list(inputs), **rest)
    return function(*inputs, **options) if row.spread else function(list(inputs), **options)


def name_of(function: Callable[..., Any]) -> str:
    """The name of an op, with the part of NumPy it lives in where that matters."""
    if getattr(function, "__objclass__", None) is np.ufunc:  # `np.outer` is another function
        return function.__qualname__
    module = getattr(function, "__module__", "") or ""
    return f"linalg.{function.__name__}" if module == "numpy.linalg" else function.__name__


# ---------------------------------------------------------------- domains


def between(low: float, high: float) -> Domain:
    return lambda rng, shape: rng.uniform(low, high, shape)


def signed(domain: Domain) -> Domain:
    """Of either sign: for functions with a kink or a pole at 0."""
    return lambda rng, shape: domain(rng, shape) * rng.choice([-1.0, 1.0], shape)


def lattice(offset: float) -> Domain:
    """Points 0.2 apart; lattices of different offset never tie."""
    return lambda rng, shape: 0.2 * rng.integers(-9, 9, shape) + offset


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """No two entries alike: for extrema."""
    size = int(np.prod(shape))
    return rng.permutation(np.arange(size)).reshape(shape) * 0.3 - 0.1 * size


def with_gaps(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Distinct numbers, every fifth one missing."""
    x = distinct(rng, shape)
    return np.where(np.arange(x.size).reshape(shape) % 5 == 1, np.nan, x)


def distinct_between(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Distinct numbers that tie with none of `distinct` either."""
    return distinct(rng, shape) + 0.15


any_real = between(-2, 2)
positive = between(0.3, 2.5)
nonzero = signed(positive)
inside_one = between(-0.9, 0.9)

# ---------------------------------------------------------------- building rows

ROWS: dict[Callable[..., Any], Row] = {}


def row(
    function: Callable[..., Any], domains: Domain | tuple[Domain, ...], *cases: Case, **fields: Any
) -> None:
    """Enter an op's row; cases for complex numbers may follow in `also`."""
    if function in ROWS:
        raise ValueError(
            f"{name_of(function)} has a row already: give further cases with `also`. If nobody has "
            f"entered a row twice, an earlier error has stopped this module halfway: mend that one."
        )
    several = domains if isinstance(domains, tuple) else (domains,)
    ROWS[function] = Row(function, several, cases, **fields)


def also(function: Callable[..., Any], *cases: Case) -> None:
    """Further cases for an op that has a row, drawn from the domains it has there."""
    ROWS[function] = ROWS[function]._replace(cases=ROWS[function].cases + cases)


def case(*inputs: Any, **options: Any) -> Case:
    return Case(inputs, options)


def complex_case(*inputs: Any, **options: Any) -> Case:
    """A case in which all drawn inputs are complex."""
    return Case(inputs, options, "c" * len(inputs))


def mixed_case(kinds: str, *inputs: Any, **options: Any) -> Case:
    """A case in which some are: `mixed_case("cf", (2, 3), (3,))` has a complex and a real input."""
    return Case(inputs, options, kinds)


UNARY = tuple(case(shape) for shape in [(2, 3), (), (0,), (1, 3), (2, 0, 3)])
PAIRS = [
    ((2, 3), (2, 3)), ((), ()), ((3,), ()), ((), (3,)), ((1,), (3,)), ((3,), (1,)),
    ((3, 1), (1, 4)), ((2, 3), (3,)), ((3,), (2, 1, 3)), ((1, 1), (2, 3)), ((1,), ()),
    ((1,), (0,)), ((0,), (1,)), ((), (0,)), ((0, 1), (1, 3)), ((2, 1), (2, 0)),
]  # fmt: skip
BINARY = tuple(case(*shapes) for shapes in PAIRS)
COMPLEX_UNARY = tuple(complex_case(shape) for shape in [(2, 3), (), (0,)])
COMPLEX_BINARY = (
    *(complex_case(*shapes) for shapes in PAIRS[:7]),
    *(mixed_case(kinds, *shapes) for kinds in ("cf", "fc") for shapes in PAIRS[:7]),
)


def unary(function: Callable[..., Any], domain: Domain = any_real, **fields: Any) -> None:
    row(function, domain, *UNARY, **fields)


def binary(
    function: Callable[..., Any], x: Domain = any_real, y: Domain | None = None, **fields: Any
) -> None:
    row(function, (x, y or x), *BINARY, **fields)


def flat_op(
    function: Callable[..., Any], *cases: Case, domain: Domain = any_real, **fields: Any
) -> None:
    row(function, (domain, domain), *cases, order=0, **fields)
