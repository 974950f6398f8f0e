"""The package's public names: each is loaded when first asked for, and none hides another.

What a test loads would be loaded for all that follow, so programs run in processes of their own.
"""

import ast
import builtins
import os
import pickle
import pydoc
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import micrograd_np as mg
from micrograd_np import public_names
from micrograd_np.array_api import adapted, creation, data_types, functions

SOURCE = Path(mg.__file__)
STANDARD = (adapted, creation, data_types, functions)
EXTRAS = {
    "micrograd_np.compiler.native.checked": "numba llvmlite",
    "micrograd_np.compiler.native.intrinsics": "numba llvmlite",
    "micrograd_np.compiler.native.lanes": "numba llvmlite",
    "micrograd_np.ops.derivatives.special": "scipy",
    "micrograd_np.special": "scipy",
    "micrograd_np.stats": "scipy",
}


def output_of(program, *arguments):
    """What a fresh interpreter prints for `program`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=SOURCE.parent.parent,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def names_for_type_checkers():
    """The imports under `if TYPE_CHECKING:`, as pairs of a module and a name."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        (statement.module, name.name)
        for statement in block.body
        for name in statement.names
        if isinstance(statement, ast.ImportFrom)
    }


def test_type_checkers_see_what_is_loaded():
    package = public_names.PACKAGE
    loaded = {(f"{package}.{module}", name) for name, module in public_names.PLACES.items()}
    loaded |= {(f"{package}.{table}", "*") for table in public_names.STANDARD}
    loaded |= {(f"{package}.array_api", "fft")}
    modules = "integrate linalg nn optim optimize signal stats"
    loaded |= {(package, name) for name in modules.split()}
    assert names_for_type_checkers() == loaded


def test_every_name_is_listed_and_found():
    listed = {*public_names.PLACES, "Tensor", "sigmoid", "tree", "errors", "nn", "linalg"}
    listed.update(*map(public_names.names_of, STANDARD))
    assert {name for name in listed if name[0] != "_"} <= set(dir(mg))
    for name in {*listed, *public_names.MODULES, *dir(mg)}:
        assert getattr(mg, name) is vars(mg)[name]


def test_what_is_listed_is_meant_for_users():
    shown = [name for name in dir(mg) if name[0] != "_"]
    modules = {name for name in shown if isinstance(getattr(mg, name), ModuleType)}
    assert {"nn", "optim", "fft", "linalg", "errors", "tree"} <= modules
    assert modules.isdisjoint(public_names.UNLISTED)
    assert modules <= {*public_names.MODULES, *public_names.LOADED}
    assert set(shown) - set(mg.__all__) == {name for name in shown if hasattr(builtins, name)}


def test_a_name_that_the_package_does_not_have():
    with pytest.raises(AttributeError, match="'micrograd_np' has no attribute 'gard'") as caught:
        mg.gard  # noqa: B018 - what is tested
    assert caught.value.name == "gard"
    assert not hasattr(mg, "__wrapped__")
    with pytest.raises(ImportError, match="gard"):
        from micrograd_np import gard  # noqa: F401 - what is tested


def test_everything_is_imported_by_a_star():
    program = "from micrograd_np import *; print(grad.__module__, nn.Linear.__name__, sum, max)"
    printed = "micrograd_np.transforms.grad Linear <built-in function sum> <built-in function max>"
    assert output_of(program).split() == printed.split()


def test_names_are_pickled_and_shown_by_help():
    for thing in (mg.grad, mg.fit, mg.Picture, mg.where, mg.nn.Linear):
        assert pickle.loads(pickle.dumps(thing)) is thing  # noqa: S301 - our own
    shown = pydoc.plain(pydoc.render_doc(mg))
    assert "value_and_grad(" in shown
    assert "class Tensor(" in shown


# ---------------------------------------------------------------- in fresh processes

EACH_FIRST = """
import os, sys
import micrograd_np
for statement in sys.argv[1:]:
    if not (child := os.fork()):
        exec(statement)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(statement)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_any_name_may_be_the_first_that_is_asked_for():
    modules = {*public_names.PLACES.values(), *public_names.MODULES.values()}
    statements = [f"import micrograd_np.{module}" for module in sorted(modules)]
    statements += [f"micrograd_np.{name}" for name in ("where", "float32", "grad", "nn", "fft")]
    assert not output_of(EACH_FIRST, *statements)


THREADS = """
import sys
from threading import Barrier, Thread
import micrograd_np as mg
names = sys.argv[1:]
start = Barrier(2 * len(names))
def ask(name):
    start.wait()
    found.append((name, getattr(mg, name)))
found = []
threads = [Thread(target=ask, args=(name,)) for name in 2 * names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(all(thing is getattr(mg, name) for name, thing in found), len(found) == len(threads))
"""


def test_threads_that_ask_at_once_find_the_same():
    asked = "fit train nn grad vmap hessian gradcheck draw compile where sort fft conventions"
    assert output_of(THREADS, *asked.split()).split() == ["True", "True"]


def test_no_module_asks_the_package_for_a_name_that_is_loaded_so() -> None:
    """A module that asks while it is imported would wait for a thread that waits for the module."""
    late = {*public_names.MODULES, *public_names.PLACES}
    asked = [
        f"{source}: {alias.name}"
        for source in SOURCE.parent.rglob("*.py")
        if source.name
        not in {"__init__.py", "cli.py"}  # the face, and the command line's own process
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "micrograd_np"
        for alias in node.names
        if alias.name in late
    ]
    assert asked == []


WHILE_TRACED = """
import numpy as np
import micrograd_np as mg
compile = mg.compile
def f(x):
    return np.sum(mg.where(x > 0, mg.vmap(mg.grad(lambda t: np.sin(t)))(x), 0.0, masked=True))
x = np.array([1.0, -2.0])
step = compile(f)
print(float(step(x)) == float(step(x)) == np.cos(1.0), "cos(" in step.source)
with mg.no_grad():
    print(np.array_equal(mg.hessian(lambda x: np.sum(x**3))(x), np.diag(6 * x)))
"""


def test_a_name_is_asked_for_first_while_a_function_is_traced():
    assert output_of(WHILE_TRACED).split() == ["True"] * 3


EVERY_SUBMODULE = """
import pkgutil, sys
from importlib import import_module
import micrograd_np as mg
extras = dict(item.split("=") for item in sys.argv[1:])
before = {name: getattr(mg, name) for name in dir(mg)}
for found in pkgutil.walk_packages(mg.__path__, "micrograd_np."):
    if found.name == "micrograd_np.__main__":
        continue
    try:
        import_module(found.name)
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in extras.get(found.name, "").split():
            raise
        print("skipped", found.name)
for name, thing in before.items():
    if getattr(mg, name) is not thing:
        print("replaced", name)
"""


def test_no_submodule_takes_the_place_of_a_public_name():
    """`import micrograd_np.x` puts the module `x` at `mg.x`, whatever stood there."""
    printed = output_of(EVERY_SUBMODULE, *map("=".join, EXTRAS.items())).splitlines()
    skipped = [line for line in printed if line.startswith("skipped")]
    assert printed == skipped
    if skipped:
        pytest.skip(f"all but these were imported, whose extras are not installed: {skipped}")
