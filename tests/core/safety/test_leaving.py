"""Values that leave the graph: each way is silent and meant, gives a warning, or is refused."""

import array
import cmath
import copy
import datetime as dt
import decimal
import fractions
import io
import math
import pickle
import statistics
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import combinations
from math import exp

import numpy as np
import pytest
from folding import each

import micrograd_np as mg
from micrograd_np import Tensor, errors


def leaf(data, **options):
    return Tensor(data, requires_grad=True, **options)


def error_of(kind, function, *args):
    """The error of a call, of this kind; NumPy and Python may hide it behind one of their own."""
    with pytest.raises((TypeError, ValueError, Warning)) as caught:
        function(*args)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    return next((error for error in chain if isinstance(error, kind)), None)


HIDDEN = ("a.flat[i] = t", "%d", "np.float64")  # these ways do not say what the error was


def caught_from(function, *args):
    """The warnings of a call, as Python's default filter shows them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        function(*args)
    return caught


def filled(t):
    entries = np.zeros(2)
    entries[0] = t


# ---------------------------------------------------------------- numbers outside of transforms

CUTS = {
    "float": float,
    "int": int,
    "complex": complex,
    "math.exp": math.exp,
    "math.isnan": math.isnan,
    "math.hypot": lambda t: math.hypot(1.0, t),
    "cmath.exp": cmath.exp,
    "np.float64": np.float64,
    "a[i] = t": filled,
    "a.fill": lambda t: np.zeros(2).fill(t),
    "a.flat[i] = t": lambda t: np.zeros(2).flat.__setitem__(0, t),
    "np.fromiter": lambda t: np.fromiter([t], float),
    "array.array": lambda t: array.array("d", [t]),
    "statistics.fmean": lambda t: statistics.fmean([t, 1.0]),
    "math.fsum": lambda t: math.fsum([t, 1.0]),
    "%f": lambda t: "%f" % t,  # noqa: UP031 - the way is what is tested
    "%d": lambda t: "%d" % t,  # noqa: UP031 - the same
    "object array": lambda t: filled_with_objects(t).astype(float),
}


def filled_with_objects(*tensors):
    out = np.empty(len(tensors), dtype=object)
    for i, t in enumerate(tensors):
        out[i] = t
    return out


@pytest.mark.parametrize("way", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("t", [leaf(2.0), leaf(1.0) * 2], ids=["leaf", "result"])
def test_a_number_that_python_makes_by_itself_warns_on_the_users_line(way, t):
    caught = caught_from(way, t)
    assert [w.category for w in caught] == [mg.GradientCutWarning]
    assert caught[0].filename == __file__
    for remedy in ("t.item()", "t.data", "mg.stack", "mg.index_update", "Write "):
        assert remedy in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error", mg.GradientCutWarning)
        error = error_of(mg.GradientCutWarning, way, t)
        assert error or way in [CUTS[name] for name in HIDDEN]


@pytest.mark.parametrize("way", CUTS.values(), ids=CUTS)
def test_constants_and_values_under_no_grad_are_numbers(way):
    assert caught_from(way, Tensor(2.0)) == []
    with mg.no_grad():
        assert caught_from(way, leaf(2.0)) == []


SILENT = {
    "item": lambda t: t.item(),
    "tolist": lambda t: t.tolist(),
    "data": lambda t: t.data,
    "numpy": lambda t: t.numpy(),
    "detach": lambda t: float(t.detach()),
    "stop_gradient": lambda t: math.exp(mg.stop_gradient(t)),
    "print": lambda t: print(t, file=io.StringIO()),
    "str": str,
    "f-string": lambda t: f"{t} {t:.3f} {t!r}",
    "format": lambda t: format(t, ".2e"),
    "%s": lambda t: "%s" % t,  # noqa: UP031 - the way is what is tested
    "bool": bool,
    "comparison": lambda t: max(t, 3.0),
    "in": lambda t: 2.0 in t,
    "round": lambda t: round(t, 1),
    "sum": lambda t: sum([t, t]),
}


@pytest.mark.parametrize("way", SILENT.values(), ids=SILENT)
def test_what_is_meant_or_cuts_nothing_is_silent(way):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        way(leaf(2.0))


def test_the_warning_comes_once_a_line_and_again_on_another():
    def twice(w):
        first = [w * math.sin(w) + w * math.exp(w) for _ in range(3)]
        return first, float(w)

    globals().pop("__warningregistry__", None)
    caught = caught_from(lambda: [twice(leaf(2.0)) for _ in range(3)])
    assert len(caught) == 2
    assert caught[0].lineno + 1 == caught[1].lineno


def test_the_warning_names_numpys_function_for_each_on_the_line():
    (spelled,) = caught_from(lambda w: w * math.exp(w), leaf(2.0))
    assert "np.exp for math.exp" in str(spelled.message)
    (imported,) = caught_from(lambda w: w * exp(w), leaf(2.0))
    assert "np.exp for exp" in str(imported.message)
    renamed = {
        lambda t: math.fsum([t]): "np.sum for math.fsum",
        lambda t: math.lgamma(t) + 1: "scipy.special.gammaln for math.lgamma",
        lambda t: statistics.fmean([t]): "np.mean for statistics.fmean",
    }
    for way, words in renamed.items():
        assert words in str(caught_from(way, leaf(2.0))[0].message)


def test_a_call_that_only_the_standard_library_makes_is_found_too():
    (warning,) = caught_from(reduce, math.hypot, [leaf(3.0), 4.0])
    assert warning.filename == __file__
    with ThreadPoolExecutor(1) as pool, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert pool.submit(math.exp, leaf(0.0)).result() == 1.0
    assert [w.filename for w in caught] == ["sys"]  # no line of the user's leads there


def test_where_there_is_no_line_the_warning_comes_once():
    def started():
        for _ in range(3):
            thread = threading.Thread(target=float, args=(leaf(2.0),))
            thread.start()
            thread.join()

    (warning,) = caught_from(started)
    assert (warning.filename, warning.lineno) == ("sys", 1)


def test_several_entries_are_refused_without_a_warning():
    for convert in (float, int, complex):
        with pytest.raises(TypeError):
            convert(leaf([1.0, 2.0]))


def test_an_array_of_tensors_names_what_joins_them():
    w = leaf([1.0, 2.0])
    for convert in (lambda: np.array([w[0], w[1]]), lambda: np.array(list(w), dtype=object)):
        with pytest.raises(errors.LeavesGraphError, match=r"mg\.stack"):
            convert()
    mg.stack(list(w)).sum().backward()
    np.testing.assert_array_equal(w.grad, [1.0, 1.0])


# ---------------------------------------------------------------- while a transform runs

TAKEN = {
    "item": lambda t: t.item(),
    "tolist": lambda t: t.tolist(),
    "numpy": lambda t: t.numpy(),
    "data": lambda t: t.data,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda t: pickle.loads(pickle.dumps(t)),  # noqa: S301 - what was pickled here
    **CUTS,
}

TRANSFORMS = {
    "grad": lambda f: mg.grad(f)(3.0),
    "value_and_grad": lambda f: mg.value_and_grad(f)(3.0),
    "vjp": lambda f: mg.vjp(f, 3.0),
    "jvp": lambda f: mg.jvp(f, [3.0], [1.0]),
    "linearize": lambda f: mg.linearize(f, 3.0),
    "jacobian": lambda f: mg.jacobian(f)(3.0),
    "hessian": lambda f: mg.hessian(f)(3.0),
    "hvp": lambda f: mg.hvp(f, [3.0], [1.0]),
    "grad of grad": lambda f: mg.grad(mg.grad(f))(3.0),
    "checkpoint": lambda f: mg.grad(mg.checkpoint(f))(3.0),
    "tracked argument": lambda f: mg.grad(f)(leaf(3.0)),
    "under no_grad": mg.no_grad(lambda f: mg.grad(f)(3.0)),
    "compiled": lambda f: mg.compile(mg.grad(f))(3.0),
    "of a compiled one": lambda f: mg.grad(mg.compile(f))(3.0),
}


@each("take", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_what_is_differentiated_cannot_be_taken_out(transform, take):
    ours = (errors.LeavesGraphError, errors.TracingError)
    for f in (lambda w: (take(w), w * w)[1], lambda w: (take(w * 1.0), w * w)[1]):
        assert error_of(ours, transform, f) or take in [CUTS[name] for name in HIDDEN]


COVERED = ["a[i] = t", "a.fill", "np.fromiter", "float"]


@pytest.mark.parametrize("take", [CUTS[name] for name in COVERED], ids=COVERED)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_the_error_of_a_transform_is_ours_at_the_users_line(transform, take):
    with pytest.raises((errors.LeavesGraphError, errors.TracingError)) as caught:
        transform(lambda w: (take(w * 1.0), w * w)[1])
    message = str(caught.value)
    assert "mg.stop_gradient" in message
    assert "mg.index_update" in message
    assert __file__ in [str(entry.path) for entry in caught.traceback][1:]


@pytest.mark.parametrize("take", [CUTS[name] for name in COVERED], ids=COVERED)
@pytest.mark.parametrize("f", [lambda f: f, mg.grad], ids=["function", "grad"])
def test_the_error_of_vmap_is_ours(f, take):
    with pytest.raises(errors.BatchedError, match="no single one") as caught:
        mg.vmap(f(lambda x: (take(x), x)[1]))(np.ones(3))
    for words in ("mg.stop_gradient(x) itself, without .item()", "mg.stack", "mg.index_update"):
        assert words in str(caught.value)


def test_stop_gradient_itself_is_a_constant_wherever_it_has_no_number():
    def f(x):
        return mg.stop_gradient(x) * x

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(mg.vmap(mg.grad(f))(x), x)
    np.testing.assert_array_equal(mg.grad(lambda x: np.sum(mg.vmap(f)(x)))(x), x)
    assert mg.compile(mg.grad(f))(3.0) == 3.0
    for transform in (lambda f: mg.vmap(f)(x), lambda f: mg.compile(f)(3.0)):
        with pytest.raises(TypeError, match=r"mg\.stop_gradient\(x\) itself, without \.item\(\)"):
            transform(lambda x: mg.stop_gradient(x).item() * x)


def test_an_error_that_a_user_raises_from_one_of_ours_is_the_users():
    def f(w):
        try:
            float(w)
        except errors.LeavesGraphError as error:
            raise ValueError("the user's") from error

    with pytest.raises(ValueError, match="the user's"):
        mg.grad(f)(3.0)


@pytest.mark.parametrize("name", ["float", "item", "data", "copy", "a[i] = t"])
def test_the_error_names_stop_gradient_which_is_a_remedy(name):
    error = error_of(errors.LeavesGraphError, mg.grad(lambda w: (TAKEN[name](w), w)[1]), 3.0)
    assert "mg.stop_gradient(t).item()" in str(error)


@pytest.mark.parametrize("take", ["item", "data", "numpy", "float", "deepcopy"])
def test_stop_gradient_lets_the_value_out(take):
    def f(w):
        return TAKEN[take](mg.stop_gradient(w)) * w * w

    assert np.asarray(mg.grad(f)(3.0)) == 18.0
    assert np.asarray(mg.grad(mg.grad(f))(3.0)) == 6.0
    assert np.asarray(mg.grad(lambda w: w.detach().item() * w)(3.0)) == 3.0


def test_no_grad_lets_the_value_out_too():
    def f(w):
        with mg.no_grad():
            scale = float(w) + w.item()
        return w * scale

    assert np.asarray(mg.grad(f)(3.0)) == 6.0


def test_a_parameter_from_outside_is_read_as_ever():
    w = leaf(2.0)
    assert np.asarray(mg.grad(lambda x: x * w.item() * w.data)(3.0)) == 4.0
    (warning,) = caught_from(lambda: mg.grad(lambda x: x * float(w))(3.0))
    assert warning.category is mg.GradientCutWarning


def test_a_transform_without_arrays_differentiates_nothing():
    w = leaf(2.0)
    assert np.asarray(mg.vjp(lambda p: w.item(), {})[0]) == 2.0


def test_what_is_printed_or_decided_inside_a_transform_is_free():
    def f(w):
        words = f"{w:.2f} {w} {w!r}"
        return w * 2 if w > 1 and words else w

    assert np.asarray(mg.grad(f)(3.0)) == 2.0


@pytest.mark.parametrize("name", TAKEN)
def test_an_example_of_a_batch_cannot_be_taken_out(name):
    if name in {"copy", "deepcopy", "object array"}:
        return  # a copy goes on being what it is
    with pytest.raises((errors.BatchedError, ValueError, TypeError)):
        mg.vmap(lambda x: (TAKEN[name](x), x)[1])(np.ones(3))
    with pytest.raises((errors.BatchedError, ValueError, TypeError)):
        mg.vmap(mg.grad(lambda x: (TAKEN[name](x), x)[1]))(np.ones(3))


@pytest.mark.parametrize("name", ["copy", "deepcopy"])
def test_a_copy_of_an_example_of_a_batch_keeps_its_derivatives(name):
    def total(x):
        return np.sum(mg.vmap(lambda row: TAKEN[name](row) * row)(x))

    np.testing.assert_allclose(mg.grad(total)(np.array([1.0, 2.0])), [2.0, 4.0])


@pytest.mark.parametrize("name", TAKEN)
def test_a_tracked_argument_of_a_compiled_function_cannot_be_taken_out(name):
    with pytest.raises((errors.LeavesGraphError, errors.TracingError)):
        mg.compile(lambda w: (TAKEN[name](w), w * w)[1])(leaf(2.0))


def test_what_the_package_reads_itself_runs_inside_transforms():
    x = np.array([[1.0, 2.0], [3.0, 5.0]])

    def f(x):
        probability = mg.softmax(x, axis=1)
        classes = mg.nn.losses.cross_entropy(x, np.array([0, 1]))
        return classes + np.median(probability) + np.quantile(x, 0.3) + np.interp(1.5, [1, 2], x[0])

    assert np.isfinite(np.asarray(mg.grad(f)(x))).all()
    assert np.isfinite(np.asarray(mg.hessian(f)(x))).all()


def in_a_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


IN_THREADS = ["item", "tolist", "numpy", "data", "copy", "pickle", "float", "math.exp"]


@pytest.mark.filterwarnings("ignore::micrograd_np.GradientCutWarning")
@pytest.mark.parametrize("take", [TAKEN[name] for name in IN_THREADS], ids=IN_THREADS)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_thread_that_a_transform_starts_cannot_take_it_out_either(transform, take):
    for f in (
        lambda w: (in_a_thread(take, w), w * w)[1],
        lambda w: (in_a_thread(take, w * 1.0), w * w)[1],
        lambda w: (in_a_thread(lambda: take(np.sin(w))), w * w)[1],
    ):
        with pytest.raises((errors.LeavesGraphError, errors.TracingError)):
            transform(f)


def test_a_thread_that_has_nothing_to_do_with_a_transform_is_free():
    w, old = leaf(2.0), leaf(3.0) * 2
    started, over = threading.Event(), threading.Event()

    def f(x):
        started.set()
        over.wait(20)
        return x * x

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(mg.grad(f), 3.0)
        started.wait(20)
        loss = np.sin(w) * old
        assert loss.item() == loss.data == float(loss.detach())
        assert old.item() == 6.0
        loss.backward()
        w.data -= 0.1
        over.set()
        assert running.result() == 6.0


# ---------------------------------------------------------------- requires_grad


def test_requires_grad_of_a_result_cannot_be_switched():
    y = leaf(2.0) * 3
    for flag in (False, True):
        with pytest.raises(errors.GraphError, match=r"t\.detach\(\)"):
            y.requires_grad = flag
    assert y.requires_grad


def test_requires_grad_of_a_leaf_can():
    w = leaf([1.0, 2.0])
    w.requires_grad = False
    assert not (w * 2).requires_grad
    w.requires_grad = True
    (w * w).sum().backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])
    y = Tensor(2.0) * 3  # untracked, so nobody's result
    y.requires_grad = True
    assert y.requires_grad


def test_integers_cannot_be_asked_for_gradients_later_either():
    count = Tensor([1, 2])
    with pytest.raises(errors.NotDifferentiableError, match="float"):
        count.requires_grad = True
    assert not count.requires_grad


# ---------------------------------------------------------------- augmented assignment

AUGMENTED = {
    "+": lambda t, x: t.__iadd__(x),
    "-": lambda t, x: t.__isub__(x),
    "*": lambda t, x: t.__imul__(x),
    "/": lambda t, x: t.__itruediv__(x),
    "**": lambda t, x: t.__ipow__(x),
    "@": lambda t, x: t.__imatmul__(x),
}


@pytest.mark.parametrize("symbol", AUGMENTED)
def test_an_array_in_a_graph_is_not_written_into(symbol):
    assign = AUGMENTED[symbol]
    x = np.eye(2) + 1
    with pytest.raises(errors.InPlaceError) as caught:
        assign(leaf(x) * 1, x)
    assert f"t = t {symbol} x" in str(caught.value)
    assert "mg.index_update" in str(caught.value)
    with pytest.raises(errors.InPlaceError):
        assign(Tensor(x), leaf(x))  # the constant would have to become a result
    with pytest.raises(errors.InPlaceError):
        mg.jacobian(lambda x: assign(x * 1, x))(x)
    with pytest.raises(errors.InPlaceError):
        mg.vmap(lambda x: assign(x, x))(np.stack([x, x]))
    with pytest.raises((errors.InPlaceError, errors.TracingError)):
        mg.compile(lambda t: assign(t * 1, x))(leaf(x))


def test_aliases_and_views_do_not_go_apart_silently():
    def through_a_view(x):
        y = x[:2]
        y *= -1
        return np.sum(x * x * x)

    def through_an_alias(x):
        h = x * 2
        k = h
        k += 10
        return np.sum(h)

    for f in (through_a_view, through_an_alias):
        with pytest.raises(errors.InPlaceError):
            mg.grad(f)(np.array([1.0, 2.0, 3.0]))


def test_single_numbers_are_replaced_as_numpys_are():
    w = leaf(2.0)
    total = before = Tensor(0.0)
    for x in (1.0, 2.0, 3.0):
        total += w * x
    total *= 2
    total.backward()
    assert (total.item(), before.item(), w.grad.item()) == (24.0, 0.0, 12.0)

    def f(x):
        total = x * 1
        total -= 3 * x
        total **= 2
        return total

    assert np.asarray(mg.grad(f)(3.0)) == 24.0
    np.testing.assert_allclose(mg.vmap(f)(np.array([1.0, 2.0])), [4.0, 16.0])


def test_constants_are_written_into_as_numpys_are():
    total = alias = Tensor([1.0, 2.0])
    total += np.ones(2)
    with mg.no_grad():
        total += leaf([10.0, 20.0])  # nothing is recorded, so the values are what there is
    assert alias is total
    assert alias.tolist() == [12.0, 23.0]


# ---------------------------------------------------------------- arrays that are more than numbers


class Metres(np.ndarray):
    """A subclass of ndarray with units, as unyt's: it takes the numbers of what meets it."""

    __array_priority__ = 2.0
    units = "m"

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        bare = [np.asarray(x) for x in inputs]
        return getattr(ufunc, method)(*bare, **options).view(Metres)

    def __array_function__(self, function, types, args, options):
        return NotImplemented


class Celsius(np.ndarray):
    """One as astropy's: it asks what meets it for its `unit`, and takes its `value`."""

    unit = "deg_C"

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        try:
            units = [getattr(x, "unit", None) for x in inputs]
            bare = [np.asarray(getattr(x, "value", x)) for x in inputs]
        except TypeError:
            return NotImplemented
        assert any(units)
        return getattr(ufunc, method)(*bare, **options).view(Celsius)


class Operated(np.ndarray):
    """One with operators of its own."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return NotImplemented


class Prior(np.ndarray):
    """One that asks for results of its class."""

    __array_priority__ = 1.0


VALUES = [[1.0, 2.0], [3.0, 4.0]]
STRANGE = {
    "masked": lambda: np.ma.masked_array(VALUES, mask=np.eye(2)),
    "matrix": lambda: np.array(VALUES).view(np.matrix),
    "units": lambda: np.array(VALUES).view(Metres),
    "own ufuncs": lambda: np.array(VALUES).view(Operated),
    "priority": lambda: np.array(VALUES).view(Prior),
    "objects": lambda: np.array(VALUES, dtype=object),
    "spans": lambda: np.array([[1, 2], [3, 4]], dtype="m8[s]"),
    "times": lambda: np.array([[1, 2], [3, 4]], dtype="M8[s]"),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("tracked", [True, False])
def test_no_operand_and_no_data_loses_its_meaning(strange, tracked):
    x, t = strange(), Tensor(np.ones((2, 2)), requires_grad=tracked)
    ways = [
        lambda: t * x,
        lambda: t + x,
        lambda: np.multiply(t, x),
        lambda: np.dot(t, x),
        lambda: np.where(True, t, x),
        lambda: np.concatenate([t, x]),
        lambda: t.dot(x),
        lambda: Tensor(x),
        lambda: mg.tensor(x),
        lambda: Tensor([x, x]),
        lambda: Tensor([np.ones((2, 2)), x]),
        lambda: Tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], x[1]]]),
        lambda: t * [np.ones((2, 2)), x],
        lambda: mg.asarray(x),
        lambda: mg.asarray(x, copy=True),
        lambda: mg.asarray([x, x]),
        lambda: mg.astype(x, float),
        lambda: mg.from_dlpack(x),
        lambda: mg.full((2, 2), x),
        lambda: mg.full_like(Tensor(np.ones((2, 2))), x),
        lambda: mg.ones_like(x),
        lambda: mg.exp(x),
        lambda: mg.add(x, x),
        lambda: mg.concat([x, x]),
        lambda: mg.concat([np.ones((2, 2)), x]),
        lambda: mg.sum(x, axis=0),
        lambda: mg.grad(np.sum)(x),
        lambda: mg.vmap(np.sum)(x),
        lambda: mg.compile(np.sum)(x),
        lambda: mg.index_update(t, 0, x[0]),
        lambda: setattr(Tensor(np.ones((2, 2))), "data", x),
        lambda: (t * 1.0).backward(x) if tracked else Tensor(x),
        lambda: mg.vjp(lambda t: t, np.ones((2, 2)))[1](x),
    ]
    for way in ways:
        with pytest.raises(TypeError):
            way()
    if tracked:
        for way in (lambda: x * t, lambda: np.multiply(x, t), lambda: x + t):
            with pytest.raises(TypeError):
                way()


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_the_error_says_what_to_write(strange):
    with pytest.raises(errors.MeaningLostError, match=r"\. Write "):
        leaf(np.ones((2, 2))) * strange()
    with pytest.raises(errors.MeaningLostError, match=r"\. Write "):
        Tensor(strange())


def test_the_error_can_be_sent_to_another_process():
    with pytest.raises(errors.MeaningLostError) as caught:
        Tensor(np.ma.masked_array(VALUES, mask=np.eye(2)))
    with pytest.raises(errors.LeavesGraphError) as other:
        np.asarray(leaf(1.0))
    for error in (caught.value, other.value):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own


def test_a_masked_entry_is_no_number():
    for given in ([1.0, np.ma.masked], [[1.0], [np.ma.masked]]):
        with pytest.raises(errors.MeaningLostError, match="mask"):
            Tensor(given)


def test_quantities_that_ask_for_a_unit_do_not_get_the_numbers_of_a_tracked_tensor():
    t, x = leaf([1.0, 2.0]), np.array([1.0, 2.0]).view(Celsius)
    for way in (lambda: x * t, lambda: t * x, lambda: np.multiply(x, t)):
        with pytest.raises(TypeError):
            way()
    assert not hasattr(Tensor(1.0), "unit")


@pytest.mark.parametrize(
    "time", [np.timedelta64(3, "s"), np.datetime64("2020-01-01"), dt.timedelta(1)]
)
def test_times_are_no_numbers(time):
    w = leaf([1.0, 2.0])
    for way in (lambda: w * time, lambda: time * w, lambda: w + time, lambda: Tensor(time)):
        with pytest.raises(TypeError):
            way()


NO_NUMBERS = {
    "where":       lambda t: np.where(t > 1, t, "a"),
    "labels":      lambda t: np.where(t > 1, "a", b"b"),
    "choose":      lambda t: np.choose([0, 1], [t, ["a", "b"]]),
    "concatenate": lambda t: np.concatenate([t, ["a", "b"]]),
    "append":      lambda t: np.append(t, "a"),
    "polynomial":  lambda t: np.dot(np.polynomial.Polynomial([1.0, 2.0]), t),
    "fractions":   lambda t: np.multiply(t, fractions.Fraction(1, 2)),
    "astype":      lambda t: t.astype(object),
    "text":        lambda t: np.astype(t, str),
    "times":       lambda t: np.zeros_like(t, dtype="M8[s]"),
    "full":        lambda t: mg.full(2, "a"),
    "ones":        lambda t: mg.ones_like(None),
    "arange":      lambda t: mg.arange(decimal.Decimal(3)),
    "strings":     lambda t: mg.add("a", "b"),
}  # fmt: skip


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_no_result_is_a_tensor_of_anything_but_numbers(name, tracked):
    t = Tensor([1.0, 2.0], requires_grad=tracked)
    with pytest.raises(errors.NotDifferentiableError, match="numbers, not dtype"):
        NO_NUMBERS[name](t)


def test_an_object_array_of_tensors_names_what_joins_them():
    w = leaf([1.0, 2.0])
    objects = filled_with_objects(*w)
    for way in (lambda: w * objects, lambda: objects * w, lambda: Tensor(objects)):
        with pytest.raises(errors.MeaningLostError, match=r"mg\.stack\(list\(x\)\)"):
            way()
    np.sum(objects * objects).backward()  # NumPy multiplies the Tensors themselves
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])


@pytest.mark.parametrize("kind", [np.recarray, np.memmap])
def test_a_subclass_that_asks_for_nothing_is_an_array(kind, tmp_path):
    x = np.array(VALUES)
    if kind is np.memmap:
        x = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=(2, 2))
        x[...] = VALUES
    t = leaf(np.ones((2, 2)))
    np.sum(t * x.view(kind)).backward()
    np.testing.assert_array_equal(t.grad, VALUES)
    swapped = np.array(VALUES).astype(">f8")  # the other byte order is numbers too
    np.testing.assert_array_equal((t * swapped).detach(), VALUES)
    np.testing.assert_array_equal((t * np.float16(2)).detach(), np.full((2, 2), 2.0))


class Quantity:
    """A wrapper of any array with a unit, as pint's."""

    __array_priority__ = 17

    def __init__(self, magnitude, units):
        self.magnitude, self.units = magnitude, units

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return self._done(getattr(ufunc, method), inputs, options)

    def __array_function__(self, function, types, args, options):
        return self._done(function, args, options)

    def _done(self, function, args, options):
        units = {x.units for x in args if isinstance(x, Quantity)}
        assert len(units) == 1
        bare = [x.magnitude if isinstance(x, Quantity) else x for x in args]
        return Quantity(function(*bare, **options), units.pop())

    def __rmul__(self, other):
        return Quantity(other * self.magnitude, self.units)

    def __add__(self, other):
        scale = {"m": 1.0, "km": 1000.0}
        factor = scale[other.units] / scale[self.units]
        return Quantity(self.magnitude + other.magnitude * factor, self.units)


def test_a_wrapper_with_units_wraps_the_tensor():
    w = leaf(2.0)
    km, m = Quantity(np.ones(2), "km"), Quantity(np.ones(2), "m")
    for total in (
        w * km + w * m,
        np.multiply(w, km) + np.multiply(w, m),
        np.dot(w, km) + np.dot(w, m),
    ):
        w.grad = None
        assert (type(total), total.units) == (Quantity, "km")
        np.testing.assert_allclose(total.magnitude.detach(), [2.002, 2.002])
        total.magnitude.sum().backward()
        np.testing.assert_allclose(w.grad, 2.002)
    for way in (lambda: Tensor(km), lambda: mg.grad(np.sum)(km), lambda: w.reshape(1).dot(km)):
        with pytest.raises(errors.MeaningLostError, match="units"):
            way()


class Labelled:
    """A wrapper with labels, as xarray's and pandas': ufuncs are its own, functions NumPy's."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        bare = [x.values if isinstance(x, Labelled) else x for x in inputs]
        return Labelled(getattr(ufunc, method)(*bare, **options))

    def __rmul__(self, other):
        return Labelled(other * self.values)


def test_a_wrapper_with_labels_wraps_the_tensor():
    w, x = leaf([1.0, 2.0]), Labelled(np.array([3.0, 4.0]))
    for out in (w * x, np.multiply(w, x), np.multiply(x, w)):
        w.grad = None
        assert type(out) is Labelled
        out.values.sum().backward()
        np.testing.assert_array_equal(w.grad, [3.0, 4.0])
    assert np.dot(w, x).item() == 11.0
    assert Tensor(x).tolist() == [3.0, 4.0]


def test_all_pairs_of_strange_arrays_in_a_list_are_refused():
    for one, other in combinations(STRANGE.values(), 2):
        with pytest.raises(TypeError):
            Tensor([one(), other()])


# ---------------------------------------------------------------- found by trying


@pytest.mark.parametrize(
    "write",
    [
        lambda b, v: np.add.at(b, [0, 0], v),
        lambda b, v: np.maximum.at(b, [0, 1], v),
        lambda b, v: np.copyto(b[:2], v),
        lambda b, v: np.put(b, [0, 1], v),
        lambda b, v: np.putmask(b[:2], [True, False], v),
    ],
)
def test_examples_of_a_batch_do_not_write_into_one_array(write):
    def written(v):
        b = np.zeros(3)
        write(b, v)
        return np.sum(b)

    with pytest.raises(TypeError, match=r"index_add|index_max|index_update|np\.where"):
        mg.vmap(written)(np.ones((2, 2)))


@pytest.mark.parametrize("kind", [np.asarray, Tensor, lambda x: Tensor(x, requires_grad=True)])
def test_single_numbers_are_replaced_whatever_they_are(kind):
    def f(x):
        total = x[0] * 1
        kept = total
        total += x[1]
        return total * kept

    x = kind(np.array([1.0, 2.0, 3.0]))
    with mg.no_grad():
        assert f(x).item() == 3.0
    assert f(x).item() == 3.0


@pytest.mark.parametrize("name", ["requires_grad", "data"])
def test_an_argument_of_a_transform_stays_as_it_is(name):
    def f(w):
        setattr(w, name, False if name == "requires_grad" else 5.0)
        return w * w

    with pytest.raises((mg.errors.GraphError, mg.errors.InPlaceError)):
        mg.grad(f)(3.0)
    with pytest.raises((mg.errors.GraphError, mg.errors.InPlaceError)):
        mg.jvp(f, [3.0], [1.0])


def test_a_function_may_train_leaves_of_its_own_inside_a_transform():
    def f(w):
        p = Tensor(1.0, requires_grad=True)
        for _ in range(3):
            p.grad = None
            ((p - 2.0) ** 2).backward()
            p.data -= 0.25 * p.grad
        return w * p.item()

    expected = f(Tensor(1.0)).item()
    np.testing.assert_allclose(mg.grad(f)(3.0), expected)
