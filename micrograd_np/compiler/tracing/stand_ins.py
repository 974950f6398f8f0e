"""Stand-ins, the tracers that a traced function computes with in place of arrays and numbers.

A `Traced` stands for a variable of the program. In place of an array, a `Traced` does what NumPy
does with arrays. In place of a Tensor, it is marked as a *tensor* and does what Tensors do. A
`TracedNumber` stands for a Python number, a `TracedGenerator` for a random generator. A *single*
number is no array: NumPy's operators leave it to Python.
"""

import copy
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from micrograd_np.compiler.program import Variable, mapped
from micrograd_np.compiler.tracing.calls import spelled
from micrograd_np.compiler.tracing.functions import DEPRECATED, Method
from micrograd_np.core.graph import Node
from micrograd_np.core.op import OPS, Inputs, Interpreted, Op, Options
from micrograd_np.core.operators import UFUNC_METHODS, ArrayMethods
from micrograd_np.core.record import ARRAYS, apply, untracked
from micrograd_np.core.tensor import Tensor
from micrograd_np.coverage.numpy_functions import METHODS_IN_PLACE
from micrograd_np.errors import TracingError
from micrograd_np.errors.places import OWN_FILES
from micrograd_np.ops.derivatives.indexing import getitem

NUMBERS = (float, int, complex)  # of Python, bool among them


def concrete(x: Any) -> Any:
    """The value in this run; of a generator one in the same state, which moves on with it."""
    if isinstance(x, Traced):
        return x.value
    if isinstance(x, TracedGenerator):
        return x.generator
    return x.value if isinstance(x, Node) else x


class Traced(ArrayMethods, Interpreted):
    """A variable of the program that is being traced. It has the methods of a Tensor.

    `owner`: the trace. `tensor`: whether the function that is traced would have a Tensor here.
    """

    __slots__ = ("owner", "tensor", "value", "variable")
    rank = -1
    numpys = True
    layout_error = TracingError.layout  # it is another at every call
    requires_grad = False

    def __init__(self, trace: Any, variable: Variable, value: Any, tensor: bool = False) -> None:
        self.owner = trace
        self.variable = variable
        self.value = value
        self.tensor = tensor

    def __repr__(self) -> str:
        return f"<traced, shape {np.shape(self.value)}, {np.result_type(self.value)}>"

    @property  # type: ignore[misc]  # a type checker takes it for a variable
    def __class__(self) -> type:
        """For `isinstance` in the user's code, the type that it would meet there uncompiled."""
        if sys._getframe(1).f_code.co_filename.startswith(OWN_FILES):  # noqa: SLF001 - no public way
            return type(self)
        return Tensor if self.tensor else type(self.value)

    @property
    def data(self) -> "Traced":
        """The stand-in for the array of a Tensor."""
        return Traced(self.owner, self.variable, self.value) if self.tensor else self

    @property
    def strides(self) -> tuple[int, ...]:
        """Those of this run."""
        strides: tuple[int, ...] = self.value.strides
        return strides

    def as_array(self) -> "Traced":
        """The value as an array; a Python number gets the dtype that NumPy gives it."""
        if isinstance(self.value, np.ndarray):
            return self
        made: Traced = self.owner.call(np.asarray, (self,), {})
        return made

    @property
    def single(self) -> bool:
        """Whether it stands for a single number, or for the Tensor of one, and not for an array."""
        return not isinstance(self.value, np.ndarray)

    def plain(self, single: bool) -> "Traced":
        """The stand-in for an array, or a single number, of the same value."""
        value = np.asarray(self.value)
        return Traced(self.owner, self.variable, value[()] if single else value)

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

    # ------------------------------------------------------------ NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if not is_plain((inputs, options)):
            return super().__array_ufunc__(ufunc, method, *inputs, **options)
        if method == "__call__":
            return self.owner.call(ufunc, inputs, options)
        if ufunc in UFUNC_METHODS.get(method, {}):
            return self.owner.call(UFUNC_METHODS[method][ufunc], inputs, {"axis": 0} | options)
        return self.owner.call(Method(method), (ufunc, *inputs), options)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Inputs, keywords: Options
    ) -> Any:
        if function in DEPRECATED:
            function = OPS[function].function
        if is_plain((args, keywords)) and not any(map(is_code, (*args, *keywords.values()))):
            return self.owner.call(function, args, keywords)
        return super().__array_function__(function, types, args, keywords)

    # ------------------------------------------------------------ ops

    def handles(self, inputs: Inputs) -> bool:
        """Whether there is nothing but arrays beside it: it is a constant to any derivative."""
        return not any(
            isinstance(x, Node) or (isinstance(x, Interpreted) and not isinstance(x, Traced))
            for x in inputs
        )

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """The result of `op`, as the NumPy calls that it consists of."""
        if not is_plain((inputs, options)):
            return as_tensor(self.apply(op, *mapped(as_array, (inputs, options))))
        function, args, options, recorded = spelled(op, inputs, options)
        return self.owner.call(function, args, options) if recorded else function(*args, **options)

    def compute(self, function: Callable[..., Any], args: Inputs, keywords: Options) -> Any:
        """The result of a function that is no op."""
        return as_tensor(self.owner.call(function, args, keywords))

    def untracked(self) -> "Traced":
        """Marked as a Tensor, which an op that is not recorded makes."""
        made: Traced = as_tensor(self)
        return made

    # ------------------------------------------------------------ what has no value yet

    def _no_number(self, *_: Any, **__: Any) -> Any:
        self.owner.refused = TracingError.value(repr(self))
        raise self.owner.refused

    item = tolist = numpy = __bool__ = __int__ = __float__ = __complex__ = __index__ = _no_number
    __array__ = __round__ = __reduce_ex__ = _no_number

    def __copy__(self) -> "Traced":
        return self

    def __deepcopy__(self, _memo: Any) -> "Traced":
        return self

    def __format__(self, spec: str) -> str:
        return repr(self)

    def backward(self, _gradient: Any = None) -> None:
        """Gradients inside a compiled function are taken by transforms."""
        raise TracingError.backward(repr(self))


def refused_method(name: str, instead: str) -> Callable[..., Any]:
    """A method that writes into the array."""

    def method(*_: Any, **__: Any) -> Any:
        raise TracingError.writes(name, instead)

    return method


def refused_assignment(symbol: str, inherited: Callable[..., Any]) -> Callable[..., Any]:
    """An augmented assignment, which writes into an array, and makes anything else anew."""

    def method(self: Traced, other: Any) -> Any:
        if self.tensor or not isinstance(self.value, np.ndarray):
            return inherited(self, other)
        raise TracingError.writes(f"x {symbol}= y", f"x = x {symbol} y")

    return method


for name, instead in METHODS_IN_PLACE.items():
    setattr(Traced, name, refused_method(f"ndarray.{name}", instead))
ASSIGNMENTS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
for name, symbol in ASSIGNMENTS.items():
    if inherited := getattr(ArrayMethods, f"__i{name}__", None):
        setattr(Traced, f"__i{name}__", refused_assignment(symbol, inherited))


def as_tensor(x: Any) -> Any:
    """Results marked as Tensors."""
    if isinstance(x, Traced) and not isinstance(x, TracedNumber):
        return Traced(x.owner, x.variable, x.value, tensor=True)
    if isinstance(x, list | tuple):
        return mapped(as_tensor, x)
    return untracked(x) if isinstance(x, ARRAYS) else x


def as_array(x: Any) -> Any:
    """A stand-in without the mark of a Tensor; anything else as it is."""
    if isinstance(x, Traced) and x.tensor:
        return x.owner.standing_for(x.variable, x.value)
    return x


def is_plain(tree: Any) -> bool:
    """Whether there are no Tensors in nested arguments, so that NumPy does what it always does."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        return all(map(is_plain, tree))
    return not (tree.tensor if isinstance(tree, Traced) else isinstance(tree, Node | Interpreted))


def is_code(x: Any) -> bool:
    """Whether it is a function, which is to be traced too."""
    return callable(x) and not isinstance(x, type | np.ufunc | Interpreted)


# ---------------------------------------------------------------- single numbers


def is_single(x: Any) -> bool:
    """Whether it is a single number that is no array, or stands for one."""
    if isinstance(x, Traced):
        return not x.tensor and not isinstance(x.value, np.ndarray)
    return isinstance(x, (*NUMBERS, np.generic))


def python_operator(name: str, *, reflected: bool = False) -> Callable[..., Any]:
    """Python's operator on single numbers, which can round otherwise than the ufunc does."""
    function = getattr(operator, name.strip("_").removeprefix("r") if reflected else name)
    inherited = getattr(ArrayMethods, name)

    def method(self: Traced, *others: Any) -> Any:
        if isinstance(self, TracedNumber) and any(isinstance(x, list | tuple) for x in others):
            return NotImplemented  # a list is repeated, for which Python asks for the number
        if not (is_single(self) and all(map(is_single, others))):
            return inherited(self, *others)
        return self.owner.call(function, (*others, self) if reflected else (self, *others), {})

    return method


POWERS: dict[float, np.ufunc] = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal}  # as `**` has them


def raised(self: Traced, exponent: Any) -> Any:
    """`x ** exponent`, which for arrays is not always `np.power`."""
    if is_single(self) or self.tensor or not is_single(exponent):
        return single_power(self, exponent)
    known = type(exponent) in (int, float) and self.dtype.kind == "f"
    if known and exponent not in POWERS:
        return self.owner.call(np.power, (self, exponent), {})
    if known:
        return self.owner.call(POWERS[exponent], (self,), {})
    return self.owner.call(operator.pow, (self, exponent), {})


ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
for name in (*ARITHMETIC, "neg", "pos", "abs"):
    setattr(Traced, f"__{name}__", python_operator(f"__{name}__"))
for name in ARITHMETIC:
    setattr(Traced, f"__r{name}__", python_operator(f"__r{name}__", reflected=True))
single_power = Traced.__pow__
setattr(Traced, "__pow__", raised)  # noqa: B010 - a type checker refuses to see a method assigned


class TracedNumber(Traced):
    """A Python number: with others it makes Python numbers, and it leaves arrays their dtype."""

    __slots__ = ()

    def __hash__(self) -> int:
        found: int = self._no_number()  # `n in {2, 3}` would look for the stand-in
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """Those of a single number."""
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """The one it has as an array."""
        return np.result_type(type(self.value))

    @property
    def ndim(self) -> int:
        """No axes."""
        return 0

    @property
    def size(self) -> int:
        """One entry."""
        return 1


def comparison(name: str) -> Callable[..., Any]:
    """Python's operator among Python numbers, which makes truth values of Python's."""
    function, inherited = getattr(operator, name), getattr(ArrayMethods, name)

    def method(self: TracedNumber, other: Any) -> Any:
        if isinstance(other, TracedNumber) or type(other) in NUMBERS:
            return self.owner.call(function, (self, other), {})
        return inherited(self, other)

    return method


for name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(TracedNumber, f"__{name}__", comparison(f"__{name}__"))


class TracedGenerator:
    """A random generator: its draws become draws of the generator that each call is given.

    `generator`: one in the state of this run, which moves on with every draw.
    """

    owner: Any
    variable: Variable
    generator: Any

    def __deepcopy__(self, _memo: Any) -> "TracedGenerator":
        made: TracedGenerator = self.owner.call(copy.deepcopy, (self,), {}, effect=True)
        return made


def draw(name: str) -> Callable[..., Any]:
    """A method of a generator, recorded."""

    def method(self: TracedGenerator, *args: Any, **options: Any) -> Any:
        return self.owner.call(Method(name), (self, *args), options, effect=True)

    return method


def refused_draw(name: str) -> Callable[..., Any]:
    """A method that changes its argument, or makes other generators."""

    def method(_self: TracedGenerator, *_: Any, **__: Any) -> Any:
        raise TracingError.generator(name)

    return method


class TracedNew(TracedGenerator, np.random.Generator):
    """A tracer in place of a `numpy.random.Generator`."""


class TracedOld(TracedGenerator, np.random.RandomState):
    """A tracer in place of a `numpy.random.RandomState`, NumPy's older generator."""


REFUSED_DRAWS = {"shuffle", "spawn", "seed", "get_state", "set_state"}
for kind, numpys in ((TracedNew, np.random.Generator), (TracedOld, np.random.RandomState)):
    for name in dir(numpys):
        if not name.startswith("_") and name != "bit_generator":
            setattr(kind, name, refused_draw(name) if name in REFUSED_DRAWS else draw(name))


def traced_generator(trace: Any, generator: Any, variable: Variable) -> TracedGenerator:
    """A tracer in place of a generator, with a copy of the generator for the run that is traced."""
    made: Any
    if isinstance(generator, np.random.RandomState):
        made, generator = TracedOld(0), copy.deepcopy(generator)
    else:
        generator = np.random.Generator(copy.deepcopy(generator.bit_generator))
        made = TracedNew(generator.bit_generator)
    made.owner, made.variable, made.generator = trace, variable, generator
    stand_in: TracedGenerator = made
    return stand_in
