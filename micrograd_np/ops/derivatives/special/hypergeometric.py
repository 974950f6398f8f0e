"""Hypergeometric functions of SciPy, and the orthogonal polynomials, which are some of them.

Each slope is that function with other parameters (DLMF 13.3, 15.5, 16.3), or a polynomial of one
degree less (DLMF 18.9). They are differentiated in their last argument, not in their degree or
parameters.
"""

import numpy as np
import scipy.special as sc

from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.special.domains import elementwise, fixed, hyp2f1, one_less


def spence_slope(x: Array) -> Array:
    """`log(x) / (1 - x)`; near 1, where its own slope cancels, `-2F1(1, 1; 2; 1 - x)`."""
    near = np.abs(1 - x) < 0.5
    series = -hyp2f1(1, 1, 2, np.where(near, 1 - x, 0))
    return np.where(near, series, np.log(x) / np.where(near, 1, 1 - x))


def lpmv_slope(out: Array, m: Array, v: Array, x: Array) -> Array:
    """`((v+1) x P(v) - (v-m+1) P(v+1)) / (1 - x²)` (DLMF 14.10.5)."""
    return ((v + 1) * x * out - (v - m + 1) * sc.lpmv(m, v + 1, x)) / ((1 - x) * (1 + x))


# fmt: off
elementwise(sc.hyp0f1,            fixed("parameter"),         lambda out, v, z: sc.hyp0f1(v + 1, z) / v)
elementwise(sc.hyp1f1,            *[fixed("parameters")] * 2, lambda out, a, b, z: sc.hyp1f1(a + 1, b + 1, z) * (a / b))
elementwise(sc.hyperu,            *[fixed("parameters")] * 2, lambda out, a, b, x: sc.hyperu(a + 1, b + 1, x) * -a)
elementwise(sc.hyp2f1,            *[fixed("parameters")] * 3, lambda out, a, b, c, z: sc.hyp2f1(a + 1, b + 1, c + 1, z) * (a * b / c))
elementwise(sc.wright_bessel,     *[fixed("parameters")] * 2, lambda out, a, b, x: sc.wright_bessel(a, a + b, x))
elementwise(sc.log_wright_bessel, *[fixed("parameters")] * 2, lambda out, a, b, x: np.exp(sc.log_wright_bessel(a, a + b, x) - out))
elementwise(sc.spence, lambda out, x: spence_slope(x))

elementwise(sc.eval_chebyt,      fixed("degree"), lambda out, n, x: n * sc.eval_chebyu(n - 1, x))
elementwise(sc.eval_chebyu,      fixed("degree"), lambda out, n, x: 2 * sc.eval_gegenbauer(n - 1, 2.0, x))
elementwise(sc.eval_chebyc,      fixed("degree"), lambda out, n, x: n * sc.eval_chebys(n - 1, x))
elementwise(sc.eval_chebys,      fixed("degree"), lambda out, n, x: sc.eval_gegenbauer(n - 1, 2.0, x / 2))
elementwise(sc.eval_sh_chebyt,   fixed("degree"), lambda out, n, x: 2 * n * sc.eval_sh_chebyu(n - 1, x))
elementwise(sc.eval_sh_chebyu,   fixed("degree"), lambda out, n, x: 4 * sc.eval_gegenbauer(n - 1, 2.0, 2 * x - 1))
elementwise(sc.eval_legendre,    fixed("degree"), lambda out, n, x: sc.eval_gegenbauer(n - 1, 1.5, x))
elementwise(sc.eval_sh_legendre, fixed("degree"), lambda out, n, x: 2 * sc.eval_gegenbauer(n - 1, 1.5, 2 * x - 1))
elementwise(sc.eval_hermite,     fixed("degree"), lambda out, n, x: 2 * n * sc.eval_hermite(one_less(n), x))
elementwise(sc.eval_hermitenorm, fixed("degree"), lambda out, n, x: n * sc.eval_hermitenorm(one_less(n), x))
elementwise(sc.eval_laguerre,    fixed("degree"), lambda out, n, x: -sc.eval_genlaguerre(n - 1, 1.0, x))

elementwise(sc.eval_gegenbauer,  *[fixed("degree and parameter")] * 2,  lambda out, n, alpha, x: 2 * alpha * sc.eval_gegenbauer(n - 1, alpha + 1, x))
elementwise(sc.eval_genlaguerre, *[fixed("degree and parameter")] * 2,  lambda out, n, alpha, x: -sc.eval_genlaguerre(n - 1, alpha + 1, x))
elementwise(sc.eval_jacobi,      *[fixed("degree and parameters")] * 3, lambda out, n, alpha, beta, x: (n + alpha + beta + 1) / 2 * sc.eval_jacobi(n - 1, alpha + 1, beta + 1, x))
elementwise(sc.eval_sh_jacobi,   *[fixed("degree and parameters")] * 3, lambda out, n, p, q, x: n * sc.eval_sh_jacobi(one_less(n), p + 2, q + 1, x))
elementwise(sc.lpmv,             *[fixed("order and degree")] * 2,      lpmv_slope)
# fmt: on
