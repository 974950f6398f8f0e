"""What stops a run, or gives a warning: losses that are not finite, shapes that slip."""

import numpy as np
import pytest
from trainings import Recorder, line, train

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn, optim

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
