"""The published answers at kinks, ties, zeros, infinities and edges of shape and dtype.

The conventions: the gradient where it exists, else the subgradient of least norm, else the limit;
ties split evenly. Most points are records of `micrograd_np.nonsmooth`, which `test_records` runs. This
file tests the rest: other shapes, axes, orders and dtypes, and functions without a gradient. Each
test bears the number of its case in the list of known pitfalls. NumPy's warnings are errors here, so
no backward pass may raise one; warnings of a forward computation are NumPy's.
"""
# ruff: noqa: E501 - a row of the table stays on one line

import warnings
from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core.op import OPS
from micrograd_np.errors import NotDifferentiableError

INF, NAN = np.inf, np.nan


def gradients(f: Any, *points: Any, dtype: Any = float) -> list[Any]:
    """The gradient of the sum of `f` in each of its arguments."""
    leaves = [Tensor(np.asarray(x, dtype=dtype), requires_grad=True) for x in points]
    with np.errstate(all="ignore"):  # the forward infinities are NumPy's to report
        out = np.sum(f(*leaves))
    out.backward()  # outside: what backward warns of is an error
    return [leaf.grad for leaf in leaves]


def expect(f: Any, points: Any, answers: Any) -> None:
    for found, answer in zip(gradients(f, *points), answers, strict=True):
        np.testing.assert_allclose(found, answer, rtol=1e-14, atol=0)


def known(number: int, name: str, f: Any, points: Any, answers: Any) -> Any:
    """One case: where `f` is differentiated, and our answer."""
    return pytest.param(f, points, answers, id=f"{number:02}-{name}")


def root(x: Any) -> Any:
    return np.where(x > 0, np.sqrt(x), 0)


def exponential(x: Any) -> Any:
    return np.where(x < 0, np.exp(x), x)


CHOOSING = (root, exponential)


def masked_root(x: Any) -> Any:
    return mg.where(x > 0, np.sqrt(x), 0, masked=True)


def masked_exponential(x: Any) -> Any:
    return mg.where(x < 0, np.exp(x), x, masked=True)


X = [1.0, 2.0, 4.0]
ZEROS = [0.0, 0.0]

# fmt: off
CASES = [
    # ------------------------------------------------------------ kinks, ties, boundaries
    known(1, "max-ties-along-an-axis", lambda x: np.max(x, axis=1), [[[1, 3, 3], [2, 0, 1]]], [[[0, 0.5, 0.5], [1, 0, 0]]]),
    known(4, "minimum-of-itself", lambda x: np.minimum(x, x), [3], [1]),
    known(5, "maximum-nan-right", np.maximum, [1, NAN], [0, 1]),
    known(5, "minimum-nan-left", np.minimum, [NAN, 1], [1, 0]),
    known(7, "fabs-at-zero", np.fabs, [[0.0, -0.0]], [[0, 0]]),
    known(8, "relu-at-zero", mg.relu, [[0.0, -0.0, -1, 1]], [[0, 0, 0, 1]]),
    known(9, "sign", np.sign, [[-2, 0, 2]], [[0, 0, 0]]),
    known(9, "round", lambda x: np.round(x, 1), [[0.24, 0.26]], [[0, 0]]),
    known(9, "floor", np.floor, [[0.5, 1]], [[0, 0]]),
    known(9, "heaviside-at-zero", np.heaviside, [[0, 2], [0.5, 0.5]], [[0, 0], [1, 0]]),
    known(10, "clip-at-a-bound", lambda x: np.clip(x, 0, 1), [[0, 1, 0.5, -1, 2]], [[1, 1, 1, 0, 0]]),
    known(10, "clip-bounds", np.clip, [[0, -1, 2], 0, 1], [[1, 0, 0], 1, 1]),
    known(10, "clip-crossed-bounds", np.clip, [[0.5, -1, 2], 1, 0], [[0, 0, 0], 0, 3]),
    known(12, "sort-ties-keep-their-order", lambda x: np.sort(x) * np.array([1.0, 2, 4]), [[2, 1, 1]], [[4, 1, 2]]),
    known(12, "sort-ties-in-rows", lambda x: np.sort(x)[:, 0], [[[2, 1, 1], [3, 3, 3]]], [[[0, 1, 0], [1, 0, 0]]]),
    known(13, "median-of-an-odd-number", np.median, [[4, 1, 3]], [[0, 0, 1]]),
    known(13, "median-of-rows", lambda x: np.median(x, axis=1), [[[1, 2, 3, 4], [2, 9, 9, 1]]], [[[0, 0.5, 0.5, 0], [0.5, 0.5, 0, 0]]]),
    # ------------------------------------------------------------ zeros, infinities, domain edges
    *(known(18, f"norm-{n}-at-zero", lambda x, n=n: np.linalg.norm(x, ord=n), [ZEROS], [ZEROS]) for n in (0, 1, 2, 1.5)),
    known(24, "power-negative-base", lambda x: x**3, [-2], [12]),
    known(26, "power-constant-2", lambda x: x**2, [0], [0]),
    known(26, "power-constant-array", lambda x: x ** np.array([0.0, 1.0, 2.0]), [[0, 0, 0]], [[0, 1, 0]]),
    known(35, "arcsin-at-one", np.arcsin, [[1, -1]], [[INF, INF]]),
    known(35, "arccos-at-one", np.arccos, [[1, -1]], [[-INF, -INF]]),
    known(37, "sinc-at-zero", np.sinc, [[0, -0.0, 1]], [[0, 0, -1]]),
    known(38, "reciprocal-at-zero", lambda x: 1 / x, [0], [-INF]),
    known(40, "prod-zeros-over-axes", lambda x: np.prod(x, axis=(0, 1)), [[[0, 2], [3, 4]]], [[[24, 0], [0, 0]]]),
    known(42, "logsumexp-one-row-minus-infinity", lambda x: mg.logsumexp(x, axis=1), [[[-INF, -INF], [0, -INF]]], [[[0, 0], [1, 0]]]),
    known(46, "det-of-a-batch-with-a-singular-one", np.linalg.det, [[[[2, 0], [0, 3]], [[0, 0], [0, 4]]]], [[[[3, 0], [0, 2]], [[4, 0], [0, 0]]]]),
    known(48, "sigmoid-written-out-far-right", lambda x: 1 / (1 + np.exp(-x)), [1000], [0]),
    # ------------------------------------------------------------ shapes, broadcasting, indexing
    known(56, "size-1-with-size-n", np.multiply, [[2], [1, 2, 3]], [[6], [2, 2, 2]]),
    known(56, "leading-axes", np.multiply, [[1, 2], [[1, 2], [3, 4]]], [[4, 6], [[1, 2], [1, 2]]]),
    known(57, "size-1-with-size-0", np.multiply, [[2], []], [[0], []]),
    known(58, "0-d-with-vector", np.multiply, [2, [1, 2]], [3, [2, 2]]),
    known(59, "where-mask-column", lambda x: np.where(np.array([[True], [False]]), x, 0), [X], [[1, 1, 1]]),
    known(60, "einsum-size-1", lambda x, y: np.einsum("i,i", x, y), [[1, 2], [3]], [[3, 3], [3]]),
    known(61, "einsum-trace", lambda x: np.einsum("ii->", x), [[[1, 2], [3, 4]]], [[[1, 0], [0, 1]]]),
    known(61, "einsum-diagonal", lambda x: np.einsum("ii->i", x), [[[1, 2], [3, 4]]], [[[1, 0], [0, 1]]]),
    known(62, "einsum-summed-out", lambda x: np.einsum("ij->j", x), [[[1, 2], [3, 4]]], [[[1, 1], [1, 1]]]),
    known(63, "same-tensor-in-multiply", lambda x: x * x, [3], [6]),
    known(63, "same-tensor-in-einsum", lambda x: np.einsum("i,i->", x, x), [[1, 2]], [[2, 4]]),
    known(63, "same-tensor-in-concatenate", lambda x: np.concatenate([x, 3 * x, x]), [[1, 2]], [[5, 5]]),
    known(65, "duplicate-indices", lambda x: x[[0, 0, 1]], [X], [[2, 1, 0]]),
    known(66, "aliasing-negative-indices", lambda x: x[[-1, 2]], [X], [[0, 0, 2]]),
    known(68, "negative-step", lambda x: x[::-2] * np.array([1.0, 5.0]), [X], [[5, 0, 1]]),
    known(69, "boolean-mask", lambda x: x[np.array([True, False, True])], [X], [[1, 0, 1]]),
    known(72, "axis-empty-tuple", lambda x: np.sum(x, axis=()) * np.array([1.0, 2, 3]), [X], [[1, 2, 3]]),
    known(72, "max-axis-empty-tuple", lambda x: np.max(x, axis=()) * np.array([1.0, 2, 3]), [X], [[1, 2, 3]]),
    known(73, "empty-sum", np.sum, [[]], [[]]),
    known(73, "empty-prod", np.prod, [[]], [[]]),
    known(73, "empty-mean-along-an-axis", lambda x: np.mean(x, axis=1), [np.zeros((0, 2))], [np.zeros((0, 2))]),
    known(75, "max-over-axes-with-ties", lambda x: np.max(x, axis=(0, 2)), [[[[1, 5], [2, 2]], [[5, 0], [2, 1]]]], [[[[0, 1 / 2], [1 / 3, 1 / 3]], [[1 / 2, 0], [1 / 3, 0]]]]),
    known(76, "var-ddof", lambda x: np.var(x, ddof=1), [X], [[-4 / 3, -1 / 3, 5 / 3]]),
    known(76, "var-correction", lambda x: np.var(x, correction=1), [X], [[-4 / 3, -1 / 3, 5 / 3]]),
    known(76, "var-over-axes", lambda x: np.var(x, axis=(0, 1), ddof=1), [[X]], [[[-4 / 3, -1 / 3, 5 / 3]]]),
    known(77, "sort-of-a-matrix", lambda x: np.sort(x, axis=0) * np.array([[1.0, 2], [3, 4]]), [[[5, 1], [2, 7]]], [[[3, 2], [1, 4]]]),
    known(77, "sort-of-a-matrix-along-rows", lambda x: np.sort(x) * np.array([[1.0, 2], [3, 4]]), [[[5, 1], [2, 7]]], [[[2, 1], [3, 4]]]),
    known(77, "sort-of-all-entries", lambda x: np.sort(x, axis=None) * np.array([1.0, 2, 3, 4]), [[[5, 1], [2, 7]]], [[[3, 1], [2, 4]]]),
]
# fmt: on


@pytest.mark.parametrize(("f", "points", "answers"), CASES)
def test_gradient(f: Any, points: Any, answers: Any) -> None:
    expect(f, points, answers)


@pytest.mark.parametrize(("f", "points", "answers"), CASES)
def test_forward_mode_agrees(f: Any, points: Any, answers: Any) -> None:
    """The tangent along ones is the sum of the gradient's entries, wherever that is finite."""
    flat = np.concatenate([np.ravel(np.asarray(answer, float)) for answer in answers])
    with np.errstate(all="ignore"):  # the forward infinities are NumPy's to report
        points = [np.asarray(x, float) for x in points]
        _, tangent = mg.jvp(lambda *xs: np.sum(f(*xs)), points, [np.ones_like(x) for x in points])
    if np.isfinite(flat).all():
        np.testing.assert_allclose(tangent, flat.sum(), rtol=1e-14, atol=1e-15)
    else:
        assert not np.isfinite(tangent.data)


def test_case_28_29_forward_mode_selects_and_so_is_right() -> None:
    with np.errstate(all="ignore"):
        for f, g in (CHOOSING, (masked_root, masked_exponential)):
            _, roots = mg.jvp(f, [np.array([-1.0, 0.0, 4.0])], [np.ones(3)])
            np.testing.assert_array_equal(roots, [0, 0, 0.25])
            assert float(mg.jvp(g, [1000.0], [1.0])[1]) == 1


@pytest.mark.parametrize("outer", [mg.grad, lambda f: lambda x: mg.jvp(f, [x], [1.0])[1]])
def test_case_28_29_masked_at_the_second_order(outer: Any) -> None:
    with np.errstate(all="ignore"):
        for x in (-1.0, 0.0):
            assert float(outer(mg.grad(masked_root))(x)) == 0
        assert float(outer(mg.grad(masked_root))(4.0)) == -1 / 32
        assert float(outer(mg.grad(masked_exponential))(1000.0)) == 0


# ---------------------------------------------------------------- what is not one gradient


def test_case_09_rounding_is_recorded_with_zero_gradient() -> None:
    t = Tensor([1.4, -1.4], requires_grad=True)
    for function in (np.sign, np.round, np.floor, np.ceil, np.trunc, np.rint):
        out = function(t)
        assert out.op is OPS[function]
        assert out.inputs == (t,)
        assert out.requires_grad


def test_case_14_integer_and_boolean_results_have_no_history() -> None:
    t = Tensor([1.0, 3.0, 2.0], requires_grad=True)
    for out in (t > 2, t == 3, np.argmax(t), np.argsort(t), np.isnan(t), np.isclose(t, t)):
        assert isinstance(out, Tensor)
        assert not out.requires_grad
        assert out.op is None
    np.sum((t > 1.5) * t).backward()
    np.testing.assert_array_equal(t.grad, [0, 1, 1])


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.parametrize(("entries", "ddof"), [(0, 0), (0, 1), (1, 1), (3, 3), (3, 4)])
def test_case_21_without_degrees_of_freedom_value_and_warning_are_numpys(
    function: Any, entries: int, ddof: int
) -> None:
    def run(x: Any) -> tuple[Any, list[str]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            out = function(x, ddof=ddof)
        return out, [str(warning.message) for warning in caught]

    x = np.arange(float(entries))
    t = Tensor(x, requires_grad=True)
    (expected, numpys), (out, ours) = run(x), run(t)
    assert ours == numpys
    assert "Degrees of freedom" in ours[0]
    np.testing.assert_array_equal(out.item(), expected)
    out.backward()  # without a warning
    assert t.grad.shape == x.shape
    assert not np.isfinite(t.grad).any()


def test_case_24_the_exponent_side_is_not_computed_unless_needed() -> None:
    x = Tensor([-2.0, -3.0], requires_grad=True)
    with np.errstate(all="raise"):
        np.sum(x**3).backward()
        np.sum(x ** np.array([3.0, 2.0])).backward()
    np.testing.assert_array_equal(x.grad, [24, 21])


@pytest.mark.parametrize(
    ("exponent", "second"), [(0, 0), (1, 0), (1.0, 0), (2, 2), (2.0, 2), (3, 0)]
)
def test_case_26_second_derivatives_of_powers_at_zero(exponent: float, second: float) -> None:
    assert float(mg.grad(mg.grad(lambda x: x**exponent))(0.0)) == second
    array = np.array([exponent], float)
    assert float(mg.grad(mg.grad(lambda x: np.sum(x**array)))(0.0)) == second


def test_case_37_the_curvature_of_sinc_at_zero() -> None:
    np.testing.assert_allclose(mg.grad(mg.grad(np.sinc))(0.0), -(np.pi**2) / 3, rtol=1e-14)


@pytest.mark.parametrize("x", [[1.0, INF, 2.0], [INF, 0.0, 0.0]])
def test_case_43_logsumexp_of_one_infinity(x: list[float]) -> None:
    """The value is infinite; the infinite entry's share is NaN or 1, the others' 0."""
    (g,) = gradients(mg.logsumexp, x)
    assert all(entry == 0 for entry, at in zip(g, x, strict=True) if at != INF)


def test_case_46_the_gradient_of_a_singular_determinant_is_its_cofactors() -> None:
    x = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    cofactors = [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]
    assert_close(mg.grad(np.linalg.det)(x), cofactors, 1e-12)
    t = np.arange(9.0).reshape(3, 3) ** 2
    expected = directional(mg.grad(np.linalg.det), [x], [t])
    assert_close(mg.hvp(np.linalg.det, [x], [t]).ravel(), expected)


# What has repeated eigenvalues or singular values: which are the values, which are vectors.
REPEATED = [
    (np.linalg.eigvalsh, lambda x: np.linalg.eigh(x)[1][0, 0]),
    (lambda x: np.real(np.linalg.eigvals(x)), lambda x: np.real(np.linalg.eig(x)[1])[0, 0]),
    (np.linalg.svdvals, lambda x: np.linalg.svd(x)[0][0, 0]),
]


@pytest.mark.parametrize(("values", "vector"), REPEATED)
def test_case_47_repeated_values_have_a_sum_and_their_vectors_no_derivative(
    values: Any, vector: Any
) -> None:
    (g,) = gradients(values, np.eye(2))
    assert_close(g, np.eye(2))
    (g,) = gradients(vector, np.eye(2))
    assert np.isnan(g).all()
    (g,) = gradients(vector, np.diag([2.0, 1.0]))
    assert np.isfinite(g).all()


def test_case_48_sigmoids_never_warn() -> None:
    far = Tensor([-1000.0, -INF, 1000.0, INF, 0.0], requires_grad=True)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for f in (mg.sigmoid, mg.softplus, mg.logsigmoid, mg.relu):
            f(far)
            np.sum(f(far)).backward()
    assert np.isfinite(far.grad).all()


def test_case_48_a_forward_overflow_warns_as_in_numpy() -> None:
    far = Tensor([-1000.0], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="overflow"):
        out = 1 / (1 + np.exp(-far))
    assert float(out.data[0]) == 0


def test_case_55_mean_over_nothing_is_numpys() -> None:
    empty = Tensor(np.zeros((0,)), requires_grad=True)
    with pytest.warns(RuntimeWarning):
        out = np.mean(empty)
    assert np.isnan(out.data)
    out.backward()
    assert empty.grad.shape == (0,)


def test_case_58_a_0d_gradient_stays_an_array() -> None:
    for point in (2.0, [2.0]):
        for g in gradients(lambda x: x * np.array([1.0, 2.0]), point):
            assert type(g) is np.ndarray
            assert g.shape == np.shape(point)


def test_case_64_matmul_of_every_rank_sums_over_broadcast_batches() -> None:
    for left, right in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 1, 2, 3), (5, 3, 2))]:
        x, y = np.ones(left), np.ones(right)
        assert [g.shape for g in gradients(np.matmul, x, y)] == [left, right]


@pytest.mark.parametrize("key", [3, -4, [0, 3], (slice(None), 5)])
def test_case_67_an_index_out_of_range_raises(key: Any) -> None:
    with pytest.raises(IndexError):
        Tensor(X, requires_grad=True)[key]
    with pytest.raises(IndexError):
        mg.index_update(Tensor(X, requires_grad=True), key, 0.0)


def test_case_69_masks_and_indices_are_copied_when_recorded() -> None:
    for make in (lambda: np.array([True, False, True]), lambda: np.array([0, 2])):
        for f in (
            lambda t, key: t[key],
            lambda t, key: mg.index_update(np.zeros(3), key, t[:2]),
            lambda t, key: mg.index_update(t, key, 0.0),
            lambda t, key: np.take(t, key) if key.dtype != bool else t[key],
        ):
            key, spared = make(), make()
            t, other = Tensor(X, requires_grad=True), Tensor(X, requires_grad=True)
            out = np.sum(f(t, key) ** 2)
            key[...] = 1
            out.backward()
            np.sum(f(other, spared) ** 2).backward()
            np.testing.assert_array_equal(t.grad, other.grad)


def test_case_70_transpose_then_reshape() -> None:
    weights = np.arange(6.0)
    (g,) = gradients(lambda x: x.T.reshape(-1) * weights, np.ones((2, 3)))
    np.testing.assert_array_equal(g, weights.reshape(3, 2).T)


@pytest.mark.parametrize("function", [np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std])
def test_case_71_axes_in_every_spelling(function: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for same in [
        (1, -2, (1,), (-2,)),
        ((0, 2), (2, 0), (-3, -1), (-1, 0)),
        ((0, 1, 2), (-1, 0, 1)),
    ]:
        for keepdims in (False, True):
            found = [
                gradients(lambda x, a=a, k=keepdims: function(x, axis=a, keepdims=k), x)[0]
                for a in same
            ]
            for other in found[1:]:
                np.testing.assert_allclose(other, found[0], rtol=1e-14)


@pytest.mark.parametrize("function", [np.max, np.min])
def test_case_74_an_empty_extremum_raises(function: Any) -> None:
    with pytest.raises(ValueError, match="zero-size"):
        function(Tensor([], requires_grad=True))


def test_case_78_a_list_of_tensors_stacks_with_history() -> None:
    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    np.sum(mg.tensor([x * y, y]) * np.array([1.0, 10.0])).backward()
    assert (float(x.grad), float(y.grad)) == (3.0, 12.0)


# ---------------------------------------------------------------- dtypes


def test_case_79_float32_times_a_python_number_stays_float32() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True, dtype=np.float32)
    for out in (
        t * 2.5,
        2.5 * t,
        t + 1,
        1 - t,
        t / 3,
        3 / t,
        t**2,
        t**2.5,
        2**t,
        np.clip(t, 0.5, 1),
    ):
        assert out.dtype == np.float32
    for out in (np.where(t > 1, t, 0.0), np.maximum(t, 0), np.mean(t), np.var(t, ddof=1)):
        assert out.dtype == np.float32


@pytest.mark.parametrize("wide", [np.float64(3), np.array(3.0), np.array([3, 4])], ids=repr)
def test_case_80_82_mixed_precision_follows_numpy_and_the_leaf(wide: Any) -> None:
    t = Tensor([1.0, 2.0], requires_grad=True, dtype=np.float32)
    for function in (np.multiply, np.divide, np.add, np.power, np.maximum, np.hypot):
        out = function(t, wide)
        assert out.dtype == function(t.data, wide).dtype == np.float64
        t.grad = None
        np.sum(out).backward()
        assert t.grad.dtype == np.float32


@pytest.mark.parametrize(
    "function", [np.mean, np.var, np.std, np.max, np.prod, np.linalg.norm, mg.logsumexp]
)
def test_case_81_float32_reductions_stay_float32(function: Any) -> None:
    (g,) = gradients(function, X, dtype=np.float32)
    assert g.dtype == np.float32


def test_case_83_float16_sums_and_means_are_accumulated_wider() -> None:
    """NumPy sums float16 in float32 inside `mean`; the cotangents must not overflow either."""
    x = np.full(70_000, 1.0, np.float16)
    out = np.mean(Tensor(x, requires_grad=True))
    assert out.dtype == np.float16
    assert float(out.data) == 1.0
    (g,) = gradients(np.mean, x, dtype=np.float16)
    assert g.dtype == np.float16
    np.testing.assert_allclose(g, 1 / 70_000, rtol=1e-2)


@pytest.mark.parametrize("data", [1, [1, 2], [True], np.array([1, 2], np.uint8)], ids=repr)
def test_case_84_a_leaf_that_does_not_vary_smoothly_is_an_error(data: Any) -> None:
    with pytest.raises(NotDifferentiableError, match="floating-point") as caught:
        Tensor(data, requires_grad=True)
    assert isinstance(caught.value, TypeError)
    with pytest.raises(NotDifferentiableError):
        mg.grad(np.sum)(np.asarray(data))


def test_case_85_the_gradient_of_a_complex_leaf_points_uphill() -> None:
    z = Tensor(3 + 4j, requires_grad=True)
    np.real(z * np.conj(z)).backward()
    assert z.grad == 6 + 8j
    assert_close(mg.grad(lambda z: np.abs(z) ** 2)(3 + 4j), 6 + 8j)


def test_case_86_the_size_of_a_complex_zero() -> None:
    z = Tensor(np.zeros(2, complex), requires_grad=True)
    np.sum(np.abs(z)).backward()
    np.testing.assert_array_equal(z.grad, np.zeros(2))


def test_case_87_an_array_and_a_tensor_make_a_tensor() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    for out in (
        np.ones(2) * t,
        np.ones(2) + t,
        np.ones((2, 2)) @ t,
        np.float64(2) * t,
        np.ones(2) < t,
    ):
        assert isinstance(out, Tensor)
        assert out.dtype != object


# ---------------------------------------------------------------- tails, to the second order

TAILS = [
    (mg.sigmoid, 40.0, 4.2483542552915889e-18, -4.2483542552915889e-18),
    (mg.sigmoid, -40.0, 4.2483542552915889e-18, 4.2483542552915889e-18),
    (mg.sigmoid, 1000.0, 0.0, 0.0),
    (mg.sigmoid, -1000.0, 0.0, 0.0),
    (np.tanh, 20.0, 1.6993417021166355e-17, -3.398683404233271e-17),
    (np.tanh, -20.0, 1.6993417021166355e-17, 3.398683404233271e-17),
    (np.tanh, 1000.0, 0.0, 0.0),
    (mg.softplus, 1000.0, 1.0, 0.0),
    (mg.softplus, -1000.0, 0.0, 0.0),
    (mg.softplus, 40.0, 1.0, 4.2483542552915889e-18),
    (mg.softplus, -40.0, 4.2483542552915889e-18, 4.2483542552915889e-18),
    (mg.logsigmoid, 1000.0, 0.0, 0.0),
    (mg.logsigmoid, -1000.0, 1.0, 0.0),
    (mg.logsigmoid, 40.0, 4.2483542552915889e-18, -4.2483542552915889e-18),
    (np.arctan, 1e200, 0.0, 0.0),
    (np.arcsinh, 1e200, 1e-200, 0.0),
]


@pytest.mark.parametrize(("f", "x", "first", "second"), TAILS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_slopes_in_the_tails(f: Any, x: float, first: float, second: float, dtype: Any) -> None:
    if dtype == np.float32 and abs(x) > 1e30:
        return
    point = np.array(x, dtype)
    tolerance = 1e-14 if dtype == np.float64 else 1e-5
    slope, curvature = mg.grad(f)(point), mg.grad(mg.grad(f))(point)
    assert slope.dtype == curvature.dtype == dtype
    np.testing.assert_allclose(slope, first, rtol=tolerance)
    np.testing.assert_allclose(curvature, second, rtol=tolerance)


@pytest.mark.parametrize("f", [np.max, np.min, mg.logsumexp, np.std, np.prod, np.linalg.norm])
def test_second_derivatives_of_reductions_are_right_away_from_kinks(f: Any) -> None:
    x, t = np.array([1.0, -3.0, 2.0]), np.array([0.3, 0.7, -0.2])
    expected = directional(mg.grad(f), [x], [t])
    assert_close(mg.hvp(f, [x], [t]), expected)


def test_second_derivatives_of_shifted_exponentials_at_extremes() -> None:
    """The shift that prevents overflow must not show up in any derivative."""
    x, t = np.array([1000.0, 999.0, -1000.0]), np.array([1.0, 0.0, 0.0])
    p = np.exp([0.0, -1.0]) / np.sum(np.exp([0.0, -1.0]))
    expected = [p[0] * p[1], -p[0] * p[1], 0.0]
    np.testing.assert_allclose(mg.hvp(mg.logsumexp, [x], [t]), expected, rtol=1e-12)
    np.testing.assert_allclose(
        mg.jvp(mg.grad(lambda x: -mg.log_softmax(x)[0]), [x], [t])[1], expected, rtol=1e-12
    )


# 53 to 55 in full belong to the losses and the loop: `test_losses`, `test_train`. From 88 on the
# cases are about the engine, from 115 on about the checker, and are tested with them.
