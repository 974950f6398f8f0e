"""What type checkers and editors read of a compiled function, which is called like the function."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypedDict, TypeVar

from micrograd_np.compiler.compiled import Compiled

Called = TypeVar("Called", bound=Callable[..., Any])

class CompiledFunction(Compiled, Generic[Called]):
    __call__: Called
    def repeat(self, n: int, carry: int | None = None) -> Called: ...

class Settings(TypedDict, total=False):
    """The settings of `compile`."""

    static_argnums: int | Sequence[int]
    static_argnames: str | Sequence[str]
    donate_argnums: int | Sequence[int]
    backend: str
    threads: int | None
    fastmath: bool
    cache_size: int
