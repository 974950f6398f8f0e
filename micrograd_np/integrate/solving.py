"""Numbers from SciPy's solvers: trajectories, and the adjoint equation along them.

The *adjoint* `a(t)` of a trajectory is the gradient of the result in the state at time `t`. It
obeys `da/dt = -aᵀ ∂f/∂y` and jumps, at each time of output, by the cotangent of that output. It is
integrated backward, while the state is read from the solver's interpolant of the trajectory. (A
state that is integrated backward too would drift away wherever the equation is stiff.) The gradient
in the parameters, `∫ aᵀ ∂f/∂p dt`, is summed by Gauss's rule on every step of both solutions. So
the linear systems of implicit methods do not grow with the number of parameters.

Sources: L. Pontryagin et al., The mathematical theory of optimal processes, 1962; R. Serban &
A. Hindmarsh, CVODES: the sensitivity-enabled ODE solver in SUNDIALS, 2005.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import integrate

from micrograd_np.core.values import conj
from micrograd_np.errors import IntegrationError
from micrograd_np.integrate.field import AnyField, Field, Right, Vector
from micrograd_np.transforms.closures import plainly
from micrograd_np.transforms.grad import vjp
from micrograd_np.transforms.jacobians import jacobian

IMPLICIT = ("Radau", "BDF", "LSODA")  # methods that take the Jacobian of the right-hand side
KEPT = ("rtol", "atol", "max_step")  # options that systems derived from the user's keep
MESSAGES = (  # of SciPy, in the order of their numbers here
    "The solver successfully reached the end of the integration interval.",
    integrate.OdeSolver.TOO_SMALL_STEP,
    "Unexpected istate in LSODA.",
    "The solver failed.",
)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
Options = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Solver:
    """A way to solve equations.

    `method`, `options`: those of `solve_ivp`; for `odeint`, those that correspond to its own.
    `adjoint`: the tolerances of the adjoint equation. `end`: the time at which `solve_ivp` stops,
    if other times of output are given. `odeint`: the options of `odeint`, if it computes values.
    `derived`: whether the equation is derived from the user's, so that its Jacobian is computed.
    `strict`: whether a failure is an error, because the shape of the result must be known.
    """

    method: Any
    options: Options
    adjoint: Options
    end: float | None = None
    odeint: Options | None = None
    derived: bool = False
    strict: bool = False

    @property
    def __name__(self) -> str:
        """The name of the method, which pictures show."""
        return str(getattr(self.method, "__name__", self.method))

    def for_tangents(self, size: int) -> "Solver":
        """The solver of a system of `size` numbers together with as many changes."""
        kept = {name: self.options[name] for name in KEPT if name in self.options}
        kept["rtol"] = float(np.min(kept.get("rtol", 1e-3)))
        if np.ndim(kept.get("atol", 0.0)):
            least = np.full(size, np.min(kept["atol"]))
            kept["atol"] = np.concatenate([np.broadcast_to(kept["atol"], size), least])
        return Solver(self.method, kept, self.adjoint, derived=True)

    def solved(
        self,
        field: AnyField,
        p: Sequence[Any],
        right: Right,
        span: tuple[float, float],
        y0: Vector,
        **how: Any,
    ) -> Any:
        """The result of SciPy's `solve_ivp`."""
        options = dict(self.options)
        if self.derived and self.method in IMPLICIT:
            options["jac"] = lambda t, y: jacobian(lambda y: field(t, y, p))(y)
        elif isinstance(field, Field) and callable(options.get("jac")):
            options["jac"] = field.bound(options["jac"], p)
        return integrate.solve_ivp(right, span, y0, method=self.method, **options, **how)

    def along(
        self, field: AnyField, p: Sequence[Any], right: Right, t: Vector, y0: Vector
    ) -> Callable[[Any], Vector]:
        """The trajectory as a function of time. Raises IntegrationError if the solver fails."""
        found = self.solved(field, p, right, (t[0], t[-1]), y0, dense_output=True)
        check_success(found, field.__name__, "again for its derivative")
        solution: Callable[[Any], Vector] = found.sol
        return solution


def check_success(found: Any, name: str, how: str) -> None:
    """Raise IntegrationError if a solver has failed."""
    if not found.success:
        raise IntegrationError(
            f"the solver failed when {name} was integrated {how}: {found.message} It came to "
            f"t = {found.t[-1]:.6g}. Try another method (Radau or BDF for stiff equations), or "
            f"other tolerances."
        )


# ---------------------------------------------------------------- the trajectory


def trajectory_values(
    field: AnyField, solver: Solver, y0: Vector, t: Vector, p: Sequence[Any], *, every_step: bool
) -> dict[str, Any]:
    """The states at times, one a row, the times, and how many evaluations were made.

    `t` begins with the time of `y0`. With `every_step`, `t` is where to begin and to stop, and the
    states are those after each step of the solver. `counts` are `nfev`, `njev`, `nlu`, `status`
    and the number of the message.
    """
    with plainly(recording=True):
        right = field.plain(p)
        if solver.odeint is not None and isinstance(field, Field):
            return odeint_values(field, p, right, solver.odeint, y0, t)
        if every_step:
            found = solver.solved(field, p, right, (t[0], t[-1]), y0)
            return {"y": found.y.T.copy(), "t": found.t, "counts": counted(found)}
        end = t[-1] if solver.end is None else solver.end
        if np.all(t == end):
            return {"y": np.tile(y0, (len(t), 1)), "t": t.copy(), "counts": np.zeros(5, int)}
        new = np.concatenate([[True], t[1:] != t[:-1]])  # SciPy takes no time twice
        found = solver.solved(field, p, right, (t[0], end), y0, t_eval=t[new])
        if solver.strict or solver.derived:
            check_success(found, field.__name__, "inside a transform")
        rows = np.cumsum(new) - 1
        rows = rows[rows < len(found.t)]
        return {"y": found.y.T[rows], "t": t[: len(rows)].copy(), "counts": counted(found)}


def counted(found: Any) -> np.ndarray[Any, Any]:
    """The numbers that the solver tells of its work."""
    message = MESSAGES.index(found.message) if found.message in MESSAGES else len(MESSAGES) - 1
    return np.array([found.nfev, found.njev, found.nlu, found.status, message])


def odeint_values(
    field: Field, p: Sequence[Any], right: Right, options: Options, y0: Vector, t: Vector
) -> dict[str, Any]:
    """The states at times, by SciPy's `odeint`."""
    given = dict(options)
    if given["Dfun"] is not None:
        given["Dfun"] = field.bound(given["Dfun"], p)
    y, told = integrate.odeint(right, y0, t, tfirst=True, full_output=True, **given)
    failed = np.any(t != t[0]) and "success" not in told["message"]
    counts = np.array([0, 0, 0, -1 if failed else 0, int(failed)])
    return {"y": y, "t": np.array(t), "counts": counts}


# ---------------------------------------------------------------- the adjoint


def adjoint_values(
    field: AnyField,
    solver: Solver,
    y0: Vector,
    t: Vector,
    p: Sequence[Any],
    counts: Any,
    g: Vector,
) -> tuple[Vector, Vector, list[Any]]:
    """The gradients in the initial state, the times and the arrays `p`, for cotangents `g`."""
    with plainly(recording=True):
        if counts[3] < 0:
            raise IntegrationError(
                f"the solver failed when {field.__name__} was integrated (status {counts[3]}), so "
                f"the solution has no derivative. Look at `success` and `message` first."
            )
        scale = float(np.max(np.abs(g), initial=0.0))
        if not np.isfinite(scale):  # nothing is known then, and a solver would not end
            return y0 * np.nan, t * np.nan, [x * np.nan for x in p]
        if scale == 0.0:
            return np.zeros_like(y0), np.zeros_like(t), [np.zeros_like(x) for x in p]
        field.check()
        found = Adjoint(field, solver, y0, t, p).pulled(g / scale)
        return scale * found[0], scale * found[1], [(scale * x).astype(x.dtype) for x in found[2]]


class Adjoint:
    """The adjoint equation along one trajectory."""

    def __init__(
        self, field: AnyField, solver: Solver, y0: Vector, t: Vector, p: Sequence[Any]
    ) -> None:
        self.field = field
        self.solver = solver
        self.p = list(p)
        self.t = t
        self.right = field.plain(p)
        moves = t[0] != t[-1]
        self.y: Any = solver.along(field, p, self.right, t, y0) if moves else lambda _: y0

    def pulled(self, g: Vector) -> tuple[Vector, Vector, list[Any]]:
        """The gradients in the initial state, the times and the arrays, for cotangents."""
        t = self.t
        a = np.zeros_like(g[0])
        in_times = np.zeros_like(t)
        in_arrays = [np.zeros_like(x) for x in self.p]
        for i in range(len(t) - 1, 0, -1):
            a = a + g[i]
            in_times[i] = g[i] @ self.right(t[i], self.y(t[i]))
            if t[i] != t[i - 1] and np.any(a):
                a, shares = self.back(a, t[i], t[i - 1])
                in_arrays = [x + share for x, share in zip(in_arrays, shares, strict=True)]
        in_times[0] = -(a @ self.right(t[0], self.y(t[0])))
        return a + g[0], in_times, in_arrays

    def back(self, a: Vector, late: float, early: float) -> tuple[Vector, list[Any]]:
        """The adjoint at an earlier time, and the gradient in the arrays from the time between."""
        options = dict(self.solver.adjoint)
        if self.solver.method in IMPLICIT:
            options["jac"] = self._jacobian
        found = integrate.solve_ivp(
            self._slope,
            (late, early),
            a,
            method=self.solver.method,
            dense_output=bool(self.p),
            **options,
        )
        check_success(found, self.field.__name__, "backward, by its adjoint equation")
        return found.y[:, -1], self._integral(found, late, early) if self.p else []

    def _slope(self, t: float, a: Vector) -> Vector:
        _, pull = vjp(lambda y: self.field(t, y, self.p), self.y(t))
        slope: Vector = -pull(a)[0]
        return slope

    def _jacobian(self, t: float, _: Vector) -> Any:
        return -jacobian(lambda y: self.field(t, y, self.p))(self.y(t)).T

    def _integral(self, found: Any, late: float, early: float) -> list[Any]:
        """The integral of `aᵀ ∂f/∂p` over the steps of the adjoint and of the trajectory."""
        low, high = min(late, early), max(late, early)
        steps = getattr(self.y, "ts", np.empty(0))
        edges = np.unique([*found.t, *steps[(steps > low) & (steps < high)]])
        total = [np.zeros_like(x) for x in self.p]
        for start, stop in pairwise(edges):
            half = (stop - start) / 2
            times = start + half * (1 + NODES)
            weights = (WEIGHTS * half * found.sol(times)).T
            points = list(zip(times, self.y(times).T, weights, strict=True))
            _, pull = vjp(lambda p, points=points: self._weighted(points, p), self.p)
            total = [x + conj(share) for x, share in zip(total, pull(1.0)[0], strict=True)]
        return [x if late > early else -x for x in total]

    def _weighted(self, points: Sequence[tuple[float, Vector, Vector]], p: list[Any]) -> Any:
        """The sum of the field at some points, each with its weights."""
        return sum(weights @ self.field(t, y, p) for t, y, weights in points)
