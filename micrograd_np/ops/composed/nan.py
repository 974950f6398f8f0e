"""Missing values: reductions that skip NaN, and numbers in place of NaN.

A skipped entry has slope 0. Where all entries are NaN, so is the result, with slope 0 too.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.forms import expression, expressions, primitive, reduction
from micrograd_np.core.op import NOT_GIVEN, Array
from micrograd_np.core.record import as_input, value_of
from micrograd_np.ops.derivatives.reductions import (
    about_mean,
    bind_var,
    count_where,
    in_mean,
    std_slope,
    tie_share,
    var_slope,
)
from micrograd_np.ops.kernels.axes import Axis

# ---------------------------------------------------------------- sums and products


def without_nan(a: Array, neutral: float) -> Array:
    """`a` with `neutral` in place of NaN."""
    a = as_input(a)
    return np.where(np.isnan(a), a.dtype.type(neutral), a)


def skipping_nan(function: Callable[..., Array], neutral: float) -> Callable[..., Array]:
    """`function` of an array that has `neutral` in place of NaN."""

    def written(
        a: Array, axis: Axis = None, dtype: Any = None, *, keepdims: Any = NOT_GIVEN,
        initial: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
    ) -> Array:  # fmt: skip
        options = {"keepdims": keepdims, "initial": initial, "where": where}
        return function(without_nan(a, neutral), axis, dtype, **options)

    return written


def nancumsum(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return np.cumsum(without_nan(a, 0), axis, dtype)


def nancumprod(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return np.cumprod(without_nan(a, 1), axis, dtype)


# ---------------------------------------------------------------- averages and variances


def numbers_in(x: Array, where: Any) -> Array:
    """Whether each entry is selected and no NaN."""
    return np.logical_and(where, np.logical_not(np.isnan(value_of(x))))


def equal_share(out: Array, x: Array, *, axis: Axis, dtype: Any = None, where: Any = True) -> Array:
    """An equal share for every number."""
    numbers = numbers_in(x, where)
    return numbers / np.maximum(count_where(x, axis, numbers), 1)


def among_numbers(slope: Callable[..., Array]) -> Callable[..., Array]:
    """The slope of `var` or `std` over the entries that are numbers.

    The slope is NaN where no degree of freedom is left, as the result is: `var` has it infinite.
    """

    def slope_among_numbers(
        out: Array, x: Array, mean: Array = None, *, axis: Axis, ddof: float = 0,
        dtype: Any = None, where: Any = True,
    ) -> Array:  # fmt: skip
        numbers = numbers_in(x, where)
        found = slope(out, x, mean, axis=axis, ddof=ddof, where=numbers)
        found = np.where(numbers, np.where(np.isnan(value_of(out)), np.nan, found), 0)
        return found if found.dtype == x.dtype else found.astype(x.dtype)  # a mean may be wider

    return slope_among_numbers


var_of_numbers = among_numbers(var_slope)
std_of_numbers = among_numbers(std_slope)


def of_numbers(change: Array, x: Array) -> Array:
    """The change of `x`, but 0 where `x` is NaN, even if the change is NaN too."""
    return np.where(np.isnan(value_of(x)), 0, change)


# ---------------------------------------------------------------- extrema


def tie_share_of_numbers(
    out: Array, x: Array, *, axis: Axis, initial: Any = None, where: Any = True
) -> Array:
    """An equal share for every entry that attains the extremum; none where all are NaN."""
    return tie_share(out, x, axis=axis, initial=initial, where=numbers_in(x, where))


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


def nan_to_num_copied(x: Array, copy: bool = True, **options: Any) -> Array:
    """`np.nan_to_num`, which with `copy=False` would write into a value that a graph holds."""
    return np.nan_to_num(x, **options)


# ---------------------------------------------------------------- the table
# fmt: off
expression(np.nansum,     skipping_nan(np.sum, 0))
expression(np.nanprod,    skipping_nan(np.prod, 1))
expressions(np, nancumsum, nancumprod)
reduction (np.nanmean,    equal_share,          counted=of_numbers)
reduction (np.nanmax,     tie_share_of_numbers, counted=of_numbers)
reduction (np.nanmin,     tie_share_of_numbers, counted=of_numbers)
reduction (np.nanvar,     var_of_numbers, in_mean(var_of_numbers), counted=of_numbers, call=about_mean(np.nanvar), binder=bind_var)
reduction (np.nanstd,     std_of_numbers, in_mean(std_of_numbers), counted=of_numbers, call=about_mean(np.nanstd), binder=bind_var)
primitive (np.nan_to_num, kept_part, jvp=lambda ts, out, x, **options: kept_part(ts[0], out, x), call=nan_to_num_copied)
# fmt: on
