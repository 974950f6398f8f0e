"""The rules on samples: SciPy's values, and gradients in samples, places and steps."""

from typing import Any

import numpy as np
import pytest
from folding import each
from scipy import integrate as scipys

import micrograd_np as mg
from micrograd_np import Tensor, integrate
from micrograd_np.errors import ShapeError

RNG = np.random.default_rng(2)
NAMES = ("trapezoid", "cumulative_trapezoid", "simpson", "cumulative_simpson")


def places(*shape: int) -> np.ndarray:
    return np.cumsum(RNG.uniform(0.2, 1.0, shape), axis=-1)


CASES: list[tuple[Any, dict[str, Any]]] = [
    *((RNG.normal(size=n), {"dx": 0.3}) for n in (2, 3, 4, 5, 6)),
    *((RNG.normal(size=n), {"x": places(n)}) for n in (2, 3, 4, 5, 6)),
    (RNG.normal(size=(2, 5)), {"x": places(5)}),
    (RNG.normal(size=(4, 3)), {"x": places(4), "axis": 0}),
    (RNG.normal(size=(2, 4)), {"x": places(2, 4), "axis": 1}),
    ([1, 2, 5, 2], {}),
]  # fmt: skip


@each("name", NAMES)
def test_values_are_scipys(name: str) -> None:
    for y, options in CASES:
        expected = getattr(scipys, name)(y, **options)
        np.testing.assert_allclose(getattr(integrate, name)(y, **options), expected, rtol=1e-12)
        if name.startswith("cumulative"):
            expected = getattr(scipys, name)(y, initial=0, **options)
            np.testing.assert_allclose(getattr(integrate, name)(y, initial=0, **options), expected)


@pytest.mark.thorough
@each("name", NAMES)
def test_gradients_in_samples_and_places(name: str) -> None:
    rule: Any = getattr(integrate, name)
    for n in (4, 5):
        mg.assert_gradcheck(lambda y, x: rule(y, x=x), [RNG.normal(size=n), places(n)], order=2)
    mg.assert_gradcheck(lambda y, dx: rule(y, dx=dx), [RNG.normal(size=3), 0.4])


def test_a_cubic_is_integrated_exactly_and_so_is_its_gradient() -> None:
    x = np.linspace(0.0, 2.0, 5)
    gradient = mg.grad(lambda c: integrate.simpson(c * x**3, x=x))(3.0)
    np.testing.assert_allclose(gradient, 4.0)


def test_a_start_is_added() -> None:
    y, start = RNG.normal(size=(2, 4)), Tensor([[1.0], [2.0]], requires_grad=True)
    found = integrate.cumulative_simpson(y, initial=start)
    expected = scipys.cumulative_simpson(y, initial=start.data)
    np.testing.assert_allclose(found.data, expected)
    np.sum(found).backward()
    np.testing.assert_array_equal(start.grad, [[4.0], [4.0]])


def test_batches_lists_and_programs() -> None:
    y, x = RNG.normal(size=(3, 5)), places(5)
    found = mg.vmap(lambda y: integrate.simpson(y, x))(y)
    np.testing.assert_allclose(found, scipys.simpson(y, x))
    t = Tensor(2.0, requires_grad=True)
    integrate.trapezoid([t, 1.0, t]).backward()
    assert t.grad == 1.0
    compiled = mg.compile(mg.grad(lambda y: integrate.cumulative_simpson(y)[-1]))
    np.testing.assert_allclose(compiled(y[0]), mg.grad(integrate.simpson)(y[0]))


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(ShapeError, match="one entry for each sample"):
        integrate.simpson(np.ones(3), x=np.ones(4))
    with pytest.raises(ValueError, match="initial is 0 or None"):
        integrate.cumulative_trapezoid(np.ones(3), initial=1.0)
