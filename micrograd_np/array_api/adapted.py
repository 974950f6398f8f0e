"""Functions that the standard has in other terms than NumPy."""

from typing import Any

import numpy as np

from micrograd_np.array_api.wrapping import as_tensor
from micrograd_np.core.record import as_input
from micrograd_np.core.tensor import Tensor
from micrograd_np.interpreters.masked import taken

__all__ = ["argsort", "clip", "sort", "where"]


def where(condition: Any, x1: Any, x2: Any, /, *, masked: bool = False) -> Tensor:
    """The entries of `x1` where `condition` holds, of `x2` elsewhere; the three broadcast.

    With `masked`, a branch receives the gradient 0 at entries that were not taken from it, whatever
    its slope is there, at every order of derivative. Without `masked`, the gradient there is 0
    times the slope, which is NaN if the slope is infinite.

    >>> where(np.array([True, False]), 1.0, np.array([2.0, 3.0]))
    Tensor([1., 3.])
    >>> from micrograd_np import grad
    >>> def f(x):
    ...     return where(x > 0, np.sqrt(x), 0.0, masked=True)
    >>> float(grad(f)(0.0)), float(grad(f)(4.0))
    (0.0, 0.25)
    """
    choose = taken if masked else np.where
    return as_tensor(choose(as_input(condition), as_input(x1), as_input(x2)))


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """`x` with its entries kept between `min` and `max`, either of which may be left out.

    >>> clip(np.array([-1.0, 0.5, 2.0]), 0.0, max=1.0)
    Tensor([0. , 0.5, 1. ])
    """
    return as_tensor(np.clip(as_input(x), min, max))


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The entries along an axis in order, the largest first if `descending`.

    >>> sort(np.array([2.0, 1.0, 3.0]), descending=True)
    Tensor([3., 2., 1.])
    """
    ascending = np.sort(as_input(x), axis=axis, stable=stable)
    return as_tensor(np.flip(ascending, axis=axis) if descending else ascending)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The positions that put the entries along an axis in order; of equal ones the first is first.

    >>> argsort(np.array([2.0, 3.0, 2.0]), descending=True)
    Tensor([1, 0, 2])
    """
    x = as_input(x)
    if not descending:
        return as_tensor(np.argsort(x, axis=axis, stable=stable))
    # The last entry of the mirrored array, put last, is the first of equals, put first.
    positions = np.argsort(np.flip(x, axis=axis), axis=axis, stable=stable)
    return as_tensor(np.shape(x)[axis] - 1 - np.flip(positions, axis=axis))
