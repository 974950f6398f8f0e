"""Activations and their kin: the functions networks are made of, stable at any input.

Each takes an array and returns an array, or takes a Tensor and records itself. None overflows or
warns for large inputs, and the slopes stay accurate where they become tiny.
"""

import numpy as np

from micrograd_np.core.dispatch import dispatching, dispatching_unary
from micrograd_np.core.forms import elementwise, primitive, reduction
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.elementwise import sigmoid_slope
from micrograd_np.ops.kernels.axes import Axis
from micrograd_np.ops.kernels.exponentials import (
    largest_exponent,
    log_of_total,
    log_one_plus_exp,
    logistic,
)


@dispatching_unary
def sigmoid(x: Array) -> Array:
    """The logistic function `1 / (1 + exp(-x))`, elementwise, without overflow.

    The slope is `sigmoid(x) sigmoid(-x)`, with full relative accuracy in both tails.

    >>> float(sigmoid(np.float64(0)))
    0.5
    """
    return logistic(x)


@dispatching_unary
def relu(x: Array) -> Array:
    """`max(x, 0)`, elementwise; the slope at 0 is 0, a NaN stays NaN.

    Raises TypeError for complex numbers, which have no order.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    out = np.maximum(x, 0)
    if out.dtype.kind == "c":
        raise TypeError(
            f"relu was given complex numbers ({out.dtype}), which have no order. Apply it to their "
            f"parts, relu(np.real(z)) + 1j * relu(np.imag(z)), or to np.abs(z)."
        )
    return out


@dispatching_unary
def softplus(x: Array) -> Array:
    """`log(1 + exp(x))`, elementwise: a smooth relu, without overflow. Its slope is the sigmoid.

    >>> float(softplus(np.float64(1000)))
    1000.0
    """
    return log_one_plus_exp(x)


@dispatching_unary
def logsigmoid(x: Array) -> Array:
    """`log(sigmoid(x)) = -softplus(-x)`, elementwise, finite for any finite input.

    >>> float(logsigmoid(np.float64(-1000)))
    -1000.0
    """
    return -log_one_plus_exp(np.negative(x))


@dispatching
def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """`log(sum(exp(x)))` along `axis` (an int, a tuple, or None for all), without overflow.

    Its slope is the softmax. Where all entries are -inf the result is -inf with slope 0.

    >>> logsumexp(np.array([1000.0, 1000.0])).round(3)
    np.float64(1000.693)
    """
    largest = largest_exponent(x, axis)
    out = log_of_total(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return out if keepdims else np.squeeze(out, axis=axis)


@dispatching
def softmax(x: Array, axis: Axis = -1) -> Array:
    """`exp(x) / sum(exp(x))` along `axis`, without overflow; an entry of -inf has weight 0.

    >>> softmax(np.array([0.0, 0.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    e = np.exp(x - largest_exponent(x, axis))
    return e / np.sum(e, axis=axis, keepdims=True)


@dispatching
def log_softmax(x: Array, axis: Axis = -1) -> Array:
    """`x - logsumexp(x)` along `axis`: the logarithm of the softmax, finite where it underflows.

    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    shifted = x - largest_exponent(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def logsumexp_slope(out: Array, x: Array, *, axis: Axis) -> Array:
    return np.exp(x - np.where(out == -np.inf, 0, out))


def softmax_vjp(g: Array, out: Array, x: Array, axis: Axis = -1) -> Array:
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


# fmt: off
elementwise(sigmoid,    lambda out, x: sigmoid_slope(x))
elementwise(relu,       lambda out, x: np.greater(x, 0))
elementwise(softplus,   lambda out, x: sigmoid(x))
elementwise(logsigmoid, lambda out, x: sigmoid(-x))
reduction(logsumexp,    logsumexp_slope)
primitive(softmax,      softmax_vjp, jvp=lambda ts, out, x, axis=-1: softmax_vjp(ts[0], out, x, axis))  # the Jacobian is symmetric
primitive(log_softmax,  lambda g, out, x, axis=-1: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
                        jvp=lambda ts, out, x, axis=-1: ts[0] - np.sum(np.exp(out) * ts[0], axis=axis, keepdims=True))
# fmt: on
