"""Comparison of derivatives by the rules with differences, entry by entry.

Entries are compared relative to their own size, so a gradient of 1e-9 must have as many right
digits as one of 1e9. The only absolute allowance is the error bar of the difference itself.

Each entry gets a *status*, from best to worst:

- `right`: rule and difference agree;
- `kink`: the function has no derivative there, because its slopes to the left and to the right
  differ or do not settle; the rule's answer does not contradict these slopes;
- `non-finite`: the value, or the derivative, is infinite or NaN, so differences say nothing;
- `wrong`: the differences contradict the rules.
"""

from typing import Any, Literal

import numpy as np

from micrograd_np.checking.differences import Slopes
from micrograd_np.core.op import Array

Verdict = Literal["right", "kink", "non-finite", "wrong", "non-deterministic", "value differs"]

STATUSES: tuple[Verdict, ...] = ("right", "kink", "non-finite", "wrong")
RIGHT, KINK, NON_FINITE, WRONG = range(4)
UNDERFLOW = 4.0  # how many of the smallest numbers of its type a derivative may lose


def close(analytic: Array, numeric: Array, rtol: float) -> Array:
    """Whether two derivatives are finite and agree, relative to the larger of the two."""
    near = np.abs(analytic - numeric) <= rtol * larger_size(analytic, numeric)
    return near & np.isfinite(analytic)


def larger_size(analytic: Array, numeric: Array) -> Array:
    """The larger absolute value of the two, to which errors are relative."""
    return np.fmax(np.abs(analytic), np.abs(numeric))


def statuses_of(analytic: Array, slopes: Slopes, rtol: float, info: np.finfo[Any]) -> Array:
    """The status of every entry; `info` says where derivatives overflow and underflow."""
    numeric, bound = slopes.value, slopes.bound
    error = np.abs(analytic - numeric)
    allowed = rtol * larger_size(analytic, numeric)
    slack = allowed + bound + UNDERFLOW * float(info.smallest_subnormal)
    agree = close(analytic, numeric, rtol) | (slopes.settled & (error <= slack))
    found = np.where(agree, RIGHT, np.where(slopes.settled, WRONG, KINK))
    low, high = np.fmin(slopes.left, slopes.right), np.fmax(slopes.left, slopes.right)
    between = (analytic >= low - slack) & (analytic <= high + slack)
    found = np.where(slopes.kink, np.where(between, KINK, WRONG), found)
    found = np.where(np.isfinite(analytic), found, statuses_without_number(analytic, slopes))
    return np.where(np.abs(numeric) <= float(info.max), found, NON_FINITE)


def statuses_without_number(analytic: Array, slopes: Slopes) -> Array:
    """The status of entries for which the rules give an infinity or NaN.

    The status is wrong where the function has a slope. An exception is NaN in the row or column of
    a derivative that is truly infinite: 0 times infinity, of an output that ignores an input.
    """
    has_slope = slopes.settled & ~slopes.kink
    infinite = ~np.isfinite(analytic) & ~has_slope
    beside = infinite.any(axis=0) | infinite.any(axis=1, keepdims=True)
    return np.where(has_slope & ~(beside & np.isnan(analytic)), WRONG, NON_FINITE)


def relative_errors(analytic: Array, numeric: Array) -> Array:
    """Errors relative to the larger of the two; infinite where one of them is not finite."""
    size = larger_size(analytic, numeric)
    errors = np.abs(analytic - numeric) / np.where(size > 0, size, 1)
    return np.where(np.isfinite(errors), errors, np.inf)


def above_error_bar(analytic: Array, slopes: Slopes) -> Array:
    """Whether the derivative is larger than the error bar of the difference, or both are zero."""
    both_zero = (analytic == 0) & (slopes.value == 0)
    return (larger_size(analytic, slopes.value) > slopes.bound) | both_zero
