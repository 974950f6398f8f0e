"""What might mislead a gradient checker: noise, kinks, state and other traps of differences."""

import numpy as np
import pytest
from checked import MATRIX, RNG, SLOPES, exact_sine, only

import micrograd_np as mg
from micrograd_np.checking import gradcheck
from micrograd_np.core.forms import elementwise

# ---------------------------------------------------------------- planted bugs


def absolute(x):
    return np.abs(x)


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
