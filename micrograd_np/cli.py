"""The command line: `micrograd-np demo` trains, checks and draws the networks of three articles.

The networks are the rows of `NETWORKS`; public functions do all the work on them.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import micrograd_np as mg
from micrograd_np import nn, optim
from micrograd_np.errors import MissingExtraError, RenderingError
from micrograd_np.text_table import text_table

Array = np.ndarray[Any, Any]
RandomState = np.random.RandomState  # NumPy's legacy generator: the articles draw from it
Start = Callable[[RandomState, tuple[int, ...]], Array]

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended
QUICKER = 10  # how many times fewer epochs `--quick` trains


# ---------------------------------------------------------------- the networks


def uniform(rng: RandomState, shape: tuple[int, ...]) -> Array:
    """Uniformly distributed numbers from -1 to 1."""
    return 2 * rng.random(shape) - 1


def zeros(_: RandomState, shape: tuple[int, ...]) -> Array:
    """An array of zeros."""
    return np.zeros(shape)


class Network(NamedTuple):
    """An article's network: layers of sigmoid neurons, their starting weights, and what they learn.

    `X`, `y`: inputs of shape (n, inputs) and targets of shape (n, 1). `unseen`: inputs to try the
    trained network on. `sizes`: the number of inputs, then the number of neurons in each layer.
    `rate`: the learning rate for the sum of squared errors; two articles take half that sum at
    twice the rate.
    """

    title: str
    X: Array
    y: Array
    unseen: Array
    sizes: tuple[int, ...]
    seed: int
    weights: Start
    biases: Start | None
    rate: float
    epochs: int


THREES = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
PAIRS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([[0.0], [1.0], [1.0], [0.0]])

# fmt: off
NETWORKS = {
    "neuron": Network(
        "one neuron finds out that the answer is its first input",
        THREES, THREES[:, :1], unseen=np.array([[1.0, 0.0, 0.0]]), sizes=(3, 1),
        seed=1, weights=uniform, biases=None, rate=0.5, epochs=15_000,
    ),
    "xor": Network(
        "three hidden neurons learn XOR, one or the other but not both",
        PAIRS, XOR, unseen=PAIRS[:0], sizes=(2, 3, 1),
        seed=0, weights=RandomState.standard_normal, biases=zeros, rate=0.05, epochs=10_000,
    ),
    "xor4": Network(
        "four hidden neurons learn XOR, in larger steps",
        PAIRS, XOR, unseen=PAIRS[:0], sizes=(2, 4, 1),
        seed=0, weights=RandomState.standard_normal, biases=RandomState.standard_normal,
        rate=1.0, epochs=10_000,
    ),
}
# fmt: on


def model_of(network: Network) -> nn.Sequential:
    """The network as a module, before training."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(network.sizes):
        layers += [nn.Linear(inputs, outputs, bias=network.biases is not None), nn.Sigmoid()]
    model = nn.Sequential(*layers)
    rng = RandomState(network.seed)
    for path, parameter in model.named_parameters().items():
        start = network.biases if path.endswith("bias") else network.weights
        if start is not None:
            parameter.data = start(rng, parameter.shape)
    return model


squares = partial(nn.mse, reduction="sum")  # the loss: the sum of the squared errors


# ---------------------------------------------------------------- the command


def main(argv: Sequence[str] | None = None, prog: str = "micrograd-np") -> int:
    """Run the command with these arguments, by default the program's own; returns its exit code.

    The code is 0 if all went well, 1 if something could not be written or a gradient is wrong, and
    130 after Ctrl-C. Raises SystemExit: with code 2 and a usage line on stderr for arguments that
    make no sense, with code 0 after `--help` and `--version`.
    """
    arguments = parser_named(prog).parse_args(argv)
    names = [arguments.network] if arguments.network else list(NETWORKS)
    try:
        return 0 if demonstrate(names, Path(arguments.out), arguments.quick) else 1
    except KeyboardInterrupt:
        return failed(prog, "interrupted.", INTERRUPTED)
    except BrokenPipeError:  # whoever reads the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except FileExistsError:
        return failed(prog, f"{arguments.out!r} is a file. Name a folder with --out.")
    except OSError as error:
        return failed(prog, f"cannot write pictures: {error}. Name another folder with --out.")
    except RenderingError as error:
        return failed(prog, str(error))


def failed(prog: str, message: str, code: int = 1) -> int:
    """Print what went wrong in one line on stderr; returns the exit code."""
    print(f"{prog}: {message}", file=sys.stderr)
    return code


def parser_named(prog: str) -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    claim = "The NumPy in which every expression has a derivative."
    parser = argparse.ArgumentParser(prog=prog, description=claim)
    parser.add_argument("--version", action="version", version=f"micrograd_np {mg.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    summary = "train, check and draw the networks of three articles"
    demo = commands.add_parser("demo", help=summary, description=f"{summary.capitalize()}.")
    demo.add_argument(
        "network", nargs="?", choices=NETWORKS, help="one of them; without it, all of them"
    )
    demo.add_argument(
        "--out", metavar="DIR", default="micrograd_np_demo", help="for pictures (%(default)s)"
    )
    demo.add_argument(
        "--quick", action="store_true", help=f"train {QUICKER} times shorter, and learn less"
    )
    return parser


# ---------------------------------------------------------------- the demonstration


def demonstrate(names: Sequence[str], folder: Path, quick: bool) -> bool:
    """Train, check and draw the networks of these names; returns whether all gradients are right.

    Raises OSError if the folder cannot be made or written to, RenderingError if a graph cannot be
    laid out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    right = [demonstrate_one(name, folder, quick) for name in names]
    if not find_spec("matplotlib"):
        missing = MissingExtraError.of("plotting", "matplotlib", "plot")
        print(f"No loss curves: {missing}", flush=True)
    return all(right)


def demonstrate_one(name: str, folder: Path, quick: bool) -> bool:
    """Train, check and draw one network; returns whether its gradients are right."""
    network = NETWORKS[name]
    model, X, y = model_of(network), network.X, network.y
    epochs = network.epochs // QUICKER if quick else network.epochs
    steps = f"{epochs:,} of {network.epochs:,}" if quick else f"{epochs:,}"
    print(f"{name}: {network.title} ({steps} steps)", flush=True)

    tried = np.concatenate([X, network.unseen])
    before = model(tried).data
    report = mg.gradcheck(lambda model: squares(model(X), y), model)
    optimizer = optim.sgd(network.rate)
    history = mg.fit(model, X, y, loss=squares, optimizer=optimizer, epochs=epochs)
    print(*table(tried, y, before, model(tried).data), sep="\n")
    print(verdict(report))

    graph = folder / f"{name}.svg"
    loss = squares(model(mg.Tensor(X, name="X")), mg.Tensor(y, name="y"))
    mg.draw(loss, gradients=True).save(graph)
    print(f"  graph       {graph}")
    if find_spec("matplotlib"):
        curve = folder / f"{name}_loss.png"
        save_curve(history, f"{name}: sum of squared errors", curve)
        print(f"  losses      {curve}")
    print(flush=True)
    return bool(report)


def table(inputs: Array, targets: Array, before: Array, after: Array) -> list[str]:
    """The lines of a table of outputs; inputs without a target were not trained on."""
    answers = [f"{target:g}" for target in targets.ravel()]
    answers += ["unseen"] * (len(inputs) - len(answers))
    columns = [[f"{x:.7f}" for x in outputs.ravel()] for outputs in (before, after)]
    names = [" ".join(f"{x:g}" for x in row) for row in inputs]
    rows = zip(names, answers, *columns, strict=True)
    return [f"  {line}" for line in text_table([("inputs", "target", "before", "after"), *rows])]


def verdict(report: mg.GradientReport) -> str:
    """The result of a gradient check: one line if all is well, else the whole report."""
    if not report:
        return str(report)
    digits = min(int(line.digits) for line in report.inputs)
    return f"  gradients   right: differences of the loss agree to {digits} digits or more"


def save_curve(history: mg.History, title: str, path: Path) -> None:
    """Write the losses of a training run as a picture, by the part that needs no display."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(6, 4), layout="constrained")
    history.plot(canvas.subplots()).set_title(title)
    canvas.savefig(path, dpi=150)
