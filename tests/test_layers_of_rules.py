"""The layers of the rules: tables import forms and kernels only, and one name is one thing."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import micrograd_np as mg
from micrograd_np.core.op import OPS
from micrograd_np.interpreters.batch.table import KEYED, OF_SHAPES, RULES

PACKAGE = Path(mg.__file__).parent
DERIVATIVES = sorted((PACKAGE / "ops" / "derivatives").rglob("*.py"))
NAMED = [*(PACKAGE / "ops").rglob("*.py"), *(PACKAGE / "interpreters" / "batch").glob("*.py")]

LIBRARIES = {*sys.stdlib_module_names, "numpy", "scipy"}
OF_CORE = {
    "micrograd_np.core.forms": None,  # any name
    "micrograd_np.core.dispatch": None,
    "micrograd_np.core": {"forms"},
    "micrograd_np.core.op": {"Array", "Inputs", "Op", "Options", "Rule"},
}
OF_RULES = ("micrograd_np.ops.derivatives", "micrograd_np.ops.kernels", "micrograd_np.errors")
SPECIALIZED = {"elementwise", "several"}  # forms that special functions have in a form of their own


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """The modules that a file imports from, inside functions too, and the names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def is_allowed(module: str, name: str) -> bool:
    if module in OF_CORE:
        names = OF_CORE[module]
        return names is None or name in names
    return module.partition(".")[0] in LIBRARIES or module.startswith(OF_RULES)


@pytest.mark.parametrize("path", DERIVATIVES, ids=lambda path: path.stem)
def test_tables_of_derivatives_import_forms_and_kernels_only(path: Path) -> None:
    assert [pair for pair in imports(path) if not is_allowed(*pair)] == []


def test_no_two_functions_of_the_rules_share_a_name() -> None:
    found = Counter(
        node.name
        for path in NAMED
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    assert {name for name, count in found.items() if count > 1} <= SPECIALIZED


def test_no_two_files_of_the_rules_share_a_name() -> None:
    found = Counter(path.stem for path in NAMED if path.stem != "__init__")
    assert [name for name, count in found.items() if count > 1] == []


@pytest.mark.parametrize("table", [RULES, KEYED, OF_SHAPES], ids=["rules", "keyed", "of shapes"])
def test_batch_rules_are_keyed_by_the_functions_of_ops(table: object) -> None:
    assert [function for function in table if OPS[function].function is not function] == []
