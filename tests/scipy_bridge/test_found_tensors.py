"""A Tensor that a solver's objective finds around itself: an error that says what to do."""

from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize
from solver_problems import FIRST_ORDER, SECOND_ORDER, WITH_PRODUCTS, V, W, decay, system

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import LeavesGraphError, SolverError

AT = np.array([1.0, 1.5])
GRID = np.linspace(0.5, 1.0, 5)
BOUNDS = [(0.0, 5.0), (0.0, 5.0)]
STIFF = ([1.0, 2.0], (0.0, 0.1))

MINIMIZERS = [
    "Nelder-Mead", "Powell", "CG", "BFGS", "L-BFGS-B", "TNC", "COBYLA", "SLSQP", "trust-constr",
]  # fmt: skip
ROOTS = [
    "hybr", "lm", "broyden1", "broyden2", "anderson", "linearmixing", "diagbroyden", "df-sane",
    "excitingmixing", "krylov",
]  # fmt: skip
BRACKETING = ["bisect", "brentq", "brenth", "ridder", "toms748"]


def distance(x: Any) -> Any:
    return np.sum((x - V) ** 2)


def plain_distance(x: Any) -> Any:
    return np.sum((x - V.data) ** 2)


def plain_slope(x: Any) -> Any:
    return 2 * (x - V.data)


def plain_system(x: Any) -> Any:
    return x**2 - V.data


def slope_of_system(x: Any) -> Any:
    return np.diag(2 * x) * (W / 2)


def square(x: Any) -> Any:
    return W * x**2 - 1


def slope_of_square(x: Any) -> Any:
    return 2 * W * x


def bowl(x: Any) -> Any:
    return (x - W) ** 2


def slope_of_decay(_t: Any, _y: Any) -> Any:
    return -1e4 * W * np.eye(2)


CLOSING: dict[str, Any] = {  # each a function of the solution, with Tensors in what it is given
    **{
        f"minimize, {method}": lambda method=method: optimize.minimize(
            distance, AT, method=method
        ).x
        for method in MINIMIZERS
    },
    **{
        f"minimize, jac, {method}": lambda method=method: optimize.minimize(
            plain_distance, AT, jac=lambda x: 2 * (x - V), method=method
        ).x
        for method in [*FIRST_ORDER, "Newton-CG"]
    },
    **{
        f"minimize, mg.grad, {method}": lambda method=method: optimize.minimize(
            distance, AT, jac=mg.grad(distance), method=method
        ).x
        for method in FIRST_ORDER
    },
    **{
        f"minimize, hess, {method}": lambda method=method: optimize.minimize(
            plain_distance, AT, jac=plain_slope, hess=lambda _x: np.eye(2) * W, method=method
        ).x
        for method in SECOND_ORDER
    },
    **{
        f"minimize, hessp, {method}": lambda method=method: optimize.minimize(
            plain_distance, AT, jac=plain_slope, hessp=lambda _x, p: p * W, method=method
        ).x
        for method in WITH_PRODUCTS
    },
    "constraint": lambda: optimize.minimize(
        plain_distance, AT, method="SLSQP", constraints={"type": "ineq", "fun": lambda x: W - x[0]}
    ).x,
    **{
        f"root, {method}": lambda method=method: optimize.root(system, AT, method=method).x
        for method in ROOTS
    },
    **{
        f"root, jac, {method}": lambda method=method: optimize.root(
            plain_system, AT, jac=slope_of_system, method=method
        ).x
        for method in ("hybr", "lm")
    },
    "root of a list": lambda: optimize.root(lambda x: [x[0] ** 2 - W, x[1] - W], AT).x,
    "root of an array": lambda: optimize.root(lambda x: np.array([x[0] - W, x[1] - W]), AT).x,
    "fsolve": lambda: optimize.fsolve(system, AT),
    "fsolve, fprime": lambda: optimize.fsolve(plain_system, AT, fprime=slope_of_system),
    "leastsq": lambda: optimize.leastsq(system, AT)[0],
    **{
        f"least_squares, {method}": lambda method=method: optimize.least_squares(
            system, AT, method=method
        ).x
        for method in ("trf", "dogbox", "lm")
    },
    **{
        f"least_squares, jac, {method}": lambda method=method: optimize.least_squares(
            plain_system, AT, jac=slope_of_system, method=method
        ).x
        for method in ("trf", "dogbox", "lm")
    },
    **{
        f"curve_fit, {method}": lambda method=method: optimize.curve_fit(
            lambda x, a: W * a * x, GRID, 3 * GRID, p0=[1.0], method=method
        )[0]
        for method in ("trf", "dogbox", "lm")
    },
    "curve_fit, jac": lambda: optimize.curve_fit(
        lambda x, a: 2 * a * x, GRID, 3 * GRID, p0=[1.0], jac=lambda x, _a: (W * x)[:, None]
    )[0],
    **{
        f"root_scalar, {method}": lambda method=method: optimize.root_scalar(
            square, bracket=(0, 2), method=method
        ).root
        for method in BRACKETING
    },
    **{
        method: lambda method=method: getattr(optimize, method)(square, 0, 2)
        for method in BRACKETING
    },
    "root_scalar, newton": lambda: optimize.root_scalar(
        square, x0=1.0, fprime=mg.grad(square), method="newton"
    ).root,
    "root_scalar, secant": lambda: optimize.root_scalar(
        square, x0=1.0, x1=1.1, method="secant"
    ).root,
    "newton": lambda: optimize.newton(square, 1.0),
    "newton, fprime": lambda: optimize.newton(square, 1.0, fprime=slope_of_square),
    "newton, fprime alone": lambda: optimize.newton(
        lambda x: 2 * x**2 - 1, 1.0, fprime=slope_of_square
    ),
    "newton, halley": lambda: optimize.newton(
        square, 1.0, fprime=slope_of_square, fprime2=lambda _x: 2 * W
    ),
    "newton of an array": lambda: optimize.newton(system, AT),
    **{
        f"minimize_scalar, {method}": lambda method=method: optimize.minimize_scalar(
            bowl, bounds=(0, 5) if method == "bounded" else None, method=method
        ).x
        for method in ("brent", "golden", "bounded")
    },
    "golden": lambda: optimize.golden(bowl),
    "fminbound": lambda: optimize.fminbound(bowl, 0, 5),
    "fixed_point": lambda: optimize.fixed_point(lambda x: W / x / 2 + x / 2, 1.0),
    "fixed_point of an array": lambda: optimize.fixed_point(lambda x: V / x / 2 + x / 2, AT),
    "differential_evolution": lambda: optimize.differential_evolution(
        distance, BOUNDS, maxiter=2
    ).x,
    "dual_annealing": lambda: optimize.dual_annealing(distance, BOUNDS, maxiter=2).x,
    "basinhopping": lambda: optimize.basinhopping(distance, AT, niter=1).x,
    "brute": lambda: optimize.brute(distance, BOUNDS, Ns=3),
    "quad": lambda: integrate.quad(square, 0, 1)[0],
    "quad_vec": lambda: integrate.quad_vec(square, 0, 1)[0],
    "dblquad": lambda: integrate.dblquad(lambda y, x: W * x * y, 0, 1, 0, 1)[0],
    **{
        f"solve_ivp, {method}": lambda method=method: integrate.solve_ivp(
            lambda _t, y: -W * y, (0, 1), [1.0, 2.0], method=method
        ).y[:, -1]
        for method in ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")
    },
    **{
        f"solve_ivp, jac, {method}": lambda method=method: integrate.solve_ivp(
            decay, STIFF[1], STIFF[0], method=method, jac=slope_of_decay
        ).y[:, -1]
        for method in ("Radau", "BDF", "LSODA")
    },
    "odeint": lambda: integrate.odeint(lambda y, _t: -W * y, [1.0, 2.0], [0, 1.0])[-1],
    "odeint, Dfun": lambda: integrate.odeint(
        decay, *STIFF, Dfun=slope_of_decay, tfirst=True
    )[-1],
}  # fmt: skip


AS_TENSORS = ["fixed_point of an array", "minimize, hessp, trust-ncg"]  # SciPy makes no array there


@pytest.mark.filterwarnings("error::micrograd_np.GradientCutWarning")
@pytest.mark.parametrize("solve", CLOSING.values(), ids=CLOSING)
def test_a_solver_that_meets_a_tracked_tensor_says_what_to_write(solve: Any) -> None:
    with pytest.raises((SolverError, mg.GradientCutWarning)) as raised:
        solve()
    for words in ("scipy.", "`with mg.no_grad():`", "`mg.scipy_objective`"):
        assert words in str(raised.value)


@pytest.mark.parametrize("solve", CLOSING.values(), ids=CLOSING)
def test_under_no_grad_a_solver_works_with_tensors(solve: Any) -> None:
    with mg.no_grad():
        found = solve()
    assert np.isfinite(found).all()
    assert not getattr(found, "requires_grad", False)
    if np.ndim(found) and solve not in [CLOSING[name] for name in AS_TENSORS]:
        assert type(found) is np.ndarray


@pytest.mark.parametrize(
    "solve",
    [
        lambda w: optimize.newton(lambda x: w * x**2 - 1, 1.0),
        lambda w: optimize.golden(lambda x: (x - w) ** 4),
        lambda w: optimize.minimize(lambda x: np.sum((x - w) ** 2), AT).x[0],
    ],
)
def test_a_solver_inside_a_transform_says_it_too(solve: Any) -> None:
    with pytest.raises(SolverError, match="no_grad"):
        mg.grad(solve)(2.0)

    def around(w: Any) -> Any:
        with mg.no_grad():
            found = solve(w)
        return w * mg.stop_gradient(found)

    assert np.isfinite(mg.grad(around)(2.0))


def test_what_a_transform_differentiates_inside_a_solver_has_the_transforms_error() -> None:
    def objective(x: Any) -> Any:
        return np.sum(np.array([x[0], x[1]]) ** 2)

    with pytest.raises(LeavesGraphError, match=r"mg\.tensor") as raised:
        optimize.minimize(objective, AT, jac=mg.grad(objective))
    assert "no_grad" not in str(raised.value)


def test_the_warning_of_a_solver_is_at_the_line_that_calls_it() -> None:
    with pytest.warns(mg.GradientCutWarning, match=r"scipy\.integrate\.quad") as caught:
        assert type(integrate.quad(square, 0, 1)[0]) is float
    assert {w.filename for w in caught} == {__file__}


def test_an_objective_that_closes_over_a_tracked_tensor_has_two_remedies() -> None:
    with mg.no_grad():
        found = optimize.minimize(distance, AT, jac=mg.grad(distance), method="BFGS")
    np.testing.assert_allclose(found.x, V.data, atol=1e-6)
    objective = mg.scipy_objective(distance, AT)
    found = optimize.minimize(objective, objective.x0, jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, V.data, atol=1e-6)


def test_functions_of_scipy_that_take_arrays_are_no_solvers() -> None:
    for function in (integrate.simpson, integrate.trapezoid, optimize.isotonic_regression):
        with pytest.raises(LeavesGraphError, match="makes plain arrays of its arguments"):
            function(Tensor([1.0, 2.0, 3.0], requires_grad=True))
