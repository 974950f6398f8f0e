"""Functions of our own that dispatch as NumPy's do: on a Tensor they are recorded."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from micrograd_np.graph import Node
from micrograd_np.op import OPS
from micrograd_np.recording import apply, record


def dispatching(raw: Callable[..., Any]) -> Callable[..., Any]:
    """Make `raw`, a function of arrays, a function that Tensors record under its own name.

    The result is what the registry is keyed by; `result.__wrapped__` is `raw`.
    """

    @wraps(raw)
    def function(*args: Any, **options: Any) -> Any:
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
