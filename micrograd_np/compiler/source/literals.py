"""Literals: values as Python expressions that make exactly the same value again."""

import math
from typing import Any

import numpy as np

from micrograd_np.compiler.program import Variable
from micrograd_np.compiler.source.outputs import c_strides
from micrograd_np.compiler.source.scope import Scope, home_of

FEW = 24  # entries of an array that is written out
WORDS = {
    "0.0": "zero", "0.5": "half", "1.0": "one", "2.0": "two", "-1.0": "minus_one", "0": "zero",
    "1": "one", "2": "two", "-1": "minus_one",
}  # fmt: skip
Array = np.ndarray[Any, Any]


def literal(x: Any, scope: Scope) -> str:  # noqa: PLR0911 - one for each kind of value
    """An expression for a plain Python or NumPy value.

    What cannot be written is bound to a name; arrays and NumPy's numbers are defined once.
    """
    if x is None or x is Ellipsis or type(x) in (bool, int, str, bytes):
        return "..." if x is Ellipsis else repr(x)
    if type(x) is float:
        return real(x, scope)
    if type(x) is complex:
        return f"complex({real(x.real, scope)}, {real(x.imag, scope)})"
    if isinstance(x, slice):
        return f"slice({', '.join(literal(part, scope) for part in (x.start, x.stop, x.step))})"
    if isinstance(x, np.dtype):
        return dtype(x, scope)
    if isinstance(x, np.generic):
        return number(x, scope)
    if isinstance(x, np.ndarray):
        return array(x, scope, "constant")
    if isinstance(x, range):
        return repr(x)
    home = home_of(x) if callable(x) else None
    return scope.imported(home) if home else scope.object(x, getattr(x, "__name__", "thing"))


def real(x: float, scope: Scope) -> str:
    """A float: Python's shortest decimal that reads the same, or a name."""
    if math.isfinite(x):
        return repr(x)
    name = scope.numpy("nan" if math.isnan(x) else "inf")
    return f"-{name}" if math.copysign(1, x) < 0 else name  # a NaN has a sign too


def dtype(x: np.dtype[Any], scope: Scope) -> str:
    """A dtype: by the name of its class where that says it all."""
    if is_plain(x):
        return scope.numpy(x.type.__name__) if x.kind != "b" else "bool"
    if x.kind in "OV":
        return scope.object(x, "dtype")
    made = scope.numpy("dtype")
    return scope.value(
        ("dtype", x.str), f"dtype_{x.str}", lambda name: f"{name} = {made}({x.str!r})"
    )


def number(x: np.generic, scope: Scope) -> str:
    """A number of NumPy's, which is defined once."""
    if not is_plain(x.dtype) or (np.isnan(x) and x.tobytes() != type(x)(math.nan).tobytes()):
        return scope.object(x, "number")
    kind = scope.numpy(type(x).__name__)
    written = entry(x, scope)
    key = ("number", x.dtype.str, x.tobytes())
    hint = f"{x.dtype.name}_{word(written)}"
    return scope.value(key, hint, lambda name: f"{name} = {kind}({written})")


def zero_dimensional(x: Array, scope: Scope) -> str:
    """The name of a 0-d array, by its number."""
    key = ("array", x.dtype.str, x.tobytes())
    hint = word(entry(x[()], scope)) + ("" if x.dtype == np.float64 else f"_{x.dtype.name}")
    return scope.value(key, hint, lambda name: f"{name} = {array_expression(x, scope)}")


def is_plain(x: np.dtype[Any]) -> bool:
    """Whether it is a dtype of numbers that Python's own numbers say exactly."""
    return x.kind in "biufc" and x.isnative and x.char not in "gG"


def word(text: str) -> str:
    """A hint for the name of a number."""
    plain = text.replace("e-", "e_minus_").replace("-", "minus_").replace("+", "")
    return WORDS.get(text, f"number_{plain.replace('.', '_')}")


def array(x: Array, scope: Scope, hint: str) -> str:
    """The name of an array: written out if it is small, else bound."""
    text = array_expression(x, scope)
    if text is None:
        return scope.object(x, hint)
    like = Variable.like(hint, x)
    comment = f"  # {described(like)}" if x.size > 1 else ""
    return scope.value(("array", id(x)), hint, lambda name: f"{name} = {text}{comment}")


def array_expression(x: Array, scope: Scope) -> str | None:
    """An expression for a small array with the same entries, dtype and strides, if there is one."""
    if type(x) is not np.ndarray or not 0 < x.size <= FEW:
        return None
    if not is_plain(x.dtype) or np.isnan(x).any():
        return None
    if x.strides == c_strides(Variable.like("", x)):
        return f"{scope.numpy('array')}({entries(x, scope)}{given_dtype(x, scope)})"
    if x.T.strides == c_strides(Variable.like("", x.T)):
        return f"{scope.numpy('array')}({entries(x.T, scope)}{given_dtype(x, scope)}).T"
    return None


def given_dtype(x: Array, scope: Scope) -> str:
    """The dtype as a further argument, where the entries do not say it."""
    told = x.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool), np.dtype(complex))
    return "" if told else f", {dtype(x.dtype, scope)}"


def entries(x: Array, scope: Scope) -> str:
    """Nested lists of numbers."""
    if x.ndim:
        return f"[{', '.join(entries(part, scope) for part in x)}]"
    return entry(x[()], scope)


def entry(x: Any, scope: Scope) -> str:
    """A number of NumPy's as one of Python's: with as few digits as make the same of its dtype."""
    short = str(x)
    if x.dtype.kind == "f" and np.isfinite(x) and type(x)(float(short)) == x:
        return repr(float(short))
    return literal(x.item(), scope)


def described(x: Variable) -> str:
    """Shape and dtype in a comment."""
    if x.dtype is None:
        return x.python.__name__ if x.python else "?"
    return f"{x.shape} {x.dtype}" if x.shape else str(x.dtype)
