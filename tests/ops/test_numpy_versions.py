"""What differs between the versions of NumPy: deprecated names, dtypes of results, new options."""

from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional, jacobian

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import TracingError

FALLING = np.array([1.7, -1.7, 0.0, 2.0])

# ---------------------------------------------------------------- deprecated functions


@pytest.mark.skipif(not hasattr(np, "fix"), reason="this NumPy has no np.fix any more")
def test_a_deprecated_function_runs_as_its_successor_without_a_warning() -> None:
    """`np.fix` of a Tensor, of a batch and in a compiled program is `np.trunc`."""
    expected = np.trunc(FALLING)
    t = Tensor(FALLING, requires_grad=True)
    np.testing.assert_array_equal(np.fix(t).numpy(), expected)
    np.sum(np.fix(t)).backward()
    np.testing.assert_array_equal(t.grad, np.zeros(4))
    np.testing.assert_array_equal(np.asarray(mg.vmap(np.fix)(FALLING)), expected)
    compiled = mg.compile(lambda x: np.fix(x))  # noqa: PLW0108 - compile reads a Python function
    for x in (FALLING, FALLING, t.detach(), t.detach()):  # traced, then run
        np.testing.assert_array_equal(np.asarray(compiled(x)), expected)


# ---------------------------------------------------------------- eigenvectors of real matrices

# From NumPy 2.5 on, these are complex numbers for every matrix; before, for one that has complex
# eigenvalues. This one has two of them, and a real one, which comes last.
TURNING = np.array([[1.0, -2.0, 0.2], [1.8, 1.1, -0.1], [0.1, 0.3, 3.0]])
WEIGHTS = np.array([1.0, 2.0 + 1.0j, 5.0j])


def real_vector(x: Any) -> Any:
    """A number that depends on the sign of the vector of the real eigenvalue, and on its length."""
    return np.real(np.sum(np.linalg.eig(x)[1][:, -1] * WEIGHTS))


def test_the_real_vector_of_a_real_matrix_has_no_phase() -> None:
    """Its derivatives are numbers, whatever a loss does with its phase."""
    values = np.linalg.eigvals(TURNING)
    assert values[-1].imag == 0 != values[0].imag
    gradient = np.asarray(mg.grad(real_vector)(TURNING))
    assert_close(gradient.ravel(), jacobian(real_vector, [TURNING])[0][0])
    direction = np.array([[1.0, 0.5, -1.0], [0.0, 2.0, 1.0], [-0.5, 1.0, 0.3]])
    assert_close(
        np.asarray(mg.jvp(real_vector, [TURNING], [direction])[1]), np.sum(gradient * direction)
    )
    twice = directional(lambda x: np.asarray(mg.grad(real_vector)(x)), [TURNING], [direction])
    assert_close(np.asarray(mg.hvp(real_vector, [TURNING], [direction])).ravel(), twice, 1e-6)


def test_a_loss_of_the_phases_of_complex_vectors_of_a_real_matrix_has_no_gradient() -> None:
    def loss(x: Any) -> Any:
        return np.real(np.sum(np.linalg.eig(x)[1][:, 0] * WEIGHTS))

    assert np.isnan(np.asarray(mg.grad(loss)(TURNING))).all()
    batch = np.stack([TURNING, np.diag([1.0, 2.0, 4.0])])
    found = np.asarray(mg.grad(lambda x: sum(loss(x[i]) for i in range(2)))(batch))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


# ---------------------------------------------------------------- builtins


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x, k: np.concatenate([x, x], k), np.ones((2, 2))),
        (np.packbits, np.array([[1, 0]])),
        (np.unravel_index, np.array([1])),
    ],
)
def test_a_program_does_not_keep_what_shapes_the_result_of_a_builtin(function: Any, x: Any) -> None:
    """Given by position, too: before NumPy 2.4 builtins do not tell how parameters are named."""
    with pytest.raises(TracingError, match="was given a value of this call as"):
        mg.compile(function)(x, np.array(0))
