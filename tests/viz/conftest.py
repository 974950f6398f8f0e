"""Fixtures of the tests in `viz`."""

import shutil

import pytest


@pytest.fixture
def no_program(monkeypatch, tmp_path):
    """Hide the program `dot`."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture(params=["in-process", "dot"])
def layout(request):
    """Both ways to lay a picture out."""
    if request.param == "in-process":
        request.getfixturevalue("no_program")
    elif shutil.which("dot") is None:
        pytest.skip("the program `dot` is not installed")
    return request.param
