"""Whether ops are recorded: the one piece of ambient state, kept per context.

`MODE` is True (record), False (`no_grad`), or an *observer*, which records and is told of it.
Context variables give every thread and asynchronous task a mode of its own.
"""

from collections.abc import Callable, Generator
from contextvars import Context, ContextVar, copy_context
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, Protocol, Self


class Observer(Protocol):
    """What may stand in `MODE` in place of True."""

    def recorded(self, node: Any) -> None:
        """Called when `node` has been made."""

    def pulled(self, node: Any, g: Any) -> None:
        """Called by `backward` when the cotangent `g` arrives at `node`."""


MODE: ContextVar[bool | Observer] = ContextVar("micrograd_np_mode", default=True)


class grad_mode:
    """A context manager and decorator that says, for this context only, whether ops are recorded.

    Threads and asynchronous tasks have modes of their own. A decorated generator keeps its mode to
    itself between the values it yields.
    """

    recording: bool

    def __enter__(self) -> Self:
        self.token = MODE.set(self.recording)
        return self

    def __exit__(self, *exception: object) -> None:
        MODE.reset(self.token)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function, or a generator function."""
        mode = type(self)

        @wraps(function)
        def decorated(*args: Any, **keywords: Any) -> Any:
            with mode():
                return function(*args, **keywords)

        @wraps(function)
        def generating(*args: Any, **keywords: Any) -> Any:
            context = copy_context()
            context.run(MODE.set, mode.recording)
            return _within(context, function(*args, **keywords))

        return generating if isgeneratorfunction(function) else decorated


def _within(context: Context, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Drive `generator` so that each of its steps runs in `context`."""
    step, sent = generator.send, None
    while True:
        try:
            yielded = context.run(step, sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = generator.send, (yield yielded)
        except BaseException as error:  # hand on whatever the consumer throws in, close() included
            step, sent = generator.throw, error


class no_grad(grad_mode):
    """Compute without recording.

    >>> from micrograd_np import Tensor
    >>> w = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     print((w * w).requires_grad)
    False
    """

    recording = False


class enable_grad(grad_mode):
    """Record, inside a `no_grad` block."""

    recording = True
