"""Compiled functions: traced once a signature, and then run as a NumPy program.

A `Compiled` keeps a `Specialization` for each signature that it was called with: the program, the
executable made of it, and the tree that its results go back into.
"""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import update_wrapper
from pathlib import Path
from threading import RLock
from types import MethodType
from typing import Any

from micrograd_np.compiler.backends import Backend
from micrograd_np.compiler.entrance import MISS, fast_caller
from micrograd_np.compiler.passes import optimized
from micrograd_np.compiler.program import Program
from micrograd_np.compiler.randomness import unchanged
from micrograd_np.compiler.recorded import Gradient, with_history
from micrograd_np.compiler.repeating import Repeated
from micrograd_np.compiler.report import Report, report_of
from micrograd_np.compiler.returning import Returned, fresh_tensor
from micrograd_np.compiler.signature import (
    Call,
    Leaf,
    call_of,
    described,
    inside,
    mapped_values,
)
from micrograd_np.compiler.source import save
from micrograd_np.compiler.surroundings import Settings
from micrograd_np.compiler.tracing import Trace, trace
from micrograd_np.errors import GraphError, listed
from micrograd_np.graph import Node
from micrograd_np.mode import MODE, TRACE
from micrograd_np.quiet import quiet
from micrograd_np.transforms import name_of

Function = Callable[..., Any]
Arguments = tuple[Any, ...]
Keywords = dict[str, Any]
Positions = int | Sequence[int]
Names = str | Sequence[str]

ENTRANCES = 4  # how many of the latest signatures are tried by the short way


def positions(given: Positions, names: Sequence[str], setting: str) -> frozenset[int]:
    """Positions of arguments, from the front."""
    numbers = tuple(given) if isinstance(given, list | tuple) else (given,)
    found = {i + len(names) if isinstance(i, int) and i < 0 else i for i in numbers}
    if any(not isinstance(i, int) or i < 0 for i in found):
        raise ValueError(
            f"{setting}={given!r:.60} does not name arguments: give positions, 0 for the first."
        )
    return frozenset(found)


def positional_names(f: Function) -> list[str]:
    """The names of a function's positional parameters; none if Python cannot tell."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional]


class Specialization:
    """A compiled function for calls of one signature.

    Fields: `arguments`, its values in words; `program`, after all passes; `executable`, which takes
    the program's parameters and returns its results; `returned`, the tree that they go into;
    `captured`, the Tensors from outside whose values are the last parameters; `history`, what each
    pass did.
    """

    def __init__(
        self, function: "Compiled", call: Call, args: Arguments, keywords: Keywords
    ) -> None:
        self.function = function
        self.gradient: Gradient | None = None
        self.arguments = list(described(call.leaves))
        program, self.returned, self.captured = traced(function, call, args, keywords)
        program, self.history = optimized(program)
        self.backend = function.backend
        self.program = self.backend.prepare(program)
        self.executable = self.backend.build(self.program, function.donated(call))
        self.loops: dict[int | None, Callable[..., tuple[Any, ...]]] = {}  # by `carry`
        static = any(static for *_, static in function.named(args, keywords))
        self.entrance = None if keywords or static else fast_caller(
            args, self.executable, self.captured, self.returned, function.settings.watch()
        )  # fmt: skip

    def run(self, call: Call, args: Arguments, keywords: Keywords) -> Any:
        """The result of a call of this signature."""
        with quiet():
            found = self.executable(*self.parameters([leaf.value for leaf in call.leaves]))
        if self.returned.tracked and MODE.get() is not False:
            return with_history(self, call, args, keywords, found)
        return self.returned.rebuilt(found)

    def parameters(self, values: Sequence[Any]) -> list[Any]:
        """What the program takes: the values of the arguments, and those of captured Tensors."""
        return [*values, *(leaf.value for leaf in self.captured)]


def traced(
    function: "Compiled", call: Call, args: Arguments, keywords: Keywords
) -> tuple[Program, Returned, list[Node]]:
    """A run of the function on stand-ins: its program, what it returned, and what it captured."""

    def run(trace: Trace) -> Returned:
        out, given = function.traced_call(trace, call, (args, keywords))
        return Returned(out, given, trace.start)

    with unchanged(function.function):
        make, returned, made = trace(function.__name__, run)
    program = make(returned.results)
    return program, returned.freed(), list(made.captured)


def stand_in(trace: Trace, leaf: Leaf) -> Any:
    """What the function is given for a value: a Traced, in a Tensor for a Tensor."""
    made = trace.parameter(leaf.path, leaf.value)
    if not isinstance(leaf.given, Node):
        return made
    node = fresh_tensor(made)
    node.requires_grad, node.name = leaf.given.requires_grad, leaf.given.name
    trace.given.add(node)
    return node


class Compiled:
    """What `compile` makes of a function: call it like the function itself.

    `specializations`: what there is for each signature met so far, the latest last.
    """

    def __init__(
        self,
        function: Function,
        backend: Backend,
        *,
        static_argnums: Positions,
        static_argnames: Names,
        donate_argnums: Positions,
        cache_size: int,
    ) -> None:
        if not callable(function):
            raise TypeError(
                f"mg.compile takes a function. Given: {function!r:.80}. Write mg.compile(f)(x)."
            )
        if not isinstance(cache_size, int) or cache_size < 1:
            raise ValueError(f"cache_size is a whole number, at least 1; not {cache_size!r}")
        update_wrapper(self, function, updated=())
        self.__name__ = name_of(function)
        self.function = function
        self.backend = backend
        self.specializations: OrderedDict[Hashable, Specialization] = OrderedDict()
        names = (static_argnames,) if isinstance(static_argnames, str) else static_argnames
        self._names = positional_names(function)
        self._static_positions = positions(static_argnums, self._names, "static_argnums")
        by_position = (x for i, x in enumerate(self._names) if i in self._static_positions)
        self._static_names = frozenset((*names, *by_position))
        self._donate = positions(donate_argnums, self._names, "donate_argnums")
        self._cache_size = cache_size
        self._entrances: tuple[Callable[[Arguments], Any], ...] = ()
        self._settings: Settings | None = None
        self._lock = RLock()

    def __repr__(self) -> str:
        known = len(self.specializations)
        return f"<compiled {self.__name__}: {known} signature{'' if known == 1 else 's'}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if not keywords:
            for enter in self._entrances:
                if (out := enter(args)) is not MISS:
                    return out
        call = self.call_of(args, keywords)
        if TRACE.get() is not None or inside(call.leaves):
            return self.function(*args, **keywords)
        return self.specialized(call, args, keywords).run(call, args, keywords)

    # ------------------------------------------------------------ what was compiled

    @property
    def source(self) -> str:
        """The latest program, as the Python source that is run."""
        source: str = self._latest().executable.source
        return source

    def report(self) -> Report:
        """What the passes did to the latest program, and the memory it needs."""
        latest = self._latest()
        return report_of(latest.program, latest.executable, latest.history)

    def save(self, path: str | Path) -> None:
        """Write the latest program as a module that needs NumPy alone.

        Its function takes the values of the arguments in order, one positional argument each, and
        returns a tuple of arrays. Tensors that the function captured are arguments too, the last.

        Raises GraphError if nothing was compiled yet, or by a back end that has no such source;
        TypeError naming all functions of your own whose source is not to be had.
        """
        save(self._latest().program, path)

    def _latest(self) -> Specialization:
        if not self.specializations:
            raise GraphError(
                f"`{self.__name__}` has no program yet: it is traced when it is first called. Call "
                f"it with arguments such as it is for."
            )
        return next(reversed(self.specializations.values()))

    def clear(self) -> None:
        """Forget all programs, as after a change of something that the function closes over."""
        with self._lock:
            self.specializations.clear()
            self._entrances = ()
            self._settings = None

    # ------------------------------------------------------------ many steps

    def repeat(self, n: int, carry: int | None = None) -> Function:
        """A function of the same arguments that does `n` steps, each on what the last returned.

        The result of a step takes the place of the leading arguments: a result of the structure of
        the first argument that of the first, a tuple those of as many as it has parts that agree;
        `carry` says how many. Its further parts (a loss) are returned from the last step. All other
        arguments stay the same in all steps; a random generator among them is drawn from in each.

        Raises ValueError if `n` is not at least 1, or if what a step returns has not the structure,
        shapes and dtypes of the arguments it is to replace.
        """
        return Repeated(self, n, carry)

    # ------------------------------------------------------------ signatures

    def call_of(self, args: Arguments, keywords: Keywords) -> Call:
        """The signature and the values of a call."""
        call = call_of(self.named(args, keywords))
        return call._replace(key=(call.key, self.settings.key()))

    @property
    def settings(self) -> Settings:
        """The settings of the modules that the function reaches."""
        if self._settings is None:
            self._settings = Settings(self.function)
        return self._settings

    def named(self, args: Arguments, keywords: Keywords) -> list[tuple[str, Any, bool]]:
        """Each argument with its name, and whether it is marked static."""
        names = [*self._names, *(f"argument_{i}" for i in range(len(self._names), len(args)))]
        given = [
            (name, x, i in self._static_positions or name in self._static_names)
            for i, (name, x) in enumerate(zip(names, args, strict=False))
        ]
        return given + [
            (name, keywords[name], name in self._static_names) for name in sorted(keywords)
        ]

    def mapped(
        self, function: Callable[[Any], Any], args: Arguments, keywords: Keywords
    ) -> tuple[list[Any], Keywords]:
        """The arguments with others in place of their values."""
        new = [
            x if static else mapped_values(function, x)
            for _, x, static in self.named(args, keywords)
        ]
        return new[: len(args)], dict(zip(sorted(keywords), new[len(args) :], strict=True))

    def traced_call(
        self, trace: Trace, call: Call, arguments: tuple[Arguments, Keywords]
    ) -> tuple[Any, list[Any]]:
        """What the function itself returns for stand-ins, and these, in the order of the values."""
        given = [stand_in(trace, leaf) for leaf in call.leaves]
        supply = iter(given)
        args, keywords = self.mapped(lambda _: next(supply), *arguments)
        return self.function(*args, **keywords), given

    def donated(self, call: Call) -> frozenset[int]:
        """The positions of the values in arguments that are given up."""
        names = {self._names[i] for i in self._donate}
        found = [i for i, leaf in enumerate(call.leaves) if leaf.path.partition(".")[0] in names]
        wrong = [call.leaves[i].path for i in found if isinstance(call.leaves[i].given, Node)]
        if wrong:
            raise TypeError(
                f"donate_argnums gives up arrays to be overwritten, and these are Tensors, whose "
                f"values must not change unseen:{listed(wrong)}"
            )
        return frozenset(found)

    def specialized(self, call: Call, args: Arguments, keywords: Keywords) -> Specialization:
        """What there is for this signature, or is made now."""
        with self._lock:
            found = self.specializations.get(call.key)
            if found is None:
                found = Specialization(self, call, args, keywords)
                self.specializations[call.key] = found
                while len(self.specializations) > self._cache_size:
                    self.specializations.popitem(last=False)
            self.specializations.move_to_end(call.key)
            latest = reversed(self.specializations.values())
            self._entrances = tuple(s.entrance for s in latest if s.entrance)[:ENTRANCES]
        return found
