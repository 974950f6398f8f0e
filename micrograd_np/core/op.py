"""Operations: a NumPy callable and its derivative, declared together by structure.

An `Op` is keyed by the callable it differentiates (`np.sin`, `np.sum`, a function of ours) in the
registry `OPS`. Its *rules* are plain NumPy, so they run on arrays and, through NumPy's dispatch
protocols, on Tensors:

- a *partial* `(out, *inputs) -> factor` is an elementwise derivative; it may be the number 1 or -1;
- a *vjp* `(g, out, *inputs, **options) -> cotangent` pulls `g` back to one input;
- a *jvp* `(tangents, out, *inputs, **options) -> tangent` pushes tangents on, None meaning zero.

`None` in place of a rule says that the op does not vary with that input. Rules need not undo
broadcasting or casting: the walks in `graph` fit every cotangent to its input with `fit`.

Arrays are positional inputs, everything else is an option; `Op.bind` sorts a call's arguments.
An `Expression` is a function that needs no rules, for it is written in terms of others. `forms`
has the statements that declare both. This module knows nothing of Tensors.

Complex numbers: inside the walks, a cotangent `g` of `z` stands for the change `Re(g dz)` (no
conjugate), so that the rules of holomorphic functions are those of real ones. What a person sees
is its conjugate, the direction of steepest ascent; `backward` and the transforms conjugate.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import FunctionType
from typing import Any, Literal

import numpy as np

from micrograd_np.errors import OptionError
from micrograd_np.forking import cached_property

Array = Any  # whatever speaks NumPy's protocols: an ndarray, a scalar of it, a Tensor, a Dask array
Rule = Callable[..., Any]
Partial = Callable[..., Any] | Literal[1, -1] | None
Inputs = tuple[Any, ...]
Options = dict[str, Any]
Kind = Literal["elementwise", "reduction", "linear", "bilinear", "primitive", "constant"]


class Op:
    """One operation: the callable, its rules, and how its arguments are sorted.

    `call` is a pure function of the inputs' values, for a batch may compute a value twice.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        kind: Kind,
        vjps: "Sequence[Rule | None] | EveryInput",
        jvp: Rule | None,
        *,
        arrays: int = 1,
        sequence: bool = False,
        parameters: str | None = None,
        call: Callable[..., Any] | None = None,
        binder: Callable[..., tuple[Inputs, Options]] | None = None,
        accepted: Iterable[str] | None = None,
        recorded: bool = True,
        sees_unused: bool = False,
        hermitian: bool | str = False,
        opaque: bool = False,
    ) -> None:
        self.function = function
        self.kind = kind
        self.vjps = vjps
        self.jvp = jvp
        self.arrays = arrays
        self.sequence = sequence
        self.binder = binder
        self.recorded = recorded
        self.sees_unused = sees_unused  # vjps take None, not zeros, for an unused result
        self.hermitian = hermitian  # whether one triangle is read, or which option says so
        self.opaque = opaque  # called as a whole by programs, for it writes in place or loops
        self.name: str = function.__name__
        self.call = call or function
        if sequence and call is None:
            self.call = lambda *inputs, **options: function(inputs, **options)
        if parameters:
            self.parameters = tuple(parameters.split())
        if accepted is not None:
            self.accepted = frozenset(accepted)

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.kind}>"

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the callable's parameters, in order; read once, on first need."""
        return tuple(inspect.signature(self.function).parameters)

    @cached_property
    def accepted(self) -> frozenset[str]:
        """The options its rules know; an option outside them would be differentiated wrongly."""
        rules = [rule for rule in (self.vjps[0], self.vjps[-1], self.jvp) if rule is not None]
        return frozenset().union(*map(_keywords, rules))

    def bind(self, args: tuple[Any, ...], keywords: Options) -> tuple[Inputs, Options]:
        """Sort a call's arguments into array inputs and the other options, which it checks."""
        in_order = len(args) == self.arrays and not self.sequence
        if self.binder:
            inputs, options = self.binder(*args, **keywords)
        elif in_order or isinstance(self.function, np.ufunc):
            inputs, options = args, keywords
        else:
            inputs, options = self._sorted(args, keywords)
        return inputs, self._checked(options) if options else options

    def _sorted(self, args: tuple[Any, ...], keywords: Options) -> tuple[Inputs, Options]:
        """The inputs and options of a call, by the names of the parameters."""
        names, arrays = self.parameters, self.arrays
        if self.sequence:
            head, *rest = args or (keywords.pop(names[0]),)
            return tuple(head), dict(zip(names[1:], rest, strict=False)) | keywords
        if len(args) > max(len(names), arrays):
            raise TypeError(f"{self.name} takes {len(names)} arguments, {len(args)} were given")
        options = dict(zip(names[arrays:], args[arrays:], strict=False)) | keywords
        named = names[len(args) : arrays]
        if not options.keys() >= set(named):
            raise TypeError(f"{self.name} needs {', '.join(names[:arrays])}")
        return (*args[:arrays], *(options.pop(name) for name in named)), options

    def _checked(self, options: Options) -> Options:
        """Drop what is at its neutral value; refuse what the rules do not know."""
        given = without_neutral(options)
        if given.keys() <= self.accepted or (self.kind == "constant" and "out" not in given):
            return given
        raise OptionError.unknown(self.function, given.keys() - self.accepted, self.accepted)


class Operand:
    """An array of our own kind that applies ops itself, where a Tensor would record them."""

    __slots__ = ()
    value: Any  # the array it stands for
    rank = 0  # of two kinds of operands, the one of higher rank applies the op
    numpys = False  # whether an array of NumPy stands behind it, entry for entry
    layout_error: Any = None  # of an order, if it may lie in memory in another way than its value
    tensor: Any = False  # whether it stands for a Tensor
    single: Any = False  # whether it stands for a single number that is no array

    def outranks(self, inputs: Inputs) -> bool:
        """Whether it applies an op to these inputs; otherwise it is a constant to their Tensors."""
        raise NotImplementedError

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """The result of `op`."""
        raise NotImplementedError

    def untracked(self) -> Any:
        """What stands for an untracked Tensor of it."""
        return self

    def as_array(self) -> Any:
        """Itself as an array, where it stands for a single number."""
        return self

    def plain(self, single: bool) -> Any:  # noqa: ARG002 - for what has either kind
        """The stand-in for a plain array of it, or for a single number."""
        return self

    def settled(self) -> Any:
        """What is left of it where a derivative is handed out."""
        return self

    def stopped(self) -> Any:
        """It as a constant, cut off from every derivative."""
        return self.untracked()

    def compute(self, function: Callable[..., Any], args: Inputs, keywords: Options) -> Any:
        """The result of a function that is no op, on arguments that are not tracked."""
        raise NotImplementedError


def without_neutral(options: Options) -> Options:
    """The options that say something: not NumPy's mark for "not given", and not `out=None`."""
    return {
        name: value
        for name, value in options.items()
        if value is not np._NoValue and not (name == "out" and value is None)
    }


def _keywords(rule: Rule) -> set[str]:
    return {
        name
        for name, parameter in inspect.signature(rule).parameters.items()
        if parameter.default is not parameter.empty or parameter.kind is parameter.KEYWORD_ONLY
    } - getattr(rule, "keywords", {}).keys()  # without the `index` that `EveryInput` gives


OPS: dict[Callable[..., Any], Op] = {}


def register(op: Op, *aliases: Callable[..., Any]) -> Op:
    """Enter `op` under its own callable and under `aliases`, which must be new to the registry."""
    for function in (op.function, *aliases):
        if isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):
            raise TypeError(
                f"{function.__name__} is a plain Python function: on a Tensor it would run as it "
                f"is written, and never use this rule. Define it under `@mg.dispatching`."
            )
        if function in OPS:
            raise ValueError(f"{function!r} is registered already, as {OPS[function]!r}")
        OPS[function] = op
    return op


class EveryInput:
    """The rules of an op with any number of inputs: one rule, told the input's `index`."""

    def __init__(self, rule: Rule | None) -> None:
        self.rule = rule

    def __getitem__(self, index: int) -> Rule | None:
        return self.rule and partial(self.rule, index=index)


class Expression:
    """A function of NumPy written in terms of others, with NumPy's own parameters."""

    def __init__(self, function: Callable[..., Any], written: Callable[..., Any]) -> None:
        self.function = function
        self.written = written
        self.name: str = function.__name__

    @cached_property
    def accepted(self) -> frozenset[str] | None:
        """The names of its parameters; None if it passes any keyword on to a function given."""
        parameters = inspect.signature(self.written).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return None
        return frozenset(parameters)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """The result, with an error for an option that the expression does not know."""
        given = without_neutral(keywords)
        if self.accepted is not None and not given.keys() <= self.accepted:
            raise OptionError.unknown(self.function, given.keys() - self.accepted, self.accepted)
        return self.written(*args, **given)


EXPRESSIONS: dict[Callable[..., Any], Expression] = {}
