"""Anomaly detection: where a NaN first appears, and whether saved values were changed.

Inside `with detect_anomaly():` every recorded op is checked when it is computed and again when it
is differentiated. The checks cost a pass over every value: they are for finding errors, not for
training.
"""

import sys
from typing import Any, Self

import numpy as np

from micrograd_np.core.context import observing
from micrograd_np.core.foreign import array_behind, here
from micrograd_np.core.graph import PICK, Node, describe
from micrograd_np.core.record import ARRAYS
from micrograd_np.errors import MutationError, NonFiniteError


class Saved:
    """Notes on a recorded node: the line that made it, and fingerprints of inputs and result."""

    __slots__ = ("fingerprints", "line")

    def __init__(self, node: Node) -> None:
        self.line = calling_line()
        self.fingerprints = fingerprints(node)

    def compare(self, node: Node) -> None:
        """Raise MutationError if a value that the rules of a node read has changed."""
        *inputs, result = fingerprints(node)
        *inputs_then, result_then = self.fingerprints
        name = node.op.name
        if inputs != inputs_then:
            raise MutationError.of(f"an input of `{name}` (at {self.line})", name)
        if result != result_then:
            raise MutationError.of(f"the result of `{name}` (at {self.line})", name, had="made")


def fingerprints(node: Node) -> list[int]:
    """The fingerprints of a node's inputs and of its result, which its rules may read.

    The rules of a `PICK` read nothing, and the input of a `PICK` is every result of an op.
    """
    read = (None, None) if node.op is PICK else (*node.values, node.value)
    return [fingerprint(value) for value in read]


class detect_anomaly:
    """Raise where a computation first goes wrong, naming the op and the line that applied it.

    Raises NonFiniteError when an op makes a NaN or infinity out of finite inputs, or its derivative
    makes one out of a finite cotangent. Raises MutationError when an array that an op had used or
    made was changed before differentiation, under any name.

    Ops that were recorded before the `with` are not watched: changes of their inputs and results go
    unseen. So put the whole forward pass inside.

    >>> from micrograd_np import Tensor
    >>> x = Tensor(0.0, requires_grad=True)
    >>> with detect_anomaly():
    ...     np.sqrt(x).backward()  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    NonFiniteError: the derivative of `sqrt` is the first to be non-finite
    """

    def __init__(self) -> None:
        self.saved: dict[Node, Saved] = {}
        self.consumer: dict[Node, Node] = {}
        self.scope = observing(self)

    def __enter__(self) -> Self:
        self.scope.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.scope.__exit__()
        if not self.scope.tokens:  # the context manager may be entered again inside itself
            self.saved.clear()
            self.consumer.clear()

    def recorded(self, node: Any) -> None:
        """Check a new node, and fingerprint the values that its derivative may need."""
        self.saved[node] = Saved(node)
        if is_finite(node.value) or not all(map(is_finite, node.values)):
            return
        raise NonFiniteError(
            f"`{node.op.name}` (at {self.saved[node].line}) made a NaN or infinity out of finite "
            f"inputs: {', '.join(map(summary, node.values))} -> {summary(node.value)}."
        )

    def pulled(self, node: Any, g: Any) -> None:
        """Check the cotangent of a node, and that the values its rules read have not changed."""
        if not is_finite(g):
            raise NonFiniteError(self._guilty(node, g))
        if node not in self.saved:
            return
        self.saved[node].compare(node)
        for x in node.inputs:
            if isinstance(x, Node):
                self.consumer[x] = node

    def _guilty(self, node: Any, g: Any) -> str:
        """Name the op whose derivative made the cotangent `g` that arrives at `node`."""
        source = self.consumer.get(node)
        if source is None or source.op is None:
            return f"a non-finite gradient was passed in for {describe(node)}: {summary(g)}."
        line = self.saved[source].line if source in self.saved else "an unknown line"
        return (
            f"the derivative of `{source.op.name}` (at {line}) is the first to be non-finite: at "
            f"inputs {', '.join(map(summary, source.values))} it gives {describe(node)} the "
            f"gradient {summary(g)}. Keep its input away from that point, or use a form with a "
            f"finite slope."
        )


def is_finite(value: Any) -> bool:
    """Whether all entries of a value, or of each of several, are finite; integers are."""
    if isinstance(value, list | tuple):
        return all(part is None or is_finite(part) for part in value)
    value = array_behind(value)
    kind = getattr(getattr(value, "dtype", None), "kind", "f" if isinstance(value, float) else "O")
    return kind not in "fc" or bool(np.all(np.isfinite(value)))


def fingerprint(value: Any) -> int:
    """A number that changes when an array, or one of the several results of an op, changes.

    Other objects cannot change, or belong to another library, and are not looked into.
    """
    if isinstance(value, list | tuple):
        return hash(tuple(map(fingerprint, value)))
    array = array_behind(value)
    return hash(array.tobytes()) if isinstance(array, ARRAYS) else hash(array is None)


def summary(value: Any) -> str:
    """An array in a few words."""
    array = here(array_behind(value))
    text = np.array2string(array, precision=4, threshold=6, edgeitems=2, separator=", ")
    return f"{text} {np.shape(value) or ''}".strip()


def calling_line() -> str:
    """File and line of the nearest caller outside this package."""
    frame = sys._getframe()  # noqa: SLF001 - there is no public way to the frame
    while frame.f_back and str(frame.f_globals.get("__name__", "")).startswith("micrograd_np."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
