"""Missing values: reductions that skip NaN, and its replacement by numbers.

A skipped entry has slope 0. Where all entries are NaN, so is the result, with slope 0 too.
"""

from typing import Any

import numpy as np

from micrograd_np.forms import expression, primitive
from micrograd_np.op import Array, Options
from micrograd_np.ops.axes import Axis
from micrograd_np.ops.reduction import reduction, tied
from micrograd_np.recording import plain

# ---------------------------------------------------------------- sums and products


def without_nan(a: Array, neutral: float) -> Array:
    """`a` with `neutral` in place of NaN."""
    a = plain(a)
    return np.where(np.isnan(a), a.dtype.type(neutral), a)


def asked(initial: Any = None, where: Any = True) -> Options:
    """The options that ask for something: not every library's arrays know them."""
    options = {} if where is True else {"where": where}
    return options if initial is None else options | {"initial": initial}


def nansum(
    a: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> Array:  # fmt: skip
    numbers = without_nan(a, 0)
    return np.sum(numbers, axis, dtype, keepdims=keepdims, **asked(initial, where))


def nanprod(
    a: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> Array:  # fmt: skip
    numbers = without_nan(a, 1)
    return np.prod(numbers, axis, dtype, keepdims=keepdims, **asked(initial, where))


def nancumsum(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return np.cumsum(without_nan(a, 0), axis, dtype)


def nancumprod(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return np.cumprod(without_nan(a, 1), axis, dtype)


# ---------------------------------------------------------------- averages


def valid_count(a: Array, axis: Axis, keepdims: bool, where: Any) -> Array:
    """How many entries are averaged."""
    return np.sum(np.logical_not(np.isnan(a)), axis, keepdims=keepdims, **asked(where=where))


def nanmean(
    a: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True
) -> Array:
    a = plain(a) if dtype is None else plain(a).astype(dtype)
    total = nansum(a, axis, keepdims=keepdims, where=where)
    return total / valid_count(a, axis, keepdims, where).astype(total.dtype)  # float32 stays so


def nanvar(
    a: Array, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False,
    where: Any = True, mean: Array = None, correction: float | None = None,
) -> Array:  # fmt: skip
    """The mean square of the deviations; NaN where no more than `ddof` entries are numbers."""
    a = plain(a) if dtype is None else plain(a).astype(dtype)
    mean = nanmean(a, axis, keepdims=True, where=where) if mean is None else mean
    away = np.where(np.isnan(a), a.dtype.type(0), (a - mean).astype(a.dtype))
    total = np.sum(square_of_modulus(away), axis, keepdims=keepdims, **asked(where=where))
    ddof = ddof if correction is None else correction
    free = valid_count(a, axis, keepdims, where).astype(total.dtype) - ddof
    return total / np.where(free > 0, free, total.dtype.type(np.nan))


def square_of_modulus(z: Array) -> Array:
    return np.real(z * np.conj(z)) if z.dtype.kind == "c" else np.square(z)


def nanstd(
    a: Array, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False,
    where: Any = True, mean: Array = None, correction: float | None = None,
) -> Array:  # fmt: skip
    """The root of the variance; where all entries agree the constant 0."""
    variance = nanvar(
        a, axis, dtype, ddof=ddof, keepdims=keepdims, where=where, mean=mean, correction=correction
    )
    zero, one = variance.dtype.type(0), variance.dtype.type(1)
    return np.where(variance == 0, zero, np.sqrt(np.where(variance == 0, one, variance)))


# ---------------------------------------------------------------- extrema


def tied_numbers(
    out: Array, x: Array, axis: Axis, *, initial: Any = None, where: Any = True
) -> Array:
    """An equal share for every entry that attains the extremum; none where all are NaN."""
    numbers = np.logical_and(where, np.logical_not(np.isnan(x)))
    return tied(out, x, axis, initial=initial, where=numbers)


# ---------------------------------------------------------------- replacement


def kept_part(
    g: Array, out: Array, x: Array, copy: bool = True, nan: Any = 0.0, posinf: Any = None,
    neginf: Any = None,
) -> Array:  # fmt: skip
    """The part of a change that reaches finite numbers; real and imaginary parts are apart."""
    if x.dtype.kind != "c":
        return np.where(np.isfinite(x), g, 0)
    real = np.where(np.isfinite(np.real(x)), np.real(g), 0)
    return real + 1j * np.where(np.isfinite(np.imag(x)), np.imag(g), 0)


def replaced(x: Array, copy: bool = True, **options: Any) -> Array:
    """`np.nan_to_num`, which with `copy=False` would write into a value that a graph holds."""
    return np.nan_to_num(x, **options)


def nan_to_num_jvp(ts: list[Array], out: Array, x: Array, **options: Any) -> Array:
    return kept_part(ts[0], out, x)


# ---------------------------------------------------------------- the table
# fmt: off
expression(np.nansum,     nansum)
expression(np.nanprod,    nanprod)
expression(np.nancumsum,  nancumsum)
expression(np.nancumprod, nancumprod)
expression(np.nanmean,    nanmean)
expression(np.nanvar,     nanvar)
expression(np.nanstd,     nanstd)
reduction (np.nanmax,     tied_numbers, ("initial", "where"))
reduction (np.nanmin,     tied_numbers, ("initial", "where"))
primitive (np.nan_to_num, kept_part, jvp=nan_to_num_jvp, call=replaced)
# fmt: on
