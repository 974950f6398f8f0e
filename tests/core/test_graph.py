"""The two walks over the graph, second derivatives, and what ops make of constants and options."""

import math

import numpy as np
import pytest
from leaves import leaf, recording

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core import graph
from micrograd_np.core.forms import elementwise
from micrograd_np.core.op import OPS

# ---------------------------------------------------------------- second derivatives, conventions


def test_a_tracked_option_is_an_error_and_not_cut():
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    with pytest.raises(errors.LeavesGraphError):
        np.pad(x, 1, constant_values=(w, 0.0))


def test_functions_of_our_own_dispatch_on_keywords_too():
    w = leaf(2.0)
    mg.index_update(np.zeros(3), 0, value=w).sum().backward()
    assert w.grad == 1.0
    assert mg.softmax(x=leaf([1.0, 2.0])).op.name == "softmax"


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_subclasses_of_ndarray_are_plain_arrays_here_and_masks_and_matrices_are_refused():
    w = leaf(np.ones((2, 2)))
    records = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.recarray)
    np.sum(w * records).backward()
    np.testing.assert_array_equal(w.grad, [[1.0, 2.0], [3.0, 4.0]])
    assert type((w * records).data) is np.ndarray
    with pytest.raises(TypeError, match="matrix"):
        w * np.asmatrix(records)
    with pytest.raises(TypeError, match="mask"):
        w * np.ma.masked_array(np.ones((2, 2)), mask=np.eye(2))


def test_what_asarray_gives_of_a_constant_cannot_be_written_to():
    constant = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(constant)[0] = 9.0
    np.array(constant)[0] = 9.0
    assert constant.tolist() == [1.0, 2.0]


def test_a_plain_function_cannot_be_declared():
    with pytest.raises(TypeError, match="dispatching"):
        elementwise(lambda x: x, lambda out, x: 1.0)
    with pytest.raises(ValueError, match="1 partials"):
        elementwise(np.gcd, lambda out, x, y: y)


def test_a_shape_error_names_the_op_and_its_operands():
    a, b = leaf(np.ones((2, 3)), name="a"), leaf(np.ones((5, 1)), name="b")
    for call in (lambda: a @ b, lambda: np.concatenate([a, b], axis=1)):
        with pytest.raises(ValueError, match="dimension") as caught:
            call()
        ours, numpys = str(caught.value).split("NumPy says: ")
        assert "'a' of shape (2, 3)" in ours
        assert "dimension" in numpys


def test_anomaly_detection_may_be_entered_again_inside_itself():
    detection = mg.detect_anomaly()
    with detection:
        with detection:
            pass
        with pytest.raises(errors.NonFiniteError):
            np.sqrt(leaf(0.0)).backward()
    assert recording()
    np.sqrt(leaf(0.0)).backward()  # no longer watched


def test_112_a_rule_in_raw_arrays_is_an_error_not_a_zero():
    @mg.dispatching
    def cube(x):
        return x**3

    elementwise(cube, lambda out, x: 3 * np.asarray(x) ** 2)
    try:
        first = mg.grad(cube)
        assert float(first(2.0)) == 12.0
        with pytest.raises(errors.LeavesGraphError):
            mg.grad(first)(2.0)
    finally:
        del OPS[cube]


def test_113_hessian_of_the_norm_at_zero_is_nan():
    found = mg.hessian(np.linalg.norm)(np.zeros(2))
    assert np.isnan(found).all()


# ---------------------------------------------------------------- pull over any node


def test_pull_gives_gradients_at_interior_nodes():
    x = leaf(3.0)
    square = x * x
    out = np.sin(square) * square
    found = graph.pull({out: np.float64(1.0)}, wrt=[square, x])
    slope = math.cos(9.0) * 9.0 + math.sin(9.0)
    assert found[square] == pytest.approx(slope, rel=1e-14)
    assert found[x] == pytest.approx(slope * 6.0, rel=1e-14)
    assert x.grad is None


def test_pull_changes_nothing_it_is_given():
    x = leaf([1.0, 2.0])
    out = x + 1.0
    cotangents = {out: np.ones(2)}
    found = graph.pull(cotangents)
    assert list(cotangents) == [out]
    np.testing.assert_array_equal(cotangents[out], [1.0, 1.0])
    np.testing.assert_array_equal(found[x], [1.0, 1.0])


def test_history_is_oldest_first_and_holds_each_node_once():
    x = leaf(2.0)
    a = x * x
    b = a + x
    c = a * b + b
    nodes, leaves = graph.history([c, b])
    assert [node.tick for node in nodes] == sorted(node.tick for node in nodes)
    assert len(nodes) == len(set(nodes)) == 4
    assert leaves == [x]
