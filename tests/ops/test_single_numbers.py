"""Arrays of no axes and of one entry: batches and derivatives of every op of the table on them.

NumPy lets a single number have an axis 0 or -1 in many places. What it takes, `vmap` and the
transforms take.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from differences import flat, jacobian
from op_calls import Call
from optable import DIFFERENTIABLE, Case, Row

import micrograd_np as mg

# What is not to be asked: a table of our own that takes no arrays of such shapes; results whose
# shape or dtype follows the values; and points at which there is nothing but NaN.
EXCEPT = {
    "scatter", "convolve_windows", "convolve_to_input", "convolve_to_weight", "sum_windows",
    "add_windows", "max_windows", "mean_of_maxima", "share_among_maxima", "overlap_add",
    "cofactors", "ellipj", "corrcoef", "apply_over_axes", "trim_zeros", "setdiff1d", "setxor1d",
    "union1d", "intersect1d", "unique", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "polymul", "polydiv", "poly", "polyfit", "_polyfit", "accumulated",
}  # fmt: skip
ROWS = [
    row
    for row in DIFFERENTIABLE
    if row.name not in EXCEPT
    and not getattr(row.function, "__module__", "").startswith("numpy.lib")
]
SHAPES = [(), (1,), (1, 1)]


def calls_of(row: Row) -> Iterator[tuple[Call, list[Call]]]:
    """The op on arrays of these shapes, with the options of its cases and with an axis.

    Yields those that NumPy takes and gives a finite result for, with two examples of each.
    """
    tried = set()
    options = [case.options for case in row.cases]
    options += [row.cases[0].options | {"axis": axis} for axis in (0, -1, None, ())]
    inputs = [case.inputs for case in row.cases] + [row.cases[0].inputs] * 4
    for given, chosen in zip(inputs, options, strict=True):
        for shape in SHAPES:
            case = Case(tuple(shape if type(x) is tuple else x for x in given), chosen)
            if repr(case) in tried:
                continue
            tried.add(repr(case))
            calls = [Call(row, case, seed) for seed in range(2)]
            if calls[0].inputs and all(map(is_taken, calls)):
                yield calls[0], calls


def is_taken(call: Call) -> bool:
    """Whether NumPy gives a finite floating-point result."""
    try:
        out = call.expected(*call.inputs)
        numbers = flat(out)
    except Exception:  # noqa: BLE001 - whatever NumPy raises, it does not take the call
        return False
    if "mean" in call.case.options or call.case.options.get("order") in ("A", "K"):
        return False  # a mean of another shape; an order that a batch refuses
    return numbers.size > 0 and bool(np.isfinite(numbers).all())


def differentiable(call: Call) -> bool:
    """Whether differences measure its slopes: around its point it is finite, and real."""
    out = call.expected(*call.inputs)
    parts = out if isinstance(out, list | tuple) else [out]
    if any(np.asarray(part).dtype.kind == "c" for part in parts):
        return False
    return bool(np.isfinite(np.concatenate(jacobian(call.expected, call.inputs), axis=1)).all())


def leaves(result: Any) -> list[Any]:
    return [np.asarray(x.data if isinstance(x, mg.Tensor) else x) for x in mg.tree.leaves(result)]


def check_batch(calls: list[Call]) -> None:
    f = calls[0].everything
    expected = [
        np.stack(parts) for parts in zip(*(leaves(f(*c.inputs)) for c in calls), strict=True)
    ]
    found = leaves(mg.vmap(f)(*map(np.stack, zip(*(c.inputs for c in calls), strict=True))))
    for part, right in zip(found, expected, strict=True):
        assert (part.shape, part.dtype) == (right.shape, right.dtype)
        np.testing.assert_allclose(part, right, rtol=1e-10, atol=1e-12)


def check_value(call: Call) -> None:
    expected = call.expected(*call.inputs)
    found = leaves(call.everything(*(mg.Tensor(x, requires_grad=True) for x in call.inputs)))
    for part, right in zip(found, leaves(expected), strict=True):
        assert (part.shape, part.dtype) == (right.shape, right.dtype)
        np.testing.assert_allclose(part, right, rtol=1e-12, atol=1e-14)


def check_jacobians(call: Call) -> None:
    places = tuple(range(len(call.inputs)))
    expected = np.concatenate(jacobian(call.expected, call.inputs), axis=1)
    for mode in ("forward", "reverse"):
        blocks = mg.jacobian(lambda *xs: tuple(call(*xs)), places, mode=mode)(*call.inputs)
        rows = [[np.asarray(block).reshape(-1, 1) for block in row] for row in blocks]
        np.testing.assert_allclose(np.block(rows), expected, rtol=1e-6, atol=1e-7)


def check_hessians(call: Call) -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=part.shape) for part in call(*map(mg.Tensor, call.inputs))]

    def loss(*xs: Any) -> Any:
        return sum(np.sum(w * part) for w, part in zip(weights, call(*xs), strict=True))

    def slope(*xs: Any) -> Any:
        return np.asarray(mg.grad(loss)(*xs))

    expected = jacobian(slope, call.inputs)[0].reshape(call.inputs[0].shape * 2)
    together = [np.stack([x, x]) for x in call.inputs]
    for found in (
        mg.hessian(loss)(*call.inputs),
        mg.jacobian(mg.grad(loss), mode="reverse")(*call.inputs),
        mg.vmap(mg.hessian(loss))(*together)[1],
    ):
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_op_on_single_numbers(row: Row) -> None:
    with np.errstate(all="ignore"):
        for call, calls in calls_of(row):
            assert call.row.reference or check_value(call) is None
            check_batch(calls)
            if not differentiable(call):
                continue
            check_jacobians(call)
            if row.order > 1:
                check_hessians(call)


# fmt: off
TAKEN = {
    "sum":         lambda x: np.sum(x, axis=0),
    "prod":        lambda x: np.prod(x, axis=-1),
    "max":         lambda x: np.max(x, axis=0),
    "std":         np.std,
    "cumsum":      lambda x: np.cumsum(x, axis=0),
    "cumprod":     lambda x: np.cumprod(x, axis=-1),
    "ptp":         lambda x: np.ptp(x, axis=0),
    "nanmean":     lambda x: np.nanmean(x, axis=0),
    "logsumexp":   lambda x: mg.logsumexp(x, axis=0),
    "softmax":     mg.softmax,
    "log_softmax": lambda x: mg.log_softmax(x, axis=0),
    "squeeze":     lambda x: np.squeeze(x, axis=0),
    "squeeze, -1": lambda x: np.squeeze(x, axis=-1),
    "repeat":      lambda x: np.repeat(x, 3, axis=0),
    "repeat, -1":  lambda x: np.repeat(x, 2, axis=-1),
    "take":        lambda x: np.take(x, 0, axis=0),
    "take, -1":    lambda x: np.take(x, [0, 0], axis=-1),
}
# fmt: on


@pytest.mark.parametrize("name", TAKEN)
def test_a_single_number_has_an_axis_where_numpy_gives_it_one(name: str) -> None:
    f = TAKEN[name]
    x = np.array([1.5, -0.5, 2.0])
    expected = np.stack([f(np.asarray(entry)) for entry in x])
    np.testing.assert_allclose(np.asarray(mg.vmap(f)(x)), expected, rtol=1e-14)

    def loss(x: Any) -> Any:
        return np.sum(np.sin(f(x)) * x)

    for mode in ("forward", "reverse"):
        slope = np.asarray(mg.jacobian(f, mode=mode)(1.5))
        assert slope.shape == np.shape(f(np.asarray(1.5)))
    report = mg.gradcheck(loss, 1.5, order=2)
    assert report, report
    expected = [np.asarray(mg.hessian(loss)(entry)) for entry in x]
    np.testing.assert_allclose(np.asarray(mg.vmap(mg.hessian(loss))(x)), expected, rtol=1e-10)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (1, 1, 1)])
def test_tensorsolve_of_arrays_of_one_entry(shape: tuple[int, ...]) -> None:
    a = np.full(shape, 2.0)
    for ndim in range(len(shape) + 1):
        b = np.ones(shape[:ndim])
        expected = np.linalg.tensorsolve(a, b)
        found = np.linalg.tensorsolve(mg.Tensor(a, requires_grad=True), b)
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found.data, expected)
        together = mg.vmap(lambda a, b=b: np.linalg.tensorsolve(a, b))(np.stack([a, a]))
        np.testing.assert_array_equal(np.asarray(together), np.stack([expected] * 2))
        hessian = mg.hessian(lambda a, b=b: np.sum(np.linalg.tensorsolve(a, b)))(a)
        np.testing.assert_allclose(np.asarray(hessian), np.full(shape * 2, 0.25))


def test_a_chain_of_two_takes_any_arrays() -> None:
    x = mg.Tensor(3.0, requires_grad=True)
    np.linalg.multi_dot([x, np.arange(2.0)]).sum().backward()
    assert x.grad == 1
