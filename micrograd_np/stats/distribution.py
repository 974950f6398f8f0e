"""Distributions of a single number: what all of them do with location, scale and support.

A distribution is declared by functions of the *standardized* argument `y = (x - loc) / scale` and
of its shapes. Outside of the support `y` is replaced by a point inside before these functions see
it, and the result by a constant. So no gradient there is NaN: it is 0.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from math import inf
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.record import value_of
from micrograd_np.stats.arguments import (
    Condition,
    anywhere,
    bound,
    chosen,
    either,
    floats,
    positive,
    seen,
    validated,
)
from micrograd_np.stats.logarithms import log_of

Formula = Callable[..., Any]
SILENT: dict[str, Any] = {"divide": "ignore", "over": "ignore"}  # log(0) is -inf, as in SciPy

# The constants below and above the support.
TAILS: dict[str, tuple[float, float]] = {
    "logpdf": (-inf, -inf), "pdf": (0, 0), "logpmf": (-inf, -inf), "pmf": (0, 0),
    "cdf": (0, 1), "sf": (1, 0), "logcdf": (-inf, 0), "logsf": (0, -inf),
}  # fmt: skip


OF_PARAMETERS = ("entropy", "mean", "var")  # functions without an argument `x`


class Formulas(NamedTuple):
    """The functions of a standardized argument and the shapes, and of the shapes alone.

    `logpdf` is the logarithm of the density, or of the probability of a count. What is None follows
    from the others.
    """

    logpdf: Formula
    cdf: Formula
    sf: Formula
    entropy: Formula
    pdf: Formula | None = None
    logcdf: Formula | None = None
    logsf: Formula | None = None

    def completed(self) -> dict[str, Formula]:
        """All functions by their names."""
        logpdf, cdf, sf = self.logpdf, self.cdf, self.sf
        return {
            "logpdf": logpdf,
            "pdf": self.pdf or (lambda *given: np.exp(logpdf(*given))),
            "cdf": cdf,
            "sf": sf,
            "logcdf": self.logcdf or (lambda *given: log_of(cdf(*given), sf(*given))),
            "logsf": self.logsf or (lambda *given: log_of(sf(*given), cdf(*given))),
            "entropy": self.entropy,
        }


class Arguments(NamedTuple):
    """The arguments of a function; None stands for a location of 0, and a scale of 1."""

    x: Any
    shapes: list[Any]
    loc: Any
    scale: Any
    inside: Any  # the mask of parameters in their domains; None if all are

    def known(self, out: Any) -> Any:
        """A result, with NaN and slopes of NaN where a parameter is outside of its domain."""
        if self.inside is None:
            return single(out)
        return single(out * np.where(self.inside, np.ones_like(value_of(out)), np.nan))


class Distribution:
    """A distribution: its functions, and the names of its parameters; the first are needed.

    Calling it gives it its parameters, as in SciPy: `norm(loc, scale).logpdf(x)`.
    """

    name: str
    names: tuple[str, ...]
    needed: int
    functions: tuple[str, ...]

    def __call__(self, *args: Any, **keywords: Any) -> "Frozen":
        """The distribution with its parameters given."""
        self.parameters(args, keywords)
        return Frozen(self, args, keywords)

    def parameters(self, args: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """The parameters in order, None for those not given; raises TypeError for wrong ones."""
        return bound(self.name, self.names, self.needed, args, keywords)

    def __repr__(self) -> str:
        return f"<micrograd_np.stats.{self.name}: {', '.join(self.functions)}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(absent(self, name), name=name, obj=self)

    def __reduce__(self) -> Any:
        return named, (self.name,)  # a copy is the distribution itself


class Univariate(Distribution):
    """A distribution of a single number, with SciPy's functions, parameters and values."""

    scaled: bool

    def __init__(
        self,
        name: str,
        shapes: Mapping[str, Condition],
        support: tuple[float, Any],
        formulas: Formulas,
        doc: str,
    ) -> None:
        self.name = name
        self.needed = len(shapes)
        self.support = support
        self.formulas = formulas.completed()
        self.names = (*shapes, "loc", *["scale"] * self.scaled)
        self.conditions = (None, *shapes.values(), None, *[positive] * self.scaled)
        self.__doc__ = doc

    def arguments(self, x: Any, args: Sequence[Any], keywords: Mapping[str, Any]) -> Arguments:
        """The arguments of a function, of one precision, and checked."""
        given = self.parameters(args, keywords)
        numbers, inside = validated(floats([x, *given], self.name), self.conditions)
        x, *shapes = numbers
        scale = shapes.pop() if self.scaled else None
        loc = shapes.pop()
        return Arguments(x, shapes, loc, scale, inside)

    def entropy(self, *args: Any, **keywords: Any) -> Any:
        """The entropy `-E log p(x)`, in nats; the parameters' shape."""
        _, shapes, loc, scale, _ = self.arguments(None, args, keywords)
        out = self.formulas["entropy"](*shapes)
        if scale is not None:
            out = out + np.log(scale)
        return single(out if loc is None else out + 0 * loc)  # of its shape

    def ends(self, shapes: Sequence[Any]) -> tuple[Any, Any]:
        """The least and the largest standardized number of the support."""
        low, high = self.support
        return low, high(*shapes) if callable(high) else high


def single(out: Any) -> Any:
    """An array without axes as a number, which NumPy's functions return; all else as it is."""
    return out[()] if type(out) is np.ndarray and not out.ndim else out


def named(name: str) -> Any:
    """The distribution of a name."""
    return getattr(import_module("micrograd_np.stats"), name)


def absent(distribution: Distribution, name: str) -> str:
    """The words of an error about a function that a distribution does not have."""
    return (
        f"micrograd_np.stats.{distribution.name} has no {name}; it has "
        f"{', '.join(distribution.functions)}. scipy.stats.{distribution.name} may have it, for "
        f"plain arrays: give it `t.data`."
    )


class Frozen:
    """A distribution with its parameters given."""

    def __init__(
        self, distribution: Distribution, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> None:
        self.distribution, self.args, self.keywords = distribution, args, keywords

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # as copying asks for, before there is a distribution
            raise AttributeError(name)
        if name not in self.distribution.functions:
            raise AttributeError(absent(self.distribution, name), name=name, obj=self)
        function = getattr(self.distribution, name)
        if name in OF_PARAMETERS:
            return lambda: function(*self.args, **self.keywords)
        return lambda x: function(x, *self.args, **self.keywords)

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{key}={x!r}" for key, x in self.keywords.items())]
        return f"{self.distribution.name}({', '.join(given)})"


class Continuous(Univariate):
    """A distribution with a density: `loc` and `scale` shift and stretch it."""

    functions = ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf", "entropy")
    scaled = True

    def logpdf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the density at `x`; -inf outside of the support."""
        return self.evaluated("logpdf", x, args, keywords)

    def pdf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The density at `x`; 0 outside of the support."""
        return self.evaluated("pdf", x, args, keywords)

    def cdf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The probability of at most `x`."""
        return self.evaluated("cdf", x, args, keywords)

    def sf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The probability of more than `x`, with its digits where it is tiny."""
        return self.evaluated("sf", x, args, keywords)

    def logcdf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the probability of at most `x`."""
        return self.evaluated("logcdf", x, args, keywords)

    def logsf(self, x: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the probability of more than `x`."""
        return self.evaluated("logsf", x, args, keywords)

    def evaluated(
        self, function: str, x: Array, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        """The value of a function, with constants outside of the support."""
        given = self.arguments(x, args, keywords)
        y, below, above = self.standardized(given)
        with np.errstate(**SILENT):
            out = self.formulas[function](y, *given.shapes)
        if given.scale is not None and function == "logpdf":
            out = out - np.log(given.scale)
        elif given.scale is not None and function == "pdf":
            out = out / given.scale
        left, right = TAILS[function]
        return given.known(chosen(above, right, chosen(below, left, out)))

    def standardized(self, given: Arguments) -> tuple[Any, Any, Any]:
        """`(x - loc) / scale`, with a point inside for what is outside; what is below, and above.

        Infinite numbers are outside: a slope of `x / scale` there would be infinite.
        """
        x, shapes, loc, scale, _ = given
        low, high = self.ends(shapes)
        y = placed(x, loc, scale)
        plain = value_of(y)
        if low == -high and not anywhere(np.isinf(plain)):  # one pass instead of two
            return y, None, None
        below = seen(np.equal(plain, low) if low == -inf else np.less(plain, low))
        above = seen(np.equal(plain, high) if high == inf else np.greater(plain, high))
        outside = either(below, above)
        if outside is None:
            return y, None, None
        infinite = seen(np.isinf(plain))
        if infinite is not None:
            y = placed(np.where(infinite, 0, x), loc, scale)
        return np.where(outside, 0.5, y), below, above  # a half is inside of every support


def placed(x: Any, loc: Any, scale: Any) -> Any:
    """`(x - loc) / scale`, where None stands for a location of 0, and a scale of 1."""
    y = x if loc is None else x - loc
    return y if scale is None else y / scale


class Discrete(Univariate):
    """A distribution of whole numbers, which `loc` shifts."""

    functions = ("logpmf", "pmf", "cdf", "logcdf", "sf", "logsf", "entropy")
    scaled = False

    def logpmf(self, k: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the probability of `k`; -inf if `k` is no whole number."""
        return self.probability("logpdf", k, args, keywords)

    def pmf(self, k: Array, *args: Any, **keywords: Any) -> Any:
        """The probability of `k`; 0 if `k` is no whole number."""
        return self.probability("pdf", k, args, keywords)

    def cdf(self, k: Array, *args: Any, **keywords: Any) -> Any:
        """The probability of at most `k`, which is rounded down."""
        return self.cumulated("cdf", k, args, keywords)

    def sf(self, k: Array, *args: Any, **keywords: Any) -> Any:
        """The probability of more than `k`, which is rounded down."""
        return self.cumulated("sf", k, args, keywords)

    def logcdf(self, k: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the probability of at most `k`."""
        return self.cumulated("logcdf", k, args, keywords)

    def logsf(self, k: Array, *args: Any, **keywords: Any) -> Any:
        """The logarithm of the probability of more than `k`."""
        return self.cumulated("logsf", k, args, keywords)

    def probability(
        self, function: str, k: Array, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        """The probability of whole numbers in the support, or its logarithm."""
        given = self.arguments(k, args, keywords)
        plain, whole = counted(given)
        low, high = self.ends(given.shapes)
        outside = np.greater(plain, value_of(whole))  # not where it is NaN
        outside = np.logical_or(outside, np.less(plain, low))
        outside = seen(np.logical_or(outside, beyond(np.greater, plain, high)))
        shapes = [chosen(outside, 0.5, shape) for shape in given.shapes]  # of finite slopes
        with np.errstate(**SILENT):
            out = self.formulas[function](chosen(outside, low, whole), *shapes)
        return given.known(chosen(outside, TAILS[function][0], out))

    def cumulated(
        self, function: str, k: Array, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        """A function of the distribution function, which is flat between whole numbers."""
        given = self.arguments(k, args, keywords)
        _, whole = counted(given)
        low, high = self.ends(given.shapes)
        below = seen(np.less(value_of(whole), low))
        above = seen(beyond(np.greater_equal, value_of(whole), high))
        outside = either(below, above)
        shapes = [chosen(outside, 0.5, shape) for shape in given.shapes]  # of finite slopes
        with np.errstate(**SILENT):
            out = self.formulas[function](chosen(outside, low, whole), *shapes)
        left, right = TAILS[function]
        return given.known(chosen(below, left, chosen(above, right, out)))


def counted(given: Arguments) -> tuple[Any, Any]:
    """The counts less the location, and these rounded down, which has a derivative of 0."""
    k = given.x if given.loc is None else given.x - given.loc
    return value_of(k), np.floor(k)


def beyond(compare: Callable[..., Any], k: Any, high: Any) -> Any:
    """The mask of counts that are infinite, or compare so with the end of the support."""
    return np.equal(k, inf) if high is inf else compare(k, value_of(high))
