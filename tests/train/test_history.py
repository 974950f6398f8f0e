"""Progress while a run goes on, and its history afterwards."""

import io
import sys

import numpy as np
import pytest
from trainings import line, train

from micrograd_np import errors
from micrograd_np.train import History, Step

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
