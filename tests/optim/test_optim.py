"""Optimisers: update rules against their formulas, and the object that applies them."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from leaves import leaf

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn, optim
from micrograd_np.core import tree

RULES = {
    "sgd": optim.sgd(0.1),
    "sgd with momentum": optim.sgd(0.1, momentum=0.9),
    "sgd with nesterov": optim.sgd(0.1, momentum=0.9, nesterov=True),
    "adam": optim.adam(0.1),
    "chain": optim.chain(optim.scale_by_adam(), optim.momentum(0.5), optim.scale(-0.01)),
}
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def run(rule, gradients, parameters):
    """The parameters after a step for each of `gradients`."""
    state = rule.init(parameters)
    for g in gradients:
        updates, state = rule.update(g, state, parameters)
        parameters = optim.apply_updates(parameters, updates)
    return parameters


def drawn(count=6, shape=(3, 2), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for _ in range(count)]


# ---------------------------------------------------------------- the formulas


@given(hnp.arrays(float, (4, 3), elements=st.floats(-5, 5)), st.floats(0, 2))
def test_sgd_written_out(gradients, learning_rate):
    p = np.ones(3)
    for g in gradients:
        p = p - learning_rate * g
    assert np.array_equal(run(optim.sgd(learning_rate), gradients, np.ones(3)), p)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_written_out(nesterov):
    p, v = np.ones((3, 2)), 0
    for g in drawn():
        v = 0.9 * v + g
        p = p - 0.1 * (g + 0.9 * v if nesterov else v)
    ours = run(optim.sgd(0.1, momentum=0.9, nesterov=nesterov), drawn(), np.ones((3, 2)))
    assert np.allclose(ours, p, rtol=1e-15)


def test_adam_written_out():
    p, m, v = np.ones((3, 2)), 0, 0
    for t, g in enumerate(drawn(), start=1):
        m = 0.8 * m + (1 - 0.8) * g
        v = 0.95 * v + (1 - 0.95) * g**2
        m_hat, v_hat = m / (1 - 0.8**t), v / (1 - 0.95**t)
        p = p - 0.01 * m_hat / (np.sqrt(v_hat) + 1e-6)
    ours = run(optim.adam(0.01, beta1=0.8, beta2=0.95, epsilon=1e-6), drawn(), np.ones((3, 2)))
    assert np.allclose(ours, p, rtol=1e-14)


def test_the_first_step_of_adam_has_the_size_of_the_learning_rate():
    for size in (1e-6, 1.0, 1e6):
        moved = run(optim.adam(0.25), [np.array([size, -size])], np.zeros(2))
        assert np.allclose(moved, [-0.25, 0.25], rtol=0.02)


def test_a_zero_gradient_moves_nothing_under_adam():
    assert np.array_equal(run(optim.adam(), [np.zeros(2)] * 3, np.ones(2)), np.ones(2))


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (optim.sgd(0.1), "SGD", {"lr": 0.1}),
        (optim.sgd(0.1, momentum=0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
        (
            optim.sgd(0.1, momentum=0.5, nesterov=True),
            "SGD",
            {"lr": 0.1, "momentum": 0.5, "nesterov": True},
        ),
        (optim.adam(), "Adam", {}),
        (
            optim.adam(0.05, 0.8, 0.9, 1e-4),
            "Adam",
            {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-4},
        ),
    ],
)
def test_the_numbers_are_those_of_pytorch(ours, theirs, options):
    torch = pytest.importorskip("torch")
    gradients = drawn(count=200)
    p = torch.ones((3, 2), dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, theirs)([p], **options)
    for g in gradients:
        p.grad = torch.tensor(g)
        optimizer.step()
    assert np.allclose(
        run(ours, gradients, np.ones((3, 2))), p.detach().numpy(), rtol=1e-12, atol=1e-13
    )


@each_rule
def test_every_rule_finds_the_bottom_of_a_bowl(rule):
    parameters = [leaf([3.0, -2.0]), leaf(5.0)]
    optimizer = optim.Optimizer(parameters, rule)
    for _ in range(1000):
        optimizer.zero_grad()
        w, b = parameters
        (np.sum((w - [1.0, 2.0]) ** 2) + 0.5 * (b - 4.0) ** 2).backward()
        optimizer.step()
    assert np.allclose(parameters[0].data, [1.0, 2.0], atol=1e-3)
    assert np.allclose(parameters[1].data, 4.0, atol=1e-3)


# ---------------------------------------------------------------- pure, on any tree


def nested(leaves):
    a, b, c = leaves
    return {"layers": [a, (b,)], "scale": c, "nothing": None}


@each_rule
def test_rules_work_on_any_tree_and_give_what_they_give_leaf_by_leaf(rule):
    starts = drawn(3, seed=1)
    steps = [drawn(3, seed=i) for i in range(5)]
    together = run(rule, [nested(s) for s in steps], nested(starts))
    alone = [run(rule, [s[i] for s in steps], starts[i]) for i in range(3)]
    flat = run(rule, [list(s) for s in steps], starts)
    for x, y, z in zip(tree.leaves(together), alone, flat, strict=True):
        assert np.array_equal(x, y)
        assert np.array_equal(x, z)


@each_rule
def test_rules_change_none_of_their_arguments(rule):
    parameters, gradients = drawn(2), drawn(2, seed=1)
    state = rule.update(gradients, rule.init(parameters), parameters)[1]
    before = copy.deepcopy((gradients, state, parameters))
    updates, _ = rule.update(gradients, state, parameters)
    optim.apply_updates(parameters, updates)
    for x, y in zip(tree.leaves((gradients, state, parameters)), tree.leaves(before), strict=True):
        assert np.array_equal(x, y)


@each_rule
def test_rules_run_on_tensors_as_on_arrays(rule):
    starts, steps = drawn(2), [drawn(2, seed=i) for i in range(4)]
    arrays = run(rule, steps, starts)
    tensors = run(rule, [[Tensor(g) for g in s] for s in steps], [Tensor(p) for p in starts])
    for x, y in zip(arrays, tensors, strict=True):
        assert isinstance(y, Tensor)
        assert np.array_equal(x, y.data)


def test_a_step_can_be_differentiated_in_its_gradients_and_parameters():
    rule = optim.sgd(0.1, momentum=0.5)

    def twice_descended(w):
        state = rule.init(w)
        for _ in range(2):
            g = mg.grad(lambda v: np.sum(v**3) / 3)(w)  # the square of w
            updates, state = rule.update(g, state, w)
            w = optim.apply_updates(w, updates)
        return np.sum(w)

    def written_out(w):
        first = w - 0.1 * w**2
        return first - 0.1 * (0.5 * w**2 + first**2)

    w, step = 1.5, 1e-6
    expected = (written_out(w + step) - written_out(w - step)) / (2 * step)
    assert np.isclose(float(twice_descended(w)), written_out(w))
    assert np.isclose(float(mg.grad(twice_descended)(w)), expected, rtol=1e-9)


@each_rule
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rules_keep_the_dtype(rule, dtype):
    parameters = [np.ones((2, 2), dtype), np.ones((), dtype)]
    gradients = [np.full((2, 2), 0.5, dtype), np.ones((), dtype)]
    moved = run(rule, [gradients] * 3, parameters)
    assert [p.dtype for p in moved] == [np.dtype(dtype)] * 2
    state = rule.update(gradients, rule.init(parameters), parameters)[1]
    kept = [x for x in tree.leaves(state) if not isinstance(x, int)]
    assert {x.dtype for x in kept} <= {np.dtype(dtype)}


def test_hyper_parameters_that_are_numpy_scalars_do_not_widen_float32():
    rules = [
        optim.sgd(np.float64(0.1), momentum=np.float64(0.9)),
        optim.adam(*map(np.float64, (1e-3, 0.9, 0.999, 1e-8))),
    ]
    g = [np.ones(2, np.float32)]
    for rule in rules:
        updates, _ = rule.update(g, rule.init(g), g)
        assert updates[0].dtype == np.float32


def test_a_chain_keeps_the_states_in_a_tuple():
    rule = optim.chain(optim.scale(2.0), optim.momentum(0.5), optim.scale_by_adam())
    state = rule.init([np.ones(2)])
    assert state[0] == ()
    assert np.array_equal(state[1][0], np.zeros(2))
    assert state[2].steps == 0


def test_an_empty_chain_changes_nothing():
    rule = optim.chain()
    assert rule.update([1.0], rule.init([0.0]), [0.0]) == ([1.0], ())


def test_a_functional_step_on_a_whole_model():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    x, y = np.ones((3, 2)), np.zeros((3, 1))
    rule = optim.adam(0.1)
    reference = copy.deepcopy(model)
    optimizer = optim.Optimizer(reference, rule)
    with mg.no_grad():
        state = rule.init(model)
        for _ in range(3):
            gradients = mg.grad(lambda m: nn.mse(m(x), y))(model)
            updates, state = rule.update(gradients, state, model)
            model = optim.apply_updates(model, updates)
    for _ in range(3):
        optimizer.zero_grad()
        nn.mse(reference(x), y).backward()
        optimizer.step()
    assert isinstance(model, nn.Sequential)
    for path, p in model.named_parameters().items():
        assert np.allclose(p.data, reference.named_parameters()[path].data, rtol=1e-13), path
        assert p.requires_grad
        assert p.op is None
        assert p.name == path


# ---------------------------------------------------------------- applying updates


def test_apply_updates_adds_in_the_parameters_dtype():
    moved = optim.apply_updates({"w": np.ones(2, np.float32)}, {"w": np.array([0.5, 1.0])})
    assert moved["w"].dtype == np.float32
    assert np.array_equal(moved["w"], [1.5, 2.0])
    assert optim.apply_updates(1.0, 0.5) == 1.5


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"w": x}])
def test_apply_updates_refuses_another_shape_and_another_structure(wrap):
    with pytest.raises(errors.ShapeError, match=r"update of shape \(3, 1\).* shape \(3,\)"):
        optim.apply_updates(wrap(np.ones(3)), wrap(np.ones((3, 1))))
    with pytest.raises(ValueError, match=r"differ|shorter|longer"):
        optim.apply_updates([np.ones(3), np.ones(3)], [np.ones(3)])


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (lambda: optim.sgd(-0.1), ["learning_rate=-0.1: must be finite and at least 0"]),
        (lambda: optim.sgd(np.nan), ["learning_rate=nan"]),
        (lambda: optim.sgd(np.inf, momentum=1.0), ["learning_rate=inf", "momentum=1.0"]),
        (lambda: optim.sgd(0.1, nesterov=True), ["nesterov=True: must be False without"]),
        (lambda: optim.momentum(-0.5), ["decay=-0.5"]),
        (
            lambda: optim.adam(-1, 1.0, -0.1, 0),
            ["learning_rate=-1", "beta1=1.0", "beta2=-0.1", "epsilon=0: must be finite and above"],
        ),
        (lambda: optim.scale_by_adam(beta2=1), ["beta2=1"]),
    ],
)
def test_settings_out_of_range_are_named_all_at_once(made, named):
    with pytest.raises(ValueError, match="out of range") as caught:
        made()
    assert all(name in str(caught.value) for name in named)


def test_a_rule_that_was_not_called_is_explained():
    with pytest.raises(TypeError, match=r"Call it first: `sgd\(…\)`"):
        optim.chain(optim.sgd)
    with pytest.raises(TypeError, match=r"Call it first: `adam\(…\)`"):
        optim.Optimizer([leaf(1.0)], optim.adam)


# ---------------------------------------------------------------- the object


def test_step_uses_the_gradients_and_does_not_consume_them():
    w = leaf([1.0, 2.0])
    optimizer = optim.Optimizer([w], optim.sgd(0.5))
    np.sum(w * w).backward()
    optimizer.step()
    assert np.array_equal(w.data, [0.0, 0.0])
    assert np.array_equal(w.grad, [2.0, 4.0])
    optimizer.zero_grad()
    assert w.grad is None


def test_step_names_every_parameter_without_a_gradient_and_changes_none():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].bias.name = "offset"
    optimizer = optim.Optimizer(model, optim.adam())
    np.sum(model[0].weight).backward()
    before = model.state_dict()
    with pytest.raises(errors.GraphError) as caught:
        optimizer.step()
    message = str(caught.value)
    assert "0.weight" not in message
    assert "0.bias ('offset'), shape (2,)" in message
    assert "1.weight, shape (2, 1)" in message
    assert "1.bias, shape (1,)" in message
    assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())
    assert optimizer.state[0].steps == 0


def test_a_step_stamps_the_parameters_so_that_an_old_graph_is_noticed():
    w = leaf([1.0, 2.0])
    optimizer = optim.Optimizer([w], optim.sgd(0.5))
    out = np.sum(w * w)
    out.backward()
    optimizer.step()
    with pytest.raises(errors.MutationError):
        out.backward()


def test_a_step_leaves_the_old_arrays_alone():
    w = leaf([1.0, 2.0])
    optimizer = optim.Optimizer([w], optim.adam())
    old, snapshot = w.data, optimizer.snapshot()
    np.sum(w * w).backward()
    optimizer.step()
    assert np.array_equal(old, [1.0, 2.0])
    optimizer.restore(snapshot)
    assert np.array_equal(w.data, [1.0, 2.0])
    assert optimizer.state[0].steps == 0
    w.data -= 1.0
    assert np.array_equal(old, [1.0, 2.0])


def test_an_interrupt_leaves_no_half_step():
    class Interrupting:
        def __get__(self, instance, owner):
            return vars(instance)["state_"]

        def __set__(self, instance, value):
            if "state_" in vars(instance):
                raise KeyboardInterrupt
            vars(instance)["state_"] = value

    class Interrupted(optim.Optimizer):
        state = Interrupting()

    w, v = leaf([1.0]), leaf([2.0])
    optimizer = Interrupted([w, v], optim.sgd(0.5))
    np.sum(w * v).backward()
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert (w.data, v.data) == ([1.0], [2.0])


def test_optimizers_take_modules_trees_and_generators():
    model = nn.Linear(2, 1)
    for given_as in (
        model,
        model.parameters(),
        iter(model.parameters()),
        {"layer": (model.weight, [model.bias])},
    ):
        assert optim.Optimizer(given_as, optim.sgd(0.1)).parameters == [model.weight, model.bias]
    assert optim.Optimizer(model.weight, optim.sgd(0.1)).parameters == [model.weight]
    assert optim.Optimizer(model, optim.sgd(0.1)).paths == ["weight", "bias"]


def test_a_parameter_given_twice_is_moved_once():
    w = leaf([1.0])
    optimizer = optim.Optimizer([w, w], optim.sgd(0.5))
    np.sum(w).backward()
    optimizer.step()
    assert w.data == 0.5


def test_optimizers_name_all_that_is_not_a_parameter():
    w = leaf(1.0)
    with pytest.raises(TypeError) as caught:
        optim.Optimizer({"a": w, "b": Tensor(1.0), "c": w * 2, "d": np.ones(2)}, optim.sgd(0.1))
    message = str(caught.value)
    assert all(f"- {path}: " in message for path in "bcd")
    assert "- a: " not in message
    with pytest.raises(ValueError, match="at least one parameter"):
        optim.Optimizer(nn.Tanh(), optim.sgd(0.1))


def test_the_gradients_of_zero_dimensional_parameters_work():
    w = leaf(2.0)
    optimizer = optim.Optimizer([w], optim.adam(0.1))
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    assert w.data.shape == ()
    assert isinstance(w.data, np.ndarray)
    assert abs(w.data - 1.7) < 0.01
