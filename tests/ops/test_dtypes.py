"""The dtypes of results at every precision: those of NumPy, op by op of the table."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from op_calls import Call
from optable import ROWS, Row

import micrograd_np as mg

PRECISIONS = {"e": np.complex64, "f": np.complex64, "d": np.complex128, "g": np.clongdouble}
# Their tables compare with another library's function, in its own precision; or the results are
# no arrays; or NumPy gives an empty result another dtype than a full one.
EXCEPT = {"common_type", "result_type", "cov"}


def at_precision(x: Any, precision: str) -> Any:
    return x.astype(precision if x.dtype.kind == "f" else PRECISIONS[precision])


def dtypes(result: Any) -> list[Any]:
    return [x.dtype for x in mg.tree.leaves(result) if hasattr(x, "dtype")]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "row",
    [r for r in ROWS.values() if not r.reference and r.name not in EXCEPT],
    ids=lambda r: r.name,
)
def test_every_op_has_the_dtypes_of_numpy(row: Row) -> None:
    for case in row.cases:
        for precision in PRECISIONS:
            call = Call(row, case)
            xs = [at_precision(x, precision) if x.dtype.kind in "fc" else x for x in call.inputs]
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    expected = call.expected(*xs)
                except TypeError:  # there is no such precision, as in np.linalg
                    continue
                found = call.everything(
                    *(mg.Tensor(x, requires_grad=x.dtype.kind in "fc") for x in xs)
                )
            assert dtypes(found) == dtypes(expected), (case, precision)


def roots(dtype: Any) -> Any:
    return np.array([1, 2, 3], dtype)


def negative(dtype: Any) -> Any:
    return np.array([-2, 0.5, -3], dtype)


def ends(dtype: Any) -> Any:
    return np.array([3, 8, 100], dtype)


# fmt: off
SPELLED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "poly":                  (np.poly, roots),
    "sort_complex":          (np.sort_complex, roots),
    "geomspace":             (lambda x: np.geomspace(x[0], x[1], 4), ends),
    "geomspace, arrays":     (lambda x: np.geomspace(x, 5 * x, 4), ends),
    "geomspace, a number":   (lambda x: np.geomspace(x, 700.0, 4), ends),
    "geomspace, to float32": (lambda x: np.geomspace(x[0], 70, 4, dtype=np.float32), ends),
    "geomspace, far apart":  (lambda x: np.geomspace(x[0] / 3000, 600 * x[2], 3), ends),
    "logspace":              (lambda x: np.logspace(x[0] / 100, 0.5, 4), ends),
    "emath.sqrt":            (np.emath.sqrt, negative),
    "emath.log":             (np.emath.log, negative),
    "emath.log2":            (np.emath.log2, negative),
    "emath.log10":           (np.emath.log10, negative),
    "emath.logn":            (lambda x: np.emath.logn(2, x), negative),
    "emath.logn, base":      (lambda x: np.emath.logn(x, 2), negative),
    "emath.power":           (lambda x: np.emath.power(x, 0.5), negative),
    "emath.power, exponent": (lambda x: np.emath.power(-2.0, x), negative),
    "emath.arccos":          (np.emath.arccos, negative),
    "emath.arcsin":          (np.emath.arcsin, negative),
    "emath.arctanh":         (np.emath.arctanh, negative),
}
# fmt: on


@pytest.mark.parametrize("dtype", ["e", "f", "d", "g"])
@pytest.mark.parametrize("name", SPELLED)
def test_dtypes_and_values_are_numpys_and_gradients_those_of_the_input(
    name: str, dtype: str
) -> None:
    f, points = SPELLED[name]
    x = points(dtype)
    t = mg.Tensor(x, requires_grad=True)
    found, expected = f(t), f(x)
    assert found.dtype == expected.dtype
    rtol = 20 * float(np.finfo(expected.dtype).eps)
    np.testing.assert_allclose(found.data, expected, rtol=rtol, atol=rtol)
    np.sum(np.real(found)).backward()
    assert t.grad.dtype == x.dtype
    wide = mg.Tensor(x.astype(float), requires_grad=True)
    np.sum(np.real(f(wide))).backward()
    rtol = 20 * float(np.finfo(x.dtype).eps) + 1e-12
    np.testing.assert_allclose(t.grad, wide.grad, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
def test_what_interp_has_no_precision_for_is_refused_as_by_numpy(place: int, dtype: Any) -> None:
    xs = [np.array([1.0, 2.0, 3.0]) for _ in range(3)]
    xs[place] = xs[place].astype(dtype)
    for given in (xs, [mg.Tensor(x, requires_grad=True) for x in xs]):
        with pytest.raises(TypeError):
            np.interp(*given)
