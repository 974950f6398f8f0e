"""The error of a function of SciPy on a Tensor names the function of ours that takes Tensors."""

import inspect
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.stats
from folding import each

from micrograd_np import Tensor, stats
from micrograd_np.coverage.scipy_functions import DISTRIBUTIONS, INSTEAD
from micrograd_np.errors import GradientCutWarning, LeavesGraphError, SolverError

T = Tensor([0.4, 0.6], requires_grad=True)
MATRIX = Tensor(np.eye(2) + 1, requires_grad=True)

MAKE_ARRAYS: dict[str, Any] = {
    "stats.norm.logpdf": lambda: scipy.stats.norm.logpdf(T),
    "stats.norm.cdf": lambda: scipy.stats.norm(0, T).cdf(1.0),
    "stats.gamma.logsf": lambda: scipy.stats.gamma.logsf(1.0, T),
    "stats.poisson.pmf": lambda: scipy.stats.poisson.pmf(2, mu=T),
    "stats.beta.entropy": lambda: scipy.stats.beta.entropy(T, 2.0),
    "stats.multivariate_normal.logpdf": lambda: scipy.stats.multivariate_normal.logpdf(T),
    "stats.multivariate_normal": lambda: scipy.stats.multivariate_normal(T),
    "stats.dirichlet.pdf": lambda: scipy.stats.dirichlet.pdf([0.5, 0.5], T),
    "stats.multinomial.pmf": lambda: scipy.stats.multinomial.pmf([1, 1], 2, T),
    "linalg.solve_triangular": lambda: scipy.linalg.solve_triangular(MATRIX, T),
    "linalg.cho_factor": lambda: scipy.linalg.cho_factor(MATRIX),
    "linalg.expm": lambda: scipy.linalg.expm(MATRIX),
    "linalg.block_diag": lambda: scipy.linalg.block_diag(MATRIX, MATRIX),
    "linalg.solve_banded": lambda: scipy.linalg.solve_banded((0, 1), MATRIX, T),
    "signal.convolve": lambda: scipy.signal.convolve(T, T),
    "signal.correlate2d": lambda: scipy.signal.correlate2d(MATRIX, MATRIX),
    "integrate.trapezoid": lambda: scipy.integrate.trapezoid(T),
    "integrate.cumulative_simpson": lambda: scipy.integrate.cumulative_simpson(T),
}
SOLVERS: dict[str, Any] = {
    "integrate.odeint": lambda: scipy.integrate.odeint(lambda y, t: -T * y, [1.0, 1.0], [0, 1.0]),
    "integrate.solve_ivp": lambda: scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), T),
    "integrate.quad": lambda: scipy.integrate.quad(lambda x: np.sum(T) * x, 0, 1),
    "optimize.root": lambda: scipy.optimize.root(lambda x: x - T, [1.0, 1.0]),
    "optimize.fixed_point": lambda: scipy.optimize.fixed_point(lambda x: T, [1.0, 1.0]),
}


@each("name", MAKE_ARRAYS)
def test_what_makes_arrays_is_replaced(name: str) -> None:
    with pytest.raises(LeavesGraphError) as caught:
        MAKE_ARRAYS[name]()
    instead = INSTEAD[f"scipy.{name}"]
    assert instead.partition(".")[2] == name
    assert f"scipy.{name} makes plain arrays of its arguments: call {instead} inst" in str(
        caught.value
    )


@each("name", SOLVERS)
def test_what_solves_is_replaced(name: str) -> None:
    with pytest.raises((SolverError, GradientCutWarning)) as caught:
        SOLVERS[name]()
    assert f"in scipy.{name}" in str(caught.value).replace("and scipy", "in scipy")
    assert f"Or call {INSTEAD[f'scipy.{name}']}, which has derivatives" in str(caught.value)


def test_what_ours_does_not_have_is_not_promised() -> None:
    for call in (lambda: scipy.stats.norm.ppf(T), lambda: scipy.stats.pareto.pdf(T, 2.0)):
        with pytest.raises(LeavesGraphError, match="functions of NumPy and ufuncs of SciPy"):
            call()
    with pytest.raises(SolverError) as caught:
        scipy.optimize.newton(lambda x: float(x - T[0]) if x < 0 else T[0] * x, 1.0)
    assert "Or call" not in str(caught.value)


def test_the_distributions_are_those_of_our_module() -> None:
    listed = {name: set(f.split()) for f, names in DISTRIBUTIONS.items() for name in names.split()}
    ours = {name: value for name, value in vars(stats).items() if hasattr(value, "functions")}
    assert listed == {name: set(value.functions) for name, value in ours.items()}


@each("name", INSTEAD)
def test_every_name_is_a_public_one_of_scipys(name: str) -> None:
    if name.startswith("scipy.special."):
        return  # which differ by SciPy's version: see the test of special functions
    _, module, *path = name.split(".")
    found = import_module(f"scipy.{module}")
    for part in path:
        found = getattr(found, part)
    assert callable(found) or inspect.ismethod(found)
