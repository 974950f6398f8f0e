"""Where a compiled program keeps its results: nothing is overwritten that is still to be read."""

import operator

import numpy as np
import pytest
from buffered import RNG, assert_unshared, random, reshaped, run_twice
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from program_builder import Builder, assert_same, copied

from micrograd_np.compiler import helpers
from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.program import Instruction, Variable
from micrograd_np.compiler.source import build
from micrograd_np.compiler.source.arena import LINE, Cell, placed
from micrograd_np.compiler.source.buffers import plan
from micrograd_np.compiler.source.liveness import Liveness
from micrograd_np.compiler.source.outputs import c_strides, is_dense, style_of
from micrograd_np.compiler.tracing.functions import ASTYPE, Method

SMALL = (6, 5)
ROWS = np.array([0, 2, 2, 1])


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
