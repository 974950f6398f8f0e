"""Printed programs are run: they compute what was traced."""

import gc
import linecache
import threading
import traceback
import weakref

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from printed_programs import MATRIX, RNG, SQUARE, fused_program, run_twice
from program_builder import Builder, assert_same, exactly_optimized, traced
from programs import programs

import micrograd_np as mg
from micrograd_np.compiler import helpers
from micrograd_np.compiler.report import report_of
from micrograd_np.compiler.source import build

# ---------------------------------------------------------------- running


def test_no_parameters_no_results():
    assert run_twice(Builder().program(), [])() == ()
    b = Builder()
    assert_same(build(b.program(b.constant(np.ones(3))))(), [np.ones(3)])


def test_calls_with_several_results():
    b = Builder()
    x = b.parameter(SQUARE)
    q, r = b(np.linalg.qr, x)
    sign, _ = b(np.linalg.slogdet, x)
    fraction, _ = b(np.modf, x)
    (only,) = b(np.split, x, 1, view=True)
    run_twice(b.program(b(np.matmul, q, r), sign, fraction, b(np.exp, only)), b.arguments)


def test_a_function_of_ours_is_imported_and_one_of_nobody_given():
    b = Builder()
    x = b.parameter(MATRIX)
    mine = lambda x: x + 1
    out = b(helpers.scatter_add, b(mine, x, view=True), np.array([0, 1, 1, 0]), (3, 3))
    source = run_twice(b.program(out), b.arguments).source
    assert "from micrograd_np.compiler.helpers import scatter_add" in source
    assert "lambda" in source


def test_errors_midway_leave_nothing_behind():
    b = Builder()
    x = b.parameter(SQUARE)
    y = b(np.exp, b(np.negative, x))
    out = b(np.add, b(np.linalg.inv, b(np.matmul, x, x), note="gradient of inv"), y)
    executable = run_twice(b.program(out), b.arguments)
    singular = np.zeros((3, 3))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        executable(singular)
    np.testing.assert_array_equal(singular, 0)
    assert_same(executable(SQUARE), executable.program.run([SQUARE]))
    frame = [
        f
        for f in traceback.extract_tb(caught.value.__traceback__)
        if "micrograd_np step" in f.filename
    ]
    assert frame[0].line.startswith("inv = inv(") or "= inv(" in frame[0].line
    assert executable.source.splitlines()[frame[0].lineno - 1].strip() == frame[0].line


def test_the_lines_are_known_as_long_as_the_function_lives():
    b = Builder()
    big = np.ones(1000)
    out = b(np.add, b.parameter(np.ones(1000)), b.constant(big))
    executable = build(b.program(out))
    constant = weakref.ref(executable.function.__globals__["constant"])
    file = executable.function.__code__.co_filename
    assert constant() is big
    linecache.checkcache()
    assert "add(" in "".join(linecache.getlines(file))
    function = executable.function
    del executable
    assert file in linecache.cache
    gc.disable()
    try:
        del function
        assert file not in linecache.cache
    finally:
        gc.enable()


def test_eight_threads_share_an_executable():
    b = Builder()
    x, w = b.parameter(RNG.normal(size=(30, 20))), b.parameter(RNG.normal(size=(20, 20)))
    out = x
    for _ in range(12):
        out = b(np.tanh, b(np.matmul, out, w))
    program = b.program(out, b(np.sum, out, axis=0))
    executable = build(program)
    inputs = [RNG.normal(size=(30, 20)) for _ in range(8)]
    expected = [program.run([x, b.arguments[1]]) for x in inputs]
    wrong = []

    def work(number):
        for _ in range(40):
            found = executable(inputs[number], b.arguments[1])
            if not all(np.array_equal(*pair) for pair in zip(found, expected[number], strict=True)):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(executable.function.__globals__["pool"]) <= 8


@examples(1.5)
@given(programs())
def test_random_programs_and_their_gradients(drawn):
    places = tuple(range(len(drawn.inputs)))

    def function(*xs):
        return drawn.run(np, xs), *mg.grad(lambda *ys: drawn.run(np, ys), places)(*xs)

    program = traced(function, drawn.inputs)
    for each in (program, exactly_optimized(program)):
        run_twice(each, drawn.inputs)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64", "int8", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (3, 2), (2, 1, 4)])
def test_dtypes_and_shapes(dtype, shape):
    b = Builder()
    value = (RNG.normal(size=shape) * 4).astype(dtype)
    x, y = b.parameter(value), b.parameter(value[..., ::-1] if shape else value)
    more_dtype = "complex128" if dtype == "complex64" else "float64"
    total = b(np.add, x, y)
    scaled = b(np.multiply, total, b(np.add, x, 1))
    more = b(np.maximum, scaled, b(np.add, total, 0.5))
    results = [more, b(np.sum, more, axis=None), b(np.equal, b(np.square, total), x)]
    if shape and 0 not in shape:
        results += [b(np.sum, total, axis=0), b(np.max, scaled, axis=-1, keepdims=True)]
        results += [b(np.cumsum, b(np.negative, b(np.exp, x)), axis=0)]
        results += [b(np.mean, more, axis=-1), b(np.add.reduce, total, dtype=more_dtype)]
        results += [b(np.where, b(np.less, x, y), total, x)]
    run_twice(b.program(*results), b.arguments)


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "strided": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("when", ["traced", "called"])
def test_layouts(layout, when):
    value = RNG.normal(size=(6, 4))
    given = LAYOUTS[layout](value)
    given.flags.writeable = False
    b = Builder()
    x = b.parameter(given if when == "traced" else value)
    total = b(np.add, b(np.exp, x), b(np.transpose, b(np.transpose, x, view=True), view=True))
    product = b(np.matmul, b(np.transpose, total, view=True), x)
    program = b.program(product, b(np.sum, total, axis=0), b(np.reshape, total, (24,), view=True))
    expected = program.run([given])
    executable = build(program)
    for _ in range(2):
        for found, wanted in zip(executable(given), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)
    if when == "traced":
        run_twice(program, [given])


# ---------------------------------------------------------------- fused groups


def test_fused_groups_are_printed_as_functions():
    program, arguments = fused_program()
    executable = run_twice(program, arguments)
    assert "def fused(" in executable.source
    assert "from micrograd_np.compiler.blocks.running import" in executable.source
    assert report_of(program, executable).fused
