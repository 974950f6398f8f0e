"""Convolution and correlation: SciPy's values on a grid, and derivatives in both arguments."""

# ruff: noqa: E501 - a row of a table stays on one line

import inspect
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal
from folding import each
from hypothesis import given, settings
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np import Tensor, signal
from micrograd_np.errors import ShapeError

RNG = np.random.default_rng(7)
MODES = ("full", "valid", "same")
SHAPES = [
    ((), ()), ((5,), (4,)), ((3,), (6,)), ((1,), (3,)), ((4,), (4,)), ((5, 5), (2, 4)), ((2, 3), (4, 2)),
    ((2, 2), (5, 4)), ((1, 5), (3, 2)), ((2, 3), (7, 1)), ((3, 4, 2), (2, 2, 2)),
]  # fmt: skip
FILLS = [("fill", 0), ("fill", 2), ("wrap", 0), ("symm", 0)]


def drawn(shape: tuple[int, ...], kind: str) -> Any:
    if kind == "i":
        return RNG.integers(-9, 9, shape)
    x = RNG.normal(size=shape)
    return x + 1j * RNG.normal(size=shape) if kind == "D" else np.asarray(x, kind)


def calls(axes: int) -> list[tuple[str, dict[str, Any]]]:
    """Every function with every choice but the mode."""
    names = product(("convolve", "correlate"), ("auto", "direct", "fft"))
    rows = [(name, {"method": method}) for name, method in names]
    images = product(("convolve2d", "correlate2d"), FILLS if axes == 2 else [])
    rows += [(name, {"boundary": edge, "fillvalue": value}) for name, (edge, value) in images]
    return [*rows, ("fftconvolve", {})]


def result(function: Any, *args: Any, **options: Any) -> Any:
    """The result, or None for the ValueError that no such result is had."""
    try:
        return np.asarray(function(*args, **options))
    except ValueError:
        return None


def compare(kinds: str, shapes: Any) -> None:
    """Values, dtypes, shapes and refusals, for every function, mode and choice."""
    a, b = map(drawn, shapes, kinds)
    tolerance = 1e-4 if "f" in kinds else 1e-10
    for (name, options), mode in product(calls(a.ndim), MODES):
        if name == "correlate2d" and mode == "valid" and a.size < b.size and "D" in kinds:
            continue  # refused here: see below
        ours = result(getattr(signal, name), a, b, mode=mode, **options)
        theirs = result(getattr(scipy.signal, name), a, b, mode=mode, **options)
        what = f"{name} {mode} {options} of {kinds} {shapes}"
        assert (ours is None) == (theirs is None), what
        if theirs is not None:
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), what
            np.testing.assert_allclose(ours, theirs, tolerance, tolerance, err_msg=what)


@each("shapes", SHAPES)
def test_values_are_scipys(shapes: Any) -> None:
    compare("dD" if len(shapes[0]) < 3 else "fd", shapes)


@pytest.mark.thorough
@each("shapes", SHAPES)
def test_values_of_all_dtypes_are_scipys(shapes: Any) -> None:
    for kinds in product("dDfi", repeat=2):
        compare("".join(kinds), shapes)


def test_long_signals_are_transformed() -> None:
    """By `auto`, in both precisions and beyond one dimension; integers stay exact."""
    for shapes in (((3000,), (2000,)), ((60, 50), (20, 30))):
        for kind, tolerance in (("d", 1e-9), ("f", 1e-2), ("i", 0)):
            a, b = (drawn(shape, kind) for shape in shapes)
            ours, theirs = signal.convolve(a, b, "same"), scipy.signal.convolve(a, b, "same")
            np.testing.assert_allclose(ours, theirs, 0, tolerance)
            assert ours.dtype == theirs.dtype
    image = RNG.integers(0, 9, (5, 5)).astype(np.uint8)
    for fill in (0, 7):
        right = scipy.signal.convolve2d(image, image[:2, :2], fillvalue=fill)
        ours = signal.convolve2d(image, image[:2, :2], fillvalue=fill)
        assert ours.dtype == np.uint8
        np.testing.assert_array_equal(ours, right)
    large = np.array([2**40, 1])
    assert signal.convolve(large, large).tolist() == [2**80 % 2**64, 2**41, 1]


def test_axes_of_fftconvolve() -> None:
    a, b = drawn((3, 4, 5), "d"), drawn((3, 2, 1), "D")
    for axes, mode in product((1, (1, 2), [-2, -1], (1,)), MODES):
        theirs = scipy.signal.fftconvolve(a, b, mode, axes)
        np.testing.assert_allclose(signal.fftconvolve(a, b, mode, axes), theirs, 1e-10, 1e-12)
    small = drawn((2, 2), "d"), drawn((1, 2), "d")
    assert mg.gradcheck(lambda a, b: signal.fftconvolve(a, b, "same", 1), small)


def test_images_of_bytes() -> None:
    image, small = np.arange(6, dtype=np.uint8).reshape(2, 3), np.ones((2, 2), np.uint8)
    for options in ({}, {"fillvalue": 3}):
        ours = signal.convolve2d(image, small, **options)
        theirs = scipy.signal.convolve2d(image, small, **options)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_parameters_are_scipys() -> None:
    for name in signal.__all__:
        ours, theirs = (
            [
                (p.name, p.default)
                for p in inspect.signature(f).parameters.values()
                if p.name != "others"
            ]
            for f in (getattr(signal, name), getattr(scipy.signal, name))
        )
        assert ours == theirs, name


# ---------------------------------------------------------------- derivatives

lengths = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=3)


@settings(max_examples=15)
@given(lengths, st.sampled_from(["direct", "fft"]), st.integers(0, 99))
def test_the_gradient_is_a_correlation(pairs: Any, method: str, seed: int) -> None:
    """`<a * b, g> = <a, g correlated with b>`, which is what the pullback returns."""
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=shape) for shape in zip(*pairs, strict=True))
    out, pullback = mg.vjp(lambda a, b: signal.convolve(a, b, method=method), a, b)
    g = rng.normal(size=out.shape)
    right = signal.correlate(g, b, "valid"), signal.correlate(g, a, "valid")
    np.testing.assert_allclose(np.sum(out * g), np.sum(a * right[0]), 1e-9, 1e-9)
    for found, known in zip(pullback(g), right, strict=True):
        np.testing.assert_allclose(found, known, 1e-9, 1e-11)


CHECKED: dict[str, Any] = {
    "vectors": (lambda a, b: signal.convolve(a, b, "same"), ((4,), (3,))),
    "matrices": (lambda a, b: signal.correlate(a, b, "full", "direct"), ((2, 3), (2, 2))),
    "transforms": (lambda a, b: signal.correlate(a, b, "valid", "fft"), ((3, 2), (2, 2))),
    "mirrored": (lambda a, b: signal.convolve2d(a, b, boundary="symm"), ((2, 2), (2, 2))),
    "periodic": (lambda a, b: signal.correlate2d(a, b, "same", "wrap"), ((2, 2), (2, 2))),
    "filled": (lambda a, b: signal.convolve2d(a, b, "same", fillvalue=a[0, 0]), ((2, 2), (2, 2))),
}


@each("name", CHECKED)
def test_batches_and_programs(name: str) -> None:
    f, shapes = CHECKED[name]
    a, b = drawn((2, *shapes[0]), "d"), drawn((2, *shapes[1]), "D")
    alone = np.stack([f(a[0], b[0]), f(a[1], b[1])])
    np.testing.assert_allclose(mg.vmap(f)(a, b), alone, 1e-12, 1e-12)
    gradient = mg.grad(lambda a, b: np.sum(np.abs(f(a, b)) ** 2), (0, 1))
    for found, right in zip(mg.compile(gradient)(a[1], b[1]), gradient(a[1], b[1]), strict=True):
        np.testing.assert_allclose(found, right, 1e-10, 1e-12)


@pytest.mark.thorough
@each("name", CHECKED)
def test_second_derivatives(name: str) -> None:
    f, shapes = CHECKED[name]
    assert mg.gradcheck(f, (drawn(shapes[0], "d"), drawn(shapes[1], "D")), order=2)


def test_tensors_and_lists() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    out = signal.convolve(t, [1, t[0]], "valid")
    assert isinstance(out, Tensor)
    out.sum().backward()
    np.testing.assert_array_equal(t.grad, [2.0, 1.0])  # of 2 + 1 * 1: t[1] + t[0] ** 2


# ---------------------------------------------------------------- what is refused

ONES, EYE = np.ones(3), np.eye(2)
# fmt: off
MISTAKES: dict[str, tuple[Any, Any, str]] = {
    "axes":      (lambda: signal.convolve(EYE, EYE, axes=([1], [0])), TypeError, r"Given: axes.*mg\.vmap.*np\.einsum"),
    "dot_axes":  (lambda: signal.correlate(EYE, EYE, dot_axes=([1], [0])), TypeError, "Given: dot_axes"),
    "in order":  (lambda: signal.convolve(EYE, EYE, ([1], [0])), ValueError, r"Given: \(\[1\], \[0\]\)"),
    "mode":      (lambda: signal.fftconvolve(ONES, ONES, "circular"), ValueError, "for mode.*Given: 'circular'"),
    "method":    (lambda: signal.correlate(ONES, ONES, method="direkt"), ValueError, "Given: 'direkt'"),
    "dimension": (lambda: signal.convolve(EYE, ONES), ShapeError, r"\(2, 2\) and \(3,\).*x\[None\]"),
    "valid":     (lambda: signal.convolve(np.ones((2, 3)), np.ones((3, 2)), "valid"), ShapeError, "at least as long"),
    "empty":     (lambda: signal.fftconvolve([], ONES), ValueError, "have entries"),
    "booleans":  (lambda: signal.convolve(ONES > 0, ONES), TypeError, r"astype\(int\)"),
    "an image":  (lambda: signal.convolve2d(ONES, ONES), ShapeError, r"two matrices.*mg\.signal\.convolve\."),
    "boundary":  (lambda: signal.correlate2d(EYE, EYE, boundary="reflect"), ValueError, "Given: 'reflect'"),
    "negative":  (lambda: signal.convolve2d(EYE.astype(np.uint8), EYE.astype(np.uint8), fillvalue=-1), OverflowError, "out of bounds"),
    "fillvalue": (lambda: signal.convolve2d(EYE, EYE, fillvalue=[1, 2]), ShapeError, "one number"),
    "digits":    (lambda: signal.convolve2d(EYE.astype(int), EYE.astype(int), fillvalue=0.5), TypeError, "another number"),
    "conjugate": (lambda: signal.correlate2d(EYE, np.ones((3, 3)) * 1j, "valid"), ValueError, r"mg\.signal\.correlate,"),
    "other axes": (lambda: signal.fftconvolve(np.ones((2, 3)), np.ones((3, 3)), axes=1), ShapeError, "axes=1"),
}
# fmt: on


@each("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    call, error, words = MISTAKES[mistake]
    with pytest.raises(error, match=words):
        call()
