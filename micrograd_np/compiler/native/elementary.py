"""Elementary functions without jumps or tables, so that a machine computes several at a time.

They are written with arithmetic alone, on *lanes*: numbers of 64 bits, one or many side by side,
that know `+ - * /`, `<` and `==`. `Lanes` says what else they need. Generated code runs them on
LLVM's numbers; on NumPy's arrays they give the same results bit for bit, which is how they are
tested. Numbers of 32 bits are computed in 64 and rounded at the end.

Let `u` be the distance between neighboring numbers at the result. Errors are below 1 u for `exp`
and `log`, below 2 u for `cosh`, `expm1` and `log1p`, below 3 u for `tanh` and `logaddexp`, below 4
u for `logistic_slope`. These bounds hold everywhere: at infinities, NaN, and where results are
subnormal. For `exp` they come about like this: the reduced argument is exact to 2^-66. So `1 + s`
has its last rounding, 0.5 u, the rounding of `s`, at most 0.25 u, and the rest of the polynomial,
below 0.2 u. Scaling is exact, or rounds once more where results have fewer digits. A machine that
multiplies and adds in one instruction rounds less often.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Lane = Any

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # the first in 33 bits
LN2 = 0.6931471805599453
ROUNDER = 6755399441055744.0  # 1.5 * 2^52: what is added to it is rounded to a whole number
SQRT_2 = 1.4142135623730951
SMALLEST = 2.2250738585072014e-308  # the least number that is not subnormal
INFINITY = float("inf")

# (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2, to 3.5e-18: the best polynomial (Remez).
EXP = (
    0.5000000000000012, 0.166666666666667, 0.041666666666515424, 0.008333333333307184,
    0.0013888888947014531, 0.0001984126991744931, 2.4801489943274236e-05, 2.7557216232382135e-06,
    2.763128008838966e-07, 2.5117884147660557e-08,
)  # fmt: skip

# (log((1 + s) / (1 - s)) / s - 2) / s^2 in powers of s^2: its series, to |s| <= 0.1716.
LOG = tuple(2 / (2 * k + 3) for k in range(10))


class Lanes(Protocol):
    """The other operations on lanes; `two_to` takes whole numbers from -1022 to 1023."""

    def select(self, condition: Lane, x: Lane, y: Lane) -> Lane:
        """`x` where the condition holds, else `y`."""

    def absolute(self, x: Lane) -> Lane:
        """Without its sign."""

    def with_sign(self, x: Lane, y: Lane) -> Lane:
        """`x`, which is not negative, with the sign of `y`."""

    def two_to(self, n: Lane) -> Lane:
        """The power of two."""

    def exponent(self, x: Lane) -> Lane:
        """The n with `2^n <= x < 2^(n + 1)`, for a positive x that is not subnormal."""

    def mantissa(self, x: Lane) -> Lane:
        """`x / 2^n` for that n."""


def polynomial(coefficients: Sequence[float], x: Lane) -> Lane:
    """The polynomial, low powers first, by halves (Estrin): a short chain of operations."""
    terms: list[Lane] = list(coefficients)
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        odd = terms[-1:] if len(terms) % 2 else []
        terms = [x * high + low for low, high in pairs] + odd
        x = x * x
    return terms[0]


def reduced(x: Lane) -> tuple[Lane, Lane]:
    """`n` and `s` with `exp(x) = 2^n (1 + s)`: a whole number, and one from -0.3 to 0.42."""
    n = (x * LOG2_E + ROUNDER) - ROUNDER
    high = x - n * LN2_HIGH
    low = n * LN2_LOW
    r = high - low
    rest = (high - r) - low
    square = r * r
    high = (square * square) * (square * square)
    rest = rest + (high * square) * polynomial(EXP[8:], r)
    return n, r + (rest + square * polynomial(EXP[:8], r))


def scaled(x: Lane, n: Lane, do: Lanes) -> Lane:
    """`x * 2^n`, in two steps, as a power of two may be out of bounds."""
    half = (n * 0.5 + ROUNDER) - ROUNDER
    return x * do.two_to(half) * do.two_to(n - half)


def exp(x: Lane, do: Lanes) -> Lane:
    """E to the x."""
    n, s = reduced(x)
    out = do.select(x > 710.0, INFINITY, scaled(s + 1.0, n, do))
    return do.select(x < -746.0, 0.0, out)


def expm1(x: Lane, do: Lanes) -> Lane:
    """`exp(x) - 1`, of full accuracy near 0."""
    n, s = reduced(x)
    half = do.two_to(n - 1.0)
    out = do.select(do.absolute(x) < 1e-300, x, ((half - 0.5) + half * s) * 2.0)
    return do.select(x < -40.0, -1.0, do.select(x > 710.0, INFINITY, out))


def cosh(x: Lane, do: Lanes) -> Lane:
    """`(exp(x) + exp(-x)) / 2`."""
    positive = do.absolute(x)
    n, s = reduced(positive)
    quarter = (s + 1.0) * do.two_to(n - 2.0)
    return do.select(positive > 711.0, INFINITY, quarter * 2.0 + 0.125 / quarter)


def tanh(x: Lane, do: Lanes) -> Lane:
    """`(exp(2 x) - 1) / (exp(2 x) + 1)`."""
    positive = do.absolute(x)
    n, s = reduced(positive * 2.0)
    power = do.two_to(n)
    less = (power - 1.0) + power * s
    return do.with_sign(do.select(positive > 20.0, 1.0, less / (less + 2.0)), x)


def logistic_slope(x: Lane, do: Lanes) -> Lane:
    """`exp(x) / (1 + exp(x))^2`, which is `0.5 / (1 + cosh(x))`, with one division."""
    e = exp(do.absolute(x) * -1.0, do)
    one = e + 1.0
    return e / (one * one)


def log(x: Lane, do: Lanes) -> Lane:
    """The natural logarithm; NaN below 0."""
    tiny = x < SMALLEST
    y = do.select(tiny, x * 2.0**54, x)
    n = do.exponent(y) - do.select(tiny, 54.0, 0.0)
    m = do.mantissa(y)
    upper = m > SQRT_2
    n = n + do.select(upper, 1.0, 0.0)
    f = do.select(upper, m * 0.5, m) - 1.0
    s = f / (f + 2.0)
    square = f * f * 0.5
    z = s * s
    inner = s * (square + z * polynomial(LOG, z)) + n * LN2_LOW
    out = n * LN2_HIGH - ((square - inner) - f)
    out = do.select(x < INFINITY, out, x)
    return do.select(x > 0.0, out, do.select(x == 0.0, -INFINITY, (x - x) / (x - x)))


def log1p(x: Lane, do: Lanes) -> Lane:
    """`log(1 + x)`, of full accuracy near 0."""
    whole = x + 1.0
    lost = (x - (whole - 1.0)) / whole
    sound = do.select(whole > 0.0, whole, INFINITY) < INFINITY
    near = do.absolute(x) < 1e-300
    return do.select(near, x, log(whole, do) + do.select(sound, lost, 0.0))


def logaddexp(x: Lane, y: Lane, do: Lanes) -> Lane:
    """`log(exp(x) + exp(y))`."""
    apart = do.absolute(x - y)
    out = do.select(x > y, x, y) + log1p(exp(apart * -1.0, do), do)
    return do.select(x == y, x + LN2, do.select(apart > 0.0, out, x + y))  # NaN is not above 0


FUNCTIONS: dict[str, Callable[..., Lane]] = {
    each.__name__: each for each in (exp, expm1, cosh, tanh, logistic_slope, log, log1p, logaddexp)
}
