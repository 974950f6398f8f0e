"""Elliptic integrals and functions of SciPy, and the inverse functions of Lambert and Wright.

Complete integrals are hypergeometric functions, and so are their slopes to any order (DLMF 19.5).
The slopes of incomplete integrals are Carlson's symmetric integrals (DLMF 19.18), which are free of
cancellation at any modulus.
"""

from math import pi

import numpy as np
import scipy.special as sc
from scipy.special._ufuncs import _lambertw  # what `lambertw`, which is Python, calls

from micrograd_np.core.op import Array, Rule
from micrograd_np.ops.derivatives.special.domains import elementwise, fixed, hyp2f1, several, typed

# ---------------------------------------------------------------- slopes that need a thought


def ellipk_slope(m: Array) -> Array:
    return hyp2f1(1.5, 1.5, 2, m) * (pi / 8)


def ellipe_slope(m: Array) -> Array:
    return hyp2f1(0.5, 1.5, 2, m) * (-pi / 8)


def modulus_slope(phi: Array, m: Array, carlson: Rule, complete: Rule) -> Array:
    """`s³ RD / 6` within a half turn, and twice the complete integral's slope for each half turn.

    `s` is the sine, and `carlson` is `RD` of the squared cosine, 1 and `1 - m s²` in some order.
    """
    turns = np.rint(phi / pi)
    rest = phi - pi * turns
    s = np.sin(rest)
    inner = s**3 * carlson(np.square(np.cos(rest)), 1 - m * s**2) / 6
    return inner + np.where(turns == 0, 0, 2 * turns * complete(m))


def agm_slope(out: Array, a: Array, b: Array) -> Array:
    """The slope in `a` of `agm(a, b) = pi/2 a / K(1 - b²/a²)`."""
    m = (a - b) * (a + b) / np.square(a)
    inner = ellipk_slope(m) * np.square(out * b) * 4 / (pi * a**4)
    return out / a - inner


def elliprg_slope(x: Array, y: Array, z: Array) -> Array:
    return (sc.elliprf(x, y, z) - x * sc.elliprd(y, z, x) / 3) / 4


def elliprd_slope(out: Array, x: Array, y: Array, z: Array) -> Array:
    """The slope in `x`, `(out - RD(y, z, x)) / (2 (z - x))`, by Euler and Poisson (DLMF 19.18.8).

    Where x and z nearly agree, the integral for both at their mean, off by the square of what
    parts them: `-3/10 m^(-5/2) 2F1(1/2, 5/2; 7/2; 1 - y/m)`.
    """
    near = np.abs(z - x) < np.finfo(out.dtype).eps ** (1 / 3) * (x + z)
    m = np.where(near, (x + z) / 2, 1)
    together = hyp2f1(0.5, 2.5, 3.5, 1 - y / m) * -0.3 / m**2.5
    apart = (out - sc.elliprd(y, z, x)) / np.where(near, 1, 2 * (z - x))
    return np.where(near, together, apart)


def elliprd_last(out: Array, x: Array, y: Array, z: Array) -> Array:
    """The slope in `z`, from the other two: the function is homogeneous of degree -3/2."""
    others = x * elliprd_slope(out, x, y, z) + y * elliprd_slope(out, y, x, z)
    return (out * -1.5 - others) / z


# ---------------------------------------------------------------- the tables
# fmt: off
elementwise(sc.ellipk,    lambda out, m: ellipk_slope(m))
elementwise(sc.ellipe,    lambda out, m: ellipe_slope(m))
elementwise(sc.ellipkm1,  lambda out, p: hyp2f1(0.5, 0.5, 2, 1 - p) * (-pi / 8) / p)  # Euler's formula takes the pole at 0 out
elementwise(sc.ellipkinc, lambda out, phi, m: 1 / np.sqrt(1 - m * np.square(np.sin(phi))), lambda out, phi, m: modulus_slope(phi, m, lambda cc, w: sc.elliprd(cc, typed(1, m), w), ellipk_slope))
elementwise(sc.ellipeinc, lambda out, phi, m: np.sqrt(1 - m * np.square(np.sin(phi))),     lambda out, phi, m: modulus_slope(phi, m, lambda cc, w: -sc.elliprd(cc, w, typed(1, m)), ellipe_slope))
several    (sc.ellipj,    lambda out, u, m: (out[1] * out[2], -out[0] * out[2], -m * out[0] * out[1], out[2]), fixed("parameter"))
elementwise(sc.agm,       agm_slope, lambda out, a, b: agm_slope(out, b, a))

elementwise(sc.elliprc,   lambda out, x, y: sc.elliprd(y, y, x) / -6, lambda out, x, y: sc.elliprd(x, y, y) / -3)
elementwise(sc.elliprf,   lambda out, x, y, z: sc.elliprd(y, z, x) / -6, lambda out, x, y, z: sc.elliprd(x, z, y) / -6, lambda out, x, y, z: sc.elliprd(x, y, z) / -6)
elementwise(sc.elliprd,   elliprd_slope, lambda out, x, y, z: elliprd_slope(out, y, x, z), elliprd_last)
elementwise(sc.elliprg,   lambda out, x, y, z: elliprg_slope(x, y, z), lambda out, x, y, z: elliprg_slope(y, x, z), lambda out, x, y, z: elliprg_slope(z, x, y))

elementwise(_lambertw,      lambda out, z, k, tol: np.exp(-out) / (1 + out), fixed("branch"), fixed("tolerance"))
elementwise(sc.wrightomega, lambda out, z: out / (1 + out))
# fmt: on
