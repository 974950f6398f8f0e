"""The context in which ops are applied: all the ambient state there is, in one immutable value.

A `Context` says whether ops are recorded, who observes them, which interpreters apply them in
another way, and since when a transform has been running. One context variable holds it, so every
thread and asynchronous task has a context of its own.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import Context as Variables
from contextvars import ContextVar, Token, copy_context
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, NamedTuple, Protocol, Self, TypeVar, overload

from micrograd_np.forking import after_fork

Function = Callable[..., Any]
Called = TypeVar("Called", bound=Function)


class Observer(Protocol):
    """A listener that is told of each op when recorded, and of each cotangent."""

    def recorded(self, node: Any) -> None:
        """Called when `node` has been made."""

    def pulled(self, node: Any, g: Any) -> None:
        """Called by `backward` when the cotangent `g` arrives at `node`."""


class Interpreter:
    """A way to apply ops to other values than arrays. This base class changes nothing."""

    __slots__ = ()

    def prepare(
        self,
        op: Any,  # noqa: ARG002 - for those who ask
        inputs: tuple[Any, ...],
        values: list[Any],
    ) -> tuple[tuple[Any, ...], list[Any]]:
        """The inputs that an op is recorded with, and the values that it is computed on."""
        return inputs, values

    def read(self, node: Any, value: Any) -> Any:  # noqa: ARG002 - for those who ask
        """The value of a node as code outside of ops sees that value."""
        return value

    def lift(self, x: Any) -> Any:
        """The argument of a function that is differentiated within this interpreter."""
        return x

    def check_change(self, node: Any, what: str) -> None:
        """Raise an error if `what` must not be done to a node within this interpreter."""

    def hand_on(self, x: Any) -> None:
        """Called with each aux value that a transform returns just as its function returned it."""

    def replay(self) -> AbstractContextManager[None]:
        """A context manager within which a function runs once more, to compute again."""
        return nullcontext()


class Context(NamedTuple):
    """The way in which ops are applied.

    `recording`: whether ops keep their recipes. `observers`: the observers in the order in which
    they are told. `interpreters`: the interpreters, the outermost first. `differentiating`: the
    tick at which the outermost running transform began; None if no transform is running.
    """

    recording: bool = True
    observers: tuple[Observer, ...] = ()
    interpreters: tuple[Interpreter, ...] = ()
    differentiating: int | None = None


EAGER = Context()  # of most programs; to compare with it is quicker than to read its fields
CONTEXT: ContextVar[Context] = ContextVar("micrograd_np", default=EAGER)


class entering:
    """A context manager that makes another context of the one around; re-entrant."""

    __slots__ = ("inside", "tokens")

    def __init__(self, inside: Callable[[Context], Context]) -> None:
        self.inside = inside
        self.tokens: list[Token[Context]] = []

    def __enter__(self) -> Self:
        self.tokens.append(CONTEXT.set(self.inside(CONTEXT.get())))
        return self

    def __exit__(self, *exception: object) -> None:
        CONTEXT.reset(self.tokens.pop())


def observing(observer: Observer) -> entering:
    """A context manager under which `observer` is told too, after those who observe already."""
    return entering(lambda outer: outer._replace(observers=(*outer.observers, observer)))


def interpreting(interpreter: Interpreter) -> entering:
    """A context manager under which `interpreter` applies ops, within those that do so already."""
    return entering(lambda outer: outer._replace(interpreters=(*outer.interpreters, interpreter)))


def lifted(x: Any) -> Any:
    """An argument of a function that is differentiated, as the innermost interpreter has it."""
    interpreters = CONTEXT.get().interpreters
    return interpreters[-1].lift(x) if interpreters else x


@contextmanager
def replaying() -> Iterator[None]:
    """A context manager within which ops are recorded, for a function that runs once more."""
    with ExitStack() as stack:
        stack.enter_context(enable_grad())
        for interpreter in CONTEXT.get().interpreters:
            stack.enter_context(interpreter.replay())
        yield


# The nodes that all transforms, in all threads, differentiate in: a thread that a function starts
# has another context. The nodes are kept by identity, so that threads do not meet.
RUNNING: dict[int, Sequence[Any]] = {}


def forget_running() -> None:
    """Forget, in a forked child, the transforms of threads that it does not have."""
    if CONTEXT.get().differentiating is None:
        RUNNING.clear()


after_fork(forget_running)


class differentiating(entering):
    """A context manager under which a transform runs a function that it differentiates in `nodes`.

    `since`: the tick at which the transform began; that of the outermost transform counts. A number
    taken out of the graph made since then would be wrong. `recording`: whether ops are recorded
    within; None leaves that unchanged.
    """

    __slots__ = ("nodes",)

    def __init__(self, since: int, nodes: Sequence[Any], recording: bool | None = None) -> None:
        def inside(outer: Context) -> Context:
            begun = outer.differentiating
            return Context(
                outer.recording if recording is None else recording,
                outer.observers,
                outer.interpreters,
                since if begun is None or since < begun else begun,
            )

        super().__init__(inside)
        self.nodes = nodes

    def __enter__(self) -> Self:
        RUNNING[id(self.nodes)] = self.nodes
        return super().__enter__()

    def __exit__(self, *exception: object) -> None:
        super().__exit__()
        RUNNING.pop(id(self.nodes), None)  # which a fork in the function has forgotten


# ---------------------------------------------------------------- whether ops are recorded


class grad_mode(entering):
    """A context manager and decorator that says, for this context only, whether ops are recorded.

    Threads and asynchronous tasks each have a mode. The mode of a decorated generator does not
    reach the code that runs between the values it yields.
    """

    __slots__ = ("recording",)

    def __init__(self, recording: bool) -> None:
        super().__init__(lambda outer: outer._replace(recording=recording))
        self.recording = recording

    def __call__(self, function: Called) -> Called:
        """Decorate a function, a coroutine function, or a generator function of either kind."""
        mode = partial(grad_mode, self.recording)

        @wraps(function)
        def decorated(*args: Any, **keywords: Any) -> Any:
            with mode():
                return function(*args, **keywords)

        @wraps(function)
        def generating(*args: Any, **keywords: Any) -> Any:
            variables = copy_context()
            variables.run(mode().__enter__)
            return Within(variables, function(*args, **keywords))

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

        made: Any = awaiting if iscoroutinefunction(function) else decorated
        if isgeneratorfunction(function):
            made = generating
        elif isasyncgenfunction(function):
            made = stepping
        return made  # type: ignore[no-any-return] # it is called like `function`


class Within(Generator[Any, Any, Any]):
    """A generator each step of which runs with context variables that nothing else sees."""

    def __init__(self, variables: Variables, generator: Generator[Any, Any, Any]) -> None:
        self.variables = variables
        self.generator = generator

    def send(self, value: Any) -> Any:
        """Go on to the next value."""
        return self.variables.run(self.generator.send, value)

    def throw(self, *error: Any) -> Any:
        """Raise `error` where the generator stands."""
        return self.variables.run(self.generator.throw, *error)

    def __del__(self) -> None:
        self.variables.run(self.generator.close)


@overload
def no_grad(function: None = None) -> grad_mode: ...
@overload
def no_grad(function: Called) -> Called: ...
def no_grad(function: Function | None = None) -> Any:
    """A context manager, or decorator of `function`, under which ops are not recorded.

    >>> from micrograd_np import Tensor
    >>> w = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     print((w * w).requires_grad)
    False
    """
    mode = grad_mode(recording=False)
    return mode if function is None else mode(function)


@overload
def enable_grad(function: None = None) -> grad_mode: ...
@overload
def enable_grad(function: Called) -> Called: ...
def enable_grad(function: Function | None = None) -> Any:
    """A context manager, or decorator of `function`, under which ops are recorded after all.

    >>> from micrograd_np import Tensor
    >>> w = Tensor(2.0, requires_grad=True)
    >>> with no_grad(), enable_grad():
    ...     print((w * w).requires_grad)
    True
    """
    mode = grad_mode(recording=True)
    return mode if function is None else mode(function)
