"""Right gradients pass at every scale, and some verdicts need no number."""

import warnings

import numpy as np
import pytest
from checked import RNG, exact_sine, only
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np.checking import gradcheck
from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import elementwise
from micrograd_np.core.op import OPS

# ---------------------------------------------------------------- right at every scale

SMOOTH = {
    "sin": np.sin,
    "tanh": np.tanh,
    "cube": lambda u: u**3,
    "exp": np.exp,
    "bump": lambda u: 1 / (1 + u * u),
    "softmax": mg.softmax,
    "logsumexp": mg.logsumexp,
    "product": np.prod,
    "variance": np.var,
    "cancelling": lambda u: np.sum(u) - np.sum(u[1:]),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SMOOTH)
@examples(0.5)
@given(
    st.floats(-12, 12),
    st.floats(-12, 12),
    st.lists(st.floats(-2, 2).filter(lambda u: u == 0 or abs(u) > 1e-3), min_size=2, max_size=4),
)
def test_right_gradients_pass_at_every_scale(name, dtype, x_power, out_power, numbers):
    unit, size = dtype(10**x_power), dtype(10**out_power)
    x = np.array(numbers, dtype) * unit
    report = gradcheck(lambda x: SMOOTH[name](x / unit) * size, x)
    assert report, f"{x!r}, {unit}, {size}\n{report}"


@given(st.floats(-12, 12), st.floats(-12, 12), st.floats(0.01, 2), st.sampled_from([-1, 0.5, 1.01]))
def test_wrong_gradients_fail_at_every_scale(x_power, out_power, u, factor):
    function = dispatching(exact_sine)
    elementwise(function, lambda out, x: factor * np.cos(x), call=exact_sine)
    try:
        unit, size = 10**x_power, 10**out_power
        report = gradcheck(lambda x: function(x / unit) * size, np.array([u * unit]))
    finally:
        OPS.pop(function)
    assert report.verdict == "wrong"


def test_scales_mixed_in_one_input():
    x = np.array([1e-8, 1.0, 1e8, 0.0, -1e-300])
    report = gradcheck(lambda x: x**2 + x, x)
    assert report
    assert only(report).digits > 7


def test_scales_mixed_in_one_sum_cannot_hide_a_wrong_sign(planted):
    f = planted(elementwise, lambda x: x * 1.0, lambda out, x: np.where(x < 1, -1.0, 1.0))
    assert gradcheck(lambda x: np.sum(f(x) * [1e-6, 1e6]), np.array([0.5, 2.0])).verdict == "wrong"


def test_what_noise_hides_is_counted_and_not_held_against_the_gradient():
    report = gradcheck(lambda x: np.sum(x * [1e20, 1.0]), np.array([1.0, 1.0]))
    assert report
    assert only(report).unresolved == 1
    assert "smaller than the rounding noise" in str(report)


@pytest.mark.parametrize("x", [1e8, 1e12, 1e-8, 0.0])
def test_functions_that_do_not_vary_on_the_scale_of_their_input(x):
    for f in (np.sin, np.cos, lambda x: np.exp(-(x**2))):
        assert gradcheck(f, np.array([x]))


def test_a_step_that_would_leave_the_domain_is_made_smaller():
    x = np.array([1e-3, 1 - 1e-9])
    for f in (np.log, np.arcsin, np.sqrt, lambda x: x**1.5, lambda x: np.log1p(-x)):
        assert gradcheck(f, x)


def test_the_edge_of_a_domain_is_measured_from_inside():
    assert gradcheck(lambda x: x**1.5, np.array([0.0, 1.0]))


def test_derivatives_that_are_exactly_zero_do_not_fail_from_noise():
    assert gradcheck(lambda x: np.sum(mg.softmax(x)), RNG.normal(size=5), order=2)
    assert gradcheck(np.cos, np.array([0.0]), order=2)


def test_tails_are_held_to_their_digits():
    report = gradcheck(mg.sigmoid, np.array([-40.0, -500.0]))
    assert report
    assert only(report).digits > 8


# ---------------------------------------------------------------- verdicts without a number


def test_an_infinite_slope_is_non_finite():
    report = gradcheck(np.sqrt, np.array([0.0, 1.0]))
    assert report.verdict == "non-finite"
    assert not report


def test_a_slope_that_grows_without_end_is_non_finite():
    assert gradcheck(lambda x: x * np.log(x), np.array([0.0, 1.0])).verdict == "non-finite"


def test_a_value_that_is_not_finite_is_non_finite():
    assert gradcheck(np.log, np.array([0.0, 1.0])).verdict == "non-finite"
    assert gradcheck(lambda x: x / x, np.array([0.0, 1.0])).verdict == "non-finite"
    assert gradcheck(lambda x: 2 * x, np.array([np.inf, np.nan])).verdict == "non-finite"


def test_nan_where_the_function_is_flat_is_wrong(planted):
    f = planted(elementwise, lambda x: 0 * x + 5, lambda out, x: x / x * 0)
    assert gradcheck(f, np.array([0.0, 1.0])).verdict == "wrong"


def test_a_slope_that_overflows_its_dtype_is_non_finite():
    x = np.array([1.0], np.float32)
    scale = np.float32(1e20)
    assert gradcheck(lambda x: np.sin(x * scale * scale) * 0 + x * scale * scale, x).verdict == (
        "non-finite"
    )


def test_no_warnings_from_outside_the_domain():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradcheck(np.sqrt, np.array([1e-12, 1.0]))
        assert not gradcheck(np.log, np.array([0.0]))
