"""Forking: locks that are free in a child process, whoever held them in its parent.

`os.fork` copies the thread that calls it, and no other. A lock that another thread held at that
moment stays locked in the child for ever, for there is nobody who would release it.

A child in which `backward` and compiled functions run needs a `ForkLock` wherever a lock outlives
a call, and `cached_property` from here. Numba has locks of its own while it compiles: an
`AwaitedLock` around that lets no fork happen meanwhile.
"""

import os
from collections.abc import Callable
from threading import RLock, get_ident
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Value = TypeVar("Value")


def after_fork(renew: Callable[[], None]) -> None:
    """Have a function called in every child process, where processes fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


class ForkLock:
    """A lock for `with`, of which a forked child has a fresh one if another thread held it.

    A thread that holds it may take it again.
    """

    __slots__ = ("__weakref__", "depth", "lock", "owner")

    def __init__(self) -> None:
        self.lock = RLock()
        self.owner = 0  # the thread that holds it; 0 for none
        self.depth = 0  # how many times
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
        """Forget a holder that is not this thread, the only one there is after a fork."""
        if self.owner != get_ident():
            self.lock, self.owner, self.depth = RLock(), 0, 0


class AwaitedLock(ForkLock):
    """A `ForkLock` that a fork takes first: while another thread holds it, the fork waits.

    It is for work that holds locks of other packages, which a child would have for ever. There is
    one for as long as the program runs. `patience`: the seconds after which a fork goes on.
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
        """Take it, before a fork."""
        if self.lock.acquire(timeout=self.patience):
            self.owner = get_ident()
            self.depth += 1

    def given_back(self) -> None:
        """Give it back after a fork, if that has got it."""
        if self.owner == get_ident():
            self.__exit__()


LOCKS: WeakSet[ForkLock] = WeakSet()


def renew_all() -> None:
    """Free the locks in a forked child."""
    for lock in LOCKS:
        lock.renew()


after_fork(renew_all)


class cached_property(Generic[Value]):  # noqa: N801 - as in functools
    """An attribute that is computed when it is first asked for.

    That of `functools` has a lock in Python 3.11, one for all objects of a class. Without it, two
    threads that ask at once both compute the value.
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
