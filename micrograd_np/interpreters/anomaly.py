"""Anomaly detection: where a NaN first appears, and whether saved values were changed.

Inside `with detect_anomaly():` every recorded op is checked when it is computed and again when it
is differentiated. The checks cost a pass over every value: they are for finding errors, not for
training.
"""

from typing import Any, NamedTuple, Self

import numpy as np

from micrograd_np.core.context import observing
from micrograd_np.core.foreign import array_behind, to_numpy
from micrograd_np.core.graph import PICK, Node, describe
from micrograd_np.core.record import ARRAYS
from micrograd_np.errors import MutationError, NonFiniteError
from micrograd_np.errors.places import users_frame

UNKNOWN = "an unknown line"


class Saved(NamedTuple):
    """Notes on a recorded node: the line that made it, and fingerprints of what its rules read."""

    line: str
    inputs: int
    result: int

    @classmethod
    def of(cls, node: Node, line: str) -> Self:
        """The notes on `node` as it is now.

        The rules of a `PICK` read nothing, and the input of a `PICK` is every result of an op.
        """
        if node.op is PICK:
            return cls(line, 0, 0)
        return cls(line, fingerprint(list(node.values)), fingerprint(node.value))


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
        self.saved[node] = Saved.of(node, calling_line())
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
        then, name = self.saved[node], node.op.name
        now = Saved.of(node, then.line)
        if now.inputs != then.inputs:
            raise MutationError.of(f"an input of `{name}` (at {then.line})", name)
        if now.result != then.result:
            raise MutationError.of(f"the result of `{name}` (at {then.line})", name, had="made")
        for x in node.inputs:
            if isinstance(x, Node):
                self.consumer[x] = node

    def _guilty(self, node: Any, g: Any) -> str:
        """Name the op whose derivative made the cotangent `g` that arrives at `node`."""
        source = self.consumer.get(node)
        if source is None or source.op is None:
            return f"a non-finite gradient was passed in for {describe(node)}: {summary(g)}."
        line = self.saved[source].line if source in self.saved else UNKNOWN
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
    array = to_numpy(array_behind(value))
    text = np.array2string(array, precision=4, threshold=6, edgeitems=2, separator=", ")
    return f"{text} {np.shape(value) or ''}".strip()


def calling_line() -> str:
    """File and line of the nearest caller outside this package."""
    frame = users_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else UNKNOWN
