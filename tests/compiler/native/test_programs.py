"""Whole programs of the native back end: networks, random ones, and parts left to NumPy."""

import linecache
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from articles import (
    NEURON_X,
    NEURON_Y,
    XOR_X,
    XOR_Y,
    neuron_by_hand,
    neuron_start,
    xor_by_hand,
    xor_start,
)
from hypothesis import HealthCheck, given, settings
from native_programs import Maker, needs_numba, rng
from programs import programs

import micrograd_np as mg
from micrograd_np.compiler import native
from micrograd_np.compiler.program import check
from micrograd_np.compiler.tracing.calls import Method
from micrograd_np.compiler.tracing.trace import trace
from micrograd_np.errors import MissingExtraError


def assert_close(expected, found):
    """As `assert_alike`, but errors are counted against the largest entry, as sums have it."""
    for x, y in zip(map(np.asarray, expected), map(np.asarray, found), strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        eps = np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0
        np.testing.assert_allclose(
            y, x, rtol=200 * eps, atol=50 * eps * np.max(np.abs(x), initial=1)
        )


# ---------------------------------------------------------------- networks


def sigmoid(c, x):
    e = c(np.exp, c(np.negative, x))
    return c(np.reciprocal, c(np.add, 1.0, e)), c(np.divide, 0.5, c(np.add, 1.0, c(np.cosh, x)))


def neuron():
    c = Maker(*neuron_start())
    (w,) = c.parameters
    out, slope = sigmoid(c, c(np.matmul, NEURON_X, w))
    step = c(np.matmul, NEURON_X.T, c(np.multiply, c(np.subtract, NEURON_Y, out), slope))
    return c.program(c(np.add, w, step))


def xor():
    c = Maker(*xor_start())
    w1, b1, w2, b2 = c.parameters
    hidden, slope1 = sigmoid(c, c(np.add, c(np.matmul, XOR_X, w1), b1))
    out, slope2 = sigmoid(c, c(np.add, c(np.matmul, hidden, w2), b2))
    d2 = c(np.multiply, c(np.subtract, XOR_Y, out), slope2)
    d1 = c(np.multiply, c(np.matmul, d2, c(np.matrix_transpose, w2, view=True)), slope1)
    steps = [
        c(np.matmul, XOR_X.T, d1), c(np.sum, d1, 0, keepdims=True),
        c(np.matmul, c(np.matrix_transpose, hidden, view=True), d2),
        c(np.sum, d2, 0, keepdims=True),
    ]  # fmt: skip
    return c.program(
        *(
            c(np.add, p, c(np.multiply, 0.1, step))
            for p, step in zip(c.parameters, steps, strict=True)
        )
    )


@needs_numba
@pytest.mark.parametrize(
    ("program", "start", "by_hand"),
    [(neuron(), neuron_start, neuron_by_hand), (xor(), xor_start, xor_by_hand)],
    ids=["neuron", "xor"],
)
def test_networks_of_the_articles(program, start, by_hand):
    """The loop is so many steps, and 300 train the weights that hand-written NumPy does."""
    carried = {i: i for i in range(len(start()))}
    step, loop = native.build(program), native.build_loop(program, carried)
    assert_close(program.run(start()), step(*start()))
    assert_close(program.run(start()), loop(1, *start()))
    weights = start()
    for _ in range(7):
        weights = step(*weights)
    assert_close(weights, loop(7, *start()))
    for x, y in zip(by_hand(300), loop(300, *start()), strict=True):
        np.testing.assert_allclose(y, x, rtol=0, atol=1e-12)


@needs_numba
def test_a_loop_carries_by_position():
    """Parameters may change places, wait for each other's old values, or stay; a result may too."""
    values = (np.arange(3.0), np.ones(3), np.float64(2), np.eye(3))
    m = Maker(*values)
    a, b, c, d = m.parameters
    moved = m(np.add, a, b)
    program = m.program(moved, a, m(np.multiply, c, 1.5), m(np.matmul, d, a), b)
    carried = {0: 0, 1: 1, 2: 2}
    expected = list(values)
    for _ in range(4):
        results = program.run(expected)
        for i, j in carried.items():
            expected[i] = results[j]
    assert_close(results, native.build_loop(program, carried)(4, *values))


# ---------------------------------------------------------------- parts that are not native


def divided():
    """Draws, a sort and a solution among native calls, some of them on views."""
    values = (np.random.default_rng(5), rng.normal(size=(3, 3)), rng.normal(size=3))
    m = Maker(*values)
    generator, a, v = m.parameters
    first = m(Method("normal"), generator, 0.0, 1.0, (3,), effect=True)
    x = m(np.exp, m(np.negative, m(np.square, m(np.add, v, first))))
    turned = m(np.transpose, a, view=True)
    spd = m(np.add, m(np.matmul, a, turned), np.eye(3))
    solved = m(np.linalg.solve, m(np.transpose, spd, view=True), x)
    second = m(Method("uniform"), generator, 0.0, 1.0, (3,), effect=True)
    ordered = m(np.sort, m(np.multiply, m(np.add, solved, second), m(np.tanh, v)))
    y = m(np.sum, m(np.multiply, m(np.add, ordered, 1.0), m(np.flip, ordered, view=True)))
    return m.program(y, m(np.transpose, spd, view=True), ordered, generator), values


@needs_numba
def test_what_is_not_native_is_called_between():
    program, values = divided()
    executable = native.build(program)
    assert executable.segments == 2
    for seed in (5, 6):
        expected = program.run((np.random.default_rng(seed), *values[1:]))
        found = executable(np.random.default_rng(seed), *values[1:])
        assert_close(expected[:3], found[:3])
        assert expected[3].random() == found[3].random()


@needs_numba
def test_a_loop_names_all_that_is_not_native():
    program, _ = divided()
    with pytest.raises(native.NotNativeError) as raised:
        native.build_loop(program, {})
    assert [each.call for each in raised.value.refusals[:4]] == [
        "normal",
        "solve",
        "uniform",
        "sort",
    ]
    assert all(name in str(raised.value) for name in ("normal", "solve", "uniform", "sort"))


@needs_numba
def test_other_numbers_stay_with_numpy():
    """Complex and half-precision numbers, as parameters and as results."""
    values = (np.array([1j, 2.0]), np.arange(2, dtype=np.float16), np.arange(2.0))
    m = Maker(*values)
    z, half, x = m.parameters
    y = m(np.add, m(np.exp, m(np.sin, x)), x)
    program = m.program(m(np.multiply, z, y), m(np.add, half, half), m(np.abs, z), z, y)
    expected, found = program.run(values), native.build(program)(*values)
    for a, b in zip(expected, found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(b, a, rtol=1e-15)


# ---------------------------------------------------------------- as an executable


@needs_numba
def test_arguments_in_any_layout_are_left_as_they_are():
    m = Maker(np.ones((3, 4)), np.ones(4), np.float64(2))
    a, v, c = m.parameters
    program = m.program(m(np.add, m(np.multiply, a, c), v), a, m(np.transpose, a), a, c)
    executable = native.build(program)
    big = rng.normal(size=(8, 6))
    frozen = rng.normal(size=(3, 4))
    frozen.flags.writeable = False
    for x in (np.asfortranarray(big[:3, :4]), big[::-2, :4][:3], big.T[:3, :4], frozen):
        for number in (np.float64(2.5), np.array(2.5)):
            values = (x, big[:4, 0], number)
            copies = [np.copy(value) for value in values]
            found = executable(*values)
            assert_close(program.run(values), found)
            assert all(map(np.array_equal, values, copies))
            arrays = [y for y in found if y.ndim]
            for i, y in enumerate(arrays):
                assert y.flags.writeable
                assert not any(np.shares_memory(y, other) for other in (*values, *arrays[:i]))


@needs_numba
def test_threads_may_call_one_executable():
    program = xor()
    executable = native.build_loop(program, {i: i for i in range(4)})
    starts = [[p + k for p in xor_start()] for k in range(8)]
    expected = [executable(200, *start) for start in starts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda start: executable(200, *start), starts * 5))
    for i, results in enumerate(found):
        assert all(map(np.array_equal, results, expected[i % 8]))


@needs_numba
def test_the_source_can_be_read():
    program = neuron()
    executable = native.build(program)
    assert "for i in range(4):" in executable.source
    assert "exp_each(" in executable.source
    file = executable.function.__code__.co_filename
    assert linecache.getline(file, 1).startswith("def ")


def test_without_numba_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingExtraError, match=r"extra 'jit'"):
        native.require_numba()
    with pytest.raises(MissingExtraError):
        native.build(neuron())


# ---------------------------------------------------------------- random programs


def traced(function, *arguments):
    """The program of a function of arrays that returns a list of Tensors or arrays."""

    def stand_ins(made):
        return function(*(made.parameter(f"x{i}", x) for i, x in enumerate(arguments)))

    make, out, _ = trace("random", stand_ins)
    return check(make([x.value if isinstance(x, mg.Tensor) else x for x in out]))


def gradients(program):
    places = tuple(range(len(program.inputs)))

    def f(*xs):
        value, slopes = mg.value_and_grad(lambda *ys: program.run(np, ys), places)(*xs)
        return [value, *slopes]

    return traced(f, *program.inputs)


def assert_native_agrees(drawn):
    program = gradients(drawn)
    with np.errstate(all="ignore"):
        expected = program.run(drawn.inputs)
        found = native.build(program)(*drawn.inputs)
    for x, y in zip(expected, found, strict=True):
        assert (np.shape(x), np.asarray(x).dtype) == (np.shape(y), np.asarray(y).dtype)
        scale = max(1.0, float(np.max(np.abs(x), initial=0)))
        np.testing.assert_allclose(y, x, rtol=1e-9, atol=1e-9 * scale)


@needs_numba
@given(programs())
@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_programs_and_their_gradients(drawn):
    assert_native_agrees(drawn)


@needs_numba
@pytest.mark.thorough
@given(programs())
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_random_programs_and_their_gradients(drawn):
    assert_native_agrees(drawn)


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_signs_of_zeros_are_those_of_numpy(dtype):
    x = np.array([-0.0, 0.0, -0.0, 4.0, -4.0, np.nan, -3.0], dtype)
    y = np.array([2.0, -2.0, -2.0, -2.0, 2.0, 2.0, np.inf], dtype)
    with np.errstate(all="ignore"):
        expected = np.sign(x), np.remainder(x, y)
    compiled = mg.compile(lambda x, y: (np.sign(x), np.remainder(x, y)), backend="numba")
    for one, other in zip(compiled(x, y), expected, strict=True):
        assert one.dtype == dtype
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one[:5]), np.signbit(other[:5]))
