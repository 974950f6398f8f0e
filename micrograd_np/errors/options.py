"""Errors about options: what a function was given by name, and does not take."""

import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from micrograd_np.errors.habits import OPTIONS
from micrograd_np.errors.words import called, listed

Given = ParamSpec("Given")
Out = TypeVar("Out")


class OptionError(TypeError):
    """An option was given that a function does not take, or that its derivative does not know."""

    @classmethod
    def unknown(cls, function: Any, given: Iterable[str], accepted: Iterable[str]) -> "OptionError":
        """The error for `given` options of an op, which knows the `accepted` ones."""
        names = sorted(given)
        known = ", ".join(sorted(accepted))
        takes = (
            f"the options with a derivative are: {known}."
            if known
            else "none of its options has a derivative."
        )
        text = f"{called(function)} on a Tensor does not take {', '.join(names)}; {takes}"
        return cls(f"{text}{advice(names)}")

    @classmethod
    def foreign(cls, function: Any, given: Iterable[str]) -> "OptionError":
        """The error for `given` options that other libraries have, of a function of ours."""
        names = sorted(given)
        return cls(f"{function.__name__} does not take {', '.join(names)}.{advice(names)}")


def advice(names: Iterable[str]) -> str:
    """The end of a message, which says what to write for options; "" for those without a row."""
    known = [name for name in names if name in OPTIONS]
    if len(known) == 1:
        return f" For {known[0]}= write {OPTIONS[known[0]]}."
    return listed(f"for {name}= write {OPTIONS[name]}" for name in known)


def knowing_options(function: Callable[Given, Out]) -> Callable[Given, Out]:
    """`function`; its error for an option that other libraries have says what to write here."""

    @wraps(function)
    def call(*args: Given.args, **options: Given.kwargs) -> Out:
        try:
            return function(*args, **options)
        except TypeError as error:
            check_options(error, function, options)
            raise

    return call


def check_options(error: TypeError, function: Callable[..., Any], options: Iterable[str]) -> None:
    """Raise OptionError if Python's `error` is about one of `options` that other libraries have."""
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    if unexpected and unexpected[1] in OPTIONS and unexpected[1] in options:
        raise OptionError.foreign(function, [unexpected[1]]) from None
