"""How blocks are printed: loops over portions, in plain NumPy."""

import numpy as np
import pytest
from block_programs import checked, counting, fused_of, normal, same
from program_builder import Builder

from micrograd_np.compiler.blocks import running as blocks
from micrograd_np.compiler.blocks.fusion import fuse


def test_the_definition_is_plain_numpy():
    build = Builder()
    x, bias = build.parameter(normal(256, 40)), build.parameter(normal(40), "bias")
    y = build(np.add, x, bias)
    z = build(np.maximum, y, 0)
    group = checked(build, z, build(np.sum, z, axis=0), entries=4096)
    assert (
        group.definition("layer")
        == '''\
def layer_block(x, bias, maximum_1, sum_1):
    add(x, bias, maximum_1)
    maximum(maximum_1, 0, out=maximum_1)
    add.reduce(maximum_1, axis=0, out=sum_1)

def layer(x, bias, out=(None, None)):
    """3 calls over (256, 40), in 3 blocks of (88, 40)."""
    maximum_1 = empty((256, 40), "float32") if out[0] is None else out[0]
    sum_1 = empty((3, 40), "float32")
    run(layer_block, (256, 40), (88, 40), (x, bias), (maximum_1,), partials=(sum_1,), threads=2)
    return maximum_1, combined(add, sum_1, out[1])
'''
    )
    assert group.names.keys() == {"add", "maximum", "empty", "run", "combined"}


def test_results_go_where_they_are_asked_to():
    build = Builder()
    x, y = build.parameter(normal(100, 3)), build.parameter(normal(100, 3))
    z = build(np.add, build(np.exp, x), y)
    group = checked(build, z, build(np.sum, z, axis=0), build(np.sum, z))
    out = np.empty((100, 3), "float32"), np.empty(3, "float32")
    z, rows, total = group(*build.arguments, out=(*out, None))
    assert z is out[0]
    assert rows is out[1]
    assert type(total) is np.float32


def test_operands_that_may_be_overwritten():
    build = Builder()
    g, p = build.parameter(normal(100), "g"), build.parameter(normal(100)[::-1].copy(), "p")
    step = build(np.multiply, g, 0.1)
    moved = build(np.subtract, p, step)
    group = checked(build, moved, build(np.add, step, p))
    assert group.overwrites == {(0, 0), (1, 0)}  # p is read to the end
    expected = group(*build.arguments)
    for result, parameter in group.overwrites:
        given = [x.copy() for x in build.arguments]
        out = [None, None]
        out[result] = given[parameter]
        for found, value in zip(group(*given, out=tuple(out)), expected, strict=True):
            same(found, value)


def test_the_layout_of_results_is_that_of_the_trace():
    build = Builder()
    x = build.parameter(np.asfortranarray(normal(30, 20)))
    group = checked(build, build(np.exp, build(np.negative, x)))
    assert group(*build.arguments).flags.f_contiguous
    assert group.box == (30, 2)
    other = np.repeat(normal(30, 20), 2, axis=1)[:, ::2]
    same(group(other), np.exp(-other))


SMOOTH = [np.exp, np.log, np.cosh, np.arctan, np.cbrt]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("entries", [3, 70, 1000])
def test_rows_that_run_backwards_give_what_they_give_in_whole_arrays(dtype, entries):
    """By themselves, NumPy computes them in other loops, with other last bits."""
    build = Builder()
    x = build.parameter(np.abs(normal(40, 37, dtype=dtype))[:, ::-1])
    program = build.program(*(build(function, x) for function in SMOOTH), build(np.power, 2, x))
    for threads in (1, 3):
        fused = fuse(program, smallest=1, work=1, entries=entries, threads=threads)
        assert fused_of(fused)
        for found, expected in zip(
            fused.run(build.arguments), program.run(build.arguments), strict=True
        ):
            same(found, expected)


def test_operands_are_straightened_and_results_are_not():
    x = np.arange(12.0).reshape(3, 4)[:, ::-1]
    blocks.run(counting, (3, 4), (1, 4), (x,), (x,))
    same(x, np.arange(12.0).reshape(3, 4)[:, ::-1] + 1)


def test_complex_arrays_that_lie_across_each_other_stay_apart():
    build = Builder()
    values = normal(33, 64, dtype="complex128") * (1 + 2j)
    x, y = build.parameter(values), build.parameter(np.asfortranarray(values))
    z = build(np.square, x)
    program = build.program(z, build(np.square, y), build(np.exp, z), build(np.multiply, x, y))
    fused = fuse(program, smallest=1, work=1, entries=64)
    assert fused_of(fused)
    for found, expected in zip(
        fused.run(build.arguments), program.run(build.arguments), strict=True
    ):
        same(found, expected)


@pytest.mark.parametrize("function", [np.isfinite, np.isinf, np.isnan, np.signbit])
def test_what_lies_across_is_not_asked_what_numpy_answers_wrongly(function):
    build = Builder()
    values = normal(200, 64)
    values[::3, ::5], values[::7, ::2] = np.nan, np.inf
    x, y = build.parameter(values), build.parameter(np.asfortranarray(values))
    results = build(function, x), build(function, y), build(np.add, x, y), build(np.exp, x)
    program = build.program(*results)
    for entries in (64, 1000):
        fused = fuse(program, smallest=1, work=1, entries=entries)
        assert fused_of(fused)
        for found, expected in zip(
            fused.run(build.arguments), program.run(build.arguments), strict=True
        ):
            same(found, expected)


def test_what_is_broadcast_has_no_say_in_the_order():
    build = Builder()
    x = build.parameter(np.broadcast_to(normal(1, 2, dtype="float64"), (700, 2)))
    group = checked(build, build(np.signbit, x))
    assert group.box == (32, 2)


def test_a_box_has_more_than_one_entry_side_by_side():
    build = Builder()
    x = build.parameter(normal(700, 4))
    group = checked(build, build(np.subtract, x, build(np.sum, x, axis=0, keepdims=True)))
    assert group.box == (700, 2)
