"""Training compiled: the same history and parameters as uncompiled, random numbers included."""

import inspect
from queue import SimpleQueue

import numpy as np
import pytest
from compiled_trainings import SETTINGS, Callable, assert_same, data, drawn, network, trained

from micrograd_np import Tensor, nn, optim
from micrograd_np.core import tree
from micrograd_np.optim import rules
from micrograd_np.train import fit, steps


def assert_same_compiled(rtol=1e-12, loss=nn.mse, **arguments):
    """A run is the same compiled, and there a loss is seen by Python twice for each shape."""
    seen = SimpleQueue()  # which nobody can look into and put back

    def watched(prediction, target):
        seen.put(np.shape(target))
        return loss(prediction, target)

    eager = trained(False, loss=loss, **arguments)
    compiled = trained(True, loss=watched, **arguments)
    assert_same(eager, compiled, rtol)
    shapes = [seen.get() for _ in range(seen.qsize())]
    assert len(shapes) == 2 * len(set(shapes))
    assert all(p.grad is None for p in compiled[0].parameters())


# ---------------------------------------------------------------- the same as uncompiled


class Shared(nn.Module):
    """One parameter in two places, a frozen one, and one of a single number."""

    def __init__(self):
        self.weight = Tensor(drawn(2, 2), requires_grad=True)
        self.again = self.weight
        self.frozen = Tensor(drawn(2, 1, seed=1))
        self.scale = Tensor(0.5, requires_grad=True)

    def forward(self, x):
        return self.scale * (np.sin(x @ self.weight) @ self.again @ self.frozen)


class Complex(nn.Module):
    def __init__(self):
        self.weight = Tensor(drawn(2, 1) + 1j * drawn(2, 1, seed=1), requires_grad=True)

    def forward(self, x):
        return np.abs(x @ self.weight)


def classifier():
    return nn.Sequential(nn.Linear(2, 4, rng=np.random.default_rng(0)))


def convolutional():
    rng = np.random.default_rng(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3, rng=rng), nn.ReLU())


CLASSES = np.arange(10) % 4
IMAGES = drawn(6, 1, 5, 5), drawn(6, 2, 3, 3, seed=1)

CASES = {
    "all examples": {},
    "batches, the last smaller": {"batch_size": 4},
    "batches of one": {"batch_size": 1, "epochs": 1},
    "float32": {"make": lambda: network(dtype=np.float32), "rtol": 1e-5},
    "shared, frozen and single": {"make": Shared},
    "complex": {"make": Complex},
    "no module": {"make": Callable},
    "integer targets": {"make": classifier, "given": (data()[0], CLASSES),
                        "loss": nn.cross_entropy, "batch_size": 4},
    "convolution": {"make": convolutional, "given": IMAGES, "batch_size": 4},
    "lists": {"given": tuple(x.tolist() for x in data())},
    "Tensors": {"given": tuple(map(Tensor, data())), "batch_size": 4},
    "a loss of shape (1, 1)": {"loss": lambda o, y: np.mean((o - y) ** 2, keepdims=True)},
    "some parameters": {
        "optimizer": lambda model: optim.Optimizer([model[0].weight], optim.sgd(0.1))},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_training_is_the_same(case):
    assert_same_compiled(**case)


# Every function of `optim.rules` that makes a transformation, with settings that reach all of it.
RULES = [
    (rules.sgd, {"learning_rate": 0.1}),
    (rules.sgd, {"learning_rate": 0.1, "momentum": 0.9}),
    (rules.sgd, {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    (rules.adam, {"learning_rate": 0.05}),
    (rules.adam, {"learning_rate": 0.05, "beta1": 0.0, "beta2": 0.5, "epsilon": 1e-3}),
    (rules.scale, {"factor": -0.1}),
    (rules.momentum, {"decay": 0.5}),
    (rules.momentum, {"decay": 0.5, "nesterov": True}),
    (rules.scale_by_adam, {}),
]


class Mixed(nn.Module):
    """A parameter of each kind that rules treat in a way of its own."""

    def __init__(self):
        self.single = Tensor(0.5, requires_grad=True)
        self.narrow = Tensor(drawn(2, 1), requires_grad=True, dtype=np.float32)
        self.complex = Tensor(drawn(2, 1) + 1j, requires_grad=True)

    def forward(self, x):
        return self.single * (x @ self.narrow) + np.abs(x @ self.complex)


@pytest.mark.parametrize(
    ("rule", "settings"), RULES, ids=[f"{rule.__name__} {settings}" for rule, settings in RULES]
)
def test_every_rule_is_the_same(rule, settings):
    optimizers = []

    def optimizer(model):
        pieces = rule(**settings), rules.scale(0.1)  # pieces alone may go uphill: a little way
        optimizers.append(optim.Optimizer(model, optim.chain(*pieces)))
        return optimizers[-1]

    assert_same_compiled(make=Mixed, optimizer=optimizer, rtol=1e-6)
    eager, compiled = (tree.leaves(optimizer.state) for optimizer in optimizers)
    for x, y in zip(eager, compiled, strict=True):
        assert type(x) is type(y)
        assert np.allclose(x, y, rtol=1e-6, atol=1e-9)


def test_no_rule_is_left_out():
    made = {
        function
        for name, function in inspect.getmembers(rules, inspect.isfunction)
        if function.__annotations__.get("return") is optim.Transformation
        and function.__module__ == rules.__name__
    }
    assert {rules.sgd, rules.adam} < made
    assert made == {rule for rule, _ in RULES}


def test_an_optimizer_goes_on_where_it_was_and_keeps_its_state():
    at_once = trained(False, optimizer=optim.adam(0.1), epochs=6)
    model = network()
    optimizer = optim.Optimizer(model, optim.adam(0.1))
    parts = [
        fit(model, *data(), **SETTINGS | {"optimizer": optimizer, "epochs": 3}, compile=compiled)
        for compiled in (True, False)
    ]
    assert optimizer.state[0].steps == 6
    assert_same(at_once, (model, np.concatenate([history.losses for history in parts])))


def test_steps_can_be_left_and_parameters_changed_between_them():
    after = []
    for compiled in (False, True):
        model = network()
        options = {"loss": nn.mse, "optimizer": optim.sgd(0.1), "epochs": 9}
        run = steps(model, *data(), **options, compile=compiled)
        for record in run:
            model[0].bias.data *= 0.5
            if record.step == 4:
                break
        run.close()
        after.append(model)
    assert_same((after[0], 0), (after[1], 0))


def test_the_values_before_a_step_are_not_written_over():
    model = network()
    run = steps(model, *data(), loss=nn.mse, optimizer=optim.adam(), epochs=5, compile=True)
    seen = [(p.data, p.data.copy()) for _ in run for p in model.parameters()]
    assert all(np.array_equal(kept, copy) for kept, copy in seen)


def test_the_model_is_traced_in_training_mode_and_gets_its_own_back():
    modes = []

    class Watching(nn.Module):
        def forward(self, x):
            modes.append(self.training)
            return x

    model = nn.Sequential(Watching(), nn.Linear(2, 1)).eval()
    fit(model, *data(), **SETTINGS, compile=True)
    assert modes == [True]  # as the trial run is undone
    assert not any(m.training for m in model.modules())


# ---------------------------------------------------------------- random numbers


class Dropout(nn.Module):
    def __init__(self, rng):
        self.rng = rng

    def forward(self, x):
        return x * (self.rng.random(x.shape) < 0.5) * 2


def dropping(generators):
    def make():
        rngs = [np.random.default_rng(i) for i in range(generators)]
        layer = nn.Linear(2, 1, bias=False, rng=np.random.default_rng(9))
        return nn.Sequential(Dropout(rngs[0]), layer, Dropout(rngs[-1]))

    return make


@pytest.mark.parametrize("generators", [1, 2])
def test_the_generators_of_modules_are_drawn_from_as_uncompiled(generators):
    make = dropping(generators)
    assert_same_compiled(make=make, batch_size=4)
    models = [trained(compiled, make)[0] for compiled in (False, True)]
    states = [[m.rng.bit_generator.state for m in model.modules()[1:4:2]] for model in models]
    assert states[0] == states[1]


class Smoothing:
    """A loss that moves its targets at random."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, prediction, target):
        return nn.mse(prediction, target + 0.1 * self.rng.normal(size=target.shape))


def test_the_generator_of_a_loss_is_drawn_from_too():
    assert_same(trained(False, loss=Smoothing()), trained(True, loss=Smoothing()))


class Random(Callable):
    """Draws from what is no attribute itself."""

    def __init__(self):
        super().__init__()
        self.rngs = [np.random.default_rng(0)]

    def __call__(self, x):
        return super().__call__(x) * self.rngs[0].random()


class Changing(Callable):
    def __init__(self):
        super().__init__()
        self.factors = SimpleQueue()
        for factor in range(1, 100):
            self.factors.put(factor)

    def __call__(self, x):
        return super().__call__(x) * self.factors.get()


class Iterating(Changing):
    def __init__(self):
        super().__init__()
        self.factors = iter(range(1, 100))

    def __call__(self, x):
        return Callable.__call__(self, x) * next(self.factors)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Random, r"random numbers were drawn .* not among its arguments: \S*rngs\[0\]"),
        (Changing, r"the loss is .* but the compiled program gives"),
        (Iterating, r"the function reaches iterators, .*: model.factors"),
    ],
)
def test_what_changes_from_call_to_call_is_found_out(make, reason):
    with pytest.warns(UserWarning, match=reason) as caught:
        _, losses = trained(True, make, optimizer=optim.sgd(0.0))
    assert len(caught) == 1
    assert len(set(losses)) == len(losses)
