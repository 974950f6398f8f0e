"""The op behind `odeint` and `solve_ivp`: a trajectory, differentiable in both modes to any order.

There are two ops. `trajectory` has the states at given times; `adjoint` has the gradients for given
cotangents. The tangent of a trajectory is a trajectory itself, of the equation for the state and
its change together. So the rules are:

- forward: the tangent of `trajectory`, written `T(x, v)` for inputs `x` and their tangents `v`;
- reverse: `adjoint(x, g)`, which is the gradient of `g · trajectory(x)`, computed by SciPy;
- a derivative of `adjoint(x, g)` along `v` is `adjoint(x, dg)` and the gradient in `x` of
  `g · T(x, v)`. As second derivatives commute, that gradient is its vjp in `x` too.

Every equation is integrated in the direction of the user's, but for the linear adjoint one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.tensor import stop_gradient
from micrograd_np.core.values import conj
from micrograd_np.extend import custom
from micrograd_np.integrate.field import AnyField, Field, Tangent
from micrograd_np.integrate.solving import Solver, adjoint_values, trajectory_values
from micrograd_np.transforms.grad import vjp

FIXED = ("field", "solver")  # the parameters of both ops that are no arrays
Tangents = Sequence[Any]  # of the initial state, of the times, and a list of those of the arrays


def moved(
    field: AnyField, solver: Solver, y0: Array, t: Array, p: list[Array], tangents: Tangents
) -> Array:
    """The tangents of the states at the times `t`, given those of all inputs."""
    dy0, dt, dp = tangents
    size = y0.shape[0]
    scale = size_of([dy0, dt, *dp])
    begin = (dy0 - field(t[0], y0, p) * dt[0]) / scale
    both = trajectory(
        Tangent(field),
        solver.for_tangents(size),
        np.concatenate([y0, begin]),
        t,
        [*p, *(x / scale for x in dp)],
    )["y"]
    change = both[:, size:] * scale
    if isinstance(dt, np.ndarray) and not dt.any():
        return change
    slopes = np.stack([field(t[i], both[i, :size], p) for i in range(t.shape[0])])
    return change + np.reshape(dt, (-1, 1)) * slopes


def size_of(tangents: list[Array]) -> Array:
    """The largest modulus, by which tangents are divided: tolerances are for numbers about 1."""
    largest = np.max(np.concatenate([np.ravel(np.abs(x)) for x in tangents]))
    return stop_gradient(np.where(largest > 0, largest, 1.0))


# ---------------------------------------------------------------- the states


def times_of(out: Any, t: Array, *, every_step: bool) -> Array:
    """The times of all states. Of the steps between, which the solver chose, none varies."""
    if not every_step:
        return t
    return np.concatenate([t[:1], stop_gradient(out["t"][1:-1]), t[1:]])


def trajectory_vjp(
    g: Any,
    out: Any,
    y0: Array,
    t: Array,
    p: list[Array],
    *,
    field: AnyField,
    solver: Solver,
    every_step: bool,
) -> tuple[Any, ...]:
    """The cotangents of the initial state, of the times and of the arrays."""
    times = times_of(out, t, every_step=every_step)
    in_state, in_times, in_arrays = adjoint(field, solver, y0, times, p, out["counts"], g["y"])
    in_times = in_times + g["t"]
    if every_step:
        in_times = np.stack([in_times[0], in_times[-1]])
    return in_state, in_times, in_arrays


def trajectory_jvp(
    tangents: Tangents,
    out: Any,
    y0: Array,
    t: Array,
    p: list[Array],
    *,
    field: AnyField,
    solver: Solver,
    every_step: bool,
) -> dict[str, Any]:
    """The tangents of the states and of the times."""
    dy0, dt, dp = tangents
    times = times_of(out, t, every_step=every_step)
    if every_step:
        dt = np.concatenate([dt[:1], np.zeros(times.shape[0] - 2), dt[1:]])
    return {"y": moved(field, solver, y0, times, p, (dy0, dt, dp)), "t": dt, "counts": None}


def states(
    field: AnyField, solver: Solver, y0: Array, t: Array, p: list[Array], every_step: bool = False
) -> Any:
    """The states, their times, and the solver's counts: see `trajectory_values`.

    Raises GraphError for a tangent of a function that has changed since.
    """
    if isinstance(field, Tangent):
        field.check()
    found = trajectory_values(field, solver, y0, t, p, every_step=every_step)
    if isinstance(field, Field) and found["counts"][3] >= 0 and len(found["t"]):
        field.probe(p, (t[0], y0), (found["t"][-1], found["y"][-1].copy()))
    return found


trajectory = custom.primitive(
    states, vjp=trajectory_vjp, jvp=trajectory_jvp, nondiff=FIXED, name="trajectory"
)


# ---------------------------------------------------------------- the gradients


def gradient_of_tangents(
    g: Array,
    y0: Array,
    t: Array,
    p: list[Array],
    tangents: Tangents,
    field: AnyField,
    solver: Solver,
) -> list[Any]:
    """The gradient of `g · moved(...)` in the initial state, the times and the arrays."""
    _, pull = vjp(lambda y0, t, p: moved(field, solver, y0, t, p, tangents), y0, t, p)
    in_state, in_times, in_arrays = pull(g)
    return [in_state, in_times, [conj(x) for x in in_arrays]]


def adjoint_vjp(
    u: Any,
    out: Any,
    y0: Array,
    t: Array,
    p: list[Array],
    counts: Array,
    g: Array,
    *,
    field: AnyField,
    solver: Solver,
) -> tuple[Any, ...]:
    """The cotangents of the inputs of `adjoint`, for those `u` of the gradients."""
    tangents = (u[0], u[1], u[2])
    in_inputs = gradient_of_tangents(g, y0, t, p, tangents, field, solver)
    return (*in_inputs, None, moved(field, solver, y0, t, p, tangents))


def adjoint_jvp(
    tangents: Tangents,
    out: Any,
    y0: Array,
    t: Array,
    p: list[Array],
    counts: Array,
    g: Array,
    *,
    field: AnyField,
    solver: Solver,
) -> tuple[Any, ...]:
    """The tangents of the gradients."""
    *of_inputs, _, dg = tangents
    first = gradient_of_tangents(g, y0, t, p, of_inputs, field, solver)
    second = adjoint(field, solver, y0, t, p, counts, dg)
    arrays = [x + y for x, y in zip(first[2], second[2], strict=True)]
    return first[0] + second[0], first[1] + second[1], arrays


adjoint = custom.primitive(
    adjoint_values, vjp=adjoint_vjp, jvp=adjoint_jvp, nondiff=FIXED, name="adjoint"
)
