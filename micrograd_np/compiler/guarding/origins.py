"""Origins: whose code something is, the user's or that of a library."""

import os
import re
import sys
import sysconfig
from types import FunctionType, ModuleType

from micrograd_np.errors.places import OWN_FILES

STANDARD = tuple(f"{sysconfig.get_path(kind)}{os.sep}" for kind in ("stdlib", "platstdlib"))
INSTALLED = re.compile(r"(.*[\\/](?:site|dist)-packages[\\/])([^\\/]+)")
HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def is_own(file: str) -> bool:
    """Whether a file is ours or NumPy's: nobody changes what it means."""
    return file.startswith(OWN_FILES)


def is_ours(file: str) -> bool:
    """Whether a file is of this package."""
    return file.startswith(OWN_FILES[0])


def is_library(file: str, home: str = "") -> bool:
    """Whether a file is ours, Python's or an installed package's; `home`: but not this package."""
    if home and file.startswith(home):
        return False
    return is_own(file) or is_installed(file) or file.startswith((*STANDARD, "<frozen"))


def is_installed(file: str) -> bool:
    """Whether a file is of an installed package, neither ours nor NumPy."""
    return bool(INSTALLED.match(file)) and not is_own(file)


def home_of(file: str) -> str:
    """The folder of the installed package that a file belongs to; nothing for other files."""
    installed = INSTALLED.match(file)
    return installed[0] if installed is not None and is_installed(file) else ""


def file_of_class(kind: type) -> str:
    """The file that a class was written in; "" if it is none, as in a notebook.

    A class tells the name of its module alone. Which file that has been read from may be another's
    (`__main__` under a profiler) or none, so that its functions are asked first.
    """
    module = kind.__module__
    if module == "__main__":
        return ""
    for member in vars(kind).values():
        function = getattr(member, "fget", getattr(member, "__func__", member))
        if isinstance(function, FunctionType) and function.__module__ == module:
            file = function.__code__.co_filename
            if not file.startswith("<string"):  # made by Python, as those of data classes
                return file
    if module in sys.builtin_module_names:
        built_in = vars(sys.modules[module]).get(kind.__name__) is kind or not is_heap_type(kind)
        return "<frozen>" if built_in else ""
    return file_of_module(sys.modules[module]) if module in sys.modules else ""


def file_of_module(module: ModuleType) -> str:
    """The file of a module, whose own `__getattr__` is not asked; "" if it has none."""
    return str(vars(module).get("__file__") or "")


def is_heap_type(kind: type) -> bool:
    """Whether a class was made at run time, by a `class` statement or by `type`."""
    return bool(kind.__flags__ & HEAP_TYPE)
