"""Which programs are kept while what is around a function changes, and what looking costs."""

import threading

import numpy as np
import pytest
from changes.ways import BETA, VECTOR, Plain, assert_as_uncompiled
from numpy.testing import assert_allclose

import micrograd_np as mg
from micrograd_np import Tensor, nn
from micrograd_np.errors import GraphError


def test_an_old_value_finds_its_program_again():
    beta, seen = {"v": 1.0}, []

    def f(x):
        seen.append(beta["v"])
        return x * beta["v"]

    compiled = mg.compile(f)
    for value in (1.0, 2.0, 1.0, 2.0, float("1.0")):
        beta["v"] = value
        assert_as_uncompiled(compiled, lambda x: x * beta["v"], VECTOR)
    assert seen == [1.0, 2.0]


def test_a_number_that_is_computed_again_is_the_same():
    held, seen = Plain(), []

    def f(x):
        seen.append(1)
        return x * held.beta * held.parts[0]

    compiled = mg.compile(f)
    for i in range(5):
        held.beta = float("1234.5")
        held.parts = [float(i * 0 + 2)]
        compiled(VECTOR)
    assert len(seen) == 1


def test_static_arguments_made_anew():
    compiled = mg.compile(lambda x, shape: np.sum(x) * np.ones(shape), static_argnums=1)
    for n in (2, 3, 2, 3):
        assert_as_uncompiled(compiled, compiled.function, VECTOR, (n, int(f"{n}00")))
    assert len(compiled.specializations) == 2
    assert len(compiled.subject._surroundings) == 1


def test_what_is_not_looked_at_may_change():
    held = Plain()
    held.steps, seen = 0, []

    def f(x):
        seen.append(1)
        return x * held.beta

    compiled = mg.compile(f)
    for _ in range(5):
        compiled(VECTOR)
        held.steps += 1
    assert len(seen) == 1


def test_what_changes_at_every_call_is_named_once():
    beta = {"v": 1.0, "w": 1.0}
    compiled = mg.compile(lambda x: x * beta["v"] * beta["w"])

    def anneal():
        for i in range(20):
            beta["v"] = 1.0 + i
            assert_as_uncompiled(compiled, compiled.function, VECTOR)

    with pytest.warns(UserWarning, match=r"(?s)was traced anew 8 times.*- beta\['v'\]\n") as caught:
        anneal()
    assert len(caught) == 1
    assert caught[0].filename == assert_as_uncompiled.__code__.co_filename
    assert "['w']" not in str(caught[0].message)


def test_programs_with_old_entries_of_an_array_are_forgotten():
    a, b = np.ones(3), np.ones(3)
    compiled = mg.compile(lambda x: x * a * b)
    for i in range(4):
        a[0] = i
        assert_as_uncompiled(compiled, compiled.function, VECTOR)
        assert len(compiled.specializations) == 1


def test_only_so_many_programs_are_kept():
    beta = {"v": 1.0}
    compiled = mg.compile(lambda x: x * beta["v"], cache_size=2)
    for i in range(5):
        beta["v"] = float(i)
        assert_as_uncompiled(compiled, compiled.function, VECTOR)
        assert len(compiled.specializations) <= 2


def test_a_guard_names_what_is_the_users_and_nothing_else():
    compiled = mg.compile(lambda x: mg.sigmoid(np.sum(x) * BETA) * nn.mse(x, x))
    compiled(VECTOR)
    snapshot = compiled.subject.surroundings().current()
    assert {fact.name for fact in snapshot.facts} == {"<lambda>", "BETA"}


def test_installed_packages_are_not_looked_through():
    scipy_special = pytest.importorskip("scipy.special")
    compiled = mg.compile(lambda x: x * scipy_special.comb(5, 2))
    compiled(VECTOR)
    assert len(compiled.subject.surroundings().current().facts) <= 4


def test_threads_see_changes():
    beta, compiled = {"v": 1.0}, None
    compiled = mg.compile(lambda x: x * beta["v"])

    def work(found):
        for _ in range(50):
            found.append(compiled(VECTOR)[0] / VECTOR[0])

    for value in (1.0, 2.0, 3.0):
        beta["v"] = value
        found = []
        threads = [threading.Thread(target=work, args=(found,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found) == {value}
        assert len(found) == 200


def test_a_gradient_of_what_has_changed_since_is_an_error():
    """The program of the gradient is made when it is needed: then it is too late."""
    beta = {"v": 1.0}
    compiled = mg.compile(lambda x: np.sum(beta["v"] * x**2))
    w = Tensor(VECTOR, requires_grad=True)
    out = compiled(w)
    beta["v"] = 2.0
    with pytest.raises(GraphError, match="something that has changed"):
        out.backward()
    out = compiled(w)
    out.backward()
    assert_allclose(w.grad, 4 * VECTOR)
    out = compiled(w)  # now there is a program for the gradient, which is that of the call
    beta["v"] = 3.0
    w.grad = None
    out.backward()
    assert_allclose(w.grad, 4 * VECTOR)
