"""The declarations of the rule files, as they are written there.

The rule files are found by reading the package: every file in which something is declared
(`elementwise(np.tanh, …)`) is one, in the order of `FAMILIES`, with SciPy's apart. A declaration is
a `Row`: the op, the form it is declared in, and its rules as source expressions; or it is
`Written`: an expression, and what it is written as. A rule that is a `lambda` or a function of one
`return` is what it returns.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Hashable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import micrograd_np as mg
from micrograd_np.core.op import EXPRESSIONS, OPS, Expression, Op

PACKAGE = Path(mg.__file__).parent
FORMS = {  # what a rule file calls, and how the table names it
    "elementwise": "elementwise",
    "linear": "linear",
    "bilinear": "bilinear",
    "primitive": "primitive",
    "reduction": "reduction",
    "several": "several",
}

# The rule files by the last part of their name, in reading order. Any other comes last.
FAMILIES = {
    "Entry by entry": """
        elementwise activations complex_numbers emath sinc
    """,
    "Sums, extrema and order": """
        reductions nan norms statistics sorting sets quantiles
    """,
    "Shapes and places": """
        shaping shapes joining blocks padding creation selection masked indexing accumulation
        ufunc_results ufunc_methods higher_order
    """,
    "Matrices": """
        products vector_products solving triangular determinants decompositions singular_values
        banded matrix_functions
    """,
    "Curves and signals": """
        polynomials calculus fft signal convolution pooling
    """,
}
SPECIAL = """
    exponential gammas incomplete error_functions bessel elliptic hypergeometric distributions
"""
LONGEST = 100  # characters of a rule that stands in the table; longer ones are named there


# ---------------------------------------------------------------- the rule files


def rule_files() -> list[str]:
    """The dotted names below the package of the files that declare something."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        statements = ast.parse(path.read_text(encoding="utf-8")).body
        if any(_declares(statement) for statement in statements):
            found.append(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    return found


def _declares(statement: ast.stmt) -> bool:
    call = getattr(statement, "value", None)
    return isinstance(call, ast.Call) and called(call) in {*FORMS, "expression", "expressions"}


def called(call: ast.Call) -> str:
    """The name of the function that is called, if it is one."""
    return getattr(call.func, "id", "")


def _ordered(names: Iterable[str], order: str) -> list[ModuleType]:
    """The modules, those that `order` names first."""
    places = {name: place for place, name in enumerate(order.split())}
    last = len(places)
    ordered = sorted(names, key=lambda name: (places.get(name.rpartition(".")[2], last), name))
    return [import_module(f"micrograd_np.{name}") for name in ordered]


HAS_SCIPY = find_spec("scipy") is not None
OF_SCIPY = [name for name in rule_files() if name.startswith("ops.derivatives.special.")]
NUMPY = _ordered(set(rule_files()) - set(OF_SCIPY), " ".join(FAMILIES.values()))
SCIPY = _ordered(OF_SCIPY, SPECIAL) if HAS_SCIPY else []
MODULES = [*NUMPY, *SCIPY]


# ---------------------------------------------------------------- reading declarations


class Row(NamedTuple):
    """One declaration: what is declared, in which form, and the rules as written there."""

    op: Op
    form: str
    rules: list[ast.expr]


class Written(NamedTuple):
    """A function that is written in terms of others, and how."""

    expression: Expression
    rule: ast.expr


def rows(module: ModuleType) -> Iterator[Row]:
    """The ops that a rule file declares, in its order."""
    for call in _declarations(module):
        form = FORMS.get(called(call))
        if form is not None:
            function, *rules = call.args
            rules = [each for rule in rules for each in _repeated(rule)]
            op = OPS[meaning(function, vars(module))]
            yield Row(op, form, [inlined(rule, module) for rule in rules])


def expressions(module: ModuleType) -> Iterator[Written]:
    """The expressions that a rule file declares, in its order."""
    for call in _declarations(module):
        if called(call) == "expression":
            function, rule = call.args
            yield Written(EXPRESSIONS[meaning(function, vars(module))], inlined(rule, module))
        if called(call) == "expressions":
            numpys, *rules = call.args
            for rule in rules:
                function = getattr(meaning(numpys, vars(module)), rule.id)
                yield Written(EXPRESSIONS[function], inlined(rule, module))


def _declarations(module: ModuleType) -> Iterator[ast.Call]:
    for statement in ast.parse(inspect.getsource(module)).body:
        if _declares(statement):
            yield statement.value


def _repeated(rule: ast.expr) -> list[ast.expr]:
    """The rules of one argument of a declaration: `*[rule] * 2` is two."""
    if isinstance(rule, ast.Starred):
        return rule.value.left.elts * ast.literal_eval(rule.value.right)
    return [rule]


def meaning(name: ast.expr, names: dict[str, Any]) -> Any:
    """What a dotted name means in a module."""
    return eval(ast.unparse(name), names)  # noqa: S307 - names in our own source


def inlined(rule: ast.expr, module: ModuleType) -> ast.expr:
    """A rule as the expression it returns, where it is no more than that, and short."""
    if isinstance(rule, ast.Lambda):
        return rule.body
    if isinstance(rule, ast.Name):
        returned = _returned(meaning(rule, vars(module)))
        if returned is not None and len(ast.unparse(returned)) <= LONGEST:
            return returned
    return rule


def _returned(function: Callable[..., Any]) -> ast.expr | None:
    """The expression of a function that is one `return` and needs no explanation."""
    body = definition(function).body
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, ast.Return) else None


def definition(function: Callable[..., Any]) -> ast.FunctionDef:
    """The source of a function as a tree."""
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    return ast.parse(source).body[0]


def helpers(rules: list[ast.expr], module: ModuleType) -> dict[str, FunctionType]:
    """The functions of the project that the rules call and that are not ops themselves."""
    found = {}
    for name in {n.id: None for rule in rules for n in ast.walk(rule) if isinstance(n, ast.Name)}:
        function = vars(module).get(name)
        if isinstance(function, FunctionType) and function not in OPS:
            found[name] = function
    return found


def terms(written: Written, module: ModuleType) -> list[str]:
    """The functions with a derivative of which an expression is made, by way of those it calls."""
    found, seen, waiting = set(), set(), [(written.rule, vars(module))]
    while waiting:
        body, names = waiting.pop()
        for node in ast.walk(body):
            function = _mentioned(node, names)
            if not isinstance(function, Hashable):
                continue
            declared = OPS.get(function) or EXPRESSIONS.get(function)
            if declared is not None:
                found.add(declared)
            elif isinstance(function, FunctionType) and function not in seen:
                seen.add(function)
                if function.__module__.startswith("micrograd_np"):
                    waiting.append((definition(function), function.__globals__))
    flat = {op for op in found if isinstance(op, Op) and op.kind == "constant"}
    return sorted({each.name for each in found - flat - {written.expression}})


def _mentioned(node: ast.AST, names: dict[str, Any]) -> Any:
    """What a name or dotted name means, if it is one that the module knows."""
    if isinstance(node, ast.Attribute):
        inner = _mentioned(node.value, names)
        return getattr(inner, node.attr, None) if isinstance(inner, ModuleType) else None
    return names.get(node.id) if isinstance(node, ast.Name) else None
