"""Recording: applying an op to Tensors and keeping the recipe where a gradient may be wanted.

Every NumPy call, operator and method on a Tensor ends here. An op none of whose inputs requires a
gradient, or any op under `no_grad`, leaves a Tensor without a recipe.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core.context import MODE, TRACE, TRACES
from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import PICK, Node, describe, tick
from micrograd_np.core.op import Inputs, Op, Operand, Options
from micrograd_np.core.safety.copying import copied
from micrograd_np.core.safety.meaning import NUMBERS, check_numbers, check_operand, numbers
from micrograd_np.core.safety.views import shares
from micrograd_np.core.tree import rebuild
from micrograd_np.errors import LeavesGraphError

NOTHING: Options = {}
ARRAYS = (np.ndarray, np.generic)
UNCHANGING = frozenset((int, bool, float, str, slice, type(None)))  # most options
SEVERAL = (tuple, list)
CONVERTED = (list, tuple, np.ndarray)  # subclasses of ndarray too: their operators differ
FLOAT = np.dtype(float)
# What is taken as it is. Python's complex is not: with a float64 it makes a number of its own.
SINGLE = frozenset((float, int, bool, np.float64, np.float32, np.int64))
PLAIN = SINGLE | {np.ndarray}
ndarray = np.ndarray
new_object = object.__new__


def apply(op: Op, args: Inputs, keywords: Options) -> Any:
    """Record a call as the user wrote it, with arguments in any of the spellings NumPy allows."""
    inputs, options = op.bind(args, keywords)
    if options and not op.binder:  # a binder sees to its options itself
        options = {name: own(option) for name, option in options.items()}
    if options and (result := by_option(op, inputs, options)) is not NotImplemented:
        return result
    return record(op, inputs, options)


def by_option(op: Op, inputs: Inputs, options: Options) -> Any:
    """The result of `op`, if an operand among its options applies it."""
    operand = operand_among(options.values())
    if operand is None or not operand.outranks(inputs):
        return NotImplemented
    return operand.apply(op, inputs, options)


def operand_among(options: Iterable[Any]) -> Operand | None:
    """An operand that stands where options do, as an index computed in a batch."""
    for option in options:
        for part in option if type(option) is tuple else (option,):
            if isinstance(part, Operand):
                return part
    return None


def computed(
    function: Callable[..., Any], args: Inputs, keywords: Options, refusal: TypeError
) -> Any:
    """A function without a derivative: computed on constants, refused on what is tracked."""
    found: list[Operand] = []
    args, keywords = constant_of((args, keywords), refusal, found)
    if found:
        return found[0].compute(function, args, keywords)
    value = function(*args, **keywords)
    return untracked(numbers(value, function.__name__), args) if is_array(value) else value


def constant_of(argument: Any, refusal: TypeError, found: list[Operand]) -> Any:
    """The argument with arrays for Tensors, its operands added to `found`.

    Raises `refusal` for a tracked Tensor.
    """
    if isinstance(argument, dict):
        return {name: constant_of(value, refusal, found) for name, value in argument.items()}
    if type(argument) in (list, tuple):
        return type(argument)(constant_of(part, refusal, found) for part in argument)
    if isinstance(argument, Operand):
        found.append(argument)
    if not isinstance(argument, Node):
        return argument
    if argument.tracked:
        raise refusal
    value = held(argument)
    if isinstance(value, Operand):
        found.append(value)
    elif not is_foreign(value):
        return np.asarray(argument)
    return value


def own(option: Any) -> Any:
    """An option that nobody else can change: arrays are copied, and Tensors become arrays."""
    if type(option) in UNCHANGING:
        return option
    if isinstance(option, list | tuple) and not hasattr(option, "_fields"):
        return type(option)(map(own, option))
    if isinstance(option, Node):
        if option.tracked and MODE.get():
            raise LeavesGraphError.as_array(describe(option))
        option = held(option)
    if isinstance(option, ARRAYS):
        check_numbers(option)
    return option.copy() if isinstance(option, np.ndarray) or is_foreign(option) else option


def is_array(value: Any) -> bool:
    """Whether a result is one that a Tensor can hold."""
    return isinstance(value, ARRAYS) or is_foreign(value)


def held(node: Node) -> Any:
    """The value of a node; while a function is traced, what stands for it in the program."""
    trace = TRACE.get() if TRACES else None
    return node.value if trace is None else trace.stand_in_of(node)


def value_of(x: Any) -> Any:
    """The value that a node holds; anything else as it is."""
    return held(x) if isinstance(x, Node) else x


def unless_traced(node: Node, what: str) -> None:
    """Raise TracingError if `what` is done to a Tensor from outside while a function is traced."""
    if TRACES and (trace := TRACE.get()) is not None:
        trace.refuse(node, what)


def plain(x: Any) -> Any:
    """A list, a tuple or a subclass of ndarray as a plain array; anything else as it is.

    Raises MeaningLostError for one that is more than numbers.
    """
    if not isinstance(x, CONVERTED):
        return x
    check_numbers(x)
    return np.asarray(x)


def record(op: Op, inputs: Inputs, options: Options = NOTHING) -> Any:
    """Compute `op` on the inputs' values, and keep the recipe where a gradient may be wanted."""
    tracked = other = False
    values = []
    for x in inputs:
        if isinstance(x, Node):
            values.append(held(x) if TRACES else x.value)
            if x.tracked:
                tracked = True
        elif type(x) in SINGLE or (type(x) is ndarray and x.dtype in NUMBERS):
            values.append(x)
        elif (result := elsewhere(op, inputs, options, x)) is not NotImplemented:
            return result
        else:
            values.append(x)
            other = True
    try:
        value = op.call(*values, **options) if options else op.call(*values)
    except ValueError as error:
        locate(error, op, inputs)
        raise
    if tracked and not (options or other) and type(value) in PLAIN and op.kind != "constant":
        return attach(value, op, inputs, values)  # what goes in as floats comes out so
    if op.kind == "constant" and not is_array(value):
        return value.untracked() if isinstance(value, Operand) else value
    tracked = tracked and op.recorded and getattr(value, "dtype", FLOAT).kind in "fc"
    if not tracked and (other or options) and isinstance(value, ARRAYS):
        numbers(value, op.name)  # of numbers alone come numbers
    node = attach(value, op, inputs, values, options) if tracked else untracked(value, inputs)
    return parts(node, inputs) if isinstance(value, SEVERAL) else node


def elsewhere(op: Op, inputs: Inputs, options: Options, x: Any) -> Any:
    """The result of `op`, if its input `x` must be converted first, or applies the op itself."""
    if isinstance(x, Operand):
        return x.apply(op, inputs, options) if x.outranks(inputs) else NotImplemented
    if type(x) is not ndarray and isinstance(x, CONVERTED):
        return record(op, tuple(map(plain, inputs)), options)
    check_operand(x, op.function)
    return NotImplemented


def evaluate(op: Op, inputs: Any, options: Options) -> Any:
    """An op on arrays, or on what records or applies it, which may stand among the options."""
    if options and (result := by_option(op, inputs, options)) is not NotImplemented:
        return result
    for x in inputs:
        if type(x) not in PLAIN and isinstance(x, Node | Operand):
            return record(op, tuple(inputs), options)
    return op.call(*inputs, **options)


def locate(error: ValueError, op: Op, inputs: Inputs) -> None:
    """Note on an error at which op, and on what, it happened."""
    operands = ", ".join(
        describe(x) if isinstance(x, Node) else f"an array of shape {np.shape(x)}" for x in inputs
    )
    error.add_note(f"in `{op.name}` of {operands}")


def attach(
    value: Any, op: Op, inputs: Inputs, values: Sequence[Any], options: Options = NOTHING
) -> Any:
    """A value with its recipe, if we are recording. Written out flat: every op pays this."""
    mode = MODE.get()
    if mode is False:
        return untracked(value, inputs)
    node = new_object(Node.tensor)
    node.value = value
    node.grad = None
    node.tracked = True
    node.op = op
    node.inputs = inputs
    node.values = values
    node.options = options
    node.tick = tick()
    node.name = None
    if mode is not True:
        mode.recorded(node)
    return node


def parts(whole: Node, inputs: Inputs = ()) -> Any:
    """The results of an op with several, each a node of its own, in what NumPy has them in."""
    value = whole.value
    whole.value = tuple(value)
    if whole.tracked:
        made = [record(PICK, (whole,), {"index": i}) for i in range(len(value))]
    else:
        made = [untracked(part, inputs) for part in value]
    return rebuild(value, made)


def untracked(value: Any, inputs: Sequence[Any] = ()) -> Any:
    """A value no gradient is wanted for, as a Tensor without a recipe.

    `inputs`: what it was computed from, of which it may be a view.
    """
    if type(value) is np.ndarray:
        if value.base is not None:
            view = constant_tensor(value)
            if shares(view, inputs):
                return view
            value = copied(value)  # nobody else's would be stamped when it is changed
    elif isinstance(value, Operand):
        return value.untracked()  # it needs no Tensor around it, and would be hidden by one
    elif getattr(value, "base", None) is not None:  # the same in another library
        value = value.copy()
    return constant_tensor(value)


def constant_tensor(value: Any) -> Any:
    """An untracked Tensor over a value as it is, which nobody else may hold."""
    node = new_object(Node.tensor)
    node.value = value
    node.grad = None
    node.tracked = False
    node.op = None
    node.inputs = node.values = ()
    node.options = NOTHING
    node.tick = tick()
    node.name = None
    return node
