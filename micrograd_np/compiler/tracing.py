"""Tracing: a function run once on stand-ins for its arguments, and the program this leaves.

A `Traced` stands for a variable of the program, and holds its value in this run. Every NumPy call
on one is computed, and recorded as an instruction; so are the calls that derivative rules make, and
those behind an operator. What is computed without any Traced is a constant of the program.

A Tensor from outside that the function uses (the parameters of a model it closes over) is
*captured*: it becomes a parameter, so that a compiled function sees it as it is at every call.

`trace` runs a function so. What would need the values of later calls raises TracingError.
"""

import copy
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from micrograd_np.array_methods import ArrayMethods
from micrograd_np.batching.table import OF_SHAPES
from micrograd_np.compiler.calls import Method, is_view, of_values, spelled
from micrograd_np.compiler.program import Instruction, Program, Variable, mapped
from micrograd_np.errors import TracingError
from micrograd_np.foreign import is_foreign
from micrograd_np.graph import Node, describe, tick
from micrograd_np.mode import BATCH, MODE, OBSERVER, TRACE, TRACING, observing
from micrograd_np.op import OPS, Inputs, Op, Operand, Options
from micrograd_np.ops.indexing import getitem
from micrograd_np.quiet import quiet
from micrograd_np.recording import apply

NUMBERS = (float, int, complex)  # of Python, bool among them


class Trace:
    """The instructions of a run so far, and what has become of its values.

    `captured`: the stand-ins for Tensors from outside, by Tensor. `note`: what is being computed,
    for the comments of the program. `region`: see `Instruction`.
    """

    def __init__(self) -> None:
        self.parameters: list[Variable] = []
        self.constants: dict[Variable, np.ndarray[Any, Any]] = {}
        self.instructions: list[Instruction] = []
        self.captured: dict[Node, Traced] = {}
        self.note = ""
        self.region = 0
        self.over = False
        self.start = tick()
        self._known: dict[int, Variable] = {}  # constants by the identity of their arrays
        self._regions = 0

    # ------------------------------------------------------------ what comes in

    def parameter(self, hint: str, value: Any) -> "Traced | TracedGenerator":
        """A stand-in for a parameter, of which `value` is an example."""
        variable = Variable.like(hint, value)
        self.parameters.append(variable)
        if isinstance(value, np.random.Generator):
            return TracedGenerator(self, copy.deepcopy(value.bit_generator), variable)
        return self.standing_for(variable, value)

    def value_of(self, node: Node) -> Any:
        """The value of a node; what stands for it if it is a leaf from outside."""
        value = node.value
        if node.op is not None or node.tick > self.start or isinstance(value, Operand):
            return value
        if node not in self.captured:
            if is_foreign(value):
                raise TracingError.foreign(describe(node))
            traced: Any = self.parameter(node.name or "captured", value)
            self.captured[node] = traced
        return self.captured[node]

    def constant(self, array: np.ndarray[Any, Any]) -> Variable:
        """The variable of an array that is the same for every call."""
        variable = self._known.get(id(array))
        if variable is None:
            variable = self._known[id(array)] = Variable.like("constant", array)
            self.constants[variable] = array
        return variable

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
        if of_values(function):
            raise TracingError.shape(function)
        given = mapped(concrete, (tuple(args), options))
        out = function(*given[0], **given[1])
        several = isinstance(out, list | tuple)
        values = list(out) if several else [out]
        hint = getattr(function, "__name__", "value")
        results = tuple(Variable.like(hint, value) for value in values)
        recorded = mapped(self._recorded, (tuple(args), options))
        view = is_view(function, values, given)
        self.instructions.append(
            Instruction(function, *recorded, results, several, view, effect, self.region, self.note)
        )
        made = [self.standing_for(*pair) for pair in zip(results, values, strict=True)]
        if not several:
            return made[0]
        return type(out)(*made) if hasattr(out, "_fields") else type(out)(made)

    def _recorded(self, x: Any) -> Any:
        if isinstance(x, Traced | TracedGenerator):
            return x.variable
        if isinstance(x, np.ndarray):
            return self.constant(x)
        return self._recorded(self.value_of(x)) if isinstance(x, Node) else x

    def standing_for(self, variable: Variable, value: Any) -> "Traced":
        """A stand-in for a variable."""
        if not isinstance(value, NUMBERS) or isinstance(value, np.generic):
            return Traced(self, variable, value)
        return TracedNumber(self, variable, value)

    @contextmanager
    def again(self) -> Iterator[None]:
        """Within, what was computed before is computed again on purpose."""
        outer = self.region
        self._regions += 1
        self.region = self._regions
        try:
            yield
        finally:
            self.region = outer

    def refuse(self, node: Node, what: str) -> None:
        """Raise TracingError for reading or changing a Tensor from outside, past the program."""
        if node.tick <= self.start:
            raise TracingError.side_effect(describe(node), what)

    # ------------------------------------------------------------ as an observer

    def recorded(self, node: Any) -> None:
        """Nothing is to be done: the calls themselves are recorded."""

    def pulled(self, node: Any, g: Any) -> None:  # noqa: ARG002 - part of the protocol
        """What follows belongs to the derivative of this node."""
        self.note = f"gradient of {node.op.name}" if node.op is not None else ""


def concrete(x: Any) -> Any:
    """The value in this run; of a generator one in the same state, which moves on with it."""
    if isinstance(x, Traced):
        return x.value
    if isinstance(x, TracedGenerator):
        return np.random.Generator(x.bit_generator)
    return x.value if isinstance(x, Node) else x


class Traced(ArrayMethods, Operand):
    """A variable of the program that is being traced. It has the methods of a Tensor.

    `tensor`: whether the function that is traced would have a Tensor here.
    """

    __slots__ = ("tensor", "trace", "value", "variable")
    rank = -1
    requires_grad = False

    def __init__(self, trace: Trace, variable: Variable, value: Any, tensor: bool = False) -> None:
        self.trace = trace
        self.variable = variable
        self.value = value
        self.tensor = tensor

    def __repr__(self) -> str:
        return f"<traced, shape {np.shape(self.value)}, {np.result_type(self.value)}>"

    @property
    def data(self) -> "Traced":
        """Itself, as it is no part of a graph."""
        return self

    def detach(self) -> "Traced":
        """Itself, as it is no part of a graph."""
        return self

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return apply(OPS[getitem], (self, key), {})

    def __setitem__(self, key: Any, new: Any) -> None:
        raise TracingError.item(repr(self))

    # ------------------------------------------------------------ ops

    def outranks(self, inputs: Inputs) -> bool:
        """Whether there is nothing but arrays beside it: it is a constant to any derivative."""
        return not any(
            isinstance(x, Node) or (isinstance(x, Operand) and not isinstance(x, Traced))
            for x in inputs
        )

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """The result of `op`, as the NumPy calls that it consists of."""
        if op.function in OF_SHAPES:
            return op.call(*mapped(concrete, inputs), **mapped(concrete, options))
        function, args, options, recorded = spelled(op, inputs, options)
        if not recorded:
            return function(*args, **options)
        out = self.trace.call(function, args, options)
        return as_tensor(out) if any(getattr(x, "tensor", False) for x in inputs) else out

    def compute(self, function: Callable[..., Any], args: Inputs, keywords: Options) -> Any:
        """The result of a function that is no op."""
        return self.trace.call(function, args, keywords)

    def untracked(self) -> "Traced":
        """Marked as a Tensor, which an op that is not recorded makes."""
        return as_tensor(self)

    # ------------------------------------------------------------ what has no value yet

    def _no_number(self, *_: Any, **__: Any) -> Any:
        raise TracingError.value(repr(self))

    item = tolist = numpy = __bool__ = __int__ = __float__ = __complex__ = __index__ = _no_number
    __array__ = __round__ = _no_number

    def __format__(self, spec: str) -> str:
        return repr(self)

    def backward(self, _gradient: Any = None) -> None:
        """Gradients inside a compiled function are taken by transforms."""
        raise TracingError.backward(repr(self))


def as_tensor(x: Any) -> Any:
    """Results marked as Tensors."""
    if isinstance(x, Traced):
        return Traced(x.trace, x.variable, x.value, tensor=True)
    return mapped(as_tensor, x) if isinstance(x, list | tuple) else x


class TracedNumber(Traced):
    """A Python number: with others it makes Python numbers, and it leaves arrays their dtype."""

    __slots__ = ()

    def as_array(self) -> Traced:
        """As an array, with a dtype of its own."""
        made: Traced = self.trace.call(np.asarray, (self,), {})
        return made

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.result_type(type(self.value))

    @property
    def ndim(self) -> int:
        return 0

    @property
    def size(self) -> int:
        return 1


def number_operator(name: str, *, reflected: bool = False) -> Callable[..., Any]:
    """Python's operator on Python numbers, NumPy's where there is an array."""
    function = getattr(operator, name.strip("_").removeprefix("r") if reflected else name)
    inherited = getattr(Traced, name)

    def method(self: TracedNumber, *others: Any) -> Any:
        if all(type(x) in (int, float, complex, bool, TracedNumber) for x in others):
            args = (*others, self) if reflected else (self, *others)
            return self.trace.call(function, args, {})
        return inherited(self, *others)

    return method


ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
for name in (*ARITHMETIC, "neg", "pos", "abs", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(TracedNumber, f"__{name}__", number_operator(f"__{name}__"))
for name in ARITHMETIC:
    setattr(TracedNumber, f"__r{name}__", number_operator(f"__r{name}__", reflected=True))


class TracedGenerator(np.random.Generator):
    """A random generator: its draws become draws of the generator that each call is given."""

    def __init__(self, trace: Trace, bits: Any, variable: Variable) -> None:
        super().__init__(bits)
        self.trace = trace
        self.variable = variable

    def __deepcopy__(self, _memo: Any) -> "TracedGenerator":
        made: TracedGenerator = self.trace.call(copy.deepcopy, (self,), {}, effect=True)
        return made


def draw(name: str) -> Callable[..., Any]:
    """A method of a generator, recorded."""

    def method(self: TracedGenerator, *args: Any, **options: Any) -> Any:
        return self.trace.call(Method(name), (self, *args), options, effect=True)

    return method


def refused_draw(name: str) -> Callable[..., Any]:
    """A method that changes its argument, or makes other generators."""

    def method(_self: TracedGenerator, *_: Any, **__: Any) -> Any:
        raise TracingError.generator(name)

    return method


for name in dir(np.random.Generator):
    if not name.startswith("_") and name != "bit_generator":
        refused = name in {"shuffle", "spawn"}
        setattr(TracedGenerator, name, refused_draw(name) if refused else draw(name))


# ---------------------------------------------------------------- one run


def trace(
    name: str, function: Callable[[Trace], Any]
) -> tuple[Callable[[Sequence[Any]], Program], Any, Trace]:
    """Run `function` on what it asks of a Trace.

    Returns what makes the program of some of its results, what the function returned, and the
    trace.
    """
    made = Trace()
    tokens = [(mode, mode.set(value)) for mode, value in (
        (MODE, True), (OBSERVER, None), (BATCH, None), (TRACING, False), (TRACE, made),
    )]  # fmt: skip
    try:
        with observing(made), quiet():
            out = function(made)
    finally:
        made.over = True
        for mode, token in reversed(tokens):
            mode.reset(token)

    def program(results: Sequence[Any]) -> Program:
        chosen = tuple(made._recorded(x) for x in results)  # noqa: SLF001 - its own trace
        constants, parameters = dict(made.constants), tuple(made.parameters)
        return Program(name, parameters, constants, tuple(made.instructions), chosen)

    return program, out, made
