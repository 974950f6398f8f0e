"""Random graphs, grown step by step and compared with the scalar oracle.

A node under test is a pair: a Tensor, and an object array of `Scalar`s made by the same NumPy call.
The machine applies ops to any nodes it has (so values fan out, meet again, and meet themselves),
leaves the graph on purpose, changes leaves, and calls `backward` as often as it likes; values at
every node, gradients at every leaf and at interior nodes must be the oracle's.
"""

import operator

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule
from scalar_micrograd import Scalar, gradients

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core import graph

LIMIT = 50.0  # values beyond it would drown the comparison in rounding
SHAPES = [(), (3,), (1,), (2, 1), (2, 3), (1, 3)]

numbers = st.integers(-16, 16).map(lambda n: n / 8)
shapes = st.sampled_from(SHAPES)

scalars = np.frompyfunc(Scalar, 1, 1)
values = np.frompyfunc(lambda scalar: scalar.value, 1, 1)


def oracle(array):
    """New Scalars, one an entry; of object arrays, each an identity op over the old one."""
    array = np.asarray(array)
    return np.asarray(+array if array.dtype == object else scalars(array), dtype=object)


def numeric(scalars):
    return np.asarray(values(scalars), dtype=float)


def looked_up(table, array):
    return np.asarray(np.frompyfunc(lambda s: table.get(s, 0.0), 1, 1)(array), dtype=float)


def away_from(limit):
    return lambda *xs: np.all(np.abs(xs[-1]) > limit)


def positive(x):
    return np.all(x > 0.1)


def always(*_):
    return True


UNARY = {
    np.negative: always,
    np.sin: always,
    np.tanh: always,
    np.absolute: always,
    np.exp: lambda x: np.all(x < 3),
    np.log: positive,
    np.sqrt: positive,
    operator.neg: always,
}
BINARY = {
    np.add: always,
    np.subtract: always,
    np.multiply: always,
    np.divide: away_from(0.2),
    operator.add: always,
    operator.sub: always,
    operator.mul: always,
    operator.truediv: away_from(0.2),
    operator.pow: lambda x, y: np.all(x > 0.1) and np.all(np.abs(y) < 4),
}
SHAPING = {  # for arrays of one dimension or more
    "sum": np.sum,
    "sum of rows": lambda x: np.sum(x, axis=-1),
    "sum kept": lambda x: np.sum(x, axis=0, keepdims=True),
    "transpose": np.transpose,
    "flat": lambda x: np.reshape(x, -1),
    "column": lambda x: np.reshape(x, (-1, 1)),
    "row": lambda x: np.reshape(x, (1, -1)),
    "last": lambda x: x[..., -1],
    "reversed": lambda x: x[..., ::-1],
    "repeated": lambda x: x[..., [0, 0, -1]],
    "new axis": lambda x: x[None],
    "spread": lambda x: np.broadcast_to(x, (2, *x.shape)),
    "joined": lambda x: np.concatenate([x, x], axis=-1),
    "picked": lambda x: np.where(np.arange(x.shape[-1]) % 2 == 0, x, 0.5 * x),
}


class Pair:
    """A Tensor, its oracle, the leaves it comes from, and the values both had when made."""

    def __init__(self, tensor, scalars, sources=()):
        self.tensor = tensor
        self.scalars = scalars
        self.sources = frozenset(sources)
        self.value = numeric(scalars)
        self.stale = False


class GrowingGraph(RuleBasedStateMachine):
    pairs = Bundle("pairs")
    leaves = Bundle("leaves")

    def __init__(self):
        super().__init__()
        self.made = []
        self.expected = {}  # what each leaf's `.grad` must be

    # ------------------------------------------------------------ growing

    def grown(self, make, *parents, tracked=True):
        """A new pair from fresh parents, unless its values leave the comfortable range."""
        if any(parent.stale for parent in parents):
            return multiple()
        with np.errstate(all="ignore"):
            scalars = oracle(make(*(p.scalars for p in parents)))
        if scalars.size > 12 or scalars.ndim > 3 or np.any(np.abs(numeric(scalars)) > LIMIT):
            return multiple()
        if not tracked:
            scalars = oracle(numeric(scalars))
        tensor = make(*(p.tensor for p in parents))
        pair = Pair(tensor, scalars)
        if tensor.requires_grad:
            pair.sources = frozenset().union(*(p.sources for p in parents))
        self.check_value(pair)
        wanted = tracked and any(p.tensor.requires_grad for p in parents)
        assert tensor.requires_grad == wanted
        self.made.append(pair)
        return pair

    def check_value(self, pair):
        assert pair.tensor.shape == pair.scalars.shape
        assert pair.tensor.dtype == np.float64
        np.testing.assert_allclose(pair.tensor.data, pair.value, rtol=1e-12, atol=1e-12)

    def new_leaf(self, numbers, shape):
        array = np.array(numbers[: max(1, int(np.prod(shape)))]).reshape(shape)
        tensor = Tensor(array, requires_grad=True)
        self.expected[tensor] = None
        pair = Pair(tensor, oracle(array), [tensor])
        self.made.append(pair)
        return pair

    @initialize(target=leaves, data=st.lists(numbers, min_size=6, max_size=6), shape=shapes)
    def first_leaf(self, data, shape):
        return self.new_leaf(data, shape)

    @rule(target=leaves, data=st.lists(numbers, min_size=6, max_size=6), shape=shapes)
    def another_leaf(self, data, shape):
        return self.new_leaf(data, shape)

    @rule(target=pairs, data=st.lists(numbers, min_size=6, max_size=6), shape=shapes)
    def constant(self, data, shape):
        array = np.array(data[: max(1, int(np.prod(shape)))]).reshape(shape)
        tensor = Tensor(array)
        pair = Pair(tensor, oracle(array))
        self.made.append(pair)
        return pair

    @rule(target=pairs, op=st.sampled_from(list(UNARY)), x=pairs | leaves)
    def unary(self, op, x):
        return self.grown(op, x) if UNARY[op](x.value) else multiple()

    @rule(target=pairs, op=st.sampled_from(list(BINARY)), x=pairs | leaves, y=pairs | leaves)
    def binary(self, op, x, y):
        try:
            np.broadcast_shapes(x.value.shape, y.value.shape)
        except ValueError:
            with pytest.raises(ValueError, match="broadcast"):
                op(x.tensor, y.tensor)
            return multiple()
        return self.grown(op, x, y) if BINARY[op](x.value, y.value) else multiple()

    @rule(target=pairs, op=st.sampled_from(list(BINARY)), x=pairs | leaves)
    def with_itself(self, op, x):
        fits = BINARY[op](x.value, x.value)
        return self.grown(lambda node: op(node, node), x) if fits else multiple()

    @rule(target=pairs, x=pairs | leaves)
    def diamond(self, x):
        return self.grown(lambda node: (node + 0.5) * (node - node * 0.25), x)

    @rule(target=pairs, op=st.sampled_from(list(BINARY)), x=pairs | leaves, number=numbers)
    def number_on_the_right(self, op, x, number):
        fits = BINARY[op](x.value, np.float64(number))
        return self.grown(lambda node: op(node, number), x) if fits else multiple()

    @rule(target=pairs, op=st.sampled_from(list(BINARY)), number=numbers, x=pairs | leaves)
    def array_on_the_left(self, op, number, x):
        array = np.full(x.value.shape, number)
        fits = BINARY[op](array, x.value)
        return self.grown(lambda node: op(array, node), x) if fits else multiple()

    @rule(target=pairs, form=st.sampled_from(list(SHAPING)), x=pairs | leaves)
    def shaping(self, form, x):
        return self.grown(SHAPING[form if x.value.ndim else "flat"], x)

    @rule(target=pairs, x=pairs | leaves, y=pairs | leaves)
    def matrix_product(self, x, y):
        def product(a, b):
            return np.matmul(np.reshape(a, (-1, a.shape[-1])), np.reshape(b, (a.shape[-1], -1)))

        fits = x.value.ndim and y.value.size % x.value.shape[-1] == 0
        return self.grown(product, x, y) if fits else multiple()

    @rule(target=pairs, x=pairs | leaves, y=pairs | leaves)
    def stacked_list(self, x, y):
        if x.value.shape != y.value.shape:
            return multiple()
        return self.grown(
            lambda a, b: mg.tensor([a, b, a]) if isinstance(a, Tensor) else np.stack([a, b, a]),
            x,
            y,
        )

    # ------------------------------------------------------------ leaving the graph

    @rule(target=pairs, x=pairs | leaves)
    def stop_gradient(self, x):
        return self.grown(
            lambda node: mg.stop_gradient(node) if isinstance(node, Tensor) else +node,
            x,
            tracked=False,
        )

    @rule(target=pairs, x=pairs | leaves, y=pairs | leaves)
    def without_recording(self, x, y):
        if x.value.shape != y.value.shape:
            return multiple()
        with mg.no_grad():
            return self.grown(lambda a, b: a * 0.5 + np.sin(b * a), x, y, tracked=False)

    # ------------------------------------------------------------ changing leaves

    @rule(leaf=leaves, number=numbers, in_place=st.booleans())
    def step(self, leaf, number, in_place):
        if in_place:
            leaf.tensor.data -= number
        else:
            leaf.tensor.data = leaf.value - number
        for pair in self.made:
            if pair is not leaf and leaf.tensor in pair.sources:
                pair.stale = True
        leaf.value = leaf.value - number
        leaf.scalars = oracle(leaf.value)

    @rule(leaf=leaves)
    def zero_grad(self, leaf):
        leaf.tensor.grad = None
        self.expected[leaf.tensor] = None

    # ------------------------------------------------------------ differentiating

    def seeds(self, pair, weight):
        return {s: weight * (i + 1.0) for i, s in enumerate(pair.scalars.flat)}

    @rule(output=pairs | leaves, weight=numbers)
    def backward(self, output, weight):
        tensor = output.tensor
        if not tensor.requires_grad:
            with pytest.raises(errors.GraphError):
                tensor.backward()
            return
        cotangent = weight * np.arange(1.0, tensor.size + 1).reshape(tensor.shape)
        if output.stale:
            with pytest.raises(errors.MutationError):
                tensor.backward(cotangent)
            return
        tensor.backward(cotangent)
        table = gradients(self.seeds(output, weight))
        for leaf in self.made:
            if leaf.tensor in self.expected and leaf.tensor in output.sources:
                self.accumulate(leaf, looked_up(table, leaf.scalars), scale_of(table))

    def accumulate(self, leaf, gradient, scale):
        before = self.expected[leaf.tensor]
        total, tolerance = before or (0.0, 1e-12)
        total, tolerance = total + gradient, tolerance + 1e-12 * scale
        self.expected[leaf.tensor] = total, tolerance
        np.testing.assert_allclose(leaf.tensor.grad, total, rtol=1e-12, atol=tolerance)

    @rule(output=pairs | leaves)
    def backward_of_a_single_number(self, output):
        if output.value.size == 1:
            self.backward(output, 1.0)
        elif output.tensor.requires_grad and not output.stale:
            with pytest.raises(errors.GraphError):
                output.tensor.backward()

    @rule(output=pairs, interior=st.lists(pairs | leaves, min_size=1, max_size=4))
    def pull_at_interior_nodes(self, output, interior):
        if output.stale or not output.tensor.requires_grad:
            return
        cotangent = np.arange(1.0, output.tensor.size + 1).reshape(output.tensor.shape)
        wanted = [p for p in interior if p.tensor.requires_grad]
        found = graph.pull({output.tensor: cotangent}, [p.tensor for p in wanted])
        table = gradients(self.seeds(output, 1.0))
        for pair in wanted:
            np.testing.assert_allclose(
                found.get(pair.tensor, np.zeros(pair.tensor.shape)),
                looked_up(table, pair.scalars),
                rtol=1e-12,
                atol=1e-12 * scale_of(table),
            )

    # ------------------------------------------------------------ always

    def teardown(self):
        for pair in self.made:
            if not pair.stale:  # in-place steps show through the views of a leaf
                self.check_value(pair)
        for leaf, expected in self.expected.items():
            if expected is None:
                assert leaf.grad is None
            else:
                total, tolerance = expected
                assert leaf.grad.shape == leaf.shape
                np.testing.assert_allclose(leaf.grad, total, rtol=1e-12, atol=tolerance)


def scale_of(table):
    """The largest cotangent anywhere: rounding is relative to it, however much cancels after."""
    return 1.0 + max(map(abs, table.values()))


class TestGrowingGraph(GrowingGraph.TestCase):
    settings = settings(stateful_step_count=50)


@pytest.mark.thorough
class TestManyGrowingGraphs(GrowingGraph.TestCase):
    settings = settings(max_examples=300, stateful_step_count=50)
