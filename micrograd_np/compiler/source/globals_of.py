"""Global names: which names in a piece of source mean something outside it.

Annotations are left out: with `from __future__ import annotations` they are never computed.
"""

import ast
from collections.abc import Iterator, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def global_names(statement: ast.stmt) -> list[ast.Name]:
    """The names in a statement of a module that the module, or Python itself, has to define."""
    finder = Finder()
    finder.visit(statement)
    return finder.found


class Finder(ast.NodeVisitor):
    """Visits a tree with the local names of the functions around."""

    def __init__(self) -> None:
        self.found: list[ast.Name] = []
        self.local: list[frozenset[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        """A name that nothing around defines is one of the module."""
        if not any(node.id in names for names in self.local):
            self.found.append(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Its decorators are outside of it."""
        self._visit_all(node.decorator_list)
        self._visit_function(node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its body is one expression."""
        self._visit_function(node, [node.body])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """All but the annotation."""
        self._visit_all([node.target, *([node.value] if node.value else [])])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Methods do not see what the class defines."""
        self._visit_all([*node.decorator_list, *node.bases, *(k.value for k in node.keywords)])
        names = frozenset(bound_in(node.body))
        for part in node.body:
            if isinstance(part, ast.FunctionDef):
                self._visit_inside(names, part.decorator_list)
                self._visit_function(part, part.body)
            else:
                self._visit_inside(names, [part])

    def _visit_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        self.local.append(frozenset(bound_in([part.target for part in node.generators])))
        self.generic_visit(node)
        self.local.pop()

    visit_ListComp = _visit_comprehension  # noqa: N815 - the names that `ast` looks for
    visit_SetComp = _visit_comprehension  # noqa: N815
    visit_DictComp = _visit_comprehension  # noqa: N815
    visit_GeneratorExp = _visit_comprehension  # noqa: N815

    def _visit_function(self, node: Function, body: Sequence[ast.AST]) -> None:
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        self._visit_all([x for x in defaults if x is not None])
        self._visit_inside(frozenset(parameters(node)) | frozenset(bound_in(body)), body)

    def _visit_inside(self, names: frozenset[str], nodes: Sequence[ast.AST]) -> None:
        self.local.append(names)
        self._visit_all(nodes)
        self.local.pop()

    def _visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def parameters(node: Function) -> Iterator[str]:
    """The names of a function's parameters."""
    args = node.args
    given = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return (each.arg for each in given if each is not None)


def bound_in(body: Sequence[ast.AST]) -> set[str]:
    """The names that a body gives a meaning, not those of functions inside it."""
    found: set[str] = set()
    elsewhere: set[str] = set()
    nodes = list(body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, ast.Global):
            elsewhere |= set(node.names)
        elif isinstance(node, ast.Lambda):
            continue
        nodes += ast.iter_child_nodes(node)
    return found - elsewhere
