"""The compiler: what is recorded, printed as a plain NumPy program.

A function is traced (`tracing`) into a `program`, a straight line of NumPy calls; `passes` rewrite
it; a back end makes an executable of it: `source` as NumPy, with large element-wise parts in
`blocks`, `native` by Numba. A `compiled` function has a `subject`, the function with how its
arguments are read, and a `specialization` for each `signature` that it is called with.
"""

from collections.abc import Callable, Sequence
from typing import Any


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
    """`f`, traced at its first call for each signature, and then run as a program of NumPy calls.

    The result is called like `f` and returns what `f` returns. `f` is a function of trees (arrays,
    Tensors, numbers, nested containers, modules): an expression, its gradient, a whole training
    step. Tensors that `f` finds elsewhere, such as the parameters of a module, are read anew at
    every call. Python itself runs only while `f` is traced: a `print` is seen once, and an `if` on
    a value raises TracingError. A `numpy.random.Generator` among the arguments is drawn from at
    every call, as `f` would.

    A program is never stale. All else that `f` finds by names (numbers, containers and arrays
    around it, attributes, defaults, other functions) is constant in a program, and tested at every
    call: if any of it was changed or written into, `f` is traced again, or finds the program that
    it had then. Objects among the arguments are looked at likewise. A warning names what has
    changed eight times. What Python cannot look into is not seen: files, clocks, objects of C
    extensions. If `f` itself changes what it depends on, that is a TracingError, and undone.

    - `static_argnums`, `static_argnames`: arguments that choose what is computed, by position and
      by name. They must be hashable; each value makes a program of its own. Strings, truth values
      and functions are static by themselves.
    - `donate_argnums`: arguments whose arrays the caller gives up, to be overwritten with results.
    - `backend`: "numpy", or "numba" for native loops (the extra `jit`).
    - `threads`: over how many threads large element-wise parts are spread; None takes the cores.
    - `fastmath`: let Numba reorder arithmetic.
    - `cache_size`: how many programs are kept, the latest.

    A compiled function has `source`, `report()`, `save(path)`, `repeat(n)`, `specializations` and
    `clear()`. Tensors whose gradients are wanted get them through it, too: the call is one node of
    their graph, which computes the value again for the gradient. A compiled gradient does not, so
    compile the outermost, `mg.compile(mg.grad(f))`. NumPy's floating-point warnings are off.

    Raises TypeError for settings of the wrong type, ValueError for a back end that is not known;
    when called, TracingError for what cannot be frozen into a program, and what `f` raises.

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
    # Imported here: what compiles nothing need not wait for it.
    from micrograd_np.compiler.backends import backend_of
    from micrograd_np.compiler.compiled import Compiled
    from micrograd_np.compiler.subject import Subject

    subject = Subject(f, static_argnums, static_argnames, donate_argnums)
    return Compiled(subject, backend_of(backend, threads, fastmath=fastmath), cache_size)
