"""The check: `gradcheck` compares a function's derivatives with differences of its values."""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np import errors
from micrograd_np.checking import comparison
from micrograd_np.checking.agreement import compare_runs
from micrograd_np.checking.differences import (
    Differences,
    Probe,
    Rows,
    Slopes,
    directions,
    entries,
)
from micrograd_np.checking.parts import joined, parts_of
from micrograd_np.checking.report import GradientReport, InputReport, Layout, Mode, line_of
from micrograd_np.checking.symmetry import Reading, readings
from micrograd_np.checking.vector_function import Points, Record, Subject, size
from micrograd_np.core.tree import Tree
from micrograd_np.transforms.grad import jvp, vjp

Array = np.ndarray[Any, Any]


def gradcheck(
    f: Callable[..., Any],
    inputs: Tree,
    *,
    order: int = 1,
    rng: "np.random.Generator | None" = None,
    rtol: float | None = None,
    forward: bool = True,
    limit: int = 10_000,
    samples: int = 4,
) -> GradientReport:
    """Compare the derivatives of `f` at `inputs` with differences of its values.

    `inputs`: a tuple or list of the arguments of `f`, each an array, a number, a Tensor or a tree
    of them (a module, say); anything else is the only argument. Floating-point arrays are
    differentiated and arrive as Tensors; integers, booleans and the rest are held constant.
    `f` may return an array of any shape or a tree of them, of which floating-point ones count.

    `order`: 2 also checks the derivatives of the derivatives, both of the pull-back and of the
    push-forward. `rng`: draws random directions, by default `np.random.default_rng(0)`. `rtol`: the
    relative error allowed, by default the square root of the coarsest precision `f` computes in
    (1.5e-8 in float64, 3.5e-4 in float32, 0.03 in float16). `forward`: whether to check forward
    mode too. `limit`: a Jacobian of at most so many entries is compared entry by entry; of a larger
    one, `samples` random combinations of the outputs, and, if that is still too many, `samples`
    random directions of each large input. The report says which.

    The report is true when its `verdict` is "right". Others are "wrong"; "kink", when `f` has no
    derivative there (neither a pass nor a wrong gradient); "non-finite", when a value or derivative
    is infinite or NaN; "non-deterministic", when `f` gives different values for equal inputs; and
    "value differs", when `f` computes another value on Tensors than on plain arrays, so that its
    gradient is that of another function. If `f` raises on plain arrays, because it needs Tensors,
    the report says so in a note, and the check goes on.

    Steps and error bars follow the values and dtypes at hand (see `checking.differences`); an entry
    smaller than the error bar of its difference cannot be told from zero, and the report counts it.

    A complex array counts as two real ones, its real and its imaginary part, which the report names
    `z.real` and `z.imag`; so does a complex output.

    A matrix that is read as Hermitian (`np.linalg.cholesky`, `eigh`, …) has a derivative along
    Hermitian matrices. An input that leads to one is moved symmetrically, each entry together with
    its mirror image, and the report says so; see `checking.symmetry`.

    Raises NotDifferentiableError if no input, or nothing that `f` returns, is floating-point;
    ValueError for an `order` below 1.

    >>> from micrograd_np.checking import gradcheck
    >>> report = gradcheck(lambda x, y: np.sum(np.sin(x) * y), (np.ones(3), 2.0), order=2)
    >>> bool(report), report.verdict
    (True, 'right')
    >>> report.inputs[0].digits > 8
    True
    """
    if order < 1:
        raise ValueError(f"gradcheck needs an order of at least 1, but order={order} was given.")
    settings = Settings(rng or np.random.default_rng(0), rtol, forward, limit, samples)
    with np.errstate(all="ignore"):  # steps may leave the domain; that is seen in the values
        return checked(Subject(f, inputs), order, "f", settings)


def assert_gradcheck(f: Callable[..., Any], inputs: Tree, **options: Any) -> GradientReport:
    """Raise GradientCheckError, whose message is the report, unless `gradcheck` finds all right.

    Takes the options of `gradcheck` and returns its report.

    >>> from micrograd_np.checking import assert_gradcheck
    >>> assert_gradcheck(np.tanh, np.array([0.5, 20.0])).verdict
    'right'
    """
    report = gradcheck(f, inputs, **options)
    if not report:
        raise errors.GradientCheckError(str(report))
    return report


class Settings:
    """The options of one check."""

    def __init__(
        self,
        rng: "np.random.Generator",
        rtol: float | None,
        forward: bool,
        limit: int,
        samples: int,
    ) -> None:
        self.rng = rng
        self.rtol = rtol
        self.modes: tuple[Mode, ...] = ("reverse", "forward") if forward else ("reverse",)
        self.limit = limit
        self.samples = samples

    def tolerance(self, info: np.finfo[Any]) -> float:
        """The relative error allowed, where the coarsest precision passed through is `info`."""
        return float(np.sqrt(info.eps)) if self.rtol is None else self.rtol


# ---------------------------------------------------------------- one function


def checked(subject: Subject, order: int, title: str, settings: Settings) -> GradientReport:
    """Check one function and, if it is right, its derivatives up to `order`."""
    record = Record(subject)
    finding = compare_runs(record, settings.tolerance(record.precision()))
    if finding.verdict:
        return GradientReport(finding.verdict, (), title, "not compared", np.nan, [finding.note])
    report = first_order(record, title, settings)
    report.notes = tuple(filter(None, (*report.notes, finding.note)))
    if order > 1 and report:
        below = derivatives(record, title, settings)
        report.derivatives = tuple(checked(s, order - 1, name, settings) for s, name in below)
        report.verdict = next((r.verdict for r in report.derivatives if not r), report.verdict)
    return report


def first_order(record: Record, title: str, settings: Settings) -> GradientReport:
    """Compare the first derivatives of a recorded function."""
    subject = record.subject
    info = record.precision()
    rtol = settings.tolerance(info)
    rows = rows_of(record, settings)
    differences = Differences(record, rows, info, settings.rng)
    read = readings(record, settings.rng)
    signs = signs_of(subject.arrays, read)
    gradients = [record.pull(rows.cotangent(row)) for row in range(rows.count)]
    lines = []
    for place, point in enumerate(subject.points):
        probes, scattered = probes_of(place, point, rows, settings, signs[place])
        found = {
            "reverse": pulled(gradients, probes, place, subject.wide),
            "forward": pushed(record, rows, probes) if "forward" in settings.modes else None,
        }
        # A mode that was asked for has a block.
        blocks: dict[Mode, Array] = {mode: found[mode] for mode in settings.modes}  # type: ignore[misc]
        slopes = measured(differences, probes, list(blocks.values()), rtol)
        layout = layout_of(subject, rows, point, probes, scattered)
        layout = layout._replace(mirrored=signs[place] != 0)
        lines.append(line_of(subject.names[place], point, blocks, slopes, layout, rtol))
    severity = max(comparison.STATUSES.index(line.verdict) for line in lines)
    verdict = comparison.STATUSES[severity]
    notes = notes_of(record, lines, info)
    titles = zip(subject.titles, read, strict=True)
    notes += [reading.note(name) for name, reading in titles if reading is not None]
    method = method_of(rows, lines, settings, rtol)
    # A status is a verdict, of which there is one more.
    return GradientReport(verdict, lines, title, method, rtol, notes)  # type: ignore[arg-type]


def rows_of(record: Record, settings: Settings) -> Rows:
    """Every output entry, or random combinations of them where the Jacobian is too large."""
    count = record.value.size
    entries = count * sum(point.size for point in record.subject.points)
    if entries <= settings.limit or count <= settings.samples:
        return Rows(count)
    return Rows(count, settings.rng.standard_normal((settings.samples, count)))


def signs_of(arrays: Points, read: list[Reading | None]) -> list[int]:
    """For each point how the mirror image of an entry moves: with it (1), against it (-1), or not.

    Hermitian matrices have a symmetric real part and an antisymmetric imaginary one.
    """
    signs = []
    for x, reading in zip(arrays, read, strict=True):
        mirrored = reading is not None and reading.mirrored
        signs += [int(mirrored), -int(mirrored)][: 1 + (x.dtype.kind == "c")]
    return signs


def probes_of(
    place: int, point: Array, rows: Rows, settings: Settings, sign: int
) -> tuple[list[Probe], bool]:
    """Probes of one input, and whether they are random directions."""
    if rows.count * point.size <= settings.limit or point.size <= settings.samples:
        return entries(place, point, sign), False
    return directions(place, point, settings.samples, settings.rng, sign), True


def pulled(gradients: list[Points], probes: list[Probe], place: int, wide: Any) -> Array:
    """The reverse-mode block of one input: rows against probes."""
    block = np.zeros((len(gradients), len(probes)), wide)
    for row, gradient in enumerate(gradients):
        flat = gradient[place].astype(wide).ravel()
        block[row] = [probe.derivative(flat) for probe in probes]
    return block


def pushed(record: Record, rows: Rows, probes: list[Probe]) -> Array:
    """The forward-mode block of one input: rows against probes."""
    block = np.zeros((len(probes), rows.count), record.subject.wide)
    for i, probe in enumerate(probes):
        block[i] = rows.of(record.push(probe.place, probe.tangent()))
    return block.T


def measured(
    differences: Differences, probes: list[Probe], blocks: list[Array], rtol: float
) -> Slopes:
    """The slopes of one input: rows against probes, with a second look at doubtful ones."""
    columns = []
    for i, probe in enumerate(probes):
        value, doubtful = differences.first_look(probe, rtol)
        doubtful = doubtful | ~np.all([comparison.close(b[:, i], value, rtol) for b in blocks], 0)
        nothing, none = np.full_like(value, np.nan), np.zeros(value.shape, dtype=bool)
        column = Slopes(value, np.zeros_like(value), nothing, nothing, none, ~none)
        if doubtful.any():
            second = differences.second_look(probe)
            column = Slopes(
                *(np.where(doubtful, b, a) for a, b in zip(column, second, strict=True))
            )
        columns.append(column)
    if not columns:
        empty = np.zeros((differences.rows.count, 0))
        return Slopes(*(empty,) * 4, *(empty.astype(bool),) * 2)
    return Slopes(*(np.stack(part, axis=1) for part in zip(*columns, strict=True)))


# ---------------------------------------------------------------- derivatives as functions


def derivatives(record: Record, title: str, settings: Settings) -> list[tuple[Subject, str]]:
    """The pull-back and the push-forward as functions of the inputs and of what they carry.

    What they carry is an input too: a rule that treats it as a constant gives wrong second
    derivatives of every function around it.
    """
    subject = record.subject
    arrays = subject.arrays
    count = len(arrays)
    cotangents = [weights(settings.rng, x) for x in subject.split(record.value)]
    tangents = [weights(settings.rng, x) for x in arrays]

    def pull_back(*given: Any) -> Tree:
        return vjp(subject.outputs, *given[:count])[1](given[count:])

    def push_forward(*given: Any) -> Tree:
        return jvp(subject.outputs, given[:count], given[count:])[1]

    outputs = [f"cotangent {name}".rstrip() for name in subject.output_titles]
    found = [
        (
            Subject(pull_back, (*arrays, *cotangents), [*subject.titles, *outputs]),
            f"reverse derivative of {title}",
        )
    ]
    if "forward" in settings.modes:
        moves = [f"tangent {name}" for name in subject.titles]
        found.append(
            (
                Subject(push_forward, (*arrays, *tangents), [*subject.titles, *moves]),
                f"forward derivative of {title}",
            )
        )
    return found


def weights(rng: "np.random.Generator", like: Array) -> Array:
    """Random numbers of either sign, none of them small, in both parts of complex ones."""
    shape = like.shape
    parts = [
        rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape) for _ in parts_of([like])
    ]
    return joined(parts, [like.dtype])[0]


# ---------------------------------------------------------------- what the report says


def layout_of(
    subject: Subject, rows: Rows, point: Array, probes: list[Probe], scattered: bool
) -> Layout:
    """The layout of one input's block: what its rows and columns stand for."""
    single = len(subject.shapes) == 1
    if rows.mixtures is None:
        shape = subject.shapes[0] if single else (rows.count,)
        names = subject.titled_outputs()
        parts = list(subject.shapes)
    else:
        shape = (rows.count,)
        names = [f"combination {i}" for i in range(rows.count)]
        parts = [()] * rows.count
    columns = (len(probes),) if scattered else point.shape
    return Layout(shape, columns, names, parts, scattered)


def method_of(rows: Rows, lines: list[InputReport], settings: Settings, rtol: float) -> str:
    """A line on what was compared with what."""
    total = sum(size(line.shape) for line in lines)
    if rows.mixtures is None:
        how = f"every entry of the {rows.length} x {total} Jacobian"
    else:
        how = f"{rows.count} random combinations of {rows.length} outputs, {total} inputs"
    scattered = [line.name for line in lines if line.numeric.size < rows.count * size(line.shape)]
    if scattered:
        how += f", along {settings.samples} random directions of input {', '.join(scattered)}"
    modes = " and ".join(settings.modes)
    return f"{how}; {modes} mode against central differences, relative error up to {rtol:.2g}"


def notes_of(record: Record, lines: list[InputReport], info: np.finfo[Any]) -> list[str]:
    """Notes for the reader on how the check went."""
    subject = record.subject
    notes = []
    if subject.constant_names:
        names = ", ".join(subject.constant_names)
        notes.append(f"held constant, not being floating-point: {names}.")
    if changed := record.changed():
        notes.append(
            f"the function writes to its input {', '.join(changed)}; derivatives of what it "
            f"computed before then belong to other numbers. Copy the input first."
        )
    leaves = [subject.leaves[i] for i in subject.places]
    repeated = [subject.titles[i] for i, x in enumerate(leaves) if any(x is y for y in leaves[:i])]
    if repeated:
        notes.append(
            f"input {', '.join(repeated)} is the same object as an earlier one; each is "
            f"differentiated on its own, so a gradient of the shared array is their sum."
        )
    if unresolved := sum(line.unresolved for line in lines):
        notes.append(
            f"{unresolved} derivative{' is' if unresolved == 1 else 's are'} smaller than the "
            f"rounding noise of differences ({info.dtype}): no more was shown."
        )
    return notes
