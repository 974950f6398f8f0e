"""Compiled functions in threads, and after errors and interruptions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest
from compiled_functions import VECTOR, X, runs
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor


def test_threads_that_call_at_once():
    f, seen = runs(lambda x: (np.sin(x) @ x.T, np.sum(x), mg.grad(lambda y: np.sum(y**3))(x)))
    compiled = mg.compile(f)
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for i in range(20):
            x = X + k + i
            found = compiled(x)
            assert_allclose(found[0], np.sin(x) @ x.T)
            assert_allclose(found[1], x.sum())
            assert_allclose(found[2].data, 3 * x**2)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert len(seen) == 1


def test_threads_that_trace_different_functions_at_once():
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        found = [mg.compile(mg.grad(lambda x: np.sum(np.sin(x) * k)))(VECTOR + i) for i in range(5)]
        return [g.data for g in found]

    with ThreadPoolExecutor(8) as pool:
        for k, found in enumerate(pool.map(work, range(8))):
            for i, g in enumerate(found):
                assert_allclose(g, k * np.cos(VECTOR + i), atol=1e-15)


def in_a_thread(work):
    """The result of `work` in a thread that the function starts."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_a_thread_outside_the_context_of_the_function_is_refused():
    """Tensors from outside would be constants of the program there, without a gradient."""
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    f = mg.compile(lambda x: in_a_thread(lambda: np.sum(w * x)))
    with pytest.raises(mg.errors.TracingError, match="in another thread"):
        f(VECTOR)

    def caught(x):
        try:
            return in_a_thread(lambda: np.sum(w * x))
        except mg.errors.TracingError:
            return np.sum(w) * x[0]

    with pytest.raises(mg.errors.TracingError, match="in another thread"):
        mg.compile(caught)(VECTOR)


def test_a_thread_in_the_context_of_the_function_has_its_gradients():
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    x = np.array([4.0, 5.0, 6.0])

    def f(x):
        context = copy_context()
        return in_a_thread(lambda: context.run(lambda: np.sum(mg.sigmoid(w * x))))

    mg.compile(f)(x).backward()
    found, w.grad = w.grad, None
    f(x).backward()
    assert_allclose(found, w.grad)


def test_an_error_while_tracing_leaves_nothing_behind():
    fail = [True]

    def f(x):
        if fail[0]:
            raise KeyboardInterrupt
        return x + 1

    compiled = mg.compile(f)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            compiled(VECTOR)
    assert not compiled.specializations
    assert np.sum(Tensor(VECTOR)) == VECTOR.sum()
    fail[0] = False
    assert_array_equal(compiled(VECTOR), VECTOR + 1)


def test_an_error_at_run_time_leaves_arguments_and_later_calls_right():
    compiled = mg.compile(lambda a, b: np.linalg.inv(a * 2) @ (b + 1))
    good, b = np.eye(3), VECTOR.copy()
    expected = compiled(good, b)
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            compiled(np.zeros((3, 3)), b)
        with pytest.raises(IndexError):
            mg.compile(lambda x, i: x[i])(VECTOR, 7)
        assert_array_equal(compiled(good, b), expected)
    assert_array_equal(b, VECTOR)


def test_no_warnings_at_run_time():
    compiled = mg.compile(lambda x: np.log(x) / x)
    assert compiled(np.array([0.0, 1.0]))[0] == -np.inf
