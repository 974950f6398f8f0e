"""Arithmetic of Python's own numbers, with the errors that Python raises where NumPy has inf.

Importing this module imports Numba, which compiles the functions when generated code first calls
them.
"""

import math
from collections.abc import Callable
from typing import Any

import numba

Function = Callable[..., Any]
native: Callable[[Function], Function] = numba.njit(nogil=True, error_model="numpy")


@native
def quotient(x: Any, y: Any) -> Any:
    """`x / y`; raises ZeroDivisionError."""
    if y == 0:
        raise ZeroDivisionError("division by zero")
    return x / y


@native
def checked_power(power: Any, x: Any, y: Any) -> Any:
    """`power`, which is `x ** y`; raises ZeroDivisionError and OverflowError."""
    if x == 0 and y < 0:
        raise ZeroDivisionError("zero to a negative power")
    if math.isinf(power) and not math.isinf(x) and not math.isinf(y):
        raise OverflowError("the result of ** is too large")
    return power
