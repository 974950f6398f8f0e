"""Checks on values: what a Tensor may hold, and what may be differentiated."""

from typing import Any

import numpy as np

from micrograd_np import errors
from micrograd_np.core import foreign
from micrograd_np.core.graph import Node, describe
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import PLAIN, check_change, value_of
from micrograd_np.core.safety.copying import copied
from micrograd_np.core.safety.meaning import check_numbers, numbers
from micrograd_np.core.tree import leaves
from micrograd_np.errors.operands import reword


def owned(data: Any, dtype: Any = None) -> Array:
    """An array nobody else writes to; arrays of other libraries stay as they are."""
    if isinstance(data, Node):
        if data.tracked:
            raise errors.LeavesGraphError.as_array(describe(data))
        data = value_of(data)
    else:
        check_numbers(data)
    if not isinstance(data, np.ndarray) and hasattr(data, "__array_function__"):
        data = data.as_array() if isinstance(data, Interpreted) else data
        return numbers(data if dtype is None else data.astype(dtype))
    try:
        return numbers(copied(data, dtype))
    except ValueError as error:
        reword(error, Node.tensor, [f"a {type(data).__name__}"])
        raise


def array_of(x: Any) -> Array:
    """`x` itself if it is an array of any kind, or a Tensor; a list becomes an array."""
    return x if hasattr(x, "__array_function__") else np.asarray(x)


def check_differentiable(x: Node) -> None:
    """Raise NotDifferentiableError unless `x` holds floating-point numbers, real or complex."""
    if x.value.dtype.kind not in "fc":
        raise errors.NotDifferentiableError(
            f"{describe(x)} cannot require a gradient: only floating-point numbers vary smoothly. "
            f"Write 2.0 for 2, pass dtype=float, or convert an array with astype(float)."
        )


def scalar(out: Any, name: str) -> Any:
    """`out`, the result of the function `name`, if it is a single real number, as it must be."""
    if not isinstance(out, Node) or out.value.size != 1 or out.value.dtype.kind != "f":
        given = f"a tree of {len(leaves(out))} arrays" if leaves(out) else "nothing (no `return`?)"
        given = describe(out) if isinstance(out, Node) else given
        advice = "Reduce it (np.sum, np.mean), return extra values with has_aux=True"
        if isinstance(out, Node) and out.value.dtype.kind == "c":
            advice = "Make it real (np.abs, np.real: a complex number has no direction of ascent)"
        raise errors.GraphError(
            f"the gradient of {name} is defined when it returns a single real number, but it "
            f"returned {given}. {advice}, or use vjp, jvp or jacobian."
        )
    return out


def one_like(value: Array) -> Array:
    """The number 1 in the shape, dtype and kind of an array that holds a single number."""
    one = value.dtype.type(1)
    if not isinstance(value, np.ndarray | np.generic):
        return foreign.like(value, np.full(value.shape, one))
    return np.full(value.shape, one) if value.shape else one


def seed(output: Node, gradient: Any) -> Array:
    """The cotangent to start from: `gradient` checked, or 1 for a single number."""
    value = output.value
    if gradient is None:
        if value.size != 1:
            raise errors.GraphError.not_scalar(describe(output), value.shape)
        if value.dtype.kind == "c":
            raise errors.GraphError.complex_output(describe(output))
        return one_like(value)
    return conjugated(matching(output, gradient.value if isinstance(gradient, Node) else gradient))


def matching(like: Node, given: Any) -> Array:
    """`given` as a tangent or cotangent of `like`: of the shape of `like`, cast to its dtype."""
    vector: Any = given if isinstance(given, Node) else foreign.like(like, owned(given))
    if vector.shape != like.value.shape:
        raise errors.ShapeError(
            f"a tangent or cotangent of shape {vector.shape} was given for {describe(like)}, which "
            f"needs one of its own shape. Give one of shape {like.value.shape}."
        )
    if vector.dtype.kind == "c" and like.value.dtype.kind != "c":
        raise errors.NotDifferentiableError(
            f"a complex tangent or cotangent ({vector.dtype}) was given for {describe(like)}, "
            f"which is real, so that its imaginary part would be lost. Give np.real of it."
        )
    return vector if vector.dtype == like.value.dtype else vector.astype(like.value.dtype)


def conj(x: Array) -> Array:
    """The complex conjugate; real numbers as they are, without a copy."""
    return np.conj(x) if x.dtype.kind == "c" else x


def conjugated(g: Array) -> Array:
    """The conjugate of `g`, from what the walks carry to what a person sees, or back."""
    return conj(g.concrete() if type(g) not in PLAIN and isinstance(g, Interpreted) else g)


def accumulated(leaf: Node, g: Array) -> Array:
    """The new `leaf.grad`: an array of its own, never a view or a share of another."""
    if type(g) is not np.ndarray or g.dtype.kind == "c":
        check_change(leaf, "was given a gradient by backward()")
        g = conjugated(g)
    if leaf.grad is None and (type(g) is np.ndarray or foreign.is_foreign(g)):
        return g.copy()
    if leaf.grad is not None and np.shape(leaf.grad) != g.shape:
        raise errors.ShapeError(
            f"the `.grad` of {describe(leaf)} has shape {np.shape(leaf.grad)}, so nothing can "
            f"be added to it. Assign an array of the Tensor's shape, or None."
        )
    total = g if leaf.grad is None else leaf.grad + g
    if isinstance(total, np.generic):
        return np.array(total)
    return total if type(total) is np.ndarray and total is not g else owned(total)
