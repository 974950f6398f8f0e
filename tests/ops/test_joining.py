"""Joining, splitting, padding, choosing and creating: what the rows of the op tests do not say."""

from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional, jacobian

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import InPlaceError, LeavesGraphError, OptionError
from micrograd_np.ops.derivatives.indexing import fill_diagonal

Array = np.ndarray[Any, Any]
A = np.array([[0.5, -1.5, 2.5], [1.75, 3.5, -0.75]])
V = np.array([1.5, -0.5, 2.0])


def tracked(x: Any) -> Tensor:
    return Tensor(x, requires_grad=True)


def assert_differentiates(f: Any, *xs: Array) -> None:
    """Value as NumPy's; gradient, jvp and a Hessian-vector product against differences."""
    rng = np.random.default_rng(7)
    np.testing.assert_allclose(f(*map(tracked, xs)).data, f(*xs), rtol=1e-12, atol=1e-13)
    weights = rng.standard_normal(np.shape(f(*xs)))
    directions = [rng.standard_normal(x.shape) for x in xs]
    pullback = mg.vjp(f, *xs)[1]
    matrices = jacobian(f, list(xs))
    for found, matrix in zip(pullback(weights), matrices, strict=True):
        assert_close(found.ravel(), weights.ravel() @ matrix)
    along = sum(m @ t.ravel() for m, t in zip(matrices, directions, strict=True))
    assert_close(mg.jvp(f, xs, directions)[1].ravel(), along)

    def loss(*xs: Any) -> Any:
        return np.sum(weights * f(*xs) ** 2)

    wrt = tuple(range(len(xs)))
    expected = directional(lambda *xs: list(mg.grad(loss, wrt)(*xs)), list(xs), directions)
    found = mg.jvp(lambda *xs: list(mg.grad(loss, wrt)(*xs)), xs, directions)[1]
    assert_close(np.concatenate([part.ravel() for part in found]), expected)


# ---------------------------------------------------------------- joining

BLOCKS = [
    lambda a, v: np.block([[a], [v]]),
    lambda a, v: np.block([[a, a], [v, 1.0, np.ones(2)]]),
    lambda a, v: np.block([v, 2.0, v]),
    lambda a, v: np.block([[[a]], [[a + v]]]),
    lambda a, v: np.block(a * v),
    lambda a, v: np.block([[a.T, v[:, None]], [np.zeros((1, 2)), v[:1]]]),
]


@pytest.mark.parametrize("f", BLOCKS)
def test_blocks_of_every_depth(f: Any) -> None:
    assert_differentiates(f, A, V)


@pytest.mark.parametrize(
    ("nested", "error"),
    [
        (lambda t: [[t, t], t], ValueError),
        (lambda t: [[t], []], ValueError),
        (lambda t: [(t, t)], TypeError),
    ],
)
def test_blocks_that_do_not_nest_evenly(nested: Any, error: type) -> None:
    with pytest.raises(error, match=r"np\.block"):
        np.block(nested(tracked(A)))


JOINS = [
    lambda a, v: np.vstack([a, v, [1.0, 2.0, 3.0]]),
    lambda a, v: np.hstack([v, 2.0, a[0]]),
    lambda a, v: np.dstack([v, v**2]),
    lambda a, v: np.column_stack([a.T, v, [1.0, 2.0, 3.0]]),
    np.append,
    lambda a, v: (
        np.append(a, [v], axis=0) if isinstance(v, np.ndarray) else np.append(a, v[None], axis=0)
    ),
    lambda a, v: np.concatenate([a, v, 3.0], axis=None),
    lambda a, v: np.concatenate([a, v[None] * 2], casting="unsafe"),
    lambda a, v: np.stack([a[0], v, v], axis=-1, casting="same_kind"),
    lambda a, v: np.broadcast_arrays(v, a)[0] * np.broadcast_arrays(v, a)[1],
    lambda a, v: np.meshgrid(v, a[0], indexing="ij")[0] * np.meshgrid(v, a[0], indexing="ij")[1],
    lambda a, v: np.sum(np.stack(np.unstack(a, axis=1)[:2]), axis=0)[:, None] * v,
]


@pytest.mark.parametrize("f", JOINS)
def test_joins_of_tensors_and_plain_values(f: Any) -> None:
    assert_differentiates(f, A, V)


def test_one_tensor_joined_with_itself_receives_from_each_place() -> None:
    t = tracked(V)
    np.sum(np.vstack([t, t, t]) * np.array([[1.0], [10.0], [100.0]])).backward()
    np.testing.assert_array_equal(t.grad, [111, 111, 111])


@pytest.mark.parametrize("concatenate", [np.r_, np.c_], ids=["r_", "c_"])
def test_joins_by_indexing_are_refused(concatenate: Any) -> None:
    with pytest.raises(LeavesGraphError, match=r"mg\.stack"):
        concatenate[tracked(V), 1.0]


# ---------------------------------------------------------------- splitting


@pytest.mark.parametrize("split", [np.split, np.array_split])
@pytest.mark.parametrize("cuts", [[3, 1], [2, 2, 0, 4], [-1, 1], [4, 0, 0, 9], np.array([1, 3])])
@pytest.mark.parametrize("axis", [0, -1])
def test_cuts_may_overlap(split: Any, cuts: Any, axis: int) -> None:
    x = np.arange(12.0).reshape(3, 4) ** 1.5

    def f(x: Any) -> Any:
        return np.concatenate(
            [(k + 1.0) * p**2 for k, p in enumerate(split(x, cuts, axis=axis))], axis
        )

    assert_differentiates(f, x)


@pytest.mark.parametrize("split", [np.hsplit, np.vsplit, np.dsplit])
def test_a_split_along_an_axis_that_is_not_there(split: Any) -> None:
    with pytest.raises(ValueError, match="dimensions"):
        split(tracked(2.0), 1)


# ---------------------------------------------------------------- padding

MODES = [
    "constant",
    "edge",
    "linear_ramp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "reflect",
    "symmetric",
    "wrap",
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("widths", [((1, 2), (3, 1)), ((0, 0), (0, 4)), 2])
def test_every_mode_of_padding(mode: str, widths: Any) -> None:
    assert_differentiates(lambda x: np.pad(x, widths, mode), A)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("width", [1, 5, (0, 7), ((9, 0), (2, 3))])
def test_odd_reflections(mode: str, width: Any) -> None:
    assert_differentiates(lambda x: np.pad(x, width, mode, reflect_type="odd"), A)


def test_the_values_that_are_padded_with_vary_too() -> None:
    ends = np.array([[1.0, 2.0], [3.0, 4.5]])

    def ramp(x: Any, ends: Any) -> Any:
        return np.pad(x, 3, "linear_ramp", end_values=ends)

    def constant(x: Any, value: Any) -> Any:
        return np.pad(x, ((1, 2), (2, 0)), constant_values=value)

    for f, values in (
        (ramp, ends),
        (ramp, np.array(2.0)),
        (constant, ends),
        (constant, np.array(2.0)),
    ):
        t = tracked(values)
        np.testing.assert_allclose(f(tracked(A), t).data, f(A, values), rtol=1e-12)
        np.sum(f(tracked(A), t) ** 2).backward()
        expected = mg.vjp(lambda v, f=f: f(Tensor(A), v), values)[1](2 * f(A, values))[0]
        assert_close(t.grad, expected)
        differences = jacobian(lambda v, f=f: np.sum(f(A, v) ** 2), [values])[0]
        assert_close(t.grad.ravel(), differences.ravel())


def test_integers_are_padded_as_numpy_pads_them() -> None:
    x = np.array([[3, 8, 1], [4, 4, 9]])
    for mode in MODES:
        for widths in (2, ((1, 0), (0, 4))):
            out = np.pad(Tensor(x), widths, mode)
            expected = np.pad(x, widths, mode)
            np.testing.assert_array_equal(out.data, expected)
            assert out.dtype == expected.dtype


def test_ties_of_padded_maxima_share() -> None:
    t = tracked([1.0, 3.0, 3.0])
    np.pad(t, (1, 0), "maximum")[0].backward()
    np.testing.assert_array_equal(t.grad, [0, 0.5, 0.5])


def test_padding_by_a_function_is_refused() -> None:
    with pytest.raises(TypeError, match="concatenate"):
        np.pad(tracked(V), 1, lambda vector, *_: None)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("mean", {"end_values": 1}),
        ("edge", {"stat_length": 1}),
        ("constant", {"reflect_type": "odd"}),
        ("spiral", {}),
    ],
)
def test_options_that_do_not_go_with_the_mode(mode: Any, options: Any) -> None:
    with pytest.raises(ValueError, match="mode"):
        np.pad(V, 1, mode, **options)
    with pytest.raises(ValueError, match="mode"):
        np.pad(tracked(V), 1, mode, **options)


def test_an_empty_axis_has_nothing_to_repeat() -> None:
    for mode in ("mean", "linear_ramp", "edge", "maximum"):
        with pytest.raises(ValueError, match=r"empty axis|axis 0"):
            np.pad(tracked(np.zeros((0, 2))), ((1, 0), (0, 0)), mode)


# ---------------------------------------------------------------- shapes


def test_diagonals_of_vectors_and_matrices() -> None:
    for k in (-4, -1, 0, 2):
        assert_differentiates(lambda v, k=k: np.diag(v, k), V)
        assert_differentiates(lambda a, k=k: np.diag(a, k) ** 2, A)
        assert_differentiates(lambda a, k=k: np.tril(a, k) * np.triu(a, k + 1) + np.triu(a, k), A)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (7, 2), (3, 3, 3), (2, 2, 2, 2), (0, 3)])
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("value", [2.5, [1.5, -2.5], np.arange(9.0), [[1.0], [2.0]]])
def test_fill_diagonal(shape: tuple[int, ...], wrap: bool, value: Any) -> None:
    x = np.random.default_rng(1).standard_normal(shape)
    expected = x.copy()
    np.fill_diagonal(expected, value, wrap=wrap)
    np.testing.assert_array_equal(fill_diagonal(x, value, wrap), expected)
    np.testing.assert_array_equal(fill_diagonal(tracked(x), tracked(value), wrap).data, expected)
    assert_differentiates(lambda x, v: fill_diagonal(x, v, wrap), x, np.asarray(value, float))


@pytest.mark.parametrize(("x", "value"), [(V, 1.0), (np.zeros((2, 3, 2)), 1.0), (A, [])])
def test_a_diagonal_that_cannot_be_filled(x: Array, value: Any) -> None:
    with pytest.raises(ValueError, match="fill_diagonal"):
        fill_diagonal(tracked(x), value)


def test_writing_a_diagonal_in_place_names_the_function() -> None:
    with pytest.raises(InPlaceError, match=r"mg\.fill_diagonal"):
        np.fill_diagonal(tracked(A), 1.0)


def test_quarter_turns_and_other_orders() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    for k in range(-4, 5):
        for axes in ((0, 1), (2, 0), (-1, 1)):
            np.testing.assert_array_equal(np.rot90(tracked(x), k, axes).data, np.rot90(x, k, axes))
    for axis in range(-3, 3):
        for start in range(-3, 4):
            rolled = np.rollaxis(tracked(x), axis, start)
            np.testing.assert_array_equal(rolled.data, np.rollaxis(x, axis, start))
    with pytest.raises(np.exceptions.AxisError):
        np.rollaxis(tracked(x), 0, 4)
    with pytest.raises(ValueError, match="axis"):
        np.rot90(tracked(x), axes=(1, 1))


# ---------------------------------------------------------------- choosing


def test_no_cotangent_comes_from_what_is_not_chosen() -> None:
    for choose in (
        lambda x: np.select([x > 0], [np.sqrt(x)], 0.0),
        lambda x: np.piecewise(x, [x > 0], [np.sqrt, lambda x: 0 * x]),
        lambda x: np.choose((x > 0).astype(int), [0.0 * x, x]),
    ):
        with np.errstate(invalid="ignore"):
            t = tracked([-1.0, 4.0])
            np.sum(choose(t)).backward()
        assert t.grad[1] != 0
    t = tracked([-1.0, 4.0])
    np.sum(np.piecewise(t, [t > 0], [np.sqrt, lambda x: 0 * x])).backward()
    np.testing.assert_array_equal(t.grad, [0, 0.25])


CHOICES = [
    lambda a, v: np.select([v > 1.7, v > 0], [a, v], 3.0),
    lambda a, v: np.choose([[0], [1]], [a, v]),
    lambda a, v: np.choose([2, 0, 1], [a, v, 5.0]),
    lambda a, v: np.choose([7, -1, 1], [a, v], mode="wrap"),
    lambda a, v: np.extract(a > 0, a * v),
    lambda a, v: np.compress([True, False, True], a * v, axis=1),
    lambda a, v: np.delete(a * v, [0, 4]),
    lambda a, v: np.delete(a * v, slice(1, None), axis=1),
    lambda a, v: np.insert(a, 1, v, axis=0),
    lambda a, v: np.insert(a, [0, 2, 2], v, axis=1),
    lambda a, v: np.insert(a, [3, -1], v[:2]),
    lambda a, v: np.insert(a, slice(None, None, 2), v),
    lambda a, v: np.trim_zeros(a[0] * v * np.array([0.0, 1.0, 0.0])),
    lambda a, v: np.resize(a * v, (4, 3)),
    lambda a, v: np.apply_along_axis(lambda row: row * v[:2] + row[0] ** 2, 0, a),
    lambda a, v: np.apply_over_axes(np.sum, a * v, (0, 1)),
    lambda a, v: np.piecewise(a, [a > 1, a < 0], [lambda x: x * v[0], v[1], np.sin]),
]


@pytest.mark.parametrize("f", CHOICES)
def test_choices_of_tensors_and_plain_values(f: Any) -> None:
    if f is CHOICES[-1]:
        f_array = lambda a, v: np.where(a > 1, a * v[0], np.where(a < 0, v[1], np.sin(a)))
        np.testing.assert_allclose(f(tracked(A), tracked(V)).data, f_array(A, V))
        for found, expected in zip(
            mg.grad(lambda a, v: np.sum(f(a, v)), (0, 1))(A, V),
            jacobian(lambda a, v: np.sum(f_array(a, v)), [A, V]),
            strict=True,
        ):
            assert_close(np.ravel(found), expected.ravel())
        return
    assert_differentiates(f, A, V)


def test_positions_from_tensors_are_keys() -> None:
    t, places = tracked(A), Tensor([1, 0])
    np.testing.assert_array_equal(t[np.ix_(places, [0, 2])].data, A[np.ix_([1, 0], [0, 2])])
    np.testing.assert_array_equal(t[np.nonzero(t > 1)].data, A[A > 1])
    np.testing.assert_array_equal(t[np.tril_indices_from(t)].data, A[np.tril_indices_from(A)])
    np.testing.assert_array_equal(np.lexsort((t[0], t[1])).data, np.lexsort((A[0], A[1])))
    np.testing.assert_array_equal(
        np.ravel_multi_index((places, [0, 2]), (2, 3)).data,
        np.ravel_multi_index(([1, 0], [0, 2]), (2, 3)),
    )


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda t: np.choose(t, [t, t]), TypeError),
        (lambda t: np.choose([0, 2, 1], [t, t]), ValueError),
        (lambda t: np.select([t], [t]), TypeError),
        (lambda t: np.select([t > 0, t > 1], [t]), ValueError),
        (lambda t: np.insert(t, 9, 1.0), IndexError),
        (lambda t: np.delete(t, 9), IndexError),
        (lambda t: np.trim_zeros(t, "x"), ValueError),
        (lambda t: np.piecewise(t, [t > 0], [1.0, 2.0, 3.0]), ValueError),
        (lambda t: np.resize(t, (-1,)), ValueError),
        (lambda t: np.compress([True, False, True], t, out=t.data), OptionError),
        (lambda t: np.linspace(t, 1.0, retstep=True), OptionError),
        (lambda t: np.ix_(t, t[None]), ValueError),
        (lambda t: np.meshgrid(t, indexing="yx"), ValueError),
        (lambda t: np.geomspace(t, 0.0), ValueError),
    ],
)
def test_calls_that_have_no_result(f: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        f(tracked(V))


def test_methods_that_choose() -> None:
    t = tracked(A)
    np.testing.assert_array_equal(t.compress([False, True], axis=0).data, A[1:])
    chosen = Tensor([0, 1, 0]).choose([t[0], t[1]])
    np.testing.assert_array_equal(chosen.data, [A[0, 0], A[1, 1], A[0, 2]])
    np.sum(chosen).backward()
    np.testing.assert_array_equal(t.grad, [[1, 0, 1], [0, 1, 0]])


# ---------------------------------------------------------------- creation, the extended domain


def test_ranges_between_varying_ends() -> None:
    start, stop = np.array(1.5), np.array([2.0, 7.0, 4.0])
    for options in ({"num": 4}, {"num": 3, "endpoint": False}, {"num": 5, "axis": -1}, {"num": 1}):
        for function in (np.linspace, np.logspace, np.geomspace):
            assert_differentiates(lambda a, b, f=function, o=options: f(a, b, **o), start, stop)
    assert_differentiates(lambda base: np.logspace(0.0, 2.0, 3, base=base), stop)
    assert_differentiates(lambda stop: np.geomspace(-3.0, -stop, 4), stop)


def test_roots_and_logarithms_of_negative_numbers_are_complex() -> None:
    t = tracked([-4.0, 9.0])
    out = np.emath.sqrt(t)
    np.testing.assert_array_equal(out.data, [2j, 3])
    np.sum(np.abs(out) ** 2).backward()
    np.testing.assert_allclose(t.grad, [-1, 1])
    assert np.emath.sqrt(tracked([4.0, 9.0])).dtype == np.float64
    assert np.emath.log(Tensor([-1.0], dtype=np.float32)).dtype == np.complex64
    np.testing.assert_allclose(np.emath.power(tracked([-2.0]), [3, -2]).data, [-8, 0.25])
