"""The extended domain: `np.emath`, whose roots and logarithms of negative numbers are complex.

Each is NumPy's function of that name, of numbers that are made complex where the real function
ends. The values decide, as in NumPy: one entry outside makes the whole result complex. The way back,
`np.real_if_close`, reads the values too.
"""

from typing import Any

import numpy as np

from micrograd_np.core.forms import expression, expressions
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.ops.composed.selection import decisive
from micrograd_np.ops.derivatives.shaping import as_dtype

SINGLE = "fbhBH"  # what NumPy makes single precision here: float32 and short integers


def complex_below_zero(x: Array) -> Array:
    return complex_where(x, lambda values: values < 0)


def complex_beyond_one(x: Array) -> Array:
    return complex_where(x, lambda values: abs(values) > 1)


def complex_where(x: Array, outside: Any) -> Array:
    """`x`, made complex if any entry of a real one is outside."""
    x = as_input(x)
    dtype = np.result_type(x)
    if dtype.kind == "c" or not np.any(outside(decisive("np.emath", x))):
        return x
    return as_dtype(x, np.complex64 if dtype.char in SINGLE else np.complex128)


def logn(n: Array, x: Array) -> Array:
    return np.log(complex_below_zero(x)) / np.log(complex_below_zero(n))


def power(x: Array, p: Array) -> Array:
    p = p if hasattr(p, "dtype") else np.asarray(p)
    if np.result_type(p).kind in "iu" and np.any(np.less(decisive("np.emath.power", p), 0)):
        p = p * 1.0
    return np.power(complex_below_zero(x), p)


def real_if_close(a: Array, tol: float = 100) -> Array:
    if a.dtype.kind != "c":
        return a
    allowed = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    sizes = np.abs(np.imag(decisive("np.real_if_close", a)))
    return np.real(a) if np.all(sizes < allowed) else a


expression(np.emath.sqrt, lambda x: np.sqrt(complex_below_zero(x)))
expression(np.emath.log, lambda x: np.log(complex_below_zero(x)))
expression(np.emath.log2, lambda x: np.log2(complex_below_zero(x)))
expression(np.emath.log10, lambda x: np.log10(complex_below_zero(x)))
expression(np.emath.arccos, lambda x: np.arccos(complex_beyond_one(x)))
expression(np.emath.arcsin, lambda x: np.arcsin(complex_beyond_one(x)))
expression(np.emath.arctanh, lambda x: np.arctanh(complex_beyond_one(x)))
expressions(np.emath, logn, power)
expressions(np, real_if_close)
