"""Embedding: the source of functions, with all that it refers to, as part of another module.

What a function refers to is looked up in the module that it is from: other functions and classes,
assignments, imports. All of it is taken along, and so on, in the order of the modules it is from;
where names would meet, one is changed. Decorators of this package are left out, and so are
annotations, which a module with `from __future__ import annotations` never computes.
"""

import ast
import builtins
import inspect
import sys
from collections.abc import Callable
from graphlib import TopologicalSorter
from types import FunctionType
from typing import Any, NamedTuple

from micrograd_np.compiler import helpers
from micrograd_np.compiler.source.globals_of import bound_in, global_names
from micrograd_np.compiler.source.naming import Names
from micrograd_np.compiler.source.reading import (
    is_current,
    segment,
    source_of,
    statements_of,
    words_in,
)
from micrograd_np.compiler.source.scope import PACKAGE
from micrograd_np.errors import SourceError

REPLACED = {("micrograd_np.core.foreign", "is_foreign"), ("micrograd_np.core.foreign", "like")}


class Place(NamedTuple):
    """Where something is defined: a module, and the name it has there."""

    module: str
    name: str


class Piece(NamedTuple):
    """The source of one statement, and `ast.dump` of the statement that it is to be."""

    text: str
    meaning: str


class Embedding:
    """Pieces of source collected for one module, whose `names` they must not take twice."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.called: dict[Place, str] = {}
        self.imports: dict[str, str] = {}  # statements, by the name that they define
        self._found: dict[str, dict[tuple[int, int], Piece]] = {}  # by module and where it begins
        self._needs: dict[str, set[str]] = {}  # of modules

    def add(self, function: Callable[..., Any], name: str | None = None) -> str:
        """The name of a function whose source is taken along; `name`, if one is asked for."""
        place = place_of(inspect.unwrap(function))
        return self._take(place, function, name)

    @property
    def definitions(self) -> list[str]:
        """The sources, each after what it needs when it is run."""
        return [piece.text for piece in self._pieces]

    @property
    def meanings(self) -> list[str]:
        """The meaning of each source to Python: `ast.dump` of it."""
        return [piece.meaning for piece in self._pieces]

    @property
    def _pieces(self) -> "list[Piece]":
        modules = TopologicalSorter(self._needs).static_order()
        return [piece for module in modules for _, piece in sorted(self._found[module].items())]

    def _take(self, place: Place, wanted: Any, name: str | None = None) -> str:
        """The name that what is defined in a place has here."""
        if place in REPLACED:
            place = Place(helpers.__name__, place.name)
        if place in self.called:
            return self.called[place]
        statements = statements_of(place.module, wanted)
        if place.name not in statements:
            raise SourceError.unknown(wanted, place.name)
        statement = statements[place.name]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return self._take_import(statement, place, wanted)
        self.called[place] = name or self._new(place, wanted)
        self._needs.setdefault(place.module, set())
        self._take_statement(statement, place, wanted)
        return self.called[place]

    def _take_statement(self, statement: ast.stmt, place: Place, wanted: Any) -> None:
        for other in bound_in([statement]) - {place.name}:  # x, y = 1, 2
            self.called[Place(place.module, other)] = self._new(place._replace(name=other), wanted)
        kept = without_our_decorators(statement, place.module, wanted)
        new: dict[str, str] = {}
        nodes = global_names(kept)
        for node in nodes:
            if node.id not in new and not is_builtin(node.id, place.module, wanted):
                new[node.id] = self._take(Place(place.module, node.id), wanted)
        new.update({x: self.called[Place(place.module, x)] for x in bound_in([statement])})
        source = source_of(place.module, wanted)
        check_current(place, source, wanted)
        begin = (statement.lineno, statement.col_offset)
        self._found.setdefault(place.module, {})[begin] = written(kept, nodes, new, source)

    def _take_import(
        self, statement: ast.Import | ast.ImportFrom, place: Place, wanted: Any
    ) -> str:
        """The name of what a module imports: ours is taken along, other is imported."""
        alias = next(x for x in statement.names if (x.asname or x.name) == place.name)
        if isinstance(statement, ast.Import):
            if alias.name.partition(".")[0] == PACKAGE:
                raise SourceError.package(wanted, alias.name)
            line, base = f"import {alias.name}", alias.name
        else:
            module = statement.module or ""
            if module.partition(".")[0] == PACKAGE:
                if f"{module}.{alias.name}" in sys.modules:
                    raise SourceError.package(wanted, f"{module}.{alias.name}")
                name = self._take(Place(module, alias.name), wanted)
                self._needs[place.module] |= self._needs.keys() & {module}
                return name
            line, base = f"from {module} import {alias.name}", alias.name
        words = words_in(source_of(place.module, wanted)) - {place.name}
        for name, known in self.imports.items():
            if known in (line, f"{line} as {name}") and name not in words:
                return name
        name = self._new(place, wanted)
        self.imports[name] = line if name == base else f"{line} as {name}"
        return name

    def _new(self, place: Place, wanted: Any) -> str:
        """A name, of which nothing else in the source has it if it is another."""
        return self.names.like(place.name, words_in(source_of(place.module, wanted)))


# ---------------------------------------------------------------- where source is


def place_of(function: Any) -> Place:
    """Where a function is defined.

    Raises SourceError if that is inside another function, or nowhere.
    """
    name = getattr(function, "__qualname__", "")
    if not isinstance(function, FunctionType) or not name.isidentifier():
        raise SourceError.inside(function)
    return Place(function.__module__, name)


def check_current(place: Place, source: str, wanted: Any) -> None:
    """Raise SourceError if what runs in a place is a function that the source does not have."""
    thing = getattr(sys.modules[place.module], place.name, None)
    function = inspect.unwrap(thing) if callable(thing) else thing
    if not isinstance(function, FunctionType) or function.__module__ != place.module:
        return
    if not is_current(function, source):
        raise SourceError.changed(wanted, place.module, place.name)


def is_builtin(name: str, module: str, wanted: Any) -> bool:
    """Whether a name is Python's own."""
    return hasattr(builtins, name) and name not in statements_of(module, wanted)


# ---------------------------------------------------------------- rewriting


def without_our_decorators(statement: ast.stmt, module: str, wanted: Any) -> ast.stmt:
    """A definition without the decorators that are imported from this package."""
    if not isinstance(statement, ast.FunctionDef) or not statement.decorator_list:
        return statement
    known = statements_of(module, wanted)
    kept = [d for d in statement.decorator_list if not is_ours(d, known)]
    return ast.FunctionDef(**{**vars(statement), "decorator_list": kept})


def is_ours(decorator: ast.expr, known: dict[str, ast.stmt]) -> bool:
    """Whether a decorator comes from this package."""
    while not isinstance(decorator, ast.Name):
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        decorator = inner.value if isinstance(inner, ast.Attribute) else inner
        if not isinstance(decorator, ast.Name | ast.Call | ast.Attribute):
            return False
    source = known.get(decorator.id)
    if isinstance(source, ast.ImportFrom):
        return (source.module or "").partition(".")[0] == PACKAGE
    return isinstance(source, ast.Import) and source.names[0].name.partition(".")[0] == PACKAGE


def written(statement: ast.stmt, names: list[ast.Name], new: dict[str, str], source: str) -> Piece:
    """The source of a statement; printed anew, without comments, if names in it change."""
    own = getattr(statement, "name", "")
    changed = [node for node in names if new.get(node.id, node.id) != node.id]
    if not changed and new.get(own, own) == own:
        return Piece(copied(statement, source), ast.dump(statement))
    old = [node.id for node in changed]
    for node in changed:
        node.id = new[node.id]
    if own:
        statement.name = new[own]  # type: ignore[attr-defined]
    piece = Piece(ast.unparse(statement), ast.dump(statement))
    for node, name in zip(changed, old, strict=True):
        node.id = name
    if own:
        statement.name = own  # type: ignore[attr-defined]
    return piece


def copied(statement: ast.stmt, source: str) -> str:
    """The text of a statement, and that of its decorators."""
    decorators = getattr(statement, "decorator_list", [])
    return "\n".join([*(f"@{segment(x, source)}" for x in decorators), segment(statement, source)])
