"""Specializations: a compiled function for calls of one signature, from the trace to what runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from micrograd_np.compiler.backends import Backend
from micrograd_np.compiler.entrance import fast_caller
from micrograd_np.compiler.guarding.snapshot import Guard
from micrograd_np.compiler.guarding.undoing import Reached
from micrograd_np.compiler.passes import optimized
from micrograd_np.compiler.program import Program
from micrograd_np.compiler.returning import Returned
from micrograd_np.compiler.signature import Call, described
from micrograd_np.compiler.subject import Arguments, Keywords, Subject
from micrograd_np.compiler.tracing.randomness import TURNS, Disturbed, keeping_its_turn, unchanged
from micrograd_np.compiler.tracing.trace import Trace, trace
from micrograd_np.errors import TracingError
from micrograd_np.forking import cached_property
from micrograd_np.graph import Node
from micrograd_np.quiet import quiet

Loop = Callable[..., tuple[Any, ...]]


class Specialization:
    """A compiled function for calls of one signature.

    `recording`: whether its results have histories, as they have except under `no_grad`.

    Fields: `arguments`, its values in words; `program`, after all passes; `returned`, the tree that
    its results go into; `captured`, the Tensors from outside whose values are the last parameters;
    `history`, what each pass did; `guard`, what it depends on beside its arguments. Made when first
    needed: `executable`, which takes the program's parameters and returns its results; `entrance`,
    the short way in, if there is one; `loops`, by how many arguments are carried; `gradient`, of
    calls that are part of a graph.
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
        program, self.returned, self.captured = traced(
            subject, call, args, keywords, recording=recording
        )
        self.guard = Guard(call.surroundings.current())
        program, self.history = optimized(program)
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
        """What the program returns for a call."""
        with quiet():
            found: tuple[Any, ...] = self.executable(*self.parameters(call))
        return found

    def parameters(self, call: Call) -> list[Any]:
        """What the program takes: the values of the arguments, and those of captured Tensors."""
        return [*(x.value for x in call.leaves), *(x.value for x in self.captured)]


def traced(
    subject: Subject, call: Call, args: Arguments, keywords: Keywords, *, recording: bool = True
) -> tuple[Program, Returned, list[Node]]:
    """A run of the function on stand-ins: its program, what it returned, and what it captured.

    Raises Disturbed if another thread may have drawn from a generator every time it was tried.
    """

    def run(trace: Trace) -> Returned:
        out, given = subject.on_stand_ins(trace, call, args, keywords)
        kept = trace.handed_on.keys() & call.snapshot.arrays.keys()
        return Returned(out, given, trace.start, kept)

    for seconds in (0.0, *TURNS):
        try:
            with keeping_its_turn(seconds), unchanged(subject.function), noticed(subject, call):
                kept = call.snapshot.kept()
                make, returned, made = trace(subject.name, run, kept, recording=recording)
            break
        except Disturbed as error:
            disturbed = error
    else:
        raise disturbed
    program = make(returned.results)
    return program, returned.freed(), list(made.captured)


@contextmanager
def noticed(subject: Subject, call: Call) -> Iterator[None]:
    """Raise TracingError at the end if the function has changed what it depends on.

    All that it reaches is then put back as it was, as it is after any other TracingError; and in
    any case if the function is run uncompiled as well.
    """
    if call.snapshot.walk.iterators:
        raise TracingError.iterators(call.snapshot.walk.iterators)
    before = Reached(call.snapshot)
    try:
        yield
        changed = call.surroundings.changed_by_run(call.snapshot)
    except BaseException as error:
        if subject.tried or isinstance(error, TracingError):
            before.restore()
        raise
    if subject.tried or changed:
        before.restore()
    if changed:
        raise TracingError.changed(changed)
