"""Reading, writing and adding by any key, against one-hot oracles made by NumPy's own indexing."""

from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from drawn_keys import arrays_with_keys, updates
from hypothesis import given

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.ops.derivatives.indexing import scatter


def added(shape: tuple[int, ...], key: Any, g: np.ndarray) -> np.ndarray:
    """`g` added up where it came from: the transpose of indexing, by counting."""
    size = int(np.prod(shape))
    sources = np.arange(size).reshape(shape)[key]
    return np.bincount(np.ravel(sources), np.ravel(g), minlength=size)[:size].reshape(shape)


@given(arrays_with_keys())
def test_any_key_reads_and_adds_back(given_: Any) -> None:
    x, key, seed = given_
    t = Tensor(x, requires_grad=True)
    out = t[key]
    np.testing.assert_array_equal(out.data, x[key])
    g = np.random.default_rng(seed + 1).normal(size=out.shape)
    out.backward(g)
    np.testing.assert_allclose(t.grad, added(x.shape, key, g), rtol=1e-12, atol=1e-12)


@given(arrays_with_keys())
def test_any_key_to_the_second_order_and_forward(given_: Any) -> None:
    x, key, seed = given_
    rng = np.random.default_rng(seed + 1)
    t, w = rng.normal(size=x.shape), rng.normal(size=x[key].shape)

    def cubes(x: Any) -> Any:
        return np.sum(w * x[key] ** 3)

    _, tangent = mg.jvp(lambda x: x[key], [x], [t])
    np.testing.assert_array_equal(tangent, t[key])
    expected = added(x.shape, key, 6 * w * x[key] * t[key])
    np.testing.assert_allclose(mg.hvp(cubes, [x], [t]), expected, rtol=1e-12, atol=1e-12)
    twice = mg.vjp(mg.grad(cubes), x)[1](t)[0]
    np.testing.assert_allclose(twice, expected, rtol=1e-12, atol=1e-12)


@given(updates())
def test_index_update_with_any_key(given_: Any) -> None:
    """The value and both gradients; where a key names an entry twice, the last value stands."""
    x, key, value, seed = given_
    rng = np.random.default_rng(seed + 3)
    expected, author = x.copy(), np.full(x.shape, -1)
    expected[key] = value
    author[key] = np.arange(value.size).reshape(value.shape)
    g, t, u = rng.normal(size=x.shape), rng.normal(size=x.shape), rng.normal(size=value.shape)
    out, pullback = mg.vjp(lambda x, value: mg.index_update(x, key, value), x, value)
    np.testing.assert_array_equal(out, expected)
    for_base, for_value = pullback(g)
    np.testing.assert_array_equal(for_base, np.where(author == -1, g, 0))
    wrote = author != -1
    counted = np.bincount(author[wrote], g[wrote], minlength=value.size)[: value.size]
    np.testing.assert_allclose(for_value.ravel(), counted, rtol=1e-12, atol=1e-12)
    _, tangent = mg.jvp(lambda x, value: mg.index_update(x, key, value), [x, value], [t, u])
    pushed = t.copy()
    pushed[key] = u
    np.testing.assert_array_equal(tangent, pushed)


@given(updates())
def test_index_update_to_the_second_order(given_: Any) -> None:
    x, key, value, seed = given_
    rng = np.random.default_rng(seed + 4)
    t, u, w = rng.normal(size=x.shape), rng.normal(size=value.shape), rng.normal(size=x.shape)

    def cubes(x: Any, value: Any) -> Any:
        return np.sum(w * mg.index_update(x, key, value) ** 3)

    forward = mg.hvp(cubes, [x, value], [t, u])
    _, reverse = mg.vjp(mg.grad(cubes, (0, 1)), x, value)
    for one, other in zip(forward, reverse((t, u)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@given(arrays_with_keys())
def test_scatter_is_the_transpose_of_indexing(given_: Any) -> None:
    x, key, seed = given_
    rng = np.random.default_rng(seed)
    g, t = rng.normal(size=x[key].shape), rng.normal(size=x.shape)
    np.testing.assert_allclose(scatter(g, key, x.shape), added(x.shape, key, g), atol=1e-12)
    out, pullback = mg.vjp(lambda g: scatter(g, key, x.shape), g)
    np.testing.assert_allclose(out, added(x.shape, key, g), atol=1e-12)
    np.testing.assert_array_equal(pullback(t)[0], t[key])


@given(st.data())
def test_take(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1)) if shape else None
    mode = data.draw(st.sampled_from(["raise", "wrap", "clip"]))
    n = int(np.prod(shape)) if axis is None else shape[axis]
    reach = (-n, n - 1) if mode == "raise" else (-3 * n, 3 * n)
    indices = data.draw(
        hnp.arrays(
            int,
            hnp.array_shapes(min_dims=0, min_side=0, max_dims=2, max_side=3),
            elements=st.integers(*reach),
        )
    )
    x = np.arange(float(np.prod(shape))).reshape(shape)
    out, pullback = mg.vjp(lambda x: np.take(x, indices, axis=axis, mode=mode), x)
    np.testing.assert_array_equal(out, np.take(x, indices, axis=axis, mode=mode))
    g = np.random.default_rng(0).normal(size=out.shape)
    expected = np.bincount(out.astype(int).ravel(), g.ravel(), minlength=x.size)
    np.testing.assert_allclose(pullback(g)[0].ravel(), expected, atol=1e-12)


@given(st.data())
def test_take_along_axis(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    n = shape[axis]
    picked = list(shape)
    picked[axis] = data.draw(st.integers(0, 5))
    for other in range(len(shape)):
        if other != axis % len(shape) and data.draw(st.integers(0, 3)) == 0:
            picked[other] = 1  # broadcasts
    indices = data.draw(hnp.arrays(int, tuple(picked), elements=st.integers(-n, n - 1)))
    x = np.arange(float(np.prod(shape))).reshape(shape)
    out, pullback = mg.vjp(lambda x: np.take_along_axis(x, indices, axis=axis), x)
    np.testing.assert_array_equal(out, np.take_along_axis(x, indices, axis=axis))
    g = np.random.default_rng(0).normal(size=out.shape)
    expected = np.bincount(out.astype(int).ravel(), g.ravel(), minlength=x.size)
    np.testing.assert_allclose(pullback(g)[0].ravel(), expected, atol=1e-12)


@pytest.mark.parametrize(
    "key",
    [
        Tensor([0, 2]),
        Tensor(1),
        Tensor([True, False, True]),
        (Tensor([0, 0]), Tensor([1, 1])),
        [],
        [[]],
        np.uint8(1),
        (np.array(1), slice(None, None, -1)),
        True,
        np.True_,
        (..., None, 0),
        [True, False, True],
    ],
    ids=repr,
)
def test_keys_of_every_type(key: Any) -> None:
    x = np.arange(9.0).reshape(3, 3)
    plain = (
        tuple(k.data for k in key) if isinstance(key, tuple) and isinstance(key[0], Tensor) else key
    )
    plain = plain.data if isinstance(plain, Tensor) else plain
    t = Tensor(x, requires_grad=True)
    out = t[key]
    np.testing.assert_array_equal(out.data, x[plain])
    np.sum(out).backward()
    np.testing.assert_array_equal(t.grad, added(x.shape, plain, np.ones(out.shape)))


def test_a_condition_on_the_tensor_itself_selects() -> None:
    t = Tensor([1.0, -2.0, 3.0], requires_grad=True)
    np.sum(t[t > 0] ** 2).backward()
    np.testing.assert_array_equal(t.grad, [2, 0, 6])


def test_iteration_and_unpacking_record() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = t
    np.sum(first * second).backward()
    np.testing.assert_array_equal(t.grad, [[3, 4], [1, 2]])


def test_index_update_keeps_the_dtype_of_the_array() -> None:
    x = Tensor(np.zeros(3, np.float32), requires_grad=True)
    value = Tensor(1.5, requires_grad=True)
    out = mg.index_update(x, 1, value)
    assert out.dtype == np.float32
    np.sum(out).backward()
    assert (x.grad.dtype, value.grad.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(x.grad, [1, 0, 1])


def test_index_update_of_plain_arrays_is_a_copy() -> None:
    x = np.zeros(3)
    np.testing.assert_array_equal(mg.index_update(x, [0, 0], [1.0, 2.0]), [2, 0, 0])
    np.testing.assert_array_equal(x, np.zeros(3))
    with pytest.raises(ValueError, match="broadcast"):
        mg.index_update(x, slice(0, 2), np.ones(3))
