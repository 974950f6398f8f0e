"""`mg.checkpoint`: the same derivatives as the plain function, from less memory."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import memory
import numpy as np
import pytest
from leaves import leaf
from nesting import nestings

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.core.graph import history

RNG = np.random.default_rng(5)
X = RNG.standard_normal((2, 3))


def plain(f):
    return f


def gradients(loss, leaves):
    """What `backward` leaves in the leaves."""
    for x in leaves:
        x.grad = None
    loss().backward()
    return [x.grad for x in leaves]


def assert_same(found, expected):
    for a, b in zip(mg.tree.leaves(found), mg.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(np.asarray(getattr(a, "data", a)), getattr(b, "data", b))


# ---------------------------------------------------------------- the same as the plain function


def of_array(x):
    return np.sum(np.tanh(x @ x.mT) * np.sin(x[0, 0]))


def of_tree(x):
    parts = {"a": x * 2, "rest": [np.sin(x), (x[0], 3.0)]}
    inner = lambda p, scale: {"u": p["a"] * p["rest"][0] * scale, "v": [p["rest"][1][0], None]}
    return inner, parts


def through_a_tree(wrap):
    def loss(x):
        inner, parts = of_tree(x)
        out = wrap(inner)(parts, scale=1.5)
        return np.sum(out["u"] ** 2) + np.sum(out["v"][0] ** 3)

    return loss


def through_several_results(wrap):
    both = wrap(lambda x: (np.sin(x), np.cos(x), x))
    return lambda x: np.sum(both(x)[0] * x) + np.sum(both(x)[2] ** 2)


def nested(wrap):
    inner = wrap(lambda x: np.tanh(x) * x)
    middle = wrap(lambda x: inner(np.sin(x)) + inner(x))
    return lambda x: np.sum(wrap(lambda x: middle(x) * middle(2 * x))(x))


def around_tensors(wrap):
    """The function finds `h`, and `w` of which `h` was made, around it."""

    def loss(x):
        w = np.sin(x)
        h = np.tanh(w)
        return np.sum(wrap(lambda y: y * h + w * h)(x**2) * w)

    return loss


def the_same_twice(wrap):
    return lambda x: np.sum(wrap(lambda a, b: a * b + x * a)(x, x))


LOSSES = {
    "array": lambda wrap: wrap(of_array),
    "tree": through_a_tree,
    "several results": through_several_results,
    "nested": nested,
    "closure": around_tensors,
    "one Tensor twice": the_same_twice,
}
losses = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@losses
def test_values_and_gradients(loss):
    found, expected = mg.value_and_grad(loss(mg.checkpoint))(X), mg.value_and_grad(loss(plain))(X)
    assert_same(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-13)


@losses
def test_backward(loss):
    x, y = leaf(X), leaf(X)
    loss(mg.checkpoint)(x).backward()
    loss(plain)(y).backward()
    np.testing.assert_allclose(x.grad, y.grad, rtol=1e-13)


@losses
def test_all_nestings_of_second_derivatives(loss):
    along = lambda wrap: lambda s: loss(wrap)(X + s * np.cos(X))
    ways = (mg.grad, lambda f: lambda s: mg.jvp(f, [s], [1.0])[1])
    for outer, inner in product(ways, repeat=2):
        found, expected = outer(inner(along(mg.checkpoint)))(0.3), outer(inner(along(plain)))(0.3)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@nestings(3)
def test_third_derivatives(operators):
    f = g = lambda x: np.sin(x) * x**2
    f = mg.checkpoint(f)
    for derivative in operators:
        f, g = derivative(f), derivative(g)
    np.testing.assert_allclose(f(0.7), g(0.7), rtol=1e-13)


def test_batches():
    step = lambda x: np.tanh(x) * x
    batch = RNG.standard_normal((4, 3))
    for wrap in (mg.checkpoint, plain):
        f = wrap(step)
        found = [
            mg.vmap(mg.grad(lambda x, f=f: np.sum(f(x))))(batch),
            mg.grad(lambda b, f=f: np.sum(mg.vmap(f)(b)))(batch),
            mg.jacobian(f)(batch[0]),
        ]
        if wrap is mg.checkpoint:
            first = found
    assert_same(first, found)


def test_results_of_a_derivative_inside_a_batch_and_of_one_around_it():
    def both(x, w):
        return x * w, w * w

    def slope(f):
        def product(x, w):
            first, second = f(x, w)
            return np.sum(first * second)

        each = mg.vmap(mg.grad(product), in_axes=(0, None))
        return mg.grad(lambda w: np.sum(each(X, w) ** 2))(np.array([0.5, -1.0, 2.0]))

    np.testing.assert_allclose(slope(mg.checkpoint(both)), slope(both))


def test_gradcheck_accepts_it():
    f = mg.checkpoint(lambda x, y: (np.sin(x) * y, {"sum": np.sum(x * x)}))
    mg.assert_gradcheck(f, [X, X[0]], order=2)


def test_under_no_grad_it_is_the_plain_function():
    f = mg.checkpoint(lambda x: np.sin(x) * 2)
    x = leaf(X)
    with mg.no_grad():
        out = f(x)
    assert not out.requires_grad
    assert out.op is None
    np.testing.assert_array_equal(out.data, np.sin(X) * 2)
    np.testing.assert_array_equal(f(X), np.sin(X) * 2)
    out = f(x)
    with mg.no_grad():
        np.sum(out.detach())
    assert out.requires_grad


def test_what_needs_no_gradient_passes_through():
    f = mg.checkpoint(lambda x: (np.sin(x), X, "name", 3, None, x, np.argmax(x)))
    x = leaf(X)
    out = f(x)
    assert out[1] is X
    assert out[2:5] == ("name", 3, None)
    assert out[5] is x
    assert out[6] == np.argmax(X)
    (np.sum(out[0]) + np.sum(out[5])).backward()
    np.testing.assert_allclose(x.grad, np.cos(X) + 1)


# ---------------------------------------------------------------- modules


def deep_network(wrap, depth=6):
    """A network of residual blocks, each wrapped; every second one is a module, others closures."""
    rng = np.random.default_rng(0)
    layers = [nn.Linear(4, 4, rng=rng) for _ in range(depth)]

    class Network(nn.Module):
        def __init__(self):
            self.layers = layers

        def forward(self, x):
            for i, layer in enumerate(self.layers):
                if i % 2:
                    x = x + np.tanh(wrap(layer)(x))
                else:
                    x = wrap(lambda x, layer=layer: x + np.tanh(layer(x)))(x)
            return np.mean(x**2)

    return Network()


def test_a_deep_network_s_parameters_get_their_gradients():
    model = deep_network(mg.checkpoint)
    found = gradients(lambda: model(np.ones((3, 4))), model.parameters())
    other = deep_network(plain)
    expected = gradients(lambda: other(np.ones((3, 4))), other.parameters())
    assert len(found) == 12
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_transforms_of_a_function_of_a_module():
    x = np.ones((3, 4))
    found = mg.grad(lambda model: model(x))(deep_network(mg.checkpoint))
    expected = mg.grad(lambda model: model(x))(deep_network(plain))
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-13)


def test_a_method_can_be_decorated():
    class Scale(nn.Module):
        def __init__(self):
            self.factor = leaf(3.0)

        @mg.checkpoint
        def forward(self, x):
            return np.sin(self.factor * x)

    model = Scale()
    model(2.0).backward()
    assert np.isclose(model.factor.grad, 2 * np.cos(6.0))
    assert Scale.forward.__name__ == "forward"


# ---------------------------------------------------------------- memory and the graph


def test_a_chain_holds_less_at_once():
    """20 blocks of 8 operations: 160 arrays and more, against 20 and what one block needs."""
    size = 20_000
    most = memory.peak(memory.chain(20, size, plain))
    least = memory.peak(memory.chain(20, size, mg.checkpoint))
    in_arrays = 8 * size
    assert most > 160 * in_arrays
    assert least < 40 * in_arrays


def test_nesting_saves_more():
    size = 20_000

    def grouped():
        x = leaf(np.full(size, 0.5))

        @mg.checkpoint
        def group(y):
            for _ in range(5):
                y = mg.checkpoint(memory.block)(y)
            return y

        y = x
        for _ in range(5):
            y = group(y)
        np.sum(y).backward()

    flat = memory.peak(memory.chain(25, size, mg.checkpoint))
    assert memory.peak(grouped) < 0.8 * flat


@pytest.mark.benchmark
def test_memory_of_a_chain():
    blocks, size = 64, 100_000
    wraps = {"plain": plain, "checkpointed": mg.checkpoint}
    print(f"\n\n{blocks} blocks of 8 operations on arrays of {size:,} numbers, at the worst moment")
    for name, wrap in wraps.items():
        held = memory.peak(memory.chain(blocks, size, wrap))
        print(f"  {name:<14}{held / 2**20:8.1f} MiB = {held / (8 * size):6.1f} arrays")


def test_it_is_one_node_and_keeps_nothing_from_inside():
    inside = []

    @mg.checkpoint
    def block(x, w):
        h = np.sin(x * w)
        inside.append(weakref.ref(h.data))
        return np.tanh(h)

    x, w = leaf(X, name="x"), leaf(2.0, name="w")
    gc.disable()
    try:
        out = block(x, w)
        assert inside[0]() is None
    finally:
        gc.enable()
    nodes, leaves = history([out])
    assert [node.op.name for node in nodes] == ["checkpoint"]
    assert set(leaves) == {x, w}
    assert out.inputs == (x, w)
    source = mg.draw(out).source
    assert "checkpoint" in source
    assert "function=block" in source


def test_a_view_does_not_keep_what_it_is_a_view_of():
    out = mg.checkpoint(lambda x: np.sin(x)[0])(leaf(X))
    assert out.data.base is None


def test_results_keep_their_names():
    def f(x):
        out = np.sin(x)
        out.name = "wave"
        return out

    assert mg.checkpoint(f)(leaf(X)).name == "wave"


# ---------------------------------------------------------------- the second run


def test_a_generator_that_is_an_argument_starts_again():
    def dropout(x, rng, rate=0.5):
        return np.where(rng.random(x.shape) < rate, 0.0, x) * rng.standard_normal()

    for wrap in (mg.checkpoint, plain):
        rng = np.random.default_rng(1)
        x = leaf(X)
        out = wrap(dropout)(x, rng) + wrap(dropout)(x**2, rng=rng)
        after = rng.random()
        np.sum(out).backward()
        if wrap is mg.checkpoint:
            first = x.grad, after, rng.random()
    np.testing.assert_array_equal(first[0], x.grad)
    assert first[1:] == (after, rng.random())


def test_a_generator_around_it_is_noticed():
    rng = np.random.default_rng(1)
    out = mg.checkpoint(lambda x: x * rng.standard_normal())(leaf(2.0))
    with pytest.raises(errors.GraphError, match=r"gave another value.*Generator as an argument"):
        out.backward()


def test_a_list_that_changes_afterwards_is_no_matter():
    x, y = leaf(2.0), leaf(3.0)
    given = [x, y]
    out = mg.checkpoint(lambda xs: xs[0] * xs[1])(given)
    given.clear()
    out.backward()
    assert (x.grad, y.grad) == (3.0, 2.0)


def test_a_tensor_that_changes_is_noticed():
    for change in (leaf(2.0, name="it"), Tensor(2.0, name="it")):
        for f in (lambda x, t: x * t, lambda x, t, it=change: x * it):
            x = leaf(3.0)
            out = mg.checkpoint(f)(x, change)
            change.data = 4.0
            with pytest.raises(errors.MutationError, match=r"'it' .*`checkpoint`"):
                out.backward()


def test_an_array_that_changes_is_noticed():
    scale = np.array(2.0)
    out = mg.checkpoint(lambda x: x * scale)(leaf(3.0))
    scale += 1
    with pytest.raises(errors.GraphError, match="something that has changed since"):
        out.backward()


def test_the_variable_of_a_loop_is_noticed():
    weights = [leaf(float(i), name=f"w{i}") for i in (1, 2)]
    y = leaf(0.5)
    for w in weights:
        y = mg.checkpoint(lambda x: np.sin(w * x))(y)  # noqa: B023 - the mistake to be found
    with pytest.raises(
        errors.GraphError, match=r"Tensors that it had not reached at first:\s+- .*'w2'"
    ):
        y.backward()


def test_a_value_that_changes_shape_is_noticed():
    sizes = iter((2, 3))
    out = mg.checkpoint(lambda x: x * np.ones(next(sizes)))(leaf(3.0))
    with pytest.raises(errors.GraphError, match="gave another value"):
        np.sum(out).backward()


def test_rounding_is_not_another_value():
    """A sum in another order may differ in its last digits."""
    noise = iter((0.0, 1e-15))
    x = leaf(3.0)
    mg.checkpoint(lambda x: x * (1 + next(noise)))(x).backward()
    assert np.isclose(x.grad, 1.0)


def test_nan_is_the_same_as_nan():
    x = leaf([-1.0, 4.0])
    with np.errstate(invalid="ignore"):
        np.sum(mg.checkpoint(np.sqrt)(x)).backward()
    np.testing.assert_array_equal(x.grad, [np.nan, 0.25])


def test_errors_inside_propagate():
    def f(x, broken):
        if broken:
            raise KeyError("inside")
        return np.sin(x)

    with pytest.raises(KeyError, match="inside"):
        mg.checkpoint(f)(leaf(X), broken=True)
    states = iter((False, True))
    out = mg.checkpoint(lambda x: f(x, next(states)))(leaf(X))
    with pytest.raises(KeyError, match="inside"):
        np.sum(out).backward()
    with pytest.raises(TypeError, match="takes a function"):
        mg.checkpoint(np.sin(leaf(X)))


def test_backward_twice_adds_twice():
    x = leaf(X)
    out = np.sum(mg.checkpoint(np.sin)(x))
    out.backward()
    out.backward()
    np.testing.assert_allclose(x.grad, 2 * np.cos(X))


def test_threads_do_not_meet():
    w = leaf(0.5)
    step = mg.checkpoint(lambda x: np.tanh(w * x))

    def slope(x):
        return mg.grad(lambda x: step(step(x)))(x).item()

    points = np.linspace(-1, 1, 40)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(slope, points))
    assert found == [slope(x) for x in points]


def test_an_anomaly_inside_is_named():
    with mg.detect_anomaly():
        out = mg.checkpoint(lambda x: np.sqrt(x) * 2)(leaf(0.0))
        with pytest.raises(errors.NonFiniteError, match="`sqrt`"):
            out.backward()
