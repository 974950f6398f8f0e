"""`index_add` and its like against `ufunc.at`, and against the derivative written out by loops."""

import runpy
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from drawn_keys import updates
from folding import each
from hypothesis import given
from index_keys import KEYS, in_library
from strict_array import DeviceArray, StrictArray

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core import tree
from micrograd_np.coverage.numpy_functions import AT, instead_of_at
from micrograd_np.errors import InPlaceError, UnregisteredFunctionError

UFUNCS = {
    mg.index_add: np.add,
    mg.index_multiply: np.multiply,
    mg.index_max: np.maximum,
    mg.index_min: np.minimum,
}
RNG = np.random.default_rng(3)
BACKENDS = ["numpy", *(["numba"] if find_spec("numba") else [])]

functions = pytest.mark.parametrize("function", UFUNCS, ids=lambda f: f.__name__)


def at(function: Any, x: Any, key: Any, values: Any) -> Any:
    """NumPy's answer; it may be wrong where it is to broadcast values itself."""
    out = np.array(x)
    UFUNCS[function].at(out, key, np.broadcast_to(values, out[key].shape))
    return out


def numbers(result: Any) -> Any:
    """A Tensor's or an array's numbers."""
    return np.asarray(result.data if isinstance(result, Tensor) else result)


# ---------------------------------------------------------------- value and derivative


def slopes(function: Any, candidates: np.ndarray) -> np.ndarray:
    """The derivative of one entry in each of the numbers that it is made of, written out."""
    if function is mg.index_add:
        return np.ones(candidates.size)
    if function is mg.index_multiply:
        return np.array([np.prod(np.delete(candidates, i)) for i in range(candidates.size)])
    extremum = candidates.max() if function is mg.index_max else candidates.min()
    return (candidates == extremum) / np.sum(candidates == extremum)


def pulled(function: Any, x: Any, key: Any, values: Any, g: Any) -> tuple[Any, Any]:
    """The cotangents of `x` and `values`, place by place."""
    places = np.arange(x.size).reshape(x.shape)[key].ravel()
    authors = np.broadcast_to(np.arange(values.size).reshape(values.shape), x[key].shape).ravel()
    for_x, for_values = np.zeros(x.size), np.zeros(values.size)
    for place in range(x.size):
        here = authors[places == place]
        found = slopes(function, np.append(x.flat[place], values.ravel()[here]))
        for_x[place] = g.flat[place] * found[0]
        np.add.at(for_values, here, g.flat[place] * found[1:])
    return for_x.reshape(x.shape), for_values.reshape(values.shape)


@functions
@given(given_=updates())
def test_any_key_gives_the_value_of_at_and_both_gradients(function: Any, given_: Any) -> None:
    """Of small whole numbers, so that there are zeros and ties; any key, any broadcasting."""
    shape, key, like, seed = given_[0].shape, given_[1], given_[2], given_[3]
    rng = np.random.default_rng(seed)
    x, values = (rng.integers(-2, 3, s).astype(float) for s in (shape, like.shape))
    before = x.copy(), values.copy()
    out, pullback = mg.vjp(lambda x, v: function(x, key, v), x, values)
    np.testing.assert_array_equal(numbers(out), at(function, x, key, values))
    g, t, u = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=like.shape)
    found = [numbers(part) for part in pullback(g)]
    for part, right in zip(found, pulled(function, x, key, values, g), strict=True):
        np.testing.assert_allclose(part, right, rtol=1e-12, atol=1e-12)
    _, pushed = mg.jvp(lambda x, v: function(x, key, v), [x, values], [t, u])
    both = np.sum(found[0] * t) + np.sum(found[1] * u)
    np.testing.assert_allclose(np.sum(g * numbers(pushed)), both, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(values, before[1])


@functions
def test_values_are_broadcast_where_numpy_reads_past_their_end(function: Any) -> None:
    """In `np.add.at(x, key, values)` with a key of more axes than the values, for an `x` of one."""
    memory = np.array([0.5, -1.5, 2.5, 9.0, -9.0, 9.0])
    x, key, values = RNG.normal(size=2), [[0, 0, 1], [1, 0, 0]], memory[:3]
    expected = x.copy()
    for place, value in zip(np.ravel(key), np.tile(values, 2), strict=True):
        expected[place] = UFUNCS[function](expected[place], value)
    compiled = mg.compile(lambda x, v: function(x, key, v))
    for found in (function(x, key, values), compiled(x, values), compiled(2 * x / 2, memory[:3])):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_repeated_indices_add_up_where_the_old_advice_kept_the_last() -> None:
    gradient = mg.grad(lambda v: np.sum(mg.index_add(np.zeros(2), [0, 0, 1], v) ** 2))
    np.testing.assert_array_equal(numbers(gradient(np.array([1.0, 2.0, 3.0]))), [6, 6, 6])


def test_products_with_zeros_to_the_second_order() -> None:
    """The mixed second derivative of x u v w in two of its factors is the product of the others."""
    x, values = np.array([2.0, 7.0]), np.array([0.0, 3.0, 0.0])
    hessian = mg.hessian(lambda v: mg.index_multiply(x, [0, 0, 0], v)[0])(values)
    np.testing.assert_array_equal(numbers(hessian), [[0, 0, 6], [0, 0, 0], [6, 0, 0]])


# ---------------------------------------------------------------- dtypes and errors


@functions
@pytest.mark.parametrize(
    ("x", "values"),
    [("float32", "float64"), ("float32", "int64"), ("float16", "float16"), ("int8", "int64"),
     ("complex64", "complex128"), ("complex128", "float32"), ("int64", "bool")],
)  # fmt: skip
def test_the_result_has_the_dtype_of_the_array(function: Any, x: str, values: str) -> None:
    base, given_ = RNG.normal(size=3).astype(x), (3 * RNG.normal(size=4)).astype(values)
    out = function(base, [0, 1, 1, 0], given_)
    assert out.dtype == base.dtype
    np.testing.assert_array_equal(out, at(function, base, [0, 1, 1, 0], given_))


@functions
@pytest.mark.parametrize(
    ("x", "values", "error"),
    [
        (np.zeros(2, int), 0.5, TypeError),
        (np.zeros(2, int), np.array([0.5]), TypeError),
        (np.zeros(2), 1j, TypeError),
        (np.zeros(2, np.int8), 300, OverflowError),
    ],
)
def test_what_ufunc_at_would_cut_off_is_refused(
    function: Any, x: Any, values: Any, error: Any
) -> None:
    """`np.add.at(integers, 0, 0.5)` adds 0 without a word; `integers[0] += 0.5` is an error."""
    for call in (function, mg.compile(lambda x, v: function(x, [0], v))):
        arguments = (x, [0], values) if call is function else (x, values)
        with pytest.raises(error):
            call(*arguments)


@functions
def test_wrong_indices_and_shapes_are_errors(function: Any) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        function(np.zeros(2), [0, 2], 1.0)
    with pytest.raises(ValueError, match="broadcast"):
        function(np.zeros(2), [0, 1], np.ones(3))
    with pytest.raises(ValueError, match="broadcast") as caught:
        function(Tensor(np.zeros(2), requires_grad=True), [0, 1], np.ones(3))
    assert str(caught.value).startswith(f"`{function.__name__}` of Tensor")


@pytest.mark.parametrize("ufunc", AT)
def test_the_error_for_at_names_what_does_the_same(ufunc: np.ufunc) -> None:
    """Each line of `AT`, run as it stands, against what NumPy does to an array."""
    key, values = [0, 2, 0], np.array([0.5, -3.0, 2.0])
    t = Tensor([1.0, 2.0, 4.0], requires_grad=True)
    with pytest.raises(InPlaceError) as caught:
        ufunc.at(t, key, values)
    assert AT[ufunc] in str(caught.value)
    with pytest.raises(UnregisteredFunctionError) as other:
        ufunc.at(np.zeros(3), key, Tensor(values, requires_grad=True))
    assert AT[ufunc] in str(other.value)
    scope = {"mg": mg, "t": t, "key": key, "values": values}
    exec(AT[ufunc], scope)  # noqa: S102 - a line of our own table
    right = t.numpy()
    ufunc.at(right, key, values)
    np.testing.assert_allclose(numbers(scope["t"]), right, rtol=1e-15)


def test_other_ufuncs_name_index_update_and_its_condition() -> None:
    update = "t = mg.index_update(t, key, np."
    condition = ", which is right if no index repeats"
    assert instead_of_at(np.power) == f"{update}power(t[key], values)){condition}"
    assert instead_of_at(np.negative) == f"{update}negative(t[key])){condition}"


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize("function", [*UFUNCS, mg.index_update], ids=lambda f: f.__name__)
@pytest.mark.parametrize("behind", [False, True], ids=["first axis", "second axis"])
def test_batches_of_arrays_keys_and_values(function: Any, behind: bool) -> None:
    """Value, gradient and gradient of the gradient, example by example; indices repeat."""
    size = 4
    x, i = RNG.normal(size=(size, 3, 3)), RNG.integers(-3, 3, (size, 4))
    v = RNG.normal(size=(size, 3, 4) if behind else (size, 4, 3))
    weights = RNG.normal(size=(3, 3))

    def cubes(x: Any, i: Any, v: Any) -> Any:
        return np.sum(weights * function(x, (slice(None), i) if behind else i, v) ** 3)

    first = mg.grad(cubes, (0, 2))

    def second(x: Any, i: Any, v: Any) -> Any:
        return mg.grad(lambda x, v: sum(np.sum(g**2) for g in first(x, i, v)), (0, 1))(x, v)

    for axes in [(0, 0, 0), (None, 0, None), (0, None, 0), (None, None, 0), (None, 0, 0)]:
        given_ = [a if axis == 0 else a[0] for a, axis in zip((x, i, v), axes, strict=True)]
        for derivative in (first, second):
            found = mg.vmap(derivative, in_axes=axes)(*given_)
            mapped = [axis == 0 for axis in axes]
            each = [
                derivative(*(a[k] if own else a for a, own in zip(given_, mapped, strict=True)))
                for k in range(size)
            ]
            for part, right in zip(found, zip(*each, strict=True), strict=True):
                expected = np.stack([numbers(g) for g in right])
                np.testing.assert_allclose(numbers(part), expected, rtol=1e-9, atol=1e-9)


# ---------------------------------------------------------------- compiled


COMPILED = {
    "numpy": [[0, 0, 2], (slice(None), [0, -1, 0]), ..., None, (slice(None, None, -2), None, 1)],
    "numba": [[0, 0, 2], None],
}


@functions
@pytest.mark.parametrize("backend", BACKENDS)
def test_compiled_gradients_are_the_same(function: Any, backend: str) -> None:
    """One program of all keys: making programs is what takes time."""
    x, weights, keys = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2)), COMPILED[backend]
    values = [RNG.normal(size=x[key].shape) for key in keys]

    def loss(x: Any, values: Any) -> Any:
        pairs = zip(keys, values, strict=True)
        return sum(np.sum(weights * function(x, key, v) ** 2) for key, v in pairs)

    gradient = mg.value_and_grad(loss, (0, 1))
    compiled = mg.compile(gradient, backend=backend)
    for scale in (1.0, -0.5):
        found, right = (tree.leaves(f(scale * x, values)) for f in (compiled, gradient))
        for part, expected in zip(found, right, strict=True):
            np.testing.assert_allclose(numbers(part), numbers(expected), rtol=1e-10, atol=1e-12)


@functions
def test_a_compiled_key_may_be_an_argument(function: Any) -> None:
    gradient = mg.grad(lambda v, i: np.sum(function(np.ones(3), i, v) ** 2))
    compiled = mg.compile(gradient)
    values = RNG.normal(size=4)
    for indices in ([0, 0, 1, 1], [2, 2, 2, -1], [0, 1, 2, 0]):
        found = compiled(values, np.array(indices))
        right = gradient(values, np.array(indices))
        np.testing.assert_allclose(numbers(found), numbers(right), rtol=1e-12)
    for number in (1, -1, 0):
        found, right = compiled(values[0], number), gradient(values[0], number)
        np.testing.assert_allclose(numbers(found), numbers(right), rtol=1e-12)


@functions
def test_a_saved_program_brings_the_function_along(function: Any, tmp_path: Any) -> None:
    def program(x: Any, v: Any) -> Any:
        return function(x, [0, 0], v)

    compiled = mg.compile(program)
    x, values = np.array([1.0, 5.0]), np.array([2.0, 3.0])
    right = compiled(x, values)
    compiled.save(tmp_path / "program.py")
    saved = runpy.run_path(str(tmp_path / "program.py"))
    np.testing.assert_array_equal(saved["program"](x, values)[0], numbers(right))


# ---------------------------------------------------------------- arrays of other libraries


@functions
@pytest.mark.parametrize("kind", [StrictArray, DeviceArray])
@each("key", KEYS, ids=str)
def test_arrays_of_other_libraries(function: Any, kind: Any, key: Any) -> None:
    """Value and both gradients, with the key here and there."""
    x = RNG.integers(-2, 3, (6, 4)).astype(float)
    chosen = x[np.array(key) if isinstance(key, list) else key]
    values = RNG.integers(-2, 3, chosen.shape).astype(float)
    weights = np.arange(24.0).reshape(6, 4)

    def run(make: Any, key: Any) -> list[Any]:
        base, given_ = (Tensor(make(a), requires_grad=True) for a in (x, values))
        out = function(base, key, given_)
        np.sum(out * make(weights)).backward()
        return [out.value, base.grad, given_.grad]

    right = run(np.asarray, key)
    np.testing.assert_array_equal(right[0], at(function, x, key, values))
    for other in (key, in_library(key, kind)):
        for part, expected in zip(run(kind, other), right, strict=True):
            assert type(part) is kind
            assert part.dtype == expected.dtype
            np.testing.assert_allclose(part.hidden, expected, rtol=1e-13, atol=1e-13)


@functions
def test_dtypes_of_other_libraries_are_checked_too(function: Any) -> None:
    out = function(StrictArray(np.zeros(3, np.float32)), [1, 1], StrictArray(np.ones(2)))
    assert out.dtype == np.float32
    with pytest.raises(TypeError, match="same_kind"):
        function(StrictArray(np.zeros(3, int)), [1, 1], StrictArray(np.ones(2)))


@functions
def test_dask_stays_lazy(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    da = pytest.importorskip("dask.array", reason="needs the extra `dask`")
    x, values, key = RNG.normal(size=(6, 2)), RNG.normal(size=(4, 2)), [0, 5, 0, -6]
    base = Tensor(da.from_array(x, chunks=3), requires_grad=True)
    given_ = Tensor(da.from_array(values, chunks=2), requires_grad=True)
    np.sum(function(base, key, given_) ** 2).backward()
    right = mg.grad(lambda x, v: np.sum(function(x, key, v) ** 2), (0, 1))(x, values)
    for t, expected in zip((base, given_), right, strict=True):
        assert type(t.grad) is da.Array
        found = t.grad.compute(scheduler="synchronous")
        np.testing.assert_allclose(found, numbers(expected), rtol=1e-12)


# ---------------------------------------------------------------- JAX


@pytest.mark.oracle
@functions
def test_jax_has_the_same_gradients(function: Any) -> None:
    """Where it has one: its product of repeated indices is not differentiable in the values."""
    jax = pytest.importorskip("jax")
    keys = [[0, 0, 2], ([0, 1, 0], [1, 1, 1]), (slice(None), [1, 1]), (0, 1)]
    x = RNG.integers(-2, 3, (3, 2)).astype(float)
    values = [RNG.integers(-2, 3, x[key].shape).astype(float) for key in keys]
    weights = RNG.normal(size=x.shape)
    name = {mg.index_max: "max", mg.index_min: "min"}.get(function, UFUNCS[function].__name__)
    places = (0,) if function is mg.index_multiply else (0, 1)

    def of_jax(x: Any, values: Any) -> Any:
        theirs = [
            tuple(np.array(k) if isinstance(k, list) else k for k in np.index_exp[key])
            for key in keys
        ]
        pairs = zip(theirs, values, strict=True)
        return sum((weights * getattr(x.at[key], name)(v)).sum() for key, v in pairs)

    def ours(x: Any, values: Any) -> Any:
        pairs = zip(keys, values, strict=True)
        return sum(np.sum(weights * function(x, key, v)) for key, v in pairs)

    with jax.enable_x64(True):
        expected = jax.grad(of_jax, places)(jax.numpy.asarray(x), values)
    found = mg.grad(ours, places)(x, values)
    for part, right in zip(tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(numbers(part), np.asarray(right), rtol=1e-12, atol=1e-12)
