"""`backward`: what it adds up, where it may start, and whose memory gradients are."""

import copy
import math

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core.op import OPS

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
