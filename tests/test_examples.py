"""The articles' programs: what they print, what they refuse, and that they can fail."""

import importlib.util
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import micrograd_np as mg

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = ["neuron", "xor", "xor_four_hidden"]
PACKAGE = Path(mg.__file__).parents[1]

REFUSAL = "That is not a number I can use."
DIFFERENCE = re.compile(r"\d\.\de[-+]\d\d|\b0\.0e\+00")


def run(name, *arguments, stdin=b""):
    """What a program did, as text; warnings are errors there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(PACKAGE), "PYTHONIOENCODING": "utf-8"},
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- what they are


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_shows_expression_and_layers(name):
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert re.search(r"1 / \(1 \+ np\.exp\(-\(X @ \w+( \+ \w+)?\)\)\)", text)
    assert "nn.Sequential(nn.Linear(" in text


def test_every_example_is_tested():
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted([*NAMES, "xor_compiled"])


# ---------------------------------------------------------------- the articles' numbers


@pytest.mark.thorough
def test_the_neuron_reaches_the_weights_and_the_answer_of_its_article():
    done = run("neuron", "--input", "1", "0", "0")
    assert (done.returncode, done.stderr) == (0, "")
    weights = ["10.08740896", "-0.20695366", "-4.83757835"]
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("  by_")]
    assert rows == [[name, *weights] for name in ("by_hand", "by_backward", "by_fit")]
    assert "A case it has not seen, 1 0 0, gives 0.9999584.\n" in done.stdout
    assert done.stdout.endswith("\n1 0 0 gives 0.9999584.\n")
    assert "Input" not in done.stdout


@pytest.mark.thorough
def test_xor_is_learned_as_its_article_says():
    done = run("xor")
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.findall(r"\[\d \d\]  (\d)  (0\.\d+)  (0\.\d+)", done.stdout)
    assert [float(target) for target, _, _ in rows] == [0, 1, 1, 0]
    assert all(abs(float(target) - float(last)) < 0.07 for target, _, last in rows)
    assert max(abs(float(target) - float(first)) for target, first, _ in rows) > 0.5


@pytest.mark.thorough
def test_xor_with_four_hidden_neurons_is_learned_once_its_article_is_mended():
    done = run("xor_four_hidden")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"ShapeError:\n.*\(4, 1\).*\(4,\)", done.stdout)
    printed = re.search(r"rate 0\.1 and 1,000 steps.*\[(.*)\]", done.stdout)[1].split()
    furthest = np.abs(np.array(printed, dtype=float) - [0, 1, 1, 0]).max()
    assert furthest == pytest.approx(0.39)
    rows = re.findall(r"gives (0\.\d+), and should give (\d)", done.stdout)
    assert [float(target) for _, target in rows] == [0, 1, 1, 0]
    assert all(abs(float(out) - float(target)) < 0.02 for out, target in rows)


@pytest.mark.parametrize(
    "name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.thorough) for name in NAMES[1:])]
)
def test_the_quick_run_compares_too_and_claims_nothing_about_the_long_one(name):
    done = run(name, "--quick")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1,000 steps" in done.stdout
    assert not re.search(r"1[05],000|0\.9999584|10\.0874", done.stdout)
    differences = [float(number) for number in DIFFERENCE.findall(done.stdout)]
    assert differences
    assert max(differences) <= 1e-12


@pytest.mark.parametrize(("derivation", "wrong"), [("by_backward", 1e-11), ("by_fit", np.nan)])
@pytest.mark.parametrize("name", NAMES)
def test_a_difference_in_one_weight_ends_with_a_message(name, derivation, wrong, monkeypatch):
    module = load(name)
    right = getattr(module, derivation)

    def planted(*arguments, **keywords):
        found = right(*arguments, **keywords)
        last = found if isinstance(found, np.ndarray) else found[-1]
        last[-1] += wrong
        return found

    planted.__name__ = derivation
    monkeypatch.setattr(module, derivation, planted)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--quick"])
    with pytest.raises(SystemExit, match="more than 1e-12"):  # text as the code: status 1
        module.main()


# ---------------------------------------------------------------- the neuron's questions


def test_the_neuron_asks_for_three_inputs_and_refuses_what_is_no_number():
    done = run("neuron", "--quick", stdin=b"one\nnan\n\n1\n-inf\n0\n1e999\n0x1\n0\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(REFUSAL) == 6
    questions = re.findall(r"Input (\w+): ", done.stdout)
    assert questions == ["one"] * 4 + ["two"] * 2 + ["three"] * 3
    assert re.search(r"1 0 0 gives 0\.999\d+\.\n$", done.stdout)


@pytest.mark.parametrize("typed", [None, b"", b"1\n", b"1\n0\nzero\n", b"\xff\xfe\n"])
def test_the_end_of_input_ends_politely(typed, monkeypatch, capsys):
    module = load("neuron")
    stdin = None if typed is None else io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "argv", ["neuron.py", "--quick"])
    module.main()
    assert capsys.readouterr().out.endswith("\nNo more input: good-bye.\n")


@pytest.mark.parametrize(
    "given", [["nan", "0", "0"], ["1", "inf", "0"], ["1", "0", "nought"], ["1", "0"]]
)
def test_inputs_on_the_command_line_are_refused_with_a_usage_line(given, monkeypatch, capsys):
    module = load("neuron")
    monkeypatch.setattr(sys, "argv", ["neuron.py", "--quick", "--input", *given])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err.startswith("usage: ")
    assert said.out == ""


def test_large_inputs_saturate_the_neuron_without_a_warning(monkeypatch, capsys):
    module = load("neuron")
    given = ["--input", "1e100", "1e100", "-1"]
    monkeypatch.setattr(sys, "argv", ["neuron.py", "--quick", *given])
    module.main()  # warnings are errors here
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.endswith(" gives 1.0000000.\n")


# ---------------------------------------------------------------- compiled


def compiled_program(*arguments):
    """What the compiled example prints: the program of a step, and the differences from it."""
    done = run("xor_compiled", "--quick", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    program, told, rest = done.stdout.partition("1,000 steps: ")
    assert told
    rows = re.findall(r"^  (.{10}) +\d+\.\d\d   (\S+)$", rest, re.MULTILINE)
    assert [name.strip() for name, _ in rows] == ["as it is", "compiled", "repeated"]
    assert max(float(difference) for _, difference in rows) <= 1e-12
    return program


def test_the_compiled_network_shows_its_program_and_ends_where_the_article_does():
    program = compiled_program()
    lines = program.splitlines()
    assert "from numpy import (" in lines
    assert sum(" = cosh(" in line for line in lines) == 2  # the slopes of two layers
    assert lines[-2].startswith("    return ")


def test_the_compiled_network_in_native_loops():
    pytest.importorskip("numba", reason="native loops need the extra `jit`")
    assert "for i in range(4):" in compiled_program("--backend", "numba")


@pytest.mark.parametrize("wrong", [1e-11, np.nan])
def test_a_difference_in_a_compiled_weight_ends_with_a_message(wrong, monkeypatch):
    module = load("xor_compiled")
    right = module.by_hand

    def planted(steps):
        found = right(steps)
        return found | {"b2": found["b2"] + wrong}

    monkeypatch.setattr(module, "by_hand", planted)
    monkeypatch.setattr(sys, "argv", ["xor_compiled.py", "--quick"])
    with pytest.raises(SystemExit, match="more than 1e-12"):
        module.main()
