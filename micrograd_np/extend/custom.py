"""Users' ops: `primitive` for a function of their own, `register` for one of NumPy's or SciPy's.

Both declare a function together with its derivative, in one statement, as the tables of this
package do. An elementwise function is declared by *partials*, any other by a *vjp*, a *jvp* or
both. From then on the function is an op like any other. `rules` checks the rules, and derives the
one that is missing.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import DISPATCHED, dispatching
from micrograd_np.core.op import EXPRESSIONS, OPS, Kind, Op, Rule, read_tables
from micrograd_np.core.op import register as enter
from micrograd_np.core.record import value_of
from micrograd_np.errors import NotDifferentiableError, RuleError
from micrograd_np.extend.rules import Declaration, GivenVjp, Partial, derivative
from micrograd_np.extend.signatures import Parameters, options_known
from micrograd_np.extend.transposition import is_smooth, is_tracked

DISPATCHER = type(np.sum)  # the class of NumPy's functions that dispatch on their arguments


def primitive(
    forward: Callable[..., Any] | None = None,
    /,
    *,
    partials: Sequence[Partial] | None = None,
    vjp: GivenVjp | None = None,
    jvp: Rule | None = None,
    constant: bool = False,
    name: str | None = None,
    arrays: int | None = None,
) -> Any:
    """An op of your own: `forward`, a function of arrays, together with its derivative.

    The function returned takes arrays and Tensors. Its parameters without a default are the inputs
    of the op, arrays to differentiate in. The others are options, which every rule receives by
    name. `*xs` is any number of inputs. If the signature does not tell how many leading parameters
    are inputs, `arrays` does. `forward` is a pure function with read-only inputs, and returns an
    array or a tuple of arrays. As a decorator: `@mg.primitive(vjp=...)`.

    Give one of these, or the last two together:

    - `partials`: for an elementwise function, whose inputs broadcast. For each input, give the
      partial derivative `(out, *inputs, **options)`, a number, or None where it is flat.
    - `vjp`: `(g, out, *inputs, **options)`, which pulls the cotangent `g` of the value back. It
      returns one array, or a tuple of one for each input, with None for zero. A sequence of vjps,
      one for each input, may be given instead; only those that are needed are called.
    - `jvp`: `(tangents, out, *inputs, **options)`, which pushes one tangent for each input forward.

    `constant=True` instead declares the function flat. If `vjp` or `jvp` is missing, it is derived
    from the other by transposition. If the value is a tuple, `out` and the result of `jvp` are
    tuples too, and `g` is a list. Cotangents of complex numbers are carried without a conjugate:
    the cotangent `g` of `z` stands for the change `Re(g dz)`. So holomorphic functions have the
    rules of real functions.

    Rules written in NumPy are differentiated in turn, to any order. Pictures and messages call the
    op `name`. `mg.gradcheck(function, inputs, order=2)` checks the value and the rules.

    Raises RuleError for rules that do not go together with `forward`. Calls raise RuleError for a
    `forward` that writes into an input, for the wrong number of cotangents, and for a result that
    has lost its graph. They raise ShapeError for a cotangent or a tangent of the wrong shape.

    >>> from micrograd_np import Tensor
    >>> cube = primitive(lambda x: x**3, partials=[lambda out, x: 3 * x**2], name="cube")
    >>> w = Tensor(2.0, requires_grad=True)
    >>> cube(w).backward()
    >>> w.grad
    array(12.)
    """
    if forward is None:
        given: Any = {"partials": partials, "vjp": vjp, "jvp": jvp, "constant": constant}
        return lambda f: primitive(f, **given, name=name, arrays=arrays)
    if not callable(forward):
        raise TypeError(f"mg.primitive takes a function of arrays. Given: {forward!r:.80}")
    name = name or str(getattr(forward, "__name__", type(forward).__name__))
    declared = Declaration(name, partials, vjp, jvp, constant)
    called = Parameters(name, forward, arrays)
    called.check(declared)
    rules = derivative(declared)
    raw = checked_forward(name, forward, rules[0])
    function: Any = dispatching(raw)
    signature = called.binder(function)
    op = UserOp(function, *rules, arrays=called.arrays, signature=signature, opaque=True)
    op.accepted = called.known
    enter(op)
    return function


def register(
    function: Callable[..., Any],
    *,
    partials: Sequence[Partial] | None = None,
    vjp: GivenVjp | None = None,
    jvp: Rule | None = None,
    constant: bool = False,
    arrays: int | None = None,
) -> None:
    """Declare the derivative of a function of NumPy or SciPy that has none here.

    `function` is a ufunc, or a NumPy function that dispatches on its arguments; a call on a Tensor
    is then recorded. The rules are those of `primitive`. An option reaches the rules only if a
    caller gives it, so the rules repeat NumPy's default. Options that some rule does not know are
    refused.

    Raises TypeError for a function of Python that does not dispatch on a Tensor: `primitive` makes
    an op of one. Raises ValueError for a function that has a derivative already, because the
    whole process shares derivatives. For rules of your own write `primitive(function, ...)`.

    >>> from scipy import special
    >>> from micrograd_np import Tensor
    >>> def slope(out, x):
    ...     return sum((-1) ** k * 8 * k**2 * x * np.exp(-2 * (k * x) ** 2) for k in range(1, 9))
    >>> register(special.kolmogorov, partials=[slope])
    >>> w = Tensor(1.0, requires_grad=True)
    >>> special.kolmogorov(w).backward()
    >>> print(w.grad.round(4))
    -1.0719
    """
    name = getattr(function, "__name__", repr(function))
    if not isinstance(function, np.ufunc | DISPATCHER):
        raise TypeError(
            f"{name} is neither a ufunc nor a dispatching function of NumPy's, so on a Tensor it "
            f"would run as it is written and never use these rules. Make an op of it: "
            f"`{name} = mg.primitive({name}, vjp=...)`, and call that."
        )
    read_tables()
    if function in OPS or function in EXPRESSIONS:
        raise ValueError(
            f"{name} has a derivative already, which the whole process shares. For an op of "
            f"your own with other rules write `mine = mg.primitive({name}, ...)`."
        )
    declared = Declaration(name, partials, vjp, jvp, constant)
    called = Parameters(name, function, arrays)
    called.check(declared, defaults=False)
    rules = derivative(declared)
    known = options_known(declared, called)
    enter(UserOp(function, *rules, arrays=called.arrays, accepted=known, opaque=True))


# ---------------------------------------------------------------- how it is called


class UserOp(Op):
    """An op that a user has declared, and that `compile` keeps as one call."""


def checked_forward(name: str, forward: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    """`forward` with checked arguments, and with its value checked and made arrays."""

    @wraps(forward, updated=())
    def raw(*args: Any, **options: Any) -> Any:
        for x in args:
            if isinstance(x, list | tuple) and any(isinstance(part, DISPATCHED) for part in x):
                raise RuleError(
                    f"`{name}` was given a list with Tensors in it. Its inputs are arrays: join "
                    f"the Tensors with np.stack, or take any number of inputs, `def {name}(*xs)`."
                )
        try:
            value = forward(*map(read_only, args), **options)
        except ValueError as error:
            if "read-only" in str(error):  # NumPy has no class for this error
                raise RuleError.writes(name) from error
            raise
        if kind == "constant":
            return value
        if isinstance(value, list | tuple):
            return tuple(result(name, part) for part in value)
        value = result(name, value)
        if not is_smooth(value) and any(map(is_smooth, args)):
            raise NotDifferentiableError(
                f"`{name}` has a derivative declared, but made {value.dtype} out of floating-point "
                f"numbers. Return them as floating-point numbers, or declare it constant=True."
            )
        if kind == "elementwise" and value.shape != (
            shape := np.broadcast_shapes(*map(np.shape, args))
        ):
            raise RuleError(
                f"`{name}` is declared by partials, which means entry by entry, but returned shape "
                f"{value.shape} for inputs that broadcast to {shape}. Give a vjp instead."
            )
        return value

    raw.__name__ = raw.__qualname__ = name
    return raw


def read_only(x: Any) -> Any:
    """A view of an array that cannot be written to; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


def result(name: str, value: Any) -> Any:
    """One value of a user's function, as an array or a scalar of NumPy's."""
    if is_tracked(value):
        raise RuleError.closes_over(name, f"`{name}`")
    value = value_of(value)  # of a constant Tensor that the function uses
    array = value if hasattr(value, "dtype") else np.asarray(value)
    if array.dtype.kind == "O":
        raise RuleError(
            f"`{name}` returned {value!r:.60} of type {type(value).__name__}, where an array or a "
            f"tuple of arrays was expected."
        )
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        return array.copy()  # it may be an input, or a part of one
    return array[()] if array is not value else value
