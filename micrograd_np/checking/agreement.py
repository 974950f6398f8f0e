"""Agreement: whether a function gives one value, whatever kind of arrays it is called with.

A user means the function of plain arrays. Differences are taken of values on Tensors that record
nothing, and derivatives of values on Tensors that record. Differences can judge derivatives only if
all three values agree. A call that disagrees is repeated, to tell another value from a random one.
"""

import numpy as np

from micrograd_np.checking import comparison
from micrograd_np.checking.comparison import Verdict
from micrograd_np.checking.differences import SAFETY, Rows
from micrograd_np.checking.vector_function import PlainRun, RecordedCall, same
from micrograd_np.core.op import Array

Finding = tuple[Verdict, str]  # "right" if the values agree; and a note, "" for none
CAUSES = (
    "Look for branches on the type (`isinstance(x, np.ndarray)`, `x.requires_grad`), for writing "
    "in place, which an array and its views feel and a Tensor does not, and for conversions that "
    "treat Tensors otherwise (`hasattr`, `np.shape`, `len`)."
)


def compare_runs(call: RecordedCall, rtol: float) -> Finding:
    """Compare the recorded call with calls on Tensors that record nothing and on plain arrays."""
    values = [call.value, *(call.value_at(call.function.points) for _ in range(2))]
    if not same(values[1], values[2]):
        return non_deterministic(values)
    if not same(values[0], values[1]):
        values.append(RecordedCall(call.function).value)
        if not same(values[0], values[3]):
            return non_deterministic(values)
        if where := difference(call, values[1], rtol):
            return "value differs", f"on Tensors that record nothing, {where}. {CAUSES}"
    return compare_with_arrays(call, rtol)


def compare_with_arrays(call: RecordedCall, rtol: float) -> Finding:
    """Compare the recorded call with one on plain arrays."""
    run = call.function.run_on_arrays()
    if run.error:
        skipped = "the value was not compared with that on plain arrays, where the function raised"
        return "right", f"{skipped} {run.error}"
    where = difference_of_run(call, run, rtol)
    if not where:
        return "right", ""
    again = call.function.run_on_arrays()
    if again.error or difference_of_run(call, again, rtol) != where:
        return non_deterministic([call.value, values_in(call, run), values_in(call, again)])
    written = f" On arrays it writes to its input {', '.join(run.changed)}." if run.changed else ""
    return "value differs", f"on plain arrays, {where}.{written} {CAUSES}"


def non_deterministic(values: list[Array]) -> Finding:
    """The finding on a function whose values at one input differ."""
    shapes = {value.shape for value in values}
    apart = np.nanmax(np.ptp(np.stack(values), axis=0), initial=0) if len(shapes) == 1 else np.nan
    note = (
        f"evaluations at the same input differ by up to {apart:.3g}. Draw random numbers "
        f"outside the function and pass them in, or seed a new Generator inside it."
    )
    return "non-deterministic", note


def difference_of_run(call: RecordedCall, run: PlainRun, rtol: float) -> str:
    """The first difference of a call with arrays from the recorded call, in words; "" for none."""
    theirs = [(path, x.shape, x.dtype.kind) for path, x in run.outputs]
    titles = zip(call.output_titles, call.outputs, strict=True)
    ours = [(path, x.data.shape, x.data.dtype.kind) for path, x in titles]
    if theirs != ours:
        return f"the function returns {described(theirs)}, but {described(ours)} on Tensors"
    return difference(call, values_in(call, run), rtol)


def values_in(call: RecordedCall, run: PlainRun) -> Array:
    """The outputs of a call with plain arrays, as one vector."""
    return call.vector(x for _, x in run.outputs)


def described(outputs: list[tuple[str, tuple[int, ...], str]]) -> str:
    """The floating-point outputs by name, kind and shape."""
    kinds = {"f": "real", "c": "complex"}
    told = [f"{name or 'out'}: {kinds[kind]}, of shape {shape}" for name, shape, kind in outputs]
    return f"({'; '.join(told)})" if told else "no floating-point numbers"


def difference(call: RecordedCall, other: Array, rtol: float) -> str:
    """The first entry in which another value differs from the recorded one, in words, or "".

    Entries may differ by the relative error `rtol`, and by the rounding noise of the computation.
    """
    value = call.value
    with np.errstate(invalid="ignore"):
        alike = (value == other) | (np.isnan(value) & np.isnan(other))
        apart = ~alike & ~comparison.close(other, value, rtol)
    rows = Rows(value.size)
    for row in np.flatnonzero(apart).tolist():
        noise = SAFETY * call.rounding(rows.cotangent(row))
        if not abs(value[row] - other[row]) <= noise:
            return f"{call.entry(row)} is {other[row]:.9g}, but {value[row]:.9g} on Tensors"
    return ""
