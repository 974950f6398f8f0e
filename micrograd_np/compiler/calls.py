"""Calls: how an op is written as a call of NumPy, and what is known of such calls.

Ops of NumPy's functions are calls of these functions. Functions of ours are traced into, so that
the program has the NumPy calls they consist of; those that write into arrays as they go, or loop,
are called as they are.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler import helpers
from micrograd_np.errors import TracingError
from micrograd_np.op import Inputs, Op, Operand, Options
from micrograd_np.ops.bessel import bessel_i, sinc_derivative
from micrograd_np.ops.convolution import convolve_to_input, convolve_to_weight, convolve_windows
from micrograd_np.ops.decompositions import qr
from micrograd_np.ops.determinants import cofactors
from micrograd_np.ops.indexing import frozen, getitem, index_update, is_basic, scatter
from micrograd_np.ops.padding import pad
from micrograd_np.ops.pooling import (
    add_windows,
    max_windows,
    mean_of_maxima,
    share_among_maxima,
    sum_windows,
)
from micrograd_np.ops.shaping import astype
from micrograd_np.ops.signal import overlap_add
from micrograd_np.ops.singular_values import svd

Spelled = tuple[Callable[..., Any], Sequence[Any], Options, bool]


class Method:
    """A method as a function: `Method("astype")(x, dtype)` is `x.astype(dtype)`."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.__name__ = method

    def __call__(self, x: Any, *args: Any, **options: Any) -> Any:
        return getattr(x, self.method)(*args, **options)

    def __repr__(self) -> str:
        return f"Method({self.method!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and other.method == self.method

    def __hash__(self) -> int:
        return hash((Method, self.method))


ASTYPE = Method("astype")


def spelled(op: Op, inputs: Inputs, options: Options) -> Spelled:
    """A function, its arguments and options; and whether it is a call, not to be traced into."""
    function = op.function
    if function in OURS:
        return (*OURS[function](inputs, dict(options)), True)
    if function is np.einsum:
        others = {name: x for name, x in options.items() if name != "subscripts"}
        return np.einsum, (options["subscripts"], *inputs), others, True
    if isinstance(function, np.ufunc) or is_numpys(function):
        return function, ([*inputs],) if op.sequence else inputs, options, True
    written = getattr(function, "__wrapped__", None)
    if written is None or op.call is not function:
        return op.call, inputs, options, True
    return written, inputs, options, function in WHOLE


def is_numpys(function: Any) -> bool:
    """Whether it is a function of NumPy."""
    return str(getattr(function, "__module__", "")).partition(".")[0] == "numpy"


# ---------------------------------------------------------------- functions of ours


def call_getitem(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    key = options["key"]
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(part, Operand) and part.dtype == bool for part in parts):
        raise TracingError.mask()
    return operator.getitem, (inputs[0], key), {}


def call_scatter(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    key, shape = frozen(options["key"]), options["shape"]
    once = is_basic(key) and not any(
        isinstance(part, Operand) for part in (key if isinstance(key, tuple) else (key,))
    )
    return helpers.scatter if once else helpers.scatter_add, (*inputs, key, shape), {}


def call_index_update(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    x, value = inputs
    return helpers.index_update, (x, options["key"], value), {}


def call_astype(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    dtype = np.dtype(options.pop("dtype"))
    return ASTYPE, (inputs[0].as_array(), dtype), options


OURS: dict[Any, Callable[[Inputs, Options], tuple[Any, Any, Options]]] = {
    getitem: call_getitem,
    scatter: call_scatter,
    index_update: call_index_update,
    astype: call_astype,
}

# Called as they are: with NumPy's own arrays they write in place, or go over windows part by part.
WHOLE = {
    bessel_i, cofactors, convolve_to_input, convolve_to_weight, convolve_windows, add_windows,
    max_windows, mean_of_maxima, overlap_add, pad, qr, share_among_maxima, sinc_derivative,
    sum_windows, svd,
}  # fmt: skip


# ---------------------------------------------------------------- what is known of NumPy's

# Their results may share memory with an argument for some layouts of it, though not for others.
VIEWS = {
    operator.getitem, np.asarray, np.reshape, np.ravel, np.transpose, np.matrix_transpose,
    np.linalg.matrix_transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze,
    np.broadcast_to, np.broadcast_arrays, np.diagonal, np.linalg.diagonal, np.diag, np.real,
    np.imag, np.flip, np.fliplr, np.flipud, np.rot90, np.split, np.array_split, np.unstack,
    np.hsplit, np.vsplit, np.dsplit, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.real_if_close,
    np.lib.stride_tricks.sliding_window_view, np.lib.stride_tricks.as_strided, np.asanyarray,
    np.ascontiguousarray, np.asfortranarray, np.nan_to_num, np.trim_zeros, np.einsum, np.array,
    ASTYPE,
}  # fmt: skip

# The shapes of their results depend on values, so that a program cannot have them.
OF_VALUES = {
    np.nonzero, np.argwhere, np.flatnonzero, np.unique, np.unique_all, np.unique_counts,
    np.unique_inverse, np.unique_values, np.extract, np.compress, np.trim_zeros, np.union1d,
    np.intersect1d, np.setdiff1d, np.setxor1d, np.bincount, np.delete, np.piecewise,
}  # fmt: skip


def of_values(function: Callable[..., Any]) -> bool:
    """Whether the shape of the result depends on the values of the arguments."""
    return not isinstance(function, Method | np.ufunc) and function in OF_VALUES


def is_view(function: Callable[..., Any], values: Sequence[Any], given: Any) -> bool:
    """Whether results may share memory with what was given."""
    if isinstance(function, np.ufunc) or not any(isinstance(v, np.ndarray) for v in values):
        return False
    if function in VIEWS or not is_numpys(function):
        return True
    return any(
        np.may_share_memory(x, value)
        for x in arrays_in(given)
        for value in values
        if isinstance(value, np.ndarray)
    )


def arrays_in(tree: Any) -> list[np.ndarray[Any, Any]]:
    """The arrays in nested lists, tuples and dicts."""
    if isinstance(tree, np.ndarray):
        return [tree]
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [x for part in tree for x in arrays_in(part)] if isinstance(tree, list | tuple) else []
