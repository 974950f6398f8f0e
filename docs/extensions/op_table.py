"""The table of operations, written from the registry and from the sources of the rules.

A rule that is a short expression is shown as it is; other functions by name, explained below the
table. Expressions are listed with what they are written in terms of. Constant ops have no rules and
are listed from the registry alone. `rule_files` finds and reads the declarations.

`python docs/extensions/op_table.py` prints it all as Markdown; Sphinx, which loads this file as an
extension, puts it where a page says `{op-table}` or, for SciPy's functions, `{op-table} scipy`.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Hashable
from importlib import import_module
from itertools import groupby
from types import FunctionType, ModuleType
from typing import Any

from rule_files import (
    FAMILIES,
    HAS_SCIPY,
    LONGEST,
    NUMPY,
    SCIPY,
    Row,
    Written,
    called,
    definition,
    expressions,
    helpers,
    meaning,
    rows,
    terms,
)

import micrograd_np as mg
from micrograd_np.core.op import EXPRESSIONS, OPS, Expression, Op
from micrograd_np.coverage.numpy_functions import callables

LEFT_OUT = "SciPy was not installed when this page was built, so its functions are left out."
LONGEST_HEADING = 40  # characters


# ---------------------------------------------------------------- writing Markdown


def markdown(*, of_scipy: bool = False) -> str:
    """The table of NumPy's functions and ours, or of SciPy's: a section for each rule file."""
    if of_scipy:
        return "\n\n".join([*(_section(m, "##") for m in SCIPY), _flat(of_scipy=True)])
    parts = []
    for title, modules in groupby(NUMPY, family):
        parts += [f"## {title}", *(_section(module, "###") for module in modules)]
    return "\n\n".join([*parts, _flat(of_scipy=False)])


def family(module: ModuleType) -> str:
    """The family of a rule file."""
    name = module.__name__.rpartition(".")[2]
    found = [title for title, names in FAMILIES.items() if name in names.split()]
    return found[0] if found else "Further operations"


def constants(*, of_scipy: bool) -> list[Op]:
    """The ops without rules, in the order in which they are declared."""
    declared = [op for op in dict.fromkeys(OPS.values()) if op.kind == "constant"]
    return [op for op in declared if _spelled(op).startswith("`scipy") == of_scipy]


def _flat(*, of_scipy: bool) -> str:
    listed = ", ".join(map(_spelled, constants(of_scipy=of_scipy)))
    title, summary = _titles(mg.ops.constants)
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
    explained = [_explained(*item) for item in helpers(shown, module).items()]
    if explained:
        parts += ["<details><summary>Functions in these rules</summary>", *explained, "</details>"]
    return "\n\n".join(parts)


def _titles(module: ModuleType) -> tuple[str, str]:
    """A heading and a sentence: of a module's docstring what is before and after the colon.

    Without a colon, or with much before it, the heading is the name of the module.
    """
    sentence = inspect.getdoc(module).partition("\n\n")[0]
    title, _, rest = sentence.partition(": ")
    if rest and len(title) <= LONGEST_HEADING:
        return title, _capitalized(rest)
    name = module.__name__.rpartition(".")[2].replace("_", " ")
    return _capitalized(name), _capitalized(sentence)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:].replace("\n", " ")


def _line(row: Row) -> str:
    rules = [_shown(rule) for rule in row.rules]
    if len(rules) > 1:
        alike = groupby(zip("①②③④⑤", rules, strict=False), key=lambda pair: pair[1])
        rules = [f"{''.join(place for place, _ in pairs)}: {rule}" for rule, pairs in alike]
    return f"| {_spelled(row.op)} | {row.form} | {'<br>'.join(rules)} |"


def _shown(rule: ast.expr) -> str:
    """A rule in the notation of the page."""
    if isinstance(rule, ast.Call) and called(rule) == "fixed":
        return f"refused ({ast.literal_eval(rule.args[0])})"
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
        said = _sentence(meaning(written.rule, vars(module)))
    made_of = ", ".join(f"`{name}`" for name in terms(written, module))
    made_of = f"In terms of {made_of}." if made_of else ""
    return f"- {name}: " + " ".join(filter(None, [said, made_of]))


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
    found = dict.fromkeys(PUBLIC.get(function, [name]))
    return sorted(found, key=lambda each: each.rpartition(".")[2] != name)


def _public_names() -> dict[Callable[..., Any], list[str]]:
    """NumPy's and SciPy's functions with all their names."""
    named = [(f"np.{name}", thing) for name, thing in callables()]
    if HAS_SCIPY:
        for module in ("scipy.special", "scipy.special._ufuncs"):  # whose Python calls the inner
            inside = vars(import_module(module)).items()
            named += [(f"scipy.special.{name.lstrip('_')}", thing) for name, thing in inside]
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
    defined = definition(function)
    arguments = ", ".join(argument.arg for argument in defined.args.args)
    if sentence := _sentence(function):
        return f"`{name}({arguments})`\n: {sentence}"
    body = textwrap.indent("\n".join(map(ast.unparse, defined.body)), "    ")
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
