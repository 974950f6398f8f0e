"""Functions of our own that dispatch as NumPy's do: on a Tensor they are recorded."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from micrograd_np.graph import Node


def dispatching(raw: Callable[..., Any]) -> Callable[..., Any]:
    """Make `raw`, a function of arrays, a function that Tensors record under its own name.

    The result is what the registry is keyed by; `result.__wrapped__` is `raw`.
    """

    @wraps(raw)
    def function(*args: Any, **options: Any) -> Any:
        for x in args:
            if isinstance(x, Node):
                return x.__array_function__(function, (), args, options)
        return raw(*args, **options)

    return function
