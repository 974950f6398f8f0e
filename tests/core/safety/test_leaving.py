"""Values that leave the graph: each way is silent and meant, gives a warning, or is refused."""

import array
import cmath
import copy
import io
import math
import pickle
import statistics
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from math import exp

import numpy as np
import pytest
from folding import each
from leaves import filled_with_objects, leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors


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


@pytest.mark.parametrize("way", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("t", [leaf(2.0), leaf(1.0) * 2], ids=["leaf", "result"])
def test_a_number_that_python_makes_by_itself_warns_on_the_users_line(way, t):
    caught = caught_from(way, t)
    assert [w.category for w in caught] == [mg.GradientCutWarning]
    assert caught[0].filename == __file__
    for remedy in ("t.item()", "t.data", "Write "):
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


def test_the_warning_comes_once_for_each_expression():
    def twice(w):
        first = [w * math.sin(w) + w * math.exp(w) for _ in range(3)]
        return first, float(w)

    globals().pop("__warningregistry__", None)
    caught = caught_from(lambda: [twice(leaf(2.0)) for _ in range(3)])
    assert len(caught) == 3
    lines = [warning.lineno - caught[0].lineno for warning in caught]
    assert lines == [0, 0, 1]


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
        with pytest.raises(errors.LeavesGraphError, match=r"mg\.tensor"):
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
    assert "Write " in message or "mg.stack" in message
    assert __file__ in [str(entry.path) for entry in caught.traceback][1:]


@pytest.mark.parametrize("take", [CUTS[name] for name in COVERED], ids=COVERED)
@pytest.mark.parametrize("f", [lambda f: f, mg.grad], ids=["function", "grad"])
def test_the_error_of_vmap_is_ours(f, take):
    with pytest.raises(errors.BatchedError, match="no single one") as caught:
        mg.vmap(f(lambda x: (take(x), x)[1]))(np.ones(3))
    assert "Write " in str(caught.value) or "mg.stack" in str(caught.value)


def test_stop_gradient_itself_is_a_constant_wherever_it_has_no_number():
    def f(x):
        return mg.stop_gradient(x) * x

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(mg.vmap(mg.grad(f))(x), x)
    np.testing.assert_array_equal(mg.grad(lambda x: np.sum(mg.vmap(f)(x)))(x), x)
    assert mg.compile(mg.grad(f))(3.0) == 3.0
    for transform in (lambda f: mg.vmap(f)(x), lambda f: mg.compile(f)(3.0)):
        with pytest.raises(TypeError, match=r"mg\.stop_gradient\(x\)` itself, without \.item\(\)"):
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
