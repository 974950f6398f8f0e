"""What the tables of special functions say about arguments: which are refused, and how cast.

`elementwise` and `several` declare ufuncs of one and of several results. `fixed` stands where a
rule would for an argument without a derivative.

NumPy's own ufuncs would take logarithms of small integers in half precision, and SciPy's compute in
double precision where a Python number meets a float32 array. So rules get the arguments that they
are differentiated in as floating-point numbers of the result's precision; `typed` does it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core import forms
from micrograd_np.core.op import Array, Rule
from micrograd_np.errors import NotDifferentiableError


class fixed:  # noqa: N801 - it stands in tables as a word
    """The rule of an argument in which the derivative has no closed form: an error that says so."""

    def __init__(self, function: str, argument: str) -> None:
        self.function = function
        self.argument = argument

    def __call__(self, *_: Any) -> Array:
        """What it says when a gradient in the argument is asked for."""
        raise NotDifferentiableError(
            f"scipy.special.{self.function} has no derivative in its {self.argument} here: no "
            f"closed form is known for it. Give the {self.argument} as a plain number or array, or "
            f"as `stop_gradient(t)`; derivatives in the other arguments are exact."
        )


def real(x: Array, function: str) -> Array:
    """`x`, which must be real: what follows is not the derivative for complex numbers."""
    if np.iscomplexobj(x):
        raise NotDifferentiableError(
            f"this derivative of scipy.special.{function} is known here for real numbers only, and "
            f"it was given complex ones. Write the function in terms of others, or use "
            f"`stop_gradient(t)`."
        )
    return x


def typed(x: Array, like: Array) -> Array:
    """Real numbers in the precision of `like`; complex ones as they are."""
    dtype = np.finfo(like.dtype).dtype
    if isinstance(x, int | float):
        return dtype.type(x)
    return x if x.dtype == dtype or x.dtype.kind == "c" else x.astype(dtype)


def elementwise(function: Callable[..., Any], *rules: Rule | int) -> None:
    """Declare a ufunc by its partials `(out, *inputs)`, inputs that vary being floating numbers."""
    varying = [not isinstance(rule, fixed) for rule in rules]

    def cast(rule: Any) -> Any:
        if isinstance(rule, fixed | int):
            return rule

        def partial(out: Array, *inputs: Array) -> Array:
            pairs = zip(inputs, varying, strict=True)
            return rule(out, *(typed(x, out) if varies else x for x, varies in pairs))

        return partial

    forms.elementwise(function, *map(cast, rules))


def hyp2f1(a: float, b: float, c: float, z: Array) -> Array:
    """SciPy's, in the precision of `z`."""
    return sc.hyp2f1(typed(a, z), typed(b, z), typed(c, z), z)


def one_less(n: Array) -> Array:
    """`n - 1`, but not below 0: for degrees, where the degree itself is a factor anyway."""
    return max(n - 1, 0 * n) if isinstance(n, int | float) else np.maximum(n - 1, 0)


def unused(g: Array) -> bool:
    """Whether nothing depends on a result: then an infinite slope of it must not become NaN."""
    return isinstance(g, np.ndarray | np.generic) and not np.any(g)


def several(
    function: np.ufunc, slopes: Callable[..., Sequence[Array]], *refusals: Rule, first: bool = False
) -> None:
    """A ufunc with several results, by their slopes `(out, *inputs)` in its only variable.

    The variable is the last argument, or the `first`; `refusals` are for the others, in order.
    """

    def vjp(g: Sequence[Array], out: Array, *inputs: Array) -> Array:
        pairs = zip(g, slopes(out, *inputs), strict=True)
        terms = [part * slope for part, slope in pairs if not unused(part)]
        return sum(terms[1:], terms[0]) if terms else np.zeros_like(inputs[rules.index(vjp)])

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array) -> tuple[Array, ...]:
        for t, rule in zip(tangents, rules, strict=True):
            if t is not None and rule is not vjp:
                rule()
        t = tangents[rules.index(vjp)]
        return tuple(t * slope for slope in slopes(out, *inputs))

    rules: list[Rule] = [vjp, *refusals] if first else [*refusals, vjp]
    forms.primitive(function, *rules, jvp=jvp)
