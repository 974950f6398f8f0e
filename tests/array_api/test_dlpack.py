"""DLPack: memory shared with other libraries."""

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors

SHAPES = [(), (1,), (0, 2), (2, 3)]
SHARED_DTYPES = [mg.float32, mg.float64, mg.int8, mg.int64, mg.uint8, mg.complex64, mg.bool]


@pytest.mark.parametrize("dtype", SHARED_DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_numpy_takes_a_tensor_by_dlpack(shape, dtype):
    t = mg.ones(shape, dtype=dtype)
    array = np.from_dlpack(t)
    assert (array.dtype, array.shape) == (t.dtype, t.shape)
    assert array.ctypes.data == t.data.ctypes.data
    assert t.size == 0 or not array.flags.writeable  # as what np.asarray(t) gives


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tensor_over_the_memory_of_another_library(shape):
    array = np.zeros(shape)
    t = mg.from_dlpack(array)
    assert t.data.ctypes.data == array.ctypes.data
    array[...] = 2.0
    np.testing.assert_array_equal(t.numpy(), np.full(shape, 2.0))
    copied = mg.from_dlpack(array, copy=True)
    array[...] = 3.0
    np.testing.assert_array_equal(copied.numpy(), np.full(shape, 2.0))


def test_a_single_result_leaves_by_dlpack():
    assert np.from_dlpack(mg.sum(np.ones(3))) == 3.0


@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (2, 0)])
@pytest.mark.parametrize("copy", [None, False, True])
def test_every_consumer_is_served(version, copy):
    capsule = Tensor([1.0]).__dlpack__(max_version=version, dl_device=(1, 0), copy=copy)
    assert type(capsule).__name__ == "PyCapsule"


def test_what_is_tracked_does_not_leave():
    with pytest.raises(errors.LeavesGraphError, match="stop_gradient"):
        np.from_dlpack(leaf([1.0]))
    with pytest.raises(errors.LeavesGraphError, match="stop_gradient"):
        mg.from_dlpack(leaf([1.0]) * 2.0)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", SHARED_DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_torch_shares_the_memory(shape, dtype):
    torch = pytest.importorskip("torch")
    t = mg.ones(shape, dtype=dtype)
    theirs = torch.from_dlpack(t)
    assert tuple(theirs.shape) == t.shape
    assert str(theirs.dtype) == f"torch.{t.dtype}"
    if t.size:
        assert theirs.data_ptr() == t.data.ctypes.data
    back = mg.from_dlpack(theirs)
    assert (back.dtype, back.shape) == (t.dtype, t.shape)
    if t.size:
        assert back.data.ctypes.data == theirs.data_ptr()


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [mg.float32, mg.int8, mg.int32, mg.uint8, mg.complex64])
@pytest.mark.parametrize("shape", SHAPES)
def test_jax_shares_the_memory(shape, dtype):
    jax = pytest.importorskip("jax")
    t = mg.from_dlpack(aligned(shape, dtype))
    theirs = jax.dlpack.from_dlpack(t)
    assert (theirs.dtype, theirs.shape) == (t.dtype, t.shape)
    if t.size:
        assert theirs.unsafe_buffer_pointer() == t.data.ctypes.data
    back = mg.from_dlpack(theirs)
    assert (back.dtype, back.shape) == (t.dtype, t.shape)
    if t.size:
        assert back.data.ctypes.data == theirs.unsafe_buffer_pointer()


def aligned(shape, dtype):
    """Ones at an address that is a multiple of 64, as JAX has its own: it copies any other."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    array = room[start : start + size].view(dtype).reshape(shape)
    array[...] = 1
    return array
