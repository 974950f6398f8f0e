"""How deep a graph may be, and how small the stack of the thread that frees it.

Python frees what an object holds while it frees the object. How many of these calls it nests before
it puts the rest off is its own affair: 50 up to Python 3.12, thousands in 3.13. So the promise is
one of a depth without bounds on a stack of some size. What could crash runs in another process.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from deep_graphs import SHAPES

import micrograd_np as mg

TESTS = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mg.__file__).parents[1])}
# In KiB. The first is what the C libraries with the smallest stacks give a thread by default.
STACK = 128 if sys.version_info < (3, 13) else 1024


def freed(nodes: int, *shapes: str) -> list[str]:
    """The shapes that were freed on a stack of the promised size, before a crash if there is one.

    Raises CalledProcessError, with what the process wrote about it, if it crashed.
    """
    command = [sys.executable, "-X", "faulthandler", str(TESTS / "shared" / "deep_graphs.py")]
    done = subprocess.run(
        [*command, str(nodes), str(STACK), *shapes],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, f"after {done.stdout.split()}: {done.stderr[:2000]}"
    assert done.stderr == ""
    return done.stdout.split()


def test_deep_graphs_are_freed_on_a_small_stack() -> None:
    """Deep enough for Python 3.13, which nests 10,000 calls; a node takes two of them."""
    assert freed(12_000) == list(SHAPES)


SLOW = {"joins", "closures", "batch", "exception_through_many_frames"}


@pytest.mark.thorough
@pytest.mark.parametrize("shape", [name for name in SHAPES if name not in SLOW])
def test_graphs_of_a_million_nodes_are_freed_on_a_small_stack(shape: str) -> None:
    assert freed(1_000_000, shape) == [shape]


def test_no_other_test_asks_for_a_small_stack() -> None:
    """It would crash the run of all tests where it is too small."""
    asking = "stack_" + "size("
    found = [path.name for path in TESTS.rglob("*.py") if asking in path.read_text("utf-8")]
    assert found == ["deep_graphs.py"]
