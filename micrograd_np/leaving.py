"""Leaving the graph: where a Tensor becomes a plain number or array, and its gradient ends.

A tracked Tensor that Python turns into a number by itself (`float(t)`, `math.exp(t)`, `a[i] = t`)
gives a GradientCutWarning with the user's line. `t.item()`, `t.data` and `t.numpy()` say that the
number is meant. While a transform runs a function, what it differentiates can be left by neither,
but only through `stop_gradient`. Nothing is recorded under `no_grad`, so nothing is cut there.
"""

import re
import sys
import warnings
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from micrograd_np.errors import GradientCutWarning, LeavesGraphError
from micrograd_np.errors.places import calling_frame, users_code
from micrograd_np.graph import ARGUMENT, Node, describe
from micrograd_np.mode import DIFFERENTIATING, MODE
from micrograd_np.solvers import solver_around

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


def check_constant(node: Node) -> None:
    """Raise LeavesGraphError for a Tensor that a running transform is differentiating.

    Those are the tracked Tensors made since the outermost transform began, but for leaves that the
    function has made itself, on which alone nothing outside depends.
    """
    if is_differentiated(node) and MODE.get() is not False:
        raise LeavesGraphError.while_differentiated(describe(node))


def is_differentiated(node: Node) -> bool:
    """Whether a running transform is differentiating a Tensor."""
    since = DIFFERENTIATING.get()
    if since is None or not node.tracked or node.tick < since:
        return False
    return node.op is not None or node.options is ARGUMENT


def check_number(node: Node) -> None:
    """The same before Python makes a number of a tracked Tensor; otherwise warn of it."""
    if MODE.get() is False or node.value.size != 1:  # Python makes no number of several
        return
    check_constant(node)
    solver = solver_around(sys._getframe())  # noqa: SLF001 - who asks
    frame = calling_frame()
    warning = GradientCutWarning.at(replacements(frame), solver)
    if frame is None:  # it happens on no line of Python
        warnings.warn_explicit(warning, None, "sys", 1)
        return
    names = frame.f_globals
    warnings.warn_explicit(
        warning,
        None,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=names.get("__name__"),
        registry=names.setdefault("__warningregistry__", {}),
        module_globals=names,
    )


def replacements(frame: FrameType | None) -> dict[str, str]:
    """For each function of Python on the line of a frame, as it is spelled, NumPy's function."""
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
