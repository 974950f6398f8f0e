"""Whether ops are recorded, and on whose behalf: all the ambient state there is, kept per context.

`MODE` is True (record), False (`no_grad`), or an *observer*, which records and is told of it. The
other variables say who observes, and which transform is running a function. Being context
variables, they give every thread and asynchronous task a state of its own.
"""

from collections.abc import Callable, Generator, Sequence
from contextvars import Context, ContextVar, Token, copy_context
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Protocol, Self

from micrograd_np.forking import after_fork


class Observer(Protocol):
    """What may stand in `MODE` in place of True."""

    def recorded(self, node: Any) -> None:
        """Called when `node` has been made."""

    def pulled(self, node: Any, g: Any) -> None:
        """Called by `backward` when the cotangent `g` arrives at `node`."""


MODE: ContextVar[bool | Observer] = ContextVar("micrograd_np_mode", default=True)

# Who is told while ops are recorded: kept while `no_grad` has MODE at False.
OBSERVER: ContextVar[Observer | None] = ContextVar("micrograd_np_observer", default=None)

# The innermost batch that `vmap` is running a function on.
BATCH: ContextVar[Any] = ContextVar("micrograd_np_batch", default=None)

# The trace that `compile` is making of a function: whoever takes the value of a node asks it.
# TRACES are those in all contexts: where there are none, which costs less to see, nobody asks.
TRACE: ContextVar[Any] = ContextVar("micrograd_np_trace", default=None)
TRACES: list[Any] = []


def forget_traces() -> None:
    """Forget, in a forked child, the traces of threads that it does not have."""
    if TRACE.get() is None:
        TRACES.clear()


after_fork(forget_traces)

# The tick at which the outermost transform that is running a function began: a number taken out of
# the graph that it has left since would be wrong. RUNNING are the nodes that all transforms, in all
# threads, differentiate in: a thread that a function starts has a context of its own.
DIFFERENTIATING: ContextVar[int | None] = ContextVar("micrograd_np_differentiating", default=None)
RUNNING: dict[int, Sequence[Any]] = {}  # by identity, so that threads do not meet


def forget_running() -> None:
    """Forget, in a forked child, the transforms of threads that it does not have."""
    if DIFFERENTIATING.get() is None:
        RUNNING.clear()


after_fork(forget_running)


def begin_differentiating(start: int, nodes: Sequence[Any]) -> "Token[int | None]":
    """Say that a transform in `nodes` began at a tick; what ends it is returned."""
    outermost = DIFFERENTIATING.get()
    RUNNING[id(nodes)] = nodes
    return DIFFERENTIATING.set(start if outermost is None else min(start, outermost))


def end_differentiating(token: "Token[int | None]", nodes: Sequence[Any]) -> None:
    """Say that it is over."""
    DIFFERENTIATING.reset(token)
    RUNNING.pop(id(nodes), None)  # which a fork in the function has forgotten


class grad_mode:
    """A context manager and decorator that says, for this context only, whether ops are recorded.

    Threads and asynchronous tasks have modes of their own. A decorated generator keeps its mode to
    itself between the values it yields.
    """

    recording: bool

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        """A mode, or `function` decorated with it: `@no_grad` means `@no_grad()`."""
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode.__init__()  # type: ignore[misc]  # Python only does so for what it returns
        return mode(function)

    def __init__(self) -> None:
        self.tokens: list[Token[bool | Observer]] = []  # a mode may be entered again inside itself

    def __enter__(self) -> Self:
        self.tokens.append(MODE.set(self.mode()))
        return self

    def __exit__(self, *exception: object) -> None:
        MODE.reset(self.tokens.pop())

    def mode(self) -> bool | Observer:
        """What to set: an observer goes on observing."""
        return self.recording and (OBSERVER.get() or True)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function, a coroutine function, or a generator function of either kind."""
        mode = type(self)

        @wraps(function)
        def decorated(*args: Any, **keywords: Any) -> Any:
            with mode():
                return function(*args, **keywords)

        @wraps(function)
        def generating(*args: Any, **keywords: Any) -> Any:
            context = copy_context()
            context.run(mode().__enter__)
            return Within(context, function(*args, **keywords))

        @wraps(function)
        async def awaiting(*args: Any, **keywords: Any) -> Any:
            with mode():
                return await function(*args, **keywords)

        @wraps(function)
        async def stepping(*args: Any, **keywords: Any) -> Any:
            generator, sent = function(*args, **keywords), None
            try:
                while True:
                    try:
                        with mode():
                            item = await generator.asend(sent)
                    except StopAsyncIteration:
                        return
                    sent = yield item
            finally:
                with mode():
                    await generator.aclose()

        if isgeneratorfunction(function):
            return generating
        if isasyncgenfunction(function):
            return stepping
        return awaiting if iscoroutinefunction(function) else decorated


class Within(Generator[Any, Any, Any]):
    """A generator each step of which runs in a context of its own."""

    def __init__(self, context: Context, generator: Generator[Any, Any, Any]) -> None:
        self.context = context
        self.generator = generator

    def send(self, value: Any) -> Any:
        """Go on to the next value."""
        return self.context.run(self.generator.send, value)

    def throw(self, *error: Any) -> Any:
        """Raise `error` where the generator stands."""
        return self.context.run(self.generator.throw, *error)

    def __del__(self) -> None:
        self.context.run(self.generator.close)


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
    """Record, inside a `no_grad` block.

    >>> from micrograd_np import Tensor
    >>> w = Tensor(2.0, requires_grad=True)
    >>> with no_grad(), enable_grad():
    ...     print((w * w).requires_grad)
    True
    """

    recording = True


class Both:
    """Two observers, the second of which sees a node as the first has left it."""

    def __init__(self, first: Observer, second: Observer) -> None:
        self.first = first
        self.second = second

    def recorded(self, node: Any) -> None:
        """Tell both."""
        self.first.recorded(node)
        self.second.recorded(node)

    def pulled(self, node: Any, g: Any) -> None:
        """Tell both."""
        self.first.pulled(node, g)
        self.second.pulled(node, g)


class observing:  # noqa: N801 - read as a verb: with observing(observer)
    """A context manager under which `observer` is told of what is recorded and pulled.

    Whoever observes already goes on doing so; `first` says that `observer` is told before them.
    """

    def __init__(self, observer: Observer, *, first: bool = False) -> None:
        self.observer = observer
        self.first = first
        self.tokens: list[tuple[Token[Any], Token[Any]]] = []

    def __enter__(self) -> None:
        observer, outer = self.observer, OBSERVER.get()
        if outer is not None:
            observer = Both(observer, outer) if self.first else Both(outer, observer)
        mode = MODE.get() and observer
        self.tokens.append((MODE.set(mode), OBSERVER.set(observer)))

    def __exit__(self, *exception: object) -> None:
        mode, observer = self.tokens.pop()
        MODE.reset(mode)
        OBSERVER.reset(observer)
