"""Polynomials: their values, sums, products, slopes, integrals, fits and roots.

A polynomial is a vector of coefficients, the highest power first.
"""

import warnings
from typing import Any

import numpy as np

from micrograd_np.core.foreign import like
from micrograd_np.core.forms import expressions, primitive
from micrograd_np.core.op import Array, Inputs, Options
from micrograd_np.core.record import as_input, value_of
from micrograd_np.errors import OptionError, ShapeError
from micrograd_np.ops.composed.array_like import at_least
from micrograd_np.ops.composed.selection import decisive
from micrograd_np.ops.derivatives.shaping import astype


def coefficients(p: Array) -> Array:
    """The vector of coefficients of a polynomial, which may be one of NumPy's `poly1d`."""
    return at_least(1, p.coeffs if isinstance(p, np.poly1d) else p)


# ---------------------------------------------------------------- values


def polyval(p: Array, x: Array) -> Array:
    """The value of the polynomial at `x`, by Horner's rule."""
    if isinstance(x, np.poly1d):
        raise TypeError(
            "np.polyval of a polynomial in another one is not differentiated; evaluate the inner "
            "one at numbers first, and the outer one at its values."
        )
    p, x = coefficients(p), as_input(x)
    total = np.zeros_like(x)
    for i in range(p.shape[0]):
        total = total * x + p[i]
    return total


def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:  # noqa: N803 - NumPy's
    """The powers of x as columns."""
    x = as_input(x)
    if np.ndim(x) != 1:
        raise ShapeError(f"np.vander takes a vector, not an array of shape {np.shape(x)}")
    powers = like(x, np.arange(x.shape[0] if N is None else N))
    x = x.astype(np.promote_types(x.dtype, int))
    return np.power(x[:, None], powers if increasing else powers[::-1])


# ---------------------------------------------------------------- arithmetic


def polyadd(a1: Array, a2: Array) -> Array:
    left, right = of_one_length(a1, a2)
    return left + right


def polysub(a1: Array, a2: Array) -> Array:
    left, right = of_one_length(a1, a2)
    return left - right


def of_one_length(*polynomials: Array) -> list[Array]:
    """The coefficients of polynomials, with zeros for higher powers that others have."""
    ps = [coefficients(p) for p in polynomials]
    missing = [max(p.shape[0] for p in ps) - p.shape[0] for p in ps]
    return [
        np.concatenate([np.zeros_like(p, shape=n), p]) if n else p
        for p, n in zip(ps, missing, strict=True)
    ]


def polymul(a1: Array, a2: Array) -> Array:
    return np.convolve(trim_leading_zeros(coefficients(a1)), trim_leading_zeros(coefficients(a2)))


def trim_leading_zeros(p: Array) -> Array:
    """Without leading zeros, of which NumPy's product keeps none."""
    significant = np.flatnonzero(np.asarray(decisive("np.polymul", p)))
    return p[int(significant[0]) if significant.size else -1 :]


def polydiv(u: Array, v: Array) -> tuple[Array, Array]:
    """Long division: quotient and remainder, the latter without leading zeros."""
    u, v = coefficients(u) + 0.0, coefficients(v) + 0.0
    remainder, length = u.astype(np.result_type(u, v)), v.shape[0]
    quotient = []
    for k in range(u.shape[0] - length + 1):
        factor = (1.0 / v[0]) * remainder[k]
        parts = remainder[:k], remainder[k : k + length] - factor * v, remainder[k + length :]
        remainder = np.concatenate(parts)
        quotient.append(factor)
    values = decisive("np.polydiv", remainder)
    leading = int(np.argmin(np.append(np.isclose(values[:-1], 0, rtol=1e-14), False)))
    whole = np.stack(quotient) if quotient else np.zeros_like(remainder, shape=1)
    return whole, remainder[leading:]


# ---------------------------------------------------------------- slopes and integrals


def polyder(p: Array, m: int = 1) -> Array:
    p = coefficients(p)
    if m < 0:
        raise ValueError(f"np.polyder takes a number of derivatives that is not negative: m={m}")
    for _ in range(m):
        p = p[:-1] * like(p, np.arange(p.shape[0] - 1, 0, -1))
    return p


def polyint(p: Array, m: int = 1, k: Array = None) -> Array:
    """The integral taken `m` times, `k` being its constants, differentiable too."""
    p = coefficients(p) if m else as_input(p)
    constants = like(p, np.zeros(m) if k is None else at_least(1, k))
    if m < 0 or constants.shape[0] not in (1, *range(m, constants.shape[0] + 1)):
        raise ValueError(
            f"np.polyint takes m integrals and as many constants, or one for all of them; given "
            f"m={m} and {constants.shape[0]} constants."
        )
    for i in range(m):
        constant = constants[:1] if constants.shape[0] == 1 else constants[i : i + 1]
        p = np.concatenate([p / like(p, np.arange(p.shape[0], 0, -1)), constant])
    return p


# ---------------------------------------------------------------- fits


def polyfit(
    x: Array, y: Array, deg: int, rcond: float | None = None, full: bool = False,
    w: Array = None, cov: bool | str = False,
) -> Any:  # fmt: skip
    """Least squares in powers of x, scaled to unit columns as NumPy does."""
    if full:
        raise OptionError.unknown(np.polyfit, ["full"], ["rcond", "w", "cov"])
    x, y, order = as_input(x) + 0.0, as_input(y) + 0.0, int(deg) + 1
    check_fit(x, y, w, order)
    rcond = x.shape[0] * np.finfo(x.dtype).eps if rcond is None else rcond
    powers, target = vander(x, order), y
    if w is not None:
        w = as_input(w) + 0.0
        powers = powers * w[:, None]
        target = y * (w[:, None] if y.ndim == 2 else w)
    scale = np.sqrt(np.sum(powers * powers, axis=0))
    powers = powers / scale
    found, residuals, rank, _ = np.linalg.lstsq(powers, target, rcond)
    found = np.transpose(np.transpose(found) / scale)
    if isinstance(value_of(rank), np.integer | np.ndarray) and int(rank) != order:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    if not cov:
        return found
    spread = np.linalg.inv(np.transpose(powers) @ powers) / (scale[:, None] * scale)
    if cov == "unscaled":
        factor: Array = 1
    elif x.shape[0] > order:
        factor = residuals / (x.shape[0] - order)
    else:
        raise ValueError(
            f"np.polyfit with cov=True needs more than {order} points, and {x.shape[0]} were given"
        )
    return found, (spread if y.ndim == 1 else spread[:, :, None]) * factor


def check_fit(x: Array, y: Array, w: Array, order: int) -> None:
    if order < 1:
        raise ValueError(f"np.polyfit takes a degree that is not negative, not {order - 1}")
    if x.ndim != 1 or x.size == 0 or y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        raise TypeError(
            f"np.polyfit takes a vector x that is not empty, and y with one row for each of its "
            f"entries; given shapes {x.shape} and {y.shape}."
        )
    if w is not None and np.shape(w) != x.shape:
        raise TypeError(f"np.polyfit takes one weight a point: given {np.shape(w)} for {x.shape}")


# ---------------------------------------------------------------- roots


def root_slopes(out: Array, p: Array) -> Array:
    """The slope of each root in each coefficient: `-r^power / p'(r)`, a row a root.

    From differentiating `p(r) = 0`. The slope is infinite for a root that coincides with another
    one.
    """
    powers = like(p, np.arange(p.shape[0] - 1, -1, -1, dtype=np.finfo(p.dtype).dtype))
    return -np.power(out[:, None], powers) / polyval(p[:-1] * powers[:-1], out)[:, None]


def bind_roots(p: Array) -> tuple[Inputs, Options]:
    """The coefficients as an array; which of them are zero decides how many roots there are."""
    p = as_input(p)
    decisive("np.roots", p)
    return (p,), {}


def undo_roots(g: Array, out: Array, p: Array) -> Array:
    return np.reshape(np.matmul(g, root_slopes(out, at_least(1, p))), p.shape)


def roots_jvp(ts: list[Array], out: Array, p: Array) -> Array:
    return np.matmul(root_slopes(out, at_least(1, p)), at_least(1, ts[0]))


PRECISE = "GDFgdf"  # the dtypes in which NumPy multiplies factors; others become float64


def poly(seq_of_zeros: Array) -> Any:
    """The polynomial with given roots, or the characteristic one of a matrix."""
    zeros = at_least(1, seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim != 1:
        raise ShapeError(f"np.poly takes roots or a square matrix, not shape {zeros.shape}")
    elif zeros.dtype.char not in PRECISE:
        zeros = astype(zeros, float)
    if zeros.shape[0] == 0:
        return 1.0
    p, nothing = np.ones_like(zeros, shape=1), np.zeros_like(zeros, shape=1)
    for i in range(zeros.shape[0]):
        p = np.concatenate([p, nothing]) - zeros[i] * np.concatenate([nothing, p])
    if zeros.dtype.kind == "c":
        values = np.asarray(decisive("np.poly of complex numbers", zeros))
        if np.array_equal(np.sort(values), np.sort(np.conj(values))):
            return np.real(p)
    return p


expressions(
    np, polyval, vander, polyadd, polysub, polymul, polydiv, polyder, polyint, polyfit, poly
)
primitive(np.roots, undo_roots, jvp=roots_jvp, binder=bind_roots)
