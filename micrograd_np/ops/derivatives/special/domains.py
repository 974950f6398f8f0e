"""Arguments of the tables of special functions: which are refused, and how others are cast.

`elementwise` and `several` declare ufuncs of one and of several results. `fixed` stands where a
rule would for an argument without a derivative; `real=True` says that the rules hold for real
numbers only.

NumPy's own ufuncs would take logarithms of small integers in half precision, and SciPy's compute in
double precision where a Python number meets a float32 array. So rules get the arguments that they
are differentiated in as floating-point numbers of the result's precision; `typed` does it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.special as sc

from micrograd_np.core import forms
from micrograd_np.core.op import Array, Rule
from micrograd_np.errors import NotDifferentiableError
from micrograd_np.ops.derivatives import elementwise as tables


class fixed(NamedTuple):  # noqa: N801 - it stands in tables as a word
    """The rule of an argument in which the derivative has no closed form: an error that says so."""

    argument: str

    def of(self, function: Callable[..., Any]) -> Rule:
        """The rule of the argument of a function: to raise when a gradient in it is asked for."""

        def refuse(*_: Any) -> Array:
            raise NotDifferentiableError(
                f"scipy.special.{name_of(function)} has no derivative in its {self.argument} here: "
                f"no closed form is known for it. Give the {self.argument} as a plain number or "
                f"array, or as `stop_gradient(t)`; derivatives in the other arguments are exact."
            )

        return refuse


def name_of(function: Callable[..., Any]) -> str:
    """The public name; of some functions SciPy has an inner ufunc, with an underscore in front."""
    return function.__name__.lstrip("_")


def of_reals(function: Callable[..., Any], rule: Rule) -> Rule:
    """A rule that raises NotDifferentiableError for complex numbers, for which it does not hold."""

    def checked(out: Any, *inputs: Array) -> Any:
        if any(map(np.iscomplexobj, inputs)):
            raise NotDifferentiableError(
                f"this derivative of scipy.special.{name_of(function)} is known here for real "
                f"numbers only, and it was given complex ones. Write the function in terms of "
                f"others, or use `stop_gradient(t)`."
            )
        return rule(out, *inputs)

    return checked


def typed(x: Array, like: Array) -> Array:
    """Real numbers in the precision of `like`; complex ones as they are."""
    dtype = np.finfo(like.dtype).dtype
    if isinstance(x, int | float):
        return dtype.type(x)
    return x if x.dtype == dtype or x.dtype.kind == "c" else x.astype(dtype)


def elementwise(function: Callable[..., Any], *rules: Any, real: bool = False) -> None:
    """Declare a ufunc by partials `(out, *inputs)`, which get inputs that vary as floats."""
    varying = [not isinstance(rule, fixed) for rule in rules]

    def cast(rule: Any) -> Any:
        if not callable(rule):
            return rule

        def partial(out: Array, *inputs: Array) -> Array:
            pairs = zip(inputs, varying, strict=True)
            return rule(out, *(typed(x, out) if varies else x for x, varies in pairs))

        return partial

    forms.elementwise(function, *map(cast, declared(function, rules, real)))


def several(function: np.ufunc, *slopes: Any, real: bool = False) -> None:
    """Declare a ufunc with several results: for each input, the slopes of all results in it."""
    tables.several(function, *declared(function, slopes, real))


def declared(function: Callable[..., Any], rules: Sequence[Any], real: bool) -> list[Any]:
    """The rules of a function, those that refuse among them."""
    return [
        rule.of(function) if isinstance(rule, fixed) else of_reals(function, rule) if real else rule
        for rule in rules
    ]


def hyp2f1(a: float, b: float, c: float, z: Array) -> Array:
    """SciPy's, in the precision of `z`."""
    return sc.hyp2f1(typed(a, z), typed(b, z), typed(c, z), z)


def one_less(n: Array) -> Array:
    """`n - 1`, but not below 0: for degrees, where the degree itself is a factor anyway."""
    return max(n - 1, 0 * n) if isinstance(n, int | float) else np.maximum(n - 1, 0)
