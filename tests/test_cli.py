"""The command line: what it prints and writes, what it refuses, and how it ends."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import cli
from micrograd_np.errors import RenderingError

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "micrograd_np"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mg.__file__).parents[1])}
NAMES = ["neuron", "xor", "xor4"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Every test runs in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


@pytest.fixture
def no_training(monkeypatch):
    """For tests of what comes after: a network that is trained for a single step."""
    monkeypatch.setattr(cli, "QUICKER", 10_000)


def written(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# ---------------------------------------------------------------- the demonstration


def test_the_demo_trains_checks_and_draws_three_networks(no_matplotlib, capsys):
    assert cli.main(["demo", "--quick"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^(\w+): .* \((.*) steps\)$", out, re.MULTILINE) == [
        ("neuron", "1,500 of 15,000"),
        ("xor", "1,000 of 10,000"),
        ("xor4", "1,000 of 10,000"),
    ]
    digits = re.findall(r"gradients +right: .* agree to (\d+) digits", out)
    assert len(digits) == 3
    assert min(map(int, digits)) >= 6
    assert re.findall(r"graph +(\S+)", out) == [
        str(Path("micrograd_np_demo", f"{name}.svg")) for name in NAMES
    ]
    assert written("micrograd_np_demo") == [f"{name}.svg" for name in NAMES]


def test_the_graphs_show_the_parameters_and_the_data(no_matplotlib, no_training):
    assert cli.main(["demo", "--quick", "--out", "deep/down"]) == 0
    for name in NAMES:
        picture = ET.parse(Path("deep/down", f"{name}.svg"))  # noqa: S314 - just written
        texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
        hidden = {"0.bias", "2.weight", "2.bias"} if name != "neuron" else set()
        assert {"0.weight", "X", "y", "gradient"} | hidden <= texts


@pytest.mark.parametrize(
    ("name", "example", "training"),
    [
        ("neuron", "neuron", {"steps": 1500}),
        ("xor", "xor", {"steps": 1000}),
        ("xor4", "xor_four_hidden", {"rate": 1, "steps": 1000}),
    ],
)
def test_the_table_shows_the_article_s_network_before_and_after(name, example, training, capsys):
    assert cli.main(["demo", name, "--quick"]) == 0
    table = re.findall(
        r"^  ([\d ]+?) +(\d|unseen) +(0\.\d{7}) +(0\.\d{7})$", capsys.readouterr().out, re.MULTILINE
    )
    spec = importlib.util.spec_from_file_location(example, ROOT / "examples" / f"{example}.py")
    article = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(article)
    trained = article.by_hand(**training)
    if name == "neuron":
        before, after = article.neuron(article.START), article.neuron(trained)
        *table, (unseen, target, _, answer) = table
        assert (unseen, target) == ("1 0 0", "unseen")
        assert float(answer) > 0.999
    else:
        start = article.START.values() if name == "xor" else article.START
        before, after = (article.layers(*parameters)[1] for parameters in (start, trained))
    inputs = [" ".join(map(str, row)) for row in article.X]
    targets = [str(target) for target in article.y.ravel()]
    columns = [[f"{x:.7f}" for x in outputs.ravel()] for outputs in (before, after)]
    assert table == list(zip(inputs, targets, *columns, strict=True))


@pytest.mark.thorough
def test_the_whole_training_gives_the_article_s_answer(no_matplotlib, capsys):
    assert cli.main(["demo", "neuron"]) == 0
    out = capsys.readouterr().out
    assert "(15,000 steps)" in out
    assert re.search(r"1 0 0 +unseen +\S+ +0\.9999584\n", out)
    assert written("micrograd_np_demo") == ["neuron.svg"]


def test_a_wrong_gradient_is_reported_in_full_and_in_the_exit_code(
    no_matplotlib, no_training, monkeypatch, capsys
):
    wrong = mg.gradcheck(lambda x: np.sum(x * mg.stop_gradient(x)), np.ones(2))
    monkeypatch.setattr(mg, "gradcheck", lambda *_: wrong)
    assert cli.main(["demo", "neuron", "--quick"]) == 1
    assert str(wrong) in capsys.readouterr().out


# ---------------------------------------------------------------- loss curves


def test_the_losses_are_plotted_where_matplotlib_is_installed(no_training, capsys):
    pytest.importorskip("matplotlib")
    assert cli.main(["demo", "xor", "--quick", "--out", "here"]) == 0
    assert written("here") == ["xor.svg", "xor_loss.png"]
    assert Path("here/xor_loss.png").read_bytes().startswith(b"\x89PNG")
    assert str(Path("here/xor_loss.png")) in capsys.readouterr().out


def test_without_matplotlib_one_line_says_what_to_install(no_matplotlib, no_training, capsys):
    assert cli.main(["demo", "--quick"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if "matplotlib" in line]
    assert line.startswith("No loss curves: ")
    assert "pip install matplotlib" in line
    assert not list(Path("micrograd_np_demo").glob("*loss*"))


# ---------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize(
    "arguments",
    [[], ["draw"], ["demo", "xnor"], ["demo", "xor", "neuron"], ["demo", "--out"], ["demo", "-x"]],
    ids=" ".join,
)
def test_arguments_that_make_no_sense_end_with_usage_and_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: micrograd-np ")
    assert written(".") == []


@pytest.mark.parametrize("out", ["taken", "taken/below"])
def test_a_file_in_the_way_of_the_folder_is_one_line_before_any_training(out, capsys):
    Path("taken").write_text("mine", encoding="utf-8")
    assert cli.main(["demo", "--quick", "--out", out]) == 1
    said, err = capsys.readouterr()
    assert said == ""
    assert err.startswith("micrograd-np: ")
    assert err.count("\n") == 1
    assert repr(out) in err
    assert "--out" in err
    assert Path("taken").read_text(encoding="utf-8") == "mine"


def test_a_picture_that_cannot_be_written_is_one_line(no_matplotlib, no_training, capsys):
    Path("here/xor.svg").mkdir(parents=True)
    assert cli.main(["demo", "xor", "--quick", "--out", "here"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("micrograd-np: cannot write pictures: ")
    assert "xor.svg" in last
    assert written("here") == ["xor.svg"]


def test_a_picture_that_cannot_be_laid_out_is_one_line(
    no_matplotlib, no_training, monkeypatch, capsys
):
    def draw(*_, **__):
        raise RenderingError("nothing is installed to lay it out")

    monkeypatch.setattr(mg, "draw", draw)
    assert cli.main(["demo", "xor", "--quick"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "micrograd-np: nothing is installed to lay it out"


def test_an_interrupt_ends_with_one_line_and_code_130(monkeypatch, capsys):
    def fit(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(mg, "fit", fit)
    assert cli.main(["demo"]) == 130
    assert capsys.readouterr().err == "micrograd-np: interrupted.\n"


# ---------------------------------------------------------------- as a program


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"micrograd_np {mg.__version__}\n"


def test_the_console_script_is_main():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "scripts"
    ]
    assert scripts == {"micrograd-np": f"{cli.main.__module__}:{cli.main.__name__}"}


def test_importing_the_package_does_not_import_its_command_line():
    code = "import sys, micrograd_np; sys.exit('micrograd_np.cli' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False).returncode == 0
    )


def test_as_a_module_away_from_a_terminal_it_writes_plain_lines():
    done = subprocess.run(
        [*COMMAND, "demo", "neuron", "--quick"], env=ENVIRONMENT, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert not re.search(rb"[\r\x1b\x08]|%\|", done.stdout + done.stderr.replace(b"\r\n", b"\n"))
    assert re.fullmatch(rb"(epoch \d+/1500, loss \S+\r?\n)+", done.stderr)
    assert Path("micrograd_np_demo/neuron.svg").exists()


def test_as_a_module_its_usage_says_how_it_was_run():
    done = subprocess.run(COMMAND, env=ENVIRONMENT, capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m micrograd_np ")


@pytest.mark.thorough
def test_on_a_terminal_it_shows_a_bar():
    pytest.importorskip("pty", reason="needs the terminals of a Unix")
    from fcntl import ioctl
    from struct import pack
    from termios import TIOCSWINSZ

    terminal, inside = os.openpty()
    ioctl(inside, TIOCSWINSZ, pack("HHHH", 24, 80, 0, 0))
    command = [*COMMAND, "demo", "neuron", "--quick"]
    done = subprocess.run(
        command, env=ENVIRONMENT, stderr=inside, stdout=subprocess.PIPE, check=False
    )
    os.close(inside)
    shown = os.read(terminal, 1 << 16)
    os.close(terminal)
    assert done.returncode == 0
    assert b"100% |" in shown
    assert b"1500/1500" in shown
    assert b"|" not in done.stdout


def test_a_reader_that_stops_reading_ends_it_quietly():
    program = subprocess.Popen(
        [*COMMAND, "demo", "--quick"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    program.stdout.close()
    _, err = program.communicate()
    assert program.returncode == 1
    assert not re.search(b"Traceback|Exception|Error", err)
