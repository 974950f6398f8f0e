"""The names of the Python Array API: each is there, and no other.

The suite of the standard's authors tests values, shapes and dtypes (`array_api_suite.py` runs it).
"""

import operator
import pickle

import numpy as np
import pytest
from array_api_names import (
    ATTRIBUTES,
    EXTENSIONS,
    FUNCTIONS,
    IN_PLACE,
    METHODS,
    NAMES,
    OPERATORS,
    SHARED,
    VALUES,
)
from array_api_suite import PASSED, SKIPS, VERSION, compare, skips
from folding import each
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor


def found(path):
    return operator.attrgetter(path)(mg)


@each("name", [*NAMES, *EXTENSIONS])
def test_the_namespace_has_every_name(name):
    found(name)


@each("name", [*FUNCTIONS, *EXTENSIONS])
def test_functions_know_their_name_and_are_documented(name):
    function = found(name)
    assert function.__name__ in {name.rpartition(".")[2], found_in_numpy(name)}
    assert function.__doc__


def found_in_numpy(name):
    """NumPy's own name, for the few functions that are NumPy's as they are."""
    return getattr(operator.attrgetter(name)(np), "__name__", None) if name in SHARED else name


def test_the_namespace_brings_no_other_names():
    """The tables hold names of the standard and nothing they were made with."""
    assert not {"np", "Any", "of_numpy", "untracked", "numbers", "sharing"} & set(dir(mg))


@each("name", VALUES)
def test_constants_and_dtypes_are_numpys(name):
    assert getattr(mg, name) is getattr(np, name)


@each("name", f"{ATTRIBUTES} {METHODS}".split())
def test_a_tensor_has_what_an_array_must_have(name):
    assert hasattr(Tensor([[1.0]]), name)


@each("name", OPERATORS.split())
def test_a_tensor_has_the_operators(name):
    assert hasattr(Tensor, f"__{name}__")


@each("name", IN_PLACE.split())
def test_a_tensor_has_the_augmented_assignments(name):
    assert hasattr(Tensor, f"__i{name}__")


@each("name", [*FUNCTIONS, *EXTENSIONS])
def test_functions_can_be_pickled(name):
    function = found(name)
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301  # our own bytes


def test_a_tensor_names_its_namespace():
    t = Tensor([1.0])
    assert t.__array_namespace__() is mg
    assert t.__array_namespace__(api_version=VERSION) is mg
    with pytest.raises(ValueError, match=r"1999\.12"):
        t.__array_namespace__(api_version="1999.12")
    assert mg.__array_api_version__ == VERSION


def test_array_api_compat_finds_the_namespace():
    compat = pytest.importorskip("array_api_compat")
    assert compat.array_namespace(Tensor([1.0]), leaf([2.0])) is mg
    assert compat.is_array_api_obj(Tensor([1.0]))


def test_inspection():
    info = mg.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert list(info.devices()) == ["cpu"]  # a tuple from NumPy 2.5 on
    assert info.default_dtypes()["real floating"] == mg.zeros(1).dtype
    assert info.dtypes(kind="bool") == {"bool": np.dtype(bool)}
    assert info.capabilities()["boolean indexing"]


def test_the_suite_is_run_without_exceptions():
    """How many tests `array_api_skips.txt` may name. This number may only get smaller."""
    assert len(skips(SKIPS)) <= 0


@pytest.mark.parametrize(
    ("ours", "excepted", "status"),
    [
        ({"a": PASSED, "b": PASSED}, (), 0),
        ({"a": PASSED, "b": ("failure", "AssertionError")}, (), 1),
        ({"a": PASSED, "b": ("failure", "AssertionError")}, {"b"}, 0),
        ({"a": PASSED}, (), 1),
        ({"a": PASSED, "b": ("skipped", "")}, (), 1),
        ({"a": PASSED, "b": PASSED}, {"b"}, 1),
    ],
    ids=["same", "worse", "excepted", "absent", "skipped", "needless exception"],
)
def test_the_comparison_of_the_suites(ours, excepted, status):
    reference = {"a": PASSED, "b": PASSED, "c": ("failure", "AssertionError")}
    assert compare(reference, ours | {"c": ("failure", "")}, set(excepted)) == status


def test_a_suite_that_passes_nothing_is_no_success():
    assert compare({}, {}, set()) == 1
