"""In-place operations, and values that change between an op and its derivative."""

import contextlib
import math

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors

# ---------------------------------------------------------------- in-place operations

AUGMENTED = {
    "+=": "w += 1",
    "-=": "w -= 0.1 * g",
    "*=": "w *= 2",
    "/=": "w /= 2",
    "**=": "w **= 2",
    "@=": "w @= g",
    "//=": "w //= 2",
    "%=": "w %= 2",
}


@pytest.mark.parametrize("mode", [contextlib.nullcontext, mg.no_grad], ids=["recording", "no_grad"])
@pytest.mark.parametrize("statement", AUGMENTED.values(), ids=AUGMENTED)
def test_96_augmented_assignment_to_a_leaf_raises(statement, mode):
    w = leaf([1.0, 2.0], name="w")
    names = {"w": w, "g": np.array([1.0, 1.0])}
    with mode(), pytest.raises(errors.InPlaceError, match=r"'w'") as caught:
        exec(statement, names)  # noqa: S102  # the operator is the parameter
    assert ".data -=" in str(caught.value)
    assert names["w"] is w
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_97_augmented_assignment_to_a_result_makes_a_new_node():
    x = leaf(2.0)
    y = first = np.exp(x)
    y += 1.0
    assert y is not first
    (y * first).backward()  # (e + 1) e
    assert x.grad == pytest.approx(2 * math.exp(4.0) + math.exp(2.0), rel=1e-15)


def test_augmented_assignment_of_a_tracked_tensor_to_an_array_raises():
    total = np.zeros(2)
    with pytest.raises(TypeError):
        total += leaf([1.0, 2.0])
    np.testing.assert_array_equal(total, [0.0, 0.0])


def test_writing_results_into_a_tensor_raises():
    w = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match="out"):
        np.add(w, 1.0, out=w)
    with pytest.raises(TypeError, match="out"):
        np.add(np.ones(2), np.ones(2), out=w)
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


@pytest.mark.parametrize("mode", [contextlib.nullcontext, mg.no_grad], ids=["recording", "no_grad"])
@pytest.mark.parametrize("made", [lambda w: w, lambda w: w * 2.0], ids=["leaf", "result"])
def test_item_assignment_in_a_graph_raises_and_shows_the_alternatives(made, mode):
    t = made(leaf([1.0, 2.0]))
    before = t.numpy()
    with mode(), pytest.raises(errors.InPlaceError) as caught:
        t[0] = 5.0
    assert "index_update" in str(caught.value)
    assert "np.where" in str(caught.value)
    np.testing.assert_array_equal(t.data, before)


def test_item_assignment_of_a_tracked_value_into_a_constant_raises():
    constant = Tensor([1.0, 2.0])
    with pytest.raises(TypeError):
        constant[0] = leaf(5.0)
    np.testing.assert_array_equal(constant.data, [1.0, 2.0])


def test_item_assignment_of_a_tracked_value_into_an_array_raises():
    array = np.zeros(2)
    with pytest.raises(errors.LeavesGraphError):
        array[:] = leaf([5.0, 6.0])
    np.testing.assert_array_equal(array, [0.0, 0.0])


def test_item_assignment_to_a_constant_outside_any_graph():
    constant = Tensor([1.0, 2.0])
    constant[0] = 5.0
    constant[1:] = Tensor([7.0])
    np.testing.assert_array_equal(constant.data, [5.0, 7.0])


# ---------------------------------------------------------------- mutation stamps


def subtract_in_place(t):
    t.data -= 1.0


def assign_data(t):
    t.data = t.data + 1.0


def assign_item(t):
    t[0] = 7.0


def write_then_assign(t):
    t.data[0] = 7.0
    t.data = t.data


@pytest.mark.parametrize("mutate", [subtract_in_place, assign_data, write_then_assign])
def test_mutation_of_a_leaf_after_its_use_names_leaf_and_op(mutate):
    w = leaf([1.0, 2.0], name="weight")
    loss = np.sum(np.tanh(w) * 2.0)
    mutate(w)
    with pytest.raises(errors.MutationError, match="weight") as caught:
        loss.backward()
    assert "tanh" in str(caught.value)
    assert w.grad is None


@pytest.mark.parametrize("mutate", [subtract_in_place, assign_data, assign_item, write_then_assign])
def test_mutation_of_a_constant_after_its_use_names_it_and_the_op(mutate):
    w, x = leaf([1.0, 2.0]), Tensor([3.0, 4.0], name="batch")
    loss = np.sum(w * x)
    mutate(x)
    with pytest.raises(errors.MutationError, match="batch") as caught:
        loss.backward()
    assert "multiply" in str(caught.value)


def test_101_optimizer_step_between_forward_and_backward():
    w, b = leaf([1.0, 2.0], name="w"), leaf(0.5, name="b")
    loss = np.sum(mg.sigmoid(w * 3.0 + b))
    loss.backward()
    for p in (w, b):
        p.data -= 0.1 * p.grad
    with pytest.raises(errors.MutationError, match="backward"):
        loss.backward()


def test_a_new_forward_after_a_step_is_fine():
    w = leaf(2.0)
    for expected in (4.0, 2.4):
        loss = w * w
        w.grad = None
        loss.backward()
        assert w.grad == pytest.approx(expected, rel=1e-15)
        w.data -= 0.2 * w.grad


def test_a_graph_that_does_not_use_the_changed_leaf_still_works():
    changed, kept = leaf(1.0), leaf(2.0)
    other = changed * 2.0
    loss = kept * kept
    changed.data = 5.0
    loss.backward()
    assert kept.grad == 4.0
    with pytest.raises(errors.MutationError):
        other.backward()


def test_97_changing_the_data_of_a_result_is_never_silently_wrong():
    x = leaf([1.0, 2.0])
    y = np.exp(x)
    loss = np.sum(y)
    with pytest.raises((errors.InPlaceError, errors.MutationError)):
        y.data -= 1.0
        y.backward(np.ones(2))
    with pytest.raises((errors.InPlaceError, errors.MutationError)):
        y.data = np.zeros(2)
        loss.backward()


def test_data_keeps_its_shape_and_dtype():
    w = leaf([1.0, 2.0], dtype=np.float32)
    with pytest.raises(errors.ShapeError, match=r"\(3,\)"):
        w.data = np.ones(3)
    with pytest.raises(errors.ShapeError):
        w.data = 1.0
    w.data = np.array([3.0, 4.0], dtype=np.float64)
    assert w.data.dtype == np.float32
    np.testing.assert_array_equal(w.data, [3.0, 4.0])


def test_assigning_a_tracked_tensor_as_data_raises():
    w = leaf([1.0, 2.0])
    with pytest.raises(TypeError):
        w.data = w - 0.1
    with pytest.raises(TypeError):
        w.data -= 0.1 * w


def test_in_place_step_on_a_single_number():
    w = leaf(1.0)
    held = w.data
    w.data -= 0.25
    assert type(w.data) is np.ndarray
    assert w.data == 0.75
    assert held.shape == ()


def test_98_caller_changing_its_array_changes_no_tensor():
    array = np.array([1.0, 2.0])
    w = leaf(array)
    loss = np.sum(w * w)
    array[:] = 99.0
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])
    w.data = array
    array[:] = -1.0
    np.testing.assert_array_equal(w.data, [99.0, 99.0])


def test_98_numpy_gives_a_copy():
    w = leaf([1.0, 2.0])
    copied = w.numpy()
    copied[:] = 99.0
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


ALIASES = {
    "stop_gradient": mg.stop_gradient,
    "detach": Tensor.detach,
    "reshape under no_grad": mg.no_grad()(lambda w: w.reshape(2)),
    "slice under no_grad": mg.no_grad()(lambda w: w[:]),
    "transpose under no_grad": mg.no_grad()(lambda w: w.T),
}


@pytest.mark.parametrize("aliased", ALIASES.values(), ids=ALIASES)
def test_99_writing_to_a_constant_made_of_a_parameter_is_never_silently_wrong(aliased):
    w = leaf([1.0, 2.0])
    alias = aliased(w)
    loss = np.sum(w * w)
    with contextlib.suppress(errors.InPlaceError, errors.MutationError, ValueError):
        alias[0] = 100.0
        loss.backward()
        np.testing.assert_array_equal(w.grad, [2.0, 4.0])


@pytest.mark.parametrize("aliased", ALIASES.values(), ids=ALIASES)
def test_99_step_after_a_constant_was_made_of_a_parameter_is_never_silently_wrong(aliased):
    w, v = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    loss = np.sum(aliased(w) * v)
    w.data -= 1.0
    with contextlib.suppress(errors.MutationError):
        loss.backward()
        np.testing.assert_array_equal(v.grad, [1.0, 2.0])


VIEWS = {
    "slice": lambda t: t[:],
    "reversed": lambda t: t[::-1],
    "reshape": lambda t: t.reshape(3),
    "transpose": np.transpose,
    "split": lambda t: np.split(t, 1)[0],
    "broadcast_to": lambda t: np.broadcast_to(t, (1, 3)),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_100_writing_to_a_view_of_a_constant_is_never_silently_wrong(view):
    w, base = leaf([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])
    part = view(base)
    loss = np.sum(w * base)
    with contextlib.suppress(errors.InPlaceError, errors.MutationError, ValueError):
        part[..., 0] = 100.0
        loss.backward()
        np.testing.assert_array_equal(w.grad, [4.0, 5.0, 6.0])


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_100_changing_a_constant_whose_view_was_used_is_never_silently_wrong(view):
    w, base = leaf([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])
    loss = np.sum(w * view(base))
    expected = np.ravel(view(base).numpy())
    base.data -= 1.0
    with contextlib.suppress(errors.MutationError):
        loss.backward()
        np.testing.assert_array_equal(w.grad, expected)


def test_mutation_inside_a_view_of_a_leaf_is_found_through_its_history():
    w = leaf([1.0, 2.0, 3.0], name="w")
    loss = np.sum(np.exp(w.reshape(3)[:2]))
    w.data -= 1.0
    with pytest.raises(errors.MutationError, match="'w'"):
        loss.backward()
