"""Complex numbers: their parts, their angle, their direction, their conjugate.

A real function of a complex number has a complex slope `s`, and changes by `Re(s dz)`: the walks
take the real part where a value is real. What depends on `conj(dz)` too, and is not real, gives its
two rules itself.
"""

import numpy as np

from micrograd_np.core.dispatch import viewing
from micrograd_np.core.forms import elementwise, expression, linear, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.composed.selection import decisive


def angle_slope(z: Array, deg: bool = False) -> Array:
    """`-i / z`, times 180/pi for degrees; 0 at 0, and for real numbers, whose angle is 0 or pi."""
    if z.dtype.kind != "c":
        return np.zeros_like(z)
    slope = np.where(z == 0, 0, -1j / np.where(z == 0, 1, z))
    return np.rad2deg(1.0).item() * slope if deg else slope


def angle_vjp(g: Array, out: Array, z: Array, deg: bool = False) -> Array:
    return g * angle_slope(z, deg)


def angle_jvp(ts: list[Array], out: Array, z: Array, deg: bool = False) -> Array:
    return np.real(ts[0] * angle_slope(z, deg))


def over_size(x: Array, z: Array) -> Array:
    """`x / |z|`; 0 where z is 0."""
    size = np.abs(z)
    return np.where(size == 0, 0, x / np.where(size == 0, 1, size))


def sign_vjp(g: Array, out: Array, z: Array) -> Array:
    """Real numbers have a sign that is flat; `z / |z|` changes by what is at right angles to it."""
    if z.dtype.kind != "c":
        return np.zeros_like(z)
    return over_size(g - np.real(g * out) * np.conj(out), z)


def sign_jvp(ts: list[Array], out: Array, z: Array) -> Array:
    if z.dtype.kind != "c":
        return np.zeros_like(z)
    return over_size(ts[0] - np.real(ts[0] * np.conj(out)) * out, z)


def real_if_close(a: Array, tol: float = 100) -> Array:
    if a.dtype.kind != "c":
        return a
    allowed = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    sizes = np.abs(np.imag(decisive("np.real_if_close", a)))
    return np.real(a) if np.all(sizes < allowed) else a


# fmt: off
linear     (np.conjugate,     lambda g, out, z: np.conj(g))
elementwise(np.real,          1, call=viewing(np.real))
elementwise(np.imag,          lambda out, z: -1j if z.dtype.kind == "c" else 0)
primitive  (np.angle,         angle_vjp, jvp=angle_jvp)
primitive  (np.sign,          sign_vjp, jvp=sign_jvp)
expression (np.real_if_close, real_if_close)
# fmt: on
