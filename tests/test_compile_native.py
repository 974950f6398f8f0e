"""The native back end: what its loops compute is what the program's NumPy calls compute.

Where a result is a sum or an elementary function, the last digits may differ; shapes and dtypes
never do. Compiling takes time, so most programs here do many things at once.
"""

import linecache
import operator
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
from articles import NEURON_X, NEURON_Y, XOR_X, XOR_Y
from articles import neuron_by_hand, neuron_start, xor_by_hand, xor_start
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from programs import programs

import micrograd_np as mg
from micrograd_np.compiler import helpers, native
from micrograd_np.compiler.calls import Method
from micrograd_np.compiler.native import elementary
from micrograd_np.compiler.native.functions import lower
from micrograd_np.compiler.native.index import Counter, Index, flattened, unflattened
from micrograd_np.compiler.native.scalars import CODE
from micrograd_np.compiler.program import Instruction, Program, Variable, check, mapped, name_of
from micrograd_np.compiler.tracing import trace
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
    for x, y in zip(expected, found, strict=True):
        x, y = np.asarray(x), np.asarray(y)
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
        assert [eval(code, values) for code in codes] == list(divmod(expected, size // middle))
        assert eval(number.code(str), values) == expected
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


BOUNDS = {"exp": 1, "log": 1, "cosh": 2, "expm1": 2, "log1p": 2, "tanh": 3}  # as documented


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="long double is not longer here")
@pytest.mark.parametrize("name", BOUNDS)
def test_elementary_functions_are_accurate(name):
    function, x = elementary.FUNCTIONS[name], arguments_of(name)
    with np.errstate(all="ignore"):
        found = function(x, Arrays())
        exact = getattr(np, name)(x.astype(np.longdouble))
        error = np.abs(found - exact) / np.spacing(np.abs(exact).astype(float))
    sound = np.isfinite(exact.astype(float))
    assert np.array_equal(np.isfinite(found), sound)
    assert error[sound].max() < BOUNDS[name]


@pytest.mark.parametrize("name", BOUNDS)
def test_elementary_functions_at_their_ends(name):
    with np.errstate(all="ignore"):
        found = elementary.FUNCTIONS[name](SPECIAL, Arrays())
        expected = getattr(np, name)(SPECIAL)
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
        for function in (np.add, np.multiply, np.divide, np.maximum, np.less)
        for i, x in enumerate(m.parameters)
        for y in (*m.parameters[i + 1 :], 0.3, 2)
    ]
    results += [m(np.where, m.parameters[4], x, y) for x in m.parameters[:4] for y in (1.5, 2)]
    results += [m(np.power, x, n) for x in m.parameters[:4] for n in (2, 3, 4)]
    program = m.program(*results)
    assert lower(program, 0)[2].keys() <= {
        i for i, call in enumerate(program.instructions) if call.result.dtype == np.float16
    } | {i for i, call in enumerate(program.instructions) if "int8" in repr(call.variables)}
    for call, x, y in zip(
        program.instructions, run(program, values), native.build(program)(*values), strict=True
    ):
        assert_alike(x, y, repr(call))


# ---------------------------------------------------------------- everything else

rng = np.random.default_rng(0)
X, Y, V = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 3)), rng.normal(size=4)
B, I, F = X > 0, rng.integers(-5, 5, (2, 3, 4)), X.astype(np.float32)  # noqa: E741 - integers
N = np.where(B, X, np.nan)

# fmt: off
MOVING = [
    (np.ravel, X), (np.transpose, X), (np.transpose, X, (1, 2, 0)), (np.matrix_transpose, X),
    (np.swapaxes, X, 0, 2), (np.moveaxis, X, 0, -1), (np.expand_dims, X, 1), (np.flip, X, 1),
    (np.diagonal, X, 1, 1, 2), (np.rot90, Y), (np.roll, X, 1, 1), (np.tile, Y, (2, 2)),
    (np.repeat, Y, 2, 0), (np.take, X, np.array([0, 2, -1]), 1), (np.squeeze, X, ()),
    (np.take_along_axis, Y, np.array([[0], [1], [2], [1]]), 1), (operator.getitem, X, 1),
    (operator.getitem, X, (..., slice(None, None, -2))), (operator.getitem, X, (1, 2, 3)),
    (operator.getitem, X, (slice(None), None, 1)), (operator.getitem, X, B),
    (operator.getitem, X, (np.array([0, 1, -1]), slice(1, 3))), (np.broadcast_to, V, (3, 4)),
    (np.reshape, X, (6, -1)), (np.split, X, 2, 2), (np.split, X, [1, 3], 2), (np.tril, Y),
    (np.triu, X, 1), (np.unstack, X), (np.concatenate, [X, X], 1), (np.concatenate, [X, Y], None),
    (np.concatenate, [F, X]), (np.stack, [X, X], -1), (helpers.scatter, V, slice(0, 8, 2), (9,)),
    (helpers.scatter, V[:3], np.array([True, False, True, True]), (4,)),
    (helpers.scatter_add, V, np.array([0, 1, 0, -1]), (5,)),
    (helpers.scatter_add, Y, (slice(None), np.array([0, 1, 0])), (4, 2)),
    (helpers.index_update, X, (0, 1), 5.0), (helpers.index_update, V, slice(None, None, -1), Y[:, 0]),
    (helpers.index_update, V, np.array([1, 1, 0]), Y[0]), (np.diff, X, 1, 1), (np.copy, Y),
    (Method("astype"), X, np.dtype("f4")), (Method("astype"), F, np.dtype("i4")), (np.real, X),
    (np.imag, X), (np.zeros_like, X), (np.full_like, I, 3), (np.sinc, X), (np.clip, X, -0.5, 0.5),
    (np.clip, N, None, 0.5), (np.clip, I, -1.5, 2),
]
REDUCTIONS = [
    (np.sum, X), (np.sum, X, 1), (np.sum, X, (0, 2)), (np.sum, B, 0), (np.sum, I, -1),
    (np.mean, F), (np.mean, I, 1), (np.prod, X, 1), (np.prod, I, 1), (np.max, N, 2),
    (np.min, N, 0), (np.max, I), (np.min, F, (0, 1)), (np.max, B, 0), (np.all, B, 0),
    (np.any, X, 1), (np.var, X, 1), (np.std, F, -1), (np.cumsum, X, 1), (np.cumsum, X),
    (np.cumprod, I, 2), (np.trace, Y), (np.sum, np.zeros((0, 3)), 0), (np.sum, np.zeros((0, 3)), 1),
]
PRODUCTS = [
    (np.matmul, X, Y), (np.matmul, Y, X), (np.matmul, V, Y), (np.matmul, X, V), (np.matmul, V, V),
    (np.matmul, I, I.swapaxes(1, 2)), (np.dot, Y.T, V), (np.dot, np.float64(2), Y),
    (np.inner, X, V), (np.inner, X, X), (np.outer, V, V), (np.vdot, Y, Y), (np.vecdot, X, V),
    (np.matvec, X, V), (np.vecmat, V, Y), (np.tensordot, X, Y, 1),
    (np.tensordot, X, Y, ([1, 2], [1, 0])), (np.einsum, "ijk,kl->lij", X, Y),
    (np.einsum, "ii", Y[:3]), (np.einsum, "...i,...i->...", X, X), (np.einsum, "ij,jk,k->i", Y.T, Y, V[:3]),
]
PYTHON = [
    (operator.pow, 0.9, 7), (operator.mul, 2.5, 3), (operator.add, 2, 3), (operator.truediv, 2, 3),
    (operator.sub, 1, 0.5), (operator.neg, 2.5), (operator.lt, 1, 2), (operator.pow, 0.5, 2.5),
]
# fmt: on


@needs_numba
@pytest.mark.parametrize(
    "calls", [MOVING, REDUCTIONS, PRODUCTS, PYTHON], ids=["moving", "reductions", "products", "numbers"]
)
def test_forms(calls):
    """Each call on parameters, its keys and index arrays constants, all in one program."""
    given = [x for call in calls for x in (call[1] if isinstance(call[1], list) else call[1:])]
    values = {
        id(x): x
        for x in given
        if (isinstance(x, np.ndarray) and x.dtype.kind in "fi" and any(x is y for y in (X, Y, V, I, F, N)))
        or isinstance(x, float | np.float64)
        or (calls is PYTHON and isinstance(x, int))
    }
    values = list(values.values()) + [B]
    m = Maker(*values)
    named = {id(value): x for value, x in m.values.items() for value, x in [(x, value)]}
    results, names = [], []
    for function, *args in calls:
        keys = function in (operator.getitem, helpers.index_update)
        args = [
            [named.get(id(x), x) for x in arg]
            if isinstance(arg, list) and function in (np.concatenate, np.stack)
            else arg
            if keys and place == 1
            else named.get(id(arg), arg)
            for place, arg in enumerate(args)
        ]
        made = m(function, *args)
        results += made if isinstance(made, list) else [made]
        names += [name_of(m.instructions[-1])] * (len(results) - len(names))
    program = m.program(*results)
    assert lower(program, 1000)[2] == {}
    found = native.build(program)(*values)
    for name, x, y in zip(names, run(program, values), found, strict=True):
        assert_alike(x, y, name, ulps=100)
