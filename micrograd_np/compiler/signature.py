"""Signatures: what of a call's arguments a program depends on, and what it takes as values.

Of the leaves of the arguments, arrays, Tensors, numbers and random generators are *values*: a
program serves all of one structure, shape and dtype. All else (truth values, strings, functions,
arguments marked static) is *static*: it is part of the signature, and another one makes another
program.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.guarding.objects import NUMPYS_GENERATORS
from micrograd_np.compiler.keys import Same, is_hashable, key_of_state
from micrograd_np.compiler.keys import key_of as static_key
from micrograd_np.core import tree
from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import Node, describe
from micrograd_np.core.op import Interpreted
from micrograd_np.core.safety.meaning import check_numbers
from micrograd_np.errors import TracingError

NUMBERS = (float, int, complex)
CONTAINERS = (list, tuple, dict, type(None))  # without attributes


def check_count(name: str, given: Any) -> None:
    """Raise ValueError unless a setting is a whole number, at least 1."""
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ValueError(f"{name} is a whole number, at least 1; given: {given!r:.60}")


class Leaf(NamedTuple):
    """A value among the arguments: its path, and what was given."""

    path: str
    given: Any

    @property
    def value(self) -> Any:
        """The value that the program takes: the array, for a Tensor."""
        return self.given.value if isinstance(self.given, Node) else self.given


class Call(NamedTuple):
    """The arguments of a call: their signature, and the values in order.

    `surroundings`, `snapshot`: what else the function depends on, and how that is now.
    """

    key: Hashable
    leaves: list[Leaf]
    surroundings: Any
    snapshot: Any

    @property
    def whole_key(self) -> Hashable:
        """The signature, and all that the function depends on."""
        return (self.key, self.snapshot)


def is_value(x: Any) -> bool:
    """Whether a leaf is a value, not static."""
    return type(x) in NUMBERS or isinstance(
        x, (np.ndarray, np.generic, Node, Interpreted, *NUMPYS_GENERATORS)
    )


def signature_of(named: list[tuple[str, Any, bool]]) -> tuple[Hashable, list[Leaf]]:
    """The signature of a call, and its values.

    `named`: for each argument its name, what was given, and whether it is static.

    Raises TracingError for arrays of other libraries.
    """
    leaves: list[Leaf] = []
    keys = [
        (name, key_of_static(x) if static else key_of(name, x, leaves)) for name, x, static in named
    ]
    return tuple(keys), leaves


def key_of(path: str, x: Any, leaves: list[Leaf]) -> Hashable:
    """The part of the key for a tree of arguments; its values are added to `leaves`."""
    if is_foreign(x.value if isinstance(x, Node) else x):
        raise TracingError.foreign(path)
    if is_value(x):
        check_numbers(x)
        leaves.append(Leaf(path, x))
        return key_of_value(x)
    branch = tree.children(x)
    if branch is None:
        return key_of_static(x)
    fixed = x.__tree_static__() if hasattr(type(x), "__tree_static__") else key_of_container(x)
    below = tuple((name, key_of(f"{path}.{name}", child, leaves)) for name, child in branch.items())
    return (type(x), fixed, below)


def key_of_container(x: Any) -> Hashable:
    """The key of what a container holds beside its parts: keys of a dict, attributes."""
    names = static_key(list(x)) if isinstance(x, dict) else None  # keys may read the same
    return names if type(x) in CONTAINERS else (names, key_of_state(x))


def key_of_value(x: Any) -> Hashable:
    """The type, shape and dtype of a value."""
    if isinstance(x, Node):
        return (type(x), x.tracked, type(x.value), x.value.shape, x.value.dtype)
    if isinstance(x, np.ndarray | np.generic):
        return (type(x), x.shape, x.dtype)
    return (type(x),)


def key_of_static(x: Any) -> Hashable:
    """The key that tells a static argument from all others."""
    known = is_hashable(x) or isinstance(x, slice)
    return ("static", static_key(x) if known else Same(x))  # whose attributes are watched


def mapped_values(function: Callable[[Any], Any], argument: Any) -> Any:
    """A tree of arguments with others in place of its values, in the order of `signature_of`."""
    return tree.map(lambda x: function(x) if is_value(x) else x, argument)


def inside(leaves: list[Leaf]) -> bool:
    """Whether some of these values belong to a batch or a trace that is being made."""
    return any(isinstance(x.value, Interpreted) for x in leaves)


def described(leaves: list[Leaf]) -> Iterator[str]:
    """The values in words: their paths, shapes and dtypes."""
    for path, given in leaves:
        if isinstance(given, Node):
            yield f"{path}: {describe(given)}"
        elif isinstance(given, np.ndarray | np.generic):
            yield f"{path}: {given.shape} {given.dtype}"
        else:
            yield f"{path}: {type(given).__name__}"
