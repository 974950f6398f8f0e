"""Native loops: what they compute is what the program's NumPy calls compute.

Where a result is a sum or an elementary function, the last digits may differ; shapes and dtypes
may not.
"""

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from native_programs import Maker, needs_numba, rng

from micrograd_np.compiler import helpers, native
from micrograd_np.compiler.native import elementary
from micrograd_np.compiler.native.functions import lower
from micrograd_np.compiler.native.index import Counter, Index, flattened, unflattened
from micrograd_np.compiler.native.scalars import CODE
from micrograd_np.compiler.program import name_of
from micrograd_np.compiler.tracing.calls import Method


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
