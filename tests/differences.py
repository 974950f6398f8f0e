"""Derivatives by central differences: the judge of the op tests, independent of the package.

Fourth-order differences in float64 with a step of 1e-3: the error is near 1e-12 for functions whose
fifth derivative is of size one, so a relative tolerance of 1e-7 leaves room for the steep ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
STEP = 1e-3


def flat(result: Any) -> Array:
    """The real-valued parts of a result, an array or several, as one vector."""
    parts = result if isinstance(result, list | tuple) else (result,)
    return np.concatenate([np.ravel(part) for part in parts if np.asarray(part).dtype.kind == "f"])


def directional(f: Callable[..., Any], xs: Sequence[Array], ts: Sequence[Array]) -> Array:
    """The derivative of `f` at `xs` along `ts`, as a vector."""

    def at(steps: int) -> Array:
        return flat(f(*(x + steps * STEP * t for x, t in zip(xs, ts, strict=True))))

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * STEP)


def jacobian(f: Callable[..., Any], xs: Sequence[Array]) -> list[Array]:
    """One matrix an input: a row for each entry of the result, a column for each of the input."""
    rows = flat(f(*xs)).size
    matrices = []
    for place, x in enumerate(xs):
        columns = np.zeros((rows, x.size))
        for entry in range(x.size):
            ts = [np.zeros_like(other) for other in xs]
            ts[place].flat[entry] = 1.0
            columns[:, entry] = directional(f, xs, ts)
        matrices.append(columns)
    return matrices


def assert_close(found: Any, expected: Any, tolerance: float = 1e-7) -> None:
    """Equal to `tolerance`, relative to each entry and to a hundredth of the largest one."""
    expected = np.asarray(expected)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max(initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=0.01 * tolerance * scale)
