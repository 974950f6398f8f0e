"""Sums of products: einsum over random subscripts, and the rest of the family against einsum."""

import string
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import pytest
from differences import assert_close, directional, jacobian
from hypothesis import HealthCheck, assume, given, settings

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.ops.kernels import einsum as contraction


class Contraction(NamedTuple):
    """An einsum call: its subscripts and operands."""

    subscripts: str
    operands: list[np.ndarray]
    options: dict[str, Any]


@st.composite
def contractions(draw: Any) -> Contraction:
    """Terms with traces, labels summed out or repeated, size-1 labels and ellipses."""
    sizes = {label: draw(st.integers(1, 3)) for label in "abCd"}
    batch = draw(st.lists(st.integers(1, 2), max_size=2))
    dotted = draw(st.booleans())
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        labels = draw(st.lists(st.sampled_from("abCd"), max_size=3))
        narrow = draw(st.sampled_from([*labels, None, None]))  # a label of this operand with size 1
        shape = [1 if label == narrow else sizes[label] for label in labels]
        if dotted and draw(st.booleans()):
            own = batch[draw(st.integers(0, len(batch))) :]
            own = [draw(st.sampled_from([n, 1])) for n in own]
            place = draw(st.integers(0, len(labels)))
            labels[place:place], shape[place:place] = ["..."], own
        terms.append("".join(labels))
        shapes.append(shape)
    subscripts = ",".join(terms)
    if draw(st.booleans()):
        present = sorted(set(subscripts) & set("abCd"))
        output = draw(st.lists(st.sampled_from(present), unique=True)) if present else []
        if "..." in subscripts:
            output.insert(draw(st.integers(0, len(output))), "...")
        subscripts += "->" + "".join(output)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    operands = [rng.normal(size=shape) for shape in shapes]
    options = draw(st.sampled_from([{}, {"optimize": True}, {"optimize": "greedy"}]))
    try:
        np.einsum(subscripts, *operands, **options)
    except ValueError:  # a trace of unequal lengths, which NumPy refuses
        assume(False)
    return Contraction(subscripts, operands, options)


@given(contractions())
def test_einsum_against_differences(drawn: Contraction) -> None:
    subscripts, operands, options = drawn

    def f(*xs: Any) -> Any:
        return np.einsum(subscripts, *xs, **options)

    out, pullback = mg.vjp(f, *operands)
    np.testing.assert_allclose(out, f(*operands), rtol=1e-12, atol=1e-12)
    rng = np.random.default_rng(0)
    g = rng.normal(size=out.shape)
    for found, matrix, x in zip(pullback(g), jacobian(f, operands), operands, strict=True):
        assert found.shape == x.shape
        assert_close(found.ravel(), g.ravel() @ matrix)
    ts = [rng.normal(size=x.shape) for x in operands]
    assert_close(mg.jvp(f, operands, ts)[1].ravel(), directional(f, operands, ts))


@given(contractions())
def test_einsum_to_the_second_order(drawn: Contraction) -> None:
    subscripts, operands, options = drawn
    rng = np.random.default_rng(1)
    ts = [rng.normal(size=x.shape) for x in operands]

    def f(*xs: Any) -> Any:
        return np.sum(np.einsum(subscripts, *xs, **options) ** 2)

    gradient = mg.grad(f, tuple(range(len(operands))))
    expected = directional(lambda *xs: list(gradient(*xs)), operands, ts)
    forward = mg.jvp(lambda *xs: list(gradient(*xs)), operands, ts)[1]
    reverse = mg.vjp(lambda *xs: list(gradient(*xs)), *operands)[1](ts)
    for found in (forward, reverse):
        assert_close(np.concatenate([part.ravel() for part in found]), expected)


@given(contractions())
def test_einsum_of_one_tensor_several_times(drawn: Contraction) -> None:
    """Contributions are added for each place the Tensor stands at."""
    subscripts, operands, options = drawn
    first = operands[0]
    assume(all(x.shape == first.shape for x in operands[1:]))

    def f(x: Any) -> Any:
        return np.einsum(subscripts, *[x] * len(operands), **options)

    t = Tensor(first, requires_grad=True)
    np.sum(f(t)).backward()
    (matrix,) = jacobian(f, [first])
    assert_close(t.grad.ravel(), matrix.sum(axis=0))


@given(contractions())
def test_einsum_of_operands_and_lists_of_labels(drawn: Contraction) -> None:
    """`np.einsum(x, [0, 1], y, [1])` means what the letters mean."""
    subscripts, operands, options = drawn
    terms, arrow, output = subscripts.partition("->")

    def numbered(term: str) -> list[Any]:
        letters = sorted(set(terms) & set(string.ascii_letters))
        spelled = term.replace("...", ".")
        return [... if c == "." else letters.index(c) for c in spelled]

    def interleaved(*xs: Any) -> Any:
        pairs = zip(xs, terms.split(","), strict=True)
        calls = [part for x, term in pairs for part in (x, numbered(term))]
        return np.einsum(*calls, *([numbered(output)] if arrow else []), **options)

    def lettered(*xs: Any) -> Any:
        return np.einsum(subscripts, *xs, **options)

    one, other = mg.vjp(interleaved, *operands), mg.vjp(lettered, *operands)
    np.testing.assert_array_equal(one[0], interleaved(*operands))
    g = np.random.default_rng(2).normal(size=one[0].shape)
    for x, y in zip(one[1](g), other[1](g), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


@pytest.mark.oracle
@given(contractions())
def test_einsum_against_torch(drawn: Contraction) -> None:
    torch = pytest.importorskip("torch")
    subscripts, operands, options = drawn
    subscripts = subscripts.replace("C", "c")
    xs = [torch.tensor(x, requires_grad=True) for x in operands]
    out = torch.einsum(subscripts, *xs)
    ours = [Tensor(x, requires_grad=True) for x in operands]
    mine = np.einsum(subscripts, *ours, **options)
    np.testing.assert_allclose(mine.data, out.detach().numpy(), rtol=1e-10, atol=1e-10)
    g = np.random.default_rng(3).normal(size=mine.shape)
    out.backward(torch.tensor(g))
    mine.backward(g)
    for x, y in zip(ours, xs, strict=True):
        theirs = np.zeros(x.shape) if y.grad is None else y.grad.numpy()
        np.testing.assert_allclose(x.grad, theirs, rtol=1e-10, atol=1e-10)


def test_einsum_with_an_operand_that_is_no_tensor() -> None:
    weights = np.arange(3.0)
    t = Tensor(np.ones((2, 3)), requires_grad=True)
    np.sum(np.einsum("ij,j->i", t, weights)).backward()
    np.testing.assert_array_equal(t.grad, [weights, weights])
    np.testing.assert_array_equal(np.einsum(",", 2.0, Tensor(3.0)).data, 6.0)


# ---------------------------------------------------------------- the family, as einsum

BATCHES = [
    ((), ()),
    ((4,), ()),
    ((), (4,)),
    ((4,), (4,)),
    ((1,), (4,)),
    ((4, 1), (1, 3)),
    ((2, 4), (4,)),
]
FAMILY = [
    (np.matmul, (2, 3), (3, 2), "...ij,...jk->...ik"),
    (np.matvec, (2, 3), (3,), "...ij,...j->...i"),
    (np.vecmat, (3,), (3, 2), "...i,...ij->...j"),
    (np.vecdot, (3,), (3,), "...i,...i->..."),
    (np.linalg.vecdot, (3,), (3,), "...i,...i->..."),
]


def assert_same_derivatives(f: Any, same: Any, points: list[np.ndarray]) -> None:
    """Value, gradients and second derivatives of two ways to write one function."""
    rng = np.random.default_rng(0)
    out, pullback = mg.vjp(f, *points)
    expected, right = mg.vjp(same, *points)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-14)
    g, ts = rng.normal(size=out.shape), [rng.normal(size=x.shape) for x in points]
    for x, y in zip(pullback(g), right(g), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)
    squares = [mg.hvp(lambda *xs, h=h: np.sum(h(*xs) ** 2), points, ts) for h in (f, same)]
    for x, y in zip(*squares, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("left", "right"), BATCHES)
@pytest.mark.parametrize(
    ("function", "x", "y", "subscripts"), FAMILY, ids=lambda p: getattr(p, "__name__", "")
)
def test_batches_broadcast(
    function: Any, x: Any, y: Any, subscripts: str, left: Any, right: Any
) -> None:
    rng = np.random.default_rng(1)
    points = [rng.normal(size=left + x), rng.normal(size=right + y)]
    assert_same_derivatives(function, lambda *xs: np.einsum(subscripts, *xs), points)


@pytest.mark.parametrize("axis", [0, 1, -1, -2, -3])
def test_vecdot_along_any_axis(axis: int) -> None:
    rng = np.random.default_rng(2)
    points = [rng.normal(size=(3, 3, 3)), rng.normal(size=(3, 3, 3))]
    for function in (np.vecdot, np.linalg.vecdot):
        assert_same_derivatives(
            lambda x, y, f=function: f(x, y, axis=axis),
            lambda x, y: np.sum(x * y, axis=axis),
            points,
        )


@pytest.mark.parametrize(
    ("x", "y", "axis", "subscripts"),
    [
        ((2, 3), (3,), -1, "ij,j->i"),
        ((3, 2), (3, 1), -2, "ij,ij->j"),
        ((2, 1, 3), (1, 4, 3), -1, "ijk,ijk->ij"),
        ((3,), (3, 2, 3), 0, "i,ijk->jk"),
        ((3, 2, 3), (3,), 0, "ijk,i->jk"),
        ((3, 2), (3, 4, 2), 0, "ij,ikj->kj"),
        ((2, 3), (2, 3, 2), 1, "lj,kjl->kl"),
    ],
)
def test_vecdot_broadcasts_along_an_axis(x: Any, y: Any, axis: int, subscripts: str) -> None:
    rng = np.random.default_rng(3)
    points = [rng.normal(size=x), rng.normal(size=y)]
    assert_same_derivatives(
        lambda x, y: np.vecdot(x, y, axis=axis), lambda x, y: np.einsum(subscripts, x, y), points
    )


@given(st.data())
def test_tensordot_over_any_axes(data: Any) -> None:
    rank = data.draw(st.tuples(st.integers(0, 4), st.integers(0, 3)))
    count = data.draw(st.integers(0, min(rank)))
    shapes = [data.draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)) for n in rank]
    axes = [data.draw(st.permutations(range(n)))[:count] for n in rank]
    for i, j in zip(*axes, strict=True):
        shapes[1][j] = shapes[0][i]
    written = [
        [i - n if data.draw(st.booleans()) else i for i in own]
        for own, n in zip(axes, rank, strict=True)
    ]
    rng = np.random.default_rng(4)
    points = [rng.normal(size=shape) for shape in shapes]
    letters = [list(string.ascii_lowercase[: rank[0]]), list(string.ascii_uppercase[: rank[1]])]
    for i, j in zip(*axes, strict=True):
        letters[1][j] = letters[0][i]
    free = [
        c
        for own, used in zip(letters, axes, strict=True)
        for k, c in enumerate(own)
        if k not in used
    ]
    subscripts = f"{''.join(letters[0])},{''.join(letters[1])}->{''.join(free)}"
    pair = data.draw(st.sampled_from([list, tuple]))(written)
    assert_same_derivatives(
        lambda x, y: np.tensordot(x, y, axes=pair), lambda x, y: np.einsum(subscripts, x, y), points
    )


@pytest.mark.parametrize(
    "axes", [np.array([[1], [0]]), (np.array([1]), np.array([0])), ((-1,), 0), np.int64(1), 1.0]
)
def test_tensordot_with_axes_of_other_types(axes: Any) -> None:
    points = [np.ones((2, 3)), np.arange(12.0).reshape(3, 4)]
    if isinstance(axes, float):
        with pytest.raises(TypeError):
            np.tensordot(Tensor(points[0], requires_grad=True), points[1], axes=axes)
        return
    assert_same_derivatives(lambda x, y: np.tensordot(x, y, axes=axes), np.matmul, points)


# ---------------------------------------------------------------- norms


@pytest.mark.parametrize("ord_", [None, 1, 2, 3, 1.5, np.inf, -np.inf, -1, 0])
@pytest.mark.parametrize(
    "options", [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (1,)}]
)
def test_vector_norms(ord_: Any, options: Any) -> None:
    x = np.array([[1.5, -2.5], [-0.5, 3.5], [0.75, 1.25]])
    x = x if options else x.ravel()

    def f(x: Any) -> Any:
        return np.linalg.norm(x, ord=ord_, **options)

    out, pullback = mg.vjp(f, x)
    np.testing.assert_array_equal(out, f(x))
    g = np.random.default_rng(5).normal(size=out.shape)
    (matrix,) = jacobian(lambda x: np.asarray(f(x), float), [x])
    assert_close(pullback(g)[0].ravel(), g.ravel() @ matrix)


@pytest.mark.parametrize(
    "options",
    [{}, {"ord": "fro"}, {"axis": (0, 1)}, {"axis": (-1, 0), "ord": "fro", "keepdims": True}],
)
def test_frobenius_norms(options: Any) -> None:
    x = (
        np.random.default_rng(6).normal(size=(2, 3, 2))[:, :, 0]
        if "axis" not in options
        else np.random.default_rng(6).normal(size=(2, 3, 2))
    )
    axes = tuple(i % x.ndim for i in options.get("axis", range(x.ndim)))
    keepdims = options.get("keepdims", False)
    assert_same_derivatives(
        lambda x: np.linalg.norm(x, **options),
        lambda x: np.sqrt(np.sum(x * x, axis=axes, keepdims=keepdims)),
        [x],
    )


# ---------------------------------------------------------------- as matrix products


@pytest.fixture
def planned_at_any_size(monkeypatch: Any) -> Any:
    """Without the shortcut for small operands, which would leave the rest untried here."""
    monkeypatch.setattr(contraction, "SMALL", 0)
    contraction.plan.cache_clear()
    yield
    contraction.plan.cache_clear()


@st.composite
def pairings(draw: Any) -> tuple[list[str], str, list[np.ndarray]]:
    """Terms, a target and operands, real or complex; lengths of 0, and of 1 that broadcast."""
    labels = "abcde"
    lengths = {label: draw(st.sampled_from([0, 1, 2, 3, 3, 4])) for label in labels}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    terms, operands = [], []
    for _ in range(draw(st.integers(1, 4))):
        term = "".join(draw(st.lists(st.sampled_from(labels), max_size=4)))
        narrow = draw(st.sampled_from([*labels, *" " * 20]))
        shape = [1 if label == narrow else lengths[label] for label in term]
        imaginary = 1j * rng.normal(size=shape) if draw(st.booleans()) else 0
        terms.append(term)
        operands.append(np.asarray(rng.normal(size=shape) + imaginary))
    present = sorted(set("".join(terms)))
    target = draw(st.lists(st.sampled_from(present), unique=True)) if present else []
    return terms, "".join(target), operands


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairings())
def test_contract_is_einsum(planned_at_any_size: Any, drawn: Any) -> None:
    terms, target, operands = drawn
    expected = np.einsum(f"{','.join(terms)}->{target}", *operands)
    found = contraction.contract(terms, target, operands)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("bij,bjk->bik", [(4, 20, 30), (4, 30, 25)]),
        ("bthd,bshd->bhts", [(2, 15, 3, 20), (2, 16, 3, 20)]),
        ("ij,j->i", [(200, 150), (150,)]),
        ("abc,cd->dba", [(5, 20, 30), (30, 12)]),
        ("ij,jk,kl->il", [(30, 31), (31, 32), (32, 33)]),
        ("ij,ij->", [(100, 120), (100, 120)]),
        ("iij->ij", [(60, 60, 9)]),
    ],
)
def test_gradients_of_large_einsums(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    """A product of several is linear in each: its pullback is the transpose."""
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape) for shape in shapes]
    out, pull = mg.vjp(lambda *xs: np.einsum(subscripts, *xs), *operands)
    g = rng.normal(size=out.shape)
    for place, (found, x) in enumerate(zip(pull(g), operands, strict=True)):
        t = rng.normal(size=x.shape)
        moved = np.einsum(subscripts, *operands[:place], t, *operands[place + 1 :])
        np.testing.assert_allclose(np.sum(found * t), np.sum(g * moved), rtol=1e-9)
    ts = [rng.normal(size=x.shape) for x in operands]
    along = mg.jvp(lambda *xs: np.einsum(subscripts, *xs), operands, ts)[1]
    both = sum(np.sum(found * t) for found, t in zip(pull(g), ts, strict=True))
    np.testing.assert_allclose(np.sum(along * g), both, rtol=1e-9)
