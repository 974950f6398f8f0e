"""`scipy.integrate.quad` with derivatives in its limits and in all that the integrand varies with.

Leibniz: `d/dt ∫ f(x, t) dx` from `a` to `b` is `f(b, t) b' - f(a, t) a' + ∫ ∂f/∂t dx`. The last
integral has as many components as `t` has entries, and is computed for all of them at once by
`quad_vec`. It is an integral of the same kind, so derivatives of any order follow.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node, by_age, tick
from micrograd_np.core.op import Array, Interpreted, Op, Options, Wanted
from micrograd_np.core.record import as_input, record, value_of
from micrograd_np.errors import NotDifferentiableError, OptionError
from micrograd_np.interpreters.substituted import captured_by
from micrograd_np.transforms.closures import (
    Linearized,
    Parametric,
    Probe,
    applied,
    as_seen,
    beside,
    check_repeated,
    is_batched,
    plain,
    plainly,
    probed,
)

REFUSED = {  # options of SciPy's, and the values that mean nothing
    "full_output": 0, "weight": None, "wvar": None, "wopts": None, "complex_func": False,
}  # fmt: skip

ASIDE = (3 - 5**0.5) / 2  # of an interval: the smaller part in the golden section


def quad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: Any = None,
    **options: Any,
) -> tuple[Any, Any]:
    """The integral of `func(x, *args)` from `a` to `b`, and an estimate of its error.

    As `scipy.integrate.quad`, with the same numbers: the integral is a Tensor of shape () and dtype
    float64, the estimate a float. `func` returns a single real number. Limits may be infinite.
    Derivatives to any order are taken in both limits, in the floating-point leaves of `args` (a
    tuple of trees) and in all Tensors that `func` uses besides. They are found with the same
    tolerances, by `scipy.integrate.quad_vec`. The derivative of `func` in `x` is not needed for the
    first order. `points`: places in a finite interval where `func` is difficult. They are fixed:
    the derivative of a jump's place is not found, so split the integral at the jump instead.

    Inside `vmap` one example is integrated after the other, `func` may only vary with `args`, and
    the estimate is None.

    Warns with SciPy's IntegrationWarning if an integral, or the one of a derivative, is not found
    to the tolerance. Raises NotDifferentiableError for complex values, and inside `compile`, and
    OptionError for SciPy's `weight` and `full_output`. A derivative raises GraphError if `func` has
    changed since, as with the variable of a loop.

    >>> from micrograd_np import grad
    >>> value, error = quad(lambda x: np.exp(-(x**2)), 0, np.inf)
    >>> print(np.round(value.data, 6))
    0.886227
    >>> print(np.round(grad(lambda k: quad(lambda x: np.exp(-k * x), 0.0, 1.0)[0])(2.0), 6))
    -0.148499
    >>> float(grad(lambda b: quad(np.cos, 0.0, b)[0])(0.0))
    1.0
    """
    if wrong := {name for name in options if options[name] != REFUSED.get(name, options[name])}:
        raise OptionError.unknown(quad, wrong, ("epsabs", "epsrel", "limit", "points"))
    check_limits(a, b)
    point = Parametric(func, args)
    settings = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points}
    integral = Integral(lambda x, *p: as_number(point(x, p), point.__name__), settings, func)
    value = integrated(integral, a, b, point.parameters)
    return value, None if isinstance(value, Interpreted) else integral.error


def check_limits(a: Any, b: Any) -> None:
    """Raise NotDifferentiableError unless both limits are single real numbers."""
    for limit in (a, b):
        if np.ndim(limit) or getattr(limit, "dtype", np.dtype(float)).kind not in "fiub":
            raise NotDifferentiableError(
                f"the limits of an integral are single real numbers. Given: {limit!r:.80}. For "
                f"many limits write mg.vmap(lambda b: quad(func, a, b)[0])(limits)."
            )


def as_number(out: Any, name: str) -> Any:
    """The value of an integrand, as an array of no axes."""
    out = as_input(out)
    if np.size(out) != 1:
        raise NotDifferentiableError(
            f"{name} returned an array of shape {np.shape(out)}, where quad integrates a single "
            f"number. Integrate each entry, or use a rule on samples, such as np.trapezoid."
        )
    return np.reshape(out, ())


class Integral:
    """A function to integrate: of `x`, of arrays that it varies with, and of what it captures.

    `settings`: the tolerances. `given`: the function that messages name. `captured`: the tracked
    Tensors that the function uses besides. `error`: the estimate of the error, found with the last
    value.
    """

    def __init__(self, function: Callable[..., Any], settings: dict[str, Any], given: Any) -> None:
        self.function = function
        self.settings = settings
        self.given = given
        self.__name__ = getattr(given, "__name__", type(given).__name__)
        self.probe = Probe()
        self.error = np.nan

    def like(self, function: Callable[..., Any]) -> "Integral":
        """The integral of another function, to the same tolerances."""
        return Integral(function, self.settings, self.given)

    def __call__(self, x: Any, *arrays: Any) -> Any:
        """The integrand."""
        return self.function(x, *arrays)

    def value(
        self, a: float, b: float, arrays: Sequence[Any], captured: set[Node] | None = None
    ) -> Array:
        """The integral for plain limits and arrays.

        `captured` receives the tracked Tensors that the integrand uses anywhere; without it, such a
        Tensor is an error.
        """
        from scipy import integrate

        def numbers(x: float) -> Any:
            since = tick()
            out = self(np.float64(x), *arrays)
            if captured is not None and isinstance(out, Node) and out.tracked:
                captured.update(captured_by([out], since))
                out = out.value
            return plain(out, self.__name__)

        with plainly(recording=True):
            single = numbers(inside(a, b)).ndim == 0
            if single:
                value, self.error = integrate.quad(
                    lambda x: float(numbers(x)), a, b, **self.settings
                )
                return np.array(value)
            rest = self.settings | {"norm": "max", "limit": 100 * self.settings["limit"]}
            found, self.error, info = integrate.quad_vec(numbers, a, b, full_output=True, **rest)
        if not info.success:
            warnings.warn(
                f"the integral of a derivative of {self.__name__} was not found to the tolerance: "
                f"{info.message} Its error is about {self.error:.1e}.",
                integrate.IntegrationWarning,
                stacklevel=2,
            )
        return np.asarray(found)


def inside(a: float, b: float) -> float:
    """A point between two limits, of which some may be infinite; not a special one, such as 0."""
    finite = [limit for limit in (a, b) if np.isfinite(limit)]
    if len(finite) == 2:
        return a + ASIDE * (b - a)
    return sum(finite) + ASIDE * (1.0 if max(a, b) == np.inf else -1.0)


def integrated(integral: Integral, a: Any, b: Any, arrays: Sequence[Any]) -> Any:
    """An integral, recorded in its limits, in the arrays and in what the integrand captures."""
    inputs = [as_limit(a), as_limit(b), *arrays]
    if is_batched(integral, inputs):
        return record(INTEGRAL, tuple(inputs), {"of": integral})
    start, stop, *values = map(value_of, inputs)
    captured: set[Node] = set()
    value = integral.value(float(start), float(stop), values, captured)
    point = np.float64(inside(float(start), float(stop)))
    probe = probed(integral, [point, *values])
    integral.probe = probe._replace(captured=sorted(captured, key=by_age))
    return applied(INTEGRAL, inputs, integral.probe.captured, value, integral)


def as_limit(x: Any) -> Any:
    """A limit as a floating-point number, or what stands for one."""
    return x if isinstance(x, Node | Interpreted) else np.float64(x)


# ---------------------------------------------------------------- the op


def integral(*inputs: Array, of: Integral) -> Array:
    """The integral between the first two inputs; for examples of a batch, one after the other."""
    if any(isinstance(x, Interpreted) for x in inputs):
        return record(INTEGRAL, inputs, {"of": of})
    a, b, *arrays = inputs
    return of.value(float(a), float(b), arrays)


def integral_vjp(
    wanted: Wanted, g: Array, out: Array, inputs: Sequence[Any], options: Options
) -> list[Any]:
    """Slopes in the limits, and in all parameters at once, times the cotangent."""
    of: Integral = options["of"]
    with as_seen([g, out, *inputs]):
        limits = [i for i in wanted if i < 2]
        found = {i: np.tensordot(g, at_limit(of, inputs, i, out), np.ndim(g)) for i in limits}
        moving = [i for i in wanted if i > 1]
        if moving:
            flat = np.tensordot(g, gradients(of, inputs, moving), np.ndim(g))
            found |= zip(moving, split(flat, [inputs[i] for i in moving]), strict=True)
        return [found[i] for i in wanted]


def integral_jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, of: Integral) -> Any:
    """Slopes in the limits, and in all parameters at once, times the tangents."""
    given = {i: t for i, t in enumerate(tangents) if t is not None}
    with as_seen([out, *inputs, *given.values()]):
        terms = [t * at_limit(of, inputs, i, out) for i, t in given.items() if i < 2]
        moving = [i for i in given if i > 1]
        if moving:
            whole = np.concatenate([np.ravel(given[i]) for i in moving])
            terms.append(np.dot(gradients(of, inputs, moving), whole))
        return sum(terms[1:], terms[0])


def gradients(of: Integral, inputs: Sequence[Any], moving: Sequence[int]) -> Array:
    """The integral of the slopes in the inputs at the places `moving`, along a last axis."""
    check_repeated(of, of.probe)
    a, b, *rest = inputs
    arrays = rest[: len(rest) - len(of.probe.captured)]

    def slopes(x: Array, *arrays: Array) -> Array:
        run = Linearized(of, [x, *arrays], of.probe.captured)
        shape = run.out.value.shape
        rows = [row(run.pull(g), moving) for g in units(shape)]
        return np.reshape(np.stack(rows), (*shape, -1))

    with beside(inputs):
        return without_graph(integrated(of.like(slopes), a, b, arrays))


def row(pulled: Sequence[Array], moving: Sequence[int]) -> Array:
    """The cotangents of inputs, one after the other; those of a point come first in `pulled`."""
    return np.concatenate([np.ravel(pulled[i - 1]) for i in moving])


def units(shape: tuple[int, ...]) -> Array:
    """Arrays of a shape with a single one, for every place."""
    size = int(np.prod(shape))
    return np.reshape(np.eye(size), (size, *shape))


def split(flat: Array, like: Sequence[Any]) -> list[Array]:
    """The parts of a vector, in the shapes of arrays."""
    ends = np.cumsum([int(np.size(x)) for x in like]).tolist()
    starts = [0, *ends[:-1]]
    triples = zip(starts, ends, like, strict=True)
    return [np.reshape(flat[start:end], np.shape(x)) for start, end, x in triples]


def at_limit(of: Integral, inputs: Sequence[Any], place: int, out: Array) -> Array:
    """The slope of an integral in the limit at a place: 0 in an infinite one."""
    limit, arrays = inputs[place], inputs[2 : len(inputs) - len(of.probe.captured)]
    known = value_of(limit)
    if isinstance(known, np.ndarray | np.generic | float) and np.isinf(known):
        return np.zeros(np.shape(out))
    check_repeated(of, of.probe)
    with beside(inputs):
        value = without_graph(of(limit, *arrays))
    return value if place else -value


def without_graph(x: Any) -> Any:
    """An array in place of a Tensor that nothing depends on."""
    return x if isinstance(x, Interpreted) or getattr(x, "requires_grad", False) else value_of(x)


INTEGRAL = Op(integral, "primitive", integral_vjp, integral_jvp)
