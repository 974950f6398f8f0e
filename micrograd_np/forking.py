"""Forking: locks that are free in a child process, whoever held them in its parent.

`os.fork` copies only the thread that calls it. A lock that another thread held at that moment stays
locked in the child for ever, because the child has no thread that would release it.

`backward` and compiled functions shall run in a forked child. So every lock that outlives a call is
a `ForkLock`, and `cached_property` comes from this module. Numba holds locks of its own while it
compiles; an `AwaitedLock` around the compilation delays every fork until Numba is done.
"""

import os
from collections.abc import Callable
from threading import RLock, get_ident
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Value = TypeVar("Value")


def after_fork(renew: Callable[[], None]) -> None:
    """Have a function called in every forked child process."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


class ForkLock:
    """A lock for `with` that is free in a forked child, even if another thread held the lock.

    A thread that holds the lock may take the lock again.
    """

    __slots__ = ("__weakref__", "depth", "lock", "owner")

    def __init__(self) -> None:
        self.lock = RLock()
        self.owner = 0  # the thread that holds the lock; 0 for none
        self.depth = 0  # how many times the owner has taken the lock
        LOCKS.add(self)

    def __enter__(self) -> None:
        self.lock.acquire()
        self.owner = get_ident()
        self.depth += 1

    def __exit__(self, *exception: object) -> None:
        self.depth -= 1
        if not self.depth:
            self.owner = 0
        self.lock.release()

    def renew(self) -> None:
        """Forget an owner that is not this thread, the only thread after a fork."""
        if self.owner != get_ident():
            self.lock, self.owner, self.depth = RLock(), 0, 0


class AwaitedLock(ForkLock):
    """A `ForkLock` that every fork takes first, so forks wait while another thread holds it.

    An `AwaitedLock` is for work that holds locks of other packages, which would stay locked in a
    child. The lock must live as long as the process. `patience`: the seconds after which a fork
    no longer waits.
    """

    __slots__ = ("patience",)

    def __init__(self, patience: float) -> None:
        super().__init__()
        self.patience = patience
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self.taken, after_in_parent=self.given_back, after_in_child=self.given_back
            )

    def taken(self) -> None:
        """Take the lock, before a fork."""
        if self.lock.acquire(timeout=self.patience):
            self.owner = get_ident()
            self.depth += 1

    def given_back(self) -> None:
        """Give the lock back after a fork, if the fork has taken it."""
        if self.owner == get_ident():
            self.__exit__()


LOCKS: WeakSet[ForkLock] = WeakSet()


def renew_all() -> None:
    """Free all locks, in a forked child."""
    for lock in LOCKS:
        lock.renew()


after_fork(renew_all)


class cached_property(Generic[Value]):  # noqa: N801 - as in functools
    """An attribute that is computed when it is first asked for.

    In Python 3.11 the `cached_property` of `functools` takes a lock, one for all objects of a
    class. This one takes none, so two threads that ask at once may both compute the value.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Value:
        if instance is None:
            return self  # type: ignore[return-value]  # asked of the class, by tools
        value = instance.__dict__[self.name] = self.compute(instance)
        return value
