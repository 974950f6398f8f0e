"""Orders that follow memory, `"A"` and `"K"`: as NumPy has them, or refused where none can tell."""

from typing import Any

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.errors import BatchedError, TracingError

C = np.arange(24.0).reshape(2, 3, 4)
LAYOUTS = {"C": C, "F": np.asfortranarray(C), "T": np.arange(24.0).reshape(4, 3, 2).T}
# fmt: off
FUNCTIONS = {
    "np.ravel":        lambda x, order: np.ravel(x, order=order),
    "np.ravel, third": np.ravel,
    "ravel":           lambda x, order: x.ravel(order=order),
    "flatten":         lambda x, order: x.flatten(order),
    "np.reshape":      lambda x, order: np.reshape(x, (4, -1), order=order),
    "reshape":         lambda x, order: x.reshape(-1, order=order),
}
# fmt: on
BOTH = [
    (name, order) for name in FUNCTIONS for order in "AK" if "reshape" not in name or order == "A"
]
each = pytest.mark.parametrize(("name", "order"), BOTH)


@each
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("tracked", [False, True])
def test_a_tensors_order_is_numpys(name: str, order: str, layout: str, tracked: bool) -> None:
    f, x = FUNCTIONS[name], LAYOUTS[layout]
    for letter in (order, order.lower()):
        found = f(mg.Tensor(x, requires_grad=tracked), letter)
        np.testing.assert_array_equal(found.data, f(x, letter))
    moved = f(np.transpose(mg.Tensor(x, requires_grad=tracked)), order)
    np.testing.assert_array_equal(moved.data, f(np.transpose(x), order))


@pytest.mark.parametrize("order", ["A", "a", "K", "F", "f", "C", "c", None])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_gradient_goes_back_the_same_way(order: Any, layout: str) -> None:
    x = LAYOUTS[layout]
    weights = np.arange(24.0)
    expected = np.empty(24)
    expected[np.ravel(x, order=order).astype(int)] = weights  # the entries are their own numbers
    found = mg.grad(lambda x: np.sum(np.ravel(x, order=order) * weights))(x)
    np.testing.assert_array_equal(np.asarray(found), expected[x.astype(int)])


@each
def test_an_example_of_a_batch_has_no_layout(name: str, order: str) -> None:
    for batch in (np.stack([C, C]), np.asfortranarray(np.stack([C, C]))):
        for f in (FUNCTIONS[name], mg.grad(lambda x, order: np.sum(FUNCTIONS[name](x, order)))):
            with pytest.raises(BatchedError, match=r"order='[AK]' follows the layout"):
                mg.vmap(lambda x, f=f: f(x, order))(batch)


@each
def test_what_a_compiled_function_is_given_has_another_layout_every_time(
    name: str, order: str
) -> None:
    f = FUNCTIONS[name]
    for compiled in (
        mg.compile(lambda x: f(x, order)),
        mg.compile(lambda x: f(x * 2, order)),
        mg.compile(mg.grad(lambda x: np.sum(f(x, order)))),
        mg.compile(lambda x: f(mg.Tensor(x), order)),
    ):
        with pytest.raises(TracingError, match=r"order='[AK]' follows the layout"):
            compiled(C)


def test_a_compiled_function_of_numpys_itself() -> None:
    for function in (np.ravel, np.copy):
        for x in LAYOUTS.values():
            compiled = mg.compile(function)
            np.testing.assert_array_equal(compiled(x, order="F"), function(x, order="F"))
    with pytest.raises(TracingError, match="layout"):
        mg.compile(np.ravel)(C, order="A")


@pytest.mark.parametrize("order", ["A", "K"])
def test_one_axis_has_one_order(order: str) -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(mg.vmap(lambda x: np.ravel(x, order=order))(x), x)
    np.testing.assert_array_equal(mg.compile(lambda x: np.ravel(x, order=order))(x[0]), x[0])


@pytest.mark.parametrize("order", ["A", "K", "F"])
def test_the_order_of_a_copy_moves_no_entry(order: str) -> None:
    for x in LAYOUTS.values():
        batch = np.stack([x, x + 1])
        np.testing.assert_array_equal(mg.vmap(lambda x: np.copy(x, order=order))(batch), batch)
        np.testing.assert_array_equal(mg.compile(lambda x: np.copy(x, order=order))(x), x)
