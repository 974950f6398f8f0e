"""The record of one point without a derivative: our gradient, and those of PyTorch and JAX.

A *record* names the call and the point, the gradient of the sum of the call's entries there, and the
gradients that PyTorch and JAX return for their own calls. A gradient is a tuple with one entry for
each input, or the name of the exception that is raised. Records are written by hand; tests run every
record, also with the other libraries where these are installed.
"""

import re
from typing import Any, NamedTuple

Gradient = tuple[Any, ...] | str
INF, NAN = float("inf"), float("nan")


class Peer(NamedTuple):
    """The call as another library spells it, and the gradient that this library returns."""

    call: str
    gradient: Gradient

    def __str__(self) -> str:
        return as_text(self.gradient)


class Convention(NamedTuple):
    """One point at which a function has no derivative, or a derivative that is easily lost.

    - `topic`: the kind of point.
    - `op`: the function that the record is about.
    - `call`: an expression of the `inputs`, in which `np` is NumPy, `mg` this package and `special`
      SciPy's special functions.
    - `gradient`: the gradient of the sum of the call's entries, for each input. Of order 2, the
      gradient of the sum of the first gradient's entries.
    - `pytorch`, `jax`: what these libraries return, None where they have no such function. JAX is
      run with 64-bit numbers enabled.
    - `reason`: why the gradient is this one.
    """

    topic: str
    op: str
    call: str
    inputs: dict[str, Any]
    gradient: Gradient
    pytorch: Peer | None
    jax: Peer | None
    reason: str
    order: int = 1

    @property
    def at(self) -> str:
        """The inputs, as text."""
        return ", ".join(f"{name} = {as_text(value)}" for name, value in self.inputs.items())

    @property
    def what(self) -> str:
        """The call, as text that says whether it is differentiated twice."""
        return self.call if self.order == 1 else f"{self.call}, twice"

    def __str__(self) -> str:
        peers = f"PyTorch {peer_text(self.pytorch)}, JAX {peer_text(self.jax)}"
        return f"{self.what} at {self.at}: {as_text(self.gradient)} ({peers}): {self.reason}"


def row(
    call: str,
    inputs: dict[str, Any],
    gradient: Any,
    reason: str,
    *,
    torch: Any = None,
    jax: Any = None,
    op: str | None = None,
    order: int = 1,
) -> Convention:
    """A record without its topic.

    `torch` and `jax` are a pair of a call and a gradient, or a gradient alone if the call is spelled
    as in NumPy, or None. `op` is the first function in the call, unless it is given.
    """
    count = len(inputs)
    peers = peer(torch, call, TORCH, count), peer(jax, call, JAX, count)
    ours = for_each_input(gradient, count)
    return Convention(
        "", op or FUNCTION.findall(call)[0], call, inputs, ours, *peers, reason, order
    )


FUNCTION = re.compile(r"(?:np|mg|special)\.[\w.]+(?=\()")
TORCH = {"np": "torch", "mg": "torch", "special": "torch.special"}
JAX = {"np": "jnp", "mg": "jax.nn", "special": "jax.scipy.special"}


def peer(given: Any, call: str, modules: dict[str, str], count: int) -> Peer | None:
    """The call and the gradient of another library, from what a row gives.

    `modules`: the other library's names for the modules in our call.
    """
    if given is None:
        return None
    if isinstance(given, tuple) and isinstance(given[0], str):
        call, given = given
    else:
        call = re.sub(r"\b(np|mg|special)\.", lambda found: f"{modules[found[1]]}.", call)
    return Peer(call, for_each_input(given, count))


def for_each_input(gradient: Any, count: int) -> Gradient:
    """A tuple with a gradient for each of `count` inputs, or the name of an exception."""
    return gradient if count > 1 or isinstance(gradient, str) else (gradient,)


# ---------------------------------------------------------------- in words


def as_text(value: Any) -> str:
    """Numbers, and nested lists and tuples of numbers, in a few characters."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "; ".join(map(as_text, value))
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    if isinstance(value, complex):
        return f"{value.real:.4g}{value.imag:+.4g}j" if value.real else f"{value.imag:.4g}j"
    return f"{value:.4g}"


def peer_text(answer: Peer | None) -> str:
    """The gradient of another library, or a dash."""
    return "–" if answer is None else str(answer)
