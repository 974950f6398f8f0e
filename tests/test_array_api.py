"""micrograd_np as a namespace of the Python Array API standard.

The suite of the standard's authors tests values, shapes and dtypes (`array_api_suite.py` runs it);
here is what it cannot know: that gradients flow, that memory is shared, and what is refused.
"""

import gc
import operator
import pickle

import numpy as np
import pytest
from array_api_names import (
    ATTRIBUTES,
    ELEMENTWISE,
    FFT,
    FUNCTIONS,
    IN_PLACE,
    LINALG,
    METHODS,
    NAMES,
    OPERATORS,
    VALUES,
)
from array_api_suite import PASSED, SKIPS, VERSION, compare, skips
from folding import each

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.array_api import einops as einops_support


def leaf(value, **options):
    return Tensor(value, requires_grad=True, **options)


EXTENSIONS = [*(f"linalg.{name}" for name in LINALG.split()), *(f"fft.{n}" for n in FFT.split())]


def found(path):
    return operator.attrgetter(path)(mg)


# ---------------------------------------------------------------- the names


@each("name", [*NAMES, *EXTENSIONS])
def test_the_namespace_has_every_name(name):
    found(name)


@each("name", [*FUNCTIONS, *EXTENSIONS])
def test_functions_know_their_name_and_are_documented(name):
    function = found(name)
    assert function.__name__ in {name.rpartition(".")[2], found_in_numpy(name)}
    assert function.__doc__


def found_in_numpy(name):
    """NumPy's own name, for the few functions that are NumPy's as they are."""
    return getattr(operator.attrgetter(name)(np), "__name__", None) if name in SHARED else name


SHARED = {"can_cast", "isdtype", "result_type"}


def test_the_namespace_brings_no_other_names():
    """The tables hold names of the standard and nothing they were made with."""
    assert not {"np", "Any", "of_numpy", "untracked", "numbers", "sharing"} & vars(mg).keys()


@each("name", VALUES)
def test_constants_and_dtypes_are_numpys(name):
    assert getattr(mg, name) is getattr(np, name)


@each("name", f"{ATTRIBUTES} {METHODS}".split())
def test_a_tensor_has_what_an_array_must_have(name):
    assert hasattr(Tensor([[1.0]]), name)


@each("name", OPERATORS.split())
def test_a_tensor_has_the_operators(name):
    assert hasattr(Tensor, f"__{name}__")


@each("name", IN_PLACE.split())
def test_a_tensor_has_the_augmented_assignments(name):
    assert hasattr(Tensor, f"__i{name}__")


@each("name", [*FUNCTIONS, *EXTENSIONS])
def test_functions_can_be_pickled(name):
    function = found(name)
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301  # our own bytes


def test_a_tensor_names_its_namespace():
    t = Tensor([1.0])
    assert t.__array_namespace__() is mg
    assert t.__array_namespace__(api_version=VERSION) is mg
    with pytest.raises(ValueError, match=r"1999\.12"):
        t.__array_namespace__(api_version="1999.12")
    assert mg.__array_api_version__ == VERSION


def test_array_api_compat_finds_the_namespace():
    compat = pytest.importorskip("array_api_compat")
    assert compat.array_namespace(Tensor([1.0]), leaf([2.0])) is mg
    assert compat.is_array_api_obj(Tensor([1.0]))


def test_inspection():
    info = mg.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert list(info.devices()) == ["cpu"]  # a tuple from NumPy 2.5 on
    assert info.default_dtypes()["real floating"] == mg.zeros(1).dtype
    assert info.dtypes(kind="bool") == {"bool": np.dtype(bool)}
    assert info.capabilities()["boolean indexing"]


def test_the_suite_is_run_without_exceptions():
    """How many tests `array_api_skips.txt` may name. This number may only get smaller."""
    assert len(skips(SKIPS)) <= 0


@pytest.mark.parametrize(
    ("ours", "excepted", "status"),
    [
        ({"a": PASSED, "b": PASSED}, (), 0),
        ({"a": PASSED, "b": ("failure", "AssertionError")}, (), 1),
        ({"a": PASSED, "b": ("failure", "AssertionError")}, {"b"}, 0),
        ({"a": PASSED}, (), 1),
        ({"a": PASSED, "b": ("skipped", "")}, (), 1),
        ({"a": PASSED, "b": PASSED}, {"b"}, 1),
    ],
    ids=["same", "worse", "excepted", "absent", "skipped", "needless exception"],
)
def test_the_comparison_of_the_suites(ours, excepted, status):
    reference = {"a": PASSED, "b": PASSED, "c": ("failure", "AssertionError")}
    assert compare(reference, ours | {"c": ("failure", "")}, set(excepted)) == status


def test_a_suite_that_passes_nothing_is_no_success():
    assert compare({}, {}, set()) == 1


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


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize("copy", [None, False])
def test_asarray_shares_the_memory_of_an_array(copy):
    a = np.array([1.0, 2.0, 3.0])
    t = mg.asarray(a[1:], copy=copy)
    a[1] = 5.0
    assert t.tolist() == [5.0, 3.0]


def test_asarray_copies_on_request():
    a = np.array([1.0, 2.0])
    t = mg.asarray(a, copy=True)
    a[0] = 5.0
    assert t.tolist() == [1.0, 2.0]


def test_asarray_of_a_tensor_keeps_its_history():
    w = leaf([1.0, 2.0], dtype=np.float32)
    assert mg.asarray(w) is mg.asarray(w, dtype=mg.float32, copy=False) is w
    for out in (mg.asarray(w, copy=True), mg.asarray(w, dtype=mg.float64), mg.astype(w, w.dtype)):
        assert out is not w
        assert out.requires_grad
    assert mg.astype(w, mg.float32, copy=False) is w


@pytest.mark.parametrize(
    "given",
    [[1.0, 2.0], Tensor([1.0]), leaf([1.0]), np.ones(1)],
    ids=["list", "tensor", "tracked", "array"],
)
def test_asarray_refuses_a_copy_that_must_not_be(given):
    with pytest.raises(ValueError, match="copy"):
        mg.asarray(given, dtype=mg.float32, copy=False)


def test_asarray_refuses_what_is_no_number():
    with pytest.raises(TypeError, match="numbers"):
        mg.asarray(["a"])
    with pytest.raises(TypeError, match="numbers"):
        mg.asarray(np.array(["a"]))


@pytest.mark.parametrize(
    "make", [mg.asarray, mg.zeros, lambda x, device: mg.full(2, 1, device=device)]
)
def test_there_is_one_device(make):
    with pytest.raises(ValueError, match="gpu"):
        make([2], device="gpu")
    t = make([2], device="cpu")
    assert t.device == "cpu"
    assert t.to_device("cpu") is t
    with pytest.raises(ValueError, match="gpu"):
        t.to_device("gpu")


UNCHANGED = {
    "real": mg.real,
    "squeeze": lambda t: mg.squeeze(t, ()),
    "reshape": lambda t: mg.reshape(t, (2,)),
    "broadcast_to": lambda t: mg.broadcast_to(t, (2,)),
    "getitem": lambda t: t[:],
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_is_a_view_in_numpy_is_one_here(name):
    if name == "broadcast_to":
        with pytest.raises(ValueError, match="read-only"):
            UNCHANGED[name](Tensor([1.0, 2.0]))[0] = 5.0
        return
    t = Tensor([1.0, 2.0])
    out = UNCHANGED[name](t)
    out[0] = 5.0
    out += 1.0
    assert t.tolist() == out.tolist() == [6.0, 3.0]
    t *= 2
    assert t.tolist() == out.tolist() == [12.0, 6.0]


@pytest.mark.parametrize("name", UNCHANGED)
def test_views_of_a_parameter_without_recording_are_not_written_into(name):
    w = leaf([1.0, 2.0])
    with mg.no_grad():
        out = UNCHANGED[name](w)
        with pytest.raises(errors.InPlaceError, match="shares its memory with"):
            out += 1.0
        with pytest.raises(errors.InPlaceError, match="shares its memory with"):
            out[0] = 1.0
    assert w.tolist() == [1.0, 2.0]


# ---------------------------------------------------------------- writing into what is not tracked

AUGMENTED = {
    "add": 2, "sub": 2, "mul": 2, "floordiv": 2, "mod": 2, "pow": 2, "and": 6, "or": 6, "xor": 6,
    "lshift": 1, "rshift": 1, "matmul": np.array([[2, 1], [1, 1]]),
}  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda x: x, Tensor], ids=["plain", "tensor"])
@pytest.mark.parametrize("name", AUGMENTED)
def test_augmented_assignment_writes_in_place(name, wrap):
    operate = getattr(operator, f"__i{name}__")
    a = np.array([[5, 3], [1, 2]], dtype=np.int16)
    t = same = mg.asarray(a.copy())
    t = operate(t, wrap(AUGMENTED[name]))
    a = operate(a, AUGMENTED[name])
    assert t is same
    assert t.dtype == np.int16
    np.testing.assert_array_equal(t.numpy(), a)


def test_augmented_assignment_keeps_dtype_and_shape():
    t = Tensor([1.0, 2.0], dtype=np.float32)
    t += np.ones(2)
    t /= 2.0
    assert t.dtype == np.float32
    assert t.tolist() == [1.0, 1.5]
    with pytest.raises(ValueError, match="broadcast"):
        t += np.ones((2, 2))
    i = Tensor([1, 2])
    with pytest.raises(TypeError, match="same_kind"):
        i += 0.5


def test_augmented_assignment_to_a_single_number():
    t = kept = mg.sum(np.ones(3))
    t -= 1.0  # as NumPy's scalars are, single numbers are replaced
    assert (float(t), float(kept)) == (2.0, 3.0)


def test_augmented_assignment_of_what_is_tracked_replaces_a_single_number():
    w, total = leaf([1.0, 2.0]), Tensor(0.0)
    before = total
    total += w[0]
    total *= w[1]
    assert total is not before
    assert before.item() == 0.0
    total.backward()
    np.testing.assert_array_equal(w.grad, [2.0, 1.0])


def test_augmented_assignment_of_what_is_no_array_raises():
    t = Tensor([1.0])
    with pytest.raises(TypeError, match="unsupported operand"):
        t += "a"


def test_a_constant_changed_after_its_use_is_found():
    w, c = leaf([2.0]), Tensor([3.0])
    y = np.sum(w * c)
    c += 1.0
    with pytest.raises(errors.MutationError):
        y.backward()
    np.sum(w * c).backward()
    assert w.grad == [4.0]


def test_items_are_assigned_with_tensors_as_keys():
    t = mg.zeros((2, 3))
    t[Tensor([0, 1]), Tensor(2)] = Tensor([1.0, 2.0])
    t[t == 0.0] = -1.0
    assert t.tolist() == [[-1.0, -1.0, 1.0], [-1.0, -1.0, 2.0]]


def test_a_single_number_is_a_python_number():
    assert int(mg.asarray(3)) == operator.index(mg.asarray(3)) == 3
    assert float(mg.asarray(2.5)) == 2.5
    assert complex(mg.asarray(1j)) == 1j
    assert bool(mg.asarray(0.0)) is False


# ---------------------------------------------------------------- DLPack

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


# ---------------------------------------------------------------- einops

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
