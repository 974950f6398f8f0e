"""SciPy's solvers take derivatives as they are: `jac=mg.grad(f)`, with nothing around it."""

import json
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize
from solver_problems import FIRST_ORDER, SECOND_ORDER, WITH_PRODUCTS

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import GraphError, NotDifferentiableError, ShapeError

START = np.array([-1.2, 1.0, 0.8])


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def residuals(x: Any) -> Any:
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


def hessp(x: Any, p: Any) -> Any:
    return mg.hvp(rosenbrock, x, p)


# ---------------------------------------------------------------- minimize

FROM = {"dogleg": np.array([1.1, 1.2, 1.44])}  # dogleg needs a positive definite Hessian


OPTIONS = {"SLSQP": {"ftol": 1e-14}, "TNC": {"maxfun": 20_000}}
TOLERANCE = {"trust-constr": 1e-8, "TNC": 1e-12, "trust-krylov": 1e-4}  # then 0 / 0


def minimum(method: str, **derivatives: Any) -> Any:
    return optimize.minimize(
        rosenbrock,
        FROM.get(method, START),
        method=method,
        tol=TOLERANCE.get(method, 1e-6),
        options=OPTIONS.get(method, {"maxiter": 5000}),
        **derivatives,
    )


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_minimize_takes_a_gradient(method: str) -> None:
    found = minimum(method, jac=mg.grad(rosenbrock))
    np.testing.assert_allclose(found.x, 1, atol=1e-3)
    assert type(found.fun) in (float, np.float64)


@pytest.mark.parametrize("method", SECOND_ORDER)
def test_minimize_takes_a_hessian(method: str) -> None:
    found = minimum(method, jac=mg.grad(rosenbrock), hess=mg.hessian(rosenbrock))
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


@pytest.mark.parametrize("method", WITH_PRODUCTS)
def test_minimize_takes_products_with_the_hessian(method: str) -> None:
    found = minimum(method, jac=mg.grad(rosenbrock), hessp=hessp)
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


def test_minimize_takes_value_and_gradient_together() -> None:
    found = optimize.minimize(mg.value_and_grad(rosenbrock), START, jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


def test_minimize_takes_compiled_gradients() -> None:
    found = optimize.minimize(
        mg.compile(rosenbrock), START, jac=mg.compile(mg.grad(rosenbrock)), method="BFGS"
    )
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


def test_whole_numbers_to_start_from_are_made_real_by_scipy_or_refused_by_us() -> None:
    found = optimize.minimize(rosenbrock, [2, 2, 2], jac=mg.grad(rosenbrock), method="BFGS")
    np.testing.assert_allclose(found.x, 1, atol=1e-3)
    with pytest.raises(NotDifferentiableError, match=r"Write 2.0 for 2.* astype\(float\)"):
        optimize.root(residuals, [2, 2], jac=mg.jacobian(residuals))


# ---------------------------------------------------------------- hvp and elementwise_grad


def test_hvp_takes_a_single_argument_without_a_list() -> None:
    x, p = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, -1.0])
    product = mg.hvp(rosenbrock, x, p)
    assert type(product) is np.ndarray
    np.testing.assert_allclose(product, mg.hessian(rosenbrock)(x) @ p)
    np.testing.assert_array_equal(product, mg.hvp(rosenbrock, [x], [p]))
    of_a_dict = mg.hvp(lambda q: rosenbrock(q["x"]), {"x": x}, {"x": p})
    np.testing.assert_array_equal(product, of_a_dict["x"])
    value, aux = mg.hvp(lambda x: (np.sum(x**3), "aux"), x, p, has_aux=True)
    np.testing.assert_allclose(value, 6 * x * p)
    assert aux == "aux"
    with pytest.raises(TypeError, match="as a list"):
        mg.hvp(rosenbrock, [x], p)


def test_elementwise_grad_is_the_derivative_of_each_entry() -> None:
    x = np.linspace(-2, 2, 12).reshape(3, 4)
    slope = mg.elementwise_grad(np.sin)
    np.testing.assert_allclose(slope(x), np.cos(x), rtol=1e-14)
    np.testing.assert_allclose(mg.elementwise_grad(slope)(x), -np.sin(x), rtol=1e-14)
    assert type(slope(x)) is np.ndarray
    assert type(slope(0.5)) is np.float64
    assert slope(np.float32([1, 2])).dtype == np.float32
    assert isinstance(slope(Tensor(x)), Tensor)
    assert slope(np.zeros((0, 2))).shape == (0, 2)


def test_elementwise_grad_of_one_of_several_arguments() -> None:
    x = np.linspace(0.5, 2, 5)
    np.testing.assert_allclose(mg.elementwise_grad(lambda a, x: x**a, 1)(3.0, x), 3 * x**2)
    both = mg.elementwise_grad(lambda x, y: x * y**2, (0, 1))(x, x + 1)
    np.testing.assert_allclose(both[0], (x + 1) ** 2)
    np.testing.assert_allclose(both[1], 2 * x * (x + 1))
    slope, aux = mg.elementwise_grad(lambda x: (x**2, "aux"), has_aux=True)(x)
    np.testing.assert_allclose(slope, 2 * x)
    assert aux == "aux"


@pytest.mark.parametrize("n", [2, 3, 50])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * np.mean(x),
        np.cumsum,
        lambda x: x[::-1],
        lambda x: x / np.linalg.norm(x),
        lambda x: np.roll(x, 1) * 1e-3 + x,
        mg.softmax,
    ],
)
def test_elementwise_grad_refuses_what_is_not_elementwise(f: Any, n: int) -> None:
    with pytest.raises(GraphError, match="jacobian"):
        mg.elementwise_grad(f)(np.linspace(0.5, 2.0, n))


def test_elementwise_grad_looks_at_values_inside_vmap_and_compile() -> None:
    def f(x: Any) -> Any:
        return x * np.sum(x**2)

    x = np.linspace(0.5, 2.0, 6)
    slope = mg.elementwise_grad(f)
    for transformed in (mg.vmap(slope), mg.vmap(slope, in_axes=1), mg.vmap(mg.vmap(slope))):
        with pytest.raises(GraphError, match="not elementwise"):
            transformed(x.reshape(1, 2, 3))
    with pytest.raises(GraphError, match="not elementwise"):
        mg.compile(slope)(x)
    with pytest.raises(GraphError, match="not elementwise"):
        mg.vmap(lambda s: mg.elementwise_grad(lambda x: f(x) * s)(x))(x)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sin(x) * np.cos(x),
        lambda x: np.sin(x) ** 2 + np.cos(x) ** 2,
        lambda x: np.exp(np.log(x)) - x,
        lambda x: np.sqrt(np.abs(np.sin(x) * 0)),
    ],
)
def test_elementwise_grad_takes_no_rounding_for_a_dependence(f: Any, dtype: str) -> None:
    x = np.linspace(0.1, 2.0, 200, dtype=dtype) * np.pi / 2
    with np.errstate(all="ignore"):
        expected = mg.grad(lambda x: np.sum(f(x)))(x)
        np.testing.assert_array_equal(mg.elementwise_grad(f)(x), expected)


def test_elementwise_grad_finds_a_dependence_that_is_small() -> None:
    x = np.linspace(0.5, 2.0, 5)
    with pytest.raises(GraphError, match="not elementwise"):
        mg.elementwise_grad(lambda x: x + 1e-7 * np.sum(x))(x)


@pytest.mark.parametrize(
    ("f", "x"),
    [(lambda x: np.exp(1j * x), 0.5), (np.square, 1 + 2j), (np.abs, 1 + 2j), (np.conj, 1 + 2j)],
)
def test_elementwise_grad_is_real(f: Any, x: Any) -> None:
    with pytest.raises(NotDifferentiableError, match=r"np\.real and of np\.imag"):
        mg.elementwise_grad(f)(np.full(3, x))


def test_elementwise_grad_refuses_other_shapes() -> None:
    with pytest.raises(ShapeError, match=r"\(\).*\(3,\)"):
        mg.elementwise_grad(np.sum)(np.ones(3))
    with pytest.raises(ShapeError, match="argument"):
        mg.elementwise_grad(lambda a, x: a * x)(2.0, np.ones(3))


def test_elementwise_grad_composes() -> None:
    x = np.linspace(0.5, 1.5, 6).reshape(2, 3)
    slope = mg.elementwise_grad(np.tanh)
    np.testing.assert_allclose(mg.vmap(slope)(x), slope(x), rtol=1e-14)
    np.testing.assert_allclose(mg.compile(slope)(x), slope(x), rtol=1e-14)
    by_grad = mg.grad(lambda x: np.sum(slope(x)))(x)
    np.testing.assert_allclose(by_grad, mg.elementwise_grad(slope)(x), rtol=1e-13)


# ---------------------------------------------------------------- equations


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_takes_a_jacobian(method: str) -> None:
    found = optimize.least_squares(residuals, START, jac=mg.jacobian(residuals), method=method)
    np.testing.assert_allclose(found.x, 1, atol=1e-6)
    assert type(found.jac) is np.ndarray


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root_takes_a_jacobian(method: str) -> None:
    def system(x: Any) -> Any:
        return np.stack([x[0] ** 2 + x[1] - 3, x[0] - x[1] + 1])

    found = optimize.root(system, [1.0, 1.0], jac=mg.jacobian(system), method=method)
    np.testing.assert_allclose(found.x, [1, 2], atol=1e-8)
    found = optimize.fsolve(system, [1.0, 1.0], fprime=mg.jacobian(system))
    np.testing.assert_allclose(found, [1, 2], atol=1e-8)


def test_newton_takes_the_slope_of_one_number_and_of_many() -> None:
    def f(x: Any) -> Any:
        return x**3 - 2

    one = optimize.newton(f, 1.0, fprime=mg.grad(f), fprime2=mg.grad(mg.grad(f)))
    np.testing.assert_allclose(one, 2 ** (1 / 3))
    slope = mg.elementwise_grad(f)
    many = optimize.newton(f, np.array([1.0, 2.0, 3.0]), fprime=slope)
    np.testing.assert_allclose(many, 2 ** (1 / 3))
    halley = optimize.newton(
        f, np.array([1.0, 2.0]), fprime=slope, fprime2=mg.elementwise_grad(slope)
    )
    np.testing.assert_allclose(halley, 2 ** (1 / 3))
    found = optimize.root_scalar(f, x0=1.0, fprime=mg.grad(f), method="newton")
    np.testing.assert_allclose(found.root, 2 ** (1 / 3))


def test_curve_fit_takes_the_jacobian_in_the_parameters() -> None:
    def curve(x: Any, size: Any, rate: Any, floor: Any) -> Any:
        return size * np.exp(-rate * x) + floor

    x = np.linspace(0, 4, 30)
    y = curve(x, 2.5, 1.3, 0.5)
    jacobian = mg.curve_jacobian(curve)
    matrix = jacobian(x, 2.0, 1.0, 0.0)
    assert (type(matrix), matrix.shape) == (np.ndarray, (30, 3))
    np.testing.assert_allclose(
        matrix, np.stack([np.exp(-x), -2 * x * np.exp(-x), np.ones(30)], axis=-1), rtol=1e-14
    )
    for start, weights in [([1.0, 1.0, 0.0], None), ([1, 1, 0], np.linspace(1, 2, 30))]:
        for method in ("lm", "trf", "dogbox"):
            found, covariance = optimize.curve_fit(
                curve, x, y, p0=start, sigma=weights, jac=jacobian, method=method
            )
            np.testing.assert_allclose(found, [2.5, 1.3, 0.5], rtol=1e-6)
            assert covariance.shape == (3, 3)
    with pytest.raises(TypeError, match="parameters"):
        jacobian(x)


def test_curve_jacobian_of_several_variables_and_compiled() -> None:
    def surface(x: Any, a: Any, b: Any) -> Any:
        return a * x[0] + b * x[1] ** 2

    x = np.arange(12.0).reshape(2, 6)
    expected = np.stack([x[0], x[1] ** 2], axis=-1)
    np.testing.assert_allclose(mg.curve_jacobian(surface)(x, 1.0, 2.0), expected)
    np.testing.assert_allclose(mg.compile(mg.curve_jacobian(surface))(x, 1.0, 2.0), expected)


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_solve_ivp_takes_a_jacobian(method: str) -> None:
    def robertson(t: Any, y: Any) -> Any:
        slow, fast = 0.04 * y[0], 1e4 * y[1] * y[2]
        return np.stack([fast - slow, slow - fast - 3e7 * y[1] ** 2, 3e7 * y[1] ** 2])

    found = integrate.solve_ivp(
        robertson, (0, 10), [1, 0, 0], method=method, jac=mg.jacobian(robertson, 1),
        rtol=1e-8, atol=1e-10,
    )  # fmt: skip
    assert found.success
    np.testing.assert_allclose(found.y[:, -1].sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(found.y[0, -1], 0.841370, atol=1e-5)


def test_functions_that_return_lists() -> None:
    def pendulum(t: Any, y: Any) -> Any:
        return [y[1], -np.sin(y[0])]

    found = integrate.solve_ivp(
        pendulum, (0, 1), [1.0, 0.0], method="Radau", jac=mg.jacobian(pendulum, 1)
    )
    assert found.success
    system = optimize.root(
        lambda x: [x[0] + x[1] - 3, x[0] - x[1]], [0.0, 0.0],
        jac=mg.jacobian(lambda x: [x[0] + x[1] - 3, x[0] - x[1]]),
    )  # fmt: skip
    np.testing.assert_allclose(system.x, [1.5, 1.5])


# ---------------------------------------------------------------- what else takes numbers


def test_gradients_are_written_as_json_and_subtracted_in_place() -> None:
    value, gradient = mg.value_and_grad(rosenbrock)(START)
    text = json.dumps({"loss": float(value), "gradient": gradient.tolist()})
    assert json.loads(text)["loss"] == value
    w = START.copy()
    for _ in range(3):
        w -= 1e-4 * mg.grad(rosenbrock)(w)
    assert type(w) is np.ndarray
    assert rosenbrock(w) < rosenbrock(START)


def test_gradients_are_plotted() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot as plt

    x = np.linspace(-3, 3, 50)
    figure, axes = plt.subplots()
    (line,) = axes.plot(x, mg.elementwise_grad(np.tanh)(x))
    np.testing.assert_allclose(line.get_ydata(), 1 / np.cosh(x) ** 2)
    plt.close(figure)
