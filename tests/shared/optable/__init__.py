"""The table of the op tests: one row for every operation and expression in the registry.

Each module `*_rows` fills a part of `ROWS`; what rows are made of is in `table`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from inspect import signature
from operator import attrgetter
from typing import Any

import pytest

from micrograd_np.core.op import OPS
from optable import complex_rows as complex_rows
from optable import decomposition_rows as decomposition_rows
from optable import fft_rows as fft_rows
from optable import joining_rows as joining_rows
from optable import masking_rows as masking_rows
from optable import numpy_rows as numpy_rows
from optable import ordering_rows as ordering_rows
from optable import scipy_matrix_rows as scipy_matrix_rows
from optable import signal_rows as signal_rows
from optable import special_rows as special_rows
from optable import statistics_rows as statistics_rows
from optable import ufunc_rows as ufunc_rows
from optable.table import ROWS as ROWS
from optable.table import Case as Case
from optable.table import Row as Row
from optable.table import apply as apply

DIFFERENTIABLE = [row for row in ROWS.values() if row.order > 0]
CONSTANT = [row for row in ROWS.values() if row.order == 0]
REFUSED_UFUNCS = {"isnat"}  # a Tensor holds no dates


def rows_of(
    rows: Iterable[Row], chosen: Callable[[Row], tuple[Case, ...]] | None = None
) -> list[Any]:
    """The rows as the parameters of a test, each under the name of its op.

    Where cases are chosen, a row has these only; a `thorough` run tries it with all.
    """
    if chosen is None:
        return [pytest.param(row, id=row.name) for row in rows]
    found = []
    for row in rows:
        some = chosen(row)
        found.append(pytest.param(row._replace(cases=some), id=row.name))
        if len(some) < len(row.cases):
            found.append(pytest.param(row, id=f"{row.name}-all", marks=pytest.mark.thorough))
    return found


def by_row(
    rows: Iterable[Row], choice: str = ""
) -> Callable[[Callable[[Row, Case], None]], Callable[[Row], None]]:
    """Make a test of each row from a check of one case.

    `choice`: which cases a run tries that is not `thorough`, "telling" or "few"; else all.
    A test a case would be ten times as many, and running those costs more than what they check.
    """

    def decorate(check: Callable[[Row, Case], None]) -> Callable[[Row], None]:
        @pytest.mark.parametrize("row", rows_of(rows, attrgetter(choice) if choice else None))
        def test(row: Row) -> None:
            for case in row.cases:
                with in_case(row, case):
                    check(row, case)

        own = signature(test)
        update_wrapper(test, check)  # its name, its place in the file, and its docstring
        test.__signature__ = own
        return test

    return decorate


@contextmanager
def in_case(row: Row, case: Case) -> Iterator[None]:
    """Say in every error which case of the row it happened in."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{row.name} in the case {case}")
        raise


def elementwise_rows(count: int) -> list[Row]:
    """The differentiable rows of elementwise ops with `count` inputs."""
    return [
        row
        for row in DIFFERENTIABLE
        if row.function in OPS
        and OPS[row.function].kind == "elementwise"
        and len(row.domains) == count
    ]
