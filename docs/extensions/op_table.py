"""The table of operations, written from the registry and from the sources of the rules.

`MODULES` are the rule files in reading order. Every declaration in them (`elementwise(np.tanh, …)`)
is one `Row`: the op, the form it is declared in, and its rules as source expressions. A rule that
is a `lambda` or a function of one `return` is shown as that expression; other functions by name,
explained below the table. Constant ops have no rules and are listed from the registry alone.

`python docs/extensions/op_table.py` prints it all as Markdown; Sphinx, which loads this file as an
extension, puts it where a page says `{op-table}`.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import micrograd_np as mg
from micrograd_np.op import OPS, Op

MODULES = (
    mg.ops.elementwise,
    mg.ops.activations,
    mg.ops.reduction,
    mg.ops.shaping,
    mg.ops.indexing,
    mg.ops.linalg,
)
FORMS = {"elementwise", "linear", "bilinear", "primitive", "reduction"}


class Row(NamedTuple):
    """One declaration: what is declared, in which form, and the rules as written there."""

    op: Op
    form: str
    rules: list[ast.expr]


# ---------------------------------------------------------------- reading the rule files


def rows(module: ModuleType) -> Iterator[Row]:
    """The declarations of a rule file, in its order."""
    for statement in ast.parse(inspect.getsource(module)).body:
        call = getattr(statement, "value", None)
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) in FORMS:
            form, (function, *rules) = call.func.id, call.args
            count = 1 if form == "reduction" else len(rules)  # option names follow a slope
            op = OPS[_meaning(function, module)]
            yield Row(op, form, [_inlined(rule, module) for rule in rules[:count]])


def constants() -> list[Op]:
    """The ops without rules, in the order in which they are declared."""
    return [op for op in dict.fromkeys(OPS.values()) if op.kind == "constant"]


def _meaning(name: ast.expr, module: ModuleType) -> Any:
    """What a dotted name means in a module."""
    return eval(ast.unparse(name), vars(module))  # noqa: S307 - names in our own source


def _inlined(rule: ast.expr, module: ModuleType) -> ast.expr:
    """A rule as the expression it returns, where it is no more than that."""
    if isinstance(rule, ast.Lambda):
        return rule.body
    if isinstance(rule, ast.Name):
        return _returned(_meaning(rule, module)) or rule
    return rule


def _returned(function: Callable[..., Any]) -> ast.expr | None:
    """The expression of a function that is one `return` and needs no explanation."""
    body = _definition(function).body
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, ast.Return) else None


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]


def _helpers(declared: list[Row], module: ModuleType) -> dict[str, FunctionType]:
    """The functions of the project that the rules call and that are not ops themselves."""
    found = {}
    names = {
        node.id: None
        for row in declared
        for rule in row.rules
        for node in ast.walk(rule)
        if isinstance(node, ast.Name)
    }
    for name in names:
        function = vars(module).get(name)
        if isinstance(function, FunctionType) and function not in OPS:
            found[name] = function
    return found


# ---------------------------------------------------------------- writing Markdown


def markdown() -> str:
    """The whole table: a section for each rule file, and the constants."""
    title, summary = _titles(mg.ops.constant)
    listed = ", ".join(map(_spelled, constants()))
    return "\n\n".join([*map(_section, MODULES), f"## {title}", summary, listed])


def _section(module: ModuleType) -> str:
    title, summary = _titles(module)
    declared = list(rows(module))
    table = "\n".join(["| function | form | rules |", "|---|---|---|", *map(_line, declared)])
    explained = [_explained(*item) for item in _helpers(declared, module).items()]
    return "\n\n".join([f"## {title}", summary, table, *explained])


def _titles(module: ModuleType) -> tuple[str, str]:
    """The first sentence of a module's docstring, as a heading and what it says about it."""
    title, _, rest = inspect.getdoc(module).partition("\n\n")[0].partition(": ")
    return title.removesuffix("."), _capitalised(rest or title)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:].replace("\n", " ")


def _line(row: Row) -> str:
    rules = [_shown(rule) for rule in row.rules]
    if len(rules) > 1:
        rules = [f"{place}: {rule}" for place, rule in zip("①②③", rules, strict=False)]
    return f"| {_spelled(row.op)} | {row.form} | {'<br>'.join(rules)} |"


def _shown(rule: ast.expr) -> str:
    """A rule in the notation of the page: NumPy's functions by their bare names."""
    text = ast.unparse(rule)
    return "none" if text == "None" else f"`{text.replace('np.', '')}`".replace("|", "\\|")


def _spelled(op: Op) -> str:
    """How a user writes the function, with its other spellings."""
    names = [_name(function) for function, other in OPS.items() if other is op]
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def _name(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    if not module.startswith("micrograd_np"):
        return f"{module.replace('numpy', 'np')}.{function.__name__}"
    return f"mg.{function.__name__}" if hasattr(mg, function.__name__) else function.__name__


def _explained(name: str, function: FunctionType) -> str:
    """A helper by its docstring or, where it has none, by its source."""
    sentence = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    definition = _definition(function)
    arguments = ", ".join(argument.arg for argument in definition.args.args)
    if sentence:
        return f"`{name}({arguments})`\n: {sentence}"
    body = textwrap.indent("\n".join(map(ast.unparse, definition.body)), "    ")
    return f"```python\ndef {name}({arguments}):\n{body}\n```"


# ---------------------------------------------------------------- the directive


def setup(app: Any) -> dict[str, Any]:
    """Give Sphinx the directive `op-table`."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from docutils.statemachine import StringList

    class OpTable(Directive):
        """The table in the place of the directive."""

        def run(self) -> list[nodes.Node]:
            holder = nodes.section()
            lines = StringList(markdown().splitlines(), source="the registry of operations")
            self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
            return holder.children

    app.add_directive("op-table", OpTable)
    return {"version": mg.__version__, "parallel_read_safe": True}


if __name__ == "__main__":
    print(markdown())
