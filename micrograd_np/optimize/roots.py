"""`root` and `fixed_point` of `scipy.optimize`, with derivatives in all but the start."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import as_input, value_of
from micrograd_np.errors import NotDifferentiableError, ShapeError
from micrograd_np.optimize.implicit import Equation, solve_equation
from micrograd_np.transforms.closures import Parametric, plain, plainly
from micrograd_np.transforms.jacobians import jacobian

WITH_JACOBIAN = ("hybr", "lm")  # SciPy's methods that take the Jacobian


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """The result of `scipy.optimize.root`, with a Tensor `x` that is differentiable to any order.

    `fun(x, *args)` returns as many real numbers as the array `x` has. `x` has the shape of `x0`, or
    the shape (1,) for a number, and dtype float64. Derivatives are those of the implicit function
    theorem, in the floating-point leaves of `args` (a tuple of trees) and in all Tensors that `fun`
    uses besides. `x0` has none: which solution is found depends on `x0`, but no solution moves with
    it. For the methods "hybr" and "lm" the Jacobian is `mg.jacobian` of `fun`, unless `jac` is
    given: a function, True if `fun` returns the Jacobian too, or False for SciPy's differences. The
    other arguments are SciPy's.

    Inside `vmap` one example is solved after the other, `fun` may only vary with `args`, and the
    result has `x` alone.

    A result whose `success` is False has no derivative. Raises GraphError when that derivative is
    asked for, or for an example of a batch without a solution. Raises NotDifferentiableError if the
    Jacobian at the solution is singular (when differentiated), for complex unknowns, and inside
    `compile`. Raises ShapeError if `fun` returns another number of values.

    Source: S. Krantz and H. Parks, The Implicit Function Theorem, 2002.

    >>> from micrograd_np import grad
    >>> def cube_root(a):
    ...     return root(lambda x: x**3 - a, 1.0).x[0]
    >>> print(np.round(cube_root(8.0).data, 6), np.round(grad(cube_root)(8.0), 6))
    2.0 0.083333
    """
    from scipy.optimize import OptimizeResult
    from scipy.optimize import root as scipys

    start = start_of(x0)
    point = Parametric(fun, args)

    def residual(x: Any, parameters: Sequence[Any]) -> Any:
        out = point(np.reshape(x, start.shape), parameters)
        return flat(out[0] if jac is True else out, start.size, point.__name__)

    found: list[Any] = []

    def solve(parameters: Sequence[Any], *, recording: bool) -> tuple[Array, str]:
        def numbers(x: Array) -> Any:
            return plain(residual(x, parameters), point.__name__)

        def slopes(x: Array) -> Any:
            if callable(jac):
                given = jac(x.reshape(start.shape), *point.arguments(parameters))
            elif jac is True:
                given = point(x.reshape(start.shape), parameters)[1]
            else:
                given = jacobian(lambda x: residual(x, parameters))(x)
            return np.reshape(plain(given, point.__name__), (start.size, start.size))

        chosen = slopes if method in WITH_JACOBIAN and jac is not False else None
        with plainly(recording):
            result = scipys(numbers, start.ravel(), (), method, chosen, tol, callback, options)
        found[:] = [result]
        return np.array(result.x, dtype=float), "" if result.success else f"{result.message}"

    x = np.reshape(solve_equation(Equation(residual, solve, "root"), point), start.shape)
    if isinstance(x, Interpreted):
        return OptimizeResult(x=x)
    result = found[0]
    result.x = x
    return result


def fixed_point(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    xtol: float = 1e-8,
    maxiter: int = 500,
    method: str = "del2",
) -> Any:
    """The `x` with `x = func(x, *args)`, found as by `scipy.optimize.fixed_point`; differentiable.

    `x` is a Tensor of the shape of `x0` and of dtype float64. Derivatives to any order are those of
    the implicit function theorem for `x - func(x) = 0`. A linear system of as many unknowns as `x`
    has entries is solved, and no iteration is kept. Derivatives are taken in the
    floating-point leaves of `args` (a tuple of trees) and in all Tensors that `func` uses besides;
    `x0` has none. The other arguments are SciPy's. Inside `vmap` as `root`.

    Raises RuntimeError, as SciPy does, if `maxiter` iterations do not converge; the other errors
    are those of `root`.

    >>> from micrograd_np import grad
    >>> def square_root(a):
    ...     return fixed_point(lambda x: (x + a / x) / 2, 1.0)
    >>> print(np.round(square_root(9.0).data, 6), np.round(grad(square_root)(9.0), 6))
    3.0 0.166667
    """
    from scipy.optimize import fixed_point as scipys

    start = start_of(x0, atleast=0)
    point = Parametric(func, args)

    def step(x: Any, parameters: Sequence[Any]) -> Any:
        return flat(point(np.reshape(x, start.shape), parameters), start.size, point.__name__)

    def solve(parameters: Sequence[Any], *, recording: bool) -> tuple[Array, str]:
        def numbers(x: Array) -> Any:
            return plain(step(x, parameters), point.__name__)

        with plainly(recording):
            return scipys(numbers, start.ravel(), (), xtol, maxiter, method), ""

    def residual(x: Any, parameters: Sequence[Any]) -> Any:
        return x - step(x, parameters)

    equation = Equation(residual, solve, "fixed_point")
    return np.reshape(solve_equation(equation, point), start.shape)


# ---------------------------------------------------------------- arguments and values


def start_of(x0: Any, atleast: int = 1) -> Array:
    """The numbers to start from. Raises NotDifferentiableError for complex ones."""
    start = np.asarray(value_of(x0))
    if start.dtype.kind == "c":
        raise NotDifferentiableError(
            "the unknowns are complex, and have real and imaginary parts to solve for: make them "
            "two entries of a real array."
        )
    start = start.astype(float)
    return np.atleast_1d(start) if atleast else start


def flat(out: Any, size: int, name: str) -> Any:
    """The value of a function, as a vector. Raises ShapeError if it has another length."""
    out = as_input(out)
    if np.size(out) != size:
        raise ShapeError(
            f"{name} returned an array of shape {np.shape(out)} for {size} unknown(s). Return as "
            f"many numbers."
        )
    return np.reshape(out, (size,))
