"""`mg.compile` as a person uses it: the same results, and what is different said aloud.

That programs compute what the functions do is tested op by op in `test_compile_tracing`, and for
random programs in `test_compile_programs`.
"""

# ruff: noqa: PLW0108 - what is compiled in these tables is a function of the user's own

import contextlib
import copy
import functools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from interpreted import Interpreted, assert_identical
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim
from micrograd_np.compiler.passes import optimized
from micrograd_np.compiler.tracing import randomness
from micrograd_np.core import tree
from micrograd_np.errors import GraphError, NonFiniteError, TracingError

X = np.array([[0.3, -1.2, 0.5], [1.1, 0.4, -0.7]])
VECTOR = np.array([0.5, -1.5, 2.0])


def runs(f: Any) -> tuple[Any, list[int]]:
    """`f`, and a list that grows with every time that its Python code runs."""
    seen: list[int] = []

    @functools.wraps(f)
    def counted(*args: Any, **keywords: Any) -> Any:
        seen.append(1)
        return f(*args, **keywords)

    return counted, seen


def assert_compiled(f: Any, *args: Any, others: tuple[Any, ...] | None = None) -> None:
    """Compiled, `f` returns what it does eagerly, on these arguments and then on others."""
    compiled = mg.compile(f)
    for given in (args, others or args):
        expected = f(*copy.deepcopy(given))
        found = compiled(*given)
        assert_alike(found, expected)
        assert_alike(compiled(*given), expected)


def assert_alike(found: Any, expected: Any) -> None:
    """The same tree, with leaves of the same types, shapes and dtypes; values to rounding."""
    assert type(found) is type(expected)
    for one, other in zip(tree.leaves(found), tree.leaves(expected), strict=True):
        assert type(one) is type(other)
        if isinstance(one, Tensor):
            assert one.requires_grad == other.requires_grad
        if hasattr(one, "dtype"):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            x, y = (value.data if isinstance(value, Tensor) else value for value in (one, other))
            assert_allclose(x, y, rtol=1e-5 if one.dtype.itemsize < 8 else 1e-13, atol=1e-13)
        else:
            assert one == other


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
    with pytest.raises(TracingError, match="static"):
        mg.compile(f)(VECTOR, 2, m=1)


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
        with pytest.raises(TracingError, match=r"(?s)static.*test_compile\.py"):
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


# ---------------------------------------------------------------- the results, and their trees


class Pair(NamedTuple):
    first: Any
    second: Any


def test_results_of_every_structure():
    def f(x):
        y = np.sin(x)
        return {
            "list": [y, y], "pair": Pair(x, y.sum()), "none": None, 3: (), "text": "text",
            "constant": np.arange(2), "number": 1.5, "flag": True, "nested": ([{"x": x}],),
            "tensor": Tensor(y), "kept": Tensor([1.0, 2.0]), "scalar": np.float32(2),
        }  # fmt: skip

    assert_compiled(f, VECTOR, others=(VECTOR + 1,))
    assert_compiled(lambda x: None, VECTOR)
    assert_compiled(lambda x: 3, VECTOR)
    assert_compiled(lambda x: x, VECTOR)
    assert_compiled(lambda x: (x, [x]), Tensor(VECTOR))


def test_arguments_of_every_structure():
    def f(p, pair, *rest, **more):
        return p["w"] @ p["deep"][0] + pair.first, pair, rest, more["z"]

    p = {"w": X, "deep": (VECTOR, None), 5: "text"}
    compiled = mg.compile(f)
    for shift in (0.0, 1.0):
        args = (p | {"w": X + shift}, Pair(1.0, np.zeros(2)), 2.0, [3, Tensor(X)])
        assert_alike(compiled(*args, z=X), f(*args, z=X))
    assert len(compiled.specializations) == 1


# ---------------------------------------------------------------- derivatives


def energy(x):
    return np.sum(np.tanh(x * VECTOR) ** 2) + np.prod(np.cos(x))


@pytest.mark.parametrize(
    "transform",
    [
        mg.grad, mg.value_and_grad, mg.hessian, mg.jacobian, lambda f: mg.grad(mg.checkpoint(f)),
        lambda f: mg.checkpoint(mg.grad(f)), lambda f: lambda x: mg.jvp(f, [x], [VECTOR]),
        lambda f: lambda x: mg.vjp(f, x)[1](2.0), lambda f: lambda x: mg.hvp(f, [x], [VECTOR]),
        lambda f: lambda x: mg.linearize(f, x)[1](VECTOR),
        lambda f: lambda x: mg.vmap(mg.grad(f))(np.stack([x, 2 * x])),
        lambda f: lambda x: mg.grad(lambda y: mg.vmap(f)(np.stack([y, 2 * y])).sum())(x),
        lambda f: mg.grad(lambda x: np.sum(mg.grad(f)(x) ** 2)),
        lambda f: mg.jacobian(mg.grad(f)),
        lambda f: mg.grad(lambda x: np.sum(mg.checkpoint(mg.checkpoint(f))(x) ** 2)),
    ],
)  # fmt: skip
def test_derivatives_inside(transform):
    for x in (VECTOR, Tensor(VECTOR), VECTOR.astype(np.float32)):
        assert_compiled(transform(energy), x, others=(x * 2,))


@pytest.mark.parametrize(
    "around",
    [
        mg.grad, mg.hessian, lambda f: mg.vmap(f), lambda f: lambda x: mg.jvp(f, [x], [x]),
        lambda f: mg.grad(mg.checkpoint(f)), mg.compile, lambda f: mg.compile(mg.grad(f)),
        lambda f: lambda x: mg.linearize(f, x)[1](x),
        lambda f: mg.grad(lambda x: mg.grad(f)(x).sum()),
        lambda f: mg.compile(lambda x: mg.vmap(f)(x)),
    ],
)  # fmt: skip
def test_transforms_of_a_compiled_function(around):
    compiled = mg.compile(lambda x: np.sum(np.sin(x) * x))
    x = VECTOR if around is not mg.vmap else X
    for _ in range(2):
        assert_alike(around(compiled)(x * 1.0), around(compiled.function)(x * 1.0))
        compiled(VECTOR)


def test_compiled_functions_in_one_another():
    inner, seen = runs(lambda x: np.sin(x) + 1)
    inner = mg.compile(inner)
    outer = mg.compile(lambda x: inner(x) * inner(2 * x))
    assert_array_equal(outer(VECTOR), (np.sin(VECTOR) + 1) * (np.sin(2 * VECTOR) + 1))
    assert len(seen) == 2
    assert not inner.specializations


def test_aux_and_several_arguments():
    def f(w, x, scale):
        out = x @ w * scale
        return np.sum(out**2), {"out": out, "n": len(x)}

    both = mg.value_and_grad(f, (0, 2), has_aux=True)
    assert_compiled(both, VECTOR, X, 2.0, others=(VECTOR * 2, X + 1, 3.0))


def test_checkpointed_work_is_done_again():
    """The second run is kept apart from the first, so that what is inside need not be kept."""

    def block(x):
        return np.sum(np.sin(np.cos(x)))

    plain, twice = (
        Interpreted(mg.value_and_grad(f), [VECTOR]) for f in (block, mg.checkpoint(block))
    )
    assert_identical(twice(VECTOR), plain(VECTOR))
    assert {call.region for call in twice.program.instructions} == {0, 1}
    counts = [
        sum(call.function is np.cos for call in optimized(f.program)[0].instructions)
        for f in (plain, twice)
    ]
    assert counts == [2, 3]


# ---------------------------------------------------------------- models


def model_of(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(3, 4, rng=rng, dtype=dtype), nn.Tanh(), nn.Linear(4, 1, rng=rng, dtype=dtype)
    )


def test_a_module_is_compiled_as_a_function():
    model = model_of()
    compiled = mg.compile(model)
    for _ in range(3):
        assert_alike(compiled(X), model(X))
        for p in model.parameters():
            p.data = p.data * 1.5
    assert len(compiled.specializations) == 1


def test_a_module_that_is_closed_over():
    model, rate = model_of(), Tensor(0.5)
    compiled = mg.compile(lambda x: model(x) * rate)
    for step in range(3):
        assert_alike(compiled(X), model(X) * rate)
        model.parameters()[0].data -= 0.1
        rate.data = np.array(float(step))
    assert len(compiled.specializations) == 1


def test_a_module_as_an_argument():
    loss = mg.compile(mg.value_and_grad(lambda m, x, y: nn.mse(m(x), y)))
    y = np.ones((2, 1))
    for seed in range(3):
        model = model_of(seed)
        assert_alike(loss(model, X, y), loss.function(model, X, y))
    assert len(loss.specializations) == 1
    assert_alike(loss(model_of(0, np.float32), X, y), loss.function(model_of(0, np.float32), X, y))
    assert len(loss.specializations) == 2


class Switch(nn.Module):
    """Behaves differently in training, and has settings of all kinds."""

    def __init__(self, scale=2.0, function=np.sin):
        self.weight = Tensor(VECTOR, requires_grad=True)
        self.again = self.weight
        self.frozen = Tensor([1.0, 2.0, 3.0])
        self.table = np.arange(3.0)
        self.scale = scale
        self.function = function
        self.parts = [Tensor([0.5, 0.5, 0.5])]

    def forward(self, x):
        out = self.function(x * self.weight) * self.scale + self.frozen + self.table * self.again
        for part in self.parts:
            out = out + part
        return out if self.training else -out

    @mg.compile
    def compiled(self, x):
        return self.forward(x)


@pytest.mark.parametrize("call", ["argument", "function", "closure", "method", "bound"])
@pytest.mark.parametrize("mode", [mg.no_grad, mg.enable_grad])
def test_settings_of_a_module(call, mode):
    """A change is seen at the next call, by the short way in and by the long one."""
    model = Switch()
    f, args = {
        "argument": lambda: (mg.compile(lambda m, x: m(x)), (model, X)),
        "function": lambda: (mg.compile(model), (X,)),
        "closure": lambda: (mg.compile(lambda x: model(x) * 1.0), (X,)),
        "method": lambda: (model.compiled, (X,)),
        "bound": lambda: (mg.compile(model.forward), (X,)),
    }[call]()
    changes = (
        lambda: None, model.eval, lambda: setattr(model, "scale", 3.0),
        lambda: setattr(model, "function", np.cos), model.train,
        lambda: setattr(model, "weight", Tensor(VECTOR + 1, requires_grad=True)),
        lambda: setattr(model, "table", np.ones(3)),
        lambda: setattr(model, "frozen", Tensor(VECTOR)),
        lambda: setattr(model.weight, "requires_grad", False),
        lambda: model.parts.append(Tensor([5.0, 0.0, 0.0])), lambda: model.parts.pop(0),
    )  # fmt: skip
    with mode():
        for change in changes:
            change()
            for _ in range(2):
                assert_alike(f(*args), model(X))


def test_shared_and_frozen_parameters():
    model = Switch()
    step = mg.compile(mg.grad(lambda m, x: np.sum(m(x) ** 2)))
    found, expected = step(model, X), step.function(model, X)
    assert_alike(found, expected)
    assert list(found.named_parameters()) == ["weight"]
    assert found.again is found.weight
    model.frozen.data = VECTOR * 5
    assert_alike(step(model, X), step.function(model, X))


def test_methods_of_objects_and_of_classes():
    class Scale:
        def __init__(self, by):
            self.by = by

        @mg.compile
        def apply(self, x):
            return x * self.by

        @staticmethod
        @mg.compile
        def twice(x):
            return 2 * x

    assert_array_equal(Scale(3.0).apply(VECTOR), VECTOR * 3)
    assert_array_equal(Scale(5.0).apply(VECTOR), VECTOR * 5)
    assert_array_equal(Scale.twice(VECTOR), VECTOR * 2)


def test_a_bound_method_and_a_partial():
    class Line:
        slope = 3.0

        def at(self, x):
            return self.slope * x

    assert_array_equal(mg.compile(Line().at)(VECTOR), 3 * VECTOR)
    assert_array_equal(mg.compile(functools.partial(np.add, 2.0))(VECTOR), VECTOR + 2)


def test_a_training_step():
    model, rule = model_of(), optim.adam(0.05)
    y = np.ones((2, 1))

    def step(model, state, x, y):
        loss, g = mg.value_and_grad(lambda m: nn.mse(m(x), y))(model)
        updates, state = rule.update(g, state, model)
        return optim.apply_updates(model, updates), state, loss

    f, seen = runs(step)
    compiled = mg.compile(f)
    with mg.no_grad():
        a, b = (model, rule.init(model)), (model, rule.init(model))
        for _ in range(5):
            *a, loss = compiled(*a, X, y)
            *b, expected = step(*b, X, y)
            assert_allclose(loss.data, expected.data, rtol=1e-12)
    assert len(seen) == 2  # the first state is of arrays, the later ones are of Tensors
    for one, other in zip(a[0].parameters(), b[0].parameters(), strict=True):
        assert_allclose(one.data, other.data, rtol=1e-12)


# ---------------------------------------------------------------- in a graph


def test_results_belong_to_the_graph_of_what_they_were_computed_from():
    w = Tensor(VECTOR, requires_grad=True)
    compiled = mg.compile(lambda x: np.sum(x * w))
    for _ in range(2):
        w.grad = None
        out = compiled(X)
        assert out.requires_grad
        (out * 2).backward()
        assert_array_equal(w.grad, 2 * X.sum(axis=0))
    with mg.no_grad():
        assert not compiled(X).requires_grad


def test_a_result_from_outside_leads_on_to_what_it_was_computed_from():
    w = Tensor(VECTOR, requires_grad=True)
    h = np.sin(w)
    out = mg.compile(lambda x: np.sum(x * h))(VECTOR)
    out.backward()
    assert_allclose(w.grad, VECTOR * np.cos(VECTOR))


def test_no_grad_around_and_inside():
    w = Tensor(VECTOR, requires_grad=True)

    def f(w):
        with mg.no_grad():
            scale = np.sum(w * w)
        return np.sum(w * scale)

    for x in (VECTOR, w):
        assert_compiled(mg.grad(f), x)
    with mg.no_grad():
        assert_compiled(mg.grad(f), VECTOR)
        assert_compiled(f, w)


def test_detecting_anomalies_around_a_compiled_call():
    w = Tensor(VECTOR, requires_grad=True)
    compiled = mg.compile(lambda w, x: np.sum(np.sqrt(w * x)))
    with mg.detect_anomaly():
        compiled(w, VECTOR).backward()
        assert_allclose(w.grad, np.sign(VECTOR) / 2)
    with pytest.raises(NonFiniteError), mg.detect_anomaly():
        compiled(w, -VECTOR)


# ---------------------------------------------------------------- what is from outside

CONSTANTS = np.array([1.0, 2.0, 3.0])
POINT = np.array(1.0)
FROM_OUTSIDE = {"array": np.array([3.0, 4.0, 5.0]), "Tensor": Tensor([3.0, 4.0, 5.0])}
KEPT = {
    "array": lambda: CONSTANTS,
    "view": lambda view=CONSTANTS[1:]: view,
    "no axes": lambda: POINT,
    "in a dict": lambda: {"c": CONSTANTS},
    "Tensor": lambda: FROM_OUTSIDE["Tensor"],
}
WITH_AUX = {
    "grad": lambda f: lambda x: mg.grad(f, has_aux=True)(x)[1],
    "value_and_grad": lambda f: lambda x: mg.value_and_grad(f, has_aux=True)(x)[0][1],
    "vjp": lambda f: lambda x: mg.vjp(f, x, has_aux=True)[2],
    "jvp": lambda f: lambda x: mg.jvp(f, [x], [x], has_aux=True)[2],
    "jacobian": lambda f: lambda x: mg.jacobian(f, has_aux=True)(x)[1],
    "elementwise_grad": lambda f: lambda x: mg.elementwise_grad(f, has_aux=True)(x[0])[1],
    "hvp": lambda f: lambda x: mg.hvp(f, x, x, has_aux=True)[1],
}


@pytest.mark.parametrize("found", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("transform", WITH_AUX.values(), ids=WITH_AUX)
def test_aux_from_outside_stays_itself(transform, found):
    f = transform(lambda x: (x * x if x.ndim == 0 else np.sum(x * x), found()))
    compiled = mg.compile(f)
    for _ in range(3):
        for one, other in zip(tree.leaves(compiled(VECTOR)), tree.leaves(f(VECTOR)), strict=True):
            assert one is other


def test_an_array_that_the_function_makes_is_new_at_every_call():
    compiled = mg.compile(lambda x: (x, np.ones(2), CONSTANTS.copy()))
    first, second = compiled(VECTOR), compiled(VECTOR)
    for i in (1, 2):
        first[i][...] = -1
        assert second[i][0] == 1.0


def test_an_array_from_outside_that_is_another_now_is_that_other():
    box = SimpleNamespace(kept=np.ones(2))
    compiled = mg.compile(mg.grad(lambda x: (np.sum(x), box.kept), has_aux=True))
    assert compiled(VECTOR)[1] is box.kept
    box.kept[0] = 5.0
    assert compiled(VECTOR)[1] is box.kept
    box.kept = np.zeros(2)
    assert compiled(VECTOR)[1] is box.kept


class Buffered(nn.Module):
    def __init__(self, buffer):
        self.buffer = buffer

    def forward(self, x):
        return x * 2


def test_an_array_of_an_argument_is_that_of_the_argument_of_the_call():
    def f(x, module):
        return np.sum(module(x)), module.buffer

    compiled = mg.compile(mg.grad(f, has_aux=True))
    for _ in range(2):
        for module in (Buffered(np.ones(2)), Buffered(np.ones(2))):
            assert compiled(VECTOR, module)[1] is module.buffer


# ---------------------------------------------------------------- randomness

DRAWS = {
    "random": lambda rng: rng.random(3),
    "normal": lambda rng: rng.normal(2.0, 3.0, size=(2, 2)),
    "integers": lambda rng: rng.integers(0, 10, 5),
    "single": lambda rng: rng.random() + rng.standard_normal(),
    "permutation": lambda rng: rng.permutation(6),
    "permuted": lambda rng: rng.permuted(np.arange(6)),
    "choice": lambda rng: rng.choice(5, 3, replace=False),
    "uniform": lambda rng: rng.uniform(-1, 1, 3).astype(np.float32),
    "several": lambda rng: (rng.random(), rng.integers(3), rng.permutation(3), rng.random(2)),
    "unused": lambda rng: [rng.random(3), None][1],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_same_draws_as_eagerly(draw):
    compiled = mg.compile(draw)
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(4):
        found, expected = compiled(ours), draw(theirs)
        for one, other in zip(tree.leaves(found), tree.leaves(expected), strict=True):
            assert_array_equal(one, other)
        assert ours.bit_generator.state == theirs.bit_generator.state
    assert len(compiled.specializations) == 1


def test_draws_that_depend_on_values():
    def f(x, rng):
        noise = rng.normal(x, np.abs(x))
        keep = rng.random(x.shape) < 0.5
        return np.where(keep, noise, 0), x[rng.permutation(3)], rng.choice(x, 2), rng.permutation(x)

    compiled = mg.compile(f)
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    for x in (VECTOR, VECTOR + 1):
        for one, other in zip(compiled(x, ours), f(x, theirs), strict=True):
            assert_array_equal(one, other)


def test_dropout_differentiated_and_checkpointed():
    def loss(w, rng):
        return np.sum(np.where(rng.random(3) < 0.5, w, 0) ** 2) + rng.normal() * np.sum(w)

    for f in (mg.grad(loss), mg.grad(mg.checkpoint(loss))):
        compiled = mg.compile(f)
        ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
        for _ in range(3):
            assert_array_equal(compiled(VECTOR, ours), f(VECTOR, theirs))


def test_what_a_generator_cannot_do():
    for f in (lambda rng: rng.shuffle(np.arange(3)), lambda rng: rng.spawn(2)):
        with pytest.raises(TracingError, match="permut"):
            mg.compile(f)(np.random.default_rng(0))
    with pytest.raises(TracingError, match="returned a random generator"):
        mg.compile(lambda rng: rng)(np.random.default_rng(0))
    with pytest.raises(TypeError, match="RandomState"):
        mg.compile(lambda rng: rng.rand())(np.random.RandomState(0))


RNG = np.random.default_rng(3)
BOX = SimpleNamespace(rng=np.random.default_rng(4))


def helper(x):
    return x + RNG.normal()


class Noisy(nn.Module):
    def __init__(self):
        self.noise = [np.random.default_rng(4)]

    def forward(self, x):
        return x + self.noise[0].normal()


def frozen_draws():
    local, old, model = np.random.default_rng(3), np.random.RandomState(3), Noisy()
    pythons, normal, numpys = random.Random(0), local.normal, np.random  # noqa: S311 - no secrets
    systems = random.SystemRandom()
    return {
        "local": (lambda x: x + local.normal(), "local"),
        "global": (lambda x: x + RNG.normal(), "RNG"),
        "in a function that is called": (helper, "RNG"),
        "and deeper": (mg.grad(lambda x: np.sum(helper(x))), "RNG"),
        "in a comprehension": (lambda x: sum(x * local.normal() for _ in range(2)), "local"),
        "attribute": (lambda x: x + BOX.rng.normal(), r"BOX\.rng"),
        "module": (model, r"Noisy\.noise\[0\]"),
        "module that is closed over": (lambda x: model(x), r"model\.noise\[0\]"),
        "RandomState": (lambda x: x + old.normal(), "old"),
        "NumPy's": (lambda x: x + np.random.normal(), r"np\.random"),
        "default": (lambda x, rng=local: x + rng.normal(), "rng"),
        "partial": (functools.partial(lambda rng, x: x + rng.normal(), local), "partial"),
        "method": (lambda x: x + normal(), "normal"),
        "NumPy's, by another name": (lambda x: x + numpys.normal(), r"np\.random"),
        "Python's": (lambda x: x + random.random(), "random"),  # noqa: S311 - no secrets
        "a generator of Python's": (lambda x: x + pythons.random(), "pythons"),
        "the system's": (lambda x: x + systems.random(), "systems"),
    }


@pytest.mark.parametrize("name", frozen_draws())
def test_a_generator_that_is_no_argument_is_an_error(name):
    """It would repeat its numbers; and it is put back to where it was."""
    f, named = frozen_draws()[name]
    global_state, pythons = np.random.get_state(), random.getstate()
    state = RNG.bit_generator.state
    for _ in range(2):
        with pytest.raises(TracingError, match=rf"(?s){named}.*argument"):
            mg.compile(f)(VECTOR)
    assert RNG.bit_generator.state == state
    assert random.getstate() == pythons
    assert_array_equal(np.random.get_state()[1], global_state[1])


def test_a_generator_that_is_made_anew_is_none_of_this():
    assert_compiled(lambda x: x + np.random.default_rng(0).normal(), VECTOR)
    compiled = mg.compile(lambda x: x if RNG is None else 2 * x)
    assert_array_equal(compiled(VECTOR), 2 * VECTOR)


@contextlib.contextmanager
def another_thread(work):
    """A thread that does something over and over again."""
    over = threading.Event()

    def busy():
        while not over.is_set():
            work()

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


DRAWN = {
    "NumPy's": (np.random.random_sample, np.random.seed),
    "Python's": (random.random, random.seed),
    "shared": (RNG.random, lambda _seed: None),
}


@pytest.mark.parametrize(("draw", "seed"), DRAWN.values(), ids=DRAWN)
def test_what_another_thread_draws_is_neither_an_error_nor_drawn_again(draw, seed):
    drawn = []
    seed(0)
    with another_thread(lambda: drawn.append(draw())):
        for i in range(5):
            compiled = mg.compile(mg.grad(lambda x, i=i: np.sum(np.sin(x) * i)))
            assert_allclose(compiled(VECTOR), np.cos(VECTOR) * i, atol=1e-15)
    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize("work", [np.random.random_sample, lambda: time.sleep(1e-4)])
def test_beside_other_threads_no_draw_is_frozen(work):
    noisy = mg.compile(lambda x: x + np.random.random_sample())
    with another_thread(work):
        for _ in range(3):
            with pytest.raises(TracingError, match=r"(?s)drawn while.*np\.random"):
                noisy(VECTOR)


def test_where_another_thread_may_have_drawn_too_nothing_is_put_back(monkeypatch):
    monkeypatch.setattr(randomness, "have_run", lambda before: True)
    before = np.random.get_state()[2]
    with pytest.raises(TracingError, match="another thread has drawn"):
        mg.compile(lambda x: x + np.random.random_sample())(1.0)
    assert np.random.get_state()[2] != before


# ---------------------------------------------------------------- threads, errors, interruptions


def test_threads_that_call_at_once():
    f, seen = runs(lambda x: (np.sin(x) @ x.T, np.sum(x), mg.grad(lambda y: np.sum(y**3))(x)))
    compiled = mg.compile(f)
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for i in range(20):
            x = X + k + i
            found = compiled(x)
            assert_allclose(found[0], np.sin(x) @ x.T)
            assert_allclose(found[1], x.sum())
            assert_allclose(found[2].data, 3 * x**2)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert len(seen) == 1


def test_threads_that_trace_different_functions_at_once():
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        found = [mg.compile(mg.grad(lambda x: np.sum(np.sin(x) * k)))(VECTOR + i) for i in range(5)]
        return [g.data for g in found]

    with ThreadPoolExecutor(8) as pool:
        for k, found in enumerate(pool.map(work, range(8))):
            for i, g in enumerate(found):
                assert_allclose(g, k * np.cos(VECTOR + i), atol=1e-15)


def test_an_error_while_tracing_leaves_nothing_behind():
    fail = [True]

    def f(x):
        if fail[0]:
            raise KeyboardInterrupt
        return x + 1

    compiled = mg.compile(f)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            compiled(VECTOR)
    assert not compiled.specializations
    assert np.sum(Tensor(VECTOR)) == VECTOR.sum()
    fail[0] = False
    assert_array_equal(compiled(VECTOR), VECTOR + 1)


def test_an_error_at_run_time_leaves_arguments_and_later_calls_right():
    compiled = mg.compile(lambda a, b: np.linalg.inv(a * 2) @ (b + 1))
    good, b = np.eye(3), VECTOR.copy()
    expected = compiled(good, b)
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            compiled(np.zeros((3, 3)), b)
        with pytest.raises(IndexError):
            mg.compile(lambda x, i: x[i])(VECTOR, 7)
        assert_array_equal(compiled(good, b), expected)
    assert_array_equal(b, VECTOR)


def test_no_warnings_at_run_time():
    compiled = mg.compile(lambda x: np.log(x) / x)
    assert compiled(np.array([0.0, 1.0]))[0] == -np.inf


# ---------------------------------------------------------------- what cannot be frozen

OUTSIDE = Tensor(VECTOR)
PARAMETER = Tensor(VECTOR, requires_grad=True)
ITEMS = [1.0, 2.0, 3.0]


def assigned(x):
    OUTSIDE.data = x


def added(x):
    global OUTSIDE  # noqa: PLW0603 - as a careless user has it
    OUTSIDE += 1


def written(x):
    OUTSIDE[0] = 1.0


def written_into_the_argument(x):
    x[0] = 1.0


def augmented(x):
    x += 1
    return x


def filled(x):
    out = np.zeros(2)
    out[0] = x[0]
    return out


def stepped(x):
    optim.Optimizer([PARAMETER], optim.sgd(0.1)).assign([x], ())


NOT_FROZEN = {  # what is written, and what the error advises
    "float": (lambda x: float(np.sum(x)), "np.where"),
    "int": (lambda x: int(x[0]), "static"),
    "bool": (lambda x: bool(x[0]), "np.where"),
    "if": (lambda x: x if np.sum(x) > 0 else -x, "np.where"),
    "and": (lambda x: x[0] > 0 and x[1] > 0, "np.where"),
    "max": (lambda x: max(x[0], x[1]), "np.where"),
    "assert": (lambda x: [1][not np.all(x)], "np.where"),
    "numpy": (lambda x: Tensor(x).numpy(), "return the value"),
    "item": (lambda x: x[0].item(), "return the value"),
    "tolist": (lambda x: x.tolist(), "return the value"),
    "asarray": (lambda x: np.asarray(x), "mg.stack"),
    "array of parts": (lambda x: np.array([x[0], x[1]]), "mg.stack"),
    "math": (lambda x: __import__("math").sin(x[0]), "np.sqrt for math.sqrt"),
    "mask": (lambda x: x[x > 0], "np.where"),
    "mask of a Tensor": (lambda x: Tensor(x)[x > 0], "np.where"),
    "nonzero": (lambda x: np.nonzero(x), "np.where"),
    "where": (lambda x: np.where(x > 0), "np.where"),
    "unique": (lambda x: np.unique(x), "call the function outside"),
    "unique of a Tensor": (lambda x: np.unique(Tensor(x)), "call the function outside"),
    "range": (lambda x: range(x[0]), "static"),
    "list index": (lambda x: ITEMS[np.argmax(x)], "static"),
    "filled": (filled, "mg.stack"),
    "backward": (lambda x: np.sum(PARAMETER * x).backward(), r"mg\.grad"),
    "assigned": (assigned, "return new values"),
    "augmented Tensor": (added, "return new values"),
    "item of a Tensor": (written, "return new values"),
    "item of an argument": (written_into_the_argument, r"mg\.index_update"),
    "augmented argument": (augmented, r"x = x \+ y"),
    "out": (lambda x: np.add(x, 1, out=x), "out"),
    "out of constants": (lambda x: np.add(x, 1, out=np.zeros(3)), "out"),
    "at": (lambda x: np.add.at(x, 0, 1), r"mg\.index_add"),
    "put": (lambda x: np.put(x, 0, 1), r"mg\.index_update"),
    "fill": (lambda x: x.fill(1), r"np\.full_like"),
    "sort": (lambda x: x.sort(), r"np\.sort"),
    "copyto": (lambda x: np.copyto(np.zeros(3), x), r"np\.where"),
    "dtype of values": (lambda x: np.emath.sqrt(x), r"x \+ 0j"),
    "eigenvalues": (lambda x: np.linalg.eigvals(x * x[:, None]), r"x \+ 0j"),
    "layout": (lambda x: np.ravel(np.outer(x, x), order="K"), "order='C'"),
    "optimizer": (stepped, "return new values"),
    "text": (lambda x: np.array_str(x), "outside"),
    "objects": (lambda x: np.frompyfunc(lambda v: v, 1, 1)(x), "outside|NumPy"),
    "vectorized": (lambda x: np.vectorize(lambda v: v + 1)(x), "mg.stack"),
}


@pytest.mark.parametrize("name", NOT_FROZEN)
def test_what_cannot_be_frozen_names_the_line_and_the_remedy(name):
    f, remedy = NOT_FROZEN[name]
    compiled = mg.compile(f)
    with pytest.raises(
        TracingError, match=rf'(?s){remedy}.*File ".*test_compile\.py", line \d+'
    ) as error:
        compiled(np.abs(VECTOR))
    assert not compiled.specializations
    line = str(error.value).splitlines()[-2]
    number = int(line.partition(", line ")[2].partition(",")[0])
    first = f.__code__.co_firstlineno
    assert first <= number <= first + 3
    assert_array_equal(OUTSIDE.data, VECTOR)


@pytest.mark.parametrize("given", [Tensor(VECTOR), Tensor(VECTOR, requires_grad=True)])
def test_tensors_that_are_arguments_are_not_changed_either(given):
    def assigned(t):
        t.data = t.detach().data * 2

    def backward(t):
        np.sum(t * PARAMETER).backward()

    for f in (assigned, backward):
        with pytest.raises(TracingError, match=r"test_compile\.py"):
            mg.compile(f)(given)
    assert_array_equal(given.data, VECTOR)
    assert given.grad is None


def test_printing_shows_stand_ins(capsys):
    @mg.compile
    def f(x):
        print(x, f"{x}", Tensor(x))
        return x + 1

    f(VECTOR)
    f(VECTOR)
    assert capsys.readouterr().out.count("traced, shape (3,), float64") == 3


def test_values_that_escape():
    kept = []
    mg.compile(lambda x: kept.append(x) or x)(VECTOR)
    with pytest.raises(TracingError, match="after the function had returned"):
        kept[0] + 1


def test_arrays_of_other_libraries_are_refused():
    array = pytest.importorskip("dask.array")
    for x in (array.ones(3), Tensor(array.ones(3)), [array.ones(3)]):
        with pytest.raises(TracingError, match="another library"):
            mg.compile(lambda x: x)(x)
    outside = Tensor(array.ones(3))
    with pytest.raises(TracingError, match="another library"):
        mg.compile(lambda x: x + outside)(VECTOR)


# ---------------------------------------------------------------- functions of all kinds


def test_ops_of_your_own():
    @mg.primitive(partials=[lambda out, x: 3 * x**2])
    def cube(x):
        return x**3

    @mg.primitive(vjp=lambda g, out, x, y: (g * y, g * x))
    def times(x, y):
        return np.array([float(a) * float(b) for a, b in zip(x, y, strict=True)])

    assert_compiled(lambda x: cube(x) + 1, VECTOR)
    assert_compiled(
        mg.grad(lambda x: np.sum(cube(x) * times(x, x + 1))), VECTOR, others=(VECTOR + 1,)
    )


def test_ops_of_your_own_close_over_nothing_that_is_traced():
    def f(x):
        scaled = mg.primitive(lambda y: y * x, partials=[lambda out, y: x])
        return scaled(np.ones(3) + x)

    with pytest.raises(TracingError, match="argument"):
        mg.compile(f)(VECTOR)


def test_functions_without_a_derivative():
    special = pytest.importorskip("scipy.special")

    def f(x):
        y = np.abs(x)
        return (
            np.histogram(x, bins=4)[0], np.add.reduceat(x, [0, 1]), np.multiply.outer(x, x),
            np.maximum.accumulate(x), np.bitwise_xor.reduce(x.astype(int)), special.gamma(y),
            np.partition(x, 1), np.ptp(x), np.median(x), np.floor(x), np.argsort(x),
            np.array_equal(x, y), np.minimum.reduce(x), np.logaddexp.reduce(x),
        )  # fmt: skip

    assert_compiled(f, VECTOR, others=(np.abs(VECTOR),))


def test_options_that_only_arrays_take():
    mask = np.array([True, False, True])

    def f(x):
        y = np.sqrt(x, where=mask, dtype=np.float64)
        return (
            np.where(mask, y, 0),
            np.sum(x, where=x > 0),
            np.multiply(x, 2, dtype=np.float32, casting="same_kind"),
        )

    with (
        pytest.warns(UserWarning, match="where")
        if np.lib.NumpyVersion(np.__version__) >= "2.4.0"
        else contextlib.nullcontext()
    ):
        assert_compiled(f, np.abs(VECTOR))


def test_numpys_functions_of_functions_are_traced_through():
    y = VECTOR * 2
    assert_compiled(lambda x, y: np.apply_along_axis(lambda row: row * y + row.sum(), 1, x), X, y)
    assert_compiled(lambda x: np.apply_along_axis(np.sum, 0, x), X, others=(X + 1,))


def test_methods_of_arrays():
    def f(x):
        return (
            x.trace(), x.dot(x.T), x.clip(-1, 1), x.std(axis=0, ddof=1), x.round(1), x.argmax(1),
            x.take([0, 2], axis=1), x.repeat(2, axis=0), x.flatten(), x.cumsum(), x.any(),
            x.swapaxes(0, 1),
            x.conj(), x.real, x.imag, x.mT, x.astype(int), x.max(), x.prod(axis=0),
        )  # fmt: skip

    assert_compiled(f, X, others=(X + 1,))
    assert_compiled(f, Tensor(X), others=(Tensor(X + 1),))


def test_full_like_takes_a_value_of_the_call():
    assert_compiled(lambda x: np.full_like(x, x[0]), VECTOR, others=(VECTOR + 1,))
    assert_compiled(lambda x: np.full_like(x, fill_value=x[0]), VECTOR, others=(VECTOR + 1,))


def test_shapes_and_dtypes_are_known():
    def f(x):
        rows, columns = x.shape
        kinds = np.ones(x.size, x.dtype), np.zeros_like(x), np.result_type(x, np.float32)
        return x.reshape(columns, rows) / len(x), kinds[0], kinds[1], x.ndim, np.shape(x)[0]

    assert_compiled(f, X)


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.3.0", reason="np.power was not x ** y before NumPy 2.3"
)
def test_powers_are_those_of_python():
    """The root `x ** 0.5` is not quite a power."""
    x = np.array([-np.inf, -2.0, -0.0, 0.0, 1e-310, 0.3, np.inf, np.nan])
    values = [x, x.astype(np.float32), np.abs(x) + 1j, np.arange(1, 5), np.float64(0.7)]
    for y in values:
        for power in (2, 2.0, 0.5, -1.0, 1, 0, 3, np.float64(0.5), np.array(2.0)):
            traced = Interpreted(lambda x, power=power: x**power, [y])
            with np.errstate(all="ignore"):
                assert_identical(traced(y), y**power)


def test_single_numbers_are_computed_by_python():
    """Products of complex scalars round otherwise than those of arrays."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        z, w = (complex(*rng.normal(size=2)) for _ in range(2))
        args = [np.complex128(z), np.complex128(w)]
        for f in (
            lambda z, w: z * w,
            lambda z, w: z / w,
            lambda z, w: z**w,
            lambda z, w: abs(z * w),
        ):
            assert_identical(Interpreted(f, args)(*args), f(*args))


def test_copies_of_a_stand_in():
    assert_compiled(lambda x: copy.deepcopy([x, x + 1]), VECTOR)
    assert_compiled(lambda x: copy.copy(x) * 2, VECTOR)


# ---------------------------------------------------------------- many steps


def descend(p, x, rate):
    g = mg.grad(lambda p: np.sum((x @ p["w"] + p["b"]) ** 2))(p)
    return {name: p[name] - rate * g[name] for name in p}


@pytest.mark.parametrize("n", [1, 2, 7])
def test_many_steps_are_as_many_calls(n):
    step = mg.compile(descend)
    p = {"w": Tensor(VECTOR), "b": Tensor(0.5)}
    expected = p
    for _ in range(n):
        expected = descend(expected, X, 0.01)
    assert_alike(step.repeat(n)(p, X, 0.01), expected)
    assert_alike(step.repeat(n)(p, X, 0.01), expected)
    assert_array_equal(p["w"].data, VECTOR)


def test_steps_that_return_more_than_they_carry():
    def step(x, count, by):
        return x * by, count + 1, np.sum(x)

    compiled = mg.compile(step)
    x, count, total = compiled.repeat(5)(VECTOR, 3, 2.0)
    assert_array_equal(x, VECTOR * 32)
    assert (count, total) == (8, VECTOR.sum() * 16)
    x, count, total = compiled.repeat(5, carry=1)(VECTOR, 3, 2.0)
    assert_array_equal(x, VECTOR * 32)
    assert (count, total) == (4, VECTOR.sum() * 16)


@pytest.mark.parametrize("value", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_steps_that_carry_on_what_is_from_outside(value):
    compiled = mg.compile(lambda x, y: (x + y, value))
    start = value * 0
    x, y = compiled.repeat(3)(start, start)
    assert_array_equal(np.asarray(x), np.asarray(value) * 2)
    assert_array_equal(np.asarray(y), np.asarray(value))


def test_steps_that_draw():
    def step(x, rng):
        return x + rng.normal(size=3)

    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    found = mg.compile(step).repeat(4)(VECTOR, ours)
    expected = VECTOR
    for _ in range(4):
        expected = step(expected, theirs)
    assert_array_equal(found, expected)


def test_steps_of_a_module_and_an_optimiser():
    rule = optim.adam(0.05)

    def step(model, state, x, y):
        loss, g = mg.value_and_grad(lambda m: nn.mse(m(x), y))(model)
        updates, state = rule.update(g, state, model)
        return optim.apply_updates(model, updates), state, loss

    model, y = model_of(), np.ones((2, 1))
    with mg.no_grad():
        model, state, _ = step(model, rule.init(model), X, y)  # the state is of Tensors from here
        expected = (model, state)
        for _ in range(4):
            *expected, loss = step(*expected, X, y)
        found = mg.compile(step).repeat(4)(model, state, X, y)
    for one, other in zip(found[0].parameters(), expected[0].parameters(), strict=True):
        assert_allclose(one.data, other.data, rtol=1e-12)
    assert_allclose(found[2].data, loss.data, rtol=1e-12)
    assert found[1][0].steps == expected[1][0].steps == 5


STEPS = {
    "gradient descent": (lambda w: w - 0.1 * mg.grad(lambda w: (w - 3.0) ** 2)(w), (1.0,)),
    "several": (lambda w, b: (np.sin(w) - b, np.cos(b) * w, w + b), (1.0, 2.0)),
    "beside an array": (lambda w, b: (w * b, np.cos(b)), (VECTOR, 0.5)),
    "in a dict": (lambda p: {"w": p["w"] * 0.5, "b": np.sin(p["b"])}, ({"w": 1.0, "b": 2.0},)),
    "single precision": (lambda w: w + np.float32(0.1), (0.5,)),
    "whole": (lambda n: np.maximum(n, 2) * 3, (1,)),
    "complex": (lambda z: np.exp(z), (0.5 + 1j,)),
}


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(("step", "args"), STEPS.values(), ids=STEPS)
def test_steps_from_numbers_of_python_are_those_of_the_loop(step, args, n):
    compiled, state = mg.compile(step), args
    for _ in range(n):
        out = compiled(*state)
        new = out if isinstance(out, tuple) else (out,)
        state = (*new[: len(args)], *state[len(new) :])
    assert_alike(compiled.repeat(n, carry=len(args))(*args), out)
    if len(args) == 1:
        assert_alike(compiled.repeat(n)(*args), out)


def test_numbers_of_python_take_the_place_of_no_others_unasked():
    compiled = mg.compile(lambda w, rate: (w - rate * np.sin(w), np.cos(w)))
    with pytest.raises(ValueError, match=r"(?s)carry=1 to carry=2.*float becomes"):
        compiled.repeat(3)(1.0, 0.1)
    w, loss = 1.0, None
    for _ in range(3):
        w, loss = compiled(w, 0.1)
    assert compiled.repeat(3, carry=1)(1.0, 0.1) == (w, loss)


def test_steps_inside_a_transform():
    doubled = mg.compile(lambda x: np.sin(x) * 2).repeat(3)

    def f(x):
        return np.sum(doubled(x))

    def plain(x):
        for _ in range(3):
            x = np.sin(x) * 2
        return np.sum(x)

    assert_allclose(mg.grad(f)(VECTOR), mg.grad(plain)(VECTOR), rtol=1e-14)
    assert_allclose(mg.compile(mg.grad(f))(VECTOR), mg.grad(plain)(VECTOR), rtol=1e-14)


def test_steps_that_do_not_fit():
    for f in (lambda x: x[:2], lambda x: (x > 0, x), lambda x: [x], lambda x: x.astype(np.float32)):
        with pytest.raises(ValueError, match="leading arguments"):
            mg.compile(f).repeat(2)(VECTOR)
    with pytest.raises(ValueError, match="leading arguments"):
        mg.compile(lambda x, y: (x, y[:1])).repeat(2, carry=2)(VECTOR, VECTOR)
    for n in (0, -1, 2.0, None):
        with pytest.raises(ValueError, match="at least 1"):
            mg.compile(np.sin).repeat(n)
    with pytest.raises(ValueError, match="carry"):
        mg.compile(np.sin).repeat(2, carry=0)


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


# ---------------------------------------------------------------- found by using it


def test_the_gradient_draws_what_the_value_drew():
    def loss(x, rng):
        return np.sum(np.where(rng.random(x.shape) < 0.5, x**2, 0))

    x = np.arange(1.0, 7.0)
    for compiled in (mg.compile(loss), loss):
        mg.value_and_grad(compiled)(x, np.random.default_rng(3))
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(3):
        value, gradient = mg.value_and_grad(mg.compile(loss))(x, ours)
        expected, slope = mg.value_and_grad(loss)(x, theirs)
        assert float(value) == float(expected)
        assert_array_equal(gradient, slope)
    assert ours.random() == theirs.random()
    w = Tensor(x, requires_grad=True)
    out = mg.compile(loss)(w, np.random.default_rng(5))
    for _ in range(2):
        w.grad = None
        out.backward()
        assert_array_equal(w.grad, mg.grad(loss)(x, np.random.default_rng(5)))


def test_an_error_that_is_caught_is_raised_all_the_same():
    def f(x):
        try:
            return x * float(x[0])
        except TypeError:
            return -x

    with pytest.raises(TracingError, match=r"float\(x\[0\]\)"):
        mg.compile(f)(np.array([2.0, 3.0]))


def test_a_number_that_is_looked_up_raises():
    for f in (lambda x, n: x if n in {2, 3} else -x, lambda x, n: {2: x}[n]):
        with pytest.raises(TracingError):
            mg.compile(f)(np.ones(2), 2)


def test_a_function_may_be_called_like_one_of_numpys(tmp_path):
    def add(x, y):
        return np.add(x, y) * 3

    compiled = mg.compile(add)
    compiled(np.ones(2), np.ones(2))
    compiled.save(tmp_path / "saved.py")
    scope = {}
    exec((tmp_path / "saved.py").read_text(), scope)  # noqa: S102 - what we have just written
    assert_array_equal(scope["add"](np.ones(2), np.ones(2))[0], [6.0, 6.0])


def test_an_error_of_numpys_at_a_later_call_is_numpys():
    compiled = mg.compile(lambda x, s: x * s)
    x = np.array([1, 2], np.int8)
    compiled(x, 3)
    with pytest.raises(OverflowError, match="300"):
        compiled(x, 300)


@pytest.mark.parametrize("setting", ["static_argnums", "donate_argnums"])
def test_positions_beyond_the_arguments_are_refused(setting):
    with pytest.raises(ValueError, match=rf"{setting}=7 does not name arguments .* \(x, y\)"):
        mg.compile(lambda x, y: x + y, **{setting: 7})
