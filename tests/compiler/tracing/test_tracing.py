"""Tracing: every op of the table, traced on some numbers and run on others, bit for bit.

The rows of the op table drive it, so an op that is new is tested here without a word.
"""

from typing import Any

import numpy as np
import pytest
from interpreted import Interpreted, assert_identical, assert_rounded
from op_calls import NARROW, Call, recast
from optable import DIFFERENTIABLE, ROWS, Case, Row, in_case, rows_of

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.compiler.tracing.functions import arrays_in
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.errors import TracingError
from micrograd_np.ops.derivatives.linalg.matrix_functions import logm, sqrtm

# The shapes or dtypes of their results depend on values, or they make text: nothing to freeze.
REFUSED = {
    np.nonzero, np.argwhere, np.flatnonzero, np.unique, np.unique_all, np.unique_counts,
    np.unique_inverse, np.unique_values, np.union1d, np.setdiff1d, np.setxor1d, np.trim_zeros,
    np.bincount, np.piecewise, np.roots, np.polymul, np.polydiv, np.poly, np.emath.sqrt,
    np.emath.log, np.emath.log2, np.emath.log10, np.emath.logn, np.emath.power, np.emath.arccos,
    np.emath.arcsin, np.emath.arctanh, np.min_scalar_type, np.array_str, np.array_repr,
    np.array2string,
}  # fmt: skip
# And these for some arguments.
REFUSED_FOR_SOME = {
    np.real_if_close, np.linalg.eig, np.linalg.eigvals, np.ravel, np.reshape, logm, sqrtm,
}  # fmt: skip
# A Tensor that needs no gradient copies a view; products of what is not copied round otherwise.
CLOSE_ON_TENSORS = {np.linalg.qr}


# ---------------------------------------------------------------- what shares memory

LAYOUTS = {
    "columns": lambda x: np.array(x, order="F") if np.ndim(x) else x,
    "backwards": lambda x: np.flip(np.flip(x).copy()) if np.ndim(x) else x,
    "gaps": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if np.ndim(x) else x,
}


def shared_unmarked(traced: Interpreted, given: list[Any]) -> list[str]:
    """The calls whose results share memory with an argument though they are not marked so."""
    found = []
    for instruction, args, options, parts in traced.steps(given):
        for variable, part in zip(instruction.results, parts, strict=True):
            if isinstance(part, np.ndarray | np.generic):
                assert (part.shape, part.dtype) == (variable.shape, variable.dtype)
            if isinstance(part, np.ndarray) and part.size and not instruction.view:
                arrays = arrays_in((list(args), options))
                if any(np.may_share_memory(x, part) for x in arrays):
                    found.append(variable.hint)
    return found


# ---------------------------------------------------------------- every op


PARTS = ("value", "vjp", "jvp")


def derivatives_of(
    row: Row, call: Call, other: Call, parts: tuple[str, ...] = PARTS
) -> tuple[Any, Any, Any]:
    """The value, the vjp and the jvp as one function, with arguments to trace and to run."""
    if not row.order:
        return lambda *xs: [call.everything(*xs)], call.inputs, other.inputs

    def value(weights: Any, directions: Any, *xs: Any) -> Any:
        return call.everything(*xs)

    def pulled(weights: Any, directions: Any, *xs: Any) -> Any:
        return mg.vjp(call, *xs)[1](weights)

    def pushed(weights: Any, directions: Any, *xs: Any) -> Any:
        return mg.jvp(call, xs, directions)[1]

    chosen = [dict(zip(PARTS, (value, pulled, pushed), strict=True))[part] for part in parts]

    def given(c: Call) -> list[Any]:
        return [c.like(mg.vjp(c, *c.inputs)[0]), c.like(c.inputs), *c.inputs]

    return lambda *args: [part(*args) for part in chosen], given(call), given(other)


def of_tensors(call: Call, other: Call) -> tuple[Any, Any, Any]:
    """The value, of Tensors."""
    tensors = [[Tensor(x) for x in c.inputs] for c in (call, other)]
    return call.everything, *tensors


def unless_refused(row: Row, made: Any) -> Any:
    """What is made, or None if that is refused and the table above says so."""
    try:
        return made()
    except TracingError:
        assert row.function in REFUSED | REFUSED_FOR_SOME
        return None


def few(row: Row) -> tuple[Case, ...]:
    """Some telling cases, or all where what is refused is one of them."""
    return row.telling if row.function in REFUSED_FOR_SOME else row.few


@pytest.mark.parametrize("row", rows_of(ROWS.values(), few))
def test_a_traced_op_is_the_eager_one(row: Row) -> None:
    """Value, vjp and jvp of arrays, value of Tensors: types, dtypes, and every bit.

    What shares memory with an argument, for any layout of the arguments, is marked so (in the first
    two cases, where there are axes to lay out).
    """
    refused = 0
    having_axes = [id(case) for case in row.cases if any(map(np.size, Call(row, case).inputs))][:2]
    for case in row.cases:
        with in_case(row, case):
            calls = Call(row, case), Call(row, case, 1)
            tried = [derivatives_of(row, *calls)]
            if row.function not in CLOSE_ON_TENSORS:
                tried.append(of_tensors(*calls))
            for f, args, others in tried:
                with ignoring_float_errors():
                    expected = f(*others)
                traced = unless_refused(row, lambda f=f, args=args: Interpreted(f, args))
                if traced is None:
                    refused += 1
                    continue
                assert_identical(traced(*others), expected)
                if f is tried[0][0] and id(case) in having_axes:
                    for layout in LAYOUTS.values():
                        assert not shared_unmarked(traced, list(map(layout, traced.values(args))))
    assert (refused > 0) == (row.function in REFUSED | REFUSED_FOR_SOME)


def test_what_is_refused_is_in_the_table() -> None:
    assert set(ROWS) >= REFUSED | REFUSED_FOR_SOME | CLOSE_ON_TENSORS


@pytest.mark.thorough
@pytest.mark.parametrize("row", rows_of(DIFFERENTIABLE))
def test_single_precision(row: Row) -> None:
    """The value and the vjp of narrow numbers."""
    for case in row.telling[:1]:
        calls = Call(row, case), Call(row, case, 1)
        for call in calls:
            call.inputs = recast(call.inputs, NARROW)
        f, args, others = derivatives_of(row, *calls, ("value", "vjp"))
        traced = unless_refused(row, lambda f=f, args=args: Interpreted(f, args))
        if traced is not None:
            with ignoring_float_errors():
                expected = f(*others)
            assert_identical(traced(*others), expected)


# ---------------------------------------------------------------- through the whole compiler


@pytest.mark.thorough
@pytest.mark.parametrize("row", rows_of(ROWS.values()))
def test_a_compiled_op_is_the_eager_one_to_rounding(row: Row) -> None:
    """The value and the vjp in one case, by the executable that `mg.compile` makes."""
    sizes = [sum(np.size(x) for x in Call(row, case).inputs) for case in row.cases]
    case = row.cases[int(np.argmax(sizes))]
    calls = Call(row, case), Call(row, case, 1)
    f, args, others = derivatives_of(row, *calls, ("value", "vjp"))
    compiled = mg.compile(f)
    if unless_refused(row, lambda: [compiled(*args)]) is None:
        return
    with ignoring_float_errors():
        expected = f(*others)
    scale = Interpreted(f, args).largest(others)
    assert_rounded(compiled(*others), expected, scale)
    assert len(compiled.specializations) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("row", rows_of(ROWS.values()))
def test_a_batch_is_traced_as_it_is_computed(row: Row) -> None:
    """`vmap` of the op and of a gradient, over two examples."""
    calls = [Call(row, row.cases[0], seed) for seed in range(4)]
    args, others = (
        [np.stack(pair) for pair in zip(one.inputs, other.inputs, strict=True)]
        for one, other in (calls[:2], calls[2:])
    )

    def loss(*xs: Any) -> Any:
        return sum(np.sum(np.real(part) ** 2) for part in calls[0](*xs))

    functions = [calls[0].everything]
    if row.order:
        functions.append(mg.grad(loss, tuple(range(len(args)))))
    for f in functions if args else ():
        batched = mg.vmap(f)
        with ignoring_float_errors():
            try:
                expected = batched(*others)
            except (TypeError, ValueError):  # what it returns makes no batch
                continue
            traced = unless_refused(row, lambda batched=batched: Interpreted(batched, args))
            if traced is not None:
                assert_identical(traced(*others), expected)
