"""Leaving the graph: where a Tensor becomes a plain number or array, and its gradient ends.

A tracked Tensor that Python turns into a number by itself (`float(t)`, `math.exp(t)`, `a[i] = t`)
gives a GradientCutWarning with the user's line. `t.item()`, `t.data` and `t.numpy()` say that the
number is meant. While a transform differentiates a function, both ways are errors, and only
`stop_gradient` makes a constant. Nothing is recorded under `no_grad`, so nothing is cut there.
"""

import sys
import warnings
from typing import Any

from micrograd_np.core.context import CONTEXT, RUNNING
from micrograd_np.core.graph import ARGUMENT, Node, describe, history
from micrograd_np.core.safety.solvers import solver_around
from micrograd_np.core.unknown import EXPLANATIONS
from micrograd_np.errors import GradientCutWarning, LeavesGraphError
from micrograd_np.errors.places import calling_frame

SHOWN: dict[Any, Any] = {}  # the warnings already shown that are on no line


def check_constant(node: Node) -> None:
    """Raise LeavesGraphError for a Tensor that a running transform is differentiating.

    Those are the tracked Tensors made since the outermost transform began, except leaves that the
    function made itself: nothing outside the function depends on these.
    """
    if is_differentiated(node) and CONTEXT.get().recording:
        raise LeavesGraphError.while_differentiated(describe(node))


def is_differentiated(node: Node) -> bool:
    """Whether a running transform is differentiating a Tensor."""
    if not RUNNING or not node.tracked:
        return False
    since = CONTEXT.get().differentiating
    if since is not None and node.tick >= since:
        return node.op is not None or node.options is ARGUMENT
    return is_differentiated_elsewhere(node)


def is_differentiated_elsewhere(node: Node) -> bool:
    """Whether a transform in another thread, which may have started this one, differentiates it."""
    arguments = {x for nodes in tuple(RUNNING.values()) for x in nodes if isinstance(x, Node)}
    since = min((x.tick for x in arguments), default=None)
    if since is None or node.tick < since:
        return False
    nodes, leaves = history([node], since)
    return not arguments.isdisjoint((*nodes, *leaves))


def check_number(node: Node) -> None:
    """Warn before Python makes a number of a tracked Tensor; raise where `check_constant` does."""
    if not CONTEXT.get().recording or node.value.size != 1:  # Python makes no number of several
        return
    check_constant(node)
    solver = solver_around(sys._getframe())  # noqa: SLF001 - who asks
    advice = EXPLANATIONS.solver_advice(solver)
    warn_user(GradientCutWarning.at(solver, advice))


def warn_user(warning: Warning) -> None:
    """Issue a warning at the line of the nearest caller outside of libraries."""
    frame = calling_frame()
    if frame is None:  # it happens on no line of Python
        warnings.warn_explicit(warning, None, "sys", 1, registry=SHOWN)
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
