"""`detect_anomaly`: which op it names, and where that was called."""

import numpy as np
import pytest
from leaves import leaf

import micrograd_np as mg
from micrograd_np import errors


def test_98_anomaly_detection_finds_a_changed_constant_through_any_alias():
    w, array = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    with mg.detect_anomaly():
        loss = np.sum(w * array[:])
        array[0] = 99.0
        with pytest.raises(errors.MutationError, match="multiply") as caught:
            loss.backward()
    assert __file__ in str(caught.value)
    assert w.grad is None


def test_99_anomaly_detection_finds_a_write_into_data():
    w = leaf([1.0, 2.0])
    with mg.detect_anomaly():
        loss = np.sum(np.exp(w) * w)
        w.data[0] = 99.0
        with pytest.raises(errors.MutationError):
            loss.backward()


def test_anomaly_detection_names_the_first_op_that_is_not_finite():
    w = leaf([1.0, -1.0])
    with mg.detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(errors.NonFiniteError, match="`log`") as caught:
            np.sum(np.log(w * 1.0) * 2.0)
        assert __file__ in str(caught.value)


def test_anomaly_detection_names_the_op_whose_derivative_is_not_finite():
    w = leaf([1.0, 0.0])
    with mg.detect_anomaly():
        loss = np.sum(np.sqrt(w) * 2.0)
        with pytest.raises(errors.NonFiniteError, match="`sqrt`") as caught:
            loss.backward()
    assert __file__ in str(caught.value)
    assert w.grad is None


def test_anomaly_detection_changes_no_result_and_ends_with_its_block():
    w = leaf([1.0, 0.0])
    with mg.detect_anomaly():
        np.sum(w * w).backward()
        assert mg.grad(lambda x: x**3)(2.0).item() == 12.0
    np.testing.assert_array_equal(w.grad, [2.0, 0.0])
    np.sum(np.sqrt(w)).backward()
    assert w.grad[1] == np.inf


def test_anomaly_detection_survives_the_other_modes():
    w = leaf(-1.0)
    with mg.detect_anomaly(), np.errstate(all="ignore"):
        with mg.no_grad():
            assert np.isnan(np.log(w).data)
        with mg.enable_grad(), pytest.raises(errors.NonFiniteError):
            np.log(w)
        with pytest.raises(errors.NonFiniteError):
            np.log(w)
