"""Calls written in terms of simpler ones, and the passes for small arrays."""

import operator

import numpy as np
import pytest
from pass_programs import (
    BY_NAME,
    EXACT,
    assert_close,
    assert_same,
    built,
    names,
    run,
    simplified,
    traced,
)

from micrograd_np.compiler.passes import optimize
from micrograd_np.compiler.passes.small import speed_up_small_calls
from micrograd_np.compiler.program import check

# ---------------------------------------------------------------- lowering


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1, 0)])
@pytest.mark.parametrize(
    ("function", "ddof"), [(np.mean, None), (np.var, 0), (np.std, 1), (np.var, 0.5)]
)
def test_means_and_spreads_are_sums(function, ddof, axis, keepdims, dtype):
    options = {"axis": axis, "keepdims": keepdims} | ({} if ddof is None else {"ddof": ddof})
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(dtype)
    program = built(lambda b, x: b(function, x, **options), x)
    made = simplified("lowering", program)
    assert names(made)[-1] in {"divide", "sqrt"}
    assert function.__name__ not in names(made)
    assert_same(program, made, [x])


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (np.ones(3, np.float16), {}), (np.ones(3, int), {}), (np.ones(3, complex), {}),
        (np.ones((3, 0)), {"axis": 1}), (np.ones(3), {"where": np.array([True, False, True])}),
        (np.ones(3), {"dtype": np.dtype("f4")}),
    ],
)  # fmt: skip
def test_means_of_another_kind_stay(x, options):
    with np.errstate(all="ignore"), pytest.warns() if not x.size else np.errstate():
        program = built(lambda b, x: b(np.mean, x, **options), x)
    assert "mean" in names(BY_NAME["lowering"].apply(program))


def test_a_layer_norm_computes_its_mean_once():
    def norm(x):
        return (x - np.mean(x, axis=-1, keepdims=True)) / np.std(x, axis=1, keepdims=True)

    x = np.random.default_rng(0).normal(size=(3, 4))
    program = traced(norm, x)
    made = optimize(program, EXACT)
    assert names(made).count("sum") == 2
    assert names(made).count("subtract") == 1
    assert_same(program, made, [x])


MOVES = [
    lambda b, x: b(np.swapaxes, x, 0, -1),
    lambda b, x: b(np.swapaxes, x, axis1=1, axis2=2),
    lambda b, x: b(np.moveaxis, x, source=0, destination=-1),
    lambda b, x: b(np.moveaxis, x, source=(0, 2), destination=(1, 0)),
    lambda b, x: b(np.matrix_transpose, x),
    lambda b, x: b(np.transpose, x, axes=(-1, 0, 1)),
    lambda b, x: b(np.transpose, x, (0, 1, 2)),
    lambda b, x: b(np.transpose, b(np.transpose, x)),
    lambda b, x: b(np.swapaxes, b(np.moveaxis, x, 0, 2), 0, 1),
    lambda b, x: b(np.expand_dims, x, axis=(0, -1)),
    lambda b, x: b(np.squeeze, b(np.expand_dims, x, axis=1)),
    lambda b, x: b(np.squeeze, b(operator.getitem, x, (None, ..., None)), axis=0),
    lambda b, x: b(np.ravel, x),
    lambda b, x: b(np.ravel, b(np.transpose, x)),
    lambda b, x: b(np.reshape, b(np.reshape, x, shape=(-1,)), (2, 3, 4)),
    lambda b, x: b(np.reshape, b(np.transpose, x), (3, 8)),
    lambda b, x: b(np.reshape, x, (4, 6), order="F"),
    lambda b, x: b(operator.getitem, x, (..., slice(0, 4))),
    lambda b, x: b(operator.getitem, x, (slice(None), None, slice(0, 3, 1))),
    lambda b, x: b(operator.getitem, x, (slice(None), slice(0, 2))),
    lambda b, x: b(operator.getitem, x, (slice(None, None, -1),)),
    lambda b, x: b(operator.getitem, x, ...),
    lambda b, x: b(operator.getitem, x, True),  # an index, which adds an axis
    lambda b, x: b(np.broadcast_to, x, (2, 3, 4)),
    lambda b, x: b(np.broadcast_to, b(np.broadcast_to, x, (1, 2, 3, 4)), (5, 2, 3, 4)),
    lambda b, x: b(np.outer, b(operator.getitem, x, (0, 0)), b(operator.getitem, x, (1, ..., 0))),
    lambda b, x: b(np.max, b(operator.getitem, x, (slice(0, 1),)), axis=0),
    lambda b, x: b(np.prod, b(operator.getitem, x, None), axis=(0,), keepdims=True),
]  # fmt: skip


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
@pytest.mark.parametrize("write", MOVES)
def test_moves_of_axes_keep_values_and_layout(write, layout):
    x = np.arange(24.0).reshape(2, 3, 4)
    x = np.repeat(x, 2, axis=2)[..., ::2] if layout == "strided" else np.asarray(x, order=layout)
    program = built(write, x)
    made = check(optimize(program, EXACT))
    assert_same(program, made, [x])
    assert len(made.instructions) <= len(program.instructions) + 1
    (one,), (other,) = program.run([x]), made.run([x])
    if one.size and one.flags.c_contiguous:
        assert other.flags.c_contiguous


@pytest.mark.parametrize("at", [0, 1])
def test_an_operand_is_not_broadcast_beforehand(at):
    def write(b, x, y):
        args = [x, b(np.broadcast_to, y, (2, 3))]
        return b(np.subtract, *(args if at else args[::-1]))

    arguments = [np.ones((2, 3)), np.arange(3.0)]
    program = built(write, *arguments)
    made = simplified("shapes", program)
    assert names(made) == ["subtract"]
    assert_same(program, made, arguments)


def test_a_broadcast_that_gives_the_shape_stays():
    program = built(lambda b, x: b(np.add, b(np.broadcast_to, x, (2, 3)), x), np.ones(3))
    assert BY_NAME["shapes"].apply(program) is program


# ---------------------------------------------------------------- small arrays


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int64])
@pytest.mark.parametrize("options", [{}, {"axis": 0}, {"axis": -1}])
def test_a_stack_of_numbers_is_an_array_of_them(dtype, options):
    x = np.arange(3).astype(dtype)
    program = built(
        lambda b, x: b(np.stack, [b(operator.getitem, x, i) for i in (2, 0)], **options), x
    )
    made = check(speed_up_small_calls(program))
    assert names(made)[-1] == "array"
    (found,), (expected,) = run(made, [x]), run(program, [x])
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("parts", [(np.ones(2), np.ones(2)), (np.float32(1), np.float64(2))])
def test_a_stack_of_anything_else_is_left(parts):
    program = built(lambda b, x, y: b(np.stack, [x, y]), *parts)
    assert names(speed_up_small_calls(program)) == ["stack"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1, -2, (0,)])
def test_sums_over_small_matrices_are_products(axis, keepdims, dtype):
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(dtype)
    program = built(lambda b, x: b(np.sum, x, axis=axis, keepdims=keepdims), x)
    made = check(speed_up_small_calls(program))
    assert names(made) == ["matmul"]
    assert_close(program, made, [x])
    assert run(made, [x])[0].shape == run(program, [x])[0].shape


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (np.ones((20, 20)), {"axis": 0}),
        (np.ones((3, 4)), {}),
        (np.ones((3, 4), np.float16), {"axis": 0}),
        (np.ones((3, 4), int), {"axis": 0}),
        (np.ones((0, 4)), {"axis": 0}),
        (np.ones((3, 4)), {"axis": 0, "dtype": np.float32}),
        (np.ones((4, 3)).T, {"axis": 0}),
    ],
)
def test_other_sums_stay(x, options):
    program = built(lambda b, x: b(np.sum, x, **options), x)
    assert speed_up_small_calls(program) is program


def test_an_operand_of_one_entry_loses_its_axes():
    arguments = [np.ones((4, 1)), np.full((1, 1), 3.0)]
    program = built(lambda b, x, y: b(np.subtract, b(np.add, x, y), x), *arguments)
    made = check(speed_up_small_calls(program))
    assert names(made) == ["reshape", "add", "subtract"]
    assert_same(program, made, arguments)
