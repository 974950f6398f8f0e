"""Determinants of singular matrices, norms, least squares, and what is refused."""

# ruff: noqa: E501 - a row of a table stays on one line

import itertools
from typing import Any

import numpy as np
import pytest
from differences import assert_close, coordinates, jacobian
from leaves import leaf
from matrix_cases import MATRIX_ORDERS, RANKS, kinds, matrix, random_like
from optable.decomposition_rows import cofactors_by_minors

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.ops.derivatives.linalg.determinants import cofactors

# ---------------------------------------------------------------- determinants of singular matrices


@pytest.mark.parametrize("x", RANKS.values(), ids=RANKS)
def test_determinants_of_singular_matrices_to_the_third_derivative(x: Any) -> None:
    """Polynomials in the entries have derivatives everywhere, whatever the rank."""
    first, second, third = (random_like(x, seed) for seed in (1, 2, 3))
    weights = np.exp(0.7j) if x.dtype.kind == "c" else 1.0

    def f(x: Any) -> Any:
        return np.real(weights * np.linalg.det(x))

    def along(f: Any, direction: Any) -> Any:
        return lambda x: mg.jvp(f, [x], [direction])[1]

    assert_close(mg.grad(f)(x), np.conj(weights * cofactors_by_minors(x)), 1e-11)
    curved = cofactors_by_minors(x, first)
    assert_close(mg.hvp(f, [x], [first]), np.conj(weights * curved), 1e-10)
    assert_close(
        along(along(f, second), first)(x), np.real(weights * np.sum(curved * second)), 1e-10
    )
    bent = cofactors_by_minors(x, first, second)
    assert_close(mg.grad(along(along(f, second), first))(x), np.conj(weights * bent), 1e-9)
    expected = np.real(weights * np.sum(bent * third))
    assert_close(along(along(along(f, third), second), first)(x), expected, 1e-9)


def test_the_fourth_derivative_of_a_determinant_is_constant_at_size_four() -> None:
    x, directions = np.zeros((4, 4)), [random_like(np.zeros((4, 4)), seed) for seed in range(4)]
    expected = cofactors_by_minors(x, *directions[:3])
    assert_close(cofactors(x, *directions[:3]), expected, 1e-10)
    np.testing.assert_array_equal(cofactors(x, *directions), np.zeros((4, 4)))
    np.testing.assert_allclose(cofactors(x, directions[0], x, directions[1]), 0, atol=1e-12)


def test_a_batch_of_determinants_mixes_regular_and_singular() -> None:
    x = np.stack([RANKS["rank 3"], RANKS["zeros"], RANKS["twice the identity"], RANKS["rank 1"]])
    gradient = mg.grad(lambda x: np.sum(np.linalg.det(x)))(x)
    assert_close(gradient, cofactors_by_minors(x), 1e-11)


def test_a_large_determinant_agrees_with_the_inverse() -> None:
    x = matrix("real", 30, 30) / 10
    expected = np.linalg.det(x) * np.linalg.inv(x).T
    np.testing.assert_allclose(
        mg.grad(np.linalg.det)(x), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max()
    )


def test_slogdet_of_a_singular_matrix_is_not_differentiable() -> None:
    """As `log(abs(0))`: minus infinity, with a gradient of NaN, and others in the batch unharmed."""
    x = np.stack([np.eye(2), np.array([[1.0, 2.0], [2.0, 4.0]])])
    t = leaf(x)
    out = np.linalg.slogdet(t)
    np.testing.assert_array_equal(out.logabsdet.data, [0, -np.inf])
    np.sum(out.logabsdet).backward()
    np.testing.assert_array_equal(t.grad, [np.eye(2), np.full((2, 2), np.nan)])


# ---------------------------------------------------------------- norms


@pytest.mark.parametrize("ord_", MATRIX_ORDERS)
def test_the_gradient_of_a_matrix_norm_at_zero_is_zero(ord_: Any) -> None:
    for x in (np.zeros((2, 2)), np.zeros((3, 2)), np.zeros((2, 3), complex)):
        found = mg.grad(lambda x: np.linalg.norm(x, ord_))(x)
        np.testing.assert_array_equal(found, np.zeros_like(x))


@pytest.mark.parametrize("ord_", [None, 0, 0.5, 1, 1.5, 2, 3, np.inf, -np.inf])
def test_the_gradient_of_a_complex_vector_norm_at_zero_is_zero(ord_: Any) -> None:
    found = mg.grad(lambda x: np.linalg.norm(x, ord_))(np.zeros(3, complex))
    np.testing.assert_array_equal(found, np.zeros(3))


def test_a_norm_curves_infinitely_at_zero() -> None:
    """In forward and in reverse; away from zero, and squared, it does not."""
    for norm in (np.linalg.norm, lambda x: np.linalg.vector_norm(x, ord=3)):
        for mode in ("forward", "reverse"):
            found = mg.jacobian(mg.grad(norm), mode=mode)(np.zeros(2))
            assert np.isnan(found).all()


def test_an_entry_that_is_zero_has_slope_zero_in_every_norm() -> None:
    """Also of order less than one, where a norm is no norm and has a cusp."""
    for ord_ in (0.5, 1, 1.5, 2, 3):
        found = mg.grad(lambda x, p=ord_: np.linalg.norm(x, p))(np.array([0.0, -2.0]))
        np.testing.assert_array_equal(found, [0, -1])


@pytest.mark.parametrize("x", [[0.0, 1.0, -2.0], [0.0, 1.0, 2j], [0.0, 0.0, 3.0]])
@pytest.mark.parametrize("ord_", [-0.5, -1, -2, -3, -np.inf])
@pytest.mark.filterwarnings("ignore:divide by zero")  # NumPy's norm warns
def test_a_norm_of_negative_order_stays_zero_while_an_entry_is_zero(ord_: Any, x: Any) -> None:
    for norm in (np.linalg.norm, np.linalg.vector_norm):
        found = mg.grad(lambda x, norm=norm: norm(x, ord=ord_))(np.array(x))
        np.testing.assert_array_equal(found, np.zeros(3))
        slope = mg.jvp(lambda x, norm=norm: norm(x, ord=ord_), [np.array(x)], [np.ones(3)])[1]
        np.testing.assert_array_equal(slope, 0)


UNEVEN = np.array([[1.0, 0.0], [-1.0, 2.0]])
KINKS = [
    ("nuc", np.ones((2, 2)), np.full((2, 2), 0.5)),  # the zero singular value adds nothing
    (-2, np.ones((2, 2)), np.zeros((2, 2))),  # the smallest is 0, and has a kink there
    (2, np.diag([3.0, -3.0]), np.diag([0.5, -0.5])),
    (1, UNEVEN, [[0.5, 0], [-0.5, 0.5]]),
    (-1, UNEVEN, [[0.5, 0], [-0.5, 0.5]]),
    (np.inf, UNEVEN, [[0, 0], [-1, 1]]),
]


@pytest.mark.parametrize(("ord_", "x", "expected"), KINKS)
def test_matrix_norms_where_values_tie_or_vanish(ord_: Any, x: Any, expected: Any) -> None:
    np.testing.assert_allclose(mg.grad(lambda x: np.linalg.norm(x, ord_))(x), expected, atol=1e-15)


def test_matrix_norm_and_norm_agree_over_any_axes() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for ord_, axis in itertools.product(
        ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf], [(0, 2), (2, 0), (-1, 1)]
    ):

        def f(x: Any, ord_: Any = ord_, axis: Any = axis) -> Any:
            return np.sum(np.linalg.norm(x, ord_, axis) ** 2)

        def g(x: Any, ord_: Any = ord_, axis: Any = axis) -> Any:
            return np.sum(np.linalg.matrix_norm(np.moveaxis(x, axis, (-2, -1)), ord=ord_) ** 2)

        assert_close(mg.grad(f)(x), mg.grad(g)(x))
        assert_close(mg.grad(f)(x).ravel(), jacobian(f, [x])[0][0])


# ---------------------------------------------------------------- least squares


@kinds
@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)])
@pytest.mark.parametrize("columns", [(), (3,)])
def test_every_result_of_lstsq(kind: str, shape: Any, columns: Any) -> None:
    """The solution, the sums of squared residuals, and the singular values."""
    a, b = (
        matrix(kind, *shape),
        random_like(np.zeros((shape[0], *columns), matrix(kind, 1, 1).dtype)),
    )

    def loss(a: Any, b: Any) -> Any:
        x, sums, rank, s = np.linalg.lstsq(a, b)
        return np.sum(np.abs(x) ** 2) + np.sum(np.sin(sums)) + float(rank) * np.sum(s**3)

    for found, expected in zip(
        mg.grad(lambda p: loss(*p))([a, b]), jacobian(loss, [a, b]), strict=True
    ):
        assert_close(coordinates(found), expected[0])


def test_lstsq_of_low_rank_keeps_the_rank() -> None:
    """Along matrices of rank one, where the solution is continuous."""
    u, v, b = np.array([1.0, 2.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, -1.0, 2.0])

    def f(u: Any, v: Any) -> Any:
        return np.sum(np.linalg.lstsq(np.outer(u, v), b, rcond=1e-10)[0] * np.array([1.0, 3.0]))

    for found, expected in zip(mg.grad(lambda p: f(*p))([u, v]), jacobian(f, [u, v]), strict=True):
        assert_close(found, expected[0])


# ---------------------------------------------------------------- results and refusals


@pytest.mark.parametrize(
    "f", [np.linalg.eigh, np.linalg.eig, np.linalg.svd, np.linalg.qr, np.linalg.slogdet]
)
@pytest.mark.parametrize("tracked", [True, False])
def test_results_have_the_names_that_numpy_gives_them(f: Any, tracked: bool) -> None:
    x = matrix("real", 3, 3)
    expected, found = f(x), f(Tensor(x, requires_grad=tracked))
    assert type(found) is type(expected)
    for name in expected._fields:
        part = getattr(found, name)
        assert part.requires_grad == tracked
        np.testing.assert_allclose(part.data, getattr(expected, name), rtol=1e-14)
    value, pullback = mg.vjp(f, x)
    assert type(value) is type(expected)
    (gradient,) = pullback(expected)
    assert gradient.shape == x.shape
    with mg.no_grad():
        assert type(f(leaf(x))) is type(expected)


def test_matrix_rank_is_a_constant() -> None:
    assert int(np.linalg.matrix_rank(leaf(np.ones((3, 3))))) == 1


def test_the_multiplications_of_a_chain_are_put_in_the_cheapest_order() -> None:
    shapes = [(10, 100), (100, 5), (5, 50)]
    out = np.linalg.multi_dot([leaf(np.ones(shape)) for shape in shapes])
    assert [x.shape for x in out.inputs] == [(10, 5), (5, 50)]


def test_what_qr_cannot_differentiate_is_refused() -> None:
    for mode in ("raw", "complete"):
        with pytest.raises(NotImplementedError, match="mode='reduced'"):
            np.linalg.qr(leaf(np.ones((3, 2))), mode=mode)


def test_singular_matrices_raise_what_numpy_raises() -> None:
    ones = leaf(np.ones((2, 2)))
    for f in (
        np.linalg.inv,
        lambda x: np.linalg.solve(x, np.ones(2)),
        np.linalg.cholesky,
        lambda x: np.linalg.cond(x, 1),
    ):
        with pytest.raises(np.linalg.LinAlgError):
            f(ones)
    q, r = np.linalg.qr(leaf(np.diag([1.0, 0.0])))
    with pytest.raises(np.linalg.LinAlgError):
        np.sum(q + r).backward()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: np.cross(x, np.ones(4)), "3 entries"),
        (lambda x: np.linalg.cross(x[:, :2], np.ones(2)), "3 entries"),
        (lambda x: np.linalg.multi_dot([x]), "two arrays"),
        (lambda x: np.linalg.matrix_power(x, 2), "square"),
        (lambda x: np.linalg.tensorsolve(x, np.ones(2)), "square when flattened"),
        (lambda x: np.linalg.tensorinv(x, ind=0), "positive"),
        (lambda x: np.linalg.cond(x[:0]), "empty"),
        (lambda x: np.linalg.outer(x, np.ones(2)), "one-dimensional"),
        (lambda x: np.linalg.norm(x, 3), "norm order"),
        (np.linalg.det, "square"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused(call: Any, match: str) -> None:
    for x in (leaf(np.ones((2, 3))), Tensor(np.ones((2, 3)))):
        with pytest.raises(ValueError, match=match):
            call(x)


def test_vectors_of_two_entries_lie_in_the_plane() -> None:
    x, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.5, 4.0])
    flat = np.cross(leaf(x), y)
    np.testing.assert_array_equal(flat.data, x[:, 0] * y[1] - x[:, 1] * y[0])
    full = np.cross(leaf(x), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(full.data, np.cross(np.c_[x, [0, 0]], [1, 2, 3]))
    t, u = leaf(x), leaf(y)
    np.sum(np.sin(np.cross(t, u))).backward()
    slopes = np.cos(flat.data)[:, None]
    assert_close(t.grad, slopes * [4.0, -0.5])
    assert_close(u.grad, np.sum(slopes * np.c_[-x[:, 1], x[:, 0]], axis=0))
