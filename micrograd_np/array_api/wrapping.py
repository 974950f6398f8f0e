"""From a function of NumPy to one whose results are Tensors."""

from collections.abc import Callable
from functools import update_wrapper
from operator import attrgetter
from typing import Any

import numpy as np

from micrograd_np.graph import Node
from micrograd_np.recording import ARRAYS, untracked


def of_numpy(path: str) -> Callable[..., Any]:
    """The function of NumPy at `path` ("sin", "linalg.det"), with Tensors for results.

    Tensors among the arguments bring the call to us by NumPy's protocols, so all that is left to do
    is to turn what comes of plain arrays and numbers into Tensors.
    """
    function = attrgetter(path)(np)

    def returning_tensors(*args: Any, **options: Any) -> Any:
        out = function(*args, **options)
        return out if isinstance(out, Node) else as_tensors(out)

    update_wrapper(returning_tensors, function, assigned=("__doc__",), updated=())
    package, _, name = path.rpartition(".")
    returning_tensors.__name__ = returning_tensors.__qualname__ = name
    returning_tensors.__module__ = f"micrograd_np.array_api.{package or 'functions'}"
    return returning_tensors


def as_tensors(out: Any) -> Any:
    """What a function returned with Tensors for its arrays, also inside of tuples and lists."""
    if isinstance(out, Node):
        return out
    if isinstance(out, ARRAYS) or hasattr(out, "__array_function__"):
        return untracked(out)
    if isinstance(out, list | tuple):
        parts = map(as_tensors, out)
        return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)
    return out
