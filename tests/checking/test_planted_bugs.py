"""Planted bugs: the gradient checker finds each, and says where and what it is."""

import numpy as np
import pytest
from checked import MATRIX, RNG, SLOPES, exact_sine, only

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.checking import gradcheck
from micrograd_np.core.forms import elementwise, linear, primitive


def exact_cosine(x):
    return np.cos(x)


def bare(x):
    """The numbers alone, as a careless rule takes them."""
    return x.data if isinstance(x, Tensor) else x


@pytest.mark.parametrize("bug", SLOPES)
def test_a_wrong_elementwise_slope_is_caught(planted, bug):
    f = planted(elementwise, exact_sine, SLOPES[bug])
    report = gradcheck(f, MATRIX)
    assert report.verdict == "wrong"
    assert not report
    expected = {"one entry": 1, "none of it being a number": 36}
    assert only(report).counts["wrong"] == expected.get(bug, 6)


def test_the_same_op_with_its_slope_right_passes_at_order_2(planted):
    f = planted(elementwise, exact_sine, lambda out, x: np.cos(x))
    assert gradcheck(f, MATRIX, order=2)


def test_the_one_wrong_entry_of_many_is_named(planted):
    f = planted(elementwise, exact_sine, SLOPES["one entry"])
    line = only(gradcheck(f, RNG.normal(size=(20, 5))))
    assert line.counts == {"right": 9999, "kink": 0, "non-finite": 0, "wrong": 1}
    assert line.place == "out[0, 4] / in[0, 4]"
    assert line.entry == (0, 4, 0, 4)
    assert abs(line.absolute_error - 1e-3) < 1e-8


def test_a_missing_sum_over_a_broadcast_axis_is_caught(planted):
    """The mean of the cotangents where their sum belongs: the shape is right, the number is not."""
    f = planted(
        primitive,
        lambda x, y: x + y,
        lambda g, out, x, y: g,
        lambda g, out, x, y: np.mean(g, axis=0),
        jvp=lambda ts, out, x, y: sum(t for t in ts if t is not None) + 0 * out,
    )
    report = gradcheck(f, (MATRIX, MATRIX[0]))
    assert [line.verdict for line in report.inputs] == ["right", "wrong"]
    assert "0.5 times the numeric one" in str(report)
    assert "Forward mode is right: look at the vjp rules" in str(report)


def test_a_transposed_jacobian_is_caught_and_named(planted):
    matrix = RNG.normal(size=(3, 3))
    f = planted(linear, lambda x: matrix @ x, lambda g, out, x: matrix @ g)
    report = gradcheck(f, np.ones(3))
    assert report.verdict == "wrong"
    assert "transpose of the numeric one" in str(report)


def test_a_wrong_vjp_beside_a_right_jvp_is_caught(planted):
    f = planted(
        primitive,
        exact_sine,
        lambda g, out, x: g * np.cos(x) * 1.01,
        jvp=lambda ts, out, x: ts[0] * np.cos(x),
    )
    report = gradcheck(f, MATRIX)
    assert (report.verdict, only(report).mode) == ("wrong", "reverse")
    assert "look at the vjp rules" in str(report)


def test_a_wrong_jvp_beside_a_right_vjp_is_caught(planted):
    f = planted(
        primitive,
        exact_sine,
        lambda g, out, x: g * np.cos(x),
        jvp=lambda ts, out, x: ts[0] * np.cos(x) * 1.01,
    )
    report = gradcheck(f, MATRIX)
    assert (report.verdict, only(report).mode) == ("wrong", "forward")
    assert "look at the jvp rules" in str(report)
    assert gradcheck(f, MATRIX, forward=False)


def test_wrong_only_in_second_order_is_caught_by_order_2(planted):
    """A slope computed from bare arrays is right, but its own derivative is lost."""
    f = planted(elementwise, exact_sine, lambda out, x: np.cos(bare(x)))
    assert gradcheck(f, MATRIX)
    report = gradcheck(f, MATRIX, order=2)
    assert report.verdict == "wrong"
    assert [part.verdict for part in report.derivatives] == ["wrong", "wrong"]
    assert "no gradient arrives" in str(report)


def test_a_rule_that_cuts_the_cotangent_is_caught_by_order_2(planted):
    """Of a linear op the second derivative in x is 0 anyway: only the cotangent's shows the cut."""
    f = planted(
        primitive,
        lambda x: 3 * x,
        lambda g, out, x: 3 * bare(g),
        jvp=lambda ts, out, x: 3 * ts[0],
    )
    assert gradcheck(f, MATRIX)
    report = gradcheck(f, MATRIX, order=2)
    wrong = [
        line.name for part in report.derivatives for line in part.inputs if line.counts["wrong"]
    ]
    assert wrong == ["cotangent"]


def test_wrong_only_in_third_order_is_caught_by_order_3(planted):
    cosine = planted(elementwise, exact_cosine, lambda out, x: -np.sin(bare(x)))
    f = planted(elementwise, exact_sine, lambda out, x: cosine(x))
    assert gradcheck(f, MATRIX[0], order=2)
    assert gradcheck(f, MATRIX[0], order=3).verdict == "wrong"


def test_second_order_is_not_asked_of_a_wrong_first_order(planted):
    f = planted(elementwise, exact_sine, SLOPES["the sign"])
    assert gradcheck(f, MATRIX, order=2).derivatives == ()


@pytest.mark.parametrize(
    ("bug", "words"),
    [
        ("the sign", "the sign is flipped"),
        ("a factor", "0.5 times the numeric one"),
        ("all of it", "no gradient arrives"),
        ("none of it being a number", "infinite or NaN where the function has a finite slope"),
    ],
)
def test_the_report_says_what_the_bug_looks_like(planted, bug, words):
    f = planted(elementwise, exact_sine, SLOPES[bug])
    assert words in str(gradcheck(f, MATRIX))


def test_a_path_cut_by_data_is_caught():
    report = gradcheck(lambda x: np.sin(x.data), MATRIX)
    assert report.verdict == "wrong"
    assert "`.data`" in str(report)


def test_half_a_path_cut_by_stop_gradient_is_caught():
    assert gradcheck(lambda x: x * mg.stop_gradient(x), MATRIX).verdict == "wrong"
