"""The check: `gradcheck` compares a function's derivatives with differences of its values."""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from micrograd_np import errors
from micrograd_np.checking import comparison
from micrograd_np.checking.agreement import compare_runs
from micrograd_np.checking.differences import Differences, Probe, Rows, Slopes, directions, entries
from micrograd_np.checking.real_parts import from_real_parts, real_parts
from micrograd_np.checking.report import Blocks, GradientReport, InputReport, Layout, Mode, line_of
from micrograd_np.checking.symmetry import HermitianUse, hermitian_uses
from micrograd_np.checking.vector_function import RecordedCall, VectorFunction, bracketed
from micrograd_np.core.op import Array
from micrograd_np.core.tree import Tree
from micrograd_np.transforms.grad import check_given, jvp, vjp


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

    `inputs`: a tuple or list of the arguments of `f`, or the only argument. Each is an array, a
    number, a Tensor or a tree of these, such as a module. Floating-point arrays are differentiated
    and arrive as Tensors; integers, booleans and the rest are constant. `f` may return an array of
    any shape or a tree of arrays, of which the floating-point ones are checked.

    - `order`: 2 also checks the derivatives of the pull-back and of the push-forward.
    - `rng`: draws random directions, by default `np.random.default_rng(0)`.
    - `rtol`: the relative error allowed, by default the square root of the coarsest precision that
      `f` computes in (1.5e-8 in float64, 3.5e-4 in float32, 0.03 in float16).
    - `forward`: whether to check forward mode too.
    - `limit`: how many entries of a Jacobian are compared one by one. Of a larger Jacobian,
      `samples` random combinations of the outputs are compared. If these are still too many
      entries, `samples` random directions of each large input are. The report says which.

    The report is true when its `verdict` is "right". The other verdicts are:

    - "wrong": a derivative is wrong;
    - "kink": `f` has no derivative there, so the check neither passes nor finds an error;
    - "non-finite": a value or a derivative is infinite or NaN;
    - "non-deterministic": `f` gives different values for equal inputs;
    - "value differs": `f` computes another value on Tensors than on plain arrays, so its gradient
      is that of another function.

    If `f` raises on plain arrays, because it needs Tensors, a note says so, and the check goes on.

    Steps and error bars follow from the values and dtypes (see `checking.differences`). An entry
    smaller than the error bar of its difference cannot be told from zero; the report counts them.

    A complex input or output counts as two real ones, which the report names `z.real` and `z.imag`.

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
    check_given("gradcheck(f, x)", f)
    if order < 1:
        raise ValueError(f"gradcheck needs an order of at least 1, but order={order} was given.")
    modes: tuple[Mode, ...] = ("reverse", "forward") if forward else ("reverse",)
    settings = Settings(rng or np.random.default_rng(0), rtol, modes, limit, samples)
    with np.errstate(all="ignore"):  # steps may leave the domain; that is seen in the values
        return check_function(VectorFunction(f, inputs), order, "f", settings)


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


class Settings(NamedTuple):
    """The options of one check."""

    rng: "np.random.Generator"
    rtol: float | None
    modes: tuple[Mode, ...]
    limit: int
    samples: int

    def tolerance(self, info: np.finfo[Any]) -> float:
        """The relative error allowed, where the coarsest precision passed through is `info`."""
        return float(np.sqrt(info.eps)) if self.rtol is None else self.rtol


# ---------------------------------------------------------------- one function


def check_function(
    function: VectorFunction, order: int, title: str, settings: Settings
) -> GradientReport:
    """Check one function and, if it is right, its derivatives up to `order`."""
    call = RecordedCall(function)
    verdict, note = compare_runs(call, settings.tolerance(call.precision()))
    if verdict != "right":
        return GradientReport(verdict, (), title, "not compared", np.nan, (note,))
    report = first_order(call, title, settings)
    if note:
        report.notes += (note,)
    if order > 1 and report:
        report.derivatives = tuple(
            check_function(g, order - 1, name, settings)
            for g, name in derivative_functions(call, title, settings)
        )
        report.verdict = next((r.verdict for r in report.derivatives if not r), report.verdict)
    return report


def first_order(call: RecordedCall, title: str, settings: Settings) -> GradientReport:
    """Compare the first derivatives of a recorded function."""
    function = call.function
    info = call.precision()
    rtol = settings.tolerance(info)
    rows = rows_to_check(call, settings)
    differences = Differences(call, rows, info, settings.rng)
    read = hermitian_uses(call, settings.rng)
    signs = mirror_signs(function.arrays, read)
    gradients = [call.pull(rows.cotangent(row)) for row in range(rows.count)]
    lines = []
    for place, (point, sign) in enumerate(zip(function.points, signs, strict=True)):
        probes, along_random = probes_of(place, point, rows, settings, sign)
        arrived = np.reshape([g[place] for g in gradients], (rows.count, point.size))
        blocks: Blocks = {"reverse": reverse_block(arrived.astype(call.wide), probes)}
        if "forward" in settings.modes:
            blocks["forward"] = forward_block(call, rows, probes)
        slopes = measured_slopes(differences, probes, [*blocks.values()], rtol)
        layout = layout_of(call, rows, point.shape, len(probes) if along_random else None, sign)
        lines.append(line_of(function.names[place], point, blocks, slopes, layout, rtol))
    titles = zip(function.titles, read, strict=True)
    notes = notes_of(call, lines, info)
    notes += [reading.note(name) for name, reading in titles if reading is not None]
    method = method_of(rows, lines, settings, rtol)
    verdict = max((line.verdict for line in lines), key=comparison.STATUSES.index)
    return GradientReport(verdict, tuple(lines), title, method, rtol, tuple(notes))


def rows_to_check(call: RecordedCall, settings: Settings) -> Rows:
    """Every output entry, or random combinations of them where the Jacobian is too large."""
    count = call.value.size
    entries = count * sum(point.size for point in call.function.points)
    if entries <= settings.limit or count <= settings.samples:
        return Rows(count)
    return Rows(count, settings.rng.standard_normal((settings.samples, count)))


def mirror_signs(arrays: list[Array], read: list[HermitianUse | None]) -> list[int]:
    """The sign with which mirror images of entries move, for each point; 0 if they stay.

    Hermitian matrices have a symmetric real part and an antisymmetric imaginary one.
    """
    signs = []
    for x, reading in zip(arrays, read, strict=True):
        sign = int(reading is not None and reading.mirrored)
        signs += [sign, -sign] if x.dtype.kind == "c" else [sign]
    return signs


def probes_of(
    place: int, point: Array, rows: Rows, settings: Settings, sign: int
) -> tuple[list[Probe], bool]:
    """Probes of one input, and whether they are random directions."""
    if rows.count * point.size <= settings.limit or point.size <= settings.samples:
        return entries(place, point, sign), False
    return directions(place, point, settings.samples, settings.rng, sign), True


def reverse_block(gradients: Array, probes: list[Probe]) -> Array:
    """The reverse-mode derivatives of one input, of shape (rows, probes), from its gradients."""
    columns = [probe.derivatives(gradients) for probe in probes]
    return np.reshape(columns, (len(probes), len(gradients))).T


def forward_block(call: RecordedCall, rows: Rows, probes: list[Probe]) -> Array:
    """The forward-mode derivatives of one input, of shape (rows, probes)."""
    block = np.zeros((len(probes), rows.count), call.wide)
    for i, probe in enumerate(probes):
        block[i] = rows.of(call.push(probe.place, probe.tangent()))
    return block.T


def measured_slopes(
    differences: Differences, probes: list[Probe], blocks: list[Array], rtol: float
) -> Slopes:
    """The slopes of one input, of shape (rows, probes), with a second look at doubtful ones."""
    shape = blocks[0].shape
    value, doubtful = np.zeros_like(blocks[0]), np.zeros(shape, dtype=bool)
    for i, probe in enumerate(probes):
        value[:, i], doubtful[:, i] = differences.first_look(probe, rtol)
    doubtful |= ~np.all([comparison.close(block, value, rtol) for block in blocks], axis=0)
    left, right = np.full_like(value, np.nan), np.full_like(value, np.nan)
    kink, settled = np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool)
    slopes = Slopes(value, np.zeros_like(value), left, right, kink, settled)
    for i in np.flatnonzero(doubtful.any(axis=0)).tolist():
        for part, second in zip(slopes, differences.second_look(probes[i]), strict=True):
            part[:, i] = np.where(doubtful[:, i], second, part[:, i])
    return slopes


# ---------------------------------------------------------------- derivatives as functions


def derivative_functions(
    call: RecordedCall, title: str, settings: Settings
) -> list[tuple[VectorFunction, str]]:
    """The pull-back and the push-forward, as functions of the inputs and of cotangents or tangents.

    Cotangents and tangents are inputs too: a rule that treats them as constants gives wrong second
    derivatives of every function around it.
    """
    function = call.function
    arrays = function.arrays
    count = len(arrays)
    cotangents = [random_weights(settings.rng, x) for x in call.split(call.value)]
    tangents = [random_weights(settings.rng, x) for x in arrays]

    def pull_back(*given: Any) -> Tree:
        return vjp(function.outputs, *given[:count])[1](given[count:])

    def push_forward(*given: Any) -> Tree:
        return jvp(function.outputs, given[:count], given[count:])[1]

    kinds = {
        "reverse": (pull_back, cotangents, [f"cotangent {x}".rstrip() for x in call.output_titles]),
        "forward": (push_forward, tangents, [f"tangent {x}" for x in function.titles]),
    }
    found = []
    for mode in settings.modes:
        derivative, more, names = kinds[mode]
        g = VectorFunction(derivative, (*arrays, *more), [*function.titles, *names])
        found.append((g, f"{mode} derivative of {title}"))
    return found


def random_weights(rng: "np.random.Generator", like: Array) -> Array:
    """Random numbers of either sign and never small; complex ones have two such parts."""
    shape = like.shape
    parts = [
        rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape) for _ in real_parts([like])
    ]
    return from_real_parts(parts, [like.dtype])[0]


# ---------------------------------------------------------------- what the report says


def layout_of(
    call: RecordedCall, rows: Rows, shape: tuple[int, ...], drawn: int | None, sign: int
) -> Layout:
    """The meaning of the derivatives of an input of that shape; `drawn` directions if not None."""
    across, row_name = (rows.count,), lambda row: f"combination {row}"
    if rows.mixtures is None:
        row_name = call.entry
        across = call.shapes[0] if len(call.shapes) == 1 else across
    if drawn is not None:
        return Layout((*across, drawn), row_name, lambda i: f"direction {i}")
    end = " mirrored" if sign else ""
    return Layout(across + shape, row_name, lambda i: f"in{bracketed(i, shape)}{end}")


def method_of(rows: Rows, lines: list[InputReport], settings: Settings, rtol: float) -> str:
    """One line on what was compared, and how."""
    total = sum(prod(line.shape) for line in lines)
    if rows.mixtures is None:
        how = f"every entry of the {rows.length} x {total} Jacobian"
    else:
        how = f"{rows.count} random combinations of {rows.length} outputs, {total} inputs"
    along_random = [x.name for x in lines if x.numeric.size < rows.count * prod(x.shape)]
    if along_random:
        how += f", along {settings.samples} random directions of input {', '.join(along_random)}"
    modes = " and ".join(settings.modes)
    return f"{how}; {modes} mode against central differences, relative error up to {rtol:.2g}"


def notes_of(call: RecordedCall, lines: list[InputReport], info: np.finfo[Any]) -> list[str]:
    """Notes for the reader on how the check went."""
    function = call.function
    notes = []
    if function.constant_names:
        names = ", ".join(function.constant_names)
        notes.append(f"held constant, not being floating-point: {names}.")
    if changed := function.changed(x.data for x in call.inputs):
        notes.append(
            f"the function writes to its input {', '.join(changed)}; derivatives of what it "
            f"computed before then belong to other numbers. Copy the input first."
        )
    leaves = [function.leaves[i] for i in function.places]
    repeated = [function.titles[i] for i, x in enumerate(leaves) if any(x is y for y in leaves[:i])]
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
