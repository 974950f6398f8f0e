"""The table of operations, written from the registry and from the sources of the rules.

The rule files are found by reading the package: every file in which something is declared
(`elementwise(np.tanh, …)`) is one, in the order of `FAMILIES`, with SciPy's apart. Every
declaration is one `Row`: the op, the form it is declared in, and its rules as source expressions. A
rule that is a `lambda` or a function of one `return` is shown as that expression; other functions
by name, explained below the table. `expression`s are listed with what they are written in terms of.
Constant ops have no rules and are listed from the registry alone.

`python docs/extensions/op_table.py` prints it all as Markdown; Sphinx, which loads this file as an
extension, puts it where a page says `{op-table}` or, for SciPy's functions, `{op-table} scipy`.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Hashable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import micrograd_np as mg
from micrograd_np.op import EXPRESSIONS, OPS, Expression, Op
from micrograd_np.ops.account import callables

PACKAGE = Path(mg.__file__).parent
FORMS = {  # what a rule file calls, and how the table names it
    "elementwise": "elementwise",
    "linear": "linear",
    "bilinear": "bilinear",
    "primitive": "primitive",
    "reduction": "reduction",
    "spread": "reduction",
    "several": "several",
}
ONE_RULE = {"reduction", "spread"}  # the names of options follow their slope

# The rule files in reading order. One that is not named here comes last.
FAMILIES = {
    "Entry by entry": """
        elementwise activations complex_numbers extended_domain bessel
    """,
    "Sums, extrema and order": """
        reduction missing norms statistics ordering quantiles
    """,
    "Shapes and places": """
        shaping joining padding creation choosing masking indexing calling
    """,
    "Linear algebra": """
        linalg products solving determinants decompositions singular_values
    """,
    "Curves and signals": """
        polynomials calculus fft signal convolution pooling
    """,
}
SPECIAL = """
    exponential gammas error_functions bessel elliptic hypergeometric polynomials distributions
"""
LEFT_OUT = "SciPy was not installed when this page was built, so its functions are left out."
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
    return isinstance(call, ast.Call) and _called(call) in {*FORMS, "expression"}


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "")


def _ordered(names: Iterable[str], order: str) -> list[ModuleType]:
    """The modules, those that `order` names first."""
    places = {name: place for place, name in enumerate(order.split())}
    last = len(places)
    ordered = sorted(names, key=lambda name: places.get(name.rpartition(".")[2], last))
    return [import_module(f"micrograd_np.{name}") for name in ordered]


HAS_SCIPY = find_spec("scipy") is not None
OF_SCIPY = [name for name in rule_files() if name.startswith("ops.special.")]
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
        form = FORMS.get(_called(call))
        if form is not None:
            function, *rules = call.args
            rules = rules[:1] if _called(call) in ONE_RULE else _arranged(rules, call)
            op = OPS[_meaning(function, vars(module))]
            yield Row(op, form, [_inlined(rule, module) for rule in rules])


def expressions(module: ModuleType) -> Iterator[Written]:
    """The expressions that a rule file declares, in its order."""
    for call in _declarations(module):
        if _called(call) == "expression":
            function, rule = call.args[:2]
            yield Written(EXPRESSIONS[_meaning(function, vars(module))], _inlined(rule, module))


def constants(*, of_scipy: bool) -> list[Op]:
    """The ops without rules, in the order in which they are declared."""
    declared = [op for op in dict.fromkeys(OPS.values()) if op.kind == "constant"]
    return [op for op in declared if _spelled(op).startswith("`scipy") == of_scipy]


def _declarations(module: ModuleType) -> Iterator[ast.Call]:
    for statement in ast.parse(inspect.getsource(module)).body:
        if _declares(statement):
            yield statement.value


def _arranged(rules: list[ast.expr], call: ast.Call) -> list[ast.expr]:
    """The rules in the order of the inputs: `*[rule] * 2` is two, that of `several` is last."""
    rules = [each for rule in rules for each in _repeated(rule)]
    first = any(keyword.arg == "first" for keyword in call.keywords)
    if _called(call) == "several" and not first:
        rules = [*rules[1:], rules[0]]
    return rules


def _repeated(rule: ast.expr) -> list[ast.expr]:
    if isinstance(rule, ast.Starred):
        return rule.value.left.elts * ast.literal_eval(rule.value.right)
    return [rule]


def _meaning(name: ast.expr, names: dict[str, Any]) -> Any:
    """What a dotted name means in a module."""
    return eval(ast.unparse(name), names)  # noqa: S307 - names in our own source


def _inlined(rule: ast.expr, module: ModuleType) -> ast.expr:
    """A rule as the expression it returns, where it is no more than that, and short."""
    if isinstance(rule, ast.Lambda):
        return rule.body
    if isinstance(rule, ast.Name):
        returned = _returned(_meaning(rule, vars(module)))
        if returned is not None and len(ast.unparse(returned)) <= LONGEST:
            return returned
    return rule


def _returned(function: Callable[..., Any]) -> ast.expr | None:
    """The expression of a function that is one `return` and needs no explanation."""
    body = _definition(function).body
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, ast.Return) else None


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    return ast.parse(source).body[0]


def _helpers(rules: list[ast.expr], module: ModuleType) -> dict[str, FunctionType]:
    """The functions of the project that the rules call and that are not ops themselves."""
    found = {}
    for name in {n.id: None for rule in rules for n in ast.walk(rule) if isinstance(n, ast.Name)}:
        function = vars(module).get(name)
        if isinstance(function, FunctionType) and function not in OPS:
            found[name] = function
    return found


def _terms(rule: ast.expr, module: ModuleType) -> list[Op | Expression]:
    """The registered functions that an expression is made of, through the functions it calls."""
    found, seen, waiting = {}, set(), [(rule, vars(module))]
    while waiting:
        body, names = waiting.pop()
        for node in ast.walk(body):
            function = _mentioned(node, names)
            declared = OPS.get(function) or EXPRESSIONS.get(function)
            if declared is not None:
                found[declared] = None
            elif isinstance(function, FunctionType) and function not in seen:
                seen.add(function)
                if function.__module__.startswith("micrograd_np"):
                    waiting.append((_definition(function), function.__globals__))
    return list(found)


def _mentioned(node: ast.AST, names: dict[str, Any]) -> Any:
    """What a name or dotted name means, if it is one that the module knows."""
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or isinstance(names.get(root.id), str | type(None)):
        return None
    if isinstance(node, ast.Attribute) and not isinstance(names[root.id], ModuleType):
        return None
    meant = _meaning(node, names)
    return meant if isinstance(meant, Hashable) else None


# ---------------------------------------------------------------- writing Markdown


def markdown(*, of_scipy: bool = False) -> str:
    """The table of NumPy's functions and ours, or of SciPy's: a section for each rule file."""
    if of_scipy:
        return "\n\n".join([*(_section(m, "##") for m in SCIPY), _flat(of_scipy=True)])
    parts = []
    for family, modules in groupby(NUMPY, _family):
        parts += [f"## {family}", *(_section(module, "###") for module in modules)]
    return "\n\n".join([*parts, _flat(of_scipy=False)])


def _family(module: ModuleType) -> str:
    name = module.__name__.rpartition(".")[2]
    found = [family for family, names in FAMILIES.items() if name in names.split()]
    return found[0] if found else "Further operations"


def _flat(*, of_scipy: bool) -> str:
    listed = ", ".join(map(_spelled, constants(of_scipy=of_scipy)))
    title, summary = _titles(mg.ops.constant)
    if of_scipy:
        return f"## {title}\n\n{listed}" if HAS_SCIPY else LEFT_OUT
    return f"## {title}\n\n{summary}\n\n{listed}"


def _section(module: ModuleType, level: str) -> str:
    title, summary = _titles(module)
    declared, written = list(rows(module)), list(expressions(module))
    parts = [f"{level} {title}", summary]
    if declared:
        table = ["| function | form | rules |", "|---|---|---|", *map(_line, declared)]
        parts.append("\n".join(table))
    if written:
        parts += ["Written in terms of others:", "\n".join(_item(w, module) for w in written)]
    shown = [rule for row in declared for rule in row.rules]
    shown += [each.rule for each in written if not isinstance(each.rule, ast.Name)]
    explained = [_explained(*item) for item in _helpers(shown, module).items()]
    if explained:
        parts += ["<details><summary>Functions in these rules</summary>", *explained, "</details>"]
    return "\n\n".join(parts)


def _titles(module: ModuleType) -> tuple[str, str]:
    """The first sentence of a module's docstring, as a heading and what it says about it."""
    title, _, rest = inspect.getdoc(module).partition("\n\n")[0].partition(": ")
    return title.removesuffix("."), _capitalised(rest or title)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:].replace("\n", " ")


def _line(row: Row) -> str:
    rules = [_shown(rule) for rule in row.rules]
    if len(rules) > 1:
        alike = groupby(zip("①②③④⑤", rules, strict=False), key=lambda pair: pair[1])
        rules = [f"{''.join(place for place, _ in pairs)}: {rule}" for rule, pairs in alike]
    return f"| {_spelled(row.op)} | {row.form} | {'<br>'.join(rules)} |"


def _shown(rule: ast.expr) -> str:
    """A rule in the notation of the page."""
    if isinstance(rule, ast.Call) and _called(rule) == "fixed":
        return f"refused ({ast.literal_eval(rule.args[1])})"
    text = _plain(rule)
    return "none" if text == "None" else f"`{text}`".replace("|", "\\|")


def _plain(rule: ast.expr) -> str:
    """A source expression with the functions of NumPy and SciPy by their bare names."""
    return ast.unparse(rule).replace("np.", "").replace("sc.", "")


def _item(written: Written, module: ModuleType) -> str:
    """An expression: by its source, or by what it says of itself and what it is made of."""
    name, text = _spelled(written.expression), _plain(written.rule)
    if not isinstance(written.rule, ast.Name) and len(text) <= LONGEST:
        return f"- {name}: `{text}`"
    said = ""
    if isinstance(written.rule, ast.Name):
        said = _sentence(_meaning(written.rule, vars(module)))
    terms = ", ".join(sorted({f"`{term.name}`" for term in _terms(written.rule, module)}))
    return f"- {name}: " + " ".join(filter(None, [said, f"In terms of {terms}." if terms else ""]))


def _spelled(declared: Op | Expression) -> str:
    """How a user writes the function, with its other spellings."""
    registry = OPS if isinstance(declared, Op) else EXPRESSIONS
    functions = [function for function, other in registry.items() if other is declared]
    names = dict.fromkeys(name for function in functions for name in _names(function))
    return ", ".join(f"`{name}`" for name in names)


def _names(function: Callable[..., Any]) -> list[str]:
    """The public names of a function, its own first; that alone if it is a part of others."""
    name = function.__name__
    if getattr(mg, name, None) is function:
        return [f"mg.{name}"]
    found = PUBLIC.get(function) or [name]
    return sorted(found, key=lambda each: each.rpartition(".")[2] != name)


def _public_names() -> dict[Callable[..., Any], list[str]]:
    """NumPy's and SciPy's functions with all their names."""
    named = [(f"np.{name}", thing) for name, thing in callables()]
    if HAS_SCIPY:
        inner = vars(import_module("scipy.special._ufuncs"))  # Python functions call these
        special = {**inner, **vars(import_module("scipy.special"))}
        named += [(f"scipy.special.{name.lstrip('_')}", thing) for name, thing in special.items()]
    found: dict[Callable[..., Any], list[str]] = {}
    for name, thing in named:
        if isinstance(thing, Hashable) and (thing in OPS or thing in EXPRESSIONS):
            found.setdefault(thing, []).append(name)
    return found


def _sentence(function: Callable[..., Any]) -> str:
    """The first paragraph of a docstring, on one line."""
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")


def _explained(name: str, function: FunctionType) -> str:
    """A helper by its docstring or, where it has none, by its source."""
    definition = _definition(function)
    arguments = ", ".join(argument.arg for argument in definition.args.args)
    if sentence := _sentence(function):
        return f"`{name}({arguments})`\n: {sentence}"
    body = textwrap.indent("\n".join(map(ast.unparse, definition.body)), "    ")
    return f"```python\ndef {name}({arguments}):\n{body}\n```"


PUBLIC = _public_names()


# ---------------------------------------------------------------- the directive


def setup(app: Any) -> dict[str, Any]:
    """Give Sphinx the directive `op-table`."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from docutils.statemachine import StringList

    class OpTable(Directive):
        """The table in the place of the directive."""

        optional_arguments = 1

        def run(self) -> list[nodes.Node]:
            holder = nodes.section()
            text = markdown(of_scipy=self.arguments == ["scipy"])
            lines = StringList(text.splitlines(), source="the registry of operations")
            self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
            return holder.children

    app.add_directive("op-table", OpTable)
    return {"version": mg.__version__, "parallel_read_safe": True}


if __name__ == "__main__":
    print(markdown())
    print(markdown(of_scipy=True))
