"""Keys: hashable stand-ins for values, equal only where nothing can tell the values apart.

Python compares loosely: `1`, `1.0` and `True` are equal, and so are `0.0` and `-0.0`, `(2,)` and
`(2.0,)`, `range(0, 3, 2)` and `range(0, 4, 2)`, and objects whose class says so. What is computed
with one of them may be wrong for the other. So a key has the type of a value and goes through all
that the value consists of:

- numbers and text, by what they are to the last bit; small arrays by their bytes and layout;
- containers, by their parts in order;
- an object whose class defines `==`, by this `==` and by its attributes;
- anything else, and a large array, by its identity. The key keeps it alive.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain
from struct import pack
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.objects import filled_slots, vars_of
from micrograd_np.compiler.program import Variable

SMALL = 1 << 12  # bytes of an array that is compared by its entries
Above = tuple[int, ...]  # the identities of the objects that a value is found in


class Same:
    """A stand-in for one object, equal to a stand-in for this very object only."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r:.60})"


class Equal(Same):
    """A stand-in for an object, equal to one for an object that says it is equal.

    Its hash stays the same when the object changes.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Equal):
            return False
        return other.value is self.value or bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash(Equal)


def key_of(x: Any, above: Above = ()) -> Hashable:
    """The key of a value."""
    make = KEYS.get(type(x))
    return make(x, above) if make else key_of_other(x, above)


def keys_of(x: Any, parts: Iterable[Any], above: Above) -> Iterator[Hashable]:
    """The keys of the parts of a value; where it is a part of itself, how far above it stands."""
    if id(x) in above:
        return iter(((Same, above.index(id(x))),))
    above = (*above, id(x))
    return (key_of(part, above) for part in parts)


def key_of_other(x: Any, above: Above) -> Hashable:
    """The key of a value whose type is not in the table."""
    kind = type(x)
    if isinstance(x, np.dtype):
        return (kind, x)
    if isinstance(x, np.generic) and not x.dtype.hasobject:
        return (kind, x.dtype, x.tobytes())
    if id(x) in above:  # an object that leads back to itself
        return (Same, above.index(id(x)))
    base: Any = next((base for base in BASES if isinstance(x, base)), object)
    compares = getattr(kind, "__eq__", None) is not base.__eq__  # in a way of its own
    if base is object and not (compares and is_hashable(x)):
        return (kind, Same(x))
    content = None if base is object else KEYS[base](x, above)
    state = key_of_state(x, (*above, id(x)))
    return (kind, content, state, (Equal(x) if is_hashable(x) else Same(x)) if compares else None)


def key_of_state(x: Any, above: Above = ()) -> Hashable:
    """The key of an object's attributes; of one without any, by what its `repr` says."""
    found = vars_of(x) | dict(filled_slots(x))
    if found:
        return frozenset((name, key_of(part, above)) for name, part in found.items())
    told = getattr(type(x), "__repr__", None) is not object.__repr__ and not callable(x)
    return repr(x) if told and not isinstance(x, BASES) else None


def is_hashable(x: Any) -> bool:
    """Whether a value has a hash."""
    try:
        hash(x)
    except TypeError:
        return False
    return True


def key_of_array(x: np.ndarray[Any, Any], _above: Above = ()) -> Hashable:
    """The key of an array, with its layout, which decides in what order sums are taken."""
    if x.nbytes > SMALL or x.dtype.hasobject:
        return (np.ndarray, Same(x))
    return (np.ndarray, x.dtype, x.shape, x.strides, x.tobytes())


def itself(x: Any, _: Above) -> Hashable:
    """A value that is equal to nothing of another type."""
    key: Hashable = x
    return key


def typed(x: Any, _: Above) -> Hashable:
    """A value that may be equal to one of another type."""
    return (type(x), x)


KEYS: dict[type, Callable[[Any, Above], Hashable]] = {
    Variable: itself,
    type(None): itself,
    str: itself,
    bytes: typed,
    type(Ellipsis): itself,
    int: typed,
    bool: typed,
    float: lambda x, _: (float, pack("d", x)),
    complex: lambda x, _: (complex, pack("dd", x.real, x.imag)),
    tuple: lambda x, above: (tuple, *keys_of(x, tuple.__iter__(x), above)),
    list: lambda x, above: (list, *keys_of(x, list.__iter__(x), above)),
    set: lambda x, above: (set, *keys_of(x, set.__iter__(x), above)),
    frozenset: lambda x, above: (frozenset, *keys_of(x, frozenset.__iter__(x), above)),
    dict: lambda x, above: (dict, *keys_of(x, chain.from_iterable(dict.items(x)), above)),
    range: lambda x, _: (range, x.start, x.stop, x.step),
    slice: lambda x, above: (slice, *keys_of(x, (x.start, x.stop, x.step), above)),
    np.ndarray: key_of_array,
}  # fmt: skip
BASES = (tuple, list, dict, set, frozenset, float, complex)  # which other types derive from
