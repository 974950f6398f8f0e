"""Calls: how an op is written as a call of NumPy, and what is known of such calls.

Ops of NumPy's functions are calls of these functions. Functions of ours are traced into, so that
the program has the NumPy calls they consist of. Opaque ops, which write into arrays as they go or
loop, are called as they are.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.compiler import helpers
from micrograd_np.compiler.tracing.functions import ASTYPE, Method, is_numpys
from micrograd_np.core.foreign import array_behind
from micrograd_np.core.op import Inputs, Interpreted, Op, Options
from micrograd_np.errors import TracingError
from micrograd_np.ops.derivatives.accumulation import UFUNCS
from micrograd_np.ops.derivatives.indexing import getitem, index_update, scatter
from micrograd_np.ops.derivatives.shaping import astype
from micrograd_np.ops.kernels.index_keys import frozen, is_basic
from micrograd_np.ops.kernels.scatter import check_casting

__all__ = ["ASTYPE", "Method", "spelled"]

Spelled = tuple[Callable[..., Any], Sequence[Any], Options, bool]


def spelled(op: Op, inputs: Inputs, options: Options) -> Spelled:
    """A function, its arguments and options; and whether it is a call, not to be traced into."""
    function = op.function
    if function in OURS:
        return (*OURS[function](inputs, dict(options)), True)
    if isinstance(function, np.ufunc) or is_numpys(function):
        return function, ([*inputs],) if op.sequence else inputs, options, True
    written = getattr(function, "__wrapped__", op.call)
    whole = op.opaque or written is op.call
    return written, inputs, options, whole


# ---------------------------------------------------------------- functions of ours


def call_getitem(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    """`x[key]`, if it has a shape of its own."""
    key = options["key"]
    parts = key if isinstance(key, tuple) else (key,)
    if any(
        isinstance(part, Interpreted) and getattr(part, "dtype", None) == np.dtype(bool)
        for part in parts
    ):
        raise TracingError.mask()
    if any(isinstance(part, slice) and not is_fixed(part) for part in parts):
        raise TracingError.slicing(repr(inputs[0]))
    return operator.getitem, (inputs[0], key), {}


def is_fixed(part: slice) -> bool:
    """Whether the bounds of a slice are the same at every call."""
    return not any(isinstance(x, Interpreted) for x in (part.start, part.stop, part.step))


def call_scatter(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    """By plain assignment, if the key names no entry twice."""
    key, shape = frozen(options["key"]), options["shape"]
    put = helpers.scatter if is_basic(key) else helpers.scatter_add
    return put, (*inputs, key, shape), {}


def call_index_update(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    """A helper of ours."""
    x, value = inputs
    return helpers.index_update, (x, options["key"], value), {}


def call_accumulation(ufunc: np.ufunc) -> Callable[[Inputs, Options], tuple[Any, Any, Options]]:
    """A helper of ours, given the ufunc; dtypes are what programs are made for."""

    def call(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
        x, values = inputs
        check_casting(ufunc, np.asarray(array_behind(x)), array_behind(values))
        return helpers.index_at, (ufunc, x, options["key"], values), {}

    return call


def call_einsum(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    """With the subscripts in front."""
    return np.einsum, (options.pop("subscripts"), *inputs), options


def call_spread(function: Any) -> Callable[[Inputs, Options], tuple[Any, Any, Options]]:
    """With the mean as an option, which is an input to us."""

    def call(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
        x, *mean = inputs
        return function, (x,), options | ({"mean": mean[0]} if mean else {})

    return call


def call_nan_to_num(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    """Never in place."""
    options.pop("copy", None)  # a graph holds the value, which must not be written into
    return np.nan_to_num, inputs, options


def call_astype(inputs: Inputs, options: Options) -> tuple[Any, Any, Options]:
    """A method: `np.astype` does not take single numbers."""
    dtype = np.dtype(options.pop("dtype"))
    (x,) = inputs
    return ASTYPE, (x if hasattr(x.value, "astype") else x.as_array(), dtype), options


OURS: dict[Any, Callable[[Inputs, Options], tuple[Any, Any, Options]]] = {
    getitem: call_getitem,
    scatter: call_scatter,
    index_update: call_index_update,
    **{function: call_accumulation(ufunc) for function, ufunc in UFUNCS.items()},
    astype: call_astype,
    np.einsum: call_einsum,
    **{function: call_spread(function) for function in (np.var, np.std, np.nanvar, np.nanstd)},
    np.nan_to_num: call_nan_to_num,
}
