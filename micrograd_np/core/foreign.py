"""Arrays of other libraries, where the core has to tell them apart from NumPy's.

A *foreign* array belongs to another library and speaks NumPy's protocols: a Dask array on a
cluster, a CuPy array on a GPU. A Tensor holds a foreign array as it is, and NumPy's functions
dispatch to its library. Two things remain. Constants that meet a foreign array are made of its
kind; and its numbers are copied into a NumPy array when somebody asks for them, and not before.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted

OURS = (np.ndarray, Node, Interpreted)


def is_foreign(x: Any) -> bool:
    """Whether `x` is an array of another library."""
    return hasattr(type(x), "__array_function__") and not isinstance(x, OURS)


def array_behind(x: Any) -> Any:
    """The array inside nodes and interpreted values, however they are nested."""
    while isinstance(x, Node | Interpreted):
        x = x.value
    return x


def like(x: Any, constant: Array) -> Array:
    """An array of NumPy's as one of the kind that `x` is, or that `x` stands for.

    Anything else is returned as it is: numbers meet any array.
    """
    if not isinstance(constant, np.ndarray):
        return constant
    x = array_behind(x)
    return np.asarray(constant, like=x) if is_foreign(x) else constant


def to_numpy(value: Array) -> np.ndarray[Any, Any]:
    """A NumPy array with the numbers: lazy ones are computed, those on a device are copied."""
    return np.array(value.get() if hasattr(value, "get") else value)


def all_to_numpy(values: Sequence[Array]) -> list[Array]:
    """The numbers of arrays as NumPy arrays; Dask computes all of its arrays in one pass."""
    if any(hasattr(value, "__dask_graph__") for value in values):
        values = import_module("dask").compute(*values)
    return [to_numpy(value) for value in values]
