"""Indexing inside `vmap` with keys of every kind in every order, against a loop."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import micrograd_np as mg

SHAPE = (2, 3, 2, 3)
SIZE = 2
X = np.random.default_rng(0).normal(size=(SIZE, *SHAPE))


def loop(f: Any, *batches: Any) -> np.ndarray[Any, Any]:
    """`f` of one example after the other."""
    return np.stack([np.asarray(f(*examples)) for examples in zip(*batches, strict=True)])


def assert_as_a_loop(f: Any, *batches: Any) -> None:
    found, expected = np.asarray(mg.vmap(f)(*batches)), loop(f, *batches)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12)


class Own:
    """A place in a key for an integer array of which every example has its own."""

    def __repr__(self) -> str:
        return "Own()"


def with_own(key: tuple[Any, ...], indices: Any) -> tuple[Any, ...]:
    return tuple(indices if isinstance(part, Own) else part for part in key)


@st.composite
def keys(draw: Any, *, own: bool) -> tuple[Any, ...]:
    """A key of at most four axes, with an ellipsis somewhere or not, index arrays broadcasting."""
    axes = draw(st.integers(0, len(SHAPE)))
    arrays = draw(st.sampled_from([(), (2,), (1,), (2, 1), (0,)]))
    kinds = ["int", "slice", "array", "list", "mask"] + ["own"] * 3 * own
    key: list[Any] = []
    for _ in range(axes):
        kind = draw(st.sampled_from(kinds))
        if kind == "int":
            key.append(draw(st.sampled_from([0, -1, np.int64(1)])))
        elif kind == "slice":
            key.append(draw(st.sampled_from([slice(None), slice(None, None, -1), slice(0, 1)])))
        elif kind == "array":
            key.append(np.resize([1, 0, -2], arrays))
        elif kind == "list":
            key.append([0, 1] if arrays == (2,) else [1])
        elif kind == "mask":
            key.append("mask")
        else:
            key.append(Own())
    for extra in (None, None, draw(st.sampled_from([True, None]))):
        if draw(st.integers(0, 4)) == 0:
            key.insert(draw(st.integers(0, len(key))), extra)
    place = len(key)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(key)))
        key.insert(place, Ellipsis)
    return masked(key, place)


def masked(key: list[Any], ellipsis: int) -> tuple[Any, ...]:
    """The key with masks of the length of the axes they stand for, counted from the nearer end."""

    def takes_axis(part: Any) -> bool:
        return part is not None and part is not Ellipsis and part is not True

    found = []
    for i, part in enumerate(key):
        if isinstance(part, str):
            before = sum(map(takes_axis, key[:i]))
            after = sum(map(takes_axis, key[i:]))
            length = SHAPE[before] if i < ellipsis else SHAPE[-after]
            found.append(np.arange(length) < 2)
        else:
            found.append(part)
    return tuple(found)


def assume_that_numpy_takes(key: Any) -> None:
    """Have another key drawn for one that NumPy refuses."""
    try:
        X[0][key]
    except (IndexError, DeprecationWarning):  # of which older versions of NumPy warn
        reject()


def slopes(key: Any) -> Any:
    return mg.grad(lambda x: np.sum(np.sin(x[key])))


@given(keys(own=False))
def test_a_key_that_all_examples_share(key: tuple[Any, ...]) -> None:
    assume_that_numpy_takes(key)
    assert_as_a_loop(lambda x: x[key], X)
    assert_as_a_loop(slopes(key), X)


@given(keys(own=True), st.sampled_from([(), (2,), (2, 1)]))
def test_a_key_of_every_examples_own(key: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    indices = np.random.default_rng(1).integers(-2, 2, (SIZE, *shape))
    assume_that_numpy_takes(with_own(key, indices[0]))
    assert_as_a_loop(lambda x, i: x[with_own(key, i)], X, indices)
    assert_as_a_loop(lambda x, i: slopes(with_own(key, i))(x), X, indices)
    shared = mg.vmap(lambda i: mg.Tensor(X[0])[with_own(key, i)])(indices)
    np.testing.assert_array_equal(
        np.asarray(shared), loop(lambda i: X[0][with_own(key, i)], indices)
    )


@settings(max_examples=15)
@given(keys(own=False))
def test_the_jacobian_and_an_update_at_a_key(key: tuple[Any, ...]) -> None:
    assume_that_numpy_takes(key)
    entries = np.arange(X[0].size).reshape(SHAPE)[key]
    expected = entries[..., None] == np.arange(X[0].size)
    for mode in ("forward", "reverse"):
        found = mg.jacobian(lambda x: x[key], mode=mode)(X[0])
        np.testing.assert_array_equal(np.asarray(found), expected.reshape(entries.shape + SHAPE))
    assert_as_a_loop(lambda x: mg.index_update(x, key, 5.0), X)


FLAT, TALL = np.array([0, 1]), np.array([[1], [0]])


@pytest.mark.parametrize(
    "key",
    [
        np.index_exp[:, :, FLAT, ..., FLAT], np.index_exp[:, FLAT, ..., FLAT, FLAT],
        np.index_exp[FLAT, ..., FLAT, :, TALL], np.index_exp[FLAT, ..., 0, 1, 1],
        np.index_exp[..., :, :, FLAT, TALL], np.index_exp[:, FLAT, TALL, ..., 0],
        np.index_exp[0, :, :, ..., FLAT], np.index_exp[:, True, FLAT], np.index_exp[0, :, True],
        np.index_exp[:, FLAT, True, ..., FLAT, :], np.index_exp[..., False, [1]],
    ],
    ids=str,
)  # fmt: skip
def test_an_ellipsis_of_no_axes_and_single_truths_stand_between(key: Any) -> None:
    assert_as_a_loop(lambda x: x[key], X)
    assert_as_a_loop(slopes(key), X)


@pytest.mark.parametrize("key", [np.index_exp[..., ...], np.index_exp[0, 0, 0, 0, 0]], ids=str)
def test_what_numpy_refuses(key: Any) -> None:
    with pytest.raises(IndexError):
        mg.vmap(lambda x: x[key])(X)
