"""Functions of the Python Array API, called as the standard writes them, and their gradients."""

import numpy as np
import pytest
from array_api_names import ELEMENTWISE, EXTENSIONS, FUNCTIONS, SHARED
from folding import each
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor

# ---------------------------------------------------------------- calls in the standard's forms

# One call a row, in the forms that the standard allows. NumPy makes the same of it, or what stands
# after the bar. A, V: floats; N: integers; B: booleans.
CALLS = """
    xp.arange(3)
    xp.arange(0, 6, 2, dtype=xp.float32, device="cpu")
    xp.arange(5, stop=8, step=2)
    xp.asarray(V, dtype=xp.float32, device="cpu", copy=True)
    xp.asarray([[1, 2], [3, 4]])
    xp.asarray(2.0)
    xp.empty((0, 3), dtype=xp.int8, device="cpu")
    xp.empty(shape=0)
    xp.empty_like(V[:0], dtype=xp.int8, device="cpu")
    xp.eye(2, 3, k=1, dtype=xp.float32, device="cpu")
    xp.from_dlpack(V, device="cpu", copy=True)
    xp.full((2,), 3, dtype=xp.float64, device="cpu")
    xp.full(shape=2, fill_value=True)
    xp.full_like(V, 3, dtype=xp.int8, device="cpu")
    xp.full_like(V, fill_value=3)
    xp.linspace(0, 1, 5, endpoint=False, device="cpu")
    xp.linspace(0, 1, num=5, dtype=xp.float32)
    xp.meshgrid(V, N, indexing="ij")
    xp.ones(3, dtype=None, device=None)
    xp.ones_like(V)
    xp.tril(A, k=-1)
    xp.triu(A, k=1)
    xp.zeros((2, 0))
    xp.zeros_like(V, dtype=xp.bool, device="cpu")
    xp.astype(V, xp.int32, copy=False, device="cpu")
    xp.abs(V)
    xp.add(V, 1)
    xp.clip(V, 1.5) | np.maximum(V, 1.5)
    xp.clip(V, None, 1.5)
    xp.clip(V, min=1.5, max=A[0, 0])
    xp.imag(V)
    xp.round(V)
    xp.logical_and(B, B)
    xp.bitwise_invert(N)
    xp.take(V, N)
    xp.take(A, N[:1], axis=-2)
    xp.take_along_axis(V, N, axis=-1)
    xp.matmul(A, A)
    xp.matrix_transpose(A)
    xp.tensordot(A, A, axes=((0,), (1,)))
    xp.vecdot(V, V, axis=-1)
    xp.broadcast_arrays(V, A[:, :1])
    xp.broadcast_to(V, (2, 3))
    xp.broadcast_to(V, shape=(2, 3))
    xp.concat((V, N), axis=0)
    xp.concat([V, A], axis=None)
    xp.expand_dims(V, -1)
    xp.expand_dims(V, axis=(0, 2))
    xp.flip(A, axis=None)
    xp.moveaxis(A, 0, 1)
    xp.permute_dims(A, (1, 0))
    xp.permute_dims(A, axes=(1, 0))
    xp.repeat(V, 2, axis=0)
    xp.repeat(V, N)
    xp.reshape(A, (4,), copy=None)
    xp.reshape(A, shape=(-1,), copy=True)
    xp.roll(A, 1, axis=0)
    xp.roll(A, shift=(1, 0), axis=(0, 1))
    xp.squeeze(A[:1], 0)
    xp.squeeze(A[:1], axis=(0,))
    xp.stack((V, V), axis=-1)
    xp.tile(V, (2, 1))
    xp.unstack(A, axis=1)
    xp.argmax(A, axis=0, keepdims=True)
    xp.argmin(A)
    xp.count_nonzero(A, axis=1, keepdims=False)
    xp.nonzero(V)
    xp.searchsorted(V, V, side="right", sorter=None)
    xp.where(B, V, 0.0)
    xp.unique_all(V)
    xp.unique_counts(V)
    xp.unique_inverse(V)
    xp.unique_values(V)
    xp.sort(V, axis=0, stable=False)
    xp.sort(A, descending=True) | np.array([[4.0, 1.0], [3.0, 1.0]])
    xp.argsort(V, axis=-1, stable=True)
    xp.argsort(V, descending=True) | np.array([1, 2, 0])
    xp.argsort(A, axis=0, descending=True) | np.array([[0, 1], [1, 0]])
    xp.cumulative_sum(V, axis=0, include_initial=True, dtype=xp.float32)
    xp.cumulative_prod(V, include_initial=True)
    xp.max(A, axis=(0, 1), keepdims=True)
    xp.mean(A, axis=1)
    xp.min(A)
    xp.prod(A, axis=0, dtype=xp.float32)
    xp.std(A, axis=0, correction=1, keepdims=True)
    xp.sum(A, axis=0, dtype=xp.float32, keepdims=True)
    xp.var(A, correction=0.5)
    xp.all(B, axis=0, keepdims=True)
    xp.any(B)
    xp.diff(V, axis=-1, n=1, prepend=V[:1], append=V)
    xp.linalg.cholesky(A, upper=True)
    xp.linalg.cross(V, V, axis=-1)
    xp.linalg.det(A)
    xp.linalg.diagonal(A, offset=1)
    xp.linalg.eigh(A)
    xp.linalg.eigvalsh(A)
    xp.linalg.inv(A)
    xp.linalg.matmul(A, A)
    xp.linalg.matrix_norm(A, keepdims=True, ord="nuc")
    xp.linalg.matrix_power(A, -2)
    xp.linalg.matrix_rank(A, rtol=1e-3)
    xp.linalg.matrix_transpose(A)
    xp.linalg.outer(V, V)
    xp.linalg.pinv(A, rtol=1e-9)
    xp.linalg.qr(A, mode="reduced")
    xp.linalg.slogdet(A)
    xp.linalg.solve(A, A)
    xp.linalg.svd(A, full_matrices=False)
    xp.linalg.svdvals(A)
    xp.linalg.tensordot(A, A, axes=1)
    xp.linalg.trace(A, offset=0, dtype=None)
    xp.linalg.vecdot(V, V, axis=-1)
    xp.linalg.vector_norm(A, axis=(0, 1), keepdims=True, ord=3)
    xp.fft.fft(V, n=4, axis=-1, norm="ortho")
    xp.fft.ifft(V)
    xp.fft.fftn(A, s=(2, 3), axes=(0, 1), norm="forward")
    xp.fft.ifftn(A)
    xp.fft.rfft(V, n=2)
    xp.fft.irfft(V, n=4)
    xp.fft.rfftn(A)
    xp.fft.irfftn(A)
    xp.fft.hfft(V)
    xp.fft.ihfft(V)
    xp.fft.fftfreq(4, d=0.5, device="cpu")
    xp.fft.fftfreq(4, dtype=xp.float32) | np.array([0.0, 0.25, -0.5, -0.25], dtype=np.float32)
    xp.fft.rfftfreq(4, d=0.5, device=None)
    xp.fft.fftshift(A, axes=(0,))
    xp.fft.ifftshift(A)
"""
ROWS = [row.strip() for row in CALLS.strip().splitlines()]
PLAIN = {
    "A": np.array([[4.0, 1.0], [1.0, 3.0]]),
    "V": np.array([1.0, 2.0, 2.0]),
    "N": np.array([1, 0, 2]),
    "B": np.array([True, False, True]),
}


def flat(out):
    """What a call returned, as a list: the parts of a tuple or list, or the one array."""
    return list(out) if isinstance(out, list | tuple) else [out]


@pytest.mark.parametrize("kind", [np.asarray, mg.asarray], ids=["arrays", "tensors"])
@each("row", ROWS)
def test_calls_in_the_forms_of_the_standard(row, kind):
    call, _, expected = row.partition(" | ")
    ours = {name: kind(array) for name, array in PLAIN.items()}
    out = flat(eval(call, {"xp": mg} | ours))  # noqa: S307  # the table's own rows
    right = flat(eval(expected or call, {"xp": np, "np": np} | PLAIN))  # noqa: S307  # likewise
    assert [type(part) for part in out] == [Tensor] * len(right)
    for part, r in zip(out, right, strict=True):
        np.testing.assert_array_equal(part.numpy(), r)
        assert part.dtype == r.dtype


def test_the_table_of_calls_has_every_function():
    called = {row.partition("(")[0].removeprefix("xp.") for row in ROWS}
    named = {*FUNCTIONS, *EXTENSIONS} - set(ELEMENTWISE.split()) - {"finfo", "iinfo"} - SHARED
    assert named <= called


def test_results_of_several_parts_keep_their_names():
    assert mg.unique_counts(np.ones(2)).counts.tolist() == [2]
    assert mg.linalg.slogdet(Tensor(np.eye(2))).sign.tolist() == 1.0


def test_questions_about_dtypes():
    x, i = Tensor([1.0], dtype=np.float32), Tensor([1], dtype=np.int8)
    assert mg.result_type(x, i, mg.int16) == mg.float32
    assert mg.result_type(x, 1.0) == mg.float32
    assert mg.can_cast(i, mg.float32)
    assert not mg.can_cast(mg.float64, mg.float32)
    assert mg.isdtype(x.dtype, ("integral", mg.float32))


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64, mg.complex64, mg.complex128])
def test_limits_of_floating_point_numbers(dtype):
    info = np.finfo(dtype)
    for given in (dtype, np.dtype(dtype), Tensor([1], dtype=dtype), np.ones(1, dtype)):
        ours = mg.finfo(given)
        assert [type(limit) for limit in ours[1:5]] == [float] * 4
        assert ours == (info.bits, info.eps, info.max, info.min, info.smallest_normal, info.dtype)
    with pytest.raises(ValueError, match="int"):
        mg.finfo(mg.int8)


@pytest.mark.parametrize("dtype", [mg.int8, mg.uint64])
def test_limits_of_integers(dtype):
    info = np.iinfo(dtype)
    for given in (dtype, np.dtype(dtype), Tensor([1], dtype=dtype)):
        assert mg.iinfo(given) == (info.bits, info.max, info.min, info.dtype)
    with pytest.raises(ValueError, match="integer"):
        mg.iinfo(mg.float32)


# ---------------------------------------------------------------- gradients

CONSTANT = """
    bitwise_and bitwise_left_shift bitwise_invert bitwise_or bitwise_right_shift bitwise_xor equal
    greater greater_equal isfinite isinf isnan less less_equal logical_and logical_not logical_or
    logical_xor not_equal signbit
"""
FLAT = {"ceil", "floor", "floor_divide", "imag", "round", "sign", "trunc"}
ABOVE_ONE = {"acosh"}


@each("name", sorted({*ELEMENTWISE.split()} - {*CONSTANT.split()}))
def test_gradients_flow_through_elementwise_functions(name):
    function, raw = getattr(mg, name), getattr(np, name)
    points = np.array([0.3, 0.6]) + (1.0 if name in ABOVE_ONE else 0.0)
    w, others = leaf(points), [np.array([0.4, 0.5])] * (getattr(raw, "nin", 1) - 1)
    out = function(w, *others)
    assert isinstance(out, Tensor)
    out.backward(np.ones(2))
    if name == "nextafter":  # the slope is 1, and no difference would show it
        np.testing.assert_array_equal(w.grad, np.ones(2))
        return
    step = 1e-6
    differences = (raw(points + step, *others) - raw(points - step, *others)) / (2 * step)
    np.testing.assert_allclose(w.grad, differences, rtol=1e-7, atol=1e-8)
    assert np.any(w.grad) == (name not in FLAT)


@each("name", CONSTANT.split())
def test_what_has_no_gradient_gives_constants(name):
    function, raw = getattr(mg, name), getattr(np, name)
    x = np.array([1, 2]) if name.startswith("bitwise") else leaf([1.0, 2.0])
    out = function(*[x] * raw.nin)
    assert isinstance(out, Tensor)
    assert not out.requires_grad


DIFFERENTIABLE = {
    "sum": lambda w: mg.sum(w * w),
    "clip": lambda w: mg.sum(mg.clip(w, min=1.5, max=3.5) ** 2),
    "where": lambda w: mg.sum(mg.where(w > 2.0, w**2, 0.0)),
    "sort": lambda w: mg.sort(mg.reshape(w, (-1,)), descending=True)[0] ** 2,
    "concat": lambda w: mg.sum(mg.concat([w, 2.0 * w]) ** 2),
    "stack": lambda w: mg.sum(mg.stack([w, mg.ones((2, 2))], axis=-1) ** 3),
    "unstack": lambda w: mg.unstack(w)[1][0] ** 2,
    "asarray": lambda w: mg.sum(mg.asarray(w, copy=True) ** 2),
    "list": lambda w: mg.sum(mg.asarray([w[0, 0], w[1, 1]]) ** 2),
    "astype": lambda w: mg.sum(mg.astype(w, mg.complex128) ** 2).real,
    "full": lambda w: mg.sum(mg.full((2, 3), w[0, 0]) ** 2),
    "take": lambda w: mg.sum(mg.take(w, Tensor([1, 1]), axis=0) ** 2),
    "matmul": lambda w: mg.linalg.trace(w @ w),
    "det": mg.linalg.det,
    "norm": mg.linalg.vector_norm,
    "rfft": lambda w: mg.sum(mg.abs(mg.fft.rfft(w)) ** 2),
    "std": lambda w: mg.std(w, correction=1),
    "cumulative": lambda w: mg.cumulative_sum(mg.reshape(w, (4,)))[2] ** 2,
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_flow_through_the_namespace(name):
    mg.assert_gradcheck(DIFFERENTIABLE[name], np.array([[1.0, 2.0], [3.0, 5.0]]))


LISTS = {
    "mean": lambda t, u: mg.mean([t, u]),
    "nested": lambda t, u: mg.sum([[t, u], [u, 2.0]], axis=0),
    "max": lambda t, u: mg.max([t, u]),
    "vector_norm": lambda t, u: mg.linalg.vector_norm([t, u]),
    "where": lambda t, u: mg.where([True, False], [t, u], [u, 0.0]),
    "clip": lambda t, u: mg.clip([t, u], -9.0, 9.0),
    "sort": lambda t, u: mg.sort([u, t], descending=True),
    "expm": lambda t, u: mg.linalg.expm([[0.0, t], [u, 0.0]]),
    "concat": lambda t, u: mg.concat([mg.stack([t]), [u]]),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_tensors_are_stacked(name):
    """NumPy's own functions make plain arrays of such lists; those of the namespace know them."""
    f = LISTS[name]
    report = mg.gradcheck(f, [1.0, 3.0])
    assert report, report
    t, u = (Tensor(x, requires_grad=True) for x in (1.0, 3.0))
    assert f(t, u).requires_grad


def test_a_list_of_axes_or_of_plain_arrays_is_left_alone():
    x = np.ones((2, 3))
    assert mg.sum([x, x]).item() == 12
    assert mg.permute_dims(Tensor(x), (1, 0)).shape == (3, 2)


def test_generic_code_differentiates():
    def softmax(x):
        xp = x.__array_namespace__()
        e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return e / xp.sum(e, axis=-1, keepdims=True)

    x = np.array([[1.0, 2.0, 4.0]])
    np.testing.assert_array_equal(softmax(x), softmax(Tensor(x)).numpy())
    mg.assert_gradcheck(lambda w: mg.sum(softmax(w) ** 2), x)
    batched = mg.vmap(lambda row: mg.sum(softmax(row) * mg.asarray(row)))
    np.testing.assert_allclose(batched(x), np.sum(softmax(x) * x, axis=-1))
