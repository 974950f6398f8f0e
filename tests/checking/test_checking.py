"""The gradient checker: right gradients pass at any scale, planted bugs do not, and it says why."""

import warnings

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.checking import GradientReport, assert_gradcheck, gradcheck
from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import elementwise, linear, primitive
from micrograd_np.core.op import OPS

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(2, 3))


def only(report):
    """The one line of a report on a function of one input."""
    (line,) = report.inputs
    return line


# ---------------------------------------------------------------- planted bugs


@pytest.fixture
def planted():
    """Declare a private op for the length of a test: `planted(form, raw, *rules, **fields)`."""
    functions = []

    def declare(form, raw, *rules, **fields):
        function = dispatching(raw)
        form(function, *rules, call=raw, **fields)
        functions.append(function)
        return function

    yield declare
    for function in functions:
        OPS.pop(function)


def exact_sine(x):
    return np.sin(x)


def exact_cosine(x):
    return np.cos(x)


def absolute(x):
    return np.abs(x)


def bare(x):
    """The numbers alone, as a careless rule takes them."""
    return x.data if isinstance(x, Tensor) else x


def fifth(size):
    return np.arange(size) == 4


SLOPES = {
    "the sign": lambda out, x: -np.cos(x),
    "a factor": lambda out, x: np.cos(x) / 2,
    "0.1 percent": lambda out, x: 1.001 * np.cos(x),
    "one part in a million": lambda out, x: (1 + 1e-6) * np.cos(x),
    "one entry": lambda out, x: np.cos(x) + np.reshape(1e-3 * fifth(x.size), x.shape),
    "all of it": lambda out, x: 0 * x,
    "none of it being a number": lambda out, x: np.cos(x) * np.nan,
}


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


# ---------------------------------------------------------------- the checker's own traps


@pytest.mark.parametrize("size", [1e-6, 1e-7, 1e-12])
def test_case_115_a_small_gradient_of_the_wrong_sign_fails(planted, size):
    f = planted(elementwise, lambda x: size * np.sin(x), lambda out, x: -size * np.cos(x))
    assert gradcheck(f, MATRIX).verdict == "wrong"
    assert gradcheck(lambda x: np.sum(f(x)) + 1.0, MATRIX).verdict == "wrong"


@pytest.mark.parametrize("size", [1e-6, 1e-7, 1e-12])
def test_case_115_a_small_gradient_of_the_right_sign_passes(size):
    assert gradcheck(lambda x: size * np.sin(x), MATRIX)


def test_case_116_a_gradient_wrong_by_a_tenth_of_a_percent_fails_and_shows_its_digits(planted):
    f = planted(elementwise, exact_sine, lambda out, x: 1.0009 * np.cos(x))
    report = gradcheck(f, MATRIX)
    assert report.verdict == "wrong"
    assert 3.0 < only(report).digits < 3.1
    single = gradcheck(f, MATRIX.astype(np.float32))
    assert single.verdict == "wrong"
    assert 2.9 < only(single).digits < 3.2


@pytest.mark.parametrize("size", [1e12, 1e100])
def test_case_117_a_right_gradient_of_great_size_passes(size):
    report = gradcheck(lambda x: size * np.sum(x**3), MATRIX)
    assert report
    assert only(report).digits > 8


def test_case_118_abs_at_exactly_zero_is_a_kink():
    report = gradcheck(np.abs, np.array([0.0, 1.0]))
    assert report.verdict == "kink"
    assert not report
    assert only(report).counts == {"right": 3, "kink": 1, "non-finite": 0, "wrong": 0}
    assert "the slope is -1 to the left and 1 to the right" in str(report)


def test_case_118_an_answer_outside_both_slopes_is_wrong_even_at_a_kink(planted):
    f = planted(elementwise, absolute, lambda out, x: np.sign(x) + 2 * np.equal(x, 0))
    assert gradcheck(f, np.array([0.0, 1.0])).verdict == "wrong"


def test_case_119_sqrt_at_1e_8_passes():
    report = gradcheck(np.sqrt, np.array([1e-8, 1.0, 1e-200]))
    assert report
    assert only(report).digits > 6


def test_case_120_relu_at_1e_7_passes_with_steps_below_it():
    assert gradcheck(mg.relu, np.array([1e-7, -1e-7, 1.0]))


def test_case_120_a_kink_too_near_to_step_inside_is_a_kink_not_a_wrong_gradient():
    report = gradcheck(lambda x: 10 + np.sum(mg.relu(x)), np.array([1e-15, 1.0]))
    assert report.verdict == "kink"
    assert only(report).place == "out / in[0]"


@pytest.mark.parametrize(
    ("dtype", "digits"), [(np.float64, 9.5), (np.float32, 4), (np.float16, 1.5)]
)
def test_case_121_sine_is_right_in_every_precision(dtype, digits):
    report = gradcheck(np.sin, MATRIX.astype(dtype))
    assert report
    assert only(report).dtype == dtype
    assert only(report).digits > digits


def test_case_121_float64_leaves_with_float32_inside():
    def f(x):
        return np.sum(np.sin(x.astype(np.float32)).astype(np.float64) * x)

    assert gradcheck(f, MATRIX)
    assert abs(gradcheck(f, MATRIX).rtol - 3.5e-4) < 1e-5


def test_case_122_an_expanded_input_is_copied():
    expanded = np.broadcast_to(np.array([1.0, 2.0]), (3, 2))
    report = gradcheck(lambda x: x**2, expanded)
    assert report
    assert np.array_equal(np.einsum("ijij->ij", only(report).analytic), 2 * expanded)


def test_case_123_one_array_passed_twice_gets_an_answer_for_each_place():
    x = np.array([2.0, 3.0])
    report = gradcheck(lambda a, b: np.sum(a**2 * b), (x, x))
    assert report
    first, second = report.inputs
    assert np.array_equal(first.analytic, 2 * x * x)
    assert np.array_equal(second.analytic, x**2)
    assert "input 1 is the same object as an earlier one" in str(report)


def test_case_124_a_function_may_write_to_its_inputs():
    """It gets copies: neither the caller's arrays nor the other evaluations see it."""
    x, index = np.array([3.0, 1.0, 2.0]), np.array([2, 0])

    def f(t, chosen):
        out = np.sum(t[chosen] ** 2)
        chosen[:] = 0
        if not t.requires_grad:
            t.data[:] = -1
        return out

    assert gradcheck(f, (x, index))
    assert np.array_equal(x, [3.0, 1.0, 2.0])
    assert np.array_equal(index, [2, 0])


def test_case_124_writing_to_the_input_behind_the_graph_is_reported():
    def f(t):
        out = t * t
        t.data[:] *= 2
        return out

    report = gradcheck(f, MATRIX)
    assert report.verdict == "wrong"
    assert "writes to its input x" in str(report)


def test_case_114_a_random_function_is_non_deterministic():
    rng = np.random.default_rng(0)
    report = gradcheck(lambda x: x * rng.normal(), MATRIX)
    assert report.verdict == "non-deterministic"
    assert not report
    assert "pass them in" in str(report)


def test_case_114_a_result_of_random_shape_is_non_deterministic():
    rng = np.random.default_rng(0)
    counts = iter([1, 2, 1])
    assert gradcheck(lambda x: x[: next(counts)] + rng.normal(), MATRIX[0]).verdict == (
        "non-deterministic"
    )


def test_case_126_below_the_limit_every_entry_is_compared():
    line = only(gradcheck(np.sin, RNG.normal(size=10)))
    assert line.numeric.shape == (10, 10)


def test_case_126_above_the_limit_random_directions_are_and_the_report_says_so():
    x = RNG.normal(size=300)
    report = gradcheck(lambda x, y: np.sin(x) * y, (x, 2.0), limit=1000, samples=5)
    assert report
    wide, narrow = report.inputs
    assert wide.numeric.shape == (5, 5)
    assert narrow.numeric.shape == (5,)
    assert "5 random combinations of 300 outputs" in str(report)
    assert "along 5 random directions of input 0" in str(report)
    assert "combination" in wide.place
    assert "direction" in wide.place


def test_case_126_one_wrong_entry_of_ten_thousand_shows_in_random_directions(planted):
    f = planted(elementwise, exact_sine, SLOPES["one entry"])
    report = gradcheck(f, RNG.normal(size=10_001))
    assert report.verdict == "wrong"
    assert only(report).numeric.shape == (4, 4)


def test_random_directions_follow_the_generator_given():
    def numbers(seed):
        rng = np.random.default_rng(seed)
        return only(gradcheck(np.sin, RNG_VECTOR, limit=10, rng=rng)).numeric

    assert np.array_equal(numbers(1), numbers(1))
    assert not np.array_equal(numbers(1), numbers(2))


RNG_VECTOR = np.linspace(0.1, 1, 20)


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


# ---------------------------------------------------------------- inputs and outputs of all kinds


def test_a_single_input_needs_no_tuple():
    assert gradcheck(np.sin, MATRIX)
    assert gradcheck(np.sin, 0.5)
    assert gradcheck(np.sin, np.float32(0.5))
    assert gradcheck(np.sin, Tensor(MATRIX))


def test_scalars_have_a_line_each():
    report = gradcheck(lambda x, y: x * y, [2.0, 3.0])
    assert [float(line.analytic) for line in report.inputs] == [3.0, 2.0]
    assert [line.entry for line in report.inputs] == [(), ()]


def test_inputs_may_be_trees():
    report = gradcheck(
        lambda p, x: np.sum((x @ p["layers"][0] + p["bias"]) ** 2),
        ({"layers": [np.ones((3, 2))], "bias": np.zeros(2)}, MATRIX),
        order=2,
    )
    assert report
    assert [line.name for line in report.inputs] == ["0.layers.0", "0.bias", "1"]


def test_a_dict_is_one_argument():
    report = gradcheck(lambda p: p["a"] * p["b"], {"a": 2.0, "b": 3.0})
    assert report
    assert [line.name for line in report.inputs] == ["a", "b"]


def test_a_module_is_one_argument():
    model = nn.Linear(3, 2, rng=np.random.default_rng(0))
    before = [p.numpy() for p in model.parameters()]
    report = gradcheck(lambda model, x: np.sum(mg.sigmoid(model(x))), (model, MATRIX), order=2)
    assert report
    assert len(report.inputs) == 3
    for p, old in zip(model.parameters(), before, strict=True):
        assert p.grad is None
        assert np.array_equal(p.data, old)


def test_names_are_shown():
    report = gradcheck(lambda w: w**2, Tensor([1.0, 2.0], requires_grad=True, name="weight"))
    assert only(report).name == "weight"
    assert "weight" in str(report)


def test_outputs_may_be_trees():
    report = gradcheck(lambda x: {"sine": np.sin(x), "sum": np.sum(x), "count": 3}, MATRIX, order=2)
    assert report
    assert only(report).analytic.shape == (7, 2, 3)
    assert "sine" in only(report).place or "sum" in only(report).place


def test_an_output_that_is_the_input_or_appears_twice():
    assert gradcheck(lambda x: x, MATRIX, order=2)

    def twice(x):
        out = np.sin(x)
        return out, out

    assert gradcheck(twice, MATRIX, order=2)


def test_the_jacobian_has_the_shape_of_output_and_input():
    line = only(gradcheck(lambda x: np.sum(x**2, axis=0), MATRIX))
    assert line.analytic.shape == line.numeric.shape == line.forward.shape == (3, 2, 3)
    assert np.allclose(line.analytic, mg.jacobian(lambda x: np.sum(x**2, axis=0))(MATRIX))


def test_an_output_that_does_not_depend_on_an_input_has_derivative_zero():
    report = gradcheck(lambda x, y: np.sin(y), (MATRIX, 2.0))
    assert report
    assert not report.inputs[0].analytic.any()
    assert gradcheck(lambda x: 3.0, MATRIX)
    assert gradcheck(lambda x: np.ones(3), MATRIX, order=2)


def test_integers_are_held_constant():
    report = gradcheck(lambda x, i, axis: np.sum(x[i], axis=axis), (MATRIX, np.array([0, 0, 1]), 1))
    assert report
    assert [line.name for line in report.inputs] == ["0"]
    assert "held constant, not being floating-point: 1, 2" in str(report)


def test_empty_inputs_and_outputs():
    assert gradcheck(np.sin, np.zeros((0, 3)), order=2)
    assert gradcheck(np.sum, np.zeros((0, 3)))
    assert gradcheck(lambda x: x[:0], MATRIX)
    assert only(gradcheck(np.sin, np.zeros((0, 3)))).entry is None


def test_fortran_order_and_negative_strides():
    assert gradcheck(np.sin, np.asfortranarray(MATRIX))
    assert gradcheck(np.sin, MATRIX[::-1, ::-1])


def test_a_longdouble_input():
    assert gradcheck(np.sin, MATRIX.astype(np.longdouble))


def test_two_precisions_together():
    report = gradcheck(lambda x, y: np.sum(x * y), (MATRIX, MATRIX.astype(np.float32)), order=2)
    assert report
    assert [line.dtype for line in report.inputs] == [np.float64, np.float32]


def test_a_result_whose_size_depends_on_the_numbers():
    assert gradcheck(lambda x: x[x > 0] ** 2, np.array([-1.0, 1e-3, 1.0]))


def test_closures_over_parameters_are_left_alone():
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert gradcheck(lambda x: np.sum(x * w), MATRIX, order=2)
    assert w.grad is None


def test_functions_that_differentiate_inside():
    assert gradcheck(mg.grad(lambda x: np.sum(x**3)), MATRIX, order=2)
    assert gradcheck(lambda x: mg.jvp(np.sin, [x], [np.cos(x)])[1], MATRIX)


def test_under_no_grad_too():
    with mg.no_grad():
        assert gradcheck(np.sin, MATRIX, order=2)


# ---------------------------------------------------------------- complex numbers


def test_a_complex_input_is_checked_along_both_parts():
    z = np.array([3 + 4j, -1 + 0.5j, 2 - 1j])
    report = gradcheck(lambda z, w: np.sum(np.abs(z) ** 2 * w), (z, np.ones(3)), order=2)
    assert report
    assert [line.name for line in report.inputs] == ["0.real", "0.imag", "1"]
    np.testing.assert_allclose(report.inputs[0].numeric, 2 * z.real, rtol=1e-7)
    np.testing.assert_allclose(report.inputs[1].numeric, 2 * z.imag, rtol=1e-7)


def test_a_complex_output_is_checked_in_both_parts():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    for f in (np.exp, np.conj, np.fft.fft, lambda z: np.conj(z) * z**2, np.sign):
        report = assert_gradcheck(f, z, order=2)
        assert report.inputs[0].numeric.shape == (12, 2, 3)
    assert assert_gradcheck(np.fft.rfft, z.real, order=2)
    assert assert_gradcheck(np.fft.irfft, z, order=2)


def test_single_precision_complex_numbers():
    z = np.array([1 + 2j, -0.5 + 1j], np.complex64)
    report = assert_gradcheck(lambda z: np.tanh(z) * z, z, order=2)
    assert report.inputs[0].dtype == np.float32
    assert 1e-4 < report.rtol < 1e-3


@pytest.mark.parametrize("forward", [True, False])
def test_a_rule_with_the_wrong_conjugate_is_found(planted, forward):
    def size(z):
        return np.abs(z)

    f = planted(elementwise, size, lambda out, z: z / out)
    report = gradcheck(f, np.array([1 + 2j, 2 - 1j]), forward=forward)
    assert [line.verdict for line in report.inputs] == ["right", "wrong"]
    assert report.inputs[1].name == "x.imag"
    assert "the sign is flipped" in report.inputs[1].hint


def test_large_complex_inputs_are_sampled():
    rng = np.random.default_rng(0)
    z = rng.normal(size=64) + 1j * rng.normal(size=64)
    report = assert_gradcheck(lambda z: np.fft.ifft(np.tanh(np.fft.fft(z) / 10)), z, limit=100)
    assert "4 random combinations of 128 outputs, 128 inputs" in report.method


def test_nothing_to_differentiate_is_an_error():
    with pytest.raises(errors.NotDifferentiableError, match="decimal point"):
        gradcheck(lambda x: x, np.arange(3))
    with pytest.raises(errors.NotDifferentiableError, match="no inputs"):
        gradcheck(lambda: 1.0, ())


def test_nothing_to_compare_is_an_error():
    with pytest.raises(errors.NotDifferentiableError, match="returns floating-point numbers"):
        gradcheck(np.argmax, MATRIX)


def test_an_order_below_1_is_an_error():
    with pytest.raises(ValueError, match="order=0"):
        gradcheck(np.sin, MATRIX, order=0)


# ---------------------------------------------------------------- the report


def test_the_report_reads_like_this(planted):
    f = planted(elementwise, exact_sine, lambda out, x: 2 * np.cos(x))
    text = str(gradcheck(lambda x, y: np.sum(f(x) * y), (np.array([0.0, 1.0]), 2.0)))
    assert text.splitlines()[0] == "gradcheck: WRONG. Differences contradict a derivative."
    assert "f: every entry of the 1 x 3 Jacobian; reverse and forward mode" in text
    header = next(line for line in text.splitlines() if line.startswith("  input"))
    assert header.split("  ")[1:] != []
    for column in ("analytic", "numeric", "abs error", "rel error", "digits", "worst entry"):
        assert column in header
    assert "(analytic: what the rules give; numeric: what differences of the function give)" in text
    assert "Next: input 0: 2 of 2 entries are wrong: the analytic derivative is 2 times" in text


def test_the_columns_stand_under_their_names(planted):
    f = planted(elementwise, exact_sine, lambda out, x: 2 * np.cos(x))
    lines = str(gradcheck(lambda x: np.sum(f(x)), np.array([0.0]))).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  input"))
    names, values = lines[at], lines[at + 1]
    assert values[names.index("analytic") :].split()[0] == "2"
    assert abs(float(values[names.index("numeric") :].split()[0]) - 1) < 1e-8


def test_the_numbers_of_the_worst_entry_are_at_hand(planted):
    f = planted(elementwise, lambda x: 3 * x, lambda out, x: 0 * x + 4.0)
    line = only(gradcheck(f, 2.0))
    assert float(line.analytic[line.entry]) == 4.0
    assert abs(float(line.numeric[line.entry]) - 3) < 1e-9
    assert abs(line.absolute_error - 1) < 1e-9
    assert abs(line.relative_error - 0.25) < 1e-9
    assert abs(line.digits - 0.602) < 1e-3


def test_order_2_reports_both_derivatives():
    report = gradcheck(np.sin, MATRIX, order=2)
    assert isinstance(report, GradientReport)
    assert [part.subject for part in report.derivatives] == [
        "reverse derivative of f",
        "forward derivative of f",
    ]
    assert [line.name for line in report.derivatives[0].inputs] == ["x", "cotangent"]
    assert "forward derivative of f" in str(report)
    assert repr(report) == str(report)


def test_assert_gradcheck_returns_the_report_or_raises_it(planted):
    assert assert_gradcheck(np.sin, MATRIX, order=2).verdict == "right"
    f = planted(elementwise, exact_sine, SLOPES["the sign"])
    with pytest.raises(errors.GradientCheckError) as caught:
        assert_gradcheck(f, MATRIX)
    assert str(caught.value) == str(gradcheck(f, MATRIX))
    with pytest.raises(errors.GradientCheckError, match="KINK"):
        assert_gradcheck(mg.relu, np.zeros(1))


def test_a_tolerance_of_ones_own(planted):
    f = planted(elementwise, exact_sine, lambda out, x: 1.001 * np.cos(x))
    assert gradcheck(f, MATRIX, rtol=0.01)
    assert not gradcheck(f, MATRIX, rtol=1e-4)
