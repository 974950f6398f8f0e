"""The functions of NumPy that messages name for Python's functions of plain numbers."""

import re
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from micrograd_np.errors.places import users_code

# Python's modules of functions on numbers, and what to call instead where NumPy has another name.
NUMERIC = ("math", "cmath", "statistics")
RENAMED = {
    "dist": "np.linalg.norm",
    "erf": "scipy.special.erf",
    "erfc": "scipy.special.erfc",
    "fmean": "np.mean",
    "fsum": "np.sum",
    "gamma": "scipy.special.gamma",
    "lgamma": "scipy.special.gammaln",
    "phase": "np.angle",
    "sumprod": "np.vdot",
}


def replacements(frame: FrameType | None) -> dict[str, str]:
    """NumPy's function for each of Python's on the line of a frame, by the spelling there."""
    if frame is None:
        return {}
    spelled = re.findall(r"([A-Za-z_][\w.]*)\s*\(", users_code(frame))
    names = {**frame.f_globals, **frame.f_locals}
    found = {name: numpys(named(name, names)) for name in spelled}
    return {name: instead for name, instead in found.items() if instead}


def named(dotted: str, names: dict[str, Any]) -> Any:
    """The function of a module that a name such as `math.exp` stands for, or None."""
    first, *rest = dotted.split(".")
    found = names.get(first)
    for name in rest:
        found = getattr(found, name, None) if isinstance(found, ModuleType) else None
    return found


def numpys(function: Any) -> str:
    """The name of NumPy's function that does what one of Python's does; "" if there is none."""
    if getattr(function, "__module__", None) not in NUMERIC:
        return ""
    name = function.__name__
    return RENAMED.get(name) or (f"np.{name}" if hasattr(np, name) else "")
