"""Lists of Tensors: stacked where NumPy asks a Tensor, else an error that names what does it."""

from typing import Any

import numpy as np
import pytest
from folding import each

import micrograd_np as mg
from micrograd_np import Tensor

T, U = (Tensor(x, requires_grad=True) for x in (1.5, 2.5))
X = Tensor([1.0, 3.0, 2.0], requires_grad=True)
PAIR = [T, U]

JOINED: dict[str, Any] = {  # calls in which NumPy asks a Tensor beside the list
    "append": lambda x, t, u: np.append(x, [t, u]),
    "average": lambda x, t, u: np.average(x, weights=[t, u, t]),
    "choose": lambda x, t, u: np.choose([0, 1, 0], [x, [t, u, t]]) if isinstance(x, Tensor) else x,
    "clip": lambda x, t, u: np.clip(x, [t, t, t], u),
    "concatenate": lambda x, t, u: np.concatenate([[t, u], x]),
    "cross": lambda x, t, u: np.cross([t, u, t], x),
    "dot": lambda x, t, u: np.dot([t, u, t], x),
    "ediff1d": lambda x, t, u: np.ediff1d(x, to_end=[t, u]),
    "einsum": lambda x, t, u: np.einsum("i,i", [t, u, t], x),
    "gradient": lambda x, t, u: np.gradient(x, [t, u, 3 * t]),
    "hstack": lambda x, t, u: np.hstack([[t, u], x]),
    "insert": lambda x, t, u: np.insert(x, [0, 1], [t, u]),
    "interp": lambda x, t, u: np.interp(x, [t, u], [u, t]),
    "kron": lambda x, t, u: np.kron([t, u], x),
    "meshgrid": lambda x, t, u: np.meshgrid(x, [t, u])[1],
    "multiply": lambda x, t, u: x * [t, u, t],
    "outer": lambda x, t, u: np.outer([t, u], x),
    "polyval": lambda x, t, u: np.polyval([t, u], x),
    "solve": lambda x, t, u: np.linalg.solve([[t, 0], [0, u]], x[:2]),
    "trapezoid": lambda x, t, u: np.trapezoid(x, [t, u, 2 * u]),
    "where": lambda x, t, u: np.where(x > 1.5, [t, u, t], x),
}


@each("name", JOINED)
def test_a_list_of_tensors_is_stacked(name: str) -> None:
    call = JOINED[name]
    out = call(X, T, U)
    assert out.requires_grad
    if name != "choose":  # NumPy's own wants arrays
        np.testing.assert_allclose(out.data, call(X.data, float(T.data), float(U.data)))
    else:
        np.testing.assert_array_equal(out.data, [1.0, 2.5, 2.0])
    gradient = mg.grad(lambda t: np.sum(call(X, t, U)))(1.5)
    steps = [np.sum(call(X, Tensor(1.5 + h), U).data) for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(gradient.data, (steps[0] - steps[1]) / 2e-6, rtol=1e-7, atol=1e-8)


def test_a_list_of_examples_is_stacked() -> None:
    found = mg.vmap(lambda t, x: np.dot([t, 2 * t, 1.0], x))(np.array([1.0, 2.0]), np.ones((2, 3)))
    np.testing.assert_array_equal(found, [4.0, 7.0])


NAMED: dict[str, Any] = {  # NumPy asks nobody here: the call is named that does
    "np.mean(np.stack([T, U]))": lambda: np.mean([T, U]),
    "np.sum(np.stack(PAIR), axis=0)": lambda: np.sum(PAIR, axis=0),
    "np.linalg.norm(np.stack([T, U]))": lambda: np.linalg.norm([T, U]),
    "np.max(np.stack([2 * T, U]))": lambda: np.max([2 * T, U]),
    "np.append(np.stack([T]), np.stack([U]))": lambda: np.append([T], [U]),
    "np.dot(np.stack([T, U]), [1, 2])": lambda: np.dot([T, U], [1, 2]),
    "np.linalg.det(mg.tensor([[T, U], [U, T]]))": lambda: np.linalg.det([[T, U], [U, T]]),
    "np.ones(2) * np.stack([T, U])": lambda: np.ones(2) * [T, U],
    "`mg.tensor([T, U])`": lambda: np.array([T, U]),
    "`mg.tensor([[T], [U]])`": lambda: np.asarray([[T], [U]]),
    "np.concatenate(np.atleast_1d(X, T))": lambda: np.r_[X, T],
    "np.concatenate(np.atleast_1d(X, 1.0))": lambda: np.r_[X, 1.0],
    "np.concatenate([X, X])": lambda: np.r_[X, X],
    "np.concatenate(np.atleast_1d(*PAIR))": lambda: np.r_[*PAIR],
    "np.concatenate(np.atleast_1d(np.outer(X, X), np.ones((1, 2))))": lambda: np.r_[
        np.outer(X, X), np.ones((1, 2))
    ],
    "np.hstack([np.stack([T, U]), [1.0]])": lambda: np.hstack([[T, U], [1.0]]),
    "np.column_stack([X, X])": lambda: np.c_[X, X],
    "mg.full((2, 3), T)": lambda: np.full((2, 3), T),
    "mg.full(3, T, dtype=np.float32)": lambda: np.full(3, fill_value=T, dtype=np.float32),
    "mg.full(np.shape(np.ones(3)), T)": lambda: np.full_like(np.ones(3), T),
    "mg.vmap(function)(t)": lambda: np.vectorize(lambda x: x)(X),
    "t.data": lambda: np.asarray(X),
}


@each("instead", NAMED)
def test_the_error_names_what_works(instead: str) -> None:
    with pytest.raises(TypeError) as caught:
        NAMED[instead]()
    assert instead in str(caught.value)


def test_slices_in_brackets_have_no_other_spelling() -> None:
    with pytest.raises(TypeError, match="part of a graph") as caught:
        np.r_[0:3, X]
    assert "Write" not in str(caught.value)
