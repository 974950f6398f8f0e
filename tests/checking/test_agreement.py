"""`gradcheck` on functions that are not one function: on arrays, on Tensors, at every call."""

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.checking import assert_gradcheck, gradcheck

X = np.array([1.0, 2.0, 3.0])


def branching(x):
    return np.sum(x**2) if isinstance(x, np.ndarray) else np.sum(x**3)


def written_through(x):
    """Doubles what an array holds, and makes another Tensor."""
    if isinstance(x, Tensor):
        return np.sum(x * (2 * x))
    y = x
    y *= 2
    return np.sum(x * y)


def converted(x):
    """Rounds to single precision what is not a Tensor."""
    return (x if isinstance(x, Tensor) else x.astype(np.float32)) / 3


# ---------------------------------------------------------------- another value


def test_a_branch_on_the_type_is_another_function():
    report = gradcheck(branching, X)
    assert report.verdict == "value differs"
    assert not report
    assert "on plain arrays, out is 14, but 36 on Tensors" in report.notes[0]
    assert "isinstance" in str(report)
    assert str(report).startswith("gradcheck: VALUE DIFFERS.")


def test_the_error_of_assert_gradcheck_says_so():
    with pytest.raises(errors.GradientCheckError, match="VALUE DIFFERS"):
        assert_gradcheck(branching, X)


def test_an_input_that_is_written_to_on_arrays_is_named():
    report = gradcheck(written_through, X)
    assert report.verdict == "value differs"
    assert "On arrays it writes to its input x." in report.notes[0]


def test_a_branch_on_whether_a_gradient_is_wanted_is_another_function():
    """What is differenced would not be what is differentiated."""
    report = gradcheck(
        lambda x: np.sum(x**2) if getattr(x, "requires_grad", True) else np.sum(x), X
    )
    assert report.verdict == "value differs"
    assert "on Tensors that record nothing, out is 6, but 14 on Tensors" in report.notes[0]


def test_the_first_entry_that_differs_is_named():
    def f(x, y):
        return {"a": x, "b": np.where(np.arange(2) == 1, branching(y), y)}

    report = gradcheck(f, (X, np.ones(2) * 2))
    assert "out.b[1] is 8, but 16 on Tensors" in report.notes[0]


@pytest.mark.parametrize(
    ("on_arrays", "words"),
    [
        (lambda x: x[:2], "returns (out: real, of shape (2,)), but (out: real, of shape (3,))"),
        (lambda x: x + 0j, "returns (out: complex, of shape (3,)), but (out: real"),
        (lambda x: {"y": x}, "returns (y: real"),
        (np.argsort, "returns no floating-point numbers"),
        (lambda x: x * np.nan, "out[0] is nan, but 1 on Tensors"),
    ],
)
def test_results_of_another_form(on_arrays, words):
    report = gradcheck(lambda x: x if isinstance(x, Tensor) else on_arrays(x), X)
    assert report.verdict == "value differs"
    assert words in report.notes[0]


def test_a_difference_that_single_precision_makes_is_seen_in_double():
    assert gradcheck(converted, X).verdict == "value differs"
    assert gradcheck(converted, X, rtol=1e-6)


# ---------------------------------------------------------------- the same value


@pytest.mark.parametrize(
    ("f", "verdict"),
    [
        (lambda x: np.sum(np.where(x > 1, np.nan, x)), "non-finite"),
        (lambda x: np.sum(x) * np.inf, "non-finite"),
        (lambda x: np.sum(x * 1e16) - np.sum(x * 1e16) + np.sum(x), "right"),
        (lambda x: [x, {"a": np.sum(x), "b": (2 * x, None)}], "right"),
        (lambda x: x * (1 + 2j), "right"),
        (lambda x: np.float32(1) * x.astype(np.float32), "right"),
        (lambda x: x.mean(), "right"),
        (lambda x: float(np.prod(x.shape)) * x, "right"),
    ],
)
def test_what_agrees_is_checked_as_before(f, verdict):
    report = gradcheck(f, X)
    assert report.verdict == verdict
    assert not any("plain arrays" in note for note in report.notes)


def test_rounding_that_differs_is_no_other_value():
    """Sums in another order, of terms that cancel: apart by the noise of their terms."""
    x = np.array([1e8, 1.0, -1e8, 1e-8])

    def f(x):
        y = x * np.pi
        if isinstance(x, np.ndarray):
            return ((y[0] + y[1]) + y[2]) + y[3]
        return ((y[0] + y[2]) + y[1]) + y[3]

    assert f(x) != f(Tensor(x)).item()
    assert gradcheck(f, x).verdict == "right"


def test_numbers_stay_numbers():
    assert gradcheck(lambda x: x.item() ** 2 if isinstance(x, np.floating) else x**2, 2.0)


# ---------------------------------------------------------------- functions of Tensors only


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x.detach() * 0 + x),
        lambda x: x.backward and np.sum(x * x),
        lambda x: np.sum(x * x) if x.requires_grad in (True, False) else None,
    ],
)
def test_a_function_that_raises_on_arrays_is_checked_on_tensors(f):
    report = gradcheck(f, X)
    assert report.verdict == "right"
    (note,) = [note for note in report.notes if "plain arrays" in note]
    assert "AttributeError" in note


def test_modules_and_what_closes_over_them():
    model = nn.Sequential(nn.Linear(3, 2), np.tanh)
    for report in (
        gradcheck(lambda model: model(X), model),
        gradcheck(lambda model, x: model(x), (model, X)),
        gradcheck(model, X),
    ):
        assert report.verdict == "right"
        assert report.notes == ()


def test_a_module_whose_parameters_are_looked_at():
    class Odd(nn.Module):
        def __init__(self):
            self.weight = Tensor(2.0, requires_grad=True)

        def forward(self, x):
            return x * self.weight * (3 if isinstance(self.weight, Tensor) else 1)

    report = gradcheck(lambda model: np.sum(model(X)), Odd())
    assert report.verdict == "value differs"


# ---------------------------------------------------------------- functions that vary


def test_a_function_that_is_random_on_arrays_only_is_non_deterministic():
    rng = np.random.default_rng(0)
    report = gradcheck(lambda x: x if isinstance(x, Tensor) else x * rng.normal(), X)
    assert report.verdict == "non-deterministic"


def test_a_function_that_is_random_when_it_records_is_non_deterministic():
    rng = np.random.default_rng(0)
    report = gradcheck(lambda x: x * rng.normal() if getattr(x, "requires_grad", False) else x, X)
    assert report.verdict == "non-deterministic"


def test_a_function_that_counts_its_calls_is_no_other_function():
    calls = []

    def f(x):
        calls.append(type(x))
        return np.sum(x**2)

    assert gradcheck(f, X)
    assert np.ndarray in calls


def test_arguments_stay_as_they_are():
    x = X.copy()
    gradcheck(written_through, x)
    np.testing.assert_array_equal(x, X)


def test_second_order_compares_the_derivatives_of_arrays():
    report = mg.gradcheck(np.sin, X, order=2)
    assert report
    assert all(part.notes == () for part in report.derivatives)
