"""Wrapping: a function of NumPy becomes one whose results are Tensors."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.record import ARRAYS, as_input, holds_tensors, untracked
from micrograd_np.core.safety.meaning import check_numbers, numbers
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import rebuild
from micrograd_np.errors.options import check_options

OF_LISTS = (np.concat, np.stack)  # whose lists hold arrays, and are no arrays themselves
BEGINNING = 1000  # how many characters of a long documentation are searched for its summary


def of_numpy(names: str, package: str = "") -> Sequence[Callable[..., Tensor]]:
    """Functions of NumPy, or of its `package` ("linalg", "fft"), each of which returns a Tensor.

    A call with Tensors comes to us by NumPy's protocols and returns Tensors. The results of a call
    with plain arrays and numbers alone are made Tensors here. A list with Tensors in it is stacked,
    of which NumPy's own function would make a plain array.
    """
    return several_of_numpy(names, package)


def several_of_numpy(names: str, package: str = "") -> Sequence[Callable[..., Any]]:
    """Functions like those of `of_numpy`, each of which returns several Tensors."""
    return [returning_tensors(name, package) for name in names.split()]


def returning_tensors(name: str, package: str) -> Callable[..., Any]:
    """The function of NumPy whose results are Tensors."""
    path = f"{package}.{name}".removeprefix(".")
    function = attrgetter(path)(np)

    def wrapper(*args: Any, **options: Any) -> Any:
        if function not in OF_LISTS:
            args = tuple(as_input(x) if holds_tensors(x) else x for x in args)
        try:
            out = function(*args, **options)
        except TypeError as error:
            check_options(error, function, options)
            raise
        if isinstance(out, Node):
            return out
        for x in (*args, *options.values()):
            check_numbers(x)
        return as_tensors(out)

    wrapper.__name__ = wrapper.__qualname__ = name
    wrapper.__module__ = f"micrograd_np.array_api.{package}" if package else "micrograd_np"
    wrapper.__doc__ = f"{summary(function)}\n\n`np.{path}`, with Tensors for results."
    wrapper.__wrapped__ = function  # type: ignore[attr-defined]  # for its signature
    return wrapper


def summary(function: Callable[..., Any]) -> str:
    """The first paragraph of NumPy's documentation, after the call that ufuncs begin with."""
    paragraphs = (function.__doc__ or "").lstrip()[:BEGINNING].split("\n\n")
    first = paragraphs[1] if paragraphs[0].startswith(f"{function.__name__}(") else paragraphs[0]
    return " ".join(first.split())


def as_tensor(out: Any) -> Tensor:
    """A function's one result as a Tensor."""
    result: Tensor = as_tensors(out)
    return result


def as_tensors(out: Any) -> Any:
    """A function's result with Tensors for arrays, also for arrays in tuples and lists."""
    if isinstance(out, Node):
        return out
    if isinstance(out, ARRAYS) or hasattr(out, "__array_function__"):
        return untracked(numbers(out) if isinstance(out, ARRAYS) else out)
    if isinstance(out, list | tuple):
        return rebuild(out, map(as_tensors, out))
    return out
