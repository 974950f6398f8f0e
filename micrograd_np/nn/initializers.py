"""Initializers: the values that parameters start from.

Each draws from an explicit `numpy.random.Generator` and returns a plain array.
Annotations that name it are strings: NumPy loads `numpy.random` on first use, which takes a while.
"""

from typing import Any

import numpy as np


def generator(rng: "np.random.Generator | None") -> "np.random.Generator":
    """`rng` itself, or a fresh generator, seeded by the system, for None.

    Raises TypeError for anything else. An integer is refused because layers that were given the
    same one would start from the same numbers.
    """
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator | np.random.RandomState):
        raise TypeError(
            f"rng must be a numpy.random.Generator, a RandomState or None, but {rng!r:.80} was "
            f"given. Make one, "
            f"`rng = np.random.default_rng(0)`, and pass the same one wherever numbers are drawn."
        )
    return rng


def glorot_uniform(
    shape: tuple[int, ...],
    rng: "np.random.Generator | None" = None,
    dtype: Any = np.float64,
    *,
    fans: tuple[int, int] | None = None,
) -> np.ndarray[Any, Any]:
    """Weights uniform within `± sqrt(6 / (inputs + outputs))`.

    `fans`: the numbers of inputs that an output sees and of outputs that see an input, by default
    `shape`. Raises TypeError if `rng` is neither a Generator nor None, ValueError if `fans` is not
    given and `shape` has not two lengths.

    The variance, `2 / (inputs + outputs)`, keeps signals and gradients at one scale from layer to
    layer while activations (sigmoid, tanh) are near their linear part. Source: Glorot and Bengio,
    "Understanding the difficulty of training deep feedforward neural networks", 2010, equation 16.

    >>> bool(np.abs(glorot_uniform((3, 3), np.random.default_rng(0))).max() <= 1)
    True
    """
    inputs, outputs = fans or shape
    limit = (6 / (inputs + outputs)) ** 0.5
    return generator(rng).uniform(-limit, limit, shape).astype(dtype)
