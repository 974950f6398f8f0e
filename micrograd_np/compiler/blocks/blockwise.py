"""Block-wise calls: which calls can be done a block at a time.

A *group* is a list of calls over one *shape*. Each call plays a *role* in it:

- `each`: element by element. The result has the shape, or is made of reductions of the group;
- `reduction`: of an array of that shape over some of its axes;
- `view`: broadcasting, and axes of length 1 put in or left out, for which nothing is computed.
"""

import operator
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from micrograd_np.compiler.program import Instruction, Variable
from micrograd_np.compiler.tracing.functions import ASTYPE

Shape = tuple[int, ...]
Axes = tuple[int, ...]
NUMBERS = (int, float, complex)  # of Python, bool among them
SPOKEN = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
KINDS = "biufc"  # of the dtypes that are computed in blocks


class Role(NamedTuple):
    """A call in a group. `function`: a ufunc, or np.where, np.clip, ASTYPE.

    `args`: variables and numbers. Of reductions: `axes` of the argument, `keepdims`; `mean`: a sum
    that is then divided.
    """

    kind: Literal["each", "reduction", "view"]
    function: Any
    args: tuple[Any, ...]
    axes: Axes = ()
    keepdims: bool = False
    mean: bool = False

    @property
    def variables(self) -> list[Variable]:
        """The variables among its arguments."""
        return [x for x in self.args if isinstance(x, Variable)]


def role_of(instruction: Instruction) -> Role | None:
    """The role that a call can play in a group, if any."""
    function = instruction.function
    if instruction.effect or instruction.several or not isinstance(function, Hashable):
        return None
    reader = read_ufunc if isinstance(function, np.ufunc) else READERS.get(function)
    if reader is None and is_reduce(function):
        reader = read_ufunc_reduce
    role = reader(instruction) if reader else None
    if role is None or not all(map(is_fit, (*role.args, instruction.result))):
        return None
    return role


def is_fit(x: Any) -> bool:
    """Whether it is a number, or a variable for an array of numbers."""
    if isinstance(x, Variable) and x.python is not None:
        return issubclass(x.python, NUMBERS)
    if isinstance(x, Variable | np.generic):
        return x.dtype is not None and x.dtype.kind in KINDS
    return x is None or isinstance(x, NUMBERS)


def is_reduce(function: Callable[..., Any]) -> bool:
    """Whether it is the method of a ufunc that reduces."""
    of = getattr(function, "__self__", None)
    return isinstance(of, np.ufunc) and of in REDUCING and function == of.reduce


def operation(role: Role) -> str:
    """The word for what a call computes."""
    name: str = "mean" if role.mean else role.function.__name__
    return SPOKEN.get(name, name) if role.kind == "reduction" else name


# ---------------------------------------------------------------- element by element


def read_ufunc(instruction: Instruction) -> Role | None:
    """A ufunc with one result, computed entry by entry."""
    ufunc = instruction.function
    if instruction.options or ufunc.nout != 1 or ufunc.signature is not None:  # type: ignore[attr-defined]
        return None
    return Role("each", ufunc, instruction.args)


def read_each(instruction: Instruction) -> Role | None:
    """`np.where` or `np.clip`, with three arguments."""
    if instruction.options or len(instruction.args) != 3:
        return None
    return Role("each", instruction.function, instruction.args)


def read_astype(instruction: Instruction) -> Role | None:
    """A cast."""
    if instruction.options.keys() - {"copy"} or instruction.result.dtype != instruction.args[1]:
        return None
    return Role("each", ASTYPE, instruction.args[:1])


# ---------------------------------------------------------------- reductions

REDUCING = {
    np.add, np.multiply, np.maximum, np.minimum, np.logical_or, np.logical_and
}  # fmt: skip
REDUCTIONS: dict[Callable[..., Any], np.ufunc] = {
    np.sum: np.add, np.mean: np.add, np.prod: np.multiply, np.max: np.maximum,
    np.min: np.minimum, np.any: np.logical_or, np.all: np.logical_and,
}  # fmt: skip


def read_reduction(instruction: Instruction) -> Role | None:
    """A reduction by its name in NumPy."""
    ufunc = REDUCTIONS[instruction.function]
    mean = instruction.function is np.mean
    if mean and "dtype" in instruction.options:
        return None
    return reduction(instruction, ufunc, None, mean=mean)


def read_ufunc_reduce(instruction: Instruction) -> Role | None:
    """A reduction by a ufunc."""
    ufunc: np.ufunc = instruction.function.__self__  # type: ignore[attr-defined]
    return reduction(instruction, ufunc, 0)


def reduction(
    instruction: Instruction, ufunc: np.ufunc, axis: Any, *, mean: bool = False
) -> Role | None:
    """A reduction with nothing but axes, `keepdims` and a dtype to say how. `axis`: the default."""
    options = {"axis": axis, "keepdims": False} | instruction.options
    x, *rest = instruction.args
    if rest:
        options["axis"] = rest[0]
    known = options.keys() <= {"axis", "keepdims", "dtype"} and len(rest) < 2
    if not known or not isinstance(x, Variable) or x.dtype is None:
        return None
    if "dtype" in options and instruction.result.dtype != np.dtype(options["dtype"]):
        return None
    if mean and (x.dtype == np.float16 or x.dtype.kind == "c"):
        return None  # NumPy adds up, or divides, in a wider dtype
    axes = axes_of(options["axis"], len(x.shape))
    return Role("reduction", ufunc, (x,), axes, bool(options["keepdims"]), mean)


def axes_of(axis: Any, ndim: int) -> Axes:
    """The axes that an `axis` argument names, from 0 up, in order."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(sorted(operator.index(each) % ndim for each in axes))


# ---------------------------------------------------------------- views


def read_view(instruction: Instruction) -> Role | None:
    """The role of a call that broadcasts its first argument; None for any other call."""
    x = instruction.args[0] if instruction.args else None
    if not isinstance(x, Variable) or x.dtype != instruction.result.dtype:
        return None
    return Role("view", None, (x,))


def read_reshape(instruction: Instruction) -> Role | None:
    """The role of a call that only adds or drops axes of length 1; None for any other call."""
    role = read_view(instruction)
    if role is None or long_axes(role.args[0].shape) != long_axes(instruction.result.shape):
        return None
    return role


def read_getitem(instruction: Instruction) -> Role | None:
    """An index that does nothing but put in axes."""
    key = instruction.args[1]
    parts = key if isinstance(key, tuple) else (key,)
    if not all(part is None or part is Ellipsis or part == slice(None) for part in parts):
        return None
    return read_view(instruction)


def long_axes(shape: Iterable[int]) -> list[int]:
    """The lengths that are not 1."""
    return [n for n in shape if n != 1]


READERS: dict[Callable[..., Any], Callable[[Instruction], Role | None]] = {
    np.where: read_each, np.clip: read_each, ASTYPE: read_astype,
    np.broadcast_to: read_view, np.real: read_view, np.reshape: read_reshape,
    np.expand_dims: read_reshape, np.squeeze: read_reshape, operator.getitem: read_getitem,
    **dict.fromkeys(REDUCTIONS, read_reduction),
}  # fmt: skip
