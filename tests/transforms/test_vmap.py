"""`vmap`: what it computes is what a loop over the examples computes, op by op and composed."""

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from examples_in_batches import SIZE, arrays, assert_same, rng
from op_calls import Call
from optable import DIFFERENTIABLE, ROWS, Case, Row, by_row

import micrograd_np as mg
from micrograd_np import Tensor, nn
from micrograd_np.core.op import OPS
from micrograd_np.errors import BatchedError, GraphError, InPlaceError, NonFiniteError, ShapeError


def stacked(results: list[Any]) -> Any:
    """Results of one structure, leaf by leaf."""
    leaves = zip(*(arrays(result) for result in results), strict=True)
    return [np.stack(parts) for parts in leaves]


# ---------------------------------------------------------------- every op of the table

# The shape or the dtype of their results depends on values: there is nothing to stack.
RAGGED = {
    "argwhere", "nonzero", "flatnonzero", "real_if_close", "trim_zeros", "unique", "unique_all",
    "unique_counts", "unique_inverse", "unique_values", "union1d", "setxor1d", "setdiff1d",
    "intersect1d", "polymul", "polydiv", "poly", "polyfit",
}  # fmt: skip
# Their results are no arrays.
NUMBERS = {
    "allclose", "array_equal", "array_equiv", "shape", "ndim", "size", "iscomplexobj",
    "isrealobj", "result_type", "can_cast", "min_scalar_type", "common_type",
    "may_share_memory", "shares_memory", "array_str", "array_repr", "array2string", "einsum_path",
}  # fmt: skip
OF_SHAPES = NUMBERS - {
    "allclose", "array_equal", "array_equiv", "array_str", "array_repr", "array2string",
    "einsum_path",
}  # fmt: skip


def depends_on_values(row: Row) -> bool:
    """Whether NumPy looks at the entries before it decides what the result is."""
    return row.name in RAGGED or getattr(row.function, "__module__", "").startswith("numpy.lib")


# How many leading inputs NumPy asks whether they know what to do: a batch elsewhere goes unseen.
SEEN = {"polyint": 1, "interp": 3}


def batches(row: Row, case: Case) -> tuple[Call, list[list[Any]]]:
    """A case and the inputs of several examples of it."""
    calls = [Call(row, case, seed) for seed in range(SIZE)]
    return calls[0], [call.inputs for call in calls]


def follows_memory(case: Case) -> bool:
    """Whether the order of entries is that of memory, which an example does not have."""
    return case.options.get("order") in ("A", "K")


BATCHABLE = [
    row._replace(cases=tuple(case for case in row.cases if not follows_memory(case)))
    for row in ROWS.values()
    if row.name not in NUMBERS and not depends_on_values(row)
]


@by_row(BATCHABLE, "few")
def test_an_op_on_a_batch_is_the_op_on_each(row: Row, case: Case) -> None:
    call, examples = batches(row, case)
    if not call.inputs:
        return
    expected = stacked([call.everything(*xs) for xs in examples])
    together = [np.stack(xs) for xs in zip(*examples, strict=True)]
    assert_same(mg.vmap(call.everything)(*together), expected)
    for shared in range(len(together)):
        seen = SEEN.get(row.name, len(case.inputs))
        if any(i != shared and place < seen for i, place in enumerate(call.places)):
            axes = tuple(None if i == shared else -1 for i in range(len(together)))
            given = [
                examples[0][i] if i == shared else np.moveaxis(x, 0, -1)
                for i, x in enumerate(together)
            ]
            mixed = [[*xs[:shared], examples[0][shared], *xs[shared + 1 :]] for xs in examples]
            found = mg.vmap(call.everything, in_axes=axes)(*given)
            assert_same(found, stacked([call.everything(*xs) for xs in mixed]))


SLOPED = {row.function for row in DIFFERENTIABLE}
FIRST = [row for row in BATCHABLE if row.function in SLOPED]


@by_row(FIRST, "few")
def test_derivatives_of_a_batch(row: Row, case: Case) -> None:
    """Of each example inside the batch, in both modes, and of the whole batch from outside."""
    call, examples = batches(row, case)
    together = [np.stack(xs) for xs in zip(*examples, strict=True)]
    weights = [call.like(call(*xs)) for xs in examples]
    directions = [call.like(xs) for xs in examples]

    def pulled(xs: Any, gs: Any) -> Any:
        return mg.vjp(call, *xs)[1](gs)

    def pushed(xs: Any, ts: Any) -> Any:
        return mg.jvp(call, xs, ts)[1]

    def side_by_side(trees: Any) -> Any:
        return [np.stack(parts) for parts in zip(*trees, strict=True)]

    all_weights, all_directions = side_by_side(weights), side_by_side(directions)
    each = stacked([pulled(xs, gs) for xs, gs in zip(examples, weights, strict=True)])
    assert_same(mg.vmap(pulled)(together, all_weights), each, 1e-9)
    along = stacked([pushed(xs, ts) for xs, ts in zip(examples, directions, strict=True)])
    assert_same(mg.vmap(pushed)(together, all_directions), along, 1e-9)
    outside = mg.vjp(lambda xs: mg.vmap(call.__call__)(*xs), together)[1](all_weights)
    assert_same(outside, each, 1e-9)


@pytest.mark.parametrize("name", sorted(OF_SHAPES))
def test_what_depends_on_shapes_alone_is_of_one_example(name: str) -> None:
    op = next(op for op in OPS.values() if op.name == name)
    case = ROWS[op.function].cases[0]
    call, examples = batches(ROWS[op.function], case)
    seen = []

    def f(*xs: Any) -> Any:
        seen.append(call.everything(*xs))
        return xs[0]

    mg.vmap(f)(*(np.stack(xs) for xs in zip(*examples, strict=True)))
    assert seen == [call.everything(*examples[0])]


# ---------------------------------------------------------------- composed

W = rng.normal(size=(3, 4))
X = rng.normal(size=(5, 3))


def network(w: Any, x: Any) -> Any:
    return np.sum(mg.sigmoid(x @ w) ** 2)


def test_per_example_gradients() -> None:
    found = mg.vmap(mg.grad(network), in_axes=(None, 0))(W, X)
    assert_same(found, np.stack([mg.grad(network)(W, x) for x in X]))


def test_per_example_hessians_and_jacobians() -> None:
    for derivative in (
        mg.hessian(network, 1),
        mg.jacobian(lambda w, x: np.tanh(x @ w), 1, mode="forward"),
        mg.jacobian(lambda w, x: np.tanh(x @ w), 0, mode="reverse"),
    ):
        found = mg.vmap(derivative, in_axes=(None, 0))(W, X)
        assert_same(found, np.stack([derivative(W, x) for x in X]))


def test_gradient_of_a_batched_loss_is_that_of_the_loop() -> None:
    def batched(w: Any) -> Any:
        return np.mean(mg.vmap(network, in_axes=(None, 0))(w, X))

    def looped(w: Any) -> Any:
        return np.mean(np.stack([network(w, x) for x in X]))

    assert_same(mg.grad(batched)(W), mg.grad(looped)(W))
    assert_same(mg.hessian(batched)(W), mg.hessian(looped)(W))


def test_a_derivative_inside_a_batch_inside_a_derivative() -> None:
    """The inner derivative meets a Tensor of the outer one, which must stay differentiable."""

    def inner(x: Any, w: Any) -> Any:
        slope = mg.grad(lambda p: np.sum(np.sin(p * np.sum(w)) * np.sum(w * w) + w[0, 0] * p))(x)
        return np.sum(slope**2)

    def batched(w: Any) -> Any:
        return np.sum(mg.vmap(inner, in_axes=(0, None))(X, w))

    def looped(w: Any) -> Any:
        return sum(inner(x, w) for x in X)

    assert_same(mg.grad(batched)(W), mg.grad(looped)(W))
    assert_same(mg.hvp(batched, [W], [W]), mg.hvp(looped, [W], [W]))


def test_a_derivative_at_a_point_that_all_examples_share() -> None:
    def f(x: Any) -> Any:
        return mg.grad(lambda w: np.sum(np.tanh(w) * np.sum(x)))(W)

    assert_same(mg.vmap(f)(X), np.stack([f(x) for x in X]))


def test_backward_through_a_batch() -> None:
    w = Tensor(W, requires_grad=True)
    out = mg.vmap(lambda x: np.tanh(x @ w))(X)
    np.sum(out).backward()
    other = Tensor(W, requires_grad=True)
    np.sum(np.tanh(X @ other)).backward()
    np.testing.assert_allclose(w.grad, other.grad)


@pytest.mark.parametrize("depth", [2, 3])
def test_nested_batches(depth: int) -> None:
    x = rng.normal(size=(2, 3, 4)[:depth])

    def f(x: Any) -> Any:
        return np.sin(x) * x

    batched = f
    for _ in range(depth):
        batched = mg.vmap(batched)
    assert_same(batched(x), f(x))


def test_two_batches_meet() -> None:
    x, y = rng.normal(size=(2, 4)), rng.normal(size=(3, 4))
    products = mg.vmap(mg.vmap(np.dot, in_axes=(None, 0)), in_axes=(0, None))(x, y)
    assert_same(products, x @ y.T)
    gradients = mg.vmap(mg.vmap(mg.grad(np.dot), in_axes=(None, 0)), in_axes=(0, None))(x, y)
    assert_same(gradients, np.broadcast_to(y, (2, 3, 4)))


def test_trees_axes_and_keywords() -> None:
    tree = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=(2,))}

    def f(p: Any, x: Any, scale: Any) -> Any:
        return {"out": (p["w"] * x + p["b"]) * scale, "same": p["b"]}

    x, scale = rng.normal(size=(2, 5)), rng.normal(size=5)
    found = mg.vmap(f, in_axes=({"w": None, "b": None}, 1), out_axes={"out": 2, "same": None})(
        tree, x, scale=scale
    )
    each = [f(tree, x[:, i], scale[i])["out"] for i in range(5)]
    assert_same(found, {"out": np.stack(each, axis=2), "same": tree["b"]})


def test_results_that_no_example_changes_are_repeated() -> None:
    found = mg.vmap(lambda x: np.ones(2))(X)
    assert_same(found, np.ones((5, 2)))
    found[0] = 7
    assert found[1, 0] == 1


def test_an_empty_batch() -> None:
    found = mg.vmap(lambda x: (np.sum(x), np.sort(x)))(np.zeros((0, 3)))
    assert [part.shape for part in found] == [(0,), (0, 3)]


def test_indices_of_their_own() -> None:
    logits, labels = rng.normal(size=(4, 3)), np.array([2, 0, 1, 1])

    def loss(logits: Any, label: Any) -> Any:
        return -mg.log_softmax(logits)[label]

    found = mg.vmap(mg.value_and_grad(loss))(logits, labels)
    each = [mg.value_and_grad(loss)(a, b) for a, b in zip(logits, labels, strict=True)]
    assert_same(found, stacked(each))


KEYS = [
    np.index_exp[0], np.index_exp[:, 1], np.index_exp[..., -1], np.index_exp[None, 1, ::-1],
    np.index_exp[[0, 1, 1]], np.index_exp[:, [2, 0]], np.index_exp[[0, 1], [2, 2]],
    np.index_exp[0, :, [1, 2]], np.index_exp[[1, 0], :, [1, 2]],
    np.index_exp[:, [[0], [1]], [0, 1]],
    np.index_exp[np.array([True, False])], np.index_exp[:, :, np.array([1, 0, 1, 0], bool)],
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_keys(key: Any) -> None:
    x = rng.normal(size=(SIZE, 2, 3, 4))
    weights = rng.normal(size=(SIZE, *x[0][key].shape))
    assert_same(mg.vmap(lambda x: x[key])(x), np.stack([part[key] for part in x]))

    def gradient(x: Any, w: Any) -> Any:
        return mg.grad(lambda x: np.sum(x[key] * w))(x)

    each = [gradient(a, b) for a, b in zip(x, weights, strict=True)]
    assert_same(mg.vmap(gradient)(x, weights), np.stack(each))
    assert_same(
        mg.vmap(lambda x, w: mg.index_update(x, key, w))(x, weights),
        np.stack([mg.index_update(a, key, b) for a, b in zip(x, weights, strict=True)]),
    )


OWN_KEYS = [
    lambda i: i, lambda i: np.index_exp[:, i], lambda i: np.index_exp[..., i],
    lambda i: np.index_exp[i, :, i], lambda i: np.index_exp[i, [0, 1]],
    lambda i: np.index_exp[:, i, i], lambda i: np.index_exp[None, i],
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(OWN_KEYS)))
@pytest.mark.parametrize("shape", [(), (2,), (2, 2)], ids=str)
@pytest.mark.parametrize("shared", [False, True])
def test_keys_of_their_own(number: int, shape: Any, shared: bool) -> None:
    indices = np.random.default_rng(number).integers(0, 2, (SIZE, *shape))
    x = rng.normal(size=(2, 2, 2) if shared else (SIZE, 2, 2, 2))
    if number == 4 and len(shape) == 1:
        indices = indices[..., :2]

    def read(x: Any, i: Any) -> Any:
        return x[OWN_KEYS[number](i)]

    def gradient(x: Any, i: Any) -> Any:
        return mg.grad(lambda x: np.sum(np.sin(read(x, i))))(x)

    axes = (None if shared else 0, 0)
    for f in (read, gradient):
        each = [arrays(f(x if shared else x[n], indices[n]))[0] for n in range(SIZE)]
        given = Tensor(x) if shared else x
        assert_same(mg.vmap(f, in_axes=axes)(given, indices), np.stack(each))
    if shared:  # an outside Tensor is read by every example's own index

        def total(x: Any) -> Any:
            return np.sum(np.sin(mg.vmap(read, in_axes=axes)(x, indices)))

        expected = sum(gradient(x, indices[n]) for n in range(SIZE))
        assert_same(mg.grad(total)(x), expected)


@pytest.mark.parametrize(
    "read",
    [
        lambda x, i: x[i],
        lambda x, i: x[i, :, [0, 1]],
        lambda x, i: x[0, i],
        lambda x, i: np.take(x, i, axis=0),
        lambda x, i: np.take_along_axis(x, i[:, None, None], axis=0),
        lambda x, i: np.roll(x, i[0], axis=0),
        lambda x, i: mg.index_update(x, (i, 0), 5.0) ** 2,
    ],
)
def test_an_index_from_the_batch_around(read: Any) -> None:
    batch, indices = rng.normal(size=(3, 2, 2, 2)), np.array([[0, 1], [1, 1], [0, 0]])

    def slopes(x: Any, i: Any) -> Any:
        return mg.grad(lambda x: np.sum(read(x, i) ** 3))(x)

    for f in (read, slopes):
        each = mg.vmap(f, in_axes=(0, None))
        found = mg.vmap(each, in_axes=(None, 0))(batch, indices)
        expected = [[arrays(f(x, i))[0] for x in batch] for i in indices]
        assert_same(found, np.array(expected))


def test_an_ensemble_of_modules() -> None:
    models = [nn.Linear(3, 2, rng=np.random.default_rng(seed)) for seed in range(4)]
    together = mg.tree.map(lambda *ws: Tensor(np.stack([w.data for w in ws])), *models)
    found = mg.vmap(lambda model, x: model(x), in_axes=(0, None))(together, X[0])
    assert_same(found, np.stack([model(X[0]).data for model in models]))
    found = mg.vmap(models[0].__call__)(X)
    assert_same(found, models[0](X).data)
    assert found.requires_grad


def test_no_grad_and_anomaly_inside() -> None:
    w = Tensor(W, requires_grad=True)

    def f(x: Any) -> Any:
        with mg.no_grad():
            return mg.grad(lambda x: network(w, x))(x)

    found = mg.vmap(f)(X)
    assert type(found) is np.ndarray
    assert_same(found, np.stack([mg.grad(lambda x: network(W, x))(x) for x in X]))
    with mg.detect_anomaly():
        assert_same(mg.vmap(mg.grad(lambda x: network(w, x)))(X), found)


def test_anomalies_are_watched_for_inside_of_a_batch_inside_of_a_derivative() -> None:
    batch, w = rng.normal(size=(3, 2)), np.array([0.5, -1.0])

    def watched(x: Any, w: Any) -> Any:
        with mg.detect_anomaly():
            return np.sum(np.sin(x * w) * w)

    def plain(x: Any, w: Any) -> Any:
        return np.sum(np.sin(x * w) * w)

    def total(f: Any) -> Any:
        return mg.grad(lambda w: np.sum(mg.vmap(mg.grad(f), in_axes=(0, None))(batch, w) ** 2))(w)

    assert_same(total(watched), total(plain))

    def undefined(x: Any) -> Any:
        with mg.detect_anomaly():
            return np.sum(np.log(x))

    with pytest.raises(NonFiniteError, match="log"), np.errstate(all="ignore"):
        mg.vmap(mg.grad(undefined))(np.zeros((3, 2)))


# ---------------------------------------------------------------- errors


def test_values_of_single_examples_are_not_to_be_had() -> None:
    for ask in (bool, float, int, complex, np.asarray, lambda x: x.item(), lambda x: x.tolist()):
        with pytest.raises(BatchedError, match=r"inside vmap.*(Write|Use) "):
            mg.vmap(ask)(np.arange(3.0))
    with pytest.raises(BatchedError, match="mask"):
        mg.vmap(lambda x: x[x > 0])(X)


def test_an_index_into_a_plain_array_says_what_to_index() -> None:
    with pytest.raises(BatchedError, match=r"mg\.Tensor\(np\.arange\(7\.0\)\)\[i\]"):
        mg.vmap(lambda i: np.arange(7.0)[i])(np.array([0, 3]))
    found = mg.vmap(lambda i: mg.Tensor(np.arange(7.0))[i])(np.array([0, 3]))
    assert_same(found, np.array([0.0, 3.0]))


def test_results_of_different_lengths() -> None:
    with pytest.raises(BatchedError, match=r"different shapes.*\(1,\), \(2,\)"):
        mg.vmap(np.unique)(np.array([[1.0, 1.0], [1.0, 2.0]]))


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"different numbers of examples: 5 .*, 4"):
        mg.vmap(np.add)(X, X[:4])
    with pytest.raises(ShapeError, match="axis 0 of an argument of shape"):
        mg.vmap(np.sin)(1.0)
    with pytest.raises(ValueError, match="all of in_axes are None"):
        mg.vmap(np.sin, in_axes=None)(X)
    with pytest.raises(ValueError, match="2 entries, but 1 arguments"):
        mg.vmap(np.sin, in_axes=(0, 0))(X)
    with pytest.raises(ValueError, match="structure"):
        mg.vmap(lambda p: p["w"], in_axes=({"v": 0},))({"w": X})
    with pytest.raises(ValueError, match="differs from example to example"):
        mg.vmap(np.sin, out_axes=None)(X)


def test_backward_and_assignment_inside() -> None:
    def assign(x: Any) -> None:
        x[0] = 1.0

    with pytest.raises(GraphError, match=r"vmap\(grad\(f\)\)"):
        mg.vmap(lambda x: np.sum(x).backward())(X)
    with pytest.raises(InPlaceError, match="index_update"):
        mg.vmap(assign)(X)


def test_a_value_that_escaped() -> None:
    kept = []
    mg.vmap(lambda x: kept.append(x) or x)(X)
    with pytest.raises(BatchedError, match="after vmap had finished"):
        kept[0] + 1


def test_an_error_of_the_function_leaves_no_batch_behind() -> None:
    with pytest.raises(ZeroDivisionError):
        mg.vmap(lambda x: x / (1 // 0))(X)
    assert_same(mg.grad(lambda x: np.sum(x * x))(X), 2 * X)


# ---------------------------------------------------------------- threads


def in_a_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


THREADED = {
    "grad": lambda x: mg.grad(lambda y: y * y * x)(1.0),
    "grad of the example": mg.grad(lambda y: y * y),
    "jvp": lambda x: mg.jvp(lambda y: y * x, [1.0], [1.0])[1],
    "vmap": lambda x: np.sum(mg.vmap(lambda y: y * y)(np.stack([x, x]))),
    "vmap around it": lambda x: np.sum(mg.vmap(lambda y: y * x)(np.ones(2))),
    "jacobian": lambda x: mg.jacobian(lambda y: y * y * x)(1.0),
}


@pytest.mark.parametrize("f", THREADED.values(), ids=THREADED)
def test_a_transform_in_a_thread_of_a_batched_function_is_right_or_an_error(f):
    x = np.array([1.0, 2.0])
    expected = mg.vmap(f)(x)
    in_this_context = lambda x: in_a_thread(contextvars.copy_context().run, f, x)
    np.testing.assert_array_equal(mg.vmap(in_this_context)(x), expected)
    in_its_own = mg.vmap(lambda x: in_a_thread(f, x))
    if f is THREADED["vmap around it"]:  # its batch meets the other as it meets any operand
        np.testing.assert_array_equal(in_its_own(x), expected)
    else:
        with pytest.raises(BatchedError, match=r"contextvars\.copy_context\(\)\.run"):
            in_its_own(x)
