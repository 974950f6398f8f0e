"""Specializations: a compiled function for calls of one signature, from the trace to what runs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.compiler.backends import Backend
from micrograd_np.compiler.entrance import fast_caller
from micrograd_np.compiler.guarding.snapshot import Guard, Snapshot, changes_since
from micrograd_np.compiler.guarding.undoing import Reached
from micrograd_np.compiler.keys import key_of
from micrograd_np.compiler.passes import optimized
from micrograd_np.compiler.program import Program
from micrograd_np.compiler.returning import Returned
from micrograd_np.compiler.signature import Call, described
from micrograd_np.compiler.subject import Arguments, Keywords, Subject
from micrograd_np.compiler.tracing.randomness import unchanged
from micrograd_np.compiler.tracing.trace import Trace, trace
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.errors import TracingError
from micrograd_np.forking import cached_property

Loop = Callable[..., tuple[Any, ...]]


class Specialization:
    """A compiled function for calls of one signature.

    `recording`: whether its results have histories, as they have except under `no_grad`.

    - `arguments`: its values in words.
    - `program`: the program after all passes; `history`: what each pass did.
    - `returned`: the tree that its results go into.
    - `captured`: the Tensors from outside whose values are the last parameters.
    - `guard`: what it depends on beside its arguments.

    The other fields are made when they are first needed:

    - `executable`: takes the program's parameters and returns its results.
    - `entrance`: the short way in, if there is one.
    - `loops`: the loops of `repeat`, by the number of arguments that are carried.
    - `gradient`: the gradient of calls that are part of a graph.
    """

    def __init__(
        self,
        subject: Subject,
        backend: Backend,
        call: Call,
        args: Arguments,
        keywords: Keywords,
        recording: bool,
    ) -> None:
        self.subject = subject
        self.backend = backend
        self.arguments = list(described(call.leaves))
        self.recording = recording
        found = traced(subject, call, args, keywords, recording=recording)
        self.returned, self.captured = found.returned, found.captured
        self.guard = Guard(found.snapshot)
        program, self.history = optimized(found.program)
        self.program = backend.prepare(program)
        self.donated = subject.donated(call)
        self.entrance: Callable[[Arguments], Any] | None = None
        self.opened = False  # whether the short way was looked for
        self.loops: dict[int | None, Loop | None] = {}
        self.gradient: Any = None

    @cached_property
    def executable(self) -> Any:
        """The program as something to call."""
        return self.backend.build(self.program, self.donated)

    def open(self, args: Arguments) -> None:
        """Make the entrance for calls with positional arguments like these."""
        self.opened = True
        if self.returned.tracked or any(static for *_, static in self.subject.named(args, {})):
            return
        self.entrance = fast_caller(
            args, self.executable.function, self.captured, self.returned, self.guard, self.recording
        )

    def results(self, call: Call) -> tuple[Any, ...]:
        """The results of the program for a call."""
        with ignoring_float_errors():
            found: tuple[Any, ...] = self.executable(*self.parameters(call))
        return found

    def parameters(self, call: Call) -> list[Any]:
        """The parameters of the program: values of the arguments, and those of captured Tensors."""
        return [*(x.value for x in call.leaves), *(x.value for x in self.captured)]


class TracedRun(NamedTuple):
    """The findings of a run of a function on stand-ins.

    `captured`: the Tensors from outside that the function used. `values`: the leaves of its result.
    `snapshot`: the facts that it depends on.
    """

    program: Program
    returned: Returned
    captured: list[Node]
    values: list[Any]
    snapshot: Snapshot


def traced(
    subject: Subject, call: Call, args: Arguments, keywords: Keywords, *, recording: bool = True
) -> TracedRun:
    """A run of the function on stand-ins, which has changed nothing that the function depends on.

    A first run may keep things for later runs; then the second run counts. Raises TracingError if
    the second run changes things too. After every TracingError, all that the function reaches is
    put back as it was. That is also done if the function will run uncompiled as well.
    """
    if call.snapshot.walk.iterators:
        raise TracingError.iterators(call.snapshot.walk.iterators)
    before = Reached(call.snapshot)
    try:
        found = settled(subject, call, args, keywords, recording=recording)
    except BaseException as error:
        if subject.tried or isinstance(error, TracingError):
            before.restore()
        raise
    if subject.tried:
        before.restore()
    return found


def settled(
    subject: Subject, call: Call, args: Arguments, keywords: Keywords, *, recording: bool
) -> TracedRun:
    """A run that changes nothing: the first, or the second where the first has kept something.

    Both have to give the same: what the first call returns is not to differ from all others.
    """
    first = run_on_stand_ins(subject, call, args, keywords, recording=recording)
    changed = changes_since(call.snapshot)
    if not changed:
        return first
    call = call._replace(snapshot=call.surroundings.current())
    try:
        second = run_on_stand_ins(subject, call, args, keywords, recording=recording)
    except TracingError:
        raise
    except Exception as error:  # the function's own: there was none when it was called once
        raise TracingError.changed(changed) from error
    if changes_since(call.snapshot, is_stand_in) or not all_alike(first.values, second.values):
        raise TracingError.changed(changed)
    return second._replace(snapshot=call.surroundings.current())


def is_stand_in(x: Any) -> bool:
    """Whether it stands for a value of a run that is over: who reads it then gets an error."""
    return isinstance(value_of(x), Interpreted)


def all_alike(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Whether two runs returned the same, to the last bit."""
    return len(first) == len(second) and all(map(are_alike, first, second))


def are_alike(x: Any, y: Any) -> bool:
    """Whether two leaves of results are the same."""
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)):
        return x is y or key_of(x) == key_of(y)
    return (x.dtype, x.shape) == (y.dtype, y.shape) and x.tobytes() == y.tobytes()


def run_on_stand_ins(
    subject: Subject, call: Call, args: Arguments, keywords: Keywords, *, recording: bool
) -> TracedRun:
    """One run of the function, in which it may not draw random numbers from outside."""

    def run(trace: Trace) -> Returned:
        out, given = subject.on_stand_ins(trace, call, args, keywords)
        kept = trace.handed_on.keys() & call.snapshot.arrays.keys()
        return Returned(out, given, trace.start, kept)

    with unchanged(call.snapshot.walk):
        make, returned, made = trace(subject.name, run, call.snapshot.kept(), recording=recording)
    program = make(returned.results)
    values = returned.values()
    return TracedRun(program, returned.freed(), list(made.captured), values, call.snapshot)
