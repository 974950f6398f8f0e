"""Compiled functions: traced once for each signature, and then run as NumPy programs.

A `Compiled` keeps a `Specialization` for each signature of its calls: the program, the executable,
and the tree that the results go back into.
"""

import warnings
from collections import Counter, OrderedDict
from functools import update_wrapper
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from micrograd_np.compiler.backends import Backend
from micrograd_np.compiler.entrance import MISS
from micrograd_np.compiler.guarding.snapshot import Snapshot
from micrograd_np.compiler.recorded import with_history
from micrograd_np.compiler.repeating import Repeated
from micrograd_np.compiler.report import Report, report_of
from micrograd_np.compiler.signature import Call, check_count, inside
from micrograd_np.compiler.source import save
from micrograd_np.compiler.specialization import Specialization
from micrograd_np.compiler.subject import Arguments, Function, Keywords, Subject
from micrograd_np.compiler.tracing.trace import is_tracing
from micrograd_np.core.context import CONTEXT
from micrograd_np.errors import GraphError, listed
from micrograd_np.forking import ForkLock

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MANY = 8  # how often one thing around a function changes until we warn
ENTRANCES = 4  # how many of the latest signatures are tried by the short way


class Compiled:
    """A compiled function, which is called like the function itself; `compile` makes one.

    `specializations`: the specialization for each signature met so far, the latest last.
    """

    __guarded__ = ("subject",)

    def __init__(self, subject: Subject, backend: Backend, cache_size: int) -> None:
        check_count("cache_size", cache_size)
        update_wrapper(self, subject.function, updated=())
        self.__name__ = subject.name
        self.subject = subject
        self.backend = backend
        self.specializations: OrderedDict[Hashable, Specialization] = OrderedDict()
        self._cache_size = cache_size
        self._entrances: tuple[Callable[[Arguments], Any], ...] = ()
        self._called: Any = None  # the specialization of the last call, or its entrance
        self._lock = ForkLock()
        self._retraced: dict[Hashable, tuple[Snapshot, Counter[str]]] = {}
        self._warned = False
        self.traced = 0  # how often

    @property
    def function(self) -> Function:
        """The function itself."""
        return self.subject.function

    def __repr__(self) -> str:
        known = len(self.specializations)
        return f"<compiled {self.__name__}: {known} signature{'' if known == 1 else 's'}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """The result of the function."""
        if not keywords:
            for enter in self._entrances:
                if (out := enter(args)) is not MISS:
                    self._called = enter
                    return out
        call = self.subject.call_of(args, keywords)
        if is_tracing() or inside(call.leaves):
            return self.function(*args, **keywords)
        made = self.specialized(call, args, keywords)
        if not keywords and not made.opened:
            self._open(made, args)
        if made.returned.tracked:
            return with_history(made, call, args, keywords)
        return made.returned.rebuilt(made.results(call))

    def alike(self, function: Function) -> "Compiled":
        """Another function of these arguments, compiled with the settings of this function."""
        return Compiled(self.subject.alike(function), self.backend, self._cache_size)

    # ------------------------------------------------------------ what was compiled

    @property
    def source(self) -> str:
        """The program of the last call, as the Python source that runs."""
        source: str = self._latest().executable.source
        return source

    def report(self) -> Report:
        """The report on the program of the last call: what passes did, and the memory it needs."""
        latest = self._latest()
        return report_of(latest.program, latest.executable, latest.history)

    def save(self, path: str | Path) -> None:
        """Write the program of the last call as a module that needs NumPy alone.

        The function of the module takes the values of the arguments in order, one positional
        argument each, and returns a tuple of arrays. Tensors that the function captured are its
        last arguments. An existing file is replaced only by a module that is written completely.

        Raises GraphError if nothing was compiled yet, or if the back end has no such source. Raises
        TypeError that names all functions of your own whose source cannot be had.
        """
        save(self._latest().program, path)

    def _latest(self) -> Specialization:
        if not self.specializations:
            raise GraphError(
                f"`{self.__name__}` has no program yet: it is traced when it is first called. Call "
                f"it once, with arguments of the shapes and dtypes that it is for."
            )
        latest = reversed(self.specializations.values())
        found = [s for s in latest if self._called is s or self._called is s.entrance]
        return found[0] if found else next(reversed(self.specializations.values()))

    def clear(self) -> None:
        """Forget all programs, with the arrays and objects that they keep."""
        with self._lock:
            self.specializations.clear()
            self._entrances = ()
            self._called = None
            self._retraced.clear()
            self.subject.forget_surroundings()

    # ------------------------------------------------------------ many steps

    def repeat(self, n: int, carry: int | None = None) -> Function:
        """The function of the same arguments that makes `n` steps, each on the last one's result.

        The result of a step replaces the leading arguments of the next. A result with the structure
        of the first argument replaces the first argument. A tuple replaces as many arguments as it
        has leading parts that agree with them, or `carry` many. Its other parts, such as a loss,
        are returned from the last step. All other arguments stay the same in all steps; a random
        generator among them is drawn from in each. A number of Python may become one of NumPy in
        the first step, as in a loop of calls.

        Raises ValueError if `n` is below 1, or if a step's result differs in structure, shapes or
        dtypes from the arguments it replaces. Raises ValueError too if these arguments are several
        numbers of Python and `carry` is not given.
        """
        return Repeated(self.subject, self.specialized, n, carry)

    def specialized(self, call: Call, args: Arguments, keywords: Keywords) -> Specialization:
        """The specialization for this signature, made now if there is none.

        A signature whose results have a history has another specialization under `no_grad`.
        """
        with self._lock:
            found = self._found(call)
            if found is None:  # or made by another thread, whose trace has changed something
                call = self.subject.call_of(args, keywords)
                found = self._found(call)
            if found is None:
                recording = CONTEXT.get().recording
                found = Specialization(self.subject, self.backend, call, args, keywords, recording)
                call = call._replace(snapshot=found.guard.snapshot)
                self.traced += 1
                self._forget_old_arrays(call.snapshot)
                self._warn_of_changes(call)
                self.specializations[key_of(call, recording=recording)] = found
                while len(self.specializations) > self._cache_size:
                    self.specializations.popitem(last=False)
                self._list_entrances()
            self.specializations.move_to_end(key_of(call, recording=found.recording))
            found.guard.snapshot = call.snapshot
            self._called = found
        return found

    def _found(self, call: Call) -> Specialization | None:
        """The specialization for a signature, if there is one."""
        found = self.specializations.get(call.whole_key)
        if not CONTEXT.get().recording and (found is None or found.returned.tracked):
            found = self.specializations.get(key_of(call, recording=False))
        return found

    def _forget_old_arrays(self, snapshot: Snapshot) -> None:
        """Forget programs with arrays as they were before somebody wrote into them."""
        new = snapshot.arrays
        for key, made in list(self.specializations.items()):
            old = made.guard.snapshot.arrays
            if any(i in old and old[i].key() != fact.key() for i, fact in new.items()):
                del self.specializations[key]

    def _warn_of_changes(self, call: Call) -> None:
        """Warn if one thing around the function has changed often."""
        before, counts = self._retraced.pop(call.key, (call.snapshot, Counter()))
        counts.update(call.snapshot.changed(before))
        self._retraced[call.key] = call.snapshot, counts
        if len(self._retraced) > self._cache_size:
            del self._retraced[next(iter(self._retraced))]
        often = [name for name, count in counts.items() if count == MANY]
        if often and not self._warned:
            self._warned = True
            warnings.warn(
                f"`{self.__name__}` was traced anew {MANY} times, because what it depends on has "
                f"changed:{listed(often)}\nEvery value makes a program of its own. Make it an "
                f"argument, or hold it in a Tensor, whose value is read at every call.",
                stacklevel=4,
            )

    def _open(self, made: Specialization, args: Arguments) -> None:
        """Have calls like this one take the short way from now on, if there is one."""
        with self._lock:
            made.open(args)
            self._list_entrances()

    def _list_entrances(self) -> None:
        """Have the short ways of the latest specializations tried."""
        latest = reversed(self.specializations.values())
        self._entrances = tuple(s.entrance for s in latest if s.entrance)[:ENTRANCES]


def key_of(call: Call, *, recording: bool) -> "Hashable":
    """The key of the specialization for a call; those made under `no_grad` have others."""
    return call.whole_key if recording else ("no_grad", call.whole_key)
