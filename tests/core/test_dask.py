"""Tensors over Dask's arrays: lazy until somebody asks, in blocks to the end, equal to NumPy's.

Two guards stand over every test: a scheduler that refuses to run, unless a test computes on
purpose, and an `Array.__array__` that refuses to pull an array together. Dask's own warning that it
lacks a function, and would compute, is an error like every warning.
"""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from op_calls import Call, total
from optable import DIFFERENTIABLE, Case, Row

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim
from micrograd_np.errors import GraphError, MutationError, NonFiniteError
from micrograd_np.train import fit

dask = pytest.importorskip("dask", reason="needs the extra `dask`")
da = pytest.importorskip("dask.array", reason="needs the extra `dask`")

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(17)


class ComputedError(AssertionError):
    """Dask was made to compute before anybody asked."""


def refuse(*given: Any, **options: Any) -> Any:
    raise ComputedError


@pytest.fixture(autouse=True)
def lazy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(da.Array, "__array__", refuse)
    with dask.config.set(scheduler=refuse):
        yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For tests in which numbers are asked for."""
    monkeypatch.undo()
    with dask.config.set(scheduler="synchronous"):
        yield


def computed(*arrays: Any) -> Any:
    found = dask.compute(*arrays, scheduler="synchronous")
    return found if len(arrays) > 1 else found[0]


def chunked(x: Any) -> Any:
    """An array in blocks, two along each axis."""
    x = np.asarray(x)
    return da.from_array(x, chunks=tuple(max(1, (n + 1) // 2) for n in x.shape))


# ---------------------------------------------------------------- every op that Dask has

# Dask has the function, but not what it is written in terms of here.
LIMITED = {
    np.unique: "its values come from the places where they first occur",
    np.union1d: "likewise",
}


def full(row: Row) -> Case | None:
    """The first case that is all of arrays with entries."""
    for case in row.cases:
        shapes = [x for x in case.inputs if type(x) is tuple]
        if all(0 not in shape for shape in shapes) and shapes == list(case.inputs):
            return case
    return None


def derivatives(call: Call, xs: list[Any], weights: list[Any], directions: list[Any]) -> list[Any]:
    """Value, gradient, both directions, and a second derivative."""
    leaves = [Tensor(x, requires_grad=True) for x in xs]
    parts = call(*leaves)
    total(parts, weights).backward()
    found = [part.value for part in parts] + [x.grad for x in leaves]
    found += mg.jvp(call, xs, directions)[1]
    if call.row.order > 1:

        def gradient(*points: Any) -> Any:
            return list(mg.vjp(call, *points)[1](weights))

        found += mg.vjp(gradient, *xs)[1](directions)
    return found


# What Dask raises for what it cannot do lazily; it warns of functions that it lacks.
CANNOT = (Warning, TypeError, LookupError, ValueError, AttributeError, RuntimeError, ComputedError)


def dask_can(call: Call) -> bool:
    """Whether Dask itself has the function, and lazily."""
    try:
        call(*map(chunked, call.inputs))
    except CANNOT:
        return False
    return True


def test_derivatives_over_dask_are_those_over_numpy():
    tried = 0
    for row in DIFFERENTIABLE:
        case = full(row)
        if case is None or row.function in LIMITED or not dask_can(call := Call(row, case)):
            continue
        weights = call.like([part.value for part in call(*map(Tensor, call.inputs))])
        directions = call.like(call.inputs)
        rights = derivatives(call, call.inputs, weights, directions)
        vectors = (list(map(chunked, x)) for x in (call.inputs, weights, directions))
        lazies = derivatives(call, *vectors)
        assert {type(x) for x in lazies} == {da.Array}, row.name
        for found, right in zip(computed(*lazies), rights, strict=True):
            np.testing.assert_allclose(found, right, 1e-9, 1e-11, err_msg=row.name)
        tried += 1
    assert tried > 200


# ---------------------------------------------------------------- Tensors

X = RNG.normal(size=(60, 3))
W = RNG.normal(size=(3, 2))
Y = np.sin(X @ W)


def rows(x: Array) -> Any:
    """A dataset in six blocks of examples."""
    return da.from_array(x, chunks=(10, *x.shape[1:]))


def leaf(x: Any) -> Tensor:
    return Tensor(chunked(x), requires_grad=True)


def test_a_gradient_is_a_lazy_array_until_it_is_computed():
    x = leaf(X)
    loss = np.sum(np.tanh(x) ** 2)
    loss.backward()
    loss.backward()
    assert type(x.grad) is type(loss.data) is da.Array
    assert x.grad.chunks == x.data.chunks
    right = mg.grad(lambda x: np.sum(np.tanh(x) ** 2))(X)
    np.testing.assert_allclose(computed(x.grad), 2 * right, rtol=1e-12)


def test_a_tensor_is_shown_and_drawn_without_its_numbers():
    x = Tensor(rows(X), requires_grad=True, name="x")
    assert repr(x) == f"Tensor({x.data!r}, requires_grad=True, name='x')"
    assert "dask.array<" in str(np.mean(x))
    assert "x" in mg.draw(np.mean(x * x)).svg


@pytest.mark.usefixtures("asked")
def test_numbers_come_when_they_are_asked_for():
    x = leaf(X)
    mean = np.mean(x)
    assert float(mean.detach()) == mean.item() == pytest.approx(X.mean())
    assert f"{mean:.3f}" == f"{X.mean():.3f}"
    assert bool(mean > 1) is False
    assert x[0].tolist() == X[0].tolist()
    assert type(x.numpy()) is np.ndarray
    np.testing.assert_array_equal(x.numpy(), X)
    np.testing.assert_array_equal(np.asarray(x.detach()), X)
    restored = pickle.loads(pickle.dumps(x))  # noqa: S301 - what was pickled here
    np.testing.assert_array_equal(restored.numpy(), copy.deepcopy(x).numpy())


def test_a_lazy_array_on_the_left():
    w = Tensor(W, requires_grad=True)
    data, row = rows(X), w[:, 0]
    for out in (data @ w, np.matmul(data, w), data * row, data - row, np.add(data, row)):
        assert isinstance(out, Tensor)
        assert type(out.data) is da.Array
        assert out.data.numblocks == (6, 1)


def test_a_change_is_noticed():
    w = leaf(W)
    loss = np.sum(w * w)
    w.data -= 0.1 * w.data
    assert type(w.data) is da.Array
    with pytest.raises(MutationError):
        loss.backward()


def test_entries_are_assigned_lazily():
    t = Tensor(chunked(X))
    t += 1
    t[0] = 0.0
    expected = X + 1
    expected[0] = 0
    np.testing.assert_array_equal(computed(t.data), expected)


def test_two_gradients_are_never_one_array():
    x, y = leaf(X), leaf(X)
    np.sum(x + y).backward()
    x.grad[0] = 5.0
    np.testing.assert_array_equal(computed(y.grad), np.ones_like(X))


MASK = np.arange(60) % 7 == 0
KEYS = [
    0, slice(5, 40), slice(None, None, 7), slice(50, 3, -4), (slice(None), 1), (None, 3), ...,
    [3, 1, 3, 3], (slice(None), [2, 0, 2]), ([0, 59, 0], [1, 1, 1]), [[0, 1], [1, 1]], MASK,
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_what_is_chosen_goes_back_lazily(key: Any):
    x = leaf(X)
    np.sum(x[key] ** 2).backward()
    right = mg.grad(lambda x: np.sum(x[key] ** 2))(X)
    assert type(x.grad) is da.Array
    np.testing.assert_array_equal(computed(x.grad), right)
    replaced = mg.index_update(x, key, 0.0)
    np.testing.assert_array_equal(computed(replaced.data), mg.index_update(X, key, 0.0))


def test_a_slice_goes_back_in_blocks():
    x = Tensor(rows(X), requires_grad=True)
    np.sum(x[5:45]).backward()
    assert max(x.grad.chunks[0]) <= 20
    np.sum(x[:, 1]).backward()
    assert x.grad.numblocks[0] >= 6


def test_a_mask_that_is_lazy_replaces_entries():
    x = leaf(X)
    np.sum(mg.index_update(x, x.data < 0, 0.0)).backward()
    np.testing.assert_array_equal(computed(x.grad), np.where(X < 0, 0.0, 1.0))


def test_an_unknown_number_of_examples():
    x = Tensor(rows(X)[rows(X)[:, 0] > 0], requires_grad=True)
    np.sum(x * x).backward()
    np.testing.assert_allclose(computed(x.grad), 2 * X[X[:, 0] > 0])
    with pytest.raises(GraphError):
        np.sum(x, axis=1).backward()
    with pytest.raises(ValueError, match="X has an unknown number of examples"):
        fit(nn.Linear(3, 1), x.data, x.data, loss=nn.mse, optimizer=optim.sgd(0.1), epochs=1)


# ---------------------------------------------------------------- transforms and training


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((np.tanh(x @ w) - y) ** 2)


TRANSFORMS = {
    "grad": mg.grad(loss),
    "hessian": mg.hessian(loss),
    "jacobian": mg.jacobian(lambda w, x, y: np.tanh(x @ w)[:5]),
    "hvp": lambda w, x, y: mg.hvp(lambda w: loss(w, x, y), [w], [w]),
    "per example": mg.vmap(mg.grad(loss), (None, 0, 0)),
    "checkpoint": mg.grad(mg.checkpoint(loss)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("make", [np.asarray, da.asarray], ids=["parameters here", "lazy too"])
def test_a_transform_over_a_lazy_dataset(name: str, make: Any):
    found = TRANSFORMS[name](make(W), rows(X), rows(Y))
    assert type(found) is da.Array
    right = TRANSFORMS[name](W, X, Y)
    np.testing.assert_allclose(computed(found), right, rtol=1e-10, atol=1e-12)


def test_per_example_gradients_stay_in_the_blocks_of_the_examples():
    found = TRANSFORMS["per example"](W, rows(X), rows(Y))
    assert found.chunks[0] == (10,) * 6


def network() -> nn.Sequential:
    rng = np.random.default_rng(3)
    return nn.Sequential(nn.Linear(3, 8, rng=rng), np.tanh, nn.Linear(8, 2, rng=rng))


class Blocks(dask.callbacks.Callback):
    """The largest number of examples in any array that Dask makes, and how often it runs."""

    def __init__(self) -> None:
        self.largest = self.runs = 0
        super().__init__(start=self._begun, posttask=self._made)

    def _begun(self, _dsk: Any) -> None:
        self.runs += 1

    def _made(self, _key: Any, result: Any, *_: Any) -> None:
        self.largest = max(self.largest, *getattr(result, "shape", ()), 0)


def test_a_step_is_computed_in_one_pass_and_never_holds_the_whole_dataset():
    here, there = network(), network()
    for model, x, y in ((here, X, Y), (there, rows(X), rows(Y))):
        nn.mse(model(x), y).backward()
    assert {type(p.grad) for p in there.parameters()} == {da.Array}
    with Blocks() as seen, dask.config.set(scheduler="synchronous"):
        optim.Optimizer(there, optim.adam(0.1)).step()
    assert (seen.runs, seen.largest) == (1, 10)
    optim.Optimizer(here, optim.adam(0.1)).step()
    for found, right in zip(there.parameters(), here.parameters(), strict=True):
        assert type(found.data) is type(found.grad) is np.ndarray
        np.testing.assert_allclose(found.data, right.data, rtol=1e-10)


def test_lazy_parameters_stay_lazy_through_steps():
    results = []
    for make, x, y in ((np.asarray, X, Y), (da.asarray, rows(X), rows(Y))):
        w = Tensor(make(W), requires_grad=True)
        optimizer = optim.Optimizer([w], optim.adam(0.1))
        for _ in range(3):
            optimizer.zero_grad()
            loss(w, x, y).backward()
            optimizer.step()
        results.append(w.data)
    assert type(results[1]) is da.Array
    np.testing.assert_allclose(computed(results[1]), results[0], rtol=1e-10)


@pytest.mark.parametrize("classes", [np.asarray, rows], ids=["classes here", "lazy too"])
def test_losses_do_not_look_at_lazy_targets(classes: Any):
    labels = (Y[:, 0] > 0).astype(int)
    for loss, target in ((nn.cross_entropy, labels), (nn.binary_cross_entropy_with_logits, Y > 0)):
        here, there = Tensor(Y, requires_grad=True), Tensor(rows(Y), requires_grad=True)
        loss(here, target).backward()
        loss(there, classes(target)).backward()
        assert there.grad.chunks[0] == (10,) * 6
        np.testing.assert_allclose(computed(there.grad), here.grad, rtol=1e-10)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("batch_size", [None, 25])
def test_fit_on_a_lazy_dataset(batch_size: int | None):
    losses = [
        fit(network(), x, y, loss=nn.mse, optimizer=optim.adam(0.05), epochs=3,
            batch_size=batch_size, rng=np.random.default_rng(0), progress=False).losses
        for x, y in ((X, Y), (rows(X), rows(Y)))
    ]  # fmt: skip
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-9)


@pytest.mark.usefixtures("asked")
def test_fit_explains_what_is_wrong_with_a_lazy_dataset():
    broken = np.where(np.arange(60)[:, None] == 33, np.nan, X)
    with pytest.raises(NonFiniteError, match=r"X: 3 of 180 numbers, in rows 33"):
        fit(network(), rows(broken), rows(Y), loss=nn.mse, optimizer=optim.sgd(0.1), epochs=1,
            progress=False)  # fmt: skip
