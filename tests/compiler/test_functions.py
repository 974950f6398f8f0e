"""Functions of all kinds, compiled, and what they find outside of themselves."""

import contextlib
import copy
from types import SimpleNamespace

import numpy as np
import pytest
from compiled_functions import FROM_OUTSIDE, VECTOR, X, assert_compiled
from interpreted import Interpreted, assert_identical
from numpy.testing import assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor, nn
from micrograd_np.core import tree
from micrograd_np.errors import RuleError, TracingError

# ---------------------------------------------------------------- what is from outside

CONSTANTS = np.array([1.0, 2.0, 3.0])
POINT = np.array(1.0)
KEPT = {
    "array": lambda: CONSTANTS,
    "view": lambda view=CONSTANTS[1:]: view,
    "no axes": lambda: POINT,
    "in a dict": lambda: {"c": CONSTANTS},
    "Tensor": lambda: FROM_OUTSIDE["Tensor"],
}
WITH_AUX = {
    "grad": lambda f: lambda x: mg.grad(f, has_aux=True)(x)[1],
    "value_and_grad": lambda f: lambda x: mg.value_and_grad(f, has_aux=True)(x)[0][1],
    "vjp": lambda f: lambda x: mg.vjp(f, x, has_aux=True)[2],
    "jvp": lambda f: lambda x: mg.jvp(f, [x], [x], has_aux=True)[2],
    "jacobian": lambda f: lambda x: mg.jacobian(f, has_aux=True)(x)[1],
    "elementwise_grad": lambda f: lambda x: mg.elementwise_grad(f, has_aux=True)(x[0])[1],
    "hvp": lambda f: lambda x: mg.hvp(f, x, x, has_aux=True)[1],
}


@pytest.mark.parametrize("found", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("transform", WITH_AUX.values(), ids=WITH_AUX)
def test_aux_from_outside_stays_itself(transform, found):
    f = transform(lambda x: (x * x if x.ndim == 0 else np.sum(x * x), found()))
    compiled = mg.compile(f)
    for _ in range(3):
        for one, other in zip(tree.leaves(compiled(VECTOR)), tree.leaves(f(VECTOR)), strict=True):
            assert one is other


def test_an_array_that_the_function_makes_is_new_at_every_call():
    compiled = mg.compile(lambda x: (x, np.ones(2), CONSTANTS.copy()))
    first, second = compiled(VECTOR), compiled(VECTOR)
    for i in (1, 2):
        first[i][...] = -1
        assert second[i][0] == 1.0


def test_an_array_from_outside_that_is_another_now_is_that_other():
    box = SimpleNamespace(kept=np.ones(2))
    compiled = mg.compile(mg.grad(lambda x: (np.sum(x), box.kept), has_aux=True))
    assert compiled(VECTOR)[1] is box.kept
    box.kept[0] = 5.0
    assert compiled(VECTOR)[1] is box.kept
    box.kept = np.zeros(2)
    assert compiled(VECTOR)[1] is box.kept


class Buffered(nn.Module):
    def __init__(self, buffer):
        self.buffer = buffer

    def forward(self, x):
        return x * 2


def test_an_array_of_an_argument_is_that_of_the_argument_of_the_call():
    def f(x, module):
        return np.sum(module(x)), module.buffer

    compiled = mg.compile(mg.grad(f, has_aux=True))
    for _ in range(2):
        for module in (Buffered(np.ones(2)), Buffered(np.ones(2))):
            assert compiled(VECTOR, module)[1] is module.buffer


# ---------------------------------------------------------------- functions of all kinds


def test_ops_of_your_own():
    @mg.primitive(partials=[lambda out, x: 3 * x**2])
    def cube(x):
        return x**3

    @mg.primitive(vjp=lambda g, out, x, y: (g * y, g * x))
    def times(x, y):
        return np.array([float(a) * float(b) for a, b in zip(x, y, strict=True)])

    assert_compiled(lambda x: cube(x) + 1, VECTOR)
    assert_compiled(
        mg.grad(lambda x: np.sum(cube(x) * times(x, x + 1))), VECTOR, others=(VECTOR + 1,)
    )


def test_ops_of_your_own_close_over_nothing_that_is_traced():
    def f(x):
        scaled = mg.primitive(lambda y: y * x, partials=[lambda out, y: x])
        return scaled(np.ones(3) + x)

    with pytest.raises(RuleError, match="Make that Tensor an argument"):
        mg.compile(f)(VECTOR)


def test_functions_without_a_derivative():
    special = pytest.importorskip("scipy.special")

    def f(x):
        y = np.abs(x)
        return (
            np.histogram(x, bins=4)[0], np.add.reduceat(x, [0, 1]), np.multiply.outer(x, x),
            np.maximum.accumulate(x), np.bitwise_xor.reduce(x.astype(int)), special.gamma(y),
            np.partition(x, 1), np.ptp(x), np.median(x), np.floor(x), np.argsort(x),
            np.array_equal(x, y), np.minimum.reduce(x), np.logaddexp.reduce(x),
        )  # fmt: skip

    assert_compiled(f, VECTOR, others=(np.abs(VECTOR),))


def test_options_that_only_arrays_take():
    mask = np.array([True, False, True])

    def f(x):
        y = np.sqrt(x, where=mask, dtype=np.float64)
        return (
            np.where(mask, y, 0),
            np.sum(x, where=x > 0),
            np.multiply(x, 2, dtype=np.float32, casting="same_kind"),
        )

    with (
        pytest.warns(UserWarning, match="where")
        if np.lib.NumpyVersion(np.__version__) >= "2.4.0"
        else contextlib.nullcontext()
    ):
        assert_compiled(f, np.abs(VECTOR))


def test_numpys_functions_of_functions_are_traced_through():
    y = VECTOR * 2
    assert_compiled(lambda x, y: np.apply_along_axis(lambda row: row * y + row.sum(), 1, x), X, y)
    assert_compiled(lambda x: np.apply_along_axis(np.sum, 0, x), X, others=(X + 1,))


def test_methods_of_arrays():
    def f(x):
        return (
            x.trace(), x.dot(x.T), x.clip(-1, 1), x.std(axis=0, ddof=1), x.round(1), x.argmax(1),
            x.take([0, 2], axis=1), x.repeat(2, axis=0), x.flatten(), x.cumsum(), x.any(),
            x.swapaxes(0, 1),
            x.conj(), x.real, x.imag, x.mT, x.astype(int), x.max(), x.prod(axis=0),
        )  # fmt: skip

    assert_compiled(f, X, others=(X + 1,))
    assert_compiled(f, Tensor(X), others=(Tensor(X + 1),))


def test_full_like_takes_a_value_of_the_call():
    assert_compiled(lambda x: np.full_like(x, x[0]), VECTOR, others=(VECTOR + 1,))
    assert_compiled(lambda x: np.full_like(x, fill_value=x[0]), VECTOR, others=(VECTOR + 1,))


def test_shapes_and_dtypes_are_known():
    def f(x):
        rows, columns = x.shape
        kinds = np.ones(x.size, x.dtype), np.zeros_like(x), np.result_type(x, np.float32)
        return x.reshape(columns, rows) / len(x), kinds[0], kinds[1], x.ndim, np.shape(x)[0]

    assert_compiled(f, X)


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.3.0", reason="np.power was not x ** y before NumPy 2.3"
)
def test_powers_are_those_of_python():
    """The root `x ** 0.5` is not quite a power."""
    x = np.array([-np.inf, -2.0, -0.0, 0.0, 1e-310, 0.3, np.inf, np.nan])
    values = [x, x.astype(np.float32), np.abs(x) + 1j, np.arange(1, 5), np.float64(0.7)]
    for y in values:
        for power in (2, 2.0, 0.5, -1.0, 1, 0, 3, np.float64(0.5), np.array(2.0)):
            traced = Interpreted(lambda x, power=power: x**power, [y])
            with np.errstate(all="ignore"):
                assert_identical(traced(y), y**power)


def test_single_numbers_are_computed_by_python():
    """Products of complex scalars round otherwise than those of arrays."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        z, w = (complex(*rng.normal(size=2)) for _ in range(2))
        args = [np.complex128(z), np.complex128(w)]
        for f in (
            lambda z, w: z * w,
            lambda z, w: z / w,
            lambda z, w: z**w,
            lambda z, w: abs(z * w),
        ):
            assert_identical(Interpreted(f, args)(*args), f(*args))


def test_copies_of_a_stand_in():
    assert_compiled(lambda x: copy.deepcopy([x, x + 1]), VECTOR)
    assert_compiled(lambda x: copy.copy(x) * 2, VECTOR)


# ---------------------------------------------------------------- found by using it


def test_the_gradient_draws_what_the_value_drew():
    def loss(x, rng):
        return np.sum(np.where(rng.random(x.shape) < 0.5, x**2, 0))

    x = np.arange(1.0, 7.0)
    for compiled in (mg.compile(loss), loss):
        mg.value_and_grad(compiled)(x, np.random.default_rng(3))
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(3):
        value, gradient = mg.value_and_grad(mg.compile(loss))(x, ours)
        expected, slope = mg.value_and_grad(loss)(x, theirs)
        assert float(value) == float(expected)
        assert_array_equal(gradient, slope)
    assert ours.random() == theirs.random()
    w = Tensor(x, requires_grad=True)
    out = mg.compile(loss)(w, np.random.default_rng(5))
    for _ in range(2):
        w.grad = None
        out.backward()
        assert_array_equal(w.grad, mg.grad(loss)(x, np.random.default_rng(5)))


def test_an_error_that_is_caught_is_raised_all_the_same():
    def f(x):
        try:
            return x * float(x[0])
        except TypeError:
            return -x

    with pytest.raises(TracingError, match=r"float\(x\[0\]\)"):
        mg.compile(f)(np.array([2.0, 3.0]))


def test_a_number_that_is_looked_up_raises():
    for f in (lambda x, n: x if n in {2, 3} else -x, lambda x, n: {2: x}[n]):
        with pytest.raises(TracingError):
            mg.compile(f)(np.ones(2), 2)


def test_a_function_may_be_called_like_one_of_numpys(tmp_path):
    def add(x, y):
        return np.add(x, y) * 3

    compiled = mg.compile(add)
    compiled(np.ones(2), np.ones(2))
    compiled.save(tmp_path / "saved.py")
    scope = {}
    exec((tmp_path / "saved.py").read_text(), scope)  # noqa: S102 - what we have just written
    assert_array_equal(scope["add"](np.ones(2), np.ones(2))[0], [6.0, 6.0])


def test_an_error_of_numpys_at_a_later_call_is_numpys():
    compiled = mg.compile(lambda x, s: x * s)
    x = np.array([1, 2], np.int8)
    compiled(x, 3)
    with pytest.raises(OverflowError, match="300"):
        compiled(x, 300)


@pytest.mark.parametrize("setting", ["static_argnums", "donate_argnums"])
def test_positions_beyond_the_arguments_are_refused(setting):
    with pytest.raises(ValueError, match=rf"{setting}=7 does not name arguments .* \(x, y\)"):
        mg.compile(lambda x, y: x + y, **{setting: 7})
