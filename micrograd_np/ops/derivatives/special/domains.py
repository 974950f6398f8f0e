"""Arguments of the tables of special functions: which are refused, and how others are cast.

`elementwise` and `several` declare ufuncs of one and of several results. `fixed` stands where a
rule would for an argument without a derivative; `real=True` says that the rules hold for real
numbers only.

NumPy's own ufuncs would take logarithms of small integers in half precision, and SciPy's compute in
double precision where a Python number meets a float32 array. So rules get the arguments that they
are differentiated in as floating-point numbers of the result's precision; `typed` does it.
"""

from collections.abc import Callable
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


def check_real(function: Callable[..., Any], inputs: tuple[Array, ...]) -> None:
    """Raise NotDifferentiableError for complex numbers, for which a rule does not hold."""
    if any(map(np.iscomplexobj, inputs)):
        raise NotDifferentiableError(
            f"this derivative of scipy.special.{name_of(function)} is known here for real numbers "
            f"only, and it was given complex ones. Write the function in terms of others, or use "
            f"`stop_gradient(t)`."
        )


def typed(x: Array, like: Array) -> Array:
    """Real numbers in the precision of `like`; complex ones as they are."""
    dtype = np.finfo(like.dtype).dtype
    if isinstance(x, int | float):
        return dtype.type(x)
    return x if x.dtype == dtype or x.dtype.kind == "c" else x.astype(dtype)


def elementwise(function: Callable[..., Any], *rules: Any, real: bool = False) -> None:
    """Declare a ufunc by partials `(out, *inputs)`, which get inputs that vary as floats."""
    varying = [not isinstance(rule, fixed) for rule in rules]

    def cast(rule: Rule) -> Rule:
        def partial(out: Array, *inputs: Array) -> Array:
            if real:
                check_real(function, inputs)
            pairs = zip(inputs, varying, strict=True)
            return rule(out, *(typed(x, out) if varies else x for x, varies in pairs))

        return partial

    def declared(rule: Any) -> Any:
        if isinstance(rule, fixed):
            return rule.of(function)
        return rule if isinstance(rule, int) else cast(rule)

    forms.elementwise(function, *map(declared, rules))


def several(function: np.ufunc, *slopes: Any, real: bool = False) -> None:
    """Declare a ufunc with several results: for each input, the slopes of all results in it."""

    def checked(rule: Rule) -> Rule:
        def slopes_of_real(out: Any, *inputs: Array) -> Any:
            check_real(function, inputs)
            return rule(out, *inputs)

        return slopes_of_real if real else rule

    rules = [rule.of(function) if isinstance(rule, fixed) else checked(rule) for rule in slopes]
    tables.several(function, *rules)


def hyp2f1(a: float, b: float, c: float, z: Array) -> Array:
    """SciPy's, in the precision of `z`."""
    return sc.hyp2f1(typed(a, z), typed(b, z), typed(c, z), z)


def one_less(n: Array) -> Array:
    """`n - 1`, but not below 0: for degrees, where the degree itself is a factor anyway."""
    return max(n - 1, 0 * n) if isinstance(n, int | float) else np.maximum(n - 1, 0)
