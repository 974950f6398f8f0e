"""What memory a compiled program asks for, and parameters whose memory it may use again."""

import operator
import tracemalloc
import weakref

import numpy as np
import pytest
from buffered import random, reshaped, run_twice
from program_builder import Builder, assert_same, copied

from micrograd_np.compiler import helpers
from micrograd_np.compiler.source import build
from micrograd_np.compiler.source.buffers import DONATED_FROM, plan
from micrograd_np.core.errstate import ignoring_float_errors

BIG = (300, 200)


# ---------------------------------------------------------------- memory


def peak_of(function, *arguments):
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        out = function(*arguments)
        return tracemalloc.get_traced_memory()[1] - before, out
    finally:
        tracemalloc.stop()


def test_a_second_call_needs_memory_for_its_results_only():
    b = Builder()
    x, w = b.parameter(random(*BIG)), b.parameter(random(200, 200))
    y = x
    for _ in range(4):
        y = b(np.add, b(np.tanh, b(np.matmul, y, w)), b(np.sum, x, axis=0))
        y = b(np.multiply, y, b(np.exp, b(np.negative, y)))
    program = b.program(b(np.concatenate, [y, x]))
    executable = run_twice(program, b.arguments)
    with ignoring_float_errors():
        peak, (result,) = peak_of(executable, *b.arguments)
    assert result.nbytes <= peak < result.nbytes + 1e4
    assert plan(program).nbytes < 3.2 * x.nbytes


def test_large_arrays_are_let_go_of():
    b = Builder()
    x = y = b.parameter(random(*BIG))
    for _ in range(6):
        y = b(np.where, b(np.greater, y, 0.0), b(np.roll, y, 1), 0.5)
        y = b(operator.getitem, y, slice(None, None, -1), view=True)
    program = b.program(b(np.sum, y))
    executable = run_twice(program, b.arguments)
    assert "del " in executable.source
    peak, _ = peak_of(executable, *b.arguments)
    assert peak < 4 * b.values[x].nbytes
    assert plan(program).peak < 5 * b.values[x].nbytes


def test_views_of_the_arena_are_not_let_go_of():
    b = Builder()
    y = b(np.exp, b.parameter(random(*BIG)))
    turned = b(np.transpose, reshaped(b, y, (200, 300)), view=True)
    part = b(operator.getitem, turned, slice(1, None), view=True)
    executable = run_twice(b.program(b(np.sum, b(np.sum, part, axis=0))), b.arguments)
    assert "del " not in executable.source


def test_an_array_dies_with_its_last_view():
    seen = []

    def noting(x):
        seen.append(weakref.ref(x))
        return x * 2

    def alive(x):
        seen.append(seen[0]() is not None)
        return x.sum()

    b = Builder()
    x = b.parameter(random(*BIG))
    fresh = b(np.where, b(np.greater, x, 0.0), x, 1.0)
    part = b(operator.getitem, fresh, slice(0, 3), view=True)
    noted = b(noting, fresh, view=True)
    total = b(alive, b(np.exp, noted), view=True)
    more = b(np.sum, part)
    last = b(alive, b(np.negative, more), view=True)
    program = b.program(total, last, b(np.add, last, last))
    seen.clear()
    build(program)(*b.arguments)
    assert seen[1:] == [True, False]


# ---------------------------------------------------------------- donated parameters

SHAPE = (64, 64)


def step_program():
    """A step of an optimizer with momentum: new parameters, new momentum, and the loss."""
    b = Builder()
    w, m, g = (b.parameter(random(*SHAPE), hint) for hint in ("w", "m", "g"))
    momentum = b(np.add, b(np.multiply, m, 0.9), g)
    new = b(np.subtract, w, b(np.multiply, momentum, 0.1))
    return b, b.program(new, momentum, b(np.sum, w))


def test_results_are_written_over_what_is_given_up():
    b, program = step_program()
    executable = build(program, donated=frozenset({0, 1}))
    expected = program.run(b.arguments)
    w, m, g = copied(b.arguments)
    found = executable(w, m, g)
    assert_same(found, expected)
    assert found[1] is m
    assert found[0] is w or not np.shares_memory(found[0], w)
    np.testing.assert_array_equal(g, b.arguments[2])


def test_what_is_read_later_is_not_written_over():
    b = Builder()
    w = b.parameter(random(*SHAPE), "w")
    new = b(np.subtract, w, 1.0)
    part = b(operator.getitem, w, 0, view=True)
    program = b.program(new, b(np.sum, part), w)
    expected = program.run(b.arguments)
    found = build(program, donated=frozenset({0}))(*copied(b.arguments))
    assert_same(found, expected)
    assert plan(program, frozenset({0})).donated == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda b, w: b(np.matmul, w, w),
        lambda b, w: b(np.add, w, b(np.transpose, w, view=True)),
        lambda b, w: b(np.cumsum, w, axis=0),
        lambda b, w: b(np.where, b(np.greater, w, 0.0), w, 0.0),
    ],
)
def test_calls_that_read_elsewhere_do_not_write_over_what_is_given_up(make):
    b = Builder()
    w = b.parameter(random(*SHAPE), "w")
    program = b.program(make(b, w))
    assert_same(
        build(program, donated=frozenset({0}))(*copied(b.arguments)), program.run(b.arguments)
    )


def other_layouts(w, m, g):
    readonly = w.copy()
    readonly.flags.writeable = False
    yield "read-only", (readonly, m, g)
    yield "of other strides", (np.asfortranarray(w), m, g)
    yield "the same twice", (w, w, g)
    yield "the same as one that is kept", (w, m, w)
    both = np.vstack([w, m])
    yield "a part of another", (both[:64], both[1:65], g)
    yield "lists apart", (w, m, g)


@pytest.mark.parametrize("which", range(6))
def test_arguments_that_cannot_be_written_over_are_not(which):
    b, program = step_program()
    executable = build(program, donated=frozenset({0, 1}))
    _, arguments = list(other_layouts(*copied(b.arguments)))[which]
    expected = program.run([x.copy("K") for x in arguments])
    kept = arguments[2].copy()
    assert_same(executable(*arguments), expected)
    np.testing.assert_array_equal(arguments[2], kept)


def test_small_parameters_are_not_worth_it():
    b = Builder()
    w = b.parameter(random(DONATED_FROM // 8 - 1), "w")
    program = b.program(b(np.negative, w))
    assert plan(program, frozenset({0})).donated == ()
    assert "reusable" not in build(program, donated=frozenset({0})).source


def test_reusable():
    w = random(8, 8)
    rows, others = [w[:4], w[4:]], [1.5, random(3)]
    strides = [w.strides] * 2
    assert helpers.reusable(rows, strides, others) == rows
    assert helpers.reusable([w[:5], w[4:]], strides, others) == [None, None]
    assert helpers.reusable(rows, strides, [w[3]]) == [None, rows[1]]
    assert helpers.reusable(rows, [w.strides, (8, 8)], others) == [rows[0], None]
    assert helpers.reusable([], [], []) == []
