"""Random numbers in compiled functions: each call draws as the uncompiled function would."""

# ruff: noqa: PLW0108 - what is compiled in these tables is a function of the user's own

import contextlib
import functools
import random
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from compiled_functions import VECTOR, assert_compiled
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import nn
from micrograd_np.compiler.tracing import randomness
from micrograd_np.core import tree
from micrograd_np.errors import TracingError

DRAWS = {
    "random": lambda rng: rng.random(3),
    "normal": lambda rng: rng.normal(2.0, 3.0, size=(2, 2)),
    "integers": lambda rng: rng.integers(0, 10, 5),
    "single": lambda rng: rng.random() + rng.standard_normal(),
    "permutation": lambda rng: rng.permutation(6),
    "permuted": lambda rng: rng.permuted(np.arange(6)),
    "choice": lambda rng: rng.choice(5, 3, replace=False),
    "uniform": lambda rng: rng.uniform(-1, 1, 3).astype(np.float32),
    "several": lambda rng: (rng.random(), rng.integers(3), rng.permutation(3), rng.random(2)),
    "unused": lambda rng: [rng.random(3), None][1],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_same_draws_as_eagerly(draw):
    compiled = mg.compile(draw)
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(4):
        found, expected = compiled(ours), draw(theirs)
        for one, other in zip(tree.leaves(found), tree.leaves(expected), strict=True):
            assert_array_equal(one, other)
        assert ours.bit_generator.state == theirs.bit_generator.state
    assert len(compiled.specializations) == 1


def test_draws_that_depend_on_values():
    def f(x, rng):
        noise = rng.normal(x, np.abs(x))
        keep = rng.random(x.shape) < 0.5
        return np.where(keep, noise, 0), x[rng.permutation(3)], rng.choice(x, 2), rng.permutation(x)

    compiled = mg.compile(f)
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    for x in (VECTOR, VECTOR + 1):
        for one, other in zip(compiled(x, ours), f(x, theirs), strict=True):
            assert_array_equal(one, other)


def test_dropout_differentiated_and_checkpointed():
    def loss(w, rng):
        return np.sum(np.where(rng.random(3) < 0.5, w, 0) ** 2) + rng.normal() * np.sum(w)

    for f in (mg.grad(loss), mg.grad(mg.checkpoint(loss))):
        compiled = mg.compile(f)
        ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
        for _ in range(3):
            assert_array_equal(compiled(VECTOR, ours), f(VECTOR, theirs))


def test_what_a_generator_cannot_do():
    for f in (lambda rng: rng.shuffle(np.arange(3)), lambda rng: rng.spawn(2)):
        with pytest.raises(TracingError, match="permut"):
            mg.compile(f)(np.random.default_rng(0))
    with pytest.raises(TracingError, match="returned a random generator"):
        mg.compile(lambda rng: rng)(np.random.default_rng(0))
    for f in (lambda rng: rng.seed(1), lambda rng: rng.shuffle(np.arange(3))):
        with pytest.raises(TracingError, match="permut"):
            mg.compile(f)(np.random.RandomState(0))


def test_the_older_generator_is_drawn_from_as_well():
    def f(x, rng):
        return rng.randn(3) * x + rng.permutation(3) + rng.randint(5)

    compiled, derivative = mg.compile(f), mg.compile(mg.grad(lambda x, rng: np.sum(f(x, rng))))
    ours, theirs = np.random.RandomState(5), np.random.RandomState(5)
    for _ in range(3):
        assert_array_equal(compiled(VECTOR, ours), f(VECTOR, theirs))
        assert_array_equal(
            derivative(VECTOR, ours), mg.grad(lambda x: np.sum(f(x, theirs)))(VECTOR)
        )
    assert_array_equal(ours.randn(2), theirs.randn(2))


RNG = np.random.default_rng(3)
BOX = SimpleNamespace(rng=np.random.default_rng(4))


def helper(x):
    return x + RNG.normal()


class Noisy(nn.Module):
    def __init__(self):
        self.noise = [np.random.default_rng(4)]

    def forward(self, x):
        return x + self.noise[0].normal()


def frozen_draws():
    local, old, model = np.random.default_rng(3), np.random.RandomState(3), Noisy()
    pythons, normal, numpys = random.Random(0), local.normal, np.random  # noqa: S311 - no secrets
    systems = random.SystemRandom()
    return {
        "local": (lambda x: x + local.normal(), "local"),
        "global": (lambda x: x + RNG.normal(), "RNG"),
        "in a function that is called": (helper, "RNG"),
        "and deeper": (mg.grad(lambda x: np.sum(helper(x))), "RNG"),
        "in a comprehension": (lambda x: sum(x * local.normal() for _ in range(2)), "local"),
        "attribute": (lambda x: x + BOX.rng.normal(), r"BOX\.rng"),
        "module": (model, r"Noisy\.noise\[0\]"),
        "module that is closed over": (lambda x: model(x), r"model\.noise\[0\]"),
        "RandomState": (lambda x: x + old.normal(), "old"),
        "NumPy's": (lambda x: x + np.random.normal(), r"np\.random"),
        "default": (lambda x, rng=local: x + rng.normal(), "rng"),
        "partial": (functools.partial(lambda rng, x: x + rng.normal(), local), "partial"),
        "method": (lambda x: x + normal(), "normal"),
        "NumPy's, by another name": (lambda x: x + numpys.normal(), r"np\.random"),
        "Python's": (lambda x: x + random.random(), "random"),  # noqa: S311 - no secrets
        "a generator of Python's": (lambda x: x + pythons.random(), "pythons"),
        "the system's": (lambda x: x + systems.random(), "systems"),
    }


@pytest.mark.parametrize("name", frozen_draws())
def test_a_generator_that_is_no_argument_is_an_error(name):
    """It would repeat its numbers; and it is put back to where it was."""
    f, named = frozen_draws()[name]
    global_state, pythons = np.random.get_state(), random.getstate()
    state = RNG.bit_generator.state
    for _ in range(2):
        with pytest.raises(TracingError, match=rf"(?s){named}.*argument"):
            mg.compile(f)(VECTOR)
    assert RNG.bit_generator.state == state
    assert random.getstate() == pythons
    assert_array_equal(np.random.get_state()[1], global_state[1])


def test_a_generator_that_is_made_anew_is_none_of_this():
    assert_compiled(lambda x: x + np.random.default_rng(0).normal(), VECTOR)
    compiled = mg.compile(lambda x: x if RNG is None else 2 * x)
    assert_array_equal(compiled(VECTOR), 2 * VECTOR)


@contextlib.contextmanager
def another_thread(work):
    """A thread that does something over and over again."""
    over = threading.Event()

    def busy():
        while not over.is_set():
            work()

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


DRAWN = {
    "NumPy's": (np.random.random_sample, np.random.seed),
    "Python's": (random.random, random.seed),
    "shared": (RNG.random, lambda _seed: None),
}


@pytest.mark.parametrize(("draw", "seed"), DRAWN.values(), ids=DRAWN)
def test_what_another_thread_draws_is_neither_an_error_nor_drawn_again(draw, seed):
    drawn = []
    seed(0)
    with another_thread(lambda: drawn.append(draw())):
        for i in range(5):
            compiled = mg.compile(mg.grad(lambda x, i=i: np.sum(np.sin(x) * i)))
            assert_allclose(compiled(VECTOR), np.cos(VECTOR) * i, atol=1e-15)
    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize("work", [np.random.random_sample, lambda: time.sleep(1e-4)])
def test_beside_other_threads_no_draw_is_frozen(work):
    noisy = mg.compile(lambda x: x + np.random.random_sample())
    with another_thread(work):
        for _ in range(3):
            with pytest.raises(TracingError, match=r"(?s)drawn while.*np\.random"):
                noisy(VECTOR)


def test_where_another_thread_may_have_drawn_too_nothing_is_put_back(monkeypatch):
    monkeypatch.setattr(randomness, "have_run", lambda before: True)
    before = np.random.get_state()[2]
    with pytest.raises(TracingError, match="another thread has drawn"):
        mg.compile(lambda x: x + np.random.random_sample())(1.0)
    assert np.random.get_state()[2] != before
