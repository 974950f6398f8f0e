"""Block-wise calls: which calls can be done a block at a time, and how their arrays lie to each other.

A *group* is a list of calls over one *shape*. Each call plays a *role* in it:

- `each`: element by element. The result has the shape, or is small: made of reductions of the group;
- `reduction`: of an array of that shape over some of its axes;
- `view`: broadcasting, and axes of length 1 put in or left out, for which nothing is computed.

Every array in a group *lies along* some axes of the shape: usually the last ones, as many as it
has; `x.mean(-1)` of a group over (8, 64, 128) lies along the axes 0 and 1.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from micrograd_np.compiler.calls import ASTYPE
from micrograd_np.compiler.program import Instruction, Variable

Shape = tuple[int, ...]
Axes = tuple[int, ...]
NUMBERS = (int, float, complex)  # of Python, bool among them
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
    if instruction.effect or instruction.several:
        return None
    function = instruction.function
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


# ---------------------------------------------------------------- element by element


def read_ufunc(instruction: Instruction) -> Role | None:
    ufunc = instruction.function
    if instruction.options or ufunc.nout != 1 or ufunc.signature is not None:  # type: ignore[attr-defined]
        return None
    return Role("each", ufunc, instruction.args)


def read_each(instruction: Instruction) -> Role | None:
    if instruction.options or len(instruction.args) != 3:
        return None
    return Role("each", instruction.function, instruction.args)


def read_astype(instruction: Instruction) -> Role | None:
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
    ufunc = REDUCTIONS[instruction.function]
    mean = instruction.function is np.mean
    if mean and "dtype" in instruction.options:
        return None
    return reduction(instruction, ufunc, None, mean=mean)


def read_ufunc_reduce(instruction: Instruction) -> Role | None:
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
    if mean and x.dtype == np.float16:
        return None  # NumPy adds these up in float32
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
    x = instruction.args[0] if instruction.args else None
    if not isinstance(x, Variable) or x.dtype != instruction.result.dtype:
        return None
    return Role("view", None, (x,))


def read_reshape(instruction: Instruction) -> Role | None:
    role = read_view(instruction)
    if role is None or long_axes(role.args[0].shape) != long_axes(instruction.result.shape):
        return None
    return role


def read_getitem(instruction: Instruction) -> Role | None:
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


# ---------------------------------------------------------------- how arrays lie in a group


class Layout(NamedTuple):
    """How the arrays of a group lie in its shape.

    `along`: the axes of the shape that a variable of the group lies along; of an operand, where it
    is used by what lies along others than the last. `whole`: the axes that blocks must not divide,
    as reductions over them are used in the group. `reductions`: the axes of the reductions that
    are not.
    """

    along: dict[Variable, Axes]
    whole: frozenset[int]
    reductions: tuple[Axes, ...]


def layout_of(
    shape: Shape, instructions: Sequence[Instruction], roles: Sequence[Role]
) -> Layout | None:
    """How the arrays of these calls lie in a shape; None if they do not go together so."""
    along: dict[Variable, Axes] = {}
    made: set[Variable] = set()
    for instruction, role in zip(instructions, roles, strict=True):
        axes = lying(shape, instruction, role, along, made)
        if axes is None:
            return None
        along[instruction.result] = axes
        made.add(instruction.result)
    used = {x for role in roles for x in role.variables}
    reductions = [
        (role.axes, instruction.result in used)
        for instruction, role in zip(instructions, roles, strict=True)
        if role.kind == "reduction"
    ]
    whole = frozenset(axis for axes, inside in reductions if inside for axis in axes)
    return Layout(along, whole, tuple(axes for axes, inside in reductions if not inside))


def lying(
    shape: Shape,
    instruction: Instruction,
    role: Role,
    along: dict[Variable, Axes],
    made: set[Variable],
) -> Axes | None:
    """The axes that the result of a call lies along; notes in `along` where operands do."""
    result = instruction.result
    if role.kind == "reduction":
        (x,) = role.args
        if x.shape != shape or along.get(x, last(shape, x)) != last(shape, x):
            return None
        along[x] = last(shape, x)
        kept = range(len(shape)) if role.keepdims else set(range(len(shape))) - set(role.axes)
        return tuple(sorted(kept))
    inside = [x for x in role.variables if x in made]
    if role.kind == "view":
        if not inside or len(result.shape) > len(shape):
            return None
        axes = last(shape, result)
        same = spread(shape, result.shape, axes) == spread(shape, inside[0].shape, along[inside[0]])
        wider = result.shape == shape and along[inside[0]] == last(shape, inside[0])
        return axes if same or wider else None
    if result.shape == shape:
        axes = last(shape, result)
    elif inside:
        axes = along[max(inside, key=lambda x: len(x.shape))]
        if len(axes) != len(result.shape) or not all(
            n in (1, shape[axis]) for n, axis in zip(result.shape, axes, strict=True)
        ):
            return None
    else:
        return None
    for x in role.variables:
        expected = axes[len(axes) - len(x.shape) :]
        if along.setdefault(x, expected) != expected:
            return None
    return axes


def last(shape: Shape, x: Variable) -> Axes:
    """The last axes of a shape, as many as the variable has."""
    return tuple(range(len(shape) - len(x.shape), len(shape)))


def spread(shape: Shape, lengths: Shape, axes: Axes) -> Shape:
    """The lengths along all axes of a shape, 1 along those that an array does not lie along."""
    found = dict(zip(axes, lengths, strict=True))
    return tuple(found.get(axis, 1) for axis in range(len(shape)))


def divided_axes(shape: Shape, box: Any) -> set[int]:
    """The axes along which a box is shorter than the shape."""
    return {axis for axis, pair in enumerate(zip(shape, box, strict=True)) if pair[0] != pair[1]}


def is_partial(role: Role, shape: Shape, box: Shape) -> bool:
    """Whether a call is a reduction over divided axes, or all of them."""
    if role.kind != "reduction":
        return False
    return len(role.axes) == len(shape) or not divided_axes(shape, box).isdisjoint(role.axes)


def operation(role: Role) -> str:
    """What a call computes, as a word."""
    name: str = "mean" if role.mean else role.function.__name__
    return {("reduction", "add"): "sum", ("reduction", "maximum"): "max", ("reduction", "minimum"): "min"}.get((role.kind, name), name)
