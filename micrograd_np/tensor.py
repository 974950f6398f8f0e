"""The Tensor: an array that remembers how it was made.

A `Tensor` is the node of the computation graph. NumPy's operators, ufuncs and functions, applied to
Tensors, end in `record`, which computes the value and, where an input needs a gradient, keeps the
recipe. `backward` asks `graph.pull` for the gradients and stores them on the leaves.

Tensors in a graph are immutable; a leaf changes by assigning its `data`, which stamps it.
"""

import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

import numpy as np

from micrograd_np import errors, ops
from micrograd_np.arrays import check_differentiable, own_array
from micrograd_np.graph import PICK, Node, describe, history, pull, tick
from micrograd_np.mode import MODE
from micrograd_np.op import OPS, Array, Inputs, Op, Options

NOTHING: Options = {}
ACCUMULATING = Lock()
new_object = object.__new__


# ---------------------------------------------------------------- operators and methods

PLAIN = frozenset((float, int, bool, complex, np.ndarray, np.float64, np.float32, np.int64))
ARRAYS = (np.ndarray, np.generic)
Method = Callable[..., Any]


def operand(x: Any) -> Any:
    """`x` as the other side of an operator, or NotImplemented where it cannot be one."""
    if type(x) is list or type(x) is tuple:
        return tensor(x)
    if type(x) in PLAIN or isinstance(x, Node | np.generic) or hasattr(x, "__array_function__"):
        return x
    return NotImplemented


def binary(function: np.ufunc, forward: Callable[[Any, Any], Any]) -> tuple[Method, Method]:
    """The operator that records `function`, and its reflection for a Tensor on the right.

    Values are computed by Python's operator, which on single numbers beats the ufunc tenfold.
    """
    op = OPS[function]

    def method(self: "Tensor", other: Any) -> Any:
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
        value = forward(x, y)
        return attach(value, op, (self, other), (x, y)) if tracked else untracked(value)

    def reflection(self: "Tensor", other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        y = self.value
        value = forward(other, y)
        return attach(value, op, (other, self), (other, y)) if self.requires_grad else untracked(value)

    return method, reflection


def comparing(function: np.ufunc) -> Method:
    """An operator whose result is a constant, or has several parts: recorded the long way."""
    op = OPS[function]

    def method(self: "Tensor", other: Any) -> Any:
        if type(other) not in PLAIN and (other := operand(other)) is NotImplemented:
            return NotImplemented
        return record(op, (self, other))

    return method


def unary(function: np.ufunc) -> Method:
    op = OPS[function]
    return lambda self: record(op, (self,))


def in_place(self: "Tensor", other: Any) -> Any:
    """`t += x` means `t = t + x`, which for a parameter would lose the parameter."""
    if self.requires_grad and self.op is None:
        raise errors.InPlaceError.augmented(describe(self))
    return NotImplemented


def calling(function: Callable[..., Any]) -> Method:
    """The method that calls `function` with the Tensor as its first argument."""
    op = OPS[function]

    def method(self: "Tensor", *args: Any, **keywords: Any) -> Any:
        return apply(op, (self, *args), keywords)

    method.__doc__ = f"`np.{op.name}` of this Tensor."
    return method


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


class Tensor(Node):
    """An n-dimensional array that records what is done with it.

    `data`: anything `np.array` takes, copied; or an array of another library that speaks NumPy's
    protocols, kept as it is. `requires_grad`: whether gradients with respect to it are wanted.
    `dtype`: as in `np.array`. `name`: shown in pictures and messages.

    Raises TypeError if `requires_grad` is asked of a dtype that is not real floating point, or if
    `data` holds tracked Tensors (`mg.tensor` joins those).

    >>> w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> np.sum(w * w).backward()
    >>> w.grad
    array([2., 4.])
    """

    __slots__ = ("grad", "name")
    __hash__ = object.__hash__  # Tensors are identified, though `==` compares entries

    grad: Array | None
    name: str | None

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str | None = None
    ) -> None:
        self.value = own_array(data, dtype)
        self.grad = None
        self.requires_grad = False
        self.op = None
        self.inputs = self.values = ()
        self.options = NOTHING
        self.tick = tick()
        self.name = name
        if requires_grad:
            check_differentiable(self)
            self.requires_grad = True

    # ------------------------------------------------------------ what it holds

    @property
    def data(self) -> Array:
        """The array. Assigning it (also `t.data -= step`) keeps shape and dtype, and stamps `t`."""
        if isinstance(self.value, np.generic):
            self.value = np.asarray(self.value)
        return self.value

    @data.setter
    def data(self, new: Any) -> None:
        if new is not self.value:
            given = np.shape(new)
            if given != self.shape:
                raise errors.ShapeError(
                    f"cannot assign data of shape {given} to {describe(self)}: a Tensor keeps "
                    f"its shape. Make a new Tensor instead."
                )
            new = own_array(new, self.value.dtype)
        self.value = new
        self.tick = tick()

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
    def nbytes(self) -> int:
        nbytes: int = self.value.nbytes
        return nbytes

    @property
    def is_leaf(self) -> bool:
        """Whether no op made it."""
        return self.op is None

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        marks = [np.array2string(np.asarray(self.data), separator=", ", prefix="Tensor(")]
        if self.dtype not in (np.float64, np.int64, np.bool_):
            marks.append(f"dtype={self.dtype}")
        if self.op is not None:
            marks.append(f"op={self.op.name}")
        elif self.requires_grad:
            marks.append("requires_grad=True")
        if self.name:
            marks.append(f"name={self.name!r}")
        return f"Tensor({', '.join(marks)})"

    # ------------------------------------------------------------ leaving the graph

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.requires_grad:
            raise errors.LeavesGraphError(describe(self))
        return np.array(self.value, dtype=dtype, copy=copy)

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values as a plain NumPy array."""
        return np.array(self.value)

    def item(self, *index: Any) -> Any:
        return self.data.item(*index)

    def tolist(self) -> Any:
        return self.data.tolist()

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __complex__(self) -> complex:
        return complex(self.value)

    def __index__(self) -> int:
        return operator.index(self.value[()])

    def __format__(self, spec: str) -> str:
        return format(self.value[()], spec) if spec else str(self)

    def __contains__(self, item: Any) -> bool:
        return item in self.data

    def __reduce__(self) -> Any:
        if self.op is not None:
            warnings.warn(
                f"copying or pickling {describe(self)} keeps its value and drops its history",
                stacklevel=2,
            )
        return _restored, (self.data, self.requires_grad and self.op is None, self.name, self.grad)

    def detach(self) -> "Tensor":
        """This value as a constant: the same array, no history."""
        return stop_gradient(self)

    # ------------------------------------------------------------ NumPy's protocols

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any
    ) -> Any:
        op = OPS.get(ufunc)
        if op is not None and method == "__call__":
            return apply(op, inputs, options) if options else record(op, inputs)
        if method in UFUNC_METHODS and (function := UFUNC_METHODS[method].get(ufunc)):
            options.setdefault("axis", 0)
            return apply(OPS[function], inputs, options)
        if method == "outer":
            x, y = (tensor(z) if not isinstance(z, Node) else z for z in inputs)
            return apply(OPS[ufunc], (x.reshape(x.shape + (1,) * y.ndim), y), options)
        detail = "" if method == "__call__" else f".{method}"
        raise errors.UnregisteredFunctionError(ufunc, detail)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Inputs, keywords: Options
    ) -> Any:
        if function not in OPS:
            raise errors.UnregisteredFunctionError(function)
        return apply(OPS[function], args, dict(keywords))

    # ------------------------------------------------------------ indexing

    def __getitem__(self, key: Any) -> Any:
        if type(self.value) is tuple:
            return record(PICK, (self,), {"index": key})
        return apply(OPS[ops.indexing.getitem], (self, key), {})

    def __setitem__(self, key: Any, new: Any) -> None:
        if self.requires_grad:
            raise errors.InPlaceError.item(describe(self))
        self.data[key] = new.value if isinstance(new, Tensor) else new
        self.tick = tick()

    # ------------------------------------------------------------ differentiation

    def backward(self, gradient: Any = None) -> None:
        """Add the gradient of this value to `.grad` of every leaf that asks for one.

        `gradient` is the cotangent of this value, of its shape; a single number may leave it out,
        meaning 1. The graph stays, so a second call adds exactly the same again.

        Raises GraphError if nothing was recorded or if a non-scalar has no `gradient`, ShapeError
        for one of another shape, MutationError if a leaf was changed since it was used.
        """
        if not self.requires_grad:
            raise errors.GraphError.nothing_recorded(describe(self))
        nodes, leaves = history([self])
        mode = MODE.get()
        watch = None if isinstance(mode, bool) else mode.pulled
        found = pull(nodes, {self: seed(self, gradient)}, watch=watch)
        with ACCUMULATING:
            for leaf in leaves:
                leaf.grad = accumulated(leaf, found.get(leaf))

    # ------------------------------------------------------------ operators

    __add__, __radd__ = binary(np.add, operator.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub)
    __mul__, __rmul__ = binary(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = binary(np.divide, operator.truediv)
    __pow__, __rpow__ = binary(np.power, operator.pow)
    __mod__, __rmod__ = binary(np.remainder, operator.mod)
    __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul)
    __neg__, __pos__, __abs__ = unary(np.negative), unary(np.positive), unary(np.absolute)
    __invert__, __divmod__, __floordiv__ = unary(np.invert), comparing(np.divmod), comparing(np.floor_divide)
    __eq__, __ne__ = comparing(np.equal), comparing(np.not_equal)  # type: ignore[assignment]
    __lt__, __le__ = comparing(np.less), comparing(np.less_equal)
    __gt__, __ge__ = comparing(np.greater), comparing(np.greater_equal)
    __and__ = __rand__ = comparing(np.bitwise_and)
    __or__ = __ror__ = comparing(np.bitwise_or)
    __xor__ = __rxor__ = comparing(np.bitwise_xor)
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = in_place

    # ------------------------------------------------------------ ndarray's methods

    sum, mean, prod, cumsum, cumprod = map(calling, (np.sum, np.mean, np.prod, np.cumsum, np.cumprod))
    max, min, var, std = map(calling, (np.max, np.min, np.var, np.std))
    argmax, argmin, argsort, any, all = map(calling, (np.argmax, np.argmin, np.argsort, np.any, np.all))
    nonzero, searchsorted, round, clip = map(calling, (np.nonzero, np.searchsorted, np.round, np.clip))
    ravel, squeeze, swapaxes, repeat = map(calling, (np.ravel, np.squeeze, np.swapaxes, np.repeat))
    take, diagonal, trace, dot, copy = map(calling, (np.take, np.diagonal, np.trace, np.dot, np.copy))
    astype, flatten, conj = map(calling, (ops.shaping.astype, np.ravel, np.conjugate))

    def reshape(self, *shape: Any, order: str = "C") -> "Tensor":
        """`t.reshape(2, 3)` or `t.reshape((2, 3))`, as `np.reshape`."""
        new: Tensor = np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)  # type: ignore[call-overload]
        return new

    def transpose(self, *axes: Any) -> "Tensor":
        """`t.transpose()`, `t.transpose(1, 0)` or `t.transpose((1, 0))`, as `np.transpose`."""
        order = axes[0] if len(axes) == 1 else axes or None
        new: Tensor = np.transpose(self, order)  # type: ignore[arg-type]
        return new

    @property
    def T(self) -> "Tensor":
        """The axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> "Tensor":
        """The last two axes exchanged."""
        out: Tensor = record(OPS[np.matrix_transpose], (self,))
        return out


# ---------------------------------------------------------------- building


def tensor(
    data: Any, requires_grad: bool = False, dtype: Any = None, name: str | None = None
) -> Tensor:
    """A Tensor from numbers, arrays, or nested lists of them; lists of Tensors stack with history.

    Raises what `Tensor` raises, and ValueError for a ragged list.

    >>> w = Tensor(3.0, requires_grad=True)
    >>> tensor([w, 2 * w]).sum().backward()
    >>> w.grad
    array(3.)
    """
    if isinstance(data, list | tuple) and _holds_tensors(data):
        rows = [tensor(x, dtype=dtype) if not isinstance(x, Tensor) else x for x in data]
        out = np.stack(rows)
        return out if dtype is None else out.astype(dtype)
    return Tensor(data, requires_grad, dtype, name)


def _holds_tensors(data: Any) -> bool:
    if isinstance(data, list | tuple):
        return any(_holds_tensors(x) for x in data)
    return isinstance(data, Tensor)


def _restored(data: Array, requires_grad: bool, name: str | None, grad: Array | None) -> Tensor:
    t = Tensor(data, requires_grad, name=name)
    t.grad = grad
    return t


def stop_gradient(x: Any) -> Tensor:
    """`x` as a constant: the same value, through which no gradient flows.

    >>> w = Tensor(3.0, requires_grad=True)
    >>> (w * stop_gradient(w)).backward()
    >>> w.grad
    array(3.)
    """
    if not isinstance(x, Tensor):
        return Tensor(x)
    out: Tensor = untracked(x.value)
    out.name = x.name
    return out


# ---------------------------------------------------------------- recording


def apply(op: Op, args: Inputs, keywords: Options) -> Any:
    """Record a call as the user wrote it, with arguments in any of the spellings NumPy allows."""
    inputs, options = op.bind(args, keywords)
    if options:
        options = {k: np.asarray(v) if isinstance(v, Tensor) else v for k, v in options.items()}
    return record(op, inputs, options)


def record(op: Op, inputs: Inputs, options: Options = NOTHING) -> Any:
    """Compute `op` on the inputs' values, and keep the recipe where a gradient may be wanted."""
    tracked = False
    values = []
    for x in inputs:
        if isinstance(x, Node):
            values.append(x.value)
            if x.requires_grad:
                tracked = True
        elif type(x) is list or type(x) is tuple:
            return record(op, tuple(map(operand, inputs)), options)
        else:
            values.append(x)
    value = op.call(*values, **options) if options else op.call(*values)
    if op.kind == "constant":
        if not isinstance(value, ARRAYS):
            return value
        tracked = tracked and op.recorded and value.dtype.kind == "f"
    return attach(value, op, inputs, values, options) if tracked else untracked(value)


Node.record, Node.apply = staticmethod(record), staticmethod(apply)  # type: ignore[assignment]


def attach(
    value: Any, op: Op, inputs: Inputs, values: Sequence[Any], options: Options = NOTHING
) -> Any:
    """A value with its recipe, if we are recording. Written out flat: every op pays this."""
    mode = MODE.get()
    if mode is False:
        return untracked(value)
    node = new_object(Tensor)
    node.value = value
    node.grad = None
    node.requires_grad = True
    node.op = op
    node.inputs = inputs
    node.values = values
    node.options = options
    node.tick = tick()
    node.name = None
    if mode is not True:
        mode.recorded(node)
    if type(value) is tuple or type(value) is list:
        node.value = tuple(value)
        return type(value)(node[i] for i in range(len(value)))
    return node


def untracked(value: Any) -> Any:
    """A value no gradient is wanted for, as a Tensor without a recipe."""
    if type(value) is tuple or type(value) is list:
        return type(value)(untracked(part) for part in value)
    node = new_object(Tensor)
    node.value = value
    node.grad = None
    node.requires_grad = False
    node.op = None
    node.inputs = node.values = ()
    node.options = NOTHING
    node.tick = tick()
    node.name = None
    return node


def seed(output: Tensor, gradient: Any) -> Array:
    """The cotangent to start from: `gradient` checked, or 1 for a single number."""
    if gradient is None:
        if output.size != 1:
            raise errors.GraphError.not_scalar(describe(output), output.shape)
        one = output.dtype.type(1)
        return one if output.shape == () else np.full(output.shape, one)
    gradient = gradient.value if isinstance(gradient, Node) else np.asarray(gradient)
    if gradient.shape != output.shape:
        raise errors.ShapeError(
            f"the gradient passed to backward() has shape {gradient.shape}, but "
            f"{describe(output)} needs one of its own shape."
        )
    return gradient.astype(output.dtype)


def accumulated(leaf: Tensor, g: Array | None) -> Array:
    """What `leaf.grad` becomes: an array of its own, never a view or a share of another."""
    if leaf.grad is None and type(g) is np.ndarray:
        return g.copy()
    if g is None:
        g = np.zeros_like(leaf.value)
    return own_array(g if leaf.grad is None else leaf.grad + g)
