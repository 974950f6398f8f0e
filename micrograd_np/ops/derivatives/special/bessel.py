"""Bessel functions of SciPy and their kin: Hankel, Struve, Kelvin, Airy, parabolic cylinder, Mathieu.

Their slopes are neighbors in the order (DLMF 10.6, 10.29, 11.4) or follow from the differential
equation that they solve. In the order itself they have no derivative in closed form.
"""

from math import pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import safe_divide
from micrograd_np.ops.derivatives.special.domains import elementwise, fixed, several, typed

# ---------------------------------------------------------------- slopes that need a thought


def half_difference(f: Any, v: Array, x: Array) -> Array:
    return (f(v - 1, x) - f(v + 1, x)) / 2


def half_sum(f: Any, v: Array, x: Array) -> Array:
    return (f(v - 1, x) + f(v + 1, x)) / 2


def struve_term(out: Array, v: Array, x: Array) -> Array:
    """`(x/2)^v / (√π gamma(v + 3/2))`, the inhomogeneous term of Struve's equation."""
    return np.power(x / 2, v) * (sc.rgamma(typed(v + 1.5, out)) / sqrt(pi))


def airye_slopes(out: Array, x: Array) -> tuple[Array, ...]:
    """The slopes of `airy` and of the factors exp(±2/3 x^(3/2)), which are 1 for negative x."""
    root = np.sqrt(np.maximum(x, 0))
    return (
        out[1] + root * out[0],
        x * out[0] + root * out[1],
        out[3] - root * out[2],
        x * out[2] - root * out[3],
    )


def angular(out: Array, value: np.ufunc, m: Array, q: Array, x: Array) -> tuple[Array, Array]:
    """Mathieu's equation `y'' = -(a - 2 q cos(2 x)) y`, with x in degrees."""
    stiffness = value(typed(m, x), typed(q, x)) - 2 * q * sc.cosdg(2 * x)
    return out[1] * (pi / 180), out[0] * stiffness * (-pi / 180)


def radial(out: Array, value: np.ufunc, m: Array, q: Array, x: Array) -> tuple[Array, Array]:
    """Mathieu's modified equation `y'' = (a - 2 q cosh(2 x)) y`."""
    return out[1], out[0] * (value(typed(m, x), typed(q, x)) - 2 * q * np.cosh(2 * x))


# ---------------------------------------------------------------- Bessel, Hankel, Struve
# fmt: off
elementwise(sc.j0,        lambda out, x: -sc.j1(x))
elementwise(sc.j1,        lambda out, x: (sc.j0(x) - sc.jv(2, x)) / 2)
elementwise(sc.y0,        lambda out, x: -sc.y1(x))
elementwise(sc.y1,        lambda out, x: (sc.y0(x) - sc.yv(2, x)) / 2)
elementwise(sc.i0,        lambda out, x: sc.i1(x))
elementwise(sc.i1,        lambda out, x: (sc.i0(x) + sc.iv(2, x)) / 2)
elementwise(sc.k0,        lambda out, x: -sc.k1(x))
elementwise(sc.k1,        lambda out, x: (sc.k0(x) + sc.kv(2, x)) / -2)
elementwise(sc.i0e,       lambda out, x: sc.i1e(x) - np.sign(x) * out)
elementwise(sc.i1e,       lambda out, x: (sc.i0e(x) + sc.ive(2, x)) / 2 - np.sign(x) * out)
elementwise(sc.k0e,       lambda out, x: out - sc.k1e(x))
elementwise(sc.k1e,       lambda out, x: out - (sc.k0e(x) + sc.kve(2, x)) / 2)

elementwise(sc.jv,        fixed("order"), lambda out, v, x: half_difference(sc.jv, v, x))
elementwise(sc.jve,       fixed("order"), lambda out, v, x: half_difference(sc.jve, v, x), real=True)
elementwise(sc.yn,        fixed("order"), lambda out, v, x: half_difference(sc.yv, v, x))
elementwise(sc.yv,        fixed("order"), lambda out, v, x: half_difference(sc.yv, v, x))
elementwise(sc.yve,       fixed("order"), lambda out, v, x: half_difference(sc.yve, v, x), real=True)
elementwise(sc.iv,        fixed("order"), lambda out, v, x: half_sum(sc.iv, v, x))
elementwise(sc.ive,       fixed("order"), lambda out, v, x: half_sum(sc.ive, v, x) - np.sign(x) * out, real=True)
elementwise(sc.kn,        fixed("order"), lambda out, v, x: -half_sum(sc.kv, v, x))
elementwise(sc.kv,        fixed("order"), lambda out, v, x: -half_sum(sc.kv, v, x))
elementwise(sc.kve,       fixed("order"), lambda out, v, x: out - half_sum(sc.kve, v, x))
elementwise(sc.hankel1,   fixed("order"), lambda out, v, z: half_difference(sc.hankel1, v, z))
elementwise(sc.hankel2,   fixed("order"), lambda out, v, z: half_difference(sc.hankel2, v, z))
elementwise(sc.hankel1e,  fixed("order"), lambda out, v, z: half_difference(sc.hankel1e, v, z) - 1j * out)
elementwise(sc.hankel2e,  fixed("order"), lambda out, v, z: half_difference(sc.hankel2e, v, z) + 1j * out)
elementwise(sc.struve,    fixed("order"), lambda out, v, x: half_difference(sc.struve, v, x) + struve_term(out, v, x) / 2)
elementwise(sc.modstruve, fixed("order"), lambda out, v, x: half_sum(sc.modstruve, v, x) + struve_term(out, v, x) / 2)

# ---------------------------------------------------------------- Kelvin and Airy
elementwise(sc.ber,       lambda out, x: sc.berp(x))
elementwise(sc.bei,       lambda out, x: sc.beip(x))
elementwise(sc.ker,       lambda out, x: sc.kerp(x))
elementwise(sc.kei,       lambda out, x: sc.keip(x))
elementwise(sc.berp,      lambda out, x: -sc.bei(x) - safe_divide(out, x))
elementwise(sc.beip,      lambda out, x: sc.ber(x) - safe_divide(out, x, 0.5))
elementwise(sc.kerp,      lambda out, x: -sc.kei(x) - out / x)
elementwise(sc.keip,      lambda out, x: sc.ker(x) - out / x)
several    (sc.kelvin,    lambda out, x: (out[2], out[3], 1j * out[0] - safe_divide(out[2], x, 0.5j), 1j * out[1] - out[3] / x))
several    (sc.airy,      lambda out, x: (out[1], x * out[0], out[3], x * out[2]))
several    (sc.airye,     airye_slopes, real=True)

# ---------------------------------------------------------------- integrals of these
several    (sc.itairy,       lambda out, x: (*sc.airy(x)[::2], *sc.airy(-x)[::2]))
several    (sc.itj0y0,       lambda out, x: (sc.j0(x), sc.y0(x)))
several    (sc.iti0k0,       lambda out, x: (sc.i0(x), sc.k0(x)))
several    (sc.it2j0y0,      lambda out, x: (safe_divide(1 - sc.j0(x), x), -sc.y0(x) / x))
several    (sc.it2i0k0,      lambda out, x: (safe_divide(sc.i0(x) - 1, x), -sc.k0(x) / x))
elementwise(sc.itstruve0,    lambda out, x: sc.struve(typed(0, x), x))
elementwise(sc.itmodstruve0, lambda out, x: sc.modstruve(typed(0, x), x))
elementwise(sc.it2struve0,   lambda out, x: -sc.struve(typed(0, x), x) / x)
elementwise(sc.besselpoly,   lambda out, a, lmb, nu: sc.besselpoly(a, lmb + 1, nu - 1) - sc.besselpoly(a, lmb + 1, nu + 1), *[fixed("exponent and order")] * 2)

# ---------------------------------------------------------------- parabolic cylinder and Mathieu
several    (sc.pbdv,            fixed("order"),     lambda out, v, x: (out[1], out[0] * (np.square(x) / 4 - v - 0.5)))
several    (sc.pbvv,            fixed("order"),     lambda out, v, x: (out[1], out[0] * (np.square(x) / 4 - v - 0.5)))
several    (sc.pbwa,            fixed("parameter"), lambda out, a, x: (out[1], out[0] * (a - np.square(x) / 4)))
several    (sc.mathieu_cem,     fixed("order"),     fixed("parameter"), lambda out, m, q, x: angular(out, sc.mathieu_a, m, q, x))
several    (sc.mathieu_sem,     fixed("order"),     fixed("parameter"), lambda out, m, q, x: angular(out, sc.mathieu_b, m, q, x))
several    (sc.mathieu_modcem1, fixed("order"),     fixed("parameter"), lambda out, m, q, x: radial(out, sc.mathieu_a, m, q, x))
several    (sc.mathieu_modcem2, fixed("order"),     fixed("parameter"), lambda out, m, q, x: radial(out, sc.mathieu_a, m, q, x))
several    (sc.mathieu_modsem1, fixed("order"),     fixed("parameter"), lambda out, m, q, x: radial(out, sc.mathieu_b, m, q, x))
several    (sc.mathieu_modsem2, fixed("order"),     fixed("parameter"), lambda out, m, q, x: radial(out, sc.mathieu_b, m, q, x))
# fmt: on
