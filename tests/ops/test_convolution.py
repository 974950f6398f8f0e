"""Convolution, pooling and windows: what the table of ops does not say about them.

Values are compared with loops over windows written here, with PyTorch where it is installed, and
derivatives with differences.
"""
# ruff: noqa: E501 - a row of a table stays on one line

from itertools import product
from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from strict_array import StrictArray

import micrograd_np as mg
from micrograd_np import Tensor, nn
from micrograd_np.nn import functional
from micrograd_np.ops.derivatives import convolution as convolution_ops
from micrograd_np.ops.derivatives import pooling as pooling_ops

Array = np.ndarray[Any, Any]


def named(name: str, ndim: int) -> Any:
    return getattr(functional, f"{name}{ndim}d")


def drawn(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


# ---------------------------------------------------------------- loops over windows


def windows_of(x: Array, kernel: Any, stride: int, padding: int, dilation: int, fill: float) -> Any:
    """The place of each window, and what it sees of the padded last axes."""
    ndim = len(kernel)
    pads = [(0, 0)] * (x.ndim - ndim) + [(padding, padding)] * ndim
    padded = np.pad(x, pads, constant_values=fill)
    reach = [dilation * (k - 1) + 1 for k in kernel]
    size = [(n - r) // stride + 1 for n, r in zip(padded.shape[-ndim:], reach, strict=True)]
    for place in np.ndindex(*size):
        corner = [i * stride for i in place]
        seen = [slice(i, i + r, dilation) for i, r in zip(corner, reach, strict=True)]
        yield place, padded[(..., *seen)], tuple(size)


def convolved(x: Array, w: Array, b: Array, groups: int = 1, **sliding: int) -> Array:
    inputs, outputs = w.shape[1], len(w) // groups
    rows = []
    everything = list(windows_of(x, w.shape[2:], fill=0, **sliding))
    for _, seen, _ in everything:
        parts = [seen[:, o // outputs * inputs :][:, :inputs] * w[o] for o in range(len(w))]
        rows.append(np.array([part.reshape(len(x), -1).sum(axis=1) for part in parts]).T + b)
    return np.stack(rows, axis=-1).reshape(len(x), len(w), *everything[0][2])


def pooled(reduce: Any, x: Array, kernel: Any, fill: float, **sliding: int) -> Array:
    seen = [
        (reduce(part, axis=tuple(range(-len(kernel), 0))), size)
        for _, part, size in windows_of(x, kernel, fill=fill, **sliding)
    ]
    return np.stack([value for value, _ in seen], -1).reshape(*x.shape[: -len(kernel)], *seen[0][1])


SLIDING = [
    {"stride": s, "padding": p, "dilation": d} for s, p, d in product((1, 2, 3), (0, 1), (1, 2))
]


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("sliding", SLIDING, ids=str)
@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_is_a_weighted_sum_of_what_windows_see(ndim, sliding, groups) -> None:
    kernel = (3, 2, 1)[:ndim]
    x, w = drawn(2, 4, *(5, 6, 4)[:ndim]), drawn(4, 4 // groups, *kernel)
    bias = drawn(4)
    found = named("conv", ndim)(x, w, bias, groups=groups, **sliding)
    np.testing.assert_allclose(found, convolved(x, w, bias, groups, **sliding), rtol=1e-12)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("sliding", SLIDING, ids=str)
def test_pooling_is_a_reduction_of_what_windows_see(ndim, sliding) -> None:
    kernel, x = (3, 2, 3)[:ndim], drawn(2, 3, *(6, 7, 6)[:ndim])
    found = named("max_pool", ndim)(x, kernel, **sliding)
    np.testing.assert_array_equal(found, pooled(np.max, x, kernel, -np.inf, **sliding))
    if sliding["dilation"] > 1:
        return
    options = {name: sliding[name] for name in ("stride", "padding")}
    found = named("avg_pool", ndim)(x, kernel, **options)
    np.testing.assert_allclose(found, pooled(np.mean, x, kernel, 0, **sliding), rtol=1e-12)
    found = named("avg_pool", ndim)(x, kernel, count_include_pad=False, **options)
    np.testing.assert_allclose(found, pooled(np.nanmean, x, kernel, np.nan, **sliding), rtol=1e-12)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_padding_in_words(kernel, dilation) -> None:
    x, w = drawn(2, 3, 9), drawn(4, 3, kernel)
    same = functional.conv1d(x, w, padding="same", dilation=dilation)
    total = dilation * (kernel - 1)
    padded = np.pad(x, [(0, 0), (0, 0), (total // 2, total - total // 2)])
    np.testing.assert_allclose(same, functional.conv1d(padded, w, dilation=dilation), rtol=1e-12)
    assert same.shape == (2, 4, 9)
    valid = functional.conv1d(x, w, padding="valid", dilation=dilation)
    np.testing.assert_array_equal(valid, functional.conv1d(x, w, dilation=dilation))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_the_transposed_convolution_is_what_convolution_pulls_back(ndim) -> None:
    """`<conv(x), y> = <x, conv_transpose(y)>`, with an output padding for what the stride skips."""
    lengths, stride, padding, dilation = (6, 7, 8)[:ndim], 3, 1, 2
    x, w = drawn(2, 4, *lengths), drawn(6, 2, *(2, 3, 2)[:ndim])
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 2}
    out = named("conv", ndim)(x, w, **options)
    y = drawn(*out.shape, seed=1)
    reach = [dilation * (k - 1) + 1 for k in w.shape[2:]]
    skipped = tuple((n + 2 * padding - r) % stride for n, r in zip(lengths, reach, strict=True))
    back = named("conv_transpose", ndim)(y, w, output_padding=skipped, **options)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(out * y), np.sum(x * back), rtol=1e-12)


def test_axes_of_examples_are_as_many_as_one_likes() -> None:
    x, w = drawn(2, 3, 4, 5, 5), drawn(6, 4, 2, 2)
    whole = functional.conv2d(x, w)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(functional.conv2d(x[i, j], w), whole[i, j], rtol=1e-12)
    np.testing.assert_array_equal(
        functional.max_pool2d(x[1, 2, 3], 2), functional.max_pool2d(x, 2)[1, 2, 3]
    )
    assert functional.conv2d(np.zeros((0, 4, 5, 5)), w).shape == (0, 6, 4, 4)
    assert functional.conv_transpose2d(np.zeros((0, 6, 5, 5)), w).shape == (0, 4, 6, 6)
    assert functional.max_pool2d(np.zeros((0, 4, 5, 5)), 2).shape == (0, 4, 2, 2)


def test_lists_and_integers_are_arrays() -> None:
    assert functional.conv1d([[1, 2, 3]], [[[1, 1]]]).tolist() == [[3, 5]]
    pixels = np.full((1, 4), 200, np.uint8)
    assert functional.avg_pool1d(pixels, 2).tolist() == [[200.0, 200.0]]  # their sum overflows
    assert functional.max_pool1d(-pixels.astype(int), 4).tolist() == [[-200]]


def test_adaptive_pooling_keeps_an_axis_for_none() -> None:
    x = drawn(2, 7, 5)
    found = functional.adaptive_avg_pool2d(x, (None, 1))
    np.testing.assert_allclose(found, x.mean(axis=-1, keepdims=True), rtol=1e-12)
    np.testing.assert_array_equal(functional.adaptive_avg_pool2d(x, (7, 5)), x)


@pytest.mark.parametrize("limit", [1, 700, 1500])
def test_examples_worked_in_chunks_give_the_same(monkeypatch, limit) -> None:
    x, w = drawn(5, 2, 6, 6), drawn(4, 2, 3, 3)

    def loss(x: Any, w: Any) -> Any:
        return np.sum(functional.max_pool2d(functional.conv2d(x, w, padding=1), 3, 2) ** 2)

    expected = mg.grad(loss, argnums=(0, 1))(x, w)
    monkeypatch.setattr(convolution_ops, "COLUMN_BYTES", limit)
    monkeypatch.setattr(pooling_ops, "CHUNK_BYTES", limit)
    for found, right in zip(mg.grad(loss, argnums=(0, 1))(x, w), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12)


def test_few_windows_and_many_outputs_make_one_product() -> None:
    """The gradient of the weight has two ways, by which is cheaper."""
    x, w = drawn(3, 2, 4), drawn(8, 2, 3)
    y = drawn(3, 8, 2)
    pull = mg.vjp(lambda w: functional.conv1d(x, w), w)[1]
    seen = sliding_window_view(x, 3, axis=-1)
    expected = np.einsum("ncpk,nop->ock", seen, y)
    np.testing.assert_allclose(pull(y)[0], expected, rtol=1e-12)


# ---------------------------------------------------------------- derivatives


def network(x: Any, first: Any, bias: Any, second: Any) -> Any:
    hidden = np.tanh(functional.conv2d(x, first, bias, stride=2, padding=1, groups=2))
    pooled = functional.avg_pool2d(functional.max_pool2d(hidden, 3, 2, 1), 2, 1, ceil_mode=True)
    return np.sum(functional.conv_transpose2d(pooled, second, stride=2, output_padding=1) ** 2)


ARGUMENTS = [drawn(2, 2, 9, 8), drawn(4, 1, 3, 2), drawn(4), drawn(4, 2, 2, 2)]


def test_a_network_of_all_of_them_to_the_second_order() -> None:
    directions = [drawn(*x.shape, seed=1) for x in ARGUMENTS]
    everything = tuple(range(4))
    gradient = mg.grad(network, argnums=everything)

    def arrays(*points: Array) -> list[Array]:
        return list(gradient(*points))

    slope = directional(network, ARGUMENTS, directions)
    along = sum(np.sum(g * t) for g, t in zip(arrays(*ARGUMENTS), directions, strict=True))
    assert_close(along, slope[0])
    assert_close(mg.jvp(network, ARGUMENTS, directions)[1], slope[0])
    curvature = np.concatenate([np.ravel(t) for t in mg.jvp(gradient, ARGUMENTS, directions)[1]])
    assert_close(curvature, directional(arrays, ARGUMENTS, directions), 1e-6)
    product_rule = mg.vjp(gradient, *ARGUMENTS)[1](directions)
    assert_close(np.concatenate([np.ravel(t) for t in product_rule]), curvature)


def test_float32_stays_float32() -> None:
    leaves = [Tensor(x, requires_grad=True, dtype=np.float32) for x in ARGUMENTS]
    out = network(*leaves)
    out.backward()
    assert out.dtype == np.float32
    exact = mg.grad(network, argnums=(0, 1, 2, 3))(*ARGUMENTS)
    for leaf, right in zip(leaves, exact, strict=True):
        assert leaf.grad.dtype == np.float32
        assert_close(leaf.grad, right, 1e-4)


def test_windows_of_a_tensor() -> None:
    """A moving average: every entry gets as much as windows hold it."""
    t = Tensor(np.arange(5.0), requires_grad=True)
    np.sum(np.mean(sliding_window_view(t, 3), axis=-1)).backward()
    np.testing.assert_allclose(t.grad, np.array([1, 2, 3, 2, 1]) / 3)


def test_as_strided_is_refused() -> None:
    with pytest.raises(TypeError, match="silently cut its gradient"):
        as_strided(Tensor([1.0, 2.0], requires_grad=True), (2, 2), (0, 8))


# ---------------------------------------------------------------- ties, NaN, nothing


def pool_gradient(x: Any, *args: Any, **options: Any) -> list[float]:
    t = Tensor(x, requires_grad=True)
    np.sum(functional.max_pool1d(t, *args, **options)).backward()
    return t.grad.tolist()


def test_entries_that_tie_for_the_maximum_share_evenly() -> None:
    assert pool_gradient([3.0, 3.0, 1.0, 1.0, 1.0, 2.0], 3) == [0.5, 0.5, 0, 0, 0, 1]
    assert pool_gradient([1.0, 1.0, 1.0], 2, 1) == [0.5, 1, 0.5]


def test_more_entries_tie_than_a_byte_can_count() -> None:
    found = mg.grad(lambda x: np.sum(functional.max_pool2d(x, 20)))(np.ones((20, 20)))
    np.testing.assert_array_equal(found, 1 / 400)


def test_a_nan_is_the_maximum() -> None:
    x = [np.nan, 5.0, 1.0, 2.0]
    assert np.isnan(functional.max_pool1d(np.array(x), 2)[0])
    assert pool_gradient(x, 2) == [1, 0, 0, 1]


def test_padding_never_ties() -> None:
    assert pool_gradient([-np.inf, 1.0, -np.inf], 2, 2, padding=1) == [1, 1, 0]


def test_a_window_that_sees_nothing_passes_nothing() -> None:
    """A dilated kernel may step over a short input: PyTorch's value, and no gradient."""
    t = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    out = functional.max_pool1d(t, 2, padding=1, dilation=4)
    assert out.data.tolist() == [-np.inf]
    np.sum(out).backward()
    assert t.grad.tolist() == [0, 0, 0]
    assert mg.jvp(lambda t: functional.max_pool1d(t, 2, padding=1, dilation=4), [t.data], [t.data])[
        1
    ].tolist() == [0]


# ---------------------------------------------------------------- errors

ONES = np.ones
WRONG: dict[str, Any] = {
    "has 3 channels on axis -3, the weight with groups=1 takes 4": lambda: functional.conv2d(ONES((2, 3, 5, 5)), ONES((6, 4, 2, 2))),
    "groups=4 does not divide the 6": lambda: functional.conv1d(ONES((8, 5)), ONES((6, 2, 2)), groups=4),
    r"the bias needs shape \(6,\), it has \(5,\)": lambda: functional.conv1d(ONES((2, 5)), ONES((6, 2, 2)), ONES(5)),
    "reaches over 5 entries on axis -1, where the padded input has 4": lambda: functional.conv1d(ONES((1, 2)), ONES((1, 1, 3)), padding=1, dilation=2),
    "a weight has 4 axes, this one has 3": lambda: functional.conv2d(ONES((2, 5, 5)), ONES((6, 2, 2))),
    "axes .* and 2 more, this one has 2": lambda: functional.conv2d(ONES((5, 5)), ONES((6, 2, 2, 2))),
    "the kernel has no entries": lambda: functional.conv1d(ONES((2, 5)), ONES((6, 2, 0))),
    "stride=0 .* at least 1": lambda: functional.conv1d(ONES((2, 5)), ONES((6, 2, 1)), stride=0),
    "a tuple of 2 of them": lambda: functional.conv2d(ONES((2, 5, 5)), ONES((6, 2, 1, 1)), stride=(1, 1, 1)),
    "'same' and 'valid'": lambda: functional.conv1d(ONES((2, 5)), ONES((6, 2, 1)), padding="Same"),
    "keeps the size, which stride": lambda: functional.conv1d(ONES((2, 5)), ONES((6, 2, 1)), padding="same", stride=2),
    "output_padding .* must be smaller": lambda: functional.conv_transpose1d(ONES((2, 5)), ONES((2, 6, 1)), output_padding=1),
    "would have lengths": lambda: functional.conv_transpose1d(ONES((2, 1)), ONES((2, 6, 2)), padding=1),
    "more than half of the 2 entries": lambda: functional.max_pool1d(ONES(5), 2, padding=2),
    "reaches over 4 entries on axis -1": lambda: functional.avg_pool1d(ONES(3), 4),
    "slide along 2 axes, it has 1": lambda: functional.avg_pool2d(ONES(3), 2),
    "windows slide along 3 axes": lambda: functional.adaptive_avg_pool3d(ONES((3, 3)), 2),
    "groups=2 must divide in_channels=3": lambda: nn.Conv2d(3, 4, 3, groups=2),
    "in_channels=0": lambda: nn.Conv1d(0, 4, 3),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_says_so(message) -> None:
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


def test_all_that_does_not_fit_is_named_at_once() -> None:
    with pytest.raises(mg.errors.ShapeError) as error:
        functional.conv2d(ONES((1, 3, 4, 4)), ONES((6, 4, 5, 5)), ONES(2), groups=4)
    assert str(error.value).count("\n  - ") == 5


def test_options_that_are_no_integers() -> None:
    with pytest.raises(TypeError, match=r"stride=1\.5 is not an integer"):
        functional.conv1d(ONES((2, 5)), ONES((6, 2, 1)), stride=1.5)
    with pytest.raises(TypeError, match="numbers with an order, not dtype complex128"):
        functional.max_pool1d(np.ones(4, complex), 2)


# ---------------------------------------------------------------- layers

LAYERS = {
    "Conv1d": ((4, 6, 3, 2, 1, 1, 2), (2, 4, 9)),
    "Conv2d": ((4, 6, (3, 2), 1, (1, 0)), (2, 4, 6, 5)),
    "Conv3d": ((2, 4, 2, 1, 0, 2, 2, False), (1, 2, 4, 5, 6)),
    "ConvTranspose1d": ((4, 6, 3, 2, 1, 1, 2), (2, 4, 5)),
    "ConvTranspose2d": ((4, 6, (3, 2), 2), (2, 4, 3, 4)),
    "ConvTranspose3d": ((2, 4, 2, 2, 0, 0, 2, False), (1, 2, 2, 3, 2)),
    "MaxPool1d": ((3, 2, 1), (2, 3, 8)),
    "MaxPool2d": ((2,), (2, 3, 8, 6)),
    "MaxPool3d": ((2, 1), (2, 4, 3, 3)),
    "AvgPool1d": ((3, 2, 1, True, False), (2, 3, 8)),
    "AvgPool2d": ((2,), (2, 3, 8, 6)),
    "AvgPool3d": ((2, 1), (2, 4, 3, 3)),
    "AdaptiveAvgPool1d": ((3,), (2, 2, 8)),
    "AdaptiveAvgPool2d": (((3, None),), (2, 2, 8, 5)),
    "AdaptiveAvgPool3d": ((2,), (2, 2, 3, 4, 5)),
    "Flatten": ((1, -2), (2, 3, 4, 5)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_pytorchs(name) -> None:
    """The same arguments, names and shapes of parameters, and from the same ones the same output."""
    torch = pytest.importorskip("torch")
    arguments, shape = LAYERS[name]
    ours, theirs = getattr(nn, name)(*arguments), getattr(torch.nn, name)(*arguments).double()
    state = {path: value.numpy() for path, value in theirs.state_dict().items()}
    ours.load_state_dict(state)
    x = drawn(*shape)
    found, right = ours(x), theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(
        np.asarray(getattr(found, "data", found)), right, rtol=1e-10, atol=1e-12
    )


def test_weights_start_within_their_bound() -> None:
    layer = nn.Conv2d(4, 6, 3, groups=2, rng=np.random.default_rng(0), dtype=np.float32)
    bound = (6 / (2 * 9 + 3 * 9)) ** 0.5
    largest = np.abs(layer.weight.data).max()
    assert 0.9 * bound < largest <= bound
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    assert layer.weight.shape == (6, 2, 3, 3)
    assert nn.ConvTranspose2d(4, 6, 3, groups=2).weight.shape == (4, 3, 3, 3)
    assert list(nn.Conv1d(1, 1, 1, bias=False).named_parameters()) == ["weight"]


def bars(rng: Any, count: int) -> tuple[Array, Array]:
    """Noisy images of a bar, and whether it stands."""
    standing = rng.integers(0, 2, count)
    images = 0.5 * rng.normal(size=(count, 1, 10, 10))
    for image, upright, place in zip(images, standing, rng.integers(0, 10, count), strict=True):
        image[(0, slice(None), place) if upright else (0, place)] += 2.0
    return images.astype(np.float32), standing


def test_a_network_learns_to_tell_standing_bars_from_lying_ones() -> None:
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=rng, dtype=np.float32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3, rng=rng, dtype=np.float32),
        nn.ReLU(),
        nn.AvgPool2d(3),
        nn.Flatten(),
        nn.Linear(8, 2, rng=rng, dtype=np.float32),
    )
    optimizer = mg.optim.Optimizer(model, mg.optim.adam(0.02))
    for _ in range(60):
        images, standing = bars(rng, 32)
        loss = nn.cross_entropy(model(images), standing)
        model.zero_grad()
        loss.backward()
        optimizer.step()
    images, standing = bars(rng, 200)
    assert model(images).dtype == np.float32
    assert np.mean(np.argmax(model(images).data, axis=1) == standing) > 0.97


# ---------------------------------------------------------------- other arrays, batches


def test_a_batched_convolution_is_one_for_each() -> None:
    x, w = drawn(3, 2, 6), drawn(3, 4, 2, 3)
    f = functional.conv1d
    for axes in ((0, 0), (0, None), (None, 0)):
        at = [lambda i, a=a: slice(None) if a is None else i for a in axes]
        given = [v if a == 0 else v[0] for v, a in zip((x, w), axes, strict=True)]
        out = mg.vmap(f, in_axes=axes)(*given)
        gradient = mg.vmap(
            mg.grad(lambda x, w: np.sum(f(x, w) ** 2), argnums=(0, 1)), in_axes=axes
        )(*given)
        for i in range(3):
            one = [v[pick(i)] for v, pick in zip(given, at, strict=True)]
            np.testing.assert_allclose(out[i], f(*one), rtol=1e-12)
            expected = mg.grad(lambda x, w: np.sum(f(x, w) ** 2), argnums=(0, 1))(*one)
            for g, right in zip(gradient, expected, strict=True):
                np.testing.assert_allclose(g[i], right, rtol=1e-12, atol=1e-12)


def test_an_array_of_another_library_stays_one() -> None:
    """Nothing is written into it, and nothing but NumPy's protocols reaches it."""

    def loss(x: Any, *weights: Any) -> Any:
        means = np.mean(sliding_window_view(x, (2, 3), axis=(2, 3)), axis=(-1, -2))
        return network(x, *weights) + np.sum(means**2)

    leaves = [Tensor(StrictArray(x), requires_grad=True) for x in ARGUMENTS]
    loss(*leaves).backward()
    for leaf, right in zip(leaves, mg.grad(loss, argnums=(0, 1, 2, 3))(*ARGUMENTS), strict=True):
        assert isinstance(leaf.grad, StrictArray)
        np.testing.assert_allclose(leaf.grad.hidden, right, rtol=1e-12, atol=1e-14)


def test_a_lazy_array_stays_lazy() -> None:
    dask = pytest.importorskip("dask.array")
    x, w = drawn(4, 2, 6, 6), drawn(3, 2, 3, 3)

    def loss(x: Any, w: Any) -> Any:
        pooled = functional.max_pool2d(functional.conv2d(x, w, padding=1), 3, 2, 1)
        return np.sum(functional.avg_pool2d(pooled, 2) ** 2)

    weight = Tensor(w, requires_grad=True)
    out = loss(Tensor(dask.from_array(x, chunks=(2, 2, 6, 6))), weight)
    out.backward()
    assert isinstance(out.data, dask.Array)
    assert isinstance(weight.grad, dask.Array)
    np.testing.assert_allclose(weight.grad.compute(), mg.grad(loss, argnums=1)(x, w))


# ---------------------------------------------------------------- PyTorch


def assert_same_as_torch(name: str, options: dict[str, Any], *arrays: Array) -> None:
    torch = pytest.importorskip("torch")
    leaves = [torch.tensor(x, requires_grad=True) for x in arrays]
    theirs = getattr(torch.nn.functional, name)(*leaves, **options)
    out, pull = mg.vjp(lambda *xs: getattr(functional, name)(*xs, **options), *arrays)
    np.testing.assert_allclose(out, theirs.detach().numpy(), rtol=1e-10, atol=1e-12)
    g = drawn(*out.shape, seed=1)
    theirs.backward(torch.tensor(g))
    for found, leaf in zip(pull(g), leaves, strict=True):
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.oracle
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("sliding", SLIDING, ids=str)
def test_convolutions_as_in_torch(ndim, sliding) -> None:
    for groups, kernel in ((1, 3), (2, 2)):
        lengths = (7, 6, 8)[:ndim]
        x, bias = drawn(2, 4, *lengths), drawn(6)
        options = sliding | {"groups": groups}
        w = drawn(6, 4 // groups, *[kernel] * ndim)
        assert_same_as_torch(f"conv{ndim}d", options, x, w, bias)
        w = drawn(4, 6 // groups, *[kernel] * ndim)
        for extra in range(max(sliding["stride"], sliding["dilation"])):
            assert_same_as_torch(
                f"conv_transpose{ndim}d", options | {"output_padding": extra}, x, w, bias
            )


@pytest.mark.oracle
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("sliding", SLIDING, ids=str)
def test_pooling_as_in_torch(ndim, sliding) -> None:
    x = drawn(2, 3, *(7, 8, 9)[:ndim])
    for kernel, ceil_mode in product((2, 3), (False, True)):
        options = sliding | {"kernel_size": kernel, "ceil_mode": ceil_mode}
        assert_same_as_torch(f"max_pool{ndim}d", options, x)
        del options["dilation"]
        for counted in (False, True):
            assert_same_as_torch(f"avg_pool{ndim}d", options | {"count_include_pad": counted}, x)


@pytest.mark.oracle
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_adaptive_pooling_as_in_torch(ndim, size) -> None:
    assert_same_as_torch(
        f"adaptive_avg_pool{ndim}d", {"output_size": size}, drawn(2, 3, *(7, 8, 9)[:ndim])
    )
