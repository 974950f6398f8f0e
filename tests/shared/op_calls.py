"""A row of the op table in one case, as a function to be called, differentiated and recast."""

from typing import Any

import numpy as np
from differences import assert_close, directional, flat
from optable import Case, Row

import micrograd_np as mg
from micrograd_np import Tensor

Array = np.ndarray[Any, Any]


class Call:
    """A row's op in one case, as a function of the inputs that vary."""

    __slots__ = ("case", "drawn", "inputs", "places", "rng", "row")
    __guarded__ = ()  # nobody changes a call: what compiles it does not look through the table

    def __init__(self, row: Row, case: Case, seed: int = 0) -> None:
        self.row, self.case = row, case
        self.drawn = row.draw(case, seed)
        self.places = [i for i, given in enumerate(case.inputs) if type(given) is tuple]
        self.inputs = [self.drawn[i] for i in self.places]
        self.rng = np.random.default_rng(seed)

    def _placed(self, varied: Any) -> list[Any]:
        inputs = list(self.drawn)
        for place, x in zip(self.places, varied, strict=True):
            inputs[place] = x
        return inputs

    def expected(self, *varied: Array) -> Any:
        return self.row.expect(self._placed(varied), self.case.options)

    def everything(self, *varied: Any) -> Any:
        return self.row.call(self._placed(varied), self.case.options)

    def __call__(self, *varied: Any) -> Any:
        """The op's floating-point results: what can be differentiated."""
        out = self.everything(*varied)
        parts = list(out) if isinstance(out, list | tuple) else [out]
        return [part for part in parts if part.dtype.kind in "fc"]

    def like(self, arrays: Any) -> list[Array]:
        """Random directions of the shapes and kinds of `arrays`."""
        return [self._direction(x.shape, x.dtype) for x in arrays]

    def _direction(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        drawn = self.rng.standard_normal(shape)
        if dtype.kind == "c":
            drawn = drawn + 1j * self.rng.standard_normal(shape)
        return drawn.astype(dtype)


def tensors(arrays: Any, dtype: Any = None) -> list[Tensor]:
    return [Tensor(x, requires_grad=True, dtype=dtype) for x in arrays]


def total(parts: list[Tensor], weights: list[Array]) -> Tensor:
    """A real number whose cotangents at `parts` are `weights`."""
    terms = [np.real(np.sum(p * np.conj(w))) for p, w in zip(parts, weights, strict=True)]
    return sum(terms[1:], terms[0])


NARROW = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}


def recast(arrays: list[Array], dtypes: Any) -> list[Array]:
    return [x.astype(dtypes.get(x.dtype, x.dtype)) for x in arrays]


# ---------------------------------------------------------------- first derivatives


def assert_first_derivatives(row: Row, f: Any, call: Call) -> None:
    """`f`'s jvp and vjp against differences of what NumPy computes, along a random direction.

    A wrong entry of a gradient shows in its product with the direction, as no entry of that is 0.
    """
    out, pullback = mg.vjp(f, *call.inputs)
    weights, g = call.like(out), []
    for found, x in zip(pullback(weights), call.inputs, strict=True):
        assert found.shape == x.shape
        assert found.dtype == x.dtype
        g.append(np.asarray(found))
    for place, x in enumerate(call.inputs):  # each input alone: errors in two could cancel
        directions = [np.zeros_like(other) for other in call.inputs]
        directions[place] = 0.5 * call.like([x])[0]
        along = directional(f, call.inputs, directions)
        _, pushed = mg.jvp(f, call.inputs, directions)
        assert_close(flat(pushed), along, row.tolerance)
        product = flat(g[place]) @ flat(directions[place])
        assert_close(product, flat(weights).astype(float) @ along, row.tolerance)


# ---------------------------------------------------------------- second derivatives


def assert_second_derivatives(row: Row, call: Call) -> None:
    xs, directions = call.inputs, call.like(call.inputs)
    weights = call.like(mg.vjp(call, *xs)[0])

    def gradient(*points: Any) -> Any:
        return list(mg.vjp(call, *points)[1](weights))

    def slope(*points: Any) -> Any:
        return mg.jvp(call, points, directions)[1]

    def arrays(*points: Array) -> list[Array]:
        return gradient(*points)

    expected = directional(arrays, xs, directions)
    for found in (
        mg.vjp(gradient, *xs)[1](directions),
        mg.jvp(gradient, xs, directions)[1],
        mg.vjp(slope, *xs)[1](weights),
    ):
        assert_close(flat(found), expected, row.tolerance)
