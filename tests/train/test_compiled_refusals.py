"""Training compiled: what cannot be traced or is wrong gives a warning or the same error."""

import importlib.util
from typing import NamedTuple

import numpy as np
import pytest
from compiled_trainings import SETTINGS, Callable, assert_same, data, drawn, network, trained

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn, optim
from micrograd_np.core import tree
from micrograd_np.train import fit, steps

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
    assert caught[0].filename == trained.__code__.co_filename  # where `fit` is called
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
    """The error of a run, and what it leaves: the model and the optimizer."""
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
    assert caught[0].filename == trained.__code__.co_filename


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
