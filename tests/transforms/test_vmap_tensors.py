"""`vmap`: Tensors that a function makes of one example."""

from typing import Any

import numpy as np
import pytest
from examples_in_batches import SIZE, assert_same, rng

import micrograd_np as mg
from micrograd_np import Tensor

MADE = {
    "Tensor": mg.Tensor,
    "named": lambda x: mg.Tensor(x, name="x"),
    "tensor": mg.tensor,
    "stop_gradient": mg.stop_gradient,
    "stop_gradient of a Tensor": lambda x: mg.stop_gradient(mg.Tensor(x)),
    "detach": lambda x: x.detach(),
    "tensor of a list": lambda x: mg.tensor([x, x])[0],
    "tensor of a nested list": lambda x: mg.tensor([[x[0], 1.0], [x[1], 1.0]])[:, 0],
}
WEIGHT = np.array([2.0, 3.0])
EXAMPLES = rng.standard_normal((SIZE, 2))

made = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


@made
def test_a_tensor_made_of_an_example(make: Any) -> None:
    assert_same(mg.vmap(make)(EXAMPLES), EXAMPLES)
    w = Tensor(WEIGHT, requires_grad=True)
    out = mg.vmap(lambda x: np.sin(make(x)) * w + np.where(make(x) > 0, w, make(x)))(EXAMPLES)
    assert_same(out, np.sin(EXAMPLES) * WEIGHT + np.where(EXAMPLES > 0, WEIGHT, EXAMPLES))
    np.sum(out).backward()
    assert_same(w.grad, np.sum(np.sin(EXAMPLES) + (EXAMPLES > 0), axis=0))


@made
def test_it_meets_derivatives_taken_inside_and_around(make: Any) -> None:
    def slopes(w: Any) -> Any:
        return mg.vmap(lambda x: mg.grad(lambda v: np.sum(make(x) * v**2 * w))(WEIGHT))(EXAMPLES)

    assert_same(slopes(WEIGHT), 2 * EXAMPLES * WEIGHT**2)
    expected = 2 * WEIGHT * EXAMPLES.sum(0)
    assert_same(mg.grad(lambda w: np.sum(slopes(w)))(WEIGHT), expected)


@pytest.mark.parametrize("read", [lambda t, i: t[i], lambda t, i: np.take(t, i, axis=0)])
def test_a_tensor_made_of_an_example_as_an_index(read: Any) -> None:
    table = Tensor(np.array([2.0, 3.0, 5.0]), requires_grad=True)
    out = mg.vmap(lambda i: read(table, mg.Tensor(i)))(np.array([2, 0, 2]))
    assert_same(out, np.array([5.0, 2.0, 5.0]))
    np.sum(out).backward()
    assert_same(table.grad, np.array([1.0, 0.0, 2.0]))


def test_a_tensor_made_of_an_example_casts() -> None:
    out = mg.vmap(lambda x: mg.Tensor(x, dtype=np.float32))(EXAMPLES)
    assert_same(out, EXAMPLES.astype(np.float32))
    out = mg.vmap(lambda x: mg.tensor([x, x], dtype=np.float32))(EXAMPLES)
    assert_same(out, np.stack([EXAMPLES, EXAMPLES], axis=1).astype(np.float32))


STOPPED = {
    "around": lambda x: mg.vmap(lambda x: mg.stop_gradient(x) * x)(x).sum(),
    "around two": lambda x: mg.vmap(mg.vmap(lambda x: mg.stop_gradient(x) * x))(x).sum(),
    "by detach": lambda x: mg.vmap(lambda x: x.detach() * x)(x).sum(),
    "inside": lambda x: mg.vmap(mg.grad(lambda x: np.sum(mg.stop_gradient(x) * x**2) / 2))(x).sum(),
}


@pytest.mark.parametrize("f", STOPPED.values(), ids=STOPPED)
def test_stop_gradient_stops_all_derivatives(f: Any) -> None:
    """Those that are taken around the batch too: the slope is `x`, not `2 * x`."""
    assert_same(mg.grad(f)(EXAMPLES), EXAMPLES)


def test_a_derivative_inside_hands_on_what_is_recorded_around() -> None:
    """The value and the extra results of an inner derivative are constants to it alone."""

    def total(x: Any) -> Any:
        inner = mg.value_and_grad(lambda x: (np.sum(x**2), x**3), has_aux=True)
        (value, aux), gradient = mg.vmap(inner)(x)
        return np.sum(value) + np.sum(aux) + np.sum(gradient)

    assert_same(mg.grad(total)(EXAMPLES), 2 * EXAMPLES + 3 * EXAMPLES**2 + 2)


def test_a_name_given_inside_a_derivative_inside() -> None:
    def named(x: Any) -> Any:
        out = np.sum(x**2)
        out.name = "loss"
        return out

    assert_same(mg.vmap(mg.value_and_grad(named))(EXAMPLES)[0], np.sum(EXAMPLES**2, axis=1))


def test_a_leaf_of_ones_own_inside_does_not_come_out() -> None:
    with pytest.raises(ValueError, match="still being taken"):
        mg.vmap(lambda x: mg.Tensor(x, requires_grad=True) * 2)(EXAMPLES)
