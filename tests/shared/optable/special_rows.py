"""Rows of the op tests: SciPy's special functions.

Functions that are differentiated in their last argument only are tried with a few values of the
others, which a case gives as they are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc
from scipy.special._ufuncs import _lambertw, _zeta

import micrograd_np.ops.derivatives.special  # noqa: F401 - a Tensor would read these tables when it needs them
from micrograd_np.ops.derivatives.special.error_functions import inverse_mills
from micrograd_np.ops.derivatives.special.incomplete import (
    beta_tail_mean,
    gamma_tail_mean,
    log_beta_tail,
    log_gamma_tail,
)
from optable.table import (
    BINARY,
    COMPLEX_UNARY,
    UNARY,
    Case,
    Domain,
    also,
    any_real,
    between,
    binary,
    case,
    complex_case,
    flat_op,
    inside_one,
    mixed_case,
    nonzero,
    positive,
    row,
    signed,
    unary,
)

SHAPES = [(2, 3), (), (0,)]
SHORT = tuple(case(shape) for shape in SHAPES)
PAIRS = (*BINARY[:10], BINARY[12])  # the last is empty
probability = between(0.05, 0.95)
away = between(0.6, 4)


def short(function: Callable[..., Any], domain: Domain = any_real, **fields: Any) -> None:
    row(function, domain, *SHORT, **fields)


def last(
    function: Callable[..., Any], domain: Domain, *given: tuple[Any, ...], **fields: Any
) -> None:
    """A function of its last argument, with the other ones as `given`."""
    cases = [
        case(*others, shape) for others, shape in zip(given, SHAPES * len(given), strict=False)
    ]
    cases += [case(*given[0], shape) for shape in SHAPES[1:]]
    stretched = tuple(np.full((2, 1), value) for value in given[0])
    row(function, domain, *cases, case(*stretched, (3,)), **fields)


def holomorphic(function: Callable[..., Any], *others: Any) -> None:
    """Further cases with complex numbers in the last argument."""
    kinds = "f" * len(others) + "c"
    cases: list[Case] = [mixed_case(kinds, *others, shape) for shape in SHAPES]
    also(function, *cases)


# fmt: off
# ---------------------------------------------------------------- exponentials and logarithms

unary(sc.expit,         between(-30, 30))
unary(sc.log_expit,     between(-30, 30))
unary(sc.logit,         probability)
unary(sc.expm1)
short(sc.exp2)
short(sc.exp10)
unary(sc.exprel,        between(-3, 3))
unary(sc.log1p,         between(-0.7, 3))
short(sc.cbrt,          nonzero)
short(sc.cosm1)
short(sc.sindg)
short(sc.cosdg)
short(sc.tandg)
short(sc.cotdg,         nonzero)
row(sc.radian,          any_real, case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)))
flat_op(sc.round,       *SHORT, domain=signed(between(1.1, 1.4)))
binary(sc.xlogy,        nonzero, positive)
binary(sc.xlog1py,      nonzero, positive)
unary(sc.entr,          positive)
binary(sc.rel_entr,     positive)
binary(sc.kl_div,       positive)
binary(sc.huber,        between(0.9, 1.1), signed(between(1.4, 2)))
binary(sc.pseudo_huber, positive, any_real)
row(sc.powm1,           (positive, any_real), *PAIRS)
row(sc.boxcox,          (positive, any_real), *PAIRS)
row(sc.boxcox1p,        (positive, any_real), *PAIRS)
row(sc.inv_boxcox,      (between(-0.3, 0.6), signed(between(0.3, 1))), *PAIRS)
row(sc.inv_boxcox1p,    (between(-0.3, 0.6), signed(between(0.3, 1))), *PAIRS)
for function in (sc.expm1, sc.log1p, sc.xlogy, sc.xlog1py):
    holomorphic(function, *([np.array(0.7)] if function in (sc.xlogy, sc.xlog1py) else []))

# ---------------------------------------------------------------- error functions and integrals

for function in (sc.erf, sc.erfc, sc.erfcx, sc.erfi, sc.dawsn, sc.ndtr):
    row(function, any_real, *UNARY, *COMPLEX_UNARY)
row(sc.log_ndtr,        between(-8, 3), *UNARY, complex_case((2, 3)))
row(inverse_mills,      between(-8, 3), *UNARY, complex_case((2, 3)))
unary(sc.erfinv,        inside_one)
unary(sc.erfcinv,       between(0.1, 1.9))
unary(sc.ndtri,         probability)
unary(sc.ndtri_exp,     between(-20, -0.1))
row(sc.wofz,            any_real, *COMPLEX_UNARY, *SHORT)
row(sc.voigt_profile,   (any_real, positive, positive), case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)))
row(sc.owens_t,         any_real, *PAIRS)
row(sc.exp1,            positive, *SHORT, complex_case((2, 3)))
row(sc.expi,            nonzero, *SHORT, complex_case((2, 3)))
last(sc.expn,           positive, (2,), (1,), (0.0,), (3.0,))
row(sc.sici,            positive, *SHORT, complex_case((2, 3)))
row(sc.shichi,          positive, *SHORT, complex_case((2, 3)))
row(sc.fresnel,         any_real, *SHORT, complex_case((2, 3)))
short(sc.modfresnelp,   positive)  # for negative numbers SciPy's value is another function's
short(sc.modfresnelm,   positive)

# ---------------------------------------------------------------- gamma and beta functions

unary(sc.gamma,         signed(between(0.2, 0.8)))
unary(sc.gammaln,       signed(between(0.2, 0.8)))
unary(sc.loggamma,      positive)
unary(sc.rgamma,        between(-3.3, 3))
unary(sc.psi,           positive)
last(_zeta,     positive, (2.0,), (3.5,))
flat_op(sc.gammasgn,    *SHORT, domain=signed(between(0.2, 0.8)))
row(sc.beta,            positive, *BINARY)
row(sc.betaln,          positive, *BINARY)
row(sc.binom,           (between(2.6, 5), between(0.2, 1.8)), *PAIRS)
row(sc.poch,            positive, *PAIRS)
SHAPED = tuple(case(*shapes) for shapes in [((2, 3), (3,)), ((), ()), ((0,), (1,)), ((3, 1), (1, 4)), ((), (3,))])
TWICE_SHAPED = tuple(case(*shapes) for shapes in [((2, 3), (3,), ()), ((), (), ()), ((0,), (1,), ()), ((), (), (3,))])
shapes = between(0.7, 3)
for function in (sc.gammainc, sc.gammaincc):
    row(function, (shapes, positive), *SHAPED)
for function in (sc.gammaincinv, sc.gammainccinv):
    row(function, (shapes, probability), *SHAPED, tolerance=1e-6)
for function in (sc.betainc, sc.betaincc):
    row(function, (shapes, shapes, probability), *TWICE_SHAPED)
for function in (sc.betaincinv, sc.betainccinv):
    row(function, (shapes, shapes, probability), *TWICE_SHAPED, tolerance=1e-6)
row(log_gamma_tail,     (shapes, positive), case((2, 3), (3,), -1), case((), (), 1), case((0,), (1,), 1))
row(gamma_tail_mean,    (shapes, positive), case((2, 3), (3,), -1, 1), case((), (), 1, 2), case((0,), (1,), 1, 0))
row(log_beta_tail,      (shapes, shapes, positive), *TWICE_SHAPED)
row(beta_tail_mean,     (shapes, shapes, positive), case((2, 3), (3,), (), 1, 0), case((), (), (), 0, 2), case((0,), (1,), (), 1, 1))

# ---------------------------------------------------------------- Bessel functions and their kin

for function in (sc.j0, sc.j1, sc.i0, sc.i1, sc.ber, sc.bei, sc.berp, sc.beip):
    short(function, between(-4, 4))
for function in (sc.i0e, sc.i1e):
    short(function, nonzero)
for function in (sc.y0, sc.y1, sc.k0, sc.k1, sc.k0e, sc.k1e, sc.ker, sc.kei, sc.kerp, sc.keip):
    short(function, away)
for function in (sc.jv, sc.iv, sc.yv, sc.kv, sc.kve):
    last(function, away, (1.5,), (0,), (0.0,), (-2.5,))
    holomorphic(function, 1.5)
for function in (sc.jve, sc.ive, sc.yve, sc.struve, sc.modstruve):
    last(function, away, (1.5,), (0,), (2,))
for function in (sc.yn, sc.kn):
    last(function, away, (1,), (0,), (3,))
for function in (sc.hankel1, sc.hankel2, sc.hankel1e, sc.hankel2e):
    last(function, away, (1.5,), (0,))
    holomorphic(function, 1.5)
short(sc.kelvin,        away)
row(sc.airy,            any_real, *SHORT, complex_case((2, 3)))
short(sc.airye,         positive)
short(sc.itairy,        positive, tolerance=1e-4)  # SciPy's value has five digits
for function in (sc.itj0y0, sc.iti0k0, sc.it2j0y0, sc.it2i0k0, sc.itstruve0, sc.itmodstruve0, sc.it2struve0):
    short(function, away)
row(sc.besselpoly,      away, case((2, 3), 1.0, 0.0), case((), 0.5, 1.5), case((0,), 2, 1))
for function in (sc.pbdv, sc.pbvv, sc.pbwa):
    last(function, any_real, (1.5,), (0.5,))
MATHIEU = [(np.array(2.0), np.array(1.5)), (np.array(1.0), np.array(0.5))]  # SciPy has none in float32
for function in (sc.mathieu_cem, sc.mathieu_sem):
    last(function, between(-30, 70), *MATHIEU)
for function in (sc.mathieu_modcem1, sc.mathieu_modcem2, sc.mathieu_modsem1, sc.mathieu_modsem2):
    last(function, positive, *MATHIEU)

# ---------------------------------------------------------------- elliptic integrals, inverses

short(sc.ellipk,        between(-2, 0.9))
short(sc.ellipe,        between(-2, 0.9))
short(sc.ellipkm1,      between(0.1, 2))
row(sc.ellipkinc,       (between(-1.4, 4), between(-2, 0.8)), *PAIRS)
row(sc.ellipeinc,       (between(-1.4, 4), between(-2, 0.8)), *PAIRS)
row(sc.ellipj,          any_real, case((2, 3), 0.6), case((), -0.5), case((0,), 0.0), case((3,), np.array([[0.2], [0.9]])))
row(sc.agm,             positive, *PAIRS)
row(sc.elliprc,         positive, *PAIRS)
row(sc.elliprf,         positive, case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)))
row(sc.elliprd,         positive, case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)))
row(sc.elliprg,         positive, case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)))
row(_lambertw,  positive, case((2, 3), 0, 1e-8), case((), 0, 1e-8), case((0,), 1, 1e-8), complex_case((2, 3), 1, 1e-8))
row(sc.wrightomega,     any_real, *SHORT, complex_case((2, 3)))

# ---------------------------------------------------------------- hypergeometric functions, polynomials

last(sc.hyp0f1,         any_real, (1.5,), (2,))
last(sc.hyp1f1,         any_real, (0.7, 1.6), (2, 3))
last(sc.hyperu,         positive, (0.7, 1.6), (2, 3))
last(sc.hyp2f1,         inside_one, (0.7, 1.6, 2.3), (1, 1, 2))
holomorphic(sc.hyp0f1, 1.5)
holomorphic(sc.hyp1f1, 0.7, 1.6)
holomorphic(sc.hyp2f1, 0.7, 1.6, 2.3)
last(sc.wright_bessel,     positive, (0.7, 1.6), (1, 2))
last(sc.log_wright_bessel, positive, (0.7, 1.6), (1, 2))
row(sc.spence,          positive, *SHORT, complex_case((2, 3)))
for function in (sc.eval_chebyt, sc.eval_chebyu, sc.eval_chebyc, sc.eval_chebys, sc.eval_sh_chebyt, sc.eval_sh_chebyu,
                 sc.eval_legendre, sc.eval_sh_legendre, sc.eval_laguerre):
    last(function, probability, (3,), (0,), (1,), (2.5,))
for function in (sc.eval_hermite, sc.eval_hermitenorm):
    last(function, any_real, (3,), (0,), (1,))
for function in (sc.eval_gegenbauer, sc.eval_genlaguerre):
    last(function, probability, (3, 1.5), (0, 0.5), (2.5, 0.5))
for function in (sc.eval_jacobi, sc.eval_sh_jacobi):
    last(function, probability, (3, 1.5, 0.5), (0, 2.5, 0.5), (2.5, 1.5, 0.5))
last(sc.lpmv,           inside_one, (1, 2.0), (0, 3.0), (2, 2.0))

# ---------------------------------------------------------------- distributions

COUNTS = [(np.array(2.0), 5), (np.array(1.7), 4)]  # SciPy warns of counts in float32
for function in (sc.bdtr, sc.bdtrc):
    last(function, probability, *COUNTS)
last(sc.bdtri,          between(0.2, 0.9), *COUNTS)
for function in (sc.nbdtr, sc.nbdtrc, sc.nbdtri):
    last(function, probability, (2, 5), (1, 4))
for function in (sc.pdtr, sc.pdtrc):
    last(function, positive, (2.0,), (0.0,), (1.7,))
last(sc.pdtri,          probability, (2,), (1,))
for function in (sc.chdtr, sc.chdtrc):
    row(function, (shapes, positive), *SHAPED)
row(sc.chdtri,          (shapes, probability), *SHAPED, tolerance=1e-6)
row(sc.chndtr,          positive, case((2, 3), 3.0, (3,)), case((), 1.5, ()), case((0,), 2.0, (1,)))
for function in (sc.fdtr, sc.fdtrc):
    row(function, (shapes, shapes, positive), *TWICE_SHAPED)
row(sc.fdtri,           (shapes, shapes, probability), *TWICE_SHAPED, tolerance=1e-6)
row(sc.stdtr,           (shapes, any_real), *SHAPED)
row(sc.stdtrit,         (shapes, between(0.2, 0.8)), *SHAPED, tolerance=1e-6)
for function in (sc.gdtr, sc.gdtrc):
    row(function, (positive, shapes, positive), *TWICE_SHAPED)
row(sc.gdtrix,          (positive, shapes, probability), *TWICE_SHAPED, tolerance=1e-6)
row(sc.nrdtrimn,        (probability, positive, any_real), case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)), tolerance=1e-5)
row(sc.nrdtrisd,        (between(-2, -1), between(0.6, 0.9), positive), case((2, 3), (3,), ()), case((), (), ()), case((0,), (), (1,)))
row(sc.tklmbda,         between(-0.8, 0.8), case((2, 3), 0.5), case((), -0.4), case((0,), 1.0), case((3,), np.array([[0.3], [0.9]])))
# fmt: on
