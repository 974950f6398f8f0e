"""What the engine promises: `backward`, mutation, recording modes, threads, memory, depth.

Numbers such as `#92` are the cases of the project's table of pitfalls, which name the library that
gets each one wrong.
"""

import asyncio
import contextlib
import contextvars
import copy
import gc
import math
import pickle
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core import graph
from micrograd_np.core.forms import elementwise
from micrograd_np.core.op import OPS


def leaf(data, **options):
    return Tensor(data, requires_grad=True, **options)


def recording():
    """Whether an op applied to a parameter here and now is recorded."""
    return (leaf(1.0) * 2.0).requires_grad


def live_tensors():
    return sum(type(x) is Tensor for x in gc.get_objects())


@pytest.fixture
def without_collector():
    """No collector; what is there already is out of its sight, which makes looking cheap."""
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


# ---------------------------------------------------------------- backward accumulates


def test_88_backward_twice_adds_exactly_twice():
    x = leaf(2.0)
    y = x * x * x * x
    y.backward()
    assert x.grad == 32.0
    y.backward()
    assert x.grad == 64.0


def test_89_second_backward_where_nothing_was_saved_follows_the_same_rule():
    x = leaf(2.0)
    y = x + x
    y.backward()
    y.backward()
    assert x.grad == 4.0


def test_90_two_losses_on_one_leaf_add():
    x = leaf([1.0, 2.0])
    np.sum(x * x).backward()
    np.sum(3 * x).backward()
    np.testing.assert_array_equal(x.grad, [5.0, 7.0])


def test_two_losses_sharing_a_subgraph_add():
    x = leaf(0.5)
    shared = np.exp(x)
    (shared * 2.0).backward()
    (shared * shared).backward()
    assert x.grad == pytest.approx(2 * math.exp(0.5) + 2 * math.exp(1.0), rel=1e-15)


def test_reused_node_is_walked_once_and_after_all_its_users():
    a = leaf(3.0)
    b = a + a
    c = b + b
    (c * b).backward()  # 4a * 2a
    assert a.grad == 16 * 3.0


def test_zeroing_the_gradient_starts_again():
    x = leaf(2.0)
    y = x * x
    y.backward()
    x.grad = None
    y.backward()
    assert x.grad == 4.0


def test_gradients_are_kept_on_leaves_only():
    x = leaf([1.0, 2.0])
    constant = Tensor([3.0, 4.0])
    middle = x * constant
    loss = np.sum(middle)
    loss.backward()
    assert middle.grad is None
    assert loss.grad is None
    assert constant.grad is None
    assert type(x.grad) is np.ndarray


def test_backward_leaves_the_graph_as_it_was():
    x = leaf(2.0, name="x")
    middle = x * x
    loss = np.exp(middle)
    before = loss.op, loss.inputs, middle.op, middle.inputs, loss.numpy()
    loss.backward()
    assert (loss.op, loss.inputs, middle.op, middle.inputs, loss.numpy()) == before
    x.grad = None
    (middle * 3.0).backward()  # a new expression over the old graph
    assert x.grad == 12.0


def test_110_inputs_keep_their_order_and_their_repeats():
    x, y = leaf(2.0), leaf(3.0)
    square, difference = x * x, y - x
    assert len(square.inputs) == 2
    assert square.inputs[0] is square.inputs[1] is x
    assert difference.inputs[0] is y
    assert difference.inputs[1] is x
    difference.backward()
    assert (x.grad, y.grad) == (-1.0, 1.0)


def test_the_same_node_is_made_by_positional_and_keyword_options():
    x = leaf(np.ones((2, 3)))
    positional, keyword = np.sum(x, 0), np.sum(x, axis=0)
    assert positional.op is keyword.op is OPS[np.sum]
    assert positional.options == keyword.options == {"axis": 0}
    assert positional.inputs == keyword.inputs


def test_an_expression_of_constants_records_nothing():
    out = np.exp(Tensor([1.0, 2.0])) * Tensor(3.0)
    assert (out.op, out.inputs, out.requires_grad) == (None, (), False)


def test_a_leaf_whose_gradient_is_no_longer_wanted_is_a_constant():
    w, frozen = leaf(2.0), leaf(3.0)
    frozen.requires_grad = False
    (w * frozen).backward()
    assert (w.grad, frozen.grad) == (3.0, None)


# ---------------------------------------------------------------- where backward may start


def test_91_non_scalar_backward_raises_and_says_what_to_do():
    out = leaf([1.0, 2.0]) * 2.0
    with pytest.raises(errors.GraphError, match=r"\(2,\)") as caught:
        out.backward()
    assert "np.sum" in str(caught.value)
    assert "backward(gradient)" in str(caught.value)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_number_of_any_rank_needs_no_cotangent(shape):
    x = leaf(np.full(shape, 3.0))
    (x * x).backward()
    np.testing.assert_array_equal(x.grad, np.full(shape, 6.0))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 2)])
def test_91_cotangent_of_another_shape_raises(shape):
    out = leaf([1.0, 2.0]) * 2.0
    with pytest.raises(errors.ShapeError, match="shape"):
        out.backward(np.ones(shape))


@pytest.mark.parametrize("wrap", [list, np.array, Tensor])
def test_a_cotangent_weighs_the_outputs(wrap):
    x = leaf([1.0, 2.0])
    (x * x).backward(wrap([10.0, 100.0]))
    np.testing.assert_array_equal(x.grad, [20.0, 400.0])


def test_a_cotangent_takes_the_dtype_of_its_output():
    x = leaf([1.0, 2.0], dtype=np.float32)
    (x * x).backward(np.array([1, 2]))
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2.0, 8.0])


def test_a_cotangent_of_a_leaf_itself_takes_its_dtype():
    x = leaf([1.0, 2.0], dtype=np.float32)
    x.backward(np.array([1.0, 2.0]))
    assert x.grad.dtype == np.float32


def test_backward_of_a_leaf_itself():
    x = leaf(2.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_95_backward_of_a_constant_raises():
    for constant in (Tensor(2.0), Tensor(2.0) * 3.0, mg.stop_gradient(leaf(2.0))):
        with pytest.raises(errors.GraphError, match="requires_grad=True"):
            constant.backward()


def test_backward_of_what_was_computed_under_no_grad_raises():
    w = leaf(2.0)
    with mg.no_grad():
        out = w * w
    with pytest.raises(errors.GraphError, match="no_grad"):
        out.backward()
    assert w.grad is None


def test_94_leaf_the_loss_does_not_use_keeps_none():
    used, unused = leaf(2.0), leaf(3.0)
    (used * 2.0).backward()
    assert unused.grad is None


def test_94_leaf_behind_a_flat_op_gets_zeros():
    x = leaf([1.0, -2.0])
    np.sum(np.sign(x)).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0])


def test_failed_backward_changes_no_gradient():
    x, y = leaf([1.0, 2.0]), leaf(3.0)
    out = x * y
    y.data = 4.0
    for gradient in (None, np.ones(3)):
        with pytest.raises((RuntimeError, ValueError)):
            out.backward(gradient)
    with pytest.raises(errors.MutationError):
        out.backward(np.ones(2))
    assert x.grad is None
    assert y.grad is None


def test_backward_works_under_no_grad():
    w = leaf(3.0)
    loss = w * w
    with mg.no_grad():
        loss.backward()
    assert w.grad == 6.0


# ---------------------------------------------------------------- gradients own their memory


def test_92_cotangent_is_copied():
    for f in (lambda x: x, lambda x: x + 0.0, lambda x: +x, lambda x: x.reshape(3)):
        x, cotangent = leaf([1.0, 2.0, 3.0]), np.ones(3)
        f(x).backward(cotangent)
        cotangent[:] = 99.0
        np.testing.assert_array_equal(x.grad, [1.0, 1.0, 1.0])


def test_92_tensor_given_as_cotangent_is_copied():
    x, cotangent = leaf([1.0, 2.0]), Tensor([1.0, 1.0])
    x.backward(cotangent)
    cotangent[0] = 99.0
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


SHARING = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "+a + +b": lambda a, b: +a + +b,
    "a (the leaf itself)": lambda a, b: a,
    "a + 0": lambda a, b: a + 0.0,
    "1 * a": lambda a, b: 1.0 * a + 1.0 * b,
    "reshape": lambda a, b: a.reshape(9) + b.reshape(9),
    "ravel": lambda a, b: np.ravel(a) + np.ravel(b),
    "transpose": lambda a, b: a.T + b.T,
    "swapaxes": lambda a, b: np.swapaxes(a, 0, 1) + b,
    "broadcast_to": lambda a, b: np.broadcast_to(a, (2, 3, 3)) + b,
    "expand_dims": lambda a, b: np.expand_dims(a, 0) + b,
    "squeeze": lambda a, b: np.squeeze(a[None]) + b,
    "sum": lambda a, b: np.sum(a) + np.sum(b),
    "sum over an axis": lambda a, b: np.sum(a, axis=0) + np.sum(b, axis=0),
    "mean": lambda a, b: np.mean(a, axis=1) + np.mean(b, axis=1),
    "index": lambda a, b: a[:] + b[...],
    "flip": lambda a, b: np.flip(a) + b[::-1],
    "concatenate": lambda a, b: np.concatenate([a, b]),
    "stack": lambda a, b: np.stack([a, b]),
    "split": lambda a, b: sum(np.split(np.concatenate([a, b]), 2)),
    "where": lambda a, b: np.where(np.ones((3, 3), bool), a, b),
    "astype": lambda a, b: a.astype(float) + b,
    "copy": lambda a, b: np.copy(a) + b,
    "maximum": np.maximum,
    "matmul with ones": lambda a, b: a @ np.eye(3) + b,
    "stacked tensors": lambda a, b: mg.tensor([a, b]),
}


@pytest.mark.parametrize("f", SHARING.values(), ids=SHARING)
def test_93_gradients_share_no_memory_and_are_writeable(f):
    a, b = leaf(np.arange(9.0).reshape(3, 3)), leaf(np.ones((3, 3)))
    out = f(a, b)
    cotangent = np.ones(out.shape)
    out.backward(cotangent)
    others = [cotangent, a.data, b.data, out.data]
    grads = [x.grad for x in (a, b) if x.grad is not None]
    assert grads
    for grad in grads:
        assert type(grad) is np.ndarray
        assert grad.shape == (3, 3)
        assert grad.flags.writeable
        assert not any(np.shares_memory(grad, other) for other in others)
        others.append(grad)


def test_93_accumulated_gradients_share_no_memory():
    a, b = leaf(np.ones(3)), leaf(np.ones(3))
    out = a + b
    for _ in range(2):
        out.backward(np.ones(3))
    assert not np.shares_memory(a.grad, b.grad)
    a.grad -= 5.0
    np.testing.assert_array_equal(b.grad, [2.0, 2.0, 2.0])


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


def test_101_optimiser_step_between_forward_and_backward():
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


# ---------------------------------------------------------------- anomaly detection


def test_98_anomaly_detection_finds_a_changed_constant_through_any_alias():
    w, array = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    with mg.detect_anomaly():
        loss = np.sum(w * array[:])
        array[0] = 99.0
        with pytest.raises(errors.MutationError, match="multiply") as caught:
            loss.backward()
    assert __file__ in str(caught.value)
    assert w.grad is None


def test_99_anomaly_detection_finds_a_write_into_data():
    w = leaf([1.0, 2.0])
    with mg.detect_anomaly():
        loss = np.sum(np.exp(w) * w)
        w.data[0] = 99.0
        with pytest.raises(errors.MutationError):
            loss.backward()


def test_anomaly_detection_names_the_first_op_that_is_not_finite():
    w = leaf([1.0, -1.0])
    with mg.detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(errors.NonFiniteError, match="`log`") as caught:
            np.sum(np.log(w * 1.0) * 2.0)
        assert __file__ in str(caught.value)


def test_anomaly_detection_names_the_op_whose_derivative_is_not_finite():
    w = leaf([1.0, 0.0])
    with mg.detect_anomaly():
        loss = np.sum(np.sqrt(w) * 2.0)
        with pytest.raises(errors.NonFiniteError, match="`sqrt`") as caught:
            loss.backward()
    assert __file__ in str(caught.value)
    assert w.grad is None


def test_anomaly_detection_changes_no_result_and_ends_with_its_block():
    w = leaf([1.0, 0.0])
    with mg.detect_anomaly():
        np.sum(w * w).backward()
        assert mg.grad(lambda x: x**3)(2.0).item() == 12.0
    np.testing.assert_array_equal(w.grad, [2.0, 0.0])
    np.sum(np.sqrt(w)).backward()
    assert w.grad[1] == np.inf


def test_anomaly_detection_survives_the_other_modes():
    w = leaf(-1.0)
    with mg.detect_anomaly(), np.errstate(all="ignore"):
        with mg.no_grad():
            assert np.isnan(np.log(w).data)
        with mg.enable_grad(), pytest.raises(errors.NonFiniteError):
            np.log(w)
        with pytest.raises(errors.NonFiniteError):
            np.log(w)


# ---------------------------------------------------------------- modes


def test_no_grad_records_nothing_and_restores():
    assert recording()
    with mg.no_grad():
        assert not recording()
    assert recording()


def test_102_nested_modes_restore_also_after_exceptions():
    with mg.no_grad():
        with pytest.raises(ZeroDivisionError), mg.enable_grad():
            assert recording()
            with mg.no_grad():
                assert not recording()
                raise ZeroDivisionError
        assert not recording()
    assert recording()


def test_102_one_mode_object_may_be_entered_again():
    mode = mg.no_grad()

    def nested():
        with mode:
            with mode:
                assert not recording()
            assert not recording()
        assert recording()

    contextvars.copy_context().run(nested)  # a mode left behind would spoil the tests after this


def test_a_leaf_made_under_no_grad_still_wants_its_gradient():
    with mg.no_grad():
        w = leaf(2.0)
    (w * w).backward()
    assert w.grad == 4.0


def test_no_grad_as_decorator_keeps_name_arguments_and_exceptions():
    @mg.no_grad()
    def evaluate(x, *, fail=False):
        """What it says."""
        if fail:
            raise KeyError(x)
        return x, recording()

    assert evaluate.__name__ == "evaluate"
    assert evaluate.__doc__ == "What it says."
    assert evaluate(3) == (3, False)
    with pytest.raises(KeyError):
        evaluate(3, fail=True)
    assert recording()


def test_a_decorated_function_may_call_itself():
    @mg.no_grad()
    def countdown(n):
        return [recording(), *(countdown(n - 1) if n else [])]

    assert countdown(3) == [False] * 4
    assert recording()


def test_103_decorated_generator_keeps_its_mode_to_itself():
    @mg.no_grad()
    def steps():
        for i in range(3):
            sent = yield i, recording()
            assert sent is None

    running = steps()
    seen = []
    while True:
        value = next(running, "exhausted")
        assert recording()
        if value == "exhausted":
            break
        seen.append(value)
    assert seen == [(0, False), (1, False), (2, False)]
    assert recording()


def test_103_decorated_generator_passes_on_its_return_value_and_what_is_sent():
    @mg.no_grad()
    def echo():
        received = yield "ready"
        while received != "stop":
            received = yield received, recording()
        return "returned", recording()

    def outer():
        return (yield from echo())

    running = outer()
    assert next(running) == "ready"
    assert running.send("a") == ("a", False)
    assert running.send("b") == ("b", False)
    with pytest.raises(StopIteration) as stopped:
        running.send("stop")
    assert stopped.value.value == ("returned", False)


def test_103_decorated_generator_handles_what_is_thrown_into_it():
    @mg.no_grad()
    def resilient():
        try:
            yield "first"
        except KeyError:
            yield "recovered", recording()

    running = resilient()
    next(running)
    assert running.throw(KeyError("k")) == ("recovered", False)
    assert recording()
    with pytest.raises(LookupError):
        running.throw(LookupError("not handled"))
    assert recording()


def test_103_closing_a_decorated_generator_runs_its_cleanup_in_its_mode():
    cleaned = []

    @mg.no_grad()
    def guarded():
        try:
            yield 1
        finally:
            cleaned.append(recording())

    running = guarded()
    next(running)
    running.close()
    assert cleaned == [False]
    assert recording()
    running = guarded()
    next(running)
    del running
    assert cleaned == [False, False]
    guarded().close()  # never started


def test_103_an_exception_of_a_decorated_generator_reaches_the_consumer():
    @mg.no_grad()
    def failing():
        yield 1
        raise ZeroDivisionError

    running = failing()
    next(running)
    with pytest.raises(ZeroDivisionError):
        next(running)
    assert recording()
    with pytest.raises(StopIteration):
        next(running)


def test_103_interleaved_generators_keep_their_own_modes():
    def body():
        while True:
            yield recording()

    silent, loud = mg.no_grad()(body)(), mg.enable_grad()(body)()
    assert [(next(silent), next(loud), recording()) for _ in range(3)] == [(False, True, True)] * 3
    with mg.no_grad():
        assert (next(silent), next(loud), recording()) == (False, True, False)


def test_no_grad_as_decorator_on_a_coroutine():
    @mg.no_grad()
    async def evaluate():
        before = recording()
        await asyncio.sleep(0)
        return before, recording()

    async def main():
        found = await evaluate()
        return found, recording()

    assert asyncio.run(main()) == ((False, False), True)
    assert recording()


def test_no_grad_as_decorator_on_an_asynchronous_generator():
    @mg.no_grad()
    async def steps():
        for _ in range(2):
            yield recording()
            await asyncio.sleep(0)

    async def main():
        return [(inside, recording()) async for inside in steps()]

    assert asyncio.run(main()) == [(False, True), (False, True)]


def test_asynchronous_tasks_have_modes_of_their_own():
    async def silent(started, checked):
        with mg.no_grad():
            started.set()
            await checked.wait()
            return recording()

    async def main():
        started, checked = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(silent(started, checked))
        await started.wait()
        here = recording()
        checked.set()
        return here, await task, recording()

    assert asyncio.run(main()) == (True, False, True)


# ---------------------------------------------------------------- threads


def test_104_no_grad_is_not_seen_by_other_threads():
    with mg.no_grad(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(recording).result()
        assert not recording()


def test_104_no_grad_of_another_thread_is_not_seen_here():
    inside, leave = threading.Event(), threading.Event()

    def silent():
        with mg.no_grad():
            inside.set()
            assert leave.wait(10)
            return recording()

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(silent)
        assert inside.wait(10)
        assert recording()
        leave.set()
        assert not found.result()


def test_105_concurrent_backward_on_shared_leaves_loses_nothing():
    w, b = leaf(np.ones(3)), leaf(1.0)
    threads, rounds = 8, 200
    together = threading.Barrier(threads)

    def work(factor):
        together.wait(10)
        for _ in range(rounds):
            np.sum(w * factor + b).backward()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    np.testing.assert_array_equal(w.grad, np.full(3, rounds * sum(range(threads))))
    assert b.grad == rounds * threads * 3


def test_105_concurrent_backward_over_one_graph():
    x = leaf(2.0)
    y = x * x * x * x

    def work(_):
        for _ in range(100):
            y.backward()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert x.grad == 400 * 32.0


def test_105_nothing_is_lost_when_threads_meet_at_a_leaf(monkeypatch):
    """Each addition is made to last, so that without the lock the threads would overlap in it."""
    tensor_module = sys.modules[Tensor.__module__]
    accumulated = tensor_module.accumulated

    def slowly(*args):
        found = accumulated(*args)
        time.sleep(0.01)
        return found

    monkeypatch.setattr(tensor_module, "accumulated", slowly)
    x = leaf(2.0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: (3.0 * x).backward(), range(8)))
    assert x.grad == 24.0


def test_a_number_of_pythons_that_is_zero_divides_as_numpys_does():
    for zero in (0, 0.0, -0.0):
        with np.errstate(divide="ignore"):
            expected = 1 / np.float64(zero)
            for x in (np.array([1.0, 2.0]), np.float64(3.0)):
                found = mg.grad(lambda x, zero=zero: np.sum(x / zero))(x)
                np.testing.assert_array_equal(np.asarray(found), np.full(np.shape(x), expected))


# ---------------------------------------------------------------- what a call was given is its own


OPTIONS = {
    "repeat by an array": (np.repeat, np.array([1, 2])),
    "repeat by a list": (np.repeat, [1, 2]),
    "sum where an array": (lambda w, m: np.sum(w, where=m), np.array([True, False])),
    "sum where a subclass": (
        lambda w, m: np.sum(w, where=m),
        np.array([True, False]).view(np.recarray),
    ),
    "sum where a list": (lambda w, m: np.sum(w, where=m), [True, False]),
    "pad by a nested list": (lambda w, n: np.pad(w, n) * np.arange(5.0), [[1, 2]]),
    "where by a mask": (lambda w, m: np.where(m, w, 0.0), np.array([True, False])),
    "take by an array": (np.take, np.array([0, 0])),
    "an index": (lambda w, i: w[i], np.array([0, 0])),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_changing_an_option_after_the_call_changes_no_gradient(case):
    function, option = OPTIONS[case]
    option = copy.deepcopy(option)
    expected, found = leaf([3.0, 5.0]), leaf([3.0, 5.0])
    np.sum(function(expected, copy.deepcopy(option)) ** 2).backward()
    loss = np.sum(function(found, option) ** 2)
    if isinstance(option, list) and isinstance(option[0], list):
        option[0][:] = option[0][::-1]
    else:
        option[:] = [not entry if isinstance(entry, bool) else 1 - entry for entry in list(option)]
    loss.backward()
    np.testing.assert_array_equal(found.grad, expected.grad)


# ---------------------------------------------------------------- second derivatives, conventions


def test_a_tracked_option_is_an_error_and_not_cut():
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    for call in (lambda: np.full_like(x, w), lambda: np.pad(x, 1, constant_values=(w, 0.0))):
        with pytest.raises(errors.LeavesGraphError):
            call()


def test_functions_of_our_own_dispatch_on_keywords_too():
    w = leaf(2.0)
    mg.index_update(np.zeros(3), 0, value=w).sum().backward()
    assert w.grad == 1.0
    assert mg.softmax(x=leaf([1.0, 2.0])).op.name == "softmax"


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_subclasses_of_ndarray_are_plain_arrays_here_and_masks_and_matrices_are_refused():
    w = leaf(np.ones((2, 2)))
    records = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.recarray)
    np.sum(w * records).backward()
    np.testing.assert_array_equal(w.grad, [[1.0, 2.0], [3.0, 4.0]])
    assert type((w * records).data) is np.ndarray
    with pytest.raises(TypeError, match="matrix"):
        w * np.asmatrix(records)
    with pytest.raises(TypeError, match="mask"):
        w * np.ma.masked_array(np.ones((2, 2)), mask=np.eye(2))


def test_what_asarray_gives_of_a_constant_cannot_be_written_to():
    constant = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(constant)[0] = 9.0
    np.array(constant)[0] = 9.0
    assert constant.tolist() == [1.0, 2.0]


def test_a_plain_function_cannot_be_declared():
    with pytest.raises(TypeError, match="dispatching"):
        elementwise(lambda x: x, lambda out, x: 1.0)
    with pytest.raises(ValueError, match="1 partials"):
        elementwise(np.gcd, lambda out, x, y: y)


def test_a_shape_error_names_the_op_and_its_operands():
    a, b = leaf(np.ones((2, 3)), name="a"), leaf(np.ones((5, 1)), name="b")
    for call in (lambda: a @ b, lambda: np.concatenate([a, b], axis=1)):
        with pytest.raises(ValueError, match="dimension") as caught:
            call()
        assert "'a' of shape (2, 3)" in caught.value.__notes__[0]


def test_anomaly_detection_may_be_entered_again_inside_itself():
    detection = mg.detect_anomaly()
    with detection:
        with detection:
            pass
        with pytest.raises(errors.NonFiniteError):
            np.sqrt(leaf(0.0)).backward()
    assert recording()
    np.sqrt(leaf(0.0)).backward()  # no longer watched


def test_112_a_rule_in_raw_arrays_is_an_error_not_a_zero():
    @mg.dispatching
    def cube(x):
        return x**3

    elementwise(cube, lambda out, x: 3 * np.asarray(x) ** 2)
    try:
        first = mg.grad(cube)
        assert float(first(2.0)) == 12.0
        with pytest.raises(errors.LeavesGraphError):
            mg.grad(first)(2.0)
    finally:
        del OPS[cube]


def test_113_hessian_of_the_norm_at_zero_is_nan():
    found = mg.hessian(np.linalg.norm)(np.zeros(2))
    assert np.isnan(found).all()


# ---------------------------------------------------------------- pull over any node


def test_pull_gives_gradients_at_interior_nodes():
    x = leaf(3.0)
    square = x * x
    out = np.sin(square) * square
    found = graph.pull({out: np.float64(1.0)}, wrt=[square, x])
    slope = math.cos(9.0) * 9.0 + math.sin(9.0)
    assert found[square] == pytest.approx(slope, rel=1e-14)
    assert found[x] == pytest.approx(slope * 6.0, rel=1e-14)
    assert x.grad is None


def test_pull_changes_nothing_it_is_given():
    x = leaf([1.0, 2.0])
    out = x + 1.0
    cotangents = {out: np.ones(2)}
    found = graph.pull(cotangents)
    assert list(cotangents) == [out]
    np.testing.assert_array_equal(cotangents[out], [1.0, 1.0])
    np.testing.assert_array_equal(found[x], [1.0, 1.0])


def test_history_is_oldest_first_and_holds_each_node_once():
    x = leaf(2.0)
    a = x * x
    b = a + x
    c = a * b + b
    nodes, leaves = graph.history([c, b])
    assert [node.tick for node in nodes] == sorted(node.tick for node in nodes)
    assert len(nodes) == len(set(nodes)) == 4
    assert leaves == [x]


# ---------------------------------------------------------------- memory


def step(w, b):
    hidden = np.tanh(w @ np.ones((3, 2)) + b)
    loss = np.mean((np.concatenate([hidden, hidden * hidden]) - 1.0) ** 2)
    loss = loss + np.sum(np.stack(np.split(w, 3))) + np.max(np.where(w > 0, w, 0.5 * w))
    loss.backward()
    for p in (w, b):
        p.data -= 0.1 * p.grad
        p.grad = None


def quadratic(x):
    return np.sum(np.tanh(x) * x)


def endless():
    while True:
        yield leaf(1.0) * 2.0


MAKERS = {
    "training step": lambda: step(leaf(np.ones((3, 3))), leaf(np.ones(2))),
    "grad": lambda: mg.grad(quadratic)(np.ones(3)),
    "value_and_grad": lambda: mg.value_and_grad(quadratic)(np.ones(3)),
    "grad of grad": lambda: mg.grad(lambda x: np.sum(mg.grad(quadratic)(x)))(np.ones(3)),
    "vjp": lambda: mg.vjp(np.exp, np.ones(3))[1](np.ones(3)),
    "jvp": lambda: mg.jvp(np.exp, [np.ones(3)], [np.ones(3)]),
    "jacobian": lambda: mg.jacobian(np.exp)(np.ones(3)),
    "hessian": lambda: mg.hessian(quadratic)(np.ones(3)),
    "hvp": lambda: mg.hvp(quadratic, [np.ones(3)], [np.ones(3)]),
    "no_grad function": lambda: mg.no_grad()(quadratic)(leaf(np.ones(3))),
    "no_grad generator, closed": lambda: next(mg.no_grad()(endless)()),
    "parts of a split": lambda: np.split(leaf(np.ones(4)), 2)[0],
    "stacked list": lambda: mg.tensor([leaf(1.0), [leaf(1.0)][0]]),
    "iteration": lambda: list(leaf(np.ones(3))),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_no_reference_cycles_and_everything_freed_by_counting_alone(make, without_collector):
    make()  # whatever is cached on first use
    gc.collect()
    before = live_tensors()
    for _ in range(3):
        make()
    assert live_tensors() == before
    assert gc.collect() == 0


def test_graph_lives_exactly_as_long_as_its_output(without_collector):
    before = live_tensors()
    x = leaf(1.0)
    y = x
    for _ in range(10):
        y = y * x
    assert live_tensors() == before + 11
    y.backward()
    assert live_tensors() == before + 11
    del y
    assert live_tensors() == before + 1


def test_memory_of_a_training_loop_does_not_grow(without_collector):
    w, b = leaf(np.ones((3, 3))), leaf(np.ones(2))

    def train(steps):
        for _ in range(steps):
            step(w, b)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        warm = train(100)  # Python and NumPy fill their free lists, and go on filling them a little
        grown = train(200) - warm
    finally:
        tracemalloc.stop()
    assert grown < 200 * 50  # not even the smallest array a step


# ---------------------------------------------------------------- depth


@pytest.mark.parametrize("length", [100_000, pytest.param(1_000_000, marks=pytest.mark.thorough)])
def test_a_long_chain_of_ops_forward_backward_and_freed(length, without_collector):
    before = live_tensors()
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + x
    assert y.data == length + 1
    y.backward()
    assert x.grad == length + 1
    del y
    assert live_tensors() == before + 1


def deep(depth=50_000):
    x = leaf(1.0, name="x")
    y = x
    for _ in range(depth):
        y = y * 1.0
    return x, y


def test_repr_and_copy_of_a_deep_graph():
    _, y = deep()
    assert repr(y) == "Tensor(1., op=multiply)"
    with pytest.warns(UserWarning, match="history"):
        assert copy.deepcopy(y).data == 1.0
    with pytest.warns(UserWarning, match="history"):
        assert pickle.loads(pickle.dumps(y)).data == 1.0  # noqa: S301  # our own bytes


def test_mutation_is_found_at_the_far_end_of_a_deep_graph():
    x, y = deep()
    x.data = 2.0
    with pytest.raises(errors.MutationError, match="'x'"):
        y.backward()


def test_transforms_of_a_deep_function():
    def f(x):
        for _ in range(20_000):
            x = x * 1.0
        return x * x

    assert float(mg.grad(f)(3.0)) == 6.0
    assert float(mg.jvp(f, [3.0], [1.0])[1]) == 6.0
    assert float(mg.hvp(f, [3.0], [1.0])) == 2.0
