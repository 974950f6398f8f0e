"""The gradient checker on inputs and outputs of all kinds, complex numbers among them."""

import numpy as np
import pytest
from checked import MATRIX, only

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.checking import assert_gradcheck, gradcheck
from micrograd_np.core.forms import elementwise

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
    assert gradcheck(lambda x: x[:0], np.ones(4), order=2)
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
