"""Surroundings: all that a function finds by names and attributes, to look for generators in."""

import functools
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from micrograd_np.errors.places import OWN_FILES

MANY = 1000  # objects that are looked through, and parts of one


# ---------------------------------------------------------------- what a function reaches


def reached(function: Any, wanted: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """The objects wanted that a function finds by names and attributes, each with how it does."""
    ahead: list[tuple[str, Any]] = [("", function)]
    seen: dict[int, Any] = {}
    while ahead and len(seen) < MANY:
        name, x = ahead.pop(0)
        if id(x) in seen:
            continue
        seen[id(x)] = x
        if wanted(x):
            yield name, x
        else:
            ahead += within(name, x)


def within(name: str, x: Any) -> Iterator[tuple[str, Any]]:
    """The objects that an object leads to, by name."""
    if isinstance(x, FunctionType):
        yield from names_in(x)
    elif isinstance(x, MethodType):
        yield "self", x.__self__
        yield name, x.__func__
    elif isinstance(x, functools.partial):
        yield name, x.func
        yield from within("an argument of a partial", [*x.args, *x.keywords.values()])
    elif isinstance(x, list | tuple) and len(x) < MANY:
        yield from ((f"{name}[{i}]", part) for i, part in enumerate(x))
    elif isinstance(x, dict) and len(x) < MANY:
        yield from ((f"{name}[{key!r:.40}]", part) for key, part in list(x.items()))
    elif not isinstance(x, type | ModuleType) and (parts := attributes_of(x)):
        owner = name or type(x).__name__
        yield from ((f"{owner}.{key}", part) for key, part in list(parts.items()))
        if callable(x) and isinstance(call := getattr(type(x), "__call__", None), FunctionType):  # noqa: B004 - its own
            yield name, call


def attributes_of(x: Any) -> dict[str, Any]:
    """The attributes of an object by name. Proxies are not asked for what they stand for."""
    try:
        found = object.__getattribute__(x, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def names_in(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """The objects that a function names: those around it, its defaults, and globals."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it has no value yet
            continue
    yield from within("a default", list(function.__defaults__ or ()))
    if code.co_filename.startswith(OWN_FILES):
        return
    names, meant = set(names_of(code)), function.__globals__
    for name in names.intersection(meant):
        x = meant[name]
        if not isinstance(x, ModuleType):
            yield name, x
        elif not str(getattr(x, "__file__", "")).startswith(OWN_FILES):
            found = names.intersection(vars(x))
            yield from ((f"{name}.{attribute}", vars(x)[attribute]) for attribute in found)


def names_of(code: CodeType) -> Iterator[str]:
    """The names of globals and attributes in a function and in those defined inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_of(constant)
