"""`fit` computes in the precision of the parameters, whatever that of the data is."""

import numpy as np
import pytest
from strict_array import DeviceArray

from micrograd_np import Tensor, nn, optim
from micrograd_np.train import fit, steps

OPTIONS = {"optimizer": optim.sgd(0.01), "epochs": 1, "progress": False}


class Seen(nn.Module):
    """A line, and a loss of its, that note the dtypes they are given and compute."""

    def __init__(self, *dtypes):
        self.weights = [Tensor(np.ones((2, 1)), requires_grad=True, dtype=d) for d in dtypes]
        self.dtypes = set()

    def forward(self, x):
        self.dtypes.add(("X", str(x.dtype)))
        return sum(x @ w for w in self.weights)

    def loss(self, prediction, y):
        out = np.mean(np.abs(prediction - y) ** 2)
        self.dtypes |= {("y", str(y.dtype)), ("loss", str(out.dtype))}
        return out


def data(X="float64", y="float64"):
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 2)).astype(X), rng.normal(size=(6, 1)).astype(y)


@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize(
    ("parameters", "X", "y", "seen"),
    [
        (["float32"], "float64", "float64", ("float32", "float32", "float32")),
        (["float32"] * 2, "float16", "float32", ("float32", "float32", "float32")),
        (["float64"], "float32", "float64", ("float64", "float64", "float64")),
        (["float16"], "float64", "float32", ("float16", "float16", "float16")),
        (["float32"], "int64", "float64", ("int64", "float32", "float64")),
        (["float32"], "float64", "bool", ("float32", "bool", "float32")),
        (["complex64"], "float64", "complex128", ("float32", "complex64", "float32")),
        (["float32"], "complex128", "float64", ("complex64", "float32", "float32")),
        (["float32", "complex64"], "float64", "float64", ("float32", "float32", "float32")),
        (["float32"], ">f8", "float32", ("float32", "float32", "float32")),
        (["float32", "float64"], "float32", "float32", ("float32", "float32", "float64")),
        (["float32", "float64"], "float64", "float64", ("float64", "float64", "float64")),
    ],
    ids=str,
)
def test_examples_have_the_precision_of_the_parameters(parameters, X, y, seen, batch_size) -> None:
    """Integers stay; parameters of several precisions leave the data as they are."""
    model = Seen(*parameters)
    before = data(X, y)
    given = [x.copy() for x in before]
    fit(model, *given, loss=model.loss, batch_size=batch_size, **OPTIONS)
    assert model.dtypes == set(zip(("X", "y", "loss"), seen, strict=True))
    for x, copy in zip(given, before, strict=True):
        assert x.dtype == copy.dtype
        np.testing.assert_array_equal(x, copy)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("batch_size", [None, 4])
def test_a_run_on_double_data_is_the_run_on_single_data(compiled, batch_size) -> None:
    losses = []
    for dtype in (np.float32, np.float64):
        X, y = data(dtype, dtype)
        model = nn.Linear(2, 1, rng=np.random.default_rng(1), dtype=np.float32)
        history = fit(
            model, X, y, loss=nn.mse, batch_size=batch_size, compile=compiled,
            rng=np.random.default_rng(2), **OPTIONS | {"epochs": 3},
        )  # fmt: skip
        losses.append(history.losses)
    np.testing.assert_array_equal(*losses)


def test_steps_cast_too() -> None:
    model = Seen("float32")
    options = {"optimizer": optim.sgd(0.01), "epochs": 1}
    list(steps(model, *data(), loss=model.loss, batch_size=3, **options))
    assert ("X", "float32") in model.dtypes


def test_class_labels_stay_integers() -> None:
    X, y = data()[0], np.array([0, 1, 2, 0, 1, 2])
    model = nn.Linear(2, 3, dtype=np.float32)
    fit(model, X, y, loss=nn.cross_entropy, **OPTIONS)


def test_python_numbers_are_data_too() -> None:
    model = Seen("float32")
    fit(model, [[1.0, 2.0]], [[3.0]], loss=model.loss, **OPTIONS)
    assert ("loss", "float32") in model.dtypes


def test_numbers_that_would_become_infinite_are_refused_before_anything_is_run() -> None:
    X, y = data()
    X[5, 1], y[3, 0] = 1e39, -70_000
    X[0, 0] = np.inf  # which it is in any dtype, and said elsewhere
    model = Seen("float16")
    with pytest.raises(ValueError, match="X has numbers too large for float16") as caught:
        fit(model, X, y, loss=model.loss, batch_size=2, **OPTIONS)
    assert "y has numbers too large for float16" in str(caught.value)
    assert model.dtypes == set()
    with pytest.raises(ValueError, match="X has numbers too large for float32") as caught:
        fit(Seen("float32"), X, y, loss=model.loss, **OPTIONS)
    assert "y has numbers" not in str(caught.value)


def test_data_of_matching_dtype_are_not_copied() -> None:
    X, y = data("float32", "float32")
    seen = []

    def loss(prediction, target):
        seen.append(target)
        return nn.mse(prediction, target)

    fit(nn.Linear(2, 1, dtype=np.float32), X, y, loss=loss, **OPTIONS)
    assert seen[0] is y


def test_data_on_disk_are_cast_by_batch(tmp_path) -> None:
    rows = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float64, (6, 2))
    rows[:] = data()[0]
    model = Seen("float32")
    run = steps(
        model, rows, data()[1], loss=model.loss, optimizer=optim.sgd(0.1), epochs=1, batch_size=2
    )
    assert len(list(run)) == 3
    assert ("X", "float32") in model.dtypes


@pytest.mark.parametrize("batch_size", [None, 4])
def test_arrays_of_other_libraries_stay_theirs(batch_size) -> None:
    X, y = map(DeviceArray, data())
    kinds = set()

    def loss(prediction, target):
        kinds.add((type(prediction.value), str(prediction.dtype), type(target), str(target.dtype)))
        return np.mean((prediction - target) ** 2)

    model = nn.Linear(2, 1, dtype=np.float32)
    for parameter in model.parameters():
        parameter.value = DeviceArray(parameter.value)
    fit(model, X, y, loss=loss, batch_size=batch_size, **OPTIONS)
    assert kinds == {(DeviceArray, "float32", DeviceArray, "float32")}
