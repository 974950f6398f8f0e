"""Calls of users' ops: bound to inputs and options, on arrays or on trees, and checked.

The user's function, `forward`, sees the arguments that it was written for. The op sees arrays: the
inputs, or the leaves of trees together with a `Layout` that says where they belong.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.dispatch import DISPATCHED, dispatching
from micrograd_np.core.op import Interpreted, Kind, Op, Options
from micrograd_np.core.op import register as enter
from micrograd_np.core.record import evaluate, owned_option, record, value_of
from micrograd_np.errors import (
    BatchedError,
    LeavesGraphError,
    NotDifferentiableError,
    RuleError,
    TracingError,
)
from micrograd_np.extend.rules import Derivative
from micrograd_np.extend.signatures import Parameters
from micrograd_np.extend.transposition import is_smooth, is_tracked
from micrograd_np.extend.trees import Layout

Function = Callable[..., Any]


class UserOp(Op):
    """An op that a user has declared, and that `compile` keeps as one call."""


class TreeValue(Exception):  # noqa: N818 - it tells of a value, and no user sees it
    """A function that was called on arrays has returned a tree."""


def declare(called: Parameters, forward: Function, rules: Derivative) -> Any:
    """The function that is recorded as an op with these rules, on trees and on arrays."""
    elementwise = rules[0] == "elementwise"
    by_layout = bool(called.nondiff)  # or as soon as a call on arrays has returned a tree
    raw = checked_forward(called, forward, rules[0])
    on_arrays = dispatching(raw)

    @wraps(raw)
    def function(*args: Any, **keywords: Any) -> Any:
        nonlocal by_layout
        if not by_layout and (elementwise or called.are_arrays(args, keywords)):
            try:
                return on_arrays(*args, **keywords)
            except TreeValue:
                by_layout = True
        inputs, options = called.bind(args, keywords)
        given = owned(called, options)
        if elementwise:
            return evaluate(op, inputs, given)
        layout = Layout(called.name, called.inputs, inputs)
        out = evaluate(op, layout.leaves_of(inputs), given | {"layout_": layout})
        return layout.tree_of(out)

    def on_leaves(*leaves: Any, **options: Any) -> Any:
        if any(isinstance(x, DISPATCHED) for x in leaves):
            return record(op, leaves, options)
        return raw(*leaves, **options)

    signature = called.binder(function)
    op = UserOp(
        function, *rules, arrays=called.arrays, signature=signature, call=on_leaves, opaque=True
    )
    op.accepted = called.known
    if not called.nondiff:  # whose calls need no registry to find the op
        enter(op, on_arrays)
    return function


def owned(called: Parameters, options: Options) -> Options:
    """The options of a call, which nobody else can change, but for those that `nondiff` names.

    Raises RuleError for one of these in which a gradient would be lost.
    """
    given = {}
    for name, x in options.items():
        if name not in called.nondiff:
            given[name] = owned_option(x)
            continue
        if any(isinstance(leaf, Interpreted) or is_tracked(leaf) for leaf in tree.leaves(x)):
            raise RuleError(
                f"`{called.name}` was given a Tensor to differentiate in as {name!r}, which "
                f"nondiff= names. Make it an input: a parameter without a default that nondiff= "
                f"does not name."
            )
        given[name] = x
    return given


# ---------------------------------------------------------------- the user's function


def checked_forward(called: Parameters, forward: Function, kind: Kind) -> Function:
    """`forward` on leaves, with its value checked and made arrays."""
    name = called.name

    @wraps(forward, updated=())
    def raw(*inputs: Any, layout_: Layout | None = None, **options: Any) -> Any:
        check_lists(name, inputs)
        arguments = [read_only(x) for x in inputs]
        if layout_:
            arguments = layout_.trees_of(arguments)
        value = evaluated(name, forward, *called.arranged(arguments, options))
        if kind == "constant":
            return value
        if layout_:
            value = layout_.flattened(value)
        elif tree.parts(value) is not None and not is_flat(value):
            raise TreeValue
        if isinstance(value, tuple):
            return tuple(result(name, part) for part in value)
        value = result(name, value)
        check_kind(name, kind, value, inputs)
        return value

    raw.__name__ = raw.__qualname__ = name
    return raw


def evaluated(name: str, forward: Function, args: Sequence[Any], keywords: Options) -> Any:
    """The value of `forward`, with errors that say what an op may not do."""
    try:
        return forward(*args, **keywords)
    except ValueError as error:
        if "read-only" in str(error):  # NumPy has no class for this error
            raise RuleError.writes(name) from error
        raise
    except (BatchedError, LeavesGraphError, TracingError) as error:  # of what is no argument
        error.add_note(
            f"in `{name}`, which was given arrays. Pass what else it uses, also by a function that "
            f"it was given, as inputs."
        )
        raise


def check_lists(name: str, inputs: Sequence[Any]) -> None:
    """Raise RuleError for a list with Tensors among arrays; where trees are inputs, none is."""
    for x in inputs:
        if isinstance(x, list | tuple) and any(isinstance(part, DISPATCHED) for part in x):
            raise RuleError(
                f"`{name}` was given a list with Tensors in it. It is declared by partials, so its "
                f"inputs are arrays: join the Tensors with np.stack, or give a vjp of trees."
            )


def check_kind(name: str, kind: Kind, value: Any, inputs: Sequence[Any]) -> None:
    """Raise an error for a value whose dtype or shape does not go with its derivative."""
    if not is_smooth(value) and any(map(is_smooth, inputs)):
        raise NotDifferentiableError(
            f"`{name}` has a derivative declared, but made {value.dtype} out of floating-point "
            f"numbers. Return them as floating-point numbers, or declare it constant=True."
        )
    if kind == "elementwise" and value.shape != (
        shape := np.broadcast_shapes(*map(np.shape, inputs))
    ):
        raise RuleError(
            f"`{name}` is declared by partials, which means entry by entry, but returned shape "
            f"{value.shape} for inputs that broadcast to {shape}. Give a vjp instead."
        )


def is_flat(value: Any) -> bool:
    """Whether a value is a plain tuple of arrays."""
    return type(value) is tuple and bool(value) and all(tree.parts(x) is None for x in value)


def read_only(x: Any) -> Any:
    """A view of an array that cannot be written to; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


def result(name: str, value: Any) -> Any:
    """One value of a user's function, as an array or a scalar of NumPy's."""
    if is_tracked(value) or isinstance(value, Interpreted):
        raise RuleError.closes_over(name, f"`{name}`")
    value = value_of(value)  # of a constant Tensor that the function uses
    array = value if hasattr(value, "dtype") else np.asarray(value)
    if array.dtype.kind in "OUS":
        raise RuleError(
            f"`{name}` returned {value!r:.60} of type {type(value).__name__}, where an array or a "
            f"tree of arrays was expected."
        )
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        return array.copy()  # it may be an input, or a part of one
    return array[()] if array is not value else value
