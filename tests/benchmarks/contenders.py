"""Who takes part in the compiler's benchmarks: our compiled functions, our eager ones, the peers.

A contender does a task so many times and returns what it found last, so that all can be compared
before they are timed. One that cannot take part here is named with the reason.
"""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import articles
import networks
import numpy as np
import tasks
import tasks_by_hand
import tasks_in_autograd
import tasks_in_jax
import tasks_in_torch

import micrograd_np as mg

Work = Callable[[int], list[np.ndarray]]
SMALL = {
    "neuron 002": (articles.neuron_by_hand, articles.neuron_start, articles.NEURON_RATE),
    "XOR 001": (articles.xor_by_hand, articles.xor_start, articles.XOR_RATE),
}

# ---------------------------------------------------------------- ours


def arrays(tree: Any) -> list[np.ndarray]:
    """The leaves of a result, which are Tensors or arrays."""
    return [np.asarray(leaf) for leaf in mg.tree.leaves(tree)]


def called(task: str, wrap: Callable[[Any], Any] = lambda function: function) -> Work:
    """Our function, wrapped, in a loop."""
    function, argument, carries = tasks.TASKS[task]
    function = wrap(function)

    def work(count: int) -> list[np.ndarray]:
        x = argument()
        for _ in range(count):
            out = function(x)
            x = out if carries else x
        return arrays(out)

    return work


def eager(task: str) -> Work:
    return called(task)


def compiled(task: str) -> Work:
    return called(task, mg.compile)


def native(task: str) -> Work:
    return called(task, lambda function: mg.compile(function, backend="numba"))


def repeated(task: str, **options: Any) -> Work | None:
    """All times in one call; None for a task that does not carry its result on."""
    function, argument, carries = tasks.TASKS[task]
    if not carries:
        return None
    step = mg.compile(function, **options)
    loops: dict[int, Callable[[Any], Any]] = {}

    def work(count: int) -> list[np.ndarray]:
        if count not in loops:
            loops[count] = step.repeat(count)
        return arrays(loops[count](argument()))

    return work


def native_repeated(task: str) -> Work | None:
    return repeated(task, backend="numba")


# ---------------------------------------------------------------- peers


def found_in(functions: dict[str, Callable[..., Work]], task: str, *given: Any) -> Work | None:
    return functions[task](*given) if task in functions else None


def by_hand(task: str) -> Work | None:
    return SMALL[task][0] if task in SMALL else found_in(tasks_by_hand.TASKS, task)


def peer(
    loop: Callable[..., Work] | None, functions: dict[str, Callable[..., Work]], *given: Any
) -> Callable[[str], Work | None]:
    """A peer's training loop for the articles' networks, and what it has of the larger tasks."""

    def make(task: str) -> Work | None:
        if task not in SMALL:
            return found_in(functions, task, *given)
        _, start, rate = SMALL[task]
        return loop and loop(start, rate, *given, two_layers=task == "XOR 001")

    return make


def torch_compiled(task: str) -> Work | None:
    import torch

    make = peer(networks.torch_eager, tasks_in_torch.COMPILED, torch.compile)
    return make(task)


# ---------------------------------------------------------------- the list


class Contender(NamedTuple):
    """Who can do some of the tasks, and the package that this needs."""

    make: Callable[[str], Work | None]  # None for a task that is not among them
    package: str = "numpy"
    program: str | None = None  # one of these must be on the PATH, as "one or another"


BY_HAND, EAGER, COMPILED = "by hand", "micrograd_np, eager", "micrograd_np, compiled"
NATIVE, REPEATED, NATIVE_REPEATED = "the same, Numba", "the same, repeat", "the same, Numba, repeat"
TORCH, TORCH_COMPILED, AUTOGRAD = "PyTorch, eager", "torch.compile", "autograd"
JAX, JAX_LOOP = "jax.jit", "jax fori_loop"
OURS = (COMPILED, NATIVE, REPEATED, NATIVE_REPEATED)

CONTENDERS = {
    BY_HAND: Contender(by_hand),
    EAGER: Contender(eager),
    COMPILED: Contender(compiled),
    REPEATED: Contender(repeated),
    NATIVE: Contender(native, "numba"),
    NATIVE_REPEATED: Contender(native_repeated, "numba"),
    TORCH: Contender(peer(networks.torch_eager, tasks_in_torch.TASKS), "torch"),
    TORCH_COMPILED: Contender(torch_compiled, "torch", "g++ or clang++"),
    JAX: Contender(peer(networks.jax_step, tasks_in_jax.TASKS), "jax"),
    JAX_LOOP: Contender(peer(networks.jax_loop, {}), "jax"),
    AUTOGRAD: Contender(peer(networks.autograd_eager, tasks_in_autograd.TASKS), "autograd"),
}


def missing(name: str) -> str | None:
    """Why a contender cannot take part on this machine; None if it can."""
    _, package, program = CONTENDERS[name]
    if not find_spec(package):
        return f"{package} is not installed"
    if program and not any(map(shutil.which, program.split(" or "))):
        return f"there is no {program}"
    return None


def present(task: str) -> Iterator[tuple[str, Work]]:
    """Those that can do the task here."""
    for name, contender in CONTENDERS.items():
        if missing(name) is None and (work := contender.make(task)) is not None:
            yield name, work


def absent() -> dict[str, str]:
    """Those that cannot take part here, and why."""
    return {name: reason for name in CONTENDERS if (reason := missing(name)) is not None}
