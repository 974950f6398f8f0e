"""`load_state_dict`: all of a state or nothing, and nothing that only seems to fit."""

from collections import OrderedDict

import numpy as np
import pytest

from micrograd_np import Tensor, nn
from micrograd_np.errors import MeaningLostError

SQUARE = {"weight": np.arange(9.0).reshape(3, 3), "bias": np.ones(3)}


class TorchTensor:
    """What PyTorch's arrays look like from here: a class of its module that NumPy can read."""

    __module__ = "torch"

    def __init__(self, numbers):
        self.numbers = np.asarray(numbers)
        self.shape, self.ndim = self.numbers.shape, self.numbers.ndim

    def __array__(self, dtype=None, copy=None):
        return self.numbers

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.numbers


class Parameter(TorchTensor):
    """One of a user's classes."""

    __module__ = "my_models"


def of_torch(state, kind=TorchTensor):
    return OrderedDict((name, kind(value)) for name, value in state.items())


def assert_unchanged(layer, before):
    for path, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[path])


def refused(layer, state, error=ValueError):
    """The message of the error, after which nothing has been loaded."""
    before = layer.state_dict()
    with pytest.raises(error) as caught:
        layer.load_state_dict(state)
    assert_unchanged(layer, before)
    return str(caught.value)


# ---------------------------------------------------------------- PyTorch


@pytest.mark.parametrize(
    "state",
    [
        of_torch(SQUARE),
        of_torch(SQUARE, Parameter),
        SQUARE | {"bias": TorchTensor(np.ones(3))},
        {"epoch": 3, "model": of_torch(SQUARE)},
    ],
    ids=["tensors", "subclass", "one of them", "checkpoint"],
)
def test_arrays_of_pytorch_are_refused(state):
    message = refused(nn.Linear(3, 3), state, TypeError)
    assert "arrays of PyTorch" in message
    assert "bias" in message
    assert "(out_features, in_features)" in message


def converted(message, state, model):
    """Run the lines that an error says to write."""
    lines = [line.strip() for line in message.splitlines() if line.startswith("    ")]
    assert len(lines) == 2
    exec("\n".join(lines), {"state": state, "model": model})  # noqa: S102 - our own message


def test_what_the_error_says_to_write_transposes_linear_weights_only():
    layer = nn.Linear(3, 3)
    converted(refused(layer, of_torch(SQUARE), TypeError), of_torch(SQUARE), layer)
    np.testing.assert_array_equal(layer.weight.data, SQUARE["weight"].T)
    np.testing.assert_array_equal(layer.bias.data, SQUARE["bias"])


@pytest.mark.oracle
def test_a_converted_network_computes_what_pytorchs_does():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.Flatten(), torch.nn.Linear(12, 12), torch.nn.Tanh()
    ).double()
    ours = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 12), nn.Tanh())
    message = refused(ours, theirs.state_dict(), TypeError)
    assert "0.weight, 0.bias, 2.weight, …" in message
    refused(ours, dict(theirs.named_parameters()), TypeError)
    converted(message, theirs.state_dict(), ours)
    x = np.random.default_rng(0).normal(size=(5, 2, 4, 4))
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(x).data, expected, rtol=1e-12)


# ---------------------------------------------------------------- what only seems to fit


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones((3, 3), complex), "weight is float64 of shape (3, 3) here, complex128"),
        (np.ones((9,)), "float64 of shape (9,) given"),
        (np.ones((1, 3, 3)), "float64 of shape (1, 3, 3) given"),
    ],
)
def test_wrong_kinds_and_shapes(given, words):
    assert words in refused(nn.Linear(3, 3), SQUARE | {"weight": given})


@pytest.mark.parametrize(("dtype", "words"), [(object, "Python objects"), ("m8[s]", "time spans")])
def test_what_is_no_number_is_refused(dtype, words):
    layer = nn.Linear(3, 3)
    before = layer.state_dict()
    with pytest.raises(TypeError, match=words):
        layer.load_state_dict(SQUARE | {"weight": np.ones((3, 3), dtype)})
    np.testing.assert_array_equal(layer.weight.data, before["weight"])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_numbers_that_would_become_infinite_are_refused(dtype):
    layer = nn.Linear(3, 3, dtype=dtype)
    message = refused(layer, SQUARE | {"weight": np.full((3, 3), 1e300)})
    assert f"too large for {np.dtype(dtype)}: weight, of float64" in message
    layer.load_state_dict(SQUARE | {"weight": np.full((3, 3), np.inf)})
    assert np.isinf(layer.weight.data).all()


def test_a_result_in_a_graph_is_refused_and_its_numbers_are_not():
    w = Tensor(SQUARE["weight"], requires_grad=True)
    layer = nn.Linear(3, 3)
    message = refused(layer, SQUARE | {"weight": 2 * w})
    assert "cut off from its graph: weight" in message
    layer.load_state_dict(SQUARE | {"weight": (2 * w).data})
    np.testing.assert_array_equal(layer.weight.data, 2 * SQUARE["weight"])
    layer.load_state_dict(SQUARE | {"weight": w})  # a leaf has no history
    np.testing.assert_array_equal(layer.weight.data, SQUARE["weight"])


def test_a_masked_array_is_refused():
    masked = np.ma.masked_less(SQUARE["weight"], 2)
    assert "mask" in refused(nn.Linear(3, 3), SQUARE | {"weight": masked}, TypeError)


def test_the_state_inside_another_dictionary_is_pointed_at():
    message = refused(nn.Linear(3, 3), {"epoch": 3, "model": SQUARE})
    assert "unexpected: epoch" in message
    assert "unexpected: model, a dictionary: is the state inside it?" in message
    assert "missing: weight of shape (3, 3)" in message


@pytest.mark.parametrize("state", [nn.Linear(3, 3), [1.0], None, iter(SQUARE.items())])
def test_what_is_no_mapping_is_refused(state):
    assert "takes a dictionary" in refused(nn.Linear(3, 3), state, TypeError)


def test_the_last_value_that_is_wrong_changes_no_earlier_one():
    refused(nn.Linear(3, 3), {"weight": SQUARE["weight"], "bias": np.ones(2)})


def test_read_only_arrays_are_copied():
    state = {name: value.copy() for name, value in SQUARE.items()}
    for value in state.values():
        value.setflags(write=False)
    layer = nn.Linear(3, 3)
    layer.load_state_dict(state)
    layer.weight.data[0, 0] = 7.0
    assert state["weight"][0, 0] == 0


# ---------------------------------------------------------------- what is more than numbers

STRANGE = {
    "objects": (np.full((3, 3), 1.0, dtype=object), "Python objects"),
    "time spans": (np.ones((3, 3), "m8[s]"), "time spans"),
    "masked": (np.ma.masked_array(np.ones((3, 3)), mask=np.eye(3)), "mask"),
    "matrix": (np.ones((3, 3)).view(np.matrix), "matrix"),
}


@pytest.mark.parametrize(("value", "lost"), STRANGE.values(), ids=STRANGE)
def test_what_is_more_than_numbers_is_named_by_its_path(value, lost):
    message = refused(nn.Linear(3, 3), SQUARE | {"weight": value}, MeaningLostError)
    assert "nothing was taken" in message
    assert "weight: " in message
    assert lost in message
    assert "bias" not in message


def test_all_of_them_are_named():
    strange = STRANGE["objects"][0]
    message = refused(nn.Linear(3, 3), {"weight": strange, "bias": strange[0]}, MeaningLostError)
    assert "weight: " in message
    assert "bias: " in message


def test_what_makes_no_array_is_named_by_its_path():
    assert "no array: bias" in refused(nn.Linear(3, 3), SQUARE | {"bias": [[1.0], [1.0, 2.0]]})
