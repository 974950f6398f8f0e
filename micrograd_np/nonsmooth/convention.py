"""What is known of one point without a derivative, and how it is written down.

A *record* names the call and the point, the gradient of the sum of the call's entries there, and
what PyTorch and JAX give for their own call. A gradient is a tuple with one entry for each input,
or the name of the exception that is raised. Nothing here is computed: the tests run every record,
those of the peers where they are installed.
"""

import re
from typing import Any, NamedTuple

Gradient = tuple[Any, ...] | str


class Peer(NamedTuple):
    """What another library gives: the call, as it is spelled there, and the gradient."""

    call: str
    gradient: Gradient

    def __str__(self) -> str:
        return spelled(self.gradient)


class Convention(NamedTuple):
    """One point at which a function has no derivative, or one that is easily lost.

    `topic`: the kind of point. `op`: the function it is about. `call`: an expression of the
    `inputs`, in which `np` is NumPy, `mg` this package and `special` SciPy's special functions.
    `gradient`: of the sum of its entries, one for each input; of order 2, that of the sum of the
    first gradient's entries. `pytorch`, `jax`: the same there, None where there is no such function
    (JAX with 64-bit numbers enabled). `reason`: why.
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
        """The point, in a few words."""
        return ", ".join(f"{name} = {spelled(value)}" for name, value in self.inputs.items())

    @property
    def what(self) -> str:
        """The call, and whether it is differentiated twice."""
        return self.call if self.order == 1 else f"{self.call}, twice"

    def __str__(self) -> str:
        peers = f"PyTorch {theirs(self.pytorch)}, JAX {theirs(self.jax)}"
        return f"{self.what} at {self.at}: {spelled(self.gradient)} ({peers}): {self.reason}"


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

    `torch` and `jax` are a gradient, for the call that is spelled like NumPy's there, or a pair of
    the call and the gradient, or None. `op` is the first function in the call, unless it is given.
    """
    named = op or FUNCTION.findall(call)[0]
    several = len(inputs) > 1
    ours = of_each(gradient, several=several)
    pytorch = peer(torch, translated(call, TORCH), several=several)
    theirs = peer(jax, translated(call, JAX), several=several)
    return Convention("", named, call, inputs, ours, pytorch, theirs, reason, order)


FUNCTION = re.compile(r"(?:np|mg|special)\.[\w.]+(?=\()")
TORCH = {"np": "torch", "mg": "torch", "special": "torch.special"}
JAX = {"np": "jnp", "mg": "jax.nn", "special": "jax.scipy.special"}


def translated(call: str, names: dict[str, str]) -> str:
    """A call in the namespaces of a peer."""
    return re.sub(r"\b(np|mg|special)\.", lambda found: f"{names[found[1]]}.", call)


def peer(given: Any, call: str, *, several: bool) -> Peer | None:
    """What a row says of a peer."""
    if given is None:
        return None
    if isinstance(given, tuple) and isinstance(given[0], str):
        call, given = given
    return Peer(call, of_each(given, several=several))


def of_each(gradient: Any, *, several: bool) -> Gradient:
    """A gradient for each input, or the name of an exception."""
    return gradient if several or isinstance(gradient, str) else (gradient,)


# ---------------------------------------------------------------- in words


def spelled(value: Any) -> str:
    """Numbers, nested lists and tuples of them in a few characters."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "; ".join(map(spelled, value))
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, complex):
        return f"{value.real:.4g}{value.imag:+.4g}j" if value.real else f"{value.imag:.4g}j"
    return f"{value:.4g}"


def theirs(answer: Peer | None) -> str:
    """A peer's gradient, or a dash."""
    return "–" if answer is None else str(answer)
