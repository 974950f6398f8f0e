"""The forms in which operations are declared: each fills the registry with one statement.

Six forms say what structure a derivative has (`elementwise`, `linear`, `bilinear`, `reduction`,
`primitive`, `constant`). From the structure follow both directions. The seventh, `expression`,
writes a function of NumPy in terms of others, and needs no rule at all.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.op import (
    EXPRESSIONS,
    OPS,
    Array,
    Expression,
    Op,
    Options,
    Partial,
    Rule,
    Vjp,
    Wanted,
    register,
)


def elementwise(
    function: Callable[..., Any], *partials: Partial, aliases: Sequence[Any] = (), **fields: Any
) -> Op:
    """`out[i] = f(x[i], y[i], …)` with one partial derivative per input, inputs broadcasting."""
    count = len(partials)
    if not all(partial in {None, 1, -1} or callable(partial) for partial in partials):
        raise ValueError(
            f"elementwise({function.__name__}): a partial is a function, 1, -1 or None. Given: "
            f"{partials!r:.80}. Write lambda out, x: 2 for a slope of 2."
        )
    if isinstance(function, np.ufunc) and count != function.nin:
        raise ValueError(
            f"elementwise({function.__name__}): {count} partials were given for {function.nin} "
            f"inputs. Give one for each, None where it is flat."
        )
    slopes = [partial if callable(partial) else None for partial in partials]
    signs = [None if callable(partial) else partial for partial in partials]

    def vjp(
        wanted: Wanted, g: Array, out: Array, inputs: Sequence[Array], options: Options
    ) -> Sequence[Any]:
        cotangents: list[Any] = []
        for index in wanted:
            slope = slopes[index]
            if slope is None:
                sign = signs[index]
                cotangents.append(g if sign == 1 else sign and -g)
            elif count == 2:  # passing `*inputs` on would double the cost of the call
                cotangents.append(g * slope(out, inputs[0], inputs[1]))
            else:
                cotangents.append(g * slope(out, *inputs))
        return cotangents

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array) -> Array:
        terms = [
            sign * t if slope is None else t * slope(out, *inputs)
            for t, slope, sign in zip(tangents, slopes, signs, strict=True)
            if t is not None and (slope or sign)
        ]
        return sum(terms[1:], terms[0]) if terms else np.zeros_like(out)

    fields.setdefault("arrays", count)
    pulled = times(slopes[0]) if count == 1 and slopes[0] else vjp
    return register(Op(function, "elementwise", pulled, jvp, **fields), *aliases)


def times(partial: Callable[..., Any]) -> Vjp:
    """The vjp of an elementwise op with a single input."""

    def vjp(_: Wanted, g: Array, out: Array, inputs: Sequence[Array], options: Options) -> Any:
        return (g * partial(out, inputs[0]),)

    return vjp


def each_by(rules: Sequence[Rule | None]) -> Vjp:
    """The vjp of an op that has one rule for each input. One or two inputs are named, for speed."""
    each = [rule or flat for rule in rules]

    def one(_: Wanted, g: Array, out: Array, inputs: Sequence[Array], options: Options) -> Any:
        (x,) = inputs
        return (first(g, out, x, **options) if options else first(g, out, x),)

    def two(wanted: Wanted, g: Array, out: Array, inputs: Sequence[Array], options: Options) -> Any:
        if options or len(inputs) == 1:  # the second may be optional
            return any_number(wanted, g, out, inputs, options)
        x, y = inputs
        if len(wanted) == 2:
            return first(g, out, x, y), second(g, out, x, y)
        return ((second if wanted[0] else first)(g, out, x, y),)

    def any_number(
        wanted: Wanted, g: Array, out: Array, inputs: Sequence[Array], options: Options
    ) -> Any:
        return [each[index](g, out, *inputs, **options) for index in wanted]

    first, second, *_ = (*each, flat, flat)
    return {1: one, 2: two}.get(len(each), any_number)


def flat(*_: Any, **__: Any) -> None:
    """The rule of an input in which a function does not vary."""


def every_by(rule: Rule | None) -> Vjp:
    """The vjp of an op with any number of inputs: one rule, told the input's `index`."""

    def vjp(
        wanted: Wanted, g: Array, out: Array, inputs: Sequence[Array], options: Options
    ) -> list[Any]:
        if rule is None:
            return [None] * len(wanted)
        return [rule(g, out, *inputs, index=index, **options) for index in wanted]

    return vjp


def linear(
    function: Callable[..., Any],
    *transposes: Rule | None,
    aliases: Sequence[Any] = (),
    offsets: Sequence[str] = (),
    along: Callable[..., Any] | None = None,
    **fields: Any,
) -> Op:
    """Linear in all inputs that have a transpose, together; its jvp is the op itself.

    With `sequence=True` the inputs arrive as one list, and the single transpose takes the position
    of the input as its option `index`. `offsets`: options that add a constant, without a tangent.
    `along`: the function that tangents go through where some libraries lack `function`.
    """
    sequence = fields.get("sequence", False)
    carry = along or function

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, **options: Any) -> Array:
        rules = transposes * len(inputs) if sequence else transposes
        for name in offsets:
            options.pop(name, None)
        moved = [
            x if rule is None else zero_like(x) if t is None else t
            for rule, t, x in zip(rules, tangents, inputs, strict=True)
        ]
        return carry(moved, **options) if sequence else carry(*moved, **options)

    vjp = every_by(transposes[0]) if sequence else each_by(transposes)
    fields.setdefault("arrays", len(transposes))
    return register(Op(function, "linear", vjp, jvp, rules=transposes, **fields), *aliases)


def zero_like(x: Array) -> Array:
    """The tangent of a value that does not vary; of a number it is a number, to meet any array."""
    if isinstance(x, np.generic):
        return x.dtype.type(0)
    return np.zeros_like(x) if hasattr(x, "dtype") else 0


def bilinear(
    function: Callable[..., Any],
    left: Rule,
    right: Rule,
    aliases: Sequence[Any] = (),
    **fields: Any,
) -> Op:
    """Linear in each of two inputs; its jvp applies the op twice."""

    def jvp(
        tangents: Sequence[Array | None], out: Array, x: Array, y: Array, **options: Any
    ) -> Array:
        left_tangent, right_tangent = tangents
        if right_tangent is None:
            return function(left_tangent, y, **options)
        if left_tangent is None:
            return function(x, right_tangent, **options)
        return function(left_tangent, y, **options) + function(x, right_tangent, **options)

    rules = (left, right)
    op = Op(function, "bilinear", each_by(rules), jvp, rules=rules, arrays=2, **fields)
    return register(op, *aliases)


def primitive(
    function: Callable[..., Any],
    *vjps: Rule | None,
    jvp: Rule,
    aliases: Sequence[Any] = (),
    **fields: Any,
) -> Op:
    """Anything else: one vjp per input, and a jvp."""
    vjp = every_by(vjps[0]) if fields.get("sequence") else each_by(vjps)
    fields.setdefault("arrays", len(vjps))
    return register(Op(function, "primitive", vjp, jvp, rules=vjps, **fields), *aliases)


def constant(*functions: Callable[..., Any], **fields: Any) -> None:
    """Flat almost everywhere: the gradient is zero, and a floating-point result is recorded so.

    With `recorded=False` the result does not depend on the values at all and is a plain constant.
    """
    for function in functions:
        register(Op(function, "constant", every_by(None), None, **fields))


def expression(function: Callable[..., Any], written: Callable[..., Any]) -> None:
    """A function of NumPy in terms of others; `written` has its parameters and its result.

    Options of NumPy's that `written` lacks are refused with an error.
    """
    if function in EXPRESSIONS or function in OPS:
        raise ValueError(f"{function!r} is declared already")
    written.__qualname__ = function.__name__  # by which Python's errors call it
    EXPRESSIONS[function] = Expression(function, written)


def expressions(module: Any, *written: Callable[..., Any]) -> None:
    """Several functions of a module of NumPy in terms of others, each under NumPy's name."""
    for function in written:
        expression(getattr(module, function.__name__), function)


def reduction(
    function: Callable[..., Any],
    *slopes: Rule,
    counted: Callable[[Array, Array], Array] | None = None,
    aliases: Sequence[Any] = (),
    **fields: Any,
) -> Op:
    """`out = f(x, …)` along `axis`, with one slope per input: `slope(out, x, …, *, axis, options)`.

    A slope gets `out` with the reduced axes, and names its options as keywords with a default.
    `counted(t, x)` is the part of a tangent that counts: all of it, unless given.
    """

    def vjp_by(slope: Rule) -> Rule:
        def vjp(
            g: Array, out: Array, x: Array, *others: Array, axis: Any = None,
            keepdims: bool = False, **options: Any,
        ) -> Array:  # fmt: skip
            g, out = restored(g, x, axis, keepdims), restored(out, x, axis, keepdims)
            return g * slope(out, x, *others, axis=axis, **options)

        return vjp

    def jvp(
        tangents: Sequence[Array | None], out: Array, x: Array, *others: Array, axis: Any = None,
        keepdims: bool = False, **options: Any,
    ) -> Array:  # fmt: skip
        whole = restored(out, x, axis, keepdims)
        terms = [
            (t if counted is None else counted(t, x))
            * slope(whole, x, *others, axis=axis, **options)
            for t, slope in zip(tangents, slopes, strict=False)
            if t is not None
        ]
        return np.sum(sum(terms[1:], terms[0]), axis=axis, keepdims=keepdims)

    named = getattr(slopes[0], "__kwdefaults__", None) or {}
    fields.setdefault("accepted", ("axis", "keepdims", *named))
    rules = [vjp_by(slope) for slope in slopes]
    op = Op(function, "reduction", each_by(rules), jvp, rules=rules, **fields)
    return register(op, *aliases)


def restored(reduced: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """A reduced array with the reduced axes of `x`, of length 1, so that it broadcasts to `x`."""
    if axis is None or keepdims or not x.ndim:
        return reduced
    shape = list(x.shape)
    for i in axis if isinstance(axis, tuple) else (axis,):
        shape[i] = 1
    return reduced.reshape(tuple(shape))
