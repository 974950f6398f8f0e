"""Forms of what NumPy computes entry by entry, and of Python's arithmetic on its own numbers."""

import operator
from typing import Any

import numpy as np

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted
from micrograd_np.compiler.native.forms.table import FORMS, Form, form, joint_dtype, ufunc
from micrograd_np.compiler.native.scalars import (
    PYTHON,
    NotNative,
    dtype_of,
    kind_of,
    resolved,
    value_of,
    written,
)
from micrograd_np.compiler.program import Variable
from micrograd_np.compiler.tracing.calls import Method

POWERS = {1: "{0}", 2: "{0} * {0}", 3: "{0} * {0} * {0}", 4: "({0} * {0}) * ({0} * {0})"}


@form(np.power)
def power(b: Builder, x: Interpreted, y: Interpreted) -> Variable:
    """With small whole exponents as products."""
    if isinstance(y, Variable) or not isinstance(x, Variable) or y not in POWERS:
        return b.map(np.power, x, y)
    types, out = resolved(np.power, (x, y))
    return b.map_code("power", (x,), out, value_of(POWERS[int(y)], out), types[:1])


@form(np.divide)
def divide(b: Builder, x: Interpreted, y: Interpreted) -> Variable:
    """With `c / (1 + cosh(z))`, the slope of a sigmoid, in one go."""
    z = under_cosh(b, y)
    if z is None or isinstance(x, Variable):
        return b.map(np.divide, x, y)
    slope = b.elementary("logistic_slope", z, dtype_of(z))
    return slope if x == 0.5 else b.map(np.multiply, 2 * x, slope)


def under_cosh(b: Builder, y: Interpreted) -> Variable | None:
    """The z of a y that is `1 + cosh(z)`, in floating-point numbers."""
    function, operands = b.origins.get(y, (None, ()))
    if function is not np.add or kind_of(dtype_of(y)) != "f":
        return None
    for one, x in (operands, operands[::-1]):
        if not isinstance(one, Variable) and one == 1 and isinstance(x, Variable):
            function, (z, *_) = b.origins.get(x, (None, (None,)))
            alike = function is np.cosh and isinstance(z, Variable)
            return z if alike and dtype_of(z) == dtype_of(y) else None
    return None


@form(np.where)
def where(b: Builder, condition: Interpreted, x: Interpreted, y: Interpreted) -> Variable:
    """A choice entry by entry."""
    out = joint_dtype(x, y)
    types = [np.dtype(bool), out, out]
    return b.map_code("where", (condition, x, y), out, "select({0}, {1}, {2})", types)


@form(np.clip)
def clip(
    b: Builder, a: Interpreted, a_min: Interpreted = None, a_max: Interpreted = None
) -> Variable:
    """Between bounds, of which one may be None."""
    bounds = [(np.maximum, a_min), (np.minimum, a_max)]
    given = [(function, bound) for function, bound in bounds if bound is not None]
    out = joint_dtype(a, *(bound for _, bound in given))
    code = "{0}"
    for number, (function, _) in enumerate(given, 1):
        code = written(function, (out,), out).format(code, f"{{{number}}}")
    return b.map_code("clip", (a, *(bound for _, bound in given)), out, code)


@form(Method("astype"), np.astype)
def astype(b: Builder, x: Variable, dtype: Any, **_: Any) -> Variable:
    """Cast entry by entry."""
    kind_of(np.dtype(dtype))
    return b.array(b.cast(x, np.dtype(dtype)))


@form(np.asarray, np.asanyarray, np.ascontiguousarray, np.copy, np.array)
def array(b: Builder, a: Interpreted) -> Variable:
    """An array as it is, a number as an array."""
    return b.array(a)


@form(np.real, np.real_if_close, np.conj)
def real(b: Builder, a: Interpreted) -> Variable:
    """Of real numbers, themselves."""
    return b.array(a)


@form(np.imag)
def imag(b: Builder, a: Variable) -> Variable:
    """Of real numbers, zeros."""
    return zeros_like(b, a)


@form(np.zeros_like)
def zeros_like(b: Builder, a: Variable, dtype: Any = None) -> Variable:
    """Zeros."""
    return full_like(b, a, 0, dtype)


@form(np.ones_like)
def ones_like(b: Builder, a: Variable, dtype: Any = None) -> Variable:
    """Ones."""
    return full_like(b, a, 1, dtype)


@form(np.full_like)
def full_like(b: Builder, a: Variable, fill_value: Interpreted, dtype: Any = None) -> Variable:
    """One number everywhere."""
    filled = b.cast(b.array(fill_value), dtype_of(a) if dtype is None else np.dtype(dtype))
    return b.broadcast_to(filled, a.shape)


@form(np.sinc)
def sinc(b: Builder, x: Interpreted) -> Variable:
    """`sin(pi x) / (pi x)`, 1 at 0."""
    scaled = b.map(np.multiply, np.pi, x)
    safe = where(b, b.map(np.equal, scaled, 0), 1e-20, scaled)
    return b.map(np.divide, b.map(np.sin, safe), safe)


# ---------------------------------------------------------------- Python's own numbers

ARITHMETIC = {
    operator.add: "{0} + {1}",
    operator.sub: "{0} - {1}",
    operator.mul: "{0} * {1}",
    operator.truediv: "quotient({0}, {1})",
    operator.neg: "-{0}",
    operator.pos: "{0}",
    operator.abs: "abs({0})",
    operator.pow: "checked_power({0} ** {1}, {0}, {1})",
    **{
        getattr(operator, name): f"{{0}} {sign} {{1}}"
        for name, sign in
        {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items()
    },
}  # fmt: skip


NUMPYS = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
    operator.truediv: np.divide, operator.neg: np.negative, operator.pos: np.positive,
    operator.abs: np.absolute, operator.pow: np.power, operator.lt: np.less,
    operator.le: np.less_equal, operator.gt: np.greater, operator.ge: np.greater_equal,
    operator.eq: np.equal, operator.ne: np.not_equal,
}  # fmt: skip


def arithmetic(function: Any) -> Form:
    """The form of Python's arithmetic: on its own numbers as Python does, on NumPy's by ufuncs."""

    def made(b: Builder, *operands: Interpreted) -> Variable:
        kinds: list[Any] = [x.python if isinstance(x, Variable) else type(x) for x in operands]
        if not all(kind in (int, float) for kind in kinds):
            numpys = NUMPYS[function]
            return FORMS[numpys](b, *operands) if numpys in FORMS else ufunc(b, numpys, *operands)
        if function is operator.pow and (kinds[1] is not int or kinds[0] is int):
            base = operands[0]
            if kinds[0] is int or isinstance(base, Variable) or base <= 0:
                raise NotNative("the type of a power of Python numbers depends on their values")
        result = function(*(kind(1) for kind in kinds))
        types = [PYTHON[kind] for kind in kinds]
        if isinstance(result, float):
            keeps = function is operator.pow and kinds[1] is int
            types = [PYTHON[float], *types[1:]] if keeps else [PYTHON[float]] * len(kinds)
        out = b.map_code(
            function.__name__, operands, PYTHON[type(result)], ARITHMETIC[function], types
        )
        out.python, out.dtype = type(result), None
        return out

    return made


FORMS.update({function: arithmetic(function) for function in ARITHMETIC})
