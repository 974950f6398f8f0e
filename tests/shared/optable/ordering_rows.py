"""Rows of the op tests: sorting, medians and quantiles, distinct values."""

import numpy as np

from optable.table import any_real, between, case, complex_case, distinct, row, with_gaps

# fmt: off
row(np.sort, distinct,
    case((5,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=None), case((2, 3, 2), axis=-2),
    case((4,), kind="mergesort"), case((4,), stable=True), case((), axis=None), case((0,)),
    case((2, 0), axis=0), complex_case((4,)))
row(np.sort_complex, distinct, case((5,)), case((2, 3)), case((0,)), complex_case((4,)), lacks="single")
row(np.partition, distinct,
    case((5,), kth=2), case((2, 5), kth=1), case((4, 3), kth=(0, 2), axis=0), case((2, 3), kth=-2, axis=None),
    case((), kth=0, axis=None), complex_case((4,), kth=1), lacks="empty")

# ---------------------------------------------------------------- medians and quantiles

AXES = (case((2, 3)), case((2, 4), axis=0), case((2, 4), axis=-1), case((2, 3, 2), axis=(0, -1)),
        case((2, 3, 2), axis=(1,), keepdims=True), case((2, 3), keepdims=True), case((5,), axis=0),
        case((2, 3), axis=()), case(()), case((0, 3), axis=1))

row(np.median,    distinct, *AXES)
row(np.nanmedian, with_gaps, *(c for c in AXES if c.options.get("axis") != ()))

METHODS = ("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen",
           "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest")
FLAT = ("lower", "higher", "midpoint", "nearest")  # and the first three: steps in q
inside = between(0.675, 0.685)  # where no quantile of 4, 5 or 6 entries is at a corner


def quantile_cases(scale: float) -> list[object]:
    q, several = 0.37 * scale, np.array([0.15, 0.9, 0.37]) * scale
    return [
        case((5,), q), case((5,), several), case((6,), ()), case((5,), (2,)), case((5, 2), (2,), axis=0),
        case((2, 6), several.reshape(1, 3), axis=1), case((2, 6), (2,), axis=-1, keepdims=True),
        case((2, 3, 2), q, axis=(0, 2)), case((2, 3, 2), several, axis=(0, 2), keepdims=True),
        case((5,), 0.0), case((5,), 1.0 * scale), case((1,), q), case((), q), case((2, 0), q, axis=0),
        *(case((5, 2), several, axis=0, method=method) for method in METHODS),
        *(case((6,), q, method=method) for method in METHODS),
        *(case((5,), (2,), method=method) for method in METHODS[3:] if method not in FLAT),
    ]


row(np.quantile,      (distinct, inside), *quantile_cases(1))
row(np.nanquantile,   (with_gaps, inside), *quantile_cases(1))
row(np.percentile,    (distinct, between(67.5, 68.5)), *quantile_cases(100))
row(np.nanpercentile, (with_gaps, between(67.5, 68.5)), *quantile_cases(100))

# ---------------------------------------------------------------- distinct values

row(np.unique, distinct,
    case((5,)), case((2, 3)), case((5,), return_index=True, return_inverse=True, return_counts=True),
    case((3, 2), axis=0), case((2, 3), axis=-1, return_counts=True), case(()), case((0,)))
for function in (np.unique_values, np.unique_counts, np.unique_inverse, np.unique_all):
    row(function, distinct, case((5,)), case((2, 3)), case(()), case((0,)))
TAKEN = np.array([7.0, 8.0, 7.0])
row(np.union1d,     (distinct, any_real), case((3,), (2, 2)), case((), (2,)), case((0,), (2,)))
row(np.setdiff1d,   distinct, case((4,), TAKEN), case((4,), TAKEN, assume_unique=True), case((0,), TAKEN), case((), TAKEN))
row(np.setxor1d,    (distinct, any_real), case((4,), (3,)), case((), (2,)), case((0,), (0,)))
# fmt: on
