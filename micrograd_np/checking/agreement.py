"""Agreement: whether a function gives one value, however it is run.

A user means the function of plain arrays. Differences are taken of its values on Tensors that
record nothing, and derivatives of what it records. Differences can judge derivatives only where the
three are one function, so the three kinds of run are compared first. A run that disagrees is
repeated, to tell another value from a random one.
"""

from typing import Literal, NamedTuple

import numpy as np

from micrograd_np.checking import comparison
from micrograd_np.checking.differences import SAFETY, Rows
from micrograd_np.checking.report import entry_of
from micrograd_np.checking.vector_function import PlainRun, Record, Subject, Vector, same

CAUSES = (
    "Look for branches on the type (`isinstance(x, np.ndarray)`, `x.requires_grad`), for writing "
    "in place, which an array and its views feel and a Tensor does not, and for conversions that "
    "treat Tensors otherwise (`hasattr`, `np.shape`, `len`)."
)


class Finding(NamedTuple):
    """The result of the comparison of runs: a verdict, unless they agree, and a note, if any."""

    verdict: Literal["non-deterministic", "value differs"] | None = None
    note: str = ""


def compare_runs(record: Record, rtol: float) -> Finding:
    """Compare the recorded run with runs on Tensors that record nothing and on plain arrays."""
    subject = record.subject
    values = [record.value, *(subject.value(subject.points) for _ in range(2))]
    if not same(values[1], values[2]):
        return non_deterministic(values)
    if not same(values[0], values[1]):
        values.append(Record(subject).value)
        if not same(values[0], values[3]):
            return non_deterministic(values)
        if where := difference(record, values[1], rtol):
            return value_differs(where, "Tensors that record nothing")
    return compare_with_arrays(record, rtol)


def compare_with_arrays(record: Record, rtol: float) -> Finding:
    """Compare the recorded run with one on plain arrays."""
    subject = record.subject
    run = subject.on_arrays()
    if run.error:
        return Finding(
            note=f"the value was not compared with that on plain arrays, where the function raised "
            f"{run.error}"
        )
    where = difference_of_run(record, run, rtol)
    if not where:
        return Finding()
    again = subject.on_arrays()
    if again.error or difference_of_run(record, again, rtol) != where:
        return non_deterministic([record.value, *(values_in(subject, run) for run in (run, again))])
    written = f" On arrays it writes to its input {', '.join(run.changed)}." if run.changed else ""
    return value_differs(where, "plain arrays", written)


def value_differs(where: str, how: str, more: str = "") -> Finding:
    """The finding on a function that gives another value in a run of another kind."""
    return Finding("value differs", f"on {how}, {where}.{more} {CAUSES}")


def non_deterministic(values: list[Vector]) -> Finding:
    """The finding on a function whose values at one input differ."""
    shapes = {value.shape for value in values}
    spread = np.nanmax(np.ptp(np.stack(values), axis=0), initial=0) if len(shapes) == 1 else np.nan
    return Finding(
        "non-deterministic",
        f"evaluations at the same input differ by up to {spread:.3g}. Draw random numbers "
        f"outside the function and pass them in, or seed a new Generator inside it.",
    )


# ---------------------------------------------------------------- where two values differ


def difference_of_run(record: Record, run: PlainRun, rtol: float) -> str:
    """Where the run on plain arrays gives something else than the recorded one, in words."""
    subject = record.subject
    theirs = [(path, x.shape, x.dtype.kind) for path, x in run.outputs]
    titles = zip(subject.output_titles, record.outputs, strict=True)
    ours = [(path, x.data.shape, x.data.dtype.kind) for path, x in titles]
    if theirs != ours:
        return f"the function returns {described(theirs)}, but {described(ours)} on Tensors"
    return difference(record, values_in(subject, run), rtol)


def values_in(subject: Subject, run: PlainRun) -> Vector:
    """The outputs of a run on plain arrays, as one vector."""
    return subject.vector(x for _, x in run.outputs)


def described(outputs: list[tuple[str, tuple[int, ...], str]]) -> str:
    """The floating-point outputs by name, kind and shape."""
    kinds = {"f": "real", "c": "complex"}
    told = [f"{name or 'out'}: {kinds[kind]}, of shape {shape}" for name, shape, kind in outputs]
    return f"({'; '.join(told)})" if told else "no floating-point numbers"


def difference(record: Record, other: Vector, rtol: float) -> str:
    """The first entry in which another value differs from the recorded one, in words, if one does.

    Entries may differ by the relative error `rtol`, and by the rounding noise of the computation.
    """
    subject, value = record.subject, record.value
    with np.errstate(invalid="ignore"):
        alike = (value == other) | (np.isnan(value) & np.isnan(other))
        apart = ~alike & ~comparison.close(other, value, rtol)
    rows = Rows(value.size)
    for row in np.flatnonzero(apart).tolist():
        noise = SAFETY * record.rounding(rows.cotangent(row))
        if not abs(value[row] - other[row]) <= noise:
            name = entry_of(subject.titled_outputs(), subject.shapes, row)
            return f"{name} is {other[row]:.9g}, but {value[row]:.9g} on Tensors"
    return ""
