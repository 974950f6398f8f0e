"""The report of a gradient check: for every input what was compared, and in words what to do next.

"Analytic" is what the engine's rules give, "numeric" what differences of the function give.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from micrograd_np.checking import comparison
from micrograd_np.checking.comparison import KINK, RIGHT, STATUSES, WRONG, Verdict
from micrograd_np.checking.differences import Slopes
from micrograd_np.core.op import Array
from micrograd_np.text_table import text_table

Mode = Literal["reverse", "forward"]
Blocks = dict[Mode, Array]  # an array of shape (rows, columns) for each mode


class InputReport(NamedTuple):
    """The findings for one input. Arrays have an entry for every derivative compared.

    The shape of an array is the output's followed by the input's. Several outputs, or random
    combinations of outputs, form one axis. If the input was moved along random directions, the
    directions take the place of the input's axes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    verdict: Verdict
    analytic: Array  # by reverse mode
    forward: Array | None  # by forward mode; None where it was not asked for
    numeric: Array
    bound: Array  # the error bar of `numeric`; 0 where it agreed at first look
    mode: Mode  # of the worst entry
    entry: tuple[int, ...] | None  # index of the worst, in the arrays above; None if they are empty
    place: str  # the worst entry in words
    absolute_error: float
    relative_error: float
    digits: float  # decimal digits agreed at the worst entry; NaN if it is lost in rounding noise
    counts: dict[str, int]  # entries by status, the worse of the two modes
    unresolved: int  # right entries whose size is below the error bar of their difference
    hint: str


@dataclass(eq=False, repr=False)
class GradientReport:
    """The answer of `gradcheck`: true exactly when its verdict is "right"."""

    verdict: Verdict
    inputs: Sequence[InputReport]
    subject: str
    method: str
    rtol: float
    notes: tuple[str, ...]
    derivatives: tuple["GradientReport", ...] = ()

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        reports = list(self.all())
        parts = [f"gradcheck: {self.verdict.upper()}. {MEANINGS[self.verdict]}"]
        parts += [report.section() for report in reports]
        if any(report.inputs for report in reports):
            parts.append(LEGEND)
        hints = {line.hint: None for report in reports for line in report.inputs if line.hint}
        notes = {note: None for report in reports for note in report.notes}
        parts += [f"Next: {hint}" for hint in hints] + [f"Note: {note}" for note in notes]
        return "\n".join(parts)

    def all(self) -> Iterator["GradientReport"]:
        """Itself and the reports on the derivatives, in order."""
        yield self
        for report in self.derivatives:
            yield from report.all()

    def section(self) -> str:
        """One function's part of the text: how it was checked, and its table."""
        heading = f"\n{self.subject}: {self.method}"
        if not self.inputs:
            return heading
        return "\n  ".join([heading, *text_table([COLUMNS, *map(cells, self.inputs)])])


MEANINGS = {
    "right": "Every derivative agrees with differences.",
    "wrong": "Differences contradict a derivative.",
    "kink": "The function has no derivative at this input, so there is nothing to agree with.",
    "non-finite": "A value or a derivative is infinite or NaN, so differences say nothing.",
    "non-deterministic": "The function gave different values for the same input.",
    "value differs": "On Tensors the function computes another value than otherwise.",
}
LEGEND = "(analytic: what the rules give; numeric: what differences of the function give)"
COLUMNS = (
    "input", "shape", "dtype", "verdict", "worst entry", "mode",
    "analytic", "numeric", "abs error", "rel error", "digits",
)  # fmt: skip


def cells(line: InputReport) -> tuple[str, ...]:
    """One input's row of the table."""
    start = (line.name, str(line.shape), str(line.dtype), line.verdict)
    if line.entry is None:
        return (*start, *("-",) * 7)
    found = line.analytic if line.mode == "reverse" else line.forward
    analytic = np.nan if found is None else found[line.entry]
    agreed = "noise" if np.isnan(line.digits) else f"{line.digits:.1f}"
    numbers = (f"{analytic:.9g}", f"{line.numeric[line.entry]:.9g}")
    errors = (f"{line.absolute_error:.2g}", f"{line.relative_error:.2g}")
    return (*start, line.place, line.mode, *numbers, *errors, agreed)


# ---------------------------------------------------------------- building a line


class Layout(NamedTuple):
    """The shape of an input's derivatives in the report, and the names of rows and columns."""

    shape: tuple[int, ...]
    row_name: Callable[[int], str]
    column_name: Callable[[int], str]


def line_of(
    name: str, point: Array, derivatives: Blocks, slopes: Slopes, layout: Layout, rtol: float
) -> InputReport:
    """Compare one input's block of derivatives with its slopes, both of shape (rows, columns)."""
    info, blocks = np.finfo(point.dtype), derivatives.items()
    statuses = {mode: comparison.statuses_of(x, slopes, rtol, info) for mode, x in blocks}
    mode, flat = worst(derivatives, statuses, slopes)
    status = np.max(list(statuses.values()), axis=0)
    severity = int(status.max(initial=RIGHT))
    entry, place, absolute, relative, agreed = None, "", 0.0, 0.0, np.nan
    if flat is not None:
        analytic, numeric = derivatives[mode].flat[flat], slopes.value.flat[flat]
        entry = tuple(int(i) for i in np.unravel_index(flat, layout.shape))
        row, column = divmod(flat, slopes.value.shape[1])
        place = f"{layout.row_name(row)} / {layout.column_name(column)}"
        absolute = float(np.abs(analytic - numeric))
        relative = float(comparison.relative_errors(analytic, numeric))
        if comparison.above_error_bar(derivatives[mode], slopes).flat[flat]:
            agreed = max(0.0, -float(np.log10(max(relative, float(info.eps)))))
    unresolved = ~comparison.above_error_bar(derivatives["reverse"], slopes)
    unresolved &= (derivatives["reverse"] != 0) & (status == RIGHT)
    forward = derivatives.get("forward")
    return InputReport(
        name=name,
        shape=point.shape,
        dtype=point.dtype,
        verdict=STATUSES[severity],
        analytic=derivatives["reverse"].reshape(layout.shape),
        forward=None if forward is None else forward.reshape(layout.shape),
        numeric=slopes.value.reshape(layout.shape),
        bound=slopes.bound.reshape(layout.shape),
        mode=mode,
        entry=entry,
        place=place,
        absolute_error=absolute,
        relative_error=relative,
        digits=agreed,
        counts={label: int((status == i).sum()) for i, label in enumerate(STATUSES)},
        unresolved=int(unresolved.sum()),
        hint=hint(name, derivatives, statuses, slopes, flat, severity),
    )


def worst(derivatives: Blocks, statuses: Blocks, slopes: Slopes) -> tuple[Mode, int | None]:
    """The mode and flat index of the entry with the worst status, then with the largest error."""
    best: tuple[float, Mode, int | None] = (-1.0, "reverse", None)
    for mode, analytic in derivatives.items():
        error = np.minimum(comparison.relative_errors(analytic, slopes.value), 3)
        known = comparison.above_error_bar(analytic, slopes) | (statuses[mode] != RIGHT)
        score = 10.0 * statuses[mode] + np.where(known, 1 + error, 0)
        if score.size and score.max() > best[0]:
            best = (float(score.max()), mode, int(score.argmax()))
    return best[1:]


# ---------------------------------------------------------------- what to do next


def hint(
    name: str, derivatives: Blocks, statuses: Blocks, slopes: Slopes, flat: int | None, status: int
) -> str:
    """Advice for one input: the likely cause of what is wrong, or what its verdict asks for."""
    wrong = [mode for mode, found in statuses.items() if (found == WRONG).any()]
    if wrong:
        cause = likely_cause(derivatives[wrong[0]], statuses[wrong[0]] == WRONG, slopes.value)
        blame = RULES[wrong[0]] if len(wrong) < len(statuses) else ""
        return f"input {name}: {cause}{blame}"
    if status == KINK and flat is not None:
        seen = "does not settle as the step shrinks"
        if slopes.kink.flat[flat]:
            left, right = slopes.left.flat[flat], slopes.right.flat[flat]
            seen = f"is {left:.6g} to the left and {right:.6g} to the right"
        return (
            f"input {name}: the slope {seen}. Move the input off this point to check the rules "
            f"beside it; at the point itself compare with the subgradient you expect."
        )
    if status > KINK:
        return (
            f"input {name}: check at an input where the value and its slope are finite, or compare "
            f"with the limit you expect."
        )
    return ""


RULES = {
    "reverse": " Forward mode is right: look at the vjp rules.",
    "forward": " Reverse mode is right: look at the jvp rules.",
}


def likely_cause(analytic: Array, wrong: Array, numeric: Array) -> str:
    """A likely cause of wrong derivatives, from the pattern of the wrong entries."""
    count = f"{int(wrong.sum())} of {wrong.size} entries are wrong"
    if not np.isfinite(analytic[wrong]).all():
        return f"{count}: infinite or NaN where the function has a finite slope."
    if not analytic.any():
        return (
            f"{count}: the analytic derivative is zero throughout, so no gradient arrives. Look "
            f"for `.data`, `.numpy()`, `float()`, `stop_gradient` or a rule that is None."
        )
    ratios = analytic[wrong] / np.where(numeric[wrong] == 0, np.nan, numeric[wrong])
    ratio = float(ratios[0])
    if np.allclose(ratios, ratio, rtol=0.01, atol=0):
        if abs(ratio + 1) < 0.01:
            return f"{count}: the sign is flipped."
        if abs(ratio) > 0:
            return f"{count}: the analytic derivative is {ratio:.6g} times the numeric one."
    rows, columns = analytic.shape
    if rows == columns and np.allclose(analytic, numeric.T, rtol=1e-3, atol=0):
        return f"{count}: the analytic Jacobian is the transpose of the numeric one."
    return f"{count}. To find the op, check the parts of the function one at a time."
