"""Keys: hashable stand-ins for arguments, equal only where a call could not tell them apart.

`1`, `1.0` and `True` differ, so do `0.0` and `-0.0`, and NumPy scalars of different dtypes. Small
arrays are told apart by their bytes, large ones by which array they are.
"""

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from micrograd_np.compiler.program import Variable

SMALL = 1 << 12  # bytes of an array that is compared by its entries


def key_of(x: Any) -> Hashable:
    """The key of nested arguments."""
    make = KEYS.get(type(x))
    return make(x) if make else key_of_other(x)


def key_of_other(x: Any) -> Hashable:
    """The key of anything that is not in the table."""
    if isinstance(x, np.generic):
        return (type(x), x.dtype.str, x.tobytes())
    if isinstance(x, tuple):
        return (type(x), *map(key_of, x))
    try:
        hash(x)
    except TypeError:
        return (type(x), id(x))
    return (type(x), x)


def key_of_array(x: np.ndarray[Any, Any]) -> Hashable:
    """The key of an array, with its layout, which decides in what order sums are taken."""
    if x.nbytes > SMALL or x.dtype.hasobject:
        return (np.ndarray, id(x))
    return (np.ndarray, x.dtype.str, x.shape, x.strides, x.tobytes())


def itself(x: Any) -> Hashable:
    """What is equal to nothing of another type."""
    key: Hashable = x
    return key


def typed(x: Any) -> Hashable:
    """What is equal to something of another type."""
    return (type(x), x)


def written(x: Any) -> Hashable:
    """What is equal to another of its type that is written otherwise."""
    return (type(x), repr(x))


KEYS: dict[type, Callable[[Any], Hashable]] = {
    Variable: itself,
    type(None): itself,
    str: itself,
    type(Ellipsis): itself,
    int: typed,
    bool: typed,
    np.dtype: typed,
    float: written,
    complex: written,
    tuple: lambda x: (tuple, *map(key_of, x)),
    list: lambda x: (list, *map(key_of, x)),
    dict: lambda x: (dict, frozenset((name, key_of(part)) for name, part in x.items())),
    slice: lambda x: (slice, key_of(x.start), key_of(x.stop), key_of(x.step)),
    np.ndarray: key_of_array,
}
