"""What transforms return: arrays for arrays, Tensors where a Tensor was given or a history remains.

Every transform is called on every kind of argument, as it is and compiled by both back ends, and
what comes out is compared with the table of kinds that the documentation gives.
"""

import json
from collections import namedtuple

import numpy as np
import pytest
from strict_array import DeviceArray, StrictArray

import micrograd_np as mg
from micrograd_np import Tensor, nn
from micrograd_np.core import tree as trees

Pair = namedtuple("Pair", "first second")  # noqa: PYI024 - a plain one is what is tested
N = 3


def loss(tree):
    """One number of a tree, with a second derivative everywhere."""
    return sum(np.sum(np.sin(x) * x * np.conj(x)).real for x in trees.leaves(tree))


def each(tree):
    """A tree like the argument."""
    return trees.map(lambda x: np.tanh(x) * 2, tree)


def ones(tree):
    return trees.map(lambda x: np.ones_like(x)[()], tree)


def pulled(x):
    value, pull = mg.vjp(each, x)
    return value, pull(value)[0]


def mapped_linearly(x):
    value, push = mg.linearize(each, x)
    return value, push(x)


DERIVATIVES = {  # as functions of one tree
    "grad": mg.grad(loss),
    "value_and_grad": mg.value_and_grad(loss),
    "grad with aux": mg.grad(lambda x: (loss(x), each(x)), has_aux=True),
    "value_and_grad with aux": mg.value_and_grad(lambda x: (loss(x), each(x)), has_aux=True),
    "vjp": pulled,
    "vjp with aux": lambda x: mg.vjp(lambda x: (loss(x), each(x)), x, has_aux=True)[::2],
    "jvp": lambda x: mg.jvp(each, [x], [x]),
    "linearize": mapped_linearly,
    "jacobian": mg.jacobian(each),
    "forward jacobian": mg.jacobian(each, mode="forward"),
    "hessian": mg.hessian(loss),
    "hvp": lambda x: mg.hvp(loss, [x], [x]),
    "grad of grad": mg.grad(lambda x: loss(mg.grad(loss)(x))),
}
ARRAY = np.linspace(0.5, 1.5, N)
PLAIN = {
    "float": 0.5,
    "float64": np.float64(0.5),
    "float32": np.float32(0.5),
    "0-d": np.array(0.5),
    "vector": ARRAY,
    "float32 vector": ARRAY.astype(np.float32),
    "transposed": np.linspace(1, 2, 6).reshape(2, 3).T,
    "empty": np.zeros((0, 2)),
    "dict": {"w": ARRAY, "b": 0.5},
    "list": [ARRAY, None, np.array(2.0)],
    "tuple": (0.5, np.float32(0.25)),
    "namedtuple": Pair(ARRAY, np.float64(1.0)),
}
TENSORS = {
    "constant": lambda: Tensor(ARRAY),
    "constant number": lambda: Tensor(0.5),
    "tracked": lambda: Tensor(ARRAY, requires_grad=True),
    "computed": lambda: Tensor(ARRAY, requires_grad=True) * 2,
    "mixed": lambda: {"w": Tensor(ARRAY), "b": 0.5, "c": ARRAY},
}

derivatives = pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)


def kind(x):
    """What a leaf is: its class, shape and dtype; of a Tensor also whether it has a history."""
    return type(x), np.shape(x), np.result_type(x), getattr(x, "requires_grad", None)


def kinds(tree):
    return [(path, *kind(x)) for path, x in trees.paths(tree)]


def values(tree):
    return [x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in trees.leaves(tree)]


def assert_same(found, expected):
    assert kinds(found) == kinds(expected)
    for one, other in zip(values(found), values(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def assert_fresh(found, *given):
    """Arrays that may be written to, and share no memory with the arguments or each other."""
    arrays = [x for x in trees.leaves(found) if isinstance(x, np.ndarray)]
    others = [x for x in trees.leaves(given) if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        assert type(x) is np.ndarray
        assert x.flags.writeable
        assert not any(np.shares_memory(x, y) for y in (*arrays[:i], *others))


# ---------------------------------------------------------------- the table


@derivatives
@pytest.mark.parametrize("given", PLAIN.values(), ids=PLAIN)
def test_arrays_in_arrays_out(derivative, given):
    found = derivative(given)
    assert all(type(x) is np.ndarray or isinstance(x, np.generic) for x in trees.leaves(found))
    assert_fresh(found, given)
    with mg.no_grad():
        assert_same(derivative(given), found)


@pytest.mark.parametrize("given", PLAIN.values(), ids=PLAIN)
def test_a_derivative_is_of_the_kind_of_its_argument(given):
    expected = [
        (path, type(np.float64(x) if type(x) is float else x), np.shape(x), np.asarray(x).dtype)
        for path, x in trees.paths(given)
    ]
    found = [mg.grad(loss)(given), mg.value_and_grad(loss)(given)[1], pulled(given)[1]]
    found += [DERIVATIVES["hvp"](given), DERIVATIVES["grad of grad"](given)]
    assert [[k[:4] for k in kinds(x)] for x in found] == [expected] * 5


def test_single_numbers_are_numpys_and_arrays_of_no_axes_stay_arrays():
    assert type(mg.grad(np.sin)(3.0)) is np.float64
    assert type(mg.value_and_grad(np.sum)(ARRAY)[0]) is np.float64
    assert type(mg.value_and_grad(np.sum)(ARRAY.astype(np.float32))[0]) is np.float32
    assert type(mg.grad(lambda z: np.abs(z) ** 2)(1 + 2j)) is np.complex128
    assert type(mg.vjp(lambda x: x, 3.0)[0]) is np.float64
    assert type(mg.vjp(lambda x: x, np.array(3.0))[0]) is np.ndarray
    assert type(mg.vjp(lambda x: (3.0, np.array(2.0), x), 1.0)[0][0]) is np.float64
    assert type(mg.vjp(lambda x: (3.0, np.array(2.0), x), 1.0)[0][1]) is np.ndarray
    assert type(mg.jacobian(np.sin)(np.array(3.0))) is np.ndarray
    assert type(mg.hessian(lambda x: x**3)(3.0)) is np.float64
    assert type(mg.vmap(lambda x: np.float64(2.0), out_axes=None)(ARRAY)) is np.float64


@derivatives
@pytest.mark.parametrize("make", TENSORS.values(), ids=TENSORS)
def test_a_tensor_among_the_arguments_makes_all_results_tensors(derivative, make):
    found = derivative(make())
    assert all(type(x) is Tensor for x in trees.leaves(found))
    plain = trees.map(lambda x: x.numpy() if isinstance(x, Tensor) else x, make())
    for one, other in zip(values(found), values(derivative(plain)), strict=True):
        np.testing.assert_allclose(one, other)
    with mg.no_grad():
        assert all(type(x) is Tensor for x in trees.leaves(derivative(make())))


@pytest.mark.parametrize("where", ["second", "keyword", "inside a dict", "in a module"])
def test_any_argument_counts(where):
    def f(x, *others, **more):
        return np.sum(x)

    args = {
        "second": ([Tensor(1.0)], {}),
        "keyword": ([], {"scale": Tensor(1.0)}),
        "inside a dict": ([{"deep": [None, (Tensor(1.0),)]}], {}),
        "in a module": ([nn.Linear(2, 1, rng=np.random.default_rng(0))], {}),
    }
    more, keywords = args[where]
    assert type(mg.grad(f)(ARRAY, *more, **keywords)) is Tensor
    assert type(mg.jacobian(f)(ARRAY, *more, **keywords)) is Tensor
    assert type(mg.grad(f)(ARRAY, 1.0, {"deep": [None]}, scale="large")) is np.ndarray


def test_arguments_that_hold_themselves_are_looked_through_once():
    endless = [1.0]
    endless.append(endless)
    assert type(mg.grad(lambda x, other: x * other[0])(2.0, endless)) is np.float64
    endless.append(Tensor(1.0))
    assert type(mg.grad(lambda x, other: x * other[0])(2.0, endless)) is Tensor


def test_a_cotangent_or_a_tangent_counts_as_an_argument():
    value, pull = mg.vjp(np.sin, ARRAY)
    _, push = mg.linearize(np.sin, ARRAY)
    assert type(value) is type(pull(ARRAY)[0]) is type(push(ARRAY)) is np.ndarray
    assert type(pull(Tensor(ARRAY))[0]) is type(push(Tensor(ARRAY))) is Tensor
    assert {type(x) for x in mg.jvp(np.sin, [ARRAY], [Tensor(ARRAY)])} == {Tensor}
    assert type(mg.vjp(np.sin, Tensor(ARRAY))[1](ARRAY)[0]) is Tensor


def test_a_module_gives_a_module_of_tensors():
    model = nn.Linear(N, 1, rng=np.random.default_rng(0))
    value, gradient = mg.value_and_grad(lambda m: np.sum(m(ARRAY) ** 2))(model)
    assert type(gradient) is nn.Linear
    assert {type(x) for x in (value, *trees.leaves(gradient))} == {Tensor}


# ---------------------------------------------------------------- histories


def test_a_result_with_a_history_is_a_tensor_and_so_are_the_others():
    w = Tensor(2.0, requires_grad=True)
    value, gradient = mg.value_and_grad(lambda x: x * 3 + w)(5.0)
    assert (type(value), value.requires_grad) == (Tensor, True)
    assert (type(gradient), gradient.requires_grad) == (Tensor, False)
    assert type(mg.grad(lambda x: x * 3 + w)(5.0)) is np.float64  # which does not depend on w
    slope = mg.grad(lambda x: x**2 * w)(5.0)
    slope.backward()
    assert (type(slope), slope.item(), w.grad.item()) == (Tensor, 20.0, 10.0)
    with mg.no_grad():
        assert type(mg.grad(lambda x: x**2 * w)(5.0)) is np.float64


def test_a_history_that_leads_to_finished_runs_only_is_none():
    """The derivative of a pullback, in its cotangent, is a constant and not a part of a graph."""
    _, pull = mg.vjp(lambda x: x**2 * 3, 1.0)
    found = mg.grad(lambda w: pull(w)[0])(1.0)
    assert (type(found), found) == (np.float64, 6.0)
    _, push = mg.linearize(lambda x: x**2 * 3, 1.0)
    found = mg.grad(push)(1.0)
    assert (type(found), found) == (np.float64, 6.0)
    w = Tensor(2.0, requires_grad=True)
    pulled = mg.vjp(lambda x: x**3, Tensor(2.0))[1](w)[0]
    assert reached(pulled) == [w]
    pulled.backward()
    assert w.grad == 12.0


def test_derivatives_of_inner_derivatives_are_plain():
    """Inner runs leave nothing behind that an outer one takes for a history of its own."""
    found = [
        mg.grad(lambda w: mg.vjp(lambda x: x * x * w, w)[1](1.0)[0])(2.0),  # d(2w²)/dw
        mg.grad(lambda w: mg.vjp(lambda x: x * x * w, 3.0)[1](1.0)[0])(2.0),
        mg.grad(lambda w: mg.grad(lambda x: x**2 * w)(3.0))(2.0),
        mg.grad(lambda w: mg.value_and_grad(lambda x: x * w)(3.0)[0])(2.0),
        mg.grad(lambda w: mg.jvp(lambda x: x**2 * w, [3.0], [1.0])[1])(2.0),
        mg.grad(lambda w: mg.linearize(lambda x: x**2 * w, 3.0)[1](1.0))(2.0),
        mg.grad(lambda w: mg.jacobian(lambda x: x**2 * w)(3.0))(2.0),
        mg.jvp(lambda w: mg.grad(lambda x: x**2 * w)(3.0), [2.0], [1.0])[1],
        mg.grad(lambda w: mg.checkpoint(lambda x: x**2 * w)(3.0))(2.0),
        mg.grad(lambda w: mg.grad(mg.checkpoint(lambda x: x**2 * w))(3.0))(2.0),
        mg.grad(lambda w: mg.grad(mg.compile(lambda x: x**2 * w))(3.0))(2.0),
    ]
    assert found == [8.0, 6.0, 6.0, 3.0, 6.0, 6.0, 6.0, 6.0, 9.0, 6.0, 6.0]
    assert {type(x) for x in found} == {np.float64}


def reached(t):
    """The leaves of a graph."""
    ahead, leaves = [t], []
    while ahead:
        node = ahead.pop()
        tracked = [x for x in node.inputs if getattr(x, "requires_grad", False)]
        leaves += [] if tracked else [node]
        ahead += tracked
    return list(dict.fromkeys(leaves))


def contraction(x, a):
    return a * np.cos(x)


def iterated(step, x):
    for _ in range(100):
        x = step(x)
    return x


def rule_of_fixed_points(g, x, a):
    """The cotangent of `a`, from the equation that the cotangent of the fixed point satisfies."""
    _, pull_to_x = mg.vjp(lambda x: contraction(x, a), x)
    adjoint = iterated(lambda u: g + pull_to_x(u)[0], g)
    return mg.vjp(lambda a: contraction(x, a), a)[1](adjoint)[0]


def test_derivatives_of_a_fixed_point_by_a_rule_that_is_written_with_vjp():
    """The implicit function theorem: x = a cos x, so x' = cos x / (1 + a sin x)."""
    fixed = mg.primitive(
        lambda a: iterated(lambda x: contraction(x, a), np.zeros_like(a)),
        vjp=rule_of_fixed_points,
        name="fixed",
    )
    a = 0.6
    x = iterated(lambda x: contraction(x, a), 0.0)
    below = 1 + a * np.sin(x)
    slope = np.cos(x) / below
    curvature = -slope * (2 * np.sin(x) + a * np.cos(x) * slope) / below
    np.testing.assert_allclose(mg.grad(fixed)(a), slope, rtol=1e-12)
    np.testing.assert_allclose(mg.jvp(fixed, [a], [1.0])[1], slope, rtol=1e-12)
    for found in (
        mg.grad(mg.grad(fixed))(a),
        mg.hessian(fixed)(a),
        mg.hessian(fixed, mode="reverse")(a),
        mg.hvp(fixed, [a], [1.0]),
        mg.vmap(mg.grad(mg.grad(fixed)))(np.array([a, a]))[1],
        mg.compile(mg.grad(mg.grad(fixed)))(a),
    ):
        np.testing.assert_allclose(found, curvature, rtol=1e-10)
    w = Tensor(a, requires_grad=True)
    mg.grad(fixed)(w).backward()
    np.testing.assert_allclose(w.grad, curvature, rtol=1e-10)


PULLED = {  # functions of one number, each with its derivative
    "ops": (lambda x: np.sin(x) * x, lambda x: np.cos(x) * x + np.sin(x)),
    "checkpoint": (mg.checkpoint(lambda x: x**3), lambda x: 3 * x**2),
    "compiled": (mg.compile(lambda x: x**3), lambda x: 3 * x**2),
    "derivative": (mg.grad(lambda x: x**3), lambda x: 6 * x),
    "several results": (lambda x: np.sum(np.split(x * np.ones(2), 2)[0] ** 2), lambda x: 2 * x),
}


@pytest.mark.parametrize(("f", "slope"), PULLED.values(), ids=PULLED)
def test_pullbacks_and_linear_maps_are_differentiated_themselves(f, slope):
    """In what they carry, in the point they were taken at, and in both."""
    x, w, step = 0.7, 1.3, 1e-6
    curvature = (slope(x + step) - slope(x - step)) / (2 * step)
    for carried in (lambda x, w: mg.vjp(f, x)[1](w)[0], lambda x, w: mg.linearize(f, x)[1](w)):
        by_both = mg.grad(lambda x, w, carried=carried: carried(x, w) ** 2, (0, 1))(x, w)
        right = 2 * w**2 * slope(x) * curvature, 2 * w * slope(x) ** 2
        np.testing.assert_allclose(by_both, right, rtol=1e-7)
        in_w = mg.grad(lambda w, carried=carried: carried(x, w) ** 2)(w)
        np.testing.assert_allclose(in_w, right[1], rtol=1e-12)
        assert type(in_w) is np.float64
    _, pull = mg.vjp(f, x)  # made once, used in many
    _, push = mg.linearize(f, x)
    for linear in (lambda w: pull(w)[0], push):
        assert type(mg.grad(linear)(w)) is np.float64
        np.testing.assert_allclose(mg.grad(lambda w, g=linear: g(w) ** 2)(w), right[1], rtol=1e-12)
        np.testing.assert_allclose(mg.jvp(linear, [w], [2.0])[1], 2 * slope(x), rtol=1e-12)


# ---------------------------------------------------------------- fresh arrays


def test_results_share_no_memory_with_what_a_pullback_holds():
    x = ARRAY.copy()
    value, pull = mg.vjp(np.exp, x)
    expected = pull(ARRAY)[0]
    value *= 0  # exp's derivative is its value
    x *= 0
    pull(ARRAY)[0][:] = 7
    np.testing.assert_array_equal(pull(ARRAY)[0], expected)
    value, push = mg.linearize(np.exp, ARRAY)
    expected = push(ARRAY)
    value *= 0
    np.testing.assert_array_equal(push(ARRAY), expected)


def test_results_share_no_memory_with_each_other_or_with_what_the_function_holds():
    held = ARRAY.copy()
    cotangent = ARRAY.copy()
    found = mg.vjp(lambda x: (x, x, held, x[::-1]), ARRAY)[0]
    assert_fresh(found, held, ARRAY)
    found = mg.vjp(lambda x, y: x + y, ARRAY, ARRAY)[1](cotangent)
    assert_fresh(found, cotangent, ARRAY)
    assert_fresh(mg.grad(lambda x: np.sum(x * held))(ARRAY), held, ARRAY)
    assert_fresh(mg.vmap(lambda x: (x, x, held, x * 2, x.T), out_axes=0)(ARRAY), held, ARRAY)
    assert_fresh(mg.jacobian(lambda x: (x, x))(ARRAY))
    assert_fresh(mg.grad(lambda x: (np.sum(x), (x, x)), has_aux=True)(ARRAY), ARRAY)


def test_auxiliary_objects_from_outside_keep_their_identity():
    settings, array, constant = object(), ARRAY.copy(), Tensor(ARRAY)

    def f(x):
        return np.sum(x), {"settings": settings, "array": array, "t": constant, "own": x * 2}

    for found in (
        mg.grad(f, has_aux=True)(ARRAY)[1],
        mg.value_and_grad(f, has_aux=True)(ARRAY)[0][1],
        mg.vjp(f, ARRAY, has_aux=True)[2],
        mg.jvp(f, [ARRAY], [ARRAY], has_aux=True)[2],
        mg.linearize(f, ARRAY, has_aux=True)[2],
        mg.jacobian(f, has_aux=True)(ARRAY)[1],
        mg.hessian(f, has_aux=True)(ARRAY)[1],
        mg.hvp(f, [ARRAY], [ARRAY], has_aux=True)[1],
    ):
        assert found["settings"] is settings
        assert found["array"] is array
        assert found["t"] is constant
        assert type(found["own"]) is np.ndarray


# ---------------------------------------------------------------- vmap and checkpoint


def test_vmap_of_arrays_gives_arrays():
    matrix = np.arange(6.0).reshape(2, 3)
    weight = Tensor(ARRAY)
    for found in (
        mg.vmap(np.sin)(matrix),
        mg.vmap(lambda x: x @ weight)(matrix),  # a constant that it closes over is no argument
        mg.vmap(mg.grad(loss))(matrix),
        mg.vmap(mg.vmap(lambda x: x * 2))(matrix),
        mg.vmap(lambda x: 2.0)(matrix),
        mg.vmap(lambda x: x, 1, 1)(matrix),
        mg.vmap(lambda x, scale: x * scale["by"], in_axes=(0, None))(matrix, {"by": 2.0}),
    ):
        assert_fresh(found, matrix)
        assert type(found) is np.ndarray


def test_vmap_with_a_tensor_gives_tensors():
    matrix = np.arange(6.0).reshape(2, 3)
    w = Tensor(ARRAY, requires_grad=True)
    for found in (
        mg.vmap(np.sin)(Tensor(matrix)),
        mg.vmap(lambda x, y: x, in_axes=(0, None))(matrix, Tensor(1.0)),
        mg.vmap(lambda x: (x, x @ w))(matrix),
        mg.vmap(lambda x, scale: x)(matrix, scale=Tensor([1.0, 2.0])),
    ):
        assert {type(x) for x in trees.leaves(found)} == {Tensor}
    with mg.no_grad():
        assert type(mg.vmap(lambda x: x @ w)(matrix)) is np.ndarray


def test_checkpoint_returns_what_the_function_returns():
    block = mg.checkpoint(lambda x: (np.sin(x), None, "name"))
    assert kinds(block(ARRAY)[0]) == kinds(ARRAY)
    assert block(0.5)[0] == np.sin(0.5)
    assert type(block(Tensor(ARRAY, requires_grad=True))[0]) is Tensor
    assert type(mg.grad(lambda x: np.sum(block(x)[0]))(ARRAY)) is np.ndarray


W = Tensor([0.5, 2.0, 1.0], requires_grad=True)


@pytest.mark.parametrize("mode", [mg.enable_grad, mg.no_grad])
@pytest.mark.parametrize("f", [lambda x: x * 2, lambda x: Tensor(2.0) * x, lambda x: W * x])
@pytest.mark.parametrize("wrap", [mg.checkpoint, mg.compile], ids=["checkpoint", "compile"])
def test_what_only_runs_a_function_otherwise_changes_no_kind(wrap, f, mode):
    with mode():
        assert kinds(wrap(f)(ARRAY)) == kinds(f(ARRAY))


# ---------------------------------------------------------------- other libraries


@derivatives
@pytest.mark.parametrize("library", [StrictArray, DeviceArray])
def test_foreign_arrays_keep_their_library(derivative, library):
    given = library(ARRAY)
    found = derivative(given)
    assert {type(x) for x in trees.leaves(found)} == {library}
    arrays = [x.hidden for x in trees.leaves(found)]
    assert not any(np.shares_memory(x, ARRAY) for x in arrays)


def test_dask_arrays_stay_dask_arrays():
    da = pytest.importorskip("dask.array")
    value, gradient = mg.value_and_grad(loss)(da.from_array(ARRAY))
    assert isinstance(value, da.Array)
    assert isinstance(gradient, da.Array)
    np.testing.assert_allclose(gradient.compute(), mg.grad(loss)(ARRAY))


# ---------------------------------------------------------------- compiled


BACKENDS = ["numpy", "numba"]


@derivatives
def test_compiled_changes_no_kind(derivative):
    compiled = mg.compile(derivative)
    for given in PLAIN.values():
        for _ in range(2):  # the second call takes the short way
            found = compiled(given)
            assert_same(found, derivative(given))
            assert_fresh(found, given)
    for make in TENSORS.values():
        given = make()
        types = [type(x) for x in trees.leaves(derivative(given))]
        assert [type(x) for x in trees.leaves(compiled(given))] == types


@pytest.mark.thorough
@pytest.mark.parametrize("given", PLAIN.values(), ids=PLAIN)
@derivatives
def test_native_code_changes_no_kind(derivative, given):
    pytest.importorskip("numba")
    compiled = mg.compile(derivative, backend="numba")
    for _ in range(2):
        found = compiled(given)
        assert_same(found, derivative(given))
        assert_fresh(found, given)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_compiled_function_of_its_own_results(backend):
    """Steps in which what a transform returns goes on as what it is: arrays and numbers."""
    if backend == "numba":
        pytest.importorskip("numba")

    def step(p):
        value, gradient = mg.value_and_grad(loss)(p)
        new = trees.map(lambda x, g: x - 0.1 * g, p, gradient)
        return new, value, np.reshape(value, ()), mg.vmap(np.sin)(new["w"])

    compiled = mg.compile(step, backend=backend)
    given = {"w": ARRAY, "b": np.float64(0.5), "c": np.array(2.0)}
    assert_same(compiled(given), step(given))
    expected = step(step(given)[0])
    assert_same(compiled.repeat(2)(given), expected)
    assert_same(compiled.repeat(2)(given), expected)


@pytest.mark.parametrize("repeated", [False, True])
def test_compiled_with_a_history_or_under_no_grad(repeated):
    w = Tensor(2.0, requires_grad=True)

    def step(x):
        return mg.grad(lambda x: np.sum(x**2 * w))(x), 1.0

    compiled = mg.compile(step)
    call = compiled.repeat(1) if repeated else compiled
    for _ in range(2):
        assert_same(call(ARRAY), step(ARRAY))
        with mg.no_grad():
            assert_same(call(ARRAY), step(ARRAY))
            assert type(call(ARRAY)[0]) is np.ndarray
    w.data = 3.0
    with mg.no_grad():
        assert_same(call(ARRAY), step(ARRAY))


# ---------------------------------------------------------------- everyday code


def test_everyday_code_works_on_results():
    w = ARRAY.copy()
    w -= 0.1 * mg.grad(loss)(w)
    np.testing.assert_allclose(w, ARRAY - 0.1 * mg.grad(loss)(ARRAY))
    value, gradient = mg.value_and_grad(loss)(w)
    assert json.loads(json.dumps([float(value), *gradient.tolist()]))[0] == value
    total = np.zeros(N)
    total[1] = mg.grad(np.sin)(0.0)
    np.add.at(total, [0, 0], mg.grad(np.sin)(0.0))
    assert total.tolist() == [2.0, 1.0, 0.0]
    gradient[0] = 0.0
    gradient.sort()


def test_a_curve_can_be_drawn_of_a_derivative():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    (line,) = axes.plot(ARRAY, mg.vmap(mg.grad(np.sin))(ARRAY))
    np.testing.assert_allclose(line.get_ydata(), np.cos(ARRAY))
    pyplot.close(figure)


# ---------------------------------------------------------------- found by trying


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (mg.grad(lambda w, b: w * 3.0), (1.0, Tensor(2.0))),
        (mg.value_and_grad(lambda m: 3.0), (Tensor([1.0]),)),
        (mg.grad(lambda w: w[0] * 2.0 + w[1]), ([1.0, Tensor(1.0)],)),
        (lambda w: mg.jvp(lambda q: q * 3.0, [w], [1.0]), (Tensor(1.0),)),
    ],
)
def test_compiled_derivatives_that_are_constants_beside_tensors(f, args):
    expected, found = trees.leaves(f(*args)), trees.leaves(mg.compile(f)(*args))
    for right, part in zip(expected, found, strict=True):
        assert isinstance(right, Tensor)
        assert isinstance(part, Tensor)
        np.testing.assert_array_equal(part.data, right.data)


@pytest.mark.parametrize("aux", [lambda w: np.mean(w > 0), np.round, np.argmax, lambda w: w > 0])
def test_aux_without_a_derivative_is_of_the_kind_of_the_rest(aux):
    f = mg.value_and_grad(lambda w: (np.sum(w**2), aux(w)), has_aux=True)
    x = np.array([1.0, -2.0])
    expected, found = trees.leaves(f(x)), trees.leaves(mg.compile(f)(x))
    assert [type(part) for part in found] == [type(part) for part in expected]
    assert not any(isinstance(part, Tensor) for part in found)


@pytest.mark.parametrize(
    "f", [np.median, lambda x: np.quantile(x, 0.3), lambda x: np.interp(1.5, [0.0, 1.0, 2.0], x)]
)
def test_a_single_number_is_no_array_of_no_axes(f):
    x = np.array([1.0, 2.0, 4.0])
    assert type(mg.value_and_grad(f)(x)[0]) is np.float64
    assert type(mg.compile(mg.value_and_grad(f))(x)[0]) is np.float64
