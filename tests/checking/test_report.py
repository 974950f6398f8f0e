"""The report of the gradient checker: what is written, and in which order."""

import numpy as np
import pytest
from checked import MATRIX, SLOPES, exact_sine, only

import micrograd_np as mg
from micrograd_np import errors
from micrograd_np.checking import GradientReport, assert_gradcheck, gradcheck
from micrograd_np.core.forms import elementwise


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
