"""A training step as a compiled program: loss, gradients and the optimizer's update in one call.

The step is traced once for each shape of a batch, and again when something has changed that model,
loss or optimizer depend on. The program reads the parameters anew at every call, so its only
arguments are the random generators, the optimizer's state and the batch. A step that cannot be
traced goes on as an eager step, with a warning that says why.

Whenever a program was made, the batch is computed eagerly too. A mistake in model or loss is then
an error like any other. Two losses that differ reveal random numbers that no program can see.
"""

import contextlib
import math
import warnings
from collections.abc import Iterator, Sequence
from traceback import walk_tb
from typing import Any

import numpy as np

from micrograd_np.compiler import compile as compile_step
from micrograd_np.compiler.guarding.objects import NUMPYS_GENERATORS
from micrograd_np.compiler.tracing.randomness import source
from micrograd_np.core import tree
from micrograd_np.core.graph import Node, pull
from micrograd_np.core.op import Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.core.values import conjugated, one_like
from micrograd_np.errors import TracingError
from micrograd_np.errors.places import OWN_FILES, without_line
from micrograd_np.nn.module import Module
from micrograd_np.optim import Optimizer, apply_updates
from micrograd_np.train.eager import EagerStep, Loss

Generators = list[np.random.Generator | np.random.RandomState]
Places = list[tuple[Any, str]]  # objects, and names of attributes
Result = tuple[Any, list[Any], Any]  # the loss, new values of the parameters, a new state

NOT_THE_USERS = (*OWN_FILES, contextlib.__file__)

# The errors of Python, NumPy and this package where a tracer is not what is expected.
UNTRACEABLE = (TypeError, ValueError, AttributeError, LookupError, RuntimeError)


class CompiledStep(EagerStep):
    """A training step that is one call of a program, made by the back end `backend`."""

    __guarded__ = ("model", "loss", "optimizer")

    def __init__(self, model: Any, loss: Loss, optimizer: Optimizer, backend: str) -> None:
        super().__init__(model, loss, optimizer)
        # The program; None once it is given up.
        self.program: Any = compile_step(self.step, backend=backend)
        self.program.subject.tried = True
        self.known = -1  # how many programs there were at the last step
        self._look_for_parts()
        self.found: Result | None = None  # what the program returned
        self.doubt = ""  # why the program is to be given up
        self.batch: Any = None
        self.last: Any = None  # the batch of the last update

    def _look_for_parts(self) -> None:
        """Find the objects with attributes that model and loss consist of, and their generators."""
        parts: list[Any] = []
        for function in (self.model, self.loss):
            parts += function.modules() if isinstance(function, Module) else [function]
        self.parts = [part for part in parts if hasattr(part, "__dict__")]
        self.places = [
            (part, name)
            for part in self.parts
            for name, value in vars(part).items()
            if isinstance(value, NUMPYS_GENERATORS)
        ]
        self.generators = [vars(part)[name] for part, name in self.places]

    def _look_for_generators(self) -> None:
        """Read the generators in the known places, where somebody may have put others."""
        found = [vars(part).get(name) for part, name in self.places]
        self.generators = [x for x in found if isinstance(x, NUMPYS_GENERATORS)]
        if len(self.generators) < len(found):
            self._look_for_parts()

    def step(self, generators: Generators, state: Any, X: Any, y: Any) -> Result:
        """The compiled part: the loss, new values of the parameters, the optimizer's new state."""
        parameters = self.optimizer.parameters
        with standing_in(generators, self.places, self.parts):
            value = self.loss(self.model(X), y)
        arrived = pull({value: one_like(value.value)}, parameters)
        values = [value_of(p) for p in parameters]
        gradients = [
            conjugated(arrived[p]) if p in arrived else np.zeros_like(v)
            for p, v in zip(parameters, values, strict=True)
        ]
        updates, state = self.optimizer.transformation.update(gradients, state, values)
        return value_of(value), apply_updates(values, updates), state

    def loss_of(self, X: Any, y: Any) -> float:
        """The loss of a batch; the program's results are kept for `update` to assign."""
        if self.program is None:
            return super().loss_of(X, y)
        self.batch = X, y
        self._look_for_generators()
        sources = [source("", generator) for generator in self.generators]
        states = [x.state() for x in sources]
        compiled = math.nan
        try:
            self.found = self.program(self.generators, self.optimizer.state, X, y)
            compiled = self.found[0].item()
        except UNTRACEABLE as error:
            self.doubt = in_short(error)
        known, self.known = self.known, self.program.traced
        if math.isfinite(compiled) and self.known == known:
            return compiled
        self.found = None
        for x, state in zip(sources, states, strict=True):
            x.restore(state)
        eager = super().loss_of(X, y)
        self.doubt = self.doubt or difference(eager, compiled, self.value.dtype)
        return eager

    def update(self) -> None:
        """Assign what the program returned, or else make an eager update."""
        self.last = self.batch
        if self.found is not None:
            _, values, state = self.found
            self.found = None
            self.before = self.optimizer.snapshot()
            self.optimizer.assign(values, state)
            return
        super().update()  # raises whatever is wrong with the model itself
        if self.doubt:
            self.program = None
            warnings.warn(f"training goes on uncompiled: {self.doubt}.", stacklevel=4)
            self.doubt = ""
        elif self.program is not None:
            self.zero_grad()

    def recall(self) -> None:
        """Compute the gradients of the last update again, if a program computed them."""
        if self.program is None or self.last is None:
            return
        X, y = self.last
        now = self.optimizer.snapshot()
        self.optimizer.restore(self.before)
        self.zero_grad()
        self.loss(self.model(X), y).backward()
        self.optimizer.assign(*now)


# ---------------------------------------------------------------- what a model keeps


@contextlib.contextmanager
def standing_in(generators: Generators, places: Places, parts: Sequence[Any]) -> Iterator[None]:
    """Have `generators` stand in `places` inside the `with`; restore every attribute at the end.

    Raises TracingError if running the model changed an attribute, which a program would not do.
    """
    before = [part.__dict__.copy() for part in parts]
    for (part, name), generator in zip(places, generators, strict=True):
        part.__dict__[name] = generator
    placed = [part.__dict__.copy() for part in parts]
    try:
        yield
        changed = [
            f"{type(part).__name__}.{name}"
            for part, old in zip(parts, placed, strict=True)
            for name, new in part.__dict__.items()
            if is_changed(old.get(name), new)
        ]
    finally:
        for part, old in zip(parts, before, strict=True):
            part.__dict__.clear()
            part.__dict__.update(old)
    if changed:
        raise TracingError(
            f"{', '.join(changed)} is assigned to when the model is run, and a program changes "
            f"nothing but parameters."
        )


def is_changed(old: Any, new: Any) -> bool:
    """Whether an attribute has another value; an attribute that was None may be filled in."""
    if isinstance(new, int | float | str):
        return old is not None and (type(old) is not type(new) or old != new)
    if old is not None or new is old:
        return new is not old
    found = [x.value if isinstance(x, Node) else x for x in tree.leaves(new)]
    return any(isinstance(x, Interpreted) for x in found)  # the value stands for that of each call


# ---------------------------------------------------------------- words


def check_backend(name: str) -> None:
    """Raise ValueError for an unknown back end, MissingExtraError for a missing package."""
    from micrograd_np.compiler.backends import backend_of

    backend_of(name, None, fastmath=False)


def difference(eager: float, compiled: float, dtype: Any) -> str:
    """The complaint that the model and its program have different losses; "" if they agree."""
    close = math.sqrt(np.finfo(dtype).eps)
    if math.isclose(eager, compiled, rel_tol=close, abs_tol=close):
        return ""
    return (
        f"the loss is {eager:.6g}, but the compiled program gives {compiled:.6g}. Something "
        f"changes from call to call that is neither an argument nor a parameter"
    )


def in_short(error: Exception) -> str:
    """The first sentence of an error, and the user's line that raised the error."""
    first, *lines = without_line(str(error)).partition(". ")[0].splitlines() or [""]
    items = [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]
    said = f"{first} {', '.join(items)}" if first.endswith(":") else first.rstrip(".")
    if not isinstance(error, TracingError):
        said = f"{type(error).__name__}: {said}"
    return f"{said}{raised_at(error)}"


def raised_at(error: Exception) -> str:
    """The innermost line of the user's code on the way to an error; "" if there is none."""
    at = ""
    for frame, line in walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith(NOT_THE_USERS):
            at = f" (at {frame.f_code.co_filename}:{line})"
    return at
