"""Users' own ops: `mg.primitive` for a function of theirs, `mg.register` for one of NumPy's."""

import functools
import gc
import math
import weakref

import numpy as np
import pytest
from leaves import leaf
from nesting import nestings

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core.op import OPS, read_tables

RNG = np.random.default_rng(3)
X = RNG.uniform(0.5, 1.5, (2, 3))
Y = RNG.uniform(0.5, 1.5, 3)


# ---------------------------------------------------------------- ways to say a derivative


class Way:
    """A function, what it is called with, and how its derivative is said."""

    def __init__(self, forward, inputs, options, **said):
        self.forward, self.inputs, self.options, self.said = forward, inputs, options, said


def cube(x):
    return x**3


def cube_vjp(g, out, x):
    return 3 * g * x**2


def scaled_product(x, y, *, scale=2.0):
    return scale * x * y


def rotated(x, y):
    return x * np.cos(y), x * np.sin(y)


def joined(*xs):
    return np.concatenate([np.ravel(x) for x in xs])


def joined_vjp(g, out, *xs):
    ends = np.cumsum([x.size for x in xs])
    pieces = np.split(g, ends[:-1])
    return tuple(np.reshape(p, x.shape) for p, x in zip(pieces, xs, strict=True))


def soft_threshold(x, limit=0.5):
    return np.sign(x) * np.maximum(np.abs(x) - limit, 0)


def scaled_vjp(g, out, x, y, scale):
    return scale * g * y, scale * g * x


def rotated_vjp(g, out, x, y):
    return g[0] * np.cos(y) + g[1] * np.sin(y), g[1] * out[0] - g[0] * out[1]


def rotated_jvp(ts, out, x, y):
    return ts[0] * np.cos(y) - ts[1] * out[1], ts[0] * np.sin(y) + ts[1] * out[0]


CUBE = (cube, (X,), {})
PRODUCT = (scaled_product, (X, Y), {})
TRIPLE = (scaled_product, (X, Y), {"scale": 3.0})
ROTATION = (rotated, (Y, Y), {})
MATVEC = (lambda x, y: x @ y, (X, Y), {})
JOINED = (joined, (X, Y, np.array(0.3)), {})
THRESHOLD = (soft_threshold, (X,), {"limit": 0.8})
SHARES = [lambda out, x, y: 1 / y, lambda out, x, y: -out / y]
FACTORS = [lambda g, out, x, y, scale: scale * g * y, lambda g, out, x, y, scale: scale * g * x]

# fmt: off
WAYS = {
    "partials": Way(*CUBE, partials=[lambda out, x: 3 * x**2]),
    "two partials": Way(np.divide, (X, Y), {}, partials=SHARES),
    "a number as partial": Way(lambda x: 2.5 * x, (X,), {}, partials=[2.5]),
    "partials, option": Way(*THRESHOLD, partials=[lambda out, x, limit: np.abs(x) > limit]),
    "vjp, option": Way(*TRIPLE, vjp=scaled_vjp),
    "vjp, option by default": Way(*PRODUCT, vjp=scaled_vjp),
    "vjps": Way(*PRODUCT, vjp=FACTORS),
    "vjp and jvp": Way(*CUBE, vjp=cube_vjp, jvp=lambda ts, out, x: 3 * x**2 * ts[0]),
    "jvp": Way(*TRIPLE, jvp=lambda ts, out, x, y, scale: scale * (ts[0] * y + x * ts[1])),
    "vjp of a reduction": Way(*MATVEC, vjp=lambda g, out, x, y: (g[:, None] * y, x.mT @ g)),
    "jvp of a reduction": Way(*MATVEC, jvp=lambda ts, out, x, y: ts[0] @ y + x @ ts[1]),
    "vjp of several results": Way(*ROTATION, vjp=rotated_vjp),
    "jvp of several results": Way(*ROTATION, jvp=rotated_jvp),
    "vjp of many inputs": Way(*JOINED, vjp=joined_vjp),
    "jvp of many inputs": Way(*JOINED, jvp=lambda ts, out, *xs: joined(*ts)),
}
# fmt: on
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def declared(way):
    return mg.primitive(way.forward, **way.said)


def total(parts):
    """One number of all results, each entry with a weight of its own."""
    several = parts if isinstance(parts, tuple) else (parts,)
    return sum(np.sum(np.cos(np.arange(p.size)).reshape(p.shape) * p) for p in several)


@ways
def test_on_arrays_it_is_the_function_itself(way):
    out = declared(way)(*way.inputs, **way.options)
    expected = way.forward(*way.inputs, **way.options)
    for part, right in zip(np.atleast_1d(out), np.atleast_1d(expected), strict=True):
        assert not isinstance(part, Tensor)
        np.testing.assert_array_equal(part, right)


@ways
def test_it_is_right_to_second_order_in_both_modes(way):
    op = declared(way)
    mg.assert_gradcheck(lambda *xs: op(*xs, **way.options), way.inputs, order=2)


@ways
def test_all_nestings_of_second_derivatives_are_the_reference_s(way):
    op = declared(way)
    direction = [np.sin(1.0 + np.arange(x.size)).reshape(x.shape) for x in way.inputs]

    def along(f):
        return lambda s: total(
            f(*(x + s * d for x, d in zip(way.inputs, direction, strict=True)), **way.options)
        )

    for outer in (mg.grad, lambda f: lambda s: mg.jvp(f, [s], [1.0])[1]):
        for inner in (mg.grad, lambda f: lambda s: mg.jvp(f, [s], [1.0])[1]):
            found, expected = outer(inner(along(op)))(0.2), outer(inner(along(way.forward)))(0.2)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@ways
def test_it_is_one_node_in_the_graph_and_backward_is_the_reference_s(way):
    found, expected = [leaf(x) for x in way.inputs], [leaf(x) for x in way.inputs]
    op = declared(way)
    out = op(*found, **way.options)
    node = out[0].inputs[0] if isinstance(out, tuple) else out
    assert node.op is OPS[op]
    assert node.inputs == tuple(found)
    total(out).backward()
    total(way.forward(*expected, **way.options)).backward()
    for x, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(x.grad, right.grad, rtol=1e-13)


@ways
def test_it_batches(way):
    op = declared(way)

    def slopes(f):
        places = tuple(range(len(way.inputs)))
        return mg.grad(lambda *xs: total(f(*xs, **way.options)), places)

    batch = [np.stack([x, 1.5 * x, x + 0.1]) for x in way.inputs]
    found = mg.vmap(slopes(op))(*batch)
    for g, *example in zip(zip(*found, strict=True), *batch, strict=True):
        expected = slopes(way.forward)(*example)
        for part, right in zip(g, expected, strict=True):
            np.testing.assert_allclose(part, right, rtol=1e-12)


@ways
def test_float32_stays(way):
    op = declared(way)
    xs = [leaf(x, dtype=np.float32) for x in way.inputs]
    total(op(*xs, **way.options)).backward()
    assert {x.grad.dtype for x in xs} == {np.dtype(np.float32)}
    tangents = [x.data for x in xs]
    _, pushed = mg.jvp(lambda *xs: op(*xs, **way.options), tangents, tangents)
    assert {p.dtype for p in np.atleast_1d(pushed)} <= {np.dtype(np.float32), np.dtype(object)}


@nestings(3)
def test_third_derivatives_in_every_nesting(operators):
    sine = mg.primitive(np.sin, jvp=lambda ts, out, x: ts[0] * np.cos(x))
    f = sine
    for derivative in operators:
        f = derivative(f)
    assert math.isclose(float(f(0.7)), -math.cos(0.7), rel_tol=1e-12)


# ---------------------------------------------------------------- how it is declared and called


def test_it_decorates():
    @mg.primitive(vjp=lambda g, out, x: g * out)
    def exponential(x):
        """The exponential."""
        return np.exp(x)

    assert exponential.__name__ == "exponential"
    assert exponential.__doc__ == "The exponential."
    assert float(mg.grad(exponential)(1.0)) == math.e


def test_its_name_is_what_pictures_and_messages_say():
    named = mg.primitive(lambda x: x**3, vjp=cube_vjp, name="cube")
    t = named(leaf([1.0, 2.0]))
    assert "op=cube" in repr(t)
    assert "cube" in mg.draw(t).source
    with pytest.raises(ValueError, match="shape") as caught:
        mg.primitive(lambda x, y: x + y, partials=[1, 1], name="plus")(leaf(np.ones(2)), np.ones(3))
    assert str(caught.value).startswith("`plus` of Tensor of shape (2,), float64 and ")


def test_arguments_come_by_position_or_by_name():
    op = declared(WAYS["vjp, option"])
    x, y = leaf(X), leaf(Y)
    for out in (op(x, y, scale=3.0), op(x, y=y, scale=3.0), op(y=y, scale=3.0, x=x)):
        assert out.inputs == (x, y)
        assert out.options == {"scale": 3.0}
    with pytest.raises(TypeError, match=r"scaled_product\(x, y, \*, scale=2.0\): .*'scal'"):
        op(x, y, scal=3.0)
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        op(x)


def test_a_vjp_for_all_inputs_is_evaluated_once():
    calls = []

    def vjp(g, out, x, y):
        calls.append(1)
        return g * y, g * x

    x, y = leaf(X), leaf(Y)
    np.sum(mg.primitive(np.multiply, vjp=vjp, name="product")(x, y)).backward()
    assert len(calls) == 1
    np.testing.assert_array_equal(y.grad, X.sum(axis=0))


def test_of_several_vjps_only_the_needed_are_evaluated():
    def refuse(g, out, x, y):
        raise AssertionError

    power = mg.primitive(np.power, vjp=[lambda g, out, x, y: g * y * x ** (y - 1), refuse])
    assert float(mg.grad(lambda x: power(x, 2.0))(3.0)) == 6.0
    assert float(mg.jvp(lambda x: power(x, 2.0), [3.0], [1.0])[1]) == 6.0


def test_none_is_flat():
    first = mg.primitive(
        lambda x, y: x * np.sign(y), vjp=lambda g, out, x, y: (g * np.sign(y), None)
    )
    both = mg.primitive(lambda x, y: x * np.sign(y), partials=[lambda out, x, y: np.sign(y), None])
    for op in (first, both):
        x, y = mg.grad(op, (0, 1))(2.0, -3.0)
        assert (float(x), float(y)) == (-1.0, 0.0)
        assert float(mg.jvp(op, [2.0, -3.0], [0.0, 1.0])[1]) == 0.0


def test_constant():
    @mg.primitive(constant=True)
    def level(x, step=0.5):
        return np.floor(x / step) * step

    x = leaf([0.6, 1.2])
    np.sum(level(x) * x).backward()
    np.testing.assert_array_equal(x.grad, [0.5, 1.0])
    assert "level" in repr(level(x))


def test_the_number_of_arrays_can_be_said():
    def affine(x, w=2.0, b=0.0):
        return w * x + b

    op = mg.primitive(affine, partials=[lambda out, x, w, b: w, lambda out, x, w, b: x], arrays=2)
    w = leaf(3.0)
    op(2.0, w, 1.0).backward()
    assert w.grad == 2.0
    hypotenuse = mg.primitive(
        math.hypot, arrays=2, vjp=lambda g, out, x, y: (g * x / out, g * y / out)
    )
    x = leaf(3.0)
    hypotenuse(x, 4.0).backward()
    assert x.grad == 0.6


def test_a_python_number_as_value_becomes_an_array():
    total_of = mg.primitive(lambda x: float(np.sum(x)), vjp=lambda g, out, x: g * np.ones_like(x))
    x = leaf([1.0, 2.0])
    out = total_of(x)
    assert out.shape == ()
    out.backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_integers_beside_the_results():
    @mg.primitive(vjp=lambda g, out, x: mg.ops.indexing.scatter(g[0], x, out[1]))
    def largest(x):
        where = np.argmax(x)
        return x[where], where

    x = leaf([1.0, 5.0, 2.0])
    value, where = largest(x)
    assert not where.requires_grad
    assert int(where) == 1
    assert value.requires_grad


def test_straight_through():
    """The reason to write one: a derivative that is not the function's."""
    rounded = mg.primitive(np.round, vjp=lambda g, out, x, decimals: g)
    assert float(mg.grad(lambda x: rounded(x) ** 2)(2.7)) == 6.0
    reversed_gradient = mg.primitive(lambda x: x, vjp=lambda g, out, x: -g)
    assert float(mg.grad(lambda x: reversed_gradient(3 * x))(1.0)) == -3.0


def test_complex_numbers_without_conjugates():
    square = mg.primitive(lambda z: z * z, vjp=lambda g, out, z: 2 * g * z)
    modulus = mg.primitive(np.abs, jvp=lambda ts, out, x: np.real(ts[0] * np.conj(x)) / out)
    z = np.array([1 + 2j, -0.5 + 0.3j])
    distance = mg.grad(lambda z, f: np.sum(np.abs(f(z) - 2) ** 2))
    for op, reference in ((square, np.square), (modulus, np.abs)):
        np.testing.assert_allclose(distance(z, op), distance(z, reference))
        found, expected = (mg.jvp(f, [z], [z * (1 + 1j)])[1] for f in (op, reference))
        np.testing.assert_allclose(found, expected)


def test_nothing_keeps_the_arrays_alive():
    op = declared(WAYS["vjp, option"])
    x = leaf(X)
    gc.disable()
    try:
        out = op(x, np.ones(3))
        np.sum(out).backward()
        gone = weakref.ref(out.data)
        del out
        assert gone() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------- mistakes


def refused(match, error=errors.RuleError):
    return pytest.raises(error, match=match)


def test_a_derivative_is_said_in_one_way():
    for said in ({}, {"partials": [1], "vjp": cube}, {"constant": True, "jvp": cube}):
        with refused("`cube` needs its derivative said in one way"):
            mg.primitive(cube, **said)


def test_rules_are_one_an_input():
    with refused(r"`cube\(x\)` has 1 inputs .* but 2 partials were given"):
        mg.primitive(cube, partials=[1, 1])
    with refused("any number of inputs .* but 1 vjp"):
        mg.primitive(joined, vjp=[joined_vjp])
    with refused("the partials of `cube` should be a list"):
        mg.primitive(cube, partials=lambda out, x: 3 * x**2)


def test_rules_can_be_called():
    with refused(r"the vjp of `scaled_product` will be called as rule\(g, out, x, y, scale=\)"):
        mg.primitive(scaled_product, vjp=lambda g, out, x, y: (g, g))
    with refused(r"the partials of `cube` will be called as rule\(out, x\)"):
        mg.primitive(cube, partials=[lambda x: 3 * x**2])
    with refused(r"the jvp of `cube` will be called as rule\(tangents, out, x\)"):
        mg.primitive(cube, jvp=lambda t, x: t)


def test_a_function_without_inputs_is_refused():
    with refused(r"`<lambda>\(\)` should have some arrays"):
        mg.primitive(lambda: 1.0, vjp=lambda g, out: ())
    with refused("does not tell its parameters"):
        mg.primitive(math.hypot, vjp=lambda g, out, x, y: (g, g))
    with pytest.raises(TypeError, match="takes a function of arrays"):
        mg.primitive(3.0, constant=True)


def test_the_wrong_number_of_cotangents():
    for wrong, given in ((lambda g, out, x, y: g, 1), (lambda g, out, x, y: (g, g, g), 3)):
        op = mg.primitive(lambda x, y: x * y, vjp=wrong, name="times")
        with refused(rf"the vjp of `times` returned {given} value\(s\) for 2 inputs"):
            op(leaf(1.0), leaf(1.0)).backward()
    op = mg.primitive(rotated, jvp=lambda ts, out, x, y: ts[0])
    with refused(r"the jvp of `rotated` returned 1 value\(s\) for 2 results"):
        mg.jvp(op, [1.0, 1.0], [1.0, 1.0])


def test_the_wrong_shape():
    column = mg.primitive(cube, vjp=lambda g, out, x: np.reshape(g, (-1, 1)))
    with refused(r"shape \(3, 1\) for input 0, which has shape \(3,\)", errors.ShapeError):
        np.sum(column(leaf(Y))).backward()
    with refused(r"tangent of shape \(2,\) for a result of shape \(3,\)", errors.ShapeError):
        mg.jvp(mg.primitive(cube, jvp=lambda ts, out, x: ts[0][:2]), [Y], [Y])


def test_partials_mean_entry_by_entry():
    op = mg.primitive(lambda x: x[:1].sum(), partials=[1], name="summed")
    with refused(r"`summed` is declared by partials,.* returned shape \(\) for inputs .* \(3,\)"):
        op(leaf(Y))


def test_what_the_function_returns():
    with refused("returned None of type NoneType"):
        mg.primitive(lambda x: None, vjp=cube_vjp)(leaf(Y))
    with refused("made int64 out of floating-point numbers", errors.NotDifferentiableError):
        mg.primitive(lambda x: x.astype(int), vjp=cube_vjp)(leaf(Y))
    weight = leaf(2.0)
    with refused("uses a Tensor that is not among its arguments"):
        mg.primitive(lambda x: weight * x, vjp=cube_vjp)(leaf(Y))
    with refused("the vjp of `cube` returned a Tensor"):
        np.sum(mg.primitive(cube, vjp=lambda g, out, x: g * weight)(leaf(Y))).backward()


def doubled_in_place(x):
    x *= 2
    return x


def filled(x):
    np.multiply(x, 2, out=x)
    return x


@pytest.mark.parametrize("forward", [doubled_in_place, filled])
def test_the_function_may_not_write_into_its_inputs(forward):
    double = mg.primitive(forward, vjp=lambda g, out, x: 2 * g)
    for x in (leaf(Y), Tensor(Y), Y.copy()):
        with refused("writes into an array that is read-only.*`x = x.copy\\(\\)`"):
            double(x)
        np.testing.assert_array_equal(x.data if isinstance(x, Tensor) else x, Y)


def test_another_error_of_the_function_is_its_own():
    with pytest.raises(ValueError, match="broadcast"):
        mg.primitive(lambda x: x + np.ones(7), vjp=cube_vjp)(leaf(Y))


@pytest.mark.parametrize("part", [lambda x: x, lambda x: x[::2], lambda x: (x, x[1:])])
def test_what_is_a_part_of_an_input_is_copied(part):
    given = Y.copy()
    op = mg.primitive(part, jvp=lambda tangents, out, x: part(tangents[0]))
    for x in (given, leaf(given)):
        out = op(x)
        for one in out if isinstance(out, tuple) else (out,):
            data = one.data if isinstance(one, Tensor) else one
            assert data.flags.writeable
            assert not np.may_share_memory(data, x.data if isinstance(x, Tensor) else x)


def test_a_constant_tensor_around_it_is_a_constant():
    two = Tensor(2.0)
    double = mg.primitive(lambda x: two * x, vjp=lambda g, out, x: two * g)
    x = leaf(3.0)
    (double(x) ** 2).backward()
    assert x.grad == 24.0
    assert type(double(3.0)) is np.float64


def test_a_list_of_tensors_is_not_an_array():
    with refused("given a list with Tensors in it.* declared by partials"):
        mg.primitive(cube, partials=[lambda out, x: 3 * x**2])([leaf(1.0), leaf(2.0)])


def bare(x):
    """The numbers alone, as a careless rule takes them."""
    return x.detach().data if isinstance(x, Tensor) else x


RAW = {
    "np.asarray": (
        lambda g, out, x: np.asarray(g) * 3 * np.asarray(x) ** 2,
        errors.LeavesGraphError,
    ),
    "float": (lambda g, out, x: g * 3 * float(x) ** 2, errors.LeavesGraphError),
    ".item": (lambda g, out, x: g * 3 * x.item() ** 2, errors.LeavesGraphError),
    "detach": (lambda g, out, x: bare(g) * 3 * bare(x) ** 2, errors.RuleError),
}


@pytest.mark.parametrize(("rule", "error"), RAW.values(), ids=RAW)
def test_a_second_derivative_through_raw_arrays_is_an_error_not_a_zero(rule, error):
    op = mg.primitive(cube, vjp=rule, jvp=lambda ts, out, x: rule(ts[0], out, x))
    assert float(mg.grad(op)(2.0)) == 12.0
    assert float(mg.jvp(op, [2.0], [1.0])[1]) == 12.0
    for f in (op, lambda x: op(x) ** 2, lambda x: op(x) + x):
        with pytest.raises(error):
            mg.grad(mg.grad(f))(2.0)
        with pytest.raises(error):
            mg.jvp(mg.grad(f), [2.0], [1.0])
        with pytest.raises(error):
            mg.grad(lambda x, f=f: mg.jvp(f, [x], [1.0])[1])(2.0)


@pytest.mark.parametrize("way", ["np.asarray", "detach"])
def test_a_raw_rule_cannot_be_transposed(way):
    rule, error = RAW[way]
    backward = mg.primitive(cube, vjp=rule)
    with pytest.raises(error):
        mg.grad(mg.primitive(cube, jvp=lambda ts, out, x: rule(ts[0], out, x)))(2.0)
    with pytest.raises(error) as caught:
        mg.jvp(backward, [2.0], [1.0])
    if way == "np.asarray":
        (note,) = caught.value.__notes__
        assert note.startswith("while the jvp of `cube` was derived from its vjp")


def test_a_rule_that_is_rightly_constant_is_no_mistake():
    double = mg.primitive(lambda x: 2 * x, vjp=lambda g, out, x: 2 * g)
    step = mg.primitive(np.sign, vjp=lambda g, out, x: np.zeros_like(x), name="step")
    assert float(mg.grad(mg.grad(lambda x: double(x) * step(x)))(2.0)) == 0.0
    assert float(mg.grad(mg.grad(lambda x: double(x) ** 2 * step(x)))(2.0)) == 8.0


# ---------------------------------------------------------------- register


def kolmogorov_slope(out, x):
    return sum((-1) ** k * 8 * k**2 * x * np.exp(-2 * k**2 * x**2) for k in range(1, 30))


def test_register_a_ufunc_of_scipys():
    special = pytest.importorskip("scipy.special")
    mg.register(special.kolmogorov, partials=[kolmogorov_slope])
    mg.assert_gradcheck(special.kolmogorov, [np.array([0.7, 1.1])], order=2)
    assert "kolmogorov" in repr(special.kolmogorov(leaf(0.7)))
    with pytest.raises(errors.OptionError, match="where"):
        special.kolmogorov(leaf(0.7), where=True)


def test_register_a_function_of_numpys():
    mg.register(np.histogram_bin_edges, jvp=edges_jvp, arrays=1)
    x = np.array([1.0, 4.0, 2.0])
    mg.assert_gradcheck(lambda x: np.histogram_bin_edges(x, bins=4), [x])
    with pytest.raises(errors.OptionError, match="weights"):
        np.histogram_bin_edges(leaf(x), weights=np.ones(3))


def edges_jvp(ts, out, x, bins=10):
    ends = np.stack([ts[0][np.argmin(x)], ts[0][np.argmax(x)]])
    share = np.linspace(0, 1, bins + 1)
    return ends[0] * (1 - share) + ends[1] * share


def test_register_constant():
    mg.register(np.histogram, constant=True)
    counts, _ = np.histogram(leaf([1.0, 2.0]), bins=2)
    np.testing.assert_array_equal(counts, [1, 1])


def test_register_refuses_what_would_not_see_a_tensor():
    with pytest.raises(TypeError, match=r"`cube = mg.primitive\(cube, vjp=...\)`"):
        mg.register(cube, vjp=cube_vjp)
    with pytest.raises(TypeError, match="neither a ufunc nor a dispatching function"):
        mg.register(functools.partial(np.sum, axis=0), vjp=cube_vjp)


def test_register_refuses_what_is_declared_already():
    for function in (np.sin, np.ptp):
        with pytest.raises(ValueError, match=r"the whole process shares.*mg.primitive"):
            mg.register(function, constant=True)
    special = pytest.importorskip("scipy.special")
    with pytest.raises(ValueError, match="expit has a derivative already"):
        mg.register(special.expit, partials=[1])
    read_tables()
    assert special.expit in OPS


def test_an_op_of_ones_own_over_a_registered_function():
    clipped_sine = mg.primitive(np.sin, partials=[lambda out, x: np.clip(np.cos(x), -0.5, 0.5)])
    assert float(mg.grad(clipped_sine)(0.0)) == 0.5
    assert float(mg.grad(np.sin)(0.0)) == 1.0
