"""Operations: a NumPy callable and its derivative, declared together by structure.

An `Op` is keyed by the callable it differentiates (`np.sin`, `np.sum`, a user's function) in the
registry `OPS`. Its derivative is two functions, plain NumPy both, so that they run on arrays and,
through NumPy's dispatch protocols, on Tensors:

- `op.vjp(wanted, g, out, inputs, options)` pulls the cotangent `g` of the result back. The list
  returned has a cotangent for each of the `wanted` inputs: one or more, given by their positions;
- `op.jvp(tangents, out, *inputs, **options)` pushes tangents forward, None meaning zero.

Both are made by the statements in `forms` from *rules*, which are what a person writes:

- a *partial* `(out, *inputs) -> factor` is an elementwise derivative; it may be the number 1 or -1;
- a *vjp rule* `(g, out, *inputs, **options) -> cotangent` pulls `g` back to one input.

`None` in place of a rule says that the op does not vary with that input. Rules need not undo
broadcasting or casting: the walks in `graph` fit every cotangent to its input with `fit`.

An `Expression` is a function that needs no rules, for it is written in terms of others. This module
knows nothing of Tensors.

Complex numbers: inside the walks, a cotangent `g` of `z` stands for the change `Re(g dz)` (no
conjugate), so that the rules of holomorphic functions are those of real ones. What a person sees
is its conjugate, the direction of steepest ascent; `backward` and the transforms conjugate.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from types import FunctionType
from typing import Any, Literal

import numpy as np

from micrograd_np.core import signature as signatures
from micrograd_np.core.signature import Signature
from micrograd_np.errors import OptionError
from micrograd_np.forking import cached_property

Array = Any  # whatever speaks NumPy's protocols: an ndarray, a scalar of it, a Tensor, a Dask array
Rule = Callable[..., Any]
Partial = Callable[..., Any] | Literal[1, -1] | None
Inputs = signatures.Inputs
Options = signatures.Options
Wanted = Sequence[int]
Vjp = Callable[[Wanted, Any, Any, Sequence[Any], Options], Sequence[Any]]
Kind = Literal["elementwise", "linear", "bilinear", "reduction", "primitive", "constant"]
NOT_GIVEN = np._NoValue


class Op:
    """One operation: the callable, its derivative, and how its arguments are bound.

    `call` is a pure function of the inputs' values. `rules`: the rules that the derivative was made
    of, whose keyword parameters are the options that the op knows. `opaque`: whether `compile`
    keeps the op as one call, instead of the calls that the op consists of.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        kind: Kind,
        vjp: Vjp,
        jvp: Rule | None,
        *,
        rules: Sequence[Any] = (),
        arrays: int = 1,
        sequence: bool = False,
        parameters: str | None = None,
        signature: Signature | None = None,
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
        self.vjp = vjp
        self.jvp = jvp
        self.rules = rules
        self.arrays = arrays
        self.sequence = sequence
        self.binder = binder
        self.recorded = recorded
        self.sees_unused = sees_unused  # whether the vjp takes None for an unused result, not zeros
        self.hermitian = hermitian  # whether one triangle is read, or the option that says so
        self.opaque = opaque
        self.name: str = function.__name__
        self.call = call or function
        if sequence and call is None:
            self.call = lambda *inputs, **options: function(inputs, **options)
        # Whether a call that gives nothing but the inputs by position needs no binder.
        self.in_order = not sequence and signature is None
        if parameters:
            self.parameters = tuple(parameters.split())
        if signature is not None:
            self.signature = signature
        if accepted is not None:
            self.accepted = frozenset(accepted)

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.kind}>"

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the callable's parameters, in order; read once, on first need."""
        return tuple(inspect.signature(self.function).parameters)

    @cached_property
    def signature(self) -> Signature:
        """The binder of the op's arguments; read once, on first need."""
        kind = "sequence" if self.sequence else "arrays"
        return Signature(self.function, self.parameters, self.arrays, kind)

    @cached_property
    def accepted(self) -> frozenset[str] | None:
        """The options that the rules know; None for any. Others would be differentiated wrongly."""
        rules = [rule for rule in (*self.rules[:1], *self.rules[-1:], self.jvp) if callable(rule)]
        return frozenset().union(*map(keywords_of, rules)) - {"index"}

    def bind(self, args: Inputs, keywords: Options) -> tuple[Inputs, Options]:
        """The inputs of a call, and the options that it gives.

        Raises OptionError for an option that the rules do not know, TypeError for arguments that
        the function does not take.
        """
        if self.binder:
            inputs, options = self.binder(*args, **keywords)
        elif (self.in_order and len(args) == self.arrays) or isinstance(self.function, np.ufunc):
            inputs, options = args, keywords
        else:
            inputs, options = self.signature.bind(args, keywords)
        for name, value in options.items():
            if value is NOT_GIVEN or (value is None and name == "out"):
                options = without_neutral(options)
                break
        known = self.accepted
        if (
            known is None
            or options.keys() <= known
            or (self.kind == "constant" and "out" not in options)
        ):
            return inputs, options
        raise OptionError.unknown(self.function, options.keys() - known, known)


class Interpreted:
    """A value that applies ops itself, where a Tensor would record them."""

    __slots__ = ()
    value: Any  # the array that this value stands for
    rank = 0  # of two kinds of interpreted values, that of higher rank applies the op
    numpys = False  # whether the array is NumPy's, entry for entry
    layout_error: Any = None  # makes the error of an order, if the user's array has another layout
    tensor: Any = False  # whether this value stands for a Tensor
    single: Any = False  # whether this value stands for a single number that is no array

    def handles(self, inputs: Inputs) -> bool:
        """Whether this value applies an op to these inputs, or else is a constant among them."""
        raise NotImplementedError

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """The result of `op`."""
        raise NotImplementedError

    def untracked(self) -> Any:
        """The value as an untracked Tensor has it."""
        return self

    def as_array(self) -> Any:
        """The value as an array, also where it stands for a single number."""
        return self

    def plain(self, single: bool) -> Any:  # noqa: ARG002 - for what has either kind
        """The value as one that stands for an array, or for a single number; not for a Tensor."""
        return self

    def concrete(self) -> Any:
        """The value as the result of a transform."""
        return self

    def stopped(self) -> Any:
        """The value as a constant, cut off from every derivative."""
        return self.untracked()

    def compute(self, function: Callable[..., Any], args: Inputs, keywords: Options) -> Any:
        """The result of a function that has no derivative, on arguments that are not tracked."""
        raise NotImplementedError


def without_neutral(options: Options) -> Options:
    """The options that were given: without NumPy's mark for "not given", and without `out=None`."""
    return {
        name: value
        for name, value in options.items()
        if value is not NOT_GIVEN and not (name == "out" and value is None)
    }


def keywords_of(rule: Rule) -> set[str]:
    """The names of a rule's options."""
    return {
        name
        for name, parameter in inspect.signature(rule).parameters.items()
        if parameter.default is not parameter.empty or parameter.kind is parameter.KEYWORD_ONLY
    }


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


class Expression:
    """A function of NumPy written in terms of others, with NumPy's own parameters."""

    def __init__(self, function: Callable[..., Any], written: Callable[..., Any]) -> None:
        self.function = function
        self.written = written
        self.name: str = function.__name__

    @cached_property
    def accepted(self) -> frozenset[str] | None:
        """The names of the parameters; None if any keyword is passed on to a function given."""
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

# ---------------------------------------------------------------- tables that wait

# The libraries whose functions have derivatives here, by the name of the module that has the
# functions, and the module that has their table. Importing this package imports none of them.
WAITING: dict[str, str] = {}


def read_tables() -> bool:
    """Read the tables of libraries imported by now; True if there were any.

    Called when a function that no table knows meets a Tensor: a newly imported library may own it.
    """
    ready = [library for library in tuple(WAITING) if library in sys.modules]
    for library in ready:
        if table := WAITING.get(library):  # unless another thread has just done so
            import_module(table)
            WAITING.pop(library, None)  # after the import: other threads wait for that
    return bool(ready)
