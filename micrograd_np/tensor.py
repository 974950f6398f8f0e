"""The Tensor: an array that remembers how it was made.

A `Tensor` is the node of the computation graph. NumPy's operators, ufuncs and functions, applied to
Tensors, end in `record`, which computes the value and, where an input needs a gradient, keeps the
recipe. `backward` asks `graph.pull` for the gradients and stores them on the leaves.

Tensors in a graph are immutable; a leaf changes by assigning its `data`, which stamps it.
"""

import operator
import warnings
from collections.abc import Callable, Iterator
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
Method = Callable[..., Any]


def operand(x: Any) -> Any:
    """`x` as the other side of an operator, or NotImplemented where it cannot be one."""
    if isinstance(x, list | tuple):
        return tensor(x)
    return x if isinstance(x, np.generic) or hasattr(x, "__array_function__") else NotImplemented


def binary(function: np.ufunc, forward: Callable[[Any, Any], Any]) -> Method:
    """The operator that records `function`, computed as Python does: faster on single numbers."""
    op = OPS[function]

    def method(self: "Tensor", other: Any) -> Any:
        tracked = self.requires_grad
        if type(other) in PLAIN:
            value = forward(self.value, other)
        elif isinstance(other, Node):
            value = forward(self.value, other.value)
            tracked = tracked or other.requires_grad
        else:
            other = operand(other)
            return other if other is NotImplemented else record(op, (self, other))
        if tracked and MODE.get():
            return attach(value, op, (self, other), NOTHING)
        return untracked(value)

    return method


def reflected(function: np.ufunc) -> Method:
    """The operator with its sides exchanged: `2 - t`."""
    op = OPS[function]

    def method(self: "Tensor", other: Any) -> Any:
        other = operand(other) if type(other) not in PLAIN else other
        return other if other is NotImplemented else record(op, (other, self))

    return method


def comparison(function: np.ufunc) -> Method:
    """An operator whose result is boolean or integer, hence a constant."""
    op = OPS[function]

    def method(self: "Tensor", other: Any) -> Any:
        other = operand(other) if type(other) not in PLAIN and not isinstance(other, Node) else other
        return other if other is NotImplemented else record(op, (self, other))

    return method


def unary(function: Callable[..., Any]) -> Method:
    op = OPS[function]
    return lambda self: record(op, (self,))


def in_place(self: "Tensor", other: Any) -> Any:
    """`t += x` means `t = t + x`, which for a parameter would lose the parameter."""
    if self.requires_grad and self.op is None:
        raise errors.InPlaceError(
            f"{describe(self)} is a leaf that requires a gradient; an augmented assignment would "
            f"replace it by the result of an op. To change its value write `t.data -= step`."
        )
    return NotImplemented


def forwarded(function: Callable[..., Any]) -> Method:
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
        self.inputs = ()
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
        if method == "__call__" and ufunc in OPS:
            return apply(OPS[ufunc], inputs, options)
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
            raise errors.InPlaceError(
                f"{describe(self)} is part of a graph and cannot be assigned to. Write\n"
                f"    t = mg.index_update(t, key, value)   # for t[key] = value\n"
                f"    t = np.where(mask, value, t)         # for t[mask] = value\n"
                f"or, to change a parameter between steps, `t.data[key] = value; t.data = t.data`."
            )
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
            raise errors.GraphError(
                f"backward() from {describe(self)}, which depends on no Tensor with "
                f"requires_grad=True (or was computed under no_grad), so there is nothing to "
                f"differentiate. Give the parameters requires_grad=True before computing."
            )
        nodes, leaves = history([self])
        found = pull(nodes, {self: seed(self, gradient)})
        with ACCUMULATING:
            for leaf in leaves:
                leaf.grad = accumulated(leaf, found.get(leaf))

    # ------------------------------------------------------------ operators

    __add__, __radd__ = binary(np.add, operator.add), reflected(np.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub), reflected(np.subtract)
    __mul__, __rmul__ = binary(np.multiply, operator.mul), reflected(np.multiply)
    __truediv__, __rtruediv__ = binary(np.divide, operator.truediv), reflected(np.divide)
    __pow__, __rpow__ = binary(np.power, operator.pow), reflected(np.power)
    __mod__, __rmod__ = binary(np.remainder, operator.mod), reflected(np.remainder)
    __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul), reflected(np.matmul)
    __floordiv__, __rfloordiv__ = comparison(np.floor_divide), reflected(np.floor_divide)
    __divmod__, __rdivmod__ = comparison(np.divmod), reflected(np.divmod)
    __neg__, __pos__, __abs__ = unary(np.negative), unary(np.positive), unary(np.absolute)
    __eq__, __ne__ = comparison(np.equal), comparison(np.not_equal)  # type: ignore[assignment]
    __lt__, __le__ = comparison(np.less), comparison(np.less_equal)
    __gt__, __ge__ = comparison(np.greater), comparison(np.greater_equal)
    __and__, __rand__ = comparison(np.bitwise_and), reflected(np.bitwise_and)
    __or__, __ror__ = comparison(np.bitwise_or), reflected(np.bitwise_or)
    __xor__, __rxor__ = comparison(np.bitwise_xor), reflected(np.bitwise_xor)
    __invert__ = unary(np.invert)
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = in_place

    # ------------------------------------------------------------ ndarray's methods

    sum, mean, prod = forwarded(np.sum), forwarded(np.mean), forwarded(np.prod)
    max, min, var, std = forwarded(np.max), forwarded(np.min), forwarded(np.var), forwarded(np.std)
    cumsum, cumprod = forwarded(np.cumsum), forwarded(np.cumprod)
    argmax, argmin, argsort = forwarded(np.argmax), forwarded(np.argmin), forwarded(np.argsort)
    any, all, nonzero = forwarded(np.any), forwarded(np.all), forwarded(np.nonzero)
    searchsorted, round, clip = forwarded(np.searchsorted), forwarded(np.round), forwarded(np.clip)
    ravel, squeeze, swapaxes = forwarded(np.ravel), forwarded(np.squeeze), forwarded(np.swapaxes)
    repeat, take, diagonal = forwarded(np.repeat), forwarded(np.take), forwarded(np.diagonal)
    trace, dot, copy = forwarded(np.trace), forwarded(np.dot), forwarded(np.copy)
    conj = conjugate = forwarded(np.conjugate)
    astype, flatten = forwarded(ops.shaping.astype), forwarded(np.ravel)

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
    if any(type(x) in (list, tuple) for x in inputs):
        inputs = tuple(tensor(x) if isinstance(x, list | tuple) else x for x in inputs)
    if options:
        options = {name: _constant(value) for name, value in options.items()}
    return record(op, inputs, options)


def _constant(option: Any) -> Any:
    return np.asarray(option) if isinstance(option, Tensor) else option


def record(op: Op, inputs: Inputs, options: Options = NOTHING) -> Any:
    """Compute `op` on the inputs' values, and keep the recipe where a gradient may be wanted."""
    tracked = False
    values = []
    for x in inputs:
        if isinstance(x, Node):
            values.append(x.value)
            tracked = tracked or x.requires_grad
        else:
            values.append(x)
    value = op.call(*values, **options)
    if op.kind == "constant":
        if not isinstance(value, np.ndarray | np.generic):
            return value
        tracked = tracked and op.recorded and value.dtype.kind == "f"
    return attach(value, op, inputs, options) if tracked and MODE.get() else untracked(value)


def attach(value: Any, op: Op, inputs: Inputs, options: Options) -> Any:
    """A value with its recipe. Written out flat, for this is the price of every recorded op."""
    node = new_object(Tensor)
    node.value = value
    node.grad = None
    node.requires_grad = True
    node.op = op
    node.inputs = inputs
    node.options = options
    node.tick = tick()
    node.name = None
    if (mode := MODE.get()) is not True:
        mode.recorded(node)  # type: ignore[union-attr]  # False never gets here
    if type(value) is tuple or type(value) is list:
        node.value = tuple(value)
        return type(value)(record(PICK, (node,), {"index": i}) for i in range(len(value)))
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
    node.inputs = ()
    node.options = NOTHING
    node.tick = tick()
    node.name = None
    return node


def seed(output: Tensor, gradient: Any) -> Array:
    """The cotangent to start from: `gradient` checked, or 1 for a single number."""
    if gradient is None:
        if output.size != 1:
            raise errors.GraphError(
                f"backward() from {describe(output)}: a gradient is defined for a single "
                f"number. Reduce it first, as in `np.sum(out).backward()`, or pass the cotangent: "
                f"`out.backward(gradient)` with gradient of shape {output.shape}."
            )
        return np.ones(output.shape, output.dtype)[()]
    gradient = gradient.value if isinstance(gradient, Node) else np.asarray(gradient)
    if gradient.shape != output.shape:
        raise errors.ShapeError(
            f"the gradient passed to backward() has shape {gradient.shape}, but "
            f"{describe(output)} needs one of its own shape."
        )
    return gradient.astype(output.dtype)


def accumulated(leaf: Tensor, g: Array | None) -> Array:
    """What `leaf.grad` becomes: an array of its own, never a view or a share of another."""
    if g is None:
        g = np.zeros_like(leaf.value)
    return own_array(g if leaf.grad is None else leaf.grad + g, None)
