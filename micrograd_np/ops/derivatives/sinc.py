"""Bessel functions: `sinc` and `i0`, whose derivatives of every order come from one family each.

`sinc(x) = j0(πx)` is a spherical Bessel function, `i0` a modified one. The slope of either is the
next member of its family, computed where the quotient rule would cancel: near 0.
"""

from math import factorial, pi

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import elementwise
from micrograd_np.core.op import Array

# ---------------------------------------------------------------- the derivatives of sinc


@dispatching
def sinc_derivative(x: Array, order: int) -> Array:
    """The derivative of `np.sinc` of a given order: `π^order h(πx)`, h being that of sin(z)/z.

    Computed away from 0 by the recurrence `z h_n + n h_(n-1) = sin(z + nπ/2)`, which follows from
    differentiating `z h_0 = sin(z)`; near 0, where it cancels, by the power series.

    >>> sinc_derivative(np.array([1.0, 2.0]), 1)
    array([-1. ,  0.5])
    """
    z = pi * x
    near = np.less_equal(np.abs(z), order + 1)
    far = np.where(near, order + 1, z)
    h = np.sin(far) / far
    for n in range(1, order + 1):
        h = (sine(far, n) - n * h) / far
    return pi**order * np.where(near, sinc_series(np.where(near, z, 0), order), h)


def sine(z: Array, order: int) -> Array:
    """The derivative of the sine of a given order."""
    wave = np.cos(z) if order % 2 else np.sin(z)
    return -wave if order % 4 > 1 else wave


def sinc_series(z: Array, order: int) -> Array:
    """The sum of `(-1)^k z^(2k-n) / ((2k+1) (2k-n)!)` over k ≥ n/2, by Horner's rule in z²."""
    first = (order + 1) // 2
    terms = [
        (-1) ** k / ((2 * k + 1) * factorial(2 * k - order))
        for k in range(first, first + 12 + order)
    ]
    square, total = np.square(z), terms[-1]
    for term in terms[-2::-1]:
        total = total * square + term
    return total * z if order % 2 else total


# ---------------------------------------------------------------- modified Bessel functions

NEAR = 20.0  # up to here by the power series, from here on by the asymptotic one


@dispatching
def bessel_i(x: Array, order: int) -> Array:
    """The modified Bessel function of the first kind, of a whole order, at real `x`.

    Relative error about 1e-15, for orders up to 8 at any `x`. Its slope is
    `(bessel_i(x, order - 1) + bessel_i(x, order + 1)) / 2`.
    Source: M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 9.6.10, 9.7.1, 9.6.26.

    >>> bessel_i(np.array([0.0, 1.0]), 1).round(6)
    array([0.      , 0.565159])
    """
    order = abs(order)
    size = np.abs(x)
    out = np.where(size <= NEAR, power_series(size, order), asymptotic_series(size, order))
    return np.copysign(1.0, x).astype(x.dtype) * out if order % 2 else out


def power_series(x: Array, order: int) -> Array:
    """`(x/2)^n Σ (x²/4)^k / (k! (n+k)!)`: all terms are positive, so nothing cancels."""
    x = np.minimum(x, NEAR)
    quarter, total = np.square(x) / 4, 1.0
    for k in range(45, 0, -1):
        total = 1.0 + quarter / (k * (order + k)) * total
    return (x / 2) ** order / factorial(order) * total


def asymptotic_series(x: Array, order: int) -> Array:
    """`exp(x) / sqrt(2πx) Σ (-1)^k (4n² - 1) (4n² - 9) … (4n² - (2k-1)²) / (k! (8x)^k)`."""
    x = np.maximum(x, NEAR)
    total = 1.0
    for k in range(24, 0, -1):
        total = 1.0 - (4 * order**2 - (2 * k - 1) ** 2) / (8 * k * x) * total
    return np.exp(x) / np.sqrt(2 * pi * x) * total


# ---------------------------------------------------------------- the table
# fmt: off
elementwise(np.sinc,         lambda out, x: sinc_derivative(x, 1))
elementwise(np.i0,           lambda out, x: bessel_i(x, 1))
elementwise(sinc_derivative, lambda out, x, order: sinc_derivative(x, order + 1), None, opaque=True)
elementwise(bessel_i,        lambda out, x, order: (bessel_i(x, order - 1) + bessel_i(x, order + 1)) / 2, None, opaque=True)
# fmt: on
