"""Rows of the op tests: statistics, missing values, sampled functions, polynomials, Bessel functions."""

import numpy as np
import scipy.special

import optable.numpy_rows  # noqa: F401 - the rows that some cases here are added to
from micrograd_np.ops.derivatives.sinc import bessel_i, sinc_derivative
from optable.table import (
    Array,
    also,
    any_real,
    between,
    case,
    complex_case,
    distinct,
    mixed_case,
    nonzero,
    positive,
    row,
    unary,
    with_gaps,
)


def rising(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Coordinates in order, at uneven distances from 0.2 to 0.6."""
    return np.cumsum(rng.uniform(0.2, 0.6, shape or 1), axis=-1).reshape(shape)


def powers_of_two(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers whose quotients are exact, so that what divides without remainder leaves 0."""
    return rng.choice([-2.0, -1.0, 0.5, 1.0, 2.0, 4.0], shape)


# fmt: off
# ---------------------------------------------------------------- statistics

MASK = np.array([[True, False, True], [False, True, True]])

row(np.average, (any_real, positive),
    case((2, 3)), case((2, 3), axis=1), case((2, 3), axis=0, keepdims=True), case((2, 3), None, (2, 3)), case((2, 3), 1, (3,)), case((2, 3), 0, (2,)),
    case((2, 3), 1, (2, 3), keepdims=True), case((2, 3, 2), [2, 0], (2, 2)), case((2, 3), 1, (3,), returned=True),
    case((3,), 0, [1.0, 2.0, 4.0]), case((3,), None, np.array([1, 2, 3])), case(()), case((), None, ()), case((2, 0), 0, (2,)),
    complex_case((3,)), mixed_case("cff", (3,), None, (3,)))
row(np.ptp, distinct, case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=(0, 1), keepdims=True), case(()), case((2, 0), axis=0))
row(np.cov, (any_real, any_real, any_real, any_real, any_real, any_real, positive),
    case((5,)), case((2, 5)), case((2, 5), (5,)), case((2, 5), (3, 5)), case((5, 2), (5, 3), rowvar=False), case((5, 2), rowvar=False),
    case((5,), (5,), rowvar=False), case((2, 5), bias=True), case((2, 5), ddof=0), case((2, 5), ddof=2), case((1, 5)),
    case((2, 5), fweights=np.array([1, 2, 0, 1, 3])), case((2, 5), None, True, False, None, None, (5,)),
    case((2, 5), None, True, True, None, None, (5,)), case((2, 5), fweights=[1, 2, 0, 1, 3], aweights=[0.5, 1, 2, 1, 1]),
    complex_case((2, 4)), mixed_case("cf", (2, 4), (4,)), case((0, 3)))
row(np.corrcoef, any_real,
    case((2, 5)), case((2, 5), (5,)), case((5, 2), rowvar=False), case((5,), (5,)), complex_case((2, 5)), lacks="empty single", tolerance=1e-6)
row(np.bincount, any_real,
    case(np.array([0, 2, 2, 1]), (4,)), case([1, 1], (2,), minlength=5), lacks="empty single")
row(np.cumulative_sum, any_real,
    case((4,)), case((2, 3), axis=0), case((2, 3), axis=-1, include_initial=True), case((3,), include_initial=True), case((0,)), case(()))
row(np.cumulative_prod, nonzero,
    case((4,)), case((2, 3), axis=0), case((2, 3), axis=-1, include_initial=True), case((3,), include_initial=True), case((0,)), case(()))

# ---------------------------------------------------------------- masks, starts and means of reductions

also(np.sum,  case((2, 3), initial=2.0), case((2, 3), axis=0, initial=2.0, where=MASK))
also(np.mean, case((2, 3), where=MASK), case((2, 3), axis=0, where=MASK), case((2, 3), axis=1, keepdims=True, where=MASK[0]))
also(np.prod, case((2, 3), initial=2.0), case((2, 3), axis=0, initial=2.0, where=MASK), case((2, 3), axis=1, where=MASK[0]))
also(np.max,  case((2, 3), axis=0, initial=0.05), case((2, 3), axis=1, initial=-9.0, where=MASK), case((2, 3), initial=-9.0, where=MASK), case((0,), initial=1.0))
also(np.min,  case((2, 3), axis=0, initial=0.05), case((2, 3), axis=1, initial=9.0, where=MASK), case((2, 3), initial=9.0, where=MASK), case((0,), initial=1.0))
for function in (np.var, np.std):
    also(function, case((2, 3), axis=1, where=MASK), case((2, 3), where=MASK, ddof=1), case((2, 3), mean=0.5),
         case((2, 3), axis=0, mean=np.array([[0.1, 0.2, 0.3]])), case((2, 3), axis=1, mean=np.array([[0.1], [0.2]]), where=MASK))

# ---------------------------------------------------------------- missing values

AXES = (case((2, 3)), case((4, 3), axis=0), case((2, 3), axis=-1), case((2, 3, 2), axis=(0, -1)),
        case((2, 3), axis=1, keepdims=True), case((2, 3), axis=()), case(()), case((2, 3), where=MASK, axis=1))
NUMBERS = (case((2, 3), dtype=np.float64), complex_case((2, 3), axis=1))
EMPTY = (case((0,)), case((2, 0), axis=1))
STARTS = (case((2, 3), axis=0, initial=2.0), case((2, 3), initial=0.5, where=MASK))
for function in (np.nansum, np.nanprod):
    row(function, with_gaps, *AXES, *NUMBERS, *EMPTY, *STARTS)
for function in (np.nancumsum, np.nancumprod):
    row(function, with_gaps, case((2, 3)), case((2, 3), axis=0), case((4,), axis=-1), case(()), *EMPTY, *NUMBERS)
row(np.nanmean, with_gaps, *(c for c in AXES if c.options.get("axis") != ()), *NUMBERS, case((2, 0), axis=0))
for function in (np.nanvar, np.nanstd):
    row(function, with_gaps, *(c for c in AXES if c.inputs != ((),) and c.options.get("axis") != ()), *NUMBERS, case((2, 3), ddof=1), case((2, 3), axis=1, correction=1),
        case((2, 3), axis=0, mean=np.array([[0.1, 0.2, 0.3]])), case((2, 0), axis=0), lacks="single")
for function in (np.nanmax, np.nanmin):
    row(function, with_gaps, *AXES[:5], case(()), case((0, 3), axis=1), case((2, 3), axis=0, initial=0.05),
        case((2, 3), initial=9.0 if function is np.nanmin else -9.0, where=MASK))
unary(np.nan_to_num, with_gaps)
also(np.nan_to_num, case((3,), nan=1.0, posinf=2.0, neginf=3.0), complex_case((3,)))

# ---------------------------------------------------------------- sampled functions

row(np.diff, any_real,
    case((5,)), case((2, 3)), case((2, 4), n=2), case((3, 4), axis=0), case((2, 3), n=0), case((3,), n=5), case((4,), 1, -1, 0.5),
    case((4,), 1, -1, (2,), ()), case((2, 3), 1, 0, (), (1, 3)), case((0,)), complex_case((3,)), lacks="")
row(np.ediff1d, any_real,
    case((5,)), case((2, 3)), case((4,), (2,)), case((4,), 1.5, (2, 2)), case((4,), None, ()), case((1,)), case((0,)), case(()))
row(np.gradient, (any_real, rising),
    case((5,)), case((3, 4)), case((3, 4), axis=1), case((4, 3), axis=(1, 0)), case((4,), edge_order=2), case((4,), 0.5),
    case((4,), 2), case((4, 3), 0.5, 2.0), case((5,), (5,)), case((5,), (5,), edge_order=2), case((3, 4), (3,), (4,)), case((3, 4), (3,), 0.5, edge_order=2),
    case((3, 4), (4,), axis=1), case((3,), np.array([0, 1, 3])), case((2, 0), axis=0), case((2,), ()),
    complex_case((4,)), spread=True, tolerance=1e-6)
row(np.trapezoid, (any_real, rising),
    case((5,)), case((2, 4)), case((2, 4), axis=0), case((5,), (5,)), case((2, 4), (4,)), case((3, 4), (3,), axis=0), case((2, 4), (2, 4)),
    case((4,), None, 0.5), case((4,), None, ()), case((0,)), complex_case((4,)))
row(np.unwrap, between(-9, 9),
    case((6,)), case((2, 4)), case((4, 2), axis=0), case((5,), period=3), case((5,), discont=4), case((0,)), case((1,)), lacks="single")
X, XP = np.array([[0.07, 0.33], [1.91, -4.0], [9.0, 1.17]]), np.array([0.0, 0.31, 0.9, 1.9, 2.6])
row(np.interp, (between(0.35, 0.85), any_real, any_real),
    case(X, XP, (5,)), case((3,), XP, (5,)), case((2, 2), XP, (5,)), case((), XP, (5,)), case(0.5, XP, (5,)), case((), list(XP), (5,)),
    case(X, XP, (5,), left=1.0, right=2.0), case(X, XP, (5,), (), ()), case(X, XP, (5,), period=3), case((3,), XP[::-1], (5,), period=2.2),
    case((0,), XP, (5,)), case((2,), [1.0], (1,)), mixed_case("ffc", (2,), XP, (5,)), mixed_case("ffc", X, XP, (5,), period=3))

# ---------------------------------------------------------------- polynomials

row(np.polyval, any_real,
    case((4,), (3,)), case((4,), (2, 3)), case((4,), ()), case((3,), 0.5), case([1.0, 2.0, 3.0], (2,)), case((3,), [0.5, 2.0]), case((3,), (0,)),
    case((1,), (2,)), complex_case((3,), (2,)), mixed_case("fc", (3,), (2,)))
row(np.polyadd, any_real, case((3,), (3,)), case((2,), (4,)), case((4,), (1,)), case((), (2,)), case((0,), (2,)), complex_case((2,), (3,)))
row(np.polysub, any_real, case((3,), (3,)), case((2,), (4,)), case((4,), (1,)), case((), (2,)), case((0,), (2,)), complex_case((2,), (3,)))
row(np.polymul, nonzero, case((3,), (2,)), case((2,), (4,)), case((), (2,)), complex_case((2,), (3,)), lacks="empty")
row(np.polydiv, powers_of_two, case((5,), (3,)), case((3,), (3,)), case((3,), (1,)), case((4,), ()), complex_case((4,), (2,)), lacks="empty", tolerance=1e-5)
row(np.polyder, any_real, case((4,)), case((4,), m=2), case((4,), m=0), case((2,), m=3), case((1,)), case((0,), m=0), complex_case((3,)), lacks="single")
row(np.polyint, any_real,
    case((3,)), case((3,), m=2), case((3,), m=0), case((3,), 1, ()), case((3,), 2, (2,)), case((3,), 2, (1,)), case((0,)), complex_case((3,)))
row(np.poly, any_real, case((3,)), case((1,)), case((2, 2)), complex_case((2,)), lacks="empty single")
row(np.vander, any_real, case((3,)), case((3,), N=2), case((2,), N=4, increasing=True), case((2,), N=0), case((0,)), complex_case((3,)), lacks="single")
row(np.polyfit, (rising, any_real, positive),
    case((6,), (6,), 2), case((6,), (6,), 1), case((6,), (6,), 0), case((6,), (6, 2), 2), case(np.arange(6.0), (6,), 2), case((6,), (6,), 2, None, False, (6,)),
    case((6,), (6,), 1, cov=True), case((6,), (6,), 1, cov="unscaled"), case((6,), (6, 2), 1, None, False, (6,), True), lacks="empty", tolerance=1e-5)


def apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Coefficients of a polynomial with roots near 1, 2, 3, …, where they are real."""
    return np.poly(np.arange(1, np.prod(shape, dtype=int)) + rng.uniform(-0.1, 0.1, np.prod(shape, dtype=int) - 1)) * np.ones(shape) if np.prod(shape) > 1 else np.ones(shape)


row(np.roots, apart, case((4,)), case((3,)), case((2,)), complex_case((3,)), lacks="empty single", tolerance=1e-5)

# ---------------------------------------------------------------- Bessel functions

unary(np.sinc)
also(np.sinc, complex_case((2, 3)))
unary(np.i0, between(-3, 3))
row(sinc_derivative, any_real, case((2, 3), 0), case((2, 3), 1), case((4,), 2), case((), 3), case((0,), 1),
    reference=lambda x, order: (np.pi**order * sinc_slopes(np.pi * x, order)).astype(x.dtype))
row(bessel_i, between(-25, 25), case((2, 3), 0), case((2, 3), 1), case((4,), 2), case((), 3), case((4,), -1), case((0,), 1),
    reference=lambda x, order: scipy.special.iv(abs(order), x))


def sinc_slopes(z: Array, order: int) -> Array:
    """The derivatives of sin(z)/z from SciPy's spherical Bessel functions: -j1, then by recurrence."""
    j = scipy.special.spherical_jn
    return (j(0, z), -j(1, z), (2 * j(2, z) - j(0, z)) / 3, (3 * j(1, z) - 2 * j(3, z)) / 5)[order]
# fmt: on
