"""`detect_anomaly` and values that change between an op and its derivative."""

from typing import Any

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.errors import MutationError

X = np.array([[2.0, 0.3], [0.3, 1.0]])
# fmt: off
OF_THE_RESULT = {  # ops whose rules read it
    "exp":      np.exp,
    "tanh":     np.tanh,
    "sqrt":     np.sqrt,
    "sigmoid":  mg.sigmoid,
    "softmax":  mg.softmax,
    "inv":      np.linalg.inv,
    "cholesky": np.linalg.cholesky,
    "prod":     lambda x: np.prod(x, axis=0),
    "eigh":     np.linalg.eigh,
    "svd":      np.linalg.svd,
    "qr":       np.linalg.qr,
}
# fmt: on


def parts_of(out: Any) -> list[Any]:
    return list(out) if isinstance(out, list | tuple) else [out]


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("name", OF_THE_RESULT)
def test_a_changed_result_is_found(name: str, place: int) -> None:
    x = mg.Tensor(X, requires_grad=True)
    with mg.detect_anomaly():
        parts = parts_of(OF_THE_RESULT[name](x))
        value = parts[place].data
        value.flags.writeable = True
        value[...] *= 1.5
        found = r"the result of `\w+` \(at .*test_anomaly\.py:\d+\) was changed .* had made it"
        with pytest.raises(MutationError, match=found):
            parts[place].backward(np.ones(parts[place].shape))
    assert x.grad is None


@pytest.mark.parametrize("name", OF_THE_RESULT)
def test_what_is_not_changed_raises_nothing(name: str) -> None:
    x, y = mg.Tensor(X, requires_grad=True), mg.Tensor(X, requires_grad=True)
    with mg.detect_anomaly():
        total = sum(np.sum(part) for part in parts_of(OF_THE_RESULT[name](x)))
        assert total.data.ndim == 0  # looking at a number makes an array of it, the same one
        total.backward()
    sum(np.sum(part) for part in parts_of(OF_THE_RESULT[name](y))).backward()
    np.testing.assert_array_equal(x.grad, y.grad)


def test_a_result_inside_a_batch() -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(np.exp(x))
        return kept[-1]

    def changed(x: Any) -> Any:
        with mg.detect_anomaly():
            _, pull = mg.vjp(f, x)
            kept[-1].value.value[...] = 7.0
            return pull(np.ones(2))[0]

    with pytest.raises(MutationError, match="the result of `exp`"):
        mg.vmap(changed)(X)


def test_only_the_forward_pass_inside_the_with_is_watched() -> None:
    x = mg.Tensor(X, requires_grad=True)
    before = np.exp(x)
    with mg.detect_anomaly():
        before.data[...] = 1.0
        np.sum(before).backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 2)))
