"""Running blocks: how many threads and portions there are, and what errors and exits do."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from block_programs import DTYPES, counting, fused_of, normal, same
from program_builder import Builder

from micrograd_np.compiler.blocks import running as blocks
from micrograd_np.compiler.blocks.fusion import fuse

# ---------------------------------------------------------------- choosing


@pytest.mark.parametrize("dtype", DTYPES)
def test_select_is_where(dtype):
    rng = np.random.default_rng(1)
    x, y = ((rng.normal(size=(20, 30)) * 9).astype(dtype) for _ in range(2))
    condition = rng.random((20, 30)) < 0.5
    mask = np.empty((20, 30), blocks.INTEGERS.get(x.itemsize, "int8"))
    for one, other in [(x, y), (x, 0), (0, y), (x, y[:1]), (x[0], y), (1, x), (x.T.copy().T, y)]:
        for given in (condition, condition[:1], condition.astype(float)):
            out = np.empty_like(x)
            blocks.select(given, one, other, mask, out)
            same(out, np.where(given, one, other).astype(dtype))


def test_select_keeps_what_is_special():
    x = np.array([np.nan, -0.0, np.inf, 0.0])
    y = np.array([-0.0, np.nan, 0.0, -np.inf])
    out, mask = np.empty(4), np.empty(4, "int64")
    for condition in ([1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0]):
        blocks.select(np.array(condition, bool), x, y, mask, out)
        same(out, np.where(condition, x, y))
    blocks.select(np.array([True, False, True, False]), x, -0.0, mask, out)
    same(out, np.array([np.nan, -0.0, np.inf, -0.0]))


# ---------------------------------------------------------------- running


def test_partials_do_not_depend_on_threads():
    build = Builder()
    x = build.parameter(normal(100_000))
    program = build.program(build(np.sum, build(np.exp, x)))
    sums = {
        fuse(program, smallest=1, work=1, entries=512, threads=threads).run(build.arguments)
        for threads in (1, 2, 3, 8)
    }
    assert len(sums) == 1
    exact = np.exp(build.arguments[0]).sum(dtype="float64")
    np.testing.assert_allclose(sums.pop()[0], exact, rtol=2e-7)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_exception_in_a_block_is_raised(threads):
    x = np.arange(1000.0)
    done = []

    def failing(part):
        done.append(part)
        if part[0] >= 300:
            raise ArithmeticError(part[0])

    with pytest.raises(ArithmeticError):
        blocks.run(failing, (1000,), (10,), (x,), threads=threads)
    assert len(done) < 100
    out = np.empty_like(x)
    blocks.run(counting, (1000,), (10,), (x,), (out,), threads=threads)
    same(out, x + 1)


def test_helpers_do_take_part_and_raise():
    """Nobody ends before two threads have met."""
    meeting = threading.Barrier(2, timeout=30)
    threads = set()

    def block(part):
        if part[0] < 2:
            meeting.wait()
        threads.add(threading.get_ident())

    blocks.run(block, (8,), (1,), (np.arange(8),), threads=2)
    assert len(threads) == 2

    def failing(part):
        meeting.wait()
        if threading.current_thread() is not caller:
            raise LookupError("in a helper")

    caller = threading.current_thread()
    with pytest.raises(LookupError, match="in a helper"):
        blocks.run(failing, (4,), (1,), (np.arange(4),), threads=2)


def test_blocks_see_the_callers_error_state():
    meeting = threading.Barrier(2, timeout=30)
    states = []

    def block(part):
        meeting.wait()
        states.append(np.geterr()["over"])

    with np.errstate(over="call"):
        blocks.run(block, (4,), (1,), (np.arange(4),), threads=2)
    assert states == ["call"] * 4


def test_many_callers_at_once():
    build = Builder()
    x = build.parameter(normal(5000))
    y = build(np.exp, build(np.negative, x))
    program = build.program(build(np.tanh, build(np.add, y, x)), build(np.sum, y))
    (group,) = fused_of(fuse(program, smallest=1, work=1, entries=256, threads=3))
    inputs = [normal(5000) * k for k in range(1, 9)]
    expected = [group(x) for x in inputs]
    wrong = []

    def call(k):
        for _ in range(20):
            found = group(inputs[k])
            if not all(map(np.array_equal, found, expected[k])):
                wrong.append(k)

    callers = [threading.Thread(target=call, args=(k,)) for k in range(len(inputs))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


def test_a_block_may_run_blocks():
    x, out = np.arange(64.0), np.zeros(64)

    def outer(part, into, scratch):
        scratch[...] = part
        blocks.run(
            inner, part.shape, (2,), (part,), (into,), scratch=(((64,), "float64"),), threads=2
        )
        np.testing.assert_array_equal(scratch, part)

    def inner(part, into, scratch):
        np.multiply(part, 2, scratch)
        into[...] = scratch

    blocks.run(outer, (64,), (8,), (x,), (out,), scratch=(((64,), "float64"),), threads=2)
    same(out, 2 * x)


AFTER_FORK = """
import os, sys, numpy as np
from micrograd_np.compiler.blocks import running as blocks

def block(x, out):
    np.add(x, 1, out)

def run():
    x, out = np.arange(1000.0), np.empty(1000)
    blocks.run(block, (1000,), (10,), (x,), (out,), threads=3)
    assert (out == x + 1).all() and blocks.POOL.size == 2

run()
child = os.fork()
if child == 0:
    assert blocks.POOL.size == 0
    run()
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""

AT_EXIT = """
import atexit, numpy as np
from micrograd_np.compiler.blocks import running as blocks

def run():
    x, out = np.arange(1000.0), np.empty(1000)
    blocks.run(lambda x, out: np.add(x, 1, out), (1000,), (10,), (x,), (out,), threads=3)
    assert (out == x + 1).all()
    print("done")

atexit.register(run)
"""


def python(program):
    """What a program prints in a Python of its own, without a warning or an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_has_threads_of_its_own():
    python(AFTER_FORK)


def test_blocks_while_python_exits():
    assert python(AT_EXIT) == "done\n"
