"""Comparison: what the rules say against what the differences say, entry by entry.

Entries are compared relative to their own size, so a gradient of 1e-9 is held to as many digits as
one of 1e9; the only absolute allowance is the error bar of the difference itself.

Each entry gets a *status*, from best to worst:

- `right`: they agree;
- `kink`: the function has no derivative there, for its slopes to the left and to the right differ
  or do not settle, and the rules' answer does not contradict them;
- `non-finite`: the value, or the derivative, is infinite or NaN, so differences say nothing;
- `wrong`: the differences contradict the rules.
"""

from typing import Any

import numpy as np

from micrograd_np.checking.differences import Slopes

Array = np.ndarray[Any, Any]

STATUSES = ("right", "kink", "non-finite", "wrong")
RIGHT, KINK, NON_FINITE, WRONG = range(4)
UNDERFLOW = 4.0  # how many of the smallest numbers of its type a derivative may lose


def close(analytic: Array, numeric: Array, rtol: float) -> Array:
    """Where the two are finite and agree relative to the larger of them."""
    near = np.abs(analytic - numeric) <= rtol * larger(analytic, numeric)
    agree: Array = near & np.isfinite(analytic)
    return agree


def larger(analytic: Array, numeric: Array) -> Array:
    """The size that errors are relative to."""
    size: Array = np.fmax(np.abs(analytic), np.abs(numeric))
    return size


def compared(analytic: Array, slopes: Slopes, rtol: float, info: np.finfo[Any]) -> Array:
    """The status of every entry; `info` says where derivatives overflow and underflow."""
    numeric, bound = slopes.value, slopes.bound
    error = np.abs(analytic - numeric)
    allowed = rtol * larger(analytic, numeric)
    slack = allowed + bound + UNDERFLOW * float(info.smallest_subnormal)
    agree = close(analytic, numeric, rtol) | (slopes.settled & (error <= slack))
    found = np.where(agree, RIGHT, np.where(slopes.settled, WRONG, KINK))
    low, high = np.fmin(slopes.left, slopes.right), np.fmax(slopes.left, slopes.right)
    between = (analytic >= low - slack) & (analytic <= high + slack)
    found = np.where(slopes.kink, np.where(between, KINK, WRONG), found)
    status: Array = np.where(np.isfinite(analytic), found, without_number(analytic, slopes))
    status[~(np.abs(numeric) <= float(info.max))] = NON_FINITE
    return status


def without_number(analytic: Array, slopes: Slopes) -> Array:
    """The status of entries for which the rules give an infinity or NaN.

    That is wrong where the function has a slope, but for NaN in the row or column of a derivative
    that is truly infinite: it is 0 times infinity, of an output that does not depend on an input.
    """
    has_slope = slopes.settled & ~slopes.kink
    infinite = ~np.isfinite(analytic) & ~has_slope
    beside = infinite.any(axis=0) | infinite.any(axis=1, keepdims=True)
    status: Array = np.where(has_slope & ~(beside & np.isnan(analytic)), WRONG, NON_FINITE)
    return status


def relative_errors(analytic: Array, numeric: Array) -> Array:
    """Errors relative to the larger of the two; infinite where one of them is not finite."""
    size = larger(analytic, numeric)
    errors = np.abs(analytic - numeric) / np.where(size > 0, size, 1)
    return np.where(np.isfinite(errors), errors, np.inf)


def resolved(analytic: Array, slopes: Slopes) -> Array:
    """Where the difference is known well enough to be told from zero."""
    both_zero = (analytic == 0) & (slopes.value == 0)
    clear: Array = (larger(analytic, slopes.value) > slopes.bound) | both_zero
    return clear


def digits(relative_error: float, eps: float) -> float:
    """Decimal digits on which two numbers agree: at most those their type carries."""
    return float(np.clip(-np.log10(max(relative_error, eps)), 0, None))
