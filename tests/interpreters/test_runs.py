"""How often a user's function runs: never to find again what was computed.

Once a recorded call; once an example where an op has no batch rule; once more for each replay of a
checkpoint. An op was once computed a second time where a Tensor from outside met a batch.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core.op import OPS

X = np.array([0.5, -1.0, 2.0])
ROWS = np.array([[0.5, -1.0], [2.0, 0.25], [1.5, 3.0]])


class Counted:
    """A function, and how often it has run."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.runs = 0

    def __call__(self, *args: Any) -> Any:
        self.runs += 1
        return self.function(*args)


def smooth(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


@pytest.fixture
def forward() -> Counted:
    return Counted(lambda x, y: np.sin(x) * y)


@pytest.fixture
def op(forward: Counted) -> Iterator[Callable[..., Any]]:
    """An op of a user's, which has no batch rule."""

    def vjp(g: Any, out: Any, x: Any, y: Any) -> Any:
        return g * np.cos(x) * y, g * np.sin(x)

    made = mg.primitive(lambda x, y: forward(x, y), vjp=vjp, name="made")  # noqa: PLW0108 - its parameters are read
    yield made
    del OPS[made]


TRANSFORMED: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: mg.grad(f)(X),
    "value_and_grad": lambda f: mg.value_and_grad(f)(X),
    "second derivative": lambda f: mg.grad(lambda x: np.sum(mg.grad(f)(x)))(X),
    "jvp": lambda f: mg.jvp(f, [X], [X]),
    "vjp, pulled back twice": lambda f: [mg.vjp(f, X)[1](1.0) for _ in range(1)],
    "linearize, used twice": lambda f: [mg.linearize(f, X)[1](t) for t in (X,)],
    "jacobian": lambda f: mg.jacobian(f)(X),
    "hessian": lambda f: mg.hessian(f)(X),
    "hvp": lambda f: mg.hvp(f, X, X),
    "vmap": lambda f: mg.vmap(f)(ROWS),
    "vmap(grad)": lambda f: mg.vmap(mg.grad(f))(ROWS),
    "grad(vmap)": lambda f: mg.grad(lambda rows: np.sum(mg.vmap(f)(rows)))(ROWS),
    "vmap(vmap(grad))": lambda f: mg.vmap(mg.vmap(mg.grad(f)))(ROWS[..., np.newaxis]),
    "vmap(hessian)": lambda f: mg.vmap(mg.hessian(f))(ROWS),
}


@pytest.mark.parametrize("name", TRANSFORMED)
def test_a_transform_runs_its_function_once(name: str) -> None:
    f = Counted(smooth)
    TRANSFORMED[name](f)
    assert f.runs == 1


def test_a_derivative_in_a_batch_with_a_tensor_from_around_it_runs_once() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    f = Counted(lambda x: np.sum(np.tanh(x * w) @ w))
    np.sum(mg.vmap(mg.grad(f))(ROWS)).backward()
    assert f.runs == 1
    assert w.grad.shape == (2,)


def test_an_op_runs_once_a_recorded_call(op: Any, forward: Counted) -> None:
    x, y = Tensor(X, requires_grad=True), Tensor(X + 1, requires_grad=True)
    out = np.sum(op(x, y))
    out.backward()
    out.backward()
    assert forward.runs == 1


def test_an_op_without_a_batch_rule_runs_once_an_example(op: Any, forward: Counted) -> None:
    mg.vmap(op)(ROWS, ROWS)
    assert forward.runs == len(ROWS)


def test_a_tensor_from_around_a_batch_makes_no_op_run_again(op: Any, forward: Counted) -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    slopes = mg.vmap(mg.grad(lambda x: np.sum(op(x, w))))(ROWS)
    assert forward.runs == len(ROWS)
    np.sum(slopes).backward()
    assert forward.runs == len(ROWS)
    np.testing.assert_allclose(w.grad, np.sum(np.cos(ROWS), axis=0))


def test_a_rule_is_called_once_for_all_inputs_of_a_visit() -> None:
    rule = Counted(lambda g, out, x, y: (g * y, g * x))
    product = mg.primitive(lambda x, y: x * y, vjp=rule, name="product")
    x, y = Tensor(X, requires_grad=True), Tensor(X, requires_grad=True)
    np.sum(product(x, y)).backward()
    assert rule.runs == 1
    del OPS[product]


def test_a_checkpoint_runs_once_more_for_each_replay() -> None:
    f = Counted(smooth)
    x = Tensor(X, requires_grad=True)
    out = mg.checkpoint(f)(x)
    assert f.runs == 1
    out.backward()
    assert f.runs == 2
    out.backward()
    assert f.runs == 3


def test_a_checkpoint_in_a_batch_runs_once_more_for_each_replay() -> None:
    f = Counted(smooth)
    mg.vmap(mg.grad(mg.checkpoint(f)))(ROWS)
    assert f.runs == 2


def test_a_traced_function_runs_once_a_program() -> None:
    f = Counted(smooth)
    compiled = mg.compile(mg.grad(f))
    for _ in range(3):
        compiled(X)
    assert f.runs == 1


def test_no_rule_is_called_where_nobody_wants_a_cotangent() -> None:
    rule = Counted(lambda g, out, x: g)
    same = mg.primitive(lambda x: x * 1.0, vjp=rule, name="same")
    w = Tensor(X, requires_grad=True)
    _, pullback = mg.vjp(lambda x: (same(w), x * 2), X)
    pulled = pullback((np.ones(3), np.ones(3)))
    assert rule.runs == 0
    np.testing.assert_array_equal(pulled[0], np.full(3, 2.0))
    frozen = Tensor(X, requires_grad=True)
    out = same(frozen) * w
    frozen.requires_grad = False
    np.sum(out).backward()
    assert rule.runs == 0
    del OPS[same]


def test_a_compiled_call_with_nothing_to_differentiate_is_not_run_again() -> None:
    f = Counted(lambda x, w: np.sum(x * w))
    compiled = mg.compile(f)
    w = Tensor(X, requires_grad=True)
    _, pullback = mg.vjp(lambda x: (compiled(X, w), np.sum(x)), X)
    runs = f.runs
    pullback((1.0, 1.0))
    assert f.runs == runs
