"""Tensors over arrays of other libraries: strict doubles, Dask, CuPy.

Every row of the op table is tried over the doubles of `strict_array`, and gives what it gives over
NumPy's arrays: value, gradient, both directions, second derivatives. Dask's arrays stay lazy and in
their blocks until somebody asks for numbers.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from folding import each
from index_keys import KEYS, in_library
from op_calls import Call
from optable import CONSTANT, DIFFERENTIABLE, Case, Row, in_case, rows_of, scipy_matrix_rows
from strict_array import DeviceArray, PulledOutError, StrictArray, uncovered

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim
from micrograd_np.errors import ForeignArrayError, MutationError, NonFiniteError
from micrograd_np.ops.derivatives.indexing import getitem, scatter
from micrograd_np.train import fit

Array = np.ndarray[Any, Any]
Kind = Callable[[Any], Any]

RNG = np.random.default_rng(11)
DOUBLES = pytest.mark.parametrize("kind", [StrictArray, DeviceArray])


# ---------------------------------------------------------------- every op, over the doubles

# The numbers themselves decide the shape or the dtype of these results.
NEED_NUMBERS = {
    **dict.fromkeys(
        (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.logn, np.emath.power),
        "complex where a number is negative",
    ),
    **dict.fromkeys(
        (np.emath.arccos, np.emath.arcsin, np.emath.arctanh), "complex where a number is beyond 1"
    ),
    np.real_if_close: "real if the imaginary parts are small",
    np.poly: "real if complex roots come in pairs",
    np.roots: "as many roots as the degree, which leading zeros lower",
    np.polymul: "leading zeros are left out",
    np.polydiv: "leading zeros are left out",
    np.trim_zeros: "zeros at the ends are left out",
    **dict.fromkeys(
        (
            scipy_matrix_rows.solve_triangular, scipy_matrix_rows.solve_sylvester,
            scipy_matrix_rows.solve_banded, scipy_matrix_rows.lu_factor, scipy_matrix_rows.expm,
            scipy_matrix_rows.logm, scipy_matrix_rows.sqrtm,
        ),
        "SciPy computes it, from NumPy's arrays",
    ),
}  # fmt: skip

# Positions, counts and axes stay here; these options are numbers, and go where the array is.
FOREIGN = {
    "where", "weights", "fweights", "aweights", "mean", "condlist", "to_end", "to_begin", "prepend",
    "append", "a", "k", "base",
}  # fmt: skip
POSITIONS = {
    np.delete, np.insert, np.tile, np.expand_dims, np.split, np.array_split, np.hsplit, np.vsplit,
    np.dsplit, np.piecewise, np.apply_over_axes,
}  # fmt: skip


def on_device(row: Row, call: Call) -> Call:
    """A call with all its numbers where the device is, as its user would have them."""
    there = copy.copy(call)
    if row.function in POSITIONS:
        options = {name: listed(option) for name, option in call.case.options.items()}
        there.case = call.case._replace(options=options)
        return there
    there.drawn = [moved(x) for x in call.drawn]
    options = dict(call.case.options)
    for name in FOREIGN & options.keys():
        options[name] = moved(options[name], integers=True)
    there.case = call.case._replace(options=options)
    return there


def listed(option: Any) -> Any:
    return option.tolist() if isinstance(option, np.ndarray) else option


def moved(given: Any, *, integers: bool = False) -> Any:
    """Arrays and lists of numbers as arrays elsewhere; lists of integers may be axes, and stay."""
    if isinstance(given, np.ndarray):
        return DeviceArray(given)
    if isinstance(given, list) and given:
        if isinstance(given[0], np.ndarray):
            return [moved(part) for part in given]
        stays = isinstance(given[0], int) and not integers
        return given if stays else DeviceArray(np.asarray(given))
    return given


class Trial:
    """One case, over NumPy's arrays and over other kinds, with the same vectors."""

    def __init__(self, row: Row, case: Case) -> None:
        self.row = row
        self.call = Call(row, case)
        parts = self.call(*map(Tensor, self.call.inputs))
        self.weights = self.call.like([part.value for part in parts])
        self.directions = self.call.like(self.call.inputs)
        self.right = dict(self.run(np.asarray, self.call))

    def run(self, kind: Kind, call: Call, second: str = "") -> Iterator[tuple[str, list[Any]]]:
        """Value and derivatives; of the second ones those `of reverse`, `of forward`, or all."""
        xs = [kind(x) for x in self.call.inputs]
        weights, directions = list(map(kind, self.weights)), list(map(kind, self.directions))

        def gradient(*points: Any) -> Any:
            return list(mg.vjp(call, *points)[1](weights))

        def slope(*points: Any) -> Any:
            return mg.jvp(call, points, directions)[1]

        leaves = [Tensor(x, requires_grad=True) for x in xs]
        parts = call(*leaves)
        yield "value", values(parts)
        for part, weight in zip(parts, weights, strict=True):
            part.backward(weight)
        yield "grad", [leaf.grad for leaf in leaves]
        if self.row.order == 1:
            yield "vjp", values(gradient(*xs))
            yield "jvp", values(slope(*xs))
            return
        if second in ("", "of reverse"):
            found, pullback = mg.vjp(gradient, *xs)
            yield "vjp", values(found)
            yield "reverse over reverse", values(pullback(directions))
            yield "forward over reverse", values(mg.jvp(gradient, xs, directions)[1])
        if second in ("", "of forward"):
            found, pullback = mg.vjp(slope, *xs)
            yield "jvp", values(found)
            yield "reverse over forward", values(pullback(weights))

    def compare(self, kind: type[StrictArray], second: str) -> None:
        other = on_device(self.row, self.call) if kind is DeviceArray else self.call
        for stage, found in self.run(kind, other, second):
            for right, part in zip(self.right[stage], found, strict=True):
                assert type(part) is kind, stage
                assert (part.shape, part.dtype) == (right.shape, right.dtype), stage
                np.testing.assert_allclose(part.hidden, right, 1e-9, 1e-11, err_msg=stage)


def values(results: Any) -> list[Any]:
    """The arrays of what may be Tensors."""
    return [getattr(result, "value", result) for result in results]


# The rows add a constant of NumPy's to what they draw.
BESIDE_NUMPY = {np.linalg.tensorsolve, np.linalg.tensorinv}
ALL = {StrictArray: "", DeviceArray: ""}
# What rules do at the second order, each over one of the doubles.
SHARED = {StrictArray: "of forward", DeviceArray: "of reverse"}


def one(row: Row) -> tuple[Case, ...]:
    """One case, or two where one of them may be refused."""
    return row.few if row.function in NEED_NUMBERS else row.few[:1]


EACH = [
    pytest.param(SHARED, one, id="shared"),
    pytest.param(ALL, lambda row: row.telling, id="all", marks=pytest.mark.thorough),
]


@pytest.mark.parametrize(("second", "chosen"), EACH)
@pytest.mark.parametrize("row", rows_of(DIFFERENTIABLE))
def test_an_op_over_a_double_gives_what_it_gives_over_numpy(
    row: Row, second: dict[Any, str], chosen: Callable[[Row], Sequence[Case]]
):
    tried = second if row.function not in BESIDE_NUMPY else {StrictArray: ""}
    refused = set()
    for case in chosen(row):
        with in_case(row, case), np.errstate(all="ignore"):
            trial = Trial(row, case)
            for kind, nestings in tried.items():
                try:
                    trial.compare(kind, nestings)
                except ForeignArrayError:
                    refused.add(kind)
    assert refused == (set(tried) if row.function in NEED_NUMBERS else set())


@DOUBLES
@pytest.mark.parametrize("row", CONSTANT, ids=lambda row: row.name)
def test_a_constant_op_over_a_double_gives_what_it_gives_over_numpy(row: Row, kind: Any) -> None:
    for case in row.telling:
        call = Call(row, case)
        there = on_device(row, call) if kind is DeviceArray else call
        right = call.everything(*map(Tensor, call.inputs))
        found = there.everything(*(Tensor(kind(x)) for x in call.inputs))
        assert type(found) is type(right)
        if isinstance(found, Tensor):
            assert type(found.value) is kind
            right, found = right.value, found.value
        np.testing.assert_equal(uncovered(found), right)


# ---------------------------------------------------------------- indexing, without writing


@DOUBLES
@pytest.mark.parametrize("there", [False, True], ids=["key here", "key there"])
@each("key", KEYS, ids=str)
def test_entries_are_read_put_back_and_replaced_as_numpy_does(key: Any, there: Any, kind: Any):
    x, hidden = RNG.normal(size=(6, 4)), kind
    other = in_library(key, kind) if there else key
    chosen = x[key] if not isinstance(key, list) else x[np.array(key)]
    g, value = RNG.normal(size=chosen.shape), RNG.normal(size=chosen.shape[-1:])
    pairs = [
        (getitem(hidden(x), other), getitem(x, key)),
        (scatter(hidden(g), other, x.shape), scatter(g, key, x.shape)),
        (mg.index_update(hidden(x), other, hidden(g)), mg.index_update(x, key, g)),
        (mg.index_update(hidden(x), other, hidden(value)), mg.index_update(x, key, value)),
        (mg.index_update(hidden(x), other, 7), mg.index_update(x, key, 7)),
    ]
    for found, right in pairs:
        assert type(found) is kind
        assert found.dtype == right.dtype
        np.testing.assert_allclose(found.hidden, right, rtol=1e-13)


@DOUBLES
@each("key", KEYS, ids=str)
def test_the_gradient_of_replaced_entries_is_numpys(key: Any, kind: Any):
    x = RNG.normal(size=(6, 4))
    value = RNG.normal(size=np.empty((6, 4))[np.array(key) if isinstance(key, list) else key].shape)

    def gradients(make: Kind, key: Any) -> list[Any]:
        weights = make(np.arange(24.0).reshape(6, 4))
        loss = mg.grad(lambda x, v: np.sum(mg.index_update(x, key, v) * weights), (0, 1))
        return loss(make(x), make(value))

    for other in (key, in_library(key, kind)):
        for found, right in zip(gradients(kind, other), gradients(np.asarray, key), strict=True):
            np.testing.assert_array_equal(found.hidden, right)


def test_integers_are_put_back_as_integers_and_float32_as_float32():
    for dtype in (np.int8, np.float32, np.complex64):
        g = StrictArray(np.ones(4, dtype))
        for key in ([1, 1, 1, 0], slice(0, 8, 2)):
            assert scatter(g, key, (8,)).dtype == dtype
        assert mg.index_update(StrictArray(np.zeros(8, dtype)), [1, 2], 2).dtype == dtype


def test_a_numpy_array_is_indexed_where_the_indices_are():
    x = Tensor([1.0, 2.0, 4.0], requires_grad=True)
    chosen = x[StrictArray([2, 0, 2])]
    chosen.sum().backward()
    np.testing.assert_array_equal(chosen.value.hidden, [4.0, 1.0, 4.0])
    np.testing.assert_array_equal(x.grad.hidden, [1.0, 0.0, 2.0])


# ---------------------------------------------------------------- Tensors


def leaf(kind: Any, numbers: Any, **fields: Any) -> Tensor:
    return Tensor(kind(np.asarray(numbers, float)), requires_grad=True, **fields)


@DOUBLES
def test_a_gradient_is_an_array_of_its_own_and_of_its_leafs_kind(kind: Any):
    x, y = leaf(kind, [1.0, 2.0]), leaf(kind, [3.0, 4.0])
    g = kind(np.array([1.0, -1.0]))
    (x + y).backward(g)
    (x + y).backward(np.array([1.0, 1.0]))  # NumPy's are taken along
    (2.0 * x).sum().backward()
    for found, right in ((x.grad, [4.0, 2.0]), (y.grad, [2.0, 0.0])):
        assert type(found) is kind
        np.testing.assert_array_equal(found.hidden, right)
    z = leaf(kind, [1.0, 2.0])
    z.backward(g)
    assert z.grad is not g
    assert not np.shares_memory(z.grad.hidden, g.hidden)


@DOUBLES
def test_a_single_number_is_one_of_its_kind(kind: Any):
    x = leaf(kind, 3.0)
    (x * x).backward()
    assert type(x.grad) is kind
    assert type(mg.grad(lambda x: x**2)(x).value) is kind
    assert type(mg.grad(lambda x: np.sum(x[None]))(x).value) is kind
    assert leaf(kind, [[3.0]]).sum().shape == ()


@DOUBLES
def test_numpys_arrays_and_numbers_on_either_side(kind: Any):
    x = leaf(kind, [1.0, 2.0])
    beside = kind(np.array([3.0, 5.0]))
    for other in (beside, Tensor(beside), 2.0, np.float64(2.0), np.float32(2.0), 2):
        plain = uncovered(other.value if isinstance(other, Tensor) else other)
        for f in (lambda a, b: a * b, lambda a, b: b / a, lambda a, b: b - a, lambda a, b: a**b):
            out = f(x, other)
            right = f(np.array([1.0, 2.0]), plain)
            assert type(out.value) is kind
            np.testing.assert_allclose(out.value.hidden, right)
            assert out.dtype == right.dtype


def test_a_parameter_of_numpys_among_foreign_data():
    w = Tensor([1.0, 2.0], requires_grad=True)
    X = StrictArray(np.arange(6.0).reshape(3, 2))
    loss = np.mean((X @ w - 1) ** 2)
    assert type(loss.value) is StrictArray
    loss.backward()
    right = mg.grad(lambda w: np.mean((np.arange(6.0).reshape(3, 2) @ w - 1) ** 2))(w)
    np.testing.assert_allclose(w.grad.hidden, right.data)


@DOUBLES
def test_a_constant_result_is_a_tensor_over_its_kind(kind: Any):
    x = leaf(kind, [[1.0, 5.0], [2.0, 2.0]])
    for out in (x > 1, ~(x > 1), np.argmax(x, axis=0), np.floor(x), np.isfinite(x)):
        assert isinstance(out, Tensor)
        assert type(out.value) is kind
    kept = np.where(x > 1, x, 0)
    kept.sum().backward()
    np.testing.assert_array_equal(x.grad.hidden, [[0.0, 1.0], [1.0, 1.0]])


@DOUBLES
def test_nothing_is_pulled_out_unless_asked(kind: Any):
    t = leaf(kind, [1.0, 2.0], name="t")
    assert repr(t) == f"Tensor({kind.__name__}<(2,), float64>, requires_grad=True, name='t')"
    assert str(np.sum(t)) == f"Tensor({kind.__name__}<(), float64>, op=sum)"
    assert mg.draw(np.sum(t * t)).svg
    for ask in (
        lambda: float(t.detach()[0]),
        lambda: bool(t[0] > 0),
        lambda: np.asarray(t.detach()),
    ):
        with pytest.raises(PulledOutError):
            ask()


def test_numbers_come_when_they_are_asked_for():
    t = leaf(DeviceArray, [1.0, 2.5])
    np.testing.assert_array_equal(t.numpy(), [1.0, 2.5])
    assert type(t.numpy()) is np.ndarray
    assert t[1].item() == 2.5
    assert t.tolist() == [1.0, 2.5]
    assert f"{t[1]:.3f}" == "2.500"


def test_a_view_is_copied_where_a_write_would_leave_no_stamp():
    memory = np.arange(4.0)
    part = Tensor(DeviceArray(memory))[1:]
    memory[:] = 0
    np.testing.assert_array_equal(part.numpy(), [1.0, 2.0, 3.0])


@DOUBLES
def test_a_change_is_noticed(kind: Any):
    x = leaf(kind, [1.0, 2.0])
    loss = np.sum(x * x)
    x.data = x.data * 2.0
    assert type(x.data) is kind
    with pytest.raises(MutationError):
        loss.backward()
    loss = np.sum(x * x)
    x.data = kind(np.array([1, 2]))
    assert x.dtype == float
    with pytest.raises(MutationError):
        loss.backward()
    with pytest.raises(ValueError, match="keeps its shape"):
        x.data = kind(np.ones(3))


@DOUBLES
def test_a_function_without_a_derivative_gets_the_array_itself(kind: Any):
    found = np.fft.fftshift(Tensor(kind(np.arange(4.0))))
    assert type(found.value) is kind
    with pytest.raises(TypeError, match="derivative"):
        np.histogram(leaf(kind, [1.0, 2.0]))


def test_a_tensor_holds_foreign_numbers_only():
    with pytest.raises(TypeError, match="holds numbers"):
        Tensor(StrictArray(np.array(["a", "b"])))
    with pytest.raises(TypeError, match="cannot require a gradient"):
        Tensor(StrictArray(np.arange(3)), requires_grad=True)


def test_the_error_for_numbers_that_are_elsewhere_says_what_to_do():
    with pytest.raises(ForeignArrayError, match=r"np\.roots reads the numbers") as caught:
        np.roots(leaf(StrictArray, [1.0, 2.0]))
    assert "strict_array.StrictArray" in str(caught.value)
    assert "t.numpy()" in str(caught.value)


# ---------------------------------------------------------------- transforms, networks, training

X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
W = RNG.normal(size=(3, 2))
TRANSFORMED: dict[str, Callable[..., Any]] = {
    "jacobian in reverse": lambda w, x, y: mg.jacobian(lambda w: np.tanh(x @ w), mode="reverse")(w),
    "jacobian forward": lambda w, x, y: mg.jacobian(lambda w: np.tanh(x @ w), mode="forward")(w),
    "hessian": lambda w, x, y: mg.hessian(lambda w: np.sum(np.tanh(x @ w) * y))(w),
    "hvp": lambda w, x, y: mg.hvp(lambda w: np.sum(np.tanh(x @ w)), [w], [w]),
    "per example": mg.vmap(mg.grad(lambda w, x, y: np.sum((x @ w - y) ** 2)), (None, 0, 0)),
    "vmap of entries": lambda w, x, y: mg.vmap(lambda r: r[1:] * mg.softmax(r)[0])(x),
    "masked": lambda w, x, y: mg.grad(
        lambda x: np.sum(mg.where(x > 0, np.sqrt(x), 0, masked=True))
    )(x),
    "checkpoint": mg.grad(mg.checkpoint(lambda w, x, y: np.sum(np.tanh(x @ w) ** 2))),
    "linearize": lambda w, x, y: mg.linearize(lambda w: np.tanh(x @ w), w)[1](w),
}


@DOUBLES
@pytest.mark.parametrize("name", TRANSFORMED)
def test_a_transform_over_a_double_gives_what_it_gives_over_numpy(name: str, kind: Any):
    with np.errstate(invalid="ignore"):
        right = TRANSFORMED[name](W, X, Y)
        found = TRANSFORMED[name](kind(W), kind(X), kind(Y))
    assert type(found) is kind
    np.testing.assert_allclose(found.hidden, right, rtol=1e-12, atol=1e-14)


def network(kind: Kind = np.asarray) -> nn.Sequential:
    """A small network, its parameters in another library's arrays."""
    rng = np.random.default_rng(3)
    model = nn.Sequential(nn.Linear(3, 4, rng=rng), np.tanh, nn.Linear(4, 2, rng=rng))
    for parameter in model.parameters():
        parameter.data = kind(parameter.data)
    return model


CLASSES = np.array([0, 1, 1, 0, 1])
LOSSES: dict[str, tuple[Callable[..., Any], Array]] = {
    "mse": (nn.mse, Y),
    "classes": (nn.cross_entropy, CLASSES),
    "probabilities": (nn.cross_entropy, np.eye(2)[CLASSES]),
    "logits": (nn.binary_cross_entropy_with_logits, np.eye(2)[CLASSES]),
}


@DOUBLES
@pytest.mark.parametrize("rule", [optim.sgd(0.1, 0.9), optim.adam(0.1)], ids=["sgd", "adam"])
@pytest.mark.parametrize("name", LOSSES)
def test_training_over_a_double_is_training_over_numpy(name: str, rule: Any, kind: Any):
    loss, target = LOSSES[name]
    states = []
    for make in (np.asarray, kind):
        model = network(make)
        optimizer = optim.Optimizer(model, rule)
        for _ in range(3):
            optimizer.zero_grad()
            loss(model(make(X)), make(target)).backward()
            optimizer.step()
        states.append([p.data for p in model.parameters()])
    for right, found in zip(*states, strict=True):
        assert type(found) is kind
        np.testing.assert_allclose(found.hidden, right, rtol=1e-10)


def test_fit_and_the_state_of_a_model_on_a_device():
    here, there = network(), network(DeviceArray)
    histories = [
        fit(model, make(X), make(Y), loss=nn.mse, optimizer=optim.adam(0.1), epochs=2, batch_size=2,
            rng=np.random.default_rng(0), progress=False)
        for model, make in ((here, np.asarray), (there, DeviceArray))
    ]  # fmt: skip
    np.testing.assert_allclose(histories[1].losses, histories[0].losses, rtol=1e-12)
    state = there.state_dict()
    assert {type(value) for value in state.values()} == {np.ndarray}
    for path, value in here.state_dict().items():
        np.testing.assert_allclose(state[path], value, rtol=1e-12)
    fresh = network(DeviceArray)
    fresh.load_state_dict(state)
    assert {type(p.data) for p in fresh.parameters()} == {DeviceArray}
    here.load_state_dict(there.state_dict() | dict(fresh.named_parameters()))
    assert {type(p.data) for p in here.parameters()} == {np.ndarray}


def test_fit_explains_what_went_wrong_on_a_device():
    broken = np.where(np.arange(5)[:, None] == 3, np.nan, X)
    with pytest.raises(NonFiniteError, match=r"X: 3 of 15 numbers, in rows 3"):
        fit(network(DeviceArray), DeviceArray(broken), DeviceArray(Y), loss=nn.mse,
            optimizer=optim.sgd(0.1), epochs=1, progress=False)  # fmt: skip


LAYERS = [nn.Conv2d(2, 2, 3, padding=1), nn.MaxPool2d(2), nn.AvgPool2d(3, 2, padding=1)]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@DOUBLES
def test_a_layer_of_windows(layer: Any, kind: Any):
    image = RNG.normal(size=(2, 2, 5, 5))

    def slope(make: Kind) -> Any:
        own = copy.deepcopy(layer)
        for parameter in own.parameters():
            parameter.data = make(parameter.data)
        found = mg.grad(lambda x: np.sum(own(x) ** 2))(make(image))
        return found.value if own.parameters() else found

    np.testing.assert_allclose(slope(kind).hidden, slope(np.asarray), rtol=1e-12)


# ---------------------------------------------------------------- CuPy


def test_a_network_trains_on_a_gpu():
    cupy = pytest.importorskip("cupy", reason="needs CuPy, the extra `gpu`, and a GPU")
    if cupy.cuda.runtime.getDeviceCount() == 0:
        pytest.skip("CuPy is here, but no GPU")
    here, there = network(), network(cupy.asarray)
    for model, make in ((here, np.asarray), (there, cupy.asarray)):
        optimizer = optim.Optimizer(model, optim.adam(0.1))
        for _ in range(3):
            optimizer.zero_grad()
            nn.cross_entropy(model(make(X)), make(CLASSES)).backward()
            optimizer.step()
    for right, found in zip(here.parameters(), there.parameters(), strict=True):
        assert type(found.data) is type(found.grad) is cupy.ndarray
        np.testing.assert_allclose(found.numpy(), right.data, rtol=1e-8)
    x = Tensor(cupy.asarray(X), requires_grad=True)
    x[[1, 1, 3]].sum().backward()
    np.testing.assert_array_equal(cupy.asnumpy(x.grad)[:, 0], [0, 2, 0, 1, 0])
