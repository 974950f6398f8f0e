"""Assignments to `requires_grad`, and augmented assignments to Tensors."""

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors

# ---------------------------------------------------------------- requires_grad


def test_requires_grad_of_a_result_cannot_be_switched():
    y = leaf(2.0) * 3
    for flag in (False, True):
        with pytest.raises(errors.GraphError, match=r"t\.detach\(\)"):
            y.requires_grad = flag
    assert y.requires_grad


def test_requires_grad_of_a_leaf_can():
    w = leaf([1.0, 2.0])
    w.requires_grad = False
    assert not (w * 2).requires_grad
    w.requires_grad = True
    (w * w).sum().backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])
    y = Tensor(2.0) * 3  # untracked, so nobody's result
    y.requires_grad = True
    assert y.requires_grad


def test_integers_cannot_be_asked_for_gradients_later_either():
    count = Tensor([1, 2])
    with pytest.raises(errors.NotDifferentiableError, match="float"):
        count.requires_grad = True
    assert not count.requires_grad


# ---------------------------------------------------------------- augmented assignment

AUGMENTED = {
    "+": lambda t, x: t.__iadd__(x),
    "-": lambda t, x: t.__isub__(x),
    "*": lambda t, x: t.__imul__(x),
    "/": lambda t, x: t.__itruediv__(x),
    "**": lambda t, x: t.__ipow__(x),
    "@": lambda t, x: t.__imatmul__(x),
}


@pytest.mark.parametrize("symbol", AUGMENTED)
def test_an_array_in_a_graph_is_not_written_into(symbol):
    assign = AUGMENTED[symbol]
    x = np.eye(2) + 1
    with pytest.raises(errors.InPlaceError) as caught:
        assign(leaf(x) * 1, x)
    assert f"t = t {symbol} x" in str(caught.value)
    assert "mg.index_update" in str(caught.value)
    with pytest.raises(errors.InPlaceError):
        assign(Tensor(x), leaf(x))  # the constant would have to become a result
    with pytest.raises(errors.InPlaceError):
        mg.jacobian(lambda x: assign(x * 1, x))(x)
    with pytest.raises(errors.InPlaceError):
        mg.vmap(lambda x: assign(x, x))(np.stack([x, x]))
    with pytest.raises((errors.InPlaceError, errors.TracingError)):
        mg.compile(lambda t: assign(t * 1, x))(leaf(x))


def test_aliases_and_views_do_not_go_apart_silently():
    def through_a_view(x):
        y = x[:2]
        y *= -1
        return np.sum(x * x * x)

    def through_an_alias(x):
        h = x * 2
        k = h
        k += 10
        return np.sum(h)

    for f in (through_a_view, through_an_alias):
        with pytest.raises(errors.InPlaceError):
            mg.grad(f)(np.array([1.0, 2.0, 3.0]))


def test_single_numbers_are_replaced_as_numpys_are():
    w = leaf(2.0)
    total = before = Tensor(0.0)
    for x in (1.0, 2.0, 3.0):
        total += w * x
    total *= 2
    total.backward()
    assert (total.item(), before.item(), w.grad.item()) == (24.0, 0.0, 12.0)

    def f(x):
        total = x * 1
        total -= 3 * x
        total **= 2
        return total

    assert np.asarray(mg.grad(f)(3.0)) == 24.0
    np.testing.assert_allclose(mg.vmap(f)(np.array([1.0, 2.0])), [4.0, 16.0])


def test_constants_are_written_into_as_numpys_are():
    total = alias = Tensor([1.0, 2.0])
    total += np.ones(2)
    with mg.no_grad():
        total += leaf([10.0, 20.0])  # nothing is recorded, so the values are what there is
    assert alias is total
    assert alias.tolist() == [12.0, 23.0]
