"""The native back end: what its loops compute is what the program's NumPy calls compute.

Where a result is a sum or an elementary function, the last digits may differ; shapes and dtypes
never do. Compiling takes time, so most programs here do many things at once.
"""

import linecache
import operator
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

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
from hypothesis import strategies as st
from programs import programs

import micrograd_np as mg
from micrograd_np.compiler import helpers, native
from micrograd_np.compiler.native import elementary
from micrograd_np.compiler.native.functions import lower
from micrograd_np.compiler.native.index import Counter, Index, flattened, unflattened
from micrograd_np.compiler.native.scalars import CODE
from micrograd_np.compiler.program import Instruction, Program, Variable, check, mapped, name_of
from micrograd_np.compiler.tracing.calls import Method
from micrograd_np.compiler.tracing.trace import trace
from micrograd_np.errors import MissingExtraError

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="numba is not installed (the extra jit)"
)


class Maker:
    """A program made call by call, on values that its variables have in one run."""

    def __init__(self, *values):
        self.values = {}
        self.constants = {}
        self.instructions = []
        self.parameters = tuple(self.variable("x", value) for value in values)

    def variable(self, hint, value):
        made = Variable.like(hint, value)
        self.values[made] = value
        return made

    def constant(self, array):
        made = self.variable("constant", np.asarray(array))
        self.constants[made] = np.asarray(array)
        return made

    def __call__(self, function, *args, effect=False, view=False, **options):
        args, options = mapped(
            lambda x: self.constant(x) if isinstance(x, np.ndarray) else x, (args, options)
        )
        given, named = mapped(
            lambda x: self.values[x] if isinstance(x, Variable) else x, (args, options)
        )
        with np.errstate(all="ignore"):
            out = function(*given, **named)
        several = isinstance(out, list | tuple)
        hint = getattr(function, "__name__", "value")
        results = tuple(self.variable(hint, x) for x in (out if several else [out]))
        self.instructions.append(
            Instruction(function, args, options, results, several, view, effect)
        )
        return list(results) if several else results[0]

    def program(self, *results):
        made = Program("made", self.parameters, self.constants, tuple(self.instructions), results)
        return check(made)


def run(program, arguments):
    with np.errstate(all="ignore"):
        return program.run(arguments)


def assert_alike(expected, found, name="", ulps=8):
    """Of one shape and dtype, and floating numbers within a few of the last digits."""
    if not isinstance(expected, np.ndarray | np.generic):
        assert type(expected) is type(found), name
    expected, found = np.asarray(expected), np.asarray(found)
    assert (expected.shape, expected.dtype) == (found.shape, found.dtype), name
    if expected.dtype.kind == "f" and expected.size:
        with np.errstate(all="ignore"):
            finite = np.abs(expected[np.isfinite(expected)])
            error = ulps * np.spacing(np.abs(expected))
            same = (expected == found) | (np.isnan(expected) & np.isnan(found))
            close = np.abs(expected - found) <= error
        assert np.all(same | close), (name, expected, found, finite.max(initial=0))
    else:
        assert np.array_equal(expected, found), (name, expected, found)


def assert_close(expected, found):
    """As `assert_alike`, but errors are counted against the largest entry, as sums have it."""
    for x, y in zip(map(np.asarray, expected), map(np.asarray, found), strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        eps = np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0
        np.testing.assert_allclose(
            y, x, rtol=200 * eps, atol=50 * eps * np.max(np.abs(x), initial=1)
        )


# ---------------------------------------------------------------- places in arrays


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.data(),
)
def test_places_of_reshaped_arrays_are_those_of_numpy(shape, data):
    """Looking through two reshapes by whole-number arithmetic finds the entry that NumPy shows."""
    size = int(np.prod(shape))
    divisors = [n for n in range(1, size + 1) if size % n == 0]
    middle = data.draw(st.sampled_from(divisors))
    counters = [Counter("ijk"[axis], n) for axis, n in enumerate(shape)]
    place = unflattened(flattened(tuple(map(Index.of, counters)), shape), (middle, size // middle))
    number = flattened(place, (middle, size // middle))
    for position in np.ndindex(*shape):
        values = dict(zip("ijk", position, strict=False))
        expected = np.ravel_multi_index(position, shape)
        codes = [index.code(str) for index in place]
        found = [eval(code, values) for code in codes]  # noqa: S307 - what is tested
        assert found == list(divmod(expected, size // middle))
        assert eval(number.code(str), values) == expected  # noqa: S307 - what is tested
    assert number.is_distinct()


# ---------------------------------------------------------------- elementary functions


class Arrays:
    """`elementary.Lanes` for NumPy's arrays."""

    select = staticmethod(np.where)
    absolute = staticmethod(np.abs)
    with_sign = staticmethod(np.copysign)

    def two_to(self, n):
        return ((n + (elementary.ROUNDER + 1023)).view(np.int64) << 52).view(float)

    def exponent(self, x):
        return (((x.view(np.int64) >> 52) & 2047) - 1023).astype(float)

    def mantissa(self, x):
        return ((x.view(np.int64) & ((1 << 52) - 1)) | (1023 << 52)).view(float)


SPECIAL = np.array([
    0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.3e-308, 709.78, 709.79, 710.4,
    710.5, -745.0, -745.2, -744.5, -708.5, -720.3, 1.0, -1.0, 0.5, 2**0.5, 0.5**0.5, 1e300, -1e300,
    1e-17, 19.9, 20.1, -36.9, -40.5, np.nextafter(1, 0), np.nextafter(1, 2),
])  # fmt: skip


def arguments_of(name):
    rng = np.random.default_rng(0)
    n = 20_000
    if name.startswith("log"):
        x = np.concatenate([np.exp(rng.uniform(-700, 700, n)), rng.uniform(0.4, 2.5, n)])
        return x if name == "log" else np.concatenate([x, x[n:] - 1, rng.normal(size=n) ** 15])
    ties = (np.arange(-40, 40) + 0.5) * np.log(2)
    wide = rng.uniform(-708, 709, n)
    return np.concatenate([ties, wide, rng.uniform(-1, 1, n), rng.normal(size=n) ** 15])


BOUNDS = {  # as documented
    "exp": 1, "log": 1, "cosh": 2, "expm1": 2, "log1p": 2, "tanh": 3, "logistic_slope": 4,
}  # fmt: skip


def reference(name, x):
    if name == "logistic_slope":
        e = np.exp(-np.abs(x))
        return e / (1 + e) ** 2
    return getattr(np, name)(x)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="long double is not longer here")
@pytest.mark.parametrize("name", BOUNDS)
def test_elementary_functions_are_accurate(name):
    function, x = elementary.FUNCTIONS[name], arguments_of(name)
    with np.errstate(all="ignore"):
        found = function(x, Arrays())
        exact = reference(name, x.astype(np.longdouble))
        rounded = exact.astype(float)
        error = np.abs(found - exact) / np.spacing(np.abs(rounded))
    sound = np.isfinite(rounded)
    assert np.array_equal(np.isfinite(found), sound)
    assert error[sound].max() < BOUNDS[name]


@pytest.mark.parametrize("name", BOUNDS)
def test_elementary_functions_at_their_ends(name):
    with np.errstate(all="ignore"):
        found = elementary.FUNCTIONS[name](SPECIAL, Arrays())
        expected = reference(name, SPECIAL)
    assert_alike(expected, found, name, ulps=3)
    zeros = found == 0
    assert np.array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))


# ---------------------------------------------------------------- entry by entry

NUMBERS = {
    "float64": [*SPECIAL[:12], -745.5, 1.0, -1.0, 0.5, 3.5, 2.5, -2.5, 1e-9, 17.3, -300.0, 1e300],
    "float32": [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-40, 88.8, -104.0, 1.0, -2.5, 3e38],
    "int64": [0, 1, 2, 3, 5, 100, -1, -2, -128],
    "int8": [0, 1, 2, 100, 127, -1, -128],
    "bool": [0, 1],
}


@needs_numba
@pytest.mark.parametrize("dtype", NUMBERS)
def test_ufuncs(dtype):
    """All ufuncs with code for it on all pairs of numbers, one program."""
    x, y = (a.astype(dtype) for a in np.meshgrid(NUMBERS[dtype], NUMBERS[dtype]))
    m = Maker(x, y)
    results = []
    for function in CODE:
        try:
            made = m(function, *m.parameters[: function.nin])
        except (TypeError, ValueError):  # NumPy has no such loop, or refuses negative powers
            continue
        results.append((function.__name__, made))
    refused = lower(m.program(), 0)[2]
    names = [name_of(m.instructions[number]) for number in refused]
    kept = [(name, x) for name, x in results if name not in names]
    assert len(kept) > {"float64": 65, "float32": 65, "int64": 50}.get(dtype, 20)
    m.instructions = [call for i, call in enumerate(m.instructions) if i not in refused]
    program = m.program(*(x for _, x in kept))
    found = native.build(program)(x, y)
    for (name, _), expected, value in zip(kept, run(program, (x, y)), found, strict=True):
        assert_alike(expected, value, name, ulps=4)


@needs_numba
def test_promotion_is_numpys():
    """Python's numbers are weak, NumPy's are not, and integers make floating-point numbers."""
    rng = np.random.default_rng(0)
    single, double = rng.normal(size=3).astype(np.float32), rng.normal(size=3)
    whole, small, truth = np.arange(3), np.arange(3, dtype=np.int8), np.array([True, False, True])
    values = (single, double, whole, small, truth, 1.5, 7, np.float64(2.5), np.float32(0.1))
    m = Maker(*values)
    results = [
        m(function, x, y)
        for function in (np.divide, np.maximum)
        for i, x in enumerate(m.parameters)
        for y in (*m.parameters[i + 1 :], 0.3, 2)
    ]
    results += [m(np.where, m.parameters[4], x, y) for x in m.parameters[:4] for y in (1.5, 2)]
    results += [m(np.power, x, n) for x in m.parameters[:4] for n in (2, 3, 4)]
    refused = lower(m.program(), 0)[2]
    assert all("float16" in why.reason or "may not fit" in why.reason for why in refused.values())
    program = m.program(*(x for i, x in enumerate(results) if i not in refused))
    program = program.with_instructions(
        call for i, call in enumerate(program.instructions) if i not in refused
    )
    assert len(program.results) > 80
    found = native.build(program)(*values)
    for x, expected, y in zip(program.results, run(program, values), found, strict=True):
        assert_alike(expected, y, repr(x))


# ---------------------------------------------------------------- everything else

rng = np.random.default_rng(0)
X, Y, V = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 3)), rng.normal(size=4)
B, I, F = X > 0, rng.integers(-5, 5, (2, 3, 4)), X.astype(np.float32)  # noqa: E741 - integers
N = np.where(B, X, np.nan)


# fmt: off
def moving(c, x, y, v, b, i, f, n):
    return [
        c(np.ravel, x), c(np.transpose, x), c(np.transpose, x, (1, 2, 0)),
        c(np.matrix_transpose, x),
        c(np.swapaxes, x, 0, 2), c(np.moveaxis, x, 0, -1), c(np.expand_dims, x, 1),
        c(np.flip, x, 1),
        c(np.diagonal, x, 1, 1, 2), c(np.rot90, y), c(np.roll, x, 1, 1), c(np.tile, y, (2, 2)),
        c(np.repeat, y, 2, 0), c(np.take, x, np.array([0, 2, -1]), 1), c(np.reshape, x, (6, -1)),
        c(np.take_along_axis, y, np.array([[0], [1], [2], [1]]), 1), c(np.broadcast_to, v, (3, 4)),
        c(operator.getitem, x, 1), c(operator.getitem, x, (..., slice(None, None, -2))),
        c(operator.getitem, x, (1, 2, 3)), c(operator.getitem, x, (slice(None), None, 1)),
        c(operator.getitem, x, B), c(operator.getitem, x, (np.array([0, 1, -1]), slice(1, 3))),
        *c(np.split, x, 2, 2), *c(np.split, x, [1, 3], 2), *c(np.unstack, x), c(np.tril, y),
        c(np.triu, x, 1), c(np.concatenate, [x, x], 1), c(np.concatenate, [x, y], None),
        c(np.concatenate, [f, x]), c(np.stack, [x, x], -1), c(np.diff, x, 1, 1), c(np.copy, y),
        c(helpers.scatter, v, slice(0, 8, 2), (9,)), c(np.real, x), c(np.imag, x),
        c(helpers.scatter, v, np.array([True, False, True, True, True]), (5,)),
        c(helpers.scatter_add, v, np.array([0, 1, 0, -1]), (5,)),
        c(helpers.scatter_add, y, (slice(None), np.array([0, 1, 0])), (4, 2)),
        c(helpers.index_update, x, (0, 1), 5.0),
        c(helpers.index_update, v, slice(None, None, -1), v),
        c(helpers.index_update, v, np.array([1, 1, 0, 2]), v),
        c(Method("astype"), x, np.dtype("f4")),
        c(Method("astype"), f, np.dtype("i4")), c(Method("astype"), n, np.dtype(bool)),
        c(np.zeros_like, x), c(np.full_like, i, 3), c(np.sinc, x), c(np.clip, x, -0.5, 0.5),
        c(np.clip, n, None, 0.5), c(np.clip, i, -1.5, 2), c(np.where, b, x, 0),
        c(np.where, b, f, 1.5),
        c(np.reshape, c(np.transpose, x), (4, 6)), c(np.ravel, c(np.flip, c(np.tile, y, 2))),
    ]


def reductions(c, x, y, v, b, i, f, n):
    empty = c(operator.getitem, y, slice(0, 0))
    return [
        c(np.sum, x), c(np.sum, x, 1), c(np.sum, x, (0, 2), keepdims=True), c(np.sum, b, 0),
        c(np.sum, i, -1), c(np.sum, empty, 0), c(np.sum, empty, 1), c(np.mean, f), c(np.mean, i, 1),
        c(np.prod, x, 1), c(np.prod, i, 1), c(np.max, n, 2), c(np.min, n, 0), c(np.max, i),
        c(np.min, f, (0, 1)), c(np.max, b, 0), c(np.all, b, 0), c(np.any, x, 1), c(np.any, b),
        c(np.var, x, 1), c(np.std, f, -1, ddof=1), c(np.cumsum, x, 1), c(np.cumsum, x),
        c(np.cumprod, i, 2), c(np.trace, y), c(np.sum, c(np.exp, c(np.negative, x)), (0, 2)),
    ]


def products(c, x, y, v, b, i, f, n):
    return [
        c(np.matmul, x, y), c(np.matmul, y, x), c(np.matmul, v, y), c(np.matmul, x, v),
        c(np.matmul, v, v), c(np.matmul, i, c(np.swapaxes, i, 1, 2)),
        c(np.dot, y, c(np.transpose, y)),
        c(np.dot, np.float64(2), y), c(np.inner, x, v), c(np.inner, x, x), c(np.outer, v, v),
        c(np.vdot, y, y), c(np.vecdot, x, v), c(np.matvec, x, v), c(np.vecmat, v, y),
        c(np.tensordot, x, y, 1), c(np.tensordot, x, y, ([1, 2], [1, 0])), c(np.matmul, f, y),
        c(np.einsum, "ijk,kl->lij", x, y), c(np.einsum, "...i,...i->...", x, x),
        c(np.einsum, "ii", c(operator.getitem, y, slice(3))),
        c(np.einsum, "ij,jk,k->i", y, c(np.transpose, y), v),
    ]
# fmt: on


@needs_numba
@pytest.mark.parametrize("calls", [moving, reductions, products])
def test_forms(calls):
    values = (X, Y, V, B, I, F, N)
    m = Maker(*values)
    program = m.program(*calls(m, *m.parameters))
    assert lower(program, 1000)[2] == {}
    found = native.build(program)(*values)
    for x, expected, y in zip(program.results, run(program, values), found, strict=True):
        assert_alike(expected, y, repr(x), ulps=100)


@needs_numba
def test_the_slope_of_a_sigmoid_takes_one_division():
    x = np.array([[0.0, -1.5, 700.0], [1e-9, np.inf, np.nan]])
    m = Maker(x, x.astype(np.float32))
    results = [
        m(np.divide, c, m(np.add, m(np.cosh, z), 1)) for z in m.parameters for c in (0.5, -2.0)
    ]
    program = m.program(*results, m(np.divide, 0.5, m(np.add, m(np.cosh, m.parameters[0]), 2.0)))
    executable = native.build(program)
    assert executable.source.count("logistic_slope_each(") == 4
    values = (x, x.astype(np.float32))
    for expected, found in zip(run(program, values), executable(*values), strict=True):
        assert_alike(expected, found, ulps=4)


@needs_numba
def test_python_numbers():
    """They stay Python's numbers, and a native loop counts with them as Adam does."""
    m = Maker(3, 0.9, np.float64(2))
    count, decay, x = m.parameters
    more = m(operator.add, count, 1)
    power = m(operator.pow, decay, more)
    rest = m(operator.sub, 1, power)
    results = [
        more, power, rest, m(np.divide, x, rest), m(operator.truediv, count, 2),
        m(operator.lt, count, 5), m(operator.mul, x, decay),
    ]  # fmt: skip
    program = m.program(*results)
    values = (3, 0.9, np.float64(2))
    for x, y in zip(program.run(values), native.build(program)(*values), strict=True):
        assert type(x) is type(y)
        assert x == pytest.approx(y, rel=1e-15)
    expected = values
    for _ in range(5):
        after = program.run(expected)
        expected = (after[0], *expected[1:])
    found = native.build_loop(program, {0: 0})(5, *values)
    assert found == pytest.approx(after, rel=1e-15)
    m = Maker(2, 3)
    m.program(m(operator.pow, *m.parameters))
    with pytest.raises(native.NotNativeError, match="depends on their values"):
        native.build_loop(m.program(*m.instructions[0].results), {})


# ---------------------------------------------------------------- sums


@needs_numba
def test_long_sums_are_as_accurate_as_numpys():
    x = rng.normal(size=(3, 40_000)) + 1
    values = (x, x.astype(np.float32), np.full(1000, np.inf))
    m = Maker(*values)
    a, b, c = m.parameters
    program = m.program(m(np.sum, a, 1), m(np.sum, b, 1), m(np.mean, a), m(np.sum, b), m(np.sum, c))
    found = native.build(program)(*values)
    for y, expected in zip(
        found[:4],
        (x.sum(1), values[1].sum(1, float), x.mean(), values[1].sum(dtype=float)),
        strict=True,
    ):
        assert np.all(np.abs(y - expected) <= 3 * np.spacing(expected.astype(y.dtype)))
    assert found[4] == np.inf


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
