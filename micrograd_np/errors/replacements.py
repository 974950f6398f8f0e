"""The functions of NumPy that messages name for Python's functions of plain numbers."""

from types import ModuleType
from typing import Any

import numpy as np

# Python's modules of functions on numbers, and what to call instead where NumPy has another name
# or where its function of this name does something else.
NUMERIC = ("math", "cmath", "statistics")
RENAMED = {
    "dist": "np.linalg.norm of the difference",
    "erf": "scipy.special.erf",
    "erfc": "scipy.special.erfc",
    "fmean": "np.mean",
    "fsum": "np.sum",
    "gamma": "scipy.special.gamma",
    "isclose": "np.isclose, with rtol=1e-9 and atol=0,",
    "lgamma": "scipy.special.gammaln",
    "phase": "np.angle",
    "remainder": "`x - y * np.round(x / y)`",
    "sumprod": "np.vdot",
}
COUNTED = {  # what to call instead for so many arguments
    ("log", 2): "`np.log(x) / np.log(base)`",
    ("hypot", 1): "np.abs",
    ("hypot", 3): "`np.hypot(np.hypot(x, y), z)`",
    ("max", 1): "np.max",
    ("min", 1): "np.min",
}
BUILT_IN = {  # Python's functions that decide by values
    "all": "np.all", "any": "np.any", "max": "np.maximum", "min": "np.minimum", "round": "np.round",
    "sorted": "np.sort",
}  # fmt: skip
COMPLEX = {
    "acos",
    "acosh",
    "asin",
    "atanh",
    "log",
    "log10",
    "sqrt",
}  # of cmath, also of numbers < 0


def named(dotted: str, names: dict[str, Any]) -> Any:
    """The function of a module that a name such as `math.exp` stands for, or None."""
    first, *rest = dotted.split(".")
    found = names.get(first)
    for name in rest:
        found = getattr(found, name, None) if isinstance(found, ModuleType) else None
    return found


def numpys(function: Any, arguments: int) -> str:
    """NumPy's function that does what one of Python's does with so many arguments; "" if none."""
    module, name = getattr(function, "__module__", None), getattr(function, "__name__", "")
    known = COUNTED.get((name, arguments), "")
    if module == "builtins":
        return known or BUILT_IN.get(name, "")
    if module not in NUMERIC:
        return ""
    found = known or RENAMED.get(name) or (f"np.{name}" if hasattr(np, name) else "")
    return f"{found} of `x + 0j`" if module == "cmath" and name in COMPLEX else found
