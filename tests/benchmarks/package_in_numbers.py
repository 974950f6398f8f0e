"""The package in numbers: lines in each folder, and the calls that one expression makes.

    python tests/benchmarks/package_in_numbers.py [OTHER ...]

measures this checkout, and before it others, which are given by the paths of their roots. A *call*
is one of a Python function of the package. A *switch* is a call from another file of the package
than the call before.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

import micrograd_np as mg
from micrograd_np.train import steps

PACKAGE = Path(mg.__file__).parent
ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------- lines


def lines_by_folder() -> Counter[str]:
    """How many lines the Python files of each folder have; "." is the package's own folder."""
    found: Counter[str] = Counter()
    for source in PACKAGE.rglob("*.py"):
        folders = source.relative_to(PACKAGE).parts[:-1]
        deep = 2 if folders[:1] == ("ops",) else 1
        found["/".join(folders[:deep]) or "."] += len(source.read_text("utf-8").splitlines())
    return found


# ---------------------------------------------------------------- calls


class Walk(NamedTuple):
    """The calls that an expression makes, and the files that these are in."""

    calls: int
    files: int
    switches: int


def walk(expression: Callable[[], object]) -> Walk:
    """The calls of the package's functions while `expression` is computed for the second time.

    The first time fills what is remembered from one call to the next.
    """
    expression()
    files: list[str] = []

    def see(frame, event, _):
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(str(PACKAGE)):
            files.append(name)

    sys.setprofile(see)
    try:
        expression()
    finally:
        sys.setprofile(None)
    switches = sum(a != b for a, b in pairwise(files))
    return Walk(len(files), len(set(files)), switches)


def expressions() -> dict[str, Callable[[], object]]:
    """What a reader may wish to follow, smallest first."""
    t = mg.Tensor([1.0, 2.0], requires_grad=True)
    w, b, x = (mg.Tensor(value, requires_grad=True) for value in ([0.5, -0.5], 0.1, [1.0, 2.0]))
    rows = np.arange(6.0).reshape(3, 2)
    losses = iter([mg.sigmoid(np.sum(w * x) + b) for _ in range(2)])

    def f(x):
        return np.sum(np.sin(x) * x)

    model = mg.nn.Sequential(mg.nn.Linear(2, 3), mg.nn.Tanh(), mg.nn.Linear(3, 1))
    training = {"loss": mg.nn.mse, "optimizer": mg.optim.sgd(0.1), "epochs": 10}
    run = steps(model, rows, rows[:, :1], **training)
    next(run)
    return {
        "np.exp(t)": lambda: np.exp(t),
        "np.sum(t, axis=0)": lambda: np.sum(t, axis=0),
        "loss.backward(), a neuron": lambda: next(losses).backward(),
        "grad(f)(x)": lambda: mg.grad(f)(rows[0]),
        "vmap(grad(f))(X)": lambda: mg.vmap(mg.grad(f))(rows),
        "fit, one step of an MLP": lambda: next(run),
    }


# ---------------------------------------------------------------- both, and two checkouts


def numbers() -> dict[str, list[int]]:
    """All numbers by the names of their rows: one for a folder, three for an expression."""
    found = lines_by_folder()
    total = found.total()
    lines = dict(sorted(found.items())) | {
        "total": total,
        "total outside compiler": total - found["compiler"],
    }
    walks = {name: list(walk(expression)) for name, expression in expressions().items()}
    return {name: [count] for name, count in lines.items()} | walks


def numbers_of(checkout: Path) -> dict[str, list[int]]:
    """The numbers of a checkout, which a process of its own imports."""
    program = "import json, package_in_numbers as p; print(json.dumps(p.numbers()))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    printed = subprocess.check_output(
        [sys.executable, "-c", program], cwd=checkout, env=environment, text=True
    )
    found: dict[str, list[int]] = json.loads(printed)
    return found


def tables(columns: Sequence[dict[str, list[int]]]) -> Iterator[str]:
    """The lines of both tables: a column of each checkout for lines, three columns for calls."""
    walks = expressions()
    folders = {name for column in columns for name in column} - walks.keys()
    folders = sorted(folders, key=lambda name: (name.startswith("total"), name))
    yield from table(["lines"], folders, columns)
    yield ""
    yield from table(["calls", "files", "switches"], walks, columns)


def table(
    heads: list[str], names: Iterable[str], columns: Sequence[dict[str, list[int]]]
) -> Iterator[str]:
    """The lines of one table, with a row for each of the names."""
    yield "".join(["".ljust(26), *(head.rjust(9) for head in heads * len(columns))])
    for name in names:
        cells = [cell for column in columns for cell in column.get(name, [0] * len(heads))]
        yield "".join([name.ljust(26), *(f"{cell:>9,}" for cell in cells)])


def main(*others: str) -> None:
    """Print both tables, the numbers of other checkouts in the columns before ours."""
    columns = [numbers_of(root) for root in (*map(Path, others), ROOT)]
    print("\n".join(tables(columns)))


if __name__ == "__main__":
    main(*sys.argv[1:])
