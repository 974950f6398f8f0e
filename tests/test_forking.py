"""Forked processes: a child computes whatever other threads of its parent were doing."""

import functools
import os
import subprocess
import sys
import threading
import time

import pytest

from micrograd_np.forking import AwaitedLock, ForkLock, cached_property

# Python from 3.12 on, and JAX where it is loaded, warn of forking beside threads: it is the point.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork")
needs_fork = pytest.mark.skipif(
    sys.platform != "linux", reason="only on Linux is it safe to fork beside threads of one's own"
)

PROGRAM = """
import os, signal, sys, threading, warnings
import numpy as np
import micrograd_np as mg
from micrograd_np import optim

warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: it is the point
sys.setswitchinterval(1e-5)
X, LARGE = np.linspace(0.0, 1.0, 5), np.linspace(0.0, 1.0, 1 << 20)
w = mg.Tensor(np.ones(5), requires_grad=True)
shared = mg.compile(lambda x, how: np.sum(np.tanh(x * how) ** 2), static_argnums=1)
blocks = mg.compile(lambda x: np.sum(np.exp(np.sin(x) * x)))
blocks(LARGE)

def gradient():
    np.sum(w * X).backward()

def compiling(count=[0]):
    count[0] += 1
    shared(X, float(count[0]))

def in_blocks():
    blocks(LARGE)

def busy(work):
    while True:
        work()

for work in (gradient, compiling, in_blocks):
    threading.Thread(target=busy, args=(work,), daemon=True).start()
for turn in range(int(sys.argv[1])):
    child = os.fork()
    if not child:
        signal.alarm(20)  # ends a child that hangs
        for _ in range(2):
            gradient()
            assert abs(shared(X, -1.0 - turn) - np.sum(np.tanh(X * (-1.0 - turn)) ** 2)) < 1e-12
            shared.source
            in_blocks()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        os.write(2, b"the child of turn %d ended with %d" % (turn, status))
        os._exit(1)
os._exit(0)
"""


def children(count, program=PROGRAM):
    """Fork so many times beside busy threads, each child doing what the threads do."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(count)], capture_output=True, text=True, timeout=500,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@needs_fork
def test_children_of_busy_threads_compute():
    children(4)


@needs_fork
@pytest.mark.thorough
def test_many_children_of_busy_threads_compute():
    children(300)


NATIVE = """
import os, signal, sys, threading, time, warnings
import numpy as np
import micrograd_np as mg
from micrograd_np.compiler.native.compiling import COMPILING

warnings.simplefilter("ignore", DeprecationWarning)
X = np.linspace(0.0, 1.0, 5)

def compiled(k):
    f = mg.compile(lambda x: np.sum(np.tanh(x * k) ** 2), backend="numba")
    assert abs(f(X) - np.sum(np.tanh(X * k) ** 2)) < 1e-12

def compiling():
    for k in range(1000):
        compiled(float(k))

compiled(-1.0)
threading.Thread(target=compiling, daemon=True).start()
for turn in range(int(sys.argv[1])):
    while COMPILING.owner == 0:  # fork while it compiles
        time.sleep(1e-3)
    child = os.fork()
    if not child:
        signal.alarm(120)
        compiled(-2.0 - turn)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        os.write(2, b"the child of turn %d ended with %d" % (turn, status))
        os._exit(1)
os._exit(0)
"""


@needs_fork
def test_children_of_a_thread_that_compiles_with_numba_compile_with_it():
    pytest.importorskip("numba")
    children(2, NATIVE)


@needs_fork
def test_a_fork_waits_for_a_lock_that_is_awaited_and_not_for_ever():
    lock, held, over = AwaitedLock(patience=0.2), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            over.wait()

    def free():
        """Whether a child has the lock free, and how long its fork took."""
        start = time.perf_counter()
        child = os.fork()
        if not child:
            os._exit(0 if acquires_at_once(lock) else 1)
        return ended(child) == 0, time.perf_counter() - start

    assert free()[0]
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    is_free, seconds = free()
    assert is_free
    assert seconds > 0.2
    threading.Timer(0.05, over.set).start()
    assert free()[0]
    thread.join()
    assert acquires_at_once(lock)
    with lock:
        child = os.fork()
        if not child:
            os._exit(0 if not acquires_at_once(lock) else 1)
    assert ended(child) == 0
    assert acquires_at_once(lock)


def ended(child):
    """How a child process ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def acquires_at_once(lock):
    """Whether a lock is free for a thread of its own, which gives it back."""
    found = []

    def attempt():
        found.append(lock.lock.acquire(blocking=False))
        if found[0]:
            lock.lock.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return found[0]


@needs_fork
def test_a_lock_that_another_thread_holds_is_free_in_a_child():
    lock, held, over = ForkLock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if not child:
        os._exit(0 if lock.lock.acquire(blocking=False) else 1)
    assert ended(child) == 0
    assert not acquires_at_once(lock)
    over.set()
    thread.join()
    assert acquires_at_once(lock)


@needs_fork
def test_a_lock_that_the_forking_thread_holds_stays_its_own():
    lock = ForkLock()
    with lock, lock:
        child = os.fork()
        if not child:
            taken = acquires_at_once(lock)
    if not child:
        os._exit(0 if not taken and acquires_at_once(lock) else 1)
    assert ended(child) == 0
    assert acquires_at_once(lock)


def test_a_property_is_computed_once():
    class Thing:
        count = 0

        @cached_property
        def doubled(self):
            """Twice."""
            self.count += 1
            return 2

    thing = Thing()
    assert thing.doubled == thing.doubled == 2
    assert thing.count == 1
    assert isinstance(Thing.doubled, cached_property)
    assert Thing.doubled.__doc__ == functools.cached_property(Thing.doubled.compute).__doc__
