"""Modules and layers: state by path, trees of parameters, and what each layer computes."""

import copy
import gc
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.core import tree
from micrograd_np.core.graph import history


def parameter(*shape, value=1.0):
    return Tensor(np.full(shape, value), requires_grad=True)


def layer(inputs, outputs, seed=0, **options):
    return nn.Linear(inputs, outputs, rng=np.random.default_rng(seed), **options)


class Nested(nn.Module):
    """A parameter in every kind of place, and things that are not parameters."""

    def __init__(self):
        self.scale = parameter()
        self.blocks = [layer(2, 2, 1), np.tanh, layer(2, 1, 2)]
        self.heads = {"left": (parameter(1), parameter(2)), "right": parameter(3)}
        self.frozen = Tensor(np.ones(2))
        self.table = np.ones(4)
        self.title = "nested"
        self.nothing = None

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x * self.scale


PATHS = [
    "scale",
    "blocks.0.weight",
    "blocks.0.bias",
    "blocks.2.weight",
    "blocks.2.bias",
    "heads.left.0",
    "heads.left.1",
    "heads.right",
]


class Tied(nn.Module):
    """An autoencoder whose decoder is the encoder transposed, with the Tensor in two modules."""

    def __init__(self):
        self.encoder = layer(3, 3, 3, bias=False)
        self.decoder = layer(3, 3, 4)
        self.decoder.weight = self.encoder.weight

    def forward(self, x):
        return self.decoder(self.encoder(x))


# ---------------------------------------------------------------- parameters


def test_parameters_have_dotted_paths_in_order_of_definition():
    assert list(Nested().named_parameters()) == PATHS


def test_only_learnable_leaves_are_parameters():
    model = Nested()
    model.blocks[0].weight.requires_grad = False
    model.cached = model.scale * 2  # a result, kept by a forward() to be looked at
    assert list(model.named_parameters()) == [p for p in PATHS if p != "blocks.0.weight"]


def test_a_shared_parameter_counts_once_by_its_first_path():
    model = Tied()
    assert list(model.named_parameters()) == ["encoder.weight", "decoder.bias"]
    assert len(model.parameters()) == 2


def test_a_shared_module_counts_once():
    shared = layer(2, 2)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    assert list(model.named_parameters()) == ["0.weight", "0.bias"]
    assert model.modules().count(shared) == 1


def test_a_part_may_refer_back_to_the_whole():
    model = Nested()
    model.blocks[0].parent = model
    assert list(model.named_parameters()) == PATHS
    assert "..." in repr(model)
    assert isinstance(tree.map(np.negative, model), Nested)


def test_two_parameters_with_one_path_are_an_error():
    model = nn.Module()
    model.weights = {"a.b": parameter(), "a": {"b": parameter()}}
    with pytest.raises(ValueError, match=r"one path: weights\.a\.b"):
        model.named_parameters()


def test_zero_grad_forgets_every_gradient():
    model = Nested()
    for p in model.parameters():
        p.grad = np.ones(p.shape)
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_module_needs_no_call_of_the_base_constructor_and_says_when_forward_is_missing():
    class Bare(nn.Module):
        pass

    assert Bare().parameters() == []
    assert Bare().training
    with pytest.raises(NotImplementedError, match=r"Bare has no forward\(\)"):
        Bare()(1.0)


def test_sequential_names_its_parameters_for_pictures():
    model = nn.Sequential(layer(2, 3), nn.Sigmoid(), nn.Sequential(layer(3, 1)))
    assert [p.name for p in model.parameters()] == [
        "0.weight",
        "0.bias",
        "2.0.weight",
        "2.0.bias",
    ]
    _, leaves = history([model(np.ones((1, 2)))])
    assert {leaf.name for leaf in leaves} == set(model.named_parameters())


def test_a_name_that_the_user_gave_stays():
    first = layer(2, 3)
    first.weight.name = "W"
    nn.Sequential(first)
    assert [p.name for p in first.parameters()] == ["W", "0.bias"]


# ---------------------------------------------------------------- modes


def test_train_and_eval_reach_every_module():
    model = Nested()
    assert all(m.training for m in model.modules())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert model.train() is model
    assert all(m.training for m in model.modules())


# ---------------------------------------------------------------- state


def test_state_dict_holds_copies_of_all_tensors_frozen_ones_too():
    model = Nested()
    model.blocks[2].bias.requires_grad = False
    state = model.state_dict()
    assert sorted(state) == sorted([*PATHS, "frozen"])
    state["scale"][...] = 7.0
    assert model.scale.data == 1.0


def test_load_state_dict_restores_bit_for_bit_and_shares_nothing():
    model, other = Nested(), Nested()
    for p in model.parameters():
        p.data = np.random.default_rng(5).normal(size=p.shape)
    state = model.state_dict()
    other.load_state_dict(state)
    assert all(np.array_equal(value, state[path]) for path, value in other.state_dict().items())
    state["scale"][...] = 9.0
    assert other.scale.data == model.scale.data


def test_load_state_dict_reports_every_wrong_name_at_once_and_changes_nothing():
    model = nn.Sequential(layer(2, 3), nn.Sequential(layer(3, 1)))
    before = model.state_dict()
    state = {path: np.zeros_like(value) for path, value in before.items()}
    del state["0.bias"]
    state |= {
        "0.weight": np.zeros((3, 2)),
        "1.0.weight": np.zeros((3, 1), dtype=complex),
        "surplus": np.zeros(1),
    }
    with pytest.raises(ValueError, match="nothing was loaded") as caught:
        model.load_state_dict(state)
    message = str(caught.value)
    assert "missing: 0.bias of shape (3,)" in message
    assert "unexpected: surplus" in message
    assert "0.weight is float64 of shape (2, 3) here, float64 of shape (3, 2) given" in message
    assert "1.0.weight is float64 of shape (3, 1) here, complex128 of shape (3, 1) given" in message
    after = model.state_dict()
    assert all(np.array_equal(after[path], before[path]) for path in before)


def test_load_state_dict_keeps_the_dtype_of_the_model_and_takes_tensors():
    model = layer(2, 1, dtype=np.float32)
    model.load_state_dict({"weight": parameter(2, 1, value=0.1), "bias": [3]})
    assert model.weight.dtype == np.float32
    assert model.weight.data[0, 0] == np.float32(0.1)
    assert model.bias.data == 3


def test_loading_between_forward_and_backward_is_noticed():
    model = layer(2, 1)
    out = np.sum(model(np.ones((1, 2))) ** 2)
    model.load_state_dict(model.state_dict())
    with pytest.raises(errors.MutationError, match=r"'bias' .* was changed"):
        out.backward()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])  # noqa: S301  # our own bytes
def test_copies_and_pickles_compute_the_same_and_are_independent(copied):
    model = nn.Sequential(layer(2, 3), nn.Tanh(), layer(3, 1))
    other = copied(model)
    x = np.ones((2, 2))
    assert np.array_equal(other(x).data, model(x).data)
    assert list(other.named_parameters()) == list(model.named_parameters())
    assert not set(other.parameters()) & set(model.parameters())


# ---------------------------------------------------------------- as a tree


def squared(model, x):
    return np.sum(model(x) ** 2)


def test_grad_of_a_model_is_a_model_with_gradients_in_place_of_parameters():
    model = Nested()
    before = model.state_dict()
    x = np.array([[0.5, -1.0], [2.0, 0.25]])
    squared(model, x).backward()
    value, gradients = mg.value_and_grad(squared)(model, x)
    assert value.item() == squared(model, x).item()
    assert type(gradients) is Nested
    assert gradients is not model
    assert gradients.title == "nested"
    assert gradients.blocks[1] is np.tanh
    assert gradients.frozen is model.frozen
    named = gradients.named_parameters()
    assert list(named) == PATHS
    for path, p in model.named_parameters().items():
        expected = np.zeros(p.shape) if p.grad is None else p.grad
        assert np.array_equal(named[path].data, expected), path
    after = model.state_dict()
    assert all(np.array_equal(after[path], before[path]) for path in before)
    assert model._taken is None


def test_a_part_of_the_gradients_is_a_tree_too():
    model = nn.Sequential(layer(2, 3), nn.Tanh(), layer(3, 1))
    with mg.no_grad():
        gradients = mg.grad(squared)(model, np.ones((1, 2)))
    assert list(tree.paths(gradients[2])) == [
        ("weight", gradients[2].weight),
        ("bias", gradients[2].bias),
    ]


def test_the_gradient_of_a_tied_parameter_is_the_total_over_its_places():
    model = Tied()
    x = np.array([[0.3, -0.2, 0.9]])
    squared(model, x).backward()
    gradients = mg.grad(squared)(model, x)
    assert gradients.decoder.weight is gradients.encoder.weight
    assert np.allclose(gradients.encoder.weight.data, model.encoder.weight.grad, rtol=1e-15)


def test_a_mapped_model_keeps_its_structure_whatever_its_leaves_become():
    model = Tied()
    zeros = tree.map(lambda _: 0.0, model)  # one object in all places
    assert list(tree.paths(zeros)) == [("encoder.weight", 0.0), ("decoder.bias", 0.0)]
    sums = tree.map(lambda p, z: p.data + z, model, zeros)
    assert sums.decoder.weight is sums.encoder.weight
    assert np.array_equal(sums.decoder.weight, model.decoder.weight.data)


def test_a_frozen_parameter_is_a_constant_of_the_transform():
    model = layer(2, 1)
    model.bias.requires_grad = False
    with mg.no_grad():
        gradients = mg.grad(squared)(model, np.ones((1, 2)))
    assert gradients.bias is model.bias
    assert list(gradients.named_parameters()) == ["weight"]


def test_second_derivatives_of_a_model():
    model = layer(2, 1)
    x = np.array([[2.0, 3.0]])

    def slope(m):
        return np.sum(mg.grad(squared)(m, x).weight)

    twice = mg.grad(slope)(model)
    assert np.allclose(twice.weight.data, 2 * x.sum() * x.T)
    assert np.allclose(twice.bias.data, 2 * x.sum())


def test_inside_a_transform_the_model_has_parameters():
    def weight_decay(model):
        return sum(np.sum(p**2) for p in model.parameters())

    model = layer(2, 1)
    assert np.array_equal(mg.grad(weight_decay)(model).weight.data, 2 * model.weight.data)


def test_models_and_their_gradients_are_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        model = nn.Sequential(layer(2, 3), nn.Sigmoid())
        mg.grad(squared)(model, np.ones((1, 2)))
        del model
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---------------------------------------------------------------- repr


def test_repr_shows_layers_shapes_and_settings():
    model = nn.Sequential(layer(2, 3, dtype=np.float32), np.tanh, nn.Softmax(axis=0))
    assert repr(model) == (
        "Sequential(\n"
        "    0: Linear(weight=(2, 3) float32, bias=(3,) float32)\n"
        "    1: tanh\n"
        "    2: Softmax(axis=0)\n"
        ")"
    )
    assert repr(layer(2, 1, bias=False).eval()) == "Linear(weight=(2, 1), bias=None)"


def test_repr_indents_what_is_nested_and_lists_containers():
    lines = repr(Nested()).splitlines()
    assert lines[:3] == [
        "Nested(",
        "    scale=()",
        "    blocks.0: Linear(weight=(2, 2), bias=(2,))",
    ]
    assert "    heads.left.1=(2,)" in lines
    assert "    title='nested'" in lines
    inner = repr(nn.Sequential(nn.Sequential(nn.Tanh())))
    assert inner == "Sequential(\n    0: Sequential(\n        0: Tanh()\n    )\n)"


# ---------------------------------------------------------------- layers


def test_linear_is_the_matrix_product_plus_bias():
    first = layer(3, 2)
    first.bias.data = np.array([10.0, 20.0])
    for x in (np.ones(3), np.ones((4, 3)), np.ones((5, 4, 3))):
        assert np.array_equal(first(x).data, x @ first.weight.data + first.bias.data)
    assert np.array_equal(first([1.0, 0.0, 0.0]).data, first.weight.data[0] + first.bias.data)


def test_linear_without_bias():
    assert layer(3, 2, bias=False).bias is None
    assert list(layer(3, 2, bias=False).named_parameters()) == ["weight"]


def test_linear_starts_at_glorot_uniform_weights_and_zero_bias():
    first = nn.Linear(300, 500, rng=np.random.default_rng(0))
    limit = np.sqrt(6 / 800)
    weights = first.weight.data
    assert np.abs(weights).max() <= limit
    assert np.abs(weights).max() > 0.999 * limit
    assert abs(weights.var() - 2 / 800) < 0.01 * 2 / 800
    assert not first.bias.data.any()


def test_a_generator_makes_linear_reproducible_and_none_does_not():
    assert np.array_equal(layer(2, 3, seed=7).weight.data, layer(2, 3, seed=7).weight.data)
    assert not np.array_equal(nn.Linear(2, 3).weight.data, nn.Linear(2, 3).weight.data)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_linear_keeps_its_dtype(dtype):
    model = nn.Sequential(layer(2, 3, dtype=dtype), nn.Sigmoid(), layer(3, 1, dtype=dtype))
    out = np.sum(model(np.ones((4, 2), dtype)))
    out.backward()
    assert out.dtype == dtype
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(dtype)}


@pytest.mark.parametrize("sizes", [(0, 3), (2, -1), (2.0, 3), (True, 3), ("2", 3)])
def test_linear_refuses_sizes_that_are_not_positive_integers(sizes):
    with pytest.raises(ValueError, match=r"a positive integer, not: (in|out)_features="):
        nn.Linear(*sizes)


def test_linear_names_all_wrong_sizes_at_once():
    with pytest.raises(ValueError, match="in_features=0, out_features=-1"):
        nn.Linear(0, -1)


def test_linear_refuses_a_seed_in_place_of_a_generator():
    with pytest.raises(TypeError, match=r"np\.random\.default_rng\(0\)"):
        nn.Linear(2, 3, rng=0)


def test_linear_refuses_integer_parameters():
    with pytest.raises(TypeError, match="floating-point"):
        nn.Linear(2, 3, dtype=int)


@pytest.mark.parametrize("x", [np.ones((4, 2)), Tensor(np.ones((4, 2))), [1.0, 2.0], 1.0])
def test_linear_explains_a_wrong_number_of_features(x):
    with pytest.raises(errors.ShapeError, match="takes 3 features on the last axis"):
        layer(3, 2)(x)


ACTIVATIONS = {
    nn.Sigmoid: mg.sigmoid,
    nn.Tanh: np.tanh,
    nn.ReLU: mg.relu,
    nn.Softplus: mg.softplus,
    nn.LogSigmoid: mg.logsigmoid,
    nn.Softmax: mg.softmax,
    nn.LogSoftmax: mg.log_softmax,
}


@pytest.mark.parametrize(("made", "function"), ACTIVATIONS.items())
def test_activations_are_their_functions_on_arrays_and_tensors(made, function):
    x = np.array([[-800.0, -1.0, 0.0], [0.5, 2.0, 800.0]])
    assert np.array_equal(made()(x), function(x))
    t = Tensor(x, requires_grad=True)
    out = made()(t)
    assert out.requires_grad
    assert np.array_equal(out.data, function(x))
    assert made().parameters() == []


@pytest.mark.parametrize("base", [nn.ReLU, nn.Softmax, nn.Conv2d, nn.MaxPool1d, nn.Linear])
def test_a_class_of_a_layer_and_of_one_that_notes_its_classes(base):
    noted = {}

    class Noting:
        def __init_subclass__(cls, label=None):
            noted[label] = cls

    class Both(base, Noting, label="here"):
        pass

    assert noted == {"here": Both}


@pytest.mark.parametrize("made", [nn.Softmax, nn.LogSoftmax])
def test_softmax_layers_take_an_axis(made):
    x = np.arange(6.0).reshape(2, 3)
    assert np.allclose(made(axis=0)(x), made()(x.T).T)


def test_sequential_is_a_sequence():
    layers = [layer(2, 3), nn.Sigmoid(), layer(3, 1)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[0] is layers[0]
    assert model[-1] is layers[2]
    assert isinstance(model[:2], nn.Sequential)
    assert list(model[1:]) == layers[1:]
    with pytest.raises(IndexError):
        model[3]
    x = np.ones((4, 2))
    assert np.array_equal(model[2](model[:2](x)).data, model(x).data)


def test_an_empty_sequential_is_the_identity():
    x = np.ones(2)
    assert nn.Sequential()(x) is x


def test_sequential_names_everything_that_is_not_a_layer():
    with pytest.raises(TypeError) as caught:
        nn.Sequential(layer(2, 3), nn.Sigmoid, [nn.Tanh()], 3)
    assert all(f"layer {i}: " in str(caught.value) for i in (1, 2, 3))
    assert "layer 0" not in str(caught.value)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(0, 2**32 - 1))
def test_a_network_of_any_widths_agrees_with_numpy_written_out(widths, seed):
    rng = np.random.default_rng(seed)
    layers = [nn.Linear(a, b, rng=rng) for a, b in pairwise(widths)]
    model = nn.Sequential(*(part for one in layers for part in (one, nn.Tanh())))
    x = rng.normal(size=(3, widths[0]))
    expected = x
    for one in layers:
        expected = np.tanh(expected @ one.weight.data + one.bias.data)
    assert np.array_equal(model(x).data, expected)
    assert sum(p.size for p in model.parameters()) == sum(a * b + b for a, b in pairwise(widths))


def test_linear_takes_either_kind_of_generator():
    older = nn.Linear(3, 2, rng=np.random.RandomState(0))
    limit = (6 / 5) ** 0.5
    expected = np.random.RandomState(0).uniform(-limit, limit, older.weight.shape)
    np.testing.assert_array_equal(older.weight.data, expected)
