"""The coverage of NumPy: what each of NumPy's public functions does with a Tensor.

The coverage table has every public callable of NumPy and of the submodules in `SPACES`, and every
attribute of an `ndarray`. Each has one of four statuses:

- *differentiable* or *constant*: the registries of ops know the function;
- *no array*: the function takes no Tensors (types, files, settings, arrays made from numbers);
- *refused*: the function raises an error, with the reason in a table of this module.

Names are written as after `np.`, and those of attributes of arrays as `ndarray.…`.
"""

from collections.abc import Callable, Iterator
from itertools import starmap
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import EXPRESSIONS, OPS, Inputs
from micrograd_np.core.operators import ArrayMethods
from micrograd_np.core.unknown import EXPLANATIONS
from micrograd_np.coverage import scipy_functions
from micrograd_np.errors import InPlaceError, UnregisteredFunctionError, called, habits
from micrograd_np.errors.joins import instead_of_call

SPACES = ("linalg", "fft", "emath", "lib.stride_tricks", "lib.array_utils")
NAMED_OTHERWISE = {"lib.scimath": "emath"}  # modules by another name than the public one

# ---------------------------------------------------------------- what takes no Tensors

NO_ARRAY: dict[str, str] = {
    "a type": """
        bool busdaycalendar dtype errstate finfo iinfo linalg.LinAlgError memmap ndarray ndindex
        printoptions recarray record ufunc
    """,
    "an array made from numbers": """
        arange bartlett blackman diag_indices empty eye fft.fftfreq fft.rfftfreq fromfunction full
        hamming hanning identity indices kaiser mask_indices ones tri tril_indices
        triu_indices zeros
    """,
    "an array made from a file or a text": """
        frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt
    """,
    "types and shapes as such": """
        broadcast_shapes datetime_data isdtype isscalar issubdtype iterable
        lib.array_utils.normalize_axis_index lib.array_utils.normalize_axis_tuple mintypecode
        promote_types typename
    """,
    "what an array is, not what it holds": """
        ndarray.data ndarray.device ndarray.dtype ndarray.itemsize ndarray.nbytes ndarray.ndim
        ndarray.shape ndarray.size
    """,
    "numbers of Python": "ndarray.item ndarray.tolist",
    "numbers as text": """
        base_repr binary_repr format_float_positional format_float_scientific
    """,
    "settings and information": """
        fft.test get_include get_printoptions getbufsize geterr geterrcall info linalg.test
        set_printoptions setbufsize seterr seterrcall show_config show_runtime test
    """,
}

CALLS = {"poly1d": "polyval", "row_stack": "vstack"}  # these only call functions that are known

# ---------------------------------------------------------------- what is refused

IN_PLACE: dict[Any, str] = {  # functions that would write into a Tensor, and what to write instead
    np.copyto: "t = np.where(mask, source, t)",
    np.fill_diagonal: "t = mg.fill_diagonal(t, value)",
    np.place: "t = mg.index_update(t, mask, values)",
    np.put: "t = mg.index_update(t, np.unravel_index(indices, t.shape), values)",
    np.put_along_axis: "t = mg.index_update(t, key, values)",
    np.putmask: "t = np.where(mask, values, t)",
}
METHODS_IN_PLACE: dict[str, str] = {  # methods of an ndarray that would write into it
    "fill": "t = np.full_like(t, value)",
    "partition": "t = np.partition(t, kth)",
    "put": IN_PLACE[np.put],
    "resize": "t = np.resize(t, shape)",
    "setfield": "t = mg.index_update(t, ..., values)",
    "sort": "t = np.sort(t)",
}
AT: dict[np.ufunc, str] = {  # the methods `at` of ufuncs that have a form of their own
    np.add: "t = mg.index_add(t, key, values)",
    np.subtract: "t = mg.index_add(t, key, -values)",
    np.multiply: "t = mg.index_multiply(t, key, values)",
    np.divide: "t = mg.index_multiply(t, key, 1 / values)",
    np.maximum: "t = mg.index_max(t, key, values)",
    np.minimum: "t = mg.index_min(t, key, values)",
}

REASONS: dict[str, str] = {  # why functions are refused, and the names of these functions
    "it makes a plain array; mg.tensor([...]) joins Tensors, t.data leaves the graph": """
        array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray require
    """,
    "it makes a plain array; write mg.from_dlpack(t) or t.detach()": "from_dlpack",
    "np.matrix is a subclass of ndarray with other operators; keep arrays and use @": """
        asmatrix bmat matrix
    """,
    "its function sees one Python number at a time; write it with NumPy functions": """
        frompyfunc vectorize
    """,
    "it goes over the numbers of plain arrays; write it with functions of whole arrays": """
        broadcast flatiter ndenumerate nditer nested_iters
    """,
    "a file holds no history; save t.data": "save savetxt savez savez_compressed",
    "a Tensor holds numbers, not dates": """
        busday_count busday_offset datetime_as_string is_busday isnat
    """,
    "counts are flat, and the edges between them follow the data": """
        histogram histogram2d histogram_bin_edges histogramdd
    """,
    "what two arrays share varies with neither alone; write x[np.isin(x, y)]": "intersect1d",
    "it reads memory, which a Tensor shares with nobody; use t.data": """
        isfortran lib.array_utils.byte_bounds
    """,
    "it reads memory, which a Tensor shares with nobody; use t.data, or "
    "np.lib.stride_tricks.sliding_window_view": "lib.stride_tricks.as_strided",
    "NumPy has given it another name; write np.isin": "in1d",
    "NumPy has given it another name; write np.trapezoid": "trapz",
}
ATTRIBUTES: dict[str, str] = {  # why a Tensor lacks attributes of an ndarray, and their names
    "it reads memory, which a Tensor shares with nobody; use t.data": """
        base byteswap ctypes flags getfield newbyteorder setflags strides
    """,
    "it reads memory; write t.reshape(shape) for a shape, t.data.view() for the memory": "view",
    "it writes too; np.ravel(t) is the entries in a row": "flat",
    "bytes hold no history; use t.numpy()": "dump dumps tobytes tofile tostring",
    "NumPy has given it up; write t = mg.index_update(t, key, value)": "itemset",
    "NumPy has given it another name; write np.ptp(t)": "ptp",
}

REFUSED: dict[Any, str] = {
    attrgetter(name)(np): reason
    for reason, names in REASONS.items()
    for name in names.split()
    if hasattr(np, name.partition(".")[0])  # a few are not in every version
} | {function: f"it writes in place; write {instead}" for function, instead in IN_PLACE.items()}
REFUSED_ATTRIBUTES: dict[str, str] = {
    name: reason for reason, names in ATTRIBUTES.items() for name in names.split()
} | {name: f"it writes in place; write {instead}" for name, instead in METHODS_IN_PLACE.items()}

INNER_FIELDS = {"sharers", "tensor", "tick", "tracked", "value", "values"}  # of the graph's nodes


def name_of(function: Callable[..., Any]) -> str:
    """The name of a function of NumPy, as the tables write it."""
    module = (getattr(function, "__module__", None) or "numpy").removeprefix("numpy")
    module = module.removeprefix(".")
    name = getattr(function, "__name__", str(function))
    return ".".join(filter(None, (NAMED_OTHERWISE.get(module, module), name)))


def refusal_of(function: Callable[..., Any], args: Inputs, detail: str = "") -> TypeError:
    """The error for a function without a derivative, given a tracked Tensor.

    Raises InPlaceError at once if the function would write into a Tensor, tracked or not.
    """
    instead = instead_of_at(function) if detail == ".at" else IN_PLACE.get(function)
    if instead and args and isinstance(args[0], Node):
        raise InPlaceError.function(f"{called(function)}{detail}", instead)
    reason = REFUSED.get(function) or scipy_functions.REFUSED.get(function.__name__, "")
    reason = f"it writes in place; write {instead}" if instead else reason
    if function is np.copyto and (made := instead_of_call()).startswith("mg.full"):
        function, reason = np.full, f"it makes a plain array; write {made}"
    return UnregisteredFunctionError.of(function, detail, reason)


def check_writes(function: Any) -> None:
    """Raise InPlaceError for a function, or a method `at` of a ufunc, that writes into an array."""
    ufunc = getattr(function, "__self__", None)
    if isinstance(ufunc, np.ufunc) and function.__name__ == "at":
        raise InPlaceError.function(f"{called(ufunc)}.at", instead_of_at(ufunc))
    if instead := IN_PLACE.get(function):
        raise InPlaceError.function(called(function), instead)


def instead_of_at(ufunc: Any) -> str:
    """The code to write for the method `at` of a ufunc."""
    if ufunc in AT:
        return AT[ufunc]
    values = ", values" if ufunc.nin > 1 else ""
    written = f"t = mg.index_update(t, key, np.{ufunc.__name__}(t[key]{values}))"
    return f"{written}, which is right if no index repeats"


def refused_attribute(name: str) -> Any:
    """The attribute of a Tensor where an ndarray has one that is refused; using it is an error."""
    reason = REFUSED_ATTRIBUTES[name]

    def method(_self: Node, *_: Any, **__: Any) -> Any:
        raise InPlaceError.function(f"ndarray.{name}", METHODS_IN_PLACE[name])

    def attribute(_self: Node) -> Any:
        raise AttributeError(f"a Tensor has no {name}: {reason}")

    method.__doc__ = f"Refused: {reason}."
    return method if name in METHODS_IN_PLACE else property(attribute, doc=method.__doc__)


def names_to_read(x: Any) -> list[str]:
    """The names that `dir` lists of a Tensor: those meant for users that can be read of this one.

    A vector has no `mT`, for example, and a value that may not leave the graph has no `data`.
    """
    names = [name for name in object.__dir__(x) if name not in INNER_FIELDS]
    return [name for name in names if can_read(x, name)]


def can_read(x: Any, name: str) -> bool:
    """Whether an attribute can be read without an error, and used."""
    if name in REFUSALS and getattr(type(x), name) is REFUSALS[name]:
        return False
    try:
        getattr(x, name)
    except (ArithmeticError, AttributeError, RuntimeError, TypeError, ValueError):
        return False
    return True


EXPLANATIONS.refusal_of = refusal_of
EXPLANATIONS.advice = scipy_functions.advice
EXPLANATIONS.solver_advice = scipy_functions.solver_advice
REFUSALS = {name: refused_attribute(name) for name in REFUSED_ATTRIBUTES}
for name, refusal in REFUSALS.items():
    setattr(ArrayMethods, name, refusal)
ArrayMethods.__dir__ = names_to_read  # type: ignore[assignment, method-assign] # as those above
for name in habits.TENSOR.keys() - vars(ArrayMethods).keys():
    setattr(ArrayMethods, name, habits.Missing("a Tensor", name, habits.TENSOR[name]))

# ---------------------------------------------------------------- the coverage table


class Entry(NamedTuple):
    """One row of the coverage table: a name after `np.`, its status, and a note."""

    name: str
    status: str
    note: str = ""


def account() -> list[Entry]:
    """The coverage table: every public callable of NumPy, by module and by name."""
    attributes = [name for name in sorted(vars(np.ndarray)) if not name.startswith("_")]
    return [*starmap(entry, callables()), *map(entry_of_attribute, attributes)]


def callables() -> Iterator[tuple[str, Any]]:
    """The public callables of NumPy and of its submodules."""
    for space in ("", *SPACES):
        module = attrgetter(space)(np) if space else np
        for name in sorted(dir(module)):
            if not name.startswith("_") and callable(thing := getattr(module, name)):
                yield f"{space}.{name}".removeprefix("."), thing


def entry(name: str, thing: Any) -> Entry:
    """The row of a callable."""
    if name in CALLS:
        return Entry(name, "differentiable", f"as np.{CALLS[name]}")
    if thing in REFUSED:
        return Entry(name, "refused", REFUSED[thing])
    if thing in OPS or thing in EXPRESSIONS:
        return Entry(name, status_of(thing))
    if isinstance(thing, type) and issubclass(thing, np.generic):
        return Entry(name, "no array", "a type of number")
    return entry_without_array(name)


def entry_of_attribute(name: str) -> Entry:
    """The row of an attribute of an ndarray."""
    if name in REFUSED_ATTRIBUTES:
        return Entry(f"ndarray.{name}", "refused", REFUSED_ATTRIBUTES[name])
    told = entry_without_array(f"ndarray.{name}")
    if told.status != "unaccounted" or not hasattr(Node.tensor, name):
        return told
    return Entry(told.name, status_of(getattr(np, name, None)))


def entry_without_array(name: str) -> Entry:
    """The row of a name that takes no Tensors; of any other name, "unaccounted"."""
    kinds = [kind for kind, names in NO_ARRAY.items() if name in names.split()]
    return Entry(name, "no array", kinds[0]) if kinds else Entry(name, "unaccounted")


def status_of(function: Any) -> str:
    """The status of a function, or of an attribute of an ndarray, that is known."""
    return "constant" if getattr(OPS.get(function), "kind", "") == "constant" else "differentiable"
