"""Functions of our own that dispatch as NumPy's do: on a Tensor they are recorded."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from micrograd_np.graph import Node
from micrograd_np.op import OPS
from micrograd_np.recording import apply, record

Given = ParamSpec("Given")
Result = TypeVar("Result")


def dispatching(raw: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make `raw`, a function of arrays, a function that Tensors record under its own name.

    The result is what the registry is keyed by; `raw_of` gives `raw` back.
    """

    @wraps(raw)
    def function(*args: Given.args, **options: Given.kwargs) -> Any:
        for x in args:
            if isinstance(x, Node):
                return apply(OPS[function], args, options)
        return raw(*args, **options)

    return function


def dispatching_unary(raw: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`dispatching` for a function of one array, at half the cost."""

    @wraps(raw)
    def function(x: Any) -> Any:
        return record(OPS[function], (x,)) if isinstance(x, Node) else raw(x)

    return function


def raw_of(function: Any) -> Any:
    """The function of arrays behind one made by `dispatching`."""
    return function.__wrapped__
