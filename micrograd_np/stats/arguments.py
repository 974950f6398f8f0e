"""The arguments of a distribution's functions: bound by name, of one precision, and checked.

A parameter outside its domain becomes NaN, and so does the result there, as in SciPy. A *mask* is
an array of truth values. Where masks and values can be seen, a mask that is the same everywhere
costs no operation. In a compiled program or in a batch they cannot, and every choice is recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.core.tensor import tensor

Condition = Callable[[Array], Array]
SEEN = (np.ndarray, np.generic, bool)

# ---------------------------------------------------------------- masks


def anywhere(mask: Any) -> bool:
    """Whether a mask may be true somewhere: False only if its values are seen, and all false."""
    return not isinstance(mask, SEEN) or bool(np.any(mask))


def everywhere(mask: Any) -> bool:
    """Whether a mask is seen to be true everywhere."""
    return isinstance(mask, SEEN) and bool(np.all(mask))


def either(x: Any, y: Any) -> Any:
    """The mask that is true where one or the other is; None stands for false everywhere."""
    if x is None or y is None:
        return y if x is None else x
    return np.logical_or(x, y)


def chosen(mask: Any, x: Any, y: Any) -> Any:
    """`np.where(mask, x, y)`, or `y` itself if the mask is None."""
    return y if mask is None else np.where(mask, x, y)


def seen(mask: Any) -> Any:
    """A mask, or None if it is false everywhere."""
    return mask if anywhere(mask) else None


# ---------------------------------------------------------------- numbers


def joined(x: Any) -> Any:
    """A number, an array or a Tensor as it is; a list as an array, or as a Tensor if it has one."""
    if isinstance(x, int | float | Node | Interpreted) or hasattr(x, "dtype"):
        return x
    if isinstance(x, list | tuple) and any(isinstance(part, Node | Interpreted) for part in x):
        return tensor(x)
    return np.asarray(x)


def floats(values: Sequence[Any], name: str) -> list[Any]:
    """Real floating-point numbers; Python's numbers take the precision of the others.

    Integers become float64. None stays None. Raises TypeError for complex numbers.
    """
    given = [x if x is None else joined(x) for x in values]
    dtype = np.result_type(*(getattr(x, "dtype", x) for x in given if x is not None), 0.0)
    if dtype.kind not in "fiub":
        raise TypeError(
            f"micrograd_np.stats.{name} was given numbers of dtype {dtype}: distributions are over "
            f"real numbers. Give the real part or the absolute value."
        )
    wanted = dtype if dtype.kind == "f" else np.dtype(float)
    return [x if x is None else as_float(x, wanted) for x in given]


def as_float(x: Any, dtype: np.dtype[Any]) -> Any:
    """A number or an array of integers cast to `dtype`; floating-point numbers as they are."""
    if isinstance(x, int | float) and not isinstance(x, np.generic):
        return dtype.type(x)
    return x if x.dtype.kind == "f" else x.astype(dtype)


# ---------------------------------------------------------------- parameters


def bound(
    name: str, names: Sequence[str], needed: int, args: Sequence[Any], keywords: Mapping[str, Any]
) -> list[Any]:
    """The parameters in order, None for each that was not given; the first `needed` must be.

    Raises TypeError for a parameter that is unknown, missing, or given twice.
    """
    given = dict(zip(names, args, strict=False))
    wrong = [key for key in keywords if key not in names or key in given]
    missing = [key for key in names[:needed] if key not in given and key not in keywords]
    if wrong or missing or len(args) > len(names):
        said = [f"{', '.join(wrong)} is unknown or given twice"] * bool(wrong)
        said += [f"{', '.join(missing)} is missing"] * bool(missing)
        said += [f"{len(args)} parameters were given by position"] * (len(args) > len(names))
        order = ", ".join(f"{key}" if i < needed else f"{key}=" for i, key in enumerate(names))
        raise TypeError(f"micrograd_np.stats.{name}: {'; '.join(said)}. It takes ({order}).")
    given.update(keywords)
    return [given.get(key) for key in names]


def validated(values: Sequence[Any], conditions: Sequence[Condition | None]) -> tuple[Any, ...]:
    """The values with NaN for those outside of their domain, and the mask of all that are inside.

    The mask is None if it is seen that all are inside.
    """
    inside: Any = None
    checked = []
    for x, condition in zip(values, conditions, strict=True):
        mask = None if x is None or condition is None else condition(value_of(x))
        if mask is not None and not everywhere(mask):
            x = np.where(mask, x, np.nan)  # noqa: PLW2901 - the value with its faults marked
            inside = mask if inside is None else np.logical_and(inside, mask)
        checked.append(np.floor(x) if condition is count else x)  # counts have no derivative
    return checked, inside


def positive(x: Array) -> Array:
    """The mask of what is above 0."""
    return np.greater(x, 0)


def not_negative(x: Array) -> Array:
    """The mask of what is 0 or above."""
    return np.greater_equal(x, 0)


def probability(p: Array) -> Array:
    """The mask of what lies between 0 and 1."""
    return np.logical_and(np.greater_equal(p, 0), np.less_equal(p, 1))


def positive_probability(p: Array) -> Array:
    """The mask of what lies above 0 and up to 1."""
    return np.logical_and(np.greater(p, 0), np.less_equal(p, 1))


def count(n: Array) -> Array:
    """The mask of whole numbers of at least 0."""
    return np.logical_and(np.greater_equal(n, 0), np.equal(n, np.floor(n)))
