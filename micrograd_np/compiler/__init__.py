"""The compiler, which turns functions of Tensors into plain NumPy programs.

A function is traced (`tracing`) into a `program`, a straight line of NumPy calls. `passes` rewrite
the program, and a back end makes an executable of it: `source` prints NumPy calls, with large
elementwise parts in `blocks`; `native` prints loops for Numba. A `compiled` function has a
`subject`, which is the user's function and the reading of its arguments. The compiled function has
a `specialization` for each `signature` of its calls.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Unpack, overload

if TYPE_CHECKING:
    from micrograd_np.compiler.typed import Called, CompiledFunction, Settings


@overload
def compile(  # noqa: A001 - read as mg.compile
    f: None = None, **settings: Unpack["Settings"]
) -> Callable[["Called"], "CompiledFunction[Called]"]: ...
@overload
def compile(  # noqa: A001 - the same
    f: "Called", **settings: Unpack["Settings"]
) -> "CompiledFunction[Called]": ...
def compile(  # noqa: A001 - read as mg.compile
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    donate_argnums: int | Sequence[int] = (),
    backend: str = "numpy",
    threads: int | None = None,
    fastmath: bool = False,
    cache_size: int = 128,
) -> Any:
    """`f`, compiled: traced once for each signature, and then run as a program of NumPy calls.

    The compiled function is called like `f`, and returns what `f` returns. `f` is a function of
    trees (arrays, Tensors, numbers, nested containers, modules): an expression, its gradient, a
    whole training step. Tensors that `f` finds elsewhere, such as the parameters of a module, are
    read anew at every call. The Python code of `f` runs only during tracing: a `print` is seen
    once, and an `if` on a value raises TracingError. A `numpy.random.Generator` among the arguments
    is drawn from at every call, as `f` would do.

    A program is never stale. Everything else that `f` finds by names is constant in a program, and
    tested at every call: numbers, containers and arrays around `f`, attributes, defaults, other
    functions. If anything was changed or written into, `f` is traced again, or an earlier program
    that fits is taken. Objects among the arguments are tested in the same way. A warning names
    what has changed eight times. Files, clocks and objects of C extensions cannot be tested. If `f`
    changes something that it depends on, TracingError is raised, and the change is undone.

    - `static_argnums`, `static_argnames`: arguments that choose what is computed, by position and
      by name. They must be hashable; each value makes a program of its own. Strings, truth values
      and functions are always static.
    - `donate_argnums`: arguments whose arrays the caller gives up, to be overwritten with results.
    - `backend`: "numpy", or "numba" for native loops (the extra `jit`).
    - `threads`: the number of threads that share large elementwise parts; None takes one a core.
    - `fastmath`: let Numba reorder arithmetic.
    - `cache_size`: the number of programs that are kept, those used last.

    A compiled function has `source`, `report()`, `save(path)`, `repeat(n)`, `specializations` and
    `clear()`. On Tensors whose gradients are wanted, a call is one node of their graph, and the
    gradient computes the value again. A compiled gradient does not, so compile the outermost
    function, `mg.compile(mg.grad(f))`. NumPy's floating-point warnings are off.

    Raises TypeError for settings of the wrong type, ValueError for an unknown back end. When
    called, raises TracingError for what cannot be frozen into a program, and the errors of `f`.

    >>> import numpy as np
    >>> import micrograd_np as mg
    >>> @mg.compile
    ... def slope(x):
    ...     return mg.grad(lambda x: np.sum(np.sin(x) ** 2))(x)
    >>> slope(np.array([0.0, np.pi / 4])).round(6)
    array([0., 1.])
    >>> "cos" in slope.source
    True
    """
    if f is None:
        return lambda function: compile(
            function, static_argnums=static_argnums, static_argnames=static_argnames,
            donate_argnums=donate_argnums, backend=backend, threads=threads, fastmath=fastmath,
            cache_size=cache_size,
        )  # fmt: skip
    # Imported here, so that code that compiles nothing need not wait for the compiler.
    from micrograd_np.compiler.backends import backend_of
    from micrograd_np.compiler.compiled import Compiled
    from micrograd_np.compiler.subject import Subject

    subject = Subject(f, static_argnums, static_argnames, donate_argnums)
    return Compiled(subject, backend_of(backend, threads, fastmath=fastmath), cache_size)
