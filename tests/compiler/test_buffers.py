"""Where a compiled program keeps its results: nothing is overwritten that is still to be read."""

import operator
import tracemalloc
import weakref

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from program_builder import Builder, assert_same, copied

from micrograd_np.compiler import helpers
from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.program import Instruction, Variable
from micrograd_np.compiler.source import build
from micrograd_np.compiler.source.arena import LINE, Cell, placed
from micrograd_np.compiler.source.buffers import DONATED_FROM, plan
from micrograd_np.compiler.source.liveness import Liveness
from micrograd_np.compiler.source.outputs import c_strides, is_dense, style_of
from micrograd_np.compiler.tracing.functions import ASTYPE, Method
from micrograd_np.core.errstate import quiet

RNG = np.random.default_rng(0)
SMALL = (6, 5)
BIG = (300, 200)
ROWS = np.array([0, 2, 2, 1])


def random(*shape):
    return RNG.normal(size=shape)


def poisoned(executable):
    """The executable with NaNs in the memory that its next call uses."""
    for memory in executable.function.__globals__.get("pool", ()):
        for array in memory if isinstance(memory, tuple) else [memory]:
            array.view(np.uint8 if array.dtype == bool else array.dtype)[...] = (
                np.nan if array.dtype.kind in "fc" else 1
            )
    return executable


def run_twice(program, arguments):
    """The executable, checked to return what the program is by definition, whatever it has kept."""
    executable = build(program)
    with quiet():
        expected = program.run(copied(arguments))
        first = executable(*arguments)
        kept = [np.copy(x) for x in first]
        assert_same(first, expected)
        assert_same(poisoned(executable)(*arguments), expected)
        for x, old in zip(first, kept, strict=True):
            np.testing.assert_array_equal(x, old)
    assert_unshared(first, [*arguments, *program.constants.values()])
    return executable


def assert_unshared(results, others):
    arrays = [x for x in results if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        for y in [*arrays[:i], *(y for y in others if isinstance(y, np.ndarray))]:
            assert not np.shares_memory(x, y)
        assert x.flags.writeable


def reshaped(b, x, shape):
    return b(np.reshape, x, shape, view=True)


def repeated(b, x, shape):
    return b(np.broadcast_to, x, shape, view=True)


def lines(executable):
    """The calls, without comments and without the work on memory around them."""
    body = executable.source.rpartition("def ")[2]
    return [line.partition("#")[0].strip() for line in body.splitlines() if " = " in line]


# ---------------------------------------------------------------- the arena


@examples(4)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(1, 900)), max_size=14))
def test_cells_needed_at_once_lie_apart(drawn):
    cells = [Cell(start, start + length, nbytes) for start, length, nbytes in drawn]
    size = placed(cells)
    for i, one in enumerate(cells):
        assert one.offset % LINE == 0
        assert one.offset + one.nbytes <= size
        for other in cells[:i]:
            if one.start <= other.end and other.start <= one.end:
                assert one.offset + one.nbytes <= other.offset or (
                    other.offset + other.nbytes <= one.offset
                )
    needed = [sum(c.nbytes for c in cells if c.start <= t <= c.end) for t in range(20)]
    assert max(needed) <= size <= sum(c.nbytes for c in cells)


def test_cells_in_turns_share_memory():
    cells = [Cell(0, 1, 128), Cell(2, 3, 64), Cell(2, 3, 64), Cell(4, 5, 128)]
    assert placed(cells) == 128


@pytest.mark.parametrize(
    ("x", "dense"),
    [
        (np.ones((3, 4)), True),
        (np.ones((3, 4), order="F"), True),
        (np.ones((2, 3, 4)).transpose(1, 0, 2), True),
        (np.ones((1, 4)), True),
        (np.ones((3, 4))[:, ::2], False),
        (np.ones(3)[::-1], False),
        (np.broadcast_to(np.ones(3), (2, 3)), False),
        (np.ones((0, 3)), False),
        (np.array(1.0), False),
    ],
)
def test_dense(x, dense):
    assert is_dense(Variable.like("x", x)) == dense
    assert (c_strides(Variable.like("x", x)) == x.strides) == x.flags.c_contiguous or not dense


# ---------------------------------------------------------------- who may write where


def test_intermediates_lie_in_memory_that_is_used_again():
    b = Builder()
    x, w = b.parameter(random(*SMALL)), b.parameter(random(5, 5))
    out = b(np.matmul, b(np.tanh, b(np.matmul, x, w)), w)
    executable = run_twice(b.program(b(np.exp, out)), b.arguments)
    assert lines(executable)[-4:] == [
        "matmul = x.dot(x_1, m0)",
        "tanh_1 = tanh(matmul, matmul)",
        "matmul_1 = tanh_1.dot(x_1, m1)",
        "exp_1 = exp(matmul_1)",
    ]


def test_different_shapes_share_memory():
    b = Builder()
    x = b.parameter(random(20, 30))
    total = b(np.sum, b(np.exp, x))
    other = b(np.exp, b(np.multiply, b.parameter(random(10, 40)), total))
    program = b.program(b(np.sum, other, axis=0))
    run_twice(program, b.arguments)
    assert plan(program).nbytes == 20 * 30 * 8


WRITTEN_OVER = {
    "the same place": (lambda b, y: b(np.exp, y), True),
    "twice the same": (lambda b, y: b(np.multiply, y, y), True),
    "a number": (lambda b, y: b(np.add, y, 2.5), True),
    "broadcast": (lambda b, y: b(np.add, y, b(operator.getitem, y, 0, view=True)), False),
    "itself transposed": (lambda b, y: b(np.add, y, b(np.transpose, y, view=True)), False),
    "itself reversed": (lambda b, y: b(np.add, b(np.flip, y, view=True), y), False),
    "another dtype": (lambda b, y: b(np.greater, y, 0.0), False),
    "another shape": (lambda b, y: b(np.add, y, np.ones((2, 1, 1))), False),
    "a product": (lambda b, y: b(np.matmul, y, y), False),
    "a running sum": (lambda b, y: b(np.cumsum, y, axis=0), False),
    "clipped": (lambda b, y: b(np.clip, y, -1, 1), True),
}


@pytest.mark.parametrize("case", WRITTEN_OVER)
def test_a_result_is_written_over_an_operand_only_in_the_same_place(case):
    make, over = WRITTEN_OVER[case]
    b = Builder()
    result = make(b, b(np.exp, b.parameter(random(5, 5))))
    program = b.program(b(np.sum, result))
    run_twice(program, b.arguments)
    assert (result in plan(program).over) == over


def test_what_is_needed_later_is_not_written_over():
    b = Builder()
    y = b(np.exp, b.parameter(random(5, 5)))
    z = b(np.negative, y)
    seen = b(operator.getitem, y, (slice(None), 1), view=True)
    u = b(np.sqrt, z)
    program = b.program(b(np.add, u, b(np.sum, seen)), b(np.abs, u))
    run_twice(program, b.arguments)
    decided = plan(program).over
    assert decided.get(u) is None or decided[u] is z
    assert z not in decided


def test_parameters_and_constants_are_not_written_over():
    b = Builder()
    x, c = b.parameter(random(5, 5)), b.constant(random(5, 5))
    y = b(np.add, b(np.exp, x), b(np.negative, c))
    before = [x.copy() for x in (*b.arguments, *b.constants.values())]
    run_twice(b.program(b(np.multiply, y, c)), b.arguments)
    assert_same([*b.arguments, *b.constants.values()], before)


def test_a_whole_view_is_written_over_with_its_array():
    b = Builder()
    y = b(np.exp, b.parameter(random(4, 6)))
    flat = b(np.reshape, y, (24,), view=True)
    z = b(np.negative, flat)
    program = b.program(b(np.sum, z))
    executable = run_twice(program, b.arguments)
    assert plan(program).over == {z: flat}
    assert "negative(reshape, reshape)" in executable.source


def test_what_numpy_makes_itself_is_written_over_too():
    b = Builder()
    x = b.parameter(random(5, 5))
    z = b(np.multiply, b(np.where, b(np.greater, x, 0.0), x, 1.0), 2.0)
    program = b.program(z)
    assert "multiply(where_1, two, where_1)" in run_twice(program, b.arguments).source


def test_what_a_function_of_the_users_returns_is_left_alone():
    b = Builder()
    x = b.parameter(random(5, 5))
    z = b(np.multiply, b(lambda x: x, x, view=True), 2.0)
    assert plan(b.program(z)).over == {}
    run_twice(b.program(z), b.arguments)


# ---------------------------------------------------------------- results

# fmt: off
RETURNED = {
    "a parameter":          lambda b, x, y: [x],
    "a constant":           lambda b, x, y: [b.constant(random(3, 4))],
    "the same twice":       lambda b, x, y: [y, y, y],
    "a view of a parameter": lambda b, x, y: [b(np.transpose, x, view=True)],
    "a part of a parameter": lambda b, x, y: [b(operator.getitem, x, (0, slice(1, 3)), view=True)],
    "a view":               lambda b, x, y: [b(np.transpose, y, view=True)],
    "a view and its array": lambda b, x, y: [reshaped(b, y, (30,)), y],
    "two views":            lambda b, x, y: [reshaped(b, y, (30,)), b(np.transpose, y, view=True)],
    "a part":               lambda b, x, y: [b(operator.getitem, y, slice(0, 2), view=True)],
    "a row repeated":       lambda b, x, y: [repeated(b, b(np.sum, y, axis=0), (3, 5))],
    "a diagonal":           lambda b, x, y: [b(np.diagonal, y, view=True)],
    "both parts":           lambda b, x, y: b(np.split, y, 2, view=True),
    "a reversed array":     lambda b, x, y: [b(np.flip, y, view=True)],
    "a number":             lambda b, x, y: [b(np.sum, y), b(np.max, x)],
    "an entry":             lambda b, x, y: [b(operator.getitem, y, (0, 0), view=True)],
    "a 0-d view":           lambda b, x, y: [b(operator.getitem, y, (0, 0, Ellipsis), view=True)],
    "not cast after all":   lambda b, x, y: [b(ASTYPE, y, np.dtype(float), copy=False, view=True)],
    "a Python number":      lambda b, x, y: [b.parameter(2.5), b(operator.mul, b.parameter(3), 2)],
    "nothing":              lambda b, x, y: [],
}
# fmt: on


@pytest.mark.parametrize("case", RETURNED)
def test_results_are_the_callers(case):
    b = Builder()
    x = b.parameter(random(*SMALL))
    y = b(np.exp, b(np.negative, x))
    results = RETURNED[case](b, x, y)
    after = b(np.sum, b(np.add, y, 1.0))
    program = b.program(*results, after)
    executable = run_twice(program, b.arguments)
    before = [np.copy(z) for z in (*b.arguments, *b.constants.values())]
    for z in executable(*b.arguments):
        if isinstance(z, np.ndarray):
            z[...] = 77
    for z, old in zip((*b.arguments, *b.constants.values()), before, strict=True):
        np.testing.assert_array_equal(z, old)
    assert_same(executable(*b.arguments), program.run(b.arguments))


def test_a_view_of_all_of_a_new_array_is_not_copied():
    b = Builder()
    product = b(np.matmul, b.parameter(random(5, 4)), b.parameter(random(4, 5)))
    program = b.program(b(np.transpose, product, view=True))
    executable = run_twice(program, b.arguments)
    assert not plan(program).copied
    assert executable(*b.arguments)[0].flags.f_contiguous


def test_calls_inside_calls():
    b = Builder()
    x = b.parameter(random(5, 5))
    inner = []
    y = b(np.exp, x)
    z = b(lambda y: y + (inner.pop()() if inner else 0), y, view=True)
    program = b.program(b(np.add, z, y))
    executable = build(program)
    expected = executable(*b.arguments)
    inner.append(lambda: executable(b.arguments[0] + 3) and 0.0)
    assert_same(executable(*b.arguments), expected)


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
    with quiet():
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
    """A step of an optimiser with momentum: new parameters, new momentum, and the loss."""
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


# ---------------------------------------------------------------- fused groups


def fused_program(shape=(1200, 60)):
    b = Builder()
    w, g = b.parameter(random(*shape), "w"), b.parameter(random(*shape), "g")
    step = b(np.multiply, b(np.tanh, b(np.exp, b(np.negative, g))), 0.1)
    new = b(np.subtract, w, step)
    later = b(np.matmul, b(np.sqrt, b(np.add, b(np.square, step), 1.0)), np.ones((60, 3)))
    made = b.program(new, later, b(np.sum, step, axis=0))
    program = fuse(made, smallest=1 << 10, work=1)
    assert any(hasattr(each.function, "definition") for each in program.instructions)
    return program, b.arguments


def test_fused_groups_write_into_buffers():
    program, arguments = fused_program()
    executable = run_twice(program, arguments)
    assert "out=(" in executable.source
    assert all(x in executable.source for x in ("m0", "buffers()"))


def test_fused_groups_write_over_what_is_given_up():
    program, arguments = fused_program()
    executable = build(program, donated=frozenset({0, 1}))
    w, g = copied(arguments)
    expected = program.run(copied(arguments))
    found = executable(w, g)
    assert_same(found, expected)
    assert found[0] is g


# ---------------------------------------------------------------- what is known of calls

X, Y = Variable.like("x", random(4, 4)), Variable.like("y", random(4, 4))
HALF = Variable.like("half", np.ones((4, 4), "float16"))
RNG_VARIABLE = Variable.like("rng", RNG)


# fmt: off
STYLES = [
    (np.exp, (X,), {}, "position"),
    (np.exp, (X,), {"where": Y}, None),
    (np.exp, (X,), {"out": Y}, None),
    (np.modf, (X,), {}, None),
    (np.matmul, (X, Y), {}, "position"),
    (np.add.reduce, (X,), {"axis": 0}, "keyword"),
    (np.add.reduce, (X, 0), {}, None),
    (np.mean, (X,), {}, "keyword"),
    (np.mean, (HALF,), {}, None),
    (np.take, (X, 1), {"axis": 0}, None),
    (np.take, (X, 1), {"axis": 0, "mode": "clip"}, "keyword"),
    (np.einsum, ("ij,jk", X, Y), {}, "keyword"),
    (np.einsum, ("ij,jk", X, Y), {"optimize": True}, None),
    (np.einsum, ("ij->ji", X), {}, None),
    (np.concatenate, ([X, Y],), {"dtype": "float32"}, None),
    (np.where, (X, X, Y), {}, None),
    (np.linalg.inv, (X,), {}, None),
    (Method("random"), (RNG_VARIABLE, (4, 4)), {}, None),
]
# fmt: on


@pytest.mark.parametrize(("function", "args", "options", "style"), STYLES)
def test_how_calls_are_told_where_to_write(function, args, options, style):
    assert style_of(Instruction(function, args, options, (Y,), view=True)) == style


# ---------------------------------------------------------------- random programs


@st.composite
def tangled(draw):
    """A program with many views, of which any may be returned or written over."""
    b = Builder()
    dtypes = [np.float64, np.float64, np.float32, np.int64]
    pool = [
        b.parameter((random(4, 4) * 3).astype(draw(st.sampled_from(dtypes)))),
        b.parameter(np.asfortranarray(random(4, 4))),
        b.constant(random(4, 4)),
    ]
    steps = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 40), st.integers(0, 40))
    for name, i, j in draw(st.lists(steps, min_size=1, max_size=25)):
        made = STEPS[name](b, pool[-1 - i % len(pool)], pool[-1 - j % len(pool)])
        pool += made if isinstance(made, list) else [made]
    count = draw(st.integers(0, 4))
    chosen = [pool[-1 - draw(st.integers(0, len(pool) - 1))] for _ in range(count)]
    donated = draw(st.frozensets(st.integers(0, 1)))
    return b, b.program(*chosen, b(np.sum, pool[-1])), donated


# fmt: off
STEPS = {
    "add":       lambda b, x, y: b(np.add, x, y),
    "multiply":  lambda b, x, y: b(np.multiply, x, y),
    "subtract":  lambda b, x, y: b(np.subtract, 1, x),
    "negative":  lambda b, x, y: b(np.negative, x),
    "tanh":      lambda b, x, y: b(np.tanh, x),
    "maximum":   lambda b, x, y: b(np.maximum, x, y),
    "clip":      lambda b, x, y: b(np.clip, x, -2, 2),
    "matmul":    lambda b, x, y: b(np.matmul, x, y),
    "where":     lambda b, x, y: b(np.where, b(np.greater, x, y), x, y),
    "cumsum":    lambda b, x, y: b(np.cumsum, x, axis=0),
    "row":       lambda b, x, y: b(np.add, x, b(operator.getitem, y, 1, view=True)),
    "column":    lambda b, x, y: b(np.add, x, b(np.sum, y, axis=1, keepdims=True)),
    "transpose": lambda b, x, y: b(np.transpose, x, view=True),
    "flip":      lambda b, x, y: b(np.flip, x, view=True),
    "reshape":   lambda b, x, y: reshaped(b, reshaped(b, x, (16,)), (4, 4)),
    "broadcast": lambda b, x, y: repeated(b, b(operator.getitem, x, 0, view=True), (4, 4)),
    "split":     lambda b, x, y: [b(np.concatenate, b(np.split, x, 2, view=True)[::-1])],
    "cast":      lambda b, x, y: b(ASTYPE, x, np.dtype(float), copy=False, view=True),
    "scatter":   lambda b, x, y: b(helpers.scatter_add, x, ROWS, (4, 4), view=True),
    "stack":     lambda b, x, y: b(np.sum, b(np.stack, [x, y, x]), axis=0),
    "mine":      lambda b, x, y: b(lambda x, y: x, x, y, view=True),
    "picked":    lambda b, x, y: b(operator.getitem, x, b.constant(ROWS), view=True),
    "einsum":    lambda b, x, y: b(np.einsum, "ij,kj->ik", x, y, view=True),
    "fft":       lambda b, x, y: b(np.real, b(np.fft.fft, x), view=True),
}
# fmt: on


@examples(4)
@given(tangled())
def test_tangled_views(drawn):
    b, program, donated = drawn
    with np.errstate(all="ignore"):
        run_twice(program, b.arguments)
        expected = program.run(copied(b.arguments))
        found = build(program, donated=donated)(*copied(b.arguments))
        assert_same(found, expected)
        assert_unshared(found, program.constants.values())


def test_roots_of_views():
    b = Builder()
    x = b.parameter(random(4, 4))
    y = b(np.exp, x)
    part = b(operator.getitem, y, 0, view=True)
    live = Liveness(b.program(b(np.sum, part)))
    assert live.roots[part] == {y, part}
    assert live.needed[y] == 2
    assert live.owner(part) is None
    assert live.owner(y) is y
    assert live.owner(x) is None
