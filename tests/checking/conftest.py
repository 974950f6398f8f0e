"""Fixtures of the tests in `checking`."""

import pytest

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.op import OPS


@pytest.fixture
def planted():
    """Declare a private op for the length of a test: `planted(form, raw, *rules, **fields)`."""
    functions = []

    def declare(form, raw, *rules, **fields):
        function = dispatching(raw)
        form(function, *rules, call=raw, **fields)
        functions.append(function)
        return function

    yield declare
    for function in functions:
        OPS.pop(function)
