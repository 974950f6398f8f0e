"""Solutions of equations `F(x, p) = 0`, differentiable in `p` by the implicit function theorem.

Along a solution `∂F/∂x dx + ∂F/∂p dp = 0`. So a cotangent `g` of `x` is `-∂F/∂pᵀ w` for `p`, where
`∂F/∂xᵀ w = g`. The rule is made of derivatives of `F` at the solution, and of a linear solve; both
are expressions, so derivatives of any order follow.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from micrograd_np.core.op import Array, Interpreted, Op, Options, Wanted
from micrograd_np.core.record import record, value_of
from micrograd_np.errors import GraphError, NotDifferentiableError
from micrograd_np.transforms.closures import (
    Linearized,
    Parametric,
    Probe,
    applied,
    as_seen,
    beside,
    check_repeated,
    is_batched,
    probed,
)
from micrograd_np.transforms.jacobians import jacobian


class Solver(Protocol):
    """A solver of an equation, for plain parameters."""

    def __call__(self, parameters: Sequence[Any], *, recording: bool) -> tuple[Array, str]:
        """The solution, and why it is none ("" if it is one); `recording`: as in `plainly`."""


class Equation:
    """An equation for a vector, its solver, and the tracked Tensors that it captures.

    `residual(x, p)`: the function that is zero. `probe`: at the solution. `failure`: why what was
    found is no solution.
    """

    def __init__(self, residual: Callable[..., Array], solver: Solver, name: str) -> None:
        self.residual = residual
        self.solver = solver
        self.__name__ = name
        self.probe = Probe()
        self.failure = ""

    def __call__(self, x: Array, *parameters: Any) -> Array:
        """The residual."""
        return self.residual(x, parameters)

    def solved(self, parameters: Sequence[Any]) -> Array:
        """The solution for one example of a batch. Raises GraphError if there is none."""
        x, failure = self.solver(parameters, recording=True)
        if failure:
            raise GraphError(f"{self.__name__} found no solution for an example: {failure}")
        return x

    def slopes(self, x: Array, parameters: Sequence[Any]) -> Array:
        """The Jacobian of the residual in `x`. Raises NotDifferentiableError if it is singular."""
        if self.failure:
            raise GraphError(
                f"a derivative of {self.__name__} was asked for, but its result is no solution: "
                f"{self.failure} Look at the result's `success` before you use its `x`."
            )
        check_repeated(self, self.probe)
        with beside([x, *parameters]):
            matrix = jacobian(lambda x: self(x, *parameters))(x)
        check_regular(matrix, self.__name__)
        return matrix


def check_regular(matrix: Any, name: str) -> None:
    """Raise NotDifferentiableError for a plain matrix that has no inverse to working precision."""
    plain = value_of(matrix)
    if not isinstance(plain, np.ndarray) or plain.dtype.kind not in "fc":  # examples of a batch
        return
    if np.all(np.isfinite(plain)) and np.linalg.cond(plain) < 1 / np.finfo(plain.dtype).eps:
        return
    raise NotDifferentiableError(
        f"{name} has no derivative at its solution: the Jacobian of the equation there is singular "
        f"to working precision, so that the solution is not an isolated one, or a multiple one."
    )


def solve_equation(equation: Equation, point: Parametric) -> Array:
    """The solution of an equation, recorded in the parameters and in what the equation captures."""
    if is_batched(point.function, point.parameters):
        return record(SOLUTION, tuple(point.parameters), {"of": equation})
    plain = [value_of(x) for x in point.parameters]
    x, equation.failure = equation.solver(plain, recording=False)
    equation.probe = probed(equation, [x, *plain])
    return applied(SOLUTION, point.parameters, equation.probe.captured, x, equation)


# ---------------------------------------------------------------- the op


def solution(*parameters: Array, of: Equation) -> Array:
    """The vector that solves an equation; for examples of a batch, one after the other."""
    if any(isinstance(x, Interpreted) for x in parameters):
        return record(SOLUTION, parameters, {"of": of})
    return of.solved(parameters)


def solution_vjp(
    wanted: Wanted, g: Array, out: Array, inputs: Sequence[Any], options: Options
) -> list[Array]:
    """`-∂F/∂pᵀ w` for each parameter, where `∂F/∂xᵀ w = g`."""
    of: Equation = options["of"]
    parameters = inputs[: len(inputs) - len(of.probe.captured)]
    with as_seen([g, out, *inputs]):
        weights = np.linalg.solve(np.transpose(of.slopes(out, parameters)), g)
        pulled = Linearized(of, [out, *parameters], of.probe.captured).pull(-weights)
        return [pulled[i + 1] for i in wanted]


def solution_jvp(
    tangents: Sequence[Array | None], out: Array, *inputs: Array, of: Equation
) -> Array:
    """The `dx` with `∂F/∂x dx = -∂F/∂p dp`."""
    parameters = inputs[: len(inputs) - len(of.probe.captured)]
    with as_seen([out, *inputs, *tangents]):
        pushed = Linearized(of, [out, *parameters], of.probe.captured).push([None, *tangents])
        return -np.linalg.solve(of.slopes(out, parameters), pushed)


SOLUTION = Op(solution, "primitive", solution_vjp, solution_jvp)
