"""Functions of square matrices under SciPy's names: exponential, logarithm and square root."""

from typing import Any

from micrograd_np.array_api.wrapping import as_tensors
from micrograd_np.core.op import Array
from micrograd_np.linalg.arguments import square
from micrograd_np.ops.derivatives.linalg import matrix_functions


def expm(A: Any) -> Array:  # noqa: N803 - SciPy's name
    """The exponential of a square matrix, `I + A + A^2 / 2! + ...`.

    `A`: shape (..., M, M), as the result, of floating-point numbers; integers become float64. The
    derivative along `E` is the upper right block of `expm([[A, E], [0, A]])` (R. Mathias, A chain
    rule for matrix functions and applications, 1996), to any order.

    Raises LinAlgError for a matrix that is not square, MissingExtraError without SciPy.

    >>> expm([[0.0, 1.0], [0.0, 0.0]])
    Tensor([[1., 1.],
            [0., 1.]])
    """
    return as_tensors(matrix_functions.expm(square("expm", A)))


def logm(A: Any) -> Array:  # noqa: N803 - SciPy's name
    """The principal logarithm of a square matrix: `expm(logm(A))` is `A`.

    `A`: shape (..., M, M), as the result. Its eigenvalues have imaginary parts in (-π, π]. A real
    matrix with a negative eigenvalue has a complex result; in a stack, all matrices then have. The
    derivative along `E` is the upper right block of `logm([[A, E], [0, A]])` (N. Higham, Functions
    of Matrices, 2008, theorem 3.6), to any order. At a negative eigenvalue the function jumps, and
    the derivative is that along changes that stay on one side.

    Raises LinAlgError for a singular matrix, or one that is not square; MissingExtraError without
    SciPy. `compile` takes complex matrices only, `logm(A + 0j)`, whose result is always complex.

    >>> logm(expm([[0.0, 1.0], [0.0, 0.0]])).round(4) + 0
    Tensor([[0., 1.],
            [0., 0.]])
    """
    return as_tensors(matrix_functions.logm(square("logm", A)))


def sqrtm(A: Any) -> Array:  # noqa: N803 - SciPy's name
    """The principal square root of a square matrix `A`: the square of the result is `A`.

    `A`: shape (..., M, M), as the result, whose eigenvalues have no negative real part. A real
    matrix with a negative eigenvalue has a complex result; in a stack, all matrices then have. The
    derivative `X` along `E` solves `sqrtm(A) X + X sqrtm(A) = E` (N. Higham, Functions of Matrices,
    2008, section 6.1), to any order.

    A singular matrix may have a root, of which SciPy may warn, but no derivative: LinAlgError in
    backward. Raises LinAlgError for a matrix that is not square, MissingExtraError without SciPy.
    `compile` takes complex matrices only, `sqrtm(A + 0j)`, whose result is always complex.

    >>> sqrtm([[4.0, 1.0], [0.0, 9.0]])
    Tensor([[2. , 0.2],
            [0. , 3. ]])
    """
    return as_tensors(matrix_functions.sqrtm(square("sqrtm", A)))
