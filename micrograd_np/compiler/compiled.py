"""Compiled functions: traced once a signature, and then run as a NumPy program.

A `Compiled` keeps a `Specialization` for each signature that it was called with: the program, the
executable made of it, and the tree that its results go back into.
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
    """What `compile` makes of a function: call it like the function itself.

    `specializations`: what there is for each signature met so far, the latest last.
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
        """Another function of these arguments, compiled with the settings of this one."""
        return Compiled(self.subject.alike(function), self.backend, self._cache_size)

    # ------------------------------------------------------------ what was compiled

    @property
    def source(self) -> str:
        """The program of the last call, as the Python source that is run."""
        source: str = self._latest().executable.source
        return source

    def report(self) -> Report:
        """What the passes did to the program of the last call, and the memory it needs."""
        latest = self._latest()
        return report_of(latest.program, latest.executable, latest.history)

    def save(self, path: str | Path) -> None:
        """Write the program of the last call as a module that needs NumPy alone.

        Its function takes the values of the arguments in order, one positional argument each, and
        returns a tuple of arrays. Tensors that the function captured are arguments too, the last.
        A file that is there is replaced once all of the module is written, and stays otherwise.

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
        latest = reversed(self.specializations.values())
        found = [s for s in latest if self._called is s or self._called is s.entrance]
        return found[0] if found else next(reversed(self.specializations.values()))

    def clear(self) -> None:
        """Forget all programs, and what they keep: arrays, and objects that they depend on."""
        with self._lock:
            self.specializations.clear()
            self._entrances = ()
            self._called = None
            self._retraced.clear()
            self.subject.forget_surroundings()

    # ------------------------------------------------------------ many steps

    def repeat(self, n: int, carry: int | None = None) -> Function:
        """A function of the same arguments that does `n` steps, each on what the last returned.

        The result of a step takes the place of the leading arguments: a result of the structure of
        the first argument that of the first, a tuple those of as many as it has parts that agree;
        `carry` says how many. Its further parts (a loss) are returned from the last step. All other
        arguments stay the same in all steps; a random generator among them is drawn from in each.
        A number of Python may become one of NumPy's in the first step, as in a loop of calls.

        Raises ValueError if `n` is not at least 1, or if what a step returns has not the structure,
        shapes and dtypes of the arguments it is to replace, or if these are several numbers of
        Python and `carry` is not given.
        """
        return Repeated(self.subject, self.specialized, n, carry)

    def specialized(self, call: Call, args: Arguments, keywords: Keywords) -> Specialization:
        """The specialization for this signature, made now if there is none.

        Under `no_grad`, where nothing has a history, there is another for what would have one.
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
