"""The coverage of NumPy: what each of NumPy's public functions does with a Tensor.

The coverage table has every public callable of NumPy and of the submodules in `SPACES`, and every
attribute of an `ndarray`. Each has one of four statuses:

- *differentiable* or *constant*: the registries of ops know the function;
- *no array*: the function takes no Tensors (types, files, settings, arrays made from numbers);
- *refused*: the function raises an error, with the reason in a table of this module.

Names are written as after `np.`, and those of attributes of arrays as `ndarray.…`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import EXPRESSIONS, OPS, Inputs
from micrograd_np.core.operators import ArrayMethods
from micrograd_np.core.unknown import EXPLANATIONS
from micrograd_np.coverage import scipy_functions as scipy_account
from micrograd_np.errors import InPlaceError, UnregisteredFunctionError

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
ONLY_SOME_VERSIONS = {  # names that only some of the supported versions of NumPy have
    "in1d", "row_stack", "trapz", "typename",
    "ndarray.itemset", "ndarray.newbyteorder", "ndarray.ptp", "ndarray.tostring",
}  # fmt: skip

# ---------------------------------------------------------------- what is refused

IN_PLACE: dict[str, str] = {  # functions that would write into a Tensor, and what to write instead
    "copyto": "t = np.where(mask, source, t)",
    "fill_diagonal": "t = mg.fill_diagonal(t, value)",
    "place": "t = mg.index_update(t, mask, values)",
    "put": "t = mg.index_update(t, np.unravel_index(indices, t.shape), values)",
    "put_along_axis": "t = mg.index_update(t, key, values)",
    "putmask": "t = np.where(mask, values, t)",
    "ndarray.fill": "t = np.full_like(t, value)",
    "ndarray.partition": "t = np.partition(t, kth)",
    "ndarray.put": "t = mg.index_update(t, np.unravel_index(indices, t.shape), values)",
    "ndarray.resize": "t = np.resize(t, shape)",
    "ndarray.setfield": "t = mg.index_update(t, ..., values)",
    "ndarray.sort": "t = np.sort(t)",
}

AT: dict[str, str] = {  # the methods `at` of ufuncs that have a form of their own
    "add": "t = mg.index_add(t, key, values)",
    "subtract": "t = mg.index_add(t, key, -values)",
    "multiply": "t = mg.index_multiply(t, key, values)",
    "divide": "t = mg.index_multiply(t, key, 1 / values)",
    "maximum": "t = mg.index_max(t, key, values)",
    "minimum": "t = mg.index_min(t, key, values)",
}

PLAIN = "it makes a plain array; mg.tensor([...]) joins Tensors, t.data leaves the graph"
FILES = "a file holds no history; save t.data"
DATES = "a Tensor holds numbers, not dates"
COUNTS = "counts are flat, and the edges between them follow the data"
MEMORY = "it reads memory, which a Tensor shares with nobody; use t.data"
BYTES = "bytes hold no history; use t.numpy()"
RENAMED = "NumPy has given it another name; write np."
ONE_NUMBER = "its function sees one Python number at a time; write it with NumPy functions"
ITERATES = "it goes over the numbers of plain arrays; write it with functions of whole arrays"
MATRIX = "np.matrix is a subclass of ndarray with other operators; keep arrays and use @"

REFUSED: dict[str, str] = {
    "array": PLAIN,
    "asanyarray": PLAIN,
    "asarray": PLAIN,
    "asarray_chkfinite": PLAIN,
    "ascontiguousarray": PLAIN,
    "asfortranarray": PLAIN,
    "require": PLAIN,
    "asmatrix": MATRIX,
    "bmat": MATRIX,
    "matrix": MATRIX,
    "from_dlpack": "it makes a plain array; write mg.from_dlpack(t) or t.detach()",
    "frompyfunc": ONE_NUMBER,
    "vectorize": ONE_NUMBER,
    "broadcast": ITERATES,
    "flatiter": ITERATES,
    "ndenumerate": ITERATES,
    "nditer": ITERATES,
    "nested_iters": ITERATES,
    "save": FILES,
    "savetxt": FILES,
    "savez": FILES,
    "savez_compressed": FILES,
    "busday_count": DATES,
    "busday_offset": DATES,
    "datetime_as_string": DATES,
    "is_busday": DATES,
    "isnat": DATES,
    "histogram": COUNTS,
    "histogram2d": COUNTS,
    "histogram_bin_edges": COUNTS,
    "histogramdd": COUNTS,
    "isfortran": MEMORY,
    "lib.array_utils.byte_bounds": MEMORY,
    "in1d": RENAMED + "isin",
    "trapz": RENAMED + "trapezoid",
    "intersect1d": "what two arrays share varies with neither alone; write x[np.isin(x, y)]",
    "lib.stride_tricks.as_strided": MEMORY + ", or np.lib.stride_tricks.sliding_window_view",
    "ndarray.base": MEMORY,
    "ndarray.byteswap": MEMORY,
    "ndarray.ctypes": MEMORY,
    "ndarray.flags": MEMORY,
    "ndarray.getfield": MEMORY,
    "ndarray.setflags": MEMORY,
    "ndarray.strides": MEMORY,
    "ndarray.view": MEMORY,
    "ndarray.flat": "it writes too; np.ravel(t) is the entries in a row",
    "ndarray.itemset": "NumPy has given it up; write t = mg.index_update(t, key, value)",
    "ndarray.newbyteorder": MEMORY,
    "ndarray.ptp": RENAMED + "ptp(t)",
    "ndarray.tostring": BYTES,
    "ndarray.dump": BYTES,
    "ndarray.dumps": BYTES,
    "ndarray.tobytes": BYTES,
    "ndarray.tofile": BYTES,
} | {name: f"it writes in place; write {instead}" for name, instead in IN_PLACE.items()}


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
    name = name_of(function)
    instead = instead_of_at(function) if detail == ".at" else IN_PLACE.get(name, "")
    if instead and args and isinstance(args[0], Node):
        raise InPlaceError.function(f"np.{name}{detail}", instead)
    reason = REFUSED.get(name) or scipy_account.REFUSED.get(name, "")
    if detail == ".at":
        reason = f"it writes in place; write {instead}"
    return UnregisteredFunctionError.of(function, detail, reason)


def check_writes(function: Any) -> None:
    """Raise InPlaceError for a function, or a method `at` of a ufunc, that writes into an array."""
    if isinstance(ufunc := getattr(function, "__self__", None), np.ufunc):
        if function.__name__ == "at":
            raise InPlaceError.function(f"np.{name_of(ufunc)}.at", instead_of_at(ufunc))
        return
    if instead := IN_PLACE.get(name_of(function)):
        raise InPlaceError.function(f"np.{name_of(function)}", instead)


def instead_of_at(ufunc: Any) -> str:
    """The code to write for the method `at` of a ufunc."""
    name = name_of(ufunc)
    if name in AT:
        return AT[name]
    called = f"np.{name}(t[key]{', values' * (ufunc.nin > 1)})"
    return f"t = mg.index_update(t, key, {called}), which is right if no index repeats"


def refused_attribute(name: str) -> Any:
    """The attribute of a Tensor where an ndarray has one that is refused; using it is an error."""
    if name in IN_PLACE:

        def method(_self: Node, *_: Any, **__: Any) -> Any:
            raise InPlaceError.function(name, IN_PLACE[name])

        method.__doc__ = f"Refused: {REFUSED[name]}."
        return method

    def attribute(_self: Node) -> Any:
        raise AttributeError(f"a Tensor has no {name.removeprefix('ndarray.')}: {REFUSED[name]}")

    return property(attribute, doc=f"Refused: {REFUSED[name]}.")


EXPLANATIONS.refusal_of = refusal_of
EXPLANATIONS.advice = scipy_account.advice
for name in REFUSED:
    if name.startswith("ndarray."):
        setattr(ArrayMethods, name.removeprefix("ndarray."), refused_attribute(name))

# ---------------------------------------------------------------- the coverage table


class Entry(NamedTuple):
    """One row of the coverage table: a name after `np.`, its status, and a note."""

    name: str
    status: str
    note: str = ""


def account() -> list[Entry]:
    """The coverage table: every public callable of NumPy, by module and by name."""
    return [entry(name, thing) for name, thing in callables()] + [
        method(f"ndarray.{name}") for name in sorted(vars(np.ndarray)) if not name.startswith("_")
    ]


def callables() -> Iterator[tuple[str, Any]]:
    """The public callables of NumPy and of its submodules."""
    for prefix in ("", *(f"{space}." for space in SPACES)):
        module = np
        for part in prefix.split(".")[:-1]:
            module = getattr(module, part)
        for name in sorted(dir(module)):
            if not name.startswith("_") and callable(thing := getattr(module, name)):
                yield prefix + name, thing


def entry(name: str, thing: Any) -> Entry:
    """The row of a callable."""
    if name in CALLS:
        return Entry(name, "differentiable", f"as np.{CALLS[name]}")
    if _known(thing, OPS):
        return Entry(name, "constant" if OPS[thing].kind == "constant" else "differentiable")
    if _known(thing, EXPRESSIONS):
        return Entry(name, "differentiable")
    if isinstance(thing, type) and issubclass(thing, np.generic):
        return Entry(name, "no array", "a type of number")
    return tabled(name)


def method(name: str) -> Entry:
    """The row of an attribute of an ndarray."""
    short = name.removeprefix("ndarray.")
    told = tabled(name)
    if told.status != "unaccounted" or not hasattr(Node.tensor, short):
        return told
    op = OPS.get(getattr(np, short, np.ndarray))
    return Entry(name, "constant" if op and op.kind == "constant" else "differentiable")


def tabled(name: str) -> Entry:
    """The row of a name that the tables of this module hold; of any other name, "unaccounted"."""
    if name in REFUSED:
        return Entry(name, "refused", REFUSED[name])
    kinds = [kind for kind, names in NO_ARRAY.items() if name in names.split()]
    return Entry(name, "no array", kinds[0]) if kinds else Entry(name, "unaccounted")


def _known(thing: Any, registry: dict[Any, Any]) -> bool:
    return getattr(thing, "__hash__", None) is not None and thing in registry
