"""The native back end on all dtypes: what it has no numbers of is computed by NumPy's calls."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from optable import ROWS

import micrograd_np as mg
from micrograd_np.compiler.native.forms.table import FORMS
from micrograd_np.compiler.native.functions import lower
from micrograd_np.compiler.native.scalars import CODE
from micrograd_np.core import tree
from micrograd_np.errors import TracingError

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="numba is not installed (the extra jit)"
)

NATIVE = "?bhilBHILfd"
OTHERS = "egFDG"  # float16, long double and the complex ones
LARGEST = 1 << 14

# What traced programs refuse: the shape or the dtype of a result depends on values.
REFUSED = (TracingError, TypeError, ValueError, NotImplementedError, np.linalg.LinAlgError)


def cast(x, dtype):
    """An input of a row as numbers of a dtype; what is no array of numbers stays as it is.

    What has no sign gets the size of a number: -1 would become 2**64 - 1, of which SciPy's hyp1f1
    computes for hours.
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "fc":
        return x
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numbers = np.nan_to_num(x)
        return np.asarray(np.abs(numbers) if dtype in "BHILQ" else numbers).astype(dtype)


def calls_of(row, dtypes, cases=None):
    """Functions of arrays, with the arrays, that NumPy itself has results for."""
    for dtype in dtypes:
        for case in row.cases[:cases]:
            drawn = [cast(x, dtype) for x in row.draw(case)]
            places = [i for i, x in enumerate(drawn) if isinstance(x, np.ndarray)]

            def f(*arrays, drawn=drawn, places=places, case=case):
                new = dict(zip(places, arrays, strict=True))
                return row.call([new.get(i, x) for i, x in enumerate(drawn)], case.options)

            arrays = [drawn[i] for i in places]
            try:
                with np.errstate(all="ignore"):
                    expected = f(*arrays)
            except REFUSED:
                continue
            yield f, arrays, expected


ROWS_WITH_FORMS = [row for row in ROWS.values() if row.function in FORMS or row.function in CODE]


@needs_numba
@pytest.mark.parametrize("dtype", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_every_form_refuses_numbers_that_it_does_not_have(dtype):
    for row in ROWS_WITH_FORMS:
        for f, arrays, _ in calls_of(row, dtype, cases=1):
            program = mg.compile(f)
            try:
                program(*arrays)
            except REFUSED:
                continue
            lower(program.specializations[next(iter(program.specializations))].program, LARGEST)


REDUCTIONS = [
    np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.all, np.any, np.cumsum,
    np.cumprod, np.trace, np.diff, np.linalg.norm, np.ptp, np.median,
]  # fmt: skip


def assert_as_eager(f, arrays, expected):
    try:
        found = mg.compile(f, backend="numba")(*arrays)
    except TracingError:
        return
    for pair in zip(tree.leaves(expected), tree.leaves(found), strict=True):
        if isinstance(pair[0], str | type | np.dtype):
            assert pair[0] == pair[1]
            continue
        x, y = (np.asarray(value.data if isinstance(value, mg.Tensor) else value) for value in pair)
        assert (y.shape, y.dtype) == (x.shape, x.dtype)
        close = 1e-2 if x.dtype == np.float16 else 1e-5
        np.testing.assert_allclose(y, x, rtol=close, atol=close)


@needs_numba
@pytest.mark.parametrize("dtype", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_reductions_of_other_numbers(dtype):
    x = (np.arange(12).reshape(3, 4) % 5 - 1.5).astype(dtype)
    for function in REDUCTIONS:
        assert_as_eager(function, [x], function(x))
    assert_as_eager(
        lambda x: np.sum(np.exp(x) * x, axis=0) / (1 + np.abs(x)), [x],
        np.sum(np.exp(x) * x, axis=0) / (1 + np.abs(x)),
    )  # fmt: skip


@needs_numba
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS_WITH_FORMS, ids=lambda row: row.name)
def test_every_op_with_a_native_form_on_some_dtypes(row):
    for call in calls_of(row, "?ieD", cases=1):
        assert_as_eager(*call)


@needs_numba
@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_op_on_every_dtype(row):
    for call in calls_of(row, NATIVE + OTHERS, cases=1):
        assert_as_eager(*call)


# ---------------------------------------------------------------- Python's numbers


@needs_numba
def test_pythons_numbers_raise_what_python_raises():
    def f(x, n):
        return x * (1 / n) + n**2 + n**-1 + 2.0**n

    compiled = mg.compile(f, backend="numba")
    x = np.arange(3.0)
    for n in (2.0, -0.5, float("inf"), float("-inf"), float("nan")):
        np.testing.assert_allclose(compiled(x, n), f(x, n), rtol=1e-14)
    for n, error in ((0.0, ZeroDivisionError), (-0.0, ZeroDivisionError), (1e200, OverflowError)):
        for function in (f, compiled):
            with pytest.raises(error):
                function(x, n)


@needs_numba
def test_numpys_numbers_divide_by_zero():
    compiled = mg.compile(lambda x, n: 1 / (x - n), backend="numba")
    np.testing.assert_array_equal(compiled(np.array([1.0, 2.0]), 1.0), [np.inf, 1.0])
    assert compiled(np.float64(1.0), 1.0) == np.inf


@needs_numba
def test_a_function_that_computes_nothing():
    for made in (3.0, None, (np.arange(3), "a")):
        found = mg.compile(lambda made=made: made, backend="numba")()
        np.testing.assert_equal(found, made)
