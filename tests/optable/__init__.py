"""The table of the op tests: one row for every operation and expression in the registry.

Each module `*_rows` fills a part of `ROWS`; what rows are made of is in `table`.
"""

from typing import Any

from micrograd_np.op import OPS
from optable import complex_rows as complex_rows
from optable import decomposition_rows as decomposition_rows
from optable import fft_rows as fft_rows
from optable import joining_rows as joining_rows
from optable import masking_rows as masking_rows
from optable import numpy_rows as numpy_rows
from optable import ordering_rows as ordering_rows
from optable import signal_rows as signal_rows
from optable import special_rows as special_rows
from optable import statistics_rows as statistics_rows
from optable.table import ROWS as ROWS
from optable.table import Case as Case
from optable.table import Row as Row
from optable.table import apply as apply

DIFFERENTIABLE = [row for row in ROWS.values() if row.order > 0]
CONSTANT = [row for row in ROWS.values() if row.order == 0]
REFUSED_UFUNCS = {"isnat"}  # a Tensor holds no dates


def cases_of(rows: list[Row]) -> list[Any]:
    """Each case of each row as a test parameter, named for the op and what is tried."""
    import pytest

    return [
        pytest.param(row, case, id=f"{row.name}-{number}")
        for row in rows
        for number, case in enumerate(row.cases)
    ]


def elementwise_rows(count: int) -> list[Row]:
    """The differentiable rows of elementwise ops with `count` inputs."""
    return [
        row
        for row in DIFFERENTIABLE
        if row.function in OPS
        and OPS[row.function].kind == "elementwise"
        and len(row.domains) == count
    ]
