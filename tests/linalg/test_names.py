"""The names of `mg.linalg`: the Array API's, and SciPy's, which the reference describes."""

import inspect
import pickle
from importlib import import_module
from pathlib import Path

import scipy.linalg
from array_api_names import LINALG

import micrograd_np as mg
from micrograd_np import linalg

OURS = sorted({*linalg.__all__} - {*LINALG.split()})
TUNING = {
    "overwrite_a",
    "overwrite_ab",
    "overwrite_b",
    "check_finite",
    "tuning",
    "disp",
    "blocksize",
}


def test_the_names_are_the_standards_and_these() -> None:
    assert dir(linalg) == sorted(linalg.__all__)
    assert {*linalg.__all__} == {*LINALG.split(), *OURS}
    assert len(OURS) == 13
    assert mg.linalg is import_module("micrograd_np.linalg")
    for name in OURS:
        assert pickle.loads(pickle.dumps(getattr(linalg, name))) is getattr(linalg, name)  # noqa: S301 - our own


def test_parameters_are_scipys() -> None:
    for name in OURS:
        if name != "logdet":
            ours, theirs = (
                [p for p in inspect.signature(f).parameters if p not in TUNING]
                for f in (getattr(linalg, name), getattr(scipy.linalg, name))
            )
            assert ours == theirs, name


def test_the_reference_describes_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    assert [n for n in OURS if f".. autofunction:: micrograd_np.linalg.{n}\n" not in page] == []
    assert all(getattr(linalg, name).__doc__ for name in OURS)
