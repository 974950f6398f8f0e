"""SciPy's special functions on Tensors: what the rows of the op table cannot say.

Expected slopes far out and at removable singularities were computed once in 60 digits.
"""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.special as sc
from differences import assert_close, jacobian
from scipy.special import _ufuncs

import micrograd_np as mg
import micrograd_np.ops.derivatives.special
from micrograd_np import Tensor, special
from micrograd_np.core.op import OPS
from micrograd_np.coverage.scipy_functions import INSTEAD, REFUSED
from micrograd_np.errors import (
    LeavesGraphError,
    NotDifferentiableError,
    OptionError,
    UnregisteredFunctionError,
)


def slope(f: Any, *at: Any, order: int = 1, argnums: int = 0) -> float:
    """The derivative of a function of numbers."""
    for _ in range(order):
        f = mg.grad(f, argnums)
    return float(f(*at))


def tracked(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


# ---------------------------------------------------------------- when the tables are read

PROGRAM = """
import sys
import numpy as np
import micrograd_np as mg

def read():
    return "micrograd_np.ops.derivatives.special" in sys.modules

t = mg.Tensor([0.5], requires_grad=True)
unknown = np.frompyfunc(lambda x: x, 1, 1)
try:
    unknown(t)
except TypeError:
    pass
assert "scipy" not in sys.modules and not read()

from scipy.special import erf
assert not read()
np.exp(t)
assert not read()
out = erf(t)
assert read() and out.op.name == "erf", out
out.sum().backward()
print(t.grad)
"""


def test_the_tables_wait_until_scipy_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[0.87878258]\n", "")


# ---------------------------------------------------------------- coverage

UFUNCS = {name: f for name, f in vars(sc).items() if isinstance(f, np.ufunc)}
FUNCTIONS = {name for name in sc.__all__ if callable(getattr(sc, name)) and name not in UFUNCS}
ONLY_SOME_VERSIONS = {"btdtr", "btdtri", "sph_harm"}

CALLS_UFUNCS = {  # plain Python that is differentiable, for it does no more than call ufuncs
    "assoc_laguerre": lambda x: sc.assoc_laguerre(x, 2, 1.5),
    "h1vp": lambda x: np.abs(sc.h1vp(1, x)),
    "h2vp": lambda x: np.abs(sc.h2vp(1, x)),
    "ivp": lambda x: sc.ivp(1, x),
    "jvp": lambda x: sc.jvp(1, x, 2),
    "kvp": lambda x: sc.kvp(1.5, x),
    "lambertw": lambda x: np.real(sc.lambertw(x)),
    "sinc": sc.sinc,
    "softplus": lambda x: sc.softplus(x),  # noqa: PLW0108 - new in SciPy 1.17
    "yvp": lambda x: sc.yvp(0, x),
    "zeta": lambda x: sc.zeta(2.5, x),
    "chebyc": sc.chebyc(3),
    "chebys": sc.chebys(3),
    "chebyt": sc.chebyt(3),
    "chebyu": sc.chebyu(3),
    "gegenbauer": sc.gegenbauer(3, 0.5),
    "genlaguerre": sc.genlaguerre(3, 0.5),
    "hermite": sc.hermite(3),
    "hermitenorm": sc.hermitenorm(3),
    "jacobi": sc.jacobi(3, 0.5, 1.5),
    "laguerre": sc.laguerre(3),
    "legendre": sc.legendre(3),
    "sh_chebyt": sc.sh_chebyt(3),
    "sh_chebyu": sc.sh_chebyu(3),
    "sh_jacobi": sc.sh_jacobi(3, 1.5, 0.5),
    "sh_legendre": sc.sh_legendre(3),
}
MAKES_ARRAYS: dict[str, Any] = {  # plain Python that begins with np.asarray: an error
    "assoc_legendre_p": lambda x: sc.assoc_legendre_p(2, 1, x),
    "assoc_legendre_p_all": lambda x: sc.assoc_legendre_p_all(2, 1, x),
    "comb": lambda x: sc.comb(x, 2),
    "diric": lambda x: sc.diric(x, 3),
    "ellip_harm": lambda x: sc.ellip_harm(1.0, 2.0, 1, 1, x),
    "ellip_harm_2": lambda x: sc.ellip_harm_2(1.0, 2.0, 1, 1, x),
    "ellip_normal": lambda x: sc.ellip_normal(x, 2.0, 1, 1),
    "factorial": sc.factorial,
    "factorial2": sc.factorial2,
    "factorialk": lambda x: sc.factorialk(x, 2, exact=False),
    "legendre_p": lambda x: sc.legendre_p(2, x),
    "legendre_p_all": lambda x: sc.legendre_p_all(2, x),
    "lmbda": lambda x: sc.lmbda(2, x),
    "log_softmax": sc.log_softmax,
    "logsumexp": sc.logsumexp,
    "lqmn": lambda x: sc.lqmn(1, 2, x),
    "lqn": lambda x: sc.lqn(2, x),
    "multigammaln": lambda x: sc.multigammaln(x, 2),
    "pbdn_seq": lambda x: sc.pbdn_seq(2, x),
    "pbdv_seq": lambda x: sc.pbdv_seq(2.0, x),
    "pbvv_seq": lambda x: sc.pbvv_seq(2.0, x),
    "perm": lambda x: sc.perm(x, 2),
    "polygamma": lambda x: sc.polygamma(1, x),
    "riccati_jn": lambda x: sc.riccati_jn(2, x),
    "riccati_yn": lambda x: sc.riccati_yn(2, x),
    "softmax": sc.softmax,
    "sph_harm_y": lambda x: sc.sph_harm_y(2, 1, x, x),
    "sph_harm_y_all": lambda x: sc.sph_harm_y_all(2, 1, x, x),
    "sph_legendre_p": lambda x: sc.sph_legendre_p(2, 1, x),
    "sph_legendre_p_all": lambda x: sc.sph_legendre_p_all(2, 1, x),
    "spherical_in": lambda x: sc.spherical_in(1, x),
    "spherical_jn": lambda x: sc.spherical_jn(1, x),
    "spherical_kn": lambda x: sc.spherical_kn(1, x),
    "spherical_yn": lambda x: sc.spherical_yn(1, x),
    "stirling2": lambda x: sc.stirling2(x, 2),
}
OF_NUMBERS = {"ellip_harm_2", "ellip_normal", "lqmn", "lqn"}  # of these, not of arrays
OF_INTEGERS = {  # coefficients and settings: no floating-point argument varies
    "SpecialFunctionError", "SpecialFunctionWarning", "bernoulli", "errstate", "euler", "geterr",
    "mathieu_even_coef", "mathieu_odd_coef", "obl_cv_seq", "pro_cv_seq", "seterr",
}  # fmt: skip
OF_OLDER_VERSIONS = {"btdtr", "btdtri", "clpmn", "lpmn", "lpn", "sph_harm"}
OF_NEWER_VERSIONS = {
    "softplus", "legendre_p", "legendre_p_all", "assoc_legendre_p", "assoc_legendre_p_all",
    "sph_legendre_p", "sph_legendre_p_all", "sph_harm_y", "sph_harm_y_all",
}  # fmt: skip


def test_every_ufunc_is_covered() -> None:
    public = {name for name, f in UFUNCS.items() if f not in OPS}
    refusals = "REFUSED in micrograd_np/coverage/scipy_functions.py"
    assert public - REFUSED.keys() == set(), f"declare a derivative, or enter these in {refusals}"
    refused = {name for name in REFUSED if not name.startswith("_")}
    derived = refused - public - ONLY_SOME_VERSIONS
    assert derived == set(), f"these have a derivative now: take them out of {refusals}"


def test_every_function_written_in_python_is_covered() -> None:
    covered = {*CALLS_UFUNCS, *MAKES_ARRAYS, *OF_INTEGERS, *OF_OLDER_VERSIONS}
    left = {name for name in FUNCTIONS - covered if "zeros" not in name and "roots" not in name}
    assert left == set()
    assert covered - FUNCTIONS <= OF_OLDER_VERSIONS | OF_NEWER_VERSIONS


@pytest.mark.parametrize("name", sorted(CALLS_UFUNCS.keys() & FUNCTIONS))
def test_a_python_function_that_calls_ufuncs_is_differentiable(name: str) -> None:
    f, x = CALLS_UFUNCS[name], np.array([0.3, 0.6, 0.8])
    t = Tensor(x, requires_grad=True)
    np.testing.assert_allclose(f(t).data, f(x), rtol=1e-13)
    assert_close(mg.jacobian(f)(x), jacobian(f, [x])[0])


@pytest.mark.parametrize("name", sorted(MAKES_ARRAYS.keys() & FUNCTIONS))
def test_plain_python_that_makes_arrays_is_refused(name: str) -> None:
    with pytest.raises((LeavesGraphError, UnregisteredFunctionError, ValueError)) as caught:
        MAKES_ARRAYS[name](tracked(1.5)[0] if name in OF_NUMBERS else tracked(1.5, 2.5))
    if instead := INSTEAD.get(f"scipy.special.{name}"):
        assert name in str(caught.value)
        assert instead in str(caught.value)
    else:
        assert isinstance(caught.value, LeavesGraphError | UnregisteredFunctionError) or (
            "must be scalars" in str(caught.value)
        )


def test_replacements_of_python_functions_exist() -> None:
    ours = {name for name in INSTEAD.values() if name.startswith("micrograd_np.special.")}
    assert {name.rpartition(".")[2] for name in ours} == set(special.__all__)


def test_the_module_stands_in_for_scipys() -> None:
    assert special.erf is sc.erf
    assert {name for name in UFUNCS if getattr(special, name) is not UFUNCS[name]} == set()
    with pytest.raises(AttributeError, match="in place of its other functions comb, factorial"):
        special.roots_legendre  # noqa: B018 - asking is enough


@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_weighted_sums_of_exponentials_are_scipys(axis: Any, keepdims: bool) -> None:
    rng = np.random.default_rng(0)
    a, signed = 300 * rng.normal(size=(2, 2, 3)), rng.normal(size=(2, 2, 3))
    some = np.where(signed > 0.5, 0, np.abs(signed))
    for b in (None, 2.0, np.abs(signed), some, signed):
        for return_sign in (False, True):
            found = special.logsumexp(a, axis, b, keepdims, return_sign)
            expected = sc.logsumexp(a, axis, b, keepdims, return_sign)
            assert_close(np.array(found), np.array(expected), 1e-13)
    small = a / 300
    f = lambda a, b: special.logsumexp(a, axis, b, keepdims)
    assert mg.gradcheck(f, [small, np.abs(signed)], order=2)
    g = lambda a, b: special.logsumexp(a, axis, b, keepdims, return_sign=True)[0]
    assert mg.gradcheck(g, [small, signed])


def test_a_weight_of_zero_takes_an_entry_out() -> None:
    a, b = np.array([1000.0, 0.0]), np.array([0.0, 1.0])
    np.testing.assert_array_equal(mg.grad(lambda a: special.logsumexp(a, b=b))(a), [0, 1])
    slope = mg.grad(lambda b: special.logsumexp(a[::-1] / 100, b=b))(b[::-1])
    assert_close(slope, [1.0, np.exp(10.0)])
    assert special.logsumexp(np.array([np.inf, 1.0]), b=b) == 1
    assert special.logsumexp(np.float32([1, 2]), b=2.0).dtype == np.float32


def test_softmax_is_of_all_entries_as_scipys() -> None:
    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert_close(special.softmax(x), sc.softmax(x))
    assert_close(special.log_softmax(x), sc.log_softmax(x))
    assert_close(special.log_softmax(x, axis=0), sc.log_softmax(x, axis=0))


def test_an_array_made_elsewhere_has_no_advice_about_scipy() -> None:
    with pytest.raises(LeavesGraphError) as caught:
        np.asarray(tracked(1.0))
    assert "scipy" not in str(caught.value)


def test_a_refused_ufunc_says_why() -> None:
    with pytest.raises(UnregisteredFunctionError, match="a series that SciPy"):
        sc.kolmogorov(tracked(0.5))
    np.testing.assert_array_equal(sc.kolmogorov(Tensor([0.5])).data, sc.kolmogorov([0.5]))


def test_an_argument_without_a_derivative_is_refused_when_it_is_asked_for() -> None:
    order, x = tracked(1.5), tracked(2.0)
    out = sc.jv(order, x)
    assert_close(mg.grad(lambda x: sc.jv(order, x).sum())(x.data).data, sc.jvp(1.5, 2.0))
    with pytest.raises(NotDifferentiableError, match="no derivative in its order"):
        out.backward()
    with pytest.raises(NotDifferentiableError, match="parameter"):
        mg.jvp(lambda m: sc.ellipj(0.5, m)[0], [0.3], [1.0])
    with pytest.raises(NotDifferentiableError, match="exponent"):
        mg.grad(lambda s: sc.zeta(s, 2.0))(3.0)


@pytest.mark.parametrize("f", [lambda z: sc.jve(1, z), lambda z: sc.airye(z)[0]])
def test_what_is_not_holomorphic_is_refused_for_complex_numbers(f: Any) -> None:
    with pytest.raises(NotDifferentiableError, match="real numbers only"):
        mg.grad(lambda z: np.abs(f(z)))(0.5 + 0.5j)


def test_the_second_derivative_of_a_complex_gamma_function_is_refused() -> None:
    z = np.array(1.5 + 0.5j)
    found = mg.grad(lambda z: np.abs(sc.gamma(z)) ** 2)(z).item()
    assert_close(found, np.conj(2 * np.conj(sc.gamma(z)) * sc.gamma(z) * sc.psi(z)))
    with pytest.raises(NotDifferentiableError, match="psi"):
        mg.grad(lambda z: np.abs(sc.psi(z)))(z)


def test_options_of_ufuncs_are_refused() -> None:
    with pytest.raises(OptionError, match="where"):
        sc.erf(tracked(1.0), where=np.array([True]))


# ---------------------------------------------------------------- far out and at removable points


@pytest.mark.parametrize(
    ("f", "x", "first", "second"),
    [
        (sc.erfcx, 9.9, -0.0056705197066336224, 0.0011286236863188082),
        (sc.erfcx, 10.1, -0.005451329508867118, 0.0010641179393639722),
        (sc.erfcx, 50.0, -0.00022554056313532388, 9.0162171151572226e-6),
        (sc.erfcx, 1e4, -5.6418957508491275e-9, 1.1283791332441388e-12),
        (sc.dawsn, 9.9, -0.0051816629057330468, 0.0010634242299049347),
        (sc.dawsn, -10.1, -0.0049753835387620497, -0.0010002342613337871),
        (sc.dawsn, 50.0, -0.00020012012016830307, 8.0096144269406402e-6),
        (sc.log_ndtr, -1000.0, 1000.0009999980001, -0.99999900000599995),
        (sc.log_ndtr, -50.0, 50.01998403190564, -0.9996009568131961),
        (sc.log_ndtr, 5.0, 1.4867199409049057e-6, -7.4336019148607112e-6),
        (sc.exprel, 0.0, 0.5, 1 / 3),
        (sc.exprel, 1e-9, 0.50000000033333333, 0.33333333358333333),
        (sc.exprel, -1e-5, 0.49999666667916663, 0.33333083334333331),
        (sc.exprel, -700.0, 2.0408163265306122e-6, 5.8309037900874636e-9),
        (sc.exprel, 30.0, 344341958738.01156, 333259688801.61463),
        (sc.spence, 1.0, -1.0, 0.5),
        (sc.spence, 1.000001, -0.99999950000033337, 0.49999933333408339),
        (sc.spence, 0.999, -1.0005003335835335, 0.50066741746750086),
        (sc.spence, 1e-10, -23.025850932243042, 9999999977.9741487),
        (sc.spence, 1e10, -2.3025850932243042e-9, 2.2025850934445627e-19),
        (sc.ellipk, 1e-9, 0.39269908214051062, 0.44178646783145315),
        (sc.ellipe, 1e-9, -0.39269908184598631, -0.14726215582109925),
        (lambda x: sc.sici(x)[0], 1e-6, 0.99999999999983333, -3.3333333333329998e-7),
        (lambda x: sc.sici(x)[0], 0.0, 1.0, 0.0),
        (lambda x: sc.shichi(x)[0], 0.0, 1.0, 0.0),
        (lambda y: sc.boxcox(2.0, y), 0.0, 0.24022650695910071, 0.11100821732964316),
        (lambda y: sc.boxcox(2.0, y), 1e-9, 0.24022650707010893, 0.11100821738735193),
        (sc.rgamma, 0.0, 1.0, 1.1544313298030657),
        (sc.rgamma, -1.0, -1.0, 0.84556867019693428),
        (sc.rgamma, -2.0, 2.0, -3.6911373403938686),
        (sc.rgamma, -2.5, 1.1669802856379655, 8.8037821833884177),
        (lambda x: sc.chndtr(x, 3, 1.0), 200.0, 6.2393033700466614e-39, -2.8990589988810975e-39),
        (lambda x: sc.chndtr(x, 1.5, 0.5), 1e-8, 37.789407776467733, -944735207.00816258),
    ],
)
def test_slopes_keep_their_relative_accuracy(f: Any, x: float, first: float, second: float) -> None:
    np.testing.assert_allclose(slope(f, x), first, rtol=1e-13)
    np.testing.assert_allclose(slope(f, x, order=2), second, rtol=2e-11, atol=1e-300)


@pytest.mark.parametrize(
    ("f", "at", "argnums", "expected"),
    [
        (sc.expit, (-700.0,), 0, 9.8596765437597709e-305),
        (sc.expit, (40.0,), 0, 4.248354255291589e-18),
        (sc.expit, (1000.0,), 0, 0.0),
        (sc.log_expit, (-1000.0,), 0, 1.0),
        (sc.log_ndtr, (-1e4,), 0, 10000.000099999998),
        (sc.log_ndtr, (30.0,), 0, 1.4736461348785475e-196),
        (sc.ndtri_exp, (-1000.0,), 0, 0.022402367686230811),
        (sc.inv_boxcox, (0.5, 1e-9), 1, -0.20609015867436131),
        (sc.pseudo_huber, (1.0, 1e-3), 0, 2.4999975000023437e-13),
        (sc.kl_div, (1.0, 1 + 1e-12), 1, 1.0000889005813408e-12),
        (sc.binom, (2.0, 4.0), 0, -1 / 12),
        (sc.binom, (2.0, 4.0), 1, 1 / 12),
        (sc.binom, (2.5, -1.0), 1, 2 / 7),
        (sc.binom, (2.5, -1.0), 0, 0.0),
        (sc.poch, (-1.0, 3.0), 0, -1.0),
        (sc.poch, (0.0, 1.5), 0, 0.88622692545275801),
        (sc.ellipkinc, (4.2, 0.0), 1, 0.94317513648896492),
        (sc.ellipeinc, (4.2, 0.0), 1, -0.94317513648896492),
        (sc.ellipkinc, (0.0, 1.0), 1, 0.0),
        (sc.chndtr, (90.0, 4.0, 80.0), 2, -0.020564769709419102),
        (sc.chndtr, (5.0, 10.0, 0.0), 2, -0.03340047144527132),
    ],
)
def test_slopes_at_single_points(f: Any, at: Any, argnums: int, expected: float) -> None:
    found = slope(f, *at, argnums=argnums)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("x", "expected"),
    [(1.5, -0.097965625458598864), (1.500001, -0.097965556103026692), (1.6, -0.091450442311591389)],
)
def test_carlsons_integral_where_two_arguments_agree(x: float, expected: float) -> None:
    np.testing.assert_allclose(slope(lambda x: sc.elliprd(x, 2.0, 1.5), x), expected, rtol=1e-10)


# ---------------------------------------------------------------- edges of domains


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (sc.xlogy, (0.0, 2.0), (np.log(2), 0.0)),
        (sc.xlogy, (0.0, 0.0), (-np.inf, 0.0)),
        (sc.xlog1py, (0.0, -1.0), (-np.inf, 0.0)),
        (sc.rel_entr, (0.0, 2.0), (-np.inf, 0.0)),
        (sc.kl_div, (0.0, 2.0), (-np.inf, 1.0)),
        (sc.kl_div, (0.0, 0.0), (np.nan, 1.0)),
        (sc.huber, (1.0, 1.0), (0.0, 1.0)),
        (sc.huber, (1.0, -3.0), (2.0, -1.0)),
        (sc.pseudo_huber, (0.0, 0.0), (0.0, 0.0)),
        (sc.boxcox, (0.0, 2.0), (0.0, 0.25)),
        (sc.powm1, (0.0, 2.0), (0.0, 0.0)),
    ],
)
def test_slopes_at_the_edges_of_two_arguments(f: Any, at: Any, expected: Any) -> None:
    with np.errstate(all="ignore"):
        found = mg.grad(f, (0, 1))(*at)
    np.testing.assert_allclose([float(g) for g in found], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (sc.entr, 0.0, np.inf),
        (sc.i0e, 0.0, 0.0),
        (sc.i1, 0.0, 0.5),
        (sc.j1, 0.0, 0.5),
        (lambda x: sc.jv(0.5, x), 0.0, np.inf),
        (sc.erfinv, 1.0, np.inf),
        (sc.ndtri, 0.0, np.inf),
        (sc.logit, 0.0, np.inf),
        (sc.beip, 0.0, 0.5),
        (sc.hermite(0), 0.7, 0.0),
        (lambda x: sc.eval_hermitenorm(0, x), 0.7, 0.0),
        (lambda x: sc.tklmbda(x, 1.0), 3.0, 0.0),
        (lambda z: np.real(sc.lambertw(z)), 0.0, 1.0),
    ],
)
def test_slopes_at_the_edges(f: Any, x: float, expected: float) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(slope(f, x), expected, rtol=1e-14)


# ---------------------------------------------------------------- our own in place of plain Python

PAIRED = [
    (lambda s, x: s.polygamma(0, x), 1e-14),
    (lambda s, x: s.polygamma(3, x), 1e-14),
    (lambda s, x: s.polygamma(np.array([0, 1, 2]), x), 1e-14),
    (lambda s, x: s.multigammaln(x + 2, 3), 1e-14),
    (lambda s, x: s.factorial(x), 1e-14),
    (lambda s, x: s.factorial(x - 2), 1e-14),
    (lambda s, x: s.comb(x + 2, 2), 1e-13),
    (lambda s, x: s.comb(x + 2, 2.5, repetition=True), 1e-13),
    (lambda s, x: s.comb(x, 3), 1e-13),
    (lambda s, x: s.perm(x + 2, 2), 1e-13),
    (lambda s, x: s.spherical_jn(2, x), 1e-13),
    (lambda s, x: s.spherical_in(2, x), 1e-13),
    (lambda s, x: s.spherical_yn(1, x), 1e-13),
    (lambda s, x: s.spherical_kn(1, x), 1e-13),
]


@pytest.mark.parametrize(("f", "tolerance"), PAIRED)
def test_our_own_agree_with_scipys(f: Any, tolerance: float) -> None:
    x = np.array([0.7, 1.3, 2.6])
    t = Tensor(x, requires_grad=True)
    np.testing.assert_allclose(f(special, t).data, f(sc, x), rtol=tolerance)
    np.testing.assert_allclose(f(special, x), f(sc, x), rtol=tolerance)
    found = mg.jacobian(lambda x: f(special, x))(x)
    assert_close(found, jacobian(lambda x: f(sc, x), [x])[0])
    twice = mg.jacobian(mg.grad(lambda x: np.sum(f(special, x))))(x)
    assert_close(twice, np.diag(np.diag(twice)))


def test_spherical_functions_of_negative_numbers() -> None:
    x = np.array([0.5, 2.0])
    np.testing.assert_array_equal(special.spherical_jn(1, -x), -special.spherical_jn(1, x))
    np.testing.assert_array_equal(special.spherical_in(2, -x), special.spherical_in(2, x))


def test_a_dimension_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="positive integer"):
        special.multigammaln(tracked(3.0), 0)


# ---------------------------------------------------------------- with the rest of the package


def test_vmap_goes_over_special_functions() -> None:
    x = np.linspace(0.2, 1.8, 6).reshape(3, 2)
    for f in (sc.erf, sc.gammaln, lambda x: sc.xlogy(x, 2 * x), lambda x: sc.jv(1, x)):
        np.testing.assert_allclose(mg.vmap(f)(x), f(x), rtol=1e-14)
        one = np.stack([mg.grad(lambda row, f=f: np.sum(f(row)))(row) for row in x])
        np.testing.assert_allclose(
            mg.vmap(mg.grad(lambda row, f=f: np.sum(f(row))))(x), one, rtol=1e-14
        )


def test_special_functions_of_lazy_arrays_stay_lazy() -> None:
    da = pytest.importorskip("dask.array")
    x = np.linspace(0.1, 2, 12).reshape(4, 3)
    t = Tensor(da.from_array(x, chunks=(2, 3)), requires_grad=True)
    out = np.sum(sc.erf(t) * sc.gammaln(t + 1))
    assert isinstance(out.data, da.Array)
    out.backward()
    assert isinstance(t.grad, da.Array)
    plain = mg.grad(lambda x: np.sum(sc.erf(x) * sc.gammaln(x + 1)))(x)
    np.testing.assert_allclose(t.grad.compute(), plain, rtol=1e-14)


# ---------------------------------------------------------------- PyTorch and JAX

ORACLES: dict[str, Any] = {  # where to evaluate; two arrays for functions of two arguments
    "expit": [-40, 0.3, 5], "logit": [0.01, 0.5, 0.9], "log1p": [-0.5, 2], "expm1": [-1, 2],
    "exp2": [-1, 2], "erf": [-3, 0.5, 4], "erfc": [-3, 0.5, 10], "erfcx": [-3, 0.5, 9],
    "erfinv": [-0.9, 0.2], "gammaln": [0.3, 2.5, 30], "digamma": [0.3, 2.5, 30],
    "ndtr": [-6, 0.1, 3], "ndtri": [1e-6, 0.3], "log_ndtr": [-20, -1, 3], "i0": [-2, 0.5],
    "i0e": [-2, 0.5], "i1": [-2, 0.5], "i1e": [-2, 0.5], "entr": [0.1, 2],
    "xlogy": ([0.3, 2], [1.5, 0.2]), "xlog1py": ([0.3, 2], [1.5, 0.2]),
    "rel_entr": ([0.3, 2], [1.5, 0.2]), "kl_div": ([0.3, 2], [1.5, 0.2]),
    "betaln": ([0.3, 2], [1.5, 0.2]), "beta": ([0.3, 2], [1.5, 0.2]), "gamma": [0.3, -0.5, 2.5],
    "expi": [0.3, -1.5], "exp1": [0.3, 2], "spence": [0.3, 1.2], "poch": ([0.3, 2], [1.5, 0.2]),
    "zeta": ([2.5, 3], [1.5, 0.2]), "gammainc": ([2.5, 3], [1.5, 0.2]),
    "gammaincc": ([2.5, 3], [1.5, 0.2]), "sici": [0.5, 2],
}  # fmt: skip
NOT_IN_JAX = {"erfcx", "exp2", "log1p", "expm1", "spence"}  # its slope of spence is NaN at times
FIXED_FIRST = {"zeta"}
TORCH_NAMES = {"betaln": "", "beta": "", "rel_entr": "", "kl_div": "", "gamma": "", "expi": "",
               "exp1": "", "spence": "", "poch": "", "sici": "", "zeta": "",
               "gammainc": "", "gammaincc": ""}  # fmt: skip


def ours(name: str) -> tuple[list[Any], list[Any]]:
    """The points of a function, and our gradients of its sum in the arguments that vary."""
    given = ORACLES[name]
    points = [np.array(x, float) for x in (given if isinstance(given, tuple) else (given,))]
    varying = tuple(range(len(points)))[name in FIXED_FIRST :]

    def total(*xs: Any) -> Any:
        out = getattr(sc, name)(*xs)
        return np.sum(out[0] + out[1] if isinstance(out, tuple) else out)

    return points, list(mg.grad(total, varying)(*points))


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(ORACLES.keys() - TORCH_NAMES.keys()))
def test_torch_agrees(name: str) -> None:
    torch = pytest.importorskip("torch")
    points, found = ours(name)
    leaves = [torch.tensor(x, requires_grad=True) for x in points]
    for leaf in leaves[: name in FIXED_FIRST]:
        leaf.requires_grad_(requires_grad=False)
    getattr(torch.special, name)(*leaves).sum().backward()
    for g, leaf in zip(found, leaves[name in FIXED_FIRST :], strict=True):
        np.testing.assert_allclose(g, leaf.grad.numpy(), rtol=1e-9)


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(ORACLES.keys() - NOT_IN_JAX))
def test_jax_agrees(name: str) -> None:
    jax = pytest.importorskip("jax")
    function = getattr(jax.scipy.special, name, None)
    if function is None:
        pytest.skip("this version of JAX has it not")
    points, found = ours(name)
    varying = tuple(range(len(points)))[name in FIXED_FIRST :]

    def total(*xs: Any) -> Any:
        out = function(*xs)
        return jax.numpy.sum(out[0] + out[1] if isinstance(out, tuple) else out)

    with jax.enable_x64(True):
        expected = jax.grad(total, varying)(*map(jax.numpy.asarray, points))
        for g, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(g, right, rtol=1e-8)


def test_private_ufuncs_behind_public_functions_are_there() -> None:
    for name in ("_zeta", "_lambertw"):
        assert getattr(_ufuncs, name) in OPS
    assert micrograd_np.ops.derivatives.special.__doc__
