"""Spelling: a call as the line of Python that makes it, in the fastest way that reads well.

Many of NumPy's functions only hand the call on, and take longer for it than a small array does: the
line says what they hand on. `np.sum(x, axis=0)` becomes `add.reduce(x, axis=0)`, `np.transpose(x)`
becomes `x.T`. Where arrays are small, Python's numbers in calls are arrays that are made once, and
`np.matmul` is `dot` where both leave the work to the same routine of the BLAS. The results are the
same to the bit.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from micrograd_np.compiler.program import Instruction, Variable
from micrograd_np.compiler.source.literals import is_plain, literal, zero_dimensional
from micrograd_np.compiler.source.naming import is_name
from micrograd_np.compiler.source.outputs import c_strides, is_among, is_ufunc_method
from micrograd_np.compiler.source.scope import Scope

REALS = (np.dtype("float32"), np.dtype("float64"))  # the dtypes of the BLAS but the complex ones
SMALL = 1 << 12  # entries: for larger arrays NumPy's own overhead does not matter

BINARY = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.floordiv: "//", operator.mod: "%", operator.pow: "**", operator.matmul: "@",
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==",
    operator.ne: "!=", operator.and_: "&", operator.or_: "|", operator.xor: "^",
    operator.lshift: "<<", operator.rshift: ">>",
}  # fmt: skip
UNARY = {operator.neg: "-", operator.pos: "+", operator.invert: "~"}

METHODS = {
    np.reshape: "reshape", np.swapaxes: "swapaxes", np.squeeze: "squeeze", np.ravel: "ravel",
    np.dot: "dot", np.take: "take", np.repeat: "repeat", np.cumsum: "cumsum",
    np.cumprod: "cumprod", np.transpose: "transpose", np.diagonal: "diagonal",
}  # fmt: skip
BY_POSITION = {np.transpose: "axes", np.reshape: "shape"}  # what methods do not take by name
ATTRIBUTES = {np.real: "real", np.imag: "imag"}
REDUCTIONS = {np.sum: "add", np.prod: "multiply", np.max: "maximum", np.min: "minimum"}

# NumPy does not want it by position, as Python's functions of these names take any number of them.
OUT_BY_NAME = {np.maximum, np.minimum}

# Of these, a number in Python and an array of the operand's dtype are the same to NumPy.
WITH_NUMBERS = {
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.fmax, np.fmin,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
}  # fmt: skip


class Speller:
    """Spells calls, with names for variables."""

    def __init__(self, scope: Scope, names: dict[Variable, str]) -> None:
        self.scope = scope
        self.names = names

    # ------------------------------------------------------------ arguments

    def expression(self, x: Any) -> str:  # noqa: PLR0911 - one for each kind of argument
        """An argument: a variable, a plain value, or nested lists, tuples and dicts of them."""
        if isinstance(x, Variable):
            return self.names[x]
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            kind = self.scope.function(type(x))
            return f"{kind}({', '.join(map(self.expression, x))})"
        if type(x) is tuple:
            return tuple_of([self.expression(part) for part in x])
        if type(x) is list:
            return f"[{', '.join(map(self.expression, x))}]"
        if type(x) is dict:
            pairs = (f"{self.expression(k)}: {self.expression(v)}" for k, v in x.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(x, slice):
            parts = (x.start, x.stop, x.step)
            return f"slice({', '.join(map(self.expression, parts))})"
        return literal(x, self.scope)

    def operand(self, x: Any) -> str:
        """The expression for `x` beside a Python operator."""
        text = self.expression(x)
        return text if text.isidentifier() or text.replace(".", "").isalnum() else f"({text})"

    def key(self, x: Any) -> str:
        """The expression for `x` inside the brackets of an index."""
        if type(x) is tuple and x:
            return tuple_of([self._key_part(part) for part in x])[1:-1]
        return self._key_part(x)

    def _key_part(self, x: Any) -> str:
        """One of the parts of an index, with commas between them."""
        if not isinstance(x, slice):
            return self.expression(x)
        start, stop, step = ("" if part is None else self.expression(part)
                             for part in (x.start, x.stop, x.step))  # fmt: skip
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def given(self, args: Sequence[Any], options: dict[str, Any]) -> list[str]:
        """The arguments and options of a call."""
        named = {name: self.expression(value) for name, value in options.items()}
        plain = [f"{name}={value}" for name, value in named.items() if is_name(name)]
        other = [f"**{{{name!r}: {value}}}" for name, value in named.items() if not is_name(name)]
        return [*map(self.expression, args), *plain, *other]

    # ------------------------------------------------------------ calls

    def call(self, instruction: Instruction, out: str | None = None) -> str:
        """The call, given `out` to write to."""
        function, args, options = instruction.function, instruction.args, instruction.options
        if isinstance(function, np.ufunc):
            return self._ufunc(instruction, out)
        for spell in (self._operator, self._method, self._handed_on):
            text = spell(function, args, options, out)
            if text is not None:
                return text
        if is_ufunc_method(function):
            ufunc: np.ufunc = function.__self__  # type: ignore[attr-defined]
            name = f"{self.scope.function(ufunc)}.{function.__name__}"
        else:
            name = self.scope.function(function)
        return called(name, [*self.given(args, options), *out_option(out)])

    def _ufunc(self, instruction: Instruction, out: str | None) -> str:
        function, args, options = instruction.function, instruction.args, instruction.options
        if function is np.matmul and not options and is_plain_product(instruction):
            return self._attribute("dot", args, {}, out)
        given = [self._number(x, instruction) for x in args] + self.given((), options)
        if out is not None and function in OUT_BY_NAME:
            given += out_option(out)
        elif out is not None:
            given.insert(len(args), out)
        return called(self.scope.function(function), given)

    def _number(self, x: Any, instruction: Instruction) -> str:
        """An argument of a ufunc; of a number an array, where that is the same and faster."""
        if type(x) not in (int, float) or instruction.options:
            return self.expression(x)
        arrays = [y for y in instruction.args if isinstance(y, Variable) and y.shape]
        if (
            instruction.function not in WITH_NUMBERS
            or len(arrays) != 1
            or len(instruction.args) > 2
        ):
            return self.expression(x)
        dtype = arrays[0].dtype
        if dtype is None or arrays[0].size > SMALL or not is_exact(x, dtype):
            return self.expression(x)
        return zero_dimensional(np.array(x, dtype), self.scope)

    def _operator(
        self, function: Any, args: Sequence[Any], options: dict[str, Any], out: str | None
    ) -> str | None:
        """Python's operators, and an index."""
        if out is not None or options:
            return None
        if function is operator.getitem:
            return f"{self.operand(args[0])}[{self.key(args[1])}]"
        if is_among(function, BINARY):
            return f"{self.operand(args[0])} {BINARY[function]} {self.operand(args[1])}"
        if is_among(function, UNARY):
            return f"{UNARY[function]}{self.operand(args[0])}"
        return None

    def _method(
        self, function: Any, args: Sequence[Any], options: dict[str, Any], out: str | None
    ) -> str | None:
        """Methods, of arrays and of random generators."""
        name = getattr(function, "method", None)
        return self._attribute(name, args, options, out) if isinstance(name, str) else None

    def _attribute(
        self, name: str, args: Sequence[Any], options: dict[str, Any], out: str | None
    ) -> str:
        x, *rest = args
        if name == "transpose" and not options and rest in ([], [None]):
            return f"{self.operand(x)}.T"
        if name == "dot" and not options:
            given = [self.expression(rest[0]), *([] if out is None else [out])]
        else:
            given = [*self.given(rest, options), *out_option(out)]
        return called(f"{self.operand(x)}.{name}", given)

    def _handed_on(
        self, function: Any, args: Sequence[Any], options: dict[str, Any], out: str | None
    ) -> str | None:
        """The call that a function of NumPy hands on, if its first argument is an array."""
        x, *rest = args or (None,)
        if not is_array(x):
            return None
        if is_among(function, REDUCTIONS) and len(rest) < 2:
            options = {"axis": rest[0] if rest else None} | options
            given = [*self.given((x,), options), *out_option(out)]
            return called(f"{self.scope.numpy(REDUCTIONS[function])}.reduce", given)
        if is_among(function, ATTRIBUTES) and not rest and not options:
            return f"{self.names[x]}.{ATTRIBUTES[function]}"
        if not is_among(function, METHODS) or (function is np.swapaxes and options):
            return None
        if (by_position := BY_POSITION.get(function)) in options:
            rest = [options[by_position]]
            options = {name: value for name, value in options.items() if name != by_position}
        return self._attribute(METHODS[function], (x, *rest), options, out)


def is_array(x: Any) -> TypeGuard[Variable]:
    """Whether it is a variable for an array, not for a number."""
    return isinstance(x, Variable) and bool(x.shape)


def out_option(out: str | None) -> list[str]:
    """The option that says where to write, if that is said."""
    return [] if out is None else [f"out={out}"]


def called(name: str, given: list[str]) -> str:
    """A call of what has a name."""
    return f"{name}({', '.join(given)})"


def tuple_of(parts: list[str]) -> str:
    """A tuple of expressions."""
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def is_exact(x: float, dtype: np.dtype[Any]) -> bool:
    """Whether NumPy takes a Python number for one of this dtype, which can be written down."""
    if not is_plain(dtype) or math.isnan(x):
        return False
    if dtype.kind in "fc":
        return math.isinf(x) or abs(x) <= np.finfo(dtype).max
    if dtype.kind not in "iu" or type(x) is not int:
        return False
    limits = np.iinfo(dtype)
    return int(limits.min) <= x <= int(limits.max)


def is_plain_product(instruction: Instruction) -> bool:
    """Whether `x.dot(y)` is the same as `np.matmul(x, y)`: of arrays without gaps."""
    x, y, result = *instruction.args, instruction.result
    if not (is_array(x) and is_array(y) and result.shape) or result.size > SMALL:
        return False
    ranks = {len(x.shape), len(y.shape)}
    if ranks not in ({2}, {1, 2}) or x.dtype != y.dtype or x.dtype not in REALS:
        return False
    return result.size > 0 and all(map(is_compact, (x, y))) and result.strides == c_strides(result)


def is_compact(x: Variable) -> bool:
    """Whether entries lie without gaps, row by row or column by column."""
    backward = Variable(x.hint, x.shape[::-1], x.dtype)
    return x.strides == c_strides(x) or x.strides[::-1] == c_strides(backward)
