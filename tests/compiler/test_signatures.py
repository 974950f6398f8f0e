"""Which calls of a compiled function share a program: kinds, dtypes, shapes and trees of arguments.

That programs compute what the functions do is tested op by op in `test_tracing`, and for
random programs in `test_programs`.
"""

# ruff: noqa: PLW0108 - what is compiled in these tables is a function of the user's own

import contextlib
from typing import Any

import numpy as np
import pytest
from compiled_functions import VECTOR, X, assert_alike, assert_compiled, runs
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core import tree
from micrograd_np.errors import GraphError, TracingError

# ---------------------------------------------------------------- what is compiled


def test_as_a_function_and_as_a_decorator():
    @mg.compile
    def square(x):
        """Of a number."""
        return x * x

    @mg.compile(static_argnames="power")
    def raised(x, power):
        return x**power

    assert square.__name__ == "square"
    assert square.__doc__ == "Of a number."
    assert_array_equal(square(VECTOR), VECTOR * VECTOR)
    assert_array_equal(raised(VECTOR, power=2), VECTOR**2)
    assert_array_equal(mg.compile(lambda x: x + 1)(VECTOR), VECTOR + 1)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match=r"mg\.compile takes a function.*3\.0"):
        mg.compile(3.0)
    with pytest.raises(ValueError, match="back ends 'numpy' and 'numba'"):
        mg.compile(np.sin, backend="fortran")
    for wrong in (-5, 0.5, "x"):
        with pytest.raises((TypeError, ValueError), match="static_argnums"):
            mg.compile(lambda x: x, static_argnums=wrong)
    with pytest.raises(ValueError, match="cache_size"):
        mg.compile(np.sin, cache_size=0)


def test_numpys_own_functions_are_compiled_too():
    assert_array_equal(mg.compile(np.sin)(VECTOR), np.sin(VECTOR))
    assert_array_equal(mg.compile(mg.sigmoid)(VECTOR), mg.sigmoid(VECTOR))


def test_nothing_is_known_of_a_function_that_was_not_called():
    f = mg.compile(np.sin)
    for ask in (lambda: f.source, f.report):
        with pytest.raises(GraphError, match="first called"):
            ask()


# ---------------------------------------------------------------- signatures


def test_it_is_traced_once_a_structure_shape_and_dtype():
    f, seen = runs(lambda x: np.sin(x) * 2)
    compiled = mg.compile(f)
    for x in (VECTOR, VECTOR + 1, VECTOR[::-1]):
        assert_array_equal(compiled(x), f(x))
        seen.pop()
    assert len(seen) == 1
    for x in (X, VECTOR.astype(np.float32), Tensor(VECTOR), 2.0, 2, np.float64(2), VECTOR > 0):
        if not (isinstance(x, np.ndarray) and x.dtype.kind == "b"):
            compiled(x)
    assert len(seen) == 7
    assert len(compiled.specializations) == 7
    compiled.clear()
    assert not compiled.specializations
    compiled(VECTOR)
    assert len(seen) == 8


def test_structures_are_told_apart():
    f, seen = runs(lambda p: sum(tree.leaves(p)))
    compiled = mg.compile(f)
    structures: list[Any] = [
        [1.0, 2.0], (1.0, 2.0), {"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 2.0}, [1.0, [2.0]],
        [1.0, 2.0, 3.0], [None, 1.0, 2.0], [1.0],
    ]  # fmt: skip
    for p in (*structures, *structures):
        assert compiled(p) == sum(tree.leaves(p))
    assert len(seen) == len(structures)


@pytest.mark.parametrize("static", [True, "sum", None, 3, 2.5, (1, "a"), np.sum])
def test_static_arguments_make_programs_of_their_own(static):
    def f(x, how):
        return np.sum(x) if how == "sum" else (x, how is static)

    f, seen = runs(f)
    compiled = mg.compile(f, static_argnums=1)
    for _ in range(3):
        assert tree.leaves(compiled(VECTOR, static))[-1] == tree.leaves(f(VECTOR, static))[-1]
        seen.pop()
    compiled(VECTOR, "another")
    assert len(seen) == 2


def test_static_numbers_are_told_apart_by_type():
    f, seen = runs(lambda x, n: x * n)
    compiled = mg.compile(f, static_argnums=1)
    results = [compiled(VECTOR.astype(int), n) for n in (1, 1.0, True, 0.0, -0.0)]
    assert [x.dtype.kind for x in results] == ["i", "f", "i", "f", "f"]
    assert len(seen) == 5


def test_strings_truth_values_and_functions_are_static_by_themselves():
    f, seen = runs(lambda x, flag, name, g: g(x) if flag else x * len(name))
    compiled = mg.compile(f)
    for _ in range(2):
        assert_array_equal(compiled(VECTOR, True, "ab", np.sin), np.sin(VECTOR))
        assert_array_equal(compiled(VECTOR, True, "ab", np.cos), np.cos(VECTOR))
        assert_array_equal(compiled(VECTOR, False, "ab", np.sin), VECTOR * 2)
        assert_array_equal(compiled(VECTOR, False, "abc", np.sin), VECTOR * 3)
    assert len(seen) == 4


def test_arguments_without_a_hash_are_told_apart_by_identity_and_watched():
    class Settings:
        __hash__ = None

        def __init__(self):
            self.rate = 2.0

    def f(x, factors, p):
        return x * factors[0] * p["b"].rate

    compiled, factors, settings = mg.compile(f, static_argnums=1), [1.0, 2.0], Settings()
    for change in (
        lambda: None,
        lambda: factors.insert(0, 3.0),
        lambda: vars(settings).update(rate=5.0),
    ):
        change()
        for _ in range(2):
            assert_allclose(
                compiled(VECTOR, factors, {"b": settings}), f(VECTOR, factors, {"b": settings})
            )
    assert compiled.traced == 3


def test_static_arguments_by_name_and_by_position():
    def f(x, n, *, m):
        return [x] * n + [x + 1] * m

    assert len(mg.compile(f, static_argnums=1, static_argnames="m")(VECTOR, 2, m=1)) == 3
    assert len(mg.compile(f, static_argnames=("n", "m"))(VECTOR, 2, m=3)) == 5
    assert len(mg.compile(f, static_argnames=("n", "m"))(VECTOR, n=2, m=3)) == 5
    for g in (f, lambda x, n, *, m: [1.0] * n + m * [2.0]):
        with pytest.raises(TracingError, match="static"):
            mg.compile(g)(VECTOR, 2, m=1)


def test_the_cache_is_bounded():
    f, seen = runs(lambda x: x + 1)
    compiled = mg.compile(f, cache_size=2)
    for n in (1, 2, 3, 3, 2, 1):
        assert_array_equal(compiled(np.zeros(n)), np.ones(n))
    assert len(compiled.specializations) == 2
    assert len(seen) == 4


def test_keywords_and_defaults():
    def f(x, y=2.0, *rest, z, **more):
        return x * y + z + sum(rest) + sum(more.values())

    compiled = mg.compile(f)
    for args, keywords in (
        ((1.0,), {"z": 3.0}), ((1.0, 5.0), {"z": 3.0}), ((1.0,), {"z": 3.0, "y": 5.0}),
        ((1.0, 2.0, 3.0, 4.0), {"z": VECTOR}), ((1.0,), {"b": 2.0, "z": 3.0, "a": VECTOR}),
    ):  # fmt: skip
        for _ in range(2):
            assert_array_equal(compiled(*args, **keywords), f(*args, **keywords))


def test_a_wrong_call_is_an_error_as_ever():
    compiled = mg.compile(lambda x: x)
    with pytest.raises(TypeError, match="positional argument"):
        compiled()
    with pytest.raises(TypeError, match="positional argument"):
        compiled(1.0, 2.0)
    assert not compiled.specializations


# ---------------------------------------------------------------- numbers of Python


@pytest.mark.parametrize("number", [2.0, 3, 2 + 1j])
def test_numbers_of_python_leave_arrays_their_dtype(number):
    def f(x, n):
        return x * n, n * x, x + n / 2, np.power(x, n), x - n

    for dtype in (np.float32, np.float64, np.float16):
        assert_compiled(f, X.astype(dtype), number, others=(X.astype(dtype) + 2, number + 1))


def test_numbers_make_numbers():
    def f(n, x):
        return n + 1, 2 * n, n**2, n / 3, n // 2, n % 3, -n, abs(-n), n * n, n < 3, (n + 1) * x

    assert_compiled(f, 5, VECTOR, others=(7, VECTOR))
    assert_compiled(f, 5.5, VECTOR, others=(7.25, VECTOR))
    assert mg.compile(f)(5, VECTOR)[0] == 6


def test_a_counter_does_not_trace_again():
    """Adam's step is a Python number, which is another one at every step."""
    f, seen = runs(lambda steps, g: (steps + 1, g / (1 - 0.9 ** (steps + 1))))
    compiled = mg.compile(f)
    steps = 0
    for _ in range(5):
        expected = VECTOR / (1 - 0.9 ** (steps + 1))
        steps, corrected = compiled(steps, VECTOR)
        assert_array_equal(corrected, expected)
    assert steps == 5
    assert type(steps) is int
    assert len(seen) == 1


@pytest.mark.parametrize(
    "scalar", [np.float64(1.5), np.float32(1.5), np.int64(3), np.complex64(2j)]
)
def test_scalars_of_numpy(scalar):
    assert_compiled(lambda s: (s * 2, s**2, s * VECTOR, np.sin(s), s / 3, -s), scalar)


@pytest.mark.parametrize("n", [3, np.int64(3)])
def test_a_number_that_a_shape_depends_on_has_to_be_static(n):
    for f in (
        lambda x, n: x[:n],
        lambda x, n: x[..., n::2],
        lambda x, n: np.zeros(n),
        lambda x, n: np.tile(x, n),
        lambda x, n: x.reshape(n, -1),
        lambda x, n: np.sum(X, axis=n) if isinstance(n, int) else np.sum(x.reshape(1, 3), axis=n),
        lambda x, n: [x for _ in range(n)],
        lambda x, n: np.repeat(x, n),
        lambda x, n: np.arange(n),
        lambda x, n: np.linspace(x[0], x[1], n),
        lambda x, n: Tensor(x)[:n],
        lambda x, n: np.eye(3)[:, :n] @ x,
    ):
        with pytest.raises(TracingError, match=r"(?s)test_signatures\.py.*static"):
            mg.compile(f)(VECTOR, n)
    assert_array_equal(mg.compile(lambda x, n: x[:n], static_argnums=1)(VECTOR, 2), VECTOR[:2])
    assert_compiled(lambda x, n: x[n], VECTOR, 1, others=(VECTOR, 2))
    assert_compiled(lambda x, n: np.roll(x, 1) * n, VECTOR, 1, others=(VECTOR, 2))


# ---------------------------------------------------------------- arrays and Tensors


@pytest.mark.parametrize(
    "x",
    [
        X, X.T, X[:, ::2], X[::-1], np.asfortranarray(X), np.array(2.5), np.zeros((0, 3)), X + 1j,
        X.astype(np.float32), X.astype(np.float16), (X + 1j).astype(np.complex64),
        np.arange(6).reshape(2, 3), np.broadcast_to(1.5, (2, 3)), np.zeros((2, 0, 3)),
    ],
    ids=lambda x: f"{x.shape}-{x.dtype}-{x.strides}",
)  # fmt: skip
@pytest.mark.parametrize("kind", [np.asarray, Tensor])
def test_arrays_of_every_kind(x, kind):
    def f(x):
        return x * 2 + 1, np.sin(x).sum(axis=-1) if x.ndim else -x, x.T, np.mean(x)

    with np.errstate(all="ignore"), contextlib.suppress(RuntimeWarning):
        assert_compiled(f, kind(x))


def test_one_signature_serves_every_layout():
    f, seen = runs(lambda x: (np.exp(x) @ x.T, x.ravel(), x.reshape(-1, 2), np.ravel(x, order="F")))
    compiled = mg.compile(f)
    for x in (
        X,
        np.asfortranarray(X),
        np.repeat(X, 2, axis=1)[:, ::2],
        X[::-1, ::-1].copy()[::-1, ::-1],
    ):
        found = compiled(x)
        seen.clear()
        for one, other in zip(found, f(x), strict=True):
            assert_allclose(one, other, rtol=1e-15)
    assert len(compiled.specializations) == 1


def test_indices_from_outside_are_seen_as_they_are():
    indices, mask = Tensor([0, 2]), Tensor([True, False, True])
    compiled = mg.compile(lambda x: (x[indices], np.take(x, indices), Tensor(x)[indices, None]))
    for places in ([0, 2], [1, 1]):
        indices.data = np.array(places)
        for found, expected in zip(compiled(VECTOR), compiled.function(VECTOR), strict=True):
            assert_array_equal(found, expected)
    with pytest.raises(TracingError, match="mask"):
        mg.compile(lambda x: x[mask])(VECTOR)


def test_results_are_nobody_elses():
    """Neither a later call nor a change of an argument reaches them, whatever they are."""

    def f(x, t):
        return x, x.T, x[0], x + 1, t, t.T, np.zeros(3), [x, x], x.reshape(-1), t[0], 2.0

    compiled = mg.compile(f)
    for _ in range(3):
        x, t = X.copy(), Tensor(X)
        found = compiled(x, t)
        arrays = [leaf.data if isinstance(leaf, Tensor) else leaf for leaf in tree.leaves(found)]
        kept = [np.copy(a) for a in arrays]
        compiled(X + 1, Tensor(X + 1))
        x += 1
        t.data = X * 9
        for one, before in zip(arrays, kept, strict=True):
            assert_array_equal(one, before)
        for one in arrays:
            if isinstance(one, np.ndarray):
                one[...] = 7
        assert_alike(compiled(X, Tensor(X)), f(X, Tensor(X)))


def test_read_only_arguments_and_constants_stay_as_they_are():
    x, table = X.copy(), np.arange(3.0)
    x.flags.writeable = False
    compiled = mg.compile(lambda x: (x + table, table, x))
    first = compiled(x)
    first[1][:] = 9
    assert_array_equal(table, [0, 1, 2])
    assert_array_equal(compiled(x)[1], [0, 1, 2])
    assert_array_equal(x, X)


def test_arrays_from_outside_are_constants_until_they_are_written_into():
    table = np.arange(3.0)
    f, seen = runs(lambda x: x * table + table)
    compiled = mg.compile(f)
    for _ in range(2):
        assert_array_equal(compiled(VECTOR), VECTOR * table + table)
    assert len(seen) == 1
    table += 1
    for _ in range(2):
        assert_array_equal(compiled(VECTOR), VECTOR * table + table)
    assert len(seen) == 2
    assert len(compiled.specializations) == 1  # the one with the old entries is forgotten


def test_an_array_that_is_filled_while_the_function_runs():
    """Each use sees it as it was then."""

    def f(x):
        weights = np.zeros(3)
        weights[0] = 1
        first = x * weights
        weights[1] = 5
        return first, x * weights

    assert_compiled(f, VECTOR, others=(VECTOR + 1,))


def test_an_argument_given_twice():
    compiled = mg.compile(lambda x, y: (x - y, x * 2, y))
    assert_array_equal(compiled(VECTOR, VECTOR)[0], np.zeros(3))
    assert_array_equal(compiled(VECTOR, VECTOR + 1)[0], -np.ones(3))


# ---------------------------------------------------------------- arguments that are given up


def test_arguments_that_are_given_up():
    compiled = mg.compile(lambda p, x: [p[0] * 2 + x, p[1] - 1], donate_argnums=0)
    p = [X.copy(), VECTOR.copy()]
    for _ in range(3):
        expected = [p[0] * 2 + 1.0, p[1] - 1]
        p = compiled(p, 1.0)
        assert_alike(p, expected)
    with pytest.raises(TypeError, match="donate_argnums"):
        compiled([Tensor(X), Tensor(VECTOR)], 1.0)
