"""Elementwise ops: the table of derivatives of NumPy's ufuncs.

Each row gives the partial derivative in each input, in terms of `out` and the inputs. Where the
derivative does not exist, the slope is the minimum-norm subgradient, with ties split evenly, else
the limit. Slopes keep their relative accuracy in the tails: `1 - out**2` would be 0 for tanh at 20.
"""

from collections.abc import Sequence
from math import copysign, inf, log, nan, pi
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching, dispatching_unary
from micrograd_np.core.forms import elementwise, primitive
from micrograd_np.core.op import Array, Inputs, Op, Options, Rule

# ---------------------------------------------------------------- ufuncs with several results

Slopes = Rule  # `(out, *inputs)` to a slope for each result: 1, an array, or None where it is flat


def several(function: np.ufunc, *slopes: Slopes) -> Op:
    """Declare a ufunc with several results: for each input, the slopes of all results in it."""

    def vjp_by(slopes_in_one: Slopes) -> Rule:
        def vjp(g: Sequence[Array | None], out: Any, *inputs: Array) -> Array:
            return sum_of_products(g, slopes_in_one(out, *inputs), out[0])

        return vjp

    def jvp(tangents: Sequence[Array | None], out: Any, *inputs: Array) -> tuple[Array, ...]:
        given = [(t, each) for t, each in zip(tangents, slopes, strict=True) if t is not None]
        rows = zip(*(each(out, *inputs) for _, each in given), strict=True)
        moves = [t for t, _ in given]
        return tuple(sum_of_products(moves, *each) for each in zip(rows, out, strict=True))

    return primitive(function, *map(vjp_by, slopes), jvp=jvp, sees_unused=True)


def sum_of_products(changes: Sequence[Array | None], slopes: Sequence[Any], like: Array) -> Array:
    """The sum of the products of changes and slopes, of which either may be None, which is flat."""
    terms = [
        change if isinstance(slope, int) and slope == 1 else change * slope
        for change, slope in zip(changes, slopes, strict=True)
        if change is not None and slope is not None
    ]
    return sum(terms[1:], terms[0]) if terms else np.zeros_like(like)


# ---------------------------------------------------------------- division by what may be 0


@dispatching
def safe_divide(x: Array, y: Array, at_zero: Array = 0, jumps: bool = False) -> Array:
    """`x / y`, and `at_zero` where `y` is 0.

    Where `y` is 0 the quotient counts as a constant, whose derivatives of every order are 0; with
    `jumps=True` as a jump, whose derivatives are infinite or NaN.
    """
    zero = y == 0
    return np.where(zero, at_zero, x / (y if jumps else np.where(zero, 1, y)))


def slope_of_quotient(numerator: Array, y: Array, jumps: bool) -> Array:
    return numerator / y if jumps else safe_divide(numerator, y)


# ---------------------------------------------------------------- slopes that need a thought


@dispatching_unary
def sigmoid_slope(x: Array) -> Array:
    """The sigmoid's derivative `1 / (2 + 2 cosh(x))`, accurate in both tails; 0 where it overflows."""
    cosh = np.cosh(x)
    slope = 0.5 / (1.0 + cosh)
    return slope if cosh.dtype.kind != "c" else np.where(np.isinf(cosh), 0, slope)


def sech_squared(x: Array) -> Array:
    """The slope of tanh, `1 / cosh(x)²`, without overflow."""
    return 4 * sigmoid_slope(2 * x)


def power_base(out: Array, x: Array, y: Array) -> Array:
    """`y x^(y-1)`; 0 where y is 0, so that `x**0` is flat at 0 too."""
    if isinstance(y, (int, float)):
        return x + x if y == 2 else y * x ** (y - 1) if y != 0 else np.zeros_like(x)
    flat = np.logical_and(np.equal(x, 0), np.equal(y, 0))
    return np.where(flat, 0, y * np.power(np.where(flat, 1, x), y - 1))


def power_exponent(out: Array, x: Array, y: Array) -> Array:
    """`out log(x)`; its limit 0 at x = 0 for y > 0, and 0 by convention at `0**0`."""
    if isinstance(x, (int, float)) and x > 0:
        return out * log(x)
    flat = np.logical_and(np.equal(x, 0), np.greater_equal(y, 0))
    return np.where(flat, 0, out * np.log(np.where(flat, 1, x).astype(out.dtype)))


def share_of_extremum(out: Array, x: Array, y: Array) -> Array:
    """The share of `x` in an extremum of `x` and `y`: ties split evenly, a NaN that won takes all."""
    mine, theirs = attains(out, x), attains(out, y)
    return np.where(np.logical_and(mine, theirs), 0.5, mine).astype(out.dtype)


def attains(out: Array, x: Array) -> Array:
    both_nan = np.logical_and(np.not_equal(out, out), np.not_equal(x, x))
    return np.logical_or(np.equal(x, out), both_nan)


def is_complex(x: Array) -> bool:
    return bool(x.dtype.kind == "c")


def absolute_slope(out: Array, x: Array) -> Array:
    """The slope of `|x|`: the sign, for complex numbers `conj(x) / |x|`; 0 at 0."""
    return safe_divide(np.conj(x), out) if is_complex(x) else np.sign(x)


def arctan2_slope(x: Array, y: Array) -> Array:
    """`x / (x² + y²)` without overflow, 0 at the origin."""
    h = np.hypot(x, y)
    return safe_divide(safe_divide(x, h), h)


def reciprocal_of_divisor(out: Array, x: Array, y: Array) -> Array:
    """`1 / y`, infinite as in NumPy where Python's own 0 is the divisor."""
    try:
        return 1 / y
    except ZeroDivisionError:
        return nan if isinstance(y, complex) else copysign(inf, y)


def log_share(out: Array, x: Array) -> Array:
    """`x - out` for logaddexp, where -inf gives no share rather than NaN."""
    return x - np.where(out == -np.inf, 0, out)


def bind_clip(
    a: Array, a_min: Array = None, a_max: Array = None, out: Any = None, **options: Any
) -> tuple[Inputs, Options]:
    """NumPy spells the bounds in two ways; here they are the second and third input."""
    low = options.pop("min", a_min)
    high = options.pop("max", a_max)
    bounds = (None if bound is np._NoValue else bound for bound in (low, high))
    return (a, *bounds), options if out is None else options | {"out": out}


def within(out: Array, x: Array, low: Array, high: Array) -> Array:
    """1 between the bounds and on them: a parameter on the bound can still move inside."""
    not_below = True if low is None else np.greater_equal(x, low)
    return not_below if high is None else np.logical_and(not_below, np.less_equal(x, high))


def below(out: Array, x: Array, low: Array, high: Array) -> Array:
    less = np.less(x, low)
    return less if high is None else np.logical_and(less, np.less_equal(low, high))


def above(out: Array, x: Array, low: Array, high: Array) -> Array:
    """1 where the upper bound is the result: also where that bound is less than the lower one."""
    greater = np.greater(x, high)
    return greater if low is None else np.logical_or(greater, np.greater(low, high))


# ---------------------------------------------------------------- the table
# fmt: off
elementwise(np.add,          1, 1)
elementwise(np.subtract,     1, -1)
elementwise(np.multiply,     lambda out, x, y: y,                  lambda out, x, y: x)
elementwise(np.divide,       reciprocal_of_divisor,                lambda out, x, y: -out / y)
elementwise(np.power,        power_base,                           power_exponent)
elementwise(np.float_power,  power_base,                           power_exponent)
elementwise(np.fmod,         1,                                    lambda out, x, y: -np.rint((x - out) / y))
elementwise(np.remainder,    1,                                    lambda out, x, y: -np.floor_divide(x, y))
elementwise(np.maximum,      share_of_extremum,                   lambda out, x, y: share_of_extremum(out, y, x))
elementwise(np.minimum,      share_of_extremum,                   lambda out, x, y: share_of_extremum(out, y, x))
elementwise(np.fmax,         share_of_extremum,                   lambda out, x, y: share_of_extremum(out, y, x))
elementwise(np.fmin,         share_of_extremum,                   lambda out, x, y: share_of_extremum(out, y, x))
elementwise(np.copysign,     lambda out, x, y: (np.sign(x) * np.copysign(1.0, y)).astype(out.dtype), None)
elementwise(np.nextafter,    1,                                    None)
elementwise(np.heaviside,    None,                                 lambda out, x, y: np.equal(x, 0))
elementwise(np.ldexp,        lambda out, x, y: np.ldexp(np.ones_like(out), y), None)
elementwise(np.hypot,        lambda out, x, y: safe_divide(x, out), lambda out, x, y: safe_divide(y, out))
elementwise(np.arctan2,      lambda out, y, x: arctan2_slope(x, y), lambda out, y, x: -arctan2_slope(y, x))
elementwise(np.clip,         within,                               below, above, binder=bind_clip)
several    (np.divmod,       lambda out, x, y: (None, 1),          lambda out, x, y: (None, -out[0]))
several    (np.modf,         lambda out, x: (1, None))
several    (np.frexp,        lambda out, x: (np.ldexp(np.ones_like(out[0]), -out[1]), None))
elementwise(safe_divide,     lambda out, x, y, at_zero, jumps: slope_of_quotient(1, y, jumps),
                             lambda out, x, y, at_zero, jumps: -slope_of_quotient(out, y, jumps), None, None,
                             binder=lambda x, y, at_zero=0, jumps=False: ((x, y, at_zero, jumps), {}))
elementwise(np.logaddexp,    lambda out, x, y: np.exp(log_share(out, x)),  lambda out, x, y: np.exp(log_share(out, y)))
elementwise(np.logaddexp2,   lambda out, x, y: np.exp2(log_share(out, x)), lambda out, x, y: np.exp2(log_share(out, y)))

elementwise(np.positive,     1)
elementwise(np.negative,     -1)
elementwise(np.absolute,     absolute_slope)
elementwise(np.fabs,         lambda out, x: np.sign(x))
elementwise(np.reciprocal,   lambda out, x: -np.square(out))
elementwise(np.square,       lambda out, x: 2 * x)
elementwise(np.sqrt,         lambda out, x: 0.5 / out)
elementwise(np.cbrt,         lambda out, x: 1 / (3 * np.square(out)))
elementwise(np.exp,          lambda out, x: out)
elementwise(np.exp2,         lambda out, x: out * log(2))
elementwise(np.expm1,        lambda out, x: np.exp(x))
elementwise(np.log,          lambda out, x: 1 / x)
elementwise(np.log2,         lambda out, x: 1 / (x * log(2)))
elementwise(np.log10,        lambda out, x: 1 / (x * log(10)))
elementwise(np.log1p,        lambda out, x: 1 / (1 + x))
elementwise(np.sin,          lambda out, x: np.cos(x))
elementwise(np.cos,          lambda out, x: -np.sin(x))
elementwise(np.tan,          lambda out, x: sech_squared(1j * x) if is_complex(x) else 1 + np.square(out))
elementwise(np.arcsin,       lambda out, x: 1 / (np.cos(out) if is_complex(x) else np.sqrt((1 - x) * (1 + x))))
elementwise(np.arccos,       lambda out, x: -1 / (np.sin(out) if is_complex(x) else np.sqrt((1 - x) * (1 + x))))
elementwise(np.arctan,       lambda out, x: 1 / (1 + np.square(x)))
elementwise(np.sinh,         lambda out, x: np.cosh(x))
elementwise(np.cosh,         lambda out, x: np.sinh(x))
elementwise(np.tanh,         lambda out, x: sech_squared(x))
elementwise(np.arcsinh,      lambda out, x: 1 / (np.cosh(out) if is_complex(x) else np.hypot(1, x)))
elementwise(np.arccosh,      lambda out, x: 1 / (np.sinh(out) if is_complex(x) else np.sqrt(x - 1) * np.sqrt(x + 1)))
elementwise(np.arctanh,      lambda out, x: 1 / ((1 - x) * (1 + x)))
elementwise(np.deg2rad,      lambda out, x: pi / 180, aliases=[np.radians])
elementwise(np.rad2deg,      lambda out, x: 180 / pi, aliases=[np.degrees])
elementwise(sigmoid_slope,   lambda out, x: -out * np.tanh(x / 2))
# fmt: on
