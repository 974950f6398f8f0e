"""Recording modes, alone, nested, in threads and in asynchronous tasks."""

import asyncio
import contextvars
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from leaves import leaf, recording

import micrograd_np as mg
from micrograd_np import Tensor

# ---------------------------------------------------------------- modes


def test_no_grad_records_nothing_and_restores():
    assert recording()
    with mg.no_grad():
        assert not recording()
    assert recording()


def test_102_nested_modes_restore_also_after_exceptions():
    with mg.no_grad():
        with pytest.raises(ZeroDivisionError), mg.enable_grad():
            assert recording()
            with mg.no_grad():
                assert not recording()
                raise ZeroDivisionError
        assert not recording()
    assert recording()


def test_102_one_mode_object_may_be_entered_again():
    mode = mg.no_grad()

    def nested():
        with mode:
            with mode:
                assert not recording()
            assert not recording()
        assert recording()

    contextvars.copy_context().run(nested)  # a mode left behind would spoil the tests after this


def test_a_leaf_made_under_no_grad_still_wants_its_gradient():
    with mg.no_grad():
        w = leaf(2.0)
    (w * w).backward()
    assert w.grad == 4.0


def test_no_grad_as_decorator_keeps_name_arguments_and_exceptions():
    @mg.no_grad()
    def evaluate(x, *, fail=False):
        """What it says."""
        if fail:
            raise KeyError(x)
        return x, recording()

    assert evaluate.__name__ == "evaluate"
    assert evaluate.__doc__ == "What it says."
    assert evaluate(3) == (3, False)
    with pytest.raises(KeyError):
        evaluate(3, fail=True)
    assert recording()


def test_a_decorated_function_may_call_itself():
    @mg.no_grad()
    def countdown(n):
        return [recording(), *(countdown(n - 1) if n else [])]

    assert countdown(3) == [False] * 4
    assert recording()


def test_103_decorated_generator_keeps_its_mode_to_itself():
    @mg.no_grad()
    def steps():
        for i in range(3):
            sent = yield i, recording()
            assert sent is None

    running = steps()
    seen = []
    while True:
        value = next(running, "exhausted")
        assert recording()
        if value == "exhausted":
            break
        seen.append(value)
    assert seen == [(0, False), (1, False), (2, False)]
    assert recording()


def test_103_decorated_generator_passes_on_its_return_value_and_what_is_sent():
    @mg.no_grad()
    def echo():
        received = yield "ready"
        while received != "stop":
            received = yield received, recording()
        return "returned", recording()

    def outer():
        return (yield from echo())

    running = outer()
    assert next(running) == "ready"
    assert running.send("a") == ("a", False)
    assert running.send("b") == ("b", False)
    with pytest.raises(StopIteration) as stopped:
        running.send("stop")
    assert stopped.value.value == ("returned", False)


def test_103_decorated_generator_handles_what_is_thrown_into_it():
    @mg.no_grad()
    def resilient():
        try:
            yield "first"
        except KeyError:
            yield "recovered", recording()

    running = resilient()
    next(running)
    assert running.throw(KeyError("k")) == ("recovered", False)
    assert recording()
    with pytest.raises(LookupError):
        running.throw(LookupError("not handled"))
    assert recording()


def test_103_closing_a_decorated_generator_runs_its_cleanup_in_its_mode():
    cleaned = []

    @mg.no_grad()
    def guarded():
        try:
            yield 1
        finally:
            cleaned.append(recording())

    running = guarded()
    next(running)
    running.close()
    assert cleaned == [False]
    assert recording()
    running = guarded()
    next(running)
    del running
    assert cleaned == [False, False]
    guarded().close()  # never started


def test_103_an_exception_of_a_decorated_generator_reaches_the_consumer():
    @mg.no_grad()
    def failing():
        yield 1
        raise ZeroDivisionError

    running = failing()
    next(running)
    with pytest.raises(ZeroDivisionError):
        next(running)
    assert recording()
    with pytest.raises(StopIteration):
        next(running)


def test_103_interleaved_generators_keep_their_own_modes():
    def body():
        while True:
            yield recording()

    silent, loud = mg.no_grad()(body)(), mg.enable_grad()(body)()
    assert [(next(silent), next(loud), recording()) for _ in range(3)] == [(False, True, True)] * 3
    with mg.no_grad():
        assert (next(silent), next(loud), recording()) == (False, True, False)


def test_no_grad_as_decorator_on_a_coroutine():
    @mg.no_grad()
    async def evaluate():
        before = recording()
        await asyncio.sleep(0)
        return before, recording()

    async def main():
        found = await evaluate()
        return found, recording()

    assert asyncio.run(main()) == ((False, False), True)
    assert recording()


def test_no_grad_as_decorator_on_an_asynchronous_generator():
    @mg.no_grad()
    async def steps():
        for _ in range(2):
            yield recording()
            await asyncio.sleep(0)

    async def main():
        return [(inside, recording()) async for inside in steps()]

    assert asyncio.run(main()) == [(False, True), (False, True)]


def test_asynchronous_tasks_have_modes_of_their_own():
    async def silent(started, checked):
        with mg.no_grad():
            started.set()
            await checked.wait()
            return recording()

    async def main():
        started, checked = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(silent(started, checked))
        await started.wait()
        here = recording()
        checked.set()
        return here, await task, recording()

    assert asyncio.run(main()) == (True, False, True)


# ---------------------------------------------------------------- threads


def test_104_no_grad_is_not_seen_by_other_threads():
    with mg.no_grad(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(recording).result()
        assert not recording()


def test_104_no_grad_of_another_thread_is_not_seen_here():
    inside, leave = threading.Event(), threading.Event()

    def silent():
        with mg.no_grad():
            inside.set()
            assert leave.wait(10)
            return recording()

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(silent)
        assert inside.wait(10)
        assert recording()
        leave.set()
        assert not found.result()


def test_105_concurrent_backward_on_shared_leaves_loses_nothing():
    w, b = leaf(np.ones(3)), leaf(1.0)
    threads, rounds = 8, 200
    together = threading.Barrier(threads)

    def work(factor):
        together.wait(10)
        for _ in range(rounds):
            np.sum(w * factor + b).backward()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    np.testing.assert_array_equal(w.grad, np.full(3, rounds * sum(range(threads))))
    assert b.grad == rounds * threads * 3


def test_105_concurrent_backward_over_one_graph():
    x = leaf(2.0)
    y = x * x * x * x

    def work(_):
        for _ in range(100):
            y.backward()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert x.grad == 400 * 32.0


def test_105_nothing_is_lost_when_threads_meet_at_a_leaf(monkeypatch):
    """Each addition is made to last, so that without the lock the threads would overlap in it."""
    tensor_module = sys.modules[Tensor.__module__]
    accumulated = tensor_module.accumulated

    def slowly(*args):
        found = accumulated(*args)
        time.sleep(0.01)
        return found

    monkeypatch.setattr(tensor_module, "accumulated", slowly)
    x = leaf(2.0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: (3.0 * x).backward(), range(8)))
    assert x.grad == 24.0


def test_a_number_of_pythons_that_is_zero_divides_as_numpys_does():
    for zero in (0, 0.0, -0.0):
        with np.errstate(divide="ignore"):
            expected = 1 / np.float64(zero)
            for x in (np.array([1.0, 2.0]), np.float64(3.0)):
                found = mg.grad(lambda x, zero=zero: np.sum(x / zero))(x)
                np.testing.assert_array_equal(np.asarray(found), np.full(np.shape(x), expected))
