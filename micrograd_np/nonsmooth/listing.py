"""`conventions`: the records of an op, shown as a table."""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from micrograd_np.core.op import EXPRESSIONS, OPS, read_tables
from micrograd_np.nonsmooth.convention import Convention, as_text, peer_text
from micrograd_np.text_table import text_table

TABLES = ("kinks", "edges", "nan_values", "tails", "matrices", "special_functions", "distributions")
HEADINGS = ("call", "at", "ours", "PyTorch", "JAX", "because")


class Conventions(list[Convention]):
    """A list of records that is shown as a table, one line a point, by topic."""

    def __repr__(self) -> str:
        if not self:
            return "no points without a derivative"
        groups = groupby(self, key=attrgetter("topic"))
        tables = [[topic, *text_table([HEADINGS, *map(cells, group)])] for topic, group in groups]
        return "\n\n".join(map("\n  ".join, tables))


def conventions(op: str | Callable[..., Any] | None = None) -> Conventions:
    """The gradients where functions have no derivative, with those of PyTorch and JAX.

    A list of records, one for each kink, tie, jump, pole and edge. The columns are the call, the
    point, our gradient, the gradients of PyTorch and JAX, and the reason. A dash says that a
    library has no such function. `op`: a function (`np.abs`) or its name ("abs", "linalg.norm",
    "special.xlogy"), to see only the records of that function. A function that is smooth wherever
    it is defined has none.

    Raises ValueError for a name or a function that has no derivative registered.

    >>> conventions("abs")
    Corners, ties and jumps
      call       at      ours  PyTorch  JAX  because
      np.abs(x)  x = 0   0     0        1    the shortest of all slopes between -1 and 1
      np.abs(x)  x = -0  0     0        1    as at 0: the sign of a zero is no side
      np.abs(x)  x = 0j  0     0        0    the shortest of all directions
    >>> record = conventions(np.clip)[0]
    >>> record.inputs, record.gradient, record.jax.gradient
    ({'x': [0.0, 0.5, 1.0, 2.0]}, ([1, 1, 1, 0],), ([0.5, 1, 0.5, 0],))
    """
    records = all_records()
    if op is None:
        return Conventions(records)
    wanted = name_of(op)
    found = Conventions(record for record in records if name_of(record.op) == wanted)
    if not found:
        check_known(op, wanted, records)
    return found


def all_records() -> list[Convention]:
    """The records of all tables, each with its topic."""
    tables = [import_module(f"micrograd_np.nonsmooth.{name}") for name in TABLES]
    return [row._replace(topic=table.TOPIC) for table in tables for row in table.ROWS]


def name_of(op: str | Callable[..., Any]) -> str:
    """The name of an op, which is one for all spellings of the op: `np.abs` is `absolute`."""
    if isinstance(op, str):
        path = op.removeprefix("np.")
        try:
            function = attrgetter(path)(np)
        except AttributeError:
            return path.rpartition(".")[2]
        return name_of(function) if callable(function) else path
    if known := OPS.get(op) or EXPRESSIONS.get(op):
        return known.name
    if hasattr(op, "__wrapped__"):  # one of the Array API's names for a function of NumPy
        return name_of(op.__wrapped__)
    return str(getattr(op, "__name__", op))


def check_known(asked: Any, wanted: str, records: Sequence[Convention]) -> None:
    """Raise ValueError unless there is an op of the name `wanted`."""
    read_tables()
    known = {op.name for op in OPS.values()} | {written.name for written in EXPRESSIONS.values()}
    if wanted in known:
        return
    from difflib import get_close_matches

    near = get_close_matches(wanted, {*known, *(name_of(record.op) for record in records)}, n=3)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"no derivative is registered for {asked!r}.{meant} conventions() lists all.")


# ---------------------------------------------------------------- as text


def cells(record: Convention) -> tuple[str, ...]:
    """The cells of one row of the table."""
    gradient = as_text(record.gradient)
    peers = peer_text(record.pytorch), peer_text(record.jax)
    return record.what, record.at, gradient, *peers, record.reason
