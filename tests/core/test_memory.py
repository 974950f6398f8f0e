"""How long graphs live, and how deep they may be."""

import copy
import gc
import pickle
import tracemalloc

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors


def live_tensors():
    return sum(type(x) is Tensor for x in gc.get_objects())


@pytest.fixture
def without_collector():
    """No collector; what is there already is out of its sight, which makes looking cheap."""
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


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
