"""Large element-wise parts in blocks over threads give what call by call gives."""

import operator
import os
import subprocess
import sys
import threading
from itertools import product

import numpy as np
import pytest

from micrograd_np.compiler.blocks import running as blocks
from micrograd_np.compiler.blocks.fusion import Fused, fuse
from micrograd_np.compiler.blocks.layouts import is_partial
from micrograd_np.compiler.program import Instruction, Program, Variable, check, mapped
from micrograd_np.compiler.tracing.functions import ASTYPE, Method

# ---------------------------------------------------------------- programs by hand


class Builder:
    """A program that is written call by call, with the values of one run."""

    def __init__(self):
        self.parameters, self.arguments, self.values, self.instructions = [], [], {}, []

    def parameter(self, value, hint="x"):
        x = Variable.like(hint, value)
        self.parameters.append(x)
        self.arguments.append(value)
        self.values[x] = value
        return x

    def __call__(self, function, *args, view=False, **options):
        given = mapped(lambda x: self.values.get(x, x) if isinstance(x, Variable) else x, args)
        with np.errstate(all="ignore"):
            value = function(*given, **options)
        result = Variable.like(function.__name__, value)
        self.values[result] = value
        self.instructions.append(Instruction(function, args, options, (result,), view=view))
        return result

    def program(self, *results):
        return check(
            Program("p", tuple(self.parameters), {}, tuple(self.instructions), tuple(results))
        )


def fused_of(program):
    return [i.function for i in program.instructions if isinstance(i.function, Fused)]


def same(one, other):
    """The same type, dtype, and bits, but for the kind of a NaN."""
    assert type(one) is type(other)
    assert np.shape(one) == np.shape(other)
    assert np.asarray(one).dtype == np.asarray(other).dtype
    np.testing.assert_array_equal(one, other)
    numbers = ~np.isnan(one)
    signs = [np.signbit(np.real(x))[()][numbers] for x in map(np.asarray, (one, other))]
    np.testing.assert_array_equal(*signs)


def close(one, other):
    """The same but for rounding in sums."""
    assert np.shape(one) == np.shape(other)
    dtype = np.asarray(one).dtype
    assert dtype == np.asarray(other).dtype
    if dtype.kind not in "fc":
        np.testing.assert_array_equal(one, other)
        return
    size = np.max(np.abs(np.asarray(other)), initial=1, where=np.isfinite(other))
    tolerance = 40 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * size)


# ---------------------------------------------------------------- random programs

DTYPES = [
    "float32",
    "float64",
    "float32",
    "float64",
    "float16",
    "int32",
    "int64",
    "bool",
    "complex64",
    "complex128",
]
UNARY = [
    np.negative,
    np.exp,
    np.tanh,
    np.sin,
    np.sqrt,
    np.square,
    np.abs,
    np.isfinite,
    np.log,
    np.cosh,
    np.reciprocal,
    np.conjugate,
]
BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.maximum,
    np.minimum,
    np.power,
    np.greater,
    np.logaddexp,
    np.arctan2,
    np.logical_and,
]
REDUCTIONS = [np.sum, np.max, np.min, np.mean, np.any, np.add.reduce, np.maximum.reduce]
SHAPES = [
    (7,),
    (130,),
    (5, 9),
    (64, 3),
    (3, 70),
    (4, 5, 6),
    (1, 33, 2),
    (2, 3, 4, 5),
    (1, 1),
    (17, 1),
]


class Drawn:
    """A random program over one shape, with what some calls make of it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.build = Builder()
        self.shape = self.pick(SHAPES)
        self.dtype = self.pick(DTYPES)
        self.pool = [self.operand(self.shape) for _ in range(2)]
        self.pool += [self.operand(self.smaller()) for _ in range(2)]
        for _ in range(self.rng.integers(3, 14)):
            self.step()

    def pick(self, things):
        return things[self.rng.integers(len(things))]

    def smaller(self):
        """A shape that broadcasts to the shape."""
        lengths = [n if self.rng.random() < 0.6 else 1 for n in self.shape]
        return tuple(lengths[self.rng.integers(len(lengths) + 1) :])

    def operand(self, shape):
        """A parameter in any layout."""
        dtype = self.dtype if self.rng.random() < 0.7 else self.pick(DTYPES)
        values = self.rng.normal(size=shape) * self.pick([1, 1, 30])
        if np.dtype(dtype).kind == "c":
            values = values + 1j * self.rng.normal(size=shape)
        x = np.asarray(values).astype(dtype)
        layout = self.rng.integers(5)
        if layout == 0:
            x = np.asfortranarray(x)
        elif layout == 1 and x.ndim:
            x = np.repeat(x, 2, axis=-1)[..., ::2]
        elif layout == 2 and x.ndim:
            x = np.flip(x, 0)
        elif layout == 3 and x.ndim > 1:
            x = np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1)
        x.flags.writeable = bool(self.rng.integers(2))
        return self.build.parameter(x if x.ndim or self.rng.integers(2) else x[()])

    def step(self):
        x, y = (self.pool[-1 - self.rng.integers(min(len(self.pool), 6))] for _ in range(2))
        kind = self.rng.random()
        try:
            if kind < 0.3:
                made = self.build(self.pick(UNARY), x)
            elif kind < 0.65:
                number = self.pick([2, 0.5, -1.5, np.float32(0.1), True])
                made = self.build(
                    self.pick(BINARY), *((x, y), (x, number), (number, y))[self.rng.integers(3)]
                )
            elif kind < 0.75:
                condition = self.build(np.greater, np.float32(0.1), x)
                made = self.build(
                    np.where,
                    condition,
                    *((x, y), (0, y), (x, 0.0), (x, -0.0), (1, x))[self.rng.integers(5)],
                )
            elif kind < 0.8:
                made = self.build(
                    np.clip, x, *((-1, 1), (None, 0.5), (y, None))[self.rng.integers(3)]
                )
            elif kind < 0.85:
                dtype = np.dtype(
                    self.pick(["complex128"] if x.dtype.kind == "c" else ["float32", "float64"])
                )
                made = self.build(ASTYPE, x, dtype)
            elif kind < 0.88:
                made = self.build(np.broadcast_to, x, shape=self.shape, view=True)
            else:
                made = self.reduction(x)
        except (TypeError, ValueError):
            return  # not for such numbers
        if made is not None and made.dtype is not None:
            self.pool.append(made)

    def reduction(self, x):
        ndim = len(x.shape)
        if not ndim or x.dtype == bool:
            return None
        axes = tuple(sorted(self.rng.permutation(ndim)[: self.rng.integers(1, ndim + 1)].tolist()))
        axis = self.pick([axes, axes, -1, 0])
        keepdims = bool(self.rng.random() < 0.7)
        made = self.build(self.pick(REDUCTIONS), x, axis=axis, keepdims=keepdims)
        if not keepdims and self.rng.random() < 0.5 and made.shape:
            lengths = np.sum(np.empty(x.shape), axis=axis, keepdims=True).shape
            made = self.build(np.reshape, made, shape=lengths, view=True)
        return made

    def program(self):
        made = [i.result for i in self.build.instructions]
        kept = [x for x in made if self.rng.random() < 0.4] + made[-1:]
        return self.build.program(*kept)


SETTINGS = list(product([2, 5, 64, 1000], [1, 2, 5]))  # entries of a block, threads


def reordered(program, groups):
    """The results of sums over divided axes, and all that these go into."""
    sums = {
        step.target
        for group in groups
        for step in group.steps
        if is_partial(step.role, group.shape, group.box)
    }
    found = set(sums)
    for instruction in program.instructions:
        if not found.isdisjoint(instruction.variables):
            found.update(instruction.results)
    return sums, found


@pytest.mark.parametrize("seed", range(300))
def test_random_programs_in_tiny_blocks(seed):
    drawn = Drawn(seed)
    program = drawn.program()
    entries, threads = SETTINGS[seed % len(SETTINGS)]
    fused = check(fuse(program, smallest=1, work=1, entries=entries, threads=threads))
    sums, touched = reordered(program, fused_of(fused))
    with np.errstate(all="ignore"):
        expected = program.run(drawn.build.arguments)
        found = fused.run(drawn.build.arguments)
        for x, one, other in zip(program.results, found, expected, strict=True):
            if x not in touched:
                same(one, other)
            elif x in sums and np.all(np.isfinite(other)):
                close(one, other)


def test_random_programs_do_have_groups_and_partials():
    programs = [Drawn(seed).program() for seed in range(60)]
    fused = [fuse(program, smallest=1, work=1, entries=5) for program in programs]
    groups = [group for program in fused for group in fused_of(program)]
    assert sum(len(group.steps) for group in groups) > 150
    assert sum(group.count > 1 for group in groups) > 50
    assert any(
        reordered(program, fused_of(made))[0] for program, made in zip(programs, fused, strict=True)
    )


# ---------------------------------------------------------------- what is put together


def normal(*shape, dtype="float32"):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def checked(build, *results, **options):
    """The one group of a program, which has the results that the calls have."""
    program = build.program(*results)
    options = {"smallest": 1, "work": 1, "entries": 64, "threads": 2} | options
    fused = check(fuse(program, **options))
    for found, expected in zip(
        fused.run(build.arguments), program.run(build.arguments), strict=True
    ):
        close(found, expected)
    (group,) = fused_of(fused)
    assert len(fused.instructions) == 1
    return group


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


# ---------------------------------------------------------------- what is printed


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


# ---------------------------------------------------------------- choosing


@pytest.mark.parametrize("dtype", DTYPES)
def test_select_is_where(dtype):
    rng = np.random.default_rng(1)
    x, y = ((rng.normal(size=(20, 30)) * 9).astype(dtype) for _ in range(2))
    condition = rng.random((20, 30)) < 0.5
    mask = np.empty((20, 30), blocks.INTEGERS.get(x.itemsize, "int8"))
    for one, other in [(x, y), (x, 0), (0, y), (x, y[:1]), (x[0], y), (1, x), (x.T.copy().T, y)]:
        for given in (condition, condition[:1], condition.astype(float)):
            out = np.empty_like(x)
            blocks.select(given, one, other, mask, out)
            same(out, np.where(given, one, other).astype(dtype))


def test_select_keeps_what_is_special():
    x = np.array([np.nan, -0.0, np.inf, 0.0])
    y = np.array([-0.0, np.nan, 0.0, -np.inf])
    out, mask = np.empty(4), np.empty(4, "int64")
    for condition in ([1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0]):
        blocks.select(np.array(condition, bool), x, y, mask, out)
        same(out, np.where(condition, x, y))
    blocks.select(np.array([True, False, True, False]), x, -0.0, mask, out)
    same(out, np.array([np.nan, -0.0, np.inf, -0.0]))


# ---------------------------------------------------------------- running


def counting(x, out):
    np.add(x, 1, out=out)


def test_partials_do_not_depend_on_threads():
    build = Builder()
    x = build.parameter(normal(100_000))
    program = build.program(build(np.sum, build(np.exp, x)))
    sums = {
        fuse(program, smallest=1, work=1, entries=512, threads=threads).run(build.arguments)
        for threads in (1, 2, 3, 8)
    }
    assert len(sums) == 1
    exact = np.exp(build.arguments[0]).sum(dtype="float64")
    np.testing.assert_allclose(sums.pop()[0], exact, rtol=2e-7)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_exception_in_a_block_is_raised(threads):
    x = np.arange(1000.0)
    done = []

    def failing(part):
        done.append(part)
        if part[0] >= 300:
            raise ArithmeticError(part[0])

    with pytest.raises(ArithmeticError):
        blocks.run(failing, (1000,), (10,), (x,), threads=threads)
    assert len(done) < 100
    out = np.empty_like(x)
    blocks.run(counting, (1000,), (10,), (x,), (out,), threads=threads)
    same(out, x + 1)


def test_helpers_do_take_part_and_raise():
    """Nobody ends before two threads have met."""
    meeting = threading.Barrier(2, timeout=30)
    threads = set()

    def block(part):
        if part[0] < 2:
            meeting.wait()
        threads.add(threading.get_ident())

    blocks.run(block, (8,), (1,), (np.arange(8),), threads=2)
    assert len(threads) == 2

    def failing(part):
        meeting.wait()
        if threading.current_thread() is not caller:
            raise LookupError("in a helper")

    caller = threading.current_thread()
    with pytest.raises(LookupError, match="in a helper"):
        blocks.run(failing, (4,), (1,), (np.arange(4),), threads=2)


def test_blocks_see_the_callers_error_state():
    meeting = threading.Barrier(2, timeout=30)
    states = []

    def block(part):
        meeting.wait()
        states.append(np.geterr()["over"])

    with np.errstate(over="call"):
        blocks.run(block, (4,), (1,), (np.arange(4),), threads=2)
    assert states == ["call"] * 4


def test_many_callers_at_once():
    build = Builder()
    x = build.parameter(normal(5000))
    y = build(np.exp, build(np.negative, x))
    program = build.program(build(np.tanh, build(np.add, y, x)), build(np.sum, y))
    (group,) = fused_of(fuse(program, smallest=1, work=1, entries=256, threads=3))
    inputs = [normal(5000) * k for k in range(1, 9)]
    expected = [group(x) for x in inputs]
    wrong = []

    def call(k):
        for _ in range(20):
            found = group(inputs[k])
            if not all(map(np.array_equal, found, expected[k])):
                wrong.append(k)

    callers = [threading.Thread(target=call, args=(k,)) for k in range(len(inputs))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


def test_a_block_may_run_blocks():
    x, out = np.arange(64.0), np.zeros(64)

    def outer(part, into, scratch):
        scratch[...] = part
        blocks.run(
            inner, part.shape, (2,), (part,), (into,), scratch=(((64,), "float64"),), threads=2
        )
        np.testing.assert_array_equal(scratch, part)

    def inner(part, into, scratch):
        np.multiply(part, 2, scratch)
        into[...] = scratch

    blocks.run(outer, (64,), (8,), (x,), (out,), scratch=(((64,), "float64"),), threads=2)
    same(out, 2 * x)


AFTER_FORK = """
import os, sys, numpy as np
from micrograd_np.compiler.blocks import running as blocks

def block(x, out):
    np.add(x, 1, out)

def run():
    x, out = np.arange(1000.0), np.empty(1000)
    blocks.run(block, (1000,), (10,), (x,), (out,), threads=3)
    assert (out == x + 1).all() and blocks.POOL.size == 2

run()
child = os.fork()
if child == 0:
    assert blocks.POOL.size == 0
    run()
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""

AT_EXIT = """
import atexit, numpy as np
from micrograd_np.compiler.blocks import running as blocks

def run():
    x, out = np.arange(1000.0), np.empty(1000)
    blocks.run(lambda x, out: np.add(x, 1, out), (1000,), (10,), (x,), (out,), threads=3)
    assert (out == x + 1).all()
    print("done")

atexit.register(run)
"""


def python(program):
    """What a program prints in a Python of its own, without a warning or an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_has_threads_of_its_own():
    python(AFTER_FORK)


def test_blocks_while_python_exits():
    assert python(AT_EXIT) == "done\n"
