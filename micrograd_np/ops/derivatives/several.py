"""The form of ufuncs with several results, each of which may be flat in any input."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.core.forms import primitive
from micrograd_np.core.op import Array, Op, Rule

Slopes = Rule  # `(out, *inputs)` to a slope for each result: 1, an array, or None where it is flat


def several(function: np.ufunc, *slopes: Slopes) -> Op:
    """Declare a ufunc with several results: for each input, the slopes of all results in it."""

    def vjp_by(slopes_in_one: Slopes) -> Rule:
        def vjp(g: Sequence[Array | None], out: Any, *inputs: Array) -> Array:
            terms = products(g, slopes_in_one(out, *inputs))
            return sum(terms[1:], terms[0]) if terms else np.zeros_like(out[0])

        return vjp

    def jvp(tangents: Sequence[Array | None], out: Any, *inputs: Array) -> tuple[Array, ...]:
        given = [(t, each) for t, each in zip(tangents, slopes, strict=True) if t is not None]
        rows = zip(*(each(out, *inputs) for _, each in given), strict=True)
        changes = [products([t for t, _ in given], row) for row in rows]
        return tuple(
            sum(terms[1:], terms[0]) if terms else np.zeros_like(part)
            for terms, part in zip(changes, out, strict=True)
        )

    return primitive(function, *map(vjp_by, slopes), jvp=jvp, sees_unused=True)


def products(changes: Sequence[Array | None], slopes: Sequence[Any]) -> list[Array]:
    """The products of changes and slopes, without those of which a factor is None."""
    return [
        change if isinstance(slope, int) and slope == 1 else change * slope
        for change, slope in zip(changes, slopes, strict=True)
        if change is not None and slope is not None
    ]
