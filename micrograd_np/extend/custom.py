"""Users' ops: `primitive` for a function of their own, `register` for one of NumPy's or SciPy's.

Both declare a function together with its derivative, in one statement, as the tables of this
package do. An elementwise function is declared by *partials*, any other by a *vjp*, a *jvp* or
both. From then on the function is an op like any other. `rules` checks the rules, and derives the
one that is missing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.op import EXPRESSIONS, OPS, Rule, read_tables
from micrograd_np.core.op import register as enter
from micrograd_np.extend.calls import UserOp, declare
from micrograd_np.extend.rules import Declaration, GivenVjp, Partial, derivative
from micrograd_np.extend.signatures import Parameters, options_known

DISPATCHER = type(np.sum)  # the class of NumPy's functions that dispatch on their arguments


def primitive(
    forward: Callable[..., Any] | None = None,
    /,
    *,
    partials: Sequence[Partial] | None = None,
    vjp: GivenVjp | None = None,
    jvp: Rule | None = None,
    constant: bool = False,
    nondiff: str | Sequence[str] = (),
    name: str | None = None,
    arrays: int | None = None,
) -> Any:
    """An op of your own: `forward`, a function of arrays or trees, together with its derivative.

    The function returned takes arrays and Tensors, and trees of these. Its parameters without a
    default are the inputs of the op, to differentiate in. The others are options, which every rule
    receives by name. `nondiff` names parameters that are options though they have no default, such
    as a function or a method: they reach `forward` and the rules as they are. They are not copied,
    so do not change them before the rules have run. `*xs` is any number
    of inputs. If the signature does not tell how many leading parameters are inputs, `arrays` does.
    `forward` is a pure function with read-only inputs, and returns an array or a tree of arrays. As
    a decorator: `@mg.primitive(vjp=...)`.

    Give one of these, or the last two together:

    - `partials`: for an elementwise function, whose inputs broadcast. For each input, give the
      partial derivative `(out, *inputs, **options)`, a number, or None where it is flat.
    - `vjp`: `(g, out, *inputs, **options)`, which pulls the cotangent `g` of the value back. It
      returns one array, or a tuple of one for each input, with None for zero. A sequence of vjps,
      one for each input, may be given instead; only those that are needed are called.
    - `jvp`: `(tangents, out, *inputs, **options)`, which pushes one tangent for each input forward.

    `constant=True` instead declares the function flat. If `vjp` or `jvp` is missing, it is derived
    from the other by transposition. If the value is a tuple, `out` and the result of `jvp` are
    tuples too, and `g` is a list. For any other tree, `out`, `g` and the result of `jvp` have its
    structure. The cotangent of an input that is a tree has the structure of the input; None may
    stand for a whole subtree of zeros. Cotangents of complex numbers are carried without a
    conjugate: the cotangent `g` of `z` stands for the change `Re(g dz)`. So holomorphic functions
    have the rules of real functions.

    Rules written in NumPy are differentiated in turn, to any order. Pictures and messages call the
    op `name`. `mg.gradcheck(function, inputs, order=2)` checks the value and the rules.

    Raises RuleError for rules that do not go together with `forward`. Calls raise RuleError for a
    `forward` that writes into an input, and for a leaf that is no array. They raise RuleError for
    the wrong number or structure of cotangents, and for a result that has lost its graph. They
    raise RuleError if `forward`, or a function given to it, uses a tracked Tensor that is no input.
    They raise ShapeError for a cotangent or a tangent of the wrong shape.

    >>> from micrograd_np import Tensor
    >>> cube = primitive(lambda x: x**3, partials=[lambda out, x: 3 * x**2], name="cube")
    >>> w = Tensor(2.0, requires_grad=True)
    >>> cube(w).backward()
    >>> w.grad
    array(12.)
    >>> def applied(f, p):
    ...     return f(p["x"])
    >>> def pulled(g, out, p, f):
    ...     return {"x": vjp(f, p["x"])[1](g)[0]}
    >>> from micrograd_np import grad, vjp
    >>> grad(lambda p: primitive(applied, vjp=pulled, nondiff="f")(np.square, p))({"x": 3.0})
    {'x': np.float64(6.0)}
    """
    if forward is None:
        given: Any = {"partials": partials, "vjp": vjp, "jvp": jvp, "constant": constant}
        return lambda f: primitive(f, **given, nondiff=nondiff, name=name, arrays=arrays)
    if not callable(forward):
        raise TypeError(f"mg.primitive takes a function of arrays. Given: {forward!r:.80}")
    name = name or str(getattr(forward, "__name__", type(forward).__name__))
    declared = Declaration(name, partials, vjp, jvp, constant)
    called = Parameters(name, forward, arrays, nondiff)
    called.check(declared)
    return declare(called, forward, derivative(declared))


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
