"""Forms of sums, extremes and other reductions, and of running sums."""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted
from micrograd_np.compiler.native.forms.table import FORMS, Form, form
from micrograd_np.compiler.native.scalars import NotNative, dtype_of, kind_of, written
from micrograd_np.compiler.program import Variable

Axis = Any  # an int, a sequence of ints, or None


def axes_of(axis: Axis, ndim: int) -> list[int]:
    """Axes as numbers from 0, in order."""
    if axis is None:
        return list(range(ndim))
    listed = axis if isinstance(axis, list | tuple) else [axis]
    return sorted(operator.index(a) % ndim for a in listed)


def kept_or_not(b: Builder, out: Variable, axes: Sequence[int], keepdims: Any) -> Variable:
    """The result of a reduction with its reduced axes kept or dropped."""
    if keepdims is True:
        return out
    return b.reshape(out, [n for axis, n in enumerate(out.shape) if axis not in axes])


@form(np.sum)
def sum(
    b: Builder, a: Interpreted, axis: Axis = None, dtype: Any = None, keepdims: Any = False
) -> Variable:
    """Sums along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    return kept_or_not(b, b.sum(x, axes, dtype), axes, keepdims)


@form(np.mean)
def mean(b: Builder, a: Interpreted, axis: Axis = None, keepdims: Any = False) -> Variable:
    """Means along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    out = dtype_of(x) if kind_of(dtype_of(x)) == "f" else np.dtype(float)
    count = prod(x.shape[axis] for axis in axes)
    total = b.sum(x, axes, out)
    return kept_or_not(b, b.map(np.divide, total, out.type(count)), axes, keepdims)


@form(np.var)
def var(
    b: Builder, a: Interpreted, axis: Axis = None, ddof: float = 0, keepdims: Any = False,
    correction: float = 0,
) -> Variable:  # fmt: skip
    """Variances along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    centered = b.map(np.subtract, x, mean(b, x, axis, keepdims=True))
    total = b.sum(b.map(np.multiply, centered, centered), axes)
    count = max(prod(x.shape[axis] for axis in axes) - (ddof or correction), 0)
    return kept_or_not(b, b.map(np.divide, total, dtype_of(total).type(count)), axes, keepdims)


@form(np.std)
def std(
    b: Builder, a: Interpreted, axis: Axis = None, ddof: float = 0, keepdims: Any = False,
    correction: float = 0,
) -> Variable:  # fmt: skip
    """Standard deviations along axes."""
    return b.map(np.sqrt, var(b, a, axis, ddof, keepdims, correction))


def extreme(function: Any, hint: str) -> Form:
    """The form of a largest or least entry."""

    def made(b: Builder, a: Interpreted, axis: Axis = None, keepdims: Any = False) -> Variable:
        x = b.array(a)
        axes = axes_of(axis, len(x.shape))
        dtype = dtype_of(x)
        combine = written(function, (dtype,), dtype)
        start = limits(dtype)[0 if hint == "max" else 1]
        return kept_or_not(b, b.reduce(hint, x, axes, dtype, combine, start), axes, keepdims)

    return made


def limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the largest number of a dtype."""
    if kind_of(dtype) == "b":
        return np.False_, np.True_
    if kind_of(dtype) == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    return dtype.type(np.iinfo(dtype).min), dtype.type(np.iinfo(dtype).max)


FORMS |= {np.max: extreme(np.maximum, "max"), np.min: extreme(np.minimum, "min")}


@form(np.prod)
def product(
    b: Builder, a: Interpreted, axis: Axis = None, dtype: Any = None, keepdims: Any = False
) -> Variable:
    """Products along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    out = np.dtype(dtype) if dtype else np.multiply.reduce(np.empty(0, dtype_of(x))).dtype
    combine = written(np.multiply, (out, out), out)
    return kept_or_not(b, b.reduce("prod", x, axes, out, combine, out.type(1)), axes, keepdims)


def truth(hint: str, combine: str, start: Any) -> Form:
    """The form of `all` and `any`."""

    def made(b: Builder, a: Interpreted, axis: Axis = None, keepdims: Any = False) -> Variable:
        x = b.array(a)
        axes = axes_of(axis, len(x.shape))
        return kept_or_not(b, b.reduce(hint, x, axes, bool, combine, start), axes, keepdims)

    return made


FORMS |= {
    np.all: truth("all", "{0} & {1}", np.True_),
    np.any: truth("any", "{0} | {1}", np.False_),
}


def running(function: Any, hint: str) -> Form:
    """The form of a running sum or product along an axis."""

    def made(b: Builder, a: Interpreted, axis: int | None = None) -> Variable:
        x = b.array(a)
        if axis is None:
            x, axis = b.reshape(x, (x.size,)), 0
        out = function.reduce(np.empty(0, dtype_of(x))).dtype
        return b.running(hint, x, axis % len(x.shape), out, written(function, (out, out), out))

    return made


FORMS |= {np.cumsum: running(np.add, "cumsum"), np.cumprod: running(np.multiply, "cumprod")}


@form(np.trace)
def trace(b: Builder, a: Variable, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The sum of a diagonal."""
    return sum(b, b.rearranged(a, lambda x: np.diagonal(x, offset, axis1, axis2)), -1)


@form(np.diff)
def diff(b: Builder, a: Variable, n: int = 1, axis: int = -1) -> Variable:
    """Differences of neighboring entries."""
    if n != 1 or kind_of(dtype_of(a)) == "b":
        raise NotNative("only first differences of numbers have a native form")
    ends = b.rearranged(a, lambda x: np.moveaxis(np.moveaxis(x, axis, 0)[1:], 0, axis))
    begins = b.rearranged(a, lambda x: np.moveaxis(np.moveaxis(x, axis, 0)[:-1], 0, axis))
    return b.map(np.subtract, ends, begins)
