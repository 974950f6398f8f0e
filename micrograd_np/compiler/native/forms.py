"""The native forms of NumPy's functions: a table from each to what it is made of in a `Builder`.

A form has NumPy's own parameters, after the builder; options that it lacks have no native form.
"""

import inspect
import operator
from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np

from micrograd_np.compiler import helpers
from micrograd_np.compiler.calls import Method
from micrograd_np.compiler.native.definitions import Builder, Operand, shape_of
from micrograd_np.compiler.native.scalars import KINDS, PYTHON, NotNative, dtype_of, written
from micrograd_np.compiler.program import Instruction, Variable, mapped

Form = Callable[..., Any]
Axis = int | Sequence[int] | None

FORMS: dict[Any, Form] = {}


def form(*functions: Any) -> Callable[[Form], Form]:
    """Declare the form of some functions."""

    def declared(made: Form) -> Form:
        FORMS.update(dict.fromkeys(functions, made))
        return made

    return declared


def lowered(builder: Builder, instruction: Instruction) -> list[Variable]:
    """The results of a call, defined in the builder.

    Raises NotNative.
    """
    if instruction.effect:
        raise NotNative("it does more than return a value")
    function = instruction.function
    args, options = mapped(
        lambda x: x if isinstance(x, Variable) else known(x), (instruction.args, instruction.options)
    )
    if isinstance(function, np.ufunc) and function not in FORMS:
        made = ufunc(builder, function, *args, **options)
    else:
        chosen = FORMS.get(function)
        if chosen is None:
            raise NotNative("it has no native form")
        if not fits(chosen, len(args), tuple(options)):
            raise NotNative(f"its native form does not have all options of {[*options]}")
        made = chosen(builder, *args, **options)
    results = list(made) if instruction.several else [made]
    for given, expected in zip(results, instruction.results, strict=True):
        alike = (shape_of(given), dtype_of(given)) == (expected.shape, dtype_of(expected))
        if not alike or given.python is not expected.python:
            raise NotNative(f"its native form makes {given!r} of what should be {expected!r}")
    return results


@cache
def fits(chosen: Form, count: int, options: tuple[str, ...]) -> bool:
    """Whether a form can be called so."""
    try:
        inspect.signature(chosen).bind(None, *[None] * count, **dict.fromkeys(options))
    except TypeError:
        return False
    return True


def known(x: Any) -> Any:
    """A NumPy array of no axes as a number; anything else as it is."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def ufunc(b: Builder, function: np.ufunc, *operands: Operand, dtype: Any = None) -> Variable:
    """A ufunc of one result."""
    if function.nout != 1 or function.signature is not None or len(operands) != function.nin:
        raise NotNative("it is no ufunc of one result, or its result is written elsewhere")
    return b.map(function, *operands, dtype=dtype)


def axes_of(axis: Axis, ndim: int) -> list[int]:
    """Axes as numbers from 0, in order."""
    if axis is None:
        return list(range(ndim))
    listed = axis if isinstance(axis, list | tuple) else [axis]
    return sorted(operator.index(a) % ndim for a in listed)


# ---------------------------------------------------------------- entry by entry


@form(np.power)
def power(b: Builder, x: Operand, y: Operand) -> Variable:
    """With small whole exponents as products."""
    if not isinstance(y, Variable) and isinstance(x, Variable) and y in (1, 2, 3, 4):
        from micrograd_np.compiler.native.scalars import resolved

        types, out = resolved(np.power, (x, y))
        code = {1: "{0}", 2: "{0} * {0}", 3: "{0} * {0} * {0}", 4: "({0} * {0}) * ({0} * {0})"}
        return b.map_code("power", (x,), out, narrowed(code[int(y)], out), types[:1])
    return b.map(np.power, x, y)


def narrowed(code: str, dtype: np.dtype[Any]) -> str:
    """Code of arithmetic, held to the dtype that Numba would widen."""
    return f"{dtype.name}({code})" if KINDS[dtype] in "iu" and dtype != np.int64 else code


def joint_dtype(*operands: Operand) -> np.dtype[Any]:
    """What NumPy makes of the operands together."""
    kinds = [x.python if isinstance(x, Variable) else type(x) for x in operands]
    parts = [
        kind(1) if kind in (int, float) else dtype_of(x)
        for kind, x in zip(kinds, operands, strict=True)
    ]
    joint = np.result_type(*parts)
    if joint not in KINDS:
        raise NotNative(f"native code has no {joint} numbers")
    return joint


@form(np.where)
def where(b: Builder, condition: Operand, x: Operand, y: Operand) -> Variable:
    """A choice entry by entry."""
    out = joint_dtype(x, y)
    types = [np.dtype(bool), out, out]
    return b.map_code("where", (condition, x, y), out, "select({0}, {1}, {2})", types)


@form(np.clip)
def clip(b: Builder, a: Operand, a_min: Operand = None, a_max: Operand = None) -> Variable:
    """Between bounds, of which one may be None."""
    bounds = [x for x in (a_min, a_max) if x is not None]
    if not bounds:
        raise NotNative("it has no bounds")
    out = joint_dtype(a, *bounds)
    low = written(np.maximum, (out,), out).replace("{1}", "{bound}")
    high = written(np.minimum, (out,), out).replace("{1}", "{bound}")
    code = "{0}"
    for number, (bound, pattern) in enumerate(
        (pair for pair in ((a_min, low), (a_max, high)) if pair[0] is not None), 1
    ):
        code = pattern.replace("{0}", code).replace("{bound}", f"{{{number}}}")
    return b.map_code("clip", (a, *bounds), out, code)


@form(Method("astype"), np.astype)
def astype(b: Builder, x: Variable, dtype: Any, copy: bool = True) -> Variable:
    """Cast entry by entry."""
    if np.dtype(dtype) not in KINDS:
        raise NotNative(f"native code has no {np.dtype(dtype)} numbers")
    return b.cast(x, np.dtype(dtype))


@form(np.asarray, np.asanyarray, np.ascontiguousarray, np.copy, np.array)
def array(b: Builder, a: Operand) -> Variable:
    """An array as it is, a number as an array."""
    return b.array(a)


@form(np.real, np.real_if_close, np.conj)
def real(b: Builder, a: Operand) -> Variable:
    """Of real numbers, themselves."""
    return b.array(a)


@form(np.imag)
def imag(b: Builder, a: Variable) -> Variable:
    """Of real numbers, zeros."""
    return zeros_like(b, a)


@form(np.zeros_like)
def zeros_like(b: Builder, a: Variable, dtype: Any = None) -> Variable:
    """Zeros."""
    return full_like(b, a, 0, dtype)


@form(np.ones_like)
def ones_like(b: Builder, a: Variable, dtype: Any = None) -> Variable:
    """Ones."""
    return full_like(b, a, 1, dtype)


@form(np.full_like)
def full_like(b: Builder, a: Variable, fill_value: Operand, dtype: Any = None) -> Variable:
    """One number everywhere."""
    filled = b.cast(b.array(fill_value), dtype_of(a) if dtype is None else np.dtype(dtype))
    return b.broadcast_to(filled, a.shape)


@form(np.sinc)
def sinc(b: Builder, x: Operand) -> Variable:
    """`sin(pi x) / (pi x)`, 1 at 0."""
    scaled = b.map(np.multiply, np.pi, x)
    safe = where(b, b.map(np.equal, scaled, 0), 1e-20, scaled)
    return b.map(np.divide, b.map(np.sin, safe), safe)


# ---------------------------------------------------------------- Python's own numbers

ARITHMETIC = {
    operator.add: "{0} + {1}",
    operator.sub: "{0} - {1}",
    operator.mul: "{0} * {1}",
    operator.truediv: "{0} / {1}",
    operator.neg: "-{0}",
    operator.pos: "{0}",
    operator.abs: "abs({0})",
    operator.pow: "{0} ** {1}",
    **{
        getattr(operator, name): f"{{0}} {sign} {{1}}"
        for name, sign in
        {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items()
    },
}  # fmt: skip


def arithmetic(function: Any) -> Form:
    """The form of Python's arithmetic on its own numbers."""

    def made(b: Builder, *operands: Operand) -> Variable:
        kinds = [x.python if isinstance(x, Variable) else type(x) for x in operands]
        if not all(kind in (int, float) for kind in kinds):
            raise NotNative("it is not about Python's numbers alone")
        if function is operator.pow and (kinds[1] is not int or kinds[0] is int):
            base = operands[0]
            if kinds[0] is int or isinstance(base, Variable) or base <= 0:
                raise NotNative("the type of a power of Python numbers depends on their values")
        result = function(*(kind(1) for kind in kinds))
        types = [PYTHON[kind] for kind in kinds]
        if isinstance(result, float):
            keeps = function is operator.pow and kinds[1] is int
            types = [PYTHON[float], *types[1:]] if keeps else [PYTHON[float]] * len(kinds)
        out = b.map_code(
            function.__name__, operands, PYTHON[type(result)], ARITHMETIC[function], types
        )
        out.python, out.dtype = type(result), None
        return out

    return made


FORMS.update({function: arithmetic(function) for function in ARITHMETIC})


# ---------------------------------------------------------------- moving entries


def moving(function: Any) -> Form:
    """The form of a function that shows, moves or repeats entries of its first argument."""

    def made(b: Builder, x: Variable, *args: Any, **options: Any) -> Variable:
        if contains_variables((args, options)):
            args, options = mapped(lambda v: constant_value(b, v), (args, options))
        return b.rearranged(b.array(x), lambda window: function(window, *args, **options))

    return made


def constant_value(b: Builder, x: Any) -> Any:
    """The array of a constant; anything else that is no variable as it is."""
    if isinstance(x, Variable):
        if x not in b.constants:
            raise NotNative("what it moves depends on values")
        return b.constants[x]
    return x


def contains_variables(tree: Any) -> bool:
    """Whether there are variables in nested arguments."""
    found: list[Variable] = []
    mapped(lambda x: found.append(x) if isinstance(x, Variable) else None, tree)
    return bool(found)


FORMS.update({
    function: moving(function)
    for function in (
        np.ravel, np.transpose, np.matrix_transpose, np.linalg.matrix_transpose, np.swapaxes,
        np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze, np.diagonal, np.linalg.diagonal,
        np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.tile, np.repeat, np.atleast_1d,
        np.atleast_2d, np.atleast_3d, np.take, np.take_along_axis, np.resize,
        np.lib.stride_tricks.sliding_window_view, operator.getitem, np.broadcast_to,
    )
})  # fmt: skip


@form(np.reshape)
def reshape(b: Builder, a: Variable, shape: Any) -> Variable:
    """In another shape, of which one extent may be -1."""
    return b.reshape(b.array(a), np.empty(shape_of(a), np.int8).reshape(shape).shape)


@form(np.split, np.array_split)
def split(b: Builder, ary: Variable, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    """Parts along an axis."""
    count = len(np.array_split(np.empty(ary.shape, np.int8), indices_or_sections, axis))
    return [
        b.rearranged(ary, lambda x, i=i: np.array_split(x, indices_or_sections, axis)[i])
        for i in range(count)
    ]


@form(np.unstack)
def unstack(b: Builder, x: Variable, axis: int = 0) -> list[Variable]:
    """The slices along an axis."""
    count = x.shape[axis]
    return [b.rearranged(x, lambda y, i=i: np.moveaxis(y, axis, 0)[i]) for i in range(count)]


@form(np.tril)
def tril(b: Builder, m: Variable, k: int = 0) -> Variable:
    """Zeros above a diagonal."""
    return where(b, b.constant(np.tri(*m.shape[-2:], k=k, dtype=bool), "mask"), m, m.dtype.type(0))


@form(np.triu)
def triu(b: Builder, m: Variable, k: int = 0) -> Variable:
    """Zeros below a diagonal."""
    mask = ~np.tri(*m.shape[-2:], k=k - 1, dtype=bool)
    return where(b, b.constant(mask, "mask"), m, m.dtype.type(0))


# ---------------------------------------------------------------- arrays written in several goes


@form(np.concatenate)
def concatenate(b: Builder, arrays: Sequence[Operand], axis: int | None = 0) -> Variable:
    """One array after the other."""
    parts = [b.array(x) for x in arrays]
    if axis is None:
        parts, axis = [b.reshape(x, (x.size,)) for x in parts], 0
    windows = [np.empty(x.shape, np.int8) for x in parts]
    out = np.empty(np.concatenate(windows, axis).shape, np.int8)
    ends = np.cumsum([x.shape[axis] for x in parts])
    places = np.split(out, ends[:-1], axis)
    return b.placed("concatenate", out, joint_dtype(*parts), zip(places, parts, strict=True))


@form(np.stack)
def stack(b: Builder, arrays: Sequence[Operand], axis: int = 0) -> Variable:
    """Arrays of one shape along a new axis."""
    parts = [b.array(x) for x in arrays]
    out = np.empty(np.stack([np.empty(x.shape, np.int8) for x in parts], axis).shape, np.int8)
    places = list(np.moveaxis(out, axis, 0)) if parts[0].shape else [
        out[i : i + 1].reshape(()) for i in range(len(parts))
    ]  # fmt: skip
    return b.placed("stack", out, joint_dtype(*parts), zip(places, parts, strict=True))


@form(helpers.scatter, helpers.scatter_add)
def scatter(b: Builder, g: Variable, key: Any, shape: tuple[int, ...]) -> Variable:
    """Zeros with entries added at a key."""
    return b.scattered(g, mapped(lambda x: constant_value(b, x), key), shape)


@form(helpers.index_update)
def index_update(b: Builder, x: Variable, key: Any, value: Operand) -> Variable:
    """A copy with other entries at a key."""
    return b.updated(x, mapped(lambda part: constant_value(b, part), key), value)


# ---------------------------------------------------------------- reductions


def kept_or_not(b: Builder, out: Variable, axes: Sequence[int], keepdims: Any) -> Variable:
    """The result of a reduction with its reduced axes kept or dropped."""
    if keepdims is True:
        return out
    return b.reshape(out, [n for axis, n in enumerate(out.shape) if axis not in axes])


@form(np.sum)
def sum(  # noqa: A001 - NumPy's name
    b: Builder, a: Operand, axis: Axis = None, dtype: Any = None, keepdims: Any = False
) -> Variable:
    """Sums along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    return kept_or_not(b, b.sum(x, axes, dtype), axes, keepdims)


@form(np.mean)
def mean(b: Builder, a: Operand, axis: Axis = None, keepdims: Any = False) -> Variable:
    """Means along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    out = x.dtype if KINDS[x.dtype] == "f" else np.dtype(float)
    count = prod(x.shape[axis] for axis in axes)
    total = b.sum(x, axes, out)
    return kept_or_not(b, b.map(np.divide, total, out.type(count)), axes, keepdims)


@form(np.var)
def var(
    b: Builder, a: Operand, axis: Axis = None, ddof: float = 0, keepdims: Any = False,
    correction: float = 0,
) -> Variable:  # fmt: skip
    """Variances along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    centered = b.map(np.subtract, x, mean(b, x, axis, keepdims=True))
    total = b.sum(b.map(np.multiply, centered, centered), axes)
    count = max(prod(x.shape[axis] for axis in axes) - (ddof or correction), 0)
    return kept_or_not(b, b.map(np.divide, total, total.dtype.type(count)), axes, keepdims)


@form(np.std)
def std(
    b: Builder, a: Operand, axis: Axis = None, ddof: float = 0, keepdims: Any = False,
    correction: float = 0,
) -> Variable:  # fmt: skip
    """Standard deviations along axes."""
    return b.map(np.sqrt, var(b, a, axis, ddof, keepdims, correction))


def extreme(function: Any, hint: str) -> Form:
    """The form of a largest or least entry."""

    def made(b: Builder, a: Operand, axis: Axis = None, keepdims: Any = False) -> Variable:
        x = b.array(a)
        axes = axes_of(axis, len(x.shape))
        combine = written(function, (x.dtype,), x.dtype)
        start = limits(x.dtype)[0 if hint == "max" else 1]
        return kept_or_not(b, b.reduce(hint, x, axes, x.dtype, combine, start), axes, keepdims)

    return made


def limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the largest number of a dtype."""
    if KINDS[dtype] == "b":
        return np.False_, np.True_
    if KINDS[dtype] == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    return dtype.type(np.iinfo(dtype).min), dtype.type(np.iinfo(dtype).max)


FORMS |= {np.max: extreme(np.maximum, "max"), np.min: extreme(np.minimum, "min")}


@form(np.prod)
def product(
    b: Builder, a: Operand, axis: Axis = None, dtype: Any = None, keepdims: Any = False
) -> Variable:
    """Products along axes."""
    x = b.array(a)
    axes = axes_of(axis, len(x.shape))
    out = np.dtype(dtype) if dtype else np.multiply.reduce(np.empty(0, x.dtype)).dtype
    combine = written(np.multiply, (out, out), out)
    return kept_or_not(b, b.reduce("prod", x, axes, out, combine, out.type(1)), axes, keepdims)


def truth(hint: str, combine: str, start: Any) -> Form:
    """The form of `all` and `any`."""

    def made(b: Builder, a: Operand, axis: Axis = None, keepdims: Any = False) -> Variable:
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

    def made(b: Builder, a: Operand, axis: int | None = None) -> Variable:
        x = b.array(a)
        if axis is None:
            x, axis = b.reshape(x, (x.size,)), 0
        out = function.reduce(np.empty(0, x.dtype)).dtype
        return b.running(hint, x, axis % len(x.shape), out, written(function, (out, out), out))

    return made


FORMS |= {np.cumsum: running(np.add, "cumsum"), np.cumprod: running(np.multiply, "cumprod")}


@form(np.trace)
def trace(b: Builder, a: Variable, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The sum of a diagonal."""
    return sum(b, b.rearranged(a, lambda x: np.diagonal(x, offset, axis1, axis2)), -1)


@form(np.diff)
def diff(b: Builder, a: Variable, n: int = 1, axis: int = -1) -> Variable:
    """Differences of neighbours."""
    if n != 1 or a.dtype == bool:
        raise NotNative("only first differences of numbers have a native form")
    ends = b.rearranged(a, lambda x: np.moveaxis(np.moveaxis(x, axis, 0)[1:], 0, axis))
    begins = b.rearranged(a, lambda x: np.moveaxis(np.moveaxis(x, axis, 0)[:-1], 0, axis))
    return b.map(np.subtract, ends, begins)


# ---------------------------------------------------------------- products


def multiplied(
    b: Builder, hint: str, operands: Sequence[Operand], letters: Sequence[str], kept: str
) -> Variable:
    """A product by letters, in the operands' joint dtype."""
    parts = [b.array(x) for x in operands]
    dtype = joint_dtype(*parts)
    if dtype == bool:
        raise NotNative("products of truth values have no native form")
    return b.product(hint, parts, letters, kept, dtype)


BATCH = "ABCDEFGH"


def batched(
    hint: str, left: str, right: str, kept: str
) -> Form:
    """The form of a product of the last axes, all others broadcast together."""

    def made(b: Builder, x1: Variable, x2: Variable) -> Variable:
        return batch_product(b, hint, (x1, x2), (left, right), kept)

    return made


def batch_product(
    b: Builder, hint: str, operands: Sequence[Variable], last: Sequence[str], kept: str
) -> Variable:
    """A product of the last axes, named by letters, all others broadcast together."""
    batches = [x.shape[: len(x.shape) - len(each)] for x, each in zip(operands, last, strict=True)]
    shape = np.broadcast_shapes(*batches)
    names = BATCH[: len(shape)]
    parts, letters = [], []
    for x, each, batch in zip(operands, last, batches, strict=True):
        if len(batch) and tuple(batch) != shape[len(shape) - len(batch) :]:
            x = b.broadcast_to(x, (*shape, *x.shape[len(batch) :]))  # noqa: PLW2901
            batch = shape  # noqa: PLW2901
        parts.append(x)
        letters.append(names[len(shape) - len(batch) :] + each)
    return multiplied(b, hint, parts, letters, names + kept)


@form(np.matmul)
def matmul(b: Builder, x1: Variable, x2: Variable) -> Variable:
    """The product of matrices, or of a matrix and a vector, or of vectors."""
    left = "k" if len(x1.shape) == 1 else "ik"
    right = "k" if len(x2.shape) == 1 else "kj"
    kept = left.replace("k", "") + right.replace("k", "")
    return batch_product(b, "matmul", (x1, x2), (left, right), kept)


FORMS |= {
    np.matvec: batched("matvec", "ik", "k", "i"),
    np.vecmat: batched("vecmat", "k", "kj", "j"),
    np.vecdot: batched("vecdot", "k", "k", ""),
    np.inner: lambda b, a, x: inner(b, a, x),
}


@form(np.dot)
def dot(b: Builder, a: Operand, x: Operand) -> Variable:
    """Of up to two axes each: `matmul`, or a product with a number."""
    if not shape_of(a) or not shape_of(x):
        return b.map(np.multiply, a, x)
    if max(len(a.shape), len(x.shape)) > 2:
        raise NotNative("of arrays of more than two axes it has no native form")
    return matmul(b, a, x)


@form(np.vdot)
def vdot(b: Builder, a: Variable, x: Variable) -> Variable:
    """Of all entries."""
    return multiplied(b, "vdot", [b.reshape(v, (v.size,)) for v in (a, x)], "kk", "")


def inner(b: Builder, a: Operand, x: Operand) -> Variable:
    """The sum over the last axis of both."""
    if not shape_of(a) or not shape_of(x):
        return b.map(np.multiply, a, x)
    left, right = "abcdefgh"[: len(a.shape) - 1], "ijlmnopq"[: len(x.shape) - 1]
    return multiplied(b, "inner", (a, x), (f"{left}k", f"{right}k"), left + right)


@form(np.outer)
def outer(b: Builder, a: Variable, x: Variable) -> Variable:
    """Every entry with every entry."""
    columns = b.reshape(b.array(a), (a.size, 1))
    return b.map(np.multiply, columns, b.reshape(b.array(x), (1, x.size)))


@form(np.tensordot)
def tensordot(b: Builder, a: Variable, x: Variable, axes: Any = 2) -> Variable:
    """The sum over some axes of both."""
    if isinstance(axes, int):
        axes = (list(range(-axes, 0)), list(range(axes)))
    first, second = (
        [each % len(v.shape) for each in (axis if isinstance(axis, list | tuple) else [axis])]
        for v, axis in zip((a, x), axes, strict=True)
    )
    names = iter("abcdefghijklmnopqrstuvwxyz")
    left = [next(names) for _ in a.shape]
    right = [next(names) for _ in x.shape]
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    shared = {left[i] for i in first}
    kept = "".join(letter for letter in left + right if letter not in shared)
    return multiplied(b, "tensordot", (a, x), ("".join(left), "".join(right)), kept)


@form(np.einsum)
def einsum(b: Builder, subscripts: str, *operands: Variable, optimize: Any = False) -> Variable:
    """By letters; an ellipsis stands for the same axes everywhere."""
    if not isinstance(subscripts, str):
        raise NotNative("only letters have a native form")
    inputs, arrow, kept = subscripts.replace(" ", "").partition("->")
    letters = inputs.split(",")
    if "..." in subscripts:
        counts = [len(x.shape) - len(each.replace("...", "")) for x, each in zip(
            operands, letters, strict=True
        ) if "..." in each]  # fmt: skip
        free = [c for c in "ZYXWVUTSRQP" if c not in subscripts][: max(counts)]
        if len(set(counts)) > 1:
            raise NotNative("an ellipsis stands for different axes")
        letters = [each.replace("...", "".join(free)) for each in letters]
        kept = kept.replace("...", "".join(free))
        if not arrow:
            raise NotNative("an ellipsis without an arrow has no native form")
    if not arrow:
        joined = "".join(letters)
        kept = "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    extents: dict[str, int] = {}
    for x, each in zip(operands, letters, strict=True):
        for letter, n in zip(each, x.shape, strict=True):
            if extents.setdefault(letter, n) != n:
                raise NotNative("axes of one letter have different extents")
    return multiplied(b, "einsum", operands, letters, kept)
