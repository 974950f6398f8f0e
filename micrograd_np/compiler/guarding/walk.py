"""The walk: from a function to all that it finds by names, with a fact for each.

What is looked through is the user's: functions whose code is neither ours nor Python's nor an
installed package's (unless the compiled function belongs to that package itself), and the objects,
classes and modules that they name. Of an object only the attributes count that some code on the way
looks up; of our own modules (layers), and where names are looked up by text, all of them.
"""

import collections
import enum
import functools
import inspect
import itertools
import sys
from array import array
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from keyword import iskeyword
from operator import attrgetter, methodcaller
from types import (
    BuiltinFunctionType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any, ClassVar

import numpy as np

from micrograd_np.compiler.guarding.facts import (
    MISSING,
    Attribute,
    Contents,
    Current,
    Fact,
    Flag,
    Item,
    Method,
    Named,
    Parts,
    Size,
    Undefined,
    Variable,
    is_number,
)
from micrograd_np.compiler.guarding.names import (
    Names,
    file_of_class,
    home_of,
    is_library,
    is_own,
    names_of,
)
from micrograd_np.graph import Node

MUTABLE: tuple[type, ...] = (list, dict, set, collections.deque, MappingProxyType)
FIXED: tuple[type, ...] = (tuple, frozenset)
BYTES = (np.ndarray, bytearray, memoryview, array)
LEAVES: tuple[type, ...] = (
    np.random.Generator, np.random.RandomState, np.dtype, np.ufunc, BuiltinFunctionType, enum.Enum,
    range, slice,
)  # fmt: skip
NOTHING: tuple[Any, ...] = ([], (), {}, {}.values(), {}.items(), set(), "", b"", range(0))
ITERATORS: tuple[type, ...] = (
    GeneratorType, *(type(iter(x)) for x in NOTHING), zip, map, filter, enumerate, reversed,
    *(x for x in vars(itertools).values() if isinstance(x, type) and hasattr(x, "__next__")),
)  # fmt: skip
NOT_RUN = {"__init_subclass__", "__repr__", "__str__", "__del__", "__reduce__", "__getnewargs__"}
MAKING = {"__new__", "__init__", "__post_init__"}  # run when an instance is made


def is_module(x: Any) -> bool:
    """Whether it has parameters and settings."""
    return hasattr(type(x), "__tree_static__")


class Walk:
    """What some functions and objects depend on.

    `facts`: in the order in which they were found. `seen`: all that was looked at, by identity.
    `stored`: facts of variables that are assigned to. `iterators`: names of those.
    """

    def __init__(self, *roots: Any, without: frozenset[str] = frozenset()) -> None:
        self.without = without
        self.facts: list[Fact] = []
        self.stored: list[Named] = []
        self.iterators: list[str] = []
        self.seen: dict[int, Any] = {}
        self._known: set[tuple[Any, ...]] = set()  # which facts there are
        self._names: set[str] = set()  # of attributes that code on the way looks up
        self._assigned: set[str] = set()  # and of those that it assigns to
        self._whole = False  # whether any attribute can be looked up
        self._objects: list[tuple[str, Any]] = []  # those whose attributes count
        self._ahead: list[tuple[str, Any]] = [("", root) for root in reversed(roots)]
        code = getattr(inspect.unwrap(roots[0]), "__code__", None)
        self._home = "" if code is None else home_of(code.co_filename)
        self._run()

    @property
    def written_only(self) -> frozenset[str]:
        """Names of attributes that code on the way assigns to, and never looks up."""
        return frozenset(self._assigned - self._names)

    def _run(self) -> None:
        """Go on until there is nothing new: code that is found late may look at what was early."""
        looked: tuple[int, bool, int] | None = None
        while looked != (state := (len(self._names), self._whole, len(self._objects))):
            looked = state
            while self._ahead:
                self._visit(*self._ahead.pop())
            for name, x in list(self._objects):
                self._look_at(name, x)

    def _add(self, fact: Fact, *key: Any) -> bool:
        """Note a fact, once; returns whether it is new."""
        if (type(fact), *key) in self._known:
            return False
        self._known.add((type(fact), *key))
        self.facts.append(fact)
        return True

    def _named(self, kind: type[Named], name: str, owner: Any, key: Any, value: Any) -> None:
        """Note what a name means, and go on from there."""
        if self._add(kind(name, owner, key, value), id(owner), key):
            self._ahead.append((name, value))

    # ------------------------------------------------------------ what there is

    def _visit(self, name: str, x: Any) -> None:
        if is_number(x) or id(x) in self.seen or isinstance(x, LEAVES):
            return
        self.seen[id(x)] = x
        for kinds, look in self.LOOKS:
            if isinstance(x, kinds):
                look(self, name, x)
                return
        self._object(name, x)

    def _tensor(self, name: str, x: Node) -> None:
        self._add(Flag(f"{name}.requires_grad", x), id(x))

    def _memory(self, name: str, x: Any) -> None:
        self._add(Contents(name, x), id(x))

    def _bound(self, name: str, x: MethodType) -> None:
        self._ahead += [(name, x.__func__), ("self", x.__self__)]

    def _partial(self, name: str, x: Any) -> None:
        self._ahead += [(name, x.func), (name, x.args), (name, x.keywords)]

    def _getter(self, _name: str, x: Any) -> None:
        texts = [text for text in x.__reduce__()[1] if isinstance(text, str)]
        self._names.update(name for text in texts for name in text.split("."))

    def _context(self, name: str, x: Any) -> None:
        self._named(Current, name, x, None, x.get(MISSING))

    def _iterator(self, name: str, _x: Any) -> None:
        self.iterators.append(name)

    def _container(self, name: str, x: Any) -> None:
        if not isinstance(x, FIXED):
            self._add(Parts(name, x), id(x))
        if not isinstance(x, (dict, MappingProxyType)):
            self._ahead += [(f"{name}[{i}]", part) for i, part in enumerate(x)]
        else:
            self._ahead += [(f"{name}[{key!r:.40}]", part) for key, part in x.items()]
            self._ahead += [(f"a key of {name}", key) for key in x]
        if type(x) not in (*MUTABLE, *FIXED):
            self._object(name, x)

    # ------------------------------------------------------------ functions

    def _function(self, name: str, f: FunctionType) -> None:
        code = f.__code__
        if is_library(code.co_filename, self._home):
            self._within_library(f, all_of_it=is_own(code.co_filename))
            return
        names = names_of(code)
        self._names |= names.attributes | names.words
        self._assigned |= names.assigned
        self._whole |= names.by_text
        self._objects.append((name or f.__name__, f))
        self._add(Attribute(name or f.__name__, f, "__code__", code), id(f), "code")
        self._defaults(f)
        self._around(f, names)
        for module in sorted(names.imported):
            self._imported(module, f.__globals__.get("__package__") or "")
        self._globals(f.__globals__, names)

    def _around(self, f: FunctionType, names: Names) -> None:
        """The variables of functions around."""
        for variable, cell in cells_of(f):
            value = cell.cell_contents
            if variable in names.stored:
                self.stored.append(Variable(variable, cell, None, value))
            if variable in names.around:
                self._named(Variable, variable, cell, None, value)

    def _globals(self, meant: dict[str, Any], names: Names) -> None:
        """Globals, among them those that are not defined where a built-in is meant."""
        for variable in sorted(names.stored.intersection(meant)):
            self.stored.append(Item(variable, meant, variable, meant[variable]))
        for variable in sorted(names.variables.difference(meant)):
            self._add(Undefined(variable, meant), id(meant), variable)
        for variable in sorted((names.variables | names.words).intersection(meant)):
            if not is_own_module(meant[variable]):
                self._named(Item, variable, meant, variable, meant[variable])

    def _imported(self, module: str, package: str) -> None:
        """A module that a function imports as it runs, and the packages that it lies in."""
        absolute = module in sys.modules or not package
        parts = (module if absolute else f"{package}.{module}").rstrip(".").split(".")
        for name in (".".join(parts[:i]) for i in range(1, len(parts) + 1)):
            if name not in sys.modules:
                self._add(Undefined(name, sys.modules), id(sys.modules), name)
            elif not is_own_module(sys.modules[name]):
                self._named(Item, name, sys.modules, name, sys.modules[name])

    def _defaults(self, f: FunctionType) -> None:
        if f.__defaults__:
            self._add(Attribute("a default", f, "__defaults__", f.__defaults__), id(f), "defaults")
            parameters = f.__code__.co_varnames[: f.__code__.co_argcount]
            self._ahead += zip(parameters[::-1], f.__defaults__[::-1], strict=False)
        if f.__kwdefaults__:
            self._named(Attribute, "a default", f, "__kwdefaults__", f.__kwdefaults__)

    def _within_library(self, f: FunctionType, *, all_of_it: bool) -> None:
        """What a function that is not the user's was made with: functions, and all of ours."""
        found = [(variable, cell.cell_contents) for variable, cell in cells_of(f)]
        found += [("a default", x) for x in f.__defaults__ or ()]
        found.append((f.__name__, getattr(f, "__wrapped__", None)))
        self._ahead += [(name, x) for name, x in found if all_of_it or callable(x)]

    # ------------------------------------------------------------ objects

    def _object(self, name: str, x: Any) -> None:
        """A module, a class, or anything with attributes."""
        if isinstance(x, ModuleType):
            if not is_own_module(x):
                self._objects.append((x.__name__, x))
        elif isinstance(x, type):
            if not is_library(file_of_class(x), self._home):
                self._objects.append((x.__name__, x))
        elif (watched := getattr(type(x), "__guarded__", None)) is not None:
            for attribute in watched:
                label = f"{name}.{attribute}" if name not in ("", "self") else attribute
                self._named(Attribute, label, x, attribute, getattr(x, attribute))
        elif is_own(file_of_class(type(x))) and not is_module(x):
            self._ahead += [(name, part) for _, part in attributes_of(x) if callable(part)]
        else:
            self._objects.append((name or type(x).__name__, x))

    def _look_at(self, name: str, x: Any) -> None:
        """The attributes of an object that count by now."""
        if isinstance(x, ModuleType):
            for attribute, value in list(vars(x).items()):
                if attribute in self._names:
                    self._named(Attribute, f"{name}.{attribute}", x, attribute, value)
            return
        if isinstance(x, type):
            self._class(name, x, None)
            if type(x) is not type:
                self._class(name, type(x), x)
            return
        whole = self._all_of(x)
        for attribute, value in attributes_of(x):
            unnamed = whole and attribute not in self.without and not isinstance(value, ITERATORS)
            if attribute in self._names or unnamed:
                self._attribute(f"{name}.{attribute}", x, attribute, value)
        if type(getattr(x, "__dict__", None)) is dict and not isinstance(x, FunctionType):
            self._add(Size(f"the attributes of {name}", x), id(x))  # one may come that is asked for
        wrapped = vars_of(x).get("__wrapped__")
        self._ahead.append((name, wrapped))
        if not isinstance(x, FunctionType):
            self._class(name, type(x), x)

    def _all_of(self, x: Any) -> bool:
        """Whether all attributes of an object count."""
        if isinstance(x, FunctionType):
            return False
        return (
            is_module(x)
            or self._whole
            or any(
                isinstance(getattr(type(x), name, None), FunctionType)
                for name in ("__getattr__", "__getattribute__", "__getitem__")
            )
        )

    def _attribute(self, name: str, x: Any, attribute: str, value: Any) -> None:
        """One that an object itself has."""
        if isinstance(getattr(type(x), attribute, None), property):
            return
        if attribute.isidentifier() and not iskeyword(attribute):
            self._named(Attribute, name, x, attribute, value)
        else:
            self._named(Item, name, vars_of(x), attribute, value)

    def _class(self, name: str, kind: type, instance: Any) -> None:
        """What the user's classes say of their instances, or of themselves."""
        seen: set[str] = set()
        module = hasattr(kind, "__tree_static__")
        whole = module or (instance is not None and self._all_of(instance))
        users = [x for x in kind.__mro__ if not is_library(file_of_class(x), self._home)]
        for each in users:
            for attribute, value in list(vars(each).items()):
                special = attribute.startswith("__") and self._is_run(attribute, value, instance)
                by_name = attribute in self._names or (whole and not attribute.startswith("__"))
                if not (special or by_name) or attribute in self.without:
                    continue
                if attribute not in seen:
                    self._member(f"{name}.{attribute}", kind, instance, attribute, value)
                elif isinstance(value, FunctionType):  # by super()
                    self._named(Attribute, f"{each.__name__}.{attribute}", each, attribute, value)
                seen.add(attribute)
        if users and instance is not None:
            fact = Attribute(f"the class of {name}", instance, "__class__", kind)
            self._add(fact, id(instance), "class")

    def _is_run(self, name: str, value: Any, instance: Any) -> bool:
        """Whether Python may run a special method of the user's."""
        if not isinstance(value, FunctionType) or name in NOT_RUN:
            return False
        made = instance is not None and name in MAKING
        return not made and not is_library(value.__code__.co_filename, self._home)

    def _member(self, name: str, kind: type, instance: Any, attribute: str, value: Any) -> None:
        """Something that is defined in a class."""
        special = attribute.startswith("__")
        if isinstance(value, property):
            self._named(Attribute, name, kind, attribute, value)
            self._ahead += [(name, f) for f in (value.fget, value.fset) if f is not None]
        elif isinstance(value, staticmethod):
            self._named(Attribute, name, kind, attribute, value.__func__)
        elif isinstance(value, classmethod):
            self._named(Method, name, kind, attribute, value.__func__)
            self._ahead.append((kind.__name__, kind))
        elif isinstance(value, FunctionType):
            if instance is None or special or is_module(instance):
                self._named(Attribute, name, kind, attribute, value)
            elif type(getattr(instance, attribute, None)) is MethodType:
                self._named(Method, name, instance, attribute, value)
        elif hasattr(type(value), "__get__"):
            self._ahead.append((name, getattr(value, "func", value)))
        elif instance is None or attribute not in vars_of(instance):
            owner = kind if instance is None else instance
            self._named(Attribute, name, owner, attribute, value)

    # How things of some kinds are looked at; of all others the attributes are.
    LOOKS: ClassVar[tuple[tuple[Any, Callable[["Walk", str, Any], None]], ...]] = (
        (Node, _tensor),
        (BYTES, _memory),
        (FunctionType, _function),
        (MethodType, _bound),
        (functools.partial, _partial),
        ((attrgetter, methodcaller), _getter),
        (ContextVar, _context),
        (ITERATORS, _iterator),
        ((*MUTABLE, *FIXED), _container),
    )


# ---------------------------------------------------------------- reading objects


def cells_of(f: FunctionType) -> Iterator[tuple[str, Any]]:
    """The variables of functions around that have a value, by name."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            _ = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
        yield name, cell


def vars_of(x: Any) -> dict[str, Any]:
    """What an object holds by name. Proxies are not asked for what they stand for."""
    try:
        found = object.__getattribute__(x, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def attributes_of(x: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that an object itself has, in its dict or in slots."""
    yield from list(vars_of(x).items())
    for kind in type(x).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                yield name, object.__getattribute__(x, name)
            except AttributeError:
                continue


def is_own_module(x: Any) -> bool:
    """Whether it is a module of ours or of NumPy."""
    return isinstance(x, ModuleType) and is_own(str(getattr(x, "__file__", None) or ""))
