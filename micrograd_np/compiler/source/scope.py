"""Scopes: the names of a printed module, and what they stand for.

A function is found by identity among the public names of the modules below, else in the module that
it says it is of. What is found nowhere is *bound*: put among the module's globals as an object.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.source.naming import Names, is_name

SEARCHED = (
    "numpy", "numpy.linalg", "numpy.fft", "numpy.lib.stride_tricks", "math", "builtins",
    "scipy.special", "scipy.linalg", "scipy.signal",
)  # fmt: skip
PACKAGE = "micrograd_np"
RESERVED = ("np", "pool", "buffers", "memory", "reusable", "from_text")  # what is in every module


class Home(NamedTuple):
    """Where something is imported from."""

    module: str
    name: str


class Scope:
    """The names given out in one module, with what must be imported or bound for them.

    `imports`: names by where they come from. `functions`: what is ours or a user's, by name.
    `objects`: anything else, by name. `lines`: definitions of numbers and the like, by name.
    """

    def __init__(self) -> None:
        self.names = Names(RESERVED)
        self.imports: dict[Home, str] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.objects: dict[str, Any] = {}
        self.lines: dict[str, str] = {}
        self.dotted = False  # whether some name stands behind `np.`
        self._known: dict[Any, str] = {}

    def function(self, function: Callable[..., Any], hint: str = "") -> str:
        """The expression that a function is called by."""
        home = home_of(function)
        if home is not None:
            return self.imported(home)
        return self._once(("function", id(function)), lambda: self._own_function(function, hint))

    def imported(self, home: Home) -> str:
        """The expression for what a module has; names that Python has a meaning for stay dotted."""
        if home.module == "builtins":
            return home.name
        if home in self.imports:
            return self.imports[home]
        if home.module == "numpy" and not self.names.is_free(home.name):
            self.dotted = True
            return f"np.{home.name}"
        self.imports[home] = self.names.new(home.name)
        return self.imports[home]

    def numpy(self, name: str) -> str:
        """The expression for a name of NumPy's."""
        return self.imported(Home("numpy", name))

    def value(self, key: Any, hint: str, line: Callable[[str], str]) -> str:
        """The name of a value that is defined once, by a line made of its name."""

        def made() -> str:
            name = self.names.new(hint)
            self.lines[name] = line(name)
            return name

        return self._once(key, made)

    def object(self, thing: Any, hint: str) -> str:
        """The name of an object that cannot be written down."""

        def made() -> str:
            name = self.names.new(hint)
            self.objects[name] = thing
            return name

        return self._once(("object", id(thing)), made)

    def _own_function(self, function: Callable[..., Any], hint: str) -> str:
        name = self.names.new(hint or getattr(function, "__name__", type(function).__name__))
        self.functions[name] = function
        return name

    def _once(self, key: Any, make: Callable[[], str]) -> str:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def import_lines(self) -> Iterator[str]:
        """The statements that import all names, one for each module."""
        if self.dotted:
            yield "import numpy as np"
        modules: dict[str, list[str]] = {}
        for home, name in self.imports.items():
            renamed = f" as {name}" if name != home.name else ""
            modules.setdefault(home.module, []).append(home.name + renamed)
        for module, names in sorted(modules.items()):
            yield "\n".join(wrapped(f"from {module} import ", sorted(names)))


def wrapped(start: str, parts: list[str], width: int = 100) -> list[str]:
    """`start` and the parts on one line, in parentheses over several if it is too long."""
    line = start + ", ".join(parts)
    if len(line) <= width:
        return [line]
    lines, current = [f"{start}("], "   "
    for part in parts:
        if len(current) + len(part) + 2 > width:
            lines.append(current)
            current = "   "
        current += f" {part},"
    return [*lines, current, ")"]


# ---------------------------------------------------------------- where functions are at home


def home_of(thing: Any) -> Home | None:
    """Where a function or a class is imported from; None if nowhere outside this package."""
    try:
        found = searched().get(thing)
    except TypeError:  # it has no hash
        return None
    if found is not None:
        return found
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or not is_name(name):
        return None
    if module.partition(".")[0] in (PACKAGE, "__main__") or not is_importable(module):
        return None
    return Home(module, name) if getattr(sys.modules[module], name, None) is thing else None


def is_importable(module: str) -> bool:
    """Whether it is a module of Python's own library, or of NumPy or SciPy."""
    package, *_ = parts = module.split(".")
    known = package in sys.stdlib_module_names or package in ("numpy", "scipy")
    return known and module in sys.modules and all(map(is_name, parts))


def searched() -> dict[Any, Home]:
    """Where the functions of the modules searched are, of those that are imported."""
    return _searched(tuple(name for name in SEARCHED if name in sys.modules))


@cache
def _searched(modules: tuple[str, ...]) -> dict[Any, Home]:
    found: dict[Any, Home] = {}
    for module in modules:
        for name, thing in public(sys.modules[module]):
            if getattr(thing, "__name__", name) == name:
                found.setdefault(thing, Home(module, name))
    return found


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions and classes among a module's public names."""
    for name, thing in vars(module).items():
        if name.startswith("_") or isinstance(thing, ModuleType) or not callable(thing):
            continue
        if isinstance(thing, np.ufunc | type) or hasattr(thing, "__name__"):
            yield name, thing
