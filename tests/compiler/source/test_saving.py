"""Saved programs and reports on them."""

import operator
import subprocess
import sys

import numpy as np
import pytest
from printed_programs import MATRIX, RNG, SCALE, fused_program, loaded, run_twice, scaled
from program_builder import Builder, assert_same

import micrograd_np as mg
from micrograd_np.compiler import helpers
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.report import in_units, report_of
from micrograd_np.compiler.source import build, save
from micrograd_np.compiler.tracing.functions import Method
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.errors import SourceError
from micrograd_np.ops.derivatives.convolution import convolve_windows

# ---------------------------------------------------------------- saving

ALONE = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("micrograd_np", "scipy", "numba"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Refused())
import numpy as np
try:
    import micrograd_np
except ImportError:
    pass
else:
    raise SystemExit("the package is here")
import saved
given = np.load("given.npz", allow_pickle=False)
values = [np.random.default_rng(5) if x.dtype.kind == "U" else x for x in given.values()]
for _ in range(2):
    results = saved.step(*values)
np.savez("found.npz", *results)
"""


def run_alone(program, arguments, folder):
    """The results of a saved program, second call, in a process without the package."""
    save(program, folder / "saved.py")
    values = [np.array("rng") if isinstance(x, np.random.Generator) else x for x in arguments]
    np.savez(folder / "given.npz", *values)
    (folder / "alone.py").write_text(ALONE)
    command = [sys.executable, "-W", "error", "alone.py"]
    environment = {"PATH": "", "PYTHONPATH": ""}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(np.load(folder / "found.npz").values())


def test_a_saved_program_runs_with_numpy_alone(tmp_path):
    b = Builder()
    x = b.parameter(RNG.normal(size=(2, 3, 9, 8)), "images")
    w = b.parameter(RNG.normal(size=(4, 3, 3, 3)), "weight")
    rng = b.parameter(np.random.default_rng(5), "rng")
    geometry = {"size": (9, 8), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
    seen = b(convolve_windows.__wrapped__, x, w, view=True, **geometry)
    mask = b(Method("random"), rng, (2, 4, 9, 8), effect=True, view=True)
    kept = b(np.where, b(np.less, mask, 0.5), seen, 0.0)
    picked = b(operator.getitem, kept, (slice(None), np.array([0, 3, 3])))
    spread = b(helpers.scatter_add, picked, (slice(None), np.array([0, 3, 3])), (2, 4, 9, 8))
    table = b.constant(RNG.normal(size=(9, 8)), "table")
    late = b(helpers.index_update, b(np.divide, spread, b(np.subtract, table, table)), (0, 0), 1.5)
    program = b.program(late, mask, b(np.sum, seen, axis=(0, 2, 3)))
    expected = program
    with ignoring_float_errors():
        generator = np.random.default_rng(5)
        for _ in range(2):
            wanted = expected.run([*b.arguments[:2], generator])
    assert_same(run_alone(program, b.arguments, tmp_path), wanted)
    text = (tmp_path / "saved.py").read_text()
    assert "import micrograd_np" not in text
    assert "from micrograd_np" not in text
    assert "def convolve_windows(" in text


def test_a_saved_fused_group_runs_with_numpy_alone(tmp_path):
    program, arguments = fused_program()
    assert_same(run_alone(program, arguments, tmp_path), program.run(arguments))


def test_a_saved_program_is_silent(tmp_path):
    b = Builder()
    x = b.parameter(np.array([-1.0, 0.0]))
    save(b.program(b(np.log, x)), tmp_path / "saved.py")
    np.testing.assert_array_equal(
        loaded(tmp_path / "saved.py").step(b.arguments[0])[0], [np.nan, -np.inf]
    )


TABLE = {"shift": -1.0}


def shifted(x, by=SCALE):
    """A function of the user's, with what it needs."""
    return scaled(x) + by + TABLE["shift"] + float(SCALE)


def test_functions_of_the_users_come_along(tmp_path):
    b = Builder()
    own = mg.primitive(shifted, partials=[1])
    x = b.parameter(MATRIX)
    clash = b(np.exp, x, hint="scaled")
    program = b.program(b(own.__wrapped__, clash, view=True))
    run_twice(program, b.arguments)
    save(program, tmp_path / "saved.py")
    assert_same(loaded(tmp_path / "saved.py").step(MATRIX), program.run([MATRIX]))


def test_functions_without_source_are_named_all_together(tmp_path):
    b = Builder()
    x = b.parameter(MATRIX)
    hidden = lambda x: x + 1
    y = b(hidden, x, view=True)

    def inner(x):
        return x * MATRIX

    def outer(x):
        return mg.relu(x)

    z = b(outer, b(inner, y, view=True), view=True)
    program = b.program(z)
    run_twice(program, b.arguments)
    with pytest.raises(SourceError, match=r"(?s)<lambda>.*inner.*outer"):
        save(program, tmp_path / "saved.py")
    assert not (tmp_path / "saved.py").exists()


def with_package(x):
    return mg.relu(x)


def test_functions_that_use_this_package_are_refused(tmp_path):
    b = Builder()
    program = b.program(b(with_package, b.parameter(MATRIX), view=True))
    with pytest.raises(SourceError, match=r"with_package.*uses micrograd_np"):
        save(program, tmp_path / "saved.py")


def test_what_cannot_be_written_is_refused(tmp_path):
    x = Variable.like("x", MATRIX)
    y = Variable.like("y", MATRIX)
    call = Instruction(scaled, (x,), {"how": object()}, (y,), view=True)
    with pytest.raises(SourceError, match="numbers, arrays and text"):
        save(Program("step", (x,), {}, (call,), (y,)), tmp_path / "saved.py")


# ---------------------------------------------------------------- reports


def test_the_report_counts():
    b = Builder()
    x = b.parameter(RNG.normal(size=(64, 32)))
    y = b(np.matmul, b(np.exp, b(np.negative, x)), b.constant(np.ones((32, 16))))
    program = b.program(b(np.sum, y))
    report = report_of(program, build(program), [("folding", 9, 5), ("dead code", 5, 4)])
    n = 64 * 32 * 8
    assert (report.traced, report.calls, report.fused) == (9, 4, ())
    assert (report.buffers, report.constants, report.constant_bytes) == (2, 1, 32 * 16 * 8)
    assert report.buffer_bytes == n + n // 2
    assert report.traffic == 2 * n + 2 * n + (n + 32 * 16 * 8 + n // 2) + n // 2 + 8
    assert report.peak >= report.buffer_bytes
    text = str(report)
    assert "folding" in text
    assert "9 → 5" in text
    assert in_units(1536) == "1.5 KiB"
