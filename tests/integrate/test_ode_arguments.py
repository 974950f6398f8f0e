"""What `odeint` and `solve_ivp` take and refuse: times, states, parameters, functions, contexts."""

import numpy as np
import pytest
import scipy.integrate
from folding import each
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.integrate import odeint, solve_ivp

FINE = {"rtol": 1e-9, "atol": 1e-9}
SPAN = (0.0, 2.0)


def decay(y, t, rate):
    return -rate * y


def decay_ivp(t, y, rate):
    return -rate * y


def last(rate, **options):
    return odeint(decay, [1.0], [0.0, 2.0], (rate,), **(FINE | options))[-1, 0]


def refused(match, error):
    return pytest.raises(error, match=match)


def close(found, expected, rtol=1e-6):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-7)


# ---------------------------------------------------------------- times


def summed(y, t, rate):
    return np.sum(odeint(decay, y, t, (rate,), **FINE))


def test_one_time_is_the_initial_state():
    y, t, rate = mg.grad(summed, (0, 1, 2))(np.array([1.0, 2.0]), np.array([1.0]), 0.5)
    np.testing.assert_array_equal(y, [1, 1])
    assert (t, rate) == (0, 0)
    tangent = mg.jvp(summed, [np.ones(2), np.ones(1), 0.5], [np.ones(2), np.ones(1), 1.0])[1]
    assert tangent == 2.0


def test_times_may_fall():
    y, t, rate = mg.grad(summed, (0, 1, 2))(np.ones(1), np.array([2.0, 1.0, 0.0]), 0.5)
    e = np.exp(0.5)
    close(y, 1 + e + e**2)
    close(t, [0.5 * (e + e**2), -0.5 * e, -0.5 * e**2])
    close(rate, e + 2 * e**2)


def test_times_may_repeat():
    times = np.array([0.0, 0.0, 1.0, 1.0])
    y, t, _ = mg.grad(summed, (0, 1, 2))(np.ones(1), times, 0.5)
    e = np.exp(-0.5)
    close(y, 2 + 2 * e)
    close(t, [0.5 + e, -0.5, -0.5 * e, -0.5 * e])
    along = np.array([0.0, 1.0, 1.0, 2.0])
    pushed = mg.jvp(lambda t: odeint(decay, [1.0], t, (0.5,), **FINE), [times], [along])[1]
    close(pushed[:, 0], [0, -0.5, -0.5 * e, -e])


def test_all_times_may_be_one():
    y, t, rate = mg.grad(summed, (0, 1, 2))(np.ones(1), np.array([1.0, 1.0]), 0.5)
    close(y, 2.0)
    close(t, [0.5, -0.5])
    close(rate, 0.0)


def test_times_in_disorder_are_refused():
    with refused("monotonically", ValueError):
        odeint(decay, [1.0], [0.0, 1.0, 0.5], (1.0,))
    with refused("not properly sorted", ValueError):
        solve_ivp(decay_ivp, SPAN, [1.0], t_eval=[1.0, 0.5], args=(1.0,))
    with refused("not within `t_span`", ValueError):
        solve_ivp(decay_ivp, (1, 1), [1.0], t_eval=[3.0], args=(1.0,))


def test_the_span_has_a_gradient_where_the_solver_chooses_the_times():
    span = leaf([0.0, 2.0])
    found = solve_ivp(decay_ivp, span, [1.0], args=(0.5,), rtol=1e-9, atol=1e-9)
    np.sum(found.y[:, -1]).backward()
    close(span.grad, [0.5 * np.exp(-1), -0.5 * np.exp(-1)])
    span.grad = None
    np.sum(found.t).backward()
    np.testing.assert_array_equal(span.grad, [1, 1])
    pushed = mg.jvp(
        lambda s: solve_ivp(decay_ivp, s, [1.0], args=(0.5,)).y,
        [np.array(SPAN)],
        [np.array([0.0, 1.0])],
    )[1]
    np.testing.assert_array_equal(pushed[:, :-1], 0)
    close(pushed[:, -1], -0.5 * np.exp(-1), rtol=1e-3)


def test_times_that_nobody_differentiates_in_are_plain():
    found = solve_ivp(decay_ivp, SPAN, [1.0], args=(leaf(0.5),))
    assert type(found.t) is np.ndarray
    assert isinstance(found.y, Tensor)
    assert isinstance(found.nfev, int)


def test_no_time_at_all():
    np.testing.assert_array_equal(solve_ivp(decay_ivp, (1, 1), [3.0], args=(1.0,)).y, [[3, 3]])
    found = solve_ivp(decay_ivp, (1, 1), [3.0], t_eval=[1.0], args=(1.0,))
    np.testing.assert_array_equal(found.y, [[3.0]])
    assert solve_ivp(decay_ivp, SPAN, [1.0], t_eval=[], args=(1.0,)).y.shape == (1, 0)


# ---------------------------------------------------------------- states and parameters


@pytest.mark.parametrize(
    "y0", [2, 2.0, [2], np.array([2]), np.float32(2), [leaf(2.0)], leaf([2.0])]
)
def test_a_state_of_one_number(y0):
    out = odeint(decay, y0, [0, 1], (0.5,))
    close(getattr(out, "data", out), [[2.0], [2 * np.exp(-0.5)]])


def test_float32_inputs_keep_their_dtype_in_gradients():
    y0, rate = leaf([1.0, 2.0], dtype=np.float32), leaf(0.5, dtype=np.float32)
    out = odeint(decay, y0, [0, 1], (rate,))
    assert out.dtype == np.float64
    np.sum(out).backward()
    assert y0.grad.dtype == rate.grad.dtype == np.float32


def test_a_tree_is_a_state():
    def orbit(y, t):
        return {"x": y["v"], "v": -y["x"]}

    def end(y0):
        return odeint(orbit, y0, [0.0, 1.0], **FINE)["x"][-1, 0, 0]

    y0 = {"x": np.ones((2, 1)), "v": np.zeros((2, 1))}
    out = odeint(orbit, y0, [0.0, 1.0, 2.0])
    assert out["x"].shape == (3, 2, 1)
    g = mg.grad(end)(y0)
    close(g["x"], [[np.cos(1)], [0]])
    close(g["v"], [[np.sin(1)], [0]])
    with refused("should return a tree like the state", errors.ShapeError):
        odeint(lambda y, t: {"x": y["v"]}, y0, [0.0, 1.0])


def test_parameters_of_every_kind():
    def f(y, t, p, kind, power, half):
        assert kind == "power"
        return -p["rate"] * y**power * half

    rate = leaf(0.5)
    out = odeint(f, [1.0], [0.0, 2.0], ({"rate": rate}, "power", 2, Tensor(0.5)), **FINE)
    out[-1, 0].backward()
    close(rate.grad, -1.0 / 1.5**2)


def test_a_function_may_return_a_list_or_a_constant():
    def end(f):
        return mg.grad(lambda y: odeint(f, y, [0.0, 1.0], **FINE)[-1, 0])(np.array([1.0, 0.0]))

    close(end(lambda y, t: [y[1], -y[0]]), [np.cos(1), np.sin(1)])
    close(end(lambda y, t: [y[1], 1.0]), [1, 1])
    close(end(lambda y, t: [1, 2]), [1, 0])


def test_no_state_in_the_function():
    slope = mg.grad(
        lambda k: odeint(lambda y, t, k: [k * np.cos(t)], [0.0], [0.0, 1.0], (k,))[-1, 0]
    )
    close(slope(2.0), np.sin(1))


def test_a_complex_parameter():
    def end(z):
        return odeint(lambda y, t, z: -np.real(z * z) * y, [1.0], [0.0, 1.0], (z,), **FINE)[-1, 0]

    z = 0.5 + 0.3j
    close(mg.grad(end)(z), mg.grad(lambda z: np.exp(-np.real(z * z)))(z))


def test_a_module_is_a_parameter():
    model = mg.nn.Linear(2, 2)
    y = odeint(lambda y, t, model: np.tanh(model(y)), [1.0, 2.0], [0.0, 1.0], (model,))
    np.sum(y[-1]).backward()
    assert all(np.any(x.grad) for x in model.parameters())


def test_a_jacobian_may_be_given():
    rate = leaf(0.5)
    out = odeint(decay, [1.0, 2.0], [0, 1], (rate,), Dfun=lambda y, t, rate: -rate * np.eye(2))
    np.sum(out[-1]).backward()
    close(rate.grad, -3 * np.exp(-0.5), rtol=1e-5)
    jac = lambda t, y, rate: -rate * np.eye(2)
    ours = solve_ivp(decay_ivp, SPAN, [1.0, 2.0], "BDF", args=(rate,), jac=jac)
    theirs = scipy.integrate.solve_ivp(decay_ivp, SPAN, [1.0, 2.0], "BDF", args=(0.5,), jac=jac)
    np.testing.assert_array_equal(ours.y.data, theirs.y)


# ---------------------------------------------------------------- Tensors from around the function


def around(rate):
    return odeint(lambda y, t: -rate * y, [1.0], [0.0, 2.0], **FINE)[-1, 0]


def test_a_function_may_use_tensors_from_around_it():
    close(mg.grad(around)(0.5), -2 * np.exp(-1))
    rate = leaf(0.5)
    with mg.no_grad():
        assert not getattr(around(rate), "requires_grad", False)


@pytest.mark.thorough
def test_second_derivatives_in_tensors_from_around_it():
    close(mg.grad(mg.grad(around))(0.5), 4 * np.exp(-1))
    close(mg.jvp(mg.grad(around), [0.5], [1.0])[1], 4 * np.exp(-1))


@pytest.mark.thorough
def test_derivatives_within_the_function_of_what_is_around_it():
    """The inner derivative is taken in a Tensor from around, and in the state."""

    def end(w):
        f = lambda y, t: -y * mg.grad(lambda w: w**3)(w) - mg.grad(lambda y: np.sum(y**2) * w)(y)
        return odeint(f, [1.0], [0.0, 1.0], **FINE)[-1, 0]

    close(mg.grad(end)(0.7), mg.grad(lambda w: np.exp(-3 * w**2 - 2 * w))(0.7))


def test_a_tensor_that_is_met_later_is_an_error_not_a_zero():
    rate = leaf(0.5)
    with refused("not among its arguments", errors.RuleError):
        odeint(lambda y, t: -rate * y if t > 0.5 else -y, [1.0], [0.0, 2.0])


@each("start", [0.0, 1.0])
def test_a_function_that_has_changed_since_is_noticed(start):
    """The change cannot be seen at the start where the state is zero."""
    y0 = leaf([start])
    ends = [odeint(lambda y, t: 1 - k * y, y0, [0.0, 2.0])[-1, 0] for k in (1.0, 2.0)]  # noqa: B023
    ends[1].backward()
    close(y0.grad, np.exp(-4.0))
    with refused("gave another value", errors.GraphError):
        ends[0].backward()


# ---------------------------------------------------------------- transforms


def test_in_vmap():
    rates = np.array([0.5, 1.0])
    close(
        mg.vmap(lambda rate: odeint(decay, [1.0], [0, 2.0], (rate,)))(rates)[:, -1, 0],
        np.exp(-2 * rates),
    )


def test_a_function_may_decide_by_its_state_in_a_batch():
    def f(y, t, rate):
        return -rate * y if y[0] > 0.5 else 0.0 * y

    rates, times = np.array([0.1, 2.0]), [0.0, 1.0]
    found = mg.vmap(mg.grad(lambda r: odeint(f, [1.0], times, (r,))[-1, 0]))(rates)
    close(found[0], -np.exp(-0.1))


@pytest.mark.thorough
def test_derivatives_in_vmap_and_in_compile():
    rates = np.array([0.5, 1.0])
    close(mg.vmap(mg.grad(last))(rates), -2 * np.exp(-2 * rates))
    close(mg.grad(lambda r: np.sum(mg.vmap(last)(r)))(rates), -2 * np.exp(-2 * rates))
    close(mg.vmap(mg.grad(around))(rates), -2 * np.exp(-2 * rates))
    compiled = mg.compile(mg.grad(last))
    for rate in rates:
        close(compiled(rate), -2 * np.exp(-2 * rate))
    ivp = lambda rate: solve_ivp(decay_ivp, SPAN, [1.0], t_eval=[2.0], args=(rate,), **FINE).y[0, 0]
    close(mg.vmap(ivp)(rates), np.exp(-2 * rates))
    close(mg.compile(ivp)(0.5), np.exp(-1))


def test_what_vmap_and_compile_refuse():
    steps = lambda rate: solve_ivp(decay_ivp, SPAN, [1.0], args=(rate,)).y
    for run, rate in ((mg.vmap(steps), np.array([0.5, 1.0])), (mg.compile(steps), 0.5)):
        with refused("needs t_eval: the number of steps", errors.OptionError):
            run(rate)
    with refused("not among its arguments", errors.RuleError):
        mg.vmap(around)(np.array([0.5, 1.0]))
    with pytest.raises(errors.TracingError) as caught:
        mg.compile(around)(0.5)
    assert "Pass what else it uses" in caught.value.__notes__[0]
    with refused("floating-point numbers. Write 2.0 for 2", errors.NotDifferentiableError):
        mg.vmap(last)(np.array([1, 2]))


def test_it_is_one_node_and_can_be_checkpointed():
    rate = leaf(0.5)
    out = odeint(decay, [1.0], [0.0, 2.0], (rate,))
    whole = out.inputs[0]
    assert whole.op.name == "trajectory"
    assert any(x is rate for x in whole.inputs)
    close(mg.grad(mg.checkpoint(last))(0.5), -2 * np.exp(-1))


# ---------------------------------------------------------------- failures


def blowing_up(t, y):
    return y**2


def test_a_solver_that_fails_says_so_and_has_no_derivative():
    with np.errstate(over="ignore", invalid="ignore"):
        found = solve_ivp(blowing_up, SPAN, [1.0], t_eval=[0.5, 1.5])
        theirs = scipy.integrate.solve_ivp(blowing_up, SPAN, [1.0], t_eval=[0.5, 1.5])
    assert (found.status, found.success, found.message) == (-1, False, theirs.message)
    np.testing.assert_array_equal(found.y, theirs.y)
    np.testing.assert_array_equal(found.t, theirs.t)
    y0 = leaf([1.0])
    out = solve_ivp(blowing_up, SPAN, y0, t_eval=[0.5, 1.5]).y
    with refused(r"the solver failed when blowing_up was integrated", errors.IntegrationError):
        np.sum(out).backward()


def test_the_adjoint_of_an_infinite_cotangent_is_nan():
    rate = leaf(0.5)
    odeint(decay, [1.0], [0.0, 1.0], (rate,))[-1, 0].backward(np.array(np.inf))
    assert np.isnan(rate.grad)


def scalars(f):
    return odeint(f, [1.0, 2.0], [0, 1])


def spiral(**options):
    return solve_ivp(decay_ivp, **({"t_span": SPAN, "y0": [1.0], "args": (1.0,)} | options))


REFUSED = [
    (lambda: scalars(lambda y, t: y[:1]), errors.ShapeError, r"shape \(1,\), where"),
    (lambda: scalars(lambda y, t: None), errors.ShapeError, "returned None"),
    (lambda: scalars(lambda y, t: 1j * y), errors.NotDifferentiableError, "returned complex"),
    (lambda: odeint(decay, [1j], [0, 1], (1,)), errors.NotDifferentiableError, "y0 has complex"),
    (lambda: odeint(decay, [1.0], [[0, 1]], (1.0,)), errors.ShapeError, "t is a vector"),
    (lambda: last(1.0, full_output=True), errors.OptionError, "without full_output"),
    (lambda: spiral(events=blowing_up), errors.OptionError, "no events: "),
    (lambda: spiral(dense_output=True), errors.OptionError, "no dense_output: .* t_eval"),
    (lambda: spiral(vectorized=True), errors.OptionError, "no vectorized"),
    (lambda: spiral(y0=np.eye(2)), errors.ShapeError, "odeint takes"),
    (lambda: spiral(t_span=(0, 1, 2)), errors.ShapeError, "t_span holds"),
    (lambda: spiral(args=0.5), TypeError, r"write args=\(x,\)"),
    (lambda: spiral(method="RK5"), ValueError, "must be one of"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_is_refused(call, error, words):
    with refused(words, error):
        call()


def test_a_failure_where_the_shape_must_be_known_is_an_error():
    def states(y):
        return solve_ivp(blowing_up, SPAN, y, t_eval=[0.5, 1.5]).y

    compiled = mg.compile(states)
    compiled(np.array([0.1]))
    for run, starts in ((mg.vmap(states), [[0.1], [1.0]]), (compiled, [1.0])):
        with refused("failed when blowing_up was integrated inside", errors.IntegrationError):
            run(np.array(starts))
