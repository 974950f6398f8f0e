"""Recording: applying an op to Tensors and keeping the recipe where a gradient may be wanted.

Every NumPy call, operator and method on a Tensor ends here. An op none of whose inputs requires a
gradient, or any op under `no_grad`, leaves a Tensor without a recipe.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import CONTEXT, EAGER, Context
from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import PICK, Node, describe, tick
from micrograd_np.core.op import Inputs, Interpreted, Op, Options
from micrograd_np.core.safety.copying import copied
from micrograd_np.core.safety.meaning import ENTRIES, NUMBERS, check_numbers, check_operand, numbers
from micrograd_np.core.safety.views import shares
from micrograd_np.errors import LeavesGraphError
from micrograd_np.errors.operands import reword

NOTHING: Options = {}
ARRAYS = (np.ndarray, np.generic)
UNCHANGING = frozenset((int, bool, float, str, slice, type(None)))  # most options
SEVERAL = (tuple, list)
CONVERTED = (list, tuple, np.ndarray)  # subclasses of ndarray too: their operators differ
FLOAT = np.dtype(float)
# The values that ops take as they are; not Python's complex, which turns a float64 into one.
SINGLE = frozenset((float, int, bool, np.float64, np.float32, np.int64))
PLAIN = SINGLE | {np.ndarray}
ndarray = np.ndarray
new_object = object.__new__


def apply(op: Op, args: Inputs, keywords: Options) -> Any:
    """Record a call with its arguments in any of the spellings that NumPy allows."""
    inputs, options = op.bind(args, keywords)
    changing = options and not UNCHANGING.issuperset(map(type, options.values()))
    if changing and not op.binder:  # a binder checks the options itself
        options = {name: owned_option(x) for name, x in options.items()}
    return record(op, inputs, options)


def interpreted_in(options: Iterable[Any]) -> Interpreted | None:
    """The first interpreted value among options, or in one that is a tuple, such as an index."""
    for option in options:
        for part in option if type(option) is tuple else (option,):
            if isinstance(part, Interpreted):
                return part
    return None


def computed(
    function: Callable[..., Any], args: Inputs, keywords: Options, refusal: TypeError
) -> Any:
    """The result of a function without a derivative, on arrays in place of Tensors.

    Raises `refusal` for a tracked Tensor anywhere in the arguments.
    """
    found: list[Interpreted] = []

    def constant(x: Any) -> Any:
        if isinstance(x, Node) and x.tracked:
            raise refusal
        value = value_of(x)
        if isinstance(value, Interpreted):
            found.append(value)
        return np.asarray(x) if isinstance(x, Node) and isinstance(value, ARRAYS) else value

    args, keywords = tree.map(constant, (args, keywords))
    if found:
        return found[0].compute(function, args, keywords)
    value = function(*args, **keywords)
    return untracked(numbers(value, function.__name__), args) if is_array(value) else value


def owned_option(option: Any) -> Any:
    """An option that nobody else can change: arrays are copied, and Tensors become arrays."""
    if type(option) in UNCHANGING:
        return option
    if isinstance(option, list | tuple) and not hasattr(option, "_fields"):
        return type(option)(map(owned_option, option))
    if isinstance(option, Node):
        if option.tracked and CONTEXT.get().recording:
            raise LeavesGraphError.as_array(describe(option))
        option = value_of(option)
    if isinstance(option, ARRAYS):
        check_numbers(option)
    return option.copy() if isinstance(option, np.ndarray) or is_foreign(option) else option


def is_array(value: Any) -> bool:
    """Whether a result is one that a Tensor can hold."""
    return isinstance(value, ARRAYS) or is_foreign(value)


def value_of(x: Any) -> Any:
    """The value of a node as the interpreters of this context read it; anything else as it is."""
    if not isinstance(x, Node):
        return x
    value = x.value
    for interpreter in CONTEXT.get().interpreters:
        value = interpreter.read(x, value)
    return value


def check_change(node: Node, what: str) -> None:
    """Raise an error if an interpreter does not allow `what` to be done to a Tensor."""
    for interpreter in CONTEXT.get().interpreters:
        interpreter.check_change(node, what)


def as_input(x: Any) -> Any:
    """A list, a tuple or a subclass of ndarray as a plain array; anything else as it is.

    Lists of Tensors are stacked, with their history. Raises MeaningLostError for an array that is
    more than numbers.
    """
    if not isinstance(x, CONVERTED):
        return x
    if holds_tensors(x):
        return np.stack([as_input(part) for part in x])
    check_numbers(x)
    return np.asarray(x)


def holds_tensors(data: Any) -> bool:
    """Whether a nested list has a Tensor, or a value like one, somewhere in it."""
    if not isinstance(data, SEVERAL) or ENTRIES.issuperset(map(type, data)):  # as most lists are
        return False
    return any(isinstance(x, Node | Interpreted) or holds_tensors(x) for x in data)


def record(  # noqa: C901, PLR0912 - written out flat: every op pays for it
    op: Op, inputs: Inputs, options: Options = NOTHING
) -> Any:
    """Compute `op` on the inputs' values, and keep the recipe where a gradient may be wanted.

    NumPy's warnings, as of an overflow, show the line that calls NumPy, with the comment on it.
    """
    context = CONTEXT.get()
    if options and not UNCHANGING.issuperset(map(type, options.values())):
        interpreted = interpreted_in(options.values())
        if interpreted is not None and interpreted.handles(inputs):
            return interpreted.apply(op, inputs, options)
    tracked = other = False  # other: neither a node, a number nor an array of numbers is given
    values = []
    for x in inputs:
        if isinstance(x, Node):
            values.append(x.value)
            if x.tracked:
                tracked = True
        elif type(x) in SINGLE or (type(x) is ndarray and x.dtype in NUMBERS):
            values.append(x)
        elif isinstance(x, Interpreted):
            if x.handles(inputs):
                return x.apply(op, inputs, options)
            values.append(x)
            other = True
        elif type(x) is not ndarray and isinstance(x, CONVERTED):
            return record(op, tuple(map(as_input, inputs)), options)
        else:
            check_operand(x, op.function)
            values.append(x)
            other = True
    if context is not EAGER and context.interpreters:
        for interpreter in context.interpreters:
            inputs, values = interpreter.prepare(op, inputs, values)
        tracked = any(isinstance(x, Node) and x.tracked for x in inputs)
    try:
        if options:  # noqa: SIM108 - a warning has room for the comment on a call
            value = op.call(*values, **options)  # with np.errstate(all="raise"): shows YOUR line
        else:
            value = op.call(*values)  # with np.errstate(all="raise"): shows YOUR line
    except (ValueError, IndexError) as error:
        locate(error, op, inputs)
        raise
    if tracked and not (options or other) and type(value) in PLAIN and op.kind != "constant":
        return attach(value, op, inputs, values, NOTHING, context)  # of floats come floats
    if op.kind == "constant" and not is_array(value):
        return value.untracked() if isinstance(value, Interpreted) else value
    tracked = tracked and op.recorded and getattr(value, "dtype", FLOAT).kind in "fc"
    if tracked:
        node = attach(value, op, inputs, values, options, context)
    else:
        if (other or options) and isinstance(value, ARRAYS):
            numbers(value, op.name)  # of numbers alone come numbers
        node = untracked(value, inputs)
    return parts(node, inputs) if isinstance(value, SEVERAL) else node


def evaluate(op: Op, inputs: Sequence[Any], options: Options) -> Any:
    """The result of an op on arrays, Tensors and interpreted values, among the options too."""
    for x in inputs:
        if type(x) not in PLAIN and isinstance(x, Node | Interpreted):
            return record(op, tuple(inputs), options)
    if options and interpreted_in(options.values()) is not None:
        return record(op, tuple(inputs), options)
    return op.call(*inputs, **options)


def locate(error: ValueError | IndexError, op: Op, inputs: Inputs) -> None:
    """Say in an error in which op it happened, and what the inputs of the op were."""
    reword(error, op.function, map(operand_in_words, inputs))


def operand_in_words(x: Any) -> str:
    """An input of an op in a few words for messages."""
    if isinstance(x, Node):
        return describe(x)
    return repr(x) if type(x) in SINGLE else f"an array of shape {np.shape(x)}"


def attach(
    value: Any,
    op: Op,
    inputs: Inputs,
    values: Sequence[Any],
    options: Options = NOTHING,
    context: Context | None = None,
) -> Any:
    """A Tensor of `value`, with its recipe if ops are recorded. Written out flat: every op pays."""
    if context is None:
        context = CONTEXT.get()
    if context is not EAGER and not context.recording:
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
    if context is not EAGER:
        for observer in context.observers:
            observer.recorded(node)
    return node


def parts(whole: Node, inputs: Inputs = ()) -> Any:
    """The results of an op with several, each a node, in the tuple or list that NumPy has."""
    value = whole.value
    whole.value = tuple(value)
    if whole.tracked:
        made = [record(PICK, (whole,), {"index": i}) for i in range(len(value))]
    else:
        made = [untracked(part, inputs) for part in value]
    return tree.rebuild(value, made)


def has_parts(out: Any) -> bool:
    """Whether an op has several results."""
    return isinstance(value_of(out), tuple)


def untracked(value: Any, inputs: Sequence[Any] = ()) -> Any:
    """A Tensor without a recipe, for a value that no gradient is wanted for.

    `inputs`: the inputs that the value was computed from and may be a view of.
    """
    if type(value) is np.ndarray:
        if value.base is not None:
            view = constant_tensor(value)
            if shares(view, inputs):
                return view
            value = copied(value)  # nobody else's would be stamped when it is changed
    elif isinstance(value, Interpreted):
        return value.untracked()  # it needs no Tensor around it, and would be hidden by one
    elif getattr(value, "base", None) is not None:  # the same in another library
        value = value.copy()
    return constant_tensor(value)


def constant_tensor(value: Any) -> Any:
    """An untracked Tensor over `value` itself, which no other Tensor may hold."""
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
