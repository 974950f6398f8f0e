"""The checks on the results of users' rules.

Mistakes that would give wrong numbers are errors where they can be seen:

- the wrong number of results, and shapes that do not go together;
- a Tensor that is no argument;
- a result that has lost its graph.

A rule is linear in its first argument, the *vector* (a cotangent, or tangents). So a result that is
not zero must depend on the vector; otherwise the result has lost its graph.
"""

from typing import Any

import numpy as np

from micrograd_np.core.context import CONTEXT, differentiating
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Options, Rule
from micrograd_np.core.record import has_parts, value_of
from micrograd_np.errors import RuleError, ShapeError
from micrograd_np.extend.transposition import Arrays, is_number, is_tracked, tracked_leaf


def linear_rule(
    name: str, kind: str, rule: Rule, vector: Any, out: Array, inputs: Arrays, options: Options
) -> Any:
    """The result of a vjp for a cotangent, or of a jvp for tangents.

    Raises RuleError if the result has lost its graph. In a recorded walk whose vector is a
    constant, the rule is tried on a tracked vector first.
    """
    if not is_tracked(vector) and isinstance(out, Node) and CONTEXT.get().recording:
        trial = tracked_leaf(vector)
        require_graph(name, kind, evaluated(name, kind, rule, trial, out, *inputs, options=options))
    found = evaluated(name, kind, rule, vector, out, *inputs, options=options)
    if is_tracked(vector):
        require_graph(name, kind, found)
    return found


def evaluated(name: str, kind: str, rule: Rule, *args: Any, options: Options) -> Any:
    """The result of a rule. A rule that takes a number out of the graph raises an error."""
    with differentiating(0, args):  # in all tracked arguments
        found = rule(*args, **options)
    if any(map(has_nodes, args)) or not has_nodes(found):
        return found
    if is_tracked(found):
        raise RuleError.closes_over(name, f"the {kind} of `{name}`")
    return [*map(value_of, found)] if isinstance(found, list | tuple) else value_of(found)


def require_graph(name: str, kind: str, found: Any) -> None:
    """Raise RuleError for a result that should depend on a tracked vector, and does not."""
    if CONTEXT.get().recording and not is_tracked(found) and not is_zero(found):
        raise RuleError.lost_graph(name, kind)


def cotangent(name: str, found: Any, label: str, x: Array) -> Array:
    """The cotangent that a rule returned for an input; None stands for zero.

    Its shape is that of the input, or one that the input was broadcast to; others raise ShapeError.
    """
    if found is None:
        return np.zeros_like(x)
    part = array_of(found)
    if part.shape != np.shape(x) and not spreads(np.shape(x), part.shape):
        raise ShapeError(
            f"the vjp of `{name}` returned a cotangent of shape {part.shape} for {label}, "
            f"which has shape {np.shape(x)}. A cotangent has the shape of its input, or one that "
            f"the input was broadcast to."
        )
    return part


def tangent(name: str, found: Any, out: Array) -> Array:
    """The tangent that a rule returned for a result; None stands for zero."""
    if found is None:
        return np.zeros_like(out)
    part = array_of(found)
    if part.shape != out.shape and not spreads(part.shape, out.shape):
        raise ShapeError(
            f"the jvp of `{name}` returned a tangent of shape {part.shape} for a result of shape "
            f"{out.shape}. A tangent has the shape of the result."
        )
    return part


def spreads(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a shape can be broadcast to another."""
    try:
        return np.broadcast_shapes(shape, other) == other
    except ValueError:
        return False


# ---------------------------------------------------------------- what values are


def parts_of(out: Any) -> list[Any]:
    """The results of an op, one or several."""
    return [out[i] for i in range(len(value_of(out)))] if has_parts(out) else [out]


def has_nodes(x: Any) -> bool:
    """Whether a value, or one of several, is a node."""
    return any(map(has_nodes, x)) if isinstance(x, list | tuple) else isinstance(x, Node)


def array_of(x: Any) -> Any:
    """`x` if it is an array of any kind; a number or a list as an array."""
    return x if hasattr(x, "shape") else np.asarray(x)


def is_zero(x: Any) -> bool:
    """Whether a value, or each of several, is zero; arrays of other libraries count as zero."""
    if isinstance(x, list | tuple):
        return all(map(is_zero, x))
    x = value_of(x)
    return not (isinstance(x, np.ndarray | np.generic) or is_number(x)) or not np.any(x)
