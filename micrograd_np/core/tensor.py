"""The Tensor: an array that remembers how it was made.

A `Tensor` is the node of the computation graph. NumPy's operators, ufuncs and functions, applied
to Tensors, end in `record`. `backward` asks `graph.pull` for the gradients and stores
them on the leaves. Tensors in a graph are immutable; a leaf changes by assigning its `data`, which
stamps it.
"""

import operator
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Never

import numpy as np

from micrograd_np import errors
from micrograd_np.core.context import CONTEXT, EAGER, RUNNING
from micrograd_np.core.foreign import is_foreign, to_numpy
from micrograd_np.core.graph import PICK, Node, describe, pull, tick
from micrograd_np.core.op import OPS, Array, Interpreted
from micrograd_np.core.operators import ArrayMethods, binary
from micrograd_np.core.record import NOTHING, apply, check_change, holds_tensors, record, value_of
from micrograd_np.core.safety.leaving import check_constant, is_differentiated, warn_user
from micrograd_np.core.safety.solvers import SOLVERS_MODULE, check_unsolved, public_name
from micrograd_np.core.safety.views import check_writable, stamp
from micrograd_np.core.unknown import EXPLANATIONS
from micrograd_np.core.values import accumulated, check_differentiable, owned, seed
from micrograd_np.errors.joins import joining_advice
from micrograd_np.forking import ForkLock

if TYPE_CHECKING:  # what the operators and methods return
    from micrograd_np.core.typed import TypedMethods as Methods
else:
    Methods = ArrayMethods

ACCUMULATING = ForkLock()  # backward() in several threads may meet at one leaf


class Tensor(Methods, Node):
    """An n-dimensional array that records what is done with it.

    `data`: anything `np.array` takes, copied; or an array of another library that speaks NumPy's
    protocols, kept as it is. `requires_grad`: whether gradients with respect to it are wanted.
    `dtype`: as in `np.array`. `name`: shown in pictures and messages.

    A copied or pickled leaf keeps its class. What operations on a subclass return, indexing and
    `detach` among them, are plain Tensors.

    Raises TypeError if `requires_grad` is asked of a dtype that is not floating point, real or
    complex, or if `data` holds tracked Tensors (`mg.tensor` joins those).

    >>> w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> np.sum(w * w).backward()
    >>> w.grad
    array([2., 4.])
    """

    __slots__ = ()

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str | None = None
    ) -> None:
        self.value = owned(data, dtype)
        self.grad = None
        self.tracked = bool(requires_grad)
        self.op = None
        self.inputs = self.values = ()
        self.options = NOTHING
        self.tick = tick()
        self.name = name
        if requires_grad:
            check_differentiable(self)

    # ------------------------------------------------------------ what it holds

    @property  # type: ignore[override] # NumPy's is a memoryview
    def data(self) -> np.ndarray[Any, Any]:
        """The array. Assigning it (also `t.data -= step`) keeps shape and dtype, and stamps `t`.

        An entry written through it (`t.data[0] = 1`) leaves no stamp: only `detect_anomaly` finds
        such a change. Assign the whole, or `t[0] = 1` on a Tensor that needs no gradient.
        """
        if RUNNING:
            check_constant(self)
        array: np.ndarray[Any, Any] = self._array()
        return array

    @data.setter
    def data(self, new: Any) -> None:
        if CONTEXT.get() is not EAGER:
            check_change(self, "was assigned to")
        if self.op is not None or (RUNNING and is_differentiated(self)):
            raise errors.InPlaceError(
                f"{describe(self)} keeps its value; assign to leaves only, and not to arguments of "
                f"a function that is being differentiated. For another value make a new Tensor."
            )
        if new is not self.value:
            given = np.shape(new)
            if given != self.shape:
                raise errors.ShapeError(
                    f"cannot assign data of shape {given} to {describe(self)}: a Tensor keeps "
                    f"its shape. Make a new Tensor instead."
                )
            new = owned(new, self.value.dtype)
            self.sharers = None
            self.value = new
        if getattr(self, "sharers", None) is None:
            self.tick = tick()
        else:
            stamp(self)

    def _array(self) -> Array:
        """The value as an array that can be written to, without axes for a single number."""
        value = self.value
        if isinstance(value, np.generic):
            value = self.value = np.asarray(value)
        return value if CONTEXT.get() is EAGER else value_of(self)

    def _track(self, wanted: Any) -> None:
        """Switch `requires_grad` of a leaf."""
        if self.op is not None or is_differentiated(self):
            raise errors.GraphError.fixed(describe(self))
        check_change(self, "had its requires_grad assigned to")
        if wanted:
            check_differentiable(self)
        self.tracked = bool(wanted)

    requires_grad: bool = property(  # type: ignore[assignment] # reads are as quick as can be
        operator.attrgetter("tracked"), _track, doc="Whether gradients are wanted."
    )

    @property
    def is_leaf(self) -> bool:
        """Whether the Tensor was made by no op."""
        return self.op is None

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if is_foreign(self.value) or isinstance(self.value, Interpreted):
            marks = [repr(self.value)]  # described without being computed
        else:
            marks = [np.array2string(np.asarray(self.value), separator=", ", prefix="Tensor(")]
        if self.dtype not in (np.float64, np.int64, np.bool_):
            marks.append(f"dtype={self.dtype}")
        if self.op is not None:
            marks.append(f"op={self.op.name}")
        elif self.tracked:
            marks.append("requires_grad=True")
        if self.name:
            marks.append(f"name={self.name!r}")
        return f"Tensor({', '.join(marks)})"

    # ------------------------------------------------------------ leaving the graph

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.tracked:
            check_unsolved(self)
            raise errors.LeavesGraphError.as_array(
                describe(self), EXPLANATIONS.advice() or joining_advice()
            )
        if SOLVERS_MODULE in sys.modules and public_name(sys._getframe(1)):  # noqa: SLF001 - who asks
            copy = True  # solvers write into what their users' functions return
        array = np.array(value_of(self), dtype=dtype, copy=copy)
        ours = isinstance(self.value, np.ndarray)
        if copy is not True and ours and np.may_share_memory(array, self.value):
            array = array.view()
            array.flags.writeable = False  # a write would leave no stamp
        return array

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule that shares the memory with another library; read-only, if that can be said."""
        if self.tracked:
            raise errors.LeavesGraphError.as_array(describe(self))
        array = self._array()
        if max_version and max_version[0] >= 1 and isinstance(array, np.ndarray) and not copy:
            array = np.asarray(self)
        return array.__dlpack__(
            stream=stream, max_version=max_version, dl_device=dl_device, copy=copy
        )

    def __dlpack_device__(self) -> tuple[int, int]:  # type: ignore[override] # any device
        device: tuple[int, int] = self._array().__dlpack_device__()
        return device

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values as a plain NumPy array."""
        return to_numpy(self._leaving(check_constant))

    def __format__(self, spec: str) -> str:
        foreign = is_foreign(self.value)
        if not spec and (self.ndim or foreign or isinstance(self.value, Interpreted)):
            return str(self)
        if self.ndim:
            raise errors.FormatError.of_array(describe(self), spec)
        return format((to_numpy(self.value) if foreign else self.value)[()], spec)

    def __contains__(self, item: Any) -> bool:
        return item in self._array()

    def __reduce__(self) -> Any:
        check_constant(self)
        if self.op is not None:
            check_unsolved(self)
            warn_user(
                UserWarning(
                    f"copying or pickling {describe(self)} keeps its value and drops its history; "
                    f"give `t.data` or `t.numpy()` to avoid this"
                )
            )
        given = (self._array(), self.tracked and self.op is None, None, self.name)
        return _restored, (type(self), self.grad, *given), self._added()

    def _added(self) -> Any:
        """The attributes that a subclass adds, in the form of Python's `copy` and `pickle`."""
        state: Any = self.__getstate__()
        if type(self).__getstate__ is not object.__getstate__:
            return state
        attributes, slots = state
        slots = {name: slots[name] for name in slots.keys() - set(Node.__slots__)}
        return (attributes, slots) if slots else attributes

    def detach(self) -> "Tensor":
        """The value as a constant: a copy without history, as `mg.stop_gradient(t)` returns."""
        return stop_gradient(self)

    # ------------------------------------------------------------ short arithmetic, and indexing

    if not TYPE_CHECKING:
        __add__, __radd__ = binary(np.add, operator.add)
        __sub__, __rsub__ = binary(np.subtract, operator.sub)
        __mul__, __rmul__ = binary(np.multiply, operator.mul)
        __truediv__, __rtruediv__ = binary(np.divide, operator.truediv)
        __pow__, __rpow__ = binary(np.power, operator.pow)
        __mod__, __rmod__ = binary(np.remainder, operator.mod)
        __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul)

        def __getitem__(self, key: Any) -> Any:
            if type(self.value) is tuple:
                return record(PICK, (self,), {"index": key})
            return apply(OPS[operator.getitem], (self, key), {})

    def __setitem__(self, key: Any, new: Any) -> None:
        if self.tracked:
            check_unsolved(self)
            raise errors.InPlaceError.item(describe(self))
        check_change(self, "was assigned to")
        check_writable(self)
        self.data[key] = owned(new)
        stamp(self)

    # ------------------------------------------------------------ differentiation

    def backward(self, gradient: Any = None, **others: Never) -> None:
        """Add the gradient of this value to `.grad` of every leaf that asks for one.

        `gradient` is the cotangent of this value, of its shape; a single number may leave it out,
        meaning 1. The graph stays, so a second call adds exactly the same again.

        Raises GraphError if nothing was recorded or if a non-scalar has no `gradient`, ShapeError
        for one of another shape, MutationError if a leaf was changed since it was used.
        """
        if others:
            raise errors.OptionError.foreign(Tensor.backward, others)
        if not self.tracked:
            raise errors.GraphError.nothing_recorded(describe(self))
        if CONTEXT.get() is not EAGER:
            check_change(self, "had backward() called from it")
        found = pull({self: seed(self, gradient)})
        for leaf in found:
            if leaf.value.dtype.kind != "f":
                check_differentiable(leaf)
        with ACCUMULATING.lock:  # no code under this lock forks
            for leaf, g in found.items():
                leaf.grad = accumulated(leaf, g)


Node.tensor = Tensor  # of this class is what ops make, whatever subclasses there are


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
    if not holds_tensors(data):
        return Tensor(data, requires_grad, dtype, name)
    rows: Any = [x if isinstance(x, Tensor | Interpreted) else tensor(x, dtype=dtype) for x in data]
    out: Any = np.stack(rows)
    if not out.requires_grad:
        return Tensor(out, requires_grad, dtype, name)
    joined: Tensor = out if dtype is None else out.astype(dtype)
    joined.name = name
    return joined


def _restored(kind: type[Tensor], grad: Array | None, *given: Any) -> Tensor:
    t = kind.__new__(kind)
    Tensor.__init__(t, *given)  # a subclass may ask for other arguments
    t.grad = grad
    return t


def stop_gradient(x: Any) -> Tensor:
    """`x` as a constant: the same value, through which no gradient flows.

    >>> w = Tensor(3.0, requires_grad=True)
    >>> (w * stop_gradient(w)).backward()
    >>> w.grad
    array(3.)
    """
    value = value_of(x) if isinstance(x, Tensor) else x
    if isinstance(value, Interpreted):
        constant: Tensor = value.stopped()
        return constant
    return Tensor(value, name=x.name if isinstance(x, Tensor) else None)
