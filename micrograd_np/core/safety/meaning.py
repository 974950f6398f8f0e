"""Arrays that are more than numbers: masked, with units, of objects or of times.

A Tensor would take their numbers and lose the rest, so that meters would be added to kilometers.
These arrays are refused, with what to write instead. Classes that wrap any array (pint, xarray) and
are no subclass of ndarray get the call themselves, for they may wrap a Tensor. A subclass of
ndarray that changes no behavior (`np.memmap`) is an array like any other.
"""

from typing import Any

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.errors import MeaningLostError, NotDifferentiableError

# The dtypes that are numbers, in the machine's own byte order: the quick test of most arrays.
NUMBERS = frozenset(map(np.dtype, "?bBhHiIlLqQefdgFDG"))

ENTRIES = frozenset((float, int, bool, complex, np.float64, np.float32, np.int64))

OF_KIND = {
    "O": "it holds Python objects. Write mg.stack(list(x)) for Tensors, np.array(x, dtype=float) "
    "for numbers, where None becomes nan",
    "m": "it holds time spans. Write x / np.timedelta64(1, 's') for their number of seconds",
    "M": "it holds points in time. Write (x - start) / np.timedelta64(1, 's') for seconds",
}
MASK = "its mask would be lost. Write the mask into the expression: np.where(mask, 0, x.data * t)"
MATRIX = "its * is a matrix product. Write np.asarray(x), and @ for the product"
UNITS = "its units would be lost. Write its numbers in one unit that you choose"
OPERATORS = "its class has operators of its own. Write np.asarray(x), if its numbers are meant"


def check_numbers(x: Any) -> None:
    """Raise MeaningLostError for an array that is more than numbers, or a list that holds one.

    Anything that is no array passes.
    """
    if not isinstance(x, list | tuple):
        if lost := meaning_of(x):
            raise MeaningLostError.of(x, lost, may_hold_tensors=is_left_to(x))
    elif not ENTRIES.issuperset(map(type, x)):  # a glance at most lists
        for part in x:
            check_numbers(part)


def numbers(array: Array, result_of: str = "") -> Array:
    """`array`, if it holds numbers. `result_of`: the name of the op that it is the result of."""
    if array.dtype.kind not in "fiubc":
        given = f"np.{result_of} of a Tensor and something else gave" if result_of else "Given:"
        advice = "Give it arrays (t.data), if that is meant" if result_of else instead_of(array)
        raise NotDifferentiableError(
            f"a Tensor holds numbers, not dtype {array.dtype}{of_class(array)}. {given} "
            f"{array!r:.80}. {advice}."
        )
    return array


def of_class(array: Array) -> str:
    """The class of the one object that an array holds; "" for any other array."""
    single = array.dtype.kind == "O" and array.ndim == 0
    return f" (a {type(array.item()).__name__})" if single else ""


def instead_of(array: Array) -> str:
    """The advice for an array that holds no numbers."""
    if array.dtype.kind in "US":
        return "Write np.asarray(x, dtype=float), if it spells numbers; keep names elsewhere"
    if array.dtype.kind == "O" and array.ndim == 0:
        if hasattr(array.item(), "__dataclass_fields__"):
            return "A dataclass is no tree of numbers: write `vars(x)`, the dict of its fields"
        return "Write a list, tuple or dict of its numbers, or an `nn.Module` that holds them"
    return meaning_of(array).partition(". ")[2]


def check_operand(x: Any, function: Any) -> None:
    """Raise MeaningLostError for an operand of NumPy's `function` that is more than numbers.

    An operand of a class that defines the function itself is an error too.
    """
    check_numbers(x)
    labeled = hasattr(type(x), "__array_ufunc__") and not hasattr(type(x), "__array_function__")
    if labeled and isinstance(function, np.ufunc):  # NumPy's other functions take its numbers
        raise MeaningLostError.of(x, OPERATORS, may_hold_tensors=True)


def meaning_of(x: Any) -> str:
    """The meaning that is lost if `x` is taken for its numbers, and what to write; "" for none."""
    kind = type(x)
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in OF_KIND:
        return OF_KIND[x.dtype.kind]
    if (
        kind is np.ndarray
        or isinstance(x, Node | Interpreted)
        or not hasattr(kind, "__array_ufunc__")
    ):
        return ""
    if hasattr(x, "filled") and hasattr(x, "mask"):
        return MASK
    if hasattr(x, "units") or hasattr(x, "unit"):
        return UNITS
    if isinstance(x, np.matrix):
        return MATRIX
    own = isinstance(x, np.ndarray) and (
        kind.__array_ufunc__ is not np.ndarray.__array_ufunc__
        or kind.__array_function__ is not np.ndarray.__array_function__
        or x.__array_priority__ > 0
    )
    return OPERATORS if own else ""


def is_left_to(x: Any) -> bool:
    """Whether the class of `x` computes an operator of a Tensor and `x`.

    A subclass of ndarray does not, for its numbers cannot be a Tensor.
    """
    return not isinstance(x, np.ndarray | np.generic) and bool(meaning_of(x))
