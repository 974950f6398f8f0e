"""The functions that programs call: which can be called, and what they return.

A program has fixed shapes and dtypes, and assigns every variable once. So what it calls must not
write into arrays, and neither the shape nor the dtype of a result may depend on values. Functions
that look at shapes and dtypes only are computed while a function is traced.
"""

import inspect
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from micrograd_np.core.op import OPS, Interpreted, Options
from micrograd_np.coverage.numpy_functions import IN_PLACE, instead_of_at, name_of
from micrograd_np.errors import TracingError, called
from micrograd_np.interpreters.batch.table import OF_SHAPES
from micrograd_np.ops.derivatives.linalg.matrix_functions import logm, sqrtm
from micrograd_np.ops.kernels.layouts import resolve_order


class Method:
    """A method as a function: `Method("astype")(x, dtype)` is `x.astype(dtype)`."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.__name__ = method

    def __call__(self, x: Any, *args: Any, **options: Any) -> Any:
        """The method of `x`, called."""
        return getattr(x, self.method)(*args, **options)

    def __repr__(self) -> str:
        return f"Method({self.method!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and other.method == self.method

    def __hash__(self) -> int:
        return hash((Method, self.method))


ASTYPE = Method("astype")


def package_of(function: Any) -> str:
    """The package that a function comes from."""
    return str(getattr(function, "__module__", "")).partition(".")[0]


def is_numpys(function: Any) -> bool:
    """Whether it is a function of NumPy."""
    return package_of(function) == "numpy"


# NumPy warns at every call of these. A program calls the functions of their ops instead.
DEPRECATED = {getattr(np, name) for name in ("fix",) if hasattr(np, name)}

# ---------------------------------------------------------------- which can be called

# The shapes of their results depend on values, whatever they are given.
OF_VALUES = {
    np.nonzero, np.argwhere, np.flatnonzero, np.unique, np.unique_all, np.unique_counts,
    np.unique_inverse, np.unique_values, np.trim_zeros, np.union1d, np.intersect1d, np.setdiff1d,
    np.setxor1d, np.bincount, np.piecewise, np.roots, np.polymul, np.polydiv,
}  # fmt: skip

# The dtypes of their results do.
DTYPES_OF_VALUES = {
    np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.logn, np.emath.power,
    np.emath.arccos, np.emath.arcsin, np.emath.arctanh, np.real_if_close, np.poly,
    np.min_scalar_type,
}  # fmt: skip
# Of these, it is complex for complex arrays at least.
OF_COMPLEX = {np.linalg.eig, np.linalg.eigvals, inspect.unwrap(logm), inspect.unwrap(sqrtm)}

# Parameters on which the shapes of results depend: of any function, and of some.
SHAPING = {
    "M", "N", "axes", "axis", "axis1", "axis2", "axisa", "axisb", "axisc", "deg", "destination",
    "indices_or_sections", "k", "keepdims", "minlength", "n", "ndmin", "new_shape", "newshape",
    "num", "obj", "offset", "pad_width", "reps", "repeats", "s", "shape", "source", "window_shape",
}  # fmt: skip
SHAPING_OF = {
    np.compress: "condition", np.extract: "condition", np.rollaxis: "start", np.histogram: "bins",
    np.histogram2d: "bins", np.histogramdd: "bins", np.histogram_bin_edges: "bins",
}  # fmt: skip


def check_call(function: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
    """Raise TracingError for a call that no program can have."""
    if isinstance(function, Method):
        if function.method == "at":
            raise TracingError.writes(f"{called(args[0])}.at", instead_of_at(args[0]))
        return
    if options.get("out") is not None:
        raise TracingError.writes(f"{called(function)}(..., out=x)", "x = f(...) for f(..., out=x)")
    of_complex = function in OF_COMPLEX and not np.iscomplexobj(args[0])
    if of_complex or function in DTYPES_OF_VALUES:
        ours = f"mg.linalg.{function.__name__}"
        raise TracingError.dtype(f"np.{name_of(function)}" if is_numpys(function) else ours)
    if isinstance(function, np.ufunc) or not is_numpys(function):
        return
    if function in OF_VALUES or (function is np.where and len(args) == 1 and not options):
        raise TracingError.shape(name_of(function))
    if function in IN_PLACE:
        raise TracingError.writes(called(function), IN_PLACE[function])
    if function in (np.ravel, np.reshape):
        check_order(function, args, options)
    if any(map(is_whole_number, (*args, *options.values()))):
        check_shaping(function, args, options)


def check_order(function: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
    """Raise TracingError for an order of entries that follows memory."""
    named = dict(zip(parameters_of(function), args, strict=False)) | options
    resolve_order(named.get("order"), named["a"])


def check_shaping(function: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
    """Raise TracingError for an argument that the shape of the result depends on."""
    named = dict(zip(parameters_of(function), args, strict=False)) | options
    for parameter, given in named.items():
        shaping = parameter in SHAPING or SHAPING_OF.get(function) == parameter
        if shaping and is_whole_number(given):
            raise TracingError.shaping(name_of(function), parameter)


@lru_cache(maxsize=512)
def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters; none if neither Python nor its op can tell.

    Before NumPy 2.4, its builtins do not tell Python. The declarations of their ops name them.
    """
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return vars(OPS[function]).get("parameters", ()) if function in OPS else ()


def is_whole_number(x: Any) -> bool:
    """Whether integers or truth values that differ from call to call are given here."""
    if isinstance(x, list | tuple):
        return any(map(is_whole_number, x))
    return isinstance(x, Interpreted) and getattr(x, "dtype", np.dtype(float)).kind in "iub"


def is_of_shapes(function: Callable[..., Any], args: Sequence[Any], options: Options) -> bool:
    """Whether a call looks at shapes and dtypes only."""
    if isinstance(function, Method | np.ufunc):
        return False
    if function is np.full_like:
        return not any(isinstance(x, Interpreted) for x in (*args[1:], *options.values()))
    return function in OF_SHAPES or function is np.einsum_path


# ---------------------------------------------------------------- what they return

# Their results may share memory with an argument for some layouts of it, though not for others.
VIEWS = {
    operator.getitem, np.asarray, np.reshape, np.ravel, np.transpose, np.matrix_transpose,
    np.linalg.matrix_transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze,
    np.broadcast_to, np.broadcast_arrays, np.diagonal, np.linalg.diagonal, np.diag, np.real,
    np.imag, np.flip, np.fliplr, np.flipud, np.rot90, np.split, np.array_split, np.unstack,
    np.hsplit, np.vsplit, np.dsplit, np.atleast_1d, np.atleast_2d, np.atleast_3d,
    np.lib.stride_tricks.sliding_window_view, np.lib.stride_tricks.as_strided, np.asanyarray,
    np.ascontiguousarray, np.asfortranarray, np.nan_to_num, np.einsum, np.array, ASTYPE,
}  # fmt: skip


def is_view(function: Callable[..., Any], values: Sequence[Any], given: Any) -> bool:
    """Whether results may share memory with what was given."""
    if isinstance(function, np.ufunc) or not any(isinstance(v, np.ndarray) for v in values):
        return False
    if function in VIEWS or package_of(function) not in {"numpy", "micrograd_np"}:
        return True
    return any(
        np.may_share_memory(x, value)
        for x in arrays_in(given)
        for value in values
        if isinstance(value, np.ndarray)
    )


def arrays_in(tree: Any) -> Iterator[np.ndarray[Any, Any]]:
    """The arrays in nested lists, tuples and dicts."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, dict):
        yield from arrays_in(list(tree.values()))
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from arrays_in(part)
