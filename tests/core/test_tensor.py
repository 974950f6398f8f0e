"""The Tensor as a Python object and as a NumPy array: copies, conversions, building, dtypes.

Numbers such as `106` are the cases of the project's table of pitfalls.
"""

import copy
import math
import pickle

import numpy as np
import pytest
from leaves import leaf
from scipy import special

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core.op import OPS

# ---------------------------------------------------------------- copies, pickles, identity


def pickled(t):
    return pickle.loads(pickle.dumps(t))  # noqa: S301  # our own bytes


COPIES = {"deepcopy": copy.deepcopy, "pickle": pickled}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("data", [1.5, [1.0, 2.0], np.ones((2, 0))], ids=["0-d", "1-d", "empty"])
def test_106_copy_of_a_leaf_is_a_leaf_of_its_own(copied, dtype, data):
    w = leaf(data, dtype=dtype, name="w")
    np.sum(w * w).backward()
    new = copied(w)
    assert (new.requires_grad, new.name, new.is_leaf) == (True, "w", True)
    assert new.data.dtype == new.grad.dtype == dtype
    assert type(new.grad) is np.ndarray
    np.testing.assert_array_equal(new.data, w.data)
    np.testing.assert_array_equal(new.grad, w.grad)
    assert not np.shares_memory(new.data, w.data) or w.size == 0
    kept = w.numpy()
    new.data -= 1.0
    new.grad += 1.0
    np.testing.assert_array_equal(w.data, kept)
    np.testing.assert_array_equal(w.grad, 2 * kept)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_106_copy_of_a_result_keeps_its_value_and_says_it_drops_its_history(copied):
    w = leaf([1.0, 2.0])
    out = w * 2.0
    with pytest.warns(UserWarning, match="history"):
        new = copied(out)
    assert (new.is_leaf, new.requires_grad, new.grad) == (True, False, None)
    np.testing.assert_array_equal(new.data, [2.0, 4.0])
    assert out.op is not None


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_106_copy_of_a_constant(copied):
    new = copied(Tensor([1, 2], name="labels"))
    assert (new.requires_grad, new.name, new.dtype) == (False, "labels", np.int64)


def test_106_deepcopy_keeps_shared_leaves_shared():
    w = leaf(1.0)
    first, second = copy.deepcopy([w, w])
    assert first is second
    assert first is not w


def test_107_tensors_hash_by_identity_and_compare_by_entries():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 5.0])
    assert {a: "a", b: "b"}[a] == "a"
    assert len({a, b, a}) == 2
    equal = a == b
    assert equal.data.tolist() == [True, False]
    assert not equal.requires_grad
    assert (a != b).data.tolist() == [False, True]
    assert (a < b).data.tolist() == [False, True]
    assert (a >= 2.0).data.tolist() == [False, True]


def test_107_membership_in_lists_is_python_s():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 5.0])
    assert a in [a, b]  # found by identity first
    with pytest.raises(ValueError, match="ambiguous"):
        b in [a, b]  # noqa: B015 - it raises  # compares entries with `a` before it comes to `b`
    assert b in {a, b}


def test_107_membership_in_a_tensor_is_numpy_s():
    t = leaf([1.0, 2.0])
    assert 2.0 in t
    assert 3.0 not in t


def test_comparison_with_what_is_no_number():
    t = leaf([1.0, 2.0])
    assert (t == None) is False  # noqa: E711 - `==` is what is tested
    assert (t != "text") is True
    with pytest.raises(TypeError):
        t + "text"
    with pytest.raises(TypeError):
        t < None  # noqa: B015 - it raises


# ---------------------------------------------------------------- Python's conversions


def test_108_bool_of_several_entries_raises():
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf([1.0, 2.0]))
    with pytest.raises(ValueError, match="ambiguous"):
        if leaf([1.0, 2.0]) > 0:
            pass


def test_bool_of_one_entry():
    assert bool(leaf(2.0)) is True
    assert bool(leaf([0.0])) is False
    assert bool(leaf(1.0) < 2.0) is True


def test_109_numbers_of_a_0d_tensor():
    t = Tensor(2.5)
    assert (float(t), int(t), complex(t)) == (2.5, 2, 2.5 + 0j)
    assert type(float(t)) is float
    assert type(int(t)) is int
    assert math.sin(t) == math.sin(2.5)
    assert round(float(t * 2.0)) == 5


def test_float_of_several_entries_raises():
    for convert in (float, int, complex):
        with pytest.raises(TypeError):
            convert(leaf([1.0, 2.0]))


def test_only_integer_tensors_are_indices():
    assert "abc"[Tensor(1)] == "b"
    assert list(range(Tensor(3))) == [0, 1, 2]
    with pytest.raises(TypeError):
        "abc"[leaf(1.0)]


def test_length_and_iteration():
    t = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert len(t) == 2
    first, second = t
    (np.sum(first) + 10.0 * np.sum(second)).backward()
    np.testing.assert_array_equal(t.grad, [[1.0, 1.0], [10.0, 10.0]])
    for ask in (len, iter):
        with pytest.raises(TypeError):
            ask(leaf(1.0))


def test_format_item_tolist():
    t = leaf(3.14159)
    assert f"{t:.2f}" == "3.14"
    assert f"{t}" == "3.14159"
    assert str(t) == repr(t)
    assert f"{leaf(2 / 3)}" == repr(2 / 3)  # all its digits
    assert f"{leaf([1.0, 2.0])}" == "Tensor([1., 2.], requires_grad=True)"
    assert type(t.item()) is float
    assert leaf([[1.0, 2.0]]).tolist() == [[1.0, 2.0]]
    assert leaf([[1.0, 2.0]]).item(0, 1) == 2.0
    with pytest.raises(TypeError):
        format(leaf([1.0, 2.0]), ".2f")


def test_repr_tells_value_role_and_name():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert repr(leaf(1.0, name="w")) == "Tensor(1., requires_grad=True, name='w')"
    assert "op=exp" in repr(np.exp(leaf(1.0)))
    assert "float32" in repr(Tensor(1.0, dtype=np.float32))


def test_properties_of_the_array():
    t = leaf(np.ones((2, 3), np.float32))
    assert (t.shape, t.dtype, t.ndim, t.size, t.nbytes) == ((2, 3), np.float32, 2, 6, 24)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x,
        np.sum,
        lambda x: x + 1.0,
        np.exp,
        lambda x: 2.0 - x,
        lambda x: x[()],
        np.max,
    ],
)
def test_0d_results_are_arrays(f):
    for x in (leaf(2.0), Tensor(2.0)):
        out = f(x)
        assert type(out) is Tensor
        assert type(out.data) is np.ndarray
        assert out.data.shape == ()
        assert out.data is out.data
    f(x := leaf(2.0)).backward()
    assert type(x.grad) is np.ndarray
    assert x.grad.shape == ()


# ---------------------------------------------------------------- leaving the graph, joining it


@pytest.mark.parametrize("made", [lambda w: w, lambda w: w * 2.0], ids=["leaf", "result"])
@pytest.mark.parametrize("convert", [np.asarray, np.array, np.ascontiguousarray])
def test_array_of_a_tracked_tensor_raises_and_names_the_ways_out(convert, made):
    with pytest.raises(TypeError) as caught:
        convert(made(leaf([1.0, 2.0])))
    for way in (".data", ".numpy()", "stop_gradient"):
        assert way in str(caught.value)


@pytest.mark.parametrize("shape", [(), (2,)])
def test_78_array_of_tracked_tensors_raises_and_names_the_ways_to_join(shape):
    tensors = [leaf(np.ones(shape)), leaf(np.ones(shape))]
    with pytest.raises(errors.LeavesGraphError) as caught:
        np.array(tensors)
    assert "mg.tensor(tensors)" in str(caught.value)
    with pytest.raises(errors.LeavesGraphError):
        np.asarray(tensors, dtype=object)


def test_array_of_constants_converts():
    t = Tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(t), [1.0, 2.0])
    np.testing.assert_array_equal(np.array([t, t]), [[1.0, 2.0], [1.0, 2.0]])
    np.testing.assert_array_equal(np.array([Tensor(1.0), Tensor(2.0)]), [1.0, 2.0])
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    copied = np.array(t)
    copied[0] = 99.0
    assert t.data[0] == 1.0


def test_tensor_of_a_tracked_tensor_raises():
    w = leaf([1.0, 2.0])
    with pytest.raises(errors.LeavesGraphError):
        Tensor(w)
    with pytest.raises(errors.LeavesGraphError):
        Tensor([w, w])


def test_tensor_of_a_constant_copies():
    constant = Tensor([1.0, 2.0])
    w = leaf(constant)
    w.data -= 1.0
    np.testing.assert_array_equal(constant.data, [1.0, 2.0])


def test_the_explicit_ways_out():
    w = leaf([1.0, 2.0], name="w")
    assert type(w.data) is type(w.numpy()) is np.ndarray
    for constant in (mg.stop_gradient(w), w.detach()):
        assert not constant.requires_grad
        assert constant.is_leaf
        np.testing.assert_array_equal(constant.data, [1.0, 2.0])
    assert not mg.stop_gradient(3.0).requires_grad


def test_78_list_of_tensors_stacks_with_history():
    a, b = leaf(2.0), leaf(3.0)
    stacked = mg.tensor([a, b, a * b])
    assert stacked.shape == (3,)
    stacked.backward([1.0, 10.0, 100.0])
    assert (a.grad, b.grad) == (301.0, 210.0)


def test_78_nested_and_mixed_lists_stack_with_history():
    a, b = leaf(2.0), leaf([3.0, 4.0])
    stacked = mg.tensor([[a, 1.0], [0, a * a], (5.0, a), b, np.array([6.0, 7.0])])
    np.testing.assert_array_equal(stacked.data, [[2, 1], [0, 4], [5, 2], [3, 4], [6, 7]])
    stacked.backward(np.arange(10.0).reshape(5, 2))
    assert a.grad == 0 + 3 * 4 + 5
    np.testing.assert_array_equal(b.grad, [6.0, 7.0])


def test_78_ragged_lists_raise():
    with pytest.raises(ValueError):  # noqa: PT011  # the words are NumPy's
        mg.tensor([leaf([1.0, 2.0]), leaf(1.0)])


def test_tensor_from_plain_lists_and_options():
    t = mg.tensor([[1, 2], [3, 4]], requires_grad=True, dtype=float, name="w")
    assert (t.shape, t.dtype, t.requires_grad, t.name) == ((2, 2), np.float64, True, "w")
    assert mg.tensor([leaf(1.0), 2.0], dtype=np.float32).dtype == np.float32


def test_tensor_of_a_list_of_constants_honours_its_options():
    t = mg.tensor([Tensor(1.0), 2.0], requires_grad=True, name="w")
    assert t.requires_grad
    assert t.name == "w"
    np.sum(t * t).backward()
    np.testing.assert_array_equal(t.grad, [2.0, 4.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda a, t: a * t,
        lambda a, t: t * a,
        np.multiply,
        lambda a, t: [1.0, 2.0] * t,
        lambda a, t: t * (1.0, 2.0),
        lambda a, t: np.multiply([1.0, 2.0], t),
    ],
)
def test_arrays_and_lists_on_either_side_record(f):
    t = leaf([3.0, 4.0])
    out = f(np.array([1.0, 2.0]), t)
    assert type(out) is Tensor
    assert out.dtype == np.float64
    np.sum(out).backward()
    np.testing.assert_array_equal(t.grad, [1.0, 2.0])


def test_numpy_scalars_on_the_left_record():
    t = leaf(3.0)
    for number in (np.float64(2.0), np.float32(2.0), np.int64(2), np.bool_(True)):
        out = number * t
        assert type(out) is Tensor
        assert out.requires_grad


def test_ufunc_reduce_and_outer_record():
    t = leaf([1.0, 2.0])
    np.add.reduce(t).backward()
    np.sum(np.multiply.outer(t, np.array([3.0, 4.0]))).backward()
    np.testing.assert_array_equal(t.grad, [8.0, 8.0])


# ---------------------------------------------------------------- unregistered functions


def test_unregistered_numpy_function_says_what_to_do():
    with pytest.raises(errors.UnregisteredFunctionError, match="histogram") as caught:
        np.histogram(leaf([1.0, 2.0]))
    assert ".data" in str(caught.value)


def test_unregistered_ufunc_says_how_to_register():
    unknown = np.frompyfunc(lambda x: x, 1, 1)
    with pytest.raises(errors.UnregisteredFunctionError, match="registered") as caught:
        unknown(leaf([1.0, 2.0]))
    for hint in ("mg.register(", "mg.primitive", ".data", "stop_gradient"):
        assert hint in str(caught.value)


def test_unregistered_ufunc_method_raises():
    with pytest.raises(errors.UnregisteredFunctionError, match=r"np\.power\.reduceat") as caught:
        np.power.reduceat(leaf([1.0, 2.0]), [0])
    assert "mg.register" not in str(caught.value), "which takes functions, not methods of them"
    assert "np.power.accumulate" in str(caught.value)
    total = np.zeros(2)
    with pytest.raises(TypeError, match="at"):
        np.add.at(total, [0], leaf([1.0]))
    np.testing.assert_array_equal(total, [0.0, 0.0])


def test_unknown_option_raises_and_lists_the_known_ones():
    with pytest.raises(errors.OptionError, match="where") as caught:
        np.exp(leaf([1.0, 2.0]), where=np.array([True, False]))
    assert "exp" in str(caught.value)


# fmt: off
REFUSED = [
    (lambda t: np.exp(t, where=False),            r"np\.exp"),
    (lambda t: np.sum(t, out=np.zeros(2)),        r"np\.sum"),
    (lambda t: np.fft.fft(t, out=np.zeros(2)),    r"np\.fft\.fft"),
    (lambda t: np.ptp(t, out=np.zeros(2)),        r"np\.ptp"),
    (lambda t: mg.softmax(t, out=1),              "`softmax`"),
    (lambda t: special.expit(t, where=False),     "the ufunc `expit`"),
]
# fmt: on


@pytest.mark.parametrize(("call", "name"), REFUSED)
def test_a_refused_option_names_its_function(call, name):
    with pytest.raises(errors.OptionError, match=f"^{name} on a Tensor does not take"):
        call(leaf(np.eye(2)))


def test_the_position_of_an_input_is_no_option():
    # The rules of ops with any number of inputs are told it, and nobody else says it.
    t = leaf([1.0, 2.0])
    with pytest.raises(errors.OptionError, match="does not take index") as caught:
        np.einsum("i,i", t, t, index=0)
    assert "index" not in str(caught.value).partition("derivative are")[2]
    for function in (np.concatenate, np.stack, np.einsum):
        assert "index" not in OPS[function].accepted


# ---------------------------------------------------------------- dtypes


@pytest.mark.parametrize("data", [3, [1, 2], np.arange(3), True, [True, False]])
def test_84_leaf_that_does_not_vary_smoothly_raises_with_a_hint(data):
    with pytest.raises(errors.NotDifferentiableError, match="dtype=float") as caught:
        leaf(data)
    assert isinstance(caught.value, TypeError)
    assert str(np.asarray(data).dtype) in str(caught.value)


@pytest.mark.parametrize("data", [3, [1, 2], True])
def test_84_dtype_float_makes_such_a_leaf(data):
    assert leaf(data, dtype=float).dtype == np.float64


def test_84_asking_an_integer_tensor_later_raises():
    t = Tensor([1, 2])
    with pytest.raises(TypeError):
        t.requires_grad = True
        np.sum(t * 0.5).backward()


@pytest.mark.parametrize("data", ["text", ["a", "b"], object(), [object()], None, {"a": 1}, [None]])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_87_what_is_no_number_raises(data, requires_grad):
    with pytest.raises(TypeError, match="numbers"):
        Tensor(data, requires_grad=requires_grad)


def test_constants_may_be_integers_and_booleans():
    x = leaf([1.0, 2.0])
    np.sum(x * Tensor([1, 2]) * Tensor([True, False])).backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0])


DTYPES = {
    "79 Python float": (lambda w: w * 2.5, np.float32),
    "79 reflected Python float": (lambda w: 2.5 - w, np.float32),
    "79 Python int": (lambda w: w**2, np.float32),
    "79 Python int division": (lambda w: 1 / w, np.float32),
    "79 Python bool": (lambda w: w * True, np.float32),
    "79 ufunc with a Python float": (lambda w: np.maximum(w, 0.0), np.float32),
    "80 np.float64": (lambda w: w * np.float64(2.5), np.float64),
    "80 reflected np.float64": (lambda w: np.float64(2.5) * w, np.float64),
    "80 0-d float64 array": (lambda w: w * np.array(2.5), np.float64),
    "80 0-d float64 Tensor": (lambda w: w * Tensor(2.5), np.float64),
    "80 np.float32": (lambda w: w * np.float32(2.5), np.float32),
    "81 mean": (np.mean, np.float32),
    "81 var": (np.var, np.float32),
    "81 max": (np.max, np.float32),
    "81 sum": (np.sum, np.float32),
    "82 int64 array": (lambda w: w * np.array([1, 2, 3]), np.float64),
    "82 divided by int64 array": (lambda w: w / np.array([1, 2, 3]), np.float64),
    "82 int64 Tensor": (lambda w: w * Tensor([1, 2, 3]), np.float64),
    "82 boolean mask": (lambda w: w * (w > 0), np.float32),
    "float16": (lambda w: w * np.float16(2.0), np.float32),
    "exp": (np.exp, np.float32),
    "sigmoid": (mg.sigmoid, np.float32),
    "indexing": (lambda w: w[..., None], np.float32),
}


@pytest.mark.parametrize(("f", "result"), DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("shape", [(3,), (1,), ()])
def test_dtype_follows_numpy_forward_and_the_leaf_backward(f, result, shape):
    w = leaf(np.full(shape, 1.5, np.float32))
    out = f(w)
    assert out.dtype == result
    out.backward(np.ones(out.shape))
    assert w.grad.dtype == np.float32
    assert w.grad.shape == shape


def test_python_numbers_stay_weak_in_the_graph():
    out = leaf([1.0], dtype=np.float32) * 2.5
    assert type(out.inputs[1]) is float


@pytest.mark.parametrize("f", [np.sum, np.mean, np.max, np.var])
def test_83_float16_reductions_are_numpy_s(f):
    data = np.linspace(0, 1, 1000).astype(np.float16)
    w = leaf(data)
    out = f(w)
    assert out.dtype == np.float16
    assert out.data == f(data)
    out.backward()
    assert w.grad.dtype == np.float16


def test_a_float64_segment_inside_a_float32_expression():
    w = leaf([1.0, 2.0], dtype=np.float32)
    out = np.exp(w.astype(np.float64)).astype(np.float32)
    assert out.dtype == np.float32
    np.sum(out).backward()
    assert w.grad.dtype == np.float32
    np.testing.assert_allclose(w.grad, np.exp([1.0, 2.0]), rtol=1e-6)
