"""Numbers as code: literals, casts, and how each of NumPy's ufuncs computes one entry.

NumPy's rules of promotion are asked of NumPy itself (`ufunc.resolve_dtypes`): operands are cast to
what the ufunc's loop takes, so that Numba, whose rules differ, has nothing left to promote. Where
it would still widen (sums of small integers) the result is cast back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler.program import Variable

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
KINDS = {
    np.dtype(t): kind
    for kind, types in {
        "b": (np.bool_,),
        "i": (np.int8, np.int16, np.int32, np.int64),
        "u": (np.uint8, np.uint16, np.uint32, np.uint64),
        "f": (np.float32, np.float64),
    }.items()
    for t in types
}
PYTHON = {
    bool: np.dtype(bool),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
}  # as they are held


class NotNative(Exception):  # noqa: N818 - the word for what it says
    """A call has no native form; the message says why."""


# ---------------------------------------------------------------- types


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype that an operand is held in; of a Python number, as if it were an array.

    Raises NotNative for dtypes that native code has no numbers of.
    """
    if isinstance(x, Variable):
        dtype = PYTHON.get(x.python) if x.python else x.dtype
    elif type(x) in PYTHON:
        dtype = PYTHON[type(x)]
    else:
        dtype = getattr(x, "dtype", None)
    if dtype not in KINDS:
        raise NotNative(f"native code has no {dtype or type(x).__name__} numbers")
    return dtype


def kind_of(dtype: np.dtype[Any]) -> str:
    """The kind of a dtype: truth values `b`, whole numbers `i` and `u`, floats `f`.

    Raises NotNative for dtypes that native code has no numbers of.
    """
    if dtype not in KINDS:
        raise NotNative(f"native code has no {dtype} numbers")
    return KINDS[dtype]


def weak(x: Any) -> Any:
    """The type that NumPy promotes an operand by: its dtype, or its type in Python."""
    python = x.python if isinstance(x, Variable) else type(x)
    return python if python in (int, float) else dtype_of(x)


def resolved(
    function: Any, operands: Sequence[Any], dtype: Any = None
) -> tuple[list[np.dtype[Any]], np.dtype[Any]]:
    """The dtypes that a ufunc's loop takes for these operands, and the dtype of its result."""
    types = [weak(x) for x in operands]
    if not any(isinstance(t, np.dtype) for t in types):
        types = [dtype_of(x) for x in operands]
    for x in operands:
        dtype_of(x)
    chosen: Any = {}
    if dtype is not None:
        chosen["signature"] = (None,) * len(types) + (np.dtype(dtype),)
    try:
        *given, out = function.resolve_dtypes((*types, None), **chosen)
    except TypeError as error:
        raise NotNative(str(error)) from error
    for t in (*given, out):
        kind_of(t)
    return given, out


# ---------------------------------------------------------------- literals and casts


def literal(x: Any) -> str:
    """A number as code of its dtype."""
    dtype = dtype_of(x)
    kind = kind_of(dtype)
    if kind == "b":
        return str(bool(x))
    if kind == "f":
        code = repr(float(x))  # of the special ones: inf, -inf, nan
        code = f"({code})" if code.startswith("-") else code
        return code if dtype == np.float64 else f"float32({code.strip('()')})"
    code = str(int(x)) if x >= 0 else f"({int(x)})"
    return code if dtype == np.int64 else f"{dtype.name}({int(x)})"


def cast(code: str, x: Any, to: np.dtype[Any]) -> str:
    """The code of a number `x`, as a number of dtype `to`."""
    if not isinstance(x, Variable):
        return literal(converted(x, to))
    dtype = dtype_of(x)
    if x.python is int and kind_of(to) in "iu" and to != np.int64:
        raise NotNative("a Python integer that varies may not fit into a small integer")
    if dtype == to:
        return code
    return f"({code} != 0)" if kind_of(to) == "b" else f"{name_of(to)}({code})"


def converted(x: Any, to: np.dtype[Any]) -> Any:
    """A number with another dtype.

    Raises NotNative where a Python integer is out of its bounds.
    """
    try:
        with np.errstate(all="ignore"):
            return np.asarray(x).astype(to)[()] if isinstance(x, np.generic) else to.type(x)
    except OverflowError as error:
        raise NotNative(str(error)) from error


def name_of(dtype: np.dtype[Any]) -> str:
    """The name of a dtype in code."""
    return "bool_" if kind_of(dtype) == "b" else dtype.name


def entry_code(array: np.ndarray[Any, Any]) -> str:
    """The code of an array's only value, or the value that all its entries have; else nothing."""
    if array.dtype not in KINDS or not array.size:
        return ""
    first = array.flat[0]
    same = array.tobytes() == first.tobytes() * array.size
    return literal(first) if same else ""


# ---------------------------------------------------------------- the ufuncs

# The code of one entry by the kinds of number that the ufunc's loop is for.
CODE: dict[Any, dict[str, str]] = {}


def code(function: Any, kinds: str, template: str = "") -> None:
    """Declare the code for some kinds; without any it is the function's name, as NumPy's."""
    operands = ", ".join(f"{{{i}}}" for i in range(function.nin))
    template = template or f"{function.__name__}({operands})"
    CODE.setdefault(function, {}).update(dict.fromkeys(kinds, template))


# fmt: off
code(np.add,           "fiu",  "{0} + {1}")
code(np.add,           "b",    "{0} | {1}")
code(np.subtract,      "fiu",  "{0} - {1}")
code(np.multiply,      "fiu",  "{0} * {1}")
code(np.multiply,      "b",    "{0} & {1}")
code(np.divide,        "f",    "{0} / {1}")
code(np.negative,      "fiu",  "-{0}")
code(np.positive,      "fiu",  "{0}")
code(np.reciprocal,    "f",    "{one} / {0}")
code(np.square,        "fiu",  "{0} * {0}")
code(np.absolute,      "fi",   "abs({0})")
code(np.absolute,      "bu",   "{0}")
code(np.fabs,          "f",    "abs({0})")
code(np.conjugate,     "fiu",  "{0}")
code(np.greater,       "fiub", "{0} > {1}")
code(np.greater_equal, "fiub", "{0} >= {1}")
code(np.less,          "fiub", "{0} < {1}")
code(np.less_equal,    "fiub", "{0} <= {1}")
code(np.equal,         "fiub", "{0} == {1}")
code(np.not_equal,     "fiub", "{0} != {1}")
code(np.logical_and,   "fiub", "({0} != 0) & ({1} != 0)")
code(np.logical_or,    "fiub", "({0} != 0) | ({1} != 0)")
code(np.logical_xor,   "fiub", "({0} != 0) != ({1} != 0)")
code(np.logical_not,   "fiub", "{0} == 0")
code(np.bitwise_and,   "iu",   "{0} & {1}")
code(np.bitwise_or,    "iu",   "{0} | {1}")
code(np.bitwise_xor,   "iu",   "{0} ^ {1}")
code(np.bitwise_and,   "b",    "{0} & {1}")
code(np.bitwise_or,    "b",    "{0} | {1}")
code(np.bitwise_xor,   "b",    "{0} != {1}")
code(np.invert,        "iu",   "~{0}")
code(np.invert,        "b",    "not {0}")
code(np.maximum,       "f",    "maximum({0}, {1})")
code(np.minimum,       "f",    "minimum({0}, {1})")
code(np.maximum,       "iu",   "max({0}, {1})")
code(np.minimum,       "iu",   "min({0}, {1})")
code(np.maximum,       "b",    "{0} | {1}")
code(np.minimum,       "b",    "{0} & {1}")
code(np.fmax,          "iu",   "max({0}, {1})")
code(np.fmin,          "iu",   "min({0}, {1})")
code(np.isnan,         "f",    "{0} != {0}")
code(np.isfinite,      "f",    "abs({0}) < inf")
code(np.isinf,         "f",    "abs({0}) == inf")
code(np.isnan,         "iub",  "False")
code(np.isinf,         "iub",  "False")
code(np.isfinite,      "iub",  "True")
code(np.sign,          "f",    "sign({0}) + {zero}")  # so that of -0.0 is 0.0
code(np.sign,          "i",    "sign({0})")
code(np.sign,          "u",    "{0} != 0")
code(np.remainder,     "f",    "copysign(remainder({0}, {1}), {1})")
code(np.floor,         "iub",  "{0}")
code(np.ceil,          "iub",  "{0}")
code(np.trunc,         "iub",  "{0}")
# fmt: on
BY_NAME: tuple[Any, ...] = (
    np.exp,
    np.exp2,
    np.expm1,
    np.log,
    np.log2,
    np.log10,
    np.log1p,
    np.sqrt,
    np.cbrt,
    np.sin,
    np.cos,
    np.tan,
    np.arcsin,
    np.arccos,
    np.arctan,
    np.sinh,
    np.cosh,
    np.tanh,
    np.arcsinh,
    np.arccosh,
    np.arctanh,
    np.arctan2,
    np.hypot,
    np.floor,
    np.ceil,
    np.trunc,
    np.rint,
    np.signbit,
    np.copysign,
    np.fmax,
    np.fmin,
    np.logaddexp,
    np.logaddexp2,
    np.deg2rad,
    np.rad2deg,
    np.radians,
    np.degrees,
    np.power,
    np.float_power,
    np.fmod,
)  # fmt: skip
for each in BY_NAME:
    code(each, "f")


def written(function: Any, types: Sequence[np.dtype[Any]], out: np.dtype[Any]) -> str:
    """The code of one entry of a ufunc's result, `{0}` standing for its first operand.

    Raises NotNative for ufuncs without.
    """
    template = CODE.get(function, {}).get(kind_of(types[0]))
    if template is None:
        raise NotNative(f"np.{function.__name__} of {types[0]} has no native form")
    for name, number in (("{zero}", 0), ("{one}", 1)):
        if name in template:
            template = template.replace(name, literal(out.type(number)))
    return value_of(template, out)


def value_of(code: str, dtype: np.dtype[Any]) -> str:
    """Code of arithmetic, held to the dtype that Numba would widen."""
    widened = kind_of(dtype) == "u" or (kind_of(dtype) == "i" and dtype.itemsize < 8)
    return f"{dtype.name}({code})" if widened else code
