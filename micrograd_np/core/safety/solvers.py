"""SciPy's solvers, which call functions of the user's and work on plain numbers.

A function that uses a tracked Tensor beside its argument returns a Tensor with a history. If a
solver uses that Tensor as a number, an array or a condition, an error or a warning names the solver
and what to write. A solver gets an array in place of an untracked Tensor.

The solver is found in Python's stack of frames, read only where a Tensor is about to leave.
"""

import sys
from itertools import takewhile
from types import FrameType, FunctionType
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node, describe
from micrograd_np.core.unknown import EXPLANATIONS
from micrograd_np.errors import SolverError

SOLVERS_MODULE = "scipy.optimize"  # loaded by every program that calls a solver
SOLVERS = (SOLVERS_MODULE, "scipy.integrate")  # the second imports the first
DISTRIBUTIONS_MODULE = "scipy.stats"
OF_ARRAYS = {  # functions of these modules that take arrays, not a function
    "cumulative_simpson", "cumulative_trapezoid", "isotonic_regression", "linear_sum_assignment",
    "linprog", "lsq_linear", "milp", "newton_cotes", "nnls", "quadratic_assignment", "romb",
    "simpson", "trapezoid",
}  # fmt: skip
PACKAGE = __name__.partition(".")[0]
TRANSFORMING = tuple(f"{PACKAGE}.{name}" for name in ("transforms", "interpreters", "compiler"))


# ---------------------------------------------------------------- whose code a frame runs


def module_of(frame: FrameType) -> str:
    """The name of a frame's module."""
    return str(frame.f_globals.get("__name__"))


def public_name(frame: FrameType | None) -> str:
    """The public function of SciPy that runs in `frame`, seen from inside; "" if none does."""
    name = ""
    while frame is not None and (module := module_of(frame)).startswith(("scipy.", "numpy.")):
        wrapped = wrapped_in(frame)
        if wrapped and module.startswith("scipy._lib"):
            module = str(wrapped.__module__)
        if module.startswith("scipy.") and not module.startswith("scipy._lib"):
            public = takewhile(lambda part: not part.startswith("_"), module.split("."))
            name = ".".join((*public, wrapped.__name__ if wrapped else called(frame)))
        frame = frame.f_back
    return name


def wrapped_in(frame: FrameType) -> FunctionType | None:
    """The function that the function of a frame is a wrapper of; None if it is no wrapper."""
    if "<locals>" not in frame.f_code.co_qualname:
        return None
    functions = (value for value in frame.f_locals.values() if isinstance(value, FunctionType))
    return next(functions, None)


def called(frame: FrameType) -> str:
    """The name of the function or object called in a frame; of a method of a distribution, both."""
    own, owner = frame.f_code.co_name, frame.f_locals.get("self")
    if type(owner).__module__.startswith(DISTRIBUTIONS_MODULE):
        name = distribution_of(owner)
        return name if own.startswith("__") else f"{name}.{own}"
    return getattr(owner, "__name__", own) if own == "__call__" else own


def distribution_of(owner: Any) -> str:
    """The name of a distribution of `scipy.stats`, which may have its parameters given."""
    owner = getattr(owner, "dist", owner)
    if isinstance(name := getattr(owner, "name", None), str):
        return name
    return type(owner).__name__.removesuffix("_gen").removesuffix("_frozen")


def solver_at(frame: FrameType | None) -> str:
    """The solver whose own code runs in a frame; "" if the code is another's."""
    name = public_name(frame)
    return name if name.startswith(SOLVERS) and name.rpartition(".")[2] not in OF_ARRAYS else ""


def solver_around(frame: FrameType | None) -> str:
    """The solver that runs around a frame; "" if none does.

    Within a transform that runs in a solver, as in `jac=mg.grad(f)`, there is none.
    """
    while frame is not None and not (module := module_of(frame)).startswith(SOLVERS):
        if module.startswith(TRANSFORMING):
            return ""
        frame = frame.f_back
    return solver_at(frame)


# ---------------------------------------------------------------- what a solver is given


def refusal(node: Node, solver: str) -> SolverError:
    """The error for a tracked Tensor that a solver met."""
    error: SolverError = SolverError.of(describe(node), solver, EXPLANATIONS.solver_advice(solver))
    return error


def check_unsolved(node: Node) -> None:
    """Raise SolverError for a tracked Tensor that is about to become numbers in a solver."""
    if solver := solver_around(sys._getframe(1)):  # noqa: SLF001 - who asks
        raise refusal(node, solver)


def check_decision(frame: FrameType) -> None:
    """Raise SolverError if a solver decides something in a frame that has a tracked Tensor.

    The solution would be a Tensor too, whose derivative is that of the solver's last steps.
    """
    if not module_of(frame).startswith("scipy.") or not (solver := solver_at(frame)):
        return
    for x in frame.f_locals.values():
        if isinstance(x, Node) and x.tracked:
            raise refusal(x, solver)


def taken(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays that NumPy's function was given; from a solver, with arrays in place of Tensors.

    Solvers take what the user's function returns by `np.atleast_1d` and `np.atleast_2d`. Raises
    SolverError for a tracked Tensor.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - who asks
    while frame is not None and module_of(frame).startswith((f"{PACKAGE}.", "numpy.")):
        frame = frame.f_back
    if not (solver := solver_at(frame)):
        return arrays
    for x in arrays:
        if isinstance(x, Node) and x.tracked:
            raise refusal(x, solver)
    return tuple(np.array(x) if isinstance(x, Node) else x for x in arrays)
