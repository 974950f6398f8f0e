"""Incomplete gamma and beta functions in their shapes: slopes of any order, also far out.

Expected slopes were computed once by differences in 60 digits.
"""

from typing import Any

import numpy as np
import pytest
import scipy.special as sc

import micrograd_np as mg
from micrograd_np import Tensor

# A function, its arguments, the one that varies, and the first and second derivative.
# fmt: off
SLOPES = [
    ("gammainc", (0.01, 0.3), 0, -0.90874580226854586, -0.28992234832606131),
    ("gammainc", (0.3, 5.0), 0, -0.0034310827952698855, -0.010111517753331838),
    ("gammainc", (2.5, 1e-08), 0, -5.874744322693969e-20, 1.1459814782209866e-18),
    ("gammainc", (2.5, 60.0), 0, -1.0696234590510459e-23, -3.4914442837273994e-23),
    ("gammainc", (55.5, 70.0), 0, -0.0094503441748683986, -0.0021965832337380029),
    ("gammainc", (300.0, 290.0), 0, -0.019759624276984019, 0.00067008638525385652),
    ("gammainc", (10000.0, 10100.0), 0, -0.0024156880031763667, -2.4037093166337313e-5),
    ("betainc", (2.5, 0.4, 0.01), 0, -1.201296670002099e-5, 5.8166555634946228e-5),
    ("betainc", (2.5, 0.4, 0.999), 1, 0.58281645008085616, -3.4163614090411455),
    ("betainc", (40.0, 60.0, 0.2), 0, -1.9399020318437829e-6, 1.3658990839958342e-6),
    ("betainc", (40.0, 60.0, 0.7), 1, 2.0686818037762406e-10, -1.4555112708449057e-10),
    ("betainc", (0.001, 2.0, 0.5), 0, -0.19335968097167093, -0.21230672931045941),
    ("betainc", (3000.0, 2000.0, 0.61), 1, 0.0024546190751648474, -6.2638156036758308e-5),
    ("stdtr", (3.3, -2.0), 0, -0.012744836150089375, 0.0073296415023459243),
    ("stdtr", (0.5, -100.0), 0, -0.15653231303801622, 0.80687835964638513),
    ("stdtr", (30.0, -12.0), 0, -1.3355177737105103e-13, 6.7256817149571883e-14),
]
# fmt: on


@pytest.mark.parametrize(("name", "at", "argnum", "first", "second"), SLOPES)
def test_slopes_in_shapes(name: str, at: Any, argnum: int, first: float, second: float) -> None:
    slope = mg.grad(getattr(sc, name), argnum)
    np.testing.assert_allclose(slope(*at), first, rtol=1e-10)
    np.testing.assert_allclose(mg.grad(slope, argnum)(*at), second, rtol=1e-8)


def test_complements_and_inverses_have_the_slopes_that_follow() -> None:
    a, b, x = 2.3, 0.8, 0.4
    for argnum in (0, 1):
        direct = mg.grad(sc.betainc, argnum)(a, b, x)
        np.testing.assert_allclose(mg.grad(sc.betaincc, argnum)(a, b, x), -direct, rtol=1e-13)
        back = mg.grad(sc.betaincinv, argnum)(a, b, sc.betainc(a, b, x))
        density = mg.grad(sc.betainc, 2)(a, b, x)
        np.testing.assert_allclose(back, -direct / density, rtol=1e-11)
    third = mg.grad(mg.grad(mg.grad(sc.gammainc)))(a, x)
    np.testing.assert_allclose(mg.grad(mg.grad(mg.grad(sc.gammaincc)))(a, x), -third, rtol=1e-12)


@pytest.mark.parametrize(("f", "at"), [(sc.gammainc, (2.3, 0.0)), (sc.gammainc, (2.3, np.inf)),
                                       (sc.betainc, (2.3, 0.8, 0.0)), (sc.betainc, (2.3, 0.8, 1.0)),
                                       (sc.stdtr, (2.3, 0.0))])  # fmt: skip
def test_where_the_value_is_the_same_for_all_shapes_the_slope_is_0(f: Any, at: Any) -> None:
    assert mg.grad(f)(*at) == 0


def test_many_numbers_and_batches_give_what_one_gives() -> None:
    rng = np.random.default_rng(0)
    a, x = rng.uniform(0.2, 9, 5000), rng.uniform(0, 9, 5000)  # more than are held at once
    leaf = Tensor(a, requires_grad=True)
    sc.gammainc(leaf, x).sum().backward()
    some = [mg.grad(sc.gammainc)(a[i], x[i]) for i in (0, 2500, 4999)]
    np.testing.assert_allclose(leaf.grad[[0, 2500, 4999]], some, rtol=1e-12)
    np.testing.assert_allclose(
        mg.vmap(mg.grad(sc.gammainc))(a[:3], x[:3]), leaf.grad[:3], rtol=1e-12
    )


def test_nan_and_a_shape_without_a_value_give_nan() -> None:
    assert np.isnan(mg.grad(sc.gammainc)(np.nan, 1.0))
    assert np.isnan(mg.grad(sc.gammainc)(-1.0, 1.0))


def test_no_slope_outside_of_the_domain() -> None:
    """Where the value is NaN, so is the slope; at the ends it is 0."""
    for f, x in ((sc.gammainc, -1.0), (sc.gammaincc, -1.0)):
        assert np.isnan(mg.grad(f)(2.0, x))
        assert mg.grad(f)(2.0, 0.0) == 0
    for f, x in ((sc.betainc, -0.5), (sc.betaincc, 1.5)):
        assert np.isnan(mg.grad(f, (0, 1))(2.0, 3.0, x)).all()
        assert mg.grad(f, (0, 1))(2.0, 3.0, 1.0) == (0, 0)
