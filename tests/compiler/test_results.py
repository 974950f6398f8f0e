"""What compiled functions return, their derivatives, and their place in a graph."""

# ruff: noqa: PLW0108 - what is compiled in these tables is a function of the user's own

from typing import Any, NamedTuple

import numpy as np
import pytest
from compiled_functions import VECTOR, X, assert_alike, assert_compiled, runs
from interpreted import Interpreted, assert_identical
from numpy.testing import assert_allclose, assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.compiler.passes import optimized
from micrograd_np.errors import NonFiniteError

# ---------------------------------------------------------------- the results, and their trees


class Pair(NamedTuple):
    first: Any
    second: Any


def test_results_of_every_structure():
    def f(x):
        y = np.sin(x)
        return {
            "list": [y, y], "pair": Pair(x, y.sum()), "none": None, 3: (), "text": "text",
            "constant": np.arange(2), "number": 1.5, "flag": True, "nested": ([{"x": x}],),
            "tensor": Tensor(y), "kept": Tensor([1.0, 2.0]), "scalar": np.float32(2),
        }  # fmt: skip

    assert_compiled(f, VECTOR, others=(VECTOR + 1,))
    assert_compiled(lambda x: None, VECTOR)
    assert_compiled(lambda x: 3, VECTOR)
    assert_compiled(lambda x: x, VECTOR)
    assert_compiled(lambda x: (x, [x]), Tensor(VECTOR))


def test_arguments_of_every_structure():
    def f(p, pair, *rest, **more):
        return p["w"] @ p["deep"][0] + pair.first, pair, rest, more["z"]

    p = {"w": X, "deep": (VECTOR, None), 5: "text"}
    compiled = mg.compile(f)
    for shift in (0.0, 1.0):
        args = (p | {"w": X + shift}, Pair(1.0, np.zeros(2)), 2.0, [3, Tensor(X)])
        assert_alike(compiled(*args, z=X), f(*args, z=X))
    assert len(compiled.specializations) == 1


# ---------------------------------------------------------------- derivatives


def energy(x):
    return np.sum(np.tanh(x * VECTOR) ** 2) + np.prod(np.cos(x))


@pytest.mark.parametrize(
    "transform",
    [
        mg.grad, mg.value_and_grad, mg.hessian, mg.jacobian, lambda f: mg.grad(mg.checkpoint(f)),
        lambda f: mg.checkpoint(mg.grad(f)), lambda f: lambda x: mg.jvp(f, [x], [VECTOR]),
        lambda f: lambda x: mg.vjp(f, x)[1](2.0), lambda f: lambda x: mg.hvp(f, [x], [VECTOR]),
        lambda f: lambda x: mg.linearize(f, x)[1](VECTOR),
        lambda f: lambda x: mg.vmap(mg.grad(f))(np.stack([x, 2 * x])),
        lambda f: lambda x: mg.grad(lambda y: mg.vmap(f)(np.stack([y, 2 * y])).sum())(x),
        lambda f: mg.grad(lambda x: np.sum(mg.grad(f)(x) ** 2)),
        lambda f: mg.jacobian(mg.grad(f)),
        lambda f: mg.grad(lambda x: np.sum(mg.checkpoint(mg.checkpoint(f))(x) ** 2)),
    ],
)  # fmt: skip
def test_derivatives_inside(transform):
    for x in (VECTOR, Tensor(VECTOR), VECTOR.astype(np.float32)):
        assert_compiled(transform(energy), x, others=(x * 2,))


@pytest.mark.parametrize(
    "around",
    [
        mg.grad, mg.hessian, lambda f: mg.vmap(f), lambda f: lambda x: mg.jvp(f, [x], [x]),
        lambda f: mg.grad(mg.checkpoint(f)), mg.compile, lambda f: mg.compile(mg.grad(f)),
        lambda f: lambda x: mg.linearize(f, x)[1](x),
        lambda f: mg.grad(lambda x: mg.grad(f)(x).sum()),
        lambda f: mg.compile(lambda x: mg.vmap(f)(x)),
    ],
)  # fmt: skip
def test_transforms_of_a_compiled_function(around):
    compiled = mg.compile(lambda x: np.sum(np.sin(x) * x))
    x = VECTOR if around is not mg.vmap else X
    for _ in range(2):
        assert_alike(around(compiled)(x * 1.0), around(compiled.function)(x * 1.0))
        compiled(VECTOR)


def test_compiled_functions_in_one_another():
    inner, seen = runs(lambda x: np.sin(x) + 1)
    inner = mg.compile(inner)
    outer = mg.compile(lambda x: inner(x) * inner(2 * x))
    assert_array_equal(outer(VECTOR), (np.sin(VECTOR) + 1) * (np.sin(2 * VECTOR) + 1))
    assert len(seen) == 2
    assert not inner.specializations


def test_aux_and_several_arguments():
    def f(w, x, scale):
        out = x @ w * scale
        return np.sum(out**2), {"out": out, "n": len(x)}

    both = mg.value_and_grad(f, (0, 2), has_aux=True)
    assert_compiled(both, VECTOR, X, 2.0, others=(VECTOR * 2, X + 1, 3.0))


def test_checkpointed_work_is_done_again():
    """The second run is kept apart from the first, so that what is inside need not be kept."""

    def block(x):
        return np.sum(np.sin(np.cos(x)))

    plain, twice = (
        Interpreted(mg.value_and_grad(f), [VECTOR]) for f in (block, mg.checkpoint(block))
    )
    assert_identical(twice(VECTOR), plain(VECTOR))
    assert {call.region for call in twice.program.instructions} == {0, 1}
    counts = [
        sum(call.function is np.cos for call in optimized(f.program)[0].instructions)
        for f in (plain, twice)
    ]
    assert counts == [2, 3]


# ---------------------------------------------------------------- in a graph


def test_results_belong_to_the_graph_of_what_they_were_computed_from():
    w = Tensor(VECTOR, requires_grad=True)
    compiled = mg.compile(lambda x: np.sum(x * w))
    for _ in range(2):
        w.grad = None
        out = compiled(X)
        assert out.requires_grad
        (out * 2).backward()
        assert_array_equal(w.grad, 2 * X.sum(axis=0))
    with mg.no_grad():
        assert not compiled(X).requires_grad


def test_a_result_from_outside_leads_on_to_what_it_was_computed_from():
    w = Tensor(VECTOR, requires_grad=True)
    h = np.sin(w)
    out = mg.compile(lambda x: np.sum(x * h))(VECTOR)
    out.backward()
    assert_allclose(w.grad, VECTOR * np.cos(VECTOR))


def test_no_grad_around_and_inside():
    w = Tensor(VECTOR, requires_grad=True)

    def f(w):
        with mg.no_grad():
            scale = np.sum(w * w)
        return np.sum(w * scale)

    for x in (VECTOR, w):
        assert_compiled(mg.grad(f), x)
    with mg.no_grad():
        assert_compiled(mg.grad(f), VECTOR)
        assert_compiled(f, w)


def test_detecting_anomalies_around_a_compiled_call():
    w = Tensor(VECTOR, requires_grad=True)
    compiled = mg.compile(lambda w, x: np.sum(np.sqrt(w * x)))
    with mg.detect_anomaly():
        compiled(w, VECTOR).backward()
        assert_allclose(w.grad, np.sign(VECTOR) / 2)
    with pytest.raises(NonFiniteError), mg.detect_anomaly():
        compiled(w, -VECTOR)
