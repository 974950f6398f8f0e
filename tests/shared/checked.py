"""What the tests of the gradient checker have in common."""

import numpy as np

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(2, 3))


def only(report):
    """The one line of a report on a function of one input."""
    (line,) = report.inputs
    return line


def exact_sine(x):
    return np.sin(x)


def fifth(size):
    return np.arange(size) == 4


SLOPES = {
    "the sign": lambda out, x: -np.cos(x),
    "a factor": lambda out, x: np.cos(x) / 2,
    "0.1 percent": lambda out, x: 1.001 * np.cos(x),
    "one part in a million": lambda out, x: (1 + 1e-6) * np.cos(x),
    "one entry": lambda out, x: np.cos(x) + np.reshape(1e-3 * fifth(x.size), x.shape),
    "all of it": lambda out, x: 0 * x,
    "none of it being a number": lambda out, x: np.cos(x) * np.nan,
}
