"""Complex numbers: their parts, their angle, their direction, their conjugate.

A real function of a complex number has a complex slope `s`, and changes by `Re(s dz)`: the walks
take the real part where a value is real. A function that depends on `conj(dz)` too, and is not
real, has two rules of its own.
"""

import numpy as np

from micrograd_np.core.dispatch import viewing
from micrograd_np.core.forms import elementwise, linear, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import is_complex, safe_divide
from micrograd_np.ops.kernels.matrices import conj


def angle_slope(z: Array, deg: bool = False) -> Array:
    """`-i / z`, times 180/pi for degrees; 0 at 0, and for real numbers, whose angle is 0 or pi."""
    if not is_complex(z):
        return np.zeros_like(z)
    slope = safe_divide(-1j, z)
    return np.rad2deg(1.0).item() * slope if deg else slope


def across(t: Array, direction: Array, z: Array) -> Array:
    """The part of `t` at right angles to a direction, over `|z|`; real numbers' signs are flat."""
    if not is_complex(z):
        return np.zeros_like(z)
    return (t - np.real(t * conj(direction)) * direction) * safe_divide(1, np.abs(z))


# fmt: off
linear     (np.conjugate, lambda g, out, z: np.conj(g))
elementwise(np.real,      1, call=viewing(np.real))
elementwise(np.imag,      lambda out, z: -1j if is_complex(z) else 0)
primitive  (np.angle,     lambda g, out, z, deg=False: g * angle_slope(z, deg), jvp=lambda ts, out, z, deg=False: np.real(ts[0] * angle_slope(z, deg)))
primitive  (np.sign,      lambda g, out, z: across(g, conj(out), z), jvp=lambda ts, out, z: across(ts[0], out, z))
# fmt: on
