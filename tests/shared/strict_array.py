"""An array of another library, in miniature: NumPy's protocols and nothing besides.

A `StrictArray` hides an ndarray. NumPy's functions reach it through `__array_ufunc__` and
`__array_function__` alone; whatever would pull its numbers out behind the user's back, or write
into them, is an error. NumPy's arrays may stand beside it in a call, as they may beside Dask's. A
`DeviceArray` refuses those too, as CuPy's does, and hands its numbers out by `get()` only.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# What ndarray, Dask and CuPy all have.
METHODS = """
    all any argmax argmin astype choose clip conj copy cumprod cumsum dot flatten max mean min
    nonzero prod ravel repeat reshape round squeeze std sum swapaxes trace transpose var
"""
PARTS = "T real imag"
FACTS = "shape ndim size itemsize nbytes dtype"
# What would take the numbers out, or write into them.
LEAVING = """
    __array__ __bool__ __float__ __int__ __complex__ __index__ __iter__ __contains__ __setitem__
    item tolist tobytes fill put sort partition
"""


class PulledOutError(AssertionError):
    """A strict array was turned into a NumPy array, a number or a list, or written into."""


class StrictArray(NDArrayOperatorsMixin):
    """An array that only NumPy's protocols can reach."""

    accepted: tuple[type, ...] = (np.ndarray,)  # arrays of others that may stand beside it

    def __init__(self, hidden: Any) -> None:
        self.hidden = np.asarray(hidden)
        assert self.hidden.dtype != object

    def __repr__(self) -> str:
        return f"{type(self).__name__}<{self.shape}, {self.dtype}>"

    def __len__(self) -> int:
        return len(self.hidden)

    def __getitem__(self, key: Any) -> "StrictArray":
        return self.wrapped(self.hidden[uncovered(key)])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if not all(self._accepts(x) for x in inputs):
            return NotImplemented
        return self._called(getattr(ufunc, method), inputs, options)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, keywords: Any
    ) -> Any:
        if not all(issubclass(kind, (type(self), *self.accepted)) for kind in types):
            return NotImplemented
        return self._called(function, args, keywords)

    def _accepts(self, x: Any) -> bool:
        return isinstance(x, (type(self), *self.accepted, np.generic, bool, int, float, complex))

    def _called(self, function: Callable[..., Any], args: Any, keywords: Any) -> Any:
        if keywords.get("out") is not None:
            raise PulledOutError(f"{function.__name__} was to write into an array with `out`")
        return self.wrapped(function(*uncovered(args), **uncovered(keywords)))

    def wrapped(self, result: Any) -> Any:
        """The arrays of a result as arrays of this kind."""
        if isinstance(result, np.ndarray | np.generic):
            return type(self)(result)
        if isinstance(result, list | tuple):
            parts = map(self.wrapped, result)
            return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
        return result


class DeviceArray(StrictArray):
    """One on another device, so to speak, where NumPy's arrays are not."""

    accepted = ()

    @property
    def base(self) -> Any:
        """The array that this one is a view of."""
        return self.hidden.base

    def get(self) -> np.ndarray[Any, Any]:
        """The numbers, asked for by name."""
        return self.hidden.copy()


def uncovered(given: Any) -> Any:
    """NumPy's arrays in the place of strict ones."""
    if isinstance(given, StrictArray):
        return given.hidden
    if isinstance(given, dict):
        return {name: uncovered(part) for name, part in given.items()}
    if type(given) in (list, tuple):
        return type(given)(map(uncovered, given))
    return given


def method(name: str) -> Callable[..., Any]:
    def call(self: StrictArray, *args: Any, **options: Any) -> Any:
        return self._called(getattr(self.hidden, name), args, options)

    return call


def part(name: str) -> property:
    return property(lambda self: type(self)(getattr(self.hidden, name)))


def fact(name: str) -> property:
    return property(lambda self: getattr(self.hidden, name))


def refusal(name: str) -> Callable[..., Any]:
    def refuse(self: StrictArray, *args: Any, **options: Any) -> Any:
        raise PulledOutError(f"{name} of {self!r}")

    return refuse


for names, made in ((METHODS, method), (PARTS, part), (FACTS, fact), (LEAVING, refusal)):
    for name in names.split():
        setattr(StrictArray, name, made(name))
