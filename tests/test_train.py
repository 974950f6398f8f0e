"""Training: the articles' numbers, batches, displays, history, and what stops a run."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn, optim
from micrograd_np.train import History, Step, fit, steps

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_TARGETS = np.array([[0.0], [1.0], [1.0], [0.0]])


def half_squares(prediction, target):
    """The articles' loss, ½Σ(y-o)², as a user writes it."""
    return 0.5 * np.sum((target - prediction) ** 2)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def line(seed=0, **options):
    """A linear problem of 10 examples, and a model for it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(10, 2))
    return nn.Linear(2, 1, rng=rng, **options), X, X @ [[1.0], [-2.0]] + 0.5


def train(model, X, y, **options):
    options = {
        "loss": nn.mse,
        "optimizer": optim.sgd(0.1),
        "epochs": 3,
        "progress": False,
    } | options
    return fit(model, X, y, **options)


class Recorder:
    """A model that notes the inputs and the mode it is called with."""

    def __init__(self):
        self.weight = Tensor(np.zeros((1, 1)), requires_grad=True)
        self.seen = []

    def parameters(self):
        return [self.weight]

    def __call__(self, x):
        self.seen.append(np.array(x))
        return x @ self.weight


# ---------------------------------------------------------------- the articles


@pytest.mark.thorough
def test_the_neuron_of_article_002():
    X = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    weights = 2 * np.random.RandomState(1).random((3, 1)) - 1
    model = nn.Sequential(nn.Linear(3, 1, bias=False), nn.Sigmoid())
    model[0].weight.data = weights
    history = train(
        model, X, y, loss=half_squares, optimizer=optim.sgd(learning_rate=1), epochs=15_000
    )
    for _ in range(15_000):
        o = logistic(X @ weights)
        weights = weights + X.T @ ((y - o) * o * (1 - o))
    assert np.abs(model[0].weight.data - weights).max() <= 1e-12
    assert np.allclose(weights.ravel(), [10.08740896, -0.20695366, -4.83757835], atol=5e-9)
    assert round(model([1.0, 0.0, 0.0])[0].item(), 7) == 0.9999584
    assert len(history) == 15_000


@pytest.mark.thorough
def test_the_xor_network_of_article_001():
    random = np.random.RandomState(0)
    hidden_weights, hidden_bias = random.randn(2, 3), np.zeros((1, 3))
    weights, bias = random.randn(3, 1), np.zeros((1, 1))
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid())
    model[0].weight.data, model[2].weight.data = hidden_weights, weights
    train(model, XOR, XOR_TARGETS, loss=half_squares, epochs=10_000)
    for _ in range(10_000):
        hidden = logistic(XOR @ hidden_weights + hidden_bias)
        o = logistic(hidden @ weights + bias)
        delta = (XOR_TARGETS - o) * o * (1 - o)
        hidden_delta = delta @ weights.T * hidden * (1 - hidden)
        weights = weights + 0.1 * hidden.T @ delta
        hidden_weights = hidden_weights + 0.1 * XOR.T @ hidden_delta
        bias = bias + 0.1 * delta.sum(axis=0, keepdims=True)
        hidden_bias = hidden_bias + 0.1 * hidden_delta.sum(axis=0, keepdims=True)
    expected = {
        "0.weight": hidden_weights,
        "0.bias": hidden_bias[0],
        "2.weight": weights,
        "2.bias": bias[0],
    }
    for path, p in model.named_parameters().items():
        assert np.abs(p.data - expected[path]).max() <= 1e-12, path
    assert np.abs(model(XOR).data - XOR_TARGETS).max() < 0.07


def test_the_slip_of_article_000_is_an_error():
    model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
    with pytest.raises(errors.ShapeError, match=r"broadcast both to \(4, 4\)"):
        train(model, XOR, XOR_TARGETS.ravel())


# ---------------------------------------------------------------- what a run does


def test_records_count_from_1_and_hold_the_loss_before_the_update():
    model, X, y = line()
    before = nn.mse(model(X), y).item()
    history = train(model, X, y, batch_size=4, epochs=2, rng=np.random.default_rng(0))
    assert [r[:2] for r in history.records] == [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]
    assert [r.examples for r in history.records] == [4, 4, 2] * 2
    model, X, y = line()
    assert train(model, X, y).losses[0] == before


def test_full_batches_are_in_order_and_given_as_they_are():
    model = Recorder()
    X = np.arange(5.0)[:, np.newaxis]
    train(model, X, X, epochs=2)
    assert all(np.array_equal(seen, X) for seen in model.seen)


@given(st.integers(1, 12), st.integers(1, 15), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_every_epoch_visits_every_example_once_with_its_target(examples, batch_size, epochs, seed):
    model = Recorder()
    X = np.arange(float(examples))[:, np.newaxis]
    targets = []

    def loss(prediction, target):
        targets.append(target)
        return np.sum(prediction) * 0

    train(
        model,
        X,
        -X,
        loss=loss,
        epochs=epochs,
        batch_size=batch_size,
        rng=np.random.default_rng(seed),
    )
    per_epoch = -(-examples // batch_size)
    assert len(model.seen) == epochs * per_epoch
    for start in range(0, len(model.seen), per_epoch):
        seen = np.concatenate(model.seen[start : start + per_epoch])
        assert np.array_equal(np.sort(seen, axis=0), X)
        assert np.array_equal(np.concatenate(targets[start : start + per_epoch]), -seen)


def test_a_generator_makes_shuffling_reproducible_and_epochs_differ():
    def order(seed):
        model = Recorder()
        X = np.arange(20.0)[:, np.newaxis]
        train(model, X, X, epochs=2, batch_size=20, rng=np.random.default_rng(seed))
        return [seen.ravel().tolist() for seen in model.seen]

    assert order(3) == order(3)
    assert order(3) != order(4)
    assert order(3)[0] != order(3)[1]


def test_the_same_start_gives_the_same_losses_bit_for_bit():
    losses = []
    for _ in range(2):
        model, X, y = line()
        history = train(model, X, y, batch_size=3, rng=np.random.default_rng(1), epochs=5)
        losses.append(history.losses)
    assert np.array_equal(*losses)


def test_float32_stays_float32():
    model, X, y = line(dtype=np.float32)
    train(model, X.astype(np.float32), y, optimizer=optim.adam())
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("wrap", [np.asarray, np.ndarray.tolist, Tensor])
def test_data_may_be_arrays_lists_or_tensors(wrap):
    model, X, y = line()
    expected = train(*line()).losses
    assert np.array_equal(train(model, wrap(X), wrap(y)).losses, expected)
    train(model, wrap(X), wrap(y), batch_size=4)


def test_old_gradients_do_not_count():
    model, X, y = line()
    model.weight.grad = np.full((2, 1), 1e6)
    assert np.array_equal(train(model, X, y).losses, train(*line()).losses)


def test_an_optimizer_goes_on_where_it_was():
    model, X, y = line()
    at_once = train(model, X, y, optimizer=optim.adam(0.1), epochs=6).losses
    model, X, y = line()
    optimizer = optim.Optimizer(model, optim.adam(0.1))
    parts = [train(model, X, y, optimizer=optimizer, epochs=3).losses for _ in range(2)]
    assert np.array_equal(np.concatenate(parts), at_once)


def test_an_optimizer_of_some_parameters_leaves_the_others_alone():
    model, X, y = line()
    before = model.weight.data.copy()
    train(model, X, y, optimizer=optim.Optimizer([model.bias], optim.sgd(0.1)))
    assert np.array_equal(model.weight.data, before)
    assert model.bias.data != 0
    expected = 2 * np.mean((model(X).data - y) * X, axis=0)
    assert np.abs(model.weight.grad).max() < 10 * np.abs(expected).max()  # of one step, not a sum


def test_the_model_trains_in_training_mode_and_gets_its_own_back():
    modes = []

    class Watching(nn.Module):
        def forward(self, x):
            modes.append(self.training)
            return x

    model = nn.Sequential(Watching(), nn.Linear(2, 1)).eval()
    model[1].train()
    _, X, y = line()
    train(model, X, y)
    assert modes == [True] * 3
    assert [m.training for m in model.modules()] == [False, False, True]
    run = steps(model, X, y, loss=nn.mse, optimizer=optim.sgd(0.1), epochs=2)
    next(run)
    run.close()
    assert [m.training for m in model.modules()] == [False, False, True]


def test_any_callable_with_parameters_can_be_trained():
    model = Recorder()
    X = np.ones((4, 1))
    train(model, X, 3 * X, epochs=200)
    assert np.allclose(model.weight.data, 3.0)


def test_steps_yields_after_each_update_and_can_be_left():
    model, X, y = line()
    seen = []
    run = steps(model, X, y, loss=nn.mse, optimizer=optim.sgd(0.1), epochs=100)
    for record in run:
        seen.append(model.bias.data.copy())
        if record.step == 3:
            break
    assert len({float(bias[0]) for bias in seen}) == 3
    assert np.array_equal(model.bias.data, seen[-1])


# ---------------------------------------------------------------- arguments


def test_everything_that_is_wrong_is_listed_before_anything_runs():
    model = Recorder()
    with pytest.raises(ValueError, match="fit cannot start") as caught:
        fit(
            model,
            np.ones((4, 1)),
            np.ones(3),
            loss=nn.mse,
            optimizer=optim.sgd(1),
            epochs=0,
            batch_size=-2,
        )
    message = str(caught.value)
    assert "X has 4 examples, but y has 3" in message
    assert "epochs is at least 1, not 0" in message
    assert "batch_size is at least 1, not -2" in message
    assert model.seen == []


def test_arguments_of_wrong_types_are_listed():
    with pytest.raises(TypeError, match="fit cannot start") as caught:
        fit(3, 1.0, [1.0], loss="mse", optimizer=optim.sgd, epochs=2.5, batch_size=True, rng=0)
    message = str(caught.value)
    for part in (
        "X needs a first axis",
        "model is a module",
        "loss is a function",
        "Call it first: `sgd(…)`",
        "epochs is a whole number, not 2.5",
        "batch_size is a whole number, not True",
        "rng must be a numpy.random.Generator",
    ):
        assert part in message


def test_steps_checks_at_the_call():
    with pytest.raises(ValueError, match="epochs"):
        steps(Recorder(), [[1.0]], [[1.0]], loss=nn.mse, optimizer=optim.sgd(0.1), epochs=-1)


def test_empty_data_is_an_error():
    with pytest.raises(ValueError, match=r"no examples: X has shape \(0, 1\)"):
        train(Recorder(), np.zeros((0, 1)), np.zeros((0, 1)))


def test_a_model_without_parameters_is_an_error():
    with pytest.raises(ValueError, match="no parameter to learn"):
        train(nn.Sequential(nn.Tanh()), XOR, XOR)


def test_an_optimizer_of_another_model_is_an_error():
    model, X, y = line()
    with pytest.raises(ValueError, match="made for another"):
        train(model, X, y, optimizer=optim.Optimizer(nn.Linear(2, 1), optim.sgd(0.1)))


@pytest.mark.parametrize(
    ("loss", "given_back"),
    [
        (lambda o, y: (o - y) ** 2, r"a Tensor of shape \(10, 1\), float64"),
        (lambda o, y: np.sum((o - y) ** 2).item(), r"a float"),
        (lambda o, y: None, "a NoneType"),
    ],
)
def test_a_loss_that_is_no_single_tensor_is_explained(loss, given_back):
    model, X, y = line()
    with pytest.raises(errors.GraphError, match=f"single real number.*{given_back}"):
        train(model, X, y, loss=loss)


def test_a_loss_that_lost_its_history_is_explained():
    model, X, y = line()
    with pytest.raises(errors.GraphError, match="requires_grad"):
        train(model, X, y, loss=lambda o, y: np.sum(mg.stop_gradient(o)))


def test_a_parameter_that_takes_no_part_is_named():
    model = nn.Sequential(nn.Linear(2, 1))
    model.unused = Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(errors.GraphError, match=r"unused, shape \(3,\)"):
        train(model, XOR, XOR_TARGETS)


# ---------------------------------------------------------------- losses that are not finite


def unchanged(model, state):
    return all(np.array_equal(value, state[path]) for path, value in model.state_dict().items())


def test_a_nan_in_the_data_is_found_with_its_rows():
    model, X, y = line()
    X[[3, 7], 1] = np.nan
    y[2] = np.inf
    before = model.state_dict()
    with pytest.raises(errors.NonFiniteError) as caught:
        train(model, X, y)
    message = str(caught.value)
    assert "the loss is nan at step 1 (epoch 1)" in message
    assert "X: 2 of 20 numbers, in rows 3, 7" in message
    assert "y: 1 of 10 numbers, in rows 2" in message
    assert "The parameters are unchanged" in message
    assert unchanged(model, before)


def test_a_nan_in_one_batch_stops_at_that_batch():
    model, X, y = line()
    X[9] = np.nan
    rng = np.random.default_rng(0)
    first = int(np.flatnonzero(np.random.default_rng(0).permutation(10) == 9)[0]) + 1
    with pytest.raises(errors.NonFiniteError, match=rf"at step {first} \(epoch 1\).*\n.*rows 0"):
        train(model, X, y, batch_size=1, rng=rng)
    assert all(np.isfinite(p.data).all() for p in model.parameters())


def test_a_parameter_that_was_not_finite_is_named():
    model, X, y = line()
    model.weight.data = np.array([[np.nan], [1.0]])
    with pytest.raises(
        errors.NonFiniteError, match=r"before training:\n  - weight: 1 of 2 numbers"
    ):
        train(model, X, y)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_learning_rate_too_high_is_named_and_the_parameters_stay_finite():
    model, X, y = line()
    states = []

    def loss(prediction, target):
        states.append(model.state_dict())
        return nn.mse(prediction, target)

    with pytest.raises(
        errors.NonFiniteError, match=r"grown from .*learning rate is too high"
    ) as caught:
        train(model, X, y, loss=loss, optimizer=optim.sgd(1e6), epochs=1000)
    assert unchanged(model, states[-2])
    assert all(np.isfinite(p.data).all() for p in model.parameters())
    assert f"those of step {len(states) - 1}" in str(caught.value)


class Root(nn.Module):
    """A model whose slope is infinite where its parameter reaches 0."""

    def __init__(self, start):
        self.w = Tensor(start, requires_grad=True)

    def forward(self, x):
        return x * np.sqrt(self.w)


def test_a_gradient_that_is_not_finite_is_named_with_its_step():
    model = Root([0.0, 4.0])
    before = model.state_dict()
    optimizer = optim.Optimizer(model, optim.adam())
    with pytest.raises(errors.NonFiniteError) as caught:
        train(model, np.ones((3, 2)), np.ones((3, 2)), optimizer=optimizer, epochs=5)
    message = str(caught.value)
    assert "the loss is nan at step 2 (epoch 2)" in message
    assert "the gradient of step 1, which is not finite, though the loss of that step is" in message
    assert "w: 1 of 2 numbers" in message
    assert unchanged(model, before)
    assert optimizer.state[0].steps == 0


def test_the_last_update_is_checked_too():
    model = Root([0.0, 4.0])
    before = model.state_dict()
    with pytest.raises(errors.NonFiniteError, match=r"the last step, 1 \(epoch 1\), is not finite"):
        train(model, np.ones((3, 2)), np.ones((3, 2)), epochs=1)
    assert unchanged(model, before)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_prediction_that_overflows_is_named():
    class Exploding(Recorder):
        def __call__(self, x):
            return np.exp(1000.0 * np.exp(x @ self.weight))

    with pytest.raises(errors.NonFiniteError, match="the prediction of the model is not"):
        train(Exploding(), np.ones((2, 1)), np.ones((2, 1)))


def test_a_loss_function_that_makes_infinity_of_finite_predictions_is_named():
    model = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    model[0].weight.data = [[-800.0]]
    with pytest.raises(errors.NonFiniteError, match="the loss function is at fault") as caught:
        train(model, [[1.0]], [[1.0]], loss=nn.binary_cross_entropy)
    assert "the loss is inf at step 1" in str(caught.value)
    assert "with_logits" in str(caught.value)


def test_an_interrupt_leaves_a_whole_number_of_steps_and_the_mode():
    class Interrupting(nn.Linear):
        calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 4:
                raise KeyboardInterrupt
            return super().forward(x)

    _, X, y = line()
    rng = np.random.default_rng(0)
    model = Interrupting(2, 1, rng=rng).eval()
    other = nn.Linear(2, 1)
    other.load_state_dict(model.state_dict())
    with pytest.raises(KeyboardInterrupt):
        train(model, X, y, epochs=100)
    train(other, X, y, epochs=3)
    assert unchanged(model, other.state_dict())
    assert not model.training


# ---------------------------------------------------------------- progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stream, **options):
    monkeypatch.setattr(sys, "stderr", stream)
    model, X, y = line()
    train(model, X, y, **options)
    return stream.getvalue()


def test_without_a_terminal_a_few_plain_lines_are_written(monkeypatch, capsys):
    text = shown(monkeypatch, io.StringIO(), progress=True, epochs=1000, batch_size=4)
    lines = text.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"epoch {epoch}/1000" for epoch in [1, *range(100, 1001, 100)]
    ]
    assert all("loss " in line for line in lines)
    assert "\r" not in text
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("epochs", "expected"), [(1, [1]), (3, [1, 2, 3]), (12, [1, 2, 4, 6, 8, 10, 12])]
)
def test_short_runs_write_no_more_lines_than_epochs(monkeypatch, epochs, expected):
    text = shown(monkeypatch, io.StringIO(), progress=True, epochs=epochs)
    assert [int(line.split("/")[0][6:]) for line in text.splitlines()] == expected


def test_on_a_terminal_a_bar_ends_full(monkeypatch):
    text = shown(monkeypatch, Terminal(), progress=True, epochs=50)
    last = text.rstrip().rsplit("\r", 1)[-1]
    assert "100%" in last
    assert "50/50" in last
    assert "loss" in last


def test_progress_false_writes_nothing(monkeypatch):
    assert shown(monkeypatch, Terminal(), progress=False) == ""
    assert shown(monkeypatch, io.StringIO(), progress=False) == ""


def test_a_program_without_stderr_trains_too(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    model, X, y = line()
    assert len(train(model, X, y, progress=True)) == 3


def test_the_bar_is_closed_when_a_run_fails(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    model, X, y = line()
    X[0] = np.nan
    with pytest.raises(errors.NonFiniteError):
        train(model, X, y, progress=True)
    assert stream.getvalue().endswith("\n")


# ---------------------------------------------------------------- history


def test_history_of_nothing():
    history = History()
    assert len(history) == 0
    assert repr(history) == "History(no steps)"
    assert history.losses.shape == history.epochs.shape == history.epoch_losses.shape == (0,)


def test_history_weights_an_epochs_steps_by_their_examples():
    model, X, y = line()
    history = train(model, X, y, batch_size=4, epochs=2)
    assert history.epochs.tolist() == [1, 2]
    expected = (history.losses.reshape(2, 3) * [4, 4, 2]).sum(axis=1) / 10
    assert np.allclose(history.epoch_losses, expected)
    assert "6 steps in 2 epochs" in repr(history)


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    yield plt
    plt.close("all")


def test_plot_draws_the_losses(pyplot):
    history = History([Step(i, i, 2.0**-i, 4) for i in range(1, 9)])
    ax = history.plot()
    (curve,) = ax.lines
    assert curve.get_xdata().tolist() == list(range(1, 9))
    assert np.array_equal(curve.get_ydata(), history.losses)
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "epoch"


def test_plot_draws_epochs_over_steps_on_given_axes(pyplot):
    history = History([Step(1 + i // 3, 1 + i, 3.0 - i / 10, 4) for i in range(6)])
    _, axes = pyplot.subplots()
    assert history.plot(axes) is axes
    every_step, every_epoch = axes.lines
    assert np.array_equal(every_step.get_ydata(), history.losses)
    assert every_epoch.get_xdata().tolist() == [3, 6]
    assert np.allclose(every_epoch.get_ydata(), history.epoch_losses)
    assert axes.get_yscale() == "linear"
    assert axes.get_xlabel() == "step"


def test_plot_of_nothing_is_an_empty_picture(pyplot):
    assert History().plot().get_ylabel() == "loss"


def test_plot_names_the_extra_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(errors.MissingExtraError, match="pip install matplotlib"):
        History([Step(1, 1, 1.0, 1)]).plot()


# ---------------------------------------------------------------- shapes that slip


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_loss_of_ones_own_that_broadcasts_is_pointed_out(shape, swapped):
    model = nn.Linear(2, 1)
    X, y = np.ones((5, 2)), np.ones(shape)

    def loss(prediction, target):
        return np.mean((target - prediction if swapped else prediction - target) ** 2)

    def train():
        mg.fit(model, X, y, loss=loss, optimizer=optim.sgd(0.01), epochs=3, progress=False)

    if shape == (5,):
        with pytest.warns(UserWarning, match=r"shape \(5, 5\)") as caught:
            train()
        assert len(caught) == 1
    else:
        train()
