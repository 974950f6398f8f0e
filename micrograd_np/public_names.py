"""The package's public names, and the modules that are loaded when first asked for (PEP 562)."""

import builtins
from importlib import import_module
from types import ModuleType
from typing import Any

from micrograd_np.errors import habits
from micrograd_np.forking import ForkLock

PACKAGE = "micrograd_np"

# The modules that define public names, with these names.
DEFINED = {
    "array_api.data_types": "__array_api_version__ __array_namespace_info__",
    "checking": "GradientReport assert_gradcheck gradcheck",
    "compiler": "compile",
    "extend.custom": "primitive register",
    "interpreters.anomaly": "detect_anomaly",
    "nonsmooth": "conventions",
    "scipy_bridge": "curve_jacobian scipy_objective scipy_residuals",
    "train": "History fit",
    "transforms.checkpoint": "checkpoint",
    "transforms.grad": "grad jvp linearize value_and_grad vjp",
    "transforms.jacobians": "elementwise_grad hessian hvp jacobian",
    "transforms.vmap": "vmap",
    "viz": "Picture draw",
}
PLACES = {name: module for module, names in DEFINED.items() for name in names.split()}

# The modules that are public names themselves.
FOLDERS = (
    "array_api checking compiler extend integrate interpreters linalg nn nonsmooth optim optimize "
    "scipy_bridge signal stats train transforms viz"
)
MODULES = {name: name for name in FOLDERS.split()} | {
    "fft": "array_api.fft",
}

# Modules that are found by name, but not listed: the package itself has their names for users.
INNER = (
    "array_api checking compiler extend interpreters nonsmooth scipy_bridge train transforms viz"
)
UNLISTED = frozenset(INNER.split())
LOADED = {"errors", "tree"}  # the modules for users that are loaded with the package

# The modules whose names are all the Array API's, and public.
STANDARD = [f"array_api.{name}" for name in ("adapted", "creation", "data_types", "functions")]

# One thread loads at a time. Two that begin at different modules would wait for each other, and
# Python would let one of them go on with a module that is half made. No module of the package asks
# for a name that is loaded so while it is imported itself.
LOADING = ForkLock()


def load(name: str) -> Any:
    """The value of the public `name`; the module that defines the name is imported.

    Raises AttributeError for a name that the package does not have.
    """
    with LOADING:
        if name in MODULES:
            return module(MODULES[name])
        if name in PLACES:
            return getattr(module(PLACES[name]), name)
        if not name.startswith("_"):
            for table in map(module, STANDARD):
                if name in names_of(table):
                    return getattr(table, name)
    return habits.no_attribute(import_module(PACKAGE), habits.PACKAGE)(name)


def listed() -> list[str]:
    """All names that are meant for users, those included that are not loaded yet."""
    loaded = vars(import_module(PACKAGE)).items()
    names = {name for name, value in loaded if not isinstance(value, ModuleType)}
    names.update(PLACES, LOADED, MODULES.keys() - UNLISTED, *map(names_of, map(module, STANDARD)))
    return sorted(name for name in names if not name.startswith("_"))


def starred() -> list[str]:
    """The names that `from micrograd_np import *` takes: none that Python has of its own."""
    return [name for name in listed() if not hasattr(builtins, name)]


def module(path: str) -> ModuleType:
    """A module of the package."""
    return import_module(f"{PACKAGE}.{path}")


def names_of(table: ModuleType) -> list[str]:
    """The names that `from table import *` takes."""
    return getattr(table, "__all__", None) or [name for name in vars(table) if name[0] != "_"]
