"""NumPy's operators and array methods, as methods that record themselves.

Each is one line of a table: an operator names a ufunc, a method the NumPy function that it calls
with the Tensor as first argument.
"""

import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np import errors
from micrograd_np.core.context import CONTEXT, EAGER, RUNNING
from micrograd_np.core.foreign import array_behind, is_foreign, to_numpy
from micrograd_np.core.graph import Node, describe
from micrograd_np.core.op import EXPRESSIONS, OPS, Inputs, Interpreted, Options, read_tables
from micrograd_np.core.record import (
    NOTHING,
    PLAIN,
    SINGLE,
    apply,
    as_input,
    attach,
    check_change,
    computed,
    locate,
    ndarray,
    record,
    untracked,
    value_of,
)
from micrograd_np.core.safety.leaving import check_constant, check_number
from micrograd_np.core.safety.meaning import NUMBERS, is_left_to
from micrograd_np.core.safety.solvers import SOLVERS_MODULE, check_decision, public_name
from micrograd_np.core.safety.views import check_writable, stamp
from micrograd_np.core.unknown import EXPLANATIONS

Method = Callable[..., Any]


def operand(x: Any) -> Any:
    """`x` as the other side of an operator, or NotImplemented where it cannot be one."""
    if isinstance(x, list | tuple | np.ndarray):
        return as_input(x)
    if isinstance(x, Node | Interpreted):
        return x
    known = isinstance(x, np.generic | float | int | complex)  # and what derives from these
    array = hasattr(type(x), "__array_function__") and not is_left_to(x)
    return x if known or array else NotImplemented


def recording(function: np.ufunc) -> tuple[Method, Method]:
    """The operator that records `function`, and its reflection for a value on the right."""
    op = OPS[function]

    def method(self: Any, other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        return record(op, (self, other))

    def reflection(self: Any, other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        return record(op, (other, self))

    return method, reflection


def binary(  # noqa: C901 - written out flat: every operator pays for it
    function: np.ufunc, forward: Callable[[Any, Any], Any]
) -> tuple[Method, Method]:
    """`recording` with a short way for Tensors, where nothing but ops of Tensors is at work.

    Values are computed by Python's operator, which on single numbers is ten times as fast as the
    ufunc.
    """
    op = OPS[function]
    recorded, recorded_reflection = recording(function)

    def method(self: Node, other: Any) -> Any:
        if isinstance(other, Node):
            y = other.value
            tracked = self.tracked or other.tracked
        elif type(other) in SINGLE or (type(other) is ndarray and other.dtype in NUMBERS):
            y = other
            tracked = self.tracked
        else:
            return recorded(self, other)
        context = CONTEXT.get()
        if context is not EAGER and context.interpreters:
            return record(op, (self, other))
        x = self.value
        try:
            value = forward(x, y)  # with np.errstate(all="raise"): shows YOUR line
        except ValueError as error:
            locate(error, op, (self, other))
            raise
        if not tracked:
            return untracked(value)
        return attach(value, op, (self, other), (x, y), NOTHING, context)

    def reflection(self: Node, other: Any) -> Any:
        if type(other) not in SINGLE:  # an array's operators come by `__array_ufunc__`
            return recorded_reflection(self, other)
        context = CONTEXT.get()
        if context is not EAGER and context.interpreters:
            return record(op, (other, self))
        y = self.value
        try:
            value = forward(other, y)  # with np.errstate(all="raise"): shows YOUR line
        except ValueError as error:
            locate(error, op, (other, self))
            raise
        if not self.tracked:
            return untracked(value)
        return attach(value, op, (other, self), (other, y), NOTHING, context)

    return method, reflection


def unary(function: Method) -> Method:
    """The operator or attribute of one Tensor that records `function`."""
    op = OPS[function]
    return lambda self: record(op, (self,))


def in_place(symbol: str, forward: Callable[[Any, Any], Any]) -> Method:
    """The augmented assignment that `forward` does, which writes into the array, as NumPy's does.

    A single number is replaced, as NumPy's scalars are: `total += loss` means `total = total +
    loss`. A view of one entry of an array is written to. An array is refused if a graph would
    depend on what is written. SciPy's functions in Python add to arrays that they have made, so
    values in those arrays are replaced too.
    """

    def method(self: Any, other: Any) -> Any:
        if self.requires_grad and self.op is None:
            raise errors.InPlaceError.leaf(describe(self))
        if type(other) not in PLAIN:
            other = operand(other)
        if other is NotImplemented:
            return NotImplemented
        if self.ndim == 0 and not is_entry(self):
            return NotImplemented
        recorded = isinstance(other, Node) and other.tracked and CONTEXT.get().recording
        interpreted = isinstance(self, Interpreted) or isinstance(other, Interpreted)
        if interpreted or recorded or self.requires_grad:
            if public_name(sys._getframe(1)):  # noqa: SLF001 - who assigns
                return NotImplemented
            described = describe(self) if isinstance(self, Node) else repr(self)
            raise errors.InPlaceError.augmented(described, symbol)
        check_change(self, "was changed in place")
        check_writable(self)
        self.value = forward(self.data, other.value if isinstance(other, Node) else other)
        stamp(self)
        return self

    return method


def is_entry(x: Any) -> bool:
    """Whether a single number is a view of one entry of an array, as `y[0, ...]` is."""
    value = array_behind(x)
    return type(value) is ndarray and value.ndim == 0 and value.base is not None


def calling(function: Any) -> Method:
    """The method that calls `function` with the Tensor as its first argument."""
    op = OPS[function]

    def method(self: Node, *args: Any, **keywords: Any) -> Any:
        if args or keywords or op.arrays > 1:
            return apply(op, (self, *args), keywords)
        return record(op, (self,))

    method.__doc__ = f"`np.{op.name}` of this Tensor."
    return method


# What a ufunc's methods stand for: `np.add.reduce` is a sum, `np.add.accumulate` a running one.
UFUNC_METHODS: dict[str, dict[Any, Callable[..., Any]]] = {
    "reduce": {
        np.add: np.sum,
        np.multiply: np.prod,
        np.maximum: np.max,
        np.minimum: np.min,
        np.logical_and: np.all,
        np.logical_or: np.any,
    },
    "accumulate": {np.add: np.cumsum, np.multiply: np.cumprod},
}


class NoUnit:
    """An attribute that raises AttributeError, so that Astropy takes a Tensor for mere numbers.

    Astropy asks every array for its `unit`. A tracked Tensor would lose its history, which is an
    error. A subclass of Tensor may define a unit.
    """

    def __get__(self, tensor: Any, owner: type | None = None) -> Any:
        if tensor is not None and tensor.requires_grad:
            raise errors.LeavesGraphError.as_array("a Tensor beside a quantity with a unit")
        raise AttributeError("a Tensor has no unit")


class ArrayMethods:
    """The protocols, operators and methods of an ndarray, for `Tensor` to inherit."""

    __slots__ = ()
    value: Any
    requires_grad: bool
    __hash__ = object.__hash__  # a Tensor is a key by identity, though `==` compares entries

    # ------------------------------------------------------------ NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        op = OPS.get(ufunc)
        if op is not None and method == "__call__":
            try:
                return apply(op, inputs, options) if options else record(op, inputs)
            except errors.MeaningLostError as error:
                if error.may_hold_tensors and any(x is error.operand for x in inputs):
                    return NotImplemented  # NumPy asks the operand's class
                raise
        if method in UFUNC_METHODS and (function := UFUNC_METHODS[method].get(ufunc)):
            if options.setdefault("axis", 0) is None and method == "accumulate" and self.ndim != 1:
                raise ValueError(f"np.{ufunc.__name__}.accumulate takes one axis. Given: None.")
            return apply(OPS[function], inputs, options)
        written = EXPRESSIONS.get(getattr(np.ufunc, method))
        if written is not None and op is not None:
            return written(ufunc, *inputs, **options)
        if op is None and (read_tables() or ufunc in OPS):  # another thread may have read them
            return self.__array_ufunc__(ufunc, method, *inputs, **options)
        detail = "" if method == "__call__" else f".{method}"
        refusal = EXPLANATIONS.refusal_of(ufunc, inputs, detail)
        return computed(getattr(ufunc, method), inputs, options, refusal)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Inputs, keywords: Options
    ) -> Any:
        try:
            if function in OPS:
                return apply(OPS[function], args, dict(keywords))
            if function in EXPRESSIONS:
                return EXPRESSIONS[function](*args, **keywords)
        except errors.MeaningLostError as error:
            if error.may_hold_tensors and type(error.operand) in types:
                return NotImplemented
            raise
        refusal = EXPLANATIONS.refusal_of(function, args)
        return computed(function, args, dict(keywords), refusal)

    # ------------------------------------------------------------ ndarray's attributes

    shape: Any = property(operator.attrgetter("value.shape"))
    dtype: Any = property(operator.attrgetter("value.dtype"))
    size: Any = property(operator.attrgetter("value.size"))
    nbytes: Any = property(operator.attrgetter("value.nbytes"))
    itemsize: Any = property(lambda self: int(self.value.itemsize))
    ndim: Any = property(lambda self: len(self.value.shape))

    device: Any = property(lambda self: getattr(self.value, "device", "cpu"))
    unit = NoUnit()

    T: Any = property(lambda self: self.transpose(), doc="The axes reversed.")
    real: Any = property(unary(np.real), doc="The real part.")
    imag: Any = property(unary(np.imag), doc="The imaginary part: zeros for real numbers.")
    mT: Any = property(unary(np.matrix_transpose), doc="The last two axes exchanged.")

    # ------------------------------------------------------------ the Array API's

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The module whose functions take and return Tensors, of the Python Array API standard."""
        namespace = sys.modules[__name__.partition(".")[0]]
        if api_version in {None, "2021.12", "2022.12", "2023.12", "2024.12"}:
            return namespace
        raise ValueError(
            f"version {api_version!r} of the Array API standard was asked for; versions up to "
            f"'2024.12' are known here."
        )

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """The Tensor itself, if it is on `device`; to move data, make a Tensor of a moved array."""
        if device == self.device and stream is None:
            return self
        raise ValueError(
            f"a Tensor stays on its device, {self.device!r}; device={device!r}, stream={stream!r} "
            f"were asked for. Make a new Tensor of an array that is there."
        )

    # ------------------------------------------------------------ the package's functions

    def relu(self) -> Any:
        """`mg.relu(t)`: the entries, and 0 for those below 0."""
        return self.__array_namespace__().relu(self)

    def sigmoid(self) -> Any:
        """`mg.sigmoid(t)`: the logistic function of every entry."""
        return self.__array_namespace__().sigmoid(self)

    # ------------------------------------------------------------ conversions to Python's numbers

    def item(self, *index: Any) -> Any:
        """The entry at `index`, or the only one, as a number of Python's."""
        return self._numbers().item(*index)

    def tolist(self) -> Any:
        """The entries as nested lists of Python's numbers."""
        return self._numbers().tolist()

    def _numbers(self) -> Any:
        """The value as a NumPy array, for a caller who asked for numbers."""
        value = self._leaving(check_constant) if RUNNING else self._read()
        return to_numpy(value) if is_foreign(value) else value

    def _read(self) -> Any:
        return value_of(self) if isinstance(self, Node) else self.value

    def __bool__(self) -> bool:
        if SOLVERS_MODULE in sys.modules:  # most programs never load it
            check_decision(sys._getframe(1))  # noqa: SLF001 - who decides
        return bool(self._read())

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __round__(self, digits: int = 0) -> Any:
        return self.round(digits)

    def _number(self) -> Any:
        """The value that Python converts; warns if the conversion cuts a gradient."""
        return self._leaving(check_number)

    def _leaving(self, check: Callable[[Node], None]) -> Any:
        """The value, unless `check` raises because the value may not leave the graph."""
        value = self._read()
        if isinstance(self, Node) and self.tracked and not isinstance(value, Interpreted):
            check(self)  # raises if the value may not leave
        return value

    def __index__(self) -> int:
        return operator.index(self._read()[()])

    # ------------------------------------------------------------ operators

    __add__, __radd__ = recording(np.add)
    __sub__, __rsub__ = recording(np.subtract)
    __mul__, __rmul__ = recording(np.multiply)
    __truediv__, __rtruediv__ = recording(np.divide)
    __pow__, __rpow__ = recording(np.power)
    __mod__, __rmod__ = recording(np.remainder)
    __matmul__, __rmatmul__ = recording(np.matmul)
    __neg__, __pos__, __abs__ = unary(np.negative), unary(np.positive), unary(np.absolute)
    __divmod__, __rdivmod__ = recording(np.divmod)
    __floordiv__, __rfloordiv__ = recording(np.floor_divide)
    __invert__ = unary(np.invert)
    __eq__, __ne__ = recording(np.equal)[0], recording(np.not_equal)[0]
    __lt__, __gt__ = recording(np.less)
    __le__, __ge__ = recording(np.less_equal)
    __and__, __rand__ = recording(np.bitwise_and)
    __or__, __ror__ = recording(np.bitwise_or)
    __xor__, __rxor__ = recording(np.bitwise_xor)
    __lshift__, __rlshift__ = recording(np.left_shift)
    __rshift__, __rrshift__ = recording(np.right_shift)
    __iadd__, __isub__ = in_place("+", operator.iadd), in_place("-", operator.isub)
    __imul__, __imatmul__ = in_place("*", operator.imul), in_place("@", operator.imatmul)
    __itruediv__ = in_place("/", operator.itruediv)
    __ifloordiv__ = in_place("//", operator.ifloordiv)
    __ipow__, __imod__ = in_place("**", operator.ipow), in_place("%", operator.imod)
    __iand__, __ior__ = in_place("&", operator.iand), in_place("|", operator.ior)
    __ixor__ = in_place("^", operator.ixor)
    __ilshift__, __irshift__ = in_place("<<", operator.ilshift), in_place(">>", operator.irshift)

    # ------------------------------------------------------------ ndarray's methods

    sum, mean, prod = calling(np.sum), calling(np.mean), calling(np.prod)
    max, min, var, std = calling(np.max), calling(np.min), calling(np.var), calling(np.std)
    cumsum, cumprod = calling(np.cumsum), calling(np.cumprod)
    argmax, argmin = calling(np.argmax), calling(np.argmin)
    argsort, argpartition = calling(np.argsort), calling(np.argpartition)
    any, all, nonzero = calling(np.any), calling(np.all), calling(np.nonzero)
    searchsorted, round, clip = calling(np.searchsorted), calling(np.round), calling(np.clip)
    ravel, squeeze, swapaxes = calling(np.ravel), calling(np.squeeze), calling(np.swapaxes)
    repeat, take, diagonal = calling(np.repeat), calling(np.take), calling(np.diagonal)
    trace, dot, copy = calling(np.trace), calling(np.dot), calling(np.copy)
    conj = conjugate = calling(np.conjugate)

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:
        """The Tensor in another dtype; `copy=False`: itself, if it has the dtype."""
        return EXPRESSIONS[np.astype](self, dtype, copy=copy)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """`t.reshape(2, 3)` or `t.reshape((2, 3))`, as `np.reshape`."""
        new = shape[0] if len(shape) == 1 else shape
        return apply(OPS[np.reshape], (self, new), {"order": order})

    def flatten(self, order: str = "C") -> Any:
        """The entries along one axis, as `np.ravel`; never a view."""
        flat = apply(OPS[np.ravel], (self, order), {})
        return np.copy(flat) if getattr(flat, "sharers", None) else flat

    def transpose(self, *axes: Any) -> Any:
        """`t.transpose()`, `t.transpose(1, 0)` or `t.transpose((1, 0))`, as `np.transpose`."""
        order = axes[0] if len(axes) == 1 else axes or None
        return record(OPS[np.transpose], (self,), {"axes": order} if order else {})

    def choose(self, choices: Any, mode: str = "raise") -> Any:
        """`np.choose` with this Tensor's integers."""
        return np.choose(self, choices, mode=mode)  # type: ignore[call-overload] # it dispatches

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """`np.compress` of this Tensor."""
        return np.compress(condition, self, axis=axis)  # type: ignore[call-overload] # it dispatches
