"""Tensors over arrays of other libraries: strict doubles, Dask, CuPy.

Every row of the op table is tried over the doubles of `strict_array`, and gives what it gives over
NumPy's arrays: value, gradient, both directions, second derivatives. Dask's arrays stay lazy and in
their blocks until somebody asks for numbers.
"""

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from optable import CONSTANT, DIFFERENTIABLE, Case, Row
from strict_array import DeviceArray, PulledOutError, StrictArray, uncovered
from test_ops import Call

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim
from micrograd_np.checking import check_gradient
from micrograd_np.errors import ForeignArrayError, MutationError, NonFiniteError
from micrograd_np.ops.indexing import getitem, scatter
from micrograd_np.train import fit

Array = np.ndarray[Any, Any]
Kind = Callable[[Any], Any]

RNG = np.random.default_rng(11)
DOUBLES = pytest.mark.parametrize("kind", [StrictArray, DeviceArray])

# ---------------------------------------------------------------- every op, over the doubles

# The numbers themselves decide the shape or the dtype of these results.
NEED_NUMBERS = {
    **dict.fromkeys(
        (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.logn, np.emath.power),
        "complex where a number is negative",
    ),
    **dict.fromkeys(
        (np.emath.arccos, np.emath.arcsin, np.emath.arctanh), "complex where a number is beyond 1"
    ),
    np.real_if_close: "real if the imaginary parts are small",
    np.poly: "real if complex roots come in pairs",
    np.roots: "as many roots as the degree, which leading zeros lower",
    np.polymul: "leading zeros are left out",
    np.polydiv: "leading zeros are left out",
    np.trim_zeros: "zeros at the ends are left out",
}

# Positions, counts and axes stay here; these options are numbers, and go where the array is.
AFAR = set("where weights fweights aweights mean condlist to_end to_begin prepend append k".split())
POSITIONS = {np.delete, np.insert, np.tile, np.expand_dims, np.split, np.array_split}


def on_device(row: Row, case: Case) -> tuple[Row, Case]:
    """A case with all its numbers where the device is, as its user would have them."""
    options = {
        name: moved(value) if name in AFAR else value for name, value in case.options.items()
    }
    inputs = case.inputs if row.function in POSITIONS else tuple(map(moved, case.inputs))
    return row, Case(inputs, options, case.kinds)


def moved(given: Any) -> Any:
    if isinstance(given, np.ndarray):
        return DeviceArray(given)
    if not isinstance(given, list) or not given:
        return given
    if isinstance(given[0], np.ndarray):
        return [moved(part) for part in given]
    return DeviceArray(np.asarray(given)) if isinstance(given[0], float | bool) else given


def telling(row: Row) -> Iterator[Case]:
    """One case for each set of options, kind of numbers and number of axes."""
    seen = set()
    for case in row.cases:
        shapes = [len(x) if type(x) is tuple else None for x in case.inputs]
        kind = (*sorted(case.options), case.kinds, *shapes)
        if kind not in seen:
            seen.add(kind)
            yield case


class Trial:
    """One case, over NumPy's arrays and over another kind, with the same vectors."""

    def __init__(self, row: Row, case: Case) -> None:
        self.row, self.case = row, case
        self.call = Call(row, case)
        parts = self.call(*map(Tensor, self.call.inputs))
        self.weights = self.call.like([part.value for part in parts])
        self.directions = self.call.like(self.call.inputs)

    def run(self, kind: Kind, call: Call) -> Iterator[tuple[str, list[Any]]]:
        xs = [kind(x) for x in self.call.inputs]
        weights, directions = map(kind, self.weights), list(map(kind, self.directions))
        weights = list(weights)

        def gradient(*points: Any) -> Any:
            return list(mg.vjp(call, *points)[1](weights))

        def slope(*points: Any) -> Any:
            return mg.jvp(call, points, directions)[1]

        leaves = [Tensor(x, requires_grad=True) for x in xs]
        parts = call(*leaves)
        yield "value", [part.value for part in parts]
        for part, weight in zip(parts, weights, strict=True):
            part.backward(weight)
        yield "grad", [leaf.grad for leaf in leaves]
        yield "vjp", [g.value for g in gradient(*xs)]
        yield "jvp", [t.value for t in slope(*xs)]
        if self.row.order > 1:
            yield "reverse over reverse", [x.value for x in mg.vjp(gradient, *xs)[1](directions)]
            yield "forward over reverse", [x.value for x in mg.jvp(gradient, xs, directions)[1]]
            yield "reverse over forward", [x.value for x in mg.vjp(slope, *xs)[1](weights)]

    def compare(self, kind: type[StrictArray]) -> None:
        other = self.call
        if kind is DeviceArray:
            other = copy.copy(self.call)
            _, other.case = on_device(self.row, self.case)
            if self.row.function not in POSITIONS:
                other.drawn = [moved(x) for x in self.call.drawn]
        pairs = zip(self.run(np.asarray, self.call), self.run(kind, other), strict=True)
        for (stage, rights), (_, found) in pairs:
            for right, part in zip(rights, found, strict=True):
                assert type(part) is kind, stage
                assert (part.shape, part.dtype) == (right.shape, right.dtype), stage
                np.testing.assert_allclose(part.hidden, right, 1e-9, 1e-11, err_msg=stage)


@DOUBLES
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_an_op_over_a_double_gives_what_it_gives_over_numpy(row: Row, kind: Any) -> None:
    refused = 0
    cases = list(telling(row))
    for case in cases:
        if kind is DeviceArray and row.through is not None:
            continue  # it mixes constants of NumPy's into the inputs
        with np.errstate(all="ignore"):
            try:
                Trial(row, case).compare(kind)
            except ForeignArrayError:
                refused += 1
    assert bool(refused) == (row.function in NEED_NUMBERS)
