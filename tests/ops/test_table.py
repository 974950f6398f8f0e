"""Every operation against NumPy and against differences, driven by the table in `optable`."""

import operator
from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional, flat, jacobian
from folding import each
from op_calls import (
    NARROW,
    Call,
    assert_first_derivatives,
    assert_second_derivatives,
    recast,
    tensors,
    total,
)
from optable import CONSTANT, DIFFERENTIABLE, REFUSED_UFUNCS, ROWS, Case, Row, by_row

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core import tree
from micrograd_np.core.op import EXPRESSIONS, OPS
from micrograd_np.ops.derivatives.shaping import astype

Array = np.ndarray[Any, Any]
WIDE = {np.dtype(np.float32): np.float64, np.dtype(np.complex64): np.complex128}


# ---------------------------------------------------------------- the table itself


def test_rows_and_registry_have_the_same_ops() -> None:
    declared = [*OPS.values(), *EXPRESSIONS.values()]
    functions = {given.function for given in declared}
    assert functions - set(ROWS) == set(), "an op has no example row in tests/shared/optable"
    assert set(ROWS) - functions == set(), "an example row belongs to no op"


def test_every_ufunc_of_numpy_is_registered_or_refused_on_purpose() -> None:
    ufuncs = {f for f in vars(np).values() if isinstance(f, np.ufunc)}
    assert {f.__name__ for f in ufuncs if f not in OPS} == REFUSED_UFUNCS


ALIASES = [(f, op) for f, op in OPS.items() if f is not op.function]


@pytest.mark.parametrize(("alias", "op"), ALIASES, ids=lambda given: getattr(given, "name", ""))
def test_an_alias_is_the_same_op(alias: Any, op: Any) -> None:
    row = ROWS[op.function]
    call = Call(row, next(case for case in row.cases if () not in case.inputs))
    xs = tensors(call.inputs)
    named = row.call(xs, call.case.options)
    others = call.case.options
    other = alias(*xs, *others.values()) if alias is operator.getitem else alias(*xs, **others)
    assert other.op is named.op
    np.testing.assert_array_equal(other.data, named.data)


# ---------------------------------------------------------------- values


@by_row(DIFFERENTIABLE)
def test_value_is_numpys(row: Row, case: Case) -> None:
    call = Call(row, case)
    xs = tensors(call.inputs)
    out, expected = call.everything(*xs), call.expected(*call.inputs)
    assert isinstance(out, Tensor | list | tuple)
    if isinstance(expected, list | tuple):
        assert type(out) is type(expected)
    else:
        out, expected = [out], [expected]
    for part, right in zip(out, expected, strict=True):
        assert isinstance(part, Tensor)
        assert part.data.dtype == np.asarray(right).dtype
        if row.reference is None and row.function in OPS:
            np.testing.assert_array_equal(part.data, right)
        else:
            assert part.shape == np.shape(right)
            np.testing.assert_allclose(part.data, right, rtol=1e-12, atol=1e-14)


@by_row(CONSTANT)
def test_constant(row: Row, case: Case) -> None:
    """A constant's value is NumPy's; only a floating-point one is recorded, with gradient zero."""
    call = Call(row, case)
    xs = [Tensor(x, requires_grad=x.dtype.kind in "fc") for x in call.inputs]
    out, expected = call.everything(*xs), call.expected(*call.inputs)
    if not isinstance(expected, np.ndarray | np.generic):
        assert type(out) is type(expected)
        assert not any(isinstance(part, Tensor) for part in tree.leaves(out))
        np.testing.assert_equal(out, expected)
        return
    np.testing.assert_array_equal(out.data, expected)
    assert out.dtype == expected.dtype
    op = OPS.get(row.function)
    recorded = (op is None or op.recorded) and out.dtype.kind in "fc"
    assert out.requires_grad == recorded
    if recorded:
        out.backward(np.ones(out.shape))
        for x in xs:
            np.testing.assert_array_equal(x.grad, np.zeros(x.shape))


# ---------------------------------------------------------------- first derivatives


@by_row(DIFFERENTIABLE, "few")
def test_vjp_and_jvp_against_differences(row: Row, case: Case) -> None:
    call = Call(row, case)
    assert_first_derivatives(row, call, call)


# Ways to lay the same numbers out in memory, for arrays and Tensors.
LAYOUTS = {
    "backwards": lambda x: np.flip(np.copy(np.flip(x), order="C")),
    "by columns": lambda x: np.transpose(np.copy(np.transpose(x), order="C")),
}


@by_row(DIFFERENTIABLE, "few")
def test_layouts(row: Row, case: Case) -> None:
    """Value and derivatives come of the numbers alone, however these lie in memory."""
    call = Call(row, case)
    if max(x.ndim for x in call.inputs) == 0:
        return

    def derivatives(f: Any, xs: Any, weights: Any, directions: Any) -> Array:
        out, pullback = mg.vjp(f, *xs)
        return flat([*out, *pullback(weights), *mg.jvp(f, xs, directions)[1]])

    vectors = (call.inputs, call.like(call(*map(Tensor, call.inputs))), call.like(call.inputs))
    expected = derivatives(call, *vectors)
    for name, laid_out in LAYOUTS.items():

        def f(*xs: Any, laid_out: Any = laid_out) -> Any:
            return call(*map(laid_out, xs))

        if case.options.get("order") in ("A", "K"):  # the result has the order of the memory
            assert_first_derivatives(row, f, call)
        else:
            moved = [list(map(laid_out, arrays)) for arrays in vectors]
            assert_close(derivatives(f, *moved), expected, 1e-9, name)


# ---------------------------------------------------------------- second derivatives

SECOND = [row for row in DIFFERENTIABLE if row.order > 1]


@by_row(SECOND, "few")
def test_second_derivatives_agree(row: Row, case: Case) -> None:
    """Reverse over reverse, forward over reverse and reverse over forward, against differences."""
    assert_second_derivatives(row, Call(row, case))


@by_row(DIFFERENTIABLE, "few")
def test_the_pullback_is_linear_in_its_cotangent(row: Row, case: Case) -> None:
    """Differentiating the vjp in its cotangent gives the jvp: each rule is a true transpose."""
    call = Call(row, case)
    xs, directions = call.inputs, call.like(call.inputs)
    out, pullback = mg.vjp(call, *xs)
    _, pushed = mg.jvp(call, xs, directions)
    found = mg.vjp(lambda ws: list(pullback(ws)), call.like(out))[1](directions)[0]
    for part, expected in zip(found, pushed, strict=True):
        assert_close(part, expected, row.tolerance)


# ---------------------------------------------------------------- dtypes and ownership


@by_row(DIFFERENTIABLE, "few")
def test_float32(row: Row, case: Case) -> None:
    """Value as NumPy's in dtype, gradients narrow, and no rule computes in another precision."""
    call = Call(row, case)
    small = recast(call.inputs, NARROW)
    xs = tensors(small)
    out, expected = call.everything(*xs), call.expected(*small)
    parts = list(out) if isinstance(out, list | tuple) else [out]
    rights = list(expected) if isinstance(expected, list | tuple) else [expected]
    assert [p.dtype for p in parts] == [np.asarray(right).dtype for right in rights]
    parts = [part for part in parts if part.dtype.kind in "fc"]
    weights = call.like(parts)
    total(parts, weights).backward()
    exact = mg.vjp(call, *recast(small, WIDE))[1](recast(weights, WIDE))
    for x, right in zip(xs, exact, strict=True):
        assert x.grad.dtype == x.dtype
        assert x.grad.shape == x.shape
        assert_close(x.grad, right.astype(x.dtype), max(3e-5, row.tolerance))
    if row.function in OPS and all(part.dtype in WIDE for part in parts):
        assert_rules_keep_float32(call, small, weights)


def assert_rules_keep_float32(call: Call, small: list[Array], weights: list[Array]) -> None:
    """Neither the vjp rules nor the jvp rule leave float32 (the walks would hide it by casting)."""
    op = OPS[call.row.function]
    given = call._placed(tensors(small))
    whole = call.row.call(given, call.case.options)
    node = whole if isinstance(whole, Tensor) else whole[0].inputs[0]
    values = [x.value if isinstance(x, Tensor) else x for x in node.inputs]
    given_back = iter(weights)
    cotangent = weights[0]
    if isinstance(node.value, tuple):
        cotangent = [
            next(given_back) if part.dtype.kind in "fc" else np.zeros(part.shape, np.float32)
            for part in node.value
        ]
    out = node.value
    wanted = [i for i, x in enumerate(node.inputs) if isinstance(x, Tensor)]
    for index in wanted:
        (found,) = op.vjp((index,), cotangent, out, values, node.options)
        if found is not None:
            assert found.dtype in (np.float32, np.complex64, np.bool_)
    tangents = [np.ones_like(values[i]) if i in wanted else None for i in range(len(values))]
    pushed = op.jvp(tangents, out, *values, **node.options)
    if not all(isinstance(x, np.ndarray | np.generic) for x in values):
        return  # zeros in the place of a Python number are float64
    for part, value in zip(
        pushed if isinstance(pushed, list | tuple) else [pushed],
        out if isinstance(out, tuple) else [out],
        strict=True,
    ):
        assert value.dtype not in WIDE or part.dtype in WIDE


@by_row(DIFFERENTIABLE, "few")
def test_nothing_is_changed_or_shared(row: Row, case: Case) -> None:
    """Inputs, value and cotangent survive a backward; gradients are arrays of their own."""
    call = Call(row, case)
    before = [x.copy() for x in call.inputs]
    xs = tensors(call.inputs)
    parts = call(*xs)
    values, weights = [part.numpy() for part in parts], call.like(parts)
    kept = [w.copy() for w in weights]
    for part, weight in zip(parts, weights, strict=True):
        part.backward(weight)
    for x, original, given in zip(xs, before, call.inputs, strict=True):
        np.testing.assert_array_equal(given, original)
        np.testing.assert_array_equal(x.data, original)
        assert type(x.grad) is np.ndarray
        assert x.grad.flags.writeable
        assert not any(np.shares_memory(x.grad, y) for y in [*weights, x.data])
        assert not any(np.shares_memory(x.grad, y.grad) for y in xs if y is not x)
    for part, value, weight, copy in zip(parts, values, weights, kept, strict=True):
        np.testing.assert_array_equal(part.data, value)
        np.testing.assert_array_equal(weight, copy)


# ---------------------------------------------------------------- operands of other kinds

ANYTHING = [
    2.5, 3, True, -0.75, np.float64(1.25), np.float32(1.25), np.int8(3), np.array(2.25),
    [1.5, 2.5, 1.25], np.array([3, 1, 2]), np.array([3, 1, 2], np.uint8),
    np.array([True, False, True]), np.array([[1.5], [0.5]], np.float32),
]  # fmt: skip
BINARY_UFUNCS = [
    row
    for row in DIFFERENTIABLE
    if isinstance(row.function, np.ufunc)
    and row.function.signature is None
    and len(row.domains) == 2
]


@each("other", ANYTHING, ids=repr)
@pytest.mark.parametrize("row", BINARY_UFUNCS, ids=lambda row: row.name)
@each("dtype", [np.float64, np.float32])
def test_binary_ops_with_operands_of_other_kinds(row: Row, other: Any, dtype: Any) -> None:
    """Python numbers, integers, booleans and lists on either side: NumPy's value, right slopes."""
    x = np.array([0.71, 1.37, 2.93], dtype)

    def last(result: Any) -> Any:
        return result[-1] if isinstance(result, tuple) else result

    for f in (lambda x: last(row.function(x, other)), lambda x: last(row.function(other, x))):
        with np.errstate(all="ignore"):
            try:
                expected = f(x)
                wide = jacobian(f, [x.astype(float)])[0]
            except TypeError:  # no such loop, as of np.copysign for booleans
                continue
            if expected.dtype.kind != "f" or not np.isfinite(wide).all():
                continue
            t = Tensor(x, requires_grad=True)
            out = f(t)
        assert out.dtype == expected.dtype
        np.testing.assert_array_equal(out.data, expected)
        np.sum(out).backward()
        assert t.grad.dtype == dtype
        assert_close(t.grad, wide.sum(axis=0), 1e-7 if dtype == np.float64 else 2e-5)
        weak = type(other) in (int, float) and expected.dtype == np.float32
        if weak and row.function is not np.divmod:
            at = out.inputs.index(t) if out.inputs[0] is t else 1
            values = [np.asarray(z.data) if isinstance(z, Tensor) else z for z in out.inputs]
            (found,) = OPS[row.function].vjp((at,), np.ones_like(out.data), out.data, values, {})
            assert found is None or found.dtype == np.float32


# ---------------------------------------------------------------- corners of single ops


@pytest.mark.parametrize("used", [[], [0], [1], [0, 2], [2, 2, 1]])
@pytest.mark.parametrize(
    "cut",
    [
        lambda t: np.array_split(t, 3, axis=1),
        lambda t: np.split(t, [1, 3], axis=1),
        lambda t: np.split(t, [2, 2], axis=-1),
    ],
)
def test_parts_of_a_split_may_go_unused(cut: Any, used: list[int]) -> None:
    x = np.arange(10.0).reshape(2, 5)

    def f(x: Any) -> Any:
        parts = cut(x)
        sums = [np.sum((k + 1.0) * parts[part] ** 2) for k, part in enumerate(used)]
        return sum(sums, 0.0 * x[0, 0])

    expected = jacobian(f, [x])[0].reshape(x.shape)
    t = Tensor(x, requires_grad=True)
    f(t).backward()
    assert_close(t.grad, expected)
    direction = np.random.default_rng(0).normal(size=x.shape)
    assert_close(mg.jvp(f, [x], [direction])[1], np.sum(expected * direction))
    twice = directional(mg.grad(f), [x], [direction])
    assert_close(mg.hvp(f, [x], [direction]).ravel(), twice)


def test_an_order_that_memory_cannot_tell_is_refused() -> None:
    t = Tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
    with pytest.raises(NotImplementedError, match="transpose"):
        np.ravel(np.transpose(t, (1, 0, 2)), order="K")
    np.testing.assert_array_equal(np.ravel(np.transpose(t), order="K").data, t.data.ravel())


def test_einsum_along_a_given_path() -> None:
    xs = [np.ones((2, 3)), np.full((3, 4), 2.0), np.arange(8.0).reshape(4, 2)]
    path = np.einsum_path("ij,jk,kl->il", *xs, optimize="optimal")[0]

    def f(*xs: Any) -> Any:
        return np.sum(np.einsum("ij,jk,kl->il", *xs, optimize=path))

    for found, matrix, x in zip(mg.grad(f, (0, 1, 2))(*xs), jacobian(f, xs), xs, strict=True):
        assert_close(found, matrix.reshape(x.shape))


def test_masked_sum_keeps_infinite_cotangents_out() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    np.sum(t, where=np.array([True, False])).backward(np.inf)
    np.testing.assert_array_equal(t.grad, [np.inf, 0])


def test_remainder_is_consistent_with_its_own_rounding() -> None:
    """1.0 % 0.1 is just below 0.1: nine whole parts were taken, though 1.0 / 0.1 rounds to ten."""
    assert float(mg.grad(lambda y: np.remainder(1.0, y))(0.1)) == -9
    assert float(mg.grad(lambda y: np.fmod(1.0, y))(0.1)) == -9


def test_joining_tensors_with_plain_numbers_and_lists() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    joined = np.concatenate([[5.0], t, np.array([6])])
    np.testing.assert_array_equal(joined.data, [5, 1, 2, 6])
    np.sum(joined**2).backward()
    np.testing.assert_array_equal(t.grad, [2, 4])
    flat = np.concatenate([3.0, t, [[7.0]]], axis=None)
    np.testing.assert_array_equal(flat.data, [3, 1, 2, 7])
    t.grad = None
    np.sum(flat * np.arange(4.0)).backward()
    np.testing.assert_array_equal(t.grad, [1, 2])
    np.testing.assert_array_equal(np.stack([t[0], 4.0]).data, [1, 4])


def test_pad_widths_of_every_form_agree() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
        found = []
        for width in (((0, 0), (1, 2)), [[0, 0], [1, 2]], {1: (1, 2)}, {-1: (1, 2)}):
            t = Tensor(x, requires_grad=True)
            np.sum(np.pad(t, width, mode=mode) ** 2).backward()
            found.append(t.grad)
        for other in found[1:]:
            np.testing.assert_array_equal(other, found[0])


# ---------------------------------------------------------------- calls that NumPy allows


@pytest.mark.parametrize("axis", [0, -1, None])
@pytest.mark.parametrize("function", [np.sum, np.max, np.min, np.prod])
def test_a_single_number_may_be_reduced_along_its_absent_axis(function: Any, axis: Any) -> None:
    x = Tensor(2.0, requires_grad=True)
    function(x, axis=axis).backward()
    assert x.grad == 1.0


def test_tensordot_of_numbers() -> None:
    x = Tensor(2.0, requires_grad=True)
    np.tensordot(x, 3.0, 0).backward()
    assert x.grad == 3.0


def test_activations_take_lists() -> None:
    for function in (mg.sigmoid, mg.relu, mg.softplus, mg.logsigmoid, mg.softmax):
        np.testing.assert_array_equal(function([1.0, 2.0]), function(np.array([1.0, 2.0])))


def test_python_rounds_a_tensor() -> None:
    assert round(Tensor(2.345), 1).item() == 2.3


def test_outer_of_a_ufunc_without_a_derivative_is_refused() -> None:
    unknown = np.frompyfunc(lambda x, y: x, 2, 1)
    with pytest.raises(TypeError, match="derivative"):
        unknown.outer(Tensor([1.0], requires_grad=True), [1.0])


# ---------------------------------------------------------------- nothing, and a single number

EMPTY = {  # rows of the table that have no case of size 0, on zeros of shape (0, 3)
    np.var: lambda x: np.var(x, axis=1),
    np.std: lambda x: np.std(x, axis=1),
    mg.logsumexp: lambda x: mg.logsumexp(x, axis=1),
    astype: lambda x: x.astype(np.float32),
    np.broadcast_to: lambda x: np.broadcast_to(x, (2, 0, 3)),
    np.trace: np.trace,
    np.linalg.norm: lambda x: np.linalg.norm(x, axis=1),
}
SINGLE = {  # rows that have no case of a single number, and their slope at one
    np.std: (np.std, 0.0),
    mg.softmax: (mg.softmax, 0.0),
    mg.log_softmax: (mg.log_softmax, 0.0),
}


def shapes(row: Row) -> list[Any]:
    inputs = [x for case in row.cases for x in case.inputs]
    arrays = (x for x in inputs if not isinstance(x, np.ufunc))
    return [x if isinstance(x, tuple) else np.shape(x) for x in arrays]


def test_every_row_is_tried_on_nothing_and_on_a_single_number() -> None:
    rows = [row for row in ROWS.values() if row.order]
    no_empty = {row.function for row in rows if not any(0 in shape for shape in shapes(row))}
    no_single = {row.function for row in rows if () not in shapes(row)}
    lacks_empty = {row.function for row in rows if "empty" in row.lacks}
    lacks_single = {row.function for row in rows if "single" in row.lacks}
    assert no_empty == set(EMPTY) | lacks_empty
    assert no_single == set(SINGLE) | lacks_single


@pytest.mark.parametrize("function", EMPTY, ids=lambda function: function.__name__)
def test_the_gradient_of_nothing_is_nothing(function: Any) -> None:
    x = Tensor(np.zeros((0, 3)), requires_grad=True)
    np.sum(EMPTY[function](x)).backward()
    assert x.grad is not None
    assert (x.grad.shape, x.grad.dtype) == ((0, 3), np.float64)


@pytest.mark.parametrize("function", SINGLE, ids=lambda function: function.__name__)
def test_the_slope_at_a_single_number(function: Any) -> None:
    call, slope = SINGLE[function]
    x = Tensor(2.0, requires_grad=True)
    call(x).backward()
    assert x.grad == slope
