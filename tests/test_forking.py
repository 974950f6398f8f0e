"""Forked processes: a child computes whatever other threads of its parent were doing."""

import functools
import os
import subprocess
import sys
import threading

import pytest

from micrograd_np.forking import ForkLock, cached_property

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


def children(count):
    """Fork so many times beside busy threads, each child doing what the threads do."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(count)], capture_output=True, text=True, timeout=500,
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


def ended(child):
    """How a child process ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def acquires_at_once(lock):
    """Whether a lock is free for a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(lock.lock.acquire(blocking=False)))
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
