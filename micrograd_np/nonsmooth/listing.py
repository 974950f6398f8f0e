"""Finding the points of an op, and showing them as a table."""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from micrograd_np.core.op import EXPRESSIONS, OPS, read_tables
from micrograd_np.nonsmooth.convention import Convention, spelled, theirs
from micrograd_np.text_table import text_table

TABLES = ("kinks", "edges", "missing", "tails", "matrices", "special_functions")
HEADINGS = ("call", "at", "here", "PyTorch", "JAX", "because")


class Conventions(list[Convention]):
    """A list of records that is shown as a table, one line a point, by topic."""

    def __repr__(self) -> str:
        if not self:
            return "no points without a derivative"
        groups = groupby(self, key=attrgetter("topic"))
        tables = [[topic, *text_table([HEADINGS, *map(cells, group)])] for topic, group in groups]
        return "\n\n".join(map("\n  ".join, tables))

    __str__ = __repr__


def conventions(op: str | Callable[..., Any] | None = None) -> Conventions:
    """What the gradient is where there is no derivative, and what it is in PyTorch and JAX.

    A list of records, one for each kink, tie, jump, pole and edge: the call, the point, the gradient
    there, what PyTorch and JAX return (a dash where they have no such function) and the reason.
    `op`: a function (`np.abs`) or its name ("abs", "linalg.norm", "special.xlogy"), to see only its
    own points; there are none for one that is smooth wherever it is defined.

    Raises ValueError for a name or function that is not known here.

    >>> conventions("abs")
    Corners, ties and jumps
      call       at      here  PyTorch  JAX  because
      np.abs(x)  x = 0   0     0        1    the shortest of all slopes between -1 and 1
      np.abs(x)  x = -0  0     0        1    the same: the sign of a zero is no side
      np.abs(x)  x = 0j  0     0        0    the shortest of all directions
    >>> record = conventions(np.clip)[0]
    >>> record.inputs, record.gradient, record.jax.gradient
    ({'x': [0.0, 0.5, 1.0, 2.0]}, ([1, 1, 1, 0],), ([0.5, 1, 0.5, 0],))
    """
    records = everything()
    if op is None:
        return Conventions(records)
    wanted = name_of(op)
    found = [record for record in records if name_of(record.op) == wanted]
    if not found:
        check_known(op, wanted, records)
    return Conventions(found)


def everything() -> list[Convention]:
    """The records of all tables, each with its topic."""
    tables = [import_module(f"micrograd_np.nonsmooth.{name}") for name in TABLES]
    return [row._replace(topic=table.TOPIC) for table in tables for row in table.ROWS]


def name_of(op: str | Callable[..., Any]) -> str:
    """The name of an op, the same one for each of its spellings: `np.abs` is `absolute`."""
    if isinstance(op, str):
        path = op.removeprefix("np.")
        try:
            function = attrgetter(path)(np)
        except AttributeError:
            return path.rpartition(".")[2]
        return name_of(function) if callable(function) else path
    if op in OPS:
        return OPS[op].name
    if op in EXPRESSIONS:
        return EXPRESSIONS[op].name
    if hasattr(op, "__wrapped__"):  # one of the Array API's names for a function of NumPy
        return name_of(op.__wrapped__)
    return str(getattr(op, "__name__", op))


def check_known(
    asked: str | Callable[..., Any], wanted: str, records: Sequence[Convention]
) -> None:
    """Raise ValueError unless there is an op of the name `wanted`."""
    read_tables()
    known = {op.name for op in OPS.values()} | {written.name for written in EXPRESSIONS.values()}
    if wanted in known:
        return
    from difflib import get_close_matches

    near = get_close_matches(wanted, {*known, *(name_of(record.op) for record in records)}, n=3)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"no derivative is known here for {asked!r}.{meant} conventions() lists all.")


# ---------------------------------------------------------------- as text


def cells(record: Convention) -> tuple[str, ...]:
    """One line of the table."""
    here, pytorch, jax = spelled(record.gradient), theirs(record.pytorch), theirs(record.jax)
    return record.what, record.at, here, pytorch, jax, record.reason
