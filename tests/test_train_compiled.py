"""Training compiled: the same history and parameters as uncompiled, or a warning and those."""

import importlib.util
import inspect
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn, optim
from micrograd_np.core import tree
from micrograd_np.optim import rules
from micrograd_np.train import fit, steps

SETTINGS = {"loss": nn.mse, "optimizer": optim.sgd(0.1), "epochs": 5, "progress": False}


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def network(*, dtype=float, seed=1):
    rng = np.random.default_rng(seed)
    layers = nn.Linear(2, 3, rng=rng, dtype=dtype), nn.Tanh(), nn.Linear(3, 1, rng=rng, dtype=dtype)
    return nn.Sequential(*layers)


def data(examples=10):
    X = drawn(examples, 2)
    return X, X @ [[1.0], [-2.0]] + 0.5


def trained(compiled, make=network, given=None, optimizer=None, **settings):
    """The model and the losses of a run."""
    model = make()
    settings = SETTINGS | settings
    if optimizer is not None:
        settings["optimizer"] = optimizer(model) if callable(optimizer) else optimizer
    rng = np.random.default_rng(2)
    history = fit(model, *(given or data()), rng=rng, compile=compiled, **settings)
    return model, history.losses


def assert_same(first, second, rtol=1e-12):
    (model, losses), (other, other_losses) = first, second
    assert np.allclose(losses, other_losses, rtol=rtol, atol=rtol)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.dtype == q.dtype
        assert np.allclose(p.data, q.data, rtol=rtol, atol=rtol)


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


class Callable:
    """No module, but it has what training needs."""

    def __init__(self):
        self.weight = Tensor(drawn(2, 1), requires_grad=True)

    def parameters(self):
        return [self.weight]

    def __call__(self, x):
        return x @ self.weight


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


# ---------------------------------------------------------------- what cannot be traced


class Deciding(Callable):
    def __call__(self, x):
        out = super().__call__(x)
        return out if np.sum(out).item() > 0 else 2 * out


class Counting(nn.Linear):
    calls = 0

    def __init__(self):
        super().__init__(2, 1, rng=np.random.default_rng(0))
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.note = ["something"]
        self.latest = super().forward(x)
        return self.latest * (1 + 1 / self.calls)


class Normalizing(nn.Linear):
    """Keeps a running mean, as an array or as a Tensor."""

    def __init__(self, mean):
        super().__init__(2, 1, rng=np.random.default_rng(0))
        self.mean = mean

    def forward(self, x):
        if isinstance(self.mean, Tensor):
            self.mean.data = 0.5 * self.mean.data + np.mean(x, axis=0)
        else:
            self.mean = 0.5 * self.mean + np.mean(x, axis=0)
        return super().forward(x - self.mean)


class Peeking(Callable):
    def __call__(self, x):
        return super().__call__(x) + (0 if x.flags.writeable else 1)


def growing():
    """A rule that decides by its state."""

    def update(gradients, state, _parameters):
        rate = 0.1 if state < 2 else 0.01
        return [-rate * g for g in gradients], state + 1

    return optim.Transformation(lambda _: 0, update)


UNTRACEABLE = {
    "item()": ({"make": Deciding}, rf"was used as a number, .* \(at {__file__}:\d+\)"),
    "a counter": ({"make": Counting}, r"Counting.calls, Counting.latest is assigned to"),
    "a running array": ({"make": lambda: Normalizing(np.zeros(2))}, r"Normalizing.mean is"),
    "a running Tensor": ({"make": lambda: Normalizing(Tensor([0.0, 0.0]))}, r"was assigned to"),
    "no such attribute": ({"make": Peeking}, r"AttributeError: .*flags.* \(at "),
    "a mask": ({"loss": lambda o, y: np.mean((o - y)[y > 0] ** 2)}, r"boolean mask"),
    "a rule": ({"optimizer": lambda model: optim.Optimizer(model, growing())}, r"used as a number"),
}  # fmt: skip


@pytest.mark.parametrize(("case", "reason"), UNTRACEABLE.values(), ids=UNTRACEABLE)
def test_what_cannot_be_traced_warns_once_and_goes_on_uncompiled(case, reason):
    eager = trained(False, **case, batch_size=4)
    with pytest.warns(UserWarning, match=f"goes on uncompiled: .*{reason}") as caught:
        compiled = trained(True, **case, batch_size=4)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert_same(eager, compiled, rtol=0)
    gradients = [[p.grad for p in model.parameters()] for model, _ in (eager, compiled)]
    assert all(map(np.array_equal, *gradients))
    kept = [getattr(model, "calls", 0) for model, _ in (eager, compiled)]
    assert kept[0] == kept[1]


def test_what_cannot_be_traced_in_a_later_step_goes_on_from_there():
    def loss(prediction, target):
        if len(target) == 2 and np.sum(prediction).item() == 0:
            raise AssertionError
        return nn.mse(prediction, target)

    eager = trained(False, loss=loss, batch_size=4, epochs=3)
    with pytest.warns(UserWarning, match="goes on uncompiled"):
        compiled = trained(True, loss=loss, batch_size=4, epochs=3)
    assert_same(eager, compiled)


def test_generators_are_not_drawn_from_in_vain():
    class Both(Deciding):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(0)

        def __call__(self, x):
            return super().__call__(x * self.rng.random(x.shape))

    with pytest.warns(UserWarning, match="goes on uncompiled"):
        compiled = trained(True, Both)
    assert_same(trained(False, Both), compiled, rtol=0)


def test_what_a_model_keeps_for_later_may_be_filled_in():
    class Caching(nn.Linear):
        mask = None

        def forward(self, x):
            if self.mask is None:
                self.mask = np.array([[1.0, 0.5]])
                self.size = 2
            return super().forward(x * self.mask)

    model, _ = trained(True, lambda: Caching(2, 1))
    assert type(model.mask) is np.ndarray
    assert model.size == 2


def test_arrays_of_other_libraries_are_left_uncompiled():
    dask = pytest.importorskip("dask.array")
    X, y = (dask.from_array(x, chunks=5) for x in data())
    with pytest.warns(UserWarning, match="`?X`? holds an array of another library"):
        compiled = trained(True, given=(X, y), batch_size=5, epochs=2)
    assert_same(trained(False, batch_size=5, epochs=2), compiled)


# ---------------------------------------------------------------- what is wrong


class Root(nn.Module):
    """A model whose slope is infinite where its parameter reaches 0."""

    def __init__(self, start=(0.0, 4.0)):
        self.w = Tensor(np.array(start), requires_grad=True)

    def forward(self, x):
        return x * np.sqrt(self.w)


def unused():
    model = network()
    model.unused = Tensor(np.ones(3), requires_grad=True)
    return model


def saturated():
    model = nn.Sequential(nn.Linear(1, 1, rng=np.random.default_rng(0)), nn.Sigmoid())
    model[0].weight.data = [[-800.0]]
    return model


def broken(rows):
    X, y = data()
    X[rows] = np.nan
    return X, y


ONES = np.ones((3, 2)), np.ones((3, 2))

WRONG = {
    "a loss that is no number": {"loss": lambda o, y: (o - y) ** 2},
    "a loss that is no Tensor": {"loss": lambda o, y: None},
    "a loss without history": {"loss": lambda o, y: np.sum(mg.stop_gradient(o))},
    "a parameter left out": {"make": unused},
    "shapes": {"given": (drawn(10, 3), drawn(10, 1))},
    "NaN at once": {"given": broken([3, 7])},
    "NaN in a batch": {"given": broken([9]), "batch_size": 1},
    "NaN in a batch of its own size": {"given": broken([9]), "batch_size": 3},
    "an infinite gradient, once": {"make": Root, "given": ONES, "epochs": 1},
    "an infinite gradient": {"make": Root, "given": ONES},
    "an infinite gradient, later": {"make": lambda: Root([0.25, 4.0]), "given": ONES,
                                    "loss": lambda o, y: np.sum(o),
                                    "optimizer": optim.scale(-0.25 / 3)},
    "an overflow": {"optimizer": optim.sgd(1e6), "epochs": 1000},
    "an update too long": {"make": Callable, "optimizer": optim.sgd(1e308), "epochs": 3},
    "a loss that overflows": {"make": saturated, "given": ([[1.0]], [[1.0]]),
                              "loss": nn.binary_cross_entropy},
}  # fmt: skip


def failed(compiled, case):
    """The error of a run, and what it leaves: the model and the optimiser."""
    model = case.get("make", network)()
    optimizer = optim.Optimizer(model.parameters(), case.get("optimizer", optim.adam(0.1)))
    own = {"make": lambda: model, "optimizer": lambda _: optimizer}
    with pytest.raises(Exception, match=r".") as caught:
        trained(compiled, **case | own)
    return caught.value, model, optimizer


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_errors_are_the_same(case):
    (eager, model, optimizer), (compiled, same_model, same_optimizer) = (
        failed(compiled, case) for compiled in (False, True)
    )
    assert type(compiled) is type(eager)
    # Which of the two an overflow makes depends on the order of arithmetic.
    assert str(compiled).replace("nan", "inf") == str(eager).replace("nan", "inf")
    assert_same((model, 0), (same_model, 0))
    states = tree.leaves(optimizer.state), tree.leaves(same_optimizer.state)
    for x, y in zip(*states, strict=True):
        assert np.allclose(x, y, rtol=1e-12, atol=1e-12)


class Branching(Root):
    def forward(self, x):
        out = super().forward(x)
        return out if np.sum(out).item() > 0 else 2 * out


@pytest.mark.filterwarnings("ignore:training goes on uncompiled")
def test_errors_are_the_same_where_compiling_was_given_up():
    errors = [failed(c, {"make": Branching, "given": ONES})[0] for c in (False, True)]
    assert "gradient of step 1, which is not finite" in str(errors[0])
    assert str(errors[0]) == str(errors[1])


def test_the_slip_of_a_column_and_a_row_is_pointed_out_once():
    def loss(prediction, target):
        return np.mean((prediction - target) ** 2)

    X, y = data()
    with pytest.warns(UserWarning, match=r"shape \(10, 10\)") as caught:
        trained(True, given=(X, y.ravel()), loss=loss)
    assert len(caught) == 1
    assert caught[0].filename.endswith("test_train_compiled.py")


class Interrupting(np.random.Generator):
    """Shuffles twice, and is interrupted."""

    def permutation(self, *args, **options):
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls == 3:
            raise KeyboardInterrupt
        return super().permutation(*args, **options)


def test_an_interrupt_leaves_a_whole_number_of_steps():
    model = network().eval()
    rng = Interrupting(np.random.default_rng(2).bit_generator)
    with pytest.raises(KeyboardInterrupt):
        fit(model, *data(), **SETTINGS, rng=rng, batch_size=4, compile=True)
    expected, _ = trained(False, epochs=2, batch_size=4)
    assert_same((model, 0), (expected, 0))
    assert not model.training


def test_an_interrupt_inside_an_update_leaves_the_step_before(monkeypatch):
    model = network()
    optimizer = optim.Optimizer(model, optim.adam(0.1))
    run = steps(model, *data(), loss=nn.mse, optimizer=optimizer, epochs=9, compile=True)
    next(run), next(run)
    before = [p.data for p in model.parameters()]

    calls = iter([1, 2])

    def tick():
        for call in calls:
            return call
        raise KeyboardInterrupt

    monkeypatch.setattr("micrograd_np.optim.optimizer.tick", tick)
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert all(p.data is x for p, x in zip(model.parameters(), before, strict=True))
    assert optimizer.state[0].steps == 2


class Argument(NamedTuple):
    compile: object
    error: type[Exception]
    message: str


@pytest.mark.parametrize(
    "given",
    [
        Argument(1, TypeError, "compile is True, False or the name of a back end, not 1"),
        Argument("fortran", ValueError, "fit cannot start:.*\n.*'fortran'"),
    ],
)
def test_what_is_no_back_end_is_an_error_at_the_call(given):
    with pytest.raises(given.error, match=given.message):
        steps(network(), *data(), loss=nn.mse, optimizer=optim.sgd(0.1), epochs=1,
              compile=given.compile)  # fmt: skip


def test_a_back_end_may_be_named():
    assert_same(trained(False), trained("numpy"))
    if importlib.util.find_spec("numba") is None:
        with pytest.raises(errors.MissingExtraError, match="numba"):
            trained("numba")
    else:
        assert_same(trained(False), trained("numba"))
