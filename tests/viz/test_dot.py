"""The same program gives the same text, whenever it runs."""

import os
import subprocess
import sys

import pytest
from pictures import boxes, parameter, xor

from micrograd_np.viz import draw


def test_the_same_program_gives_the_same_source():
    assert draw(xor()).source == draw(xor()).source
    assert draw(xor(), gradients=True).source == draw(xor(), gradients=True).source


PROGRAM = """
import numpy as np
from micrograd_np import Tensor
from micrograd_np.viz import draw
w = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="w")
out = np.where(np.array([True, False, True]), w, np.split(w, 2)[1]) @ w.T + np.ones(2)
print(ascii(draw([np.sum(out, axis=np.int64(0)), np.var(w, dtype=float)]).source))
"""


def test_another_process_gives_the_same_source():
    def run(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True
        ).stdout

    first = run("1")
    assert b"digraph" in first
    assert first == run("2")


def test_a_chain_of_5000_ops_is_drawn():
    x = parameter(1.0)
    for _ in range(5000):
        x = x * 1.0001
    source = draw(x, gradients=True).source
    assert source.count("->") == 5000
    assert "n5000 [" in source


@pytest.mark.parametrize("count", [300, pytest.param(2000, marks=pytest.mark.thorough)])
def test_a_long_chain_is_laid_out(layout, count):
    x = parameter(1.0)
    for _ in range(count):
        x = x * 1.0001
    assert len(boxes(draw(x))) == count + 1
