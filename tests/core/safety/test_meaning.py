"""Arrays that are more than numbers are refused, or left to those who know what they mean."""

import datetime as dt
import decimal
import fractions
import pickle
from itertools import combinations

import numpy as np
import pytest
from leaves import filled_with_objects, leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors


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
