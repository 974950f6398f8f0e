"""The walk: from a function to all that it finds by names, with a fact for each.

The walk looks through the user's code: functions that are neither ours nor Python's nor an
installed package's, and the objects, classes and modules that they name. If the compiled function
belongs to an installed package, that package counts as the user's. Of an object, only attributes
count that some code on the way looks up. All attributes count for our own modules (layers), and
where names are looked up by text.
"""

import functools
import gc
import inspect
import random
import sys
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from keyword import iskeyword
from operator import attrgetter, methodcaller
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any, ClassVar

import numpy as np

from micrograd_np.compiler.guarding.facts import (
    MISSING,
    ArrayLike,
    Attribute,
    Cached,
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
    Unset,
    Variable,
    is_number,
    is_unset,
)
from micrograd_np.compiler.guarding.names import GLOBALS_BY_TEXT, Names, names_of
from micrograd_np.compiler.guarding.notes import NOTES
from micrograd_np.compiler.guarding.objects import (
    BYTES,
    EMPTY_DESCRIPTORS,
    FIXED,
    GENERATORS,
    ITERATORS,
    LRU_CACHE,
    MAKING,
    MUTABLE,
    NOT_RUN,
    NOTEBOOKS,
    VIEWS,
    Kind,
    attributes_of,
    cells_of,
    is_computed,
    is_leaf,
    is_module,
    is_module_class,
    is_own_module,
    kept_by_cache,
    kind_of,
    looked_up,
    slots_of,
    vars_of,
)
from micrograd_np.compiler.guarding.origins import (
    home_of,
    is_installed,
    is_library,
)
from micrograd_np.core.graph import Node
from micrograd_np.errors import TracingError

MOST = 10_000  # facts that are watched
MODULE_OR_FUNCTION = (ModuleType, FunctionType)
INHERITING = {"super", "type", "__class__", "__mro__", "__bases__", "__base__"}


class Walk:
    """The walk from some functions and objects to all that they depend on.

    `facts`: in the order in which they were found. `seen`: all that was looked at, by identity,
    and `notes` that are only taken. `stored`: facts of variables that are assigned to. `generators`
    of random numbers and `iterators`, by name; `draws_unseen`: whether numbers may be drawn from
    global generators. Of attributes, `without` are not looked at, and `noted` only as notes.
    """

    def __init__(
        self,
        *roots: Any,
        without: frozenset[str] = frozenset(),
        noted: frozenset[str] = frozenset(),
    ) -> None:
        self.without = without
        self.noted = noted
        self.facts: list[Fact] = []
        self.stored: list[Fact] = []
        self.iterators: list[str] = []
        self.generators: list[tuple[str, Any]] = []
        self.draws_unseen = False
        self.seen: dict[int, Any] = {}
        self.notes: list[Any] = []
        self._known: set[tuple[Any, ...]] = set()  # which facts there are
        self._kinds: dict[type, Kind] = {}
        self._names: set[str] = set()  # of attributes that code on the way looks up
        self._assigned: set[str] = set()  # and of those that it assigns to
        self._consulted: set[str] = set()  # names of what is used for more than to take notes
        self._whole = False  # whether any attribute can be looked up
        self._catches = False  # whether code may go on where there is no such attribute
        self._gradients = False  # whether code looks up the gradient of a Tensor
        self._inherits = False  # whether code asks a class for what another one hides
        self._by_name: list[tuple[str, Any]] = []  # those of which only what is named counts
        self._objects: list[tuple[str, Any]] = []  # those whose attributes count
        self._ahead: list[tuple[str, Any]] = [("", root) for root in reversed(roots)]
        code = getattr(inspect.unwrap(roots[0]), "__code__", None)
        self._home = "" if code is None else home_of(code.co_filename)
        self._run()

    @property
    def written_only(self) -> frozenset[str]:
        """Names of attributes that code on the way assigns to, and never looks up."""
        return frozenset(self._assigned - self._names)

    @property
    def noted_only(self) -> frozenset[str]:
        """Names of attributes that code on the way looks up to take notes, and for nothing else."""
        return frozenset(self._names - self._consulted)

    def _run(self) -> None:
        """Go on until there is nothing new: code that is found late may look at what was early."""
        looked: tuple[Any, ...] | None = None
        done = named = 0  # how many objects were looked at for all names known by now
        while True:
            while self._ahead:
                self._visit(*self._ahead.pop())
            state = (
                len(self._names), self._whole, self._catches, self._inherits, self._gradients,
            )  # fmt: skip
            if looked != state:
                looked, done, named = state, 0, 0
            new, new_named = self._objects[done:], self._by_name[named:]
            if not (new or new_named):
                return
            for name, x in new_named:
                self._only_named(name, x)
            for name, x in new:
                self._look_at(name, x)
            done, named = done + len(new), named + len(new_named)

    def _kind(self, kind: type) -> Kind:
        """The `Kind` of a class, found once."""
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = kind_of(kind, self._home)
        return known

    def _add(self, fact: Fact, *key: Any) -> bool:
        """Note a fact, once; returns whether it is new."""
        if (type(fact), *key) in self._known:
            return False
        if len(self.facts) == MOST:
            raise TracingError.too_much(MOST, self.facts[-1].name)
        self._known.add((type(fact), *key))
        self.facts.append(fact)
        return True

    def _named(
        self, kind: type[Named], name: str, owner: Any, key: Any, value: Any, *, noted: bool = False
    ) -> None:
        """Note what a name means, and go on from there unless it is only taken notes in."""
        new = self._add(kind(name, owner, key, value), id(owner), key)
        if type(value) in NOTEBOOKS and noted:
            self._note(name, value)
        elif new or type(value) in NOTEBOOKS:  # other code may take notes in it
            self._ahead.append((name, value))

    def _note(self, name: str, container: Any) -> None:
        """Keep what code only adds to, with the containers in it; go through objects in it."""
        ahead = [container]
        while ahead:
            x = ahead.pop()
            if any(x is note for note in self.notes):
                continue
            self.notes.append(x)
            for part in x.values() if isinstance(x, dict) else ():
                if type(part) in NOTEBOOKS:
                    ahead.append(part)
                elif not self._kind(type(part)).of_library:
                    self._ahead.append((name, part))

    # ------------------------------------------------------------ what there is

    def _visit(self, name: str, x: Any) -> None:
        if is_number(x) or id(x) in self.seen or is_leaf(x):
            return
        self.seen[id(x)] = x
        for kinds, look in self.LOOKS:
            if isinstance(x, kinds):
                look(self, name, x)
                return
        self._object(name, x)

    def _tensor(self, name: str, x: Node) -> None:
        self._add(Flag(f"{name}.requires_grad", x), id(x))
        self._by_name.append((name, x))
        if not self._kind(type(x)).ours:
            self._objects.append((name, x))

    def _memory(self, name: str, x: Any) -> None:
        self._add(Contents(name, x), id(x))
        if isinstance(x, np.ndarray):
            if x.dtype.hasobject:
                self._ahead += [(f"{name}[{i}]", part) for i, part in enumerate(x.flat)]
            if type(x) is not np.ndarray:
                self._object(name, x)

    def _bound(self, name: str, x: MethodType) -> None:
        self._ahead += [(name, x.__func__), (name or "self", x.__self__)]

    def _partial(self, name: str, x: Any) -> None:
        name = name or "a partial function"
        self._named(Attribute, f"{name}.func", x, "func", x.func)
        self._named(Attribute, f"{name}.args", x, "args", x.args)
        self._named(Attribute, f"{name}.keywords", x, "keywords", x.keywords)

    def _view(self, name: str, x: Any) -> None:
        self._ahead.append((name, x.mapping))

    def _flat(self, name: str, x: Any) -> None:
        self._named(Attribute, f"{name}.index", x, "index", x.index)
        self._ahead.append((name, x.base))

    def _reference(self, name: str, x: Any) -> None:
        self._ahead.append((name, x()))

    def _getter(self, _name: str, x: Any) -> None:
        texts = [text for text in x.__reduce__()[1] if isinstance(text, str)]
        names = {name for text in texts for name in text.split(".")}
        self._names |= names
        self._consulted |= names

    def _context(self, name: str, x: Any) -> None:
        try:
            value = x.get()
        except LookupError:  # it has neither a value nor a default
            value = MISSING
        self._named(Current, name, x, None, value)

    def _cached(self, name: str, x: Any) -> None:
        self._ahead.append((name, x.__wrapped__))
        code = getattr(x.__wrapped__, "__code__", None)
        if code is not None and not is_library(code.co_filename, self._home):
            self._add(Cached(f"what {name} keeps", x), id(x))
            self._ahead += [(f"what {name} keeps", part) for part in kept_by_cache(x)]

    def _ufunc(self, name: str, x: Any) -> None:
        self._ahead += [(name, f) for f in gc.get_referents(x) if callable(f)]  # by np.frompyfunc

    def _iterator(self, name: str, _x: Any) -> None:
        self.iterators.append(name)

    def _generator(self, name: str, x: Any) -> None:
        self.generators.append((name or type(x).__name__, x))

    def _builtin(self, name: str, x: BuiltinFunctionType) -> None:
        if isinstance(x.__self__, NOTEBOOKS) and x.__name__ in NOTES:
            self._note(name, x.__self__)
        elif not isinstance(x.__self__, ModuleType):
            self._ahead.append((name, x.__self__))

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
            self.draws_unseen |= is_installed(code.co_filename)
            self._within_library(f)
            return
        names = names_of(code)
        self._names |= names.attributes | names.words
        self._assigned |= names.assigned
        self._consulted |= names.consulted | names.words
        self._whole |= names.by_text
        self.draws_unseen |= "random" in names.attributes  # of NumPy, whose modules are no facts
        self._catches |= names.catches
        self._gradients |= self._looks_up_gradients(f, names)
        self._inherits |= not INHERITING.isdisjoint(names.variables | names.attributes)
        self._objects.append((name or f.__name__, f))
        self._add(Attribute(name or f.__name__, f, "__code__", code), id(f), "code")
        self._defaults(f, names)
        self._around(f, names)
        for module in sorted(names.imported):
            self._imported(module, f.__globals__.get("__package__") or "")
        self._globals(f.__globals__, names)

    def _looks_up_gradients(self, f: FunctionType, names: Names) -> bool:
        """Whether code looks up `grad` of anything but modules of ours and of NumPy."""
        around = {name: cell.cell_contents for name, cell in cells_of(f)}
        meant = (around.get(name, f.__globals__.get(name)) for name in names.with_gradient)
        return not all(map(is_own_module, meant))

    def _around(self, f: FunctionType, names: Names) -> None:
        """The variables of functions around."""
        for variable, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            if names.catches and is_unset(cell, "cell_contents"):
                self._add(Unset(variable, cell, "cell_contents"), id(cell))
        for variable, cell in cells_of(f):
            value = cell.cell_contents
            if variable in names.stored_around:
                self.stored.append(Variable(variable, cell, None, value))
            if variable in names.around:
                noted = variable not in names.consulted
                self._named(Variable, variable, cell, None, value, noted=noted)

    def _globals(self, meant: dict[str, Any], names: Names) -> None:
        """Globals, among them those that are not defined where a built-in is meant."""
        for variable in sorted(names.stored):
            if variable in meant:
                self.stored.append(Item(variable, meant, variable, meant[variable]))
            else:
                self.stored.append(Undefined(variable, meant))
        asked = names.words if names.variables & GLOBALS_BY_TEXT else frozenset[str]()
        for variable in sorted((names.variables | asked).difference(meant)):
            self._add(Undefined(variable, meant), id(meant), variable)
        for variable in sorted((names.variables | names.words).intersection(meant)):
            if is_own_module(meant[variable]):
                self.draws_unseen |= meant[variable].__name__.startswith("numpy.random")
            else:
                noted = variable not in names.consulted | names.words
                self._named(Item, variable, meant, variable, meant[variable], noted=noted)

    def _imported(self, module: str, package: str) -> None:
        """A module that a function imports as it runs, and the packages that it lies in."""
        absolute = module in sys.modules or not package
        parts = (module if absolute else f"{package}.{module}").rstrip(".").split(".")
        for name in (".".join(parts[:i]) for i in range(1, len(parts) + 1)):
            if name not in sys.modules:
                self._add(Undefined(name, sys.modules), id(sys.modules), name)
            elif not is_own_module(sys.modules[name]):
                self._named(Item, name, sys.modules, name, sys.modules[name])

    def _defaults(self, f: FunctionType, names: Names) -> None:
        if f.__defaults__:
            self._add(Attribute("a default", f, "__defaults__", f.__defaults__), id(f), "defaults")
            parameters = f.__code__.co_varnames[: f.__code__.co_argcount]
            for name, x in zip(parameters[::-1], f.__defaults__[::-1], strict=False):
                if name not in names.consulted and type(x) in NOTEBOOKS:
                    self._note(name, x)
                else:
                    self._ahead.append((name, x))
        if f.__kwdefaults__:
            self._named(Attribute, "a default", f, "__kwdefaults__", f.__kwdefaults__)

    def _within_library(self, f: FunctionType) -> None:
        """Follow the variables and defaults that a function of a library was made with."""
        self._ahead += [(variable, cell.cell_contents) for variable, cell in cells_of(f)]
        self._ahead += [("a default", x) for x in f.__defaults__ or ()]
        self._ahead.append((f.__name__, getattr(f, "__wrapped__", None)))

    # ------------------------------------------------------------ objects

    def _object(self, name: str, x: Any) -> None:
        """A module, a class, or anything with attributes."""
        if isinstance(x, ModuleType):
            if not is_own_module(x):
                self._objects.append((x.__name__, x))
            self.draws_unseen |= x.__name__.startswith("numpy.random")
        elif isinstance(x, type):
            if not self._kind(x).of_library:
                self._objects.append((x.__name__, x))
            self.draws_unseen |= self._kind(x).installed
        elif (watched := looked_up(type(x), "__guarded__")) is not None:
            for attribute in watched:
                label = f"{name}.{attribute}" if name not in ("", "self") else attribute
                self._named(Attribute, label, x, attribute, getattr(x, attribute))
            derived = "__guarded__" not in vars(type(x))  # from a class of ours
            (self._objects if derived else self._by_name).append((name or type(x).__name__, x))
        elif self._kind(type(x)).ours and not is_module(x):
            self._ahead += [(name, part) for _, part in attributes_of(x) if callable(part)]
        else:
            if looked_up(type(x), "__array__") and not isinstance(x, np.ndarray):
                self._add(ArrayLike(name, x), id(x))
            self._objects.append((name or type(x).__name__, x))
            self.draws_unseen |= self._kind(type(x)).installed

    def _look_at(self, name: str, x: Any) -> None:
        """The attributes of an object that count by now."""
        if isinstance(x, ModuleType):
            self._module(name, x)
        elif isinstance(x, type):
            self._class(name, x, None)
            if type(x) is not type:
                self._class(name, type(x), x)
        else:
            self._instance(name, x)

    def _module(self, name: str, x: ModuleType) -> None:
        """Follow the attributes that code looks up in a module."""
        for attribute, value in list(vars(x).items()):
            if attribute in self._names:
                noted = attribute in self.noted
                self._named(Attribute, f"{name}.{attribute}", x, attribute, value, noted=noted)
        self._attributes_that_may_come(name, x)
        self._ahead.append((name, vars(x).get("__getattr__")))

    def _instance(self, name: str, x: Any) -> None:
        """Follow the attributes that code looks up in an object, neither a module nor a class."""
        whole, hidden = self._all_of(x), self._hidden(x)
        for attribute, value in attributes_of(x):
            unnamed = whole and attribute not in hidden and not isinstance(value, ITERATORS)
            if attribute in self._names or unnamed:
                self._attribute(f"{name}.{attribute}", x, attribute, value)
        if type(getattr(x, "__dict__", None)) is dict:
            self._attributes_that_may_come(name, x, whole=whole)
        if self._catches:
            self._slots_to_be_filled(name, x)
        wrapped = vars_of(x).get("__wrapped__")
        self._ahead.append((name, wrapped))
        if not isinstance(x, FunctionType):
            self._class(name, type(x), x)

    def _only_named(self, name: str, x: Any) -> None:
        """The attributes of an object of ours that code looks up by name, beside those watched."""
        if isinstance(x, Node):
            found = [("name", x.name)] if "name" in self._names else []
            found += [("grad", x.grad)] if self._gradients else []
        else:
            found = [pair for pair in attributes_of(x) if pair[0] in self._names]
        for attribute, value in found:
            self._attribute(f"{name}.{attribute}", x, attribute, value)

    def _attributes_that_may_come(self, name: str, x: Any, *, whole: bool = False) -> None:
        """Watch for new ones where it makes a difference whether there are any.

        A new attribute of an instance may hide one of its class, and one of a class another's.
        """
        if (
            self._catches
            or (self._inherits and isinstance(x, type))
            or not isinstance(x, FunctionType | ModuleType | type)
        ):
            names = None if whole or self._whole else self._names
            self._add(Size(f"the attributes of {name}", x, names), id(x))

    def _slots_to_be_filled(self, name: str, x: Any) -> None:
        """Watch for a value where code goes on without one."""
        for slot, _ in slots_of(type(x)):
            if slot in self._names and is_unset(x, slot):
                self._add(Unset(f"{name}.{slot}", x, slot), id(x), slot)

    def _all_of(self, x: Any) -> bool:
        """Whether all attributes of an object count."""
        return not isinstance(x, FunctionType) and (is_module(x) or self._read_unseen(x))

    def _hidden(self, x: Any) -> frozenset[str]:
        """Names of attributes that no code reads, of an object that no unknown code reads."""
        return frozenset() if self._read_unseen(x) else self.without

    def _read_unseen(self, x: Any) -> bool:
        """Whether any attribute of an object may be read by a name that is not in the code."""
        return self._whole or self._kind(type(x)).read_unseen

    def _attribute(self, name: str, x: Any, attribute: str, value: Any) -> None:
        """One that an object itself has."""
        described = inspect.getattr_static(type(x), attribute, None)
        if isinstance(described, property):
            return
        noted = attribute in self.noted and not self._read_unseen(x)
        if is_computed(described) or not attribute.isidentifier() or iskeyword(attribute):
            self._named(Item, name, vars_of(x), attribute, value, noted=noted)
        else:
            self._named(Attribute, name, x, attribute, value, noted=noted)

    def _class(self, name: str, kind: type, instance: Any) -> None:
        """Follow the attributes that the user's classes define, for instances or for themselves."""
        seen: set[str] = set()
        module = is_module_class(kind)
        whole = module or (instance is not None and self._all_of(instance))
        hidden = self.without if instance is None else self._hidden(instance)
        users = [x for x in kind.__mro__ if not self._kind(x).of_library]
        for each in users:
            self._attributes_that_may_come(each.__name__, each)
            for attribute, value in list(vars(each).items()):
                special = attribute.startswith("__") and self._is_run(attribute, value, instance)
                by_name = attribute in self._names or (whole and not attribute.startswith("__"))
                sets = attribute in self._assigned and is_computed(value)
                if not (special or by_name or sets) or (attribute in hidden and not sets):
                    continue
                if attribute not in seen:
                    self._member(f"{name}.{attribute}", (kind, each), instance, attribute, value)
                elif self._inherits:
                    self._inherited(f"{each.__name__}.{attribute}", each, attribute, value)
                seen.add(attribute)
        if users and instance is not None:
            fact = Attribute(f"the class of {name}", instance, "__class__", kind)
            self._add(fact, id(instance), "class")

    def _is_run(self, name: str, value: Any, instance: Any) -> bool:
        """Whether Python may run a special method of the user's."""
        value = getattr(value, "__func__", value)
        if not isinstance(value, FunctionType) or name in NOT_RUN:
            return False
        made = instance is not None and name in MAKING
        return not made and not is_library(value.__code__.co_filename, self._home)

    def _member(
        self, name: str, kinds: tuple[type, type], instance: Any, attribute: str, value: Any
    ) -> None:
        """Something that is defined in a class, of which the first of two kinds inherits."""
        kind, defining = kinds
        if isinstance(value, property):
            self._named(Attribute, name, kind, attribute, value)
            self._ahead += [(name, f) for f in (value.fget, value.fset) if f is not None]
        elif isinstance(value, staticmethod):
            self._named(Attribute, name, kind, attribute, value.__func__)
        elif isinstance(value, classmethod):
            self._named(Method, name, kind, attribute, value.__func__)
            self._ahead.append((kind.__name__, kind))
        elif isinstance(value, FunctionType):
            self._method(name, kind, instance, attribute, value)
        elif hasattr(type(value), "__get__"):
            self._add(Item(name, vars(defining), attribute, value), id(defining), attribute)
            if not isinstance(value, EMPTY_DESCRIPTORS):
                self._ahead.append((name, value))
        elif instance is None or attribute not in vars_of(instance):
            owner = kind if instance is None else instance
            noted = attribute in self.noted
            self._named(Attribute, name, owner, attribute, value, noted=noted)
        elif self._inherits:
            self._inherited(name, defining, attribute, value)

    def _method(
        self, name: str, kind: type, instance: Any, attribute: str, value: FunctionType
    ) -> None:
        """A function in a class: a method, of an instance if there is one."""
        if instance is None or attribute.startswith("__") or is_module(instance):
            self._named(Attribute, name, kind, attribute, value)
        elif type(getattr(instance, attribute, None)) is MethodType:
            self._named(Method, name, instance, attribute, value)

    def _inherited(self, name: str, kind: type, attribute: str, value: Any) -> None:
        """Something of a class that is hidden, but not from `super()` and `type(x)`."""
        self._add(Item(name, vars(kind), attribute, value), id(kind), attribute)
        if isinstance(value, property):
            self._ahead += [(name, f) for f in (value.fget, value.fset) if f is not None]
        else:
            self._ahead.append((name, getattr(value, "__func__", value)))

    # How things of some kinds are looked at; of all others the attributes are.
    LOOKS: ClassVar[tuple[tuple[Any, Callable[["Walk", str, Any], None]], ...]] = (
        (Node, _tensor),
        (BYTES, _memory),
        (FunctionType, _function),
        (MethodType, _bound),
        (functools.partial, _partial),
        ((attrgetter, methodcaller), _getter),
        (ContextVar, _context),
        (VIEWS, _view),
        (LRU_CACHE, _cached),
        (np.ufunc, _ufunc),
        (random.SystemRandom, _iterator),
        (GENERATORS, _generator),
        (BuiltinFunctionType, _builtin),
        (np.flatiter, _flat),
        (weakref.ref, _reference),
        (ITERATORS, _iterator),
        ((*MUTABLE, *FIXED), _container),
    )
