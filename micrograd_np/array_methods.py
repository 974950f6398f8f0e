"""NumPy's operators and array methods, as methods that record themselves.

Each is one line of a table: an operator names the ufunc it stands for, a method the NumPy function
that it calls with the Tensor as first argument.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np import errors
from micrograd_np.graph import Node, describe
from micrograd_np.mode import TRACING
from micrograd_np.op import OPS
from micrograd_np.ops.shaping import astype
from micrograd_np.recording import PLAIN, apply, attach, locate, plain, record, untracked

Method = Callable[..., Any]


def operand(x: Any) -> Any:
    """`x` as the other side of an operator, or NotImplemented where it cannot be one."""
    if isinstance(x, list | tuple | np.ndarray):
        return plain(x)
    if isinstance(x, Node | np.generic) or type(x) in PLAIN or hasattr(x, "__array_function__"):
        return x
    return NotImplemented


def binary(function: np.ufunc, forward: Callable[[Any, Any], Any]) -> tuple[Method, Method]:
    """The operator that records `function`, and its reflection for a Tensor on the right.

    Values are computed by Python's operator, which on single numbers beats the ufunc tenfold.
    """
    op = OPS[function]

    def method(self: Node, other: Any) -> Any:
        x = self.value
        if isinstance(other, Node):
            y = other.value
            tracked = self.requires_grad or other.requires_grad
        elif type(other) in PLAIN:
            y = other
            tracked = self.requires_grad
        else:
            other = operand(other)
            return other if other is NotImplemented else record(op, (self, other))
        try:
            value = forward(x, y)
        except ValueError as error:
            locate(error, op, (self, other))
            raise
        return attach(value, op, (self, other), (x, y)) if tracked else untracked(value)

    def reflection(self: Node, other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        y = self.value
        try:
            value = forward(other, y)
        except ValueError as error:
            locate(error, op, (other, self))
            raise
        if not self.requires_grad:
            return untracked(value)
        return attach(value, op, (other, self), (other, y))

    return method, reflection


def recording(function: np.ufunc) -> tuple[Method, Method]:
    """The same for a ufunc whose result is a constant, or has several parts."""
    op = OPS[function]

    def method(self: Node, other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        return record(op, (self, other))

    def reflection(self: Node, other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        return record(op, (other, self))

    return method, reflection


def unary(function: np.ufunc) -> Method:
    """The operator on one Tensor that records `function`."""
    op = OPS[function]
    return lambda self: record(op, (self,))


def in_place(self: Node, _other: Any) -> Any:
    """`t += x` means `t = t + x`, which for a parameter would lose the parameter."""
    if self.requires_grad and self.op is None:
        raise errors.InPlaceError.augmented(describe(self))
    return NotImplemented


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


class ArrayMethods(Node):
    """The operators and methods of an ndarray, for `Tensor` to inherit."""

    __slots__ = ()
    __hash__ = object.__hash__  # Tensors are identified, though `==` compares entries

    # ------------------------------------------------------------ ndarray's attributes

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.value.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.value.dtype
        return dtype

    @property
    def ndim(self) -> int:
        return len(self.value.shape)

    @property
    def size(self) -> int:
        size: int = self.value.size
        return size

    @property
    def itemsize(self) -> int:
        return int(self.value.itemsize)

    @property
    def nbytes(self) -> int:
        nbytes: int = self.value.nbytes
        return nbytes

    @property
    def T(self) -> Any:
        """The axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return record(OPS[np.matrix_transpose], (self,))

    # ------------------------------------------------------------ conversions to Python's numbers

    def item(self, *index: Any) -> Any:
        return self.value.item(*index)

    def tolist(self) -> Any:
        return self.value.tolist()

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __round__(self, digits: int = 0) -> Any:
        return self.round(digits)

    def _number(self) -> Any:
        """The value to convert, unless a transform is running, which would lose its gradient."""
        if self.requires_grad and TRACING.get():
            raise errors.LeavesGraphError.as_number(describe(self))
        return self.value

    def __index__(self) -> int:
        return operator.index(self.value[()])

    # ------------------------------------------------------------ operators

    __add__, __radd__ = binary(np.add, operator.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub)
    __mul__, __rmul__ = binary(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = binary(np.divide, operator.truediv)
    __pow__, __rpow__ = binary(np.power, operator.pow)
    __mod__, __rmod__ = binary(np.remainder, operator.mod)
    __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul)
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
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = __ifloordiv__ = (
        __imod__
    ) = in_place

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
    astype, flatten = calling(astype), calling(np.ravel)
    conj = conjugate = calling(np.conjugate)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """`t.reshape(2, 3)` or `t.reshape((2, 3))`, as `np.reshape`."""
        new = shape[0] if len(shape) == 1 else shape
        return apply(OPS[np.reshape], (self, new), {"order": order})

    def transpose(self, *axes: Any) -> Any:
        """`t.transpose()`, `t.transpose(1, 0)` or `t.transpose((1, 0))`, as `np.transpose`."""
        order = axes[0] if len(axes) == 1 else axes or None
        return record(OPS[np.transpose], (self,), {"axes": order} if order else {})
