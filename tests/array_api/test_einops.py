"""Functions of einops take Tensors."""

import gc

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.array_api import einops as einops_support

PATTERNS = {
    "rearrange": lambda e, w: e.rearrange(w, "(a b) c d -> d (a c) b", a=2),
    "split": lambda e, w: e.rearrange([w[0], w[1]], "n c d -> c (n d)"),
    "sum": lambda e, w: e.reduce(w, "n c d -> c", "sum"),
    "mean": lambda e, w: e.reduce(w, "n c (d two) -> n d", "mean", two=2),
    "max": lambda e, w: e.reduce(w, "n c d -> 1 d", "max"),
    "prod": lambda e, w: e.reduce(w, "n c d -> n c", "prod"),
    "repeat": lambda e, w: e.repeat(w, "n c d -> n (c 2) d r", r=3),
    "pack": lambda e, w: e.pack([w, w[:, :, 0]], "n *")[0],
    "unpack": lambda e, w: e.unpack(w, [(1,), (1,)], "n c *")[1],
}
IMAGE = np.random.default_rng(0).uniform(0.5, 1.5, (4, 3, 2))


@pytest.fixture(scope="module")
def einops():
    """einops, told of Tensors; what it was told must outlive a collection of garbage."""
    module = pytest.importorskip("einops")
    einops_support.register()
    gc.collect()
    return module


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("module", ["einops", "einops.array_api"])
def test_einops_takes_tensors(einops, module, pattern):
    functions, apply = pytest.importorskip(module), PATTERNS[pattern]
    np.testing.assert_allclose(
        apply(functions, Tensor(IMAGE)).numpy(), apply(einops, IMAGE), rtol=1e-15
    )
    mg.assert_gradcheck(lambda w: mg.sum(apply(functions, w) ** 2), IMAGE)


def test_einops_einsum_takes_tensors(einops):
    w = np.ones((2, 3)) + np.eye(2, 3)
    mg.assert_gradcheck(lambda w: mg.sum(einops.einsum(w, w, "i j, k j -> i k") ** 2), w)


def test_einops_runs_under_vmap(einops):
    batched = mg.vmap(lambda w: einops.reduce(w, "c d -> d", "sum"))
    np.testing.assert_array_equal(batched(IMAGE), IMAGE.sum(axis=1))


def test_einops_does_not_cut_the_gradient(einops):
    np.testing.assert_array_equal(einops.asnumpy(Tensor([1.0])), [1.0])
    with pytest.raises(errors.LeavesGraphError):
        einops.asnumpy(leaf([1.0]))
