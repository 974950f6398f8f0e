"""Initial value problems: `odeint` and `solve_ivp` with SciPy's names, arguments and results."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from micrograd_np.core import tree
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import array_of
from micrograd_np.errors import NotDifferentiableError, OptionError, ShapeError
from micrograd_np.integrate.field import Field, State
from micrograd_np.integrate.solving import MESSAGES, Solver
from micrograd_np.integrate.trajectory import trajectory

Function = Callable[..., Any]
HELD = (Node, Interpreted)
TOLERANCE = 1.49012e-8  # of `odeint`: the square root of the spacing of float64 at 1


def odeint(
    func: Function,
    y0: Tree,
    t: Array,
    args: Any = (),
    Dfun: Function | None = None,  # noqa: N803 - SciPy's name
    col_deriv: bool = False,
    full_output: bool = False,
    ml: int | None = None,
    mu: int | None = None,
    rtol: float | None = None,
    atol: Any = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: bool = False,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: bool = False,
    tfirst: bool = False,
    *,
    adjoint_rtol: float | None = None,
    adjoint_atol: float | None = None,
) -> Any:
    """The solution of `dy/dt = func(y, t, *args)` at the times `t`, where `y(t[0]) = y0`.

    The values are those of `scipy.integrate.odeint`, which chooses between Adams and BDF methods.
    For a vector `y0` of length n the result has the shape `(len(t), n)`, in float64. `y0` may also
    be an array of another shape or a tree of arrays. Then `func` takes and returns such a tree, and
    the leaves of the result have the times as a first axis. `t` is monotonic; a time may be
    repeated.

    The solution is differentiable in `y0`, in `t` and in the floating-point leaves of `args`, each
    of which may be a tree or a module. In reverse mode the adjoint equation is integrated backward,
    in forward mode the tangent equation forward; both to any order. The tolerances of the adjoint
    are `rtol` and `atol`, which is at least `rtol / 100` there, or `adjoint_rtol` and
    `adjoint_atol`. They hold for a cotangent whose largest entry is 1.

    Tensors that `func` takes from around it receive gradients too, if `func` uses them at `t[0]`.

    Raises ShapeError if `func` returns another shape than that of the state, NotDifferentiableError
    for complex numbers, and OptionError for `full_output`. Raises RuleError if `func` uses a Tensor
    from around it later only. A derivative raises IntegrationError if the solver has failed, and
    GraphError if `func` has changed since, as with the variable of a loop.

    Sources: L. Pontryagin et al., The mathematical theory of optimal processes, 1962; R. Chen et
    al., Neural ordinary differential equations, 2018.

    >>> from micrograd_np import grad
    >>> def decay(y, t, rate):
    ...     return -rate * y
    >>> def last(rate):
    ...     return odeint(decay, [1.0], np.array([0.0, 2.0]), (rate,))[-1, 0]
    >>> print(grad(last)(0.5).round(6), round(-2 * np.exp(-1.0), 6))
    -0.735759 -0.735759
    """
    if full_output:
        raise OptionError(
            "micrograd_np's odeint returns the solution alone, without full_output. Call "
            "scipy.integrate.odeint with plain arrays to see how the solver did."
        )
    own = {
        "Dfun": Dfun, "col_deriv": col_deriv, "ml": ml, "mu": mu, "rtol": rtol, "atol": atol,
        "tcrit": tcrit, "h0": h0, "hmax": hmax, "hmin": hmin, "ixpr": ixpr, "mxstep": mxstep,
        "mxhnil": mxhnil, "mxordn": mxordn, "mxords": mxords, "printmessg": printmessg,
    }  # fmt: skip
    given = {
        "rtol": TOLERANCE if rtol is None else rtol,
        "atol": TOLERANCE if atol is None else atol,
    } | ({"max_step": hmax} if hmax > 0 else {})
    adjoint = tolerances(given, adjoint_rtol, adjoint_atol)
    solver = Solver("LSODA", given, adjoint, odeint=own)
    args = args if isinstance(args, tuple) else (args,)
    vector = is_vector(y0)
    start = np.atleast_1d(stacked(y0)) if vector else y0
    state = State(start, vector=vector)
    times = as_float("t", stacked(t))
    if times.ndim != 1 or not times.shape[0]:
        raise ShapeError(f"t is a vector of at least one time; it has shape {times.shape}.")
    initial = as_float("y0", state.packed(start, "the initial state"))
    y = solved(func, args, solver, state, initial, times, tfirst=tfirst)["y"]
    return state.unpacked(y, (times.shape[0],))


def solve_ivp(
    fun: Function,
    t_span: Sequence[Any],
    y0: Array,
    method: Any = "RK45",
    t_eval: Array | None = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    *,
    adjoint_rtol: float | None = None,
    adjoint_atol: float | None = None,
    **options: Any,
) -> Any:
    """The solution of `dy/dt = fun(t, y, *args)` over `t_span`, where `y(t_span[0]) = y0`.

    The result is what `scipy.integrate.solve_ivp` returns: an object with the times `t`, the states
    `y` of shape `(n, len(t))`, `nfev`, `njev`, `nlu`, `status`, `message` and `success`. The values
    are SciPy's. `method` is "RK45", "RK23", "DOP853", "Radau", "BDF" or "LSODA". `options` are
    those of SciPy: `rtol`, `atol`, `max_step`, `first_step`, `jac` and others.

    `y` is differentiable in `y0`, in `t_span`, in `t_eval` and in the floating-point leaves of
    `args`, as `odeint` says. If the solver chooses the times, because `t_eval` is not given, these
    count as fixed, but for the first and the last.

    Raises OptionError for `events` and `dense_output`, and without `t_eval` inside `vmap` and
    `compile`, where the number of steps would depend on values. The other errors are those of
    `odeint`.

    >>> from micrograd_np import Tensor
    >>> rate = Tensor(0.5, requires_grad=True)
    >>> found = solve_ivp(lambda t, y, rate: -rate * y, (0.0, 2.0), [1.0], args=(rate,), rtol=1e-8)
    >>> found.y[0, -1].backward()
    >>> print(found.success, rate.grad.round(5))
    True -0.73576
    """
    refused = {"events": events, "dense_output": dense_output, "vectorized": vectorized}
    for name, given in refused.items():
        if given not in (None, False):
            raise OptionError(f"solve_ivp of micrograd_np has no {name}: {INSTEAD[name]}")
    args = as_tuple(args)
    if not is_vector(y0) or stacked(y0).ndim != 1:
        raise ShapeError("y0 of solve_ivp is a vector. odeint takes arrays of any shape and trees.")
    if len(t_span) != 2:
        raise ShapeError(f"t_span holds the first and the last time; {len(t_span)} were given.")
    initial = as_float("y0", stacked(y0))
    span = as_float("t_span", stacked(t_span))
    if t_eval is None:
        times, end = span, None
    else:
        outputs = as_float("t_eval", stacked(t_eval))
        times, end = np.concatenate([span[:1], outputs]), number("the end of t_span", t_span[1])
    adjoint = tolerances({"rtol": 1e-3, "atol": 1e-6} | options, adjoint_rtol, adjoint_atol)
    solver = Solver(method, options, adjoint, end)
    state = State(initial, vector=True)
    out = solved(fun, args, solver, state, initial, times, tfirst=True, every_step=t_eval is None)
    if t_eval is not None:
        return result(out["y"][1:], outputs[: out["y"].shape[0] - 1], out["counts"])
    varies = isinstance(span, Node) and span.tracked
    return result(out["y"], out["t"] if varies else value_of(out["t"]), out["counts"])


INSTEAD = {
    "events": "integrate with plain numbers by scipy.integrate.solve_ivp to find the time of the "
    "event, then to that time here.",
    "dense_output": "give the times at which you want the solution as t_eval.",
    "vectorized": "it only saves time in finite differences. Give jac=mg.jacobian(...) instead.",
}


def result(y: Array, t: Array, counts: Any) -> Any:
    """The result of `solve_ivp`, for states one a row."""
    told = value_of(counts)
    known = not isinstance(told, Interpreted)
    nfev, njev, nlu, status, message = told.tolist() if known else [told[i] for i in range(5)]
    return OptimizeResult(
        t=t,
        y=np.transpose(y),
        sol=None,
        t_events=None,
        y_events=None,
        nfev=nfev,
        njev=njev,
        nlu=nlu,
        status=status,
        message=MESSAGES[message] if known else "not known inside vmap and compile",
        success=status >= 0,
    )


# ---------------------------------------------------------------- arguments


def solved(
    function: Function,
    args: tuple[Any, ...],
    solver: Solver,
    state: State,
    y0: Array,
    t: Array,
    *,
    tfirst: bool,
    every_step: bool = False,
) -> Any:
    """The trajectory of the user's function. All numbers in `args` that may vary are inputs."""
    leaves = tree.leaves(args)
    places = [i for i, leaf in enumerate(leaves) if varies(leaf)]
    field = Field(function, args, places, state, tfirst=tfirst)
    p = [leaves[i] for i in places]
    p += field.capture(t[0], y0, p)
    if any(isinstance(value_of(x), Interpreted) for x in (y0, t, *p)):
        if every_step:
            raise OptionError(
                "inside vmap and compile, solve_ivp needs t_eval: the number of steps, and so the "
                "shape of the result, would depend on values."
            )
        solver = replace(solver, strict=True)
    return trajectory(field, solver, y0, t, p, every_step)


def varies(leaf: Any) -> bool:
    """Whether a leaf holds floating-point numbers, in which derivatives exist.

    Raises NotDifferentiableError for integers that differ from example to example or call to call.
    """
    if isinstance(leaf, float | complex):
        return True
    kind = getattr(getattr(leaf, "dtype", None), "kind", "")
    if isinstance(leaf, Interpreted) and kind not in "fc":
        raise NotDifferentiableError(
            "inside vmap and compile, numbers in args that are not the same for all examples and "
            "calls are floating-point numbers. Write 2.0 for 2, or put it into the function."
        )
    return kind in {"f", "c"}


def as_tuple(args: Any) -> tuple[Any, ...]:
    """The further arguments of a function. Raises TypeError unless they come as a tuple."""
    if args is None:
        return ()
    if not isinstance(args, list | tuple):
        raise TypeError(f"args holds the further arguments: write args=(x,), not {args!r:.60}.")
    return tuple(args)


def is_vector(y0: Tree) -> bool:
    """Whether a state is a vector as SciPy has it: one axis or none, or a list of numbers."""
    if isinstance(y0, list | tuple):
        return all(tree.parts(x) is None and np.ndim(x) == 0 for x in y0)
    return tree.parts(y0) is None and np.ndim(y0) < 2


def stacked(x: Any) -> Any:
    """An array of a list of numbers; an array of any kind as it is."""
    if isinstance(x, list | tuple) and any(isinstance(part, HELD) for part in x):
        return np.stack(x)
    return array_of(x)


def as_float(name: str, x: Array) -> Array:
    """An array in float64, in which SciPy integrates."""
    if x.dtype.kind not in "fiub":
        raise NotDifferentiableError(
            f"{name} has {x.dtype}, where real numbers are integrated. Give the real and the "
            f"imaginary part as parts of the state."
        )
    return x if x.dtype == np.float64 else x.astype(np.float64)


def number(what: str, x: Any) -> float:
    """A plain number. Raises OptionError for one that differs between examples or calls."""
    value = value_of(x)
    if isinstance(value, Interpreted):
        raise OptionError(
            f"inside vmap and compile, {what} is the same for all examples and calls if t_eval is "
            f"given: write it into the function."
        )
    return float(value)


def tolerances(options: Any, rtol: float | None, atol: float | None) -> dict[str, Any]:
    """The options of the adjoint equation, for cotangents about 1.

    An absolute tolerance that is meant for tiny states would ask for steps too small for a time.
    """
    kept = {"max_step": options["max_step"]} if "max_step" in options else {}
    relative = float(np.min(options["rtol"])) if rtol is None else rtol
    absolute = max(float(np.min(options["atol"])), 0.01 * relative) if atol is None else atol
    return kept | {"rtol": relative, "atol": absolute}
