"""The coverage of NumPy against the installed NumPy: nothing missing, nothing stale."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from optable import ROWS

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core.op import EXPRESSIONS, OPS
from micrograd_np.coverage.numpy_functions import (
    ATTRIBUTES,
    CALLS,
    IN_PLACE,
    METHODS_IN_PLACE,
    NO_ARRAY,
    REASONS,
    REFUSED,
    REFUSED_ATTRIBUTES,
    account,
    callables,
    name_of,
)
from micrograd_np.errors import InPlaceError, LeavesGraphError, UnregisteredFunctionError

ENTRIES = account()
ONLY_SOME_VERSIONS = {  # names that only some of the supported versions of NumPy have
    "in1d", "row_stack", "trapz", "typename",
    "ndarray.itemset", "ndarray.newbyteorder", "ndarray.ptp", "ndarray.tostring",
}  # fmt: skip
LISTED = [name for names in REASONS.values() for name in names.split()]
LISTED += [function.__name__ for function in IN_PLACE]
OF_ARRAYS = [name for names in ATTRIBUTES.values() for name in names.split()] + [*METHODS_IN_PLACE]
TABLED = [*LISTED, *(f"ndarray.{name}" for name in OF_ARRAYS), *CALLS]
TABLED += [name for names in NO_ARRAY.values() for name in names.split()]


# ---------------------------------------------------------------- nothing missing, nothing stale


def test_every_callable_of_numpy_is_covered() -> None:
    unaccounted = [entry.name for entry in ENTRIES if entry.status == "unaccounted"]
    assert unaccounted == [], (
        "declare a derivative, or enter them in micrograd_np.coverage.numpy_functions"
    )


def test_every_entry_of_the_tables_is_in_numpy() -> None:
    assert set(TABLED) - {entry.name for entry in ENTRIES} - ONLY_SOME_VERSIONS == set()


def test_no_entry_is_there_twice_or_has_a_derivative_after_all() -> None:
    assert [name for name, count in Counter(TABLED).items() if count > 1] == []
    told = {e.name for e in ENTRIES if e.status in ("differentiable", "constant")}
    assert told & set(TABLED) - set(CALLS) == set()


def test_the_coverage_is_of_the_public_names() -> None:
    names = {entry.name for entry in ENTRIES}
    assert {"sin", "linalg.svd", "fft.rfft", "emath.sqrt", "ndarray.sort", "ndarray.T"} <= names
    assert {n for n in np.__all__ if n[0] != "_" and callable(getattr(np, n))} <= names


def test_what_is_differentiable_is_tried_in_the_table_of_the_op_tests() -> None:
    for name, thing in callables():
        declared = None if thing.__hash__ is None else OPS.get(thing) or EXPRESSIONS.get(thing)
        if declared is not None:
            assert declared.function in ROWS, name


def test_functions_are_named_as_they_are_written() -> None:
    for name, thing in callables():
        if thing in REFUSED and not isinstance(thing, type):
            assert name_of(thing) == name


# ---------------------------------------------------------------- what is refused says why


def tracked() -> Tensor:
    return Tensor([[2.0, 1.0], [4.0, 3.0]], requires_grad=True)


CONVERT = [  # these do not dispatch: they ask for an array, and the Tensor refuses
    "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray",
    "require", "asmatrix", "matrix", "broadcast", "ndenumerate", "from_dlpack",
]  # fmt: skip
CALLED: dict[str, Any] = {
    "copyto": lambda t: np.copyto(t, 1.0),
    "fill_diagonal": lambda t: np.fill_diagonal(t, 1.0),
    "place": lambda t: np.place(t, [True, False], [1.0]),
    "put": lambda t: np.put(t, [0], [1.0]),
    "put_along_axis": lambda t: np.put_along_axis(t, np.array([[0]]), 1.0, 0),
    "putmask": lambda t: np.putmask(t, t > 1, 1.0),
    "save": lambda t: np.save("nowhere", t),
    "savetxt": lambda t: np.savetxt("nowhere", t),
    "savez": lambda t: np.savez("nowhere", t),
    "savez_compressed": lambda t: np.savez_compressed("nowhere", t),
    "busday_count": lambda t: np.busday_count(t, t),
    "busday_offset": lambda t: np.busday_offset(t, 1),
    "datetime_as_string": np.datetime_as_string,
    "is_busday": np.is_busday,
    "isnat": np.isnat,
    "histogram": np.histogram,
    "intersect1d": lambda t: np.intersect1d(t, t),
    "histogram2d": lambda t: np.histogram2d(t[0], t[1]),
    "histogram_bin_edges": np.histogram_bin_edges,
    "histogramdd": np.histogramdd,
}
UNCALLED = {  # they take no Tensor, or NumPy itself says what is wrong
    "bmat", "frompyfunc", "in1d", "trapz", "vectorize", "flatiter", "nditer", "nested_iters",
    "isfortran",
    "lib.array_utils.byte_bounds", "lib.stride_tricks.as_strided",
}  # fmt: skip


def test_every_refusal_is_tried() -> None:
    assert set(LISTED) == set(CALLED) | set(CONVERT) | UNCALLED


@pytest.mark.parametrize("name", CALLED)
def test_a_refused_function_gives_its_reason(name: str) -> None:
    function, t = getattr(np, name), tracked()
    error = InPlaceError if function in IN_PLACE else UnregisteredFunctionError
    before = t.numpy()
    with pytest.raises(error) as caught:
        CALLED[name](t)
    assert IN_PLACE.get(function, REFUSED[function]) in str(caught.value)
    np.testing.assert_array_equal(t.data, before)


@pytest.mark.parametrize("name", [function.__name__ for function in IN_PLACE])
def test_nothing_writes_into_a_constant_tensor_either(name: str) -> None:
    t = tracked().detach()
    with pytest.raises(InPlaceError):
        CALLED[name](t)


def test_a_tracked_tensor_is_not_written_into_an_array() -> None:
    array = np.zeros((2, 2))
    with pytest.raises(UnregisteredFunctionError, match=r"np\.where"):
        np.copyto(array, tracked())
    np.copyto(array, tracked().detach())
    np.testing.assert_array_equal(array, tracked().data)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", CONVERT)
def test_what_makes_a_plain_array_is_refused_by_the_tensor(name: str) -> None:
    with pytest.raises(LeavesGraphError):
        list(getattr(np, name)(tracked()))


def test_a_polynomial_of_tensors_calls_functions_that_have_derivatives() -> None:
    t = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.poly1d(t)(2.0).backward()
    np.testing.assert_array_equal(t.grad, [4, 2, 1])


def test_a_ufunc_that_writes_in_place_is_refused() -> None:
    with pytest.raises(InPlaceError, match="index_add"):
        np.add.at(tracked(), 0, 1.0)


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_a_refused_attribute_gives_its_reason(name: str) -> None:
    t = tracked()
    error = InPlaceError if name in METHODS_IN_PLACE else AttributeError
    with pytest.raises(error) as caught:
        getattr(t, name)()
    assert METHODS_IN_PLACE.get(name, REFUSED_ATTRIBUTES[name]) in str(caught.value)
    assert hasattr(t, name) == (name in METHODS_IN_PLACE)


# ---------------------------------------------------------------- what to write instead


def test_the_alternatives_to_writing_in_place_do_the_same() -> None:
    """Each line of both tables, run as it stands, against what NumPy does to an array."""
    x = np.array([[2.0, 1.0], [4.0, 3.0]])
    mask, indices, kth, shape = x > 1.5, [0, 3], 1, (3, 2)
    along = np.array([[1, 0]])
    names: dict[str, tuple[Any, dict[str, Any]]] = {
        "copyto": (lambda a: np.copyto(a, 9.0, where=mask), {"source": 9.0}),
        "fill_diagonal": (lambda a: np.fill_diagonal(a, 9.0), {"value": 9.0}),
        "place": (lambda a: np.place(a, mask, [7.0, 8.0, 9.0]), {"values": [7.0, 8.0, 9.0]}),
        "put": (lambda a: np.put(a, indices, [7.0, 8.0]), {"values": [7.0, 8.0]}),
        "put_along_axis": (
            lambda a: np.put_along_axis(a, along, 9.0, 0),
            {"key": (along, np.array([[0, 1]])), "values": 9.0},
        ),
        "putmask": (lambda a: np.putmask(a, mask, 9.0), {"values": 9.0}),
        "ndarray.fill": (lambda a: a.fill(9.0), {"value": 9.0}),
        "ndarray.partition": (lambda a: a.partition(kth), {}),
        "ndarray.put": (lambda a: a.put(indices, [7.0, 8.0]), {"values": [7.0, 8.0]}),
        "ndarray.sort": (lambda a: a.sort(), {}),
        "ndarray.setfield": (lambda a: a.setfield(9.0, float), {"values": 9.0}),
        "ndarray.resize": (None, {}),  # NumPy's method fills with zeros, its function repeats
    }
    written = {function.__name__: instead for function, instead in IN_PLACE.items()}
    written |= {f"ndarray.{name}": instead for name, instead in METHODS_IN_PLACE.items()}
    assert set(names) == set(written)
    for name, (change, given) in names.items():
        scope = {"np": np, "mg": mg, "mask": mask, "indices": indices, "kth": kth, "shape": shape}
        scope |= given | {"t": tracked()}
        exec(written[name], scope)  # noqa: S102 - a line of our own table
        if change is not None:
            expected = x.copy()
            change(expected)
            np.testing.assert_array_equal(scope["t"].data, expected)
