"""Hypergeometric functions of SciPy: each slope is that function with other parameters.

They are differentiated in their last argument (DLMF 13.3, 15.5, 16.3), not in their parameters.
"""

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.special.domains import elementwise, fixed, hyp2f1


def spence_slope(x: Array) -> Array:
    """`log(x) / (1 - x)`; near 1, where its own slope cancels, `-2F1(1, 1; 2; 1 - x)`."""
    near = np.abs(1 - x) < 0.5
    series = -hyp2f1(1, 1, 2, np.where(near, 1 - x, 0))
    return np.where(near, series, np.log(x) / np.where(near, 1, 1 - x))


# fmt: off
elementwise(sc.hyp0f1,            fixed("parameter"),         lambda out, v, z: sc.hyp0f1(v + 1, z) / v)
elementwise(sc.hyp1f1,            *[fixed("parameters")] * 2, lambda out, a, b, z: sc.hyp1f1(a + 1, b + 1, z) * (a / b))
elementwise(sc.hyperu,            *[fixed("parameters")] * 2, lambda out, a, b, x: sc.hyperu(a + 1, b + 1, x) * -a)
elementwise(sc.hyp2f1,            *[fixed("parameters")] * 3, lambda out, a, b, c, z: sc.hyp2f1(a + 1, b + 1, c + 1, z) * (a * b / c))
elementwise(sc.wright_bessel,     *[fixed("parameters")] * 2, lambda out, a, b, x: sc.wright_bessel(a, a + b, x))
elementwise(sc.log_wright_bessel, *[fixed("parameters")] * 2, lambda out, a, b, x: np.exp(sc.log_wright_bessel(a, a + b, x) - out))
elementwise(sc.spence, lambda out, x: spence_slope(x))
# fmt: on
