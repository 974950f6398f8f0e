"""`vmap`: a function of one example as a function of a batch."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import interpreting
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Interpreted, Options
from micrograd_np.core.record import value_of
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import owned
from micrograd_np.errors import ShapeError, uncover
from micrograd_np.interpreters.batch.batched import Batch, Batched, check_batch, depth_of
from micrograd_np.transforms.grad import check_given
from micrograd_np.transforms.results import Found, Result, hand_out, holds_tensor, is_single

if TYPE_CHECKING:
    from micrograd_np.transforms.typed import Gradient, Mapped, ReturnsNumber

Function = Callable[..., Any]
Axes = Any  # an axis, None, or a tree of those


@overload
def vmap(f: "Gradient", in_axes: Axes = 0, out_axes: Axes = 0) -> "Gradient": ...
@overload
def vmap(f: "ReturnsNumber", in_axes: Axes = 0, out_axes: Axes = 0) -> Function: ...
@overload
def vmap(f: "Mapped", in_axes: Axes = 0, out_axes: Axes = 0) -> "Mapped": ...
def vmap(f: Function, in_axes: Axes = 0, out_axes: Axes = 0) -> Function:
    """A function that applies `f`, written for one example, to every example of a batch.

    `in_axes`: the axis along which the arguments hold the examples, or None for an argument that
    all examples share. A tuple has one for each argument, each of which may be a tree like the
    argument. Keyword arguments hold examples along their first axis. `out_axes`: the axis along
    which the results hold the examples.

    `f` runs once, on arrays that look like one example; every op works on the whole batch. These
    ops are recorded, so the result is differentiable, and `vmap` may be nested in itself and in
    other transforms. `vmap(grad(f))` gives the gradient of every example.

    Raises ShapeError if the arguments hold different numbers of examples, BatchedError where `f`
    asks for the value of a single example (`if x > 0`, `float(x)`), ValueError for `in_axes` of
    another structure.

    >>> from micrograd_np import grad
    >>> vmap(lambda x, y: x @ y)(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    >>> vmap(grad(lambda w, x: (w * x) ** 2), in_axes=(None, 0))(3.0, np.array([1.0, 2.0]))
    array([ 6., 24.])
    """
    check_given("vmap(f)(x)", f)

    @wraps(f)
    def batched(*args: Any, **keywords: Any) -> Any:
        axes = in_axes if isinstance(in_axes, list | tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(
                f"in_axes={in_axes!r:.60} has {len(axes)} entries, but {len(args)} arguments were "
                f"given: give one for each, None for an argument that all examples share."
            )
        given, along = [*args, *keywords.values()], [*axes, *(0,) * len(keywords)]
        pairs: list[tuple[Any, Any]] = []
        for x, axis in zip(given, along, strict=True):
            pairs += leaves_with_axes(x, axis)
        batch = Batch(size_of(pairs))
        entered = iter([enter(x, axis, batch) for x, axis in pairs])
        examples = [tree.fill(x, entered) for x in given]
        named = dict(zip(keywords, examples[len(args) :], strict=True))
        outcome = for_one_example(f, examples[: len(args)], named, batch)
        found = leaves_of(outcome, out_axes, batch)
        (results,) = hand_out(holds_tensor(*given), Result(outcome, found))
        return results

    return batched


def for_one_example(f: Function, args: Any, keywords: Options, batch: Batch) -> Any:
    """The results of `f` on arguments that look like one example."""
    try:
        with interpreting(batch):
            return f(*args, **keywords)
    except ValueError as error:
        uncover(error)
        raise
    finally:
        batch.over = True


def map_arrays(f: Function, arrays: list[Any], out_axis: int = 0) -> list[Any]:
    """The results of `vmap` of a function from a list of arrays to another; trees are not searched.

    A result is a Tensor if it carries a history, else an array that others may hold.
    """
    if not arrays:
        return list(f(arrays))
    batch = Batch(len(arrays[0]))
    given = [Batched(x, batch, mapped=True) for x in arrays]
    return [leave(x, out_axis, batch) for x in for_one_example(f, (given,), {}, batch)]


def leaves_with_axes(given: Tree, axes: Axes) -> list[tuple[Any, Any]]:
    """Every leaf with its axis, in order; an axis stands for all leaves of its branch."""
    if axes is None or isinstance(axes, int | np.integer):
        return [(leaf, axes) for leaf in tree.leaves(given)]
    branch, below = tree.children(given), tree.children(axes)
    if branch is None or below is None or branch.keys() != below.keys():
        raise ValueError(
            f"the axes {axes!r:.60} do not fit the structure of what they are for: give an axis, "
            f"None, or a tree of those that follows it."
        )
    return [pair for name in branch for pair in leaves_with_axes(branch[name], below[name])]


# ---------------------------------------------------------------- arguments


def size_of(pairs: list[tuple[Any, Any]]) -> int:
    """The number of examples, on which all arguments, each with its axis, must agree."""
    sizes: list[tuple[int, tuple[int, ...]]] = []
    for x, axis in pairs:
        if axis is None:
            continue
        shape = x.shape if hasattr(x, "shape") else np.shape(x)
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(
                f"vmap was to map over axis {axis} of an argument of shape {shape}. Give in_axes "
                f"with None for arguments that all examples share."
            )
        sizes.append((shape[axis], shape))
    if not sizes:
        raise ValueError(
            "vmap needs an argument to map over: all of in_axes are None. Give one an axis, as 0."
        )
    if len({n for n, _ in sizes}) > 1:
        raise ShapeError(
            f"the arguments of vmap hold different numbers of examples: "
            f"{', '.join(f'{n} (shape {shape})' for n, shape in sizes)}. "
            f"Give in_axes with None for arguments that all examples share."
        )
    return sizes[0][0]


def enter(x: Any, axis: int | None, batch: Batch) -> Any:
    """A leaf of the arguments as one example."""
    check_batch(x)
    if axis is None:
        return x
    if not isinstance(x, Node | Interpreted):
        x = owned(x)
    elif isinstance(x, Node) and not x.tracked:
        x = value_of(x)
    return Batched(x if axis == 0 else np.moveaxis(x, axis, 0), batch, mapped=True)


# ---------------------------------------------------------------- results


def leaves_of(outcome: Tree, axes: Axes, batch: Batch) -> list[Found]:
    """The leaves of the result, to be handed out; a repeated array is copied for each but one."""
    found: list[Found] = []
    met = set()
    for x, axis in leaves_with_axes(outcome, axes):
        value = leave(x, axis, batch)
        if axis is None:
            found.append(Found(value, is_single(x) or is_single(value)))
        else:
            own = getattr(value, "base", None) is None and id(value) not in met
            found.append(Found(value, owned=own))
            met.add(id(value))
    return found


def leave(x: Any, axis: int | None, batch: Batch) -> Any:
    """A leaf of the result with the examples along `axis`."""
    if isinstance(x, Node) and not x.tracked and isinstance(x.value, Batched):
        x = x.value
    if isinstance(x, Node) and depth_of(x) >= batch.depth:
        raise ValueError(
            f"the function under vmap returned a Tensor of a derivative that was still being "
            f"taken ({x.value!r}). Return what grad, vjp or jvp return."
        )
    inside = isinstance(x, Batched) and x.batch is batch
    if axis is None and inside and x.mapped:
        raise ValueError(
            "out_axes is None for a result that differs from example to example: give an axis."
        )
    value: Any = x.value if inside else x
    if not isinstance(value, Node | Interpreted):
        value = owned(value)
    if axis is not None and not (inside and x.mapped):
        value = np.copy(np.broadcast_to(value, (batch.size, *value.shape)))
    if axis and not -value.ndim <= axis < value.ndim:
        raise ShapeError(
            f"vmap was to put the examples along axis {axis} of a result of shape {value.shape}. "
            f"Give out_axes one of its axes, 0 for the first."
        )
    return np.moveaxis(value, 0, axis) if axis else value
