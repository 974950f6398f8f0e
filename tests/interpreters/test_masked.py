"""`where(..., masked=True)`: the branch not taken sends no gradient, whatever its slope is there.

The judge is the same function made safe by hand: its dangerous input is replaced, where it is not
wanted, by one that does no harm. Where nothing is dangerous, it is the plain `where`.
"""
# ruff: noqa: E501 - a row of the table stays on one line

from typing import Any

import numpy as np
import pytest
from folding import each
from nesting import nestings
from op_calls import Call, total
from optable import DIFFERENTIABLE, Row
from strict_array import StrictArray

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core.op import OPS
from micrograd_np.interpreters.batch.batched import Batched
from micrograd_np.interpreters.masked import Masked, keep, taken

NAN, INF = np.nan, np.inf
X = np.array([-1.0, 0.0, 0.5, 1.0, 4.0, 9.0])
M = np.array([[-1.0, 2.0, 3.0], [4.0, 0.5, 6.0], [0.0, NAN, 1.0]])
ROWS = np.array([False, True, False])


def masked(condition: Any, x: Any, y: Any) -> Any:
    return mg.where(condition, x, y, masked=True)


def safe(condition: Any, f: Any, x: Any, other: Any = 0.0, *, instead: float = 1.0) -> Any:
    """`f(x)` where the condition holds, computed of nothing but what it is wanted at."""
    return np.where(condition, f(np.where(condition, x, instead)), other)


@pytest.fixture(autouse=True)
def _forward_values_are_numpys_to_report() -> Any:
    with np.errstate(all="ignore"):
        yield


# ---------------------------------------------------------------- against the function made safe

UP = np.array([5, 4, 3, 2, 1, 0, 5])


def root_log(x: Any) -> Any:
    return np.sqrt(x) * np.log(x)


def either(x: Any) -> Any:
    """Two dangerous branches and one that is not."""
    return masked(x > 1, np.log(x - 1), masked(x < 0, np.sqrt(-x), 0.0))


def either_safe(x: Any) -> Any:
    low = safe(x < 0, lambda x: np.sqrt(-x), x, instead=-1.0)
    return np.where(x > 1, np.log(np.where(x > 1, x, 2.0) - 1), low)


def roots_of_rows(x: Any) -> Any:
    return np.sqrt(np.where(ROWS[:, None], x, 1.0))


# fmt: off
CASES = {
    # name: (with hard zeros, made safe by hand, where)
    "root":              (lambda x: masked(x > 0, np.sqrt(x), 0.0), lambda x: safe(x > 0, np.sqrt, x), X),
    "exponential":       (lambda x: masked(x < 1, np.exp(x), x), lambda x: safe(x < 1, np.exp, x, x), np.array([1000.0, -1.0, 2.0])),
    "second-branch":     (lambda x: masked(x <= 0, 0.0, np.sqrt(x)), lambda x: safe(x > 0, np.sqrt, x), X),
    "both-branches":     (lambda x: masked(x > 0, np.sqrt(x), np.log(-x)), lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), np.log(np.where(x > 0, 1.0, -x))), np.array([-2.0, -1.0, 4.0])),
    "nested":            (either, either_safe, np.array([-1.0, 0.0, 0.5, 1.0, 4.0])),
    "nested-in-taken":   (lambda x: masked(x > 0, masked(x < 2, np.sqrt(x), x * x), 0.0), lambda x: np.where(x > 0, safe(x < 2, np.sqrt, np.where(x > 0, x, 1.0), x * x), 0.0), X),
    "product":           (lambda x: masked(x > 0, np.sqrt(x) * np.log(x), 0.0), lambda x: safe(x > 0, root_log, x), X),
    "quotient":          (lambda x: masked(x != 0, np.sin(x) / x, 1.0), lambda x: safe(x != 0, lambda x: np.sin(x) / x, x, 1.0), X),
    "composition":       (lambda x: masked(x > 0, np.exp(np.sqrt(np.sqrt(x)) ** 3), 0.0), lambda x: safe(x > 0, lambda x: np.exp(np.sqrt(np.sqrt(x)) ** 3), x), X),
    "sum-of-terms":      (lambda x: masked(x > 0, np.sqrt(x) + np.log(x) - x, 0.0), lambda x: safe(x > 0, lambda x: np.sqrt(x) + np.log(x) - x, x), X),
    "also-unmasked":     (lambda x: masked(x > 0, np.sqrt(x), 0.0) * x + x**2, lambda x: safe(x > 0, np.sqrt, x) * x + x**2, X),
    "condition-of-ints": (lambda x: masked(np.array([0, 0, -1, 2, 1, 3]), np.sqrt(x), 0.0), lambda x: safe(x > 0, np.sqrt, x), X),
    "a-single-number":   (lambda x: masked(x > 0, np.sqrt(x), 0.0), lambda x: safe(x > 0, np.sqrt, x), np.array(-1.0)),
    "a-scalar-condition": (lambda x: masked(False, np.sqrt(x), x**2), lambda x: x**2, X),
    # -------------------------------------------------------- broadcasting
    "wide-condition":    (lambda x: masked(X[:, None] > x, np.sqrt(X[:, None] - x), 0.0), lambda x: safe(X[:, None] > x, np.sqrt, X[:, None] - x), X[2:]),
    "row-condition":     (lambda x: masked(np.array([False, True, True]), np.sqrt(x), 0.0), lambda x: safe(np.array([False, True, True]), np.sqrt, x), M[:2]),
    "column-condition":  (lambda x: masked(ROWS[:, None], np.sqrt(x), 0.0), lambda x: safe(ROWS[:, None], np.sqrt, x), M),
    "narrow-branch":     (lambda x: masked(np.array([[True, False], [False, False]]), np.sqrt(x), 0.0), lambda x: safe(np.array([[True, False], [False, False]]), np.sqrt, np.where([True, False], x, 1.0)), np.array([4.0, -1.0])),
    "number-branch":     (lambda x: masked(np.array([False, False]), np.sqrt(x), 2.0 * x), lambda x: 2.0 * x + np.zeros(2), np.array(-1.0)),
    # -------------------------------------------------------- what moves and adds up entries
    "sum-along-rows":    (lambda x: masked(ROWS, np.sum(np.sqrt(x), axis=1), 0.0), lambda x: np.where(ROWS, np.sum(roots_of_rows(x), axis=1), 0.0), M),
    "mean-along-rows":   (lambda x: masked(ROWS, np.mean(np.sqrt(x), axis=1), 0.0), lambda x: np.where(ROWS, np.mean(roots_of_rows(x), axis=1), 0.0), M),
    "sum-never-taken":   (lambda x: masked(False, np.sum(np.sqrt(x)), np.sum(x)), np.sum, X),
    "max-of-rows":       (lambda x: masked(ROWS, np.max(np.sqrt(x), axis=1), 0.0), lambda x: np.where(ROWS, np.max(roots_of_rows(x), axis=1), 0.0), M),
    "norm-of-rows":      (lambda x: masked(ROWS, np.linalg.norm(np.sqrt(x), axis=1), 0.0), lambda x: np.where(ROWS, np.linalg.norm(roots_of_rows(x), axis=1), 0.0), M),
    "softmax-of-rows":   (lambda x: masked(ROWS[:, None], mg.softmax(np.sqrt(x)), 0.0), lambda x: np.where(ROWS[:, None], mg.softmax(roots_of_rows(x)), 0.0), M),
    "reshape":           (lambda x: masked(ROWS, np.sqrt(x).reshape(3), 0.0), lambda x: safe(ROWS, np.sqrt, x.reshape(3)), np.array([[-1.0], [4.0], [0.0]])),
    "transpose":         (lambda x: masked(ROWS, np.sqrt(x).T, 0.0), lambda x: np.where(ROWS, roots_of_rows(x).T, 0.0), M),
    "index":             (lambda x: masked(x[UP] > 0, np.sqrt(x)[UP], 0.0), lambda x: safe(x[UP] > 0, np.sqrt, x[UP]), X),
    "slice":             (lambda x: masked(x[::-2] > 0, np.sqrt(x)[::-2], 0.0), lambda x: safe(x[::-2] > 0, np.sqrt, x[::-2]), X),
    "scatter":           (lambda x: masked(np.arange(7) < 2, mg.index_update(np.zeros(7), np.array([5, 4, 3, 2, 1, 0]), np.sqrt(x)), 0.0), lambda x: mg.index_update(np.zeros(7), np.array([0, 1]), np.sqrt(x[4:][::-1])), X),
    "concatenate":       (lambda x: masked(np.tile(x > 0, 2), np.concatenate([np.sqrt(x), np.log(x)]), 0.0), lambda x: np.concatenate([safe(x > 0, np.sqrt, x), safe(x > 0, np.log, x)]), X),
    "stack":             (lambda x: masked(x > 0, np.stack([np.sqrt(x), np.log(x)]), 0.0), lambda x: np.stack([safe(x > 0, np.sqrt, x), safe(x > 0, np.log, x)]), X),
    "split":             (lambda x: masked(np.roll(x, 3) > 0, np.concatenate(np.split(np.sqrt(x), 2)[::-1]), 0.0), lambda x: np.roll(safe(x > 0, np.sqrt, x), 3), X),
    "pad-and-flip":      (lambda x: masked(np.pad(x, 1)[::-1] > 0, np.flip(np.pad(np.sqrt(x), 1)), 0.0), lambda x: np.flip(np.pad(safe(x > 0, np.sqrt, x), 1)), X),
    "tile-and-repeat":   (lambda x: masked(np.tile(np.repeat(x, 2), 2) > 0, np.tile(np.repeat(np.sqrt(x), 2), 2), 0.0), lambda x: np.tile(np.repeat(safe(x > 0, np.sqrt, x), 2), 2), X),
    "cumsum":            (lambda x: masked(x > 0, np.cumsum(np.sqrt(x)[::-1])[::-1], 0.0), lambda x: np.where(x > 0, np.cumsum(safe(x > 0, np.sqrt, x)[::-1])[::-1], 0.0), X),
    "plain-where-within": (lambda x: masked(x > 0, np.where(x < 2, np.sqrt(x), x), 0.0), lambda x: np.where(x > 0, np.where(x < 2, np.sqrt(np.where(x > 0, x, 1.0)), x), 0.0), X),
    "sort":              (lambda x: masked(np.arange(3) > 0, np.sort(np.sqrt(x)), 0.0), lambda x: np.where(np.arange(3) > 0, np.sort(np.sqrt(x + np.array([0.0, 1e-30, 0.0]))), 0.0), np.array([9.0, 0.0, 4.0])),
    "astype":            (lambda x: masked(x > 0, np.sqrt(x).astype(np.complex128).real, 0.0), lambda x: safe(x > 0, np.sqrt, x), X),
    # -------------------------------------------------------- matrix products: whole rows
    "matrix-times-vector": (lambda x: masked(ROWS, np.sqrt(x) @ np.array([1.0, 2.0, 3.0]), 0.0), lambda x: np.where(ROWS, roots_of_rows(x) @ np.array([1.0, 2.0, 3.0]), 0.0), M),
    "vector-times-matrix": (lambda x: masked(ROWS, np.array([1.0, 2.0, 3.0]) @ np.sqrt(x.T), 0.0), lambda x: np.where(ROWS, np.array([1.0, 2.0, 3.0]) @ roots_of_rows(x).T, 0.0), M),
    "matrix-times-matrix": (lambda x: masked(ROWS[:, None], np.sqrt(x) @ M[:2].T, 0.0), lambda x: np.where(ROWS[:, None], roots_of_rows(x) @ M[:2].T, 0.0), M),
    "above-a-product":   (lambda x: masked(x > 0, np.sqrt(np.eye(6) @ x), 0.0), lambda x: safe(x > 0, np.sqrt, x), X),
    "weights-of-nan-rows": (lambda w: masked(ROWS[:, None], np.tanh(M @ w), 0.0), lambda w: np.where(ROWS[:, None], np.tanh(M[1] @ w), 0.0), np.ones((3, 2))),
    "vector-of-nan-rows": (lambda w: masked(ROWS, np.tanh(M @ w), 0.0), lambda w: np.where(ROWS, np.tanh(M[1] @ w), 0.0), np.ones(3)),
    "batch-of-products": (lambda x: masked(ROWS[:, None, None], x[:, :, None] @ x[:, None, :] + np.sqrt(x)[:, :, None], 0.0), lambda x: np.where(ROWS[:, None, None], (y := np.where(ROWS[:, None], x, 1.0))[:, :, None] @ y[:, None, :] + np.sqrt(y)[:, :, None], 0.0), M),
}
# fmt: on

cases = pytest.mark.parametrize(("f", "reference", "x"), CASES.values(), ids=CASES)


def loss(f: Any) -> Any:
    """A single number in which every entry of `f(x)` counts, and curves."""

    def of(x: Any) -> Any:
        out = f(x)
        return np.sum(np.sin(1.0 + np.arange(1.0 * out.size).reshape(out.shape)) * out + out**2)

    return of


def assert_same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    assert np.isfinite(found).all()


@cases
def test_first_derivatives(f: Any, reference: Any, x: Any) -> None:
    np.testing.assert_array_equal(f(x), reference(x))
    t = np.cos(np.arange(1.0 * x.size)).reshape(x.shape)
    assert_same(mg.grad(loss(f))(x), mg.grad(loss(reference))(x))
    assert_same(mg.jvp(loss(f), [x], [t])[1], mg.jvp(loss(reference), [x], [t])[1])
    for mode in ("forward", "reverse"):
        found = mg.jacobian(f, mode=mode)(x)
        assert_same(found, mg.jacobian(reference, mode=mode)(x))


@cases
def test_backward_and_vjp_agree_with_grad(f: Any, reference: Any, x: Any) -> None:
    expected = mg.grad(loss(f))(x)
    leaf = Tensor(x, requires_grad=True)
    loss(f)(leaf).backward()
    np.testing.assert_array_equal(leaf.grad, expected)
    assert type(leaf.grad) is np.ndarray
    _, pullback = mg.vjp(loss(f), x)
    np.testing.assert_array_equal(pullback(np.array(1.0))[0], expected)
    loss(f)(leaf).backward()
    np.testing.assert_array_equal(leaf.grad, 2 * expected)


@nestings(2)
@cases
def test_second_derivatives(f: Any, reference: Any, x: Any, operators: Any) -> None:
    """Along a line, in all four nestings of forward and reverse."""
    t = np.cos(1.0 + np.arange(1.0 * x.size)).reshape(x.shape)
    inner, outer = operators
    found, expected = (outer(inner(lambda s, g=g: loss(g)(x + s * t)))(0.0) for g in (f, reference))
    assert_same(found, expected)


@cases
def test_hessians(f: Any, reference: Any, x: Any) -> None:
    expected = mg.hessian(loss(reference))(x)
    assert_same(mg.hessian(loss(f))(x), expected)
    assert_same(mg.hessian(loss(f), mode="reverse")(x), expected)
    t = np.cos(np.arange(1.0 * x.size)).reshape(x.shape)
    assert_same(mg.hvp(loss(f), [x], [t]), mg.hvp(loss(reference), [x], [t]))


@cases
def test_in_a_batch(f: Any, reference: Any, x: Any) -> None:
    batch = np.stack([x, 1.0 * x, x])
    expected = Tensor(np.stack([mg.grad(loss(reference))(x)] * 3))
    assert_same(mg.vmap(mg.grad(loss(f)))(batch), expected)
    assert_same(mg.grad(lambda batch: np.sum(mg.vmap(loss(f))(batch)))(batch), expected)


@cases
def test_in_float32(f: Any, reference: Any, x: Any) -> None:
    narrow = x.astype(np.float32)
    found = mg.grad(lambda x: np.sum(f(x)))(narrow)
    assert found.dtype == np.float32
    expected = mg.grad(lambda x: np.sum(reference(x)))(x)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)


def test_the_dtype_is_that_of_the_leaf_whatever_the_branches_are() -> None:
    x = Tensor([-1.0, 4.0], requires_grad=True, dtype=np.float32)
    for other in (0.0, 0, np.float32(0), np.zeros(2), np.zeros(2, np.complex64)):
        x.grad = None
        out = masked(np.array([False, True]), np.sqrt(x), other)
        assert out.dtype == np.where([False, True], x.data, other).dtype
        np.sum(np.real(out)).backward()
        assert x.grad.dtype == np.float32
        np.testing.assert_array_equal(x.grad, [0, 0.25])


# ---------------------------------------------------------------- every op of the table


@each("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_every_op_takes_masked_cotangents(row: Row) -> None:
    """Where nothing is dangerous, masked and plain `where` have the same derivatives."""
    call = Call(row, row.cases[0])
    masks = [np.arange(out.size).reshape(out.shape) % 3 != 1 for out in call(*call.inputs)]
    weights = call.like(call(*call.inputs))

    def choosing(where: Any) -> Any:
        def of(*xs: Any) -> Any:
            chosen = [where(m, out, 0.0) for m, out in zip(masks, call(*xs), strict=True)]
            return total(chosen, weights)

        return of

    places = tuple(range(len(call.inputs)))
    found, expected = (mg.grad(choosing(w), places)(*call.inputs) for w in (masked, np.where))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
    if row.order == 2:
        ts = call.like(call.inputs)
        found, expected = (
            mg.jvp(mg.grad(choosing(w), places), call.inputs, ts)[1] for w in (masked, np.where)
        )
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)


# ---------------------------------------------------------------- how it is recorded


def test_one_op_is_recorded_whose_value_is_numpys() -> None:
    x = Tensor([-1.0, 4.0], requires_grad=True)
    out = masked(x > 0, x, -x)
    assert out.op is OPS[taken]
    np.testing.assert_array_equal(out.data, [1, 4])
    np.sum(out).backward()
    np.testing.assert_array_equal(x.grad, [-1, 1])


@pytest.mark.parametrize("flag", [False, True])
def test_of_plain_arrays_it_makes_a_constant_tensor(flag: bool) -> None:
    for found in (
        mg.where(np.array([True, False]), 1.0, np.array([2.0, 3.0]), masked=flag),
        mg.where([True, False], 1.0, [2.0, 3.0], masked=flag),
        mg.where(np.array([True, False]), Tensor(1.0), [2.0, 3.0], masked=flag),
    ):
        assert type(found) is Tensor
        assert not found.requires_grad
        assert found.op is None
        np.testing.assert_array_equal(found.data, [1, 3])


def test_lists_and_tensors_as_conditions() -> None:
    for condition in ([0, 1], (False, True), Tensor([False, True]), Tensor([0.0, NAN])):
        (x,) = leaves([-1.0, 4.0])
        np.sum(masked(condition, np.sqrt(x), [5.0, 6.0])).backward()
        np.testing.assert_array_equal(x.grad, [0, 0.25])


def test_a_tracked_condition_receives_no_gradient() -> None:
    x, c = leaves([4.0, -1.0], [2.0, 0.0])
    np.sum(masked(c, np.sqrt(x), 0.0) + 0 * c).backward()
    np.testing.assert_array_equal(x.grad, [0.25, 0])
    np.testing.assert_array_equal(c.grad, [0, 0])


def leaves(*data: Any) -> list[Tensor]:
    return [Tensor(x, requires_grad=True) for x in data]


def test_the_mask_is_copied_when_it_is_recorded() -> None:
    (x,) = leaves([-1.0, 4.0])
    condition = np.array([False, True])
    out = np.sum(masked(condition, np.sqrt(x), 0.0))
    condition[...] = True
    out.backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])


def test_arguments_are_positional_as_the_standard_has_them() -> None:
    with pytest.raises(TypeError, match="positional-only"):
        mg.where(condition=True, x1=1.0, x2=2.0)
    with pytest.raises(TypeError):
        mg.where(True, 1.0)


def test_shapes_that_do_not_broadcast_are_an_error_that_names_the_op() -> None:
    (x,) = leaves([1.0, 2.0])
    with pytest.raises(ValueError, match="broadcast") as caught:
        masked(np.ones(3, bool), x, 0.0)
    assert str(caught.value).startswith("`taken` of ")


# ---------------------------------------------------------------- leaves, and other paths


def test_branches_that_are_leaves() -> None:
    x, y = leaves([1.0, 2.0, 3.0], 5.0)
    masked(np.array([True, False, True]), x, y).backward(np.array([10.0, 20.0, 30.0]))
    np.testing.assert_array_equal(x.grad, [10, 0, 30])
    np.testing.assert_array_equal(y.grad, 20)
    assert all(type(leaf.grad) is np.ndarray and leaf.grad.flags.writeable for leaf in (x, y))


def test_the_same_leaf_in_both_branches() -> None:
    (x,) = leaves([-2.0, 3.0])
    masked(x > 0, x, x).backward(np.array([10.0, 20.0]))
    np.testing.assert_array_equal(x.grad, [10, 20])


def test_an_infinite_cotangent_stays_out_too() -> None:
    (x,) = leaves([1.0, 4.0])
    masked(np.array([False, True]), np.sqrt(x), 0.0).backward(np.array([INF, 1.0]))
    np.testing.assert_array_equal(x.grad, [0, 0.25])


def test_a_path_that_is_not_masked_keeps_its_nan() -> None:
    """The branch sends nothing; another use of the same value still says what arithmetic says."""
    (x,) = leaves([-1.0, 0.0, 4.0])
    root = np.sqrt(x)
    np.sum(masked(x > 0, root, 0.0) + 0 * root).backward()
    np.testing.assert_array_equal(x.grad, [NAN, NAN, 0.25])
    x.grad = None
    root = np.sqrt(x)
    np.sum(masked(x > 0, root, 0.0) + np.where(x > 0, root, 0.0)).backward()
    np.testing.assert_array_equal(x.grad, [NAN, NAN, 0.5])


def test_two_masked_paths_meet() -> None:
    """An entry that one of two branches takes counts; one that neither takes is a hard zero."""
    (x,) = leaves([-1.0, 0.0, 1.0, 4.0])
    root = np.sqrt(x)
    np.sum(masked(x > 2, root, 0.0) + masked(x == 1, 3 * root, 0.0)).backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 1.5, 0.25])


def test_an_infinite_slope_that_was_taken_is_infinite() -> None:
    assert mg.grad(lambda x: masked(x >= 0, np.sqrt(x), 0.0))(0.0) == INF


def test_of_nothing() -> None:
    (x,) = leaves(np.zeros((0, 3)))
    np.sum(masked(x > 0, np.sqrt(x), 0.0)).backward()
    assert x.grad.shape == (0, 3)


# ---------------------------------------------------------------- complex numbers


def test_complex_branches() -> None:
    z = np.array([0j, 3 + 4j, -1j])

    def f(z: Any) -> Any:
        return np.sum(masked(z != 0, np.abs(z) * np.log(z) * np.sqrt(z), 1j).real)

    def reference(z: Any) -> Any:
        y = np.where(z != 0, z, 1.0)
        return np.sum(np.where(z != 0, np.abs(y) * np.log(y) * np.sqrt(y), 1j).real)

    found, expected = mg.grad(f)(z), mg.grad(reference)(z)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    t = np.array([1.0, 1j, 2.0 - 1j])
    found, expected = (mg.jvp(mg.grad(f), [z], [t])[1] for f in (f, reference))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_real_branch_beside_a_complex_one() -> None:
    x, z = leaves([-1.0, 4.0], [1j, 0j])
    out = masked(x.data > 0, np.sqrt(x), np.log(z))
    np.sum(np.abs(out) ** 2).backward()
    assert x.grad.dtype == np.float64
    assert z.grad.dtype == np.complex128
    np.testing.assert_allclose(x.grad, [0, 1])
    np.testing.assert_allclose(z.grad, [-np.pi, 0], rtol=1e-12)


# ---------------------------------------------------------------- batches


def test_masks_that_differ_from_example_to_example() -> None:
    x = np.array([[-1.0, 0.0, 4.0], [9.0, -4.0, 16.0]])
    f = mg.grad(lambda x, kept: np.sum(masked(kept, np.sqrt(x), 0.0)))
    expected = [[0, 0, 0.25], [1 / 6, 0, 1 / 8]]
    np.testing.assert_allclose(mg.vmap(f)(x, x > 0), expected)
    shared = mg.vmap(f, in_axes=(0, None))(x[:, [0, 2]], np.array([False, True]))
    np.testing.assert_allclose(shared, [[0, 0.25], [0, 1 / 8]])
    inner = mg.vmap(mg.vmap(mg.grad(lambda x: masked(x > 0, np.sqrt(x), 0.0))))
    np.testing.assert_allclose(inner(x), expected)


def test_indices_that_differ_from_example_to_example() -> None:
    x, kept = np.array([-1.0, 0.0, 4.0]), np.array([True, False])
    places = np.array([[2, 0], [2, 1]])

    def f(x: Any, i: Any) -> Any:
        return np.sum(masked(kept, np.sqrt(x)[i], 0.0))

    found = mg.vmap(mg.grad(f), in_axes=(None, 0))(x, places)
    np.testing.assert_array_equal(found, [[0, 0, 0.25], [0, 0, 0.25]])
    found = mg.vmap(lambda i: mg.grad(lambda x: f(x, i))(x))(places)
    np.testing.assert_array_equal(found, [[0, 0, 0.25], [0, 0, 0.25]])
    found = mg.grad(lambda x: np.sum(mg.vmap(lambda i: f(x, i))(places)))(x)
    np.testing.assert_array_equal(found, [0, 0, 0.5])


def test_a_batch_goes_through_as_one_op() -> None:
    x = Tensor(np.array([[-1.0, 4.0]] * 3), requires_grad=True)
    out = mg.vmap(lambda x: masked(x > 0, x, 0.0))(x)
    assert out.op is OPS[taken]
    assert out.inputs[1] is x


def test_example_by_example_weights_of_data_with_gaps() -> None:
    """Rows that are missing are NaN: they reach neither the weights nor other rows."""
    rng = np.random.default_rng(0)
    data, y, w = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3)
    data[[1, 3]] = y[[1, 3]] = NAN
    there = ~np.isnan(y)

    def error(w: Any, data: Any, y: Any, there: Any) -> Any:
        return np.sum(masked(there, (np.tanh(data @ w) - y) ** 2, 0.0))

    expected = mg.grad(error)(w, data[there], y[there], True)
    np.testing.assert_allclose(mg.grad(error)(w, data, y, there), expected, rtol=1e-12)
    each = mg.vmap(mg.grad(error), in_axes=(None, 0, 0, 0))(w, data, y, there)
    np.testing.assert_allclose(each.sum(0), expected, rtol=1e-12)
    np.testing.assert_array_equal(each[[1, 3]], np.zeros((2, 3)))


# ---------------------------------------------------------------- checks, pictures, and the rest


def root(x: Any) -> Any:
    return masked(x > 0, np.sqrt(x), 0.0)


def test_gradcheck_finds_nothing_wrong() -> None:
    mg.assert_gradcheck(root, np.array([-1.0, 2.0, 4.0]))
    mg.assert_gradcheck(lambda x: np.sum(root(x) ** 3), np.array([-1.0, 2.0, 4.0]), order=2)


def test_anomaly_detection_passes_the_branch_that_was_not_taken() -> None:
    (x,) = leaves([0.0, 4.0])
    with mg.detect_anomaly():
        np.sum(root(x)).backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])
    with mg.detect_anomaly(), pytest.raises(mg.errors.NonFiniteError, match="sqrt"):
        np.sum(np.where(x > 0, np.sqrt(x), 0.0)).backward()


def test_pictures_show_plain_numbers() -> None:
    x = Tensor([0.0, 4.0], requires_grad=True, name="x")
    picture = mg.draw(np.sum(root(x)), gradients=True)
    assert "taken" in picture.source
    assert "Masked" not in picture.source


def test_inside_and_around_a_checkpoint() -> None:
    x = np.array([-1.0, 0.0, 4.0])
    within = mg.checkpoint(lambda x: np.sum(root(x) ** 3))
    around = lambda x: np.sum(masked(x > 0, mg.checkpoint(np.sqrt)(x) ** 3, 0.0))
    for f in (within, around):
        np.testing.assert_allclose(mg.grad(f)(x), [0, 0, 3.0])
        np.testing.assert_allclose(mg.hvp(f, [x], [np.ones(3)]), [0, 0, 0.375])


def test_through_users_own_ops() -> None:
    @mg.primitive(vjp=lambda g, out, x: g / (2 * out), jvp=lambda ts, out, x: ts[0] / (2 * out))
    def joint(x: Any) -> Any:
        return np.sqrt(x)

    @mg.primitive(partials=[lambda out, x: 0.5 / out])
    def entry_by_entry(x: Any) -> Any:
        return np.sqrt(x)

    @mg.primitive(jvp=lambda ts, out, x: ts[0] / (2 * out))
    def transposed(x: Any) -> Any:
        return np.sqrt(x)

    x = np.array([-1.0, 0.0, 4.0])
    for f in (joint, entry_by_entry):
        whole = lambda x, f=f: np.sum(masked(x > 0, f(x), 0.0))
        np.testing.assert_array_equal(mg.grad(whole)(x), [0, 0, 0.25])
        np.testing.assert_array_equal(mg.hvp(whole, [x], [np.ones(3)]), [0, 0, -1 / 32])
    away = np.array([1.0, 4.0])
    whole = lambda x: np.sum(masked(x > 2, transposed(x), 0.0))
    np.testing.assert_array_equal(mg.grad(whole)(away), [0, 0.25])


def test_arrays_of_other_libraries_stay_where_they_are() -> None:
    x = Tensor(StrictArray(np.array([-1.0, 0.0, 4.0])), requires_grad=True)
    out = np.sum(masked(x > 0, np.sqrt(x)[::-1][::-1] * 2.0, 0.0))
    out.backward()
    assert isinstance(x.grad, StrictArray)
    np.testing.assert_array_equal(x.grad.hidden, [0, 0, 0.5])


# ---------------------------------------------------------------- what does not stay hard


def test_mixing_entries_otherwise_makes_plain_zeros() -> None:
    """Of a Fourier transform or an `einsum` every entry depends on every other."""
    x = np.array([-1.0, 0.0, 4.0])
    for mixing in (
        lambda x: np.real(np.fft.fft(x)),
        lambda x: np.einsum("i,ij->j", x, np.eye(3)),
        lambda x: np.convolve(x, np.ones(1), "same"),
    ):
        above = mg.grad(lambda x, f=mixing: np.sum(masked(f(x) > 0, np.sqrt(f(x)), 0.0)))
        assert np.isfinite(above(x)).all()  # the root is what is dangerous, and is masked
        below = mg.grad(lambda x, f=mixing: np.sum(masked(x > 0, f(np.sqrt(x)), 0.0)))
        assert np.isnan(below(x)[0])  # the root of -1 is in every entry of what is taken


def test_an_entry_that_meets_both_keeps_the_nan_of_a_product() -> None:
    """Of a matrix product only whole rows stay hard."""
    w = np.array([[1.0, NAN], [1.0, 1.0]])
    kept = np.array([[True, False], [True, True], [False, False]])
    found = mg.grad(lambda w, x: np.sum(masked(kept, x @ w, 0.0)), (0, 1))(w, np.ones((3, 2)))
    np.testing.assert_array_equal(found[0], [[2, 1], [2, 1]])
    np.testing.assert_array_equal(found[1], [[NAN, 1], [NAN, 2], [0, 0]])


# ---------------------------------------------------------------- the cotangent itself


def test_a_masked_array_behaves_as_an_array() -> None:
    g = keep(np.array([True, False]), np.array([2.0, NAN]))
    assert repr(g) == "Masked(array([2., 0.]), array([ True, False]))"
    assert (g.shape, g.dtype, g.ndim, g.size) == ((2,), np.float64, 1, 2)
    np.testing.assert_array_equal(np.asarray(g), [2, 0])
    assert float(g[0]) == 2.0
    assert isinstance(g[0], Masked)
    np.testing.assert_array_equal(np.asarray(g * np.array([NAN, NAN])), [NAN, 0])
    np.testing.assert_array_equal(np.asarray(np.float64(INF) * g), [INF, 0])
    np.testing.assert_array_equal(np.asarray(g / np.array([1.0, 0.0])), [2, 0])
    assert type(g + np.ones(2)) is not Masked
    assert g.concrete() is g.value


def test_a_masked_batch_is_a_batch_with_a_mask() -> None:
    seen = []

    def f(x: Any) -> Any:
        g = keep(x > 0, x)
        seen.append((type(g * x), type((g * x).value)))
        return (g * x).concrete()

    found = mg.vmap(f)(np.array([[-1.0, 2.0], [3.0, NAN]]))
    assert seen == [(Masked, Batched)]
    np.testing.assert_array_equal(found, [[0, 4], [9, 0]])
