"""Objects: how what a function reaches is read, without running code of the user's."""

import collections
import functools
import gc
import itertools
import random
import threading
from array import array
from collections.abc import Iterator
from types import (
    ClassMethodDescriptorType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.guarding.origins import (
    file_of_class,
    file_of_module,
    is_installed,
    is_library,
    is_ours,
    is_own,
)

MUTABLE: tuple[type, ...] = (list, dict, set, collections.deque, MappingProxyType)
FIXED: tuple[type, ...] = (tuple, frozenset)
NOTEBOOKS = (*MUTABLE[:-1], collections.Counter, collections.defaultdict, collections.OrderedDict)
VIEWS = tuple(type(view) for x in (dict[Any, Any](), collections.OrderedDict[Any, Any]())
              for view in (x.keys(), x.values(), x.items()))  # fmt: skip
LRU_CACHE = type(functools.cache(is_library))
BYTES = (np.ndarray, bytearray, memoryview, array)
NUMPYS_GENERATORS = (np.random.Generator, np.random.RandomState)
GENERATORS = (*NUMPYS_GENERATORS, random.Random)
LEAVES: tuple[type, ...] = (np.dtype, range, slice)
NO_NUMBERS = ("logging", "io", "_io")  # modules whose objects write, whatever a function returns
NOTHING: tuple[Any, ...] = ([], (), {}, {}.values(), {}.items(), set(), "", b"", range(0))
ITERATORS: tuple[type, ...] = (
    GeneratorType, *(type(iter(x)) for x in NOTHING), zip, map, filter, enumerate, reversed,
    *(x for x in vars(itertools).values() if isinstance(x, type) and hasattr(x, "__next__")),
)  # fmt: skip
NOT_RUN = {
    "__init_subclass__", "__repr__", "__str__", "__del__", "__reduce__", "__getnewargs__",
    "__getstate__", "__setstate__", "__subclasshook__", "__replace__",
    "_asdict", "_make", "_replace",
}  # fmt: skip
MAKING = {"__new__", "__init__", "__post_init__"}  # run when an instance is made


def is_module(x: Any) -> bool:
    """Whether it has parameters and settings."""
    return is_module_class(type(x))


def is_module_class(kind: type) -> bool:
    """Whether instances of a class have parameters and settings."""
    return looked_up(kind, "__tree_static__") is not None


def looked_up(kind: type, name: str) -> Any:
    """The attribute that a class or a base defines; None if none does. No metaclass is asked."""
    return next((vars(each)[name] for each in kind.__mro__ if name in vars(each)), None)


def is_leaf(x: Any) -> bool:
    """Whether nothing that it is made of can change a result."""
    return isinstance(x, LEAVES) or type(x).__module__.partition(".")[0] in NO_NUMBERS


def is_computed(described: Any) -> bool:
    """Whether an attribute is what a descriptor of its class makes of it, no slot."""
    kind = type(described)
    return hasattr(kind, "__set__") and not isinstance(described, MemberDescriptorType)


class Kind(NamedTuple):
    """A class: whether it is `of_library`, that is ours, Python's or an installed package's.

    `read_unseen`: whether attributes of its instances may be read by names that the user's code
    does not have: by methods of another library, or as if they were parts.
    """

    of_library: bool
    ours: bool
    installed: bool
    read_unseen: bool


EMPTY_DESCRIPTORS = (  # of C, with nothing in them
    MemberDescriptorType, GetSetDescriptorType, MethodDescriptorType, WrapperDescriptorType,
    ClassMethodDescriptorType, type(vars(Kind)["of_library"]),
)  # fmt: skip


def kind_of(kind: type, home: str) -> Kind:
    """The `Kind` of a class, for functions of the package in the folder `home`."""
    file = file_of_class(kind)
    looks_up = any(
        isinstance(looked_up(kind, name), FunctionType)
        for name in ("__getattr__", "__getattribute__", "__getitem__")
    )
    return Kind(
        is_library(file, home),
        is_ours(file),
        is_installed(file),
        looks_up or has_library_methods(kind),
    )


def has_library_methods(kind: type) -> bool:
    """Whether a class has methods of Python's, NumPy's or of an installed package.

    Which attributes they look up is not known, since their code is not looked through.
    """
    return any(
        isinstance(value, FunctionType)
        and is_library(file := value.__code__.co_filename)
        and not is_ours(file)
        for each in kind.__mro__
        for name, value in vars(each).items()
        if name not in NOT_RUN and name not in MAKING
    )


def cells_of(f: FunctionType) -> Iterator[tuple[str, Any]]:
    """The variables of functions around that have a value, by name."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            _ = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
        yield name, cell


def kept_by_cache(cached: Any) -> list[Any]:
    """The values that a function with `lru_cache` keeps: arguments, and results to return again."""
    found: list[Any] = []
    for held in gc.get_referents(cached):
        if type(held) is dict and held is not cached.__dict__:
            found += held.values()
        else:
            found.append(held)
    skipped = (type, FunctionType, dict)
    return [x for x in found if type(x).__name__ != "_lru_list_elem" and not isinstance(x, skipped)]


def vars_of(x: Any) -> dict[str, Any]:
    """The attributes that an object holds itself; a proxy is not asked for those of its object."""
    if isinstance(x, threading.local):
        return x.__dict__
    try:
        found = object.__getattribute__(x, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def slots_of(kind: type) -> Iterator[tuple[str, MemberDescriptorType]]:
    """The slots of a class's instances, by name; those of types of C are no attributes to set."""
    for each in kind.__mro__:
        if "__slots__" in vars(each):
            slots = vars(each).items()
            yield from ((name, x) for name, x in slots if isinstance(x, MemberDescriptorType))


def filled_slots(x: Any) -> Iterator[tuple[str, Any]]:
    """The values that an object holds in slots, by name."""
    for name, slot in slots_of(type(x)):
        try:
            yield name, slot.__get__(x)
        except AttributeError:
            continue


def attributes_of(x: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that an object itself has, in its dict or in slots."""
    yield from list(vars_of(x).items())
    yield from filled_slots(x)


def is_own_module(x: Any) -> bool:
    """Whether it is a module of ours or of NumPy."""
    return isinstance(x, ModuleType) and is_own(file_of_module(x))
