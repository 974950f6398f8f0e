"""Complex numbers: their parts, their angle, their conjugate.

A real function of a complex number has a complex slope `s`, and changes by `Re(s dz)`: the walks
take the real part where a value is real.
"""

import numpy as np

from micrograd_np.forms import elementwise, linear
from micrograd_np.op import Array


def angle_slope(out: Array, z: Array, deg: bool = False) -> Array:
    """`-i / z`, times 180/pi for degrees; 0 at 0 and for real numbers."""
    if z.dtype.kind != "c":
        return np.zeros_like(z)
    slope = np.where(z == 0, 0, -1j / np.where(z == 0, 1, z))
    return np.rad2deg(1.0) * slope if deg else slope


# fmt: off
linear     (np.conjugate, lambda g, out, z: np.conj(g))
elementwise(np.real,      1)
elementwise(np.imag,      lambda out, z: -1j if z.dtype.kind == "c" else 0)
# fmt: on
