"""What is put together in one block, and what is kept apart."""

import operator

import numpy as np
import pytest
from block_programs import checked, fused_of, normal, same
from program_builder import Builder

from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.program import Instruction, Variable, check
from micrograd_np.compiler.tracing.functions import Method


def test_a_chain_with_its_sum_is_one_call():
    build = Builder()
    x = build.parameter(normal(1000))
    y = build(np.exp, build(np.negative, x))
    total = build(np.add.reduce, y, axis=0)
    group = checked(build, total, build(np.tanh, build(np.multiply, 2, y)))
    assert group.operations == ["negative", "exp", "sum", "multiply", "tanh"]
    assert group.box == (64,)
    assert group.traffic == 2 * 4000 + 4


def test_softmax_is_one_call_in_blocks_of_whole_rows():
    build = Builder()
    x = build.parameter(normal(8, 4, 10, 30))
    top = build(np.max, x, axis=-1, keepdims=True)
    top = build(np.where, build(np.isfinite, top), top, 0)
    e = build(np.exp, build(np.subtract, x, top))
    out = build(np.divide, e, build(np.sum, e, axis=-1, keepdims=True))
    group = checked(build, out)
    assert group.box[-1] == 30
    assert group.count > 1


def test_a_normalisation_whose_reductions_drop_their_axes():
    build = Builder()
    x = build.parameter(normal(20, 30))
    mean = build(np.mean, x, axis=1)
    away = build(np.subtract, x, build(np.reshape, mean, (20, 1), view=True))
    spread = build(np.sqrt, build(np.mean, build(np.square, away), axis=1))
    whole = build(
        np.broadcast_to,
        build(operator.getitem, spread, (slice(None), None), view=True),
        (20, 30),
        view=True,
    )
    group = checked(build, build(np.divide, away, whole), mean)
    assert group.box == (2, 30)


def test_the_gradient_of_a_bias_is_added_up_over_blocks():
    build = Builder()
    g, mask = build.parameter(normal(64, 40)), build.parameter(normal(64, 40) > 0)
    y = build(np.multiply, g, mask)
    group = checked(build, y, build(np.sum, y, axis=(0,), keepdims=True), entries=512)
    assert group.box == (16, 40)


def test_large_partials_are_avoided():
    build = Builder()
    x = build.parameter(normal(4, 1000))
    y = build(np.exp, x)
    group = checked(build, build(np.sum, y, axis=0), y)
    assert group.box == (4, 16)


def test_what_lies_between_goes_along_or_keeps_groups_apart():
    build = Builder()
    x = build.parameter(normal(10, 10))
    y = build(np.exp, x)
    z = build(np.add, y, build(np.matmul, y, y))
    program = build.program(build(np.multiply, z, y))
    groups = fused_of(check(fuse(program, smallest=1, work=1)))
    assert [group.operations for group in groups] == [["exp"], ["add", "multiply"]]


def test_groups_never_wait_for_each_other():
    build = Builder()
    x, y = build.parameter(normal(10, 10)), build.parameter(normal(10, 10))
    a, b = build(np.exp, x), build(np.exp, y)
    c = build(np.add, b, build(np.matmul, a, a))
    d = build(np.add, a, build(np.matmul, b, b))
    program = build.program(c, d, build(np.add, a, b))
    fused = check(fuse(program, smallest=1, work=1))
    for found, expected in zip(
        fused.run(build.arguments), program.run(build.arguments), strict=True
    ):
        same(found, expected)


def test_effects_keep_their_order():
    build = Builder()
    rng = build.parameter(np.random.default_rng(3), "rng")
    x = build.parameter(normal(30))
    draws = []
    for _ in range(3):
        draw = Variable("draw", (30,), np.dtype(float), (8,))
        build.instructions.append(
            Instruction(Method("random"), (rng, 30), {}, (draw,), effect=True)
        )
        build.values[draw] = np.zeros(30)
        draws.append(draw)
    late = build(np.add, build(np.exp, draws[2]), x)
    program = build.program(late, build(np.multiply, build(np.exp, x), draws[0]))
    fused = check(fuse(program, smallest=1, work=1))
    assert fused_of(fused)
    runs = [p.run((np.random.default_rng(3), normal(30))) for p in (program, fused)]
    for found, expected in zip(*runs, strict=True):
        same(found, expected)


def test_what_is_computed_again_on_purpose_stays_apart():
    build = Builder()
    x = build.parameter(normal(50))
    first = build(np.exp, x)
    second = build(np.exp, x)
    build.instructions[-1] = build.instructions[-1]._replace(region=1)
    groups = fused_of(fuse(build.program(first, second), smallest=1, work=1))
    assert len(groups) == 2


def forward_and_backward(build):
    """Two groups around a product: what the second uses of the first is cheap but for tanh."""
    h, w = build.parameter(normal(30, 30), "h"), build.parameter(normal(30, 30), "w")
    half = build(np.multiply, 0.5, h)
    scaled = build(np.add, build(np.square, half), 1)
    bent = build(np.tanh, half)
    product = build(np.matmul, build(np.multiply, scaled, bent), w)
    slope = build(np.multiply, build(np.multiply, product, scaled), half)
    return half, build(np.multiply, slope, bent)


def test_what_is_cheap_is_computed_again_where_it_is_used():
    build = Builder()
    program = build.program(forward_and_backward(build)[1])
    fused = check(fuse(program, smallest=1, work=1, entries=90, threads=2))
    first, second = fused_of(fused)
    assert [x.hint for x in first.program.results] == ["tanh", "multiply"]
    assert [x.hint for x in second.program.parameters] == ["h", "matmul", "tanh"]
    assert second.operations == ["multiply", "square", "add", *["multiply"] * 3]
    same(fused.run(build.arguments)[0], program.run(build.arguments)[0])


def test_what_is_in_memory_anyway_is_not_computed_again():
    build = Builder()
    program = build.program(*forward_and_backward(build))
    fused = check(fuse(program, smallest=1, work=1))
    _, second = fused_of(fused)
    assert [x.hint for x in second.program.parameters] == ["multiply", "matmul", "tanh"]
    assert second.operations == ["square", "add", *["multiply"] * 3]
    for found, expected in zip(
        fused.run(build.arguments), program.run(build.arguments), strict=True
    ):
        same(found, expected)


def test_small_programs_are_left_alone():
    build = Builder()
    x = build.parameter(normal(1000))
    program = build.program(build(np.exp, build(np.negative, x)))
    assert fuse(program) is program


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_nothing_to_divide(shape):
    build = Builder()
    x = build.parameter(np.zeros(shape))
    program = build.program(build(np.exp, build(np.negative, x)))
    assert not fused_of(fuse(program, smallest=0, work=0))
