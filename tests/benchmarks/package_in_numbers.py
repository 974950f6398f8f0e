"""The package in numbers: lines in each folder, and the calls that one expression makes.

    python tests/benchmarks/package_in_numbers.py

measures the package that is installed, `PYTHONPATH=<its root>` before it another checkout. A *call*
is one of a Python function of the package. A *switch* is a call from another file of the package
than the call before.
"""

import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

import micrograd_np as mg
from micrograd_np.train import steps

PACKAGE = Path(mg.__file__).parent


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


def main() -> None:
    """Print both tables."""
    found = lines_by_folder()
    total = found.total()
    for folder, count in sorted(found.items()):
        print(f"{folder:<26}{count:>8,}")
    print(f"{'total':<26}{total:>8,}")
    print(f"{'total outside compiler':<26}{total - found['compiler']:>8,}")
    print(f"\n{'':<26}{'calls':>8}{'files':>8}{'switches':>10}")
    for name, expression in expressions().items():
        calls, files, switches = walk(expression)
        print(f"{name:<26}{calls:>8}{files:>8}{switches:>10}")


if __name__ == "__main__":
    main()
