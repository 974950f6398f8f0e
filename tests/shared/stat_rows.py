"""What the tests of distributions are made of: a row each, by its name in SciPy.

A row has the parameters to try, the points at which values are compared, and those inside of the
support, at which a derivative exists.
"""

from typing import Any, NamedTuple

import numpy as np

INF, NAN = np.inf, np.nan

FAR = [
    -INF,
    -1e3,
    -40,
    -8,
    -3,
    -1,
    -1e-3,
    0,
    1e-10,
    1e-3,
    0.2,
    0.5,
    0.9,
    1,
    1.5,
    3,
    7,
    12,
    40,
    INF,
    NAN,
]
NEAR_ONE = [*FAR[:13], 1 - 1e-10, *FAR[13:]]
COUNTS = [-INF, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 5, 6, 7, 30, INF, NAN]


class Row(NamedTuple):
    """How one distribution is tested."""

    shapes: list[tuple[float, ...]]
    inside: list[float]
    bad: tuple[tuple[float, ...], ...] = ()  # shapes outside of their domain
    points: list[float] = FAR
    varying: tuple[int, ...] | None = None  # the shapes that have a derivative; all unless given


# fmt: off
CONTINUOUS = {
    "norm": Row([()], [-0.7, 1.3]),
    "t": Row([(3.3,), (0.5,), (150.0,), (INF,)], [-0.7, 1.3], ((0.0,), (-1.0,))),
    "gamma": Row([(2.5,), (0.3,), (1.0,), (40.0,)], [0.7, 2.1], ((0.0,), (-1.0,))),
    "beta": Row([(2.3, 3.1), (0.5, 0.5), (1.0, 1.0), (1.0, 3.0), (30.0, 4.0)], [0.3, 0.6], ((0.0, 1.0), (1.0, -2.0)), NEAR_ONE),
    "expon": Row([()], [0.7, 2.1]),
    "uniform": Row([()], [0.3, 0.6], points=NEAR_ONE),
    "laplace": Row([()], [-0.7, 1.3]),
    "cauchy": Row([()], [-0.7, 1.3]),
    "lognorm": Row([(0.7,), (2.0,)], [0.7, 2.1], ((0.0,), (-1.0,))),
    "chi2": Row([(3.3,), (1.0,), (2.0,)], [0.7, 2.1], ((0.0,),)),
    "weibull_min": Row([(1.7,), (1.0,), (0.6,)], [0.7, 2.1], ((0.0,),)),
}
DISCRETE = {
    "binom": Row([(5, 0.3), (5, 0.0), (5, 1.0), (0, 0.3), (300, 0.4)], [0, 2, 3], ((5, -0.1), (5, 1.1), (2.5, 0.5)), COUNTS, (1,)),
    "bernoulli": Row([(0.3,), (0.0,), (1.0,)], [0], ((-0.1,), (1.1,)), COUNTS),
    "poisson": Row([(2.5,), (0.0,), (30.0,)], [0, 2, 3], ((-1.0,),), COUNTS),
    "nbinom": Row([(3.5, 0.4), (2.5, 1.0)], [0, 2, 3], ((0.0, 0.5), (2.0, 0.0), (2.0, 1.1)), COUNTS),
}
# fmt: on
ROWS: dict[str, Any] = CONTINUOUS | DISCRETE
