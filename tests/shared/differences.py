"""Derivatives by central differences: the judge of the op tests, independent of the package.

Fourth-order differences in float64 with a step of 1e-3: the error is near 1e-12 for functions whose
fifth derivative is of size one, so a relative tolerance of 1e-7 leaves room for the steep ones.

A complex number counts as two real ones, next to each other. In these coordinates the gradient that
a person sees is the transposed Jacobian times the cotangent, whether numbers are real or complex.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
STEP = 1e-3


def flat(result: Any) -> Array:
    """The floating-point parts of a result, an array or several, as one real vector."""
    parts = map(np.asarray, result if isinstance(result, list | tuple) else (result,))
    return np.concatenate([coordinates(part) for part in parts if part.dtype.kind in "fc"])


def coordinates(x: Array) -> Array:
    """The entries of an array as real numbers, two for a complex one."""
    numbers = np.ravel(x)
    if numbers.dtype.kind != "c":
        return numbers
    return np.stack([numbers.real, numbers.imag], axis=-1).ravel()


def directional(f: Callable[..., Any], xs: Sequence[Array], ts: Sequence[Array]) -> Array:
    """The derivative of `f` at `xs` along `ts`, as a vector."""

    def at(steps: int) -> Array:
        return flat(f(*(x + steps * STEP * t for x, t in zip(xs, ts, strict=True))))

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * STEP)


def jacobian(f: Callable[..., Any], xs: Sequence[Array]) -> list[Array]:
    """One matrix an input: a row for each coordinate of the result, a column for each of it."""
    rows = flat(f(*xs)).size
    matrices = []
    for place, x in enumerate(xs):
        units = (1.0, 1j) if x.dtype.kind == "c" else (1.0,)
        columns = np.zeros((rows, x.size * len(units)))
        for column, (entry, unit) in enumerate(product(range(x.size), units)):
            ts = [np.zeros_like(other) for other in xs]
            ts[place].flat[entry] = unit
            columns[:, column] = directional(f, xs, ts)
        matrices.append(columns)
    return matrices


def assert_close(found: Any, expected: Any, tolerance: float = 1e-7, what: str = "") -> None:
    """Equal to `tolerance`, relative to each entry and to a hundredth of the largest one."""
    expected = np.asarray(expected)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max(initial=0.0)))
    atol = 0.01 * tolerance * scale
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=atol, err_msg=what)
