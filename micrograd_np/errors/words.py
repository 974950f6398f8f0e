"""The words of messages: how functions, and several offenders, are named."""

from collections.abc import Callable, Iterable
from string import Formatter
from typing import Any

import numpy as np


def message(
    text: str, beginning: Callable[[], str] = str, **worded: Callable[[Any], str]
) -> "classmethod[Any, ..., Any]":
    """A class method that makes an error of a text.

    The arguments of the method are the fields of the text, in the order in which the fields first
    stand there. `worded`: the functions that put fields into words. `beginning`: makes what the
    message begins with.
    """

    def error(kind: type[Exception], *given: Any) -> Exception:
        names = dict.fromkeys(name for _, name, *_ in Formatter().parse(text) if name)
        fields = dict(zip(names, given, strict=True))
        fields |= {name: words(fields[name]) for name, words in worded.items()}
        return kind(beginning() + text.format(**fields))

    return classmethod(error)


def called(function: Any) -> str:
    """The name of a function as a person writes it: with its module if the function is NumPy's."""
    name = getattr(function, "__name__", str(function))
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, np.ufunc):
        return f"np.{name}" if getattr(np, name, None) is function else f"the ufunc `{name}`"
    return f"np{module[5:]}.{name}" if f"{module}.".startswith("numpy.") else f"`{name}`"


def kind_of(value: Any) -> str:
    """The class of a value with its module."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def counted(number: int, noun: str) -> str:
    """A number of things: `1 node`, `2 nodes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(items: Iterable[str]) -> str:
    """Offenders as an indented list, for messages that name all of them at once."""
    return "".join(f"\n  - {item}" for item in items)


# What to do about a solver of SciPy that met tracked Tensors.
SOLVER_ADVICE = (
    "the function that the solver was given uses Tensors with requires_grad=True beside its "
    "arguments. If they are constants here, call the solver inside `with mg.no_grad():`; if they "
    "are what is sought, make them the unknowns, with `mg.scipy_objective` or `mg.scipy_residuals`."
)
