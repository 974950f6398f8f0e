"""One step as a compiled program: loss, gradients and the optimiser's update in one call.

The step is traced once for each shape of a batch. Parameters are read anew at every call, so that
nothing but the optimiser's state and the batch are its arguments. When something has changed that
model, loss or optimiser depend on, it is traced again. What cannot be traced goes on as
an eager step, with a warning that says why.

Whenever a program was made, the batch is computed eagerly too. Whatever is wrong with model or loss
is then an error like any other, and a model that is not the same at every call (it draws random
numbers where the program cannot see it) is found out: the two losses differ.
"""

import contextlib
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from micrograd_np import compiler
from micrograd_np.core import tree
from micrograd_np.core.foreign import one_like
from micrograd_np.core.graph import Node, pull
from micrograd_np.core.op import Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.core.values import conjugated
from micrograd_np.errors import TracingError
from micrograd_np.errors.places import OWN_FILES
from micrograd_np.nn.module import Module
from micrograd_np.optim import Optimizer, apply_updates
from micrograd_np.train.eager import EagerStep, Loss

Generators = list[np.random.Generator]
Places = list[tuple[Any, str]]  # objects, and names of attributes
Result = tuple[Any, list[Any], Any]  # the loss, new values of the parameters, a new state

NOT_THE_USERS = (*OWN_FILES, contextlib.__file__)

# What Python, NumPy and we raise where a stand-in is not what is expected.
UNTRACEABLE = (TypeError, ValueError, AttributeError, LookupError, RuntimeError)


class CompiledStep(EagerStep):
    """A step that is one call of a program of the back end `backend`."""

    __guarded__ = ("model", "loss", "optimizer")

    def __init__(self, model: Any, loss: Loss, optimizer: Optimizer, backend: str) -> None:
        super().__init__(model, loss, optimizer)
        # The program, until we give up.
        self.program: Any = compiler.compile(self.step, backend=backend)
        self.program.subject.tried = True
        self.known = -1  # how many programs had been made at the last step
        self.parts: list[Any] = []
        self.places: Places = []
        self.generators: Generators = []
        self._look_for_parts()
        self.found: Result | None = None  # what the program returned
        self.doubt = ""  # why it is to be given up
        self.batch: Any = None
        self.last: Any = None  # the batch of the last update

    def _look_for_parts(self) -> None:
        self.parts = [*parts_of(self.model), *parts_of(self.loss)]
        self.places = generators_in(self.parts)
        self.generators = [vars(part)[name] for part, name in self.places]

    def _look_for_generators(self) -> None:
        """Those in the known places now: somebody may have put others there."""
        found = [vars(part).get(name) for part, name in self.places]
        self.generators = [x for x in found if isinstance(x, np.random.Generator)]
        if len(self.generators) < len(found):
            self._look_for_parts()

    def step(self, generators: Generators, state: Any, X: Any, y: Any) -> Result:
        """The compiled part: the loss, new values of the parameters, the optimiser's new state."""
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
        """The loss of a batch, and with it what `update` will assign."""
        if self.program is None:
            return super().loss_of(X, y)
        self.batch = X, y
        self._look_for_generators()
        states = [generator.bit_generator.state for generator in self.generators]
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
        for generator, state in zip(self.generators, states, strict=True):
            generator.bit_generator.state = state
        eager = super().loss_of(X, y)
        self.doubt = self.doubt or difference(eager, compiled, self.value.dtype)
        return eager

    def update(self) -> None:
        """Assign what the program returned, or do as an eager step does."""
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
        """Compute the gradients of the last update again, if a program had them."""
        if self.program is None or self.last is None:
            return
        X, y = self.last
        now = self.optimizer.snapshot()
        self.optimizer.restore(self.before)
        self.zero_grad()
        self.loss(self.model(X), y).backward()
        self.optimizer.assign(*now)


# ---------------------------------------------------------------- what a model keeps


def parts_of(function: Any) -> list[Any]:
    """The objects with attributes that a model or a loss consists of."""
    parts = function.modules() if isinstance(function, Module) else [function]
    return [part for part in parts if hasattr(part, "__dict__")]


def generators_in(parts: Sequence[Any]) -> Places:
    """Where objects have a random generator as an attribute."""
    return [
        (part, name)
        for part in parts
        for name, value in vars(part).items()
        if isinstance(value, np.random.Generator)
    ]


@contextlib.contextmanager
def standing_in(generators: Generators, places: Places, parts: Sequence[Any]) -> Iterator[None]:
    """Within, `generators` stand in `places`; afterwards every attribute is as it was.

    Raises TracingError if running the model has changed an attribute: a program would not.
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
    """Whether an attribute has another value. One that is filled in once, for later, has not."""
    if isinstance(new, int | float | str):
        return old is not None and (type(old) is not type(new) or old != new)
    return new is not old and (old is not None or any(map(is_traced, tree.leaves(new))))


def is_traced(x: Any) -> bool:
    """Whether a value stands for that of every call."""
    return isinstance(x.value if isinstance(x, Node) else x, Interpreted)


# ---------------------------------------------------------------- words


def check_backend(name: str) -> None:
    """Raises ValueError if there is no such back end, MissingExtraError if it is not installed."""
    from micrograd_np.compiler.backends import backend_of

    backend_of(name, None, fastmath=False)


def difference(eager: float, compiled: float, dtype: Any) -> str:
    """The complaint if the loss of the model is not that of its program; "" if it is."""
    close = math.sqrt(np.finfo(dtype).eps)
    if math.isclose(eager, compiled, rel_tol=close, abs_tol=close):
        return ""
    return (
        f"the loss is {eager:.6g}, but {compiled:.6g} as it was compiled. Something changes from "
        f"call to call that is neither an argument nor a parameter"
    )


def in_short(error: Exception) -> str:
    """What an error says first, and the line of the model or the loss at which it was raised."""
    first, *lines = str(error).partition(". ")[0].splitlines() or [""]
    items = [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]
    said = f"{first} {', '.join(items)}" if first.endswith(":") else first.rstrip(".")
    if not isinstance(error, TracingError):
        said = f"{type(error).__name__}: {said}"
    return f"{said}{raised_at(error)}"


def raised_at(error: Exception) -> str:
    """The innermost line of the user's own on the way to an error, if there is one."""
    at, trace = "", error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if not frame.f_code.co_filename.startswith(NOT_THE_USERS):
            at = f" (at {frame.f_code.co_filename}:{trace.tb_lineno})"
        trace = trace.tb_next
    return at
