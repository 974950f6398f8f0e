"""What type checkers say of programs written with the package, and whether what they read is true.

Both checkers look once at a folder of programs: the code of the README and of the tutorial, a
training script, one with SciPy's names, a table of expressions with their types, and calls of
NumPy's functions on Tensors.
"""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optable import ROWS, Case, Row
from page_code import examples

import micrograd_np as mg
from micrograd_np.core.operators import ArrayMethods
from micrograd_np.coverage.numpy_functions import REFUSED_ATTRIBUTES
from micrograd_np.errors.habits import Missing

ERROR = re.compile(r"(\w+\.py):(\d+)(?::\d+ -|:) error: (.*)")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STUB = ROOT / "micrograd_np" / "core" / "typed.pyi"
PAGES = {"page_readme": ROOT / "README.md", "page_tutorial": ROOT / "docs" / "tutorial.md"}
PROGRAMS = ("expressions.py", "training_script.py", "scipy_script.py")
CHECKERS = ("mypy", "pyright")

# Pages annotate nothing and use a name again for another thing; all else is held to be strict.
MYPY = """
[mypy]
strict = true
[mypy-page_readme,page_tutorial]
allow_redefinition = true
disallow_untyped_defs = false
disallow_untyped_calls = false
[mypy-micrograd_np.*]
ignore_errors = true
ignore_missing_imports = true
"""
PYRIGHT = {"extraPaths": [str(ROOT)], "pythonVersion": "3.11"}
ENVIRONMENT = {"MYPYPATH": str(ROOT), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "NO_COLOR": "1"}

# ---------------------------------------------------------------- calls of NumPy's functions

LITERALS = (bool, int, float, complex, str, type(None))
HEAD = """
from typing import Any
import numpy as np
from micrograd_np import Tensor

Integers = np.ndarray[Any, np.dtype[np.int64]]

def calls(t: {annotation}, x: np.ndarray, n: Integers, z: Any) -> None:
"""


def written(given: Any) -> str:
    """An argument in a call: `t` is what a derivative is wanted in."""
    if isinstance(given, LITERALS):
        return repr(given)
    if isinstance(given, tuple | list) and all(isinstance(x, LITERALS) for x in given):
        return repr(given)
    if isinstance(given, np.ndarray):
        return "n" if given.dtype.kind in "iu" else "x"
    return "z"


def call_of(row: Row, path: str, case: Case) -> str:
    """A case of the table of ops as an expression."""
    inputs = ["t" if type(x) is tuple else written(x) for x in case.inputs]
    options = dict(case.options)
    first = [written(options.pop("subscripts"))] if row.function is np.einsum else []
    listed = inputs if row.spread else [f"[{', '.join(inputs)}]"]
    named = [f"{name}={written(option)}" for name, option in options.items()]
    return f"np.{path}({', '.join([*first, *listed, *named])})"


def path_of(function: Any) -> str:
    """The place of a function in NumPy, "" for another's."""
    for package in ("", "linalg.", "fft."):
        name = getattr(function, "__name__", "")
        space = getattr(np, package[:-1]) if package else np
        if getattr(space, name, None) is function:
            return package + name
    return ""


def numpy_calls() -> list[str]:
    """Calls of all functions of NumPy that have a derivative, with each of their options."""
    found = [
        call_of(row, path, case)
        for row in ROWS.values()
        if (path := path_of(row.function))
        for case in row.telling
    ]
    return list(dict.fromkeys(found))


CALLS = numpy_calls()


def calls_with(annotation: str) -> str:
    return "".join([HEAD.format(annotation=annotation), *(f"    {call}\n" for call in CALLS)])


# ---------------------------------------------------------------- running the checkers


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    for name in PROGRAMS:
        (folder / name).write_text((HERE / name).read_text(encoding="utf-8"))
    for name, page in PAGES.items():
        code = "".join(example.code for example in examples(page))
        (folder / f"{name}.py").write_text(code)
    (folder / "numpy_tensors.py").write_text(calls_with("Tensor"))
    (folder / "numpy_arrays.py").write_text(calls_with("np.ndarray"))
    (folder / "mypy.ini").write_text(MYPY)
    (folder / "pyrightconfig.json").write_text(json.dumps(PYRIGHT))
    return folder


@pytest.fixture(scope="module", params=CHECKERS)
def complaints(request, programs):
    """The errors that a checker finds, by file, as pairs of a line and what is wrong there."""
    checker = request.param
    pytest.importorskip(checker, reason=f"{checker} is not installed (extra `lint`)")
    given = sorted(path.name for path in programs.glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-m", checker, *(given if checker == "mypy" else ["--project", "."])],
        capture_output=True,
        text=True,
        check=False,
        cwd=programs,
        env=os.environ | ENVIRONMENT,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in given}
    for name, line, message in ERROR.findall(done.stdout):
        found[name].append((int(line), message))
    assert done.returncode == 0 or any(found.values()), done.stdout
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("program", [*PROGRAMS, *(f"{name}.py" for name in PAGES)])
def test_programs_have_no_errors(complaints, program):
    assert complaints[program] == []


@pytest.mark.thorough
def test_a_call_of_numpy_is_refused_of_a_tensor_only_if_it_is_of_an_array(complaints):
    of_tensors, of_arrays = (
        {lines[line - 1]: message for line, message in complaints[f"numpy_{kind}.py"]}
        for kind, lines in (
            ("tensors", calls_with("Tensor").splitlines()),
            ("arrays", calls_with("np.ndarray").splitlines()),
        )
    )
    assert {call: why for call, why in of_tensors.items() if call not in of_arrays} == {}


@pytest.mark.thorough
def test_the_script_with_scipys_names_runs():
    runpy.run_path(str(HERE / "scipy_script.py"), run_name="__main__")


def test_the_training_script_runs(capsys):
    runpy.run_path(str(HERE / "training_script.py"), run_name="__main__")
    assert capsys.readouterr().out.split() == ["True", "True", "(80,", "2)", "True"]


# ---------------------------------------------------------------- what the checkers read


(FACE,) = (
    node
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef) and node.name == "TypedMethods"
)
METHODS = {node.name: node for node in FACE.body if isinstance(node, ast.FunctionDef)}
PUBLIC = {name: node for name, node in METHODS.items() if not name.startswith("_")}


def parameters_of(node: ast.FunctionDef) -> list[str]:
    given = node.args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [arg.arg for arg in every if arg is not None][1:]


of_this_numpy = pytest.mark.skipif(
    not np.__version__.startswith("2.4."), reason="the stub follows the methods of NumPy 2.4"
)


@of_this_numpy
def test_the_stub_has_the_methods_of_a_tensor():
    assert [name for name in METHODS if not hasattr(mg.Tensor, name)] == ["__array_wrap__"]
    absent = {name for name, x in vars(ArrayMethods).items() if isinstance(x, Missing)}
    absent |= REFUSED_ATTRIBUTES.keys()
    own = {name for name in vars(ArrayMethods) if name[0] != "_" and name not in absent}
    assert own - PUBLIC.keys() == {"device", "dtype", "itemsize", "nbytes", "unit"}
    operators = {n for n in vars(ArrayMethods) if re.fullmatch("__[ri]?[a-z]+__", n)} - {"__dir__"}
    plain = "annotations bool complex doc float getitem hash index int module slots"
    assert operators - METHODS.keys() <= {f"__{name}__" for name in plain.split()}


@of_this_numpy
def test_the_stub_says_what_is_refused():
    refused = {
        name for name, node in METHODS.items() if ast.unparse(node.returns or node) == "NoReturn"
    }
    known = {name for name in REFUSED_ATTRIBUTES if hasattr(np.ndarray, name)}
    assert refused - {"__array_wrap__"} == known


@of_this_numpy
def test_methods_in_the_stub_have_the_parameters_of_numpys_functions():
    wrong = {}
    for name, node in PUBLIC.items():
        method = getattr(ArrayMethods, name, None)
        if name in REFUSED_ATTRIBUTES or isinstance(method, property) or not callable(method):
            continue
        ours = method.__module__ == ArrayMethods.__module__ and method.__qualname__.count(".") == 1
        function = method if ours else getattr(np, name)
        if not isinstance(function, np.ufunc):
            expected = [*signature(function).parameters][1:]
            if parameters_of(node) != expected:
                wrong[name] = (parameters_of(node), expected)
    assert wrong == {}
