"""Compiled functions: traced once a signature, and then run as a NumPy program.

A `Compiled` keeps a `Specialization` for each signature that it was called with: the program, the
executable made of it, and the tree that its results go back into.
"""

from collections import OrderedDict
from functools import update_wrapper
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from micrograd_np.compiler.backends import Backend
from micrograd_np.compiler.entrance import MISS
from micrograd_np.compiler.recorded import with_history
from micrograd_np.compiler.repeating import Repeated
from micrograd_np.compiler.report import Report, report_of
from micrograd_np.compiler.signature import Call, check_count, inside
from micrograd_np.compiler.source import save
from micrograd_np.compiler.specialization import Specialization
from micrograd_np.compiler.subject import Arguments, Function, Keywords, Subject
from micrograd_np.errors import GraphError
from micrograd_np.forking import ForkLock
from micrograd_np.mode import MODE, TRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

ENTRANCES = 4  # how many of the latest signatures are tried by the short way


class Compiled:
    """What `compile` makes of a function: call it like the function itself.

    `specializations`: what there is for each signature met so far, the latest last.
    """

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
        """What the function returns."""
        if not keywords:
            for enter in self._entrances:
                if (out := enter(args)) is not MISS:
                    self._called = enter
                    return out
        call = self.subject.call_of(args, keywords)
        if TRACE.get() is not None or inside(call.leaves):
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
        """Forget all programs, as after a change of something that the function closes over."""
        with self._lock:
            self.specializations.clear()
            self._entrances = ()
            self._called = None
            self.subject.forget_settings()

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
        return Repeated(self.subject, self.specialized, n, carry)

    def specialized(self, call: Call, args: Arguments, keywords: Keywords) -> Specialization:
        """What there is for this signature, or is made now.

        Under `no_grad`, where nothing has a history, there is another for what would have one.
        """
        with self._lock:
            key, recording = call.key, MODE.get() is not False
            found = self.specializations.get(key)
            if not recording and (found is None or found.returned.tracked):
                key = ("no_grad", key)
                found = self.specializations.get(key)
            if found is None:
                found = Specialization(self.subject, self.backend, call, args, keywords, recording)
                self.specializations[key] = found
                while len(self.specializations) > self._cache_size:
                    self.specializations.popitem(last=False)
                self._list_entrances()
            self.specializations.move_to_end(key)
            self._called = found
        return found

    def _open(self, made: Specialization, args: Arguments) -> None:
        """Have calls like this one take the short way from now on, if there is one."""
        with self._lock:
            made.open(args)
            self._list_entrances()

    def _list_entrances(self) -> None:
        """Have the short ways of the latest specializations tried."""
        latest = reversed(self.specializations.values())
        self._entrances = tuple(s.entrance for s in latest if s.entrance)[:ENTRANCES]
