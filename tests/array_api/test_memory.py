"""Views, copies and writing under the names of the Python Array API."""

import operator

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors

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
