"""Tracing: a function run once on stand-ins for its arguments, and the program this leaves.

A `Traced` (see `stand_ins`) stands for a variable of the program, and holds its value in this run.
Every NumPy call on one is computed, and recorded as an instruction; so are the calls that
derivative rules make, and those behind an operator. What is computed without any Traced is a
constant of the program.

A Tensor from outside that the function uses, such as the parameter of a model, is *captured*: it
becomes a parameter of the program. So a compiled function sees its value at every call.

`trace` makes this run. Code that would need the values of later calls raises TracingError.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import as_strided

from micrograd_np.compiler.guarding.objects import NUMPYS_GENERATORS
from micrograd_np.compiler.program import Instruction, Program, Variable, mapped
from micrograd_np.compiler.tracing.functions import check_call, is_of_shapes, is_view
from micrograd_np.compiler.tracing.stand_ins import (
    NUMBERS,
    Traced,
    TracedGenerator,
    TracedNumber,
    concrete,
    traced_generator,
)
from micrograd_np.core.context import CONTEXT, Context, Interpreter
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import Node, describe, tick
from micrograd_np.core.op import Inputs, Interpreted, Op, Options
from micrograd_np.errors import TracingError
from micrograd_np.errors.places import users_code, users_name

RESULTS = (np.ndarray, np.generic, *NUMBERS, *NUMPYS_GENERATORS)  # what calls may return


Arrays = Mapping[int, np.ndarray[Any, Any]]  # by the identity of others


class Known(NamedTuple):
    """A constant: its variable, and the array that it is a copy of."""

    variable: Variable
    array: np.ndarray[Any, Any]


class Trace(Interpreter):
    """The instructions of a run so far, and what has become of its values.

    `captured`: the stand-ins for Tensors from outside, by Tensor; `given`: the Tensors that stand
    for arguments. `handed_on`: what transforms have returned as their aux as it is, by identity.
    `refused`: the last use of a value that was an error. `note`: what is being
    computed, for the comments of the program. `region`: see `Instruction`.
    """

    def __init__(self, kept: Arrays | None = None) -> None:
        self.parameters: list[Variable] = []
        self.constants: dict[Variable, np.ndarray[Any, Any]] = {}
        self.instructions: list[Instruction] = []
        self.captured: dict[Node, Traced] = {}
        self.given: set[Node] = set()
        self.handed_on: dict[int, Any] = {}
        self.refused: TracingError | None = None
        self.note = ""
        self.region = 0
        self.over = False
        self.start = tick()
        self._known: dict[int, Known] = {}  # constants by the identity of their arrays
        self._regions = 0
        self._kept = kept or {}

    # ------------------------------------------------------------ what comes in

    def parameter(self, hint: str, value: Any) -> "Traced | TracedGenerator":
        """A stand-in for a parameter, of which `value` is an example."""
        variable = Variable.like(hint, value)
        self.parameters.append(variable)
        return self.standing_for(variable, value)

    def prepare(
        self,
        op: Op,  # noqa: ARG002 - whichever it is
        inputs: Inputs,
        values: list[Any],
    ) -> tuple[Inputs, list[Any]]:
        """Values with stand-ins for those of Tensors from outside."""
        pairs = zip(inputs, values, strict=True)
        return inputs, [self.read(x, value) if isinstance(x, Node) else value for x, value in pairs]

    def read(self, node: Node, value: Any) -> Any:
        """The value of a node; what stands for it if it is from outside."""
        if node.tick > self.start or isinstance(value, Interpreted):
            return value.data if isinstance(value, Traced) else value
        if node not in self.captured:
            if is_foreign(value):
                raise TracingError.foreign(describe(node))
            traced: Any = self.parameter(node.name or "captured", value)
            self.captured[node] = traced
        return self.captured[node]

    def constant(self, array: np.ndarray[Any, Any]) -> Variable:
        """The variable of an array that is the same for every call, as it is now."""
        known = self._known.get(id(array))
        if known is not None and np.array_equal(self.constants[known.variable], array):
            return known.variable
        kept = self._unchanging(array)
        variable = Variable.like(self._hint(array), kept)
        self._known[id(array)] = Known(variable, array)
        self.constants[variable] = kept
        return variable

    def hand_on(self, x: Any) -> None:
        """Note what a transform hands out as the function has returned it."""
        self.handed_on[id(x)] = x

    def _unchanging(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """An array that stays as the array is now: one that is kept already, or a copy."""
        kept = self._kept.get(id(array))
        if kept is not None and kept.strides == array.strides:
            return kept
        return array if is_frozen(array) else copied(array)

    def _hint(self, array: np.ndarray[Any, Any]) -> str:
        """The user's name of an array, or of the array that it is the transpose of."""
        known = self._known.get(id(array.base))
        if known is not None and array.T.strides == known.array.strides:
            return f"{known.variable.hint}_T"
        return users_name(array) or "constant"

    # ------------------------------------------------------------ what happens

    def call(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: Options,
        *,
        effect: bool = False,
    ) -> Any:
        """The result of a call, which is recorded."""
        if self.over:
            raise TracingError.escaped()
        if self not in CONTEXT.get().interpreters:
            self.refused = TracingError.elsewhere()
            raise self.refused
        check_call(function, args, options)
        given = mapped(concrete, (tuple(args), options))
        out = function(*given[0], **given[1])
        if is_of_shapes(function, args, options):
            return out
        several = isinstance(out, list | tuple)
        values = list(out) if several else [out]
        if not all(isinstance(value, RESULTS) and not is_objects(value) for value in values):
            raise TracingError.result(function, out)
        hint = getattr(function, "__name__", "value")
        results = tuple(Variable.like(hint, value) for value in values)
        inputs, others = mapped(self._recorded, (tuple(args), options))
        view = is_view(function, values, given)
        note = self.note or users_code().partition("  #")[0][:80].rstrip()
        self.instructions.append(
            Instruction(function, inputs, others, results, several, view, effect, self.region, note)
        )
        made = [self.standing_for(*pair) for pair in zip(results, values, strict=True)]
        if not several:
            return made[0]
        return type(out)(*made) if hasattr(out, "_fields") else type(out)(made)

    def _recorded(self, x: Any) -> Any:
        if isinstance(x, Traced | TracedGenerator):
            return self.variable_of(x)
        if isinstance(x, np.ndarray):
            return self.constant(x)
        return self._recorded(self.read(x, x.value)) if isinstance(x, Node) else x

    def variable_of(self, x: "Traced | TracedGenerator") -> Variable:
        """The variable of a stand-in. Raises TracingError for a stand-in of an earlier run."""
        if x.owner is not self:
            raise TracingError.escaped()
        return x.variable

    def standing_for(self, variable: Variable, value: Any) -> "Traced | TracedGenerator":
        """A stand-in for a variable."""
        if isinstance(value, NUMPYS_GENERATORS):
            return traced_generator(self, value, variable)
        if not isinstance(value, NUMBERS) or isinstance(value, np.generic):
            return Traced(self, variable, value)
        return TracedNumber(self, variable, value)

    @contextmanager
    def replay(self) -> Iterator[None]:
        """Within, what was computed before is computed again on purpose."""
        outer = self.region
        self._regions += 1
        self.region = self._regions
        try:
            yield
        finally:
            self.region = outer

    def check_change(self, node: Node, what: str) -> None:
        """Raise TracingError for reading or changing a Tensor from outside, past the program."""
        if node.tick <= self.start or node in self.given:
            raise TracingError.side_effect(describe(node), what)

    # ------------------------------------------------------------ as an observer

    def recorded(self, node: Any) -> None:
        """Nothing is to be done: the calls themselves are recorded."""

    def pulled(self, node: Any, g: Any) -> None:  # noqa: ARG002 - part of the protocol
        """Note that the calls to come belong to the derivative of this node."""
        self.note = f"gradient of {node.op.name}" if node.op is not None else ""


def is_frozen(array: np.ndarray[Any, Any]) -> bool:
    """Whether nobody can write into an array: neither it nor what it is a view of is writeable."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None


def copied(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy with the same strides, for sums go by them; gaps are closed if they are wide."""
    low, high = byte_bounds(array)
    item = array.itemsize
    wide = high - low > 2 * array.nbytes
    if array.size == 0 or wide or any(stride % item for stride in array.strides):
        return array.copy(order="K")
    forward = array[tuple(slice(None, None, -1 if s < 0 else 1) for s in array.strides)]
    memory = as_strided(forward, ((high - low) // item,), (item,)).copy()
    start = sum((1 - n) * s for n, s in zip(array.shape, array.strides, strict=True) if s < 0)
    return np.ndarray(array.shape, array.dtype, memory, start, array.strides)


def is_objects(value: Any) -> bool:
    """Whether it is an array of Python objects, or of anything else that is no number."""
    return isinstance(value, np.ndarray) and value.dtype.kind not in "biufc"


# ---------------------------------------------------------------- one run


def is_tracing() -> bool:
    """Whether a function is being traced here."""
    return any(isinstance(x, Trace) for x in CONTEXT.get().interpreters)


def trace(
    name: str,
    function: Callable[[Trace], Any],
    kept: Arrays | None = None,
    *,
    recording: bool = True,
) -> tuple[Callable[[Sequence[Any]], Program], Any, Trace]:
    """Run `function` on what it asks of a Trace; without `recording`, as under `no_grad`.

    `kept`: copies of arrays from outside, by the identity of these. Returns what makes the program
    of some of its results, what the function returned, and the trace.
    """
    made = Trace(kept)
    outer = CONTEXT.get()
    token = CONTEXT.set(Context(recording, (made,), (made,), outer.differentiating))
    try:
        with ignoring_float_errors():
            out = function(made)
        if made.refused is not None:  # and caught: what was computed then was for this call only
            raise made.refused
    except (TypeError, ValueError) as error:
        if made.refused is None or isinstance(error, TracingError):
            raise
        raise made.refused from error  # NumPy says something else of what it cannot convert
    finally:
        made.over = True
        CONTEXT.reset(token)

    def program(results: Sequence[Any]) -> Program:
        chosen = tuple(made._recorded(x) for x in results)  # noqa: SLF001 - its own trace
        constants, parameters = dict(made.constants), tuple(made.parameters)
        return Program(name, parameters, constants, tuple(made.instructions), chosen)

    return program, out, made
