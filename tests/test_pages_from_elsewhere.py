"""The pages for users of other libraries: their program and ours print the same numbers.

Ours is run with all pages, by `test_project.py`. Theirs is the block marked `py`.
"""

import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

import micrograd_np as mg

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"autograd": "autograd", "jax": "jax", "pytorch": "torch", "mygrad": "mygrad"}
THEIRS = re.compile(r"^```py\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OUTPUT = re.compile(r"^```output\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OURS = re.compile(r"`((?:mg|np)\.[A-Za-z_0-9.]*\w)")


def text_of(page):
    return (DOCS / f"from_{page}.md").read_text(encoding="utf-8")


def numbers_in(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


@pytest.mark.oracle
@pytest.mark.thorough
@pytest.mark.parametrize(("page", "package"), PAGES.items(), ids=PAGES)
def test_their_program_prints_our_numbers(page, package):
    pytest.importorskip(package)
    (program,) = THEIRS.findall(text_of(page))
    run = [sys.executable, "-c", program]  # apart, for it may change settings of its library
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    (expected,) = OUTPUT.findall(text_of(page))
    np.testing.assert_allclose(numbers_in(printed), numbers_in(expected), atol=1e-6)


@pytest.mark.parametrize("page", PAGES)
def test_the_names_on_a_page_are_there(page):
    names = OURS.findall(text_of(page))
    assert len(names) > 10
    for name in names:
        package, _, path = name.partition(".")
        attrgetter(path)({"mg": mg, "np": np}[package])  # raises for a name that is missing
