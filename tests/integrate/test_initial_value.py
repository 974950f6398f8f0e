"""`odeint` and `solve_ivp`: SciPy's values, and derivatives in every input, mode and order."""

import numpy as np
import pytest
import scipy.integrate
from leaves import leaf
from nesting import nestings

import micrograd_np as mg
from micrograd_np.integrate import odeint, solve_ivp

METHODS = ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]
STIFF = ["Radau", "BDF", "LSODA"]
FINE = {"rtol": 1e-9, "atol": 1e-9}
TIMES = np.array([0.0, 0.5, 2.0])


def decay(y, t, rate):
    return -rate * y


def decay_ivp(t, y, rate):
    return -rate * y


def forced(t, y, p):
    """An equation of which all inputs matter: a damped oscillator under a force."""
    return np.stack([y[1], -p["k"] * y[0] - p["c"] * y[1] + np.sin(p["w"] * t)])


FORCED = {"k": 2.0, "c": 0.3, "w": 1.5}


def total(y):
    return np.sum(np.sin(y + 0.1 * np.arange(y.size).reshape(y.shape)))


def states(method, **options):
    """The states at given times, one a row, as a function of all that may vary."""
    if method == "odeint":
        return lambda y0, t, p: odeint(forced, y0, t, (p,), tfirst=True, **(FINE | options))

    def integrated(y0, t, p):
        return solve_ivp(
            forced, (t[0], t[-1]), y0, method, t_eval=t, args=(p,), **(FINE | options)
        ).y.T

    return integrated


# ---------------------------------------------------------------- known solutions


def check_decay(solve):
    """`y = y0 exp(-rate (t - t0))`: the value, and every derivative, in both modes."""
    y0, t, rate = np.array([1.5, -0.5]), TIMES, 0.7

    def exact(y0, t, rate):
        return np.exp(-rate * (t - t[0]))[:, None] * y0

    np.testing.assert_allclose(solve(y0, t, rate), exact(y0, t, rate), rtol=1e-7)
    found, expected = (
        mg.grad(lambda *x, f=f: total(f(*x)), (0, 1, 2))(y0, t, rate) for f in (solve, exact)
    )
    for x, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, right, atol=1e-6)
    along = [np.array([0.3, 1.0]), np.array([0.2, -0.1, 0.4]), 0.5]
    found, expected = (mg.jvp(f, [y0, t, rate], along)[1] for f in (solve, exact))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_exponential_decay_by_odeint():
    check_decay(lambda y0, t, rate: odeint(decay, y0, t, (rate,), **FINE))


def test_exponential_decay_by_solve_ivp():
    def solve(y0, t, rate):
        span = (t[0], t[-1])
        found = solve_ivp(decay_ivp, span, y0, "DOP853", t_eval=t, args=(rate,), **FINE)
        return found.y.T

    check_decay(solve)


@nestings(2)
def test_second_derivatives_in_every_nesting(operators):
    f = lambda rate: odeint(decay, [1.0], [0.0, 2.0], (rate,), rtol=1e-5, atol=1e-5)[-1, 0]
    for derivative in operators:
        f = derivative(f)
    np.testing.assert_allclose(f(0.7), 4 * np.exp(-1.4), rtol=1e-3)


@pytest.mark.thorough
@nestings(3)
def test_third_derivatives_in_every_nesting(operators):
    f = lambda rate: odeint(decay, [1.0], [0.0, 1.0], (rate,), rtol=1e-8, atol=1e-8)[-1, 0]
    for derivative in operators:
        f = derivative(f)
    np.testing.assert_allclose(f(0.7), -np.exp(-0.7), rtol=1e-5)


def test_the_values_are_scipys():
    y0 = [1.0, 0.5]
    ours = odeint(forced, y0, TIMES, (FORCED,), tfirst=True)
    theirs = scipy.integrate.odeint(forced, y0, TIMES, (FORCED,), tfirst=True)
    np.testing.assert_array_equal(ours, theirs)
    tensors = odeint(forced, leaf(y0), TIMES, (FORCED,), tfirst=True)
    np.testing.assert_array_equal(tensors.data, theirs)
    for options in ({}, {"t_eval": TIMES}, {"t_eval": [0.3], "method": "BDF"}):
        ours = solve_ivp(forced, (0, 2), y0, args=(FORCED,), **options)
        theirs = scipy.integrate.solve_ivp(forced, (0, 2), y0, args=(FORCED,), **options)
        assert ours.keys() == theirs.keys()
        np.testing.assert_array_equal(ours.t, theirs.t)
        np.testing.assert_array_equal(ours.y, theirs.y)
        for name in ("nfev", "njev", "nlu", "status", "message", "success"):
            assert ours[name] == theirs[name]


# ---------------------------------------------------------------- all methods


def differences(f, x, step):
    """The derivatives of a number in the entries of an array, to fourth order in the step."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = step * max(1.0, abs(x[i]))
        found[i] = (8 * (f(x + e) - f(x - e)) - f(x + 2 * e) + f(x - 2 * e)) / (12 * e[i])
    return found


def check_directions(f, points, rtol=1e-6):
    """Reverse mode, and forward mode along one direction, against differences of `f`."""
    gradient = mg.grad(lambda *x: total(f(*x)), tuple(range(len(points))))(*points)
    for i, (g, x) in enumerate(zip(gradient, points, strict=True)):
        moved = lambda x, i=i: total(f(*points[:i], x, *points[i + 1 :]))
        expected = differences(moved, x, 1e-3)
        np.testing.assert_allclose(g, expected, rtol=rtol, atol=rtol * np.max(np.abs(expected)))
    along = [np.cos(1.0 + np.arange(x.size)).reshape(x.shape) * np.abs(x) for x in points]
    pushed = mg.jvp(lambda *x: total(f(*x)), list(points), along)[1]
    pulled = sum(np.sum(g * v) for g, v in zip(gradient, along, strict=True))
    np.testing.assert_allclose(pushed, pulled, rtol=rtol)


def of_vector(method):
    solve = states(method)
    return lambda y0, t, p: solve(y0, t, {"k": p[0], "c": p[1], "w": p[2]})


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["odeint", *METHODS[1:]])
def test_every_method_against_differences(method):
    check_directions(
        of_vector(method),
        [np.array([1.0, 0.5]), np.array([0.2, 0.9, 1.7]), np.array([2, 0.3, 1.5])],
    )


@pytest.mark.thorough
def test_the_method_of_low_order():
    check_decay(
        lambda y0, t, rate: (
            solve_ivp(decay_ivp, (t[0], t[-1]), y0, "RK23", t_eval=t, args=(rate,), **FINE).y.T
        )
    )


def prey(t, y, k):
    return np.stack([k[0] * y[0] - k[1] * y[0] * y[1], k[1] * y[0] * y[1] - k[2] * y[1]])


def van_der_pol(t, y, k):
    return np.stack([y[1], k[0] * (1 - y[0] ** 2) * y[1] - k[1] * y[0]])


def robertson(t, y, k):
    """Three reactions, whose rates differ by nine orders of magnitude."""
    slow, fast, back = k[0] * y[0], k[1] * y[1] * y[1], k[2] * y[1] * y[2]
    return [back - slow, slow - back - fast, fast]


PROBLEMS = {
    "prey": (prey, [1.0, 2.0], [1.5, 1.0, 3.0], [0.0, 1.0, 3.0], ["DOP853", "LSODA"], 1e-9),
    "van der Pol": (van_der_pol, [2.0, 0.0], [100.0, 1.0], [0.0, 10.0, 50.0], STIFF, 1e-9),
    "Robertson": (robertson, [1.0, 0.0, 0.0], [0.04, 3e7, 1e4], [0.0, 0.1, 10, 500], STIFF, 1e-12),
}


@pytest.mark.thorough
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_the_gradient_in_parameters_of_known_problems(problem):
    f, y0, k, t, methods, atol = problem
    k, t = np.array(k), np.array(t)

    def final(scale, method, rtol, atol):
        options = {"t_eval": t[1:], "args": (k * scale,), "rtol": rtol, "atol": atol}
        y = solve_ivp(f, t[[0, -1]], y0, method, **options).y
        return np.sum(np.cos(np.arange(y.size)).reshape(y.shape) * y)

    ones = np.ones_like(k)
    reference = "LSODA" if f is prey else "Radau"
    expected = differences(lambda s: final(s, reference, 1e-12, 1e-3 * atol), ones, 1e-3)
    for method in methods:
        found = mg.grad(lambda s, m=method: final(s, m, 1e-9, atol))(ones)
        np.testing.assert_allclose(found, expected, atol=1e-6 * np.max(np.abs(expected)))
        pushed = mg.jvp(lambda s, m=method: final(s, m, 1e-9, atol), [ones], [k / k.max()])[1]
        np.testing.assert_allclose(pushed, found @ (k / k.max()), atol=2e-6 * np.max(np.abs(found)))


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["odeint", "DOP853", "Radau"])
def test_gradcheck(method):
    point = [np.array([1.0, 0.5]), np.array([0.0, 0.7]), FORCED]
    mg.assert_gradcheck(states(method, rtol=1e-10, atol=1e-10), point, rtol=1e-5)


@pytest.mark.thorough
def test_gradcheck_to_second_order():
    f = lambda rate: odeint(decay, [1.0], [0.0, 1.0], (rate,), rtol=1e-8, atol=1e-8)[-1, 0]
    mg.assert_gradcheck(f, [0.7], order=2, rtol=1e-4)


@pytest.mark.thorough
def test_hessians_of_both_modes_are_symmetric_and_agree():
    solve = of_vector("DOP853")

    def loss(x):
        return total(solve(x[:2], np.array([0.0, 0.4, 1.0]), x[2:]))

    x = np.array([1.0, 0.5, 2.0, 0.3, 1.5])
    forward, reverse = mg.hessian(loss)(x), mg.hessian(loss, mode="reverse")(x)
    np.testing.assert_allclose(forward, reverse, atol=1e-6)
    np.testing.assert_allclose(forward, forward.T, atol=1e-6)
    expected = np.stack(
        [differences(lambda x, i=i: mg.grad(loss)(x)[i], x, 1e-3) for i in range(5)]
    )
    np.testing.assert_allclose(forward, expected, atol=1e-5)


@pytest.mark.oracle
@pytest.mark.thorough
def test_the_gradient_is_that_of_jax():
    jax = pytest.importorskip("jax")
    from jax.experimental.ode import odeint as theirs

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def loss(odeint, np, y0, t, k):
        y = odeint(lambda y, t, k: prey_of(np, y, k), y0, t, k, rtol=1e-9, atol=1e-9)
        return np.sum(np.sin(y))

    def prey_of(np, y, k):
        return np.stack([k[0] * y[0] - k[1] * y[0] * y[1], k[1] * y[0] * y[1] - k[2] * y[1]])

    point = np.array([1.0, 2.0]), np.array([0.0, 0.5, 2.0]), np.array([1.5, 1.0, 3.0])
    ours = lambda f, y0, t, k, **options: odeint(f, y0, t, (k,), **options)
    found = mg.grad(lambda *x: loss(ours, np, *x), (0, 1, 2))(*point)
    expected = jax.grad(lambda *x: loss(theirs, jnp, *x), (0, 1, 2))(*map(jnp.asarray, point))
    for x, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, right, atol=2e-6)


# ---------------------------------------------------------------- a program written for autograd

PROGRAM = """
def network(y, t, layers):
    for W, b in layers:
        out = np.dot(y, W) + b
        y = np.maximum(0, out)
    return out

def spiral(y, t, A):
    return np.dot(y**3, A)

t = np.linspace(0.0, 1.0, 6)
start = np.array([2.0, 0.0])
seen = odeint(spiral, start, t, args=(np.array([[-0.1, -2.0], [2.0, -0.1]]),))
rng = np.random.RandomState(0)
layers = [(0.1 * rng.randn(m, n), 0.1 * rng.randn(n)) for m, n in ((2, 5), (5, 2))]

def loss(layers):
    return np.mean(np.abs(odeint(network, start, t, tuple((layers,)), rtol=1e-9, atol=1e-9) - seen))

gradient = grad(loss)(layers)
"""


@pytest.mark.oracle
@pytest.mark.thorough
def test_a_network_written_for_autograd_runs_with_names_changed_only():
    autograd = pytest.importorskip("autograd")
    from autograd.builtins import tuple as traced_tuple
    from autograd.scipy.integrate import odeint as theirs

    runs = []
    for names in (
        {"np": np, "grad": mg.grad, "odeint": odeint},
        {"np": autograd.numpy, "grad": autograd.grad, "odeint": theirs, "tuple": traced_tuple},
    ):
        exec(PROGRAM, names)  # noqa: S102 - one text, run with the names of two packages
        runs.append([x for layer in names["gradient"] for x in layer])
    for found, expected in zip(*runs, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
