"""Update rules: the named pieces, and the optimizers composed of the pieces, simplest first.

`g` is a gradient, `p` a parameter. Every rule keeps dtypes: float32 stays float32.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.tree import Tree
from micrograd_np.errors import listed
from micrograd_np.errors.options import knowing_options
from micrograd_np.optim.transformation import State, Transformation, chain, leafwise


@knowing_options
def sgd(learning_rate: float, momentum: float = 0.0, nesterov: bool = False) -> Transformation:
    """Gradient descent: `p -= learning_rate * g`.

    With `momentum`, `g` is replaced by the running sum `v = momentum * v + g`, and with `nesterov`
    by `g + momentum * v`. The numbers are those of PyTorch's SGD.

    Raises ValueError that names all of: a learning rate that is negative or not finite, a momentum
    outside [0, 1), `nesterov` without momentum.

    >>> from micrograd_np.optim import apply_updates
    >>> rule = sgd(0.5)
    >>> updates, _ = rule.update([np.array([2.0])], rule.init([np.zeros(1)]), [np.zeros(1)])
    >>> updates
    [array([-1.])]
    """
    useless = nesterov and momentum == 0
    _check(learning_rate=learning_rate, momentum=momentum, nesterov=useless)
    step = scale(-learning_rate)
    return chain(_momentum(momentum, nesterov), step) if momentum else step


@knowing_options
def adam(
    learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Transformation:
    """Adam: `p -= learning_rate * m / (sqrt(v) + epsilon)`, see `scale_by_adam`.

    For real parameters the numbers are those of PyTorch's Adam.

    Raises ValueError that names all of: a learning rate that is negative or not finite, a beta
    outside [0, 1), an epsilon that is not positive and finite.
    """
    _check(learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
    return chain(scale_by_adam(beta1, beta2, epsilon), scale(-learning_rate))


# ---------------------------------------------------------------- pieces


def scale(factor: float) -> Transformation:
    """The rule `factor * g`, which keeps no state."""
    factor = float(factor)  # a NumPy scalar would turn float32 into float64

    def update(gradients: Tree, state: State, _parameters: Tree) -> tuple[Tree, State]:
        return leafwise(lambda g: factor * g, gradients), state

    return Transformation(lambda _: (), update)


def momentum(decay: float, nesterov: bool = False) -> Transformation:
    """The running sum `v = decay * v + g`, from zero; with `nesterov`, `g + decay * v`.

    The state is `v`. Raises ValueError for a decay outside [0, 1).
    """
    _check(decay=decay)
    decay = float(decay)

    def update(gradients: Tree, state: Tree, _parameters: Tree) -> tuple[Tree, Tree]:
        velocity = leafwise(lambda g, v: decay * v + g, gradients, state)
        if not nesterov:
            return velocity, velocity
        return leafwise(lambda g, v: g + decay * v, gradients, velocity), velocity

    return Transformation(_zeros, update)


_momentum = momentum  # in `sgd` the name `momentum` is an argument


class AdamState(NamedTuple):
    """The number of steps made, and the running means of the gradient and of its squared size."""

    steps: int
    mean: Tree
    square: Tree


def scale_by_adam(
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Transformation:
    """`m / (sqrt(v) + epsilon)`: the running mean of `g` in units of its running size.

    `m` and `v` are exponential means of `g` and `|g|²` with decays `beta1` and `beta2`. Both are
    divided by `1 - beta ** steps`, which makes up for their start at zero. A complex parameter has
    one real `v`, so turning `g` in the plane turns the step; PyTorch keeps a `v` for either part.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    The state is an `AdamState`. Raises ValueError for a beta outside [0, 1), or an epsilon that is
    not positive and finite.
    """
    _check(beta1=beta1, beta2=beta2, epsilon=epsilon)
    beta1, beta2, epsilon = float(beta1), float(beta2), float(epsilon)

    def init(parameters: Tree) -> AdamState:
        sizes = tree.map(lambda p: _zero(np.real(p)), parameters)
        return AdamState(0, _zeros(parameters), sizes)

    def update(gradients: Tree, state: AdamState, _parameters: Tree) -> tuple[Tree, AdamState]:
        steps = state.steps + 1
        mean = leafwise(lambda g, m: beta1 * m + (1 - beta1) * g, gradients, state.mean)
        square = leafwise(
            lambda g, v: beta2 * v + (1 - beta2) * _squared(g), gradients, state.square
        )
        first, second = 1 - beta1**steps, 1 - beta2**steps
        updates = leafwise(lambda m, v: (m / first) / (np.sqrt(v / second) + epsilon), mean, square)
        return updates, AdamState(steps, mean, square)

    return Transformation(init, update)


def _squared(g: Any) -> Any:
    return g * g if g.dtype.kind != "c" else np.real(g * np.conj(g))


def _zeros(parameters: Tree) -> Tree:
    return tree.map(_zero, parameters)


def _zero(p: Any) -> Any:
    """Zeros like a parameter; a NumPy scalar for a single number, as updates make it."""
    zeros = np.zeros_like(p)
    return zeros if zeros.ndim else zeros[()]


# ---------------------------------------------------------------- settings

DECAY = ("at least 0 and below 1", lambda x: 0 <= x < 1)
CONDITIONS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "learning_rate": ("finite and at least 0", lambda x: 0 <= x < np.inf),
    "momentum": DECAY,
    "decay": DECAY,
    "beta1": DECAY,
    "beta2": DECAY,
    "epsilon": ("finite and above 0", lambda x: 0 < x < np.inf),
    "nesterov": ("False without a momentum", lambda without_momentum: not without_momentum),
}


def _check(**settings: Any) -> None:
    strange = [
        f"{name}={value!r:.60}"
        for name, value in settings.items()
        if not (isinstance(value, int | float) or hasattr(value, "dtype"))
    ]
    if strange:
        raise TypeError(
            f"settings of an optimizer are numbers; these are none:{listed(strange)}\n"
            f"Parameters are given to `optim.Optimizer(parameters, optim.sgd(0.1))`."
        )
    wrong = [
        f"{name}={value!r}: must be {CONDITIONS[name][0]}"
        for name, value in settings.items()
        if not CONDITIONS[name][1](value)
    ]
    if wrong:
        raise ValueError(f"these settings of an optimizer are out of range:{listed(wrong)}")
